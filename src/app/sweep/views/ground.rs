//! What views are made of: which days have something of the tables that they turn on, and what these define.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::Over;
use crate::app::sweep::catalog::Types;
use crate::app::sweep::memory::Empty;
use crate::app::sweep::objects::Objects;
use crate::app::sweep::{SweepError, Sweeper};
use crate::athena::definitions::{self, Definitions, Reader};
use crate::athena::views::{Built, Engine, Gaps, Lake, ViewSettings, views};
use crate::keys::{Day, Layout, Link};
use crate::manifest;
use crate::store::Listing;

/// The database that statements are encoded for where there is none.
pub(super) const NO_DATABASE: &str = "daymark";

/// Files that usage is counted in, and rows of each: enough to tell a property that is used from one that is not.
const USAGE_FILES_MAX: usize = 8;
const USAGE_ROWS_MAX: usize = 20_000;

/// The tables that records, and their properties, can be in.
const RECORDS: &str = "objects";
const JSON: &str = "object_with_object_properties";
const ROWS: &str = "object_properties";

/// The table of links.
const LINKS: &str = "associations";

/// The tables whose days matter.
pub(in crate::app::sweep) const TABLES: [&str; 7] = [
    definitions::TYPES,
    definitions::PROPERTIES,
    definitions::ASSOCIATIONS,
    RECORDS,
    JSON,
    ROWS,
    LINKS,
];

/// Days of a table whose files are looked into for definitions. A day without files costs nothing, and counts for none.
const DAYS_LOOKED_MAX: usize = 31;

/// Days before the newest complete one that `_latest` views may look at: it moves on once a week.
const WEEK_DAYS: i64 = 7;

/// What views are made of, but for the content of the files.
#[derive(Clone, Debug)]
pub(super) struct Ground<'a> {
    release: &'a str,
    pub(super) database: &'a str,
    /// The newest complete day.
    pub(super) day: Day,
    since: Day,
    settings: &'a ViewSettings,
    types: &'a Types,
    empty: &'a Empty,
    /// By table: its published days up to the newest complete one, with their symlinks' ETags. These change with the files' names,
    /// which change with their content.
    published: BTreeMap<&'static str, BTreeMap<Day, String>>,
}

/// What is defined.
#[derive(Debug)]
pub(super) struct Defined {
    definitions: Definitions,
    /// The day that types of link are taken from.
    links: Option<Day>,
    /// Which tables' definitions are not the newest day's, and why.
    pub(super) earlier: Vec<String>,
    /// Files that cannot be read, and why: what they define is not known until somebody mends them.
    pub(super) unread: Vec<String>,
}

impl<'a> Ground<'a> {
    /// What there is, if a day is complete.
    pub(super) async fn read(
        sweeper: &'a Sweeper,
        day: Option<&Day>,
        (types, empty): (&'a Types, &'a Empty),
    ) -> Result<Option<Self>, SweepError> {
        let Some(day) = day else { return Ok(None) };
        let days = &sweeper.config.days;
        let published = TABLES.map(|table| async move {
            let published = published(sweeper, table, day).await?;
            Ok::<_, SweepError>((table, published))
        });
        let published = stream::iter(published).buffer_unordered(days.requests_max);
        Ok(Some(Ground {
            release: env!("CARGO_PKG_VERSION"),
            database: days.glue_database.as_deref().unwrap_or(NO_DATABASE),
            since: since(day),
            day: day.clone(),
            settings: &days.views,
            types,
            empty,
            published: published.try_collect().await?,
        }))
    }

    /// The same by other settings.
    pub(super) fn by(self, settings: &'a ViewSettings) -> Self {
        Ground { settings, ..self }
    }

    /// Tells one from another.
    pub(super) fn fingerprint(&self) -> Result<String, SweepError> {
        let looked = definitions::TABLES.map(|table| {
            let looked = self.days(table).rev().take(DAYS_LOOKED_MAX);
            looked.map(|(day, etag)| (day.as_str(), etag)).collect::<Vec<_>>()
        });
        // Of links' days those that may be without definitions, whatever these files turn out to say.
        let [.., of_links] = &looked;
        let first = of_links.last().map_or("", |(day, _)| *day);
        let links: Vec<&str> = self
            .dates(LINKS)
            .into_iter()
            .filter(|day| *day >= first)
            .collect();
        // Neither where the records are nor which day it is changes a view.
        let told = (
            (self.release, self.database, self.since.as_str()),
            (self.settings, self.types),
            (self.gaps(RECORDS, JSON), self.gaps(JSON, ROWS)),
            (self.gaps(definitions::ASSOCIATIONS, LINKS), links),
            // A table that the newest day lacks changes no view either, and is told.
            definitions::TABLES.map(|table| self.is_there(table)),
            &looked,
        );
        let json = serde_json::to_vec(&told).map_err(|error| SweepError::Defect(error.to_string()))?;
        Ok(manifest::sha256(&json))
    }

    fn days(&self, table: &str) -> impl DoubleEndedIterator<Item = (&Day, &String)> {
        self.published.get(table).into_iter().flatten()
    }

    /// Whether the newest day has files of a table.
    fn is_there(&self, table: &str) -> bool {
        self.days(table).any(|(day, _)| *day == self.day)
    }

    /// The days on which a table has rows. A header alone is as good as nothing.
    fn dates(&self, table: &str) -> BTreeSet<&str> {
        let empty = self.empty.get(table);
        let has_rows = |day: &&str| empty.is_none_or(|days| !days.contains(*day));
        self.days(table)
            .map(|(day, _)| day.as_str())
            .filter(has_rows)
            .collect()
    }

    fn gaps(&self, usual: &str, other: &str) -> Gaps {
        Gaps::of(&self.dates(usual), &self.dates(other))
    }

    /// What each table defines on the newest day that it defines anything on: without definitions that earlier days have, every
    /// property would lose its column, over one day of HubSpot's.
    pub(super) async fn defined(&self, sweeper: &Sweeper, over: &Over) -> Result<Defined, SweepError> {
        let mut defined = Defined {
            definitions: Definitions::default(),
            links: None,
            earlier: Vec::new(),
            unread: Vec::new(),
        };
        for table in definitions::TABLES {
            let before = defined.unread.len();
            let (day, definitions) = self.defined_in(sweeper, table, &mut defined.unread).await?;
            let is_read = defined.unread.len() == before;
            if over.tables.contains_key(table) {
                let told = self.earlier(table, day.as_ref(), (is_read, definitions.is_untyped));
                defined.earlier.extend(told);
            }
            if table == definitions::ASSOCIATIONS {
                defined.links = day;
            }
            defined.definitions = defined.definitions.and(definitions);
        }
        Ok(defined)
    }

    /// The newest day on which a table defines anything, and what. A day with a file that cannot be read defines nothing, but
    /// is told: damage is no reason to take from views what they have.
    async fn defined_in(
        &self,
        sweeper: &Sweeper,
        table: &'static str,
        unread: &mut Vec<String>,
    ) -> Result<(Option<Day>, Definitions), SweepError> {
        let (mut nothing, mut damaged) = (Definitions::default(), BTreeMap::new());
        let mut untyped: Option<(Day, Definitions)> = None;
        for (day, _) in self.days(table).rev().take(DAYS_LOOKED_MAX) {
            let mut found = match defined_on(sweeper, table, day).await? {
                Ok(found) => found,
                Err(why) => {
                    unread.push(why.clone());
                    damaged.entry(table).or_insert(why);
                    continue;
                }
            };
            if found.is_untyped {
                // Where an earlier day tells what properties are, no column of theirs becomes text, and no other loses its name.
                untyped.get_or_insert_with(|| (day.clone(), found));
                continue;
            }
            if !found.is_empty() {
                found.unread = damaged;
                found.is_untyped = untyped.is_some_and(|(day, _)| day == self.day);
                return Ok((Some(day.clone()), found));
            }
            // A file that defines nothing may tell why: it lacks a column.
            nothing.warnings.extend(found.warnings);
        }
        if let Some((day, mut found)) = untyped {
            found.unread = damaged;
            return Ok((Some(day), found));
        }
        nothing.unread = damaged;
        Ok((None, nothing))
    }

    /// Why a table's definitions are those of this day. `is_read`: no file of a newer day was damaged; `is_untyped`: the newest
    /// day's say of no property what it is.
    fn earlier(&self, table: &str, day: Option<&Day>, (is_read, is_untyped): (bool, bool)) -> Option<String> {
        let newest = &self.day;
        let is_there = self.is_there(table);
        let lacks = match (is_there, is_read) {
            (true, true) if is_untyped => format!("{newest} has no column TYPE in table {table}"),
            (true, true) => format!("{newest} has no row in table {table} that defines anything"),
            (true, false) => {
                format!("{newest} has no row in table {table} that can be read and defines anything")
            }
            (false, _) => format!("{newest} has no table {table}"),
        };
        let count = self.days(table).count();
        match day {
            Some(day) if day == newest => None,
            Some(day) if !is_read => Some(format!(
                "{lacks}: views that turn on it stay as they are, and new ones are made of what {day} defines"
            )),
            Some(day) => Some(format!("{lacks}: what it defines is taken from {day}")),
            None if !is_read => Some(format!(
                "{lacks}, and nor has any earlier day: views that turn on it stay as they are"
            )),
            // It may be that this account has no such thing.
            None if is_there && count == 1 => None,
            None if count > DAYS_LOOKED_MAX => Some(format!(
                "{lacks}, and nor have the {DAYS_LOOKED_MAX} newest days with the table: views are made without"
            )),
            None => Some(format!(
                "{lacks}, and nor has any earlier day: views are made without"
            )),
        }
    }

    /// The views over these tables.
    pub(super) async fn build(
        &self,
        sweeper: &Sweeper,
        over: &Over,
        defined: Defined,
    ) -> Result<Built, SweepError> {
        let settings = ViewSettings {
            lake: Lake {
                records: self.gaps(RECORDS, JSON),
                properties: self.gaps(JSON, ROWS),
                links: defined.links.as_ref().and_then(|day| self.links(day)),
                is_pointer_foreign: over.is_pointer_foreign,
                unpublished: over.unpublished.clone(),
            },
            ..self.settings.clone()
        };
        let Defined {
            mut definitions,
            earlier,
            mut unread,
            ..
        } = defined;
        // A script for DuckDB is made anew for a newer day.
        let since = match settings.engine {
            Engine::Trino => &self.since,
            Engine::DuckDb => &self.day,
        };
        let build = |definitions: &Definitions, unread: Vec<String>| Built {
            earlier: earlier.clone(),
            unread,
            ..views(definitions, &over.tables, since.as_str(), &settings)
        };
        let built = build(&definitions, unread.clone());
        let with_rows = self.dates(JSON);
        let mut days = self
            .days(JSON)
            .rev()
            .filter(|(day, _)| with_rows.contains(day.as_str()));
        let Some((day, _)) = days.next().filter(|_| built.is_cut) else {
            return Ok(built);
        };
        // Only where there is no room for all does it matter which properties are used.
        let records = links(&sweeper.objects, &sweeper.config.layout, JSON, day).await?;
        for key in records.iter().take(USAGE_FILES_MAX) {
            let counted = match read(&sweeper.objects, key).await? {
                Ok(parquet) => definitions
                    .count_usage_in(parquet, USAGE_ROWS_MAX)
                    .map_err(|error| format!("{key}: {error}")),
                Err(why) => Err(why),
            };
            // By the other files alone, properties that people use could leave their view.
            if let Err(why) = counted {
                unread.push(why.clone());
                definitions.unread.entry(definitions::USAGE).or_insert(why);
            }
        }
        Ok(build(&definitions, unread))
    }

    /// Days of links on which their types are not defined, and the last day before the newest of them on which they are.
    /// Behind this day there is none.
    fn links(&self, day: &Day) -> Option<(Gaps, String)> {
        let mut defined = self.dates(definitions::ASSOCIATIONS);
        defined.retain(|date| *date <= day.as_str());
        let gaps = Gaps::of(&defined, &self.dates(LINKS)).without_beginning();
        let begins = gaps.last_begins()?;
        let before = defined.iter().rev().find(|date| **date < begins)?.to_string();
        Some((gaps, before))
    }
}

/// A table's published days up to one, with their symlinks' ETags: a request for a thousand days.
async fn published(sweeper: &Sweeper, table: &str, to: &Day) -> Result<BTreeMap<Day, String>, SweepError> {
    let layout = &sweeper.config.layout;
    let mut listing = Listing::of(format!("{}date=", layout.links(Link::Published, Some(table))));
    let mut days = BTreeMap::new();
    loop {
        let page = sweeper.store.list(layout.curated().bucket(), &listing).await?;
        // A day that is published no more keeps an empty symlink.
        for object in page.objects.into_iter().filter(|object| object.size_bytes > 0) {
            let day = layout
                .parse_link(Link::Published, &object.key)
                .map(|(_, day)| day);
            if let Some(day) = day.filter(|day| day <= to) {
                days.insert(day, object.etag);
            }
        }
        match page.next {
            Some(start) => listing.start = start,
            None => return Ok(days),
        }
    }
}

/// The first day that `_latest` views look at: a Thursday, seven to thirteen days before the newest complete one. It spares
/// the engine the years before; and because it stays for a week, so do the views.
fn since(newest: &Day) -> Day {
    let days = newest.start_ms().div_euclid(86_400_000).rem_euclid(WEEK_DAYS) + WEEK_DAYS;
    newest.plus(-days).unwrap_or_else(|| newest.clone())
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
    Ok(manifest::linked(&bytes, layout).map(str::to_owned).collect())
}

/// A published file. The inner error: it is not there.
async fn read(objects: &Objects, key: &str) -> Result<Result<bytes::Bytes, String>, SweepError> {
    let found = objects.read(key).await?.map(|(bytes, _)| bytes);
    Ok(found.ok_or_else(|| format!("{key} is published and not there")))
}

/// What a table defines on a day. The inner error: which file cannot be read, and why.
async fn defined_on(
    sweeper: &Sweeper,
    table: &str,
    day: &Day,
) -> Result<Result<Definitions, String>, SweepError> {
    let mut reader = Reader::default();
    for key in links(&sweeper.objects, &sweeper.config.layout, table, day).await? {
        let parquet = match read(&sweeper.objects, &key).await? {
            Ok(parquet) => parquet,
            Err(why) => return Ok(Err(why)),
        };
        if let Err(error) = reader.take_file(table, parquet) {
            return Ok(Err(format!("{key}: {error}")));
        }
    }
    Ok(Ok(reader.end()))
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
