//! A world with a sweeper in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use daymark::app::sweep::{Judged, Report, SweepError, Sweeper};
use daymark::keys::Day;
use daymark::notice::Notice;
use daymark::queue::Queue;
use daymark::store::{Store, Tuning};
use daymark::sweep::Request;
use serde_json::Value;

use crate::support::{CURATED, World, owners};

/// The day that most tests are about.
pub const DATE: &str = "2026-11-22";

pub struct Lake {
    pub world: World,
    pub queue: Queue,
}

impl Lake {
    /// A lake that needs no quiet.
    pub async fn new() -> Lake {
        Lake::with(&[]).await
    }

    pub async fn with(settings: &[(&str, &str)]) -> Lake {
        let world = World::with(&[&[("QUIET_MINUTES", "0")], settings].concat()).await;
        Lake {
            world,
            queue: Queue::here(),
        }
    }

    /// A part of the owners' table lands.
    pub async fn land(&self, name: &str, first: u64) -> Notice {
        self.land_in(&format!("hubspot/{DATE}"), name, first).await
    }

    pub async fn land_in(&self, folder: &str, name: &str, first: u64) -> Notice {
        let key = format!("{folder}/OWNERS/{name}.csv.gz");
        self.world.land(&key, owners(first, 5)).await
    }

    /// It lands, and is converted.
    pub async fn part(&self, name: &str, first: u64) -> Notice {
        let notice = self.land(name, first).await;
        self.world.convert(&notice).await.unwrap();
        notice
    }

    pub fn sweeper(&self, attempts: u32) -> Sweeper {
        let tuning = Tuning {
            attempts,
            backoff_max: std::time::Duration::from_millis(1),
            path_style: true,
            ..Tuning::default()
        };
        let store = Store::new(&self.world.server.sdk_config(), &tuning);
        let config = Arc::new(self.world.config.clone());
        Sweeper::new(config, store, Some(self.queue.clone()), None)
    }

    pub async fn try_sweep(&self, request: &Request) -> Result<Report, SweepError> {
        self.sweeper(3).sweep(request, None).await
    }

    /// A sweep that must go well, by day.
    pub async fn sweep(&self) -> BTreeMap<String, Judged> {
        judged(self.try_sweep(&Request::default()).await.unwrap())
    }

    /// A sweep over the one day, which must be there.
    pub async fn judge(&self) -> Judged {
        let mut days = self.sweep().await;
        days.remove(DATE).unwrap_or_else(|| panic!("{days:?}"))
    }

    /// Keys and ETags of everything that is in the curated bucket.
    pub async fn listing(&self) -> BTreeMap<String, String> {
        let listed = self
            .world
            .client
            .list_objects_v2()
            .bucket(CURATED)
            .send()
            .await
            .unwrap();
        assert_ne!(listed.is_truncated(), Some(true));
        let objects = listed.contents().iter();
        objects
            .map(|object| {
                (
                    object.key().unwrap().to_owned(),
                    object.e_tag().unwrap().to_owned(),
                )
            })
            .collect()
    }

    /// The same without what tells only when sweeps were.
    pub async fn settled(&self) -> BTreeMap<String, String> {
        let mut listing = self.listing().await;
        listing.retain(|key, _| !key.ends_with("manifest/sweep.json"));
        listing
    }

    pub async fn json(&self, key: &str) -> Value {
        serde_json::from_slice(&self.world.get(key).await).unwrap()
    }

    pub async fn text(&self, key: &str) -> String {
        String::from_utf8(self.world.get(key).await).unwrap()
    }

    /// The day's manifest.
    pub async fn manifest(&self) -> Value {
        self.json(&format!("lake/manifest/date={DATE}/manifest.json"))
            .await
    }

    /// Keys of the files that are published of the owners' table.
    pub async fn published(&self) -> Vec<String> {
        let text = self
            .text(&format!("lake/published/table=owners/date={DATE}/symlink.txt"))
            .await;
        let lines = text
            .lines()
            .map(|line| line.strip_prefix(&format!("s3://{CURATED}/")).unwrap());
        lines.map(str::to_owned).collect()
    }
}

pub fn judged(report: Report) -> BTreeMap<String, Judged> {
    let days = report.days.into_iter();
    days.map(|day| (day.date.to_string(), day.judged.unwrap()))
        .collect()
}

pub fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}
