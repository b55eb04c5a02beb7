//! Quotes that open in one line and close in a later one: two lone quotes of an escaped part look the same.
//!
//! So a record with such is read as escaped, too. If each of its lines is a record then, and one of them only as escaped,
//! the part speaks for both; if each is one in either dialect, that is said. Unless a good record of the part has quotes that
//! close in their own line: then it is quoted by these.

use memchr::{memchr, memchr2, memchr3_iter};

use super::backslashes::{AsEscaped, Backslashes, ends_in_backslash, escapes_next, without_line_end};
use super::{Readings, Watch, cr_ends_lines};
#[cfg(test)]
use crate::records::work;
use crate::records::{Block, Place};
use crate::split::standard::Standard;
use crate::split::{Field, Step};

/// What the lines of a record are, read as escaped, if each of them is a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spanned {
    /// Where an escaped separator stands in the first that has its number of fields by that alone.
    pub escape: Option<usize>,
    /// Whether the last one goes on in the record behind.
    pub is_cut: bool,
}

impl Spanned {
    /// Reads the record `raw` as lines of `columns` fields each. `goes_on`: the record before it ends in a backslash.
    /// None: a line is no record.
    pub fn read(escaped: &Standard, raw: &[u8], columns: usize, goes_on: bool) -> Option<Spanned> {
        #[cfg(test)]
        work::add(raw.len());
        let is_cut = escapes_next(without_line_end(escaped, raw));
        let mut spanned = Spanned { escape: None, is_cut };
        let mut fields = Vec::new();
        let (mut at, mut records) = (0, 0);
        while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
            fields.clear();
            let (found, consumed) = match escaped.record_of(rest, true, columns, &mut fields) {
                (Ok(Step::Record { consumed }), found) => (found, consumed),
                (Ok(Step::EmptyLine { consumed }), _) => (usize::from(columns == 1), consumed),
                _ => return None,
            };
            let end = at + consumed;
            let is_empty = found == 0;
            let is_part = (goes_on && at == 0) || (is_cut && end == raw.len());
            if found > columns || (found < columns && !is_part && !is_empty) {
                return None;
            }
            let record = rest.get(..consumed).unwrap_or(rest);
            // That is data of a quoted part alone.
            if Backslashes::of_record(escaped, record, &fields).other.is_some() {
                return None;
            }
            if spanned.escape.is_none() && !is_part && !is_empty {
                let separator = AsEscaped::separator(escaped, record, &fields);
                let needed = separator.filter(|_| !fits_without_escapes(escaped, record, columns));
                spanned.escape = needed.map(|offset| at + offset);
            }
            records += usize::from(!is_empty);
            at = end;
        }
        // One record is the same in both.
        (records > 1).then_some(spanned)
    }
}

/// Whether each physical line of a record has so many fields even if backslashes are data.
fn fits_without_escapes(escaped: &Standard, record: &[u8], columns: usize) -> bool {
    let mut fields = 1;
    for at in memchr3_iter(escaped.delimiter, b'\n', b'\r', record) {
        match record.get(at) {
            Some(b'\n' | b'\r') if at + 1 == record.len() => break,
            Some(b'\r') if record.get(at + 1) == Some(&b'\n') || !cr_ends_lines(escaped) => {}
            Some(b'\n' | b'\r') if fields != columns => return false,
            Some(b'\n' | b'\r') => fields = 1,
            _ => fields += 1,
        }
    }
    fields == columns
}

/// The record that gives a part its columns, if its quotes all close in a later line than they open in, and each of its lines could be a
/// record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstSpans {
    /// How many columns there are as escaped: each line has so many fields.
    pub columns: usize,
    /// Where the first of its quotes stands.
    pub quote: Place,
    /// Where an escaped separator stands in the first line that is a record by that alone.
    pub escape: Option<Place>,
}

impl FirstSpans {
    /// Reads the record. None: it has no quotes, or one that closes in its line; or a line is no record.
    pub fn read(readings: &Readings, record: &[u8], place: impl Fn(usize) -> Place) -> Option<FirstSpans> {
        let mut fields = Vec::new();
        let _ = readings.quoted.record(record, true, &mut fields);
        let mut quoted = fields.iter().filter(|field| field.is_quoted());
        let quote = quoted.clone().next()?.start() - 1;
        let has_break = |field: &Field| {
            let text = record.get(field.start()..field.end()).unwrap_or_default();
            has_break(&readings.quoted, text)
        };
        if !quoted.all(has_break) {
            return None;
        }
        let (_, columns) = readings.escaped.record_of(record, true, 0, &mut Vec::new());
        let spanned = Spanned::read(&readings.escaped, record, columns, false)?;
        (!spanned.is_cut).then(|| FirstSpans {
            columns,
            quote: place(quote),
            escape: spanned.escape.map(place),
        })
    }
}

impl Watch {
    /// Notes what the record that gives the number of columns is in lines: a header, of which the quotes decided, or the first record
    /// that will be looked at.
    pub fn with_first_spans(mut self, spans: FirstSpans, is_header: bool) -> Self {
        self.spans_columns = Some(spans.columns);
        if is_header {
            self.closed_in_line = false;
            self.spans_records = Some(spans.quote);
            self.spans_escape = spans.escape;
        }
        self
    }

    /// Notes whether quotes of a block close in the line that they open in, and the first that do not and whose lines could be
    /// records.
    ///
    /// It is asked before what is known of the record before the block is replaced by what is known of its last one.
    pub(super) fn look_at_spans(&mut self, readings: &Readings, block: &Block<'_>) {
        let has_quotes = |start: usize, end: usize| {
            let raw = block.text.get(start..end).unwrap_or_default();
            memchr(b'"', raw).is_some()
        };
        if self.closed_in_line || !has_quotes(0, block.rows.consumed) {
            return;
        }
        let is_closed = |field: &Field| {
            let text = block.raw(*field).unwrap_or_default();
            field.is_quoted() && !has_break(&readings.quoted, text)
        };
        if block.rows.fields.iter().any(is_closed) {
            self.closed_in_line = true;
            return;
        }
        let rows = block.rows.fields.chunks_exact(block.columns.max(1));
        let rows = rows.filter(|fields| fields.iter().any(|field| field.is_quoted()));
        let rows = rows.filter_map(|fields| {
            let (start, _) = fields.first()?.outside(block.quote_bytes);
            let (_, end) = fields.last()?.outside(block.quote_bytes);
            Some((start, end))
        });
        let odd = block.rows.odd.iter().filter(|odd| odd.is_record());
        let odd = odd.map(|odd| (odd.start, odd.end));
        let odd = odd.filter(|&(start, end)| has_quotes(start, end));
        let (mut records, mut escape) = (None, None);
        for (start, end) in rows.chain(odd) {
            let Some((quote, spanned)) = self.spanned(readings, block, start, end) else {
                continue;
            };
            // As escaped, a record behind that has its number of fields would have one too many.
            if !spanned.is_cut && records.is_none_or(|(before, _)| start < before) {
                records = Some((start, quote));
            }
            if let Some(at) = spanned.escape
                && escape.is_none_or(|(before, _)| start < before)
            {
                escape = Some((start, start + at));
            }
        }
        let place = |(start, at): (usize, usize)| block.place_at(at, block.records_before(start));
        self.spans_records = self.spans_records.or(records.map(place));
        self.spans_escape = self.spans_escape.or(escape.map(place));
    }

    /// The first quote in a record that closes in a later line, and what the record's lines are, if each is a record.
    fn spanned(
        &self,
        readings: &Readings,
        block: &Block<'_>,
        start: usize,
        end: usize,
    ) -> Option<(usize, Spanned)> {
        let raw = block.text.get(start..end)?;
        let quoted = first_span(&readings.quoted, raw)?;
        let goes_on = match start {
            0 => self.chain.is_some(),
            _ => ends_in_backslash(&readings.escaped, block.text.get(..start).unwrap_or_default()),
        };
        let columns = self
            .spans_columns
            .unwrap_or(self.columns_as_escaped(block.columns));
        let spanned = Spanned::read(&readings.escaped, raw, columns, goes_on)?;
        Some((block.start_of(quoted.moved(start)), spanned))
    }
}

/// The first field of a record that stands in quotes and has several lines.
fn first_span(quoted: &Standard, record: &[u8]) -> Option<Field> {
    let mut fields = Vec::new();
    // It was split before, so that it can be again.
    let _ = quoted.record(record, true, &mut fields);
    let mut fields = fields.into_iter().filter(|field| field.is_quoted());
    fields.find(|field| has_break(quoted, record.get(field.start()..field.end()).unwrap_or_default()))
}

/// Whether a field's text has several lines.
fn has_break(quoted: &Standard, text: &[u8]) -> bool {
    let found = if cr_ends_lines(quoted) {
        memchr2(b'\n', b'\r', text)
    } else {
        memchr(b'\n', text)
    };
    found.is_some()
}
