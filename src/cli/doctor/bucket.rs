//! A bucket's notification configuration, read and written as a whole; and its lifecycle rules, read.
//!
//! Amazon S3 API reference: PutBucketNotificationConfiguration replaces all of it, and there is no condition on what is
//! replaced. So it is read right before, written with everything that was there, read again, and compared.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{anyhow, bail};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata};
use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, ExpirationStatus, FilterRule, FilterRuleName, LifecycleRule,
    LifecycleRuleFilter, NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration,
    S3KeyFilter,
};

use crate::cli::answers::{failure, words};
use crate::doctor::Failure;
use crate::doctor::merge::{Merge, merged, strange_element};
use crate::doctor::notification::{Destination, Entry, Notifications};

/// A configuration, as it was read.
#[derive(Debug)]
pub(super) struct Configuration {
    pub(super) notifications: Notifications,
    answer: GetBucketNotificationConfigurationOutput,
    /// As S3 wrote it.
    xml: String,
}

/// Reads a bucket's configuration.
pub(super) async fn read(client: &Client, bucket: &str) -> Result<Configuration, Failure> {
    let body = AnswerBody::default();
    let request = client.get_bucket_notification_configuration().bucket(bucket);
    let answer = request.customize().interceptor(body.clone()).send().await;
    let answer = answer.map_err(|error| failure("GetBucketNotificationConfiguration", &error))?;
    Ok(Configuration {
        notifications: notifications(&answer),
        answer,
        xml: body.text(),
    })
}

/// The prefixes under which uploads that are not completed are aborted some day.
pub(super) async fn aborting(client: &Client, bucket: &str) -> Result<Vec<String>, Failure> {
    let request = client.get_bucket_lifecycle_configuration().bucket(bucket);
    let answer = match request.send().await {
        Ok(answer) => answer,
        // S3's word for a bucket without rules.
        Err(error) if error.code() == Some("NoSuchLifecycleConfiguration") => return Ok(Vec::new()),
        Err(error) => return Err(failure("GetBucketLifecycleConfiguration", &error)),
    };
    let rules = answer.rules().iter();
    let aborting = rules.filter(|rule| {
        *rule.status() == ExpirationStatus::Enabled && rule.abort_incomplete_multipart_upload().is_some()
    });
    Ok(aborting.map(prefix).collect())
}

/// What a lifecycle rule is for. (S3 takes no rule of this kind with tags or sizes.)
fn prefix(rule: &LifecycleRule) -> String {
    // As older rules have it.
    #[allow(deprecated)]
    let own = rule.prefix();
    let filter = rule.filter().and_then(LifecycleRuleFilter::prefix);
    filter.or(own).unwrap_or_default().to_owned()
}

/// Writes it with a merge done, and looks whether it is there as it was to be. Gives what is there then.
///
/// # Errors
/// What is there that would be lost; S3's refusal, after which all is as it was; or what is not as it should be, with the
/// configuration of before.
pub(super) async fn write(
    client: &Client,
    bucket: &str,
    before: Configuration,
    merge: &Merge,
) -> anyhow::Result<Notifications> {
    if let Some(element) = strange_element(&before.xml) {
        bail!(
            "bucket {bucket} has a {element:?} in its configuration, which this release does not know and would lose. Nothing \
             was changed; add it by hand: {merge}"
        );
    }
    let queues = before.answer.queue_configurations().to_vec();
    let (queues, bus) = match merge {
        Merge::Bus { .. } => (queues, Some(EventBridgeConfiguration::builder().build())),
        Merge::Entry { add, drop, keep } => {
            let topics = before.answer.topic_configurations().len();
            // In the order of `notifications`: queues come behind topics.
            let kept = queues
                .into_iter()
                .enumerate()
                .filter(|(at, _)| !drop.contains(&(topics + at)))
                .map(|(_, queue)| queue);
            let put = keep.iter().chain([add]).map(queue_of);
            let queues = kept.map(Ok).chain(put).collect::<anyhow::Result<_>>()?;
            (queues, before.answer.event_bridge_configuration.clone())
        }
    };
    let configuration = NotificationConfiguration::builder()
        .set_topic_configurations(before.answer.topic_configurations.clone())
        .set_queue_configurations(Some(queues))
        .set_lambda_function_configurations(before.answer.lambda_function_configurations.clone())
        .set_event_bridge_configuration(bus);
    let request = client.put_bucket_notification_configuration().bucket(bucket);
    let written = request
        .notification_configuration(configuration.build())
        .send()
        .await;
    written.map_err(|error| {
        anyhow!(
            "bucket {bucket} is as it was: {}",
            words("PutBucketNotificationConfiguration", &error)
        )
    })?;
    let after = read(client, bucket)
        .await
        .map_err(|failure| anyhow!("bucket {bucket} was written, and could not be read again: {failure}"))?;
    merged(&before.notifications, merge, &after.notifications).map_err(|what| {
        anyhow!(
            "bucket {bucket} was written, and somebody else wrote at the same time, or S3 made something else of it: {what}. \
             The configuration of before was: {}",
            before.xml
        )
    })?;
    Ok(after.notifications)
}

/// An entry to a queue, as S3 takes it.
fn queue_of(entry: &Entry) -> anyhow::Result<QueueConfiguration> {
    let rule = |name: FilterRuleName, value: &str| {
        (!value.is_empty()).then(|| FilterRule::builder().name(name).value(value).build())
    };
    let rules = [
        rule(FilterRuleName::Prefix, &entry.prefix),
        rule(FilterRuleName::Suffix, &entry.suffix),
    ];
    let rules: Vec<FilterRule> = rules.into_iter().flatten().collect();
    let is_filtered = !rules.is_empty();
    let key = S3KeyFilter::builder().set_filter_rules(Some(rules)).build();
    let filter = NotificationConfigurationFilter::builder().key(key).build();
    let events = entry.events.iter().map(|event| Event::from(event.as_str()));
    let queue = QueueConfiguration::builder()
        .set_id(entry.id.clone())
        .queue_arn(&entry.arn)
        .set_events(Some(events.collect()))
        .set_filter(is_filtered.then_some(filter));
    Ok(queue.build()?)
}

/// As plain data: topics, queues, functions, each in S3's order.
fn notifications(answer: &GetBucketNotificationConfigurationOutput) -> Notifications {
    let topics = answer.topic_configurations().iter().map(|one| {
        entry(
            Destination::Topic,
            &one.topic_arn,
            one.id(),
            one.events(),
            one.filter(),
        )
    });
    let queues = answer.queue_configurations().iter().map(|one| {
        entry(
            Destination::Queue,
            &one.queue_arn,
            one.id(),
            one.events(),
            one.filter(),
        )
    });
    let functions = answer.lambda_function_configurations().iter().map(|one| {
        let arn = &one.lambda_function_arn;
        entry(Destination::Function, arn, one.id(), one.events(), one.filter())
    });
    Notifications {
        entries: topics.chain(queues).chain(functions).collect(),
        event_bridge: answer.event_bridge_configuration().is_some(),
    }
}

fn entry(
    destination: Destination,
    arn: &str,
    id: Option<&str>,
    events: &[Event],
    filter: Option<&NotificationConfigurationFilter>,
) -> Entry {
    let rules = filter
        .and_then(NotificationConfigurationFilter::key)
        .map(S3KeyFilter::filter_rules);
    let rule = |name: &str| {
        let mut rules = rules.unwrap_or_default().iter();
        // S3 answers with Prefix what was written as prefix.
        let found = rules.find(|rule| {
            rule.name()
                .is_some_and(|found| found.as_str().eq_ignore_ascii_case(name))
        });
        found.and_then(FilterRule::value).unwrap_or_default().to_owned()
    };
    Entry {
        destination,
        arn: arn.to_owned(),
        id: id.map(str::to_owned),
        events: events.iter().map(|event| event.as_str().to_owned()).collect(),
        prefix: rule("prefix"),
        suffix: rule("suffix"),
    }
}

/// The body of the last answer to one request.
#[derive(Clone, Debug, Default)]
struct AnswerBody(Arc<Mutex<String>>);

impl AnswerBody {
    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Intercept for AnswerBody {
    fn name(&self) -> &'static str {
        "AnswerBody"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = String::from_utf8_lossy(bytes).into_owned();
        Ok(())
    }
}
