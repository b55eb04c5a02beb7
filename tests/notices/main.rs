//! Notices: every event of `events/`, and what else may come in their place.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod files;
mod leniency;
mod refusals;

use std::fs;
use std::path::PathBuf;

use daymark::notice::{Content, Delivery, Notice, NoticeError, read};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The bucket of every event.
const BUCKET: &str = "daymark-landing";

fn events() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("events")
}

fn event(name: &str) -> Value {
    serde_json::from_slice(&fs::read(events().join(format!("{name}.json"))).unwrap()).unwrap()
}

fn read_value(value: &Value) -> Result<Delivery, NoticeError> {
    read(value.to_string().as_bytes())
}

/// One line each: what is delivered, how, and why the rest is ignored.
fn lines(delivery: Result<Delivery, NoticeError>) -> Vec<String> {
    fn notice(it: &Notice) -> String {
        let Notice {
            bucket,
            key,
            version_id,
            etag,
            size,
        } = it;
        let version = version_id
            .as_deref()
            .map_or(String::new(), |it| format!(" v={it}"));
        let etag = etag.as_deref().map_or(String::new(), |it| format!(" e={it}"));
        let size = size.map_or(String::new(), |it| format!(" {it}"));
        format!("{bucket} {key}{version}{etag}{size}")
    }
    fn content(it: &Content) -> Vec<String> {
        it.notices
            .iter()
            .map(notice)
            .chain(it.ignored.iter().map(|it| format!("ignored: {it}")))
            .collect()
    }
    match delivery {
        Err(error) => vec![format!("refused: {error}")],
        Ok(Delivery::Direct(it)) => content(&it),
        Ok(Delivery::Queue(messages)) => messages
            .iter()
            .flat_map(|message| {
                let head = format!("message {} received {}", message.id, message.receive_count);
                let content = match &message.content {
                    Ok(it) => content(it),
                    Err(error) => vec![format!("refused: {error}")],
                };
                [head].into_iter().chain(content)
            })
            .collect(),
        Ok(Delivery::Batch(job)) => {
            let head = format!("job {} {}", job.schema_version, job.invocation_id);
            let task = |id: &str, it: &Result<Notice, NoticeError>| match it {
                Ok(it) => format!("task {id} {}", notice(it)),
                Err(error) => format!("task {id} refused: {error}"),
            };
            [head]
                .into_iter()
                .chain(job.tasks.iter().map(|it| task(&it.id, &it.content)))
                .collect()
        }
    }
}

fn with(event: &Value, pointer: &str, replacement: Option<&Value>) -> Value {
    let mut event = event.clone();
    match replacement {
        Some(replacement) => *event.pointer_mut(pointer).unwrap() = replacement.clone(),
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            match event.pointer_mut(parent).unwrap() {
                Value::Array(elements) => drop(elements.remove(name.parse().unwrap())),
                parent => drop(parent.as_object_mut().unwrap().remove(name)),
            }
        }
    }
    event
}

/// Bucket and key of all that is asked for, None if anything is refused.
fn asked(event: &Value) -> Option<Vec<(String, String)>> {
    let notices = match read_value(event).ok()? {
        Delivery::Direct(content) => content.notices,
        Delivery::Queue(messages) => messages
            .into_iter()
            .map(|it| it.content.map(|it| it.notices))
            .collect::<Result<Vec<_>, _>>()
            .ok()?
            .concat(),
        Delivery::Batch(job) => job
            .tasks
            .into_iter()
            .map(|it| it.content)
            .collect::<Result<_, _>>()
            .ok()?,
    };
    Some(notices.into_iter().map(|it| (it.bucket, it.key)).collect())
}

fn queue(body: &Value) -> Value {
    let body = if let Value::String(text) = body {
        text.clone()
    } else {
        body.to_string()
    };
    json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": body}]})
}

fn topic(message: &Value) -> Value {
    json!({"Type": "Notification", "Message": message.to_string()})
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = [
        "Records", "s3", "bucket", "name", "object", "key", "body", "Sns", "Message", "detail", "tasks",
        "s3Key",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}|%[0-9a-g]{0,2}|aws:(s3|sqs|sns)|[{]\"Records\":[\\[]]}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(names.to_vec()), inner, 0..4).prop_map(
                |members| members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            ),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_payload_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), value in any_json()) {
        let _ = read(&bytes);
        let _ = read_value(&value);
        let _ = read_value(&queue(&value));
        let _ = read_value(&json!({"Records": [value]}));
    }

    #[test]
    fn what_is_asked_for_has_bucket_and_key(value in any_json()) {
        for (bucket, key) in asked(&value).into_iter().flatten() {
            prop_assert!(!bucket.is_empty() && !key.is_empty());
        }
    }
}
