//! What becomes of a notice.

use tokio::time::Instant;

use crate::convert::Report;
use crate::keys::PartKey;

/// The circumstances of one notice's turn.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The invocation's request id.
    pub request_id: String,
    /// When the function is killed. None: never.
    pub deadline: Option<Instant>,
    /// How often the message was received, this time included. None where nobody counts.
    pub receive_count: Option<u32>,
}

/// What became of a notice.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Its output was written now.
    Converted(Box<Converted>),
    /// Its output was there, or another invocation wrote it meanwhile.
    Present {
        /// Key of the output.
        output: String,
    },
    /// It asks for no conversion.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It can never be converted as things are; a failure record says so from now on.
    Failed {
        /// Why.
        message: String,
        /// Key of the failure record.
        record: String,
    },
    /// It can never be converted as things are, as a failure record has said before.
    FailedBefore {
        /// Key of the failure record.
        record: String,
    },
}

/// A part that was converted.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted {
    /// Table, day and stem.
    pub part: PartKey,
    /// Key of the Parquet.
    pub output: String,
    /// Key of the rejects, if there are any.
    pub rejects: Option<String>,
    /// What the core reports.
    pub report: Report,
    /// Whose bytes lie under the output's key.
    pub committed_by: CommittedBy,
}

/// Who made an output visible. The bytes are the same either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommittedBy {
    /// This invocation: S3 said so.
    This,
    /// This invocation or another at the same time: the answer was lost, or a try of the commit failed in a way that
    /// leaves open whether it was done, and the output is there.
    Unknown,
}

impl CommittedBy {
    /// As in the log.
    pub fn name(self) -> &'static str {
        match self {
            CommittedBy::This => "this invocation",
            CommittedBy::Unknown => "unknown",
        }
    }
}
