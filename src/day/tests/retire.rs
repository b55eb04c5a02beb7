//! Superseded outputs go after a grace period.

use super::builder::{DAY, HOUR, Scene};
use crate::day::State;

fn outputs(scene: &Scene) -> usize {
    scene.seen.tables["objects"].outputs.len()
}

fn replaced() -> Scene {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene
        .after(15)
        .land("objects/a", "v2")
        .convert("objects/a")
        .after(HOUR);
    scene
}

#[test]
fn superseded_outputs_go_seven_days_after_they_left_the_publication() {
    let mut scene = replaced();
    scene.sweep();
    assert!(scene.after(7 * DAY - 1).sweep().retire.is_empty());
    let verdict = scene.after(1).sweep();
    assert_eq!((verdict.retire.len(), outputs(&scene)), (1, 2));
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
}

#[test]
fn grace_begins_when_an_output_leaves_the_publication_not_when_it_is_superseded() {
    let mut scene = replaced();
    // Weeks go by before the day is whole again, with the old output published all the time.
    scene.land("objects/c", "v1");
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.left.len()), (State::Reopened, 0));
    scene.after(20 * DAY).convert("objects/c");
    assert!(scene.sweep().retire.is_empty());
    assert_eq!(scene.after(HOUR).sweep().state, State::Complete);
    assert!(scene.after(HOUR).sweep().retire.is_empty());
    assert_eq!(scene.after(7 * DAY).sweep().retire.len(), 1);
}

#[test]
fn nothing_goes_from_a_day_that_is_not_published_as_it_is() {
    let mut scene = replaced();
    scene.sweep();
    scene.after(7 * DAY).land("objects/c", "v1");
    assert!(scene.sweep().retire.is_empty());
}

#[test]
fn what_came_back_meanwhile_stays() {
    let mut scene = replaced();
    scene.sweep();
    scene.after(3 * DAY).land("objects/a", "v1").after(HOUR).sweep();
    let verdict = scene.after(30 * DAY).sweep();
    assert_eq!(verdict.retire.len(), 1);
    assert_eq!(scene.chosen(&scene.clone().judge())[0], "objects/a v1 p");
}

#[test]
fn today_s_profile_stays_though_another_counts() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.configure("q").convert("objects/a").after(HOUR).sweep();
    scene.configure("p");
    assert!(scene.after(30 * DAY).sweep().retire.is_empty());
    scene.configure("q");
    assert_eq!(scene.sweep().retire.len(), 1);
}

#[test]
fn the_outputs_of_a_re_conversion_under_way_stay() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.configure("q").convert("objects/a");
    assert!(scene.after(30 * DAY).sweep().retire.is_empty());
}

#[test]
fn what_a_folder_that_lost_still_lists_stays() {
    let mut scene = Scene::published(&["objects/a"]);
    scene
        .land("objects/a@2", "v1")
        .convert("objects/a@2")
        .after(HOUR)
        .sweep();
    assert!(scene.after(30 * DAY).sweep().retire.is_empty());
}

#[test]
fn vanished_parts_that_left_go_after_grace() {
    let mut scene = Scene::published(&["objects/a"]);
    scene
        .after(15)
        .purge("objects/a")
        .land("objects/c", "v1")
        .convert("objects/c")
        .after(HOUR)
        .sweep();
    assert!(scene.after(7 * DAY - 1).sweep().retire.is_empty());
    assert_eq!(scene.after(1).sweep().retire.len(), 1);
}

#[test]
fn an_archive_never_goes() {
    let mut scene = Scene::published(&["objects/a"]);
    assert!(scene.purge_all().after(3_000 * DAY).sweep().retire.is_empty());
}

#[test]
fn nothing_goes_at_once_when_history_was_lost() {
    let mut scene = replaced();
    scene.sweep();
    scene.after(30 * DAY).lose_history();
    assert!(scene.sweep().retire.is_empty());
    assert!(scene.after(6 * DAY).sweep().retire.is_empty());
    assert_eq!(scene.after(DAY).sweep().retire.len(), 1);
}
