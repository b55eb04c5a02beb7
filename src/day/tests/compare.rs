//! A day beside the days before it, and its parts beside each other.

use super::builder::{HOUR, Scene, codes};
use crate::day::{Event, State};

fn expecting(parts: &[&str], before: &[&str]) -> Scene {
    let mut scene = Scene::whole(parts);
    scene.known.tables_before = before.iter().map(|table| (*table).to_owned()).collect();
    scene.after(HOUR);
    scene
}

#[test]
fn a_table_of_the_previous_complete_day_is_waited_for() {
    let mut scene = expecting(&["objects/a"], &["objects", "owners"]);
    let verdict = scene.judge();
    assert_eq!(
        (verdict.state, codes(&verdict.reasons)),
        (State::Open, vec!["table_missing"])
    );
    assert_eq!(verdict.reasons[0].table.as_deref(), Some("owners"));
    scene.land("owners/a", "v1").convert("owners/a").after(HOUR);
    assert_eq!(scene.judge().state, State::Complete);
}

#[test]
fn six_hours_after_the_first_part_the_day_is_complete_with_a_warning_that_names_the_table() {
    let mut scene = expecting(&["objects/a"], &["owners"]);
    scene.after(5 * HOUR - 1);
    assert_eq!(scene.judge().state, State::Open);
    let verdict = scene.after(1).sweep();
    assert_eq!(
        (verdict.state, verdict.events.clone()),
        (State::Complete, vec![Event::Complete])
    );
    assert_eq!(codes(&verdict.comparisons), ["table_missing"]);
    assert_eq!(verdict.comparisons[0].table.as_deref(), Some("owners"));
    assert!(!scene.after(HOUR).sweep().revise);
}

#[test]
fn six_hours_do_not_excuse_a_part_without_output() {
    let mut scene = expecting(&["objects/a"], &["owners"]);
    scene.land("objects/b", "v1").after(10 * HOUR);
    assert_eq!(scene.judge().state, State::Open);
}

#[test]
fn events_are_never_expected() {
    let mut scene = expecting(&["objects/a"], &["objects", "events_page_view"]);
    let verdict = scene.judge();
    assert!(verdict.comparisons.is_empty());
    assert_eq!(verdict.state, State::Complete);
}

#[test]
fn expected_tables_can_be_set() {
    let mut scene = expecting(&["objects/a"], &["owners"]);
    scene.policy.expected = Some(vec!["objects".to_owned()]);
    assert_eq!(scene.judge().state, State::Complete);
    scene.policy.expected = Some(vec!["events_page_view".to_owned()]);
    assert_eq!(scene.judge().state, State::Open);
}

#[test]
fn dialects_that_differ_hold_the_day() {
    let mut scene = Scene::whole(&["objects/a", "objects/b", "objects/c"]);
    scene.facts("objects/b").dialect = "undecided".into();
    scene.facts("objects/c").dialect = "escaped".into();
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(
        (verdict.state, verdict.events.clone()),
        (State::Blocked, vec![Event::Blocked])
    );
    assert_eq!(codes(&verdict.reasons), ["dialects_differ"]);
    assert!(!scene.after(15).sweep().revise);
}

#[test]
fn dialects_of_different_tables_may_differ() {
    let mut scene = Scene::whole(&["objects/a", "owners/b"]);
    scene.facts("owners/b").dialect = "escaped".into();
    assert_eq!(scene.after(HOUR).judge().state, State::Complete);
}

#[test]
fn a_type_that_contradicts_a_published_column_holds_the_day() {
    let mut scene = Scene::whole(&["objects/a"]);
    let types = [("id".to_owned(), "bigint".to_owned())];
    scene.known.types_before = [("objects".to_owned(), types.into())].into();
    let verdict = scene.after(HOUR).judge();
    assert_eq!(
        (verdict.state, codes(&verdict.reasons)),
        (State::Blocked, vec!["types_differ"])
    );
    assert!(
        verdict.reasons[0]
            .message
            .contains("id is bigint in an earlier day, and string")
    );
    scene.known.types_before = [("owners".to_owned(), [].into())].into();
    assert_eq!(scene.judge().state, State::Complete);
}

#[test]
fn a_type_that_contradicts_the_glue_catalog_holds_the_day_whatever_earlier_days_had() {
    let mut scene = Scene::whole(&["objects/a"]);
    let types = |kind: &str| [("objects".to_owned(), [("id".to_owned(), kind.to_owned())].into())].into();
    scene.known.types_before = types("string");
    scene.known.types_cataloged = types("bigint");
    let verdict = scene.after(HOUR).judge();
    assert_eq!(codes(&verdict.reasons), ["types_differ"]);
    assert!(
        verdict.reasons[0]
            .message
            .contains("id is bigint in the Glue catalog, and string")
    );
    scene.known.types_cataloged = types("string");
    assert_eq!(scene.judge().state, State::Complete);
}

#[test]
fn a_type_that_contradicts_another_part_s_holds_the_day() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    scene.facts("objects/b").schema = "number".into();
    let verdict = scene.after(HOUR).judge();
    assert_eq!(codes(&verdict.reasons), ["types_differ"]);
}

#[test]
fn a_held_day_keeps_its_last_complete_revision() {
    let mut scene = Scene::published(&["objects/a"]);
    let published = scene.known.published.clone();
    scene.land("objects/b", "v1").convert("objects/b");
    scene.facts("objects/b").schema = "number".into();
    assert_eq!(scene.after(HOUR).sweep().state, State::Blocked);
    assert_eq!(scene.known.published, published);
}

#[test]
fn rows_that_swing_are_a_warning() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    scene.policy.swing_percent = Some(50);
    scene.known.rows_before = [("objects".to_owned(), vec![400, 401, 402])].into();
    let verdict = scene.after(HOUR).judge();
    assert_eq!(
        (verdict.state, codes(&verdict.comparisons)),
        (State::Complete, vec!["rows_swing"])
    );
    scene.known.rows_before = [("objects".to_owned(), vec![400, 400, 1_000])].into();
    assert!(scene.judge().comparisons.is_empty());
    scene.known.rows_before = [("objects".to_owned(), vec![1_000, 1_000])].into();
    assert!(scene.judge().comparisons.is_empty());
}
