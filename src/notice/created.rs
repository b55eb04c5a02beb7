//! The news of an object as S3 itself would send it, for parts that are asked for again.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

/// What stands unencoded in a key, as S3 writes it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>).
const IN_KEYS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');

/// The notification of an object that was put; `etag` without quotes. It can be read by [`super::read`].
pub fn created(bucket: &str, key: &str, size_bytes: u64, etag: &str) -> String {
    let event = json!({
        "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": { "name": bucket },
                "object": {
                    "key": utf8_percent_encode(key, IN_KEYS).to_string(),
                    "size": size_bytes,
                    "eTag": etag,
                },
            },
        }],
    });
    event.to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::notice::{Content, Delivery, Notice, read};

    proptest! {
        #[test]
        fn it_is_read_as_what_was_written(key in "[a-z+%=é \"\\\\/*._~-]{1,60}") {
            let notice = Notice {
                bucket: "bkt".to_owned(),
                key: key.clone(),
                version_id: None,
                etag: Some("e7".to_owned()),
                size: Some(7),
            };
            let content = Content { notices: vec![notice], ignored: vec![] };
            let event = created("bkt", &key, 7, "e7");
            prop_assert_eq!(read(event.as_bytes()), Ok(Delivery::Direct(content)));
        }
    }
}
