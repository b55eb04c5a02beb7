//! Which output counts.

use super::builder::{HOUR, Scene};
use crate::day::State;

#[test]
fn for_a_listed_source_the_output_of_its_etag_counts() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.after(5).land("objects/a", "v2").convert("objects/a");
    scene.after(5).land("objects/a", "v1").after(HOUR);
    let verdict = scene.judge();
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 p"]);
}

#[test]
fn a_changed_setting_reopens_nothing() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    let verdict = scene.configure("q").sweep();
    assert_eq!(
        (verdict.state, verdict.revise, verdict.send.len()),
        (State::Complete, false, 0)
    );
}

#[test]
fn the_newest_profile_counts_once_the_whole_table_is_converted() {
    let mut scene = Scene::published(&["objects/a", "objects/b", "owners/a"]);
    scene.configure("q").convert("objects/a").after(HOUR);
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    scene.convert("objects/b");
    assert_eq!(scene.sweep().state, State::Reopened);
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(verdict.state, State::Complete);
    assert_eq!(
        scene.chosen(&verdict),
        ["objects/a v1 q", "objects/b v1 q", "owners/a v1 p"]
    );
}

#[test]
fn a_setting_that_is_taken_back_moves_nothing() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.configure("q").convert("objects/a").after(HOUR);
    scene.sweep();
    let verdict = scene.configure("p").sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 q"]);
}

#[test]
fn where_no_profile_has_the_whole_table_the_newest_output_of_each_part_counts() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    scene.configure("q").after(5).convert("objects/b");
    scene.land("objects/c", "v1").convert("objects/c").after(HOUR);
    let verdict = scene.judge();
    assert_eq!(verdict.state, State::Complete);
    assert_eq!(
        scene.chosen(&verdict),
        ["objects/a v1 p", "objects/b v1 q", "objects/c v1 q"]
    );
}

#[test]
fn two_outputs_of_one_part_do_not_make_a_profile_whole() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    scene.configure("q").after(5).convert("objects/a");
    // Of the same content and profile, but another bucket: its id differs.
    let table = scene.seen.tables.get_mut("objects").unwrap();
    let mut twin = table.outputs[2].clone();
    let facts = scene.footers[&twin.id].clone();
    twin.id = crate::part::PartId::parse("00000000000000aa").unwrap();
    scene.footers.insert(twin.id.clone(), facts);
    table.outputs.push(twin);
    let verdict = scene.after(HOUR).judge();
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 p", "objects/b v1 p"]);
}

#[test]
fn an_output_of_another_content_is_no_output() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.land("objects/a", "v2").after(HOUR);
    let verdict = scene.judge();
    assert_eq!((verdict.state, verdict.send.len()), (State::Open, 1));
}
