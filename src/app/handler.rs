//! One invocation: an event in, every part in it to its outcome, the answer that the event's sender wants.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

use crate::app::convert_part::Converter;
use crate::app::error::PartError;
use crate::app::outcome::{Outcome, Turn};
use crate::config::Config;
use crate::notice::{self, BatchJob, Delivery, Message, Notice, NoticeError, answer};
use crate::store::Store;
use crate::telemetry::Metrics;

/// The circumstances of an invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Lambda's request id.
    pub request_id: String,
    /// When the function is killed. None: never.
    pub deadline: Option<Instant>,
}

/// Why an invocation fails as a whole, so that its sender tries it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// The event cannot be understood.
    #[error("the event cannot be understood: {0}")]
    Notice(NoticeError),
    /// Parts of a direct delivery failed; all of them were tried.
    #[error("{failed} of {all} parts are to be tried again; the first: {first}")]
    Parts {
        /// How many failed.
        failed: usize,
        /// How many there were.
        all: usize,
        /// The first failure.
        first: PartError,
    },
    /// The answer cannot be written down.
    #[error("the answer is no JSON: {0}")]
    Answer(String),
}

impl HandlerError {
    /// The error's name in Lambda's answer, for programs. Names may be added, and none changes its meaning.
    pub fn name(&self) -> &'static str {
        match self {
            HandlerError::Notice(_) => "BadEvent",
            HandlerError::Parts { .. } => "PartsFailed",
            HandlerError::Answer(_) => "AnswerFailed",
        }
    }
}

/// Handles invocations. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handler {
    converter: Converter,
}

type Ended = Result<Outcome, PartError>;

/// What makes two notices the same: bucket, key and ETag.
type Name<'n> = (&'n str, &'n str, Option<&'n str>);

impl From<NoticeError> for HandlerError {
    fn from(error: NoticeError) -> Self {
        HandlerError::Notice(error)
    }
}

impl Handler {
    /// A handler of this configuration on this store.
    pub fn new(config: Config, store: Store, metrics: Metrics) -> Self {
        Handler::of(Converter::new(Arc::new(config), store, metrics))
    }

    /// A handler around a converter.
    pub fn of(converter: Converter) -> Self {
        Handler { converter }
    }

    /// The converter, for whoever has notices instead of events.
    pub fn converter(&self) -> &Converter {
        &self.converter
    }

    /// Takes every part of an event to its outcome, one after the other, and returns the answer: batch item failures for
    /// SQS, a result a task for S3 Batch Operations, a list of outcomes for a direct delivery.
    ///
    /// # Errors
    /// An event that cannot be understood, or a direct delivery of which a part is to be tried again.
    pub async fn handle(&self, payload: &[u8], invocation: Invocation) -> Result<Value, HandlerError> {
        let span = tracing::info_span!("invocation", request_id = invocation.request_id);
        let handled = self.deliver(payload, &invocation).instrument(span.clone()).await;
        if let Err(error) = &handled {
            span.in_scope(|| tracing::error!(%error, "invocation failed"));
        }
        handled
    }

    async fn deliver(&self, payload: &[u8], invocation: &Invocation) -> Result<Value, HandlerError> {
        match notice::read(payload)? {
            Delivery::Direct(content) => {
                for reason in &content.ignored {
                    tracing::info!(reason, "nothing asked for");
                }
                let ended = self
                    .all(content.notices.iter().map(|notice| (notice, None)), invocation)
                    .await;
                direct(&content.notices, &ended)
            }
            Delivery::Queue(messages) => self.queue(messages, invocation).await,
            Delivery::Batch(job) => self.batch(job, invocation).await,
        }
    }

    async fn queue(&self, messages: Vec<Message>, invocation: &Invocation) -> Result<Value, HandlerError> {
        let mut wanted = Vec::new();
        for message in &messages {
            match &message.content {
                Ok(content) => {
                    for reason in &content.ignored {
                        tracing::info!(message_id = message.id, reason, "nothing asked for");
                    }
                    wanted.extend(
                        content
                            .notices
                            .iter()
                            .map(|notice| (notice, Some(message.receive_count))),
                    );
                }
                Err(error) => {
                    tracing::error!(message_id = message.id, %error, "message cannot be understood");
                }
            }
        }
        let ended = self.all(wanted, invocation).await;
        let failed = messages.iter().filter(|message| match &message.content {
            Ok(content) => content
                .notices
                .iter()
                .any(|notice| !matches!(ended.get(&name(notice)), Some(Ok(_)))),
            Err(_) => true,
        });
        let answer = answer::queue(failed.map(|message| message.id.clone()));
        serde_json::to_value(answer).map_err(|error| HandlerError::Answer(error.to_string()))
    }

    async fn batch(&self, job: BatchJob, invocation: &Invocation) -> Result<Value, HandlerError> {
        let wanted = job.tasks.iter().filter_map(|task| task.content.as_ref().ok());
        let ended = self.all(wanted.map(|notice| (notice, None)), invocation).await;
        let outcomes = job.tasks.iter().map(|task| match &task.content {
            Err(error) => answer::Outcome::PermanentFailure(error.to_string()),
            Ok(notice) => match ended.get(&name(notice)) {
                Some(Ok(Outcome::Failed { message, record })) => {
                    answer::Outcome::PermanentFailure(format!("{message} (recorded in {record})"))
                }
                Some(Ok(Outcome::FailedBefore { record })) => {
                    answer::Outcome::PermanentFailure(format!("failed before, as recorded in {record}"))
                }
                Some(Ok(outcome)) => answer::Outcome::Succeeded(said(outcome)),
                Some(Err(error)) => answer::Outcome::TemporaryFailure(error.to_string()),
                None => answer::Outcome::TemporaryFailure("not reached".to_owned()),
            },
        });
        let answer = answer::batch(&job, outcomes);
        serde_json::to_value(answer).map_err(|error| HandlerError::Answer(error.to_string()))
    }

    /// Takes each notice to its outcome, once however often it is named, whatever becomes of the others.
    async fn all<'n>(
        &self,
        notices: impl IntoIterator<Item = (&'n Notice, Option<u32>)>,
        invocation: &Invocation,
    ) -> HashMap<Name<'n>, Ended> {
        let mut order: Vec<&Notice> = Vec::new();
        let mut receives: HashMap<Name<'_>, Option<u32>> = HashMap::new();
        for (notice, receive_count) in notices {
            let count = receives.entry(name(notice)).or_insert_with(|| {
                order.push(notice);
                None
            });
            *count = (*count).max(receive_count);
        }
        let mut ended = HashMap::new();
        for notice in order {
            let late = invocation
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline);
            let outcome = if late && !ended.is_empty() {
                // The others took the time: that says nothing about this one, so it is not even begun.
                Err(PartError::OutOfTime { ms: 0 })
            } else {
                // Out of time on the last receive condemns a part that had all the time there is, and no other.
                let receive_count = receives.get(&name(notice)).copied().flatten();
                let turn = Turn {
                    request_id: invocation.request_id.clone(),
                    deadline: invocation.deadline,
                    receive_count: receive_count.filter(|_| ended.is_empty()),
                };
                self.apart(notice, turn).await
            };
            ended.insert(name(notice), outcome);
        }
        ended
    }

    /// In a task of its own, so that a panic is an error of this notice and of no other.
    async fn apart(&self, notice: &Notice, turn: Turn) -> Ended {
        let (converter, notice) = (self.converter.clone(), notice.clone());
        let mut task = JoinSet::new();
        task.spawn(async move { converter.convert(&notice, &turn).await }.in_current_span());
        match task.join_next().await {
            Some(Ok(ended)) => ended,
            Some(Err(_)) | None => Err(PartError::Panicked),
        }
    }
}

fn name(notice: &Notice) -> Name<'_> {
    (&notice.bucket, &notice.key, notice.etag.as_deref())
}

fn direct(notices: &[Notice], ended: &HashMap<Name<'_>, Ended>) -> Result<Value, HandlerError> {
    let mut parts = Vec::new();
    let mut failures = Vec::new();
    for notice in notices {
        match ended.get(&name(notice)) {
            Some(Ok(outcome)) => parts.push(json!({"key": notice.key, "outcome": said(outcome)})),
            Some(Err(error)) => failures.push(error.clone()),
            None => {}
        }
    }
    let failed = failures.len();
    match failures.into_iter().next() {
        None => Ok(json!({ "parts": parts })),
        Some(first) => Err(HandlerError::Parts {
            failed,
            all: notices.len(),
            first,
        }),
    }
}

/// An outcome in words, without cell values.
fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Converted(converted) => {
            let rows = converted.report.rows_written;
            format!("converted: {rows} rows in {}", converted.output)
        }
        Outcome::Present { output } => format!("there already: {output}"),
        Outcome::Skipped { reason } => format!("skipped: {reason}"),
        Outcome::Failed { message, record } => format!("failed for good: {message} (recorded in {record})"),
        Outcome::FailedBefore { record } => format!("failed for good before: recorded in {record}"),
    }
}
