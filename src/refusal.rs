//! What an AWS service refuses, in its own words; or why there was no answer.

use std::error::Error;

use aws_sdk_s3::error::ProvideErrorMetadata;

/// The service's code and message; of a request without an answer the causes.
pub fn words<E>(error: &E) -> String
where
    E: ProvideErrorMetadata + Error,
{
    match (
        error.code(),
        error.message().filter(|message| !message.is_empty()),
    ) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => chain(error),
    }
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::error::{ErrorMetadata, SdkError};
    use aws_sdk_sqs::operation::send_message::SendMessageError;

    use super::*;

    #[test]
    fn the_services_words_are_told_or_the_causes() {
        let refused = |code: Option<&str>, message: Option<&str>| {
            let mut metadata = ErrorMetadata::builder();
            if let Some(code) = code {
                metadata = metadata.code(code);
            }
            if let Some(message) = message {
                metadata = metadata.message(message);
            }
            words(&SendMessageError::generic(metadata.build()))
        };
        assert_eq!(
            refused(Some("QueueDoesNotExist"), Some("no such queue")),
            "QueueDoesNotExist: no such queue"
        );
        assert_eq!(refused(Some("Throttled"), None), "Throttled");
        let lost: SdkError<SendMessageError> =
            SdkError::construction_failure(std::io::Error::other("no route"));
        assert_eq!(words(&lost), "failed to construct request: no route");
    }
}
