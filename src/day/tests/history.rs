//! Content is rebuilt from what the buckets hold; history restarts.

use super::builder::{DAY, HOUR, Scene};
use crate::day::State;

#[test]
fn lost_history_gives_the_same_content() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.after(15).land("objects/a", "v2").convert("objects/a");
    scene
        .configure("q")
        .land("owners/a", "v1")
        .convert("owners/a")
        .after(HOUR);
    let before = scene.sweep();
    let after = scene.lose_history().sweep();
    assert_eq!(scene.chosen(&before), scene.chosen(&after));
    assert_eq!(before.warnings, after.warnings);
    assert_eq!((after.state, after.revise), (State::Complete, true));
}

#[test]
fn a_purged_day_comes_back_archived_from_its_footers_without_an_event() {
    let mut scene = Scene::published(&["objects/a", "owners/a"]);
    let verdict = scene.purge_all().after(DAY).lose_history().sweep();
    assert_eq!(
        (verdict.state, verdict.revise, verdict.events.clone()),
        (State::Archived, true, vec![])
    );
    assert_eq!(
        scene.chosen(&verdict),
        ["objects/a v1 p gone", "owners/a v1 p gone"]
    );
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Archived, false));
}

#[test]
fn an_archived_day_whose_sources_come_back_is_complete() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.purge_all().after(HOUR).sweep();
    assert_eq!(scene.known.newest, Some((State::Archived, false)));
    assert_eq!(scene.land("objects/a", "v1").sweep().state, State::Complete);
    assert!(!scene.purge_all().sweep().revise);
}

#[test]
fn what_was_sent_again_is_history() {
    let mut scene = Scene::new();
    scene.land("objects/a", "v1").after(10).sweep();
    assert_eq!(scene.lose_history().sweep().send[0].attempt, 1);
}
