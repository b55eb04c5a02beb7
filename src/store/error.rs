//! What S3 refuses, told apart by what the caller can do about it.

use std::error::Error;
use std::fmt;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

/// A request that S3 refused, or that did not get through. It names the operation, the object and AWS' request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// What happened.
    pub kind: Kind,
    /// To what, and what S3 said.
    pub request: Box<Request>,
}

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The S3 operation, as AWS names it.
    pub operation: &'static str,
    /// Bucket name.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// HTTP status, if an answer came.
    pub status: Option<u16>,
    /// S3's error code, if it gave one (a HEAD has none).
    pub code: Option<String>,
    /// AWS' id of the request, for its support.
    pub request_id: Option<String>,
    /// S3's words, or the connection's error.
    pub detail: String,
    /// How often it was sent, where that was counted (writes that are create-only); else 0.
    pub attempts: u32,
    /// The ETag that a write was to replace.
    pub etag: Option<String>,
}

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 404: the object is not there.
    NotFound,
    /// 404 `NoSuchBucket`: the bucket is not there.
    NoSuchBucket,
    /// 404 `NoSuchUpload`: the multipart upload was completed or aborted.
    NoSuchUpload,
    /// 412: for a create-only write, the object is there; for a read, it is another one by now.
    Precondition,
    /// 409: another write to the key was under way.
    Conflict,
    /// 401 or 403: not allowed; or not there, for whoever lacks `s3:ListBucket`.
    Denied,
    /// 301, 307 or a complaint about the region: the bucket is in another region.
    WrongRegion,
    /// 403 `InvalidObjectState`: the object is archived and cannot be read before it is restored.
    ColdStorage,
    /// It is larger than whoever asked for it can use.
    TooLarge,
    /// 503 or 429: slower, please.
    Throttled,
    /// No answer: refused, cut off or timed out. What was asked for may have been done.
    Lost,
    /// Anything else that S3 answered.
    Other,
}

/// What a failure asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The same will happen again: do not retry.
    Permanent,
    /// Try again later.
    Transient,
    /// Somebody has to change permissions or settings; then try again.
    Config,
}

impl StoreError {
    /// What the failure asks for.
    pub fn class(&self) -> Class {
        match self.kind {
            Kind::ColdStorage | Kind::TooLarge => Class::Permanent,
            Kind::Denied | Kind::NoSuchBucket | Kind::WrongRegion => Class::Config,
            Kind::NotFound
            | Kind::NoSuchUpload
            | Kind::Precondition
            | Kind::Conflict
            | Kind::Throttled
            | Kind::Lost
            | Kind::Other => Class::Transient,
        }
    }

    /// Whether a request that makes an object may have made it although it failed: no answer came, S3 failed while it was
    /// at it, or a refusal answers a second try, the first of which may have been done. False for other requests.
    pub fn may_have_landed(&self) -> bool {
        let is_server_fault = self.request.status.is_some_and(|status| status >= 500);
        match self.request.attempts {
            0 => false,
            1 => self.kind == Kind::Lost || is_server_fault,
            _ => true,
        }
    }

    /// Adds how often the request was sent.
    pub(super) fn after(mut self, attempts: u32) -> StoreError {
        self.request.attempts = attempts;
        self
    }

    pub(super) fn of<E>(
        operation: &'static str,
        bucket: &str,
        key: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let response = error.raw_response();
        let status = response.map(|response| response.status().as_u16());
        let code = error.code().map(str::to_owned);
        let detail = match error.message() {
            Some(message) => message.to_owned(),
            None if code.is_some() => String::new(),
            None => crate::refusal::chain(error),
        };
        StoreError {
            kind: kind(status, code.as_deref()),
            request: Box::new(Request {
                operation,
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                status,
                code,
                request_id: error.request_id().map(str::to_owned),
                detail,
                attempts: 0,
                etag: None,
            }),
        }
    }

    /// An answer that came, but cannot be used.
    pub(super) fn unusable(operation: &'static str, bucket: &str, key: &str, detail: &str) -> StoreError {
        StoreError {
            kind: Kind::Other,
            request: Box::new(Request {
                operation,
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                status: None,
                code: None,
                request_id: None,
                detail: detail.to_owned(),
                attempts: 0,
                etag: None,
            }),
        }
    }
}

/// What the code of one entry of an answer means.
pub(super) fn kind_of_code(code: &str) -> Kind {
    match code {
        "AccessDenied" => Kind::Denied,
        code => match kind(None, Some(code)) {
            Kind::Lost => Kind::Other,
            kind => kind,
        },
    }
}

/// A 5xx that came after the request was worked on (500) may have been done as well, but it is an answer: the SDK has tried
/// again already. A 200 or none at all means that the answer was cut off.
fn kind(status: Option<u16>, code: Option<&str>) -> Kind {
    match code {
        Some("InvalidObjectState") => return Kind::ColdStorage,
        Some("NoSuchUpload") => return Kind::NoSuchUpload,
        Some("NoSuchBucket") => return Kind::NoSuchBucket,
        Some("NoSuchKey" | "NotFound") => return Kind::NotFound,
        Some("PreconditionFailed") => return Kind::Precondition,
        Some("ConditionalRequestConflict" | "OperationAborted") => return Kind::Conflict,
        Some("SlowDown" | "ServiceUnavailable" | "TooManyRequests" | "RequestLimitExceeded") => {
            return Kind::Throttled;
        }
        Some("PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed") => {
            return Kind::WrongRegion;
        }
        // Clocks and tokens mend themselves: nobody has to change a setting.
        Some("RequestTimeTooSkewed" | "ExpiredToken" | "RequestTimeout") => return Kind::Other,
        _ => {}
    }
    match status {
        None | Some(200..=299) => Kind::Lost,
        Some(301 | 307) => Kind::WrongRegion,
        Some(401 | 403) => Kind::Denied,
        Some(404) => Kind::NotFound,
        Some(409) => Kind::Conflict,
        Some(412) => Kind::Precondition,
        Some(429 | 503) => Kind::Throttled,
        Some(_) => Kind::Other,
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = &self.request;
        let what = match self.kind {
            Kind::NotFound => "no such object",
            Kind::NoSuchBucket => "no such bucket",
            Kind::NoSuchUpload => "no such multipart upload",
            Kind::Precondition if request.operation == "GetObject" || request.etag.is_some() => {
                "another object is current by now"
            }
            Kind::Precondition => "the object exists already",
            Kind::Conflict => "another write to this key was under way",
            Kind::Denied => {
                "not allowed (without s3:ListBucket on the bucket, S3 answers so for an object that is not there)"
            }
            Kind::WrongRegion => "the bucket is in another region",
            Kind::ColdStorage => "the object is archived: restore it from its storage class first",
            Kind::TooLarge => "the object is too large",
            Kind::Throttled => "S3 asks to slow down",
            Kind::Lost => "no answer",
            Kind::Other => "S3 refused",
        };
        let Request {
            operation,
            bucket,
            key,
            ..
        } = request.as_ref();
        write!(f, "{operation} s3://{bucket}/{key}: {what}")?;
        let facts = [
            request.status.map(|status| format!("status {status}")),
            request.code.clone(),
            Some(request.detail.clone()).filter(|detail| !detail.is_empty()),
            request.request_id.as_ref().map(|id| format!("request id {id}")),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if facts.is_empty() {
            Ok(())
        } else {
            write!(f, " [{}]", facts.join("; "))
        }
    }
}

impl Error for StoreError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: Kind, status: Option<u16>, code: Option<&str>) -> StoreError {
        let mut error = StoreError::unusable("HeadObject", "lake", "a/b", "");
        error.kind = kind;
        error.request.status = status;
        error.request.code = code.map(str::to_owned);
        error
    }

    #[test]
    fn answers_are_told_apart_by_code_first_and_status_then() {
        for (status, code, expected, class) in [
            (Some(404), None, Kind::NotFound, Class::Transient),
            (Some(404), Some("NoSuchBucket"), Kind::NoSuchBucket, Class::Config),
            (
                Some(404),
                Some("NoSuchUpload"),
                Kind::NoSuchUpload,
                Class::Transient,
            ),
            (Some(403), None, Kind::Denied, Class::Config),
            (Some(403), Some("AccessDenied"), Kind::Denied, Class::Config),
            (
                Some(403),
                Some("InvalidObjectState"),
                Kind::ColdStorage,
                Class::Permanent,
            ),
            (
                Some(403),
                Some("RequestTimeTooSkewed"),
                Kind::Other,
                Class::Transient,
            ),
            (Some(412), None, Kind::Precondition, Class::Transient),
            (
                Some(409),
                Some("ConditionalRequestConflict"),
                Kind::Conflict,
                Class::Transient,
            ),
            (Some(503), Some("SlowDown"), Kind::Throttled, Class::Transient),
            (Some(500), Some("InternalError"), Kind::Other, Class::Transient),
            (
                Some(301),
                Some("PermanentRedirect"),
                Kind::WrongRegion,
                Class::Config,
            ),
            (Some(200), None, Kind::Lost, Class::Transient),
            (None, None, Kind::Lost, Class::Transient),
        ] {
            assert_eq!(kind(status, code), expected, "{status:?} {code:?}");
            let error = error(expected, status, code);
            assert_eq!(error.class(), class, "{error}");
        }
    }

    #[test]
    fn a_denied_head_says_what_may_be_missing() {
        let mut error = error(Kind::Denied, Some(403), None);
        error.request.request_id = Some("R1".to_owned());
        let text = error.to_string();
        assert!(text.contains("HeadObject s3://lake/a/b"), "{text}");
        assert!(text.contains("s3:ListBucket"), "{text}");
        assert!(text.contains("status 403; request id R1"), "{text}");
    }
    #[test]
    fn a_refusal_is_clear_only_to_a_first_try() {
        for (kind, status, attempts, may_have) in [
            (Kind::Precondition, Some(412), 1, false),
            (Kind::Precondition, Some(412), 2, true),
            (Kind::Conflict, Some(409), 1, false),
            (Kind::NoSuchUpload, Some(404), 1, false),
            (Kind::NoSuchUpload, Some(404), 2, true),
            (Kind::Lost, None, 1, true),
            (Kind::Other, Some(500), 1, true),
            (Kind::Throttled, Some(503), 1, true),
            (Kind::Lost, None, 0, false),
        ] {
            let error = error(kind, status, None).after(attempts);
            assert_eq!(error.may_have_landed(), may_have, "{error}");
        }
    }
}
