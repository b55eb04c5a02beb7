//! What becomes of days, one story at a time.

use daymark::day::State;
use daymark::sweep::Request;
use serde_json::Value;

use crate::lake::{DATE, Lake, day, judged};
use crate::support::{LANDING, owners};

#[tokio::test]
async fn a_day_whose_parts_are_converted_and_quiet_is_complete_and_published() {
    let lake = Lake::new().await;
    let mut outputs = Vec::new();
    for nth in 0..3 {
        let notice = lake.part(&format!("data_{nth}"), 10 * nth).await;
        outputs.push(lake.world.output(&notice));
    }
    let judged = lake.judge().await;
    assert_eq!(
        (judged.state, judged.parts, judged.revision),
        (State::Complete, 3, Some(1)),
        "{judged:?}"
    );
    assert_eq!(lake.published().await, outputs);
    assert_eq!(lake.json("lake/latest/latest.json").await["date"], DATE);
    let manifest = lake.manifest().await;
    assert_eq!(manifest["content"]["totals"]["rows_written"], 15);
    assert_eq!(
        manifest["content"]["tables"]["owners"]["parts"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let checksum = lake
        .text(&format!("lake/manifest/date={DATE}/manifest.json.sha256"))
        .await;
    let bytes = lake
        .world
        .get(&format!("lake/manifest/date={DATE}/manifest.json"))
        .await;
    assert_eq!(
        checksum,
        format!("{}  manifest.json\n", daymark::manifest::sha256(&bytes))
    );

    let before = lake.settled().await;
    let again = lake.judge().await;
    assert!(!again.revised);
    assert_eq!(
        lake.settled().await,
        before,
        "a day that nothing touches keeps revision and bytes"
    );
}

#[tokio::test]
async fn a_day_is_open_until_it_is_quiet() {
    let lake = Lake::with(&[("QUIET_MINUTES", "60")]).await;
    let notice = lake.part("data_0", 0).await;
    let judged = lake.judge().await;
    assert_eq!((judged.state, judged.revision), (State::Open, None));
    assert!(
        judged.reasons.iter().any(|reason| reason.code == "not_quiet"),
        "{judged:?}"
    );
    // Those who prefer early to whole see it.
    let live = lake
        .text(&format!("lake/live/table=owners/date={DATE}/symlink.txt"))
        .await;
    assert!(live.trim_end().ends_with(&lake.world.output(&notice)), "{live}");
    let listing = lake.listing().await;
    assert!(
        !listing.keys().any(|key| key.contains("published/")),
        "{listing:?}"
    );
}

#[tokio::test]
async fn a_late_part_reopens_the_day_and_completes_it_anew() {
    let lake = Lake::new().await;
    let first = lake.part("data_0", 0).await;
    lake.judge().await;
    let late = lake.land("data_1", 100).await;
    let judged = lake.judge().await;
    assert_eq!(
        (judged.state, judged.revision, judged.published),
        (State::Reopened, Some(2), Some(1)),
        "{judged:?}"
    );
    assert_eq!(
        lake.published().await,
        [lake.world.output(&first)],
        "what was complete stays published"
    );
    assert_eq!(lake.manifest().await["history"]["state"], "reopened");
    lake.world.convert(&late).await.unwrap();
    let judged = lake.judge().await;
    assert_eq!(
        (judged.state, judged.revision, judged.published),
        (State::Complete, Some(3), Some(3)),
        "{judged:?}"
    );
    assert_eq!(lake.published().await.len(), 2);
}

#[tokio::test]
async fn a_replaced_part_leaves_the_publication_for_its_successor() {
    let lake = Lake::new().await;
    let old = lake.part("data_0", 0).await;
    lake.judge().await;
    let new = lake.part("data_0", 50).await;
    assert_ne!(old.etag, new.etag);
    let judged = lake.judge().await;
    assert_eq!(
        (judged.state, judged.revision),
        (State::Complete, Some(2)),
        "{judged:?}"
    );
    assert_eq!(lake.published().await, [lake.world.output(&new)]);
    assert!(
        lake.listing().await.contains_key(&lake.world.output(&old)),
        "the grace period keeps it"
    );
}

#[tokio::test]
async fn without_a_grace_period_what_left_is_deleted_by_the_next_sweep() {
    let lake = Lake::with(&[("GRACE_DAYS", "0")]).await;
    let old = lake.part("data_0", 0).await;
    lake.judge().await;
    let new = lake.part("data_0", 50).await;
    lake.judge().await;
    let judged = lake.judge().await;
    assert_eq!((judged.state, judged.retired), (State::Complete, 1), "{judged:?}");
    let listing = lake.listing().await;
    assert!(!listing.contains_key(&lake.world.output(&old)), "{listing:?}");
    assert!(listing.contains_key(&lake.world.output(&new)));
    assert_eq!(lake.judge().await.retired, 0);
}

#[tokio::test]
async fn a_part_that_cannot_be_converted_blocks_the_day_until_it_is_replaced() {
    let lake = Lake::new().await;
    lake.part("data_0", 0).await;
    let key = format!("hubspot/{DATE}/OWNERS/data_1.csv.gz");
    let broken = lake.world.land(&key, owners(7, 5)[..40].to_vec()).await;
    lake.world.convert(&broken).await.unwrap();
    let judged = lake.judge().await;
    assert_eq!(
        (judged.state, judged.revision),
        (State::Blocked, Some(1)),
        "{judged:?}"
    );
    assert!(
        judged
            .reasons
            .iter()
            .any(|reason| reason.code == "parts_failed" && reason.message.contains("data_1"))
    );
    let mended = lake.world.land(&key, owners(7, 5)).await;
    lake.world.convert(&mended).await.unwrap();
    let judged = lake.judge().await;
    assert_eq!((judged.state, judged.parts), (State::Complete, 2), "{judged:?}");
}

#[tokio::test]
async fn a_part_whose_notice_got_lost_is_sent_again_as_s3_would_send_it() {
    let lake = Lake::with(&[("SEND_AFTER_MINUTES", "1")]).await;
    lake.part("data_0", 0).await;
    lake.land("data 1+ü", 100).await;
    let judged = lake.judge().await;
    assert_eq!(
        (judged.state, judged.missing, judged.to_send),
        (State::Open, 1, 0),
        "it has had no time yet"
    );
    age(&lake, LANDING);
    let report = lake.try_sweep(&Request::default()).await.unwrap();
    assert_eq!(report.sent, 1, "{report:?}");
    let messages = lake.queue.take();
    let [message] = &messages[..] else {
        panic!("{messages:?}")
    };
    let event: Value = serde_json::from_str(message).unwrap();
    lake.world.handle(&event).await.unwrap();
    let judged = lake.judge().await;
    assert_eq!((judged.state, judged.parts), (State::Complete, 2), "{judged:?}");
}

/// Makes everything in a bucket an hour older. The server's clock is not ours to move, but its objects are files.
fn age(lake: &Lake, bucket: &str) {
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    for path in walk(&lake.world.server.root().join(bucket)) {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(then).unwrap();
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .collect()
}

#[tokio::test]
async fn deletion_alone_takes_nothing_out_of_a_day() {
    let lake = Lake::new().await;
    let parts = [lake.part("data_0", 0).await, lake.part("data_1", 100).await];
    lake.judge().await;
    let before = lake.settled().await;
    for part in &parts {
        lake.world.delete(LANDING, &part.key).await;
        let judged = lake.judge().await;
        assert_eq!(
            (judged.state, judged.revision),
            (State::Complete, Some(1)),
            "{judged:?}"
        );
        assert_eq!(lake.settled().await, before);
    }
}

#[tokio::test]
async fn of_two_folders_for_a_date_the_newer_counts() {
    let lake = Lake::new().await;
    let old = lake.land("data_0", 0).await;
    age(&lake, LANDING);
    lake.world.convert(&old).await.unwrap();
    assert_eq!(lake.judge().await.warnings, []);
    let newer = lake.land_in(&format!("hubspot/{DATE}T09"), "data_0", 50).await;
    lake.world.convert(&newer).await.unwrap();
    let judged = lake.judge().await;
    assert_eq!(judged.state, State::Complete, "{judged:?}");
    assert!(
        judged
            .warnings
            .iter()
            .any(|warning| warning.code == "several_folders"),
        "{judged:?}"
    );
    assert_eq!(lake.published().await, [lake.world.output(&newer)]);
    assert_ne!(lake.world.output(&old), lake.world.output(&newer));
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let lake = Lake::new().await;
    lake.part("data_0", 0).await;
    let before = lake.listing().await;
    let dry = Request {
        dry_run: true,
        ..Request::default()
    };
    let days = judged(lake.try_sweep(&dry).await.unwrap());
    assert_eq!((days[DATE].state, days[DATE].revised), (State::Complete, true));
    assert_eq!(lake.listing().await, before);
}

#[tokio::test]
async fn a_forgotten_day_is_unpublished_and_the_pointer_goes_back() {
    let lake = Lake::with(&[("GRACE_DAYS", "0")]).await;
    let before = lake.land_in("hubspot/2026-11-20", "data_0", 0).await;
    lake.world.convert(&before).await.unwrap();
    let part = lake.part("data_0", 0).await;
    lake.sweep().await;
    assert_eq!(lake.json("lake/latest/latest.json").await["date"], DATE);
    let marker = format!("lake/manifest/date={DATE}/forgotten.json");
    crate::support::put(
        &lake.world.client,
        crate::support::CURATED,
        &marker,
        b"{}".to_vec(),
    )
    .await;
    let judged = lake.judge().await;
    assert_eq!(
        (judged.state, judged.published),
        (State::Forgotten, None),
        "{judged:?}"
    );
    assert_eq!(lake.published().await, Vec::<String>::new());
    assert_eq!(lake.json("lake/latest/latest.json").await["date"], "2026-11-20");
    lake.judge().await;
    assert!(!lake.listing().await.contains_key(&lake.world.output(&part)));
    assert!(lake.listing().await.contains_key(&lake.world.output(&before)));
}

#[tokio::test]
async fn only_the_days_that_are_asked_for_are_looked_at() {
    let lake = Lake::new().await;
    for date in ["2026-11-19", "2026-11-20", "2026-11-21"] {
        let notice = lake.land_in(&format!("hubspot/{date}"), "data_0", 0).await;
        lake.world.convert(&notice).await.unwrap();
    }
    let request = Request {
        days: Some((day("2026-11-20"), day("2026-11-20"))),
        ..Request::default()
    };
    let days = judged(lake.try_sweep(&request).await.unwrap());
    assert_eq!(days.keys().collect::<Vec<_>>(), ["2026-11-20"]);
}

#[tokio::test]
async fn days_are_found_however_deep_they_are_and_whatever_they_are_called() {
    let lake = Lake::new().await;
    let folders = [
        ("hubspot/2026/11/18", "2026-11-18"),
        ("hubspot/portal/20261119", "2026-11-19"),
        ("hubspot/a/b/c/d/e/f/date=2026-11-20", "2026-11-20"),
        ("hubspot/2026-11-21T04:05", "2026-11-21"),
    ];
    for (folder, _) in folders {
        let notice = lake.land_in(folder, "data_0", 0).await;
        lake.world.convert(&notice).await.unwrap();
    }
    let days = lake.sweep().await;
    for (_, date) in folders {
        assert_eq!(days[date].state, State::Complete, "{:?}", days[date]);
    }
}
