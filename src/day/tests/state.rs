//! Open, complete, reopened, blocked, late.

use super::builder::{DAY, HOUR, MINUTE_MS, Scene, codes};
use crate::day::{Decision, Event, State, decide};

#[test]
fn a_day_without_anything_is_nothing() {
    let scene = Scene::new();
    assert_eq!(
        decide(&scene.seen, &scene.known, &scene.policy),
        Decision::Nothing
    );
}

#[test]
fn open_while_a_part_has_no_output() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.land("objects/b", "v1").after(2 * HOUR);
    let verdict = scene.judge();
    assert_eq!((verdict.state, verdict.revise), (State::Open, false));
    assert_eq!(codes(&verdict.reasons), ["parts_waiting"]);
    assert!(verdict.reasons[0].message.contains("Parquet yet: 1 of 2"));
}

#[test]
fn open_while_the_day_is_not_quiet() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.seen.now_ms += 60 * MINUTE_MS - 1;
    let verdict = scene.judge();
    assert_eq!(
        (verdict.state, codes(&verdict.reasons)),
        (State::Open, vec!["not_quiet"])
    );
    scene.seen.now_ms += 1;
    assert_eq!(scene.judge().state, State::Complete);
}

#[test]
fn the_output_s_time_is_a_change_too() {
    let mut scene = Scene::new();
    scene.land("objects/a", "v1").after(2 * HOUR).convert("objects/a");
    assert_eq!(scene.judge().state, State::Open);
    assert_eq!(scene.after(HOUR).judge().state, State::Complete);
}

#[test]
fn the_quiet_period_can_be_set() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.policy.quiet_ms = 5 * MINUTE_MS;
    assert_eq!(scene.after(5).judge().state, State::Complete);
}

#[test]
fn an_object_newer_than_the_clock_is_no_quiet() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.after(-2);
    let verdict = scene.judge();
    assert_eq!(verdict.state, State::Open);
    assert_eq!(
        verdict.reasons[0].message,
        "the last change is 2 min ahead of the clock, expected 60 min without one"
    );
    let verdict = scene.after(-100 * DAY).judge();
    assert_eq!(
        verdict.reasons[0].message,
        "the last change is 100 days ahead of the clock, expected 60 min without one"
    );
}

#[test]
fn complete_when_every_part_has_its_output_and_the_day_is_quiet() {
    let mut scene = Scene::whole(&["objects/a", "objects/b", "owners/a"]);
    scene.after(HOUR);
    let verdict = scene.sweep();
    assert_eq!(
        (verdict.state, verdict.events.clone()),
        (State::Complete, vec![Event::Complete])
    );
    assert!(verdict.revise && verdict.reasons.is_empty());
    assert_eq!(
        scene.chosen(&verdict),
        ["objects/a v1 p", "objects/b v1 p", "owners/a v1 p"]
    );
}

#[test]
fn a_day_nothing_touches_asks_for_no_revision() {
    let mut scene = Scene::published(&["objects/a", "owners/a"]);
    for minutes in [0, 15, 10_000, 100_000] {
        let verdict = scene.after(minutes).sweep();
        assert_eq!(
            (verdict.state, verdict.revise, verdict.events.clone()),
            (State::Complete, false, vec![])
        );
        assert!(verdict.retire.is_empty() && verdict.send.is_empty());
    }
}

#[test]
fn reopened_when_a_part_comes_after_completion() {
    let mut scene = Scene::published(&["objects/a"]);
    let published = scene.known.published.clone();
    scene.after(15).land("objects/b", "v1");
    let verdict = scene.sweep();
    assert_eq!(
        (verdict.state, verdict.events.clone()),
        (State::Reopened, vec![Event::Reopened])
    );
    assert_eq!(scene.known.published, published);
    assert!(!scene.after(15).sweep().revise);
    assert_eq!(scene.convert("objects/b").sweep().state, State::Reopened);
    assert_eq!(scene.after(HOUR).sweep().events, vec![Event::Complete]);
}

#[test]
fn reopened_when_a_part_is_replaced_after_completion() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.after(15).land("objects/a", "v2");
    assert_eq!(scene.sweep().state, State::Reopened);
    scene.convert("objects/a").after(HOUR);
    let verdict = scene.sweep();
    assert_eq!(verdict.state, State::Complete);
    assert_eq!(scene.chosen(&verdict), ["objects/a v2 p"]);
}

#[test]
fn a_part_written_again_with_the_same_content_reopens_nothing() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.after(15).land("objects/a", "v1");
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
}

#[test]
fn a_late_part_that_is_taken_back_completes_the_day_as_it_was() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.known.tables_before = ["owners".to_owned()].into();
    scene.after(15).land("objects/b", "v1").sweep();
    let verdict = scene.purge("objects/b").sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, true));
    assert_eq!(codes(&verdict.comparisons), ["table_missing"]);
}

#[test]
fn blocked_by_a_failure_record_of_the_current_profile() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.land("objects/b", "v1").fail("objects/b").after(HOUR);
    let verdict = scene.sweep();
    assert_eq!(
        (verdict.state, verdict.events.clone()),
        (State::Blocked, vec![Event::Blocked])
    );
    assert_eq!(codes(&verdict.reasons)[0], "parts_failed");
    assert!(verdict.send.is_empty());
    assert!(!scene.after(15).sweep().revise);
}

/// What is converted meanwhile helps nobody who has to do something, and is told by whoever looks.
#[test]
fn a_blocked_day_keeps_its_revision_while_other_parts_are_converted() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.land("objects/b", "v1").fail("objects/b");
    scene.land("objects/c", "v1").land("owners/d", "v1");
    assert_eq!(scene.sweep().state, State::Blocked);
    for part in ["objects/c", "owners/d"] {
        let verdict = scene.convert(part).sweep();
        assert_eq!((verdict.state, verdict.revise), (State::Blocked, false), "{part}");
    }
    let verdict = scene.land("owners/e", "v1").fail("owners/e").sweep();
    assert_eq!((verdict.revise, verdict.events), (true, vec![]));
}

#[test]
fn a_failure_record_of_another_profile_does_not_count() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene
        .land("objects/b", "v1")
        .fail("objects/b")
        .configure("q")
        .after(HOUR);
    let verdict = scene.judge();
    assert_eq!((verdict.state, verdict.send.len()), (State::Open, 1));
}

#[test]
fn a_failure_record_of_another_content_does_not_count() {
    let mut scene = Scene::new();
    scene
        .land("objects/b", "v1")
        .fail("objects/b")
        .land("objects/b", "v2");
    assert_eq!(scene.judge().state, State::Open);
}

#[test]
fn an_output_outranks_a_failure_record_of_the_same_id() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.fail("objects/a").after(HOUR);
    assert_eq!(scene.judge().state, State::Complete);
}

#[test]
fn a_blocked_day_keeps_its_last_complete_revision() {
    let mut scene = Scene::published(&["objects/a"]);
    let published = scene.known.published.clone();
    scene.land("objects/b", "v1").fail("objects/b");
    assert_eq!(scene.sweep().state, State::Blocked);
    assert_eq!(scene.known.published, published);
}

#[test]
fn late_is_told_once() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.land("objects/b", "v1").after(6 * HOUR - 1);
    assert!(!scene.sweep().revise);
    let verdict = scene.after(1).sweep();
    assert_eq!(
        (verdict.state, verdict.late, verdict.events.clone()),
        (State::Open, true, vec![Event::Late])
    );
    let verdict = scene.after(1).sweep();
    assert_eq!((verdict.revise, verdict.events), (false, vec![]));
    scene.convert("objects/b").after(HOUR);
    assert_eq!(scene.sweep().events, vec![Event::Complete]);
}

#[test]
fn a_blocked_day_is_told_late_too() {
    let mut scene = Scene::new();
    scene.land("objects/b", "v1").fail("objects/b");
    assert_eq!(scene.sweep().events, vec![Event::Blocked]);
    assert_eq!(scene.after(6 * HOUR).sweep().events, vec![Event::Late]);
    assert_eq!(scene.after(HOUR).sweep().events, []);
}

#[test]
fn a_day_that_is_found_blocked_and_late_at_once_is_told_both_once() {
    let mut scene = Scene::new();
    scene.land("objects/b", "v1").fail("objects/b").after(6 * HOUR);
    let verdict = scene.sweep();
    assert_eq!(
        (verdict.state, verdict.late, verdict.events.clone()),
        (State::Blocked, true, vec![Event::Blocked, Event::Late])
    );
    assert_eq!(scene.after(HOUR).sweep().events, []);
    // Blocked by something else now, which is another revision and nothing new to tell.
    let verdict = scene.land("objects/c", "v1").fail("objects/c").sweep();
    assert_eq!((verdict.revise, verdict.events), (true, vec![]));
}

#[test]
fn a_reopened_day_is_never_late() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.land("objects/b", "v1").after(10 * HOUR);
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.late), (State::Reopened, false));
}
