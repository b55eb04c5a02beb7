//! What AWS refuses, as the doctor tells it apart.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::doctor::Failure;
use crate::refusal;

/// A refusal, with the operation's name and the service's words.
pub(super) fn failure<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    let told = words(operation, error);
    if is_denial(status, code) {
        Failure::Denied(told)
    } else if is_absence(status, code, error.message().unwrap_or_default()) {
        Failure::Absent(told)
    } else {
        Failure::Other(told)
    }
}

/// The operation's name, and the service's words or the connection's error.
pub(super) fn words<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (error.code(), error.message(), status) {
        (Some(code), message, _) => format!("{operation}: {code}: {}", message.unwrap_or_default()),
        (None, _, Some(status)) => format!("{operation}: status {status}"),
        _ => format!("{operation}: {}", refusal::chain(error)),
    }
}

/// Services disagree about the status; the code says so everywhere.
fn is_denial(status: Option<u16>, code: &str) -> bool {
    let told = ["AccessDenied", "Unauthorized", "NotAuthorized", "Forbidden"];
    told.iter().any(|word| code.contains(word)) || (code.is_empty() && matches!(status, Some(401 | 403)))
}

fn is_absence(status: Option<u16>, code: &str, message: &str) -> bool {
    let told = ["NotFound", "NoSuch", "NonExistentQueue", "QueueDoesNotExist"];
    // CloudFormation has no code of its own for a stack that is not there.
    let is_stack = code == "ValidationError" && message.contains("does not exist");
    told.iter().any(|word| code.contains(word)) || is_stack || (code.is_empty() && status == Some(404))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_code_first() {
        for (status, code, message, denial, absence) in [
            (Some(403), "AccessDenied", "", true, false),
            (Some(400), "AccessDeniedException", "", true, false),
            (Some(403), "", "", true, false),
            (Some(403), "ExpiredToken", "", false, false),
            (Some(404), "", "", false, true),
            (Some(404), "NoSuchBucket", "", false, true),
            (Some(400), "QueueDoesNotExist", "", false, true),
            (
                Some(400),
                "AWS.SimpleQueueService.NonExistentQueue",
                "",
                false,
                true,
            ),
            (Some(404), "ResourceNotFoundException", "", false, true),
            (
                Some(400),
                "ValidationError",
                "Stack with id x does not exist",
                false,
                true,
            ),
            (Some(400), "ValidationError", "1 validation error", false, false),
            (Some(500), "InternalError", "", false, false),
            (None, "", "", false, false),
        ] {
            assert_eq!(is_denial(status, code), denial, "{status:?} {code}");
            assert_eq!(is_absence(status, code, message), absence, "{status:?} {code}");
        }
    }
}
