//! `events_<name>_typed`: which event type a table is of, and which of its properties its columns are.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Claim, part};
use super::naming::bare;
use super::{Built, Plan, claim, is_event};
use crate::athena::Column;
use crate::athena::definitions::{Definitions, PropertyDefinition, TYPES, TypeDefinition};
use crate::names::{lake_name, table_name};

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
        // Where definitions of types cannot be read, it is no wonder, and told.
        let is_told = definitions.types.is_empty() && definitions.unread.contains_key(TYPES);
        if let Some(what) = untyped.filter(|_| !is_told) {
            built.warnings.push(format!(
                "{what} defined for table {table}: its properties stay text"
            ));
        }
        let of_type = event_type(table, definitions)
            .flatten()
            .and_then(|id| definitions.properties.get(id));
        let (defined, twins) = by_column(of_type.into_iter().flatten(), columns);
        for (column, [one, other]) in twins {
            built.warnings.push(format!(
                "properties {one} and {other} are both column {column} of table {table}: it is typed as {one}"
            ));
        }
        wished.push((claim(table, 0, table), Plan::Events(table, columns, defined)));
    }
    wished
}

/// The column of each property, of these; and for each that several want, the property that it is taken for, and another. One
/// that is not archived goes first, then one whose own name is in lower case.
///
/// A property whose name has more than letters, digits and `_` has the column that such a header is called by in the lake, or the
/// one with `_` for each sign, if no property is called so itself.
fn by_column<'a>(
    properties: impl Iterator<Item = (&'a String, &'a PropertyDefinition)>,
    columns: &[Column],
) -> (Defined<'a>, Vec<(String, [&'a str; 2])>) {
    let mut properties: Vec<_> = properties.collect();
    properties.sort_by_key(|(name, definition)| {
        let is_cased = name.bytes().any(|byte| byte.is_ascii_uppercase());
        (definition.archived, is_cased, *name)
    });
    let (mut defined, mut twins) = (Defined::new(), Vec::new());
    let mut placed = BTreeSet::new();
    for names in [headers, with_underscores] {
        for (name, definition) in &properties {
            let names = names(name);
            let columns = columns.iter().filter(|column| names.contains(&column.name));
            for column in columns.take(usize::from(!placed.contains(name))) {
                match defined.get(&column.name) {
                    Some((first, _)) => twins.push((column.name.clone(), [first.as_str(), name.as_str()])),
                    None => {
                        defined.insert(column.name.clone(), (*name, *definition));
                    }
                }
                placed.insert(*name);
            }
        }
    }
    (defined, twins)
}

/// What the column of a property can be called in the lake, by the spellings that its header can be in.
fn headers(property: &str) -> BTreeSet<String> {
    let spelt = |start: &str, property: &str| lake_name(&format!("{start}{property}"));
    let (small, capital) = (property.to_ascii_lowercase(), property.to_ascii_uppercase());
    [property, &small, &capital]
        .into_iter()
        .flat_map(|property| [spelt("PROPERTY_", property), spelt("property_", property)])
        .collect()
}

/// The same where HubSpot puts `_` for each blank and sign.
fn with_underscores(property: &str) -> BTreeSet<String> {
    BTreeSet::from([format!("property_{}", part(property))])
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
