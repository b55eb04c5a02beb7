//! Every event of `events/`, which is also what the docs and local invocation use: those of the converter, and requests of
//! the manifest function.

use std::collections::BTreeSet;
use std::fs;

use daymark::keys::Day;
use daymark::sweep::Request;

use super::{BUCKET, event, events, lines, read_value};

const ETAG: &str = "e=9b2cf535f27731c974343645a3985328 15728640";

#[test]
fn every_event_file() {
    let objects = "hubspot/2026-11-22/OBJECTS";
    let part = format!("{BUCKET} {objects}/data_0_1_0.csv.gz {ETAG}");
    let version = "v=096fKKXTRTtl3on89fVO.nfljtsv6qko";
    let tested = format!("ignored: s3:TestEvent of {BUCKET}");
    let ignored = |kind: &str| {
        format!("ignored: {kind} of s3://{BUCKET}/{objects}/data_0_1_0.csv.gz creates no object")
    };
    let id = |number: &str| format!("message 059f36b4-87a3-44ab-83d2-6619757{number} received 1");
    let job = |schema: &str| {
        vec![
            format!("job {schema} YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo"),
            format!("task dGFza2lkZ29lc2hlcmUK0 {BUCKET} {objects}/data_0_1_0.csv.gz v=1"),
            format!("task dGFza2lkZ29lc2hlcmUK1 {BUCKET} hubspot/dt=2026-11-22/TEAMS/a+b c.csv.gz"),
        ]
    };
    let many = lines(read_value(&event("sqs-many")));
    let poison = many
        .iter()
        .find(|line| line.starts_with("refused: "))
        .unwrap()
        .clone();
    assert!(poison.contains("Records[1].body: expected JSON"), "{poison}");
    let files: Vec<(&str, Vec<String>)> = vec![
        ("s3-put", vec![part.clone()]),
        (
            "s3-multipart",
            vec![format!(
                "{BUCKET} hubspot/2026-11-22/OBJECT_PROPERTIES/data_0_3_0.csv.gz {version} \
                 e=fba9dede5f27731c9771645a39863328-2 16777216"
            )],
        ),
        (
            "s3-copy",
            vec![format!(
                "{BUCKET} hubspot/2026-11-21/TEAMS/data_0_0_0.csv.gz e=d41d8cd98f00b204e9800998ecf8427e 1843"
            )],
        ),
        (
            "s3-many",
            vec![
                part.clone(),
                format!("{BUCKET} {objects}/data_0_2_0.csv.gz e=0cc175b9c0f1b6a831c399e269772661 15728640"),
                part.clone(),
                ignored("ObjectRemoved:Delete").replace("11-22", "11-21"),
            ],
        ),
        (
            "s3-encoded",
            [
                "dt=2026-11-22/OBJECTS/data 0 1",
                "2026-11-22/OBJECTS/a+b%25",
                "2026-11-22/EVENTS_PAGE_VISITED/données_日",
            ]
            .map(|key| format!("{BUCKET} hubspot/{key}.csv.gz e=9b2cf535f27731c974343645a3985328 2048"))
            .into(),
        ),
        ("s3-bare", vec![format!("{BUCKET} {objects}/data_0_1_0.csv.gz")]),
        ("s3-test", vec![tested.clone()]),
        ("s3-empty", vec!["ignored: event.Records is empty".to_owned()]),
        ("s3-removed", vec![ignored("ObjectRemoved:Delete")]),
        (
            "s3-removed-marker",
            vec![ignored("ObjectRemoved:DeleteMarkerCreated")],
        ),
        ("s3-restored", vec![ignored("ObjectRestore:Completed")]),
        ("s3-tagged", vec![ignored("ObjectTagging:Put")]),
        ("s3-expired", vec![ignored("LifecycleExpiration:Delete")]),
        ("sns-s3", vec![part.clone()]),
        ("sns-s3-test", vec![tested.clone()]),
        (
            "sns-eventbridge",
            vec![format!("{BUCKET} {objects}/a+b %25.csv.gz {version} {ETAG}")],
        ),
        (
            "eventbridge",
            vec![format!(
                "{BUCKET} hubspot/dt=2026-11-22/OBJECTS/a+b %25 é.csv.gz {version} {ETAG}"
            )],
        ),
        ("eventbridge-deleted", vec![ignored("Object Deleted")]),
        ("eventbridge-restored", vec![ignored("Object Restore Completed")]),
        ("sqs-s3", vec![id("024a1"), part.clone()]),
        ("sqs-s3-test", vec![id("024a2"), tested.clone()]),
        (
            "sqs-many",
            vec![
                id("024a3"),
                part.clone(),
                id("024a4").replace("received 1", "received 2"),
                poison,
                id("024a5").replace("received 1", "received 3"),
                format!(
                    "{BUCKET} hubspot/2026-11-22/TEAMS/data 0.csv.gz e=9b2cf535f27731c974343645a3985328 1843"
                ),
                format!(
                    "{BUCKET} hubspot/2026-11-22/TEAMS/data 1.csv.gz e=9b2cf535f27731c974343645a3985328 1901"
                ),
                id("024a6").replace("received 1", "received 4"),
                tested.clone(),
                id("024a7").replace("received 1", "received 5"),
                ignored("ObjectRemoved:Delete").replace("11-22", "11-21"),
            ],
        ),
        (
            "sqs-sns-s3",
            vec![
                id("024a8"),
                format!("{BUCKET} hubspot/dt=2026-11-22/OBJECTS/data 0 1.csv.gz {ETAG}"),
            ],
        ),
        ("sqs-sns-s3-test", vec![id("024a9"), tested]),
        ("sqs-sns-raw", vec![id("024aa"), part]),
        (
            "sqs-sns-eventbridge",
            vec![
                id("024ab"),
                format!("{BUCKET} {objects}/data_0_1_0.csv.gz {version} {ETAG}"),
            ],
        ),
        (
            "sqs-eventbridge",
            vec![
                id("024ac"),
                format!("{BUCKET} {objects}/a+b.csv.gz {version} {ETAG}"),
            ],
        ),
        ("s3-batch-1.0", job("1.0")),
        ("s3-batch-2.0", job("2.0")),
    ];
    for (name, expected) in &files {
        assert_eq!(&lines(read_value(&event(name))), expected, "{name}");
    }
    let listed: BTreeSet<String> = files.iter().map(|(name, _)| format!("{name}.json")).collect();
    let there = fs::read_dir(events())
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap());
    let (requests, there): (BTreeSet<String>, BTreeSet<String>) =
        there.partition(|name| name.starts_with("manifest"));
    assert_eq!(listed, there);
    let requests: Vec<Request> = requests
        .iter()
        .map(|name| Request::parse(&fs::read(events().join(name)).unwrap()).unwrap())
        .collect();
    let day = Day::parse("2026-11-20").unwrap();
    let dry_run = Request {
        days: Some((day.clone(), day)),
        dry_run: true,
        reconvert: false,
    };
    assert_eq!(requests, [dry_run, Request::default()]);
}
