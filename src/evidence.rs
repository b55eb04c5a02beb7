//! Which of the two first-class dialects a part is in: nothing in the format says so, so its records have to.
//!
//! Strong evidence decides: an opening quote that closes at a delimiter or line end (quoted); a backslash before a
//! delimiter or line break where only that reading gives the record its number of fields (escaped); a backslash before
//! any other character (quoted, where it is data; a field that is `\N` as a whole excepted, it is NULL in both). A doubled
//! backslash alone is weak: it decides for escaped only if nothing stronger comes in the whole part. Strong evidence
//! against a decision refuses the part and names both places.
//!
//! A part is read as quoted until something decides. What quotes cannot be (text behind a closing quote, say) is no
//! evidence by itself; the part is then read as escaped, and refused at its end if nothing has confirmed that.

use memchr::{memchr, memchr_iter, memrchr};

use crate::records::{Block, Place};
use crate::split::index::OddKind;
use crate::split::standard::{Reading, Standard};
use crate::split::{FaultKind, Field, Step};

/// Which dialect a pass reads, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// How quotes and backslashes are read.
    pub reading: Reading,
    /// Why.
    pub basis: Basis,
}

/// Why a dialect is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// It was declared: nothing in the part counts against it.
    Declared,
    /// Nothing has decided yet; the part is read as quoted.
    Open,
    /// A record decided, here.
    Strong(Place),
    /// So many cells have doubled backslashes, the first one here, and nothing stronger was found.
    Weak(u64, Place),
    /// It cannot be quoted, for this stands here; nothing has confirmed yet that it is escaped.
    Unquotable(FaultKind, Place),
}

impl Decision {
    /// The decision before any record was looked at.
    pub fn open() -> Self {
        Decision {
            reading: Reading::Quoted,
            basis: Basis::Open,
        }
    }

    /// The name that the footer and the report give it.
    pub fn name(&self) -> &'static str {
        match (self.basis, self.reading) {
            (Basis::Open, _) => "undecided",
            (_, Reading::Quoted) => "quoted",
            (_, Reading::Escaped) => "escaped",
        }
    }
}

/// Evidence for both dialects in one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What the part was read as.
    pub decided: Decision,
    /// Where evidence for the other one stands.
    pub against: Place,
}

/// What a look at some records says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Go,
    /// The part is in another dialect than this pass reads.
    Again(Decision),
}

/// Watches the records of one pass for evidence.
#[derive(Clone, Debug)]
pub struct Watch {
    decision: Decision,
    weak_cells: u64,
    weak_first: Option<Place>,
    hold: Option<usize>,
}

impl Watch {
    /// A watch that starts from a decision.
    pub fn new(decision: Decision) -> Self {
        Watch {
            decision,
            weak_cells: 0,
            weak_first: None,
            hold: None,
        }
    }

    /// What is decided so far.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// Where the last records of the block last looked at start that end in a backslash each: what they are depends on
    /// the record behind them, so they belong into one block with it.
    pub fn take_hold(&mut self) -> Option<usize> {
        self.hold.take()
    }

    /// Whether a block without quotes and backslashes can be passed over.
    pub fn needs(&self, quotes: bool, backslashes: bool, odd: bool) -> bool {
        match (self.decision.basis, self.decision.reading) {
            (Basis::Declared, _) => false,
            (Basis::Open, _) => quotes || backslashes,
            (_, Reading::Quoted) => odd && backslashes,
            (_, Reading::Escaped) => quotes || backslashes,
        }
    }

    /// Looks at a block that was split under the current decision.
    pub fn look(&mut self, standard: &Standard, block: &Block<'_>) -> Result<Verdict, Conflict> {
        match (self.decision.basis, self.decision.reading) {
            (Basis::Declared, _) => Ok(Verdict::Go),
            (Basis::Open, _) => self.look_open(standard, block),
            (_, Reading::Quoted) => {
                let looked = self.look_quoted(standard, block, 0);
                looked.map(|()| Verdict::Go)
            }
            (_, Reading::Escaped) => self.look_escaped(standard, block).map(|()| Verdict::Go),
        }
    }

    /// The part is over. What it is now; or, if it is another dialect than this pass has read, that.
    pub fn end(&self) -> Verdict {
        let Some(first) = self.weak_first else {
            return Verdict::Go;
        };
        match self.decision.basis {
            Basis::Open => {
                let basis = Basis::Weak(self.weak_cells, first);
                Verdict::Again(Decision {
                    reading: Reading::Escaped,
                    basis,
                })
            }
            _ => Verdict::Go,
        }
    }

    /// Doubled backslashes seen in this pass: cells, and the place of the first.
    pub fn weak(&self) -> Option<(u64, Place)> {
        self.weak_first.map(|first| (self.weak_cells, first))
    }

    fn look_open(&mut self, standard: &Standard, block: &Block<'_>) -> Result<Verdict, Conflict> {
        let quoted = Standard {
            reading: Reading::Quoted,
            ..*standard
        };
        let mut fields = Vec::new();
        let mut at = 0;
        let mut records = 0;
        // Where the chain of records starts that each end in a backslash: read as escaped they are one.
        let mut chain: Option<(usize, u64)> = None;
        // Where a chain starts that does not read as an escaped record: it does not from any of its records.
        let mut refuted: Option<usize> = None;
        while let Some(rest) = block
            .text
            .get(at..block.rows.consumed)
            .filter(|rest| !rest.is_empty())
        {
            fields.clear();
            // A fault behind these records is the caller's.
            let Ok(Step::Record { consumed } | Step::EmptyLine { consumed }) =
                quoted.record(rest, true, &mut fields)
            else {
                break;
            };
            if fields.is_empty() && block.columns == 1 {
                fields.push(Field::new(0, 0, false, false));
            }
            let raw = rest.get(..consumed).unwrap_or(rest);
            let place = |offset: usize| block.place_at(at + offset, records);
            if let Some(field) = fields.iter().find(|field| field.is_quoted()) {
                self.decide(Reading::Quoted, place(field.start() - 1));
                // From here on, evidence for the other one is evidence against this one.
                return self.look_quoted(standard, block, at).map(|()| Verdict::Go);
            }
            let seen = self.backslashes(standard, raw, &fields);
            if !fields.is_empty() && fields.len() != block.columns {
                let (start, before) = chain.unwrap_or((at, records));
                if refuted != Some(start) && (chain.is_some() || seen.separator.is_some()) {
                    refuted = Some(start);
                    let text = block.text.get(start..).unwrap_or_default();
                    if let Some(escape) = reads_as_escaped(standard, text, block.columns) {
                        let escape_at = block.place_at(start + escape, before);
                        if let Some(other) = seen.other {
                            let decided = decision(Reading::Escaped, escape_at);
                            return Err(Conflict {
                                decided,
                                against: place(other),
                            });
                        }
                        return Ok(Verdict::Again(decision(Reading::Escaped, escape_at)));
                    }
                }
            }
            if let Some(other) = seen.other {
                self.decide(Reading::Quoted, place(other));
                return self.look_quoted(standard, block, at).map(|()| Verdict::Go);
            }
            if seen.doubled > 0 {
                self.weak_cells += seen.doubled;
                let first = place(memchr(b'\\', raw).unwrap_or(0));
                self.weak_first.get_or_insert(first);
            }
            chain = ends_in_backslash(raw).then(|| chain.unwrap_or((at, records)));
            at += consumed;
            records += u64::from(!fields.is_empty());
        }
        self.hold = chain.map(|(start, _)| start);
        Ok(Verdict::Go)
    }

    /// Read as quoted: a record with a wrong number of fields that has the right one when read as escaped.
    fn look_quoted(&mut self, standard: &Standard, block: &Block<'_>, from: usize) -> Result<(), Conflict> {
        // The last record looked at, and where its chain starts.
        let mut last: Option<(usize, usize)> = None;
        for (index, odd) in block.rows.odd.iter().enumerate() {
            if odd.start < from || !matches!(odd.kind, OddKind::Ragged(_)) {
                continue;
            }
            let start = chain_start(block.text, odd.start, last);
            let looked_at = last.is_some_and(|(_, chain)| chain == start);
            last = Some((odd.start, start));
            if looked_at && start != odd.start {
                continue;
            }
            let text = block.text.get(start..).unwrap_or_default();
            let line = block.text.get(start..odd.end).unwrap_or_default();
            if memchr(b'\\', line).is_none() {
                continue;
            }
            if reads_as_escaped(standard, text, block.columns).is_some() {
                return Err(Conflict {
                    decided: self.decision,
                    against: block.place_of_odd(index),
                });
            }
        }
        Ok(())
    }

    /// Read as escaped: fields in quotes, and backslashes before what needs none.
    fn look_escaped(&mut self, standard: &Standard, block: &Block<'_>) -> Result<(), Conflict> {
        let quoted = Standard {
            reading: Reading::Quoted,
            ..*standard
        };
        let mut scratch = Vec::new();
        for (row, fields) in block.rows.fields.chunks_exact(block.columns.max(1)).enumerate() {
            for field in fields {
                let raw = block.raw(*field).unwrap_or_default();
                let starts_quoted = raw.first() == Some(&b'"');
                if !starts_quoted && !field.is_dirty() {
                    continue;
                }
                if starts_quoted {
                    let end = fields.last().map_or(field.end(), |last| last.end());
                    let rest = block.text.get(field.start()..end).unwrap_or_default();
                    if closes(&quoted, rest, &mut scratch) {
                        let against = block.place_of_field(row, *field);
                        return Err(Conflict {
                            decided: self.decision,
                            against,
                        });
                    }
                }
                if field.is_dirty() && raw != b"\\N" {
                    let seen = look_at_backslashes(standard, raw);
                    if let Some(other) = seen.other {
                        let at = field.start() + other;
                        let against = block.place_of_field(row, Field::new(at, at, false, false));
                        return Err(Conflict {
                            decided: self.decision,
                            against,
                        });
                    }
                    self.weigh(seen, || block.place_of_field(row, *field));
                }
            }
        }
        for (index, odd) in block.rows.odd.iter().enumerate() {
            if let OddKind::Ragged(_) = odd.kind {
                let text = block.text.get(odd.start..).unwrap_or_default();
                scratch.clear();
                let read = quoted.record(text, true, &mut scratch);
                let has_quotes = scratch.iter().any(|field| field.is_quoted());
                if has_quotes && scratch.len() == block.columns && matches!(read, Ok(Step::Record { .. })) {
                    let against = block.place_of_odd(index);
                    return Err(Conflict {
                        decided: self.decision,
                        against,
                    });
                }
            }
        }
        Ok(())
    }

    fn weigh(&mut self, seen: Backslashes, place: impl Fn() -> Place) {
        if seen.separator.is_some() && matches!(self.decision.basis, Basis::Unquotable(..)) {
            self.decide(Reading::Escaped, place());
        }
        if seen.doubled > 0 {
            self.weak_cells += 1;
            self.weak_first.get_or_insert_with(place);
        }
    }

    fn decide(&mut self, reading: Reading, place: Place) {
        self.decision = decision(reading, place);
    }

    /// What the backslashes of a record are, read as quoted; its fields have no quotes.
    fn backslashes(&self, standard: &Standard, raw: &[u8], fields: &[Field]) -> Backslashes {
        let mut all = Backslashes::default();
        if memchr(b'\\', raw).is_none() {
            return all;
        }
        for field in fields {
            let text = raw.get(field.start()..field.end()).unwrap_or_default();
            if text == b"\\N" || memchr(b'\\', text).is_none() {
                continue;
            }
            // The separator behind the field belongs to the look: a backslash may stand before it.
            let upto = (field.end() + 1).min(raw.len());
            let seen = look_at_backslashes(standard, raw.get(field.start()..upto).unwrap_or_default());
            all.doubled += u64::from(seen.doubled > 0);
            all.separator = all.separator.or(seen.separator.map(|at| field.start() + at));
            all.other = all.other.or(seen.other.map(|at| field.start() + at));
        }
        all
    }
}

/// What backslashes stand before.
#[derive(Clone, Copy, Debug, Default)]
struct Backslashes {
    /// Pairs of backslashes (or, for a record, cells with such).
    doubled: u64,
    /// The first one before a delimiter or line break.
    separator: Option<usize>,
    /// The first one before anything else.
    other: Option<usize>,
}

fn decision(reading: Reading, place: Place) -> Decision {
    Decision {
        reading,
        basis: Basis::Strong(place),
    }
}

fn look_at_backslashes(standard: &Standard, text: &[u8]) -> Backslashes {
    let mut seen = Backslashes::default();
    let mut paired = None;
    for at in memchr_iter(b'\\', text) {
        if paired == Some(at) {
            continue;
        }
        match text.get(at + 1) {
            Some(b'\\') => {
                seen.doubled += 1;
                paired = Some(at + 1);
            }
            Some(&next) if standard.escapes(next) => {
                seen.separator.get_or_insert(at);
            }
            Some(_) => {
                seen.other.get_or_insert(at);
            }
            // The text's own end: nothing stands behind it.
            None => {}
        }
    }
    seen
}

/// If the record at the start of `text`, read as escaped, has so many columns and an escaped separator: where that is.
fn reads_as_escaped(standard: &Standard, text: &[u8], columns: usize) -> Option<usize> {
    let escaped = Standard {
        reading: Reading::Escaped,
        ..*standard
    };
    let mut fields = Vec::new();
    match escaped.record(text, true, &mut fields) {
        Ok(Step::Record { .. }) if fields.len() == columns => {}
        _ => return None,
    }
    fields.iter().filter(|field| field.is_dirty()).find_map(|field| {
        let raw = text.get(field.start()..field.end()).unwrap_or_default();
        look_at_backslashes(standard, raw)
            .separator
            .map(|at| field.start() + at)
    })
}

/// Whether the quote at the start of `rest` closes at a delimiter or at the end of it.
fn closes(quoted: &Standard, rest: &[u8], scratch: &mut Vec<Field>) -> bool {
    scratch.clear();
    let _ = quoted.first_field(rest, scratch);
    scratch.first().is_some_and(|field| field.is_quoted())
}

/// Whether a record's last character before its line end is a backslash that is not itself escaped.
fn ends_in_backslash(raw: &[u8]) -> bool {
    let line = raw.strip_suffix(b"\n").unwrap_or(raw);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.len() < raw.len() && line.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// The start of the first of the lines before `start` that each end in a backslash; or what `known` says: a line's start,
/// and the answer for it.
fn chain_start(text: &[u8], start: usize, known: Option<(usize, usize)>) -> usize {
    let mut from = start;
    while from > 0 {
        if let Some((_, answer)) = known.filter(|(line, _)| *line == from) {
            return answer;
        }
        let before = text.get(..from - 1).unwrap_or_default();
        let line = memrchr(b'\n', before).map_or(0, |at| at + 1);
        if !ends_in_backslash(text.get(line..from).unwrap_or_default()) {
            break;
        }
        from = line;
    }
    from
}
