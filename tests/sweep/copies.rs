//! Parquet that is there more than once, or where its source does not belong.

use std::collections::BTreeMap;

use daymark::app::sweep::Judged;
use daymark::day::State;
use daymark::keys::{Leaf, Link};

use crate::damage::{aside, complete};
use crate::lake::{DATE, Lake, key};
use crate::support::{CURATED, owners, put};

async fn copy(lake: &Lake, from: &str, to: &str) {
    let bytes = lake.world.get(from).await;
    put(&lake.world.client, CURATED, to, bytes).await;
}

/// The codes of what is odd about a day.
fn codes(day: &Judged) -> Vec<&str> {
    let remarks = day.reasons.iter().chain(&day.warnings);
    remarks.map(|remark| remark.code.as_str()).collect()
}

/// A day is complete, with so many rows.
#[track_caller]
fn assert_complete(day: &Judged, rows: u64) {
    let found = day.totals.map(|totals| totals.rows_written);
    assert_eq!((day.state, found), (State::Complete, Some(rows)), "{day:?}");
}

async fn published(lake: &Lake) -> BTreeMap<String, String> {
    lake.under(&["published/", "live/", "latest/", "manifest/", "table="])
        .await
}

#[tokio::test]
async fn a_stray_copy_is_set_aside_and_nothing_moves() {
    for to in [
        "lake/table=owners/date=2026-11-22/backup-ID.parquet",
        "lake/table=things/date=2026-11-22/a-ID.parquet",
        "lake/table=things/date=2026-11-22/backup-ID.parquet",
        "lake/table=owners/date=2026-11-22/a--b-ID.parquet",
    ] {
        let lake = complete().await;
        let before = published(&lake).await;
        let from = lake.published().await[0].clone();
        let id = from.rsplit_once('-').unwrap().1;
        let to = to.replace("ID.parquet", id);
        copy(&lake, &from, &to).await;
        let day = lake.quiet_day().await;
        assert_eq!(
            (day.state, day.revision),
            (State::Complete, Some(1)),
            "{to}: {day:?}"
        );
        assert_eq!(codes(&day), ["outputs_damaged"], "{to}");
        assert_eq!(aside(&lake, &to).await.len(), 1, "{to}");
        let day = lake.quiet_day().await;
        assert_eq!(codes(&day), [""; 0], "{to}");
        let mut after = published(&lake).await;
        after.retain(|key, _| !key.contains("table=things"));
        assert_eq!(after, before, "{to}");
    }
}

/// Nothing is known of the day but what the buckets hold.
#[tokio::test]
async fn a_day_with_a_stray_copy_is_rebuilt() {
    let lake = complete().await;
    let content = lake.revision(1).await["content"].to_string();
    let from = lake.published().await[0].clone();
    let id = from.rsplit_once('-').unwrap().1;
    for to in [
        "table=owners/date=2026-11-22/backup",
        "table=things/date=2026-11-22/a",
    ] {
        copy(&lake, &from, &format!("lake/{to}-{id}")).await;
    }
    for key in lake
        .under(&["manifest/", "published/", "live/", "parts/"])
        .await
        .into_keys()
    {
        lake.remove(&key).await;
    }
    lake.quiet_day().await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(1)), "{day:?}");
    assert_eq!(lake.revision(1).await["content"].to_string(), content);
}

#[tokio::test]
async fn parquet_of_another_day_or_table_is_no_part() {
    for (to, date, is_day) in [
        ("lake/table=owners/date=2026-11-23/", "2026-11-23", false),
        ("lake/table=owners/date=2026-11-21/", "2026-11-21", true),
        ("lake/table=owners2/date=2026-11-22/", DATE, true),
    ] {
        let lake = complete().await;
        lake.part("2026-11-21", "c", 5).await;
        lake.quiet_day().await;
        let links = ["published/", "latest/", "live/"];
        let expected = lake.under(&links).await;
        let from = lake.published().await[0].clone();
        let to = from.replace("lake/table=owners/date=2026-11-22/", to);
        copy(&lake, &from, &to).await;
        lake.wait(7 * 60);
        for _ in 0..3 {
            lake.wait(61);
            lake.sweep().await;
        }
        assert_eq!(aside(&lake, &to).await.len(), 1, "{to}");
        let day = lake.sweep().await.remove(date);
        // A day of which there was nothing but the copy is none.
        assert_eq!(day.is_some(), is_day, "{to}");
        assert!(day.is_none_or(|day| day.warnings.is_empty()), "{to}");
        assert_eq!(lake.under(&links).await, expected, "{to}");
        let latest = lake.latest().await;
        assert_eq!(latest.as_deref(), Some(DATE));
        let wrong = lake.files(Link::Published, "owners2", DATE).await;
        assert_eq!(wrong, [""; 0]);
        assert_eq!(lake.files(Link::Published, "owners", "2026-11-23").await, [""; 0]);
    }
}

/// The whole bucket first, then the folder that the parts lie in, and back: same objects, same ids, other names.
#[tokio::test]
async fn a_landing_prefix_that_is_narrowed_and_widened_moves_nothing() {
    for (first, second) in [("", "hubspot/"), ("hubspot/", "")] {
        let (first, second) = ([("LANDING_PREFIX", first)], [("LANDING_PREFIX", second)]);
        let mut lake = Lake::new().await;
        lake.configure(&first);
        lake.part(DATE, "a", 3).await;
        let b = lake.part(DATE, "b", 4).await;
        assert_eq!(lake.quiet_day().await.state, State::Complete);
        let before = published(&lake).await;
        let files = lake.published().await;
        lake.configure(&second);
        let day = lake.quiet_day().await;
        assert_eq!(
            (day.state, day.revision, day.to_send),
            (State::Complete, Some(1), 0),
            "{day:?}"
        );
        assert_eq!(codes(&day), [""; 0]);
        assert_eq!(published(&lake).await, before);
        // A notice comes once more: the part is converted to where it belongs now.
        lake.convert(&b).await;
        for minutes in [61, 20 * 24 * 60] {
            lake.wait(minutes);
            let day = lake
                .ask("{\"date\": \"2026-11-22\"}")
                .await
                .unwrap()
                .days
                .remove(0)
                .judged
                .unwrap();
            assert_eq!((day.state, day.revision), (State::Complete, Some(1)), "{day:?}");
            assert_eq!(lake.published().await, files);
        }
        lake.configure(&first);
        let report = lake.ask("{\"date\": \"2026-11-22\"}").await.unwrap();
        let day = report.days[0].judged.as_ref().unwrap();
        assert_eq!((day.state, day.revision), (State::Complete, Some(1)), "{day:?}");
        assert_eq!(lake.published().await, files);
        // Replaced, it is there once, as it is now.
        lake.part(DATE, "b", 6).await;
        lake.wait(61);
        lake.ask("{\"date\": \"2026-11-22\"}").await.unwrap();
        lake.wait(61);
        let report = lake.ask("{\"date\": \"2026-11-22\"}").await.unwrap();
        let day = report.days[0].judged.as_ref().unwrap();
        assert_eq!(
            (day.state, day.totals.unwrap().rows_written),
            (State::Complete, 9),
            "{day:?}"
        );
    }
}

/// A lake whose published file somebody renamed, and its names before and now.
async fn renamed() -> (Lake, String, String) {
    let lake = complete().await;
    let original = lake.published().await[0].clone();
    let renamed = original.replace("/a-", "/renamed-");
    assert_ne!(renamed, original);
    copy(&lake, &original, &renamed).await;
    lake.remove(&original).await;
    lake.quiet_day().await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(2)), "{day:?}");
    (lake, original, renamed)
}

/// The published file goes, the other one of its id stays.
#[tokio::test]
async fn a_published_file_that_was_renamed_is_published_under_its_name() {
    let (lake, _, renamed) = renamed().await;
    assert!(lake.published().await.contains(&renamed));
    let all = lake.under(&[""]).await;
    assert!(lake.published().await.iter().all(|file| all.contains_key(file)));
}

/// The symlinks alone tell its name then, if an older revision does not name the same files.
#[tokio::test]
async fn a_renamed_file_stays_where_its_revision_is_lost_and_its_part_is_converted_again() {
    for lost in [&[2][..], &[1, 2]] {
        let (lake, original, renamed) = renamed().await;
        let files = lake.published().await;
        copy(&lake, &renamed, &original).await;
        for number in lost {
            lake.remove(&lake.leaf(Leaf::Revision(*number))).await;
        }
        lake.land(&key(DATE, "c"), owners(1, 5)).await;
        let day = lake.quiet_day().await;
        assert_eq!(day.state, State::Reopened, "{lost:?}: {day:?}");
        assert!(!codes(&day).contains(&"outputs_damaged"), "{lost:?}: {day:?}");
        assert_eq!(lake.published().await, files, "{lost:?}");
        let all = lake.under(&[""]).await;
        assert!(
            files.iter().all(|file| all.contains_key(file)),
            "{lost:?}: {files:?}"
        );
    }
}

#[tokio::test]
async fn rejects_of_a_copy_that_goes_stay_if_what_counts_has_no_others() {
    for has_others in [false, true] {
        let (lake, original, renamed) = renamed().await;
        let rejects = |output: &str| {
            let output = output.replacen("lake/", "lake/rejected/", 1);
            output.replace(".parquet", ".jsonl")
        };
        copy(&lake, &renamed, &original).await;
        lake.overwrite(&rejects(&original), "{}").await;
        if has_others {
            lake.overwrite(&rejects(&renamed), "{}").await;
        }
        for name in ["a", "b"] {
            lake.purge(&key(DATE, name)).await;
        }
        lake.wait(8 * 24 * 60);
        let report = lake.ask("{\"date\": \"2026-11-22\"}").await.unwrap();
        let day = report.days[0].judged.as_ref().unwrap();
        assert_eq!((day.state, day.revision), (State::Complete, Some(2)), "{day:?}");
        let all = lake.under(&[""]).await;
        assert!(!all.contains_key(&original) && all.contains_key(&renamed));
        assert_eq!(all.contains_key(&rejects(&original)), !has_others);
        assert_eq!(all.contains_key(&rejects(&renamed)), has_others);
    }
}

#[tokio::test]
async fn a_catalog_that_moves_a_folder_to_another_table_publishes_its_parts_once() {
    let catalog = "[[table]]\nname = \"WIDGETS\"\n[[table.columns]]\nname = \"OWNERID\"\ntype = \"string\"\n";
    let mut lake = Lake::new().await;
    let a = "hubspot/2026-11-22/EXPORT/WIDGETS/a.csv.gz";
    lake.arrive(a, owners(1, 3)).await;
    lake.part(DATE, "o", 2).await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    assert_eq!(lake.files(Link::Published, "export", DATE).await.len(), 1);
    lake.configure(&[("CATALOG", catalog)]);
    let day = lake.quiet_day().await;
    assert_eq!(day.state, State::Reopened, "{day:?}");
    lake.work().await;
    lake.quiet_day().await;
    let day = lake.quiet_day().await;
    assert_complete(&day, 5);
    assert!(!codes(&day).contains(&"sources_gone"), "{day:?}");
    assert_eq!(lake.files(Link::Published, "export", DATE).await, [""; 0]);
    assert_eq!(lake.files(Link::Published, "widgets", DATE).await.len(), 1);
    assert_eq!(lake.files(Link::Live, "export", DATE).await, [""; 0]);
    // And back.
    lake.configure(&[]);
    lake.quiet_day().await;
    let day = lake.quiet_day().await;
    assert_complete(&day, 5);
    assert_eq!(lake.files(Link::Published, "export", DATE).await.len(), 1);
    assert_eq!(lake.files(Link::Published, "widgets", DATE).await, [""; 0]);
    lake.purge(&key(DATE, "o")).await;
    lake.purge(a).await;
    assert_eq!(lake.quiet_day().await.totals.unwrap().rows_written, 5);
}
