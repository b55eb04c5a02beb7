//! The Lambda's handler over a real S3 protocol: every event, however often, in whatever order, at the same time.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod log;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use daymark::app::handler::HandlerError;
use daymark::app::handler::Invocation;
use daymark::app::outcome::Outcome;
use daymark::failure::Reason;
use daymark::notice::{self, Delivery, Notice};
use daymark::server::faults::{Action, Rule};
use daymark::server::operation::Operation;
use serde_json::{Value, json};
use support::{CURATED, LANDING, World, gzip, nulls, owners, owners_with_rejects, s3_event, sqs_event};

const KEY: &str = "hubspot/2026-11-22/OWNERS/data_0.csv.gz";

/// The objects that an event speaks of, whatever envelope they come in.
fn asked(event: &[u8]) -> Vec<Notice> {
    match notice::read(event).unwrap() {
        Delivery::Direct(content) => content.notices,
        Delivery::Queue(messages) => messages
            .into_iter()
            .filter_map(|message| message.content.ok())
            .flat_map(|content| content.notices)
            .collect(),
        Delivery::Batch(job) => job
            .tasks
            .into_iter()
            .filter_map(|task| task.content.ok())
            .collect(),
    }
}

/// The messages of a delivery that nobody can read.
fn unreadable(event: &[u8]) -> Vec<String> {
    let Delivery::Queue(messages) = notice::read(event).unwrap() else {
        panic!("not by SQS")
    };
    messages
        .into_iter()
        .filter(|message| message.content.is_err())
        .map(|message| message.id)
        .collect()
}

#[tokio::test]
async fn every_event_file_is_taken_to_its_outputs() {
    let mut files: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/events"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            !path
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("manifest")
        })
        .collect();
    files.sort();
    let mut converting = 0;
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let event = std::fs::read(&file).unwrap();
        let world = World::new().await;
        // The files' ETags are those of objects long replaced: what is current counts.
        let mut outputs = BTreeSet::new();
        for named in asked(&event) {
            assert_eq!(named.bucket, LANDING, "{name}");
            let part = world.config.layout.source(&named.key).unwrap();
            let landed = world.land(&named.key, nulls(&world.config, &part.table)).await;
            outputs.insert(world.output(&landed));
        }
        converting += usize::from(!outputs.is_empty());
        let invocation = Invocation {
            request_id: name.clone(),
            deadline: None,
        };
        let answer = world
            .handler
            .handle(&event, invocation)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            world.curated().await,
            outputs.iter().cloned().collect::<Vec<_>>(),
            "{name}: {answer}"
        );
        for output in &outputs {
            assert_eq!(world.footer(output).await.rows_written, 1, "{name}");
        }
        if name.starts_with("sqs-") {
            let failed: Vec<Value> = unreadable(&event)
                .iter()
                .map(|id| json!({"itemIdentifier": id}))
                .collect();
            assert_eq!(
                failed.len(),
                usize::from(name == "sqs-many.json"),
                "{name}: {answer}"
            );
            assert_eq!(answer, json!({"batchItemFailures": failed}), "{name}");
        } else if name.starts_with("s3-batch") {
            let event: Value = serde_json::from_slice(&event).unwrap();
            assert_eq!(answer["invocationId"], event["invocationId"], "{name}");
            assert_eq!(
                answer["invocationSchemaVersion"], event["invocationSchemaVersion"],
                "{name}"
            );
            let results = answer["results"].as_array().unwrap();
            assert_eq!(results.len(), event["tasks"].as_array().unwrap().len(), "{name}");
            assert!(
                results.iter().all(|result| result["resultCode"] == "Succeeded"),
                "{name}: {answer}"
            );
        } else {
            assert!(answer["parts"].is_array(), "{name}: {answer}");
        }
        assert_eq!(world.metric("PartsConverted"), outputs.len() as u64, "{name}");
    }
    assert!(converting > 10, "only {converting} event files ask for anything");
}

#[tokio::test]
async fn a_redelivered_event_costs_one_head() {
    let world = World::new().await;
    let notice = world.land(KEY, owners(1, 10)).await;
    let event = sqs_event(&[s3_event(&notice)], 1);
    world.handle(&event).await.unwrap();
    let bytes = world.get(&world.output(&notice)).await;
    world.faults().clear_log();
    for _ in 0..3 {
        assert_eq!(
            world.handle(&event).await.unwrap(),
            json!({"batchItemFailures": []})
        );
    }
    let asked: Vec<Operation> = world
        .faults()
        .log()
        .iter()
        .map(|exchange| exchange.call.operation)
        .collect();
    assert_eq!(asked, [Operation::HeadObject; 3]);
    assert_eq!(world.curated().await, [world.output(&notice)]);
    assert!(world.get(&world.output(&notice)).await == bytes);
}

#[tokio::test]
async fn the_same_part_gives_the_same_bytes() {
    let world = World::new().await;
    let notice = world.land(KEY, owners_with_rejects("x")).await;
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let Ok(Outcome::Converted(converted)) = world.convert(&notice).await else {
            panic!("not converted")
        };
        assert_eq!(converted.rejects, Some(world.rejects(&notice)));
        assert_eq!(
            (converted.report.rows_written, converted.report.records_rejected),
            (3, 1)
        );
        assert_eq!(converted.report.cells_rejected, 1);
        seen.insert((
            world.get(&world.output(&notice)).await,
            world.get(&world.rejects(&notice)).await,
        ));
        assert_eq!(
            world.curated().await,
            [world.rejects(&notice), world.output(&notice)]
        );
        world.delete(CURATED, &world.output(&notice)).await;
    }
    assert_eq!(seen.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_deliveries_at_once_make_one_object() {
    for settings in [&[][..], &[("PART_BYTES", "5MiB"), ("PUT_BYTES_MAX", "0")]] {
        let world = World::with(settings).await;
        let notice = world.land(KEY, owners(1, 3_000)).await;
        let event = sqs_event(&[s3_event(&notice)], 1).to_string();
        let mut deliveries = tokio::task::JoinSet::new();
        for nth in 0..16 {
            let (handler, event) = (world.handler.clone(), event.clone());
            let invocation = Invocation {
                request_id: format!("d{nth}"),
                deadline: None,
            };
            deliveries.spawn(async move { handler.handle(event.as_bytes(), invocation).await });
        }
        while let Some(answer) = deliveries.join_next().await {
            assert_eq!(answer.unwrap().unwrap(), json!({"batchItemFailures": []}));
        }
        assert_eq!(world.curated().await, [world.output(&notice)]);
        assert_eq!(world.metric("PartsConverted"), 1);
        assert_eq!(world.metric("PartsSkipped"), 15);
        let bytes = world.get(&world.output(&notice)).await;
        world.delete(CURATED, &world.output(&notice)).await;
        world.convert(&notice).await.unwrap();
        assert!(world.get(&world.output(&notice)).await == bytes);
    }
}

#[tokio::test]
async fn the_order_of_events_is_irrelevant() {
    // Each event names the ETag of its time. Whatever the order, whatever is repeated, the current objects are converted.
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = World::new().await;
        let other = "hubspot/2026-11-22/OWNERS/data_1.csv.gz";
        let stale = world.land(KEY, owners(1, 10)).await;
        let current = world.land(KEY, owners(1, 20)).await;
        let beside = world.land(other, owners(100, 30)).await;
        let events = [&stale, &current, &beside].map(s3_event);
        for nth in order.into_iter().chain(order) {
            world.handle(&sqs_event(&events[nth..=nth], 1)).await.unwrap();
        }
        let mut outputs = [world.output(&current), world.output(&beside)];
        outputs.sort();
        assert_eq!(world.curated().await, outputs, "{order:?}");
    }
}

#[tokio::test]
async fn a_stale_event_converts_what_is_current() {
    let world = World::new().await;
    let old = world.land(KEY, owners(1, 10)).await;
    world.handle(&s3_event(&old)).await.unwrap();
    let new = world.land(KEY, owners(1, 20)).await;
    let mut nameless = old.clone();
    nameless.etag = None;
    let mut odd = old.clone();
    odd.etag = Some("00000000000000000000000000000000".to_owned());
    for stale in [nameless, odd] {
        world.handle(&s3_event(&stale)).await.unwrap();
        let mut both = [world.output(&old), world.output(&new)];
        both.sort();
        assert_eq!(world.curated().await, both);
    }
    assert_eq!(world.metric("PartsConverted"), 2);
}

#[tokio::test]
async fn one_message_fails_alone() {
    let world = World::new().await;
    let good = world.land(KEY, owners(1, 10)).await;
    let bad = world
        .land("hubspot/2026-11-22/OWNERS/data_1.csv.gz", owners(1, 11))
        .await;
    let last = world
        .land("hubspot/2026-11-22/OWNERS/data_2.csv.gz", owners(1, 12))
        .await;
    let fault = world.faults().inject(
        Rule::on(Operation::GetObject).key_contains("data_1").always(),
        Action::Answer(503, "SlowDown"),
    );
    let event = sqs_event(
        &[
            s3_event(&good),
            s3_event(&bad),
            json!({"no": "event"}),
            s3_event(&last),
        ],
        1,
    );
    let answer = world.handle(&event).await.unwrap();
    assert!(fault.fired() > 0);
    assert_eq!(
        answer,
        json!({"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]})
    );
    assert_eq!(world.curated().await, [world.output(&good), world.output(&last)]);

    // A direct delivery has only one answer, but every part is tried first.
    world.delete(CURATED, &world.output(&last)).await;
    let mut event = s3_event(&bad);
    let more = s3_event(&last)["Records"][0].clone();
    event["Records"].as_array_mut().unwrap().push(more);
    let error = world.handle(&event).await.unwrap_err();
    assert!(
        matches!(
            error,
            HandlerError::Parts {
                failed: 1,
                all: 2,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(world.curated().await, [world.output(&good), world.output(&last)]);
}

#[tokio::test]
async fn what_is_named_twice_is_done_once() {
    let world = World::new().await;
    let notice = world.land(KEY, owners(1, 10)).await;
    let bodies = vec![s3_event(&notice); 5];
    world.handle(&sqs_event(&bodies, 1)).await.unwrap();
    assert_eq!(world.faults().count(Operation::PutObject), 2); // one of them lands the source
    assert_eq!(world.metric("PartsConverted") + world.metric("PartsSkipped"), 1);
}

#[tokio::test]
async fn what_is_no_part_is_skipped_with_a_reason() {
    let world = World::new().await;
    let notices = [
        ("elsewhere/2026-11-22/OWNERS/a.csv.gz", LANDING, "landing"),
        ("hubspot/2026-11-22/OWNERS/", LANDING, "folder"),
        ("hubspot/OWNERS/a.csv.gz", LANDING, "day"),
        ("lake/table=owners/date=2026-11-22/a.parquet", CURATED, "curated"),
        (
            "hubspot/2026-11-22/OWNERS/a.csv.gz",
            "other-bucket",
            "landing bucket",
        ),
        ("hubspot/2026-11-22/OWNERS/never-there.csv.gz", LANDING, "gone"),
    ];
    for (key, bucket, why) in notices {
        let notice = Notice {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version_id: None,
            etag: None,
            size: None,
        };
        let answer = world.handle(&s3_event(&notice)).await.unwrap();
        let outcome = answer["parts"][0]["outcome"].as_str().unwrap();
        assert!(
            outcome.starts_with("skipped: ") && outcome.contains(why),
            "{key}: {outcome}"
        );
    }
    assert_eq!(world.metric("PartsSkipped"), notices.len() as u64);
    assert_eq!(world.curated().await, [] as [String; 0]);
}

#[tokio::test]
async fn a_part_that_can_never_be_converted_is_recorded_and_done() {
    let whole = owners(1, 100);
    let broken = [
        ("no bytes", Vec::new()),
        ("truncated", whole[..whole.len() - 5].to_vec()),
        ("an open quote", gzip("\"OWNERID\",\"USERID\"\n1,\"2\n")),
        ("other columns", gzip("1,2,3\n")),
    ];
    for (what, bytes) in broken {
        let world = World::new().await;
        let notice = world.land(KEY, bytes).await;
        let event = sqs_event(&[s3_event(&notice)], 1);
        assert_eq!(
            world.handle(&event).await.unwrap(),
            json!({"batchItemFailures": []}),
            "{what}"
        );
        let record = world.failure(&notice);
        assert_eq!(world.curated().await, std::slice::from_ref(&record), "{what}");
        let failure = world.failed(&record).await;
        assert_eq!(failure.reason, Reason::Refused, "{what}");
        assert_eq!(
            (failure.source.key.as_str(), Some(&failure.source.etag)),
            (KEY, notice.etag.as_ref())
        );
        assert_eq!(
            (failure.table.as_str(), failure.date.as_str()),
            ("owners", "2026-11-22")
        );
        assert_eq!(failure.part_id, world.id(&notice).as_str());
        assert_eq!(world.metric("PartsFailed"), 1, "{what}");
        // It is not tried again, and a batch job's report shows it.
        world.faults().clear_log();
        let task = json!({"taskId": "t", "s3Key": KEY, "s3BucketArn": format!("arn:aws:s3:::{LANDING}")});
        let job = json!({"invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"}, "tasks": [task]});
        let answer = world.handle(&job).await.unwrap();
        assert_eq!(
            answer["results"][0]["resultCode"], "PermanentFailure",
            "{what}: {answer}"
        );
        assert_eq!(world.faults().count(Operation::GetObject), 0, "{what}");
    }
}

#[tokio::test]
async fn mending_a_setting_tries_the_part_again() {
    let strict = World::with(&[("MAX_REJECTS", "1")]).await;
    let notice = strict.land(KEY, owners_with_rejects("x")).await;
    let outcome = strict.convert(&notice).await.unwrap();
    assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
    let record = strict.failure(&notice);
    assert_eq!(strict.curated().await, std::slice::from_ref(&record));

    let mended = World::with(&[("MAX_REJECTS", "2")]).await;
    let notice = mended.land(KEY, owners_with_rejects("x")).await;
    let old = strict.get(&record).await;
    support::put(&mended.client, CURATED, &record, old).await;
    let outcome = mended.convert(&notice).await.unwrap();
    assert!(matches!(outcome, Outcome::Converted(_)), "{outcome:?}");
    assert_eq!(
        mended.curated().await,
        [record, mended.rejects(&notice), mended.output(&notice)]
    );
}

#[tokio::test]
async fn an_output_outranks_a_failure_record() {
    let world = World::new().await;
    let mut notice = world.land(KEY, owners(1, 10)).await;
    world.convert(&notice).await.unwrap();
    support::put(&world.client, CURATED, &world.failure(&notice), b"{}".to_vec()).await;
    for etag in [notice.etag.clone(), None] {
        notice.etag = etag;
        let outcome = world.convert(&notice).await.unwrap();
        assert!(matches!(outcome, Outcome::Present { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn the_footer_says_where_rows_come_from() {
    let world = World::new().await;
    let notice = world
        .land("hubspot/2026-11-22/OWNERS/a+b %25 é=.csv.gz", owners(1, 10))
        .await;
    world.handle(&sqs_event(&[s3_event(&notice)], 1)).await.unwrap();
    let footer = world.footer(&world.output(&notice)).await;
    assert_eq!(
        (footer.source_bucket, footer.source_key),
        (notice.bucket.clone(), notice.key.clone())
    );
    assert_eq!(Some(footer.source_etag), notice.etag);
    assert_eq!(footer.part_id, world.id(&notice).as_str());
    assert!(footer.source_last_modified_ms.is_some());
    assert_eq!(footer.source_bytes, owners(1, 10).len() as u64);
}

#[tokio::test]
async fn an_event_that_cannot_be_understood_fails() {
    let world = World::new().await;
    for event in [
        json!({}),
        json!([]),
        json!("text"),
        json!({"Records": [{"eventSource": "aws:dynamodb"}]}),
    ] {
        let error = world.handle(&event).await.unwrap_err();
        assert!(matches!(error, HandlerError::Notice(_)), "{event}: {error}");
    }
}
