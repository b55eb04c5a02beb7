//! Records that each end in a backslash, and the one behind them: read as escaped, all of them are one.
//!
//! What such a chain is, its last record tells, which may stand blocks later. So what is known of it goes from block to
//! block, and none of its records has to be held back.

use super::backslashes::{AsEscaped, Backslashes, chain_start, ends_in_backslash};
use crate::records::{Block, Place};
use crate::split::Step;
use crate::split::index::{Odd, OddKind};
use crate::split::standard::{LineEnd, Standard};

/// A chain that reaches to the end of the blocks so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    /// What it is, read as escaped: cut, as long as its end was not seen.
    pub read: AsEscaped,
    /// Where its first escaped separator stands.
    pub escape: Place,
    /// Where the first of its records stands that has a wrong number of fields.
    pub ragged: Option<Place>,
    /// Whether its first record has the right number.
    pub starts_regular: bool,
    /// Fields of it, read as escaped, that end in the blocks so far, and bytes of it there.
    fields: usize,
    bytes: u64,
}

impl Chain {
    /// The chain that a header begins, as escaped: its records behind the header speak for nothing.
    pub fn of_header(escape: Place) -> Chain {
        Chain {
            read: AsEscaped::Not { ragged: false },
            escape,
            ragged: None,
            starts_regular: true,
            fields: 0,
            bytes: 0,
        }
    }

    /// The chain that a block ends in, given the one that the block before has ended in; and the fields of a record as escaped.
    pub fn behind(
        before: Option<Chain>,
        escaped: &Standard,
        cr_ends_lines: bool,
        block: &Block<'_>,
        at_end: bool,
        columns: usize,
    ) -> Option<Chain> {
        let consumed = block.text.get(..block.rows.consumed).unwrap_or_default();
        if !ends_in_backslash(escaped, consumed) {
            return None;
        }
        let start = chain_start(escaped, consumed, consumed.len(), cr_ends_lines, None);
        let ragged = || {
            let is_its = |odd: &Odd| odd.start >= start && matches!(odd.kind, OddKind::Ragged(_));
            let index = block.rows.odd.iter().position(is_its)?;
            let odd = block.rows.odd.get(index)?;
            Some((block.place_of_odd(index), odd.start))
        };
        let here = consumed.get(start..).unwrap_or_default();
        let mut fields = Vec::new();
        // Its last field goes on.
        let _ = escaped.record(here, true, &mut fields);
        let fields = fields.len().saturating_sub(1);
        match before.filter(|_| start == 0) {
            Some(before) => Some(Chain {
                ragged: before.ragged.or_else(|| ragged().map(|(place, _)| place)),
                fields: before.fields + fields,
                bytes: before.bytes + here.len() as u64,
                ..before
            }),
            None => {
                let ragged = ragged();
                let escape = Backslashes::of(escaped, here).separator.unwrap_or(0);
                let text = block.text.get(start..).unwrap_or_default();
                Some(Chain {
                    read: AsEscaped::read(escaped, text, at_end, columns),
                    escape: block.place_at(start + escape, block.records_before(start)),
                    ragged: ragged.map(|(place, _)| place),
                    starts_regular: block.begins_record(start) && ragged.is_none_or(|(_, at)| at > start),
                    fields,
                    bytes: here.len() as u64,
                })
            }
        }
    }

    /// Reads on in the text of the block behind. What is longer than a record may be is none.
    pub fn read_on(
        &mut self,
        escaped: &Standard,
        block: &Block<'_>,
        at_end: bool,
        columns: usize,
        record_bytes_max: u64,
    ) {
        let mut fields = Vec::new();
        let read = escaped.record(block.text, at_end, &mut fields);
        let (is_whole, bytes) = match read {
            Ok(Step::Record { consumed } | Step::EmptyLine { consumed }) => (true, consumed),
            _ => (false, block.text.len()),
        };
        if self.bytes + bytes as u64 > record_bytes_max.saturating_add(2) {
            self.read = AsEscaped::Not { ragged: false };
        } else if is_whole {
            // The first of them goes on from before.
            self.finish(fields.len().max(1), columns);
        }
    }

    /// The part ends behind it.
    pub fn end(&mut self, columns: usize) {
        self.finish(1, columns);
    }

    fn finish(&mut self, more_fields: usize, columns: usize) {
        self.read = if self.fields + more_fields == columns {
            AsEscaped::Fits(0)
        } else {
            AsEscaped::Not { ragged: true }
        };
    }
}

/// Whether a lone CR ends a line.
pub(super) fn cr_ends_lines(standard: &Standard) -> bool {
    standard.line_end == LineEnd::Any
}
