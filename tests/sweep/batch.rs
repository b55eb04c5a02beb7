//! Years of history, converted by an S3 Batch Operations job over an inventory (`docs/backfill.md`).

use std::collections::BTreeMap;

use daymark::day::State;
use daymark::server::faults::{Action, Rule};
use daymark::server::operation::Operation;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::lake::Lake;
use crate::support::{LANDING, owners};

/// All but what URLs leave as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// The landing bucket as S3 Inventory lists it in CSV: every field in quotes, keys URL-encoded.
async fn inventory(lake: &Lake) -> String {
    let listed = lake.world.client.list_objects_v2().bucket(LANDING).send().await;
    let lines = listed.unwrap().contents.unwrap().into_iter().map(|object| {
        let key = object.key.unwrap();
        let key = utf8_percent_encode(&key, ENCODED);
        format!("\"{LANDING}\",\"{key}\",\"{}\"\n", object.size.unwrap())
    });
    lines.collect()
}

/// A job as S3 Batch Operations runs it: one invocation a task, and one more for a task that failed for the moment. The
/// completion report: result code and text by key.
async fn job(lake: &Lake, inventory: &str) -> BTreeMap<String, (String, String)> {
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(inventory.as_bytes());
    let mut report = BTreeMap::new();
    for (nth, row) in rows.records().enumerate() {
        let row = row.unwrap();
        let event = json!({
            "invocationSchemaVersion": "1.0",
            "invocationId": format!("invocation {nth}"),
            "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce"},
            "tasks": [{
                "taskId": format!("task {nth}"),
                "s3Key": row[1],
                "s3VersionId": null,
                "s3BucketArn": format!("arn:aws:s3:::{}", &row[0]),
            }],
        });
        let mut result = task(lake, &event).await;
        if result.0 == "TemporaryFailure" {
            lake.world.faults().clear();
            result = task(lake, &event).await;
        }
        report.insert(row[1].to_owned(), result);
    }
    report
}

async fn task(lake: &Lake, event: &Value) -> (String, String) {
    let answer = lake.world.handle(event).await.unwrap();
    assert_eq!(answer["invocationId"], event["invocationId"]);
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!(results[0]["taskId"], event["tasks"][0]["taskId"]);
    let text = |member: &str| results[0][member].as_str().unwrap().to_owned();
    (text("resultCode"), text("resultString"))
}

#[tokio::test]
async fn years_of_history_are_converted_by_a_batch_job_over_an_inventory() {
    let lake = Lake::new().await;
    // Long before anybody thought of Daymark.
    let mut parts = BTreeMap::new();
    for year in 2022..2026 {
        for name in ["a", "b"] {
            let key = format!("hubspot/{year}-03-01/OWNERS/{name}.csv.gz");
            parts.insert(key.clone(), lake.land(&key, owners(1, 3)).await);
        }
    }
    let odd = "hubspot/dt=2021-03-01/OWNERS/données a+b %25 & co.csv.gz".to_owned();
    parts.insert(odd.clone(), lake.land(&odd, owners(1, 4)).await);
    let broken = "hubspot/2025-03-01/OWNERS/broken.csv.gz";
    lake.land(broken, b"no gzip".to_vec()).await;
    let gone = "hubspot/2025-03-01/OWNERS/gone.csv.gz";
    lake.land(gone, owners(1, 1)).await;
    lake.land("hubspot/readme.txt", b"what else lies there".to_vec())
        .await;
    lake.wait(365 * 24 * 60);
    let inventory = inventory(&lake).await;
    assert!(
        inventory.contains("donn%C3%A9es%20a%2Bb%20%2525%20%26%20co.csv.gz"),
        "{inventory}"
    );
    lake.purge(gone).await;

    // One of the tasks meets a moment in which S3 answers nobody.
    lake.world.faults().inject(
        Rule::on(Operation::GetObject)
            .key_contains("2022-03-01/OWNERS/b")
            .always(),
        Action::Answer(503, "SlowDown"),
    );
    let report = job(&lake, &inventory).await;
    assert_eq!(report.len(), parts.len() + 3);
    for (key, (code, text)) in &report {
        let expected = match key {
            _ if key.ends_with("broken.csv.gz") => ("PermanentFailure", "lake/failed/"),
            _ if key.ends_with("gone.csv.gz") || key.ends_with("readme.txt") => ("Succeeded", "skipped: "),
            _ => ("Succeeded", "converted: "),
        };
        assert!(
            code == expected.0 && text.contains(expected.1),
            "{key}: {code} {text}"
        );
    }
    let converted = lake.outputs(&parts.values().collect::<Vec<_>>());
    for output in &converted {
        assert!(lake.listing().await.contains_key(output), "{output}");
    }

    // The next sweeps do the rest, and need not send anything again.
    lake.wait(61);
    let days = lake.sweep().await;
    let states: Vec<(&str, State, u64)> = days
        .iter()
        .map(|(date, day)| (date.as_str(), day.state, day.parts))
        .collect();
    assert_eq!(
        states,
        [
            ("2021-03-01", State::Complete, 1),
            ("2022-03-01", State::Complete, 2),
            ("2023-03-01", State::Complete, 2),
            ("2024-03-01", State::Complete, 2),
            ("2025-03-01", State::Blocked, 3),
        ]
    );
    assert!(lake.queue.take().is_empty());

    // A second job over the same inventory finds all of it done.
    let before = lake.under(&[""]).await;
    lake.world.faults().clear_log();
    for (key, (code, text)) in job(&lake, &inventory).await {
        let done = match code.as_str() {
            "PermanentFailure" => "failed before",
            _ if key.ends_with("gone.csv.gz") || key.ends_with("readme.txt") => "skipped: ",
            _ => "there already: ",
        };
        assert!(text.contains(done), "{key}: {code} {text}");
    }
    assert_eq!(lake.world.faults().count(Operation::PutObject), 0);
    assert_eq!(lake.under(&[""]).await, before);
}
