//! From bytes to the fields of records.
//!
//! A splitter looks at text that starts at a record and says where each field lies. It copies nothing:
//! a field with doubled quotes or escapes in it is marked, and undone when its cell is read.

mod doubled;
pub mod general;
pub mod index;
mod scan;
mod simd;
pub mod standard;

/// Where a field lies in a block's text, without the quotes around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    start_and_marks: u32,
    end: u32,
}

const QUOTED: u32 = 1 << 31;
const DIRTY: u32 = 1 << 30;

/// Blocks are shorter than this, so that positions in them leave room for the marks.
pub const BLOCK_BYTES_MAX: usize = 1 << 30;

impl Field {
    /// A field from `start` to `end`; `quoted` if quotes stood around it; `dirty` if something in it has to be undone.
    ///
    /// Positions are below [`BLOCK_BYTES_MAX`], which the block reader guarantees.
    #[inline(always)]
    pub fn new(start: usize, end: usize, quoted: bool, dirty: bool) -> Self {
        debug_assert!(start <= end && end < BLOCK_BYTES_MAX);
        let marks = (u32::from(quoted) << 31) | (u32::from(dirty) << 30);
        Field {
            start_and_marks: position(start) | marks,
            end: position(end),
        }
    }

    /// The same field of a text that starts so many bytes earlier.
    pub fn moved(self, by: usize) -> Self {
        Field::new(
            self.start() + by,
            self.end() + by,
            self.is_quoted(),
            self.is_dirty(),
        )
    }

    /// Where it starts in the block's text, behind an opening quote.
    pub fn start(self) -> usize {
        (self.start_and_marks & !(QUOTED | DIRTY)) as usize
    }

    /// Where it ends, before a closing quote.
    pub fn end(self) -> usize {
        self.end as usize
    }

    /// Where it starts and ends with the quotes around it, if there are any, of so many bytes each.
    pub fn outside(self, quote_bytes: usize) -> (usize, usize) {
        let bytes = if self.is_quoted() { quote_bytes } else { 0 };
        (self.start() - bytes, self.end() + bytes)
    }

    /// Whether quotes stood around it.
    pub fn is_quoted(self) -> bool {
        self.start_and_marks & QUOTED != 0
    }

    /// Whether something in it has to be undone.
    pub fn is_dirty(self) -> bool {
        self.start_and_marks & DIRTY != 0
    }
}

/// A position in a block, which is shorter than [`BLOCK_BYTES_MAX`].
#[inline(always)]
#[allow(clippy::cast_possible_truncation)]
fn position(at: usize) -> u32 {
    (at & (BLOCK_BYTES_MAX - 1)) as u32
}

/// What a splitter found at the start of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A record of so many bytes, line end included; its fields were pushed.
    Record {
        /// Bytes of the record.
        consumed: usize,
    },
    /// An empty line of so many bytes, line end included. (In a one-column table the caller takes it for a record.)
    EmptyLine {
        /// Bytes of the line.
        consumed: usize,
    },
    /// A comment of so many bytes, line end included.
    Comment {
        /// Bytes of the comment.
        consumed: usize,
    },
    /// The record does not end in this text, and the input goes on.
    Incomplete,
}

/// Takes the fields of a record: so many at most, as there can be as many as the record has bytes; all are counted.
struct Sink<'a> {
    fields: &'a mut Vec<Field>,
    /// How many there were before.
    first: usize,
    fields_max: usize,
    found: usize,
}

impl<'a> Sink<'a> {
    fn new(fields: &'a mut Vec<Field>, fields_max: usize) -> Self {
        Sink {
            first: fields.len(),
            fields,
            fields_max,
            found: 0,
        }
    }

    #[inline(always)]
    fn push(&mut self, field: Field) {
        if self.found < self.fields_max {
            self.fields.push(field);
        }
        self.found += 1;
    }

    /// What was read, and how many fields it has, or has so far. Of what is no whole record, none are kept.
    fn close(self, step: Result<Step, Fault>) -> (Result<Step, Fault>, usize) {
        if matches!(step, Ok(Step::Record { .. })) {
            return (step, self.found);
        }
        self.fields.truncate(self.first);
        let found = if step == Ok(Step::Incomplete) {
            self.found
        } else {
            0
        };
        (step, found)
    }
}

/// A malformation after which record boundaries are no longer known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Where, in bytes from the start of the text.
    pub at: usize,
}

/// Kinds of [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A quote inside a field that did not start with one.
    QuoteInBareField,
    /// Something other than a delimiter or line end behind a closing quote.
    TextAfterClosingQuote,
    /// The input ends inside quotes; `at` is the opening quote.
    UnclosedQuote,
}
