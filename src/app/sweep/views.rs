//! Views over the published tables, made anew when what they are made of has changed.
//!
//! They follow from the newest definitions, the days that have the tables that they turn on, the tables that Glue has, and the
//! settings. All of it but Glue's is told by a fingerprint that the last sweep left: while that is the same, nothing is asked of
//! Glue. A sweep that ends before its views are written leaves the old one, so that the next begins with them.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::catalog::{Catalog, Types};
use super::memory::Memory;
use super::pointer::Pointer;
use super::state::State;
use super::{SweepError, Sweeper};
use crate::athena::tables::{self, Change, Found, Kind, LATEST_TABLE, Step, Table, Wanted};
use crate::athena::views::{Built, Engine, ViewSettings};
use crate::athena::{Column, presto};
use crate::keys::Day;

mod ground;

use ground::{Ground, NO_DATABASE};

pub(super) use ground::TABLES;

/// What views are made over.
#[derive(Clone, Debug, Default)]
pub(super) struct Over {
    /// The published tables, with their columns.
    tables: BTreeMap<String, Vec<Column>>,
    /// Whether somebody else's table has the pointer's name.
    is_pointer_foreign: bool,
    /// Columns of them that no published file has.
    unpublished: BTreeMap<String, BTreeSet<String>>,
}

impl Over {
    /// The same where these are the types of published columns. Of a table that they do not tell of, nothing is known.
    fn knowing(mut self, types: &Types) -> Self {
        for (name, columns) in &self.tables {
            let Some(published) = types.get(name).filter(|types| !types.is_empty()) else {
                continue;
            };
            let columns = columns.iter().map(|column| &column.name);
            let unpublished = columns.filter(|name| !published.contains_key(*name));
            self.unpublished
                .insert(name.clone(), unpublished.cloned().collect());
        }
        self
    }

    /// The same over tables that are to be there.
    fn declared(mut self, wanted: &[Wanted]) -> Self {
        let declared = wanted
            .iter()
            .map(|wanted| (wanted.table.name.clone(), wanted.declared.clone()));
        self.unpublished.extend(declared);
        self
    }
}

/// Brings the views to what they are to be, unless they were made of the same before. Gives what the next sweep has to know.
/// Whatever comes of it, the days were looked at. `is_all_known`: the memory is of all days that were ever published.
pub(super) async fn renew(
    sweeper: &Sweeper,
    catalog: &mut Catalog,
    pointer: &Pointer,
    (memory, is_all_known): (&Memory, bool),
    (before, anyway): (Option<String>, bool),
    deadline: Option<Instant>,
) -> Option<String> {
    if !catalog.is_on() {
        return before;
    }
    let renewed = async {
        let Some(ground) = Ground::read(sweeper, pointer.date(), (&memory.types, &memory.empty)).await?
        else {
            return Ok(before.clone());
        };
        let fingerprint = ground.fingerprint()?;
        if before.as_ref() == Some(&fingerprint) && !anyway {
            return Ok(before.clone());
        }
        let mut over = catalog.published().await?;
        if is_all_known {
            over = over.knowing(&memory.types);
        }
        let defined = ground.defined(sweeper, &over).await?;
        let built = ground.build(sweeper, &over, defined).await?;
        let told: Vec<&str> = built
            .unread
            .iter()
            .chain(&built.earlier)
            .map(String::as_str)
            .collect();
        if !told.is_empty() {
            catalog.hold("views", &told.join("; "));
        }
        let unread = built.unread.first().cloned();
        for warning in &built.warnings {
            tracing::warn!(warning, "the account's definitions");
        }
        let is_whole = catalog.bring_views(built, ground.database, deadline).await?;
        // Somebody has to mend it, and nothing but its content tells that it is mended: the next sweep looks again.
        if let Some(why) = &unread {
            tracing::error!(why, "what a file defines for views could not be read");
            catalog.report.error.get_or_insert(format!("views: {why}"));
        }
        Ok(if is_whole && unread.is_none() {
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

/// What views are made over, of the tables that Glue has.
pub(super) fn published<'t>(found: impl Iterator<Item = &'t Table>) -> Over {
    let mut over = Over::default();
    for table in found {
        let kind = table.mark().map(|(kind, _)| kind);
        if kind == Some(Kind::Published.as_str()) || kind == Some(Kind::Parts.as_str()) {
            over.tables.insert(table.name.clone(), table.columns.clone());
        }
        over.is_pointer_foreign |= table.name == LATEST_TABLE && kind != Some(Kind::Latest.as_str());
    }
    over
}

impl Sweeper {
    /// The views that the Glue catalog is to have beside these tables, with what could not be built. Nothing is written.
    ///
    /// # Errors
    /// S3's refusals.
    pub async fn wanted_views(&self, tables: &[Wanted]) -> Result<(Vec<Wanted>, Built), SweepError> {
        self.views_over(tables, &BTreeMap::new()).await
    }

    /// The same views for an engine, and the newest complete day.
    ///
    /// # Errors
    /// S3's refusals.
    pub async fn views_for(
        &self,
        tables: &[Wanted],
        engine: Engine,
    ) -> Result<(Option<Day>, Built), SweepError> {
        let settings = ViewSettings {
            engine,
            ..self.config.days.views.clone()
        };
        let over = published(tables.iter().map(|wanted| &wanted.table)).declared(tables);
        self.built(&over, &settings).await
    }

    async fn built(&self, over: &Over, settings: &ViewSettings) -> Result<(Option<Day>, Built), SweepError> {
        let pointer = Pointer::read(&self.store, &self.objects, &self.config.layout, true).await?;
        let (state, note) = State::look(&self.objects, &self.config.layout).await?;
        let types = Types::new();
        let Some(ground) = Ground::read(self, pointer.date(), (&types, &state.empty)).await? else {
            return Ok((None, Built::default()));
        };
        let newest = ground.day.clone();
        let ground = ground.by(settings);
        let defined = ground.defined(self, over).await?;
        let mut built = ground.build(self, over, defined).await?;
        built.warnings.extend(note);
        Ok((Some(newest), built))
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
        let (_, mut built) = self
            .built(&published(after).declared(wanted_tables), &days.views)
            .await?;
        let database = days.glue_database.as_deref().unwrap_or(NO_DATABASE);
        let mut wanted = wanted(&built, database);
        let stay = built.stay.iter().filter(|(name, _)| found.contains_key(*name));
        let stay: Vec<(String, String)> = stay.map(|(name, why)| (name.clone(), why.clone())).collect();
        wanted.retain(|wanted| !stay.iter().any(|(name, _)| *name == wanted.table.name));
        built.failed.extend(stay);
        Ok((wanted, built))
    }
}
