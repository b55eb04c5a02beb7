//! What somebody else put in the place of Daymark's own, or left of it, is not taken for what was published.

use daymark::day::{Remark, State};
use daymark::keys::{Leaf, Link};
use serde_json::Value;

use crate::damage::{aside, complete};
use crate::lake::{DATE, Lake, key};
use crate::support::owners;

/// A published file of the lake with one byte of its first page changed: the footer is as sound as before.
async fn edit(lake: &Lake) -> String {
    let output = lake.published().await.remove(0);
    let mut bytes = lake.world.get(&output).await;
    bytes[40] ^= 1;
    lake.overwrite(&output, bytes).await;
    output
}

#[tokio::test]
async fn other_bytes_under_a_sound_footer_are_set_aside_and_converted_again() {
    let lake = complete().await;
    let before = lake.under(&["published/", "table="]).await;
    let output = edit(&lake).await;
    let day = lake.day().await;
    assert_eq!((day.state, day.published), (State::Reopened, Some(1)));
    let damaged =
        |it: &Remark| it.code == "outputs_damaged" && it.message.contains("expected what was published");
    assert!(day.reasons.iter().any(damaged), "{:?}", day.reasons);
    assert_eq!(aside(&lake, &output).await.len(), 1);
    lake.wait(11);
    lake.day().await;
    lake.work().await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    let after = lake.under(&["published/", "table="]).await;
    let same = |link: &str| before.get(link) == after.get(link);
    assert!(
        before
            .keys()
            .filter(|it| !it.contains("daymark_parts"))
            .all(|it| same(it))
    );
}

#[tokio::test]
async fn other_bytes_whose_source_is_gone_are_warned_of() {
    let lake = complete().await;
    for name in ["a", "b"] {
        lake.purge(&key(DATE, name)).await;
    }
    edit(&lake).await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.published), (State::Complete, Some(2)));
    assert!(day.warnings.iter().any(|it| it.code == "outputs_changed"));
}

#[tokio::test]
async fn of_a_reopened_day_whose_revision_is_lost_the_one_stays_published_that_the_symlinks_name() {
    for gone in [false, true] {
        let lake = complete().await;
        lake.land(&key(DATE, "late"), owners(1, 2)).await;
        assert_eq!(lake.day().await.state, State::Reopened);
        let lost = lake.leaf(Leaf::Revision(2));
        match gone {
            true => lake.remove(&lost).await,
            false => lake.overwrite(&lost, "damaged").await,
        }
        let day = lake.day().await;
        assert_eq!(
            (day.state, day.revision, day.published),
            (State::Reopened, Some(3), Some(1))
        );
        assert!(day.warnings.iter().all(|it| it.code != "revision_lost"));
        assert_eq!(lake.revision(3).await["history"]["published"], 1);
    }
}

#[tokio::test]
async fn a_foreign_revision_of_a_higher_number_is_not_the_published_one() {
    let lake = complete().await;
    lake.overwrite(&lake.leaf(Leaf::Revision(7)), "foreign").await;
    lake.land(&key(DATE, "late"), owners(1, 2)).await;
    let day = lake.day().await;
    assert_eq!(
        (day.state, day.revision, day.published),
        (State::Reopened, Some(8), Some(1))
    );
}

#[tokio::test]
async fn symlinks_of_a_day_of_which_nothing_else_is_left_are_emptied() {
    let lake = Lake::new().await;
    let earlier = "2026-11-21";
    let other = lake.part(earlier, "a", 3).await;
    lake.part(DATE, "a", 3).await;
    lake.part(DATE, "b", 4).await;
    lake.quiet_day().await;
    for name in ["a", "b"] {
        lake.purge(&key(DATE, name)).await;
    }
    let all = lake.under(&[""]).await.into_keys();
    for left in all.filter(|it| it.contains(DATE) && !it.ends_with("symlink.txt")) {
        lake.remove(&left).await;
    }
    lake.sweep().await;
    assert_eq!(
        lake.published().await.len(),
        2,
        "another sweep may have seen more"
    );
    lake.wait(61);
    lake.sweep().await;
    for link in [Link::Published, Link::Live] {
        assert!(lake.files(link, "owners", DATE).await.is_empty());
        assert_eq!(lake.files(link, "owners", earlier).await, lake.outputs(&[&other]));
    }
    assert_eq!(lake.latest().await.as_deref(), Some(earlier));
    // As a sweep leaves it that ends between the two.
    lake.overwrite("lake/latest/latest.json", format!("{{\"date\":\"{DATE}\"}}\n"))
        .await;
    lake.sweep().await;
    assert_eq!(lake.latest().await.as_deref(), Some(earlier));
}

#[tokio::test]
async fn a_damaged_manifest_of_an_earlier_day_teaches_no_types() {
    let lake = complete().await;
    let later = "2026-11-23";
    let earlier = lake.leaf(Leaf::Manifest);
    let mut manifest: Value = serde_json::from_str(&lake.text(&earlier).await.unwrap()).unwrap();
    for column in manifest["content"]["tables"]["owners"]["columns"]
        .as_array_mut()
        .unwrap()
    {
        column["type"] = "date".into();
    }
    lake.overwrite(&earlier, manifest.to_string()).await;
    lake.remove("lake/manifest/sweep.json").await;
    lake.part(later, "a", 3).await;
    lake.wait(61);
    let report = lake.ask(&format!("{{\"date\": \"{later}\"}}")).await.unwrap();
    let judged = report.days[0].judged.as_ref().unwrap();
    assert_eq!(judged.state, State::Complete, "{:?}", judged.reasons);
}
