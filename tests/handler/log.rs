//! What is logged of a part, and what never is.

use serde_json::{Value, json};

use crate::support::{World, gzip, log, owners_with_rejects, s3_event, sqs_event};

/// The canary is in the data, in a rejected cell, in a rejected record and in a part that is refused; the log is at its
/// finest level.
#[tokio::test]
async fn no_cell_value_is_ever_logged() {
    let canary = "Zq7canaryXw";
    let world = World::new().await;
    let sources = [
        ("a", owners_with_rejects(canary)),
        ("b", gzip(&format!("\"OWNERID\",\"USERID\"\n1,\"{canary}\n"))),
        ("c", gzip(&format!("{canary},{canary}\n"))),
        ("d", gzip(&format!("\"OWNERID\",\"USERID\"\n1,a{canary}\"b\n"))),
    ];
    for (name, bytes) in sources {
        let notice = world
            .land(&format!("hubspot/2026-11-22/OWNERS/{name}.csv.gz"), bytes)
            .await;
        let answer = world.handle(&sqs_event(&[s3_event(&notice)], 1)).await.unwrap();
        assert_eq!(answer, json!({"batchItemFailures": []}), "{name}");
    }
    assert_eq!(
        (world.metric("PartsConverted"), world.metric("PartsFailed")),
        (1, 3)
    );
    let rejects = world
        .curated()
        .await
        .into_iter()
        .find(|key| key.contains("rejected/"))
        .unwrap();
    let rejects = String::from_utf8(world.get(&rejects).await).unwrap();
    assert!(
        rejects.contains(canary),
        "the canary does not reach the rejects, so it proves nothing"
    );
    let log = log().text();
    assert!(log.contains("part converted") && log.contains("part failed for good"));
    assert!(
        !log.contains(canary),
        "{}",
        log.lines().find(|line| line.contains(canary)).unwrap()
    );
    assert!(!world.metrics.text().contains(canary));
}

#[tokio::test]
async fn each_part_is_one_line_of_the_log() {
    let world = World::new().await;
    let key = "hubspot/2026-11-22/OWNERS/one-line.csv.gz";
    let notice = world.land(key, owners_with_rejects("x")).await;
    world.handle(&sqs_event(&[s3_event(&notice)], 1)).await.unwrap();
    let text = log().text();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["key"] == key && line["level"] == "INFO")
        .collect();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line["message"], "part converted");
    assert_eq!(line["span"]["request_id"], "test");
    assert_eq!(line["span"]["part_id"], world.id(&notice).as_str());
    for (field, value) in [
        ("rows_written", 3),
        ("records_read", 4),
        ("records_rejected", 1),
        ("cells_rejected", 1),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    for field in ["ms", "source_bytes", "output_bytes"] {
        assert!(line[field].is_u64(), "{field}: {line}");
    }
    // Where its time went: apart from each other, so they are no more than all of it.
    let stages = [
        "ms_store",
        "ms_wait",
        "ms_read",
        "ms_split",
        "ms_columns",
        "ms_encode",
    ];
    let spent: u64 = stages
        .map(|field| line[field].as_u64().expect(field))
        .iter()
        .sum();
    assert!(spent <= line["ms"].as_u64().unwrap(), "{line}");
    for field in ["splitter", "dialect", "output", "rejects", "table", "date"] {
        assert!(line[field].is_string(), "{field}: {line}");
    }
}
