//! What an event says: each envelope that can carry the news of an S3 object, down to bucket and key.
//!
//! Envelopes are told apart by their content, not by how the function was wired, and each decodes keys in its own
//! way: S3 notifications are form-encoded (`+` is a space), EventBridge sends keys plain, S3 Batch Operations
//! percent-encodes them (`+` stays). Only bucket and key are required. Everything else may be missing, null, of an
//! odd type or unparsable, since a part must not be lost over a field that nobody needs; so the S3 record is read
//! here field by field, and `aws_lambda_events` (which insists on `eventTime` and others) serves for the answers.
//!
//! A notice only says "look at this key": what is current there is converted. So where an event's kind cannot be
//! read, it asks, which costs one HEAD; only a kind that is known not to create an object is ignored.

pub mod answer;

mod batch;
mod created;
mod decode;
mod envelope;
mod field;
mod record;

pub use created::created;

/// Bytes of one event. Lambda takes 6 MB (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>);
/// the rest is margin for events read from a file.
pub const EVENT_BYTES_MAX: usize = 8 << 20;

/// Envelopes within one another, the outermost counted: an SQS message that holds an SNS message that holds another.
pub const ENVELOPES_MAX: usize = 3;

/// Bytes of a key, as S3 allows (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>).
pub const KEY_BYTES_MAX: usize = 1_024;

/// One object of which an event speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Bucket name.
    pub bucket: String,
    /// Key, decoded.
    pub key: String,
    /// Version, where the bucket keeps versions.
    pub version_id: Option<String>,
    /// ETag without quotes, where given.
    pub etag: Option<String>,
    /// Bytes, where given.
    pub size: Option<u64>,
}

/// An event that cannot be understood. It says what was expected, where in the event, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoticeError(pub String);

/// What an understood event or message asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The objects created, in the event's order; one that is named twice is here twice.
    pub notices: Vec<Notice>,
    /// Why the rest asks for nothing (a test event, an object removed, restored, tagged …), one text each, for the log.
    pub ignored: Vec<String>,
}

/// What an event delivers, by the answer that it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// S3, SNS or EventBridge invoked the function: any failure fails the invocation.
    Direct(Content),
    /// SQS: each message succeeds or fails by itself, answered with [`answer::queue`].
    Queue(Vec<Message>),
    /// S3 Batch Operations: each task is answered with a result code, by [`answer::batch`].
    Batch(BatchJob),
}

/// One SQS message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `messageId`, to be named in `batchItemFailures`; empty if not given. Naming an empty id makes Lambda fail the
    /// whole batch, which is all that can be said of a message without an id.
    pub id: String,
    /// `ApproximateReceiveCount`, 1 if not given.
    pub receive_count: u32,
    /// What it carries.
    pub content: Result<Content, NoticeError>,
}

/// The tasks of one S3 Batch Operations invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchJob {
    /// `invocationSchemaVersion`, echoed; `1.0` if not given.
    pub schema_version: String,
    /// `invocationId`, echoed; empty if not given.
    pub invocation_id: String,
    /// One per object.
    pub tasks: Vec<BatchTask>,
}

/// One S3 Batch Operations task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchTask {
    /// `taskId`, echoed; empty if not given.
    pub id: String,
    /// What it asks for.
    pub content: Result<Notice, NoticeError>,
}

/// Reads the payload of an invocation, in any envelope, told apart by content.
///
/// # Errors
/// The whole event is refused if it is beyond [`EVENT_BYTES_MAX`], no JSON, no envelope that is known, another
/// service's, of an unknown major version, or mixes sources; and, without a queue or a batch job around it, if any of
/// its records is faulty. Inside a queue or a batch job a fault stays with its message or task.
pub fn read(payload: &[u8]) -> Result<Delivery, NoticeError> {
    if payload.len() > EVENT_BYTES_MAX {
        // Of a file no more is read than tells so.
        return Err(NoticeError(format!(
            "event: expected at most {EVENT_BYTES_MAX} bytes, found more"
        )));
    }
    let event = field::parse(payload, "event")?;
    envelope::deliver(&field::Field::root(&event, "event"))
}
