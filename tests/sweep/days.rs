//! Days that become whole, and what comes in between.

use daymark::app::sweep::Judged;
use daymark::day::State;
use daymark::keys::{Leaf, Link, PARTS_TABLE};
use daymark::server::operation::Operation;

use crate::lake::{DATE, Lake, key};
use crate::support::owners;

#[tokio::test]
async fn a_day_is_complete_once_it_is_quiet() {
    let lake = Lake::new().await;
    let (a, b) = (lake.part(DATE, "a", 3).await, lake.part(DATE, "b", 4).await);
    let day = lake.day().await;
    assert_eq!(
        (day.state, day.revision, day.published),
        (State::Open, None, None)
    );
    assert_eq!(day.reasons[0].code, "not_quiet");
    assert!(lake.published().await.is_empty());

    let day = lake.quiet_day().await;
    assert_eq!(
        (day.state, day.revision, day.published),
        (State::Complete, Some(1), Some(1))
    );
    assert_eq!(day.totals.unwrap().rows_written, 7);
    assert_eq!(lake.published().await, lake.outputs(&[&a, &b]));
    assert_eq!(lake.latest().await.as_deref(), Some(DATE));
    let newest = lake.text(&lake.leaf(Leaf::Revision(1))).await;
    assert_eq!(lake.text(&lake.leaf(Leaf::Manifest)).await, newest);
    assert_eq!(lake.events("Day Complete"), 1);

    let before = lake.under(&[""]).await;
    let again = lake.quiet_day().await;
    assert!(!again.revised);
    assert_eq!(
        lake.under(&[""]).await,
        before,
        "nothing changed, so nothing was written"
    );
    assert_eq!(lake.events("Day Complete"), 1);
}

#[tokio::test]
async fn a_late_part_reopens_the_day_and_the_last_complete_one_stays_published() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    let published = lake.under(&["published/", "latest/", "parts/"]).await;

    let b = lake.land(&key(DATE, "b"), owners(9, 4)).await;
    let day = lake.day().await;
    assert_eq!(
        (day.state, day.revision, day.published),
        (State::Reopened, Some(2), Some(1))
    );
    lake.convert(&b).await;
    assert_eq!(lake.day().await.revision, Some(2), "told once");
    assert_eq!(lake.under(&["published/", "latest/", "parts/"]).await, published);
    assert_eq!(lake.events("Day Reopened"), 1);

    let day = lake.quiet_day().await;
    assert_eq!(
        (day.state, day.revision, day.published),
        (State::Complete, Some(3), Some(3))
    );
    assert_eq!(lake.published().await, lake.outputs(&[&a, &b]));
}

#[tokio::test]
async fn a_part_that_cannot_be_converted_blocks_its_day_until_it_is_replaced() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.arrive(&key(DATE, "b"), b"no gzip".to_vec()).await;
    let day = lake.quiet_day().await;
    assert_eq!(
        (day.state, day.revision, day.published),
        (State::Blocked, Some(1), None)
    );
    assert_eq!(day.reasons[0].code, "parts_failed");
    assert_eq!(lake.day().await.revision, Some(1), "told once");
    assert_eq!(lake.events("Day Blocked"), 1);
    assert!(lake.queue.take().is_empty(), "sending it again would not help");

    let b = lake.part(DATE, "b", 4).await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.published), (State::Complete, Some(2)));
    assert!(lake.published().await.contains(&lake.world.output(&b)));
}

#[tokio::test]
async fn of_two_folders_for_a_date_the_newest_counts_once_it_is_whole() {
    let lake = Lake::new().await;
    let old = lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    let new = lake.land("hubspot/20261122/OWNERS/a.csv.gz", owners(1, 5)).await;
    let day = lake.day().await;
    assert_eq!((day.state, day.published), (State::Reopened, Some(1)));
    assert_eq!(lake.published().await, lake.outputs(&[&old]));
    lake.convert(&new).await;
    let day = lake.quiet_day().await;
    assert_eq!(day.state, State::Complete);
    assert!(
        day.warnings.iter().any(|remark| remark.code == "several_folders"),
        "{day:?}"
    );
    assert_eq!(lake.published().await, lake.outputs(&[&new]));
}

#[tokio::test]
async fn purging_the_sources_one_by_one_leaves_the_publication_byte_for_byte() {
    let lake = Lake::new().await;
    for name in ["a", "b", "c"] {
        lake.part(DATE, name, 3).await;
    }
    lake.quiet_day().await;
    let before = lake.under(&[""]).await;
    for name in ["b", "a", "c"] {
        lake.purge(&key(DATE, name)).await;
        let day = lake.quiet_day().await;
        assert_eq!(
            (day.state, day.revised),
            (State::Complete, false),
            "without {name}"
        );
        assert_eq!(lake.under(&[""]).await, before, "without {name}");
    }
    assert!(lake.queue.take().is_empty());
}

#[tokio::test]
async fn parts_leave_with_the_next_content_of_their_folder() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.part(DATE, "b", 3).await;
    lake.quiet_day().await;
    lake.purge(&key(DATE, "a")).await;
    lake.wait(1);
    let b = lake.part(DATE, "b", 5).await;
    assert_eq!(lake.day().await.state, State::Reopened);
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    assert_eq!(lake.published().await, lake.outputs(&[&b]));
}

#[tokio::test]
async fn an_old_day_that_changed_lately_is_looked_at_by_every_sweep() {
    let old = "2026-01-02";
    let lake = Lake::new().await;
    lake.part(old, "a", 3).await;
    lake.wait(61);
    for _ in 0..3 {
        let days = lake.sweep().await;
        assert_eq!(days.get(old).map(|day| day.state), Some(State::Complete));
        lake.wait(60);
    }
}

#[tokio::test]
async fn days_are_found_in_nested_folders_and_by_a_pattern() {
    let nested: (&[(&str, &str)], &str) = (&[], "hubspot/2026/11/22/OWNERS/a.csv.gz");
    let deep: (&[(&str, &str)], &str) = (&[], "hubspot/x/y/z/2026-11-22/OWNERS/a.csv.gz");
    let pattern: (&[(&str, &str)], &str) = (
        &[("DAY_FOLDER_PATTERN", "^(?<date>[0-9]{8})_run/")],
        "hubspot/20261122_run/OWNERS/a.csv.gz",
    );
    for (settings, key) in [nested, deep, pattern] {
        let lake = Lake::with(settings).await;
        lake.arrive(key, owners(1, 3)).await;
        let day = lake.quiet_day().await;
        assert_eq!((day.state, day.parts), (State::Complete, 1), "{key}");
        assert_eq!(lake.published().await.len(), 1, "{key}");
    }
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.land(&key("2026-11-21", "lost"), owners(1, 3)).await;
    lake.overwrite("lake/manifest/sweep.json", "{").await;
    lake.overwrite("lake/latest/latest.json", "{").await;
    lake.overwrite(&lake.leaf(Leaf::Revision(1)), "{").await;
    lake.overwrite(&lake.leaf(Leaf::Sent), "{").await;
    lake.wait(61);
    let before = lake.listing().await;
    let report = lake.ask(r#"{"dry_run": true}"#).await.unwrap();
    assert_eq!(lake.listing().await, before);
    assert!(lake.queue.take().is_empty());
    let states: Vec<_> = report
        .days
        .iter()
        .map(|day| day.judged.as_ref().unwrap())
        .collect();
    assert_eq!((states[0].state, states[0].to_send), (State::Open, 1));
    assert_eq!((states[1].state, states[1].revised), (State::Complete, true));
}

#[tokio::test]
async fn a_listing_that_fails_half_way_changes_nothing() {
    use daymark::server::faults::{Action, Rule};
    use daymark::server::operation::Operation;
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.part(DATE, "b", 3).await;
    lake.wait(61);
    let before = lake.listing().await;
    lake.world.faults().clear_log();
    lake.ask(r#"{"dry_run": true}"#).await.unwrap();
    let listings = lake.world.faults().count(Operation::ListObjectsV2) as u64;
    for nth in 1..=listings {
        let rule = Rule::on(Operation::ListObjectsV2).nth(nth);
        lake.world
            .faults()
            .inject(rule, Action::Answer(403, "AccessDenied"));
        lake.ask("{}").await.unwrap_err();
        lake.world.faults().clear();
        assert_eq!(lake.listing().await, before, "listing {nth}");
    }
    assert_eq!(lake.day().await.published, Some(2));
}

/// Days that a sweep gathers before it judges the first of them.
const DAYS_AT_ONCE: usize = 64;

/// Days are judged some at a time, each by listings of its own: those before the failure stand, as they would without it.
#[tokio::test]
async fn a_listing_that_fails_after_some_days_changes_none_of_the_others() {
    use daymark::server::faults::{Action, Rule};
    let lake = Lake::new().await;
    let dates: Vec<String> = (0..DAYS_AT_ONCE + 1)
        .map(|day| format!("2026-{:02}-{:02}", 9 + day / 30, 1 + day % 30))
        .collect();
    for date in &dates {
        lake.part(date, "a", 1).await;
    }
    let last = dates.last().unwrap();
    lake.wait(61);
    lake.world.faults().clear_log();
    lake.ask(r#"{"dry_run": true}"#).await.unwrap();
    let listings = lake.world.faults().count(Operation::ListObjectsV2) as u64;
    // The last one is of the last day's folder. Who writes lists once more before it, for the pointer.
    let rule = Rule::on(Operation::ListObjectsV2).nth(listings + 1);
    lake.world
        .faults()
        .inject(rule, Action::Answer(403, "AccessDenied"));
    assert!(lake.ask("{}").await.is_err());
    lake.world.faults().clear();
    let manifest = |date: &str| format!("lake/manifest/date={date}/manifest.json");
    for date in &dates {
        let is_whole = lake.text(&manifest(date)).await.is_some();
        assert_eq!(is_whole, date != last, "{date}");
    }
    let days = lake.ask("{}").await.unwrap().days;
    assert_eq!(days.len(), dates.len());
    for day in days {
        assert_eq!(day.judged.unwrap().state, State::Complete, "{}", day.date);
    }
}

#[tokio::test]
async fn a_folder_that_comes_later_never_shortens_a_days_quiet_period() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.wait(30);
    lake.part("2026-11-23", "a", 3).await;
    lake.wait(29);
    for (date, code) in [(DATE, "not_quiet"), ("2026-11-23", "not_quiet")] {
        let judged = &lake.sweep().await[date];
        assert_eq!(
            (judged.state, judged.reasons[0].code.as_str()),
            (State::Open, code),
            "{date}"
        );
    }
    lake.wait(2);
    let days = lake.sweep().await;
    assert_eq!(days[DATE].state, State::Complete);
    assert_eq!(days["2026-11-23"].state, State::Open);
}

#[tokio::test]
async fn a_sweep_says_when_no_day_is_complete_that_should_be() {
    let lake = Lake::new().await;
    let overdue = async || {
        let report = lake.ask("{}").await.unwrap();
        report.overdue.map(|day| day.to_string())
    };
    assert_eq!(overdue().await, None, "nothing was ever due");
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    // 11:01 on the day itself; it was due at noon of the next, and so is the next one a day later.
    lake.wait(48 * 60);
    assert_eq!(overdue().await, None);
    lake.wait(60);
    assert_eq!(overdue().await.as_deref(), Some("2026-11-23"));
    lake.part("2026-11-23", "b", 3).await;
    assert_eq!(
        overdue().await.as_deref(),
        Some("2026-11-23"),
        "there, not complete"
    );
    lake.wait(61);
    assert_eq!(overdue().await, None);
}

/// It is held against the days before when it is published; what came of that is told as long as it stands.
#[tokio::test]
async fn a_complete_day_keeps_its_warnings() {
    let lake = Lake::new().await;
    for date in ["2026-11-20", "2026-11-21"] {
        lake.part(date, "a", 3).await;
        lake.arrive(&format!("hubspot/{date}/THINGS/a.csv.gz"), owners(1, 3))
            .await;
    }
    lake.wait(61);
    for (date, day) in lake.sweep().await {
        assert_eq!((day.state, day.tables), (State::Complete, 2), "{date}");
    }
    lake.part(DATE, "a", 3).await;
    lake.wait(60 * 24);
    let codes = |day: &Judged| day.warnings.iter().map(|it| it.code.clone()).collect::<Vec<_>>();
    let day = lake.day().await;
    assert_eq!(
        (day.state, codes(&day)),
        (State::Complete, vec!["table_missing".to_owned()])
    );
    let again = lake.day().await;
    assert_eq!((again.revised, codes(&again)), (false, codes(&day)));
}

/// Their symlinks would be one file, and their tables one in the catalog.
#[tokio::test]
async fn a_folder_that_is_called_like_a_table_of_daymarks_own_keeps_its_rows() {
    let lake = Lake::new().await;
    let owners_part = lake.part(DATE, "a", 3).await;
    let mut tables = Vec::new();
    for folder in ["DAYMARK_PARTS", "DAYMARK_LATEST"] {
        let notice = lake
            .arrive(&format!("hubspot/{DATE}/{folder}/a.csv.gz"), owners(1, 3))
            .await;
        let output = lake.world.output(&notice);
        let (part, id) = lake.config.layout.parse_output(&output).unwrap();
        // As a release wrote it that did not know better.
        let before = output.replace(&part.table, &folder.to_lowercase());
        assert!(before.ends_with(&format!("{id}.parquet")), "{before}");
        let bytes = lake.world.get(&output).await;
        crate::support::put(&lake.world.client, crate::support::CURATED, &before, bytes).await;
        tables.push((part.table, output));
    }
    let day = lake.quiet_day().await;
    assert_eq!(
        (day.state, day.tables, &day.warnings[..]),
        (State::Complete, 3, &[][..])
    );
    assert_eq!(lake.published().await, lake.outputs(&[&owners_part]));
    for (table, output) in tables {
        for link in [Link::Published, Link::Live] {
            assert_eq!(lake.files(link, &table, DATE).await, [&*output], "{table}");
        }
    }
    assert_eq!(
        lake.files(Link::Published, PARTS_TABLE, DATE).await,
        [format!("lake/parts/date={DATE}/r000001.parquet")]
    );
    let rest = [
        "published/table=daymark_latest/",
        "live/table=daymark_latest/",
        "live/table=daymark_parts/",
    ];
    assert!(lake.under(&rest).await.is_empty());
}

/// By its folder, or by what the lake makes of it.
#[tokio::test]
async fn a_table_that_is_expected_is_known_by_either_of_its_names() {
    for name in ["My-Table", "my_table_126aaf"] {
        let lake = Lake::with(&[("EXPECTED_TABLES", name)]).await;
        lake.part(DATE, "a", 3).await;
        let day = lake.quiet_day().await;
        assert_eq!(day.state, State::Open, "{name}");
        lake.arrive(&format!("hubspot/{DATE}/My-Table/a.csv.gz"), owners(1, 3))
            .await;
        assert_eq!(lake.quiet_day().await.state, State::Complete, "{name}");
    }
}

/// What does not depend on the days is listed once, however many spans of days there are.
#[tokio::test]
async fn old_days_that_are_not_settled_take_no_more_listings_than_their_own() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    let mut lists = Vec::new();
    for old in ["2026-01-05", "2026-03-05", "2026-05-05"] {
        lake.land(&key(old, "a"), owners(1, 3)).await;
        // Over all days, so that this one is known of.
        lake.wait(24 * 60);
        lake.sweep().await;
        lake.world.faults().clear_log();
        lake.wait(15);
        assert!(lake.sweep().await.contains_key(old));
        lists.push(lake.world.faults().count(Operation::ListObjectsV2));
    }
    // One for each kind of object of a day, and one for its source.
    for (before, after) in lists.iter().zip(lists.iter().skip(1)) {
        assert!(after - before <= 8, "{lists:?}");
    }
}
