//! The queue's policy: whether it lets the bucket, or EventBridge's rule, send.
//!
//! Amazon S3 user guide, "Granting permissions to publish event notification messages to a destination", and Amazon
//! EventBridge user guide, "Amazon SQS permissions": service principal, `aws:SourceArn`, `aws:SourceAccount`. What else a
//! policy can say is not worked out here but told.

use serde_json::Value;

use super::{Check, Finding};

/// Who has to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The service, such as `s3.amazonaws.com`.
    pub service: &'static str,
    /// The ARN of the bucket or rule.
    pub arn: String,
}

/// What a statement makes of a sender.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// It is not about him.
    Silent,
    /// It may be, but asks for something that is not understood here.
    Unclear(String),
    /// It lets him in, and every other sender of the service too.
    Everyone,
    /// It lets him in, and who else it lets in is limited.
    Lets,
}

/// Whether the policy lets the sender send to the queue.
pub fn judge(policy: Option<&str>, queue_arn: &str, sender: &Sender) -> Finding {
    let check = Check::QueuePolicy;
    let who = format!("{} ({})", sender.arn, sender.service);
    let Some(policy) = policy else {
        return Finding::fault(
            check,
            format!("the queue has no policy: expected one that lets {who} send"),
        );
    };
    let statements = match serde_json::from_str::<Value>(policy) {
        Ok(Value::Object(mut document)) => document.remove("Statement").unwrap_or_default(),
        _ => {
            return Finding::warning(
                check,
                "the queue's policy is no JSON object, so nothing can be said of it",
            );
        }
    };
    let statements: Vec<&Value> = match &statements {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    let of = |effect: &str| -> Verdict {
        let own = statements
            .iter()
            .filter(|one| one.get("Effect").is_some_and(|found| found == effect));
        let verdicts = own.map(|one| of_statement(one, queue_arn, sender));
        verdicts.max().unwrap_or(Verdict::Silent)
    };
    if matches!(of("Deny"), Verdict::Everyone | Verdict::Lets) {
        return Finding::fault(check, format!("the queue's policy denies {who} to send"));
    }
    match of("Allow") {
        Verdict::Lets => Finding::ok(check, format!("the queue lets {who} send")),
        Verdict::Everyone => Finding::warning(
            check,
            format!(
                "the queue lets {who} send, and anybody else's too: expected conditions on aws:SourceArn and \
                 aws:SourceAccount"
            ),
        ),
        Verdict::Unclear(what) => Finding::warning(
            check,
            format!("whether the queue lets {who} send cannot be told: its policy has {what}"),
        ),
        Verdict::Silent => Finding::fault(
            check,
            format!(
                "the queue's policy does not let {who} send: expected sqs:SendMessage with that aws:SourceArn"
            ),
        ),
    }
}

fn of_statement(statement: &Value, queue_arn: &str, sender: &Sender) -> Verdict {
    for (name, what) in [
        ("NotPrincipal", "principals"),
        ("NotAction", "actions"),
        ("NotResource", "resources"),
    ] {
        if statement.get(name).is_some() {
            return Verdict::Unclear(format!("{name} for its {what}"));
        }
    }
    let principal = statement.get("Principal");
    let is_anyone =
        principal.is_some_and(|found| found == "*" || found.get("AWS").is_some_and(|aws| has(aws, "*")));
    let is_service = principal
        .and_then(|found| found.get("Service"))
        .is_some_and(|found| has(found, sender.service));
    let is_action = texts(statement.get("Action"))
        .iter()
        .any(|action| like(&action.to_lowercase(), "sqs:sendmessage"));
    // A queue's policy may leave it out: it is about that queue.
    let resources = texts(statement.get("Resource"));
    let is_resource = resources.is_empty() || resources.iter().any(|resource| like(resource, queue_arn));
    if !(is_anyone || is_service) || !is_action || !is_resource {
        return Verdict::Silent;
    }
    let mut verdict = Verdict::Everyone;
    let conditions = statement.get("Condition").and_then(Value::as_object);
    for (operator, keys) in conditions.into_iter().flatten() {
        for (key, value) in keys.as_object().into_iter().flatten() {
            let values = texts(Some(value));
            let equals = matches!(
                operator.as_str(),
                "ArnEquals" | "ArnLike" | "StringEquals" | "StringLike"
            );
            match key.to_lowercase().as_str() {
                "aws:sourcearn" if equals => {
                    if !values.iter().any(|value| like(value, &sender.arn)) {
                        return Verdict::Silent;
                    }
                    verdict = Verdict::Lets;
                }
                // The account is not known from a bucket's ARN: it narrows, and whom it names is not judged.
                "aws:sourceaccount" if equals => verdict = verdict.max(Verdict::Lets),
                // Services come by TLS.
                "aws:securetransport" if operator == "Bool" => {
                    if values.iter().any(|value| value == "false") {
                        return Verdict::Silent;
                    }
                }
                _ => return Verdict::Unclear(format!("the condition {operator} on {key}")),
            }
        }
    }
    verdict
}

/// A text, or a list of them.
fn texts(value: Option<&Value>) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    };
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

fn has(value: &Value, text: &str) -> bool {
    texts(Some(value)).iter().any(|found| found == text)
}

/// Whether a text is like a pattern, in which `*` stands for any characters and `?` for one.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // The row of "is the rest of the text like the rest of the pattern", from the pattern's end.
    let mut below: Vec<bool> = (0..=text.len()).map(|at| at == text.len()).collect();
    for char in pattern.iter().rev() {
        let mut row = vec![false; text.len() + 1];
        for at in (0..=text.len()).rev() {
            let next = |row: &[bool]| row.get(at + 1).copied().unwrap_or(false);
            let is = match char {
                '*' => below.get(at).copied().unwrap_or(false) || next(&row),
                '?' => next(&below),
                char => text.get(at) == Some(char) && next(&below),
            };
            if let Some(cell) = row.get_mut(at) {
                *cell = is;
            }
        }
        below = row;
    }
    below.first().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::Level;

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:1:parts";

    fn judged(statements: Value) -> Level {
        let sender = Sender {
            service: "s3.amazonaws.com",
            arn: "arn:aws:s3:::landing".to_owned(),
        };
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        judge(Some(&policy), QUEUE, &sender).level
    }

    fn statement(change: Value) -> Value {
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": { "Service": "s3.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": QUEUE,
            "Condition": {
                "ArnEquals": { "aws:SourceArn": "arn:aws:s3:::landing" },
                "StringEquals": { "aws:SourceAccount": "1" },
            },
        });
        for (name, value) in change.as_object().unwrap() {
            statement[name] = value.clone();
        }
        statement
    }

    #[test]
    fn statements_are_judged() {
        let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE,
            "Condition": { "Bool": { "aws:SecureTransport": "false" } } });
        for (change, level) in [
            (json!({}), Level::Ok),
            (json!({ "Action": ["SQS:Send*"] }), Level::Ok),
            (json!({ "Resource": "arn:aws:sqs:*:1:*" }), Level::Ok),
            (
                json!({ "Principal": { "Service": ["x", "s3.amazonaws.com"] } }),
                Level::Ok,
            ),
            (
                json!({ "Condition": { "ArnLike": { "AWS:SourceArn": ["x", "arn:aws:s3:*:*:land*"] } } }),
                Level::Ok,
            ),
            (
                json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "1" } } }),
                Level::Ok,
            ),
            (json!({ "Condition": {} }), Level::Warning),
            (json!({ "Principal": "*", "Condition": {} }), Level::Warning),
            (
                json!({ "Condition": { "IpAddress": { "aws:SourceIp": "1.2.3.4" } } }),
                Level::Warning,
            ),
            (json!({ "NotAction": "x" }), Level::Warning),
            (
                json!({ "Principal": { "Service": "sns.amazonaws.com" } }),
                Level::Fault,
            ),
            (json!({ "Action": "sqs:ReceiveMessage" }), Level::Fault),
            (
                json!({ "Resource": "arn:aws:sqs:eu-west-1:1:other" }),
                Level::Fault,
            ),
            (
                json!({ "Condition": { "ArnEquals": { "aws:SourceArn": "arn:aws:s3:::other" } } }),
                Level::Fault,
            ),
            (json!({ "Effect": "Deny", "Condition": {} }), Level::Fault),
        ] {
            assert_eq!(judged(json!([statement(change.clone())])), level, "{change}");
            // Beside one that wants TLS only, it is the same.
            assert_eq!(
                judged(json!([deny.clone(), statement(change.clone())])),
                level,
                "{change}"
            );
        }
        assert_eq!(
            judged(statement(json!({}))),
            Level::Ok,
            "one statement need not be in a list"
        );
        assert_eq!(judged(json!([])), Level::Fault);
        let denied = statement(json!({ "Effect": "Deny", "Condition": {} }));
        assert_eq!(judged(json!([statement(json!({})), denied])), Level::Fault);
    }

    #[test]
    fn no_policy_lets_nobody_in() {
        let sender = Sender {
            service: "s3.amazonaws.com",
            arn: "arn:aws:s3:::landing".to_owned(),
        };
        assert_eq!(judge(None, QUEUE, &sender).level, Level::Fault);
        assert_eq!(judge(Some("x"), QUEUE, &sender).level, Level::Warning);
    }

    #[test]
    fn patterns_are_those_of_policies() {
        for (pattern, text, is) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*", "abc", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(like(pattern, text), is, "{pattern} {text}");
        }
    }
}
