//! The record of a part that can never be converted as things are.
//!
//! It stands beside the lake, under `failed/`, so that whoever looks at a day sees why it is not whole. It holds no clock
//! and no cell value, so two invocations that fail alike write the same bytes. An output of the same id outranks it, and
//! one of another profile does not count: mending a setting tries the part again.

use serde::{Deserialize, Serialize};

use crate::convert::Provenance;
use crate::keys::PartKey;
use crate::part::{Identity, PartId, Profile};

/// The version of the record's form. Raised when a field changes its meaning or goes.
pub const FORM: u32 = 1;

/// Why a part can never be converted as things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The core refused its bytes, or a limit or budget was passed.
    Refused,
    /// Its storage class keeps it from being read before it is restored.
    ColdStorage,
    /// The function's time ran out on the last receive.
    OutOfTime,
}

/// A failure record. The object is this as one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// [`FORM`].
    pub form: u32,
    /// Daymark's version.
    pub version: String,
    /// Why.
    pub reason: Reason,
    /// What is wrong, where, what was expected and what was found; without cell values.
    pub message: String,
    /// The table that the part belongs to.
    pub table: String,
    /// The day that it belongs to, `yyyy-MM-dd`.
    pub date: String,
    /// The part's id, 16 hex digits.
    pub part_id: String,
    /// The profile, 16 hex digits.
    pub profile: String,
    /// The object that failed.
    pub source: Source,
}

/// The object that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Bucket name.
    pub bucket: String,
    /// Key, decoded.
    pub key: String,
    /// ETag without quotes.
    pub etag: String,
    /// Bytes as stored.
    pub size_bytes: u64,
    /// Last-modified, milliseconds since 1970 UTC.
    pub last_modified_ms: Option<i64>,
}

/// Why an object is no failure record of a part.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It is not the JSON of one.
    #[error("expected a failure record: {0}")]
    Damaged(String),
    /// It is about another part.
    #[error("expected a failure record of part {expected}, found one of {found}")]
    Foreign {
        /// The id that its key has.
        expected: String,
        /// The id that what it says makes.
        found: String,
    },
    /// A newer release wrote it.
    #[error("expected form {FORM} at the most, found {0}")]
    Newer(u64),
}

impl Failure {
    /// Reads the record of the part with this id.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn parse(json: &[u8], id: &PartId) -> Result<Self, Unusable> {
        let damaged = |error: serde_json::Error| Unusable::Damaged(error.to_string());
        let value: serde_json::Value = serde_json::from_slice(json).map_err(damaged)?;
        let form = value.get("form").and_then(serde_json::Value::as_u64);
        if let Some(form) = form.filter(|form| *form > FORM.into()) {
            return Err(Unusable::Newer(form));
        }
        let failure: Failure = serde_json::from_value(value).map_err(damaged)?;
        let source = &failure.source;
        let identity = Identity {
            bucket: source.bucket.clone(),
            key: source.key.clone(),
            etag: source.etag.clone(),
        };
        let made = Profile::parse(&failure.profile).map(|profile| PartId::of(&identity, &profile));
        if failure.part_id != id.as_str() || made.as_ref() != Some(id) {
            return Err(Unusable::Foreign {
                expected: id.as_str().to_owned(),
                found: made.map_or(failure.part_id, |made| made.as_str().to_owned()),
            });
        }
        Ok(failure)
    }

    /// The record of one part.
    pub fn new(reason: Reason, message: String, part: &PartKey, provenance: &Provenance) -> Self {
        Failure {
            form: FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            reason,
            message,
            table: part.table.clone(),
            date: part.date.to_string(),
            part_id: provenance.part_id.clone(),
            profile: provenance.profile.clone(),
            source: Source {
                bucket: provenance.bucket.clone(),
                key: provenance.key.clone(),
                etag: provenance.etag.clone(),
                size_bytes: provenance.size_bytes,
                last_modified_ms: provenance.last_modified_ms,
            },
        }
    }

    /// The object's bytes: one line of JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = serde_json::to_vec(self)?;
        json.push(b'\n');
        Ok(json)
    }
}
