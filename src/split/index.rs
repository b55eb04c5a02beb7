//! The hot path: an index of the separators of a block, then its fields.
//!
//! The index is `scan`'s. A block with a quote where none may stand goes to [`super::standard`], which names the
//! place; so both give the same answer on every input.

use memchr::memchr;

use super::scan::{LINE_END, Scan};
pub use super::simd::Path;
use super::standard::{LineEnd, Reading, Standard, line_breaks};
use super::{Fault, Field, Step};

/// What a splitter made of a block.
#[derive(Debug, Default)]
pub struct Rows {
    /// Fields of the good records, so many columns each.
    pub fields: Vec<Field>,
    /// Records with another number of fields, and empty lines, in the order of the text.
    pub odd: Vec<Odd>,
    /// Bytes of the text that were split; the rest is the start of a record.
    pub consumed: usize,
}

/// A line or record that gives no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Odd {
    /// Good records of the block before it.
    pub row: usize,
    /// Where it starts in the text.
    pub start: usize,
    /// Where it ends, line end included.
    pub end: usize,
    /// What it is.
    pub kind: OddKind,
}

impl Odd {
    /// Whether it is a record, which then is rejected.
    pub fn is_record(self) -> bool {
        matches!(self.kind, OddKind::Ragged(_) | OddKind::NotUtf8)
    }
}

/// Kinds of [`Odd`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddKind {
    /// An empty line, which is no record.
    EmptyLine,
    /// A comment, which is no record.
    Comment,
    /// A record with so many fields, which is not the number of columns.
    Ragged(usize),
    /// A record that is not UTF-8.
    NotUtf8,
}

impl Rows {
    /// Empties it, and keeps its memory.
    pub fn clear(&mut self) {
        self.fields.clear();
        self.odd.clear();
        self.consumed = 0;
    }
}

/// Splits blocks by an index of their separators.
#[derive(Debug)]
pub struct Indexer {
    path: Path,
    scan: Scan,
}

impl Indexer {
    /// An indexer that runs a given path.
    pub fn new(path: Path) -> Self {
        Indexer {
            path,
            scan: Scan::default(),
        }
    }

    /// The path that it runs.
    pub fn path(&self) -> Path {
        self.path
    }

    /// Splits all whole records of a text, which starts at a record; the last one is whole without a line end if `at_end`.
    /// `rows` must be clear.
    pub fn rows(
        &mut self,
        standard: &Standard,
        text: &[u8],
        at_end: bool,
        columns: usize,
        rows: &mut Rows,
    ) -> Result<(), Fault> {
        self.scan.start(standard, at_end);
        self.path.scan(&mut self.scan, text);
        self.finish(standard, text, at_end, columns, rows)
    }

    /// Makes rows of what the scan has found.
    fn finish(
        &self,
        standard: &Standard,
        text: &[u8],
        at_end: bool,
        columns: usize,
        rows: &mut Rows,
    ) -> Result<(), Fault> {
        if self.scan.seen.wrong != 0 || (at_end && self.scan.seen.inside != 0) {
            return record_by_record(text, at_end, columns, rows, |text, at_end, fields| {
                standard.record(text, at_end, fields)
            });
        }
        self.emit(standard, text, at_end, columns, rows);
        Ok(())
    }

    /// Whether the text last split, all of it, is UTF-8.
    pub fn is_utf8(&self) -> bool {
        !self.scan.seen.not_utf8
    }

    /// Line breaks of the text last split up to a byte of it, those within quotes and escaped ones, too.
    pub fn line_breaks(&self, standard: &Standard, text: &[u8], end: usize) -> u64 {
        let (before, behind) = text.split_at_checked(end).unwrap_or((text, &[]));
        match standard.line_end {
            LineEnd::Any => line_breaks(before, LineEnd::Any),
            // What is behind is the start of a record, and short.
            LineEnd::Lf | LineEnd::LfOrCrlf => self
                .scan
                .seen
                .line_feeds
                .saturating_sub(line_breaks(behind, standard.line_end)),
        }
    }

    /// Whether the text last split has quotes.
    pub fn saw_quotes(&self) -> bool {
        self.scan.seen.quotes != 0
    }

    /// Whether the text last split has backslashes.
    pub fn saw_backslashes(&self) -> bool {
        self.scan.seen.backslashes != 0
    }

    fn emit(&self, standard: &Standard, text: &[u8], at_end: bool, columns: usize, rows: &mut Rows) {
        let inner = |start: usize, end: usize| text.get(start..end).unwrap_or_default();
        let doubled = self.scan.seen.doubled != 0;
        // Most blocks have nothing to mark, so that their fields need no look at the text.
        match standard.reading {
            Reading::Quoted if self.scan.seen.quotes != 0 => {
                let mark = |start: usize, end: usize| {
                    if text.get(start) != Some(&b'"') {
                        return Field::new(start, end, false, false);
                    }
                    let (start, end) = (start + 1, end.saturating_sub(1).max(start + 1));
                    Field::new(
                        start,
                        end,
                        true,
                        doubled && memchr(b'"', inner(start, end)).is_some(),
                    )
                };
                self.emit_marked(standard, text, at_end, columns, rows, mark);
            }
            Reading::Escaped if self.scan.seen.backslashes != 0 => {
                let dirty = |start, end| memchr(b'\\', inner(start, end)).is_some();
                let mark = |start, end| Field::new(start, end, false, dirty(start, end));
                self.emit_marked(standard, text, at_end, columns, rows, mark);
            }
            _ => {
                let mark = |start, end| Field::new(start, end, false, false);
                self.emit_marked(standard, text, at_end, columns, rows, mark);
            }
        }
    }

    #[inline(always)]
    fn emit_marked(
        &self,
        standard: &Standard,
        text: &[u8],
        at_end: bool,
        columns: usize,
        rows: &mut Rows,
        mark: impl Fn(usize, usize) -> Field,
    ) {
        let crlf = standard.line_end != LineEnd::Lf && self.scan.seen.carriage_returns;
        // Where a field ends that a line end closes.
        let before_line_end = |start: usize, at: usize| {
            let is_crlf =
                crlf && at > start && text.get(at) == Some(&b'\n') && text.get(at - 1) == Some(&b'\r');
            at - usize::from(is_crlf)
        };
        let whole = self.scan.whole_records();
        let separators = self.scan.separators.get(..whole).unwrap_or_default();
        let mut start = 0;
        if is_regular(separators, columns) {
            rows.fields.extend(separators.iter().map(|&place| {
                let at = (place & !LINE_END) as usize;
                let end = if place & LINE_END == 0 {
                    at
                } else {
                    before_line_end(start, at)
                };
                let field = mark(start, end);
                start = at + 1;
                field
            }));
            rows.consumed = start;
        } else {
            let (mut record_start, mut found) = (0, 0);
            for &place in separators {
                let at = (place & !LINE_END) as usize;
                found += 1;
                // Of a record with too many fields no more are kept than tell that it has too many.
                if found <= columns {
                    let end = if place & LINE_END == 0 {
                        at
                    } else {
                        before_line_end(start, at)
                    };
                    rows.fields.push(mark(start, end));
                }
                start = at + 1;
                if place & LINE_END != 0 {
                    if found != columns || found == 1 {
                        rows.end_odd(columns, found, record_start, start);
                    }
                    found = 0;
                    record_start = start;
                }
            }
            rows.consumed = record_start;
        }
        if at_end && rows.consumed < text.len() {
            let (record_start, mut found) = (rows.consumed, 0);
            let ends = self.scan.separators.get(whole..).unwrap_or_default();
            for at in ends.iter().map(|&place| place as usize).chain([text.len()]) {
                found += 1;
                if found <= columns {
                    rows.fields.push(mark(start, at));
                }
                start = at + 1;
            }
            if found != columns || found == 1 {
                rows.end_odd(columns, found, record_start, text.len());
            }
            rows.consumed = text.len();
        }
    }
}

/// Whether separators are those of records with so many columns each, whole ones and no others.
fn is_regular(separators: &[u32], columns: usize) -> bool {
    let ends = |place: &&u32| *place & LINE_END != 0;
    let records = separators.chunks_exact(columns.max(1));
    records.remainder().is_empty()
        && separators.iter().filter(ends).count() == records.len()
        && records
            .into_iter()
            .all(|record| record.last().is_some_and(|place| ends(&place)))
}

impl Rows {
    /// Takes a record that may be no row out of the fields.
    #[cold]
    fn end_odd(&mut self, columns: usize, found: usize, start: usize, end: usize) {
        if found == columns {
            // One column: an empty line is a record.
            return;
        }
        let kept = self.fields.len().saturating_sub(found.min(columns));
        let alone = self
            .fields
            .get(kept)
            .is_some_and(|f| f.start() == f.end() && !f.is_quoted());
        let kind = if found == 1 && alone {
            OddKind::EmptyLine
        } else {
            OddKind::Ragged(found)
        };
        self.fields.truncate(kept);
        self.odd.push(Odd {
            row: kept / columns.max(1),
            start,
            end,
            kind,
        });
    }
}

/// Splits all whole records of a text by a splitter of single records: the reference, and the way of declared dialects.
pub fn record_by_record(
    text: &[u8],
    at_end: bool,
    columns: usize,
    rows: &mut Rows,
    mut record: impl FnMut(&[u8], bool, &mut Vec<Field>) -> Result<Step, Fault>,
) -> Result<(), Fault> {
    let mut start = 0;
    let mut fields = Vec::new();
    while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
        fields.clear();
        let step = record(rest, at_end, &mut fields).map_err(|fault| Fault {
            kind: fault.kind,
            at: start + fault.at,
        })?;
        let row = rows.fields.len() / columns.max(1);
        let odd = |kind, end| Odd {
            row,
            start,
            end,
            kind,
        };
        match step {
            Step::Incomplete => break,
            Step::Comment { consumed } => {
                rows.odd.push(odd(OddKind::Comment, start + consumed));
                start += consumed;
            }
            Step::EmptyLine { consumed } => {
                if columns == 1 {
                    rows.fields.push(Field::new(start, start, false, false));
                } else {
                    rows.odd.push(odd(OddKind::EmptyLine, start + consumed));
                }
                start += consumed;
            }
            Step::Record { consumed } => {
                if fields.len() == columns {
                    rows.fields.extend(fields.iter().map(|field| field.moved(start)));
                } else {
                    rows.odd
                        .push(odd(OddKind::Ragged(fields.len()), start + consumed));
                }
                start += consumed;
            }
        }
        rows.consumed = start;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
