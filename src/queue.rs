//! The queue of parts, as the manifest function needs it: how much waits in it, and more to put in.
//!
//! The only place that names types of aws-sdk-sqs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};

use crate::{refusal, timeouts};

/// Entries of one batch, at most (Amazon SQS API reference, SendMessageBatch).
const BATCH_ENTRIES_MAX: usize = 10;

/// Bytes of one batch, at most; SQS takes four times as many, and a key has 1,024.
const BATCH_BYTES_MAX: usize = 256 << 10;

/// A request that SQS refused, or that did not get through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} {queue_url}: {detail}")]
pub struct QueueError {
    /// The operation, as AWS names it.
    pub operation: &'static str,
    /// The queue.
    pub queue_url: String,
    /// SQS' words, or the connection's error.
    pub detail: String,
    /// Whether these are SQS' words: without an answer the next request may well have none either.
    pub is_answered: bool,
}

/// Messages in a queue, as SQS counts them: approximately, and a minute late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting to be received, or delayed.
    pub visible: u64,
    /// Received and neither deleted nor visible again.
    pub in_flight: u64,
}

impl Depth {
    /// All messages.
    pub fn total(self) -> u64 {
        self.visible.saturating_add(self.in_flight)
    }
}

/// A queue. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Queue {
    /// SQS'.
    Sqs(Sqs),
    /// One in this process, for whoever converts parts by himself.
    Here(Arc<Mutex<Vec<String>>>),
}

impl Queue {
    /// The queue with this URL.
    pub fn sqs(sdk: &aws_config::SdkConfig, url: &str) -> Self {
        Queue::Sqs(Sqs {
            client: Client::new(&timeouts::bounded(sdk)),
            url: url.to_owned(),
        })
    }

    /// An empty queue in this process.
    pub fn here() -> Self {
        Queue::Here(Arc::default())
    }

    /// How much is in it.
    ///
    /// # Errors
    /// SQS' refusals, and an answer without numbers.
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        match self {
            Queue::Sqs(queue) => queue.depth().await,
            Queue::Here(bodies) => Ok(Depth {
                visible: lock(bodies).len() as u64,
                in_flight: 0,
            }),
        }
    }

    /// Sends messages. Says for each, in order, whether the queue took it. After a request without an answer no other is made.
    pub async fn send(&self, bodies: &[String]) -> Vec<Result<(), QueueError>> {
        match self {
            Queue::Sqs(queue) => queue.send(bodies).await,
            Queue::Here(held) => {
                lock(held).extend_from_slice(bodies);
                bodies.iter().map(|_| Ok(())).collect()
            }
        }
    }

    /// Takes all messages out of a queue in this process; none out of another.
    pub fn take(&self) -> Vec<String> {
        match self {
            Queue::Sqs(_) => Vec::new(),
            Queue::Here(held) => std::mem::take(&mut *lock(held)),
        }
    }
}

fn lock(held: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A queue of SQS. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sqs {
    client: Client,
    url: String,
}

impl Sqs {
    async fn depth(&self) -> Result<Depth, QueueError> {
        const OPERATION: &str = "GetQueueAttributes";
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let answer = request.set_attribute_names(Some(names.to_vec())).send().await;
        let answer = answer.map_err(|error| self.refusal(OPERATION, &error))?;
        let numbers = names.map(|name| {
            let text = answer.attributes().and_then(|attributes| attributes.get(&name));
            text.and_then(|text| text.parse::<u64>().ok())
                .ok_or_else(|| self.error(OPERATION, format!("expected a number as {name}, found {text:?}")))
        });
        let [waiting, delayed, in_flight] = numbers;
        Ok(Depth {
            visible: waiting?.saturating_add(delayed?),
            in_flight: in_flight?,
        })
    }

    async fn send(&self, bodies: &[String]) -> Vec<Result<(), QueueError>> {
        let mut answers = Vec::with_capacity(bodies.len());
        let mut rest = bodies;
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(batch_len(rest));
            match self.send_batch(batch).await {
                Ok(told) => answers.extend(told),
                Err(error) if error.is_answered => answers.extend(batch.iter().map(|_| Err(error.clone()))),
                Err(error) => {
                    answers.extend(rest.iter().map(|_| Err(error.clone())));
                    break;
                }
            }
            rest = later;
        }
        answers
    }

    /// What the queue says of each entry.
    async fn send_batch(&self, bodies: &[String]) -> Result<Vec<Result<(), QueueError>>, QueueError> {
        const OPERATION: &str = "SendMessageBatch";
        let entry = |(id, body): (usize, &String)| {
            let entry = SendMessageBatchRequestEntry::builder().id(id.to_string());
            entry.message_body(body).build()
        };
        let entries: Result<Vec<_>, _> = bodies.iter().enumerate().map(entry).collect();
        let entries = entries.map_err(|error| self.error(OPERATION, error.to_string()))?;
        let request = self.client.send_message_batch().queue_url(&self.url);
        let answer = request.set_entries(Some(entries)).send().await;
        let answer = answer.map_err(|error| self.refusal(OPERATION, &error))?;
        let told = (0..bodies.len()).map(|id| {
            let id = id.to_string();
            if answer.successful().iter().any(|entry| entry.id() == id) {
                return Ok(());
            }
            let failed = answer.failed().iter().find(|entry| entry.id() == id);
            let detail = failed.map_or(
                "expected an answer for every entry, found none".to_owned(),
                |entry| format!("{} {}", entry.code(), entry.message().unwrap_or_default()),
            );
            Err(self.error(OPERATION, detail))
        });
        Ok(told.collect())
    }

    fn error(&self, operation: &'static str, detail: String) -> QueueError {
        QueueError {
            operation,
            queue_url: self.url.clone(),
            detail,
            is_answered: true,
        }
    }

    /// What SQS says of a request, or why it says nothing.
    fn refusal<E>(&self, operation: &'static str, error: &SdkError<E>) -> QueueError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        QueueError {
            is_answered: matches!(error, SdkError::ServiceError(_)),
            ..self.error(operation, refusal::words(error.code(), error.message(), error))
        }
    }
}

/// How many of the next messages fit one batch; one at least.
fn batch_len(bodies: &[String]) -> usize {
    let mut bytes = 0_usize;
    let fitting = bodies.iter().take(BATCH_ENTRIES_MAX).take_while(|body| {
        bytes = bytes.saturating_add(body.len());
        bytes <= BATCH_BYTES_MAX
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use aws_config::retry::RetryConfig;
    use aws_config::timeout::TimeoutConfig;
    use aws_config::{BehaviorVersion, Region};
    use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};

    use super::*;

    #[test]
    fn batches_keep_both_limits() {
        let bodies = |count: usize, bytes: usize| vec!["x".repeat(bytes); count];
        assert_eq!(batch_len(&bodies(25, 10)), 10);
        assert_eq!(batch_len(&bodies(25, 100 << 10)), 2);
        assert_eq!(batch_len(&bodies(3, 300 << 10)), 1);
        assert_eq!(batch_len(&bodies(4, 1)), 4);
    }

    /// Whoever connects is taken, and never answered.
    #[tokio::test]
    async fn a_queue_that_never_answers_is_given_up_and_not_asked_again() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let server = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((connection, _)) = silent.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                held.push(connection);
            }
        });
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(20));
        let credentials = Credentials::new("id", "secret", None, None, "test");
        let sdk = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .endpoint_url(&url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build())
            .build();
        let queue = Queue::sqs(&sdk, &format!("{url}/queue"));
        assert!(!queue.depth().await.unwrap_err().is_answered);
        let told = queue.send(&vec!["{}".to_owned(); 25]).await;
        assert_eq!(told.iter().filter(|answer| answer.is_err()).count(), 25);
        assert_eq!(
            asked.load(Ordering::Relaxed),
            2,
            "three batches, the first of them sent"
        );
        server.abort();
    }
}
