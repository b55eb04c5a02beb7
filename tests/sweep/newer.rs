//! What a newer release wrote is left alone, with an error.

use daymark::day::State;
use daymark::keys::Leaf;
use serde_json::{Value, json};

use crate::damage::complete;
use crate::lake::{DATE, Lake};
use crate::support::{CURATED, LANDING, gzip, put};

const STATE: &str = "lake/manifest/sweep.json";

#[tokio::test]
async fn what_a_newer_release_wrote_is_left_alone() {
    let lake = complete().await;
    for key in [lake.leaf(Leaf::Revision(2)), lake.leaf(Leaf::Manifest)] {
        lake.overwrite(&key, r#"{"version": 4, "history": {"revision": 2}}"#)
            .await;
        let before = lake.under(&[""]).await;
        let report = lake.ask("{}").await.unwrap();
        let error = report.days[0].judged.as_ref().unwrap_err().to_string();
        assert!(error.contains("newer release") && error.contains(&key), "{error}");
        assert_eq!(lake.under(&[""]).await, before);
        lake.remove(&key).await;
    }
    assert_eq!(lake.day().await.revision, Some(1));
}

/// Members that this release does not know are no damage where the version says that there may be some.
#[tokio::test]
async fn what_a_newer_release_counts_and_remembers_is_left_alone() {
    let lake = complete().await;
    let newer = r#"{"version": 3, "more": 1}"#;
    let sent = lake.leaf(Leaf::Sent);
    lake.overwrite(&sent, newer).await;
    let report = lake.ask("{}").await.unwrap();
    let error = report.days[0].judged.as_ref().unwrap_err().to_string();
    assert!(
        error.contains("newer release") && error.contains(&sent),
        "{error}"
    );
    assert_eq!(lake.text(&sent).await.as_deref(), Some(newer));
    lake.remove(&sent).await;
    let newer = r#"{"version": 4, "more": 1}"#;
    lake.overwrite(STATE, newer).await;
    let error = lake.ask("{}").await.unwrap_err().to_string();
    assert!(
        error.contains("newer release") && error.contains(STATE),
        "{error}"
    );
    assert_eq!(lake.text(STATE).await.as_deref(), Some(newer));
}

async fn state(lake: &Lake) -> Value {
    serde_json::from_str(&lake.text(STATE).await.unwrap()).unwrap()
}

/// Days that a sweep looked at, in their order.
async fn looked_at(lake: &Lake) -> Vec<String> {
    lake.wait(1);
    let report = lake.ask("{}").await.unwrap();
    report.days.iter().map(|day| day.date.to_string()).collect()
}

/// A day of long ago, with a header alone in two tables; it is looked at once a day.
async fn of_long_ago() -> Lake {
    let lake = complete().await;
    for (table, header) in [("OBJECTS", "OBJECTTYPEID,OBJECTID\n"), ("TEAMS", "TEAMID,NAME\n")] {
        lake.arrive(&format!("hubspot/{DATE}/{table}/a.csv.gz"), gzip(header))
            .await;
    }
    lake.quiet_day().await;
    lake.wait(40 * 24 * 60);
    assert_eq!(looked_at(&lake).await, [DATE]);
    assert_eq!(looked_at(&lake).await, [""; 0]);
    lake
}

/// It does not tell which days have a table without a row, nor was anything told if it says that days are to be gone on with.
#[tokio::test]
async fn the_state_of_the_release_before_is_read_and_asks_for_a_sweep_over_all_days() {
    for next in [Value::Null, "2026-12-30".into()] {
        let lake = of_long_ago().await;
        let whole = state(&lake).await;
        assert_eq!(
            whole["empty"],
            json!({"objects": [DATE]}),
            "only what views turn on"
        );
        let mut before = whole.clone();
        for name in ["empty", "empty_of_all"] {
            before.as_object_mut().unwrap().remove(name);
        }
        before["version"] = 2.into();
        before["types"]["gone"] = json!({"a": "string"});
        before["next"] = next;
        lake.overwrite(STATE, before.to_string()).await;
        // Days that are asked for tell nothing of the others.
        let asked = r#"{"from": "2026-12-20", "to": "2026-12-30"}"#;
        lake.ask(asked).await.unwrap();
        assert!(!state(&lake).await["empty_of_all"].as_bool().unwrap());
        assert_eq!(looked_at(&lake).await, [DATE]);
        let after = state(&lake).await;
        for name in ["version", "empty", "empty_of_all", "unsettled"] {
            assert_eq!(after[name], whole[name], "{name}");
        }
        assert_eq!(after["types"]["gone"], before["types"]["gone"]);
        assert_eq!(looked_at(&lake).await, [""; 0]);
        assert_eq!(lake.under(&["set-aside/"]).await.len(), 0);
    }
}

/// Of a lake whose days were all asked for, everything is known.
#[tokio::test]
async fn days_that_were_asked_for_may_be_all_there_are() {
    let lake = complete().await;
    for (day, is_known) in [("2026-11-21", false), (DATE, true)] {
        lake.remove(STATE).await;
        let asked = format!(r#"{{"from": "{day}", "to": "{day}"}}"#);
        lake.ask(&asked).await.unwrap();
        assert_eq!(state(&lake).await["empty_of_all"], is_known, "{day}");
    }
}

/// What is remembered of a day goes with the last of it.
#[tokio::test]
async fn a_day_of_which_nothing_is_left_is_forgotten() {
    let lake = of_long_ago().await;
    for key in lake.listing().await.into_keys().filter(|key| key.contains(DATE)) {
        lake.remove(&key).await;
    }
    let sources = lake.world.client.list_objects_v2().bucket(LANDING).send().await;
    for source in sources.unwrap().contents() {
        let delete = lake.world.client.delete_object().bucket(LANDING);
        delete.key(source.key().unwrap()).send().await.unwrap();
    }
    lake.wait(25 * 60);
    lake.ask("{}").await.unwrap();
    assert_eq!(state(&lake).await.get("empty"), None);
}

/// Parquet as a newer release would leave it, which has its record in another form.
fn of_a_newer_release(mut parquet: Vec<u8>) -> Vec<u8> {
    let version = b"{\"version\":1,";
    let at = parquet
        .windows(version.len())
        .rposition(|window| window == version);
    parquet[at.unwrap() + version.len() - 2] = b'2';
    parquet
}

#[tokio::test]
async fn parquet_that_a_newer_release_wrote_is_left_alone() {
    let lake = complete().await;
    let output = lake.published().await.remove(0);
    let before = lake.world.get(&output).await;
    put(
        &lake.world.client,
        CURATED,
        &output,
        of_a_newer_release(before.clone()),
    )
    .await;
    let of_day = &[
        "published/table=owners/date=2026-11-22",
        "manifest/date=2026-11-22",
    ];
    let (seen, outputs) = (lake.under(of_day).await, lake.under(&["table="]).await);
    // Neither that day nor another one that becomes complete meanwhile loses anything.
    let other = lake.part("2026-11-21", "a", 3).await;
    for _ in 0..2 {
        lake.wait(61);
        let report = lake.ask("{}").await.unwrap();
        let [sound, newer] = &report.days[..] else {
            panic!("{report:?}")
        };
        assert_eq!(sound.judged.as_ref().unwrap().state, State::Complete);
        let error = newer.judged.as_ref().unwrap_err().to_string();
        for words in ["newer release", &output, "version 2"] {
            assert!(error.contains(words), "{error}");
        }
    }
    assert_eq!(lake.under(of_day).await, seen);
    let mut after = lake.under(&["table="]).await;
    assert!(after.remove(&lake.world.output(&other)).is_some());
    assert_eq!(after, outputs);
    assert!(lake.under(&["set-aside/"]).await.is_empty());
    put(&lake.world.client, CURATED, &output, before).await;
    let day = lake.day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(1)));
}

/// It says nothing of the day that could be published, so the day waits.
#[tokio::test]
async fn parquet_that_a_newer_release_wrote_keeps_its_day_from_being_published() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    let output = lake.world.output(&a);
    let parquet = of_a_newer_release(lake.world.get(&output).await);
    put(&lake.world.client, CURATED, &output, parquet).await;
    let before = lake.under(&[""]).await;
    lake.wait(61);
    let report = lake.ask("{}").await.unwrap();
    let error = report.days[0].judged.as_ref().unwrap_err().to_string();
    assert!(
        error.contains("newer release") && error.contains(&output),
        "{error}"
    );
    assert_eq!(lake.under(&[""]).await, before);
}
