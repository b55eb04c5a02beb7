//! Why a part was not converted, and what that asks for.

use crate::app::source::SourceError;
use crate::app::upload::UploadError;
use crate::failure::Reason;
use crate::store::{Kind, StoreError};

/// Why a part was not converted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// S3 refused, or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The source could not be read to its end.
    #[error("reading the source failed: {0}")]
    Source(SourceError),
    /// The output could not be written.
    #[error("writing the output failed: {0}")]
    Upload(UploadError),
    /// The part itself can never be converted as things are.
    #[error("{0}")]
    Refused(String),
    /// It can never be converted as things are, but the failure record that says so could not be written.
    #[error("{refusal}; besides, the failure record could not be written: {cause}")]
    Unrecorded {
        /// Why it can never be converted.
        refusal: String,
        /// Why the record was not written.
        cause: RecordError,
    },
    /// The function's time ran out.
    #[error(
        "the function's time ran out after {ms} ms: expected the part to be done before; give the function more time or memory"
    )]
    OutOfTime {
        /// Milliseconds since the part was begun.
        ms: u64,
    },
    /// The source, or what else writes the output, changed at every try.
    #[error("gave up after {tries} tries: {what}")]
    Unsettled {
        /// How often it was tried.
        tries: u32,
        /// What kept changing.
        what: String,
    },
    /// The conversion panicked. The panic's own message is not repeated, since it may hold a cell value.
    #[error("the conversion panicked, which is a fault of Daymark")]
    Panicked,
    /// Something that must never be is: nothing was made visible.
    #[error("{0}, which is a fault of Daymark; nothing was written")]
    Defect(String),
    /// Records read were not rows written and records rejected together: nothing was made visible.
    #[error(
        "{read} records were read, but {written} rows written and {rejected} records rejected, which is a fault of Daymark; nothing was written"
    )]
    RowBalance {
        /// Records read.
        read: u64,
        /// Rows written.
        written: u64,
        /// Records rejected.
        rejected: u64,
    },
}

/// Why a failure record was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// S3 refused, or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No answer came before the function's end.
    #[error("no answer came before the function's end")]
    OutOfTime,
}

impl PartError {
    /// The reason of a failure record, if the same would happen at every further try. Out of time is one only on the
    /// last receive: before that, a less busy moment may do.
    pub fn permanent(&self, last_receive: bool) -> Option<Reason> {
        match self {
            PartError::Refused(_) => Some(Reason::Refused),
            PartError::OutOfTime { .. } if last_receive => Some(Reason::OutOfTime),
            PartError::Store(error) | PartError::Source(SourceError::Store(error))
                if error.kind == Kind::ColdStorage =>
            {
                Some(Reason::ColdStorage)
            }
            _ => None,
        }
    }
}
