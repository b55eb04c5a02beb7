//! Listings of the curated bucket, a day at a time: each prefix is listed once, in the order of its days, and no more of it
//! is in memory than the pages that the days at hand are on.

use std::collections::VecDeque;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::keys::{Day, Layout, Link};
use crate::store::{Listed, Listing, Start, Store, StoreError};

/// What a stream lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Parquet files of one table.
    Outputs(String),
    /// Failure records of one table.
    Failures(String),
    /// Symlinks of one table, the ledger's among them.
    Links(Link, String),
    /// Ledgers.
    Ledgers,
    /// Manifests.
    Manifests,
}

/// One prefix, in the order of its days.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) family: Family,
    /// Ends where a key goes on with the day.
    prefix: String,
    /// The last day that is wanted.
    to: Day,
    waiting: VecDeque<(Day, Listed)>,
    next: Option<Start>,
}

/// Everything that is listed of the curated bucket.
#[derive(Debug)]
pub(super) struct Streams {
    store: Store,
    bucket: String,
    requests_max: usize,
    streams: Vec<Stream>,
}

/// Where the curated bucket has folders of tables.
const ABOVE_TABLES: [&str; 4] = ["", "failed/", "published/", "live/"];

/// The tables of each of them.
#[derive(Clone, Debug)]
pub(super) struct Tables([Vec<String>; 4]);

impl Tables {
    /// Looks for them.
    pub(super) async fn find(store: &Store, layout: &Layout) -> Result<Self, StoreError> {
        let (bucket, prefix) = (layout.curated().bucket(), layout.curated().prefix());
        let mut found = Tables(Default::default());
        for (tables, folder) in found.0.iter_mut().zip(ABOVE_TABLES) {
            *tables = self::tables(store, bucket, &format!("{prefix}{folder}table=")).await?;
        }
        Ok(found)
    }
}

impl Streams {
    /// All streams of these tables for a span of days, each at its first page.
    pub(super) async fn open(
        store: &Store,
        layout: &Layout,
        tables: &Tables,
        from: &Day,
        to: &Day,
        requests_max: usize,
    ) -> Result<Self, StoreError> {
        let (bucket, prefix) = (layout.curated().bucket(), layout.curated().prefix());
        let mut streams = Vec::new();
        let mut open = |family: Family, prefix: String| {
            streams.push(Stream {
                family,
                // With the slash: servers that keep keys as folders and files take a folder's bare name for all that is in it.
                next: Some(Start::After(format!("{prefix}date={from}/"))),
                prefix,
                to: to.clone(),
                waiting: VecDeque::new(),
            });
        };
        open(Family::Manifests, format!("{prefix}manifest/"));
        open(Family::Ledgers, format!("{prefix}parts/"));
        for (tables, folder) in tables.0.iter().zip(ABOVE_TABLES) {
            for table in tables {
                let (table, prefix) = (table.clone(), format!("{prefix}{folder}table={table}/"));
                match folder {
                    "" => open(Family::Outputs(table), prefix),
                    "failed/" => open(Family::Failures(table), prefix),
                    "published/" => open(Family::Links(Link::Published, table), prefix),
                    _ => open(Family::Links(Link::Live, table), prefix),
                }
            }
        }
        let mut streams = Streams {
            store: store.clone(),
            bucket: bucket.to_owned(),
            requests_max,
            streams,
        };
        streams.fill().await?;
        Ok(streams)
    }

    /// The first day of which there is anything.
    pub(super) fn next_day(&self) -> Option<&Day> {
        self.streams
            .iter()
            .filter_map(|stream| stream.waiting.front().map(|(day, _)| day))
            .min()
    }

    /// What there is of a day, which must be the first one there is or an earlier one.
    pub(super) async fn take(&mut self, day: &Day) -> Result<Vec<(Family, Vec<Listed>)>, StoreError> {
        let mut taken: Vec<Vec<Listed>> = self.streams.iter().map(|_| Vec::new()).collect();
        loop {
            for (stream, objects) in self.streams.iter_mut().zip(&mut taken) {
                while stream.waiting.front().is_some_and(|(front, _)| front <= day) {
                    objects.extend(stream.waiting.pop_front().map(|(_, object)| object));
                }
            }
            if self
                .streams
                .iter()
                .all(|stream| !stream.waiting.is_empty() || stream.next.is_none())
            {
                let families = self.streams.iter().map(|stream| stream.family.clone());
                return Ok(families
                    .zip(taken)
                    .filter(|(_, objects)| !objects.is_empty())
                    .collect());
            }
            self.fill().await?;
        }
    }

    /// Gets a page for every stream that has none.
    async fn fill(&mut self) -> Result<(), StoreError> {
        let (store, bucket) = (&self.store, &self.bucket);
        let streams = stream::iter(self.streams.iter_mut().map(|stream| stream.fill(store, bucket)));
        streams.buffer_unordered(self.requests_max).try_collect().await
    }
}

impl Stream {
    /// Gets pages until there is an object of a wanted day, or no more.
    async fn fill(&mut self, store: &Store, bucket: &str) -> Result<(), StoreError> {
        while self.waiting.is_empty() {
            let Some(start) = self.next.take() else {
                return Ok(());
            };
            let listing = Listing {
                start,
                ..Listing::of(format!("{}date=", self.prefix))
            };
            let page = store.list(bucket, &listing).await?;
            self.next = page.next;
            for object in page.objects {
                let Some(day) = day_of(&self.prefix, &object.key) else {
                    continue;
                };
                if day > self.to {
                    self.next = None;
                    break;
                }
                self.waiting.push_back((day, object));
            }
        }
        Ok(())
    }
}

fn day_of(prefix: &str, key: &str) -> Option<Day> {
    let rest = key.strip_prefix(prefix)?.strip_prefix("date=")?;
    Day::parse(rest.split_once('/')?.0)
}

/// The tables below a prefix that ends with `table=`, Daymark's own among them.
pub(super) async fn tables(store: &Store, bucket: &str, prefix: &str) -> Result<Vec<String>, StoreError> {
    let mut listing = Listing {
        delimiter: Some("/".to_owned()),
        ..Listing::of(prefix)
    };
    let mut tables = Vec::new();
    loop {
        let page = store.list(bucket, &listing).await?;
        let names = page
            .prefixes
            .iter()
            .filter_map(|folder| folder.strip_prefix(prefix)?.strip_suffix('/'));
        tables.extend(
            names
                .filter(|name| crate::names::is_any_table_name(name))
                .map(str::to_owned),
        );
        match page.next {
            Some(start) => listing.start = start,
            None => return Ok(tables),
        }
    }
}
