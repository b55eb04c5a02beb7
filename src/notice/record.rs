//! The news of one object, in the two forms in which S3 writes it.

use super::decode::{self, Encoding};
use super::field::Field;
use super::{Content, Notice, NoticeError};

/// Reads one record of an S3 notification
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>).
pub(super) fn notification(record: &Field<'_>, content: &mut Content) -> Result<(), NoticeError> {
    // S3's own advice: test the major version for equality, and ignore what is not known within it.
    if let Some(major) = record.major_of("eventVersion").filter(|major| major != "2") {
        return Err(unknown_version(record, "eventVersion", "2", &major));
    }
    let bucket = record.required(&["s3", "bucket", "name"])?;
    let key = record.required(&["s3", "object", "key"])?;
    let key = decode::key(key, Encoding::Form, &format!("{}.s3.object.key", record.at()))?;
    let name = record
        .text_of("eventName")
        .map(|name| name.strip_prefix("s3:").unwrap_or(name));
    if let Some(name) = name.filter(|name| creates_nothing(name)) {
        content.ignored.push(nothing_created(name, bucket, &key));
        return Ok(());
    }
    let s3 = record.get("s3");
    let object = s3.and_then(|s3| s3.get("object"));
    let text = |name: &str| object.as_ref().and_then(|object| object.text_of(name));
    content.notices.push(Notice {
        bucket: bucket.to_owned(),
        key,
        version_id: text("versionId").map(str::to_owned),
        etag: text("eTag").and_then(unquoted),
        size: object.as_ref().and_then(|object| object.number_of("size")),
    });
    Ok(())
}

/// Reads one S3 event of EventBridge (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>).
pub(super) fn bridge(event: &Field<'_>, content: &mut Content) -> Result<(), NoticeError> {
    if let Some(source) = event.text_of("source").filter(|source| *source != "aws.s3") {
        let at = event.at();
        return Err(NoticeError(format!(
            "{at}.source: expected aws.s3, found another source, {source:?}"
        )));
    }
    if let Some(major) = event.major_of("version").filter(|major| major != "0") {
        return Err(unknown_version(event, "version", "0", &major));
    }
    // The envelope's version and the one of what S3 puts into it are two.
    let detail = event.get("detail");
    let version = |detail: &Field<'_>| detail.major_of("version").filter(|major| major != "0");
    if let Some((detail, major)) = detail.as_ref().and_then(|it| Some((it, version(it)?))) {
        return Err(unknown_version(detail, "version", "0", &major));
    }
    let bucket = event.required(&["detail", "bucket", "name"])?;
    let key = event.required(&["detail", "object", "key"])?;
    let key = decode::key(key, Encoding::Plain, &format!("{}.detail.object.key", event.at()))?;
    let kind = event.text_of("detail-type");
    if let Some(kind) = kind.filter(|kind| kind.starts_with("Object ") && *kind != "Object Created") {
        content.ignored.push(nothing_created(kind, bucket, &key));
        return Ok(());
    }
    let object = detail.and_then(|detail| detail.get("object"));
    let text = |name: &str| object.as_ref().and_then(|object| object.text_of(name));
    content.notices.push(Notice {
        bucket: bucket.to_owned(),
        key,
        version_id: text("version-id").map(str::to_owned),
        etag: text("etag").and_then(unquoted),
        size: object.as_ref().and_then(|object| object.number_of("size")),
    });
    Ok(())
}

/// Whether an event's name is one of those that S3 gives to something else than a creation
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>).
/// A restored object is no new object: its part was converted, or refused as archived, when it came.
fn creates_nothing(name: &str) -> bool {
    let other = [
        "Lifecycle",
        "ReducedRedundancyLostObject",
        "Replication",
        "IntelligentTiering",
    ];
    let created = name.starts_with("ObjectCreated");
    !created && (name.starts_with("Object") || other.iter().any(|family| name.starts_with(family)))
}

fn nothing_created(kind: &str, bucket: &str, key: &str) -> String {
    format!("{kind} of s3://{bucket}/{key} creates no object")
}

/// An ETag without its quotes, if anything is left.
fn unquoted(etag: &str) -> Option<String> {
    let etag = etag.trim().trim_matches('"');
    (!etag.is_empty()).then(|| etag.to_owned())
}

fn unknown_version(field: &Field<'_>, name: &str, expected: &str, found: &str) -> NoticeError {
    NoticeError(format!(
        "{}.{name}: expected major version {expected}, found {found}",
        field.at()
    ))
}
