//! Revisions that were damaged and can still be read are not believed.

use daymark::day::State;
use daymark::keys::{Day, Leaf};
use daymark::manifest::{Revision, sha256};
use serde_json::{Value, json};

use crate::damage::{aside, complete};
use crate::lake::{DATE, Lake, key};
use crate::support::owners;

/// A day with two files published by its second revision, and a third that reopened it.
async fn reopened() -> Lake {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.part(DATE, "b", 4).await;
    assert_eq!(lake.quiet_day().await.revision, Some(2));
    lake.land(&key(DATE, "late"), owners(1, 2)).await;
    let day = lake.day().await;
    assert_eq!((day.state, day.revision), (State::Reopened, Some(3)));
    lake
}

/// The newest revision as the release before wrote it, which had no checksum of its history.
async fn older(lake: &Lake, number: u32) -> Value {
    let mut document = lake.revision(number).await;
    document["version"] = json!(2);
    document.as_object_mut().unwrap().remove("history_sha256");
    document
}

/// That release's revision and its copy.
async fn written_by_an_earlier_release(lake: &Lake, number: u32) -> String {
    let text = format!("{}\n", older(lake, number).await);
    lake.overwrite(&lake.leaf(Leaf::Revision(number)), text.clone())
        .await;
    lake.overwrite(&lake.leaf(Leaf::Manifest), text.clone()).await;
    let checksum = format!("{}  manifest.json\n", sha256(text.as_bytes()));
    lake.overwrite(&lake.leaf(Leaf::Checksum), checksum).await;
    text
}

#[tokio::test]
async fn no_bit_of_a_revision_is_turned_unnoticed() {
    let lake = reopened().await;
    let date = Day::parse(DATE).unwrap();
    for number in [2, 3] {
        let json = lake.text(&lake.leaf(Leaf::Revision(number))).await.unwrap();
        let json = json.into_bytes();
        assert!(Revision::parse(&json, &date, number).is_ok());
        let from = json.windows(10).position(|at| at == b"\"history\":").unwrap();
        for at in from..json.len() {
            for bit in 0..8 {
                let mut turned = json.clone();
                turned[at] ^= 1 << bit;
                assert!(
                    Revision::parse(&turned, &date, number).is_err(),
                    "revision {number}, byte {at}: {}",
                    String::from_utf8_lossy(&turned)
                );
            }
        }
    }
}

#[tokio::test]
async fn a_reopened_day_loses_nothing_by_damage_to_its_newest_revision() {
    let lake = reopened().await;
    let published = lake.under(&["published/", "latest/"]).await;
    let newest = lake.leaf(Leaf::Revision(3));
    let text = lake.text(&newest).await.unwrap();
    let damaged = text.replace("\"published\":2", "\"published\":1");
    assert_ne!(damaged, text);
    lake.overwrite(&newest, damaged.clone()).await;
    for _ in 0..2 {
        let day = lake.day().await;
        assert_eq!((day.state, day.published), (State::Reopened, Some(2)));
    }
    assert_eq!(lake.under(&["published/", "latest/"]).await, published);
    assert_eq!(aside(&lake, &newest).await, [damaged]);
    assert!(lake.told.text().contains("damaged, set aside"));
}

#[tokio::test]
async fn an_earlier_releases_revision_that_is_damaged_is_told_by_its_copy() {
    let lake = reopened().await;
    let text = written_by_an_earlier_release(&lake, 3).await;
    let before = lake.under(&[""]).await;
    lake.day().await;
    assert_eq!(lake.under(&[""]).await, before, "it stays as it is");
    let newest = lake.leaf(Leaf::Revision(3));
    for (sound, wrong) in [
        ("\"published\":2", "\"published\":1"),
        ("\"state\":\"reopened\"", "\"state\":\"blocked\""),
        ("\"late\":false", "\"late\":true"),
    ] {
        let damaged = text.replace(sound, wrong);
        assert_ne!(damaged, text);
        lake.overwrite(&newest, damaged.clone()).await;
        let all = lake.under(&[""]).await;
        let report = lake.ask("{\"dry_run\": true}").await.unwrap();
        let day = report.days[0].judged.as_ref().unwrap();
        assert_eq!((day.state, day.published), (State::Reopened, Some(2)));
        assert_eq!(lake.under(&[""]).await, all, "a dry run writes nothing");
        let day = lake.day().await;
        assert_eq!(
            (day.state, day.revision, day.published),
            (State::Reopened, Some(3), Some(2))
        );
        assert!(aside(&lake, &newest).await.contains(&damaged), "{wrong}");
        assert!(lake.told.text().contains("damaged, set aside"));
        assert_eq!(lake.text(&newest).await.as_ref(), Some(&text));
        let after = lake.under(&[""]).await;
        for (key, etag) in &before {
            assert_eq!(after.get(key), Some(etag), "{key}");
        }
    }
    // The copy is the damaged one where its checksum does not fit it.
    let copy = lake.leaf(Leaf::Manifest);
    let damaged = text.replace("\"published\":2", "\"published\":1");
    lake.overwrite(&copy, damaged).await;
    lake.day().await;
    assert_eq!(lake.text(&copy).await.as_ref(), Some(&text));
    assert_eq!(lake.text(&newest).await.as_ref(), Some(&text));
}

/// Whatever its version is.
#[tokio::test]
async fn a_revision_that_publishes_what_it_cannot_is_damaged() {
    for published in [77, 2] {
        let lake = complete().await;
        let before = lake.under(&["published/table=owners", "latest/"]).await;
        let newest = lake.leaf(Leaf::Revision(1));
        let mut document = older(&lake, 1).await;
        document["history"]["published"] = json!(published);
        let text = format!("{document}\n");
        lake.overwrite(&newest, text.clone()).await;
        let day = lake.day().await;
        assert_eq!((day.state, day.published), (State::Complete, Some(2)));
        assert_eq!(aside(&lake, &newest).await, [text]);
        assert_eq!(lake.under(&["published/table=owners", "latest/"]).await, before);
    }
    for published in [3, 4] {
        let lake = reopened().await;
        let before = lake.under(&["published/", "latest/"]).await;
        let newest = lake.leaf(Leaf::Revision(3));
        let mut document = older(&lake, 3).await;
        document["history"]["published"] = json!(published);
        let text = format!("{document}\n");
        lake.overwrite(&newest, text.clone()).await;
        let day = lake.day().await;
        assert_eq!((day.state, day.published), (State::Reopened, Some(2)));
        assert_eq!(aside(&lake, &newest).await, [text]);
        assert_eq!(lake.under(&["published/", "latest/"]).await, before);
    }
}

/// Symlinks are all that is left, so nothing tells the number of what they publish.
#[tokio::test]
async fn a_reopened_day_whose_manifests_and_ledgers_are_lost_names_an_earlier_revision() {
    let lake = reopened().await;
    let before = lake.under(&["published/table=owners", "latest/"]).await;
    for key in lake.under(&["manifest/", "parts/"]).await.into_keys() {
        lake.remove(&key).await;
    }
    for _ in 0..2 {
        let day = lake.day().await;
        assert_eq!(
            (day.state, day.revision, day.published),
            (State::Reopened, Some(2), Some(1))
        );
        assert_eq!(lake.under(&["published/table=owners", "latest/"]).await, before);
    }
    assert!(lake.under(&["set-aside/"]).await.is_empty());
    assert_eq!(lake.events("Day Reopened"), 2, "once in each history");
    lake.wait(11);
    lake.day().await;
    lake.work().await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    assert_eq!(lake.published().await.len(), 3);
}
