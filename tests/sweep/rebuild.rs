//! Everything is rebuilt from what S3 holds.

use daymark::day::State;
use daymark::manifest::Revision;

use crate::lake::{DATE, Lake, day};
use crate::support::{CURATED, LANDING};

/// Deletes what sweeps wrote.
async fn lose_everything(lake: &Lake) {
    for key in lake.listing().await.into_keys() {
        if ["manifest/", "published/", "live/", "latest/", "parts/"]
            .iter()
            .any(|folder| key.contains(folder))
        {
            lake.world.delete(CURATED, &key).await;
        }
    }
}

async fn revision(lake: &Lake, number: u32) -> Revision {
    let key = format!("lake/manifest/date={DATE}/r{number:06}.json");
    Revision::parse(&lake.world.get(&key).await, &day(DATE), number).unwrap()
}

#[tokio::test]
async fn lost_manifests_symlinks_and_pointers_come_back() {
    let lake = Lake::new().await;
    lake.part("data_0", 0).await;
    lake.part("data_1", 100).await;
    lake.judge().await;
    // Some history, so that there is something to lose.
    lake.part("data_1", 200).await;
    lake.part("data_2", 300).await;
    lake.judge().await;
    let before = lake.settled().await;
    let old = revision(&lake, 2).await;
    lose_everything(&lake).await;
    let judged = lake.judge().await;
    assert_eq!(
        (judged.state, judged.revision),
        (State::Complete, Some(1)),
        "{judged:?}"
    );
    let new = revision(&lake, 1).await;
    assert_eq!(new.content, old.content);
    assert_eq!(new.content_sha256, old.content_sha256);
    let after = lake.settled().await;
    for (key, etag) in &before {
        let is_history = key.contains("manifest/") || key.contains("parts/") || key.contains("daymark_parts");
        assert!(is_history || after.get(key) == Some(etag), "{key}");
    }
}

#[tokio::test]
async fn a_purged_day_comes_back_from_its_footers_as_archived() {
    let lake = Lake::new().await;
    let parts = [lake.part("data_0", 0).await, lake.part("data_1", 100).await];
    lake.judge().await;
    let published = lake.published().await;
    let old = revision(&lake, 1).await;
    for part in parts {
        lake.world.delete(LANDING, &part.key).await;
    }
    lose_everything(&lake).await;
    let judged = lake.judge().await;
    assert_eq!(
        (judged.state, judged.revision),
        (State::Archived, Some(1)),
        "{judged:?}"
    );
    assert_eq!(lake.published().await, published);
    let new = revision(&lake, 1).await;
    assert_eq!(new.content.unwrap().tables, old.content.unwrap().tables);
    assert!(!lake.judge().await.revised);
}
