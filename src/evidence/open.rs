//! The records of a part whose dialect is open: the first strong evidence decides.

use memchr::memchr;

use super::backslashes::{AsEscaped, Backslashes, chain_start, ends_in_backslash, escapes_next};
use super::{Conflict, Doubt, Readings, Verdict, Watch, cr_ends_lines, decision};
use crate::records::Block;
use crate::split::standard::Reading;
use crate::split::{Field, Step};

impl Watch {
    /// Looks at the records of a block for evidence of either dialect.
    pub(super) fn look_open(
        &mut self,
        readings: &Readings,
        block: &Block<'_>,
        at_end: bool,
    ) -> Result<Verdict, Conflict> {
        let cr = cr_ends_lines(&readings.quoted);
        let columns = self.columns_as_escaped(block.columns);
        let mut fields = Vec::new();
        let mut at = 0;
        let mut records = 0;
        // Where lines end otherwise as escaped, one record may be many as quoted, and is not read from each of these.
        let mut read_to = 0;
        let mut chain = self.chain.map(|chain| Within {
            read: chain.read,
            start: None,
            has_ragged: chain.ragged.is_some(),
        });
        while let Some(rest) = block
            .text
            .get(at..block.rows.consumed)
            .filter(|rest| !rest.is_empty())
        {
            fields.clear();
            // A fault behind these records is the caller's.
            let Ok(Step::Record { consumed } | Step::EmptyLine { consumed }) =
                readings.quoted.record(rest, true, &mut fields)
            else {
                break;
            };
            if fields.is_empty() && block.columns == 1 {
                fields.push(Field::new(0, 0, false, false));
            }
            let raw = rest.get(..consumed).unwrap_or(rest);
            let place = |offset: usize| block.place_at(at + offset, records);
            // As escaped, a quote behind an escaped separator is data.
            let goes_on = chain.is_some();
            let is_data = |field: &Field| is_behind_escape(raw, field.start() - 1, goes_on);
            let mut in_quotes = fields.iter().filter(|field| field.is_quoted());
            let data = in_quotes.clone().find(|field| is_data(field));
            if let Some(field) = in_quotes.find(|field| !is_data(field)) {
                let quoted = place(field.start() - 1);
                if chain.is_some_and(Within::may_decide) {
                    self.doubt = Some(Doubt {
                        quoted,
                        against: None,
                        is_data: false,
                    });
                    return Ok(Verdict::Go);
                }
                self.decide(Reading::Quoted, quoted);
                // From here on, evidence for the other one is evidence against this one.
                return self.look_quoted(readings, block, at, at_end);
            }
            let seen = Backslashes::of_record(&readings.quoted, raw, &fields);
            let ragged = !fields.is_empty() && fields.len() != block.columns;
            if chain.is_none() && seen.separator.is_some() && at >= read_to {
                let text = block.text.get(at..).unwrap_or_default();
                let (read, bytes) = AsEscaped::read_bytes(&readings.escaped, text, at_end, columns);
                read_to = at + bytes;
                self.fits_quoted_only |= !ragged && read == AsEscaped::Not { ragged: true };
                chain = Some(Within {
                    read,
                    start: Some((at, records)),
                    has_ragged: false,
                });
            }
            if chain.is_none() && seen.separator.is_none() && !fields.is_empty() {
                self.note_columns(fields.len(), block.columns, || place(0));
            }
            let came_first = chain.is_some_and(Within::may_decide);
            if let Some(chain) = chain.as_mut().filter(|_| ragged) {
                chain.has_ragged = true;
                if let AsEscaped::Fits(escape) = chain.read {
                    let escape = match chain.start {
                        Some((start, before)) => block.place_at(start + escape, before),
                        None => self.chain.map(|chain| chain.escape).unwrap_or_default(),
                    };
                    let decided = decision(Reading::Escaped, escape);
                    return match seen.other {
                        Some(other) => Err(Conflict {
                            decided,
                            against: place(other),
                        }),
                        None => Ok(Verdict::Again(decided)),
                    };
                }
            }
            if let Some(other) = seen.other {
                let quoted = place(other);
                if chain.is_some_and(Within::may_decide) {
                    self.doubt = Some(Doubt {
                        quoted,
                        against: (!came_first).then_some(quoted),
                        is_data: false,
                    });
                    return Ok(Verdict::Go);
                }
                self.decide(Reading::Quoted, quoted);
                return self.look_quoted(readings, block, at, at_end);
            }
            if let Some(separator) = seen.separator.filter(|_| !ragged) {
                self.fits_both.get_or_insert_with(|| place(separator));
            }
            if let Some(field) = data {
                // Not of each of many: lines are counted from the block's start.
                let quoted = || place(field.start() - 1);
                // The record that gives the number of columns fits that itself, as do the lines that it goes on in as escaped.
                let begins_at = match chain.map(|chain| chain.start) {
                    Some(Some((_, before))) => block.place.record + before,
                    Some(None) => self.chain.map_or(0, |chain| chain.escape.record),
                    None => block.place.record + records,
                };
                let is_first = self.first_says && begins_at == 1;
                match chain.map(|chain| chain.read) {
                    Some(AsEscaped::Cut) if !ragged && !is_first => {
                        self.doubt = Some(Doubt {
                            quoted: quoted(),
                            against: None,
                            is_data: true,
                        });
                        return Ok(Verdict::Go);
                    }
                    None | Some(AsEscaped::Not { .. }) if !ragged && !is_first => {
                        self.decide(Reading::Quoted, quoted());
                        return self.look_quoted(readings, block, at, at_end);
                    }
                    _ => {
                        self.quotes_or_data.get_or_insert_with(quoted);
                    }
                }
            }
            if seen.doubled > 0 {
                self.weak_cells += seen.doubled;
                // The place of each would have its lines counted, from the block's start.
                self.weak_first
                    .get_or_insert_with(|| place(memchr(b'\\', raw).unwrap_or(0)));
            }
            chain = chain.filter(|_| ends_in_backslash(&readings.escaped, raw));
            // As escaped, a line in quotes may have ended the record that began here.
            let line = match (chain, data) {
                (Some(_), Some(_)) => at + chain_start(&readings.escaped, raw, raw.len(), cr, None),
                _ => at,
            };
            if line > at {
                chain = (line >= read_to).then(|| {
                    let text = block.text.get(line..).unwrap_or_default();
                    let (read, bytes) = AsEscaped::read_bytes(&readings.escaped, text, at_end, columns);
                    read_to = line + bytes;
                    Within {
                        read,
                        start: Some((line, records)),
                        has_ragged: false,
                    }
                });
            }
            at += consumed;
            records += u64::from(!fields.is_empty());
        }
        Ok(Verdict::Go)
    }
}

/// Whether a quote that opens a field of a record stands behind an escaped separator. `goes_on`: the record before ends in a
/// backslash.
pub fn is_behind_escape(record: &[u8], quote: usize, goes_on: bool) -> bool {
    let before = record.get(..quote).unwrap_or_default();
    before
        .split_last()
        .map_or(goes_on, |(_, before)| escapes_next(before))
}

/// Whether in a text of records that are good as quoted, a quote that is no data as escaped opens a field.
pub fn opens_in_quotes(readings: &Readings, text: &[u8]) -> bool {
    let mut fields = Vec::new();
    let (mut at, mut goes_on) = (0, false);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        fields.clear();
        let Ok(Step::Record { consumed } | Step::EmptyLine { consumed }) =
            readings.quoted.record(rest, true, &mut fields)
        else {
            return true;
        };
        let record = rest.get(..consumed).unwrap_or(rest);
        let opens =
            |field: &Field| field.is_quoted() && !is_behind_escape(record, field.start() - 1, goes_on);
        if fields.iter().any(opens) {
            return true;
        }
        goes_on = ends_in_backslash(&readings.escaped, record);
        at += consumed;
    }
    false
}

/// Records that each end in a backslash, and the next one, while they are looked at.
#[derive(Clone, Copy)]
struct Within {
    /// What they are, read as escaped.
    read: AsEscaped,
    /// Where the first of them starts in the block, and the records before it; None if blocks before.
    start: Option<(usize, u64)>,
    /// Whether one of those so far has a wrong number of fields, so that they are evidence if they fit as escaped.
    has_ragged: bool,
}

impl Within {
    /// Whether they are evidence if they turn out to fit.
    fn may_decide(self) -> bool {
        self.has_ragged && self.read == AsEscaped::Cut
    }
}
