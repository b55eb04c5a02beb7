//! The views: HubSpot's per-type tables out of the account's own definitions, and the newest complete day of everything.
//!
//! | view | rows |
//! |---|---|
//! | `objects_<plural>` | the records of a type, each once, a typed column a property |
//! | `associations_<a>_to_<b>` | the links from one type to another, each once |
//! | `events_<name>` | a table of events, typed properties; `events_<name>_typed` where the table itself has the name |
//! | `property_history_current` | the newest value of each property in the history |
//! | each with `_latest`, and `<table>_latest` for each table | the same of the newest complete day |
//!
//! All keep `date`. A view's name follows from names alone. HubSpot's types keep theirs, whatever an account calls them. Where
//! several want one, standard types go before an account's own, and the others get `_` and six hex digits that their type's id gives.

use std::collections::{BTreeMap, BTreeSet};

use super::definitions::Definitions;
use super::presto::{ORIGINAL_TEXT_BYTES_MAX, STATEMENT_BYTES_MAX, original_text};
use super::{Column, View};

mod columns;
mod events;
mod gaps;
mod links;
mod names;
mod naming;
mod objects;
mod plain;
mod seeds;
mod settings;
mod sql;
#[cfg(test)]
mod tests;
mod unread;

use events::{Defined, events};
use links::Pair;
use names::{BASE_BYTES_MAX, Claim, part, settle};
use naming::{Naming, namings, unmeant};
use objects::Objects;
use sql::{Days, LATEST, Typing};
use unread::Unread;

pub use gaps::Gaps;
pub use settings::{Lake, ViewSettings};
pub use sql::Engine;
#[cfg(feature = "cli")]
pub(crate) use sql::literal;

/// The views of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Built {
    /// Those that could be built, by name.
    pub views: Vec<View>,
    /// Those that could not, and why.
    pub failed: Vec<(String, String)>,
    /// What is odd, but keeps no view from being built.
    pub warnings: Vec<String>,
    /// Which tables' definitions are an earlier day's, or nobody's, and why.
    pub earlier: Vec<String>,
    /// Files that views are made without because they cannot be read, and why.
    pub unread: Vec<String>,
    /// Of those that could be built, those that turn on such a file, and why: where one is there already, it is to stay as it is.
    pub stay: BTreeMap<String, String>,
    /// Whether there was a view without room for all of its properties, so that usage chooses among them.
    pub is_cut: bool,
}

/// A view without its name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Body {
    sql: String,
    columns: Vec<Column>,
    comment: String,
}

/// What a view is made from.
#[derive(Debug, Clone)]
enum Plan<'a> {
    Objects(Box<Objects<'a>>),
    Links(Pair<'a>),
    Events(&'a str, &'a [Column], Defined<'a>),
    History,
    /// A table's newest day; there is no view of all of its days, which is the table.
    Table(&'a str, &'a [Column]),
    Failed(String),
}

/// What the comments of newest days begin with.
const NEWEST: &str = "Newest complete day. ";

/// Builds the views of an account.
///
/// `tables` are the published tables of the lake, with their columns (the partition key may be among them or not); tables
/// of the kind `<table>_live` may be there, and have no views. `since` is a date, `yyyy-MM-dd`, that is not after the newest
/// complete day: the lower bound of `_latest` views, which spares Athena the days before.
///
/// The result is the same for the same definitions, tables, settings and `since`, whatever the order of rows. A view that
/// cannot be built is told in `failed` and keeps none of the others from being built.
pub fn views(
    definitions: &Definitions,
    tables: &BTreeMap<String, Vec<Column>>,
    since: &str,
    settings: &ViewSettings,
) -> Built {
    let definitions = definitions.clone().by_ids(seeds::named);
    let definitions = &definitions;
    let mut built = Built {
        warnings: definitions.warnings.clone(),
        ..Built::default()
    };
    let namings = namings(definitions, settings);
    built.warnings.extend(unmeant(settings, &namings));
    built.warnings.extend(settings.lake.left_out());
    let base: Vec<&str> = tables
        .keys()
        .map(String::as_str)
        .filter(|name| is_base(name, tables))
        .collect();
    let mut taken: BTreeSet<String> = tables.keys().cloned().chain([LATEST.to_owned()]).collect();
    taken.extend(base.iter().map(|name| format!("{name}_live")));

    let mut wished = objects(definitions, tables, &namings, settings, &mut built);
    let plurals = plurals(&wished, &taken);
    let others = others(&wished, &taken, &namings);
    wished.extend(others);
    wished.extend(links(definitions, &namings, &plurals));
    wished.extend(events(definitions, tables, &base, &mut built));
    if tables.contains_key(plain::HISTORY) {
        wished.push((claim("property_history_current", 0, "history"), Plan::History));
    }

    // A table that has a view's name, as tables of events have: the view says what it adds. So it does where a label ends in
    // what other views end in.
    for (claim, _) in &mut wished {
        let ending = ["_latest", "_live"].iter().any(|end| claim.wanted.ends_with(end));
        if ending || taken.contains(&claim.wanted) {
            claim.wanted += "_typed";
        }
    }
    let (claims, plans): (Vec<Claim>, Vec<Plan>) = wished.into_iter().unzip();
    let given = settle(&claims, &taken, BASE_BYTES_MAX);
    taken.extend(given.iter().flatten().cloned());
    let mut twins: Vec<Claim> = Vec::new();
    for (claim, name) in claims.iter().zip(&given) {
        let name = name.as_ref().unwrap_or(&claim.wanted);
        twins.push(self::claim(&format!("{name}_latest"), 1, &claim.identity));
    }
    twins.extend(
        base.iter()
            .map(|name| claim(&format!("{name}_latest"), 0, &format!("table {name}"))),
    );
    let twin_names = settle(&twins, &taken, 255);

    let typing = Typing::of(settings);
    let latest = Days::Latest(since);
    let of_tables = base
        .iter()
        .map(|name| Plan::Table(name, tables.get(*name).map_or(&[][..], Vec::as_slice)));
    let plans: Vec<Plan> = plans.into_iter().chain(of_tables).collect();
    let names = given.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
    let wanted = claims
        .into_iter()
        .map(|claim| claim.wanted)
        .chain(std::iter::repeat_with(String::new));
    for (((plan, name), wanted), (twin, twin_name)) in plans
        .iter()
        .zip(names)
        .zip(wanted)
        .zip(twins.into_iter().zip(twin_names))
    {
        let unread = plan.unread(definitions);
        let body = |days| match &unread {
            Some(Unread::Fails(why)) => Err(why.clone()),
            _ => plan.body(tables, &settings.lake, (typing, days)),
        };
        if let Some(Unread::Stays(why)) = &unread {
            let names = name.iter().flatten().chain(&twin_name);
            built.stay.extend(names.map(|name| (name.clone(), why.clone())));
        }
        if let Some(name) = name {
            built.add(name, &wanted, body(Days::All));
        }
        let body = body(latest).map(|body| Body {
            comment: columns::comment(&format!("{NEWEST}{}", body.comment)),
            ..body
        });
        built.add(twin_name, &twin.wanted, body);
    }
    built.views.sort_by(|one, other| one.name.cmp(&other.name));
    built.failed.sort();
    built.warnings.sort();
    built.warnings.dedup();
    built
}

impl Built {
    fn add(&mut self, name: Option<String>, wanted: &str, body: Result<Body, String>) {
        let Some(name) = name else {
            self.failed
                .push((wanted.to_owned(), "its name is another's".to_owned()));
            return;
        };
        let body = match body {
            Ok(body) => body,
            Err(why) => {
                self.failed.push((name, why));
                return;
            }
        };
        let view = View {
            name,
            sql: body.sql,
            columns: body.columns,
            comment: body.comment,
        };
        // Whatever its database is called: Glue's names have 255 bytes.
        let encoded = original_text(&view, &"d".repeat(255)).len();
        if view.sql.len() > STATEMENT_BYTES_MAX || encoded > ORIGINAL_TEXT_BYTES_MAX {
            let why = format!(
                "its statement of {} bytes ({encoded} encoded) is longer than Athena allows",
                view.sql.len()
            );
            self.failed.push((view.name, why));
            return;
        }
        self.views.push(view);
    }
}

impl Plan<'_> {
    fn body(
        &self,
        tables: &BTreeMap<String, Vec<Column>>,
        lake: &Lake,
        (typing, days): (Typing, Days<'_>),
    ) -> Result<Body, String> {
        if lake.is_pointer_foreign && matches!(days, Days::Latest(_)) {
            // Over that one it would be empty, or somebody else's date.
            return Err(format!(
                "table {LATEST}, which is to tell the newest day, is one that Daymark did not make"
            ));
        }
        match self {
            Plan::Objects(objects) => Ok(objects.body(days)),
            Plan::Links(pair) => links::body(pair, tables, lake, days),
            Plan::Events(table, columns, defined) => {
                Ok(plain::events(table, columns, defined, (typing, days)))
            }
            Plan::History => plain::history_current(tables, lake, days),
            Plan::Table(table, columns) => Ok(plain::table(table, columns, days)),
            Plan::Failed(why) => Err(why.clone()),
        }
    }
}

fn claim(wanted: &str, rank: u8, identity: &str) -> Claim {
    Claim {
        wanted: wanted.to_owned(),
        rank,
        identity: identity.to_owned(),
    }
}

/// Whether a table has a newest day of its own: the pointer has none, and what is live is not whole.
fn is_base(name: &str, tables: &BTreeMap<String, Vec<Column>>) -> bool {
    let live = name
        .strip_suffix("_live")
        .is_some_and(|published| tables.contains_key(published));
    name != LATEST && !live
}

/// Whether a type is one of events.
fn is_event(type_id: &str) -> bool {
    type_id.starts_with("4-") || type_id.starts_with("6-")
}

/// The rank of second names, behind all that [`rank`] gives.
const OTHERS: u8 = 3;

/// The standard types' ids come from HubSpot; they go before an account's own.
fn rank(type_id: &str) -> u8 {
    match type_id {
        id if seeds::of(id).is_some() => 0,
        id if id.starts_with("0-") => 1,
        _ => 2,
    }
}

fn objects<'a>(
    definitions: &Definitions,
    tables: &BTreeMap<String, Vec<Column>>,
    namings: &'a BTreeMap<String, Naming>,
    settings: &ViewSettings,
    built: &mut Built,
) -> Vec<(Claim, Plan<'a>)> {
    let mut wished = Vec::new();
    for (id, naming) in namings {
        let named: Vec<&str> = naming.names(id).collect();
        let plan = match Objects::plan((id, &naming.title, &named), definitions, tables, settings) {
            Ok((planned, warnings)) => {
                built.warnings.extend(warnings);
                built.is_cut |= planned.is_cut();
                Plan::Objects(Box::new(planned))
            }
            // Nobody asked for a standard type that the account does not tell of.
            Err(_) if !definitions.types.contains_key(id) => continue,
            Err(why) => Plan::Failed(why),
        };
        wished.push((claim(&format!("objects_{}", naming.plural), rank(id), id), plan));
    }
    wished
}

/// The same views once more, called as the account calls HubSpot's types: where nothing else is to be called so.
fn others<'a>(
    wished: &[(Claim, Plan<'a>)],
    taken: &BTreeSet<String>,
    namings: &BTreeMap<String, Naming>,
) -> Vec<(Claim, Plan<'a>)> {
    let mut wanted: BTreeMap<&str, u32> = BTreeMap::new();
    for naming in namings.values() {
        for name in [Some(&naming.plural), naming.other.as_ref()]
            .into_iter()
            .flatten()
        {
            *wanted.entry(name).or_default() += 1;
        }
    }
    let others = wished.iter().filter_map(|(main, plan)| {
        let other = namings.get(&main.identity)?.other.as_deref()?;
        let name = format!("objects_{other}");
        let is_free = wanted.get(other) == Some(&1) && !taken.contains(&name);
        is_free.then(|| {
            (
                claim(&name, OTHERS, &format!("{} too", main.identity)),
                plan.clone(),
            )
        })
    });
    others.collect()
}

/// What each type is called in the names of other views: as in its own, without `objects_`.
fn plurals(wished: &[(Claim, Plan<'_>)], taken: &BTreeSet<String>) -> BTreeMap<String, String> {
    // A table of the view's name (`_typed`) does not change what the type is called.
    let claims: Vec<Claim> = wished.iter().map(|(claim, _)| claim.clone()).collect();
    let free: BTreeSet<String> = taken
        .iter()
        .filter(|name| !name.starts_with("objects_"))
        .cloned()
        .collect();
    let names = settle(&claims, &free, BASE_BYTES_MAX);
    claims
        .into_iter()
        .zip(names)
        .filter_map(|(claim, name)| Some((claim.identity, name?.strip_prefix("objects_")?.to_owned())))
        .collect()
}

fn links<'a>(
    definitions: &'a Definitions,
    namings: &'a BTreeMap<String, Naming>,
    plurals: &BTreeMap<String, String>,
) -> Vec<(Claim, Plan<'a>)> {
    let mut wished = Vec::new();
    for (from_id, to_id) in definitions.associations.keys() {
        let identity = format!("{from_id} to {to_id}");
        let plan = match (namings.get(from_id), namings.get(to_id)) {
            (Some(from), Some(to)) => Plan::Links(Pair {
                from_id,
                to_id,
                from: &from.name,
                to: &to.name,
            }),
            _ => Plan::Failed("one of its object types is not defined".to_owned()),
        };
        let name = |id: &String| {
            plurals
                .get(id)
                .cloned()
                .unwrap_or_else(|| part(&format!("type {id}")))
        };
        let wanted = part(&format!("associations_{}_to_{}", name(from_id), name(to_id)));
        wished.push((claim(&wanted, rank(from_id).max(rank(to_id)), &identity), plan));
    }
    wished
}
