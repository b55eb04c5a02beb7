//! A sweep may die before or after any of its requests; the next one ends what it began.

use daymark::day::State;
use daymark::manifest::Revision;
use daymark::server::faults::{Action, Rule};
use daymark::sweep::Request;

use crate::lake::{DATE, Lake, day};

/// A day that was complete once and is about to be again: there is something to write of every kind.
async fn scene() -> Lake {
    let lake = Lake::new().await;
    lake.part("data_0", 0).await;
    lake.judge().await;
    lake.part("data_0", 50).await;
    lake.part("data_1", 100).await;
    lake
}

/// What has to be the same however often sweeps died on the way: all but the numbers of revisions.
async fn end(lake: &Lake) -> (Vec<String>, String, Revision) {
    let judged = lake.judge().await;
    assert_eq!(judged.state, State::Complete, "{judged:?}");
    let number = judged.revision.unwrap();
    let key = format!("lake/manifest/date={DATE}/r{number:06}.json");
    let revision = Revision::parse(&lake.world.get(&key).await, &day(DATE), number).unwrap();
    let manifest = lake
        .world
        .get(&format!("lake/manifest/date={DATE}/manifest.json"))
        .await;
    assert_eq!(manifest, lake.world.get(&key).await);
    let announced = format!("lake/manifest/date={DATE}/r{number:06}.announced");
    assert!(lake.listing().await.contains_key(&announced));
    (
        lake.published().await,
        lake.text("lake/latest/latest.json").await,
        revision,
    )
}

/// What of a revision is the same in every world: all but when its sources landed.
fn parts(revision: &Revision) -> Vec<(&str, &str, u64)> {
    let tables = revision.content.as_ref().unwrap().tables.values();
    let parts = tables.flat_map(|table| &table.parts);
    let told = parts.map(|part| {
        (
            part.output.key.as_str(),
            part.source.sha256.as_str(),
            part.rows_written,
        )
    });
    told.collect()
}

#[tokio::test]
async fn a_crash_before_or_after_any_request_heals() {
    let lake = scene().await;
    lake.world.faults().clear_log();
    let (published, latest, revision) = end(&lake).await;
    let requests = lake.world.faults().log().len() as u64;
    assert!(requests > 25, "{requests}");
    for nth in 1..=requests {
        for last in [Action::Refuse, Action::LoseAnswer] {
            let lake = scene().await;
            let faults = lake.world.faults();
            faults.inject(Rule::any().nth(nth + 1).always(), Action::Refuse);
            faults.inject(Rule::any().nth(nth), last.clone());
            // It may come to its end where what is left of it is not needed.
            let _ = lake.sweeper(1).sweep(&Request::default(), None).await;
            faults.clear();
            let healed = end(&lake).await;
            assert_eq!((&healed.0, &healed.1), (&published, &latest), "{last:?} {nth}");
            assert_eq!(parts(&healed.2), parts(&revision), "{last:?} {nth}");
            assert_eq!(
                healed.2.history.revision, 2,
                "{last:?} {nth}: no revision is made twice"
            );
            let settled = lake.settled().await;
            lake.judge().await;
            assert_eq!(lake.settled().await, settled, "{last:?} {nth}");
        }
    }
}
