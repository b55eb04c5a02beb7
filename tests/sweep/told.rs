//! What is told of days: events, what is in them, and how often they come.

use daymark::day::State;
use daymark::keys::Leaf;
use daymark::manifest::sha256;
use daymark::server::faults::{Action, Rule};
use daymark::server::operation::Operation;
use serde_json::{Value, json};

use crate::lake::{DATE, Lake, key};
use crate::support::owners;

/// The detail of the only event of this kind.
fn told(lake: &Lake, detail_type: &str) -> Value {
    let mut events = lake.told_events();
    events.retain(|(kind, _)| kind == detail_type);
    assert_eq!(events.len(), 1, "{detail_type}: {events:?}");
    serde_json::from_str(&events[0].1).unwrap()
}

/// A day with a part that has Parquet, one that waits, and one that can never be converted.
async fn under_way() -> (Lake, Value) {
    let lake = Lake::new().await;
    let converted = owners(1, 3);
    let notice = lake.arrive(&key(DATE, "a"), converted.clone()).await;
    let output = lake.world.get(&lake.world.output(&notice)).await;
    lake.land(&key(DATE, "b"), owners(1, 4)).await;
    lake.arrive(&format!("hubspot/{DATE}/THINGS/c.csv.gz"), b"no gzip".to_vec())
        .await;
    let progress = json!({
        "output_bytes": output.len(),
        "parts": 3,
        "parts_converted": 1,
        "parts_failed": 1,
        "parts_outdated": 0,
        "parts_waiting": 2,
        "source_bytes": converted.len() + owners(1, 4).len() + b"no gzip".len(),
        "tables": 2,
    });
    (lake, progress)
}

/// Nothing was ever published of it, so there are no totals. What the listings count is told all the same.
#[tokio::test]
async fn events_of_a_day_that_was_never_published_say_how_far_it_has_come() {
    let (lake, progress) = under_way().await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.published), (State::Blocked, None));
    assert_eq!((day.tables, day.parts, day.missing, day.failed), (2, 3, 2, 1));
    let detail = told(&lake, "Day Blocked");
    assert_eq!(
        (&detail["tables"], &detail["totals"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(detail["progress"], progress);
    assert_eq!(lake.revision(1).await["history"]["progress"], progress);

    lake.wait(6 * 60);
    lake.day().await;
    assert_eq!(told(&lake, "Day Late")["progress"], progress);
}

#[tokio::test]
async fn events_of_a_published_day_have_its_totals_and_how_far_the_next_one_has_come() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    let detail = told(&lake, "Day Complete");
    assert_eq!(
        (&detail["tables"], &detail["progress"]),
        (&json!(1), &Value::Null)
    );
    assert!(lake.revision(1).await["history"].get("progress").is_none());

    lake.land(&key(DATE, "b"), owners(9, 4)).await;
    assert_eq!(lake.day().await.state, State::Reopened);
    let reopened = told(&lake, "Day Reopened");
    assert_eq!(
        (&reopened["tables"], &reopened["totals"]),
        (&detail["tables"], &detail["totals"])
    );
    assert_eq!(reopened["progress"]["parts"], 2);
    assert_eq!(reopened["progress"]["parts_waiting"], 1);
}

/// How far a day had come is written down with what is told of it, and with nothing else.
#[tokio::test]
async fn an_event_that_is_told_again_is_the_same_whatever_came_meanwhile() {
    let (lake, _) = under_way().await;
    lake.wait(61);
    let marker = Rule::on(Operation::PutObject).key_contains("announced");
    lake.world
        .faults()
        .inject(marker.always(), Action::Answer(403, "AccessDenied"));
    let report = lake.ask("{}").await.unwrap();
    report.days[0].judged.as_ref().unwrap_err();
    lake.world.faults().clear();
    lake.part(DATE, "d", 5).await;
    lake.day().await;
    let events = lake.told_events();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0], events[1]);
}

/// By then another revision may be what is published.
#[tokio::test]
async fn an_event_that_is_told_again_after_the_next_revision_is_the_same() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.part(DATE, "b", 4).await;
    let marker = Rule::on(Operation::PutObject).key_contains("announced");
    lake.world
        .faults()
        .inject(marker.always(), Action::Answer(403, "AccessDenied"));
    let report = lake.ask("{}").await.unwrap();
    report.days[0].judged.as_ref().unwrap_err();
    lake.world.faults().clear();
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(3)));
    let events = lake.told_events();
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["Day Complete", "Day Reopened", "Day Reopened", "Day Complete"]
    );
    assert_eq!(events[1], events[2]);
}

#[tokio::test]
async fn a_day_that_gets_on_keeps_its_revision() {
    let lake = Lake::new().await;
    for name in ["a", "b", "c"] {
        lake.land(&key(DATE, name), owners(1, 3)).await;
    }
    lake.wait(6 * 60);
    let day = lake.day().await;
    assert_eq!((day.state, day.late, day.revision), (State::Open, true, Some(1)));
    let before = lake.under(&["manifest/"]).await;
    for body in lake.queue.take().into_iter().take(2) {
        lake.handle(&serde_json::from_str(&body).unwrap()).await;
        lake.wait(1);
        let day = lake.day().await;
        assert_eq!((day.revised, day.revision), (false, Some(1)));
    }
    let after = lake.under(&["manifest/"]).await;
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    let revision = lake.leaf(Leaf::Revision(1));
    assert_eq!(after[&revision], before[&revision]);
}

/// The first version of the document counted nothing there.
#[tokio::test]
async fn a_revision_of_the_first_version_is_read_and_stays_as_it_is() {
    let (lake, _) = under_way().await;
    lake.quiet_day().await;
    let mut document = lake.revision(1).await;
    document["version"] = json!(1);
    document.as_object_mut().unwrap().remove("history_sha256");
    document["history"].as_object_mut().unwrap().remove("progress");
    let text = format!("{document}\n");
    let checksum = format!("{}  manifest.json\n", sha256(text.as_bytes()));
    for (leaf, text) in [
        (Leaf::Revision(1), &text),
        (Leaf::Manifest, &text),
        (Leaf::Checksum, &checksum),
    ] {
        lake.overwrite(&lake.leaf(leaf), text.clone()).await;
    }
    for _ in 0..2 {
        let day = lake.day().await;
        assert_eq!(
            (day.state, day.revision, day.revised),
            (State::Blocked, Some(1), false)
        );
        for leaf in [Leaf::Revision(1), Leaf::Manifest] {
            assert_eq!(lake.text(&lake.leaf(leaf)).await.as_ref(), Some(&text));
        }
    }
    assert!(lake.under(&["set-aside/"]).await.is_empty());
    // What it is told of again, for want of the marker, has nothing to tell of it.
    lake.remove(&lake.leaf(Leaf::Announced(1))).await;
    lake.day().await;
    let (_, detail) = lake.told_events().pop().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&detail).unwrap()["progress"],
        Value::Null
    );
}

#[tokio::test]
async fn a_revision_that_does_not_say_what_its_version_has_to_is_damaged() {
    for (version, has) in [(1, true), (2, false)] {
        let (lake, _) = under_way().await;
        lake.quiet_day().await;
        let mut document = lake.revision(1).await;
        document["version"] = json!(version);
        document.as_object_mut().unwrap().remove("history_sha256");
        if !has {
            document["history"].as_object_mut().unwrap().remove("progress");
        }
        lake.overwrite(&lake.leaf(Leaf::Revision(1)), format!("{document}\n"))
            .await;
        let day = lake.day().await;
        assert_eq!(day.state, State::Blocked);
        assert_eq!(lake.under(&["set-aside/"]).await.len(), 1, "version {version}");
    }
}
