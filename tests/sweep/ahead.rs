//! What was dated while S3's clock was far ahead holds no day until the clock gets there.

use std::time::Duration;

use daymark::app::sweep::Judged;
use daymark::day::State;
use serde_json::Value;

use crate::lake::{DATE, Lake, key};
use crate::support::owners;

const HOUR: Duration = Duration::from_secs(60 * 60);
const FOUR_HUNDRED_DAYS: Duration = Duration::from_secs(400 * 24 * 60 * 60);

fn is_named(day: &Judged) -> bool {
    day.warnings.iter().any(|it| it.code == "revision_ahead")
}

/// A day whose second and newest revision, of two parts, was written while the clock was that far ahead.
async fn dated_ahead(by: Duration) -> Lake {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.part(DATE, "b", 4).await;
    lake.clock.advance(by);
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(2)));
    lake.clock.retreat(by);
    lake
}

#[tokio::test]
async fn a_revision_that_is_dated_ahead_is_named_and_revised() {
    let lake = dated_ahead(FOUR_HUNDRED_DAYS).await;
    let day = lake.day().await;
    assert!(is_named(&day) && !day.revised, "{day:?}");
    let message = &day.warnings[0].message;
    assert!(
        message.starts_with("revision 2 is dated 400 days ahead"),
        "{message}"
    );

    let late = lake.land(&key(DATE, "late"), owners(1, 2)).await;
    lake.wait(11);
    let day = lake.day().await;
    assert_eq!(
        (day.state, day.overtaken, day.revision, day.to_send),
        (State::Reopened, false, Some(3), 1)
    );
    assert!(is_named(&day), "the sweep that revises it says so: {day:?}");
    assert!(
        lake.told.text().contains("revision_ahead"),
        "{}",
        lake.told.text()
    );
    lake.work().await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(4)));
    assert!(!is_named(&day), "{day:?}");
    assert_eq!(lake.published().await.len(), 3);
    assert!(lake.published().await.contains(&lake.world.output(&late)));
    let content = lake.revision(4).await["content"].to_string();
    assert!(
        !content.contains("revision_ahead"),
        "what the day is does not follow from its history"
    );
}

/// So long a sweep may last, and then it was another one.
#[tokio::test]
async fn within_an_hour_a_revision_is_another_sweeps() {
    let lake = dated_ahead(HOUR - Duration::from_secs(60)).await;
    lake.land(&key(DATE, "late"), owners(1, 2)).await;
    let day = lake.day().await;
    assert!(day.overtaken && !is_named(&day), "{day:?}");
    lake.wait(60);
    let day = lake.day().await;
    assert_eq!((day.state, day.overtaken), (State::Reopened, false));
}

/// A sweep that stood still for a day: what is newer than it is not ahead of the clock.
#[tokio::test]
async fn a_sweep_that_stood_still_for_long_asks_for_the_time_again() {
    use daymark::server::faults::Rule;
    use daymark::server::operation::Operation;
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.part(DATE, "b", 4).await;
    lake.wait(61);
    let rule = Rule::on(Operation::GetObject).key_contains("r000001.json");
    let stalled = lake.ask("{}");
    let other = async {
        lake.wait(24 * 60);
        assert_eq!(lake.day().await.revision, Some(2));
        lake.wait(1);
    };
    let (report, ()) = lake.held_up(rule, stalled, other).await;
    let day = report.unwrap().days.remove(0).judged.unwrap();
    assert!(!is_named(&day), "{day:?}");
    assert_eq!(lake.day().await.revision, Some(2));
}

/// Parts that vanished go with parts that came after what is published, whatever that says of when it was.
#[tokio::test]
async fn parts_are_newer_than_a_publication_that_is_dated_ahead() {
    let lake = dated_ahead(FOUR_HUNDRED_DAYS).await;
    for name in ["a", "b"] {
        lake.purge(&key(DATE, name)).await;
    }
    let new = lake.part(DATE, "new", 5).await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    assert_eq!(lake.published().await, lake.outputs(&[&new]));
    // The same where a revision of the right time is between them.
    let lake = dated_ahead(FOUR_HUNDRED_DAYS).await;
    for name in ["a", "b"] {
        lake.purge(&key(DATE, name)).await;
    }
    let new = lake.part(DATE, "new", 5).await;
    assert_eq!(lake.day().await.state, State::Reopened);
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    assert_eq!(lake.published().await, lake.outputs(&[&new]));
}

#[tokio::test]
async fn a_part_that_was_sent_while_the_clock_was_ahead_is_sent_again() {
    let lake = Lake::new().await;
    lake.land(&key(DATE, "a"), owners(1, 3)).await;
    lake.clock.advance(FOUR_HUNDRED_DAYS);
    assert_eq!(lake.day().await.to_send, 1);
    lake.clock.retreat(FOUR_HUNDRED_DAYS);
    assert_eq!(lake.queue.take().len(), 1, "it is lost");
    lake.wait(11);
    assert_eq!(lake.day().await.to_send, 1);
    lake.work().await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
}

#[tokio::test]
async fn a_sweep_over_all_days_that_is_dated_ahead_ends_none_of_the_next() {
    let lake = dated_ahead(FOUR_HUNDRED_DAYS).await;
    let all_ms = async || {
        let state: Value =
            serde_json::from_str(&lake.text("lake/manifest/sweep.json").await.unwrap()).unwrap();
        state["all_ms"].as_i64().unwrap()
    };
    let ahead_ms = all_ms().await;
    lake.day().await;
    assert!(all_ms().await < ahead_ms);
}
