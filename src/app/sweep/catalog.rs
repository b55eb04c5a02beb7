//! The Glue catalog during a sweep: read once, if something is to be published or a day is held by it, and then changed only where it differs.
//!
//! Requests do not grow with days: tables are found by projection, so a day needs none, unless it brings a table or a
//! column, or is older than all before it. Once a day, when all days were looked at, everything is compared once more, so
//! that what was dropped comes back and what a newer release knows gets in.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::memory::Outline;
use super::recalled::last_published;
use super::state::State;
use super::streams;
use super::views;
use super::{SweepError, Sweeper};
use crate::athena::tables::{self, Change, Found, Held, Kind, LIVE_SUFFIX, Range, Seen, Step, Wanted};
use crate::athena::views::Built;
use crate::glue::{Glue, GlueError, Wrote};
use crate::keys::{Day, Link, PARTS_TABLE};
use crate::manifest::Content;
use crate::store::Listing;

/// How often the catalog is read again because somebody else changed it, or this sweep did.
const TURNS_MAX: u32 = 5;

/// Types of columns, by table and column.
pub(super) type Types = BTreeMap<String, BTreeMap<String, String>>;

/// What a sweep did to the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogReport {
    /// Tables that it created.
    pub created: Vec<String>,
    /// Tables that it changed.
    pub updated: Vec<String>,
    /// Tables that had to stay as they are, and why.
    pub held: BTreeMap<String, String>,
    /// Why the daily comparison, or the views, came to no end.
    pub error: Option<String>,
}

/// The catalog during one sweep.
pub(super) struct Catalog {
    glue: Option<Glue>,
    /// What was read of it, and written since.
    found: Option<BTreeMap<String, Found>>,
    /// What went wrong: then it is not tried for every day anew.
    failed: Option<GlueError>,
    pub(super) report: CatalogReport,
}

impl Catalog {
    /// Without Glue nothing is ever written.
    pub(super) fn new(glue: Option<Glue>) -> Self {
        Catalog {
            glue,
            found: None,
            failed: None,
            report: CatalogReport::default(),
        }
    }

    /// Whether there is one.
    pub(super) fn is_on(&self) -> bool {
        self.glue.is_some()
    }

    /// Types of columns of published tables.
    pub(super) async fn types(&mut self) -> Result<Types, SweepError> {
        match self.load().await? {
            Some((_, found)) => Ok(tables::types(found)),
            None => Ok(Types::new()),
        }
    }

    /// Whether there is a table of this name.
    async fn has(&mut self, name: &str) -> Result<bool, SweepError> {
        Ok(self
            .load()
            .await?
            .is_some_and(|(_, found)| found.contains_key(name)))
    }

    async fn load(&mut self) -> Result<Option<(Glue, &mut BTreeMap<String, Found>)>, SweepError> {
        let Some(glue) = &self.glue else {
            return Ok(None);
        };
        if let Some(error) = &self.failed {
            return Err(error.clone().into());
        }
        if self.found.is_none() {
            let read = glue.tables().await;
            self.found = Some(read.inspect_err(|error| self.failed = Some(error.clone()))?);
        }
        Ok(self.found.as_mut().map(|found| (glue.clone(), found)))
    }

    /// What would become of the catalog.
    pub(super) async fn plan(&mut self, wanted: &[Wanted], range: Range) -> Result<Vec<Change>, SweepError> {
        Ok(match self.load().await? {
            Some((_, found)) => tables::plan(wanted, found, range),
            None => Vec::new(),
        })
    }

    /// Creates and changes tables so that they are as they are wanted; tells those that must stay as they are.
    pub(super) async fn bring(
        &mut self,
        wanted: &[Wanted],
        range: Range,
    ) -> Result<Vec<(String, Held)>, SweepError> {
        for _ in 0..TURNS_MAX {
            let mut held = Vec::new();
            let mut again = false;
            for Change { name, step } in self.plan(wanted, range).await? {
                let wrote = match step {
                    Step::Unchanged => continue,
                    Step::Held(why) => {
                        self.hold(&name, &why);
                        held.push((name, why));
                        continue;
                    }
                    Step::Create(table) => {
                        let columns = table.columns.len();
                        tracing::info!(table = name, columns, "creates a table in the Glue catalog");
                        self.write(*table, None).await?
                    }
                    // Written by this sweep, so that its version is not known: read again.
                    Step::Update { version: None, .. } => Wrote::Overtaken,
                    Step::Update {
                        table,
                        version: Some(version),
                        differences,
                    } => {
                        let differences = differences.join("; ");
                        tracing::info!(table = name, differences, "changes a table in the Glue catalog");
                        self.write(*table, Some(&version)).await?
                    }
                };
                again |= wrote == Wrote::Overtaken;
            }
            if !again {
                return Ok(held);
            }
            self.found = None;
        }
        Err(SweepError::Unsettled(
            "the Glue catalog was changed by somebody else each time".to_owned(),
        ))
    }

    async fn write(&mut self, table: tables::Table, version: Option<&str>) -> Result<Wrote, SweepError> {
        let Some(glue) = &self.glue else {
            return Ok(Wrote::Done);
        };
        let wrote = match version {
            None => glue.create(&table).await,
            Some(version) => glue.update(&table, version).await,
        };
        if matches!(wrote, Ok(Wrote::Done)) {
            let told = match version {
                None => &mut self.report.created,
                Some(_) => &mut self.report.updated,
            };
            told.push(table.name.clone());
            if let Some(found) = &mut self.found {
                found.insert(
                    table.name.clone(),
                    Found {
                        table,
                        ..Found::default()
                    },
                );
            }
        }
        Ok(wrote.inspect_err(|error| {
            if !error.is_of_table {
                self.failed = Some(error.clone());
            }
        })?)
    }

    pub(super) fn hold(&mut self, name: &str, why: &impl ToString) {
        let why = why.to_string();
        if self.report.held.get(name) != Some(&why) {
            tracing::warn!(table = name, why, "a table in the Glue catalog stays as it is");
            self.report.held.insert(name.to_owned(), why);
        }
    }

    /// What views are made over.
    pub(super) async fn published(&mut self) -> Result<views::Over, SweepError> {
        Ok(match self.load().await? {
            Some((_, found)) => views::published(found.values().map(|found| &found.table)),
            None => views::Over::default(),
        })
    }

    /// Creates and changes views as tables are; one that cannot be is named, and leaves the others alone. Gives whether it got
    /// through before the deadline.
    pub(super) async fn bring_views(
        &mut self,
        built: Built,
        database: &str,
        deadline: Option<Instant>,
    ) -> Result<bool, SweepError> {
        for wanted in views::wanted(&built, database) {
            if super::is_past(deadline) {
                return Ok(false);
            }
            let name = &wanted.table.name;
            if let Some(why) = built.stay.get(name)
                && self.has(name).await?
            {
                self.hold(name, why);
                continue;
            }
            match self.bring(std::slice::from_ref(&wanted), Range::Begins).await {
                Ok(_) => {}
                Err(SweepError::Glue(error)) if error.is_of_table => self.hold(&wanted.table.name, &error),
                Err(error) => return Err(error),
            }
        }
        for (name, why) in &built.failed {
            self.hold(name, why);
        }
        Ok(true)
    }
}

/// Brings the catalog to what a day's content needs, before anything of it is to be seen.
pub(super) async fn publish(
    sweeper: &Sweeper,
    catalog: &mut Catalog,
    date: &Day,
    content: &Content,
    types: &Types,
) -> Result<(), SweepError> {
    if !catalog.is_on() {
        return Ok(());
    }
    let mut lake = BTreeMap::new();
    let names = content.tables.keys().map(String::as_str).chain([PARTS_TABLE]);
    for name in names {
        let mut seen = Seen {
            types: types.get(name).cloned().unwrap_or_default(),
            published_from: Some(date.clone()),
            live_from: Some(date.clone()),
        };
        for column in content
            .tables
            .get(name)
            .into_iter()
            .flat_map(|table| &table.columns)
        {
            seen.types.insert(column.name.clone(), column.kind.clone());
        }
        // Of a table that is there, Glue knows when its days begin.
        if !catalog.has(name).await? {
            seen.published_from = earlier(first(sweeper, Link::Published, name).await?, date);
        }
        if name != PARTS_TABLE && !catalog.has(&format!("{name}{LIVE_SUFFIX}")).await? {
            seen.live_from = earlier(first(sweeper, Link::Live, name).await?, date);
        }
        lake.insert(name.to_owned(), seen);
    }
    let config = &sweeper.config;
    let wanted = tables::wanted(&config.layout, &config.catalog, &lake);
    let held = catalog.bring(&wanted, Range::Reaches).await?;
    // Days are judged by what the catalog has, so this is one that changed since.
    let contradiction = held.iter().find(|(name, held)| {
        let of = wanted.iter().find(|wanted| wanted.table.name == *name);
        let kind = of.and_then(|wanted| wanted.table.mark()).map(|(kind, _)| kind);
        kind == Some(Kind::Published.as_str()) && matches!(held, Held::Retyped { .. })
    });
    match contradiction {
        None => Ok(()),
        Some((name, held)) => Err(SweepError::Held(format!("{name}: {held}"))),
    }
}

/// Compares the whole catalog with the whole lake. The days were looked at, whatever comes of it.
pub(super) async fn compare(sweeper: &Sweeper, catalog: &mut Catalog, types: &Types) {
    if !catalog.is_on() {
        return;
    }
    let compared = async {
        let lake = lake(sweeper, types).await?;
        if lake.is_empty() {
            return Ok(());
        }
        let config = &sweeper.config;
        let wanted = tables::wanted(&config.layout, &config.catalog, &lake);
        catalog.bring(&wanted, Range::Begins).await.map(drop)
    };
    let compared: Result<(), SweepError> = compared.await;
    if let Err(error) = compared {
        tracing::error!(%error, "the Glue catalog could not be compared with the lake");
        catalog.report.error = Some(error.to_string());
    }
}

/// What is known of each published table of the lake.
async fn lake(sweeper: &Sweeper, types: &Types) -> Result<BTreeMap<String, Seen>, SweepError> {
    let layout = &sweeper.config.layout;
    let folders = layout.links(Link::Published, None);
    let names = streams::tables(&sweeper.store, layout.curated().bucket(), &folders).await?;
    let tables = names.into_iter().map(|name| async move {
        let seen = Seen {
            types: types.get(&name).cloned().unwrap_or_default(),
            published_from: first(sweeper, Link::Published, &name).await?,
            live_from: first(sweeper, Link::Live, &name).await?,
        };
        Ok::<_, SweepError>((name, seen))
    });
    let lake: BTreeMap<String, Seen> = stream::iter(tables)
        .buffer_unordered(sweeper.config.days.requests_max)
        .try_collect()
        .await?;
    Ok(lake)
}

/// The first day of which a table has files.
async fn first(sweeper: &Sweeper, link: Link, table: &str) -> Result<Option<Day>, SweepError> {
    let layout = &sweeper.config.layout;
    let mut listing = Listing::of(format!("{}date=", layout.links(link, Some(table))));
    loop {
        let page = sweeper.store.list(layout.curated().bucket(), &listing).await?;
        // A day that is published no more keeps an empty symlink.
        let mut days = page.objects.iter().filter(|object| object.size_bytes > 0);
        let day = days.find_map(|object| layout.parse_link(link, &object.key));
        match (day, page.next) {
            (Some((_, day)), _) => return Ok(Some(day)),
            (None, Some(start)) => listing.start = start,
            (None, None) => return Ok(None),
        }
    }
}

/// The earlier one of the two.
fn earlier(first: Option<Day>, day: &Day) -> Option<Day> {
    first.into_iter().chain([day.clone()]).min()
}

impl Sweeper {
    /// The tables that the Glue catalog is to have, by what is published. Nothing is written.
    ///
    /// # Errors
    /// S3's refusals.
    pub async fn wanted_tables(&self) -> Result<Vec<Wanted>, SweepError> {
        let layout = &self.config.layout;
        let (state, _) = State::look(&self.objects, layout).await?;
        let mut types = state.types;
        // What was published since the state was written, or all that is known where that is lost.
        let newest = last_published(&self.store, &self.objects, layout, None).await?;
        if let Some((_, outline)) = newest {
            let Outline { types: newest, .. } = outline;
            for (name, columns) in newest {
                let types = types.entry(name).or_default();
                for (column, kind) in columns {
                    types.entry(column).or_insert(kind);
                }
            }
        }
        let lake = lake(self, &types).await?;
        Ok(tables::wanted(layout, &self.config.catalog, &lake))
    }

    /// What the next daily comparison would change in the Glue catalog, views included. Nothing is written.
    ///
    /// # Errors
    /// S3's and Glue's refusals.
    pub async fn catalog_changes(&self) -> Result<Changes, SweepError> {
        let mut wanted = self.wanted_tables().await?;
        let mut catalog = Catalog::new(self.glue.clone());
        let (views, built) = match catalog.load().await? {
            Some((_, found)) => self.views_over(&wanted, found).await?,
            None => (Vec::new(), Built::default()),
        };
        // Where no view could be made, for want of definitions, none is left over.
        let is_made = !views.is_empty();
        wanted.extend(views);
        let left = match catalog.load().await? {
            Some((_, found)) if is_made => tables::left_over(&wanted, &built.failed, found),
            _ => Vec::new(),
        };
        Ok(Changes {
            plan: catalog.plan(&wanted, Range::Begins).await?,
            left,
            built,
        })
    }
}

/// What is not in the Glue catalog as it is to be.
#[derive(Debug)]
pub struct Changes {
    /// Each table and view that is to be there.
    pub plan: Vec<Change>,
    /// Names of views that are there and are made no more: their type has another name, or is defined no more. They stay until
    /// somebody drops them.
    pub left: Vec<String>,
    /// What of the views could not be built.
    pub built: Built,
}
