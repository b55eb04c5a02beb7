//! What a sweep does not know any more, or does not do itself, is neither put back, deleted nor told wrongly.

use daymark::day::State;
use daymark::keys::{Leaf, Link};
use daymark::server::faults::Rule;
use daymark::server::operation::Operation;
use daymark::sweep::Request;

use crate::lake::{DATE, Lake, key};
use crate::support::owners;

const PUBLISHED: &[&str] = &["published/", "latest/"];

#[tokio::test]
async fn a_newest_revision_that_is_lost_puts_no_older_one_back() {
    for gone in [false, true] {
        for whole in [false, true] {
            let lake = Lake::new().await;
            lake.part(DATE, "a", 3).await;
            lake.quiet_day().await;
            let a = lake.part(DATE, "a", 5).await;
            lake.quiet_day().await;
            let newest = lake.quiet_day().await.revision.unwrap();
            assert_eq!(lake.published().await, lake.outputs(&[&a]));
            let published = lake.under(PUBLISHED).await;
            let lost = lake.leaf(Leaf::Revision(newest));
            match gone {
                true => lake.remove(&lost).await,
                false => lake.overwrite(&lost, "damaged").await,
            }
            let report = lake.ask("{\"dry_run\": true}").await.unwrap();
            let warnings = &report.days[0].judged.as_ref().unwrap().warnings;
            assert!(
                warnings.iter().any(|it| it.code == "revision_lost"),
                "{warnings:?}"
            );
            if whole {
                let day = lake.quiet_day().await;
                assert_eq!((day.state, day.published), (State::Complete, Some(newest + 1)));
                assert_eq!(lake.published().await, lake.outputs(&[&a]), "gone: {gone}");
                continue;
            }
            lake.land(&key(DATE, "late"), owners(1, 2)).await;
            for _ in 0..2 {
                let day = lake.day().await;
                let revision = (day.state, day.revision, day.published);
                assert_eq!(
                    revision,
                    (State::Reopened, Some(newest + 1), Some(newest)),
                    "gone: {gone}"
                );
                assert_eq!(day.warnings[0].code, "revision_lost");
                assert_eq!(lake.under(PUBLISHED).await, published, "gone: {gone}");
            }
        }
    }
}

/// Of two outputs of a part, its footers alone would take the one whose source came last.
#[tokio::test]
async fn what_is_published_stays_so_without_revisions_and_sources() {
    let lake = Lake::new().await;
    for rows in [3, 4] {
        lake.part(DATE, "a", rows).await;
        assert_eq!(lake.quiet_day().await.state, State::Complete);
    }
    let back = lake.part(DATE, "a", 3).await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    let published = lake.published().await;
    assert_eq!(published, lake.outputs(&[&back]));
    lake.purge(&key(DATE, "a")).await;
    let newest = lake.day().await.revision.unwrap();
    for number in 1..=newest {
        lake.remove(&lake.leaf(Leaf::Revision(number))).await;
    }
    let day = lake.quiet_day().await;
    assert!(day.state.publishes() && day.published > Some(newest), "{day:?}");
    assert_eq!(lake.published().await, published);
}

#[tokio::test]
async fn a_table_without_current_parquet_has_no_live_files() {
    for state in [State::Open, State::Complete] {
        let lake = Lake::new().await;
        let a = lake.part(DATE, "a", 3).await;
        if state == State::Complete {
            lake.wait(61);
        }
        assert_eq!(lake.day().await.state, state);
        assert_eq!(lake.files(Link::Live, "owners", DATE).await, lake.outputs(&[&a]));
        lake.land(&key(DATE, "a"), owners(1, 4)).await;
        lake.day().await;
        assert!(lake.files(Link::Live, "owners", DATE).await.is_empty(), "{state}");
    }
}

#[tokio::test]
async fn a_sweep_that_was_held_up_deletes_nothing_that_came_since() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    let output = lake.world.output(&a);
    lake.overwrite(&output, "damaged").await;
    lake.wait(61);
    let rule = Rule::on(Operation::DeleteObjects);
    let other = async {
        lake.day().await;
        lake.convert(&a).await;
    };
    lake.held_up(rule, lake.ask("{}"), other).await.0.unwrap();
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    assert_eq!(lake.published().await, [output]);
}

#[tokio::test]
async fn attempts_that_had_a_result_count_no_more() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    for round in 0..8 {
        lake.remove(&lake.world.output(&a)).await;
        lake.wait(700);
        assert_eq!(lake.day().await.to_send, 1, "round {round}");
        lake.work().await;
        assert_eq!(lake.quiet_day().await.state, State::Complete, "round {round}");
    }
}

#[tokio::test]
async fn a_day_is_late_once_even_if_its_parts_are_replaced() {
    let lake = Lake::new().await;
    lake.arrive(&key(DATE, "a"), b"no gzip".to_vec()).await;
    lake.wait(7 * 60);
    assert!(lake.day().await.late);
    let a = lake.land(&key(DATE, "a"), owners(1, 3)).await;
    for _ in 0..2 {
        assert!(lake.day().await.late, "it was not complete in time");
        lake.wait(7 * 60);
    }
    lake.convert(&a).await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.late), (State::Complete, false));
    assert_eq!(lake.events("Day Late"), 1);
}

#[tokio::test]
async fn a_day_that_was_complete_is_not_late_once_it_is_wanted_again() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    lake.forget().await;
    assert_eq!(lake.day().await.state, State::Forgotten);
    lake.remove(&lake.leaf(Leaf::Forgotten)).await;
    lake.remove(&lake.world.output(&a)).await;
    lake.wait(24 * 60);
    for _ in 0..2 {
        let day = lake.day().await;
        assert_eq!((day.state, day.late), (State::Open, false));
    }
    assert_eq!(lake.events("Day Late"), 0);
}

#[tokio::test]
async fn a_dry_run_tells_what_is_published_and_not_what_will_be() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.part(DATE, "b", 4).await;
    lake.wait(61);
    let report = lake.ask("{\"dry_run\": true}").await.unwrap();
    let day = report.days[0].judged.as_ref().unwrap();
    assert_eq!(
        (day.state, day.revised, day.published),
        (State::Complete, true, Some(1))
    );
    assert_eq!(day.totals.unwrap().rows_written, 3);
}

#[tokio::test]
async fn what_a_sweep_without_bus_and_catalog_does_is_told_by_the_next() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.wait(61);
    let report = lake
        .sweeper()
        .leaving_telling()
        .sweep(&Request::default(), None)
        .await;
    assert_eq!(
        report.unwrap().days[0].judged.as_ref().unwrap().state,
        State::Complete
    );
    assert_eq!(lake.events("Day Complete"), 0);
    assert_eq!(lake.published().await.len(), 1);
    lake.day().await;
    assert_eq!(lake.events("Day Complete"), 1);
}

#[tokio::test]
async fn a_day_ahead_of_the_clock_is_not_the_newest_one() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.part("2026-11-23", "a", 3).await;
    lake.part("2026-12-04", "a", 3).await;
    lake.wait(61);
    let days = lake.sweep().await;
    assert!(days.values().all(|day| day.state == State::Complete));
    let codes = |date: &str| {
        days[date]
            .warnings
            .iter()
            .map(|it| it.code.clone())
            .collect::<Vec<_>>()
    };
    assert!(codes("2026-12-04").contains(&"day_ahead".to_owned()));
    assert!(!codes("2026-11-23").contains(&"day_ahead".to_owned()));
    assert_eq!(lake.latest().await.as_deref(), Some("2026-11-23"), "tomorrow");
    // Written by somebody, or by an earlier release.
    lake.overwrite("lake/latest/latest.json", "{\"date\":\"2026-12-04\"}\n")
        .await;
    lake.ask("{\"date\": \"2026-11-22\"}").await.unwrap();
    assert_eq!(lake.latest().await.as_deref(), Some("2026-11-23"));
    lake.wait(13 * 24 * 60);
    let warnings = &lake.sweep().await["2026-12-04"].warnings;
    assert!(
        warnings.iter().all(|it| it.code != "day_ahead"),
        "it is not any more"
    );
    assert_eq!(lake.latest().await.as_deref(), Some("2026-12-04"));
}
