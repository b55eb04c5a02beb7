//! Sweeps that end before and after each of their requests.

use std::collections::BTreeMap;

use daymark::server::faults::{Action, Rule};
use daymark::sweep::Request;
use serde_json::Value;

use crate::lake::{DATE, Lake, key};

/// A lake that is about to publish: a second revision that supersedes the first one's part.
async fn about_to_publish() -> Lake {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.part(DATE, "a", 4).await;
    lake.part(DATE, "b", 4).await;
    lake.wait(61);
    lake
}

/// Everything in the lake, times aside.
async fn state(lake: &Lake) -> BTreeMap<String, String> {
    let mut all = lake.under(&[""]).await;
    for key in all.clone().into_keys() {
        let name = key.rsplit('/').next().unwrap();
        if name.starts_with("manifest.json") {
            all.insert(key, String::new());
        } else if name.starts_with('r') && name.ends_with(".json") {
            let mut json: Value = serde_json::from_str(&lake.text(&key).await.unwrap()).unwrap();
            json["history"]["listed_ms"] = Value::Null;
            json["history"]["left"] = Value::Null;
            all.insert(key, json.to_string());
        }
    }
    all
}

#[tokio::test]
async fn a_sweep_that_ends_at_any_request_is_finished_by_the_next() {
    let lake = about_to_publish().await;
    let faults = lake.world.faults();
    faults.clear_log();
    lake.sweep().await;
    let calls = faults.log().len() as u64;
    let wanted = state(&lake).await;
    assert!(calls > 20, "{calls}");
    println!("{calls} requests, each cut off before and after it is done");
    for nth in 1..=calls {
        for done in [false, true] {
            let lake = about_to_publish().await;
            let faults = lake.world.faults();
            if done {
                faults.inject(Rule::any().nth(nth), Action::LoseAnswer);
            }
            faults.inject(Rule::any().nth(nth + u64::from(done)).always(), Action::Refuse);
            // What a sweep says that is cut off is of no interest.
            drop(lake.fragile().sweep(&Request::default(), None).await);
            faults.clear();
            let day = lake.day().await;
            assert_eq!(day.published, Some(2), "request {nth}, done: {done}");
            assert_eq!(state(&lake).await, wanted, "request {nth}, done: {done}");
            assert!(lake.events("Day Complete") >= 2, "request {nth}, done: {done}");
            let last = faults.log().len();
            faults.clear_log();
            assert!(!lake.day().await.revised, "{last}");
        }
    }
}

#[tokio::test]
async fn what_was_not_told_before_the_day_changed_again_is_told_yet() {
    let lake = about_to_publish().await;
    lake.world.faults().inject(
        Rule::any().key_contains("r000002.announced").always(),
        Action::Refuse,
    );
    drop(lake.fragile().sweep(&Request::default(), None).await);
    lake.world.faults().clear();
    lake.land(&key(DATE, "late"), crate::support::owners(1, 2)).await;
    assert_eq!(lake.day().await.revision, Some(3));
    assert_eq!(lake.events("Day Reopened"), 1);
    assert!(
        lake.under(&["manifest/"])
            .await
            .keys()
            .any(|key| key.ends_with("r000002.announced"))
    );
}

#[tokio::test]
async fn a_sweep_that_was_held_up_does_not_put_an_old_state_back() {
    let probe = about_to_publish().await;
    probe.world.faults().clear_log();
    probe.sweep().await;
    let calls = probe.world.faults().log().len() as u64;
    for nth in 1..=calls {
        let lake = about_to_publish().await;
        let sweeper = lake.fragile();
        let stalled = async { sweeper.sweep(&Request::default(), None).await };
        let others = async {
            lake.sweep().await;
            lake.part(DATE, "c", 5).await;
            let day = lake.quiet_day().await;
            let seen = lake.under(&["published/", "latest/", "manifest/date"]).await;
            (day, seen)
        };
        let (_, (day, seen)) = lake.held_up(Rule::any().nth(nth), stalled, others).await;
        assert_eq!(lake.published().await.len(), 3, "request {nth}");
        let now = lake.under(&["published/", "latest/", "manifest/date"]).await;
        assert_eq!(now, seen, "request {nth}");
        assert_eq!(lake.day().await.revision, day.revision, "request {nth}");
    }
}
