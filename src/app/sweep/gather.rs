//! A few days at a time, as the listings show them: the curated bucket first, then the landing bucket.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::SweepError;
use super::landing::{self, Landed, Landing};
use super::recalled;
use super::streams::{Family, Streams, Tables};
use crate::config::Config;
use crate::day::{FailureSeen, OutputSeen, Seen, SourceSeen, TableSeen};
use crate::keys::{Day, Kind, Layout, Leaf, Link};
use crate::part::{Identity, PartId, Profile};
use crate::store::{Listed, Store};

/// Days that are gathered at once: enough that their requests fill the time between each other.
const DAYS_MAX: usize = 64;

/// Curated objects beyond which no further day is gathered. One day is always whole.
const OBJECTS_MAX: usize = 50_000;

/// What stands in the curated bucket of one day, beside parts.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// By what it is.
    pub(super) leaves: BTreeMap<Leaf, Listed>,
    /// Symlinks, by table.
    pub(super) links: BTreeMap<(Link, String), Listed>,
    /// Ledgers, by key.
    pub(super) ledgers: BTreeMap<String, Listed>,
}

impl Written {
    /// Symlinks as they are to be, with an empty one for each table that has one and is to have none: Athena reads it as no rows.
    pub(super) fn with_emptied(
        &self,
        link: Link,
        mut wanted: BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        for (_, table) in self.links.keys().filter(|(other, _)| *other == link) {
            wanted.entry(table.clone()).or_default();
        }
        wanted
    }

    /// The object that has the number of a revision: itself, its announcement, or its ledger.
    pub(super) fn numbered(&self, number: u32, layout: &Layout) -> Option<&str> {
        let of_leaf = |leaf: Leaf| self.leaves.get(&leaf).map(|listed| listed.key.as_str());
        let mut ledgers = self.ledgers.keys();
        of_leaf(Leaf::Revision(number))
            .or_else(|| of_leaf(Leaf::Announced(number)))
            .or_else(|| {
                ledgers
                    .find(|key| layout.parse_parts_ledger(key) == Some(number))
                    .map(String::as_str)
            })
    }

    /// Whether a published symlink names files of the day.
    pub(super) fn is_published(&self) -> bool {
        let links = self.links.iter();
        let mut published = links.filter(|((link, _), _)| *link == Link::Published);
        published.any(|(_, listed)| listed.size_bytes > 0)
    }
}

/// One day, listed.
#[derive(Clone, Debug)]
pub(super) struct Gathered {
    pub(super) seen: Seen,
    pub(super) written: Written,
}

/// What is found once for all spans of a sweep: its listings do not depend on the days.
pub(super) struct Folders {
    tables: Tables,
    landing: Landing,
    /// Days of which there are manifests, in their order.
    pub(super) told: Vec<Day>,
}

impl Folders {
    /// Looks for them, in the curated bucket first.
    pub(super) async fn find(store: &Store, config: &Config) -> Result<Self, SweepError> {
        let layout = &config.layout;
        Ok(Folders {
            told: recalled::days_told(store, layout).await?,
            tables: Tables::find(store, layout).await?,
            landing: Landing::find(store, layout, config.days.requests_max).await?,
        })
    }
}

/// Goes through a span of days, some at a time.
pub(super) struct Gatherer {
    store: Store,
    config: Arc<Config>,
    streams: Streams,
    landing: Landing,
    profiles: HashMap<String, Profile>,
    now_ms: i64,
    from: Day,
    to: Day,
}

impl Gatherer {
    /// Begins a span. `now_ms` is S3's clock from before.
    pub(super) async fn open(
        store: &Store,
        config: &Arc<Config>,
        folders: &Folders,
        from: &Day,
        to: &Day,
        now_ms: i64,
    ) -> Result<Self, SweepError> {
        let requests_max = config.days.requests_max;
        let streams = Streams::open(store, &config.layout, &folders.tables, from, to, requests_max).await?;
        let mut landing = folders.landing.clone();
        landing.days.retain(|day, _| from <= day && day <= to);
        Ok(Gatherer {
            store: store.clone(),
            config: Arc::clone(config),
            streams,
            landing,
            profiles: HashMap::new(),
            now_ms,
            from: from.clone(),
            to: to.clone(),
        })
    }

    /// The next days in their order. Empty: there are no more.
    pub(super) async fn next(&mut self) -> Result<Vec<Gathered>, SweepError> {
        let loose = !self.landing.loose.is_empty();
        let mut days: BTreeMap<Day, (Seen, Written)> = BTreeMap::new();
        let mut objects = 0;
        // Curated before landing: so where loose folders can hold parts of any day, all days have to be gathered first.
        while loose || (days.len() < DAYS_MAX && objects < OBJECTS_MAX) {
            let Some(day) = self.next_day(days.keys().next_back()) else {
                break;
            };
            let mut seen = Seen {
                date: day.clone(),
                now_ms: self.now_ms,
                tables: BTreeMap::new(),
                forgotten: false,
            };
            let mut written = Written::default();
            for (family, listed) in self.streams.take(&day).await? {
                objects += listed.len();
                self.put(family, listed, &mut seen, &mut written);
            }
            days.insert(day, (seen, written));
        }
        self.list_landing(&mut days).await?;
        let mut gathered = Vec::with_capacity(days.len());
        for (mut seen, written) in days.into_values() {
            for (name, table) in &mut seen.tables {
                table.profile = self.profile(name)?.to_string();
            }
            gathered.push(Gathered { seen, written });
        }
        Ok(gathered)
    }

    /// The first day after `last` of which there is anything.
    fn next_day(&self, last: Option<&Day>) -> Option<Day> {
        let listed = self.streams.next_day();
        let mut landed = self.landing.days.keys();
        let landed = landed.find(|day| last.is_none_or(|last| *day > last));
        [listed, landed.filter(|_| self.landing.loose.is_empty())]
            .into_iter()
            .flatten()
            .min()
            .cloned()
    }

    /// The landing bucket's parts of these days.
    async fn list_landing(&mut self, days: &mut BTreeMap<Day, (Seen, Written)>) -> Result<(), SweepError> {
        let (store, layout) = (&self.store, &self.config.layout);
        let mut folders: Vec<String> = Vec::new();
        for day in days.keys() {
            folders.extend(self.landing.days.remove(day).into_iter().flatten());
        }
        if !self.landing.loose.is_empty() {
            folders.append(&mut self.landing.loose);
            folders.extend(std::mem::take(&mut self.landing.days).into_values().flatten());
        }
        let listed = stream::iter(folders.iter().map(|folder| landing::parts(store, layout, folder)));
        let mut listed = listed.buffer_unordered(self.config.days.requests_max);
        let mut all: Vec<Landed> = Vec::new();
        while let Some(parts) = listed.try_next().await? {
            all.extend(parts);
        }
        drop(listed);
        for landed in all {
            let day = landed.part.date.clone();
            if day < self.from || day > self.to {
                continue;
            }
            let profile = self.profile(&landed.part.table)?;
            let (seen, _) = days.entry(day.clone()).or_insert_with(|| {
                let seen = Seen {
                    date: day,
                    now_ms: self.now_ms,
                    tables: BTreeMap::new(),
                    forgotten: false,
                };
                (seen, Written::default())
            });
            let bucket = self.config.layout.landing().bucket();
            let table = seen.tables.entry(landed.part.table.clone()).or_default();
            table.sources.push(source(landed, bucket, &profile));
        }
        Ok(())
    }

    fn put(&self, family: Family, listed: Vec<Listed>, seen: &mut Seen, written: &mut Written) {
        let layout = &self.config.layout;
        for object in listed {
            match &family {
                Family::Outputs(table) => {
                    if let Some((part, id)) = layout.parse_output(&object.key) {
                        let table: &mut TableSeen = seen.tables.entry(table.clone()).or_default();
                        table.outputs.push(OutputSeen {
                            stem: part.stem,
                            id,
                            etag: object.etag,
                            size_bytes: object.size_bytes,
                            last_modified_ms: object.last_modified_ms,
                        });
                    }
                }
                Family::Failures(table) => {
                    if let Some((Kind::Failure, part, id)) = layout.parse(&object.key) {
                        let table = seen.tables.entry(table.clone()).or_default();
                        table.failures.push(FailureSeen {
                            key: object.key,
                            stem: part.stem,
                            id,
                            last_modified_ms: object.last_modified_ms,
                        });
                    }
                }
                Family::Links(link, table) => {
                    if layout.parse_link(*link, &object.key).is_some() {
                        written.links.insert((*link, table.clone()), object);
                    }
                }
                Family::Ledgers => {
                    written.ledgers.insert(object.key.clone(), object);
                }
                Family::Manifests => {
                    if let Some((_, leaf)) = layout.parse_leaf(&object.key) {
                        written.leaves.insert(leaf, object);
                    }
                }
            }
        }
    }

    fn profile(&mut self, table: &str) -> Result<Profile, SweepError> {
        if let Some(profile) = self.profiles.get(table) {
            return Ok(profile.clone());
        }
        let profile = self.config.profile(table);
        let profile = profile.map_err(|error| SweepError::Defect(error.to_string()))?;
        self.profiles.insert(table.to_owned(), profile.clone());
        Ok(profile)
    }
}

fn source(landed: Landed, bucket: &str, profile: &Profile) -> SourceSeen {
    let identity = Identity {
        bucket: bucket.to_owned(),
        key: landed.object.key,
        etag: landed.object.etag,
    };
    SourceSeen {
        id: PartId::of(&identity, profile),
        folder: landed.folder,
        stem: landed.part.stem,
        key: identity.key,
        etag: identity.etag,
        size_bytes: landed.object.size_bytes,
        last_modified_ms: landed.object.last_modified_ms,
    }
}
