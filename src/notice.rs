//! What an event says: each envelope that can carry the news of an S3 object, down to bucket and key.

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

/// What an event delivers, by the answer that it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// S3, SNS or EventBridge invoked the function: any failure fails the invocation.
    Direct(Vec<Notice>),
    /// SQS: each message succeeds or fails by itself, answered with `batchItemFailures`.
    Queue(Vec<Message>),
    /// S3 Batch Operations: each task is answered with a result code.
    Batch(BatchJob),
}

/// One SQS message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `messageId`, to be named in `batchItemFailures`.
    pub id: String,
    /// `ApproximateReceiveCount`, 1 if not given.
    pub receive_count: u32,
    /// What it carries.
    pub content: Result<Vec<Notice>, NoticeError>,
}

/// The tasks of one S3 Batch Operations invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchJob {
    /// `invocationSchemaVersion`, echoed.
    pub schema_version: String,
    /// `invocationId`, echoed.
    pub invocation_id: String,
    /// One per object.
    pub tasks: Vec<BatchTask>,
}

/// One S3 Batch Operations task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchTask {
    /// `taskId`, echoed.
    pub id: String,
    /// What it asks for.
    pub content: Result<Notice, NoticeError>,
}

/// Reads the payload of an invocation, in any envelope, told apart by content.
pub fn read(_payload: &[u8]) -> Result<Delivery, NoticeError> {
    todo!()
}
