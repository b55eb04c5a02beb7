//! The dead-letter queue, as SQS has it.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, anyhow, bail};
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName,
};

use crate::cli::answers::words;

/// How long a received message is hidden from others: time enough to send and delete ten.
const HIDDEN_SECONDS: i32 = 300;
/// How long SQS looks for messages, on all of its servers, before it says that there are none.
const WAIT_SECONDS: i32 = 2;
/// Entries of one batch, at most (Amazon SQS API reference, ChangeMessageVisibilityBatch).
const BATCH_MAX: usize = 10;
/// Looks that find nothing although SQS counts some that wait.
const LOOKS_MAX: u32 = 3;

/// A message.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) id: String,
    pub(super) handle: String,
    pub(super) body: String,
    /// How often it was received, this time included.
    pub(super) receives: Option<u64>,
    /// When it was sent first, milliseconds since 1970 UTC: it keeps that when it moves to the dead letters.
    pub(super) sent_ms: Option<i64>,
    /// The ARN of the queue in which it failed.
    pub(super) source: Option<String>,
    attributes: HashMap<String, MessageAttributeValue>,
}

/// The two queues.
#[derive(Debug)]
pub(super) struct Letters {
    client: Client,
    from: String,
    to: String,
}

impl Letters {
    /// Letters to this queue. Where they come from has to be said before they are received.
    pub(super) fn new(sdk: &SdkConfig, to: &str) -> Self {
        Letters {
            client: Client::new(sdk),
            from: String::new(),
            to: to.to_owned(),
        }
    }

    /// Says where they come from.
    pub(super) fn from(&mut self, from: String) {
        self.from = from;
    }

    /// All attributes of a queue.
    pub(super) async fn attributes(&self, url: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let request = self.client.get_queue_attributes().queue_url(url);
        let answer = request.attribute_names(QueueAttributeName::All).send().await;
        let answer = answer.map_err(|error| anyhow!("{url}: {}", words("GetQueueAttributes", &error)))?;
        let attributes = answer.attributes().into_iter().flatten();
        Ok(attributes
            .map(|(name, value)| (name.as_str().to_owned(), value.clone()))
            .collect())
    }

    /// The URL of a queue, by its ARN.
    pub(super) async fn url_of(&self, arn: &str) -> anyhow::Result<String> {
        let mut parts = arn.rsplit(':');
        let (Some(name), Some(account)) = (parts.next(), parts.next()) else {
            bail!("expected a queue's ARN, found {arn:?}");
        };
        let request = self.client.get_queue_url().queue_name(name);
        let answer = request.queue_owner_aws_account_id(account).send().await;
        let answer = answer.map_err(|error| anyhow!("{arn}: {}", words("GetQueueUrl", &error)))?;
        answer
            .queue_url()
            .map(str::to_owned)
            .with_context(|| format!("{arn}: expected its URL in SQS' answer, found none"))
    }

    /// Messages that wait among the dead letters, by SQS' count: approximate, and a minute late.
    pub(super) async fn waiting(&self) -> anyhow::Result<u64> {
        let attributes = self.attributes(&self.from).await?;
        let count = attributes.get("ApproximateNumberOfMessages");
        count
            .and_then(|text| text.parse().ok())
            .with_context(|| format!("{}: expected a number of messages, found {count:?}", self.from))
    }

    /// The next messages, ten at most; none if there are none.
    pub(super) async fn receive(&self, most: u64) -> anyhow::Result<Vec<Letter>> {
        for look in 1..=LOOKS_MAX {
            let letters = self.look(most).await?;
            if !letters.is_empty() || look == LOOKS_MAX || self.waiting().await? == 0 {
                return Ok(letters);
            }
        }
        Ok(Vec::new())
    }

    async fn look(&self, most: u64) -> anyhow::Result<Vec<Letter>> {
        let request = self.client.receive_message().queue_url(&self.from);
        let request = request
            .max_number_of_messages(i32::try_from(most).unwrap_or(10).clamp(1, 10))
            .visibility_timeout(HIDDEN_SECONDS)
            .wait_time_seconds(WAIT_SECONDS)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All);
        let answer = request.send().await;
        let answer = answer.map_err(|error| anyhow!("{}: {}", self.from, words("ReceiveMessage", &error)))?;
        let letter = |message: &aws_sdk_sqs::types::Message| {
            let system = |name: &MessageSystemAttributeName| message.attributes()?.get(name).cloned();
            Some(Letter {
                id: message.message_id()?.to_owned(),
                handle: message.receipt_handle()?.to_owned(),
                body: message.body().unwrap_or_default().to_owned(),
                receives: system(&MessageSystemAttributeName::ApproximateReceiveCount)
                    .and_then(|text| text.parse().ok()),
                sent_ms: system(&MessageSystemAttributeName::SentTimestamp)
                    .and_then(|text| text.parse().ok()),
                source: system(&MessageSystemAttributeName::DeadLetterQueueSourceArn),
                attributes: message.message_attributes().cloned().unwrap_or_default(),
            })
        };
        let letters: Option<Vec<Letter>> = answer.messages().iter().map(letter).collect();
        letters.with_context(|| {
            format!(
                "{}: expected an id and a receipt handle with each message",
                self.from
            )
        })
    }

    /// Sends a message, and deletes it here once SQS has answered that it has it there. Gives its id there.
    pub(super) async fn pass_on(&self, letter: &Letter) -> Result<String, String> {
        let request = self.client.send_message().queue_url(&self.to);
        let request = request.message_body(&letter.body);
        let attributes = Some(letter.attributes.clone()).filter(|attributes| !attributes.is_empty());
        let answer = request.set_message_attributes(attributes).send().await;
        let answer = answer.map_err(|error| {
            format!(
                "it stays among the dead letters, for its sending was not answered: {}",
                words("SendMessage", &error)
            )
        })?;
        let id = answer.message_id();
        let id = id.ok_or("it stays among the dead letters: SQS answered its sending without an id")?;
        self.delete(letter).await.map_err(|error| {
            format!("it was sent, but is among the dead letters still, which does no harm: {error}")
        })?;
        Ok(id.to_owned())
    }

    /// Deletes a message here.
    pub(super) async fn delete(&self, letter: &Letter) -> Result<(), String> {
        let request = self.client.delete_message().queue_url(&self.from);
        let deleted = request.receipt_handle(&letter.handle).send().await;
        deleted.map_err(|error| words("DeleteMessage", &error))?;
        Ok(())
    }

    /// Makes messages visible again.
    pub(super) async fn show(&self, handles: &[String]) -> anyhow::Result<()> {
        for batch in handles.chunks(BATCH_MAX) {
            let entry = |(id, handle): (usize, &String)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(id.to_string())
                    .receipt_handle(handle)
                    .visibility_timeout(0)
                    .build()
            };
            let entries = batch
                .iter()
                .enumerate()
                .map(entry)
                .collect::<Result<Vec<_>, _>>()?;
            let request = self
                .client
                .change_message_visibility_batch()
                .queue_url(&self.from);
            let answer = request.set_entries(Some(entries)).send().await;
            let answer =
                answer.map_err(|error| anyhow!("{}", words("ChangeMessageVisibilityBatch", &error)))?;
            if let Some(failed) = answer.failed().first() {
                bail!("{} {}", failed.code(), failed.message().unwrap_or_default());
            }
        }
        Ok(())
    }
}
