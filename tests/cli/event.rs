//! `event`, on every event there is a file of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Desk;

fn events() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("events")
}

/// The lines and status of each file.
#[test]
fn every_file() {
    let desk = Desk::new();
    let objects: BTreeMap<&str, usize> = [
        ("eventbridge", 1),
        ("s3-bare", 1),
        ("s3-batch-1.0", 2),
        ("s3-batch-2.0", 2),
        ("s3-copy", 1),
        ("s3-encoded", 3),
        ("s3-many", 3),
        ("s3-multipart", 1),
        ("s3-put", 1),
        ("sns-eventbridge", 1),
        ("sns-s3", 1),
        ("sqs-eventbridge", 1),
        ("sqs-many", 3),
        ("sqs-s3", 1),
        ("sqs-sns-eventbridge", 1),
        ("sqs-sns-raw", 1),
        ("sqs-sns-s3", 1),
    ]
    .into();
    let mut seen = 0;
    for entry in std::fs::read_dir(events()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name.starts_with("manifest") {
            // A request of the manifest function, which names no object.
            desk.run(&["event", path.to_str().unwrap()]).expect(1);
            continue;
        }
        // One of its messages is no JSON.
        let status = i32::from(name == "sqs-many");
        let ran = desk.run(&["event", path.to_str().unwrap()]).expect(status);
        let lines: Vec<serde_json::Value> = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines.len(),
            objects.get(name).copied().unwrap_or(0),
            "{name}: {ran:?}"
        );
        for line in &lines {
            assert_eq!(line["bucket"], "daymark-landing", "{name}");
            let keys = ["bucket", "key", "version_id", "etag", "size"];
            assert!(
                line.as_object()
                    .unwrap()
                    .keys()
                    .all(|key| keys.contains(&key.as_str())),
                "{name}: {line}"
            );
        }
        seen += usize::from(!lines.is_empty());
    }
    assert_eq!(seen, objects.len());
}

#[test]
fn fields_as_far_as_given() {
    let desk = Desk::new();
    let event = |name: &str| {
        let path = events().join(name);
        desk.run(&["event", path.to_str().unwrap()]).expect(0).stdout
    };
    assert_eq!(
        event("s3-bare.json"),
        "{\"bucket\":\"daymark-landing\",\"key\":\"hubspot/2026-11-22/OBJECTS/data_0_1_0.csv.gz\"}\n"
    );
    assert_eq!(
        event("eventbridge.json"),
        "{\"bucket\":\"daymark-landing\",\"key\":\"hubspot/dt=2026-11-22/OBJECTS/a+b %25 é.csv.gz\",\
         \"version_id\":\"096fKKXTRTtl3on89fVO.nfljtsv6qko\",\"etag\":\"9b2cf535f27731c974343645a3985328\",\"size\":15728640}\n"
    );
}

#[test]
fn prefixes_apply_where_they_are_given() {
    let desk = Desk::new();
    let record = |bucket: &str, key: &str| {
        format!(r#"{{"s3":{{"bucket":{{"name":"{bucket}"}},"object":{{"key":"{key}"}}}}}}"#)
    };
    let good = "hubspot/2026-11-22/OBJECTS/a.csv.gz";
    let records = [
        record("l", good),
        record("l", "other/x"),
        record("else", good),
        record("l", "hubspot/x/"),
    ];
    let event = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    let all = desk.run_with(&["event", "-"], event.as_bytes()).expect(0);
    assert_eq!(all.stdout.lines().count(), 4);
    let places = ["--landing", "s3://l/hubspot/", "--curated", "s3://c/"];
    let some = desk
        .run_with(&[&["event", "-"], &places[..]].concat(), event.as_bytes())
        .expect(0);
    assert_eq!(some.stdout, format!("{{\"bucket\":\"l\",\"key\":\"{good}\"}}\n"));
    assert_eq!(some.stderr.matches("skipped: ").count(), 3, "{some:?}");
    for bad in [
        &["--landing", "s3://"][..],
        &["--landing", "https://l/hubspot/"],
        &["--landing", "/hubspot/"],
        &["--curated", "s3://c/a//b/"],
        &["--landing", "s3://l/a/", "--curated", "s3://l/a/b/"],
    ] {
        desk.run_with(&[&["event", "-"], bad].concat(), event.as_bytes())
            .expect(2);
    }
}

/// One of the two is enough, and a prefix alone is one in any bucket.
#[test]
fn each_prefix_has_rules_of_its_own() {
    let desk = Desk::new();
    let good = "hubspot/2026-11-22/OBJECTS/a.csv.gz";
    let output = "hubspot/lake/table=objects/date=2026-11-22/a-0123456789abcdef.parquet";
    let objects = [
        ("l", good),
        ("other", good),
        ("l", output),
        ("l", "x"),
        ("l", "hubspot/x/"),
    ];
    let records = objects.map(|(bucket, key)| {
        format!(r#"{{"s3":{{"bucket":{{"name":"{bucket}"}},"object":{{"key":"{key}"}}}}}}"#)
    });
    let event = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    for (flags, taken) in [
        (&["--landing", "s3://l/hubspot/"][..], &[0][..]),
        (&["--landing", "s3://l"], &[0]),
        (&["--landing", "hubspot"], &[0, 1]),
        (&["--landing", ""], &[0, 1]),
        (&["--landing", "/"], &[0, 1]),
        (&["--curated", "s3://l/hubspot/lake"], &[0, 1, 3, 4]),
        (&["--curated", "s3://other/hubspot/"], &[0, 2, 3, 4]),
        (&["--curated", "hubspot/"], &[3]),
        (&["--landing", "hubspot/", "--curated", "hubspot/lake/"], &[0, 1]),
        (
            &["--landing", "s3://l/hubspot/", "--curated", "hubspot/lake/"],
            &[0],
        ),
        (&["--landing", "hubspot/", "--curated", "s3://other/"], &[0]),
    ] {
        let ran = desk
            .run_with(&[&["event", "-"], flags].concat(), event.as_bytes())
            .expect(0);
        let lines: Vec<String> = taken
            .iter()
            .map(|&at| {
                let (bucket, key) = objects[at];
                format!("{{\"bucket\":\"{bucket}\",\"key\":\"{key}\"}}")
            })
            .collect();
        assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), lines, "{flags:?}");
        assert_eq!(
            ran.stderr.matches("skipped: ").count(),
            5 - taken.len(),
            "{flags:?} {ran:?}"
        );
    }
}

/// What PowerShell and Windows' editors write.
#[test]
fn a_byte_order_mark_is_no_fault_and_utf16_is_told() {
    let desk = Desk::new();
    let event = r#"{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}"#;
    let marked = format!("\u{feff}{event}");
    let ran = desk.run_with(&["event", "-"], marked.as_bytes()).expect(0);
    assert_eq!(ran.stdout, "{\"bucket\":\"b\",\"key\":\"k\"}\n");
    for text in [&marked, event] {
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let utf16: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
            desk.run_with(&["event", "-"], &utf16)
                .expect(1)
                .says("event: expected UTF-8, found UTF-16");
        }
    }
    desk.run_with(&["event", "-"], "\u{feff}".as_bytes())
        .expect(1)
        .says("expected JSON, found nothing");
}

#[test]
fn an_event_that_is_too_large_is_not_measured() {
    let desk = Desk::new();
    let ran = desk
        .run_with(&["event", "-"], &vec![b' '; (8 << 20) + 2])
        .expect(1);
    ran.says("event: expected at most 8388608 bytes, found more");
}

#[test]
fn what_cannot_be_understood_is_an_error() {
    let desk = Desk::new();
    let key = |key: &str| {
        format!(r#"{{"Records":[{{"s3":{{"bucket":{{"name":"b"}},"object":{{"key":"{key}"}}}}}}]}}"#)
    };
    for event in [
        String::new(),
        "no JSON".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        r#"{"Records":[{"s3":{"bucket":{"name":"b"},"object":{}}}]}"#.to_owned(),
        r#"{"Records":[{"s3":{"object":{"key":"k"}}}]}"#.to_owned(),
        r#"{"Records":[{"eventVersion":"3.0","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}"#
            .to_owned(),
        r#"{"Records":[{"eventSource":"aws:kinesis","kinesis":{}}]}"#.to_owned(),
        r#"{"source":"aws.ec2","detail-type":"EC2 Instance State-change Notification","detail":{}}"#
            .to_owned(),
        key("%ff"),
    ] {
        let ran = desk.run_with(&["event", "-"], event.as_bytes()).expect(1);
        assert!(
            ran.stdout.is_empty() && ran.stderr.starts_with("error: "),
            "{event}: {ran:?}"
        );
    }
    desk.run_with(&["event", "-"], br#"{"Records":[]}"#).expect(0);
    desk.run(&["event", "none-such.json"])
        .expect(1)
        .says("none-such.json");
}
