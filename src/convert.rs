//! The pipeline of one part: bytes → records → columns → Parquet, on plain readers and writers.

mod bounds;
mod decided;
mod error;
mod filling;
mod head;
mod rejecting;
mod run;

use std::io::{Read, Write};

pub use crate::evidence::Decision;
pub use crate::plan::{Budget, Codec, Naming, Plan, Provenance, Typing};
pub use error::{ConvertError, Refusal};

/// What became of a part. `records_read = rows_written + records_rejected`, checked before it is returned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Records read, without the header and empty lines.
    pub records_read: u64,
    /// Rows in the Parquet.
    pub rows_written: u64,
    /// Records rejected whole.
    pub records_rejected: u64,
    /// Cells that did not fit their type: NULL in a row that stays.
    pub cells_rejected: u64,
    /// Empty lines, which are no records.
    pub empty_lines: u64,
    /// Bytes of the source as stored.
    pub source_bytes: u64,
    /// Bytes of the source once inflated.
    pub inflated_bytes: u64,
    /// Bytes of the Parquet.
    pub output_bytes: u64,
    /// SHA-256 of the source as stored, hex.
    pub source_sha256: String,
    /// The dialect that was found, as the footer names it.
    pub dialect: String,
    /// Which dialect was read and why; None before the end.
    pub decision: Option<Decision>,
    /// The delimiter.
    pub delimiter: String,
    /// Whether record 1 was taken as header.
    pub header: bool,
    /// What bytes meant, by the encoding's name in the WHATWG standard.
    pub encoding: &'static str,
    /// Gzip members; 0 for a plain source.
    pub gzip_members: u64,
    /// Fingerprint of names and types, hex.
    pub schema_fingerprint: String,
    /// Records rejected that have one field too many, an empty one behind a delimiter at their end.
    pub records_ending_in_delimiter: u64,
    /// Where and why the first record or cell was rejected, in words, without its text.
    pub first_reject: Option<String>,
    /// What is odd but no fault, in words, without cell values.
    pub warnings: Vec<String>,
    /// Which splitter ran: `avx512`, `avx2`, `neon`, `scalar`, or `general` for a declared dialect.
    pub splitter: &'static str,
}

/// What the pipeline is doing, for whoever measures it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Waiting for the source, inflating and transcoding it.
    Read,
    /// Finding records.
    Split,
    /// Reading cells.
    Columns,
    /// Encoding and compressing Parquet, and handing it to the output.
    Encode,
}

/// Whoever measures or watches. The core has no clock of its own.
pub trait Observer {
    /// A stage begins; the one before it ends.
    fn enter(&mut self, _stage: Stage) {}
    /// So many bytes of the source are consumed so far.
    fn consumed(&mut self, _source_bytes: u64) {}
}

/// An observer that does nothing.
pub struct Unobserved;
impl Observer for Unobserved {}

/// How one pass over a part ended.
#[derive(Debug)]
pub enum Pass {
    /// Converted.
    Done(Box<Report>),
    /// A late record decided the dialect otherwise than the pass had read so far: throw the outputs of this pass away,
    /// open source and outputs anew, and call again with this decision. It happens at most three times.
    Again(Decision),
}

/// Runs one pass over a part: reads `source` to its end, writes Parquet to `output` and rejects, as JSON lines, to `rejects`.
///
/// `decision` is None on the first pass, and what [`Pass::Again`] said on the next.
pub fn pass(
    source: &mut dyn Read,
    output: &mut (dyn Write + Send),
    rejects: &mut dyn Write,
    plan: &Plan,
    decision: Option<Decision>,
    observer: &mut dyn Observer,
) -> Result<Pass, ConvertError> {
    run::pass(source, output, rejects, plan, decision, observer)
}
