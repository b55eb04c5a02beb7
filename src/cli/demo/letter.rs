//! The message by which a part is announced: S3's notification in an SQS message, as Lambda hands it over.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

/// What S3 leaves as it is in a key; a blank becomes `+` besides.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'*')
    .remove(b' ');

/// The event of one part that was put.
pub(super) fn letter(nth: usize, key: &str, etag: &str, size: u64, at: &str) -> Value {
    let key = percent_encode(key.as_bytes(), KEPT).to_string().replace(' ', "+");
    let notification = json!({
        "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "us-east-1",
            "eventTime": at,
            "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "demo",
                "bucket": {"name": super::LANDING, "arn": format!("arn:aws:s3:::{}", super::LANDING)},
                "object": {
                    "key": key,
                    "size": size,
                    "eTag": etag.trim_matches('"'),
                    "sequencer": format!("{nth:018X}"),
                },
            },
        }],
    });
    json!({
        "Records": [{
            "messageId": format!("00000000-0000-4000-8000-{nth:012x}"),
            "receiptHandle": "demo",
            "body": notification.to_string(),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:demo",
            "awsRegion": "us-east-1",
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::{self, Delivery};

    #[test]
    fn a_letter_is_understood() {
        let key = "hubspot/2026-11-20/OBJECTS/a b+c%20é=.csv.gz";
        let event = letter(7, key, "\"abc\"", 12, "2026-11-20T04:00:00.000Z").to_string();
        let Ok(Delivery::Queue(messages)) = notice::read(event.as_bytes()) else {
            panic!("{event}");
        };
        let notice = &messages[0].content.as_ref().unwrap().notices[0];
        assert_eq!(
            (notice.key.as_str(), notice.etag.as_deref(), notice.size),
            (key, Some("abc"), Some(12))
        );
    }
}
