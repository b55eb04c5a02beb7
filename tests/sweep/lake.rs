//! A Daymark whose clock is held: parts land, time passes, sweeps come.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use daymark::app::handler::{Handler, Invocation};
use daymark::app::sweep::{Judged, Report, SweepError, Sweeper};
use daymark::bus::Bus;
use daymark::config::Config;
use daymark::keys::{Day, Leaf, Link};
use daymark::notice::Notice;
use daymark::queue::Queue;
use daymark::server::clock::Clock;
use daymark::server::faults::{Action, Hook, Rule};
use daymark::server::operation::Operation;
use daymark::store::{Store, Tuning};
use daymark::sweep::Request;
use daymark::telemetry::{Level, Metrics, subscriber};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::subscriber::DefaultGuard;

use crate::support::{CURATED, Captured, LANDING, World, config, owners, put};

/// 2026-11-22 10:00:00 UTC
pub const TEN_MS: u64 = 1_795_341_600_000;

pub const DATE: &str = "2026-11-22";

/// Objects of the curated bucket: ETag and last-modified by key.
pub type Listed = BTreeMap<String, (String, i64)>;

pub struct Lake {
    pub world: World,
    pub clock: Clock,
    pub queue: Queue,
    pub config: Arc<Config>,
    pub told: Captured,
    store: Store,
    /// Gives up at once.
    fragile: Store,
    _log: DefaultGuard,
}

/// Name of a part of table OWNERS.
pub fn key(date: &str, name: &str) -> String {
    format!("hubspot/{date}/OWNERS/{name}.csv.gz")
}

/// Somebody who stands still before a request, until told to go on.
#[derive(Clone, Default)]
pub struct Stall {
    /// Notified once they do.
    pub held: Arc<Notify>,
    pub go: Arc<Notify>,
}

impl Stall {
    /// What makes them.
    pub fn action(&self) -> Action {
        let stall = self.clone();
        Action::Before(Hook::new(move || {
            let stall = stall.clone();
            async move {
                stall.held.notify_one();
                stall.go.notified().await;
            }
        }))
    }
}

impl Lake {
    pub async fn new() -> Lake {
        Lake::with(&[]).await
    }

    pub async fn with(settings: &[(&str, &str)]) -> Lake {
        let told = Captured::default();
        let log = tracing::subscriber::set_default(subscriber(Level::Info, told.clone()));
        let clock = Clock::held(TEN_MS);
        let world = World::at(settings, clock.clone()).await;
        let store = |attempts| {
            let tuning = Tuning {
                attempts,
                backoff_max: Duration::from_millis(1),
                path_style: true,
                ..Tuning::default()
            };
            Store::new(&world.server.sdk_config(), &tuning)
        };
        Lake {
            config: Arc::new(world.config.clone()),
            clock,
            queue: Queue::here(),
            told,
            store: store(3),
            fragile: store(1),
            _log: log,
            world,
        }
    }

    /// From here on with these settings.
    pub fn configure(&mut self, settings: &[(&str, &str)]) {
        self.config = Arc::new(config(settings));
    }

    pub fn wait(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    pub async fn land(&self, key: &str, bytes: Vec<u8>) -> Notice {
        self.world.land(key, bytes).await
    }

    /// Lands and is converted.
    pub async fn arrive(&self, key: &str, bytes: Vec<u8>) -> Notice {
        let notice = self.land(key, bytes).await;
        self.convert(&notice).await;
        notice
    }

    /// A part of OWNERS with so many rows.
    pub async fn part(&self, date: &str, name: &str, rows: u64) -> Notice {
        self.arrive(&key(date, name), owners(1, rows)).await
    }

    pub async fn convert(&self, notice: &Notice) {
        let event = crate::support::s3_event(notice);
        self.handle(&event).await;
    }

    /// By a converter that a single lost connection ends. What it says then is of no interest.
    pub async fn convert_fragile(&self, notice: &Notice) {
        let metrics = Metrics::to("test", Captured::default());
        let handler = Handler::new((*self.config).clone(), self.fragile.clone(), metrics);
        let invocation = Invocation {
            request_id: "test".to_owned(),
            deadline: None,
        };
        let event = crate::support::s3_event(notice).to_string();
        drop(handler.handle(event.as_bytes(), invocation).await);
    }

    /// The converter, with today's settings.
    pub async fn handle(&self, event: &Value) {
        let metrics = Metrics::to("test", Captured::default());
        let handler = Handler::new((*self.config).clone(), self.store.clone(), metrics);
        let invocation = Invocation {
            request_id: "test".to_owned(),
            deadline: None,
        };
        handler
            .handle(event.to_string().as_bytes(), invocation)
            .await
            .unwrap();
    }

    /// Everything in the queue is converted.
    pub async fn work(&self) {
        for body in self.queue.take() {
            self.handle(&serde_json::from_str(&body).unwrap()).await;
        }
    }

    pub fn sweeper(&self) -> Sweeper {
        let queue = Some(self.queue.clone());
        Sweeper::new(Arc::clone(&self.config), self.store.clone(), queue, None)
    }

    /// One with another queue, or with a bus.
    pub fn sweeper_with(&self, queue: Queue, bus: Option<Bus>) -> Sweeper {
        Sweeper::new(Arc::clone(&self.config), self.store.clone(), Some(queue), bus)
    }

    /// One that a single lost connection ends.
    pub fn fragile(&self) -> Sweeper {
        let queue = Some(self.queue.clone());
        Sweeper::new(Arc::clone(&self.config), self.fragile.clone(), queue, None)
    }

    pub async fn ask(&self, request: &str) -> Result<Report, SweepError> {
        let request = Request::parse(request.as_bytes()).unwrap();
        self.sweeper().sweep(&request, None).await
    }

    pub async fn stop_at_once(&self) -> Report {
        let sweeper = self.sweeper();
        let request = Request::default();
        sweeper.sweep(&request, Some(Instant::now())).await.unwrap()
    }

    /// A sweeper whose time is over once it has written a revision of this day.
    pub fn stopped_in(&self, date: &str) -> Sweeper {
        let stop = Arc::new(AtomicBool::new(false));
        let sweeper = self.sweeper().stopping_once(Arc::clone(&stop));
        let rule = Rule::on(Operation::PutObject).key_contains(&format!("manifest/date={date}/r0"));
        let hook = Hook::new(move || {
            stop.store(true, Ordering::Relaxed);
            async {}
        });
        self.world.faults().inject(rule, Action::After(hook));
        sweeper
    }

    /// What comes of something that stands still before a request until something else has ended, and of that.
    pub async fn held_up<T, M>(
        &self,
        rule: Rule,
        stalled: impl Future<Output = T>,
        meanwhile: impl Future<Output = M>,
    ) -> (T, M) {
        let stall = Stall::default();
        let held_up = self.world.faults().inject(rule, stall.action());
        let mut stalled = pin!(stalled);
        tokio::select! {
            () = stall.held.notified() => {}
            _ = &mut stalled => panic!("it ended without the request that was to hold it up"),
        }
        self.world.faults().clear();
        let other = async {
            let other = meanwhile.await;
            stall.go.notify_one();
            other
        };
        let ended = tokio::join!(stalled, other);
        assert_eq!(held_up.fired(), 1);
        ended
    }

    /// A sweep of which every day came to an end.
    pub async fn sweep(&self) -> BTreeMap<String, Judged> {
        let report = self.ask("{}").await.unwrap();
        let days = report.days.into_iter();
        days.map(|day| (day.date.to_string(), day.judged.unwrap()))
            .collect()
    }

    /// A sweep, and what it says of [`DATE`].
    pub async fn day(&self) -> Judged {
        self.sweep().await.remove(DATE).unwrap()
    }

    /// The same when nothing has changed for long enough.
    pub async fn quiet_day(&self) -> Judged {
        self.wait(61);
        self.day().await
    }

    pub async fn text(&self, key: &str) -> Option<String> {
        let get = self.world.client.get_object().bucket(CURATED).key(key).send();
        let Ok(found) = get.await else { return None };
        let bytes = found.body.collect().await.unwrap().to_vec();
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub async fn overwrite(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        put(&self.world.client, CURATED, key, bytes.into()).await;
    }

    /// In a multipart upload, whose ETag is not the content's MD5.
    pub async fn overwrite_in_parts(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let client = &self.world.client;
        let upload = client.create_multipart_upload().bucket(CURATED).key(key);
        let id = upload.send().await.unwrap().upload_id.unwrap();
        let body = bytes.into().into();
        let part = client.upload_part().bucket(CURATED).key(key).upload_id(&id);
        let part = part.part_number(1).body(body).send().await.unwrap();
        let part = CompletedPart::builder()
            .part_number(1)
            .set_e_tag(part.e_tag)
            .build();
        let parts = CompletedMultipartUpload::builder().parts(part).build();
        let complete = client.complete_multipart_upload().bucket(CURATED).key(key);
        let complete = complete.upload_id(&id).multipart_upload(parts);
        complete.send().await.unwrap();
    }

    /// Marks the day.
    pub async fn forget(&self) {
        self.overwrite(
            &self.leaf(Leaf::Forgotten),
            daymark::manifest::forgotten().unwrap(),
        )
        .await;
    }

    pub async fn remove(&self, key: &str) {
        self.world.delete(CURATED, key).await;
    }

    pub async fn purge(&self, key: &str) {
        self.world.delete(LANDING, key).await;
    }

    pub async fn listing(&self) -> Listed {
        let list = self.world.client.list_objects_v2().bucket(CURATED);
        let mut pages = list.into_paginator().send();
        let mut all = BTreeMap::new();
        while let Some(page) = pages.next().await {
            for object in page.unwrap().contents.unwrap_or_default() {
                let etag = object.e_tag.unwrap().trim_matches('"').to_owned();
                let changed_ms = object.last_modified.unwrap().to_millis().unwrap();
                all.insert(object.key.unwrap(), (etag, changed_ms));
            }
        }
        all
    }

    /// Objects under these folders, each with its ETag.
    pub async fn under(&self, folders: &[&str]) -> BTreeMap<String, String> {
        let listing = self.listing().await.into_iter();
        let wanted = |key: &String| {
            let path = key.strip_prefix("lake/").unwrap();
            folders.iter().any(|folder| path.starts_with(folder)) && path != "manifest/sweep.json"
        };
        listing
            .filter(|(key, _)| wanted(key))
            .map(|(key, (etag, _))| (key, etag))
            .collect()
    }

    /// Keys that a table's symlink of a day names.
    pub async fn files(&self, link: Link, table: &str, date: &str) -> Vec<String> {
        let key = self.config.layout.link(link, table, &Day::parse(date).unwrap());
        let start = format!("s3://{CURATED}/");
        let text = self.text(&key).await.unwrap_or_default();
        let lines = text
            .lines()
            .map(|line| line.strip_prefix(&start).unwrap().to_owned());
        lines.collect()
    }

    /// Keys that are published of OWNERS on [`DATE`].
    pub async fn published(&self) -> Vec<String> {
        self.files(Link::Published, "owners", DATE).await
    }

    pub fn leaf(&self, leaf: Leaf) -> String {
        self.config.layout.leaf(&Day::parse(DATE).unwrap(), leaf)
    }

    pub async fn revision(&self, number: u32) -> Value {
        let text = self.text(&self.leaf(Leaf::Revision(number))).await;
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    pub async fn latest(&self) -> Option<String> {
        let text = self.text(&self.config.layout.latest()).await?;
        Some(
            serde_json::from_str::<Value>(&text).ok()?["date"]
                .as_str()?
                .to_owned(),
        )
    }

    /// How often an event was told.
    pub fn events(&self, detail_type: &str) -> usize {
        let text = self.told.text();
        let lines = text.lines();
        lines
            .filter(|line| line.contains("a day's event") && line.contains(detail_type))
            .count()
    }

    /// What was told, in its order: the events' kinds and details.
    pub fn told_events(&self) -> Vec<(String, String)> {
        let text = self.told.text();
        let lines = text.lines().filter(|line| line.contains("a day's event"));
        let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        lines
            .map(|line| (text(&line["event"]), text(&line["detail"])))
            .collect()
    }

    /// What a sorted list of notices is converted to.
    pub fn outputs(&self, notices: &[&Notice]) -> Vec<String> {
        let mut keys: Vec<String> = notices.iter().map(|notice| self.world.output(notice)).collect();
        keys.sort();
        keys
    }
}
