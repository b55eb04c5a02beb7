//! Outputs that are there more than once, or where their source does not belong.

use super::builder::{DAY, HOUR, Scene, codes};
use crate::day::{Footer, State, Verdict};

/// Where the outputs are that count, `table/stem`.
fn places(scene: &Scene, verdict: &Verdict) -> Vec<String> {
    let mut places = Vec::new();
    for (table, choice) in &verdict.tables {
        let outputs = choice
            .parts
            .iter()
            .map(|part| &scene.seen.tables[table].outputs[part.output]);
        places.extend(outputs.map(|output| format!("{table}/{}", output.stem)));
    }
    places
}

/// Settings that put the source elsewhere: its outputs are where they were before.
fn moved(scene: &mut Scene, part: &str, stem: &str) {
    scene.source(part).stem = stem.to_owned();
}

#[test]
fn the_output_of_a_listed_source_is_that_source_s_whatever_it_is_called() {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    moved(&mut scene, "objects/a", "hubspot--a");
    let verdict = scene.after(DAY).sweep();
    assert_eq!(
        (verdict.state, verdict.revise, verdict.send.len()),
        (State::Complete, false, 0)
    );
    assert_eq!(places(&scene, &verdict), ["objects/a", "objects/b"]);
    assert!(verdict.warnings.is_empty() && verdict.retire.is_empty());
    let verdict = scene.lose_history().judge();
    assert_eq!(places(&scene, &verdict), ["objects/a", "objects/b"]);
}

#[test]
fn of_equal_ids_the_published_one_counts_and_the_others_go_after_grace() {
    let mut scene = Scene::published(&["objects/a"]);
    let stem = "hubspot--1--2026-11-23--OBJECTS--a.csv.gz";
    scene.copy("objects/a", &format!("objects/{stem}"));
    moved(&mut scene, "objects/a", stem);
    let verdict = scene.sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    assert_eq!(places(&scene, &verdict), ["objects/a"]);
    assert!(verdict.left.is_empty() && verdict.warnings.is_empty());
    // It is where the source is converted to today, so that it would come back.
    assert!(scene.after(30 * DAY).sweep().retire.is_empty());
    let verdict = scene.purge_all().sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    let retired: Vec<&str> = verdict.retire.iter().map(|it| it.stem.as_str()).collect();
    assert_eq!(retired, [stem]);
    let verdict = scene.after(DAY).sweep();
    assert_eq!(
        (verdict.revise, places(&scene, &verdict)),
        (false, vec!["objects/a".to_owned()])
    );
}

#[test]
fn of_equal_ids_that_were_never_published_the_one_of_today_s_settings_counts() {
    let mut scene = Scene::whole(&["objects/a"]);
    let stem = "1--2026-11-23--OBJECTS--a.csv.gz";
    scene.copy("objects/a", &format!("objects/{stem}"));
    moved(&mut scene, "objects/a", stem);
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(
        (verdict.state, places(&scene, &verdict)),
        (State::Complete, vec![format!("objects/{stem}")])
    );
}

#[test]
fn a_copy_that_no_settings_make_is_set_aside() {
    for published in [false, true] {
        let mut scene = Scene::whole(&["objects/a", "lists/a"]);
        if published {
            scene.after(HOUR).sweep();
        }
        scene
            .after(5)
            .copy("objects/a", "objects/backup")
            .copy("objects/a", "lists/a");
        let verdict = scene.after(HOUR).judge();
        for table in ["objects", "lists"] {
            assert_eq!(verdict.tables[table].damaged.len(), 1, "{table}");
        }
        assert_eq!(places(&scene, &verdict), ["lists/a", "objects/a"]);
        let remarks = if published {
            &verdict.warnings
        } else {
            &verdict.reasons
        };
        assert_eq!(codes(remarks), ["outputs_damaged"; 2]);
        assert!(!verdict.revise);
    }
}

#[test]
fn an_output_where_its_source_does_not_belong_is_none() {
    // Of another table, or of another day.
    for home in ["table=lists/date=2026-11-23", "table=objects/date=2026-11-20"] {
        let mut scene = Scene::published(&["owners/a"]);
        scene.land("objects/a", "v1").convert("objects/a");
        let facts = scene.facts("objects/a");
        facts.home = Some(home.into());
        facts.source_key = format!("hubspot/{}/a.csv.gz", "2026-11-20/LISTS");
        scene.purge("objects/a");
        let verdict = scene.after(DAY).judge();
        assert_eq!(
            (verdict.state, verdict.revise),
            (State::Complete, false),
            "{home}"
        );
        assert_eq!(verdict.tables["objects"].damaged.len(), 1);
        assert!(verdict.tables["objects"].damaged[0].1.contains(home));
        assert_eq!(codes(&verdict.warnings), ["outputs_damaged"]);
        assert_eq!(places(&scene, &verdict), ["owners/a"]);
        // Whose key nobody reads today was made under other settings.
        scene.footers.values_mut().for_each(|footer| {
            if let Footer::Sound(facts) = footer {
                facts.home = None;
            }
        });
        scene.known.footers.clear();
        let verdict = scene.judge();
        assert_eq!(places(&scene, &verdict), ["objects/a", "owners/a"]);
    }
}

/// Settings that read the sources of table `objects` as those of `lists`.
fn retabled(scene: &mut Scene, parts: &[&str]) {
    for part in parts {
        let mut source = scene.source(part).clone();
        let id = source.id.clone();
        scene.purge(part);
        source.stem = format!("moved-{}", source.stem);
        let lists = scene.seen.tables.entry("lists".to_owned()).or_default();
        lists.sources.push(source);
        for footers in [&mut scene.footers, &mut scene.known.footers] {
            if let Some(Footer::Sound(facts)) = footers.get_mut(&id) {
                facts.home = Some("table=lists/date=2026-11-23".into());
            }
        }
    }
}

/// Those sources are converted there, under the same ids.
fn convert_retabled(scene: &mut Scene) {
    let outputs = scene.seen.tables["objects"].outputs.clone();
    let lists = scene.seen.tables.get_mut("lists").unwrap();
    for mut output in outputs {
        let source = lists.sources.iter().find(|source| source.id == output.id);
        (output.stem, output.last_modified_ms) = (source.unwrap().stem.clone(), scene.seen.now_ms);
        lists.outputs.push(output);
    }
}

#[test]
fn a_source_that_settings_move_to_another_table_counts_there_alone() {
    let mut scene = Scene::published(&["objects/a", "owners/a"]);
    retabled(&mut scene, &["objects/a"]);
    let verdict = scene.after(15).sweep();
    assert_eq!(verdict.state, State::Reopened);
    assert_eq!(codes(&verdict.reasons), ["parts_waiting"]);
    convert_retabled(&mut scene);
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(verdict.state, State::Complete, "{:?}", verdict.reasons);
    assert_eq!(places(&scene, &verdict), ["lists/moved-a", "owners/a"]);
    assert!(
        verdict.warnings.is_empty() && verdict.comparisons.is_empty(),
        "{verdict:?}"
    );
}

#[test]
fn all_that_settings_leave_in_another_table_goes_after_grace() {
    let mut scene = Scene::published(&["objects/a", "objects/b", "owners/a"]);
    retabled(&mut scene, &["objects/a", "objects/b"]);
    convert_retabled(&mut scene);
    let verdict = scene.after(HOUR).sweep();
    assert_eq!(verdict.state, State::Complete, "{:?}", verdict.reasons);
    assert_eq!(
        places(&scene, &verdict),
        ["lists/moved-a", "lists/moved-b", "owners/a"]
    );
    assert!(scene.after(7 * DAY - 1).sweep().retire.is_empty());
    let retire = scene.after(1).sweep().retire;
    let retired: Vec<&str> = retire.iter().map(|it| it.table.as_str()).collect();
    assert_eq!(retired, ["objects", "objects"]);
    assert!(scene.seen.tables["objects"].outputs.is_empty());
    let verdict = scene.after(DAY).sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
}

#[test]
fn a_published_output_that_was_renamed_stays_while_it_is_published() {
    let mut scene = Scene::published(&["objects/a", "owners/a"]);
    scene.copy("objects/a", "objects/renamed");
    scene.seen.tables.get_mut("objects").unwrap().outputs.remove(0);
    let id = scene.seen.tables["objects"].outputs[0].id.clone();
    scene.known.changed.insert(id, None);
    assert!(scene.after(HOUR).sweep().revise);
    scene.known.changed.clear();
    retabled(&mut scene, &["objects/a"]);
    convert_retabled(&mut scene);
    // What counts is in the other table, and no revision names it yet.
    let verdict = scene.after(15).sweep();
    assert_eq!(verdict.state, State::Reopened);
    let choice = &verdict.tables["objects"];
    assert_eq!((&choice.damaged[..], &choice.copies[..]), (&[][..], &[0][..]));
    let verdict = scene.after(HOUR).sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, true));
    assert_eq!(places(&scene, &verdict), ["lists/moved-a", "owners/a"]);
}

#[test]
fn a_published_output_under_another_name_gives_a_revision_that_names_it() {
    let mut scene = Scene::published(&["objects/a"]);
    scene.copy("objects/a", "objects/b");
    scene.seen.tables.get_mut("objects").unwrap().outputs.remove(0);
    let id = scene.seen.tables["objects"].outputs[0].id.clone();
    scene.known.footers.clear();
    scene.known.changed.insert(id, None);
    let verdict = scene.after(HOUR).sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, true));
    assert_eq!(places(&scene, &verdict), ["objects/b"]);
}
