//! Sweeps over a real S3 protocol: from parts that landed to days that are whole.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use daymark::app::sweep::{Judged, Sweeper};
use daymark::day::State;
use daymark::queue::Queue;
use daymark::store::{Store, Tuning};
use daymark::sweep::Request;
use support::{World, owners};

fn sweeper(world: &World, queue: &Queue) -> Sweeper {
    let tuning = Tuning {
        path_style: true,
        ..Tuning::default()
    };
    let store = Store::new(&world.server.sdk_config(), &tuning);
    Sweeper::new(Arc::new(world.config.clone()), store, Some(queue.clone()), None)
}

async fn sweep(world: &World, queue: &Queue) -> Vec<(String, Judged)> {
    let report = sweeper(world, queue)
        .sweep(&Request::default(), None)
        .await
        .unwrap();
    let days = report.days.into_iter();
    days.map(|day| (day.date.to_string(), day.judged.unwrap()))
        .collect()
}

#[tokio::test]
async fn a_day_whose_parts_are_converted_and_quiet_is_complete_and_published() {
    let world = World::with(&[("QUIET_MINUTES", "0")]).await;
    let queue = Queue::here();
    for nth in 0..3_u64 {
        let key = format!("hubspot/2026-11-22/OWNERS/data_{nth}.csv.gz");
        let notice = world.land(&key, owners(10 * nth, 10)).await;
        world.convert(&notice).await.unwrap();
    }
    let days = sweep(&world, &queue).await;
    let [(date, day)] = &days[..] else {
        panic!("{days:?}")
    };
    assert_eq!(
        (date.as_str(), day.state, day.parts),
        ("2026-11-22", State::Complete, 3),
        "{day:?}"
    );
    assert_eq!(day.revision, Some(1));
    let keys = world.curated().await;
    println!("{keys:#?}");
    let again = sweep(&world, &queue).await;
    assert_eq!(again[0].1.revision, Some(1), "{again:?}");
    assert!(!again[0].1.revised);
    assert_eq!(world.curated().await, keys);
}
