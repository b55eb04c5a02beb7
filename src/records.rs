//! The text of a part as a window of whole records, with the place of each.

use std::fmt;
use std::io::{self, Read};

use crate::split::general::General;
use crate::split::index::{OddKind, Rows};
use crate::split::standard::{LineEnd, line_breaks};
use crate::split::{BLOCK_BYTES_MAX, Field};

/// A place in a part's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Record, from 1; a header is a record, an empty line or a comment is none.
    pub record: u64,
    /// Physical line, from 1: a field may have several.
    pub line: u64,
    /// Byte of the inflated text, from 0, with a byte order mark; in another encoding than UTF-8, of the text as UTF-8, without
    /// one.
    pub byte: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "record {}, line {}, byte {}",
            self.record, self.line, self.byte
        )
    }
}

/// Bytes of text in the window. It grows only for a record that is longer, and not for what comes behind it: all that is kept
/// of a block, its bad cells for one, is bounded by it.
pub const WINDOW_BYTES: usize = 256 << 10;

/// A window that moves over a text. It starts at a record, and is always filled to its end, so that what is made of it
/// does not depend on how the source hands its bytes over.
#[derive(Debug)]
pub struct Window<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    /// What was read, which may be more than the window shows.
    end: usize,
    source_ended: bool,
    size: usize,
    /// Its size where no record is longer.
    size_at_first: usize,
    /// Whether it has moved since it was filled.
    moved: bool,
    /// The place of the window's first byte.
    place: Place,
    text_bytes: u64,
}

impl<R: Read> Window<R> {
    /// A window over `source`, which yields UTF-8 text (or what is meant to be).
    pub fn new(source: R, size: usize) -> Self {
        let place = Place {
            record: 1,
            line: 1,
            byte: 0,
        };
        Window {
            source,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            source_ended: false,
            size,
            size_at_first: size,
            moved: false,
            place,
            text_bytes: 0,
        }
    }

    /// The text in the window.
    pub fn text(&self) -> &[u8] {
        let end = self.end.min(self.start.saturating_add(self.size));
        self.buffer.get(self.start..end).unwrap_or_default()
    }

    /// Whether the window reaches to the text's end.
    pub fn at_end(&self) -> bool {
        self.source_ended && self.end - self.start <= self.size
    }

    /// The place of the window's first byte.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Says at which byte the text begins, before the window has moved.
    pub fn begin_at(&mut self, byte: u64) {
        self.place.byte = byte;
    }

    /// Bytes of text read so far.
    pub fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    /// The source.
    pub fn source(&self) -> &R {
        &self.source
    }

    /// Moves what is left to the front and fills the window up. One that had grown for a record has its size again behind it.
    pub fn fill(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.moved) {
            self.size = self.size_at_first;
        }
        if self.end - self.start >= self.size {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.buffer.resize(self.size, 0);
        // A long record's memory.
        self.buffer.shrink_to(self.size);
        while !self.source_ended && self.end < self.buffer.len() {
            match self
                .source
                .read(self.buffer.get_mut(self.end..).unwrap_or_default())
            {
                Ok(0) => self.source_ended = true,
                Ok(bytes) => {
                    self.end += bytes;
                    self.text_bytes += bytes as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether no more text has room in it.
    pub fn is_full(&self) -> bool {
        self.text().len() >= self.size
    }

    /// Whether it is smaller than so many bytes.
    pub fn can_grow(&self, most: usize) -> bool {
        self.size < most.min(BLOCK_BYTES_MAX - 1)
    }

    /// Doubles the window, up to `most` bytes. False if it has that size.
    pub fn grow(&mut self, most: usize) -> bool {
        if !self.can_grow(most) {
            return false;
        }
        self.size = self.size.saturating_mul(2).min(most).min(BLOCK_BYTES_MAX - 1);
        // It is for what the window starts with now.
        self.moved = false;
        true
    }

    /// Moves the window's start behind `bytes`, which hold `records` records.
    pub fn consume(&mut self, bytes: usize, records: u64, lines: Lines<'_>) {
        let gone = self.text().get(..bytes).unwrap_or(self.text());
        self.pass(bytes, records, lines.count(gone));
    }

    /// The same, where the line breaks in them were counted before.
    pub fn pass(&mut self, bytes: usize, records: u64, line_breaks: u64) {
        let bytes = bytes.min(self.end - self.start);
        self.moved |= bytes > 0;
        self.place.line += line_breaks;
        self.place.byte += bytes as u64;
        self.place.record += records;
        self.start += bytes;
    }
}

/// What ends a physical line, for counting them.
#[derive(Clone, Copy, Debug)]
pub enum Lines<'a> {
    /// What a first-class dialect says.
    Standard(LineEnd),
    /// What a declared dialect says.
    General(&'a General),
}

impl Lines<'_> {
    fn count(self, text: &[u8]) -> u64 {
        #[cfg(test)]
        work::add(text.len());
        match self {
            Lines::Standard(line_end) => line_breaks(text, line_end),
            Lines::General(general) => general.line_breaks(text),
        }
    }
}

/// Some whole records of a part: the good ones as rows of fields, the others by their places.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// The text that fields point into.
    pub text: &'a [u8],
    /// Rows, and what gives none.
    pub rows: &'a Rows,
    /// Fields of a row.
    pub columns: usize,
    /// The place of the text's first byte.
    pub place: Place,
    /// What ends a line.
    pub lines: Lines<'a>,
    /// Bytes of a quote.
    pub quote_bytes: usize,
}

impl<'a> Block<'a> {
    /// Rows of the block.
    pub fn row_count(&self) -> usize {
        self.rows.fields.len() / self.columns.max(1)
    }

    /// Records of the block: rows, and what was no row but a record.
    pub fn record_count(&self) -> u64 {
        let odd = self.rows.odd.iter().filter(|odd| odd.is_record()).count();
        (self.row_count() + odd) as u64
    }

    /// The bytes of a field as read. None if the field is not of this block.
    #[inline(always)]
    pub fn raw(&self, field: Field) -> Option<&'a [u8]> {
        self.text.get(field.start()..field.end())
    }

    /// Where a field starts, its opening quote included.
    pub fn start_of(&self, field: Field) -> usize {
        field.outside(self.quote_bytes).0
    }

    /// Records of the block that start before `at`.
    pub fn records_before(&self, at: usize) -> u64 {
        let fields = self.rows.fields.partition_point(|field| field.start() < at);
        let odd = self
            .rows
            .odd
            .iter()
            .filter(|odd| odd.start < at && odd.is_record());
        (fields.div_ceil(self.columns.max(1)) + odd.count()) as u64
    }

    /// Whether a record of two bytes or more starts at `at`, with a quote or without.
    pub fn begins_record(&self, at: usize) -> bool {
        self.records_before(at + 2) > self.records_before(at)
    }

    /// The places of bytes that are asked for from the block's start on.
    pub fn places(&self) -> Places<'a> {
        Places {
            block: *self,
            at: 0,
            line: self.place.line,
        }
    }

    /// The place of the `index`th of the block's odd records.
    pub fn place_of_odd(&self, index: usize) -> Place {
        let Some(odd) = self.rows.odd.get(index) else {
            return self.place;
        };
        let odd_before = self
            .rows
            .odd
            .iter()
            .take(index)
            .filter(|odd| odd.is_record())
            .count();
        self.place_at(odd.start, (odd.row + odd_before) as u64)
    }

    /// The longest record and the longest field, in bytes without the line end, each with its start.
    pub fn longest(&self) -> Longest {
        let mut longest = Longest::default();
        let mut take = |start: usize, end: usize| {
            if end - start > longest.record_bytes {
                longest.record_bytes = end - start;
                longest.record_start = start;
            }
        };
        for fields in self.rows.fields.chunks_exact(self.columns.max(1)) {
            if let (Some(first), Some(last)) = (fields.first(), fields.last()) {
                take(
                    first.outside(self.quote_bytes).0,
                    last.outside(self.quote_bytes).1,
                );
            }
        }
        for odd in &self.rows.odd {
            let record = self.text.get(odd.start..odd.end).unwrap_or_default();
            let line = record.strip_suffix(b"\n").unwrap_or(record);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            take(odd.start, odd.start + line.len());
        }
        for field in &self.rows.fields {
            if field.end() - field.start() > longest.field_bytes {
                longest.field_bytes = field.end() - field.start();
                longest.field_start = field.start();
            }
        }
        longest
    }

    /// The place of a byte of the text, `records` records behind its start.
    pub fn place_at(&self, at: usize, records: u64) -> Place {
        let before = self.text.get(..at).unwrap_or(self.text);
        Place {
            record: self.place.record + records,
            line: self.place.line + self.lines.count(before),
            byte: self.place.byte + at as u64,
        }
    }
}

/// Places in a block, one behind the other: each counts lines from the last one on, so that many take no longer than one.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    block: Block<'a>,
    at: usize,
    line: u64,
}

impl Places<'_> {
    /// The place of a byte of the text, `records` records behind its start.
    pub fn place_at(&mut self, at: usize, records: u64) -> Place {
        let Some(between) = self.block.text.get(self.at..at) else {
            return self.block.place_at(at, records);
        };
        self.line += self.block.lines.count(between);
        self.at = at;
        Place {
            record: self.block.place.record + records,
            line: self.line,
            byte: self.block.place.byte + at as u64,
        }
    }
}

impl Rows {
    /// Takes the rows out that are not UTF-8, given that the text as a whole is not. Its quotes have so many bytes.
    pub fn reject_not_utf8(&mut self, text: &[u8], columns: usize, quote_bytes: usize) {
        let columns = columns.max(1);
        let mut kept = Vec::with_capacity(self.fields.len());
        let mut odd = self.odd.drain(..).peekable();
        let mut odd_kept = Vec::new();
        for (row, fields) in self.fields.chunks_exact(columns).enumerate() {
            while let Some(mut one) = odd.next_if(|odd| odd.row <= row) {
                one.row = kept.len() / columns;
                odd_kept.push(one);
            }
            let start = fields.first().map_or(0, |first| first.outside(quote_bytes).0);
            let end = fields.last().map_or(0, |last| last.outside(quote_bytes).1);
            if simdutf8::basic::from_utf8(text.get(start..end).unwrap_or_default()).is_ok() {
                kept.extend_from_slice(fields);
            } else {
                let row = kept.len() / columns;
                odd_kept.push(crate::split::index::Odd {
                    row,
                    start,
                    end,
                    kind: OddKind::NotUtf8,
                });
            }
        }
        for mut one in odd {
            one.row = kept.len() / columns;
            odd_kept.push(one);
        }
        self.fields = kept;
        self.odd = odd_kept;
    }
}

/// The longest record and field of some rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Longest {
    /// Bytes of the longest record.
    pub record_bytes: usize,
    /// Where it starts.
    pub record_start: usize,
    /// Bytes of the longest field.
    pub field_bytes: usize,
    /// Where it starts.
    pub field_start: usize,
}

/// Bytes that a thread has looked at more than to split them, for tests that count its work.
#[cfg(test)]
pub(crate) mod work {
    use std::cell::Cell;

    thread_local! {
        static BYTES: Cell<usize> = const { Cell::new(0) };
    }

    /// So many more.
    pub fn add(bytes: usize) {
        BYTES.set(BYTES.get() + bytes);
    }

    /// All since this was asked last.
    pub fn take() -> usize {
        BYTES.take()
    }
}
