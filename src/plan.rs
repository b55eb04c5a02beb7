//! Everything that decides how a part is converted: what the pipeline, the schema and the encoder are told.

use crate::catalog::Table;
use crate::dialect;
use crate::limits::Limits;
use crate::types::Type;

/// Everything that decides how a part is converted. Same source, same plan: same bytes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The declared table, if the part's table is known.
    pub table: Option<Table>,
    /// What columns are typed by.
    pub typing: Typing,
    /// How columns are named.
    pub naming: Naming,
    /// What is declared of the dialect; the rest is detected.
    pub dialect: dialect::Declared,
    /// Limits on what input can grow.
    pub limits: Limits,
    /// How much may be rejected before the part is refused.
    pub budget: Budget,
    /// Bytes of rejects, as JSON lines, before the part is refused.
    pub rejects_bytes_max: u64,
    /// Compression of the Parquet pages.
    pub codec: Codec,
    /// What the footer says of the source (empty for a local file without one).
    pub provenance: Provenance,
}

/// What columns are typed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typing {
    /// The catalog's table; columns that it does not name are text.
    Catalog,
    /// Every column is text.
    Text,
    /// A list of names and types, matched to the header by name.
    List(Vec<(String, Type)>),
}

/// How columns are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Lower-cased and Athena-safe, by a rule that looks at one name only.
    Lake,
    /// The file's own; only empty or repeated ones are changed, uniquely.
    Own,
}

/// How much may be rejected before the part is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// So many rejects (records and cells together).
    Count(u64),
    /// So many rejects per hundred records read.
    Percent(f64),
}

/// Compression of the Parquet pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Zstandard at a level from 1 to 22.
    Zstd(i32),
    /// Snappy.
    Snappy,
    /// None.
    None,
}

/// What the footer says of the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Bucket of the source, or empty for a local file.
    pub bucket: String,
    /// Key of the source, decoded, or the file's name.
    pub key: String,
    /// ETag without quotes, or empty.
    pub etag: String,
    /// Size of the source as stored, in bytes.
    pub size_bytes: u64,
    /// Last-modified of the source, milliseconds since 1970 UTC; None for a local file.
    pub last_modified_ms: Option<i64>,
    /// The part's id, 16 hex digits, or empty for a local file.
    pub part_id: String,
    /// The profile, 16 hex digits, or empty for a local file.
    pub profile: String,
}
