//! Rejected records and cells, as JSON lines: each can be read back with its file, record, line, column, reason and text.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::plan::{Budget, Plan};
use crate::records::Place;

/// One line of a rejects file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// Key of the source, or the file's name.
    pub file: String,
    /// Record, from 1; a header is a record.
    pub record: u64,
    /// Physical line, from 1.
    pub line: u64,
    /// Byte of the inflated text, from 0.
    pub byte: u64,
    /// The column's name in the Parquet; absent if the record is rejected whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Why, as a stable code: `fields`, `not_utf8`, or a cell's, like `not_a_number`.
    pub reason: String,
    /// What was expected.
    pub expected: String,
    /// What was found, without its text.
    pub found: String,
    /// The text as it stands in the source, quotes and escapes included for a whole record, undone for a cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// The same in base 64, where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_base64: Option<String>,
}

impl Reject {
    /// A reject at a place; `raw` becomes text where it is UTF-8, else base 64.
    pub fn new(file: &str, place: Place, column: Option<&str>, why: Why, raw: &[u8]) -> Self {
        let text = simdutf8::basic::from_utf8(raw).ok().map(str::to_owned);
        let base64 = text
            .is_none()
            .then(|| base64_simd::STANDARD.encode_to_string(raw));
        Reject {
            file: file.to_owned(),
            record: place.record,
            line: place.line,
            byte: place.byte,
            column: column.map(str::to_owned),
            reason: why.reason.to_owned(),
            expected: why.expected,
            found: why.found,
            raw: text,
            raw_base64: base64,
        }
    }
}

/// Why something is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// A stable code.
    pub reason: &'static str,
    /// What was expected.
    pub expected: String,
    /// What was found, without its text.
    pub found: String,
}

/// Writes rejects, and counts them and their bytes.
pub struct RejectWriter<'w> {
    output: &'w mut dyn Write,
    lines: u64,
    bytes: u64,
}

impl<'w> RejectWriter<'w> {
    /// A writer that has written nothing.
    pub fn new(output: &'w mut dyn Write) -> Self {
        RejectWriter {
            output,
            lines: 0,
            bytes: 0,
        }
    }

    /// Writes one line.
    pub fn write(&mut self, reject: &Reject) -> io::Result<()> {
        let mut line = serde_json::to_vec(reject)?;
        line.push(b'\n');
        self.lines += 1;
        self.bytes += line.len() as u64;
        self.output.write_all(&line)
    }

    /// Whether more were written than the plan allows. A share is only known at the end.
    pub fn is_over(&self, plan: &Plan) -> bool {
        let too_many = matches!(plan.budget, Budget::Count(count) if self.lines > count);
        too_many || self.bytes > plan.rejects_bytes_max
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Hands everything to the output.
    pub fn finish(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
