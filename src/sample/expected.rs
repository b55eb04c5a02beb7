//! What is expected of each part: the content of `truth/expected.json`.

use serde::Serialize;

/// What is expected of one part.
#[derive(Clone, Debug, Serialize)]
pub struct ExpectedPart {
    /// Key below `landing/`.
    pub key: String,
    /// Table, as the lake names it.
    pub table: String,
    /// Day, `yyyy-MM-dd`.
    pub date: String,
    /// Size as stored.
    pub bytes: u64,
    /// SHA-256 as stored, hex.
    pub sha256: String,
    /// `gzip`, or `none` for plain CSV.
    pub compression: &'static str,
    /// Gzip members; 0 for plain CSV.
    pub members: u64,
    /// `quoted`, `escaped`, or `undecided` where nothing in the part decides.
    pub dialect: &'static str,
    /// Whether the first record is a header.
    pub header: bool,
    /// Columns in the order of the file, as the lake names them.
    pub columns: Vec<String>,
    /// Records, without header and empty lines: rows and rejected records.
    pub records: u64,
    /// Rows.
    pub rows: u64,
    /// Empty lines, which are no records.
    pub empty_lines: u64,
    /// Records rejected whole.
    pub rejected_records: Vec<RejectedRecord>,
    /// Cells that do not fit: NULL in a row that stays.
    pub rejected_cells: Vec<RejectedCell>,
    /// Why the part must be refused, or null. Its rows are not in `truth/`.
    pub refused: Option<&'static str>,
}

/// One rejected record.
#[derive(Clone, Debug, Serialize)]
pub struct RejectedRecord {
    /// Number in the part, from 1; a header is a record.
    pub record: u64,
    /// `fields` (their number) or `not_utf8`.
    pub reason: &'static str,
}

/// One rejected cell.
#[derive(Clone, Debug, Serialize)]
pub struct RejectedCell {
    /// Number in the part, from 1; a header is a record.
    pub record: u64,
    /// Column, as the lake names it.
    pub column: String,
    /// `out_of_range`, `not_an_integer`, `no_such_day`, `no_such_time`, `not_a_timestamp` or `not_a_boolean`.
    pub reason: &'static str,
}
