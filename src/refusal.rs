//! What an AWS service refuses, in its own words; or why there was no answer.

use std::error::Error;

/// The service's code and message; of a request without an answer the causes.
pub fn words(code: Option<&str>, message: Option<&str>, error: &dyn Error) -> String {
    match (code, message.filter(|message| !message.is_empty())) {
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
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("failed to construct request")]
    struct Lost(#[source] std::io::Error);

    #[test]
    fn the_services_words_are_told_or_the_causes() {
        let lost = Lost(std::io::Error::other("no route"));
        for (code, message, told) in [
            (
                Some("QueueDoesNotExist"),
                Some("no such queue"),
                "QueueDoesNotExist: no such queue",
            ),
            (Some("Throttled"), None, "Throttled"),
            (Some("Throttled"), Some(""), "Throttled"),
            (None, None, "failed to construct request: no route"),
        ] {
            assert_eq!(words(code, message, &lost), told);
        }
    }
}
