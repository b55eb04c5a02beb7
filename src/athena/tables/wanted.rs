//! From the lake to the tables that show it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Column, EXTERNAL_TABLE, Format, Kind, MARK, OF, RANGE, Table, parts};
use crate::athena::comment::{COMMENT_BYTES_MAX, TABLE_COMMENT_BYTES_MAX, clipped};
use crate::catalog::{self, Catalog, Mark};
use crate::keys::{Day, Layout, Link, PARTS_TABLE};
use crate::names::{PARTITION_KEY, lake_name};
use crate::types::Type;

pub use crate::names::LATEST_TABLE;

/// What follows a table's name where days are shown as far as they have come.
pub const LIVE_SUFFIX: &str = "_live";

const OUTPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";

/// What is known of one table of the lake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Types of its published columns, by name, as footers have them.
    pub types: BTreeMap<String, String>,
    /// The first day that is published of it. None: none is.
    pub published_from: Option<Day>,
    /// The first day of which there is anything.
    pub live_from: Option<Day>,
}

/// A table that is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The table.
    pub table: Table,
    /// Columns that no published file has: only the catalog names them, so that they take whatever type is there already.
    pub declared: BTreeSet<String>,
}

/// All tables over a lake, by what is known of each of its tables. Of two with one name, the first has it: Daymark's own,
/// then the complete days, then the live ones.
pub fn wanted(layout: &Layout, catalog: &Catalog, lake: &BTreeMap<String, Seen>) -> Vec<Wanted> {
    let mut tables = vec![latest(layout)];
    if let Some(from) = lake
        .get(PARTS_TABLE)
        .and_then(|seen| seen.published_from.as_ref())
    {
        let comment = "One row per part of each complete day: where it came from, what became of it.";
        let table = days(
            layout,
            (Kind::Parts, PARTS_TABLE),
            comment,
            parts::columns(),
            from,
        );
        tables.push(Wanted {
            table,
            declared: BTreeSet::new(),
        });
    }
    let mut live = Vec::new();
    for (name, seen) in lake.iter().filter(|(name, _)| *name != PARTS_TABLE) {
        let Some(from) = &seen.published_from else {
            continue;
        };
        let known = catalog.table(name);
        let columns = columns(known.as_ref(), &seen.types);
        let declared: BTreeSet<String> = columns
            .iter()
            .filter(|column| !seen.types.contains_key(&column.name))
            .map(|column| column.name.clone())
            .collect();
        let meaning = match &known {
            Some(table) if !table.comment.is_empty() => &table.comment,
            Some(_) => "A table of HubSpot's.",
            None => "A table that Daymark's catalog does not know.",
        };
        let comment = about(meaning, "A day is here once it is complete.");
        let table = days(layout, (Kind::Published, name), &comment, columns.clone(), from);
        tables.push(Wanted {
            table,
            declared: declared.clone(),
        });
        let from = seen.live_from.as_ref().map_or(from, |live| live.min(from));
        let comment = about(meaning, "A day is here as far as it has come.");
        let table = days(layout, (Kind::Live, name), &comment, columns, from);
        live.push(Wanted { table, declared });
    }
    tables.extend(live);
    tables
}

/// The table over the pointer to the newest complete day: one row, or none before there is one.
fn latest(layout: &Layout) -> Wanted {
    let key = layout.latest();
    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let comment = "The newest complete day: one row. Views called …_latest take their date from here.";
    let parameters = [
        ("EXTERNAL", "TRUE"),
        (MARK, Kind::Latest.as_str()),
        ("comment", comment),
    ];
    let table = Table {
        name: LATEST_TABLE.to_owned(),
        table_type: EXTERNAL_TABLE.to_owned(),
        columns: vec![Column {
            name: "date".to_owned(),
            hive_type: "string".to_owned(),
            comment: "yyyy-MM-dd".to_owned(),
        }],
        location: format!("s3://{}/{folder}/", layout.curated().bucket()),
        format: Format {
            input: "org.apache.hadoop.mapred.TextInputFormat".to_owned(),
            output: OUTPUT_FORMAT.to_owned(),
            serde: "org.openx.data.jsonserde.JsonSerDe".to_owned(),
            parameters: texts(&[("serialization.format", "1")]),
        },
        parameters: texts(&parameters),
        ..Table::default()
    };
    Wanted {
        table,
        declared: BTreeSet::new(),
    }
}

/// A table whose days are symlink files, found by projection: nobody has to register a day.
fn days(layout: &Layout, (kind, of): (Kind, &str), comment: &str, columns: Vec<Column>, from: &Day) -> Table {
    let (link, suffix) = match kind {
        Kind::Live => (Link::Live, LIVE_SUFFIX),
        _ => (Link::Published, ""),
    };
    let bucket = layout.curated().bucket();
    let location = format!("s3://{bucket}/{}", layout.links(link, Some(of)));
    let template = format!("{location}{PARTITION_KEY}=${{{PARTITION_KEY}}}/");
    let range = format!("{from},NOW+1DAY");
    let parameters = [
        ("EXTERNAL", "TRUE"),
        (MARK, kind.as_str()),
        (OF, of),
        ("comment", comment),
        ("projection.enabled", "true"),
        ("projection.date.type", "date"),
        ("projection.date.format", "yyyy-MM-dd"),
        (RANGE, range.as_str()),
        ("projection.date.interval", "1"),
        ("projection.date.interval.unit", "DAYS"),
        ("storage.location.template", template.as_str()),
    ];
    Table {
        name: format!("{of}{suffix}"),
        table_type: EXTERNAL_TABLE.to_owned(),
        columns,
        keys: vec![Column {
            name: PARTITION_KEY.to_owned(),
            hive_type: "string".to_owned(),
            comment: "The day of the sync, yyyy-MM-dd.".to_owned(),
        }],
        parameters: texts(&parameters),
        location,
        format: Format {
            input: "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat".to_owned(),
            output: OUTPUT_FORMAT.to_owned(),
            serde: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe".to_owned(),
            parameters: texts(&[("serialization.format", "1")]),
        },
        ..Table::default()
    }
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

/// A table's columns: the catalog's in its order, then what else was published, by name. What was published has its type.
fn columns(known: Option<&catalog::Table>, types: &BTreeMap<String, String>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut named = BTreeSet::new();
    for column in known.into_iter().flat_map(|table| &table.columns) {
        let name = lake_name(&column.name);
        let published = types.get(&name).and_then(|kind| hive_type(kind));
        if named.insert(name.clone()) {
            columns.push(Column {
                hive_type: published.unwrap_or_else(|| of_type(column.ty)),
                comment: told(column),
                name,
            });
        }
    }
    for (name, kind) in types {
        // Types without a name in Athena are none of Daymark's.
        let Some(hive_type) = hive_type(kind).filter(|_| !named.contains(name)) else {
            continue;
        };
        let is_open = known
            .and_then(|table| table.open_prefix.as_deref())
            .is_some_and(|prefix| name.starts_with(&prefix.to_ascii_lowercase()));
        let comment = match is_open {
            true => "A property, as text; which there are differs from table to table.",
            false => "Not in Daymark's catalog, so its values are as HubSpot sends them.",
        };
        columns.push(Column {
            name: name.clone(),
            hive_type,
            comment: comment.to_owned(),
        });
    }
    columns
}

/// What a type that a footer tells is called in Hive, if it is one of ours.
fn hive_type(kind: &str) -> Option<String> {
    kind.parse().ok().map(of_type)
}

fn of_type(ty: Type) -> String {
    match ty {
        // JSON is text: what is in it is for queries to take out.
        Type::Json => Type::String.to_string(),
        other => other.to_string(),
    }
}

/// A table's meaning and what its days are, in as many bytes as Glue takes: it would refuse the table, and so stop its days.
fn about(meaning: &str, days: &str) -> String {
    let room = TABLE_COMMENT_BYTES_MAX.saturating_sub(days.len() + 1);
    format!("{} {days}", clipped(meaning, room))
}

/// Meaning, source name and mark, in as many bytes as Glue takes.
fn told(column: &catalog::Column) -> String {
    let mark = match column.mark {
        Mark::Known => "known",
        Mark::Seen => "seen",
        Mark::Likely => "likely",
        Mark::Unknown => "unknown",
        Mark::Declared => "declared",
    };
    let source = format!("({}, {mark})", column.name);
    let room = COMMENT_BYTES_MAX.saturating_sub(source.len() + 1);
    let meaning = clipped(&column.comment, room);
    match meaning.is_empty() {
        true => clipped(&source, COMMENT_BYTES_MAX),
        false => format!("{meaning} {source}"),
    }
}
