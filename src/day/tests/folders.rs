//! Several day folders for one date, and parts that may be there twice.

use super::builder::{DAY, HOUR, Scene, codes};
use crate::day::{Footer, State};

#[test]
fn per_table_the_newest_folder_wins_with_a_warning() {
    let mut scene = Scene::whole(&["objects/a", "objects/b", "owners/a"]);
    scene.after(15).land("objects/a@2", "v1").convert("objects/a@2");
    let verdict = scene.after(HOUR).judge();
    assert_eq!(scene.chosen(&verdict), ["objects/a-2 v1 p", "owners/a v1 p"]);
    assert_eq!(codes(&verdict.warnings), ["several_folders"]);
    assert_eq!(verdict.warnings[0].table.as_deref(), Some("objects"));
    assert!(verdict.warnings[0].message.contains("hubspot/2/2026-11-23/"));
}

#[test]
fn a_straggler_in_the_older_folder_changes_nothing() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.land("objects/a@2", "v1").convert("objects/a@2").after(HOUR);
    scene.sweep();
    scene.land("objects/late", "v1").convert("objects/late");
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    assert_eq!(scene.chosen(&verdict), ["objects/a-2 v1 p"]);
}

#[test]
fn union_takes_all_folders_with_a_warning() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.policy.union = true;
    scene.after(15).land("objects/a@2", "v2").convert("objects/a@2");
    let verdict = scene.after(HOUR).judge();
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 p", "objects/a-2 v2 p"]);
    assert_eq!(codes(&verdict.warnings), ["several_folders"]);
}

#[test]
fn a_purge_does_not_make_the_older_folder_the_newest() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.land("objects/a@2", "v1").convert("objects/a@2").after(HOUR);
    scene.sweep();
    scene
        .land("objects/b", "v2")
        .convert("objects/b")
        .purge("objects/a")
        .after(HOUR);
    let verdict = scene.judge();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    scene.purge_all();
    assert_eq!(scene.chosen(&scene.clone().judge()), ["objects/a-2 v1 p gone"]);
}

#[test]
fn deleting_superseded_outputs_does_not_make_the_older_folder_the_newest() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.after(15).land("objects/a@2", "v1").convert("objects/a@2");
    scene
        .after(15)
        .land("objects/a", "v2")
        .convert("objects/a")
        .after(HOUR);
    let first = scene.sweep();
    for _ in 0..4 {
        let verdict = scene.after(10 * DAY).sweep();
        assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
        assert_eq!(scene.chosen(&verdict), scene.chosen(&first));
    }
}

#[test]
fn a_second_folder_that_is_taken_back_unconverted_leaves_the_day_as_it_was() {
    let mut scene = Scene::published(&["objects/a"]);
    assert_eq!(scene.land("objects/a@2", "v1").sweep().state, State::Reopened);
    let verdict = scene.purge("objects/a@2").sweep();
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 p"]);
    assert_eq!(verdict.state, State::Complete);
}

#[test]
fn what_was_read_before_does_not_change_which_folder_is_newest() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.after(15).land("objects/a@2", "v1").convert("objects/a@2");
    // The older folder is written again with the same content, so that it is the newest now.
    scene.after(15).land("objects/a", "v1");
    let with = scene.judge();
    let mut lost = scene.clone();
    let without = lost.lose_history().judge();
    assert_eq!(scene.chosen(&with), scene.chosen(&without));
}

#[test]
fn a_part_that_is_gone_from_the_older_folder_does_not_make_that_the_newest() {
    let mut scene = Scene::new();
    scene.land("objects/a", "v1");
    scene.after(5).land("objects/a@2", "v1").convert("objects/a@2");
    scene.after(5).land("objects/b", "v1").convert("objects/b");
    scene.after(HOUR).sweep();
    let verdict = scene.purge("objects/a").sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    assert_eq!(scene.chosen(&verdict), ["objects/a-2 v1 p"]);
}

#[test]
fn a_folder_written_again_with_the_same_content_is_as_old_as_it_was() {
    let mut scene = Scene::published(&["objects/a"]);
    scene
        .land("objects/a@2", "v1")
        .convert("objects/a@2")
        .after(HOUR)
        .sweep();
    scene.land("objects/a", "v1");
    for _ in 0..2 {
        let verdict = scene.sweep();
        assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
        scene.purge("objects/a");
    }
}

#[test]
fn equal_parts_are_a_warning() {
    let mut scene = Scene::whole(&["objects/a", "objects/b", "objects/c"]);
    let etag = scene.source("objects/a").etag.clone();
    for part in ["objects/b", "objects/c"] {
        scene.source(part).etag.clone_from(&etag);
    }
    let verdict = scene.after(HOUR).judge();
    assert_eq!(
        (verdict.state, codes(&verdict.warnings)),
        (State::Complete, vec!["equal_parts"])
    );
    assert!(verdict.warnings[0].message.starts_with("2 parts"));
    scene.source("objects/b").size_bytes = 1;
    scene.source("objects/c").size_bytes = 2;
    assert!(scene.judge().warnings.is_empty());
}

#[test]
fn empty_equal_parts_are_none() {
    let mut scene = Scene::whole(&["objects/a", "objects/b"]);
    for part in ["objects/a", "objects/b"] {
        scene.source(part).etag = "same".to_owned();
        scene.source(part).size_bytes = 0;
    }
    assert!(scene.after(HOUR).judge().warnings.is_empty());
}

#[test]
fn two_unload_query_ids_within_one_table_are_a_warning() {
    let one = "objects/data_01b2c3d4-0000-1111-2222-333344445555_0_0_0";
    let other = "objects/data_01B2C3D4-0000-1111-2222-333344445556_0_1_0";
    let mut scene = Scene::whole(&[one, "objects/data_01B2C3D4-0000-1111-2222-333344445555_0_2_0"]);
    assert!(scene.after(HOUR).judge().warnings.is_empty());
    scene.land(other, "v1");
    assert_eq!(codes(&scene.judge().warnings), ["several_queries"]);
}

/// As other settings may read their keys.
#[test]
fn of_folders_that_are_gone_all_that_were_published_count() {
    let mut scene = Scene::published(&["objects/a", "objects/b", "objects/c"]);
    scene.purge_all();
    for (part, folder) in [("a", "x/"), ("b", "y/"), ("c", "z/")] {
        let table = &scene.seen.tables["objects"];
        let id = table
            .outputs
            .iter()
            .find(|it| it.stem == part)
            .unwrap()
            .id
            .clone();
        for footers in [&mut scene.footers, &mut scene.known.footers] {
            if let Some(Footer::Sound(facts)) = footers.get_mut(&id) {
                facts.folder = folder.into();
            }
        }
    }
    let verdict = scene.after(DAY).sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    assert_eq!(scene.chosen(&verdict).len(), 3);
    assert_eq!(codes(&verdict.warnings), ["several_folders"]);
    assert!(verdict.warnings[0].message.ends_with("all of them counted"));
    // One that is begun anew wins over them, as over any.
    scene.land("objects/a@2", "v1").convert("objects/a@2").after(HOUR);
    let verdict = scene.judge();
    assert_eq!(scene.chosen(&verdict), ["objects/a-2 v1 p"]);
}
