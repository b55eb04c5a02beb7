//! Envelopes: which one an event is in, and what is inside.

use super::field::{self, Field};
use super::{Content, Delivery, ENVELOPES_MAX, Message, NoticeError, batch, record};

/// What an event's content shows it to be.
enum Envelope<'a> {
    /// S3's trial of a new notification setting.
    Test,
    /// `Records` of S3.
    Objects(Vec<Field<'a>>),
    /// `Records` of SQS.
    Queue(Vec<Field<'a>>),
    /// `Records` of SNS, or one notification of SNS as a queue receives it.
    Topic(Vec<Field<'a>>),
    /// One event of EventBridge.
    Bridge,
    /// The tasks of S3 Batch Operations.
    Batch(Vec<Field<'a>>),
}

/// Reads the outermost envelope.
pub(super) fn deliver(event: &Field<'_>) -> Result<Delivery, NoticeError> {
    match open(event)? {
        Envelope::Queue(records) => Ok(Delivery::Queue(records.iter().map(message).collect())),
        Envelope::Batch(tasks) => batch::job(event, &tasks).map(Delivery::Batch),
        envelope => {
            let mut content = Content::default();
            collect(event, envelope, 1, &mut content)?;
            Ok(Delivery::Direct(content))
        }
    }
}

fn message(record: &Field<'_>) -> Message {
    let count = record
        .get("attributes")
        .and_then(|it| it.number_of("ApproximateReceiveCount"));
    let read = || {
        let mut content = Content::default();
        unwrap(record, "body", 1, &mut content)?;
        Ok(content)
    };
    Message {
        id: record.text_of("messageId").unwrap_or_default().to_owned(),
        receive_count: count
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(1)
            .max(1),
        content: read(),
    }
}

/// Reads what is inside a text member of an envelope.
fn unwrap(outer: &Field<'_>, member: &str, depth: usize, content: &mut Content) -> Result<(), NoticeError> {
    let text = outer.required(&[member])?;
    let at = format!("{}.{member}", outer.at());
    if depth > ENVELOPES_MAX {
        return Err(NoticeError(format!(
            "{at}: expected at most {ENVELOPES_MAX} envelopes, found more"
        )));
    }
    let inner = field::parse(text.as_bytes(), &at)?;
    let inner = Field::root(&inner, &at);
    let envelope = open(&inner)?;
    collect(&inner, envelope, depth + 1, content)
}

/// Adds what an opened envelope asks for; `depth` counts envelopes from 1.
fn collect(
    event: &Field<'_>,
    envelope: Envelope<'_>,
    depth: usize,
    content: &mut Content,
) -> Result<(), NoticeError> {
    match envelope {
        Envelope::Test => {
            let bucket = event.text_of("Bucket").unwrap_or("an unnamed bucket");
            content.ignored.push(format!("s3:TestEvent of {bucket}"));
        }
        Envelope::Objects(records) => {
            if records.is_empty() {
                content.ignored.push(format!("{}.Records is empty", event.at()));
            }
            for object in &records {
                record::notification(object, content)?;
            }
        }
        Envelope::Topic(notifications) => {
            for notification in &notifications {
                published(notification)?;
                unwrap(notification, "Message", depth, content)?;
            }
        }
        Envelope::Bridge => record::bridge(event, content)?,
        Envelope::Queue(_) => {
            let at = event.at();
            return Err(NoticeError(format!(
                "{at}: expected news of an object, found a queue inside an envelope"
            )));
        }
        Envelope::Batch(_) => {
            let at = event.at();
            return Err(NoticeError(format!(
                "{at}: expected news of an object, found a batch job inside an envelope"
            )));
        }
    }
    Ok(())
}

/// SNS also sends requests to confirm a subscription. They are errors: until somebody confirms, no part arrives.
fn published(notification: &Field<'_>) -> Result<(), NoticeError> {
    match notification.text_of("Type") {
        Some(kind @ ("SubscriptionConfirmation" | "UnsubscribeConfirmation")) => {
            let at = notification.at();
            Err(NoticeError(format!(
                "{at}.Type: expected Notification, found {kind}, which somebody has to answer"
            )))
        }
        _ => Ok(()),
    }
}

fn open<'a>(event: &Field<'a>) -> Result<Envelope<'a>, NoticeError> {
    if !event.is_object() {
        return Err(event.unexpected("an event of S3, SQS, SNS, EventBridge or S3 Batch Operations"));
    }
    if event.text_of("Event") == Some("s3:TestEvent") {
        return Ok(Envelope::Test);
    }
    if event.has("Records") {
        let records = event
            .get("Records")
            .ok_or_else(|| NoticeError(format!("{}.Records: expected a list, found null", event.at())))?;
        return from_records(&records);
    }
    if let Some(tasks) = event.get("tasks") {
        return tasks.list().map(Envelope::Batch);
    }
    if event.has("detail") || event.has("detail-type") {
        return Ok(Envelope::Bridge);
    }
    if event.has("Message") {
        return Ok(Envelope::Topic(vec![event.clone()]));
    }
    let names: Vec<String> = event
        .names()
        .take(5)
        .map(|name| name.chars().take(40).collect())
        .collect();
    Err(NoticeError(format!(
        "{}: expected an event of S3, SQS, SNS, EventBridge or S3 Batch Operations (Records, Message, detail or tasks), \
         found an object with {}",
        event.at(),
        if names.is_empty() {
            "nothing in it".to_owned()
        } else {
            format!("{names:?}")
        }
    )))
}

/// Where a record comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    S3,
    Sqs,
    Sns,
}

fn from_records<'a>(records: &Field<'a>) -> Result<Envelope<'a>, NoticeError> {
    let records = records.list()?;
    let mut first = None;
    for record in &records {
        let found = source(record)?;
        if *first.get_or_insert(found) != found {
            return Err(NoticeError(format!(
                "{}: expected a record of the same source as the first, found another",
                record.at()
            )));
        }
    }
    match first {
        None | Some(Source::S3) => Ok(Envelope::Objects(records)),
        Some(Source::Sqs) => Ok(Envelope::Queue(records)),
        Some(Source::Sns) => records
            .iter()
            .map(|record| {
                record
                    .get("Sns")
                    .ok_or_else(|| record.unexpected("an object with Sns in it"))
            })
            .collect::<Result<_, _>>()
            .map(Envelope::Topic),
    }
}

/// A record that names its service is that service's; one that does not (or names a look-alike of S3) is judged by
/// what it carries.
fn source(record: &Field<'_>) -> Result<Source, NoticeError> {
    let named = record
        .text_of("eventSource")
        .or_else(|| record.text_of("EventSource"));
    match named.and_then(|named| named.strip_prefix("aws:")) {
        Some("s3") => Ok(Source::S3),
        Some("sqs") => Ok(Source::Sqs),
        Some("sns") => Ok(Source::Sns),
        Some(other) => Err(NoticeError(format!(
            "{}: expected a record of S3, SQS or SNS, found another service's, {other:?}",
            record.at()
        ))),
        None if record.has("s3") => Ok(Source::S3),
        None if record.has("Sns") => Ok(Source::Sns),
        None if record.has("body") || record.has("receiptHandle") => Ok(Source::Sqs),
        None => Err(record.unexpected("a record of S3, SQS or SNS (with s3, body or Sns in it)")),
    }
}
