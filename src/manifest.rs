//! The manifest of a day: one document a revision, versioned, checksummed, the same bytes for the same day.
//!
//! `docs/manifest.schema.json` describes it. Its `content` is what the day is (tables, parts, counts, files) and follows
//! from what S3 holds; its `history` is what happened to the day and starts anew when all manifests are lost. Members
//! stand in alphabetical order, lists in the order of their keys, so that equal documents are equal bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::day::{Column, Event, Published, Remark, State};
use crate::keys::{Day, Layout};

mod ahead;
mod build;
mod forgotten;
mod latest;
mod parts;
mod progress;
mod recall;
mod symlink;
mod witness;

pub use ahead::SWEEP_MS_MAX;
pub use build::revise;
pub use forgotten::{MarkError, forgotten, parse_forgotten};
pub use latest::{latest, parse_latest};
pub use parts::{LedgerError, ledger};
pub use progress::progress;
pub use recall::recall;
pub use symlink::{NO_SYMLINK, is_symlink, linked, live_symlinks, symlink, symlinks};
pub use witness::believe;

/// The version of the document. Raised by any change of its form: an earlier release takes members that it does not know
/// for damage. Documents of earlier versions are read, and stay as they are.
pub const VERSION: u32 = 3;

/// The first version in which a revision without content says how far the day has come.
const VERSION_OF_PROGRESS: u32 = 2;

/// The first version with a checksum of `history`.
const VERSION_OF_HISTORY_SHA256: u32 = 3;

/// One revision of a day's manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// What the day is. Only revisions that publish have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// SHA-256 of `content` as it stands in the document, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_sha256: Option<String>,
    /// `yyyy-MM-dd`
    pub date: String,
    /// What happened to the day.
    pub history: History,
    /// SHA-256 of `history` as it stands in the document, hex. Since version 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_sha256: Option<String>,
    /// [`VERSION`], or that of the release that wrote it.
    pub version: u32,
}

/// What a day is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// By name.
    pub tables: BTreeMap<String, Table>,
    /// Of all tables.
    pub totals: Totals,
    /// What is odd about its parts.
    pub warnings: Vec<Remark>,
}

/// One table's share in a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Columns of all its parts, by name.
    pub columns: Vec<Column>,
    /// The day folders that its parts are from.
    pub folders: Vec<String>,
    /// By output key.
    pub parts: Vec<Part>,
    /// Of all its parts.
    pub totals: Totals,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Cells rejected.
    pub cells_rejected: u64,
    /// `quoted`, `escaped`, `undecided` or `declared`.
    pub dialect: String,
    /// The Parquet file.
    pub output: Object,
    /// The profile it was converted under, 16 hex digits.
    pub profile: String,
    /// Records read.
    pub records_read: u64,
    /// Records rejected whole.
    pub records_rejected: u64,
    /// Rows in the Parquet file.
    pub rows_written: u64,
    /// Fingerprint of its columns, 16 hex digits.
    pub schema: String,
    /// The object it was made from, as it was then.
    pub source: Source,
}

/// An object in the curated bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Bytes.
    pub bytes: u64,
    /// ETag without quotes.
    pub etag: String,
    /// Key.
    pub key: String,
}

/// An object in the landing bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Bytes as stored.
    pub bytes: u64,
    /// ETag without quotes.
    pub etag: String,
    /// Key, decoded.
    pub key: String,
    /// Last-modified, milliseconds since 1970 UTC.
    pub last_modified_ms: i64,
    /// SHA-256 of its bytes as stored, hex.
    pub sha256: String,
}

/// Sums over parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Cells rejected.
    pub cells_rejected: u64,
    /// Bytes of Parquet.
    pub output_bytes: u64,
    /// Parts.
    pub parts: u64,
    /// Records read.
    pub records_read: u64,
    /// Records rejected whole.
    pub records_rejected: u64,
    /// Rows in the Parquet files.
    pub rows_written: u64,
    /// Bytes of the sources as stored.
    pub source_bytes: u64,
}

impl Totals {
    fn add(&mut self, part: &Part) {
        let sums = [
            (&mut self.cells_rejected, part.cells_rejected),
            (&mut self.output_bytes, part.output.bytes),
            (&mut self.parts, 1),
            (&mut self.records_read, part.records_read),
            (&mut self.records_rejected, part.records_rejected),
            (&mut self.rows_written, part.rows_written),
            (&mut self.source_bytes, part.source.bytes),
        ];
        for (sum, more) in sums {
            *sum = sum.saturating_add(more);
        }
    }

    fn of<'p>(parts: impl IntoIterator<Item = &'p Part>) -> Self {
        let mut totals = Totals::default();
        for part in parts {
            totals.add(part);
        }
        totals
    }
}

/// How far a day has come, as the listings tell it: nothing of it needs a footer, so there are no rows in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Bytes of the Parquet that is there.
    pub output_bytes: u64,
    /// Parts: those that have Parquet, and those that wait for it.
    pub parts: u64,
    /// Parts that have Parquet.
    pub parts_converted: u64,
    /// Waiting parts that have a failure record of today's settings.
    pub parts_failed: u64,
    /// Listed parts whose Parquet is of other settings than today's, and that have no failure record of today's.
    pub parts_outdated: u64,
    /// Parts without Parquet, those that failed among them.
    pub parts_waiting: u64,
    /// Bytes of the sources as stored; of those that are gone, as their Parquet remembers them.
    pub source_bytes: u64,
    /// Tables with parts.
    pub tables: u64,
}

/// What happened to a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The day's last change, milliseconds since 1970 UTC.
    pub changed_ms: Option<i64>,
    /// What is odd about the day beside the days before it.
    pub comparisons: Vec<Remark>,
    /// The release of Daymark that wrote this.
    pub daymark: String,
    /// What is told with this revision, in this order.
    pub events: Vec<Event>,
    /// The day's first part, milliseconds since 1970 UTC.
    pub first_ms: Option<i64>,
    /// Outputs that hold a blocked day: they contradict each other, or what is published. Since version 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// Whether the day passed its deadline and was never complete.
    pub late: bool,
    /// Outputs that are in no publication any more.
    pub left: Vec<Left>,
    /// S3's clock when the listings began that this was decided from, milliseconds since 1970 UTC.
    pub listed_ms: i64,
    /// How far the day has come. Open, reopened and blocked days have it, since version 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The revision whose files are published: this one, an earlier one, or none.
    pub published: Option<u32>,
    /// Why the day is not complete.
    pub reasons: Vec<Remark>,
    /// This revision's number, from 1.
    pub revision: u32,
    /// Where the day stands.
    pub state: State,
}

/// An output that holds a day, with what is needed to judge it again without its footer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Its columns, by name.
    pub columns: Vec<Column>,
    /// What it is.
    pub part: Part,
}

/// An output that is in no publication any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// What it was.
    pub part: Part,
    /// Since when, milliseconds since 1970 UTC.
    pub since_ms: i64,
}

/// Why a document is none of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is no such document.
    #[error("expected a manifest, found something else: {0}")]
    Form(String),
    /// It belongs elsewhere.
    #[error("expected revision {expected_revision} of {expected_date}, found revision {revision} of {date}")]
    Place {
        /// From its key.
        expected_date: String,
        /// From its key.
        expected_revision: u32,
        /// As it says.
        date: String,
        /// As it says.
        revision: u32,
    },
    /// Its content, or its history, is not what was written.
    #[error("expected {member} with the SHA-256 {expected}, found {found}")]
    Checksum {
        /// `content` or `history`.
        member: &'static str,
        /// As it says.
        expected: String,
        /// As it is.
        found: String,
    },
    /// Its parts and their sums differ, or a member that must be there is not.
    #[error("it contradicts itself: {0}")]
    Contradiction(String),
    /// A newer release wrote it. It is sound, but this release must leave it alone.
    #[error("expected version {VERSION} at most, found {0}: a newer release of Daymark wrote it")]
    Newer(u32),
}

/// Of a document of any version.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Revision {
    /// The document's bytes: one line of JSON.
    ///
    /// # Errors
    /// Never for a document of ours; serde's word for it.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = serde_json::to_vec(self)?;
        json.push(b'\n');
        Ok(json)
    }

    /// Reads the document that stands under a revision's key.
    ///
    /// # Errors
    /// [`Damage`], where it is not what was written there.
    pub fn parse(json: &[u8], date: &Day, number: u32) -> Result<Self, Damage> {
        let form = |error: serde_json::Error| Damage::Form(error.to_string());
        let Versioned { version } = serde_json::from_slice(json).map_err(form)?;
        if version > VERSION {
            return Err(Damage::Newer(version));
        }
        let revision: Revision = serde_json::from_slice(json).map_err(form)?;
        if revision.date != date.as_str() || revision.history.revision != number {
            return Err(Damage::Place {
                expected_date: date.to_string(),
                expected_revision: number,
                date: revision.date,
                revision: revision.history.revision,
            });
        }
        revision.check()?;
        Ok(revision)
    }

    /// Reads `manifest.json`, which is a copy of some revision.
    ///
    /// # Errors
    /// [`Damage`], where it is none of this day's.
    pub fn parse_copy(json: &[u8], date: &Day) -> Result<Self, Damage> {
        #[derive(Deserialize)]
        struct Numbered {
            history: Number,
        }
        #[derive(Deserialize)]
        struct Number {
            revision: u32,
        }
        // Where it says no number, reading it as the first revision says what else is wrong with it.
        let number = serde_json::from_slice(json).map_or(1, |Numbered { history }| history.revision);
        Revision::parse(json, date, number)
    }

    fn check(&self) -> Result<(), Damage> {
        let contradiction = |what: &str| Err(Damage::Contradiction(what.to_owned()));
        if self.content.is_some() != self.history.state.publishes() {
            return contradiction("only a complete or archived day has content");
        }
        let is_under_way = self.history.state.is_under_way() && self.version >= VERSION_OF_PROGRESS;
        if self.history.progress.is_some() != is_under_way {
            return contradiction("an open, reopened or blocked day, and no other, says how far it has come");
        }
        if !self.history.held.is_empty() && self.history.state != State::Blocked {
            return contradiction("nothing but a blocked day is held");
        }
        let number = self.history.revision;
        let is_published = match self.history.published {
            Some(published) if self.history.state.publishes() => published == number,
            // Earlier releases wrote 0 where the number was lost.
            Some(0) => self.version < VERSION_OF_HISTORY_SHA256,
            Some(published) => published < number,
            None => !self.history.state.publishes(),
        };
        if !is_published {
            return contradiction(
                "a complete or archived day publishes itself, any other an earlier revision or none",
            );
        }
        if self.version >= VERSION_OF_HISTORY_SHA256 {
            same("history", self.history_sha256.as_deref(), &self.history)?;
        } else if self.history_sha256.is_some() {
            return contradiction("its version has no checksum of the history");
        }
        let Some(content) = &self.content else {
            return match self.content_sha256 {
                Some(_) => contradiction("it has a checksum of a content, and no content"),
                None => Ok(()),
            };
        };
        same("content", self.content_sha256.as_deref(), content)?;
        let sums = content
            .tables
            .values()
            .all(|table| table.totals == Totals::of(&table.parts));
        let parts = content.tables.values().flat_map(|table| &table.parts);
        if !sums || content.totals != Totals::of(parts) {
            return contradiction("its totals are not the sums of its parts");
        }
        Ok(())
    }

    /// Which outputs this revision publishes.
    pub fn outputs(&self, layout: &Layout) -> Option<Published> {
        let content = self.content.as_ref()?;
        let ids = |table: &Table| -> BTreeSet<_> {
            let keys = table.parts.iter().map(|part| &part.output.key);
            keys.filter_map(|key| layout.parse_output(key))
                .map(|(_, id)| id)
                .collect()
        };
        let tables = content.tables.iter();
        Some(Published {
            listed_ms: self.history.listed_ms,
            outputs: tables.map(|(name, table)| (name.clone(), ids(table))).collect(),
        })
    }
}

impl Content {
    /// SHA-256 of the content as it stands in the document, hex.
    ///
    /// # Errors
    /// Never for a document of ours; serde's word for it.
    pub fn sha256(&self) -> Result<String, serde_json::Error> {
        sha256_of(self)
    }
}

impl History {
    /// SHA-256 of the history as it stands in the document, hex.
    ///
    /// # Errors
    /// Never for a document of ours; serde's word for it.
    pub fn sha256(&self) -> Result<String, serde_json::Error> {
        sha256_of(self)
    }
}

/// Whether a member of a document is what was written.
fn same(member: &'static str, expected: Option<&str>, is: &impl Serialize) -> Result<(), Damage> {
    let found = sha256_of(is).map_err(|error| Damage::Form(error.to_string()))?;
    if expected == Some(&*found) {
        return Ok(());
    }
    Err(Damage::Checksum {
        member,
        expected: expected.unwrap_or("none").to_owned(),
        found,
    })
}

/// SHA-256 of a member as it stands in the document, hex. It may be large, so it is not held in memory.
fn sha256_of(member: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut hash = Sha256::new();
    serde_json::to_writer(HashWriter(&mut hash), member)?;
    Ok(hex(&hash.finalize()))
}

/// What `manifest.json.sha256` says, for `sha256sum --check`, of a manifest with this SHA-256, hex.
pub fn checksum(sha256: &str) -> String {
    format!("{sha256}  manifest.json\n")
}

/// SHA-256 of some bytes, hex, as `sha256sum` prints it.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct HashWriter<'h>(&'h mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
