//! The part's own record in the Parquet footer, so that data and record are one atomic write.

use serde::{Deserialize, Serialize};

mod tail;

pub use tail::{FOOTER_BYTES_MAX, Footer, Tail, TailError, read};

/// The footer's key under which the record stands, as JSON.
pub const FOOTER_KEY: &str = "daymark.part";

/// The version of the record's form. It goes up when a field changes its meaning; new fields do not count.
pub const FOOTER_VERSION: u32 = 1;

/// What a Parquet file says of the part that it was made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartRecord {
    /// [`FOOTER_VERSION`].
    pub version: u32,
    /// The release of Daymark that wrote it.
    pub daymark: String,
    /// Bucket of the source; empty for a local file.
    pub source_bucket: String,
    /// Key of the source, decoded; for a local file its name.
    pub source_key: String,
    /// ETag of the source without quotes; empty for a local file.
    pub source_etag: String,
    /// Bytes of the source as stored.
    pub source_bytes: u64,
    /// Last-modified of the source, milliseconds since 1970 UTC; absent for a local file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_last_modified_ms: Option<i64>,
    /// SHA-256 of the source as stored, hex.
    pub source_sha256: String,
    /// Bytes of the source once inflated.
    pub inflated_bytes: u64,
    /// Records read, without header and empty lines.
    pub records_read: u64,
    /// Rows in this file.
    pub rows_written: u64,
    /// Records rejected whole.
    pub records_rejected: u64,
    /// Cells rejected: NULL in a row that stays.
    pub cells_rejected: u64,
    /// Empty lines, which are no records.
    pub empty_lines: u64,
    /// `quoted`, `escaped`, `undecided` or `declared`.
    pub dialect: String,
    /// The delimiter.
    pub delimiter: String,
    /// Whether record 1 was taken as header.
    pub header: bool,
    /// Fingerprint of names and types, 16 hex digits.
    pub schema: String,
    /// Fingerprint of the configuration, 16 hex digits; empty for a local file.
    pub profile: String,
    /// The part's id, 16 hex digits; empty for a local file.
    pub part_id: String,
    /// What is odd but no fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Of a record of any version.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

impl PartRecord {
    /// Reads the record as it stands in a footer.
    ///
    /// # Errors
    /// [`TailError::Newer`] where a newer release wrote it, [`TailError::Foreign`] where it is no record.
    pub fn parse(json: &str) -> Result<Self, TailError> {
        let form = |error: serde_json::Error| TailError::Foreign(format!("another form of it: {error}"));
        // Before the rest, which a newer release may have in another form.
        let Versioned { version } = serde_json::from_str(json).map_err(form)?;
        if version > FOOTER_VERSION.into() {
            return Err(TailError::Newer(version));
        }
        serde_json::from_str(json).map_err(form)
    }
}
