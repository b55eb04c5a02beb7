//! `daymark backfill` and `replay` in the cloud: the program as a process, buckets, and a queue that somebody has to empty.

use daymark::app::handler::{Handler, Invocation};
use daymark::config::Config;
use daymark::notice::{self, Delivery};
use daymark::store::{Store, Tuning};
use daymark::telemetry::Metrics;

use crate::desk::{Desk, Ran, owners};
use crate::proxy::{self, Turn};

const SPAN: [&str; 4] = ["--from", "2026-11-20", "--to", "2026-11-21"];

/// Runs a command on days that are quiet at once, an hour after all that is there landed: parts are sent again only when
/// they have been without Parquet for a while.
fn run(desk: &Desk, endpoint: &str, command: &str, arguments: &[&str]) -> Ran {
    let variables = [("AWS_ENDPOINT_URL", endpoint), ("DAYMARK_QUIET_MINUTES", "0")];
    desk.run_by(&variables, command, arguments)
}

async fn etag(desk: &Desk, key: &str) -> String {
    let head = desk.s3.head_object().bucket(desk.landing()).key(key);
    let head = head.send().await.unwrap();
    head.e_tag().unwrap().trim_matches('"').to_owned()
}

/// The keys that messages are about.
fn keys(bodies: &[String]) -> Vec<String> {
    let mut keys = Vec::new();
    for body in bodies {
        match notice::read(body.as_bytes()).unwrap() {
            Delivery::Direct(content) => keys.extend(content.notices.into_iter().map(|notice| notice.key)),
            other => panic!("{other:?}"),
        }
    }
    keys.sort();
    keys
}

/// Has the function's handler take these messages.
async fn convert(desk: &Desk, bodies: &[String]) {
    let config = Config::from_vars(desk.settings(), |_| unreachable!()).unwrap();
    let tuning = Tuning {
        path_style: true,
        ..Tuning::default()
    };
    let handler = Handler::new(config, Store::new(&desk.sdk, &tuning), Metrics::none());
    for body in bodies {
        let invocation = Invocation {
            request_id: "test".to_owned(),
            deadline: None,
        };
        handler.handle(body.as_bytes(), invocation).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn backfill_and_replay_go_through_the_queue() {
    let desk = Desk::new("days").await;
    let good = [
        "hubspot/2026-11-20/OWNERS/data 0+1=é.csv.gz",
        "hubspot/2026-11-20/OWNERS/data_0_1_0.csv.gz",
        "hubspot/2026-11-21/OWNERS/data_0_0_0.csv.gz",
    ];
    let bad = "hubspot/2026-11-21/OWNERS/data_0_1_0.csv.gz";
    for (nth, key) in good.into_iter().enumerate() {
        desk.land(key, owners(nth as u64 + 1)).await;
    }
    desk.land(bad, b"no gzip \x1f\x8b and no text \0\xff".to_vec())
        .await;
    let endpoint = proxy::start(3_600, |_| Turn::Pass);
    let run = |command: &str, arguments: &[&str]| run(&desk, &endpoint, command, arguments);
    let spanned = |arguments: &[&str]| run("backfill", &[&SPAN[..], arguments].concat());

    // A dry run counts, and sends nothing.
    spanned(&["--dry-run"]).expect(0).shows("4 parts would be sent");
    assert_eq!(desk.count(&desk.queue).await, 0);
    spanned(&["--no-wait"])
        .expect(0)
        .says("4 parts to come, 0 in the queue before, 4 sent now");
    // What waits in the queue already is not sent once more.
    spanned(&["--no-wait"])
        .expect(0)
        .says("4 in the queue before, 0 sent now");
    let bodies = desk.drain(&desk.queue).await;
    let mut all = [&good[..], &[bad]].concat();
    all.sort_unstable();
    assert_eq!(keys(&bodies), all);

    // Each message is one that the function takes.
    convert(&desk, &bodies).await;
    // All have Parquet or a failure record, so there is nothing to wait for.
    spanned(&[])
        .expect(0)
        .says("0 parts to come")
        .shows("20✓")
        .shows("21✗");
    assert_eq!(desk.count(&desk.queue).await, 0);

    run("replay", &[good[0]]).expect(0).shows("there already");
    assert_eq!(desk.count(&desk.queue).await, 0);
    // What cannot be converted is tried again, by the key of its failure record, which goes first.
    let curated = desk.curated();
    let records = || async {
        let request = desk.s3.list_objects_v2().bucket(&curated).prefix("lake/failed/");
        let found = request.send().await.unwrap();
        found
            .contents()
            .iter()
            .map(|object| object.key().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let [record] = &records().await[..] else {
        panic!("expected one failure record")
    };
    let url = format!("s3://{curated}/{record}");
    run("replay", &[&url, good[1]])
        .expect(0)
        .shows("sent")
        .shows("there already");
    assert_eq!(records().await, Vec::<String>::new());
    let bodies = desk.drain(&desk.queue).await;
    assert_eq!(keys(&bodies), [bad]);
    // Without Parquet, a source is sent by its own key.
    run("replay", &[bad, "hubspot/2026-11-20/OWNERS/gone.csv.gz"])
        .expect(1)
        .shows("sent")
        .says("is gone");
    assert_eq!(keys(&desk.drain(&desk.queue).await), [bad]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_parts_are_named_and_sent_where_that_is_asked_for() {
    let desk = Desk::new("lost").await;
    let lost = "hubspot/2026-11-20/OWNERS/data.csv.gz";
    desk.land(lost, owners(1)).await;
    let endpoint = proxy::start(3_600, |_| Turn::Pass);
    let backfill = |arguments: &[&str]| run(&desk, &endpoint, "backfill", &[&SPAN[..], arguments].concat());
    backfill(&["--no-wait"]).expect(0).says("1 sent now");
    desk.drain(&desk.queue).await;
    let (curated, key) = (desk.curated(), "lake/manifest/date=2026-11-20/sent.json");
    let object = desk
        .s3
        .get_object()
        .bucket(&curated)
        .key(key)
        .send()
        .await
        .unwrap();
    let sent = object.body.collect().await.unwrap().into_bytes();
    let mut sent: serde_json::Value = serde_json::from_slice(&sent).unwrap();
    for part in sent["parts"].as_object_mut().unwrap().values_mut() {
        *part = serde_json::json!({ "counted": 5, "last_ms": 1 });
    }
    let put = desk.s3.put_object().bucket(&curated).key(key);
    put.body(sent.to_string().into_bytes().into())
        .send()
        .await
        .unwrap();
    backfill(&["--no-wait"])
        .expect(0)
        .says("0 sent now")
        .shows("after being sent again 5 times");
    backfill(&["--dry-run"])
        .expect(0)
        .shows("0 parts would be sent")
        .shows("Not those that were sent as often as a part is: --lost sends them too");
    backfill(&["--dry-run", "--lost"])
        .expect(0)
        .shows(&format!("{lost}\n"))
        .shows("1 part would be sent");
    backfill(&["--no-wait", "--lost"]).expect(0).says("1 sent now");
    // It waits in the queue.
    backfill(&["--no-wait", "--lost"]).expect(0).says("0 sent now");
    let bodies = desk.drain(&desk.queue).await;
    assert_eq!(keys(&bodies), [lost]);
    convert(&desk, &bodies).await;
    backfill(&[]).expect(0).shows("complete");
}

#[tokio::test]
async fn a_queue_that_takes_nothing_is_an_error() {
    let desk = Desk::new("nodays").await;
    desk.land("hubspot/2026-11-20/OWNERS/data.csv.gz", owners(1))
        .await;
    let endpoint = proxy::start(3_600, |request| match request.is("SendMessageBatch") {
        true => Turn::LoseRequest,
        false => Turn::Pass,
    });
    run(
        &desk,
        &endpoint,
        "replay",
        &["hubspot/2026-11-20/OWNERS/data.csv.gz"],
    )
    .expect(1)
    .says("SendMessageBatch");
    // A part that cannot be converted is not left without its record by that.
    let bad = "hubspot/2026-11-20/OWNERS/bad.csv.gz";
    desk.land(bad, b"no gzip \x1f\x8b and no text \0\xff".to_vec())
        .await;
    let notice = notice::created(&desk.landing(), bad, 0, &etag(&desk, bad).await);
    convert(&desk, &[notice]).await;
    let curated = desk.curated();
    let records = || async {
        let request = desk.s3.list_objects_v2().bucket(&curated).prefix("lake/failed/");
        let found = request.send().await.unwrap();
        let records = found.contents().iter();
        records
            .map(|it| (it.key().unwrap().to_owned(), it.e_tag().map(str::to_owned)))
            .collect::<Vec<_>>()
    };
    let before = records().await;
    assert_eq!(before.len(), 1);
    run(&desk, &endpoint, "replay", &[bad])
        .expect(1)
        .says("SendMessageBatch");
    assert_eq!(records().await, before);
    let arguments = [&SPAN[..], &["--no-wait"]].concat();
    let ran = run(&desk, &endpoint, "backfill", &arguments);
    assert!(!ran.stderr.contains("1 sent now"), "{ran:?}");
    assert_eq!(desk.count(&desk.queue).await, 0);
}
