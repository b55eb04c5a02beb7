//! Which footers are read, and what is done about damaged ones.

use super::builder::{HOUR, Scene, codes};
use crate::day::State;

#[test]
fn an_open_day_needs_no_footers() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    scene.land("objects/c", "v1").judge();
    assert!(scene.asked.is_empty());
    scene.convert("objects/c").judge();
    assert!(scene.asked.is_empty());
}

#[test]
fn a_day_that_becomes_complete_needs_each_once_and_then_none() {
    let mut scene = Scene::whole(&["objects/a", "owners/a"]);
    scene.after(HOUR).sweep();
    assert_eq!(scene.asked, ["objects/a", "owners/a"]);
    scene.after(HOUR).sweep();
    assert!(scene.asked.is_empty());
}

#[test]
fn a_late_part_needs_its_own_footer_alone() {
    let mut scene = Scene::published(&["objects/a"]);
    scene
        .land("objects/b", "v1")
        .convert("objects/b")
        .after(HOUR)
        .sweep();
    assert_eq!(scene.asked, ["objects/b"]);
}

#[test]
fn a_published_day_that_nothing_touches_needs_none_even_if_none_is_known() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.known.footers.clear();
    assert!(!scene.judge().revise);
    assert!(scene.asked.is_empty());
}

#[test]
fn an_output_that_is_not_its_source_s_of_today_needs_its_footer() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    scene.land("objects/a", "v2").purge("objects/b").judge();
    assert_eq!(scene.asked, ["objects/a", "objects/b"]);
}

#[test]
fn a_footer_without_its_columns_is_read_again() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.after(HOUR).judge();
    let schemas = std::mem::take(&mut scene.known.schemas);
    let decision = crate::day::decide(&scene.seen, &scene.known, &scene.policy);
    assert_eq!(
        decision,
        crate::day::Decision::Footers(vec![("objects".to_owned(), 0)])
    );
    scene.known.schemas = schemas;
    assert_eq!(scene.judge().state, State::Complete);
}

#[test]
fn a_damaged_output_is_none_and_its_day_waits_for_another() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    let verdict = scene.damage("objects/b").after(HOUR).sweep();
    assert_eq!(verdict.state, State::Open);
    assert_eq!(codes(&verdict.reasons), ["parts_waiting", "outputs_damaged"]);
    assert_eq!(verdict.tables["objects"].damaged.len(), 1);
    assert!(verdict.tables["objects"].others.is_empty() && verdict.retire.is_empty());
    // Set aside, sent again, converted.
    assert_eq!(verdict.send.len(), 1);
    scene.seen.tables.get_mut("objects").unwrap().outputs.pop();
    scene.known.footers.clear();
    assert_eq!(
        scene.convert("objects/b").after(HOUR).sweep().state,
        State::Complete
    );
}

#[test]
fn a_damaged_output_that_stands_for_nothing_reopens_nothing() {
    let mut scene = Scene::published(&["objects/a"]);
    scene
        .land("objects/a", "v2")
        .convert("objects/a")
        .damage("objects/a")
        .land("objects/a", "v1");
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    assert_eq!(codes(&verdict.warnings), ["outputs_damaged"]);
}

#[test]
fn a_damaged_output_of_a_purged_source_keeps_the_published_revision() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.damage("objects/b").purge("objects/b");
    let verdict = scene.sweep();
    assert_eq!(verdict.state, State::Reopened);
    assert_eq!(codes(&verdict.reasons), ["outputs_damaged"]);
}
