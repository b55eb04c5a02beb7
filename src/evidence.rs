//! Which of the two first-class dialects a part is in: nothing in the format says so, so its records have to.
//!
//! Strong evidence decides: an opening quote that closes at a delimiter or line end (quoted); a backslash before a
//! delimiter or line break where only that reading gives the record its number of fields (escaped); a backslash before
//! any other character (quoted, where it is data; a field that is `\N` as a whole excepted, it is NULL in both). A doubled
//! backslash alone is weak: it decides for escaped only if nothing stronger comes in the whole part, and no record has its
//! number of fields only because a backslash before a separator is data. Strong evidence against a decision refuses the part
//! and names both places; so the order of the records does not matter.
//!
//! A quote that opens a field right behind an escaped separator is data as escaped. It decides for quoted where its record has the right
//! number of fields as quoted alone; where it has it in both or in none, only if nothing else decides.
//!
//! The record that gives the number of columns may give another one as escaped. Then records that have the one or the other without
//! a backslash are weak evidence, too.
//!
//! Quotes that close in a later line may be two lone ones of an escaped part, with records of it between them. If all these
//! lines are records when they are read as escaped, and one of them only so, that is strong evidence for escaped, unless other
//! quotes close in their own line.
//!
//! A part is read as quoted until something decides. What quotes cannot be (text behind a closing quote, say) is no
//! evidence by itself; the part is then read as escaped, and refused at its end if nothing has confirmed that. So is a part whose
//! quote does not close within a record's limit; if it closes behind it, that is evidence for quoted all the same.

mod backslashes;
mod chain;
mod columns;
mod escaped;
mod open;
mod spans;

use memchr::{memchr, memchr_iter};

pub use self::backslashes::AsEscaped;
use self::backslashes::chain_start;
use self::chain::{Chain, cr_ends_lines};
pub use self::columns::OtherColumns;
use self::escaped::Healing;
pub use self::open::{is_behind_escape, opens_in_quotes};
pub use self::spans::FirstSpans;
use crate::limits::Limits;
use crate::records::{Block, Place};
use crate::split::index::OddKind;
use crate::split::standard::{Reading, Standard};
use crate::split::{FaultKind, Field};

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
    /// Nothing is declared of quotes and escapes, and what else is keeps it from being told; the part is read as quoted.
    Assumed,
    /// Nothing has decided yet; the part is read as quoted.
    Open,
    /// A record decided, here.
    Strong(Place),
    /// So many cells have doubled backslashes, the first one here, and nothing stronger was found.
    Weak(u64, Place),
    /// It cannot be quoted, for this stands here; nothing has confirmed yet that it is escaped. And here, if anywhere, stands
    /// what counts for quoted unless it is in a record that has the right number of fields as escaped.
    Unquotable(FaultKind, Place, Option<Place>),
    /// As quoted, the record here is longer than may be: so many bytes at least. Nothing has confirmed yet that it is escaped.
    Overlong(Place, usize),
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

/// The two first-class dialects, as a part would be split in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readings {
    /// RFC 4180.
    pub quoted: Standard,
    /// Without quotes.
    pub escaped: Standard,
}

impl Readings {
    /// How a part is split in one of them.
    pub fn of(&self, reading: Reading) -> Standard {
        match reading {
            Reading::Quoted => self.quoted,
            Reading::Escaped => self.escaped,
        }
    }
}

/// Watches the records of one pass for evidence.
#[derive(Clone, Debug)]
pub struct Watch {
    decision: Decision,
    weak_cells: u64,
    weak_first: Option<Place>,
    /// Whether a record has its number of fields only if it is read as quoted, and no quotes to say so.
    fits_quoted_only: bool,
    /// The number of columns as escaped, if the record that gives it gives two; and the first record that has it without a
    /// backslash, and so not the number as quoted.
    escaped_columns: Option<usize>,
    fits_escaped_only: Option<Place>,
    /// Whether the first record looked at gives the number of columns, and another one as escaped.
    first_says: bool,
    /// The first record that other records would be as escaped, of as many fields.
    fits_both: Option<Place>,
    /// Read as escaped, the blocks so far end within this.
    chain: Option<Chain>,
    /// What counts for quoted unless that chain, which came first, decides for escaped.
    doubt: Option<Doubt>,
    /// The first quote of a field that stands behind an escaped separator, in a record that is none in either dialect, or may be one
    /// in both: it tells that the part is quoted if nothing else tells what it is.
    quotes_or_data: Option<Place>,
    /// Whether that decided.
    by_what_may_be_data: bool,
    /// What counted for quoted, when the part turned out not to be, unless it is in a record that has the right number of fields.
    doubted: Option<Place>,
    /// Whether quotes of a good record close in the line that they open in; where the first ones open that do not, and whose lines
    /// could all be records; and the first backslash in such lines that speaks for escaped.
    closed_in_line: bool,
    spans_records: Option<Place>,
    spans_escape: Option<Place>,
    /// Fields of a line in such quotes, where the record that gives the number of columns has several.
    spans_columns: Option<usize>,
    /// Where a field starts with a quote that the blocks so far neither close nor show to be data.
    unclosed: Option<Place>,
    /// The same of a record that has a wrong number of fields as escaped, and may have the right one as quoted.
    healing: Option<Healing>,
    /// Up to which byte of the part the records that begin in such ones were read as quoted.
    quoted_to: u64,
    /// The number of columns as quoted, if the part is read as escaped, and the record that gives it may give two.
    quoted_columns: Option<usize>,
    /// The dialect is assumed: whether there is a backslash that could have told another, and a field in quotes that tells this one.
    assumed_backslash: bool,
    assumed_quotes: bool,
    record_bytes_max: u64,
}

impl Watch {
    /// A watch that starts from a decision. What is longer than a record may be when it is read as escaped is none.
    pub fn new(decision: Decision, limits: &Limits) -> Self {
        Watch {
            decision,
            weak_cells: 0,
            weak_first: None,
            fits_quoted_only: false,
            escaped_columns: None,
            fits_escaped_only: None,
            first_says: false,
            fits_both: None,
            chain: None,
            doubt: None,
            quotes_or_data: None,
            by_what_may_be_data: false,
            doubted: match decision.basis {
                Basis::Unquotable(_, _, doubted) => doubted,
                _ => None,
            },
            closed_in_line: decision.basis != Basis::Open,
            spans_records: None,
            spans_escape: None,
            spans_columns: None,
            unclosed: None,
            healing: None,
            quoted_to: 0,
            quoted_columns: None,
            assumed_backslash: false,
            assumed_quotes: false,
            record_bytes_max: limits.record_bytes_max as u64,
        }
    }

    /// What is decided so far.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// The decision that follows from a fault behind the blocks so far, if the dialect is still open.
    pub fn unquotable(&self, kind: FaultKind, place: Place) -> Option<Decision> {
        let doubt = self.doubt.map(|doubt| doubt.quoted);
        (self.decision.basis == Basis::Open).then_some(Decision {
            reading: Reading::Escaped,
            basis: Basis::Unquotable(kind, place, doubt),
        })
    }

    /// Notes backslashes and quotes in records whose dialect is assumed. `\N` tells nothing.
    pub fn look_assumed(&mut self, records: &[u8], fields: &[Field]) {
        if self.decision.basis == Basis::Assumed {
            let tells = |at: usize| records.get(at + 1) != Some(&b'N');
            self.assumed_backslash |= memchr_iter(b'\\', records).any(tells);
            self.assumed_quotes |= fields.iter().any(|field| field.is_quoted());
        }
    }

    /// Whether the dialect is assumed of a part that could be in another.
    pub fn is_untold(&self) -> bool {
        self.assumed_backslash && !self.assumed_quotes
    }

    /// Whether a block has to be looked at, by what its text has.
    pub fn needs(&self, quotes: bool, backslashes: bool) -> bool {
        match (self.decision.basis, self.decision.reading) {
            (Basis::Declared | Basis::Assumed, _) => false,
            (Basis::Open, _) => {
                quotes || backslashes || self.chain.is_some() || self.escaped_columns.is_some()
            }
            (_, Reading::Quoted) => backslashes || self.chain.is_some() || (quotes && !self.closed_in_line),
            (_, Reading::Escaped) => quotes || backslashes,
        }
    }

    /// Looks at a block that was split under the current decision. `at_end`: its text reaches to the part's end.
    pub fn look(
        &mut self,
        readings: &Readings,
        block: &Block<'_>,
        at_end: bool,
    ) -> Result<Verdict, Conflict> {
        match (self.decision.basis, self.decision.reading) {
            (Basis::Declared | Basis::Assumed, _) => return Ok(Verdict::Go),
            (basis, Reading::Escaped) => {
                return match (self.look_escaped(readings, block, at_end), basis) {
                    // Doubled backslashes alone yield to what tells.
                    (Err(conflict), Basis::Weak(..)) => {
                        Ok(Verdict::Again(decision(Reading::Quoted, conflict.against)))
                    }
                    (looked, _) => looked.map(|()| Verdict::Go),
                };
            }
            (_, Reading::Quoted) => {}
        }
        let columns = self.columns_as_escaped(block.columns);
        if let Some((chain, bytes_max)) = self.open_chain() {
            chain.read_on(&readings.escaped, block, at_end, columns, bytes_max);
            if let again @ Verdict::Again(_) = self.weigh_chain()? {
                return Ok(again);
            }
        }
        if block.rows.consumed == 0 {
            return Ok(Verdict::Go);
        }
        let verdict = match self.decision.basis {
            // The whole block belongs to the chain, which has to end first.
            Basis::Open if self.doubt.is_some() => Verdict::Go,
            Basis::Open => self.look_open(readings, block, at_end)?,
            _ => self.look_quoted(readings, block, 0, at_end)?,
        };
        self.look_at_spans(readings, block);
        let cr = cr_ends_lines(&readings.quoted);
        self.chain = Chain::behind(self.chain, &readings.escaped, cr, block, at_end, columns);
        // Doubt lasts as long as the chain.
        if self.open_chain().is_none()
            && let Some(doubt) = self.doubt.take()
        {
            self.decide(Reading::Quoted, doubt.quoted);
        }
        Ok(verdict)
    }

    /// The part is over. What it is now; or, if it is another dialect than this pass has read, that.
    pub fn end(&mut self, columns: usize) -> Result<Verdict, Conflict> {
        let columns = self.columns_as_escaped(columns);
        if let Some((chain, _)) = self.open_chain() {
            chain.end(columns);
            if let again @ Verdict::Again(_) = self.weigh_chain()? {
                return Ok(again);
            }
        }
        if let (Basis::Open, Some(quoted)) = (self.decision.basis, self.quotes_or_data) {
            self.decide(Reading::Quoted, quoted);
            self.by_what_may_be_data = true;
        }
        let is_quoted =
            matches!(self.decision.basis, Basis::Strong(_)) && self.decision.reading == Reading::Quoted;
        if let Some(escape) = self.spans_escape.filter(|_| is_quoted && !self.closed_in_line) {
            return Err(self.conflict(escape));
        }
        let only_escaped = self.fits_escaped_only.filter(|_| !self.fits_quoted_only);
        if let (Basis::Open, Some(place)) = (self.decision.basis, only_escaped) {
            return Ok(Verdict::Again(decision(Reading::Escaped, place)));
        }
        Ok(match (self.decision.basis, self.weak_first) {
            // Of records that speak for either number of columns, none counts.
            (Basis::Open, Some(first)) if !self.fits_quoted_only || self.fits_escaped_only.is_some() => {
                Verdict::Again(Decision {
                    reading: Reading::Escaped,
                    basis: Basis::Weak(self.weak_cells, first),
                })
            }
            _ => Verdict::Go,
        })
    }

    /// The chain that the blocks so far end in, if its end was not seen yet; and the bytes that it may have.
    fn open_chain(&mut self) -> Option<(&mut Chain, u64)> {
        let chain = self.chain.as_mut()?;
        (chain.read == AsEscaped::Cut).then_some((chain, self.record_bytes_max))
    }

    /// If the end of the chain was seen by now, it says what its records before this block are.
    fn weigh_chain(&mut self) -> Result<Verdict, Conflict> {
        let Some(chain) = self.chain.filter(|chain| chain.read != AsEscaped::Cut) else {
            return Ok(Verdict::Go);
        };
        let doubt = self.doubt.take();
        let is_open = self.decision.basis == Basis::Open;
        match (chain.read, chain.ragged) {
            (AsEscaped::Fits(_), Some(_)) if is_open => {
                let decided = decision(Reading::Escaped, chain.escape);
                return match doubt.and_then(|doubt| doubt.against) {
                    Some(against) => Err(Conflict { decided, against }),
                    None => Ok(Verdict::Again(decided)),
                };
            }
            (AsEscaped::Fits(_), Some(_)) => return Err(self.conflict(chain.escape)),
            (AsEscaped::Fits(_), None) if doubt.is_some_and(|doubt| doubt.is_data) => {
                self.quotes_or_data = self.quotes_or_data.or(doubt.map(|doubt| doubt.quoted));
                return Ok(Verdict::Go);
            }
            (AsEscaped::Not { ragged: true }, _) if chain.starts_regular => self.fits_quoted_only = true,
            _ => {}
        }
        if let Some(doubt) = doubt {
            self.decide(Reading::Quoted, doubt.quoted);
        }
        Ok(Verdict::Go)
    }

    /// In a part that nothing has decided, or what may be data: the first record of which both readings are possible, and differ.
    pub fn ambiguous(&self) -> Option<Place> {
        let is_either = self.first_says || !self.fits_quoted_only || self.fits_escaped_only.is_some();
        let is_decided = self.decision.basis != Basis::Open && !self.by_what_may_be_data;
        self.fits_both.filter(|_| is_either && !is_decided)
    }

    /// Whether the part is quoted because of quotes alone that are data as escaped.
    pub fn is_by_what_may_be_data(&self) -> bool {
        self.by_what_may_be_data
    }

    /// In a part that quotes alone that close in a later line show to be quoted: the first of them, if its lines could all be
    /// records.
    pub fn spans_records(&self) -> Option<Place> {
        let is_quoted =
            matches!(self.decision.basis, Basis::Strong(_)) && self.decision.reading == Reading::Quoted;
        self.spans_records.filter(|_| is_quoted && !self.closed_in_line)
    }

    /// Doubled backslashes seen in this pass: cells, and the place of the first.
    pub fn weak(&self) -> Option<(u64, Place)> {
        self.weak_first.map(|first| (self.weak_cells, first))
    }

    /// Read as quoted: a record with a wrong number of fields that has the right one when read as escaped.
    fn look_quoted(
        &mut self,
        readings: &Readings,
        block: &Block<'_>,
        from: usize,
        at_end: bool,
    ) -> Result<Verdict, Conflict> {
        let cr = cr_ends_lines(&readings.quoted);
        let columns = self.columns_as_escaped(block.columns);
        // The last record looked at, and where its chain starts.
        let mut last: Option<(usize, usize)> = None;
        let mut read_to = 0;
        for odd in &block.rows.odd {
            if odd.start < from || !matches!(odd.kind, OddKind::Ragged(_)) {
                continue;
            }
            let start = chain_start(&readings.escaped, block.text, odd.start, cr, last);
            let looked_at = last.is_some_and(|(_, chain)| chain == start);
            last = Some((odd.start, start));
            if looked_at && start != odd.start {
                continue;
            }
            let text = block.text.get(start..).unwrap_or_default();
            let line = block.text.get(start..odd.end).unwrap_or_default();
            let read = match self.chain.filter(|_| start == 0) {
                Some(chain) => chain.read,
                None if start < read_to || memchr(b'\\', line).is_none() => continue,
                None => {
                    let (read, bytes) = AsEscaped::read_bytes(&readings.escaped, text, at_end, columns);
                    read_to = start + bytes;
                    read
                }
            };
            if let AsEscaped::Fits(escape) = read {
                let against = match self.chain.filter(|_| start == 0) {
                    Some(chain) => chain.escape,
                    None => block.place_at(start + escape, block.records_before(start)),
                };
                return Err(self.conflict(against));
            }
        }
        Ok(Verdict::Go)
    }

    fn decide(&mut self, reading: Reading, place: Place) {
        self.decision = decision(reading, place);
    }

    fn conflict(&self, against: Place) -> Conflict {
        Conflict {
            decided: self.decision,
            against,
        }
    }
}

/// Evidence for quoted within a chain that decides for escaped if it fits.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    /// Where it stands.
    quoted: Place,
    /// The same, if the chain would not have decided before it.
    against: Option<Place>,
    /// Whether it is data in a good record if the chain is one.
    is_data: bool,
}

fn decision(reading: Reading, place: Place) -> Decision {
    Decision {
        reading,
        basis: Basis::Strong(place),
    }
}

#[cfg(test)]
mod tests;
