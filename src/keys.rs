//! The grammar of keys: from a source key to table, date and stem, to the output key, and back.

use crate::part::PartId;

/// A day, `yyyy-MM-dd`, valid in the Gregorian calendar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(String);

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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    /// The key is not under the landing prefix.
    #[error("outside the landing prefix")]
    OutsideLanding,
}

/// Where parts come from and go to.
#[derive(Clone, Debug)]
pub struct Layout {}

impl Layout {
    /// Reads a source key.
    pub fn source(&self, _key: &str) -> Result<PartKey, Skip> {
        todo!()
    }
    /// `{curated}/table={table}/date={date}/{stem}-{id}.parquet`
    pub fn output(&self, _part: &PartKey, _id: &PartId) -> String {
        todo!()
    }
    /// `{curated}/rejected/table=…/date=…/{stem}-{id}.jsonl`
    pub fn rejects(&self, _part: &PartKey, _id: &PartId) -> String {
        todo!()
    }
    /// `{curated}/failed/table=…/date=…/{stem}-{id}.json`
    pub fn failure(&self, _part: &PartKey, _id: &PartId) -> String {
        todo!()
    }
    /// Reads an output key back.
    pub fn parse_output(&self, _key: &str) -> Option<(PartKey, PartId)> {
        todo!()
    }
}
