//! What is to be there beside what Glue has: what to create, what to change, what to leave alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Column, Kind, MARK, RANGE, Table, VIRTUAL_VIEW, Wanted};
use crate::day::CURE;

/// A table that Glue has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The table.
    pub table: Table,
    /// Glue's number for this version of it. None: it was written since it was read.
    pub version: Option<String>,
    /// Its description, which has to be its comment: of a view with another one Trino says that it is not there. None: it was
    /// written since it was read.
    pub description: Option<String>,
}

/// What is known of when the days begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// A day that is published: an earlier beginning stays.
    Reaches,
    /// The oldest there is.
    Begins,
}

/// What becomes of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub step: Step,
}

/// What becomes of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is not there.
    Create(Box<Table>),
    /// It is there, but not as it is to be.
    Update {
        /// As it is to be.
        table: Box<Table>,
        /// The version that this change is to.
        version: Option<String>,
        /// What changes, in words.
        differences: Vec<String>,
    },
    /// It is as it is to be.
    Unchanged,
    /// It must stay as it is.
    Held(Held),
}

/// Why a table must stay as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// It has not Daymark's parameter.
    Foreign,
    /// Another table of Daymark's has the name.
    Taken {
        /// Which one.
        by: String,
    },
    /// A column would get another type.
    Retyped {
        /// The column.
        column: String,
        /// Its type in Glue.
        found: String,
        /// Its type in the lake.
        wanted: String,
    },
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Held::Foreign => write!(
                f,
                "a table of this name is there that Daymark did not make (it has no parameter {MARK}); rename or drop it, and Daymark makes its own"
            ),
            Held::Taken { by } => write!(f, "its name is that of {by}"),
            Held::Retyped {
                column,
                found,
                wanted,
            } => write!(
                f,
                "column {column} is {found} in the Glue catalog, and {wanted} in the lake; a published column keeps its type{CURE}"
            ),
        }
    }
}

/// What becomes of each table that is wanted, in their order. Of two wanted tables with one name, the first has it.
pub fn plan(wanted: &[Wanted], found: &BTreeMap<String, Found>, range: Range) -> Vec<Change> {
    let mut names: BTreeMap<&String, &Table> = BTreeMap::new();
    let changes = wanted.iter().map(|wanted| {
        let table = &wanted.table;
        let step = match (names.get(&table.name), found.get(&table.name)) {
            (Some(by), _) => Step::Held(Held::Taken { by: what(by) }),
            (None, None) => Step::Create(Box::new(table.clone())),
            (None, Some(found)) => step(wanted, found, range),
        };
        names.entry(&table.name).or_insert(table);
        Change {
            name: table.name.clone(),
            step,
        }
    });
    changes.collect()
}

/// Types of the columns of each published table, as Glue has them.
pub fn types(found: &BTreeMap<String, Found>) -> BTreeMap<String, BTreeMap<String, String>> {
    let tables = found.values().filter_map(|found| {
        let (kind, of) = found.table.mark()?;
        let columns = found.table.columns.iter();
        let columns = columns.map(|column| (column.name.clone(), normal(&column.hive_type)));
        (kind == Kind::Published.as_str()).then(|| (of.to_owned(), columns.collect()))
    });
    tables.collect()
}

/// Views of Daymark's that are not among the wanted ones, nor among those that could not be built.
pub fn left_over(
    wanted: &[Wanted],
    failed: &[(String, String)],
    found: &BTreeMap<String, Found>,
) -> Vec<String> {
    let known: BTreeSet<&str> = wanted
        .iter()
        .map(|wanted| wanted.table.name.as_str())
        .chain(failed.iter().map(|(name, _)| name.as_str()))
        .collect();
    let views = found.values().map(|found| &found.table).filter(|table| {
        let kind = table.mark().map(|(kind, _)| kind);
        kind == Some(Kind::View.as_str()) && !known.contains(table.name.as_str())
    });
    views.map(|table| table.name.clone()).collect()
}

/// A plan in words, a line for each table that is not as it is to be.
pub fn changes(plan: &[Change]) -> Vec<String> {
    let lines = plan.iter().filter_map(|Change { name, step }| match step {
        Step::Unchanged => None,
        Step::Create(table) => Some(format!("create {name}: {} columns", table.columns.len())),
        Step::Update { differences, .. } => Some(format!("update {name}: {}", differences.join("; "))),
        Step::Held(why) => Some(format!("held {name}: {why}")),
    });
    lines.collect()
}

/// What a table is, in words.
fn what(table: &Table) -> String {
    match table.mark() {
        Some((kind, "")) => format!("the {kind} table"),
        Some((kind, of)) => format!("the {kind} table of {of}"),
        None => "another table".to_owned(),
    }
}

fn step(wanted: &Wanted, found: &Found, range: Range) -> Step {
    let (new, old) = (&wanted.table, &found.table);
    let is_view = new.table_type == VIRTUAL_VIEW;
    match old.mark() {
        None => return Step::Held(Held::Foreign),
        // Tables go before views, which get another name: also where the view was there first.
        Some((kind, _)) if kind == Kind::View.as_str() && !is_view => {
            return Step::Update {
                table: Box::new(new.clone()),
                version: found.version.clone(),
                differences: vec!["a table instead of a view".to_owned()],
            };
        }
        mark if mark != new.mark() => return Step::Held(Held::Taken { by: what(old) }),
        Some(_) => {}
    }
    let mut differences = Vec::new();
    // A view's columns follow from its statement; only tables have files to agree with.
    let columns = match is_view {
        true => view_columns(old, new, &mut differences),
        false => match columns(wanted, old, &mut differences) {
            Ok(columns) => columns,
            Err(held) => return Step::Held(held),
        },
    };
    let mut parameters = old.parameters.clone();
    for (name, value) in &new.parameters {
        let before = old.parameters.get(name);
        if before == Some(value)
            || (name == RANGE && range == Range::Reaches && begins_earlier(before, value))
        {
            continue;
        }
        differences.push(match (name.as_str(), before) {
            ("comment", _) => "comment".to_owned(),
            (_, Some(before)) => format!("{name} {value} instead of {before}"),
            (_, None) => format!("{name} {value}"),
        });
        parameters.insert(name.clone(), value.clone());
    }
    let others = [
        (
            "description",
            found
                .description
                .as_ref()
                .is_none_or(|found| found == new.comment()),
        ),
        ("partition keys", !is_view || old.keys == new.keys),
        ("type", old.table_type == new.table_type),
        ("location", old.location == new.location),
        ("format", old.format == new.format),
        (
            "statement",
            old.original_text == new.original_text && old.expanded_text == new.expanded_text,
        ),
    ];
    let others = others.iter().filter(|(_, same)| !same);
    differences.extend(others.map(|(name, _)| (*name).to_owned()));
    if differences.is_empty() {
        return Step::Unchanged;
    }
    Step::Update {
        table: Box::new(Table {
            columns,
            keys: if is_view {
                new.keys.clone()
            } else {
                old.keys.clone()
            },
            parameters,
            ..new.clone()
        }),
        version: found.version.clone(),
        differences,
    }
}

/// The columns that are there, in their order, and behind them those that are not.
fn columns(wanted: &Wanted, old: &Table, differences: &mut Vec<String>) -> Result<Vec<Column>, Held> {
    let new = &wanted.table;
    let retyped = |column: &str, found: &str, wanted: &str| Held::Retyped {
        column: column.to_owned(),
        found: found.to_owned(),
        wanted: wanted.to_owned(),
    };
    let names = |keys: &[Column]| -> Vec<(String, String)> {
        let keys = keys.iter();
        keys.map(|key| (key.name.clone(), normal(&key.hive_type)))
            .collect()
    };
    let (old_keys, new_keys) = (names(&old.keys), names(&new.keys));
    if old_keys != new_keys {
        let told = |keys: &[(String, String)]| {
            let keys = keys.iter().map(|(name, kind)| format!("{name} {kind}"));
            format!("({})", keys.collect::<Vec<_>>().join(", "))
        };
        return Err(retyped("partition key", &told(&old_keys), &told(&new_keys)));
    }
    let by_name: BTreeMap<&str, &Column> = new
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column))
        .collect();
    let mut columns = Vec::with_capacity(new.columns.len());
    let mut there = BTreeSet::new();
    for column in &old.columns {
        there.insert(column.name.as_str());
        let mut column = column.clone();
        if let Some(new) = by_name.get(column.name.as_str()) {
            let same = normal(&column.hive_type) == normal(&new.hive_type);
            if !same && !wanted.declared.contains(&column.name) {
                return Err(retyped(&column.name, &column.hive_type, &new.hive_type));
            }
            if column.comment != new.comment {
                differences.push(format!("comment of column {}", column.name));
                column.comment.clone_from(&new.comment);
            }
        }
        columns.push(column);
    }
    let added = new.columns.iter();
    for column in added.filter(|column| !there.contains(column.name.as_str())) {
        differences.push(format!("column {} {} added", column.name, column.hive_type));
        columns.push(column.clone());
    }
    Ok(columns)
}

fn view_columns(old: &Table, new: &Table, differences: &mut Vec<String>) -> Vec<Column> {
    if old.columns != new.columns {
        let names = |table: &Table| -> BTreeSet<String> {
            let columns = table.columns.iter();
            columns
                .map(|column| format!("{} {}", column.name, column.hive_type))
                .collect()
        };
        let (before, after) = (names(old), names(new));
        let added = after
            .difference(&before)
            .map(|column| format!("column {column} added"));
        let gone = before
            .difference(&after)
            .map(|column| format!("column {column} gone"));
        let told = differences.len();
        differences.extend(added.chain(gone));
        if differences.len() == told {
            differences.push("order or comments of columns".to_owned());
        }
    }
    new.columns.clone()
}

/// Whether one range, `yyyy-MM-dd,NOW+1DAY`, begins before another, or as early, and ends like it.
fn begins_earlier(before: Option<&String>, after: &str) -> bool {
    let (Some(before), Some(after)) = (
        before.and_then(|before| before.split_once(',')),
        after.split_once(','),
    ) else {
        return false;
    };
    let day = |text: &str| crate::keys::Day::parse(text);
    match (day(before.0), day(after.0)) {
        (Some(first), Some(second)) => before.1 == after.1 && first <= second,
        _ => false,
    }
}

/// A type's name as it is compared.
fn normal(hive_type: &str) -> String {
    hive_type
        .split_whitespace()
        .collect::<String>()
        .to_ascii_lowercase()
}
