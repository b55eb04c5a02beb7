//! What is deleted, and what is not.

use daymark::day::State;
use daymark::keys::{Day, Leaf, Link};
use daymark::server::faults::{Denied, Rule};
use daymark::server::operation::Operation;

use crate::lake::{DATE, Lake, key};
use crate::support::owners;

const DAY: u64 = 24 * 60;

async fn is_there(lake: &Lake, key: &str) -> bool {
    lake.listing().await.contains_key(key)
}

#[tokio::test]
async fn a_superseded_output_goes_after_the_grace_period_and_not_before() {
    let lake = Lake::new().await;
    let old = lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    let new = lake.part(DATE, "a", 4).await;
    lake.quiet_day().await;
    let (old, new) = (lake.world.output(&old), lake.world.output(&new));
    lake.wait(7 * DAY - 2);
    lake.sweep().await;
    assert!(is_there(&lake, &old).await);
    lake.wait(3);
    assert_eq!(lake.day().await.retired, 1);
    assert!(!is_there(&lake, &old).await);
    assert!(is_there(&lake, &new).await);
    assert_eq!(lake.published().await, [new]);
}

#[tokio::test]
async fn a_superseded_output_that_is_another_object_by_now_stays() {
    let lake = Lake::new().await;
    let old = lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.part(DATE, "a", 4).await;
    lake.quiet_day().await;
    let old = lake.world.output(&old);
    lake.wait(7 * DAY + 1);
    let stalled = lake.ask("{}");
    let other = async {
        let bytes = lake.world.get(&old).await;
        lake.overwrite_in_parts(&old, bytes).await;
    };
    let (report, ()) = lake
        .held_up(Rule::on(Operation::DeleteObjects), stalled, other)
        .await;
    let report = report.unwrap();
    assert_eq!(report.days[0].judged.as_ref().unwrap().retired, 1);
    assert!(is_there(&lake, &old).await);
}

#[tokio::test]
async fn a_forgotten_day_is_unpublished_at_once_and_deleted_after_the_grace_period() {
    let lake = Lake::new().await;
    let earlier = lake.part("2026-11-21", "a", 3).await;
    let a = lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    assert_eq!(lake.latest().await.as_deref(), Some(DATE));
    lake.forget().await;
    let day = lake.day().await;
    assert_eq!((day.state, day.published), (State::Forgotten, None));
    assert!(lake.published().await.is_empty());
    assert_eq!(lake.latest().await.as_deref(), Some("2026-11-21"));
    lake.wait(7 * DAY - 1);
    lake.ask("{}").await.unwrap();
    assert!(is_there(&lake, &lake.world.output(&a)).await);
    lake.wait(2);
    lake.ask("{}").await.unwrap();
    assert!(!is_there(&lake, &lake.world.output(&a)).await);
    assert!(is_there(&lake, &lake.world.output(&earlier)).await);
}

/// A converter that is killed before the Parquet leaves rejects, whose id is nobody's once the source is replaced.
#[tokio::test]
async fn raw_records_beside_the_parquet_of_a_forgotten_day_go_with_it() {
    let lake = Lake::new().await;
    let layout = lake.config.layout.clone();
    let killed = lake.land(&key(DATE, "a"), owners(1, 2)).await;
    let orphan = lake.world.rejects(&killed);
    lake.overwrite(&orphan, "{}").await;
    let a = lake.part(DATE, "a", 3).await;
    let other_day = lake.land(&key("2026-11-21", "a"), owners(1, 2)).await;
    let other_day = lake.world.rejects(&other_day);
    lake.overwrite(&other_day, "{}").await;
    lake.part("2026-11-21", "a", 3).await;
    let aside = layout.set_aside(&lake.world.output(&killed)).unwrap() + ".0123456789abcdef";
    lake.overwrite(&aside, "PAR1").await;
    // All that is left of another table.
    let alone = aside.replace("table=owners/", "table=teams/");
    assert_ne!(alone, aside);
    lake.overwrite(&alone, "PAR1").await;
    lake.quiet_day().await;
    lake.forget().await;
    lake.day().await;
    lake.wait(7 * DAY - 1);
    lake.ask("{}").await.unwrap();
    let young = layout.set_aside(&lake.world.output(&a)).unwrap() + ".0123456789abcdef";
    lake.overwrite(&young, "PAR1").await;
    assert!(is_there(&lake, &orphan).await && is_there(&lake, &aside).await);
    lake.wait(2);
    lake.ask("{}").await.unwrap();
    for (key, stays) in [
        (&orphan, false),
        (&aside, false),
        (&young, true),
        (&other_day, true),
    ] {
        assert_eq!(is_there(&lake, key).await, stays, "{key}");
    }
}

/// The function may delete rejects and not read them, which S3 asks for where a deletion has a condition.
#[tokio::test]
async fn rejects_of_a_forgotten_day_go_without_being_read() {
    let lake = Lake::new().await;
    let killed = lake.land(&key(DATE, "a"), owners(1, 2)).await;
    let orphan = lake.world.rejects(&killed);
    lake.overwrite(&orphan, "{}").await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.forget().await;
    lake.day().await;
    lake.world
        .faults()
        .deny(Denied::ConditionalDeletion, "/rejected/");
    lake.wait(7 * DAY + 1);
    lake.ask("{}").await.unwrap().days[0].judged.as_ref().unwrap();
    assert!(!is_there(&lake, &orphan).await);
}

/// Whatever keeps raw records from going, the Parquet that has the next sweep look for them stays as long as they do.
#[tokio::test]
async fn raw_records_that_could_not_go_with_their_day_go_later() {
    let lake = Lake::new().await;
    let killed = lake.land(&key(DATE, "a"), owners(1, 2)).await;
    let orphan = lake.world.rejects(&killed);
    lake.overwrite(&orphan, "{}").await;
    let a = lake.part(DATE, "a", 3).await;
    let own = lake.world.rejects(&a);
    lake.overwrite(&own, "{}").await;
    lake.quiet_day().await;
    lake.forget().await;
    lake.day().await;
    lake.wait(7 * DAY + 1);
    for denied in [&orphan, &own] {
        lake.world.faults().deny(Denied::Deletion, denied);
        let report = lake.ask("{}").await.unwrap();
        assert!(report.days[0].judged.is_err(), "{denied}");
        assert!(is_there(&lake, &lake.world.output(&a)).await, "{denied}");
        lake.world.faults().clear();
    }
    lake.ask("{}").await.unwrap();
    for key in [&orphan, &own, &lake.world.output(&a)] {
        assert!(!is_there(&lake, key).await, "{key}");
    }
}

/// When the Parquet went they were too young. The daily sweep over all days comes back for them.
#[tokio::test]
async fn raw_records_that_came_late_go_with_nothing_left_of_their_day() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.forget().await;
    lake.day().await;
    lake.wait(7 * DAY - 1);
    let late = lake.land(&key(DATE, "b"), owners(1, 2)).await;
    let late = lake.world.rejects(&late);
    lake.overwrite(&late, "{}").await;
    lake.wait(2);
    lake.ask("{}").await.unwrap();
    assert!(!is_there(&lake, &lake.world.output(&a)).await);
    assert!(is_there(&lake, &late).await);
    lake.wait(6 * DAY);
    lake.ask("{}").await.unwrap();
    assert!(is_there(&lake, &late).await, "it stays as long as all else did");
    lake.wait(DAY);
    lake.ask("{}").await.unwrap();
    assert!(!is_there(&lake, &late).await);
}

#[tokio::test]
async fn the_pointer_finds_the_newest_day_that_is_published_however_many_are_forgotten() {
    let lake = Lake::new().await;
    let dates: Vec<String> = (16..=22).map(|day| format!("2026-11-{day}")).collect();
    for date in &dates {
        lake.part(date, "a", 3).await;
    }
    lake.quiet_day().await;
    assert_eq!(lake.latest().await.as_deref(), Some(DATE));
    // The newest last, so that none of those before it is there to point at.
    for date in &dates[1..] {
        let key = lake
            .config
            .layout
            .leaf(&Day::parse(date).unwrap(), Leaf::Forgotten);
        lake.overwrite(&key, daymark::manifest::forgotten().unwrap())
            .await;
        lake.ask(&format!("{{\"date\": \"{date}\"}}")).await.unwrap();
    }
    assert_eq!(lake.latest().await.as_deref(), Some("2026-11-16"));
}

/// Nothing of an open day is in any revision, so no revision says since when it is forgotten part by part.
#[tokio::test]
async fn outputs_that_were_never_published_stay_for_the_grace_period_too() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    lake.land(&key(DATE, "b"), owners(1, 3)).await;
    lake.sweep().await;
    lake.wait(30 * DAY);
    lake.forget().await;
    for _ in 0..3 {
        assert_eq!(lake.quiet_day().await.state, State::Forgotten);
        assert!(is_there(&lake, &lake.world.output(&a)).await);
    }
    lake.wait(7 * DAY);
    lake.sweep().await;
    assert!(!is_there(&lake, &lake.world.output(&a)).await);
}

#[tokio::test]
async fn a_day_that_comes_back_does_not_bring_its_old_symlinks() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.forget().await;
    lake.day().await;
    lake.remove(&lake.leaf(Leaf::Forgotten)).await;
    let b = lake.land(&key(DATE, "b"), owners(1, 3)).await;
    let day = lake.day().await;
    assert_eq!((day.state, day.published), (State::Open, None));
    assert!(lake.published().await.is_empty());
    lake.convert(&b).await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    assert_eq!(lake.published().await, lake.outputs(&[&a, &b]));
}

/// Deletion alone removes nothing: neither before a day is forgotten by mistake, nor meanwhile.
#[tokio::test]
async fn a_day_comes_back_as_it_was_even_if_its_sources_are_gone() {
    for purged in [&["a"][..], &["b"], &["a", "b", "c"]] {
        let lake = Lake::new().await;
        lake.part(DATE, "a", 3).await;
        lake.quiet_day().await;
        let a = lake.part(DATE, "a", 4).await;
        let b = lake.part(DATE, "b", 5).await;
        lake.wait(5);
        let c = lake.part(DATE, "c", 6).await;
        assert_eq!(lake.quiet_day().await.state, State::Complete);
        for name in purged {
            lake.purge(&key(DATE, name)).await;
        }
        lake.day().await;
        lake.forget().await;
        assert_eq!(lake.day().await.state, State::Forgotten);
        lake.remove(&lake.leaf(Leaf::Forgotten)).await;
        let day = lake.quiet_day().await;
        assert_eq!(
            (day.state, day.parts),
            (State::Complete, 3),
            "{purged:?} {:?}",
            day.reasons
        );
        assert_eq!(lake.published().await, lake.outputs(&[&a, &b, &c]), "{purged:?}");
        lake.wait(30 * DAY);
        lake.ask("{}").await.unwrap();
        assert_eq!(lake.published().await, lake.outputs(&[&a, &b, &c]), "{purged:?}");
        for part in [&a, &b, &c] {
            assert!(is_there(&lake, &lake.world.output(part)).await, "{purged:?}");
        }
    }
}

/// An older publication is not what the day was.
#[tokio::test]
async fn a_day_whose_last_publication_cannot_be_read_comes_back_to_no_older_one() {
    for damaged in [Some("damaged"), Some(""), None] {
        let lake = Lake::new().await;
        let a = lake.part(DATE, "a", 3).await;
        lake.quiet_day().await;
        let b = lake.land(&key(DATE, "b"), owners(1, 4)).await;
        assert_eq!(lake.day().await.state, State::Reopened);
        lake.convert(&b).await;
        let day = lake.quiet_day().await;
        assert_eq!((day.state, day.published), (State::Complete, Some(3)));
        lake.forget().await;
        assert_eq!(lake.day().await.state, State::Forgotten);
        for name in ["a", "b"] {
            lake.purge(&key(DATE, name)).await;
        }
        let last = lake.leaf(Leaf::Revision(3));
        match damaged {
            Some(text) => lake.overwrite(&last, text).await,
            None => lake.remove(&last).await,
        }
        lake.remove(&lake.leaf(Leaf::Forgotten)).await;
        // The first of them sets aside what is damaged, and the next one must not go by what is left.
        lake.day().await;
        let day = lake.quiet_day().await;
        assert_eq!(
            (day.state, day.parts),
            (State::Complete, 2),
            "{damaged:?} {day:?}"
        );
        assert_eq!(day.warnings.iter().find(|it| it.code == "parts_left"), None);
        assert_eq!(lake.published().await, lake.outputs(&[&a, &b]), "{damaged:?}");
    }
}

/// No revision ever named its parts, so that only their footers tell what was there.
#[tokio::test]
async fn a_day_that_was_never_published_comes_back_as_it_was_too() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    let b = lake.land(&key(DATE, "b"), owners(1, 4)).await;
    assert_eq!(lake.quiet_day().await.state, State::Open);
    lake.forget().await;
    assert_eq!(lake.day().await.state, State::Forgotten);
    lake.purge(&key(DATE, "a")).await;
    lake.remove(&lake.leaf(Leaf::Forgotten)).await;
    lake.convert(&b).await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.parts), (State::Complete, 2), "{:?}", day.reasons);
    assert_eq!(lake.published().await, lake.outputs(&[&a, &b]));
}

#[tokio::test]
async fn a_day_that_was_too_old_by_mistake_comes_back_too() {
    let mut lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.purge(&key(DATE, "a")).await;
    lake.wait(2 * DAY);
    lake.configure(&[("KEEP_DAYS", "1"), ("COMPLETE_BY", "20:00")]);
    assert_eq!(lake.day().await.state, State::Forgotten);
    lake.configure(&[]);
    assert_eq!(lake.day().await.state, State::Complete);
    assert_eq!(lake.published().await, lake.outputs(&[&a]));
}

#[tokio::test]
async fn days_are_kept_as_long_as_asked_for() {
    let lake = Lake::with(&[("KEEP_DAYS", "30")]).await;
    let old = lake.part("2026-10-24", "a", 3).await;
    let new = lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    assert_eq!(lake.files(Link::Published, "owners", "2026-10-24").await.len(), 1);
    lake.wait(DAY);
    lake.sweep().await;
    assert_eq!(lake.files(Link::Published, "owners", "2026-10-24").await.len(), 0);
    lake.wait(8 * DAY);
    lake.sweep().await;
    assert!(!is_there(&lake, &lake.world.output(&old)).await);
    assert!(is_there(&lake, &lake.world.output(&new)).await);
    assert_eq!(lake.published().await, lake.outputs(&[&new]));
    assert!(
        lake.queue.take().is_empty(),
        "what is not kept is not converted again"
    );
}

/// It is all that deletes a day, so what does not say so deletes nothing, nor does it bring back what was forgotten.
#[tokio::test]
async fn what_is_no_mark_neither_forgets_a_day_nor_brings_it_back() {
    for is_forgotten in [false, true] {
        for (mark, expected) in [
            (
                "garbage",
                "expected {\"version\":1}, found something else, 7 bytes long",
            ),
            ("", "found something else, 0 bytes long"),
            (
                "{\"version\":9,\"forgotten\":false}",
                "forgotten.json has version 9",
            ),
        ] {
            let mut lake = Lake::with(&[("GRACE_DAYS", "0")]).await;
            let a = lake.part(DATE, "a", 3).await;
            lake.quiet_day().await;
            if is_forgotten {
                lake.configure(&[("GRACE_DAYS", "7")]);
                lake.forget().await;
                assert_eq!(lake.day().await.state, State::Forgotten);
                lake.configure(&[("GRACE_DAYS", "0")]);
            }
            let before = lake.published().await;
            lake.overwrite(&lake.leaf(Leaf::Forgotten), mark).await;
            for _ in 0..2 {
                lake.wait(24 * 60);
                let mut days = lake.ask("{}").await.unwrap().days;
                let error = days.remove(0).judged.unwrap_err().to_string();
                assert!(error.contains(expected), "{error}");
            }
            assert_eq!(lake.published().await, before);
            assert!(is_there(&lake, &lake.world.output(&a)).await);
        }
    }
}
