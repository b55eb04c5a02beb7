//! What must not get lost, and how it is told if it does.

use super::builder::{HOUR, Scene, codes};
use crate::day::State;

#[test]
fn a_published_part_whose_source_and_output_are_gone_is_a_warning() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.purge("objects/a");
    scene.seen.tables.get_mut("objects").unwrap().outputs.remove(0);
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, true));
    assert_eq!(codes(&verdict.comparisons), ["parts_gone"]);
    assert!(!scene.sweep().revise);
}

#[test]
fn an_output_that_is_gone_is_converted_again_if_its_source_is_there() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.seen.tables.get_mut("objects").unwrap().outputs.remove(0);
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.send.len()), (State::Reopened, 1));
    let verdict = scene.convert("objects/a").sweep();
    assert_eq!((verdict.state, verdict.comparisons.len()), (State::Complete, 0));
}

#[test]
fn a_day_of_which_nothing_is_left_says_so() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.policy.quiet_ms = 0;
    scene.seen.tables.clear();
    let verdict = scene.sweep();
    assert_eq!(
        (verdict.state, codes(&verdict.reasons)),
        (State::Reopened, vec!["day_empty"])
    );
    assert!(!scene.after(HOUR).sweep().revise);
}
