//! The two first-class dialects, record by record: the reference that the indexed path must equal on every input.
//!
//! It also names the place of a malformation, so the indexed path hands a block over to it as soon as it sees one.

use memchr::{memchr, memchr2, memchr3};

use super::doubled::undo_doubled;
use super::{Fault, FaultKind, Field, Sink, Step};

/// How quotes and backslashes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// RFC 4180: quotes with `""` inside, raw line breaks inside quotes; a backslash is data.
    Quoted,
    /// Snowflake's unload without an enclosure: a backslash escapes delimiter, line break and backslash; `"` is data.
    Escaped,
}

/// What ends a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineEnd {
    /// LF alone; a CR before it is data.
    Lf,
    /// LF, and CRLF; a CR elsewhere is data.
    LfOrCrlf,
    /// LF, CRLF and CR alike.
    Any,
}

/// One first-class dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standard {
    /// The delimiter: one ASCII byte that is no quote, backslash or line break.
    pub delimiter: u8,
    /// How quotes and backslashes are read.
    pub reading: Reading,
    /// What ends a record.
    pub line_end: LineEnd,
}

/// Bytes that are searched at once, at first.
const STRETCH_BYTES: usize = 64;

/// Where a field stops, and on what.
enum Stop {
    Delimiter,
    /// A line end of so many bytes.
    LineEnd(usize),
    /// The text's end.
    End,
}

impl Standard {
    /// Reads one record from the start of `text`, which must not be empty, and pushes its fields.
    /// On anything but [`Step::Record`] nothing is pushed.
    #[inline]
    pub fn record(&self, text: &[u8], at_end: bool, fields: &mut Vec<Field>) -> Result<Step, Fault> {
        self.record_of(text, at_end, usize::MAX, fields).0
    }

    /// The same, but pushes `fields_max` fields at most. Returns how many the record has, too, or has up to the text's end:
    /// there can be as many as it has bytes.
    pub fn record_of(
        &self,
        text: &[u8],
        at_end: bool,
        fields_max: usize,
        fields: &mut Vec<Field>,
    ) -> (Result<Step, Fault>, usize) {
        let mut sink = Sink::new(fields, fields_max);
        let step = self.step(text, at_end, &mut sink);
        sink.close(step)
    }

    /// Reads one record, and pushes also the fields of what then turns out to be none.
    fn step(&self, text: &[u8], at_end: bool, fields: &mut Sink<'_>) -> Result<Step, Fault> {
        let mut at = 0;
        loop {
            let found = match (self.reading, text.get(at)) {
                (Reading::Quoted, Some(b'"')) => self.quoted_field(text, at, at_end),
                (Reading::Quoted, _) => self.bare_field(text, at, at_end),
                (Reading::Escaped, _) => Ok(self.escaped_field(text, at, at_end)),
            };
            let Some((field, end, stop)) = found? else {
                return Ok(Step::Incomplete);
            };
            let alone = fields.found == 0;
            fields.push(field);
            let consumed = match stop {
                Stop::Delimiter => {
                    at = end + 1;
                    continue;
                }
                Stop::LineEnd(bytes) => end + bytes,
                Stop::End => end,
            };
            if alone && field.start() == field.end() && !field.is_quoted() {
                return Ok(Step::EmptyLine { consumed });
            }
            return Ok(Step::Record { consumed });
        }
    }

    /// Where the quote stands that closes a quoted field, of which the inside goes on at `at`; `Some(None)` if none does where a
    /// field may. None: the text ends first.
    pub fn close(&self, text: &[u8], mut at: usize, at_end: bool) -> Option<Option<usize>> {
        loop {
            let Some(found) = memchr(b'"', text.get(at..).unwrap_or_default()) else {
                return at_end.then_some(None);
            };
            let close = at + found;
            if text.get(close + 1) == Some(&b'"') {
                at = close + 2;
                continue;
            }
            return match self.stop(text, close + 1, at_end) {
                Some(Some(_)) => Some(Some(close)),
                Some(None) => None,
                None => Some(None),
            };
        }
    }

    /// Appends a dirty field with what it has doubled or escaped undone.
    pub fn undo(&self, raw: &[u8], out: &mut Vec<u8>) {
        match self.reading {
            Reading::Quoted => undo_doubled(raw, out),
            Reading::Escaped => self.undo_escapes(raw, out),
        }
    }

    /// Whether a backslash before this byte makes it data.
    pub fn escapes(&self, byte: u8) -> bool {
        byte == self.delimiter || matches!(byte, b'\\' | b'\n' | b'\r')
    }

    fn quoted_field(
        &self,
        text: &[u8],
        open: usize,
        at_end: bool,
    ) -> Result<Option<(Field, usize, Stop)>, Fault> {
        let mut at = open + 1;
        let mut dirty = false;
        loop {
            let Some(found) = memchr(b'"', text.get(at..).unwrap_or_default()) else {
                let fault = Fault {
                    kind: FaultKind::UnclosedQuote,
                    at: open,
                };
                return if at_end { Err(fault) } else { Ok(None) };
            };
            let close = at + found;
            match text.get(close + 1) {
                Some(b'"') => {
                    dirty = true;
                    at = close + 2;
                }
                None if !at_end => return Ok(None),
                _ => {
                    let field = Field::new(open + 1, close, true, dirty);
                    let end = close + 1;
                    return match self.stop(text, end, at_end) {
                        Some(Some(stop)) => Ok(Some((field, end, stop))),
                        Some(None) => Ok(None),
                        None => Err(Fault {
                            kind: FaultKind::TextAfterClosingQuote,
                            at: end,
                        }),
                    };
                }
            }
        }
    }

    /// What stands at `at`: a stop, not yet known (`Some(None)`), or text (`None`).
    fn stop(&self, text: &[u8], at: usize, at_end: bool) -> Option<Option<Stop>> {
        match text.get(at) {
            None => Some(at_end.then_some(Stop::End)),
            Some(&byte) if byte == self.delimiter => Some(Some(Stop::Delimiter)),
            Some(b'\n') => Some(Some(Stop::LineEnd(1))),
            Some(b'\r') if self.line_end != LineEnd::Lf => match text.get(at + 1) {
                Some(b'\n') => Some(Some(Stop::LineEnd(2))),
                None if !at_end => Some(None),
                _ if self.line_end == LineEnd::Any => Some(Some(Stop::LineEnd(1))),
                _ => None,
            },
            Some(_) => None,
        }
    }

    fn bare_field(
        &self,
        text: &[u8],
        start: usize,
        at_end: bool,
    ) -> Result<Option<(Field, usize, Stop)>, Fault> {
        let Some(at) = self.find(text, start, b'"') else {
            let field = Field::new(start, text.len(), false, false);
            return Ok(at_end.then_some((field, text.len(), Stop::End)));
        };
        let field = Field::new(start, at, false, false);
        match text.get(at) {
            Some(b'"') => Err(Fault {
                kind: FaultKind::QuoteInBareField,
                at,
            }),
            Some(b'\n') => Ok(Some(self.ended_by_lf(text, start, at, false))),
            Some(b'\r') => match self.stop(text, at, at_end) {
                Some(Some(stop)) => Ok(Some((field, at, stop))),
                _ => Ok(None),
            },
            _ => Ok(Some((field, at, Stop::Delimiter))),
        }
    }

    /// The first delimiter, line break or `mark` from `at` on.
    fn find(&self, text: &[u8], at: usize, mark: u8) -> Option<usize> {
        let rest = text.get(at..).unwrap_or_default();
        if self.line_end != LineEnd::Any {
            let found = memchr3(self.delimiter, b'\n', mark, rest);
            return found.map(|found| at + found);
        }
        // Four needles: the nearer of two searches, over stretches that grow, for one of them may be nowhere near.
        let mut stretch = STRETCH_BYTES;
        loop {
            let here = rest.get(..stretch).unwrap_or(rest);
            let found = memchr3(self.delimiter, b'\n', mark, here);
            let before = here.get(..found.unwrap_or(here.len())).unwrap_or_default();
            if let Some(found) = memchr(b'\r', before).or(found) {
                return Some(at + found);
            }
            if here.len() == rest.len() {
                return None;
            }
            stretch = stretch.saturating_mul(2);
        }
    }

    fn escaped_field(&self, text: &[u8], start: usize, at_end: bool) -> Option<(Field, usize, Stop)> {
        let mut at = start;
        let mut dirty = false;
        loop {
            let found = self.find(text, at, b'\\');
            let Some(found) = found else {
                let field = Field::new(start, text.len(), false, dirty);
                return at_end.then_some((field, text.len(), Stop::End));
            };
            at = found;
            match text.get(at) {
                Some(b'\\') => {
                    dirty = true;
                    match text.get(at + 1) {
                        None if !at_end => return None,
                        None => at += 1,
                        // An escaped CRLF is one line break, unless CR is only data here.
                        Some(b'\r') if self.line_end != LineEnd::Lf => match text.get(at + 2) {
                            None if !at_end => return None,
                            Some(b'\n') => at += 3,
                            _ => at += 2,
                        },
                        Some(_) => at += 2,
                    }
                }
                Some(b'\n') => return Some(self.ended_by_lf(text, start, at, dirty)),
                Some(b'\r') => match self.stop(text, at, at_end) {
                    Some(Some(stop)) => return Some((Field::new(start, at, false, dirty), at, stop)),
                    _ => return None,
                },
                _ => return Some((Field::new(start, at, false, dirty), at, Stop::Delimiter)),
            }
        }
    }

    /// A bare or escaped field that an LF ends: the CR before it belongs to the line end where CRLF is one.
    fn ended_by_lf(&self, text: &[u8], start: usize, at: usize, dirty: bool) -> (Field, usize, Stop) {
        let cr = self.line_end != LineEnd::Lf && at > start && text.get(at - 1) == Some(&b'\r');
        let end = at - usize::from(cr);
        (
            Field::new(start, end, false, dirty),
            end,
            Stop::LineEnd(1 + usize::from(cr)),
        )
    }

    fn undo_escapes(&self, raw: &[u8], out: &mut Vec<u8>) {
        let mut rest = raw;
        while let Some(found) = memchr(b'\\', rest) {
            let (before, from) = rest.split_at(found);
            out.extend_from_slice(before);
            match from {
                [_, b'\r', b'\n', after @ ..] if self.line_end != LineEnd::Lf => {
                    out.extend_from_slice(b"\r\n");
                    rest = after;
                }
                [_, next, after @ ..] if self.escapes(*next) => {
                    out.push(*next);
                    rest = after;
                }
                [_, after @ ..] => {
                    out.push(b'\\');
                    rest = after;
                }
                [] => return,
            }
        }
        out.extend_from_slice(rest);
    }
}

/// Counts the line breaks in a text, CRLF as one.
pub fn line_breaks(text: &[u8], line_end: LineEnd) -> u64 {
    let mut count = 0;
    let mut rest = text;
    if line_end != LineEnd::Any {
        return memchr::memchr_iter(b'\n', text).count() as u64;
    }
    while let Some(found) = memchr2(b'\n', b'\r', rest) {
        count += 1;
        let crlf = rest.get(found..found + 2) == Some(b"\r\n");
        rest = rest.get(found + 1 + usize::from(crlf)..).unwrap_or_default();
    }
    count
}
