//! Parts that are sent to the queue again.

use super::builder::{DAY, HOUR, MINUTE_MS, Scene, codes};
use crate::day::{State, Verdict};

fn attempts(verdict: &Verdict) -> Vec<u32> {
    verdict.send.iter().map(|resend| resend.attempt).collect()
}

fn drain(scene: &mut Scene) {
    scene.known.drained_ms = Some(scene.seen.now_ms);
}

#[test]
fn after_ten_minutes_without_output() {
    let mut scene = Scene::whole(&["objects/a"]);
    scene.land("objects/b", "v1");
    scene.seen.now_ms += 10 * MINUTE_MS - 1;
    assert!(scene.sweep().send.is_empty());
    scene.seen.now_ms += 1;
    let verdict = scene.sweep();
    assert_eq!(attempts(&verdict), [1]);
    assert_eq!(
        scene.seen.tables["objects"].sources[verdict.send[0].source].stem,
        "b"
    );
}

#[test]
fn an_attempt_counts_only_once_the_queue_has_drained() {
    let mut scene = Scene::new();
    scene.land("objects/a", "v1");
    drain(&mut scene);
    assert_eq!(attempts(&scene.after(10).sweep()), [1]);
    for _ in 0..100 {
        assert!(scene.after(HOUR).sweep().send.is_empty());
    }
    drain(&mut scene);
    assert_eq!(attempts(&scene.sweep()), [2]);
}

#[test]
fn a_queue_that_was_empty_when_the_part_was_sent_has_not_drained_since() {
    let mut scene = Scene::new();
    scene.land("objects/a", "v1").after(10);
    drain(&mut scene);
    scene.sweep();
    assert!(scene.after(HOUR).sweep().send.is_empty());
}

#[test]
fn a_queue_that_was_seen_empty_later_than_now_was_not_seen_empty() {
    let mut scene = Scene::new();
    scene.land("objects/a", "v1").after(10).sweep();
    scene.known.drained_ms = Some(scene.seen.now_ms + 400 * 24 * 60 * MINUTE_MS);
    assert!(scene.after(HOUR).sweep().send.is_empty());
    drain(&mut scene);
    assert_eq!(attempts(&scene.sweep()), [2]);
}

#[test]
fn five_times_with_growing_pauses_then_blocked() {
    let mut scene = Scene::new();
    scene.land("objects/a", "v1");
    let mut sent = Vec::new();
    for minute in 1..=2_000 {
        drain(&mut scene);
        let verdict = scene.after(1).sweep();
        if !verdict.send.is_empty() {
            sent.push((minute, verdict.send[0].attempt));
        }
        if verdict.state == State::Blocked {
            assert_eq!(codes(&verdict.reasons)[0], "parts_lost");
            assert_eq!(minute, 320);
            break;
        }
    }
    assert_eq!(sent, [(10, 1), (30, 2), (70, 3), (150, 4), (310, 5)]);
    assert_eq!(scene.sweep().state, State::Blocked);
    assert_eq!(
        scene.convert("objects/a").after(HOUR).sweep().state,
        State::Complete
    );
}

#[test]
fn a_queue_that_looks_empty_right_after_the_last_attempt_blocks_nothing() {
    let mut scene = Scene::new();
    scene.policy.sends_max = 1;
    scene.land("objects/a", "v1").after(10).sweep();
    scene.seen.now_ms += 1_000;
    drain(&mut scene);
    assert_eq!(scene.sweep().state, State::Open);
    assert_eq!(scene.after(10).sweep().state, State::Blocked);
}

#[test]
fn a_replaced_part_starts_over() {
    let mut scene = Scene::new();
    scene.land("objects/a", "v1").after(10).sweep();
    scene.land("objects/a", "v2");
    assert!(scene.sweep().send.is_empty());
    assert_eq!(attempts(&scene.after(10).sweep()), [1]);
}

#[test]
fn a_folder_that_lost_is_not_sent() {
    let mut scene = Scene::new();
    scene
        .land("objects/a", "v1")
        .after(5)
        .land("objects/a@2", "v1")
        .convert("objects/a@2");
    assert!(scene.after(HOUR).sweep().send.is_empty());
}

#[test]
fn no_attempt_is_allowed_then_waiting_blocks() {
    let mut scene = Scene::new();
    scene.policy.sends_max = 0;
    scene.land("objects/a", "v1").after(10);
    assert_eq!(scene.judge().state, State::Blocked);
}

/// Two parts that were converted under another profile than today's.
fn outdated() -> Scene {
    let mut scene = Scene::published(&["objects/a", "objects/b"]);
    scene.configure("q").after(HOUR);
    scene
}

#[test]
fn what_another_profile_converted_is_sent_only_if_that_is_asked_for() {
    let mut scene = outdated();
    assert!(scene.judge().send.is_empty());
    scene.policy.reconvert = true;
    scene.convert("objects/a");
    let verdict = scene.judge();
    assert_eq!(attempts(&verdict), [1]);
    let table = &scene.seen.tables["objects"];
    assert_eq!(crate::day::outdated(table, &verdict.tables["objects"]), 1);
    let sources = &table.sources;
    assert_eq!(sources[verdict.send[0].source].stem, "b");
}

#[test]
fn a_part_that_fails_under_todays_profile_is_not_converted_again() {
    let mut scene = outdated();
    scene.policy.reconvert = true;
    scene.fail("objects/a").fail("objects/b");
    let verdict = scene.judge();
    assert!(verdict.send.is_empty());
    assert_eq!(verdict.state, State::Complete);
    let (table, choice) = (&scene.seen.tables["objects"], &verdict.tables["objects"]);
    assert_eq!(
        (
            crate::day::failed(table, choice),
            crate::day::outdated(table, choice)
        ),
        (0, 0)
    );
}

#[test]
fn a_part_that_is_gone_is_not_converted_again() {
    let mut scene = outdated();
    scene.policy.reconvert = true;
    scene.purge_all();
    assert!(scene.judge().send.is_empty());
}

#[test]
fn a_conversion_that_is_asked_for_again_and_again_blocks_nothing() {
    let mut scene = outdated();
    scene.policy.reconvert = true;
    let mut sent = Vec::new();
    for _ in 0..20 {
        drain(&mut scene);
        let verdict = scene.after(HOUR * 6).sweep();
        assert_eq!(verdict.state, State::Complete, "{:?}", verdict.reasons);
        sent.extend(attempts(&verdict));
    }
    assert_eq!(sent, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
}

#[test]
fn once_all_of_a_table_is_converted_again_the_day_moves_over() {
    let mut scene = outdated();
    scene.policy.reconvert = true;
    scene.sweep();
    let verdict = scene.convert("objects/a").sweep();
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 p", "objects/b v1 p"]);
    let verdict = scene.convert("objects/b").after(HOUR).sweep();
    assert_eq!(scene.chosen(&verdict), ["objects/a v1 q", "objects/b v1 q"]);
    assert!(verdict.revise && verdict.state == State::Complete && verdict.send.is_empty());
}

#[test]
fn a_file_whose_time_is_ahead_of_the_clock_is_converted_by_whoever_converts_itself() {
    let mut scene = Scene::new();
    scene.land("objects/a", "v1").after(-30 * DAY);
    assert!(scene.judge().send.is_empty());
    scene.policy.converts_itself = true;
    assert_eq!(attempts(&scene.judge()), [1]);
}
