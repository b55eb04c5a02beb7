//! The functions, asked for something that changes nothing: whether they start, and what their own roles let them do.

use super::functions::Function;
use super::{Check, Failure, Finding};

/// What came of an invocation.
pub type Invoked = Result<Answer, Failure>;

/// What a function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It came to its end.
    Done,
    /// It, or Lambda in its place, reports an error.
    Error(String),
}

/// A function that was invoked, and what for, in words.
pub fn judge(function: &Function, what: &str, invoked: &Invoked) -> Finding {
    let check = Check::Probe;
    let (function, logs) = (&function.name, &function.log_group);
    match invoked {
        Ok(Answer::Done) => Finding::ok(check, format!("{function} {what}")),
        Ok(Answer::Error(error)) => Finding::fault(
            check,
            format!("{function}: expected that it {what}, found: {error}"),
        )
        .mend(match logs {
            Some(logs) => format!("aws logs tail {logs} --since 10m"),
            None => format!("aws logs tail /aws/lambda/{function} --since 10m"),
        }),
        // One invocation of it at a time is reserved, and its turn takes minutes at the most.
        Err(Failure::Other(detail)) if detail.contains("TooManyRequests") => {
            Finding::warning(check, format!("{function} is busy with a sweep: {detail}"))
                .mend("try again in some minutes")
        }
        // The right is asked of whoever runs this, not of the function.
        Err(Failure::Denied(detail)) => Finding::warning(
            check,
            format!("{function}: not invoked, for want of lambda:InvokeFunction: {detail}"),
        ),
        Err(failure) => failure.finding(check, function),
    }
}

/// A function that was not asked, and why.
pub fn unasked(function: &str, why: &str) -> Finding {
    Finding::warning(Check::Probe, format!("{function}: not invoked, {why}"))
}

/// The message of an error as Lambda hands it on.
pub fn error_message(payload: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(payload).ok();
    let message = json.as_ref().and_then(|json| json.get("errorMessage")?.as_str());
    message.map_or_else(|| String::from_utf8_lossy(payload).into_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn invocations_are_judged() {
        for (invoked, level, word) in [
            (Ok(Answer::Done), Level::Ok, "daymark-convert reads"),
            (Ok(Answer::Error("403".to_owned())), Level::Fault, "found: 403"),
            (
                Err(Failure::Other(
                    "Invoke: TooManyRequestsException: rate".to_owned(),
                )),
                Level::Warning,
                "busy",
            ),
            (
                Err(Failure::Denied("AccessDenied".to_owned())),
                Level::Warning,
                "lambda:InvokeFunction",
            ),
            (Err(Failure::Absent("404".to_owned())), Level::Fault, "found none"),
        ] {
            let function = Function {
                name: "daymark-convert".to_owned(),
                log_group: Some("/aws/lambda/daymark".to_owned()),
                ..Function::default()
            };
            let finding = judge(&function, "reads", &invoked);
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.found.contains(word), "{finding:?}");
            if matches!(invoked, Ok(Answer::Error(_))) {
                assert_eq!(
                    finding.mend.as_deref(),
                    Some("aws logs tail /aws/lambda/daymark --since 10m")
                );
            }
        }
    }

    #[test]
    fn errors_are_told_in_their_own_words() {
        let json = br#"{"errorType":"E","errorMessage":"no right"}"#;
        assert_eq!(error_message(json), "no right");
        assert_eq!(error_message(b"out of memory"), "out of memory");
    }
}
