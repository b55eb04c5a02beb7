//! What holds whatever happens to a day, in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::builder::{DAY, HOUR, Scene, name};
use crate::day::{Decision, Footer, Policy, State, Verdict, decide};
use crate::part::PartId;

const PARTS: [&str; 6] = [
    "objects/a",
    "objects/b",
    "objects/c",
    "objects/a@2",
    "owners/a",
    "owners/a@2",
];

#[derive(Clone, Copy, Debug)]
enum Step {
    Land(usize, u8),
    Convert(usize),
    Fail(usize),
    Purge(usize),
    Configure(u8),
    After(i64),
    Drain,
    Sweep,
    LoseHistory,
}

fn step() -> impl Strategy<Value = Step> {
    let part = 0..PARTS.len();
    prop_oneof![
        5 => (part.clone(), 1..4_u8).prop_map(|(part, content)| Step::Land(part, content)),
        6 => part.clone().prop_map(Step::Convert),
        1 => part.clone().prop_map(Step::Fail),
        3 => part.prop_map(Step::Purge),
        1 => (0..3_u8).prop_map(Step::Configure),
        5 => prop::sample::select(vec![0, 1, 11, HOUR, 6 * HOUR, 8 * DAY]).prop_map(Step::After),
        1 => Just(Step::Drain),
        5 => Just(Step::Sweep),
        1 => Just(Step::LoseHistory),
    ]
}

fn has_source(scene: &Scene, part: &str) -> bool {
    let name = name(part);
    let table = scene.seen.tables.get(&name.table);
    table.is_some_and(|table| table.sources.iter().any(|source| source.stem == name.stem))
}

fn run(scene: &mut Scene, step: Step) -> Option<Verdict> {
    scene.told.push(match step {
        Step::Land(part, _) | Step::Convert(part) | Step::Fail(part) | Step::Purge(part) => {
            format!("{step:?} {}", PARTS[part])
        }
        _ => format!("{step:?}"),
    });
    match step {
        Step::Land(part, content) => {
            scene.land(PARTS[part], &format!("v{content}"));
        }
        Step::Convert(part) if has_source(scene, PARTS[part]) => {
            scene.convert(PARTS[part]);
        }
        Step::Fail(part) if has_source(scene, PARTS[part]) => {
            scene.fail(PARTS[part]);
        }
        Step::Purge(part) if has_source(scene, PARTS[part]) => {
            scene.purge(PARTS[part]);
        }
        Step::Convert(_) | Step::Fail(_) | Step::Purge(_) => {}
        Step::Configure(profile) => {
            scene.configure(["p", "q", "r"][usize::from(profile)]);
        }
        Step::After(minutes) => {
            scene.after(minutes);
        }
        Step::Drain => scene.known.drained_ms = Some(scene.seen.now_ms),
        Step::LoseHistory => {
            scene.lose_history();
        }
        // At an instant of its own: what came in the very same one may have come before or after.
        Step::Sweep => return judged(scene.after(1)),
    }
    None
}

fn judged(scene: &Scene) -> Option<Verdict> {
    let nothing = decide(&scene.seen, &scene.known, &scene.policy) == Decision::Nothing;
    (!nothing).then(|| scene.clone().judge())
}

/// A day after some history, swept as it went.
fn scene() -> impl Strategy<Value = Scene> {
    scene_of(|_| None)
}

/// The same, with what follows a step at once.
fn scene_of(then: fn(Step) -> Option<Step>) -> impl Strategy<Value = Scene> {
    (prop::collection::vec(step(), 1..60), any::<bool>()).prop_map(move |(steps, union)| {
        let mut scene = Scene::new();
        scene.policy = Policy {
            union,
            ..scene.policy
        };
        for step in steps {
            if run(&mut scene, step).is_some() {
                scene.sweep();
                scene.after(1);
            }
            if let Some(next) = then(step) {
                run(&mut scene, next);
            }
        }
        scene
    })
}

/// A verdict without places in lists: what is chosen, missing and retired, and all the rest.
fn named(scene: &Scene, verdict: &Verdict) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut missing = Vec::new();
    for (table, choice) in &verdict.tables {
        let sources = &scene.seen.tables[table].sources;
        missing.extend(choice.missing.iter().map(|source| sources[*source].key.clone()));
    }
    let sent = verdict.send.iter().map(|it| {
        let source = &scene.seen.tables[&it.table].sources[it.source];
        (source.key.clone(), it.attempt)
    });
    let sent: BTreeSet<_> = sent.collect();
    let retired: BTreeSet<String> = verdict.retire.iter().map(|it| it.id.to_string()).collect();
    let remarks = [
        verdict.reasons.clone(),
        verdict.warnings.clone(),
        verdict.comparisons.clone(),
    ];
    let mut rest = verdict.clone();
    rest.tables.clear();
    rest.send.clear();
    rest.retire.clear();
    (scene.chosen(verdict), missing, sent, retired, remarks, rest)
}

fn chosen_ids(scene: &Scene, verdict: &Verdict) -> BTreeMap<String, BTreeSet<PartId>> {
    let ids = verdict.tables.iter().map(|(table, choice)| {
        let seen = &scene.seen.tables[table];
        (table.clone(), choice.ids(seen).cloned().collect())
    });
    ids.filter(|(_, ids): &(String, BTreeSet<PartId>)| !ids.is_empty())
        .collect()
}

/// Folders are as old as the parts that are remembered of them: one that lands and goes before it is converted is not.
fn converted(step: Step) -> Option<Step> {
    match step {
        Step::Land(part, _) => Some(Step::Convert(part)),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn no_complete_verdict_lacks_a_part_and_none_is_there_twice(scene in scene()) {
        let Some(verdict) = judged(&scene) else { return Ok(()) };
        for (table, choice) in &verdict.tables {
            let seen = &scene.seen.tables[table];
            let mut stems = BTreeSet::new();
            for part in &choice.parts {
                let output = &seen.outputs[part.output];
                prop_assert!(stems.insert(&output.stem), "{} is there twice", output.stem);
                let Footer::Sound(facts) = &scene.footers[&output.id] else { panic!() };
                prop_assert!(choice.folders.contains(&facts.folder));
                let listed = seen.sources.iter().find(|source| source.stem == output.stem);
                prop_assert_eq!(listed.map(|it| &it.key), part.source.map(|it| &seen.sources[it].key));
                if let Some(source) = listed {
                    prop_assert_eq!(&source.etag, &facts.source_etag, "superseded content");
                }
            }
            let counted: Vec<_> = seen.sources.iter().filter(|it| choice.folders.contains(&it.folder)).collect();
            let listed = choice.parts.iter().filter(|part| part.source.is_some()).count();
            prop_assert_eq!(counted.len(), listed + choice.missing.len());
            if verdict.state.publishes() {
                prop_assert!(choice.missing.is_empty() && counted.iter().all(|it| stems.contains(&it.stem)));
            }
            if !seen.sources.is_empty() || !seen.outputs.is_empty() {
                prop_assert!(!choice.folders.is_empty());
            }
        }
    }

    #[test]
    fn the_order_of_listings_does_not_matter(scene in scene(), by in any::<prop::sample::Index>()) {
        let Some(verdict) = judged(&scene) else { return Ok(()) };
        let mut turned = scene.clone();
        for table in turned.seen.tables.values_mut() {
            let (sources, outputs) = (table.sources.len().max(1), table.outputs.len().max(1));
            table.sources.rotate_left(by.index(sources));
            table.outputs.rotate_left(by.index(outputs));
            table.failures.reverse();
            if by.index(2) == 1 {
                table.outputs.reverse();
                table.sources.reverse();
            }
        }
        let other = turned.judge();
        prop_assert_eq!(
            format!("{:?}", named(&scene, &verdict)),
            format!("{:?}", named(&turned, &other))
        );
    }

    #[test]
    fn a_verdict_that_is_carried_out_asks_for_nothing_more(mut scene in scene()) {
        if judged(&scene).is_none() { return Ok(()) }
        let before = scene.clone().judge();
        let (before, first) = (scene.chosen(&before), scene.sweep());
        let second = scene.clone().judge();
        let after = scene.chosen(&second);
        scene.sweep();
        prop_assert!(!second.revise, "{:?} then {:?}", first.state, second);
        prop_assert_eq!(second.events, []);
        prop_assert!(second.send.is_empty());
        prop_assert_eq!(&before, &after);
        // Nor do time and retention ask for another, once the day is published.
        if second.state.publishes() {
            for days in [1, 7, 30, 300] {
                let later = scene.after(days * DAY).clone().judge();
                prop_assert!(!later.revise, "{:?}", later);
                prop_assert_eq!(&before, &scene.chosen(&later));
                scene.sweep();
            }
        }
    }

    #[test]
    fn a_purge_of_a_published_day_changes_nothing(mut scene in scene(), order in any::<prop::sample::Index>()) {
        if judged(scene.after(1)).is_none() || !scene.sweep().state.publishes() { return Ok(()) }
        // Where a folder holds a newer part, what vanishes leaves.
        let published_ms = scene.known.published.as_ref().unwrap().listed_ms;
        let mut sources = scene.seen.tables.values().flat_map(|table| &table.sources);
        prop_assume!(sources.all(|source| source.last_modified_ms <= published_ms));
        let before = chosen_ids(&scene, &scene.clone().judge());
        for i in 0..PARTS.len() {
            let part = PARTS[(i + order.index(PARTS.len())) % PARTS.len()];
            scene.purge(part);
            let verdict = scene.after(15).clone().judge();
            prop_assert!(verdict.state.publishes() && !verdict.revise, "{:?}", verdict);
            prop_assert_eq!(&before, &chosen_ids(&scene, &verdict));
            scene.sweep();
        }
    }

    #[test]
    fn lost_history_gives_the_same_content_where_all_sources_are_listed(mut scene in scene_of(converted)) {
        for part in PARTS {
            if !has_source(&scene, part) {
                scene.land(part, "v1").convert(part);
            }
        }
        let before = scene.clone().judge();
        let mut lost = scene.clone();
        let after = lost.lose_history().judge();
        prop_assert_eq!(scene.chosen(&before), lost.chosen(&after));
        prop_assert_eq!(before.warnings, after.warnings);
    }

    #[test]
    fn what_is_published_is_neither_deleted_nor_counted_as_left(
        mut scene in scene(),
        steps in prop::collection::vec(step(), 0..30),
    ) {
        for step in steps {
            let Some(verdict) = run(&mut scene, step) else { continue };
            if let (Some(published), false) = (&scene.known.published, verdict.state == State::Forgotten) {
                let still = !(verdict.revise && verdict.state.publishes());
                for id in published.outputs.values().flatten().filter(|_| still) {
                    prop_assert!(!verdict.left.contains_key(id));
                    prop_assert!(verdict.retire.iter().all(|it| it.id != *id));
                }
            }
            for (table, choice) in &verdict.tables {
                let ids: BTreeSet<&PartId> = choice.ids(&scene.seen.tables[table]).collect();
                prop_assert!(verdict.retire.iter().all(|it| !ids.contains(&it.id)));
            }
            if verdict.state == State::Reopened {
                prop_assert!(scene.known.published.is_some() && !verdict.reasons.is_empty());
            }
            prop_assert_eq!(verdict.reasons.is_empty(), verdict.state.publishes());
            prop_assert!(verdict.events.is_empty() || verdict.revise);
            scene.sweep();
        }
    }
}
