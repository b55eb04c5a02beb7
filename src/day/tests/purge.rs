//! Deletion alone never removes anything from a publication.

use super::builder::{DAY, HOUR, Scene, codes};
use crate::day::State;

#[test]
fn purged_object_by_object_the_day_stays_as_it_is() {
    let parts = ["objects/a", "objects/b", "objects/c", "owners/a"];
    let mut scene = Scene::published(&parts);
    for part in parts {
        let verdict = scene.purge(part).after(10 * DAY).sweep();
        assert_eq!(
            (verdict.state, verdict.revise),
            (State::Complete, false),
            "{part}"
        );
        assert!(verdict.retire.is_empty() && verdict.left.is_empty());
        assert_eq!(scene.chosen(&verdict).len(), 4);
    }
}

#[test]
fn parts_that_are_gone_are_a_warning_while_others_are_there() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    assert_eq!(
        codes(&scene.purge("objects/a").judge().warnings),
        ["sources_gone"]
    );
    assert!(scene.purge("objects/b").judge().warnings.is_empty());
}

#[test]
fn vanished_parts_leave_when_their_folder_holds_a_newer_part_and_is_quiet() {
    let mut scene = Scene::published(&["objects/a", "objects/b", "owners/a"]);
    scene.after(15).purge("objects/a").purge("objects/b");
    scene.land("objects/c", "v1").convert("objects/c");
    let published = scene.known.published.clone();
    let verdict = scene.sweep();
    assert_eq!(verdict.state, State::Reopened);
    assert_eq!(scene.known.published, published);
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(verdict.state, State::Complete);
    assert_eq!(scene.chosen(&verdict), ["objects/c v1 p", "owners/a v1 p"]);
    assert_eq!(verdict.left.len(), 2);
    assert_eq!(codes(&verdict.comparisons), ["parts_left"]);
    let told = &verdict.comparisons[0].message;
    assert!(told.starts_with("2 published parts are out"), "{told}");
}

#[test]
fn a_part_as_old_as_the_published_revision_makes_nothing_leave() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene
        .after(15)
        .land("objects/b", "v1")
        .convert("objects/b")
        .after(HOUR);
    scene.sweep();
    let verdict = scene.purge("objects/a").sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
}

#[test]
fn a_newer_part_in_another_table_makes_nothing_leave() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene
        .purge("objects/a")
        .after(15)
        .land("owners/a", "v1")
        .convert("owners/a");
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(
        scene.chosen(&verdict),
        ["objects/a v1 p gone", "objects/b v1 p", "owners/a v1 p"]
    );
}

#[test]
fn a_newer_part_that_is_taken_back_brings_back_what_had_vanished() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.after(15).purge("objects/a").land("objects/c", "v1");
    assert_eq!(scene.sweep().state, State::Reopened);
    let verdict = scene.after(15).purge("objects/c").sweep();
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 p gone", "objects/b v1 p"]);
    assert_eq!(verdict.state, State::Complete);
}

#[test]
fn what_left_does_not_come_back_when_all_is_purged() {
    let mut scene = Scene::published(&["objects/a"]);
    scene
        .after(15)
        .purge("objects/a")
        .land("objects/c", "v1")
        .convert("objects/c")
        .after(HOUR);
    scene.sweep();
    let verdict = scene.purge_all().after(HOUR).sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    assert_eq!(scene.chosen(&verdict), ["objects/c v1 p gone"]);
}

#[test]
fn for_a_purged_source_the_newest_by_source_last_modified_counts() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.after(5).land("objects/a", "v2").convert("objects/a");
    let verdict = scene.purge_all().after(HOUR).judge();
    assert_eq!(scene.chosen(&verdict), ["objects/a v2 p gone"]);
    assert_eq!(verdict.state, State::Archived);
}

#[test]
fn a_content_that_came_after_the_publication_outlives_its_source() {
    let mut scene = Scene::published(&["objects/a"]);
    scene
        .after(15)
        .land("objects/a", "v2")
        .convert("objects/a")
        .purge_all();
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(scene.chosen(&verdict), ["objects/a v2 p gone"]);
    assert_eq!(verdict.state, State::Complete);
}

#[test]
fn a_content_that_was_put_back_before_the_publication_outlives_its_source() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.after(5).land("objects/a", "v2").convert("objects/a");
    scene.after(5).land("objects/a", "v1").after(HOUR);
    scene.sweep();
    let verdict = scene.purge_all().sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 p gone"]);
}

#[test]
fn a_purge_in_the_midst_of_a_re_conversion_moves_nothing() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.configure("q").convert("objects/a").after(HOUR).sweep();
    for part in ["objects/b", "objects/a"] {
        let verdict = scene.purge(part).sweep();
        assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    }
    let verdict = scene.lose_history().judge();
    assert_eq!(
        scene.chosen(&verdict),
        ["objects/a v1 p gone", "objects/b v1 p gone"]
    );
}

#[test]
fn a_part_that_vanished_unconverted_is_no_part() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.land("objects/b", "v1").purge("objects/b").after(HOUR);
    assert_eq!(scene.judge().state, State::Complete);
}

#[test]
fn a_part_that_could_not_be_converted_and_is_gone_is_a_warning() {
    let mut scene = Scene::whole(&["objects/a", "objects/b", "owners/c"]);
    for part in ["objects/c", "objects/d"] {
        scene.land(part, "v1").fail(part);
    }
    assert_eq!(scene.after(HOUR).sweep().state, State::Blocked);
    scene.purge("objects/c").purge("objects/d");
    let verdict = scene.sweep();
    assert_eq!(verdict.state, State::Complete);
    assert_eq!(codes(&verdict.warnings), ["parts_failed_gone"]);
    let told = &verdict.warnings[0].message;
    assert!(
        told.contains("are gone: 2,") && told.contains(" lake/failed/table=objects/date=2026-11-23/c-"),
        "{told}"
    );
    // They may have come again, in another folder or under another name.
    assert!(told.contains("unless another part has them"), "{told}");
    assert!(!scene.after(DAY).sweep().revise);
    let content = scene.lose_history().judge();
    assert_eq!(content.warnings, verdict.warnings);
    // One that is written again, or was converted before, is no such part.
    scene.land("objects/c", "v2").convert("objects/c");
    scene.land("objects/d", "v2");
    let verdict = scene.judge();
    assert_eq!(codes(&verdict.warnings), [""; 0]);
    assert_eq!(verdict.state, State::Open);
}
