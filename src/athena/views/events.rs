//! `events_<name>_typed`: which event type a table is of, and which of its properties its columns are.

use std::collections::BTreeMap;

use super::names::{Claim, part};
use super::{Built, Plan, bare, claim, is_event};
use crate::athena::Column;
use crate::athena::definitions::{Definitions, PropertyDefinition, TypeDefinition};
use crate::names::table_name;

/// Properties of an event type, by the column that each is in.
pub(super) type Defined<'a> = BTreeMap<String, (&'a String, &'a PropertyDefinition)>;

/// The views of tables of events.
pub(super) fn events<'a>(
    definitions: &'a Definitions,
    tables: &'a BTreeMap<String, Vec<Column>>,
    base: &[&'a str],
    built: &mut Built,
) -> Vec<(Claim, Plan<'a>)> {
    let mut wished = Vec::new();
    for table in base.iter().filter(|name| name.starts_with("events_")) {
        let columns = tables.get(*table).map_or(&[][..], Vec::as_slice);
        let untyped = match event_type(table, definitions) {
            None => Some("no event type is"),
            Some(None) => Some("several event types are"),
            Some(Some(_)) => None,
        };
        if let Some(what) = untyped {
            built.warnings.push(format!(
                "{what} defined for table {table}: its properties stay text"
            ));
        }
        let of_type = event_type(table, definitions)
            .flatten()
            .and_then(|id| definitions.properties.get(id));
        let (defined, twins) = by_column(of_type.into_iter().flatten());
        for (column, [one, other]) in twins {
            if columns.iter().any(|found| found.name == column) {
                built.warnings.push(format!(
                    "properties {one} and {other} are both column {column} of table {table}: it is typed as {one}"
                ));
            }
        }
        wished.push((claim(table, 0, table), Plan::Events(table, columns, defined)));
    }
    wished
}

/// The column of each property, in whose name all letters are lower case; and for each that several want, the property that it is
/// taken for, and another. One that is not archived goes first, then one whose own name is in lower case.
fn by_column<'a>(
    properties: impl Iterator<Item = (&'a String, &'a PropertyDefinition)>,
) -> (Defined<'a>, Vec<(String, [&'a str; 2])>) {
    let mut properties: Vec<_> = properties.collect();
    properties.sort_by_key(|(name, definition)| {
        let is_cased = name.bytes().any(|byte| byte.is_ascii_uppercase());
        (definition.archived, is_cased, *name)
    });
    let (mut defined, mut twins) = (Defined::new(), Vec::new());
    for (name, definition) in properties {
        let column = format!("property_{}", name.to_ascii_lowercase());
        match defined.get(&column) {
            Some((first, _)) => twins.push((column, [first.as_str(), name.as_str()])),
            None => {
                defined.insert(column, (name, definition));
            }
        }
    }
    (defined, twins)
}

/// The event type that a table is of, by what the table may be called after, the likeliest first. None inside if several are
/// it equally well; None if none is.
pub(super) fn event_type<'a>(table: &str, definitions: &'a Definitions) -> Option<Option<&'a str>> {
    let of_type = |defined: &TypeDefinition| {
        let named = |name: &Option<String>| name.clone().unwrap_or_default();
        let (name, qualified) = (named(&defined.name), named(&defined.qualified_name));
        [
            bare(&name).to_owned(),
            name.clone(),
            bare(&qualified).to_owned(),
            qualified.clone(),
            named(&defined.singular),
            named(&defined.plural),
        ]
    };
    let is_it = |name: &str| {
        let folder = format!("EVENTS_{name}");
        !name.is_empty() && (table == table_name(&folder) || table == format!("events_{}", part(name)))
    };
    for place in 0..6 {
        let mut found = definitions
            .types
            .iter()
            .filter(|(id, _)| is_event(id))
            .filter(|(_, defined)| of_type(defined).get(place).is_some_and(|name| is_it(name)))
            .map(|(id, _)| id.as_str());
        if let Some(first) = found.next() {
            return Some(found.next().is_none().then_some(first));
        }
    }
    None
}
