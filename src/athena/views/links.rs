//! `associations_<a>_to_<b>`: the links from records of one type to those of another.

use std::collections::BTreeMap;

use super::Body;
use super::columns::{Selected, comment, list};
use super::sql::{Days, date_column, literal, quoted};
use crate::athena::Column;
use crate::athena::definitions::ASSOCIATIONS as DEFINITIONS;
use crate::names::PARTITION_KEY;

const LINKS: &str = "associations";
const KEY: &str = "combinedassociationtypeid";
/// What a link's definition tells of it.
const TOLD: [&str; 3] = ["name", "label", "ismainassociationdefinition"];

/// A pair of types.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    /// OBJECTTYPEIDs.
    pub(super) from_id: &'a str,
    pub(super) to_id: &'a str,
    /// Internal names, safe.
    pub(super) from: &'a str,
    pub(super) to: &'a str,
}

/// The view of a pair.
///
/// # Errors
/// Why it cannot be built.
pub(super) fn body(
    pair: &Pair<'_>,
    tables: &BTreeMap<String, Vec<Column>>,
    days: Days<'_>,
) -> Result<Body, String> {
    let columns = tables.get(LINKS).ok_or_else(|| format!("no table {LINKS}"))?;
    let ends = ["fromobjecttypeid", "fromobjectid", "toobjecttypeid", "toobjectid"];
    for end in ends {
        if !columns.iter().any(|column| column.name == end) {
            return Err(format!("no column {end} in table {LINKS}"));
        }
    }
    let (from, to) = if pair.from == pair.to {
        (
            format!("from_{}_objectid", pair.from),
            format!("to_{}_objectid", pair.to),
        )
    } else {
        (format!("{}_objectid", pair.from), format!("{}_objectid", pair.to))
    };
    let mut selected = Vec::new();
    for (name, end, what) in [
        (&from, "fromobjectid", "that the link starts from"),
        (&to, "toobjectid", "that the link leads to"),
    ] {
        selected.extend(
            columns
                .iter()
                .filter(|column| column.name == end)
                .map(|column| Selected {
                    column: Column {
                        name: name.clone(),
                        hive_type: column.hive_type.clone(),
                        comment: format!("Id of the record {what}."),
                    },
                    expression: format!("a.{}", quoted(end)),
                }),
        );
    }
    let rest = columns
        .iter()
        .filter(|column| column.name != PARTITION_KEY && !ends.contains(&column.name.as_str()));
    selected.extend(rest.map(|column| Selected {
        column: column.clone(),
        expression: format!("a.{}", quoted(&column.name)),
    }));
    let told = told(tables);
    // A column of the links' own goes before one of their definitions.
    selected.extend(
        told.iter()
            .filter(|column| !columns.iter().any(|own| own.name == column.name))
            .map(|column| Selected {
                column: column.clone(),
                expression: format!("d.{}", quoted(&column.name)),
            }),
    );
    let date = quoted(PARTITION_KEY);
    selected.push(Selected {
        column: date_column(),
        expression: format!("a.{date}"),
    });
    let filter = days.filter(&[
        format!("fromobjecttypeid = {}", literal(pair.from_id)),
        format!("toobjecttypeid = {}", literal(pair.to_id)),
    ]);
    let join = if told.is_empty() {
        String::new()
    } else {
        definition(&told, days)
    };
    Ok(Body {
        sql: format!(
            "SELECT {} FROM (SELECT * FROM {LINKS}{filter}) a{join}",
            list(&selected)
        ),
        columns: selected.into_iter().map(|selected| selected.column).collect(),
        comment: comment(&format!(
            "Links from {} ({}) to {} ({}): one row per link, type of link and day",
            pair.from, pair.from_id, pair.to, pair.to_id
        )),
    })
}

/// The columns of the definitions that there are, if links can be joined to them.
fn told(tables: &BTreeMap<String, Vec<Column>>) -> Vec<Column> {
    let has_key = |table: &str| {
        tables
            .get(table)
            .is_some_and(|columns| columns.iter().any(|column| column.name == KEY))
    };
    if !has_key(LINKS) || !has_key(DEFINITIONS) {
        return Vec::new();
    }
    let of_definitions = tables.get(DEFINITIONS).into_iter().flatten();
    of_definitions
        .filter(|column| TOLD.contains(&column.name.as_str()))
        .cloned()
        .collect()
}

/// One row for each type of link and day, whatever the table repeats: a link must not come twice because its definition does.
fn definition(told: &[Column], days: Days<'_>) -> String {
    let date = quoted(PARTITION_KEY);
    let told: Vec<String> = told
        .iter()
        .map(|column| format!("max({0}) AS {0}", quoted(&column.name)))
        .collect();
    format!(
        " LEFT JOIN (SELECT {date}, {KEY}, {} FROM {DEFINITIONS}{} GROUP BY {date}, {KEY}) d \
         ON d.{date} = a.{date} AND d.{KEY} = a.{KEY}",
        told.join(", "),
        days.filter(&[])
    )
}
