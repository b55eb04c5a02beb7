//! What may be missing, odd or unknown.

use daymark::notice::{Delivery, read};
use serde_json::{Value, json};

use super::{asked, event, queue, read_value, with};

/// The pointers of every value inside a value.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut visit = |name: &str, inner: &Value| {
        let at = format!("{at}/{name}");
        pointers(inner, &at, found);
        found.push(at);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, inner)| visit(name, inner)),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .for_each(|(i, inner)| visit(&i.to_string(), inner)),
        _ => {}
    }
}

#[test]
fn only_bucket_and_key_are_required() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1.5),
        json!("zzz"),
        json!(""),
        json!([]),
        json!({}),
    ];
    for (name, required) in [
        (
            "s3-put",
            &["/Records/0/s3/bucket/name", "/Records/0/s3/object/key"][..],
        ),
        (
            "s3-multipart",
            &["/Records/0/s3/bucket/name", "/Records/0/s3/object/key"],
        ),
        (
            "eventbridge",
            &["/detail/bucket/name", "/detail/object/key", "/source"],
        ),
        (
            "s3-batch-1.0",
            &[
                "/tasks/0/s3Key",
                "/tasks/0/s3BucketArn",
                "/tasks/1/s3Key",
                "/tasks/1/s3BucketArn",
            ],
        ),
        (
            "s3-batch-2.0",
            &[
                "/tasks/0/s3Key",
                "/tasks/0/s3Bucket",
                "/tasks/1/s3Key",
                "/tasks/1/s3Bucket",
            ],
        ),
        ("sqs-s3", &["/Records/0/body"]),
        ("sns-s3", &["/Records/0/Sns/Message"]),
    ] {
        let event = event(name);
        let all = asked(&event).unwrap();
        assert!(!all.is_empty());
        let mut found = Vec::new();
        pointers(&event, "", &mut found);
        let optional = |it: &&String| !required.iter().any(|required| required.starts_with(it.as_str()));
        let optional: Vec<&String> = found.iter().filter(optional).collect();
        assert!(optional.len() >= 4, "{name}");
        for pointer in optional {
            for odd in odd.iter().map(Some).chain([None]) {
                assert_eq!(
                    asked(&with(&event, pointer, odd)),
                    Some(all.clone()),
                    "{name} {pointer} {odd:?}"
                );
            }
        }
        for pointer in required.iter().filter(|it| **it != "/source") {
            for odd in odd
                .iter()
                .filter(|it| **it != json!("zzz"))
                .map(Some)
                .chain([None])
            {
                assert_eq!(
                    asked(&with(&event, pointer, odd)),
                    None,
                    "{name} {pointer} {odd:?}"
                );
            }
        }
    }
}

/// The texts of an S3 record, changed: what is read, or why it is refused.
#[test]
fn odd_fields_of_an_s3_record() {
    let put = event("s3-put");
    let notice = |pointer: &str, value: Value| match read_value(&with(&put, pointer, Some(&value))) {
        Ok(Delivery::Direct(content)) => content.notices.into_iter().next(),
        _ => None,
    };
    let object = "/Records/0/s3/object";
    assert_eq!(
        notice(&format!("{object}/size"), json!("2048")).unwrap().size,
        Some(2048)
    );
    assert_eq!(notice(&format!("{object}/size"), json!(-1)).unwrap().size, None);
    assert_eq!(
        notice(&format!("{object}/eTag"), json!("\"abc-2\""))
            .unwrap()
            .etag
            .unwrap(),
        "abc-2"
    );
    assert_eq!(
        notice(&format!("{object}/eTag"), json!("\"\"")).unwrap().etag,
        None
    );
    for version in [json!("2.0"), json!("2.99"), json!("2"), json!(2.1), json!("02.1")] {
        assert!(
            notice("/Records/0/eventVersion", version.clone()).is_some(),
            "{version}"
        );
    }
    for version in [json!("1.0"), json!("3.0"), json!("20.1"), json!(3)] {
        assert!(
            notice("/Records/0/eventVersion", version.clone()).is_none(),
            "{version}"
        );
    }
    for name in [
        "ObjectCreated:Put",
        "s3:ObjectCreated:Put",
        "ObjectCreated:Later",
        "Unheard:Of",
    ] {
        assert!(notice("/Records/0/eventName", json!(name)).is_some(), "{name}");
    }
    for name in [
        "ObjectRemoved:Delete",
        "s3:ObjectRemoved:Delete",
        "ObjectRestore:Post",
        "ObjectRestore:Delete",
        "ObjectTagging:Delete",
        "ObjectAcl:Put",
        "LifecycleTransition",
        "ReducedRedundancyLostObject",
        "Replication:OperationFailedReplication",
        "IntelligentTiering",
    ] {
        let changed = with(&put, "/Records/0/eventName", Some(&json!(name)));
        assert_eq!(asked(&changed), Some(Vec::new()), "{name}");
        // Understood, but a record without a key is not.
        assert_eq!(
            asked(&with(&changed, "/Records/0/s3/object/key", None)),
            None,
            "{name}"
        );
    }
}

#[test]
fn a_value_that_cannot_be_read_is_none() {
    let put = event("s3-put");
    let all = asked(&put).unwrap();
    let marked = with(&put, "/Records/0/s3/object/size", Some(&json!("odd")));
    let marked = with(&marked, "/Records/0/eventTime", Some(&json!("odd"))).to_string();
    let notices = |text: &str| match read(text.as_bytes()) {
        Ok(Delivery::Direct(content)) => Some(content.notices),
        _ => None,
    };
    for odd in [
        "1e999",
        "-1E+999",
        r#""\ud800""#,
        r#""\udc00 \\ \" x""#,
        r#"{"\ud800": 1e999, "a": ["\ud800"]}"#,
        r#"[1e999]"#,
    ] {
        let found = notices(&marked.replace("\"odd\"", odd)).unwrap();
        assert_eq!(found.len(), all.len(), "{odd}");
        assert_eq!((&found[0].bucket, &found[0].key), (&all[0].0, &all[0].1), "{odd}");
        assert_eq!(found[0].size, None, "{odd}");
    }
    // A name that nobody needs.
    let named = marked.replace("\"eventTime\"", r#""\ud800""#);
    assert_eq!(notices(&named).map(|found| found.len()), Some(all.len()));
    // Inside a text, as queues have it.
    let queued = queue(&Value::from(marked.replace("\"odd\"", "1e999")));
    assert_eq!(asked(&queued), Some(all));
    // What is needed has to be readable, and what is no JSON is none.
    let key = put.pointer("/Records/0/s3/object/key").unwrap().to_string();
    let bucket = put.pointer("/Records/0/s3/bucket/name").unwrap().to_string();
    let text = put.to_string();
    for broken in [
        text.replace(&key, r#""a\ud800b""#),
        text.replace(&bucket, "1e999"),
        marked.replace("\"odd\"", "1e"),
        marked.replace("\"odd\"", "01e999"),
        marked.replace("\"odd\"", r#""\ud80""#),
        marked.replace("\"odd\"", "NaN"),
    ] {
        assert!(read(broken.as_bytes()).is_err(), "{broken}");
    }
}
