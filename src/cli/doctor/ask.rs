//! AWS' answers as plain data.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};

use crate::cli::answers::failure;
use crate::cli::remote;
use crate::doctor::Failure;
use crate::doctor::functions::{Mapping, Schedule};
use crate::doctor::landing::Reach;
use crate::doctor::probe::{Answer, Invoked, error_message};
use crate::doctor::queue::{Queue, Seen};
use crate::doctor::rule::Rule;
use crate::notice;

/// Rules that one queue is the target of; more than anybody has.
const RULES_MAX: i32 = 50;

/// One client a service.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) functions: aws_sdk_lambda::Client,
    queues: aws_sdk_sqs::Client,
    rules: aws_sdk_eventbridge::Client,
    schedules: aws_sdk_scheduler::Client,
}

impl Clients {
    pub(super) fn new(sdk: &SdkConfig) -> Self {
        Clients {
            s3: remote::client(sdk),
            functions: aws_sdk_lambda::Client::new(sdk),
            queues: aws_sdk_sqs::Client::new(sdk),
            rules: aws_sdk_eventbridge::Client::new(sdk),
            schedules: aws_sdk_scheduler::Client::new(sdk),
        }
    }

    /// Whether a bucket is there, and where.
    pub(super) async fn bucket(&self, bucket: &str) -> Reach {
        match self.s3.head_bucket().bucket(bucket).send().await {
            Ok(found) => Reach::There(found.bucket_region().map(str::to_owned)),
            Err(error) => {
                let response = error.raw_response();
                let status = response.map(|response| response.status().as_u16());
                let region = response.and_then(|response| response.headers().get("x-amz-bucket-region"));
                match status {
                    Some(301 | 307 | 400) if region.is_some() || status != Some(400) => {
                        Reach::Elsewhere(region.map(str::to_owned))
                    }
                    _ => Reach::Failed(failure("HeadBucket", &error)),
                }
            }
        }
    }

    /// A queue, by its URL.
    pub(super) async fn queue(&self, url: &str) -> Result<Queue, Failure> {
        let request = self.queues.get_queue_attributes().queue_url(url);
        let answer = request.attribute_names(QueueAttributeName::All).send().await;
        let answer = answer.map_err(|error| failure("GetQueueAttributes", &error))?;
        let attributes = answer.attributes().into_iter().flatten();
        let attributes = attributes.map(|(name, value)| (name.as_str().to_owned(), value.clone()));
        Ok(Queue::of(url, &attributes.collect()))
    }

    /// The URL of a queue, by its ARN.
    pub(super) async fn queue_url(&self, arn: &str) -> Result<String, Failure> {
        let mut parts = arn.rsplit(':');
        let (name, account) = (parts.next().unwrap_or_default(), parts.next());
        let request = self.queues.get_queue_url().queue_name(name);
        let answer = request
            .set_queue_owner_aws_account_id(account.map(str::to_owned))
            .send()
            .await;
        let answer = answer.map_err(|error| failure("GetQueueUrl", &error))?;
        let url = answer.queue_url().map(str::to_owned);
        url.ok_or_else(|| Failure::Other(format!("GetQueueUrl {arn}: no URL in the answer")))
    }

    /// Some dead letters: what they are, and since when they are under way. They are shown again at once: among dead letters
    /// being received counts for nothing, in the queue of parts it would bring a message nearer to its end.
    pub(super) async fn some_letters(&self, url: &str) -> Result<Seen, Failure> {
        let request = self
            .queues
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10);
        let request = request
            .visibility_timeout(0)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let answer = request.send().await;
        let answer = answer.map_err(|error| failure("ReceiveMessage", &error))?;
        let sent = answer.messages().iter().filter_map(|message| {
            let sent = message
                .attributes()?
                .get(&MessageSystemAttributeName::SentTimestamp)?;
            sent.parse::<u64>().ok()
        });
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let bodies = answer
            .messages()
            .iter()
            .map(|message| message.body().unwrap_or_default());
        Ok(Seen {
            letters: bodies.len() as u64,
            strange: bodies
                .filter(|body| notice::read(body.as_bytes()).is_err())
                .count() as u64,
            oldest_seconds: sent
                .min()
                .map(|sent_ms| now.as_secs().saturating_sub(sent_ms / 1_000)),
        })
    }

    /// The rules of the default bus, which S3 tells, that have a queue as their target.
    pub(super) async fn rules(&self, queue_arn: &str) -> Result<Vec<(String, Rule)>, Failure> {
        let request = self.rules.list_rule_names_by_target().target_arn(queue_arn);
        let answer = request.limit(RULES_MAX).send().await;
        let answer = answer.map_err(|error| failure("ListRuleNamesByTarget", &error))?;
        let mut rules = Vec::new();
        for name in answer.rule_names() {
            let rule = self.rules.describe_rule().name(name).send().await;
            let rule = rule.map_err(|error| failure("DescribeRule", &error))?;
            let state = rule.state().map(|state| state.as_str().to_owned());
            let judged = Rule {
                name: name.clone(),
                enabled: state.is_some_and(|state| state.starts_with("ENABLED")),
                pattern: rule.event_pattern().map(str::to_owned),
            };
            rules.push((rule.arn().unwrap_or_default().to_owned(), judged));
        }
        Ok(rules)
    }

    /// What takes messages from a queue to a function.
    pub(super) async fn mappings(&self, queue_arn: &str, function: &str) -> Result<Vec<Mapping>, Failure> {
        let request = self.functions.list_event_source_mappings();
        let request = request.event_source_arn(queue_arn).function_name(function);
        let answer = request.send().await;
        let answer = answer.map_err(|error| failure("ListEventSourceMappings", &error))?;
        let mapping = |found: &aws_sdk_lambda::types::EventSourceMappingConfiguration| Mapping {
            id: found.uuid().unwrap_or_default().to_owned(),
            state: found.state().unwrap_or_default().to_owned(),
            partial: found
                .function_response_types()
                .iter()
                .any(|kind| kind.as_str() == "ReportBatchItemFailures"),
        };
        Ok(answer.event_source_mappings().iter().map(mapping).collect())
    }

    /// Invokes a function and waits for its answer.
    pub(super) async fn invoke(&self, function: &str, event: &str) -> Invoked {
        let request = self.functions.invoke().function_name(function);
        let request = request.payload(Blob::new(event.as_bytes()));
        let answer = request.send().await;
        let answer = answer.map_err(|error| failure("Invoke", &error))?;
        let payload = answer
            .payload()
            .map(|payload| payload.as_ref())
            .unwrap_or_default();
        Ok(match answer.function_error() {
            None => Answer::Done,
            Some(_) => Answer::Error(error_message(payload)),
        })
    }

    /// A schedule, by its name, or its group and name, or its ARN.
    pub(super) async fn schedule(&self, name: &str) -> Result<Schedule, Failure> {
        let path = name.rsplit_once(":schedule/").map_or(name, |(_, path)| path);
        let (group, name) = match path.split_once('/') {
            Some((group, name)) => (Some(group), name),
            None => (None, path),
        };
        let request = self.schedules.get_schedule().name(name);
        let answer = request.set_group_name(group.map(str::to_owned)).send().await;
        let answer = answer.map_err(|error| failure("GetSchedule", &error))?;
        let state = answer.state().map(|state| state.as_str().to_owned());
        Ok(Schedule {
            name: name.to_owned(),
            group: group.unwrap_or("default").to_owned(),
            state: state.unwrap_or_default(),
            expression: answer.schedule_expression().unwrap_or_default().to_owned(),
            target: answer
                .target()
                .map_or_else(String::new, |target| target.arn().to_owned()),
        })
    }
}
