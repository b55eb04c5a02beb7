//! What is damaged or foreign is named, set aside and made anew; what a newer release wrote is left alone.

use daymark::day::State;
use daymark::server::faults::{Action, Rule};
use daymark::server::operation::Operation;
use daymark::sweep::Request;

use crate::lake::{DATE, Lake};
use crate::support::{CURATED, put};

async fn overwrite(lake: &Lake, key: &str, body: &[u8]) {
    put(&lake.world.client, CURATED, key, body.to_vec()).await;
}

#[tokio::test]
async fn whatever_is_damaged_is_as_it_was_after_some_sweeps() {
    let keys = [
        "lake/latest/latest.json".to_owned(),
        format!("lake/manifest/date={DATE}/manifest.json"),
        format!("lake/manifest/date={DATE}/manifest.json.sha256"),
        format!("lake/published/table=owners/date={DATE}/symlink.txt"),
        format!("lake/published/table=daymark_parts/date={DATE}/symlink.txt"),
        format!("lake/live/table=owners/date={DATE}/symlink.txt"),
    ];
    let lake = Lake::new().await;
    lake.part("data_0", 0).await;
    lake.judge().await;
    let before = lake.settled().await;
    for key in &keys {
        for body in [&b"something else"[..], b""] {
            overwrite(&lake, key, body).await;
            lake.sweep().await;
            let mut after = lake.settled().await;
            after.retain(|key, _| !key.contains("set-aside/"));
            assert_eq!(after, before, "{key}");
        }
        lake.world.delete(CURATED, key).await;
        lake.sweep().await;
        let mut after = lake.settled().await;
        after.retain(|key, _| !key.contains("set-aside/"));
        assert_eq!(after, before, "{key} deleted");
    }
}

#[tokio::test]
async fn a_damaged_revision_is_set_aside_and_its_number_is_not_used_again() {
    let lake = Lake::new().await;
    lake.part("data_0", 0).await;
    lake.judge().await;
    let published = lake.published().await;
    let key = format!("lake/manifest/date={DATE}/r000001.json");
    let mut json = lake.world.get(&key).await;
    let at = json
        .windows(12)
        .position(|bytes| bytes == b"rows_written")
        .unwrap()
        + 14;
    json[at] = b'9';
    overwrite(&lake, &key, &json).await;
    let judged = lake.judge().await;
    assert_eq!(
        (judged.state, judged.revision),
        (State::Complete, Some(2)),
        "{judged:?}"
    );
    assert_eq!(lake.published().await, published);
    let listing = lake.listing().await;
    assert!(!listing.contains_key(&key), "{listing:?}");
    assert!(
        listing
            .keys()
            .any(|key| key.starts_with("lake/set-aside/manifest/")),
        "{listing:?}"
    );
}

#[tokio::test]
async fn a_damaged_output_is_set_aside_and_converted_again() {
    let lake = Lake::new().await;
    let part = lake.part("data_0", 0).await;
    let output = lake.world.output(&part);
    let sound = lake.world.get(&output).await;
    overwrite(&lake, &output, b"no Parquet").await;
    let judged = lake.judge().await;
    assert_ne!(judged.state, State::Complete, "{judged:?}");
    assert!(
        judged
            .reasons
            .iter()
            .any(|reason| reason.code == "outputs_damaged"),
        "{judged:?}"
    );
    assert!(!lake.listing().await.contains_key(&output));
    lake.world.convert(&part).await.unwrap();
    assert_eq!(lake.world.get(&output).await, sound);
    assert_eq!(lake.judge().await.state, State::Complete);
}

#[tokio::test]
async fn what_a_newer_release_wrote_is_left_alone() {
    let lake = Lake::new().await;
    lake.part("data_0", 0).await;
    lake.judge().await;
    let key = format!("lake/manifest/date={DATE}/r000002.json");
    overwrite(&lake, &key, br#"{"version": 2, "date": "2026-11-22"}"#).await;
    lake.part("data_1", 100).await;
    let before = lake.settled().await;
    let report = lake.try_sweep(&Request::default()).await.unwrap();
    let error = report.days[0].judged.as_ref().unwrap_err().to_string();
    assert!(
        error.contains("newer") && error.contains("r000002.json"),
        "{error}"
    );
    assert_eq!(lake.settled().await, before);
}

#[tokio::test]
async fn a_damaged_state_of_the_sweeps_costs_a_sweep_over_all_days() {
    let lake = Lake::new().await;
    lake.part("data_0", 0).await;
    lake.judge().await;
    for body in ["{", r#"{"version": 1}"#, ""] {
        overwrite(&lake, "lake/manifest/sweep.json", body.as_bytes()).await;
        assert_eq!(lake.judge().await.state, State::Complete, "{body}");
    }
    overwrite(&lake, &format!("lake/manifest/date={DATE}/sent.json"), b"{}").await;
    assert_eq!(lake.judge().await.state, State::Complete);
}

#[tokio::test]
async fn a_listing_that_fails_half_way_changes_nothing() {
    let lake = Lake::new().await;
    lake.part("data_0", 0).await;
    lake.part("data_1", 100).await;
    let before = lake.listing().await;
    lake.world.faults().clear_log();
    lake.sweeper(1).sweep(&dry(), None).await.unwrap();
    let listings = lake.world.faults().count(Operation::ListObjectsV2) as u64;
    assert!(listings > 5, "{listings}");
    for nth in 1..=listings {
        lake.world.faults().clear();
        let fault = lake.world.faults().inject(
            Rule::on(Operation::ListObjectsV2).nth(nth).always(),
            Action::Answer(500, "InternalError"),
        );
        lake.sweeper(1)
            .sweep(&Request::default(), None)
            .await
            .unwrap_err();
        assert!(fault.fired() > 0);
        lake.world.faults().clear();
        assert_eq!(lake.listing().await, before, "listing {nth}");
    }
}

fn dry() -> Request {
    Request {
        dry_run: true,
        ..Request::default()
    }
}
