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
    assert!(verdict.reasons[0].to_string().ends_with("keeps its type"));
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
    // As releases before put it, so that an update of the program makes no revision; what mends it is said to people.
    let message = &verdict.reasons[0].message;
    assert!(message.starts_with("column id is bigint in the Glue catalog, and string in "));
    assert!(
        message.ends_with("; a published column keeps its type"),
        "{message}"
    );
    assert!(
        verdict.reasons[0]
            .to_string()
            .ends_with("keeps its type: give it back in Glue, or drop the table there (its files stay, and the next sweep makes it anew)")
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

/// What a revision remembers of a held day, and no more.
fn remember_held(scene: &mut Scene) {
    let held = scene.known.held.clone();
    scene.known.footers.retain(|id, _| held.contains(id));
}

#[test]
fn a_held_day_stays_held_by_the_parts_that_hold_it_and_by_no_others() {
    let mut scene = Scene::whole(&["objects/b", "objects/c", "objects/d", "owners/b"]);
    scene.facts("objects/c").schema = "number".into();
    scene.after(HOUR).sweep();
    assert_eq!(scene.known.held.len(), 2);
    remember_held(&mut scene);
    for part in ["objects/a", "objects/e", "events_x/a"] {
        scene.land(part, "v1");
        let verdict = scene.sweep();
        assert_eq!((verdict.state, verdict.revise), (State::Blocked, false), "{part}");
        assert_eq!(
            codes(&verdict.reasons),
            ["parts_waiting", "types_differ"],
            "{part}"
        );
        let verdict = scene.convert(part).after(HOUR).sweep();
        assert_eq!((verdict.state, verdict.revise), (State::Blocked, false), "{part}");
        assert!(scene.asked.is_empty(), "{:?}", scene.asked);
    }
    // It is as all others now.
    let verdict = scene.land("objects/c", "v2").sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Open, true));
    assert!(scene.known.held.is_empty());
    let verdict = scene.convert("objects/c").after(HOUR).sweep();
    assert_eq!(
        (verdict.state, verdict.events),
        (State::Complete, vec![Event::Complete])
    );
}

#[test]
fn a_day_that_is_held_by_something_else_is_open_in_between() {
    let mut scene = Scene::whole(&["objects/a", "objects/b", "objects/c"]);
    scene.facts("objects/b").schema = "number".into();
    scene.after(HOUR).sweep();
    let before = scene.known.held.clone();
    remember_held(&mut scene);
    // The first one is replaced by what its neighbour is, so that the last one is the odd one out.
    scene.land("objects/a", "v2").convert("objects/a");
    scene.facts("objects/a").schema = "number".into();
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Open, true));
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(
        (verdict.state, codes(&verdict.reasons)),
        (State::Blocked, vec!["types_differ"])
    );
    assert_ne!(scene.known.held, before);
}

#[test]
fn a_held_day_goes_on_once_the_catalog_has_the_type() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    let types = |kind: &str| [("objects".to_owned(), [("id".to_owned(), kind.to_owned())].into())].into();
    scene.known.types_cataloged = types("bigint");
    assert_eq!(scene.after(HOUR).sweep().state, State::Blocked);
    assert_eq!(scene.known.held.len(), 1);
    remember_held(&mut scene);
    let verdict = scene.after(HOUR).sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Blocked, false));
    assert!(scene.asked.is_empty());
    scene.known.types_cataloged = types("string");
    assert_eq!(scene.sweep().state, State::Complete);
    assert_eq!(scene.asked, ["objects/b"]);
}

#[test]
fn what_the_catalog_holds_stays_held_while_nobody_can_ask_it() {
    let mut scene = Scene::whole(&["objects/a", "objects/b", "owners/b"]);
    let types = [(
        "objects".to_owned(),
        [("id".to_owned(), "bigint".to_owned())].into(),
    )]
    .into();
    scene.known.types_cataloged = types;
    assert_eq!(scene.after(HOUR).sweep().state, State::Blocked);
    remember_held(&mut scene);
    scene.known.types_cataloged.clear();
    scene.known.is_catalog_unknown = true;
    for _ in 0..2 {
        let verdict = scene.after(HOUR).sweep();
        assert_eq!((verdict.state, verdict.revise), (State::Blocked, false));
        assert_eq!(codes(&verdict.reasons), ["types_differ"]);
        assert!(scene.asked.is_empty(), "{:?}", scene.asked);
    }
    // What holds it is gone, so that it is judged anew.
    scene.known.held.clear();
    assert_eq!(scene.sweep().state, State::Complete);
}

#[test]
fn what_parts_hold_needs_no_catalog() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    scene.facts("objects/b").dialect = "escaped".into();
    scene.after(HOUR).sweep();
    assert!(scene.known.held_by_catalog.is_empty());
    remember_held(&mut scene);
    scene.known.is_catalog_unknown = true;
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Blocked, false));
    scene.land("objects/b", "v2").convert("objects/b");
    assert_eq!(scene.sweep().state, State::Open);
    assert_eq!(scene.after(HOUR).sweep().state, State::Complete);
}

#[test]
fn a_part_whose_columns_are_not_known_is_not_remembered_as_held() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    scene.facts("objects/b").dialect = "escaped".into();
    scene.after(HOUR).sweep();
    assert_eq!(scene.known.held.len(), 2);
    // As after a revision whose parts have different columns: facts are known of each, columns of none.
    let columns = std::mem::take(&mut scene.known.schemas);
    let verdict = scene.judge();
    assert_eq!(codes(&verdict.reasons), ["dialects_differ"]);
    assert!(verdict.held.is_empty(), "{:?}", verdict.held);
    scene.known.schemas = columns;
    assert!(!scene.judge().revise);
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
