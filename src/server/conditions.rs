//! The conditions `If-Match`, `If-None-Match` and their like, for reads and for writes.
//!
//! S3 user guide: "Conditional reads" and "Conditional writes".

use s3s::dto::TimestampFormat;
use s3s::dto::{ETagCondition, Timestamp};
use s3s::header::{ETAG, LAST_MODIFIED};
use s3s::{S3Error, S3Result, s3_error};

use super::record::Record;

/// The condition of a write: PutObject, CompleteMultipartUpload, DeleteObject.
#[derive(Clone, Debug, Default)]
pub struct WriteCondition {
    /// Write only onto the object with this ETag.
    pub if_match: Option<ETagCondition>,
    /// `*`: write only if there is no object.
    pub if_none_match: Option<ETagCondition>,
}

impl WriteCondition {
    /// There is a condition at all.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.if_match.is_some() || self.if_none_match.is_some()
    }

    /// Holds it against the current object.
    ///
    /// # Errors
    /// 412 `PreconditionFailed`; 404 `NoSuchKey` where `If-Match` finds no object; 501 for `If-None-Match` with an ETag.
    pub fn check(&self, current: Option<&Record>) -> S3Result {
        match (&self.if_none_match, current) {
            (None, _) | (Some(ETagCondition::Any), None) => {}
            (Some(ETagCondition::Any), Some(_)) => return Err(failed("If-None-Match")),
            (Some(ETagCondition::ETag(_)), _) => {
                return Err(s3_error!(NotImplemented, "If-None-Match on a write takes only *"));
            }
        }
        match (&self.if_match, current) {
            (None, _) | (Some(ETagCondition::Any), Some(_)) => Ok(()),
            (Some(_), None) => Err(s3_error!(NoSuchKey, "The specified key does not exist.")),
            (Some(ETagCondition::ETag(wanted)), Some(record)) => {
                if wanted.strong_cmp(&record.etag()) {
                    Ok(())
                } else {
                    Err(failed("If-Match"))
                }
            }
        }
    }
}

/// The conditions of a read: GetObject, HeadObject, and of CopyObject on its source.
#[derive(Clone, Debug, Default)]
pub struct ReadCondition {
    /// Read only the object with this ETag.
    pub if_match: Option<ETagCondition>,
    /// Read only if the object has another ETag.
    pub if_none_match: Option<ETagCondition>,
    /// Read only if it changed after this. Void beside `if_none_match`.
    pub if_modified_since: Option<Timestamp>,
    /// Read only if it did not change after this. Void beside `if_match`.
    pub if_unmodified_since: Option<Timestamp>,
}

impl ReadCondition {
    /// Holds it against the object.
    ///
    /// # Errors
    /// 412 `PreconditionFailed`, or 304 `NotModified` with the ETag in a header.
    pub fn check(&self, record: &Record) -> S3Result {
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(ETagCondition::ETag(wanted)), _) if !wanted.strong_cmp(&record.etag()) => {
                return Err(failed("If-Match"));
            }
            (None, Some(since)) if record.last_modified() > *since => {
                return Err(failed("If-Unmodified-Since"));
            }
            _ => {}
        }
        match (&self.if_none_match, &self.if_modified_since) {
            (Some(ETagCondition::Any), _) => Err(not_modified(record)),
            (Some(ETagCondition::ETag(known)), _) if known.weak_cmp(&record.etag()) => {
                Err(not_modified(record))
            }
            (None, Some(since)) if record.last_modified() <= *since => Err(not_modified(record)),
            _ => Ok(()),
        }
    }
}

fn failed(which: &str) -> S3Error {
    s3_error!(
        PreconditionFailed,
        "At least one of the pre-conditions you specified did not hold: {which}"
    )
}

fn not_modified(record: &Record) -> S3Error {
    let mut error = s3_error!(NotModified);
    let mut headers = hyper::HeaderMap::new();
    if let Ok(etag) = record.etag().to_http_header() {
        headers.insert(ETAG, etag);
    }
    let mut date = Vec::new();
    if record
        .last_modified()
        .format(TimestampFormat::HttpDate, &mut date)
        .is_ok()
        && let Ok(value) = hyper::header::HeaderValue::from_bytes(&date)
    {
        headers.insert(LAST_MODIFIED, value);
    }
    error.set_headers(headers);
    error
}
