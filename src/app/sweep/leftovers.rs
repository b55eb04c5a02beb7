//! What lies beside the Parquet of a day that is deleted: rejects of parts that have none any more, and what was set aside.
//! Raw records are in both, so that they go with it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::{SweepError, Sweeper, streams};
use crate::day::{Seen, State, TableSeen, Verdict};
use crate::keys::Day;
use crate::part::PartId;
use crate::store::{Doomed, Listed, Listing, StoreError};

/// Where such things lie.
const FOLDERS: [&str; 2] = ["rejected/", "set-aside/"];

/// Folders and tables, by day.
type Places = BTreeMap<Day, Vec<(&'static str, Arc<str>)>>;

/// The days that have any, listed once in a sweep, and only where a day asks.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// Whether forgotten days of which nothing else is left are looked at too: what was too young when the rest went.
    of_all: bool,
    /// None: not listed yet.
    days: Option<Places>,
}

impl Leftovers {
    /// Of a sweep over all days, or over some.
    pub(super) fn new(of_all: bool) -> Self {
        Leftovers { of_all, days: None }
    }

    /// What goes with the outputs that a forgotten day retires now. What came within the grace period stays.
    pub(super) async fn of(
        &mut self,
        sweeper: &Sweeper,
        seen: &Seen,
        verdict: &Verdict,
    ) -> Result<Vec<Doomed>, SweepError> {
        let is_asked = !verdict.retire.is_empty() || (self.of_all && is_bare(seen));
        if verdict.state != State::Forgotten || !is_asked {
            return Ok(Vec::new());
        }
        let days = match &mut self.days {
            Some(days) => days,
            None => self.days.insert(find(sweeper).await?),
        };
        let layout = &sweeper.config.layout;
        let until_ms = seen.now_ms - sweeper.config.days.policy.grace_ms;
        let mut doomed = Vec::new();
        for (folder, table) in days.get(&seen.date).into_iter().flatten() {
            // What goes of these is named by the verdict.
            let parts: HashSet<&PartId> = seen.tables.get(&**table).map(parts_of).unwrap_or_default();
            let above = format!(
                "{}{folder}table={table}/date={}/",
                layout.curated().prefix(),
                seen.date
            );
            let listed = list(sweeper, &above).await?;
            let old = listed.into_iter().filter(|it| it.last_modified_ms <= until_ms);
            let goes = old.filter(|it| {
                let part = layout.parse(&it.key);
                part.is_none_or(|(_, _, id)| !parts.contains(&id))
            });
            // Whatever it is: both are create-only, and the condition of an ETag would take the right to read rejects.
            doomed.extend(goes.map(|it| Doomed::any(it.key)));
        }
        Ok(doomed)
    }
}

/// Whether nothing of a day is left that could come back.
fn is_bare(seen: &Seen) -> bool {
    seen.tables
        .values()
        .all(|table| table.outputs.is_empty() && table.failures.is_empty())
}

fn parts_of(table: &TableSeen) -> HashSet<&PartId> {
    let outputs = table.outputs.iter().map(|output| &output.id);
    outputs
        .chain(table.failures.iter().map(|failure| &failure.id))
        .collect()
}

/// The days that have something in each folder: a request for each table and each thousand of its days, at the least.
async fn find(sweeper: &Sweeper) -> Result<Places, StoreError> {
    let curated = sweeper.config.layout.curated();
    let (store, bucket) = (&sweeper.store, curated.bucket());
    let mut days = Places::new();
    for folder in FOLDERS {
        // Of a table these may be all that is left.
        let above = format!("{}{folder}table=", curated.prefix());
        let tables = streams::tables(store, bucket, &above).await?;
        let listed = stream::iter(tables.into_iter().map(|table| {
            let prefix = format!("{above}{table}/date=");
            async move { Ok::<_, StoreError>((table, dates(sweeper, &prefix).await?)) }
        }));
        let mut listed = listed.buffer_unordered(sweeper.config.days.requests_max);
        while let Some((table, dates)) = listed.try_next().await? {
            let table: Arc<str> = table.into();
            for date in dates {
                days.entry(date).or_default().push((folder, Arc::clone(&table)));
            }
        }
    }
    Ok(days)
}

/// The days right below a prefix that ends with `date=`.
async fn dates(sweeper: &Sweeper, prefix: &str) -> Result<Vec<Day>, StoreError> {
    let bucket = sweeper.config.layout.curated().bucket();
    let mut listing = Listing {
        delimiter: Some("/".to_owned()),
        ..Listing::of(prefix)
    };
    let mut dates = Vec::new();
    loop {
        let page = sweeper.store.list(bucket, &listing).await?;
        let folders = page.prefixes.iter();
        dates
            .extend(folders.filter_map(|folder| Day::parse(folder.strip_prefix(prefix)?.strip_suffix('/')?)));
        match page.next {
            Some(start) => listing.start = start,
            None => return Ok(dates),
        }
    }
}

async fn list(sweeper: &Sweeper, folder: &str) -> Result<Vec<Listed>, SweepError> {
    let bucket = sweeper.config.layout.curated().bucket();
    let mut listing = Listing::of(folder);
    let mut listed = Vec::new();
    loop {
        let page = sweeper.store.list(bucket, &listing).await?;
        listed.extend(page.objects);
        match page.next {
            Some(start) => listing.start = start,
            None => return Ok(listed),
        }
    }
}
