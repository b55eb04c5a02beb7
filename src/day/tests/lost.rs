//! What must not get lost, and how it is told if it does.

use super::builder::{DAY, HOUR, Scene, codes};
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

/// Parts land over a while, so one that is newer than another's Parquet does not tell that the other one was taken back.
#[test]
fn a_part_of_which_no_revision_tells_is_out_but_never_deleted() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.after(8 * HOUR).land("objects/b", "v1").convert("objects/b");
    assert_eq!(scene.after(HOUR).sweep().state, State::Complete);
    assert_eq!(scene.purge("objects/a").sweep().comparisons.len(), 0);
    let verdict = scene.lose_history().sweep();
    assert_eq!(scene.chosen(&verdict), ["objects/b v1 p"]);
    assert_eq!(codes(&verdict.comparisons), ["parts_left"]);
    let told = &verdict.comparisons[0].message;
    assert!(
        told.starts_with("1 Parquet file whose sources are gone is out"),
        "{told}"
    );
    // Nor by a revision that comes after it, which tells of it again. What was superseded goes all the same.
    let mut retired = Vec::new();
    for part in ["objects/b", "objects/c", "owners/a"] {
        let verdict = scene.land(part, "v2").convert(part).after(HOUR).sweep();
        assert_eq!(codes(&verdict.comparisons), ["parts_left"], "{part}");
        retired.extend(scene.after(30 * DAY).sweep().retire);
    }
    let retired: Vec<&str> = retired.iter().map(|it| it.stem.as_str()).collect();
    assert_eq!(retired, ["b"]);
    // Nor does it come back when others are deleted, only when its source does.
    let verdict = scene.clone().purge("objects/b").purge("objects/c").sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    scene.land("objects/a", "v1");
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(scene.chosen(&verdict)[0], "objects/a v1 p");
    assert_eq!(codes(&verdict.comparisons), [""; 0]);
}

#[test]
fn a_part_that_came_and_went_since_the_last_revision_goes_after_grace() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.after(15).land("objects/b", "v1").convert("objects/b");
    scene
        .after(15)
        .purge("objects/b")
        .land("objects/c", "v1")
        .convert("objects/c");
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 p", "objects/c v1 p"]);
    assert_eq!(codes(&verdict.comparisons), [""; 0]);
    assert_eq!(scene.after(7 * DAY).sweep().retire.len(), 1);
}
