//! What is refused, and how much of an event a fault takes with it.

use daymark::notice::{EVENT_BYTES_MAX, read};
use serde_json::{Value, json};

use super::{BUCKET, asked, event, lines, queue, read_value, topic, with};

#[test]
fn what_is_refused() {
    let put = event("s3-put");
    let key = |key: &str| with(&put, "/Records/0/s3/object/key", Some(&json!(key)));
    let mixed = |other: Value| json!({"Records": [put["Records"][0], other]});
    for (event, expected) in [
        (json!("text"), "event: expected an event of S3"),
        (json!(1), "found a number"),
        (json!([put]), "found a list"),
        (json!({}), "found an object with nothing in it"),
        (
            json!({"resource": "/", "httpMethod": "GET", "body": null}),
            "\"httpMethod\"",
        ),
        (
            json!({"Records": null}),
            "event.Records: expected a list, found null",
        ),
        (
            json!({"Records": {}}),
            "event.Records: expected a list, found an object",
        ),
        (
            json!({"Records": [1]}),
            "event.Records[0]: expected a record of S3, SQS or SNS",
        ),
        (
            json!({"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {}}]}),
            "another service's, \"dynamodb\"",
        ),
        (
            json!({"Records": [{"eventSource": "aws:kinesis", "kinesis": {}}]}),
            "another service's",
        ),
        (
            with(&put, "/Records/0/eventSource", Some(&json!("aws:ec2"))),
            "another service's",
        ),
        (
            mixed(json!({"eventSource": "aws:sqs", "body": "{}"})),
            "Records[1]: expected a record of the same source",
        ),
        (
            mixed(json!({"eventSource": "aws:ses"})),
            "Records[1]: expected a record of S3",
        ),
        (
            mixed(json!({"eventSource": "aws:s3", "s3": {}})),
            "Records[1].s3.bucket.name: expected a text",
        ),
        (
            key("a%FFb"),
            "expected a key in UTF-8 once decoded, found other bytes at byte 1",
        ),
        (
            key("a%2"),
            "expected two hex digits behind the percent sign at byte 1",
        ),
        (
            key(&"k".repeat(1_025)),
            "expected a key of at most 1024 bytes, found 1025",
        ),
        (
            json!({"detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "detail": {}}),
            "aws.s3",
        ),
        (
            json!({"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": {}}),
            "detail.bucket.name",
        ),
        (
            with(&event("eventbridge"), "/version", Some(&json!("1"))),
            "event.version: expected major version 0, found 1",
        ),
        (
            with(&event("eventbridge"), "/detail/version", Some(&json!("1"))),
            "event.detail.version: expected major version 0, found 1",
        ),
        (
            with(
                &event("s3-batch-1.0"),
                "/invocationSchemaVersion",
                Some(&json!("3.0")),
            ),
            "major version 1 or 2, found 3",
        ),
        (
            json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "Hello"}}]}),
            "Sns.Message: expected JSON",
        ),
        (
            json!({"Type": "SubscriptionConfirmation", "Message": "m"}),
            "expected Notification, found Subscription",
        ),
    ] {
        let found = lines(read_value(&event));
        assert!(
            found.len() == 1 && found[0].starts_with("refused: "),
            "{event} {found:?}"
        );
        assert!(found[0].contains(expected), "{event} {found:?}");
    }
    for payload in [&b""[..], b" ", b"{", b"\xff", b"nul"] {
        assert!(read(payload).is_err());
    }
    let padded = |len: usize| {
        let mut payload = br#"{"Records":[]}"#.to_vec();
        payload.resize(len, b' ');
        payload
    };
    assert!(read(&padded(EVENT_BYTES_MAX)).is_ok());
    assert!(read(&padded(EVENT_BYTES_MAX + 1)).is_err());
}

#[test]
fn a_fault_in_a_message_or_task_is_its_own() {
    let put = event("s3-put");
    for body in [
        json!(""),
        json!("{"),
        json!("text"),
        json!("1"),
        json!("[]"),
        json!("{}"),
        queue(&put),
        event("s3-batch-1.0"),
    ] {
        let found = lines(read_value(&queue(&body)));
        assert!(found.len() == 2 && found[0].starts_with("message 1"), "{body}");
        assert!(
            found[1].starts_with("refused: event.Records[0].body"),
            "{found:?}"
        );
    }
    let twice =
        json!({"Records": [event("sqs-s3")["Records"][0], {"messageId": "2", "eventSource": "aws:sqs"}]});
    let found = lines(read_value(&twice));
    assert_eq!(found.len(), 4);
    assert!(
        found[1].starts_with(BUCKET) && found[3].starts_with("refused: event.Records[1].body"),
        "{found:?}"
    );
    let batch = with(&event("s3-batch-2.0"), "/tasks/0/s3Key", Some(&json!("%")));
    let found = lines(read_value(&batch));
    assert!(
        found[1].contains("refused: event.tasks[0].s3Key") && found[2].contains("TEAMS"),
        "{found:?}"
    );
    // An object that a message's error could quote stays unquoted.
    let found = lines(read_value(&queue(&json!("{\"Records\": secret"))));
    assert!(!found[1].contains("secret"), "{found:?}");
}

#[test]
fn envelopes_within_envelopes_have_an_end() {
    let put = event("s3-put");
    let all = asked(&put);
    assert_eq!(asked(&queue(&put)), all);
    assert_eq!(asked(&queue(&topic(&put))), all);
    assert_eq!(asked(&topic(&topic(&topic(&put)))), all);
    assert_eq!(asked(&queue(&topic(&topic(&put)))), all);
    assert_eq!(asked(&queue(&topic(&topic(&topic(&put))))), None);
    assert_eq!(asked(&topic(&topic(&topic(&topic(&put))))), None);
    let deep = format!("{{\"Records\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(deep.as_bytes()).is_err());
}
