//! What a newer release wrote is left alone, with an error.

use daymark::day::State;
use daymark::keys::Leaf;

use crate::damage::complete;
use crate::lake::{DATE, Lake};
use crate::support::{CURATED, put};

#[tokio::test]
async fn what_a_newer_release_wrote_is_left_alone() {
    let lake = complete().await;
    for key in [lake.leaf(Leaf::Revision(2)), lake.leaf(Leaf::Manifest)] {
        lake.overwrite(&key, r#"{"version": 3, "history": {"revision": 2}}"#)
            .await;
        let before = lake.under(&[""]).await;
        let report = lake.ask("{}").await.unwrap();
        let error = report.days[0].judged.as_ref().unwrap_err().to_string();
        assert!(error.contains("newer release") && error.contains(&key), "{error}");
        assert_eq!(lake.under(&[""]).await, before);
        lake.remove(&key).await;
    }
    assert_eq!(lake.day().await.revision, Some(1));
}

/// Members that this release does not know are no damage where the version says that there may be some.
#[tokio::test]
async fn what_a_newer_release_counts_and_remembers_is_left_alone() {
    let lake = complete().await;
    let newer = r#"{"version": 3, "more": 1}"#;
    let sent = lake.leaf(Leaf::Sent);
    lake.overwrite(&sent, newer).await;
    let report = lake.ask("{}").await.unwrap();
    let error = report.days[0].judged.as_ref().unwrap_err().to_string();
    assert!(
        error.contains("newer release") && error.contains(&sent),
        "{error}"
    );
    assert_eq!(lake.text(&sent).await.as_deref(), Some(newer));
    lake.remove(&sent).await;
    let state = "lake/manifest/sweep.json";
    lake.overwrite(state, newer).await;
    let error = lake.ask("{}").await.unwrap_err().to_string();
    assert!(
        error.contains("newer release") && error.contains(state),
        "{error}"
    );
    assert_eq!(lake.text(state).await.as_deref(), Some(newer));
}

/// Parquet as a newer release would leave it, which has its record in another form.
fn of_a_newer_release(mut parquet: Vec<u8>) -> Vec<u8> {
    let version = b"{\"version\":1,";
    let at = parquet
        .windows(version.len())
        .rposition(|window| window == version);
    parquet[at.unwrap() + version.len() - 2] = b'2';
    parquet
}

#[tokio::test]
async fn parquet_that_a_newer_release_wrote_is_left_alone() {
    let lake = complete().await;
    let output = lake.published().await.remove(0);
    let before = lake.world.get(&output).await;
    put(
        &lake.world.client,
        CURATED,
        &output,
        of_a_newer_release(before.clone()),
    )
    .await;
    let of_day = &[
        "published/table=owners/date=2026-11-22",
        "manifest/date=2026-11-22",
    ];
    let (seen, outputs) = (lake.under(of_day).await, lake.under(&["table="]).await);
    // Neither that day nor another one that becomes complete meanwhile loses anything.
    let other = lake.part("2026-11-21", "a", 3).await;
    for _ in 0..2 {
        lake.wait(61);
        let report = lake.ask("{}").await.unwrap();
        let [sound, newer] = &report.days[..] else {
            panic!("{report:?}")
        };
        assert_eq!(sound.judged.as_ref().unwrap().state, State::Complete);
        let error = newer.judged.as_ref().unwrap_err().to_string();
        for words in ["newer release", &output, "version 2"] {
            assert!(error.contains(words), "{error}");
        }
    }
    assert_eq!(lake.under(of_day).await, seen);
    let mut after = lake.under(&["table="]).await;
    assert!(after.remove(&lake.world.output(&other)).is_some());
    assert_eq!(after, outputs);
    assert!(lake.under(&["set-aside/"]).await.is_empty());
    put(&lake.world.client, CURATED, &output, before).await;
    let day = lake.day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(1)));
}

/// It says nothing of the day that could be published, so the day waits.
#[tokio::test]
async fn parquet_that_a_newer_release_wrote_keeps_its_day_from_being_published() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    let output = lake.world.output(&a);
    let parquet = of_a_newer_release(lake.world.get(&output).await);
    put(&lake.world.client, CURATED, &output, parquet).await;
    let before = lake.under(&[""]).await;
    lake.wait(61);
    let report = lake.ask("{}").await.unwrap();
    let error = report.days[0].judged.as_ref().unwrap_err().to_string();
    assert!(
        error.contains("newer release") && error.contains(&output),
        "{error}"
    );
    assert_eq!(lake.under(&[""]).await, before);
}
