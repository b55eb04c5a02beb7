//! What is known of a day: what the listings show, what the footers say, what was sent again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::keys::Day;
use crate::part::PartId;

/// What the listings show of one day: the curated ones first, then the landing ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The day.
    pub date: Day,
    /// S3's own clock from before the listings, milliseconds since 1970 UTC.
    pub now_ms: i64,
    /// By table.
    pub tables: BTreeMap<String, TableSeen>,
    /// Whether somebody asked to forget the day.
    pub forgotten: bool,
}

/// What the listings show of one table's day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSeen {
    /// The profile that the table is converted under today.
    pub profile: String,
    /// Objects in the landing bucket.
    pub sources: Vec<SourceSeen>,
    /// Parquet files.
    pub outputs: Vec<OutputSeen>,
    /// Failure records.
    pub failures: Vec<FailureSeen>,
}

/// A part in the landing bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSeen {
    /// Key, decoded.
    pub key: String,
    /// The key up to and including its day folder.
    pub folder: Arc<str>,
    /// What its outputs are called.
    pub stem: String,
    /// The id that it is converted under today.
    pub id: PartId,
    /// ETag without quotes.
    pub etag: String,
    /// Bytes as stored.
    pub size_bytes: u64,
    /// Last-modified, milliseconds since 1970 UTC.
    pub last_modified_ms: i64,
}

/// A Parquet file in the curated bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputSeen {
    /// What its source is called.
    pub stem: String,
    /// The id that it was converted under.
    pub id: PartId,
    /// ETag without quotes.
    pub etag: String,
    /// Bytes.
    pub size_bytes: u64,
    /// Last-modified, milliseconds since 1970 UTC.
    pub last_modified_ms: i64,
}

/// A failure record in the curated bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureSeen {
    /// Key in the curated bucket.
    pub key: String,
    /// What its source is called.
    pub stem: String,
    /// The id that could not be converted.
    pub id: PartId,
    /// Last-modified, milliseconds since 1970 UTC.
    pub last_modified_ms: i64,
}

/// What an output's footer says of it. It never changes, because the output never does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Key of the source.
    pub source_key: String,
    /// The source's key up to and including its day folder.
    pub folder: Arc<str>,
    /// Where today's settings put the source, `table=…/date=…`. None: they do not read its key.
    pub home: Option<Arc<str>>,
    /// ETag of the source without quotes.
    pub source_etag: String,
    /// Bytes of the source as stored.
    pub source_bytes: u64,
    /// Last-modified of the source when it was converted, milliseconds since 1970 UTC.
    pub source_last_modified_ms: i64,
    /// SHA-256 of the source as stored, hex.
    pub source_sha256: String,
    /// Records read.
    pub records_read: u64,
    /// Rows in the Parquet.
    pub rows_written: u64,
    /// Records rejected whole.
    pub records_rejected: u64,
    /// Cells rejected.
    pub cells_rejected: u64,
    /// `quoted`, `escaped`, `undecided` or `declared`.
    pub dialect: Arc<str>,
    /// The profile it was converted under.
    pub profile: Arc<str>,
    /// Fingerprint of its columns, a key of [`Known::schemas`].
    pub schema: Arc<str>,
}

/// An output's footer as far as it can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Footer {
    /// It says what it has to.
    Sound(Box<Facts>),
    /// It is no Parquet file of ours, or not the one that its key names: why.
    Damaged(String),
}

/// A column, as its Parquet schema has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name in the lake.
    pub name: String,
    /// Type as Athena writes it, such as `bigint` or `timestamp`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// How often a part was sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Attempts before the last one.
    pub counted: u32,
    /// When it was sent last, by S3's clock, milliseconds since 1970 UTC.
    pub last_ms: i64,
}

/// The last revision that put a day's files into the publication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// S3's clock when its listings began, milliseconds since 1970 UTC.
    pub listed_ms: i64,
    /// The outputs that it names, by table.
    pub outputs: BTreeMap<String, BTreeSet<PartId>>,
}

/// That the newest revision took the day out of the publication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpublished {
    /// S3's clock when that revision's listings began, milliseconds since 1970 UTC.
    pub listed_ms: i64,
    /// What had been published until then.
    pub published: Option<Published>,
}

/// What was known of the day before its listings were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Footers that were read, now or for an earlier revision.
    pub footers: HashMap<PartId, Footer>,
    /// Columns by fingerprint, those of every sound footer; a footer without them is asked for again.
    pub schemas: BTreeMap<Arc<str>, Vec<Column>>,
    /// The last revision that is, or was, published.
    pub published: Option<Published>,
    /// That the newest revision took the day out of the publication.
    pub unpublished: Option<Unpublished>,
    /// Table and stem that the published revision has of outputs, of those at least that are there more than once.
    pub published_at: HashMap<PartId, (String, String)>,
    /// Whether the day was ever published, whatever became of it.
    pub was_published: bool,
    /// Outputs whose objects are others than the revision has that names them, and where they cannot be what was published
    /// and their sources are there to convert again, why not.
    pub changed: HashMap<PartId, Option<String>>,
    /// State and lateness of the newest revision.
    pub newest: Option<(super::State, bool)>,
    /// Why the newest revision is blocked, as [`standing`](super::standing) has it.
    pub newest_reasons: Vec<String>,
    /// Outputs that held the newest revision, of which the footers and the columns are known as long as they are what they were.
    pub held: BTreeSet<PartId>,
    /// Reasons of the newest revision that the Glue catalog can take back alone, as [`of_catalog`](super::of_catalog) finds them.
    pub held_by_catalog: Vec<super::Remark>,
    /// Whether the catalog could not be asked, so that nobody knows whether those still hold.
    pub is_catalog_unknown: bool,
    /// Outputs that left the publication, with the time; milliseconds since 1970 UTC.
    pub left: HashMap<PartId, i64>,
    /// What was sent again, by id.
    pub sent: HashMap<PartId, Sent>,
    /// When the queue was seen empty last, by S3's clock, milliseconds since 1970 UTC.
    pub drained_ms: Option<i64>,
    /// Tables of the complete day before this one.
    pub tables_before: BTreeSet<String>,
    /// Rows of the last complete days before this one, by table.
    pub rows_before: BTreeMap<String, Vec<u64>>,
    /// Types of columns that were ever published, by table and column.
    pub types_before: BTreeMap<String, BTreeMap<String, String>>,
    /// Types of columns that the Glue catalog has, by table and column.
    pub types_cataloged: BTreeMap<String, BTreeMap<String, String>>,
    /// Texts that many footers have in common, once.
    pub texts: BTreeSet<Arc<str>>,
}

impl Known {
    /// A text that other footers have too, once.
    pub fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(shared) = self.texts.get(text) {
            return Arc::clone(shared);
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&shared));
        shared
    }

    /// What is published; of a day that was taken out and is wanted again, what was: deletion alone takes nothing out of it.
    pub(super) fn last_published(&self) -> Option<&Published> {
        let before = self.unpublished.as_ref().and_then(|it| it.published.as_ref());
        self.published.as_ref().or(before)
    }

    /// Since when an output is out of the publication, unless it is so only because its whole day was taken out.
    pub(super) fn left_alone(&self, id: &PartId) -> Option<i64> {
        let since_ms = self.left.get(id).copied();
        let of_day_ms = self.unpublished.as_ref().map(|it| it.listed_ms);
        since_ms.filter(|since_ms| of_day_ms.is_none_or(|of_day_ms| *since_ms < of_day_ms))
    }
}
