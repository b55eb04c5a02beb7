//! The records of a part that is read as escaped: what in them can only be quoted.

use memchr::memrchr;

use super::backslashes::Backslashes;
use super::{Basis, Conflict, Readings, Watch, cr_ends_lines};
#[cfg(test)]
use crate::records::work;
use crate::records::{Block, Place};
use crate::split::index::Odd;
use crate::split::standard::{Reading, Standard};
use crate::split::{FaultKind, Field, Step};

impl Watch {
    /// Read as escaped: fields in quotes, and backslashes before what needs none, in good records and in others.
    pub(super) fn look_escaped(
        &mut self,
        readings: &Readings,
        block: &Block<'_>,
        at_end: bool,
    ) -> Result<(), Conflict> {
        let text = Text {
            readings,
            block,
            at_end,
        };
        if let Some(open) = self.unclosed.take() {
            match text.closes(0) {
                Some(true) => return Err(self.conflict(open)),
                Some(false) => {}
                None => self.unclosed = Some(open),
            }
        }
        if let Some(healing) = self.healing.take() {
            self.heal(&text, || healing.place, healing.read_on(&text))?;
        }
        let mut odd = block.rows.odd.iter().peekable();
        let mut records = 0;
        for (row, fields) in block.rows.fields.chunks_exact(block.columns.max(1)).enumerate() {
            while let Some(odd) = odd.next_if(|odd| odd.row <= row) {
                self.look_at_odd(&text, odd, &mut records)?;
            }
            self.look_at_fields(&text, fields, records, true)?;
            records += 1;
        }
        odd.try_for_each(|odd| self.look_at_odd(&text, odd, &mut records))
    }

    fn look_at_odd(&mut self, text: &Text<'_>, odd: &Odd, records: &mut u64) -> Result<(), Conflict> {
        if !odd.is_record() {
            return Ok(());
        }
        let Text { readings, block, .. } = text;
        let record = block.text.get(odd.start..odd.end).unwrap_or_default();
        let mut fields = Vec::new();
        // It was split before, so that it can be again.
        let _ = readings.escaped.record(record, true, &mut fields);
        let fields: Vec<Field> = fields.iter().map(|field| field.moved(odd.start)).collect();
        self.look_at_fields(text, &fields, *records, false)?;
        // A quote behind an escaped delimiter starts no field but as quoted reads it.
        let bytes = block.place.byte + odd.start as u64..block.place.byte + odd.end as u64;
        if let Some(doubted) = self.doubted.filter(|doubted| bytes.contains(&doubted.byte)) {
            return Err(self.conflict(doubted));
        }
        // As quoted, each line of it that a backslash goes before is a record.
        let quotes_end = memrchr(b'"', record).map_or(0, |last| odd.start + last + 1);
        // Where lines end otherwise as quoted, a record may be as long as many of these, and is not read from each of them.
        let is_long = cr_ends_lines(&readings.escaped) && !cr_ends_lines(&readings.quoted);
        let is_within = is_long && self.quoted_to > block.place.byte + odd.start as u64;
        let mut at = if is_within { quotes_end } else { odd.start };
        while at < quotes_end {
            let (read, bytes) = AsQuoted::read(text, at);
            // The place of each would have its lines counted, from the block's start.
            self.heal(text, || block.place_at(at, *records), read)?;
            self.quoted_to = block.place.byte + (at + bytes) as u64;
            if read == AsQuoted::Broken {
                break;
            }
            at += bytes;
        }
        *records += 1;
        Ok(())
    }

    /// What the record at a place is as quoted, which as escaped has a wrong number of fields.
    fn heal(&mut self, text: &Text<'_>, place: impl Fn() -> Place, read: AsQuoted) -> Result<(), Conflict> {
        let columns = self.quoted_columns.unwrap_or(text.block.columns);
        match read {
            AsQuoted::Ended { fields } if fields == columns => return Err(self.conflict(place())),
            AsQuoted::Open { fields } => {
                self.healing = Some(Healing {
                    place: place(),
                    fields,
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Looks at the fields of a record that stands behind so many others of its block.
    fn look_at_fields(
        &mut self,
        text: &Text<'_>,
        fields: &[Field],
        records: u64,
        is_row: bool,
    ) -> Result<(), Conflict> {
        let Text { readings, block, .. } = text;
        for field in fields {
            let raw = block.raw(*field).unwrap_or_default();
            if raw.first() == Some(&b'"') {
                match text.closes(field.start() + 1) {
                    Some(true) => return Err(self.conflict(block.place_at(field.start(), records))),
                    Some(false) => {}
                    None => {
                        self.unclosed
                            .get_or_insert_with(|| block.place_at(field.start(), records));
                    }
                }
            }
            if field.is_dirty() && raw != b"\\N" {
                let seen = Backslashes::of(&readings.escaped, raw);
                if let Some(other) = seen.other {
                    return Err(self.conflict(block.place_at(field.start() + other, records)));
                }
                self.weigh(seen, is_row, || block.place_at(field.start(), records));
            }
        }
        Ok(())
    }

    fn weigh(&mut self, seen: Backslashes, is_row: bool, place: impl Fn() -> Place) {
        let is_open = matches!(self.decision.basis, Basis::Unquotable(..) | Basis::Overlong(..));
        if seen.separator.is_some() && is_row && is_open {
            self.decide(Reading::Escaped, place());
        }
        if seen.doubled > 0 {
            self.weak_cells += 1;
            self.weak_first.get_or_insert_with(place);
        }
    }
}

/// What is looked at.
struct Text<'a> {
    readings: &'a Readings,
    block: &'a Block<'a>,
    at_end: bool,
}

impl Text<'_> {
    /// Whether a field in quotes, of which the inside goes on at `at`, closes as such a field does. None: the text ends first.
    fn closes(&self, at: usize) -> Option<bool> {
        let close = self.readings.quoted.close(self.block.text, at, self.at_end)?;
        Some(close.is_some())
    }

    /// The block's text, as far as its records go.
    fn records(&self) -> &[u8] {
        let Block { text, rows, .. } = self.block;
        text.get(..rows.consumed).unwrap_or_default()
    }
}

/// What a record is, read as quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AsQuoted {
    /// It has quotes and so many fields.
    Ended { fields: usize },
    /// Where the block's records end, it stands in quotes, behind so many fields.
    Open { fields: usize },
    /// It has no quotes.
    Not,
    /// It is none.
    Broken,
}

impl AsQuoted {
    /// Reads the record at `start`. Returns its bytes in the block, too; of what is none, those up to what breaks it.
    fn read(text: &Text<'_>, start: usize) -> (AsQuoted, usize) {
        let quoted = &text.readings.quoted;
        let mut fields = Vec::new();
        let rest = text.block.text.get(start..).unwrap_or_default();
        let read = quoted.record(rest, text.at_end, &mut fields);
        #[cfg(test)]
        work::add(match &read {
            Ok(Step::Record { consumed } | Step::EmptyLine { consumed } | Step::Comment { consumed }) => {
                *consumed
            }
            Ok(Step::Incomplete) => rest.len(),
            Err(fault) => fault.at,
        });
        match read {
            Ok(Step::Record { consumed }) if fields.iter().any(|field| field.is_quoted()) => {
                (AsQuoted::Ended { fields: fields.len() }, consumed)
            }
            Ok(Step::Incomplete) => {
                let records = text.records();
                let here = records.get(start..).unwrap_or_default();
                let (_, fields) = quoted.record_of(here, false, 0, &mut Vec::new());
                (AsQuoted::Open { fields }, here.len())
            }
            Ok(Step::Record { consumed } | Step::EmptyLine { consumed } | Step::Comment { consumed }) => {
                (AsQuoted::Not, consumed)
            }
            Err(fault) => {
                let is_unclosed = fault.kind == FaultKind::UnclosedQuote;
                (AsQuoted::Broken, if is_unclosed { rest.len() } else { fault.at })
            }
        }
    }

    /// Reads on in quotes, behind so many fields. `at_end`: nothing comes behind the text.
    fn read_on(quoted: &Standard, text: &[u8], at_end: bool, before: usize) -> AsQuoted {
        let close = match quoted.close(text, 0, at_end) {
            Some(Some(close)) => close,
            Some(None) => return AsQuoted::Broken,
            None => return AsQuoted::Open { fields: before },
        };
        let closed = before + 1;
        if text.get(close + 1) != Some(&quoted.delimiter) {
            return AsQuoted::Ended { fields: closed };
        }
        let rest = text.get(close + 2..).unwrap_or_default();
        let (read, found) = quoted.record_of(rest, at_end, 0, &mut Vec::new());
        match read {
            // The last field is empty.
            Ok(Step::EmptyLine { .. }) => AsQuoted::Ended { fields: closed + 1 },
            Ok(Step::Record { .. }) => AsQuoted::Ended {
                fields: closed + found,
            },
            Ok(Step::Incomplete) => AsQuoted::Open {
                fields: closed + found,
            },
            Ok(Step::Comment { .. }) | Err(_) => AsQuoted::Broken,
        }
    }
}

/// A record that has a wrong number of fields as escaped, and as quoted goes on behind the blocks so far, in quotes.
///
/// It cannot but stand in quotes where a block's records end: else a line end would have ended it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Healing {
    /// Where it stands.
    place: Place,
    /// Its fields before the one that is open.
    fields: usize,
}

impl Healing {
    /// Reads on from a block's start.
    fn read_on(self, text: &Text<'_>) -> AsQuoted {
        let quoted = &text.readings.quoted;
        match AsQuoted::read_on(quoted, text.block.text, text.at_end, self.fields) {
            AsQuoted::Open { .. } => AsQuoted::read_on(quoted, text.records(), false, self.fields),
            read => read,
        }
    }
}
