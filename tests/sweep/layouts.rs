//! Settings that say where parts lie come and go: what was converted under others stays what it is.

use daymark::day::State;

use crate::lake::{DATE, Lake};
use crate::support::owners;

/// A lake with these parts of OWNERS, published.
async fn published(settings: &[(&str, &str)], keys: &[&str]) -> Lake {
    let mut lake = Lake::with(settings).await;
    lake.configure(settings);
    for (rows, key) in (1..).zip(keys) {
        lake.arrive(key, owners(1, rows)).await;
    }
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(1)), "{day:?}");
    assert_eq!(lake.published().await.len(), keys.len());
    lake
}

/// Nothing moves, be it that a few weeks go by.
async fn nothing_moves(lake: &Lake) {
    let before = lake.under(&[""]).await;
    for minutes in [61, 8 * 24 * 60, 30 * 24 * 60] {
        lake.wait(minutes);
        let report = lake.ask(&format!("{{\"date\": \"{DATE}\"}}")).await.unwrap();
        let day = report.days[0].judged.as_ref().unwrap();
        assert!(day.state.publishes(), "{day:?}");
        assert_eq!((day.revision, day.published), (Some(1), Some(1)), "{day:?}");
        let codes: Vec<&str> = day.warnings.iter().map(|it| it.code.as_str()).collect();
        assert_eq!(codes, [""; 0], "{:?}", day.warnings);
        assert_eq!(lake.under(&[""]).await, before);
    }
}

const BELOW_THE_TABLE: [&str; 4] = [
    "hubspot/2026-11-22/OWNERS/chunk_1/a.csv.gz",
    "hubspot/2026-11-22/OWNERS/chunk_2/a.csv.gz",
    "hubspot/2026-11-22/OWNERS/chunk_3/a.csv.gz",
    "hubspot/2026-11-22/OWNERS/chunk_4/a.csv.gz",
];

#[tokio::test]
async fn a_prefix_or_a_pattern_that_comes_and_goes_moves_nothing() {
    for other in [
        ("LANDING_PREFIX", "crm/"),
        ("LANDING_PREFIX", "hubspot/2026-11-22/"),
        ("DAY_FOLDER_PATTERN", "day_(?P<date>[0-9]{8})"),
    ] {
        for purged in [false, true] {
            let mut lake = published(&[], &BELOW_THE_TABLE).await;
            lake.configure(&[other]);
            nothing_moves(&lake).await;
            if purged {
                for key in BELOW_THE_TABLE {
                    lake.purge(key).await;
                }
            }
            nothing_moves(&lake).await;
            lake.configure(&[]);
            nothing_moves(&lake).await;
        }
    }
}

#[tokio::test]
async fn a_pattern_that_is_given_up_moves_nothing() {
    let keys = [
        "hubspot/sync_22.11.2026/OWNERS/chunk_1/a.csv.gz",
        "hubspot/sync_22.11.2026/OWNERS/chunk_2/a.csv.gz",
    ];
    let pattern = "sync_(?P<day>[0-9]+).(?P<month>[0-9]+).(?P<year>[0-9]+)";
    let mut lake = published(&[("DAY_FOLDER_PATTERN", pattern)], &keys).await;
    lake.configure(&[]);
    nothing_moves(&lake).await;
    for key in keys {
        lake.purge(key).await;
    }
    nothing_moves(&lake).await;
}

#[tokio::test]
async fn what_is_converted_under_another_prefix_and_purged_is_rebuilt_whole() {
    let mut lake = published(&[], &BELOW_THE_TABLE).await;
    let before = lake.published().await;
    for key in BELOW_THE_TABLE {
        lake.purge(key).await;
    }
    lake.configure(&[("LANDING_PREFIX", "crm/")]);
    for key in lake
        .under(&["manifest/", "published/", "parts/"])
        .await
        .into_keys()
    {
        lake.remove(&key).await;
    }
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.revision), (State::Archived, Some(1)), "{day:?}");
    assert_eq!(lake.published().await, before);
    assert!(lake.published().await[0].contains(DATE));
    nothing_moves(&lake).await;
}

#[tokio::test]
async fn a_day_in_three_folders_that_is_converted_is_swept() {
    for folder in [
        "2026/11/22",
        "date=2026/11/22",
        "dt=2026/11/22T04:05:06Z",
        "2026/11/22_04",
        "x/year=2026/month=11/day=22T04",
    ] {
        let lake = published(&[], &[&format!("hubspot/{folder}/OWNERS/a.csv.gz")]).await;
        nothing_moves(&lake).await;
    }
}
