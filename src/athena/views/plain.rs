//! Views of a table as it is: its newest day, events with typed properties, and current values out of the history.

use std::collections::BTreeMap;

use super::columns::{Selected, comment, list, of_properties};
use super::events::Defined;
use super::sql::{Days, Typing, date_column, quoted};
use super::{Body, Lake};
use crate::athena::Column;
use crate::athena::definitions::{PropertyDefinition, PropertyKind};
use crate::names::PARTITION_KEY;

/// A table's rows and columns, as they are.
pub(super) fn table(name: &str, columns: &[Column], days: Days<'_>) -> Body {
    let mut selected = own(columns);
    selected.push(Selected::plain(&date_column()));
    Body {
        sql: format!(
            "SELECT {} FROM {}{}",
            list(&selected),
            quoted(name),
            days.filter(&[])
        ),
        columns: selected.into_iter().map(|selected| selected.column).collect(),
        comment: comment(&format!("Table {name}")),
    }
}

/// The columns without the partition key, wherever the list has it.
fn own(columns: &[Column]) -> Vec<Selected> {
    columns
        .iter()
        .filter(|column| column.name != PARTITION_KEY)
        .map(Selected::plain)
        .collect()
}

/// A table of events, its properties typed as they are defined. Text stays beside what is typed.
pub(super) fn events(
    name: &str,
    columns: &[Column],
    defined: &Defined<'_>,
    (typing, days): (Typing, Days<'_>),
) -> Body {
    let typed = |column: &&Column| {
        column.hive_type == "string"
            && defined
                .get(&column.name)
                .is_some_and(|(_, definition)| definition.kind != PropertyKind::Text)
    };
    let (changed, same): (Vec<&Column>, Vec<&Column>) = columns
        .iter()
        .filter(|column| column.name != PARTITION_KEY)
        .partition(typed);
    let same: Vec<Column> = same.into_iter().cloned().collect();
    // By the column's name, which can be another than the property's, and stays.
    let named = changed.iter().filter_map(|column| {
        let (property, definition) = defined.get(&column.name)?;
        let name = column.name.strip_prefix("property_")?.to_owned();
        let label = definition.label.clone().or_else(|| Some((*property).clone()));
        let definition = PropertyDefinition {
            label,
            ..(*definition).clone()
        };
        Some((name, definition))
    });
    let named: Vec<(String, PropertyDefinition)> = named.collect();
    let properties: Vec<(&String, &PropertyDefinition)> = named.iter().map(|(a, b)| (a, b)).collect();
    let text = |name: &str| quoted(&format!("property_{name}"));
    let (of_properties, _) = of_properties(&properties, &same, typing, text);
    let mut selected: Vec<Selected> = same.iter().map(Selected::plain).collect();
    selected.extend(of_properties.into_iter().flat_map(|property| property.columns));
    selected.push(Selected::plain(&date_column()));
    let count = properties.len();
    Body {
        sql: format!(
            "SELECT {} FROM {}{}",
            list(&selected),
            quoted(name),
            days.filter(&[])
        ),
        columns: selected.into_iter().map(|selected| selected.column).collect(),
        comment: comment(&format!(
            "Events of table {name}: one row per event, {count} properties typed"
        )),
    }
}

/// The table that the history is in.
pub(super) const HISTORY: &str = "object_properties_history";

/// The newest value of each property in the history, as of each day. Rows without a readable key are all there, as nobody knows
/// whose they are.
///
/// # Errors
/// Why it cannot be built.
pub(super) fn history_current(
    tables: &BTreeMap<String, Vec<Column>>,
    lake: &Lake,
    days: Days<'_>,
) -> Result<Body, String> {
    let (key, when) = (["objecttypeid", "objectid", "name"], "updatedat");
    let needed: Vec<&str> = key.into_iter().chain([when]).collect();
    if let Some(why) = lake.lacks(tables, HISTORY, &needed) {
        return Err(why);
    }
    let columns = tables.get(HISTORY).map_or(&[][..], Vec::as_slice);
    let has = |name: &str| columns.iter().any(|column| column.name == name);
    let mut selected = own(columns);
    selected.push(Selected::plain(&date_column()));
    let date = quoted(PARTITION_KEY);
    // Of values that changed at one instant, the same one each time.
    let order: Vec<String> = [when, "ingestedat", "value"]
        .into_iter()
        .filter(|name| has(name))
        .map(|name| format!("{name} DESC NULLS LAST"))
        .collect();
    Ok(Body {
        sql: format!(
            "SELECT {} FROM (SELECT *, row_number() OVER (PARTITION BY {date}, {} ORDER BY {}) AS daymark_nth \
             FROM {HISTORY}{}) WHERE daymark_nth = 1 OR objectid IS NULL OR name IS NULL",
            list(&selected),
            key.join(", "),
            order.join(", "),
            days.filter(&[])
        ),
        columns: selected.into_iter().map(|selected| selected.column).collect(),
        comment: comment(
            "The newest value of each property in the history: one row per record, property and day",
        ),
    })
}
