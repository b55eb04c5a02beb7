//! Views over the published tables, made anew when what they are made of has changed.
//!
//! They follow from the definitions of the newest complete day, the tables that Glue has, and the settings. All of it is told
//! by a fingerprint that the last sweep left: while that is the same, nothing is asked of Glue. A sweep that ends before its
//! views are written leaves the old one, so that the next begins with them.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::catalog::{Catalog, Types};
use super::objects::Objects;
use super::pointer::Pointer;
use super::recalled::published_before;
use super::{SweepError, Sweeper};
use crate::athena::definitions::{self, Definitions, Reader};
use crate::athena::tables::{self, Change, Found, Kind, Step, Table, Wanted};
use crate::athena::views::{Built, Engine, ViewSettings, views};
use crate::athena::{Column, presto};
use crate::keys::{Day, Layout, Link};
use crate::manifest;

/// The database that statements are encoded for where there is none.
const NO_DATABASE: &str = "daymark";

/// Files that usage is counted in, and rows of each: enough to tell a property that is used from one that is not.
const USAGE_FILES_MAX: usize = 8;
const USAGE_ROWS_MAX: usize = 20_000;

/// The table that usage is counted in.
const RECORDS: &str = "object_with_object_properties";

/// The tables that records, and their properties, can be in.
const RECORDS_IN: [&str; 3] = ["objects", RECORDS, "object_properties"];

/// Days that are gone back for definitions.
const DAYS_BACK_MAX: usize = 31;

/// Days before the newest complete one that `_latest` views may look at: it moves on once a week.
const WEEK_DAYS: i64 = 7;

/// What views are made of, but for the content of the files.
#[derive(Clone, Debug)]
pub(super) struct Ground<'a> {
    release: &'a str,
    database: &'a str,
    day: Day,
    since: Day,
    settings: &'a ViewSettings,
    types: &'a Types,
    /// By table: the day's files. Their names change with their content.
    files: BTreeMap<&'a str, Vec<String>>,
    /// The tables of records that the newest complete day has nothing of.
    absent: BTreeSet<String>,
}

impl<'a> Ground<'a> {
    /// What there is, if a day is complete.
    pub(super) async fn read(
        sweeper: &'a Sweeper,
        day: Option<&Day>,
        types: &'a Types,
    ) -> Result<Option<Self>, SweepError> {
        let Some(day) = day else { return Ok(None) };
        let days = &sweeper.config.days;
        let files = files(sweeper, day).await?;
        let is_there = |table: &str| files.get(table).is_some_and(|files| !files.is_empty());
        let absent = RECORDS_IN.into_iter().filter(|table| !is_there(table));
        let absent = absent.map(str::to_owned).collect();
        Ok(Some(Ground {
            release: env!("CARGO_PKG_VERSION"),
            database: days.glue_database.as_deref().unwrap_or(NO_DATABASE),
            since: since(day),
            day: day.clone(),
            settings: &days.views,
            types,
            files,
            absent,
        }))
    }

    /// Tells one from another.
    fn fingerprint(&self) -> Result<String, SweepError> {
        // Neither where the records are nor which day it is changes a view.
        let told = (
            (self.release, self.database, self.since.as_str()),
            (self.settings, self.types, &self.absent),
            definitions::TABLES.map(|table| self.files.get(table)),
        );
        let json = serde_json::to_vec(&told).map_err(|error| SweepError::Defect(error.to_string()))?;
        Ok(manifest::sha256(&json))
    }

    /// Why nothing can be made of it beside these tables: without definitions that earlier days have, every property would
    /// lose its column, over one day of HubSpot's.
    fn lacks(&self, tables: &BTreeMap<String, Vec<Column>>) -> Option<String> {
        let mut lacking = definitions::TABLES.into_iter().filter(|table| {
            let is_there = self.files.get(table).is_some_and(|files| !files.is_empty());
            !is_there && tables.contains_key(*table)
        });
        let day = &self.day;
        lacking.next().map(|table| {
            format!("{day} has no table {table}, which earlier days have, so that views are made of theirs")
        })
    }

    /// What the day's files define.
    async fn definitions(&self, sweeper: &Sweeper) -> Result<Definitions, SweepError> {
        let mut reader = Reader::default();
        for table in definitions::TABLES {
            for key in self.files.get(table).into_iter().flatten() {
                let parquet = read(&sweeper.objects, key).await?;
                reader
                    .take_file(table, parquet)
                    .map_err(|error| SweepError::Views(format!("{key}: {error}")))?;
            }
        }
        Ok(reader.end())
    }

    /// Why nothing can be made of what the day's files define: a file of a header alone is as good as none.
    fn is_void(&self, definitions: &Definitions, tables: &BTreeMap<String, Vec<Column>>) -> Option<String> {
        let [types, properties, _] = definitions::TABLES;
        let void = [
            (types, definitions.types.is_empty()),
            (properties, definitions.properties.is_empty()),
        ];
        let day = &self.day;
        let mut void = void
            .iter()
            .filter(|(table, is_void)| *is_void && tables.contains_key(*table));
        void.next().map(|(table, _)| {
            format!("{day} has no row in table {table} that defines anything, so that views are made of earlier ones")
        })
    }

    /// The views over these tables.
    async fn build(
        &self,
        sweeper: &Sweeper,
        tables: &BTreeMap<String, Vec<Column>>,
        mut definitions: Definitions,
    ) -> Result<Built, SweepError> {
        let settings = ViewSettings {
            absent: self.absent.clone(),
            ..self.settings.clone()
        };
        let build = |definitions: &Definitions| views(definitions, tables, self.since.as_str(), &settings);
        let built = build(&definitions);
        if !built.is_cut {
            return Ok(built);
        }
        // Only where there is no room for all does it matter which properties are used.
        let records = self.files.get(RECORDS).into_iter().flatten();
        for key in records.take(USAGE_FILES_MAX) {
            let parquet = read(&sweeper.objects, key).await?;
            definitions
                .count_usage_in(parquet, USAGE_ROWS_MAX)
                .map_err(|error| SweepError::Views(format!("{key}: {error}")))?;
        }
        Ok(build(&definitions))
    }
}

/// Brings the views to what they are to be, unless they were made of the same before. Gives what the next sweep has to know.
/// Whatever comes of it, the days were looked at.
pub(super) async fn renew(
    sweeper: &Sweeper,
    catalog: &mut Catalog,
    pointer: &Pointer,
    types: &Types,
    (before, anyway): (Option<String>, bool),
    deadline: Option<Instant>,
) -> Option<String> {
    if !catalog.is_on() {
        return before;
    }
    let renewed = async {
        let Some(ground) = Ground::read(sweeper, pointer.date(), types).await? else {
            return Ok(before.clone());
        };
        let fingerprint = ground.fingerprint()?;
        if before.as_ref() == Some(&fingerprint) && !anyway {
            return Ok(before.clone());
        }
        let tables = catalog.published().await?;
        let (found, why) = sweeper.with_definitions(ground, &tables).await?;
        if let Some(why) = why {
            catalog.hold("views", &why);
        }
        let Some((ground, definitions)) = found else {
            return Ok(Some(fingerprint));
        };
        let built = ground.build(sweeper, &tables, definitions).await?;
        for warning in &built.warnings {
            tracing::warn!(warning, "the account's definitions");
        }
        let is_whole = catalog.bring_views(built, ground.database, deadline).await?;
        Ok(if is_whole {
            Some(fingerprint)
        } else {
            before.clone()
        })
    };
    let renewed: Result<Option<String>, SweepError> = Box::pin(renewed).await;
    renewed.unwrap_or_else(|error| {
        tracing::error!(%error, "views in the Glue catalog could not be renewed");
        catalog.report.error.get_or_insert(format!("views: {error}"));
        before.clone()
    })
}

/// A view as Glue is to have it.
pub(super) fn wanted(built: &Built, database: &str) -> Vec<Wanted> {
    let views = built.views.iter().map(|view| {
        let original = presto::original_text(view, database);
        tables::view(view, original, presto::EXPANDED_TEXT.to_owned())
    });
    views.collect()
}

/// The tables that views are made over, with their columns, of those that Glue has.
pub(super) fn published<'t>(found: impl Iterator<Item = &'t Table>) -> BTreeMap<String, Vec<Column>> {
    let tables = found.filter(|table| {
        let kind = table.mark().map(|(kind, _)| kind);
        kind == Some(Kind::Published.as_str()) || kind == Some(Kind::Parts.as_str())
    });
    tables
        .map(|table| (table.name.clone(), table.columns.clone()))
        .collect()
}

/// The first day that `_latest` views look at: a Thursday, seven to thirteen days before the newest complete one. It spares
/// the engine the years before; and because it stays for a week, so do the views.
fn since(newest: &Day) -> Day {
    let days = newest.start_ms().div_euclid(86_400_000).rem_euclid(WEEK_DAYS) + WEEK_DAYS;
    newest.plus(-days).unwrap_or_else(|| newest.clone())
}

/// A day's files that views are made of, by table.
async fn files(sweeper: &Sweeper, day: &Day) -> Result<BTreeMap<&'static str, Vec<String>>, SweepError> {
    let mut files = BTreeMap::new();
    for table in definitions::TABLES.into_iter().chain(RECORDS_IN) {
        let keys = links(&sweeper.objects, &sweeper.config.layout, table, day).await?;
        files.insert(table, keys);
    }
    Ok(files)
}

/// Keys of a table's published files of a day.
async fn links(
    objects: &Objects,
    layout: &Layout,
    table: &str,
    day: &Day,
) -> Result<Vec<String>, SweepError> {
    let key = layout.link(Link::Published, table, day);
    let Some((bytes, _)) = objects.read(&key).await? else {
        return Ok(Vec::new());
    };
    let text = String::from_utf8_lossy(&bytes);
    let start = format!("s3://{}/", layout.curated().bucket());
    let keys = text.lines().filter_map(|line| line.strip_prefix(&start));
    Ok(keys.map(str::to_owned).collect())
}

async fn read(objects: &Objects, key: &str) -> Result<bytes::Bytes, SweepError> {
    match objects.read(key).await? {
        Some((bytes, _)) => Ok(bytes),
        None => Err(SweepError::Views(format!("{key} is published and not there"))),
    }
}

impl Sweeper {
    /// The views that the Glue catalog is to have beside these tables, with what could not be built. Nothing is written.
    ///
    /// # Errors
    /// S3's refusals, and definitions that cannot be read.
    pub async fn wanted_views(&self, tables: &[Wanted]) -> Result<(Vec<Wanted>, Built), SweepError> {
        self.views_over(tables, &BTreeMap::new()).await
    }

    /// The same views for an engine, and the newest complete day.
    ///
    /// # Errors
    /// S3's refusals, and definitions that cannot be read.
    pub async fn views_for(
        &self,
        tables: &[Wanted],
        engine: Engine,
    ) -> Result<(Option<Day>, Built), SweepError> {
        let settings = ViewSettings {
            engine,
            ..self.config.days.views.clone()
        };
        let tables = published(tables.iter().map(|wanted| &wanted.table));
        let (day, built) = self.built(&tables, &settings).await?;
        Ok((day, built))
    }

    async fn built(
        &self,
        tables: &BTreeMap<String, Vec<Column>>,
        settings: &ViewSettings,
    ) -> Result<(Option<Day>, Built), SweepError> {
        let pointer = Pointer::read(&self.store, &self.objects, &self.config.layout, true).await?;
        let types = Types::new();
        let Some(ground) = Ground::read(self, pointer.date(), &types).await? else {
            return Ok((None, Built::default()));
        };
        let newest = ground.day.clone();
        let (found, why) = self
            .with_definitions(Ground { settings, ..ground }, tables)
            .await?;
        let built = match found {
            Some((ground, definitions)) => ground.build(self, tables, definitions).await?,
            None => Built {
                failed: why.map(|why| ("views".to_owned(), why)).into_iter().collect(),
                ..Built::default()
            },
        };
        Ok((Some(newest), built))
    }

    /// The same, or that of the last day before that has definitions, with these; and why it is not the same. Without such a day
    /// it is the same, with what little it has, unless a table is not there at all.
    async fn with_definitions<'a>(
        &self,
        newest: Ground<'a>,
        tables: &BTreeMap<String, Vec<Column>>,
    ) -> Result<(Option<(Ground<'a>, Definitions)>, Option<String>), SweepError>
    where
        Self: 'a,
    {
        let day = newest.day.clone();
        let (mut ground, mut why, mut void) = (newest, None, None);
        for _ in 0..DAYS_BACK_MAX {
            let lacks = match ground.lacks(tables) {
                Some(lacks) => lacks,
                None => {
                    let definitions = ground.definitions(self).await?;
                    let Some(is_void) = ground.is_void(&definitions, tables) else {
                        return Ok((Some((ground, definitions)), why));
                    };
                    void.get_or_insert((ground.clone(), definitions));
                    is_void
                }
            };
            why.get_or_insert(lacks);
            let Some(before) = self.published_day_before(&ground.day).await? else {
                break;
            };
            ground = Ground {
                files: files(self, &before).await?,
                since: since(&before),
                day: before,
                ..ground
            };
        }
        let is_same = void
            .as_ref()
            .is_some_and(|(ground, _): &(Ground<'a>, _)| ground.day == day);
        Ok((void, why.filter(|_| !is_same)))
    }

    async fn published_day_before(&self, day: &Day) -> Result<Option<Day>, SweepError> {
        let layout = &self.config.layout;
        let found = published_before(&self.store, &self.objects, layout, Some(day), 1, usize::MAX).await?;
        Ok(found.into_iter().next().map(|(day, _)| day))
    }

    /// The same over tables that are there.
    pub(super) async fn views_over(
        &self,
        wanted_tables: &[Wanted],
        found: &BTreeMap<String, Found>,
    ) -> Result<(Vec<Wanted>, Built), SweepError> {
        let plan = tables::plan(wanted_tables, found, tables::Range::Begins);
        let after = plan.iter().filter_map(|Change { name, step }| match step {
            Step::Create(table) | Step::Update { table, .. } => Some(&**table),
            Step::Unchanged | Step::Held(_) => found.get(name).map(|found| &found.table),
        });
        let days = &self.config.days;
        let (_, built) = self.built(&published(after), &days.views).await?;
        let database = days.glue_database.as_deref().unwrap_or(NO_DATABASE);
        Ok((wanted(&built, database), built))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest_views_look_at_two_weeks_at_most_and_move_on_once_a_week() {
        let mut before = None;
        let mut moves = 0;
        for days in 0..70 {
            let newest = Day::new(2026, 2, 20).and_then(|day| day.plus(days)).unwrap();
            let since = since(&newest);
            let back = (newest.start_ms() - since.start_ms()) / 86_400_000;
            assert!((7..14).contains(&back), "{newest}: {since}");
            moves += u32::from(before.as_ref() != Some(&since));
            before = Some(since);
        }
        assert_eq!(moves, 11);
    }
}
