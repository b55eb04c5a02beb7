//! Days that are unpublished: too old, or somebody asked for it.

use super::builder::{DAY, HOUR, MINUTE_MS, Scene, codes};
use crate::day::State;

#[test]
fn a_forgotten_day_is_unpublished_now_and_deleted_after_grace() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.seen.forgotten = true;
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Forgotten, true));
    assert_eq!(codes(&verdict.reasons), ["forgotten"]);
    assert!(verdict.retire.is_empty() && verdict.send.is_empty() && verdict.tables.is_empty());
    let verdict = scene.after(7 * DAY - 1).sweep();
    assert!(!verdict.revise && verdict.retire.is_empty());
    assert_eq!(scene.after(1).sweep().retire.len(), 2);
    assert!(scene.seen.tables["objects"].outputs.is_empty());
    assert!(!scene.after(DAY).sweep().revise);
}

#[test]
fn failure_records_go_too_for_rejected_records_lie_beside_them() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.land("objects/b", "v1").fail("objects/b").fail("objects/a");
    scene.seen.forgotten = true;
    scene.sweep();
    assert_eq!(scene.after(7 * DAY).sweep().retire.len(), 2);
    assert!(scene.seen.tables["objects"].failures.is_empty());
}

#[test]
fn what_is_converted_after_that_goes_after_grace() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.seen.forgotten = true;
    scene.sweep();
    scene.after(5 * DAY).land("objects/b", "v1").convert("objects/b");
    assert_eq!(scene.after(2 * DAY).sweep().retire.len(), 1);
    assert_eq!(scene.after(5 * DAY).sweep().retire.len(), 1);
}

#[test]
fn a_day_that_is_not_forgotten_after_all_comes_back_even_if_its_sources_are_gone() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.purge("objects/a");
    scene.seen.forgotten = true;
    scene.sweep();
    scene.seen.forgotten = false;
    let verdict = scene.after(DAY).sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, true));
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 p gone", "objects/b v1 p"]);
}

/// What had left before its day was forgotten stays out; what left only with its day does not.
#[test]
fn what_had_left_before_that_does_not_come_back_with_its_day() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.land("objects/a", "v2").convert("objects/a");
    assert_eq!(scene.after(HOUR).sweep().state, State::Complete);
    scene.purge_all();
    scene.seen.forgotten = true;
    scene.sweep();
    scene.seen.forgotten = false;
    let verdict = scene.after(DAY).sweep();
    assert_eq!(verdict.state, State::Complete);
    assert_eq!(
        scene.chosen(&verdict),
        ["objects/a v2 p gone", "objects/b v1 p gone"]
    );
    assert!(scene.after(30 * DAY).sweep().reasons.is_empty());
}

#[test]
fn keep_days_unpublishes_old_days() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.policy.keep_ms = Some(30 * DAY * MINUTE_MS);
    scene.seen.now_ms = scene.seen.date.start_ms() + 30 * DAY * MINUTE_MS;
    assert_eq!(scene.sweep().state, State::Complete);
    scene.seen.now_ms += 1;
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Forgotten, true));
    assert_eq!(codes(&verdict.reasons), ["expired"]);
    assert!(verdict.reasons[0].message.contains("30 days"));
    assert_eq!(scene.after(7 * DAY).sweep().retire.len(), 1);
}

#[test]
fn a_day_too_old_to_keep_of_which_nothing_was_converted_needs_no_revision() {
    let mut scene = Scene::new();
    scene.policy.keep_ms = Some(DAY * MINUTE_MS);
    let verdict = scene.land("objects/a", "v1").after(2 * DAY).sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Forgotten, false));
    assert!(verdict.send.is_empty());
}

#[test]
fn nothing_to_forget_needs_no_footers() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.purge_all().after(HOUR).seen.forgotten = true;
    assert!(scene.sweep().revise);
    assert!(scene.asked.is_empty());
}
