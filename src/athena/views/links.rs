//! `associations_<a>_to_<b>`: the links from records of one type to those of another.

use std::collections::BTreeMap;

use super::columns::{Selected, comment, list};
use super::sql::{Days, date_column, literal, quoted};
use super::{Body, Gaps, Lake};
use crate::athena::Column;
use crate::athena::definitions::ASSOCIATIONS as DEFINITIONS;
use crate::names::PARTITION_KEY;

const LINKS: &str = "associations";
const KEY: &str = "combinedassociationtypeid";
/// What a link's definition tells of it.
const TOLD: [&str; 3] = ["name", "label", "ismainassociationdefinition"];

/// A pair of types.
#[derive(Debug, Clone)]
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
    lake: &Lake,
    days: Days<'_>,
) -> Result<Body, String> {
    let ends = ["fromobjecttypeid", "fromobjectid", "toobjecttypeid", "toobjectid"];
    if let Some(why) = lake.lacks(tables, LINKS, &ends) {
        return Err(why);
    }
    let columns = tables.get(LINKS).map_or(&[][..], Vec::as_slice);
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
    let defined = Defined::of(days, lake.links.as_ref());
    // A column of the links' own goes before one of their definitions.
    selected.extend(
        told.iter()
            .filter(|column| !columns.iter().any(|own| own.name == column.name))
            .map(|column| Selected {
                column: column.clone(),
                expression: defined.expression(&quoted(&column.name)),
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
        defined.join(&told, days)
    };
    Ok(Body {
        sql: format!(
            "SELECT {} FROM (SELECT * FROM (SELECT *, {} AS daymark_nth FROM {LINKS}{filter}) \
             WHERE daymark_nth = 1 OR fromobjectid IS NULL OR toobjectid IS NULL) a{join}",
            list(&selected),
            nth(columns)
        ),
        columns: selected.into_iter().map(|selected| selected.column).collect(),
        comment: comment(&format!(
            "Links from {} ({}) to {} ({}): one row per link, type of link and day",
            pair.from, pair.from_id, pair.to, pair.to_id
        )),
    })
}

/// Which row of its link and day one is, the newest first. Rows that differ in nothing but INGESTEDAT are one link: HubSpot's parts
/// can hold it twice, as when an unload is tried again. Rows without both ids are none of one link.
fn nth(columns: &[Column]) -> String {
    let date = quoted(PARTITION_KEY);
    let (when, own): (Vec<&Column>, Vec<&Column>) = columns
        .iter()
        .filter(|column| column.name != PARTITION_KEY)
        .partition(|column| column.name == "ingestedat");
    let own = own.into_iter().map(|column| quoted(&column.name));
    let own: Vec<String> = std::iter::once(date).chain(own).collect();
    let order: String = when
        .into_iter()
        .map(|column| format!(" ORDER BY {} DESC NULLS LAST", quoted(&column.name)))
        .collect();
    format!("row_number() OVER (PARTITION BY {}{order})", own.join(", "))
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

/// Which definitions tell of a link.
#[derive(Debug, Clone, Copy)]
enum Defined<'g> {
    /// Those of its own day.
    Own,
    /// Those of one day, whatever its own is.
    Of(&'g str),
    /// Those of its own day, or on days without any, those of one.
    OwnOr(&'g Gaps, &'g str),
}

impl<'g> Defined<'g> {
    fn of(days: Days<'_>, gaps: Option<&'g (Gaps, String)>) -> Self {
        match (gaps, days) {
            (Some((gaps, day)), Days::All) => Defined::OwnOr(gaps, day),
            (Some((gaps, day)), Days::Latest(_)) if gaps.has_newest() => Defined::Of(day),
            _ => Defined::Own,
        }
    }

    fn expression(self, column: &str) -> String {
        match self {
            Defined::Own | Defined::Of(_) => format!("d.{column}"),
            // On a day with definitions the other is not joined, on a day without the own has no row.
            Defined::OwnOr(..) => format!("coalesce(d.{column}, e.{column})"),
        }
    }

    /// One row for each type of link and day, whatever the table repeats: a link must not come twice because its definition
    /// does.
    fn join(self, told: &[Column], days: Days<'_>) -> String {
        let date = quoted(PARTITION_KEY);
        let told: Vec<String> = told
            .iter()
            .map(|column| format!("max({0}) AS {0}", quoted(&column.name)))
            .collect();
        let told = told.join(", ");
        let own = || {
            format!(
                " LEFT JOIN (SELECT {date}, {KEY}, {told} FROM {DEFINITIONS}{} GROUP BY {date}, {KEY}) d \
                 ON d.{date} = a.{date} AND d.{KEY} = a.{KEY}",
                days.filter(&[])
            )
        };
        let of = |day: &str, name: &str| {
            format!(
                " LEFT JOIN (SELECT {KEY}, {told} FROM {DEFINITIONS} WHERE {date} = {} GROUP BY {KEY}) {name} \
                 ON {name}.{KEY} = a.{KEY}",
                literal(day)
            )
        };
        match self {
            Defined::Own => own(),
            Defined::Of(day) => of(day, "d"),
            Defined::OwnOr(gaps, day) => {
                let gaps = gaps.condition(&format!("a.{date}"));
                format!("{}{} AND {gaps}", own(), of(day, "e"))
            }
        }
    }
}
