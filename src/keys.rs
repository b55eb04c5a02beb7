//! The grammar of keys: from a source key to table, date and stem, to the output key, and back.
//!
//! A source key below the landing prefix is `folders/file`. One of the folders (or three: `2026/11/23`) is the day
//! folder, one is the table folder; what other folders there are, and how day and table are spelled, is kept in the
//! stem, so that no two source keys share (table, date, stem).
//!
//! **The day folder** is the first that reads as a day. HubSpot documents no spelling, so many are read: `2026-11-23`,
//! `20261123` or the three folders `2026/11/23`, with or without `date=`, `dt=` or `day=` in front (or
//! `year=2026/month=11/day=23`), and with or without a time behind the date: `2026-11-23T04:05:06Z`,
//! `2026-11-23_04-05`, `2026-11-23 04`, `20261123040506`, `2026/11/23T04`. [`Layout::with_day_pattern`] replaces them all.
//!
//! **The table folder** is the first known table's below the day folder; where none is known, the first folder below
//! it that does not read as a time; where there is none, the known table's nearest above it.

use std::fmt;

use regex_lite::Regex;

use crate::names;
use crate::part::PartId;

mod day;
mod daybook;
mod other;
mod place;
mod stem;

pub use day::Day;
pub use daybook::{Leaf, Link, PARTS_TABLE, REVISION_MAX};
pub use other::can_be;
pub use place::{LayoutError, PREFIX_BYTES_MAX, Place};
pub use stem::STEM_BYTES_MAX;

/// The tables of HubSpot's sync (<https://knowledge.hubspot.com/integrations/connect-hubspot-and-aws-s3>), beside
/// `EVENTS_` and an event's name.
const HUBSPOT_TABLES: [&str; 15] = [
    "associations",
    "association_definitions",
    "lists",
    "list_memberships",
    "objects",
    "object_and_event_type_definitions",
    "object_properties",
    "object_properties_history",
    "object_with_object_properties",
    "owners",
    "owner_team",
    "pipelines",
    "pipeline_stages",
    "property_definitions",
    "teams",
];

/// Where a source object belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartKey {
    /// Lower-cased, Athena-safe name of the table folder.
    pub table: String,
    /// The day of the day folder.
    pub date: Day,
    /// Flat, injective, starts alphanumeric.
    pub stem: String,
}

/// Why a key asks for no conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    /// The object is in another bucket.
    #[error("not in the landing bucket")]
    OtherBucket,
    /// The key is not under the landing prefix.
    #[error("outside the landing prefix")]
    OutsideLanding,
    /// The key is one of Daymark's own.
    #[error("under the curated prefix")]
    Curated,
    /// A placeholder object that stands for a folder: the key ends with `/` or `_$folder$`.
    #[error("a folder's placeholder")]
    Folder,
    /// A marker, such as `_SUCCESS`: the file's name starts with `_` or `.`, as of files that Athena hides.
    #[error("a marker or hidden file: its name starts with _ or .")]
    Hidden,
    /// No folder, or no match of the pattern, is a day from 2000 to 2199.
    #[error("no day folder, such as 2026-11-23, below the landing prefix")]
    NoDay,
    /// No folder can be the table's.
    #[error("no table folder below the day folder, and no known table's above it")]
    NoTable,
}

/// What an object under the curated prefix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The Parquet copy.
    Parquet,
    /// Rejected records and cells.
    Rejects,
    /// A failure record.
    Failure,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Parquet, Kind::Rejects, Kind::Failure];

    /// Folder under the curated prefix, and extension.
    fn form(self) -> (&'static str, &'static str) {
        match self {
            Kind::Parquet => ("", ".parquet"),
            Kind::Rejects => ("rejected/", ".jsonl"),
            Kind::Failure => ("failed/", ".json"),
        }
    }
}

/// Where parts come from and go to.
#[derive(Clone, Debug)]
pub struct Layout {
    landing: Place,
    curated: Place,
    day_pattern: Option<Regex>,
    /// Lower-cased, beside HubSpot's own.
    tables: Vec<String>,
}

impl Layout {
    /// Parts come from `landing` and go to `curated`.
    ///
    /// # Errors
    /// [`LayoutError::Nested`] if one place is inside the other, so that outputs would be taken for parts.
    pub fn new(landing: Place, curated: Place) -> Result<Self, LayoutError> {
        let nested =
            landing.prefix().starts_with(curated.prefix()) || curated.prefix().starts_with(landing.prefix());
        if landing.bucket() == curated.bucket() && nested {
            return Err(LayoutError::Nested { landing, curated });
        }
        Ok(Layout {
            landing,
            curated,
            day_pattern: None,
            tables: Vec::new(),
        })
    }

    /// Finds the day by a pattern instead of by its known spellings.
    ///
    /// The pattern is searched in the key below the landing prefix. It has a group `date` (eight digits as `yyyyMMdd`,
    /// whatever is between them), or the groups `year`, `month` and `day`. The first match that is a day counts, and the
    /// folders that it touches are the day folder.
    ///
    /// # Errors
    /// [`LayoutError::Pattern`] if it is no regular expression, [`LayoutError::Groups`] if it lacks the groups.
    pub fn with_day_pattern(mut self, pattern: &str) -> Result<Self, LayoutError> {
        self.day_pattern = Some(day::pattern(pattern)?);
        Ok(self)
    }

    /// Whether a pattern can find days.
    ///
    /// # Errors
    /// As [`Layout::with_day_pattern`].
    pub fn check_day_pattern(pattern: &str) -> Result<(), LayoutError> {
        day::pattern(pattern).map(drop)
    }

    /// Knows these tables beside HubSpot's own, by their folders' names in any case.
    #[must_use]
    pub fn with_tables<N: AsRef<str>>(mut self, tables: impl IntoIterator<Item = N>) -> Self {
        self.tables
            .extend(tables.into_iter().map(|name| name.as_ref().to_lowercase()));
        self
    }

    /// Where parts come from.
    pub fn landing(&self) -> &Place {
        &self.landing
    }

    /// Where outputs go.
    pub fn curated(&self) -> &Place {
        &self.curated
    }

    /// Whether a pattern of the user's finds the days.
    pub fn has_day_pattern(&self) -> bool {
        self.day_pattern.is_some()
    }

    /// Whether a key or folder of the landing bucket is Daymark's own.
    pub fn is_curated(&self, key: &str) -> bool {
        self.landing.bucket() == self.curated.bucket() && key.starts_with(self.curated.prefix())
    }

    /// The day of a folder of the landing bucket, if its last name makes it a day folder: all parts below are of that day.
    /// `folder` ends with `/`. None where a pattern finds the days.
    pub fn day_of_folder(&self, folder: &str) -> Option<Day> {
        let path = folder.strip_prefix(self.landing.prefix())?.strip_suffix('/')?;
        let folders: Vec<&str> = path.split('/').collect();
        let (day, range) = day::find(&folders).filter(|_| self.day_pattern.is_none())?;
        (range.end == folders.len()).then_some(day)
    }

    /// Reads a source key of any bucket.
    ///
    /// # Errors
    /// [`Skip`] says why the object is no part.
    pub fn source_in(&self, bucket: &str, key: &str) -> Result<PartKey, Skip> {
        if bucket == self.curated.bucket() && key.starts_with(self.curated.prefix()) {
            return Err(Skip::Curated);
        }
        if bucket != self.landing.bucket() {
            return Err(Skip::OtherBucket);
        }
        self.source(key)
    }

    /// Reads a source key of the landing bucket.
    ///
    /// # Errors
    /// [`Skip`] says why the object is no part.
    pub fn source(&self, key: &str) -> Result<PartKey, Skip> {
        self.source_and_folder(key).map(|(part, _)| part)
    }

    /// Reads a source key of the landing bucket, and how far the key leads to its day folder, that folder included: the
    /// unit in which a day is synced. Where a pattern finds the day in the file's name, it is the folder of the file. It
    /// ends with `/`, or is empty.
    ///
    /// # Errors
    /// [`Skip`] says why the object is no part.
    pub fn source_and_folder<'k>(&self, key: &'k str) -> Result<(PartKey, &'k str), Skip> {
        if self.landing.bucket() == self.curated.bucket() && key.starts_with(self.curated.prefix()) {
            return Err(Skip::Curated);
        }
        let path = key
            .strip_prefix(self.landing.prefix())
            .ok_or(Skip::OutsideLanding)?;
        if path.is_empty() || path.ends_with('/') || path.ends_with("_$folder$") {
            return Err(Skip::Folder);
        }
        let mut folders: Vec<&str> = path.split('/').collect();
        let file = folders.pop().unwrap_or_default();
        if file.starts_with(['_', '.']) {
            return Err(Skip::Hidden);
        }
        let found = match &self.day_pattern {
            Some(pattern) => day::find_by_pattern(pattern, path),
            None => day::find(&folders),
        };
        let (date, day_folder) = found.ok_or(Skip::NoDay)?;
        let above = folders.get(..day_folder.start).unwrap_or_default();
        let below = folders.get(day_folder.end..).unwrap_or_default();
        let folder = self.table_folder(above, below).ok_or(Skip::NoTable)?;
        let table = names::table_name(folder);
        let stem = stem::of(path, &table, &date);
        let depth = day_folder.end.min(folders.len());
        let day_bytes: usize = path.split_inclusive('/').take(depth).map(str::len).sum();
        let folder = key.get(..self.landing.prefix().len() + day_bytes).unwrap_or(key);
        Ok((PartKey { table, date, stem }, folder))
    }

    /// Reads the source key of an output of a day: the part that it is today, and how far it leads to its day folder. Where
    /// today's settings do not read it, it is none, and the folder is what any settings would take for it: what was converted
    /// before they changed stays what it is.
    pub fn source_of<'k>(&self, date: &Day, key: &'k str) -> (Option<PartKey>, &'k str) {
        match self.source_and_folder(key) {
            Ok((part, folder)) => (Some(part), folder),
            Err(_) => (None, other::folder(key, date)),
        }
    }

    fn table_folder<'a>(&self, above: &[&'a str], below: &[&'a str]) -> Option<&'a str> {
        let known = |folder: &&&str| self.knows(folder);
        let named = |folder: &&&str| !matches!(**folder, "" | "." | "..") && !day::is_time(folder);
        let folder = below.iter().find(known).or_else(|| below.iter().find(named));
        folder.or_else(|| above.iter().rev().find(known)).copied()
    }

    fn knows(&self, folder: &str) -> bool {
        let folder = folder.to_lowercase();
        HUBSPOT_TABLES.contains(&folder.as_str())
            || folder
                .strip_prefix("events_")
                .is_some_and(|event| !event.is_empty())
            || self.tables.contains(&folder)
    }

    /// `{curated}/table={table}/date={date}/{stem}-{id}.parquet`
    pub fn output(&self, part: &PartKey, id: &PartId) -> String {
        self.key(Kind::Parquet, part, id)
    }

    /// `{curated}/rejected/table=…/date=…/{stem}-{id}.jsonl`
    pub fn rejects(&self, part: &PartKey, id: &PartId) -> String {
        self.key(Kind::Rejects, part, id)
    }

    /// `{curated}/failed/table=…/date=…/{stem}-{id}.json`
    pub fn failure(&self, part: &PartKey, id: &PartId) -> String {
        self.key(Kind::Failure, part, id)
    }

    /// The key of one kind; at most 1,024 bytes for every part that [`Layout::source`] gives.
    pub fn key(&self, kind: Kind, part: &PartKey, id: &PartId) -> String {
        let (folder, extension) = kind.form();
        let PartKey { table, date, stem } = part;
        format!(
            "{}{folder}table={table}/date={date}/{stem}-{id}{extension}",
            self.curated.prefix()
        )
    }

    /// Reads an output key back.
    pub fn parse_output(&self, key: &str) -> Option<(PartKey, PartId)> {
        match self.parse(key)? {
            (Kind::Parquet, part, id) => Some((part, id)),
            _ => None,
        }
    }

    /// Reads a key of any kind back. None for every key that [`Layout::key`] cannot give.
    pub fn parse(&self, key: &str) -> Option<(Kind, PartKey, PartId)> {
        let path = key.strip_prefix(self.curated.prefix())?;
        Kind::ALL.into_iter().find_map(|kind| {
            let (folder, extension) = kind.form();
            let (table, rest) = path
                .strip_prefix(folder)?
                .strip_prefix("table=")?
                .split_once('/')?;
            let (date, file) = rest.strip_prefix("date=")?.split_once('/')?;
            let (stem, id) = file.strip_suffix(extension)?.rsplit_once('-')?;
            if !names::is_table_name(table) || !stem::is_stem(stem) {
                return None;
            }
            let part = PartKey {
                table: table.to_owned(),
                date: Day::parse(date)?,
                stem: stem.to_owned(),
            };
            Some((kind, part, PartId::parse(id)?))
        })
    }
}

impl fmt::Display for PartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table={}/date={}/{}", self.table, self.date, self.stem)
    }
}
