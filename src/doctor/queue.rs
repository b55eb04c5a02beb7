//! The queue of parts and the queue of what failed, by their attributes.
//!
//! AWS Lambda developer guide, "Using Lambda with Amazon SQS", for the numbers: a visibility timeout of six times the
//! function's timeout, five receives at least. Amazon SQS developer guide, "Setting-up dead-letter queue retention": a
//! message keeps its age when it moves, so the dead letters' retention must not be the shorter one.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Check, Finding};

/// How many times the function's timeout a message has to be hidden.
const VISIBILITY_TIMES: u64 = 6;
/// Receives before a message is given up, at least.
const RECEIVES_MIN: u64 = 5;
const HOUR_SECONDS: u64 = 3_600;

/// A queue, by the attributes that SQS gives of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// How long a received message is hidden.
    pub visibility_seconds: Option<u64>,
    /// How long a message is kept.
    pub retention_seconds: Option<u64>,
    /// What becomes of messages that fail.
    pub redrive: Option<RedrivePolicy>,
    /// Who may do what with it, as JSON.
    pub policy: Option<String>,
    /// The KMS key that it is encrypted with, if it is one.
    pub kms_key: Option<String>,
    /// Messages that wait, the delayed ones included.
    pub waiting: u64,
    /// Messages that are being worked on.
    pub in_flight: u64,
}

/// A queue's redrive policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedrivePolicy {
    /// The ARN of the dead-letter queue.
    pub dead_letters: String,
    /// Receives after which a message moves there.
    pub receives_max: u64,
}

/// Some of the dead letters, as they were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How many.
    pub letters: u64,
    /// Those that are no event of an object.
    pub strange: u64,
    /// How long the first of them has been under way.
    pub oldest_seconds: Option<u64>,
}

impl Queue {
    /// A queue of the attributes that SQS gave. Those that it did not give, or not as numbers, are unknown.
    pub fn of(url: &str, attributes: &BTreeMap<String, String>) -> Self {
        let number = |name: &str| attributes.get(name).and_then(|text| text.parse::<u64>().ok());
        let text = |name: &str| attributes.get(name).filter(|text| !text.is_empty()).cloned();
        let waiting = number("ApproximateNumberOfMessages").unwrap_or(0);
        let delayed = number("ApproximateNumberOfMessagesDelayed").unwrap_or(0);
        Queue {
            url: url.to_owned(),
            arn: text("QueueArn").unwrap_or_default(),
            visibility_seconds: number("VisibilityTimeout"),
            retention_seconds: number("MessageRetentionPeriod"),
            redrive: text("RedrivePolicy").and_then(|json| RedrivePolicy::parse(&json)),
            policy: text("Policy"),
            kms_key: text("KmsMasterKeyId"),
            waiting: waiting.saturating_add(delayed),
            in_flight: number("ApproximateNumberOfMessagesNotVisible").unwrap_or(0),
        }
    }
}

impl RedrivePolicy {
    /// Reads the attribute `RedrivePolicy`: `maxReceiveCount` is a number, or its digits.
    pub fn parse(json: &str) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Count {
            Number(u64),
            Text(String),
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Raw {
            dead_letter_target_arn: String,
            max_receive_count: Count,
        }
        let raw: Raw = serde_json::from_str(json).ok()?;
        Some(RedrivePolicy {
            dead_letters: raw.dead_letter_target_arn,
            receives_max: match raw.max_receive_count {
                Count::Number(number) => number,
                Count::Text(text) => text.parse().ok()?,
            },
        })
    }
}

/// The queue itself: that it answers, and what is in it.
pub fn queue(queue: &Queue) -> Finding {
    let (waiting, in_flight) = (queue.waiting, queue.in_flight);
    let found = format!("{}: {waiting} waiting, {in_flight} being worked on", queue.url);
    match queue.kms_key.as_deref() {
        // AWS' own key has a policy that nobody can change, and S3 is not in it.
        Some("alias/aws/sqs") => Finding::fault(
            Check::Queue,
            format!("{found}. It is encrypted with alias/aws/sqs, which S3 may not use: expected a key of your own, or SSE-SQS"),
        )
        .mend(set_attribute(&queue.url, "SqsManagedSseEnabled", "true")),
        _ => Finding::ok(Check::Queue, found),
    }
}

/// How long the queue hides what is being worked on, beside how long that may take.
pub fn visibility(queue: &Queue, timeout_seconds: Option<u64>) -> Finding {
    let check = Check::Visibility;
    let Some(visible) = queue.visibility_seconds else {
        return Finding::warning(check, "SQS does not say the queue's visibility timeout");
    };
    let Some(timeout) = timeout_seconds else {
        return Finding::warning(
            check,
            format!(
                "{visible} s; the converter's timeout is not known here, so it is not compared with that"
            ),
        )
        .mend("name the functions: --stack NAME, or --convert-function NAME");
    };
    let least = timeout.saturating_mul(VISIBILITY_TIMES);
    let found = format!("{visible} s for a function that has {timeout} s");
    let mend = set_attribute(&queue.url, "VisibilityTimeout", &least.to_string());
    if visible < timeout {
        let why = "what is being worked on is handed out again meanwhile";
        return Finding::fault(check, format!("{found}: expected {least} s at least; {why}")).mend(mend);
    }
    if visible < least {
        let why = "when Lambda is busy, parts are tried twice and give up early";
        return Finding::warning(check, format!("{found}: expected {least} s at least; {why}")).mend(mend);
    }
    Finding::ok(check, found)
}

/// How often the queue tries, and where what failed goes. `receives_max` is what the converter was told.
pub fn redrive(queue: &Queue, receives_max: u32) -> Finding {
    let check = Check::Redrive;
    let Some(policy) = &queue.redrive else {
        return Finding::fault(
            check,
            "the queue has no redrive policy: what fails is tried until it is too old, and then lost",
        )
        .mend(format!(
            "aws sqs set-queue-attributes --queue-url {} --attributes \
             '{{\"RedrivePolicy\":\"{{\\\"deadLetterTargetArn\\\":\\\"ARN\\\",\\\"maxReceiveCount\\\":5}}\"}}'",
            queue.url
        ));
    };
    let count = policy.receives_max;
    let found = format!("after {count} receives to {}", policy.dead_letters);
    if count < RECEIVES_MIN {
        return Finding::warning(
            check,
            format!("{found}: expected {RECEIVES_MIN} at least; a busy minute is enough to give a part up"),
        );
    }
    if count != u64::from(receives_max) {
        return Finding::warning(
            check,
            format!(
                "{found}, but DAYMARK_MAX_RECEIVES is {receives_max}: expected the same, so that a part that runs out of \
                 time at the last try says so"
            ),
        );
    }
    Finding::ok(check, found)
}

/// What failed, of which some was `seen`; `mend` is the command that sends it again.
pub fn dead_letters(queue: &Queue, letters: &Queue, seen: &Seen, mend: &str) -> Finding {
    let check = Check::DeadLetters;
    let all = letters.waiting.saturating_add(letters.in_flight);
    if all > 0 {
        let age = seen.oldest_seconds.map_or(String::new(), |seconds| {
            let kept = letters.retention_seconds.map_or(String::new(), |kept| {
                format!(" and is lost at {} h", kept / HOUR_SECONDS)
            });
            format!(
                "; the oldest that was seen is {} h old{kept}",
                seconds / HOUR_SECONDS
            )
        });
        let Seen {
            letters: looked,
            strange,
            ..
        } = seen;
        let url = &letters.url;
        return if *strange == 0 {
            Finding::fault(
                check,
                format!("{all} in {url}: parts that failed again and again{age}"),
            )
            .mend(mend)
        } else if strange < looked || *looked < all {
            let what = format!("{strange} of the {looked} that were looked at are no event of an object");
            let rest = "the others are parts that failed again and again";
            let mend = format!("{mend}; what is no event: {mend} --drop");
            Finding::fault(check, format!("{all} in {url}: {what}, {rest}{age}")).mend(mend)
        } else {
            let found = format!(
                "{all} in {url}, none of which is an event of an object: no part is lost with them{age}"
            );
            Finding::warning(check, found).mend(format!("{mend} --drop"))
        };
    }
    if let (Some(own), Some(other)) = (letters.retention_seconds, queue.retention_seconds)
        && own < other
    {
        let found = format!(
            "none; but {} keeps messages for {own} s and the queue for {other} s: expected as long at least, since a message keeps its \
             age when it moves",
            letters.url
        );
        return Finding::warning(check, found).mend(set_attribute(
            &letters.url,
            "MessageRetentionPeriod",
            "1209600",
        ));
    }
    Finding::ok(check, format!("none in {}", letters.url))
}

/// How long the first message in the queue has waited. Only CloudWatch knows: to receive it would bring it nearer to the
/// dead letters. So the command that asks is told, where anything waits.
pub fn oldest_message(queue: &Queue) -> Finding {
    let check = Check::OldestMessage;
    if queue.waiting == 0 {
        return Finding::ok(check, "nothing waits in the queue");
    }
    let name = queue.arn.rsplit(':').next().unwrap_or_default();
    Finding::ok(check, format!("{} wait in the queue; CloudWatch says since when", queue.waiting)).mend(format!(
        "aws cloudwatch get-metric-statistics --namespace AWS/SQS --metric-name ApproximateAgeOfOldestMessage --dimensions \
         Name=QueueName,Value={name} --statistics Maximum --period 60 --start-time $(date -u -d -15min +%FT%TZ) --end-time \
         $(date -u +%FT%TZ)"
    ))
}

fn set_attribute(url: &str, name: &str, value: &str) -> String {
    format!("aws sqs set-queue-attributes --queue-url {url} --attributes {name}={value}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn of(attributes: &[(&str, &str)]) -> Queue {
        let pairs = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Queue::of("https://q", &pairs.collect())
    }

    #[test]
    fn attributes_are_read_and_what_is_odd_is_unknown() {
        let queue = of(&[
            ("QueueArn", "arn:q"),
            ("VisibilityTimeout", "1800"),
            ("MessageRetentionPeriod", "many"),
            ("ApproximateNumberOfMessages", "3"),
            ("ApproximateNumberOfMessagesDelayed", "1"),
            ("ApproximateNumberOfMessagesNotVisible", "2"),
            (
                "RedrivePolicy",
                r#"{"deadLetterTargetArn":"arn:d","maxReceiveCount":"5"}"#,
            ),
        ]);
        assert_eq!((queue.waiting, queue.in_flight), (4, 2));
        assert_eq!(
            (queue.visibility_seconds, queue.retention_seconds),
            (Some(1800), None)
        );
        assert_eq!(queue.redrive.unwrap().receives_max, 5);
        for odd in [
            "",
            "[]",
            r#"{"maxReceiveCount":5}"#,
            r#"{"deadLetterTargetArn":"a","maxReceiveCount":"x"}"#,
        ] {
            assert_eq!(RedrivePolicy::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn visibility_is_held_against_the_timeout() {
        for (visible, timeout, level) in [
            ("1800", Some(300), Level::Ok),
            ("5400", Some(300), Level::Ok),
            ("1799", Some(300), Level::Warning),
            ("300", Some(300), Level::Warning),
            ("299", Some(300), Level::Fault),
            ("1800", None, Level::Warning),
            ("", Some(300), Level::Warning),
        ] {
            let finding = visibility(&of(&[("VisibilityTimeout", visible)]), timeout);
            assert_eq!(finding.level, level, "{visible} {timeout:?}: {finding:?}");
            assert!(level != Level::Fault || finding.mend.unwrap().ends_with("VisibilityTimeout=1800"));
        }
    }

    #[test]
    fn redrive_policies_are_judged() {
        let with = |count: u64| {
            of(&[(
                "RedrivePolicy",
                &format!(r#"{{"deadLetterTargetArn":"d","maxReceiveCount":{count}}}"#),
            )])
        };
        for (queue, told, level) in [
            (of(&[]), 5, Level::Fault),
            (with(5), 5, Level::Ok),
            (with(9), 9, Level::Ok),
            (with(4), 4, Level::Warning),
            (with(6), 5, Level::Warning),
        ] {
            assert_eq!(redrive(&queue, told).level, level, "{queue:?}");
        }
    }

    #[test]
    fn dead_letters_are_a_fault_and_short_retention_a_warning() {
        let queue = of(&[("MessageRetentionPeriod", "604800")]);
        for (attributes, level) in [
            (vec![("MessageRetentionPeriod", "1209600")], Level::Ok),
            (vec![("MessageRetentionPeriod", "345600")], Level::Warning),
            (vec![], Level::Ok),
            (vec![("ApproximateNumberOfMessages", "1")], Level::Fault),
            (vec![("ApproximateNumberOfMessagesNotVisible", "1")], Level::Fault),
        ] {
            let seen = Seen {
                oldest_seconds: Some(7_300),
                ..Seen::default()
            };
            let finding = dead_letters(&queue, &of(&attributes), &seen, "daymark redrive");
            assert_eq!(finding.level, level, "{attributes:?}: {finding:?}");
        }
    }

    #[test]
    fn what_is_no_event_is_not_called_a_part() {
        let queue = of(&[]);
        for (waiting, looked, strange, level, mend) in [
            (4, 4, 4, Level::Warning, "redrive --drop"),
            (4, 4, 1, Level::Fault, "redrive; what is no event: redrive --drop"),
            // What was not looked at may be parts.
            (
                40,
                10,
                10,
                Level::Fault,
                "redrive; what is no event: redrive --drop",
            ),
            (4, 4, 0, Level::Fault, "redrive"),
            (4, 0, 0, Level::Fault, "redrive"),
        ] {
            let letters = of(&[("ApproximateNumberOfMessages", &waiting.to_string())]);
            let seen = Seen {
                letters: looked,
                strange,
                oldest_seconds: None,
            };
            let finding = dead_letters(&queue, &letters, &seen, "redrive");
            assert_eq!(finding.level, level, "{seen:?}: {finding:?}");
            assert_eq!(finding.mend.as_deref(), Some(mend), "{finding:?}");
            let calls_them_parts = finding.found.contains("parts that failed");
            assert_eq!(calls_them_parts, level == Level::Fault, "{finding:?}");
        }
    }

    #[test]
    fn what_waits_and_how_it_is_encrypted() {
        assert_eq!(oldest_message(&of(&[])).mend, None);
        let waits = of(&[
            ("ApproximateNumberOfMessages", "2"),
            ("QueueArn", "arn:aws:sqs:r:1:parts"),
        ]);
        assert!(oldest_message(&waits).mend.unwrap().contains("Value=parts "));
        let with = |key: &str| super::queue(&of(&[("KmsMasterKeyId", key)])).level;
        assert_eq!(with(""), Level::Ok);
        assert_eq!(with("alias/mine"), Level::Ok);
        assert_eq!(with("alias/aws/sqs"), Level::Fault);
    }
}
