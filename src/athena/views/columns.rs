//! The columns that properties become.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Claim, settle};
use super::sql::{Typing, quoted};
use crate::athena::Column;
use crate::athena::comment::{COMMENT_BYTES_MAX, clipped};
use crate::athena::definitions::{PropertyDefinition, PropertyKind};
use crate::names::{COLUMN_NAME_BYTES_MAX, PARTITION_KEY, lake_name};

/// One column of a view, and the expression that gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) column: Column,
    pub(super) expression: String,
}

impl Selected {
    /// A column as a table has it.
    pub(super) fn plain(column: &Column) -> Self {
        Selected {
            column: column.clone(),
            expression: quoted(&column.name),
        }
    }

    /// Its place in a statement's list.
    pub(super) fn text(&self) -> String {
        let name = quoted(&self.column.name);
        if name == self.expression {
            name
        } else {
            format!("{} AS {name}", self.expression)
        }
    }
}

/// A statement's list.
pub(super) fn list(selected: &[Selected]) -> String {
    let texts: Vec<String> = selected.iter().map(Selected::text).collect();
    texts.join(", ")
}

/// The columns of one property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PropertyColumns {
    /// Internal name.
    pub(super) property: String,
    /// The typed one, and the text behind it where typing can lose some.
    pub(super) columns: Vec<Selected>,
}

/// The columns of properties, in their order; `text` gives the expression of a property's text. The second list names
/// properties whose columns' names are other columns' for good.
///
/// A property's own column goes before the text behind another's: `unparsed_amount` before that of `amount`.
pub(super) fn of_properties(
    properties: &[(&String, &PropertyDefinition)],
    base: &[Column],
    typing: Typing,
    text: impl Fn(&str) -> String,
) -> (Vec<PropertyColumns>, Vec<String>) {
    let taken: BTreeSet<String> = base
        .iter()
        .map(|column| column.name.clone())
        .chain([PARTITION_KEY.to_owned()])
        .collect();
    let mut claims = Vec::new();
    for (name, _) in properties {
        let cased = u8::from(name.bytes().any(|byte| byte.is_ascii_uppercase()));
        claims.push(Claim {
            wanted: lake_name(&format!("property_{name}")),
            rank: cased,
            identity: format!("property {name}"),
        });
        claims.push(Claim {
            wanted: lake_name(&format!("property_unparsed_{name}")),
            rank: 2 + cased,
            identity: format!("property unparsed {name}"),
        });
    }
    // Text has nothing behind it, and must not take a name from one that has.
    let mut places = BTreeMap::new();
    let mut wished = Vec::new();
    for (place, claim) in claims.into_iter().enumerate() {
        let kind = properties
            .get(place / 2)
            .map_or(PropertyKind::Text, |(_, property)| property.kind);
        if place % 2 == 0 || kind != PropertyKind::Text {
            places.insert(place, wished.len());
            wished.push(claim);
        }
    }
    let names = settle(&wished, &taken, COLUMN_NAME_BYTES_MAX);
    let name_of = |place: usize| {
        let at = places.get(&place)?;
        names.get(*at).cloned().flatten()
    };
    let (mut columns, mut nameless) = (Vec::new(), Vec::new());
    for (nth, (property, definition)) in properties.iter().enumerate() {
        let text = text(property);
        let Some(name) = name_of(2 * nth) else {
            nameless.push((*property).clone());
            continue;
        };
        let meaning = definition.label.as_deref().unwrap_or(property);
        let mut of_property = vec![Selected {
            column: Column {
                name,
                hive_type: typing.hive_type(definition.kind),
                comment: comment(meaning),
            },
            expression: typing.typed(definition.kind, &text),
        }];
        if let Some(name) = name_of(2 * nth + 1) {
            of_property.push(Selected {
                column: Column {
                    name,
                    hive_type: "string".to_owned(),
                    comment: comment(&format!("As HubSpot has it: {meaning}")),
                },
                expression: text,
            });
        }
        columns.push(PropertyColumns {
            property: (*property).clone(),
            columns: of_property,
        });
    }
    (columns, nameless)
}

/// A comment in one line, as long as Glue allows.
pub(super) fn comment(text: &str) -> String {
    clipped(text, COMMENT_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(properties: &[(&str, PropertyKind)]) -> Vec<String> {
        let owned: Vec<(String, PropertyDefinition)> = properties
            .iter()
            .map(|(name, kind)| {
                let definition = PropertyDefinition {
                    kind: *kind,
                    ..PropertyDefinition::default()
                };
                ((*name).to_owned(), definition)
            })
            .collect();
        let borrowed: Vec<(&String, &PropertyDefinition)> = owned.iter().map(|(a, b)| (a, b)).collect();
        let typing = Typing::of(&super::super::ViewSettings::default());
        let (columns, nameless) = of_properties(&borrowed, &[], typing, |name| format!("t({name})"));
        assert!(nameless.is_empty());
        let selected = columns.iter().flat_map(|columns| &columns.columns);
        selected.map(|selected| selected.column.name.clone()).collect()
    }

    use PropertyKind::{Number, Text};

    #[test]
    fn names_of_columns() {
        assert_eq!(
            names(&[("email", Text), ("amount", Number)]),
            ["property_email", "property_amount", "property_unparsed_amount"]
        );
        let both = names(&[("amount", Number), ("unparsed_amount", Text)]);
        assert_eq!(both.first().map(String::as_str), Some("property_amount"));
        assert_eq!(both.get(2).map(String::as_str), Some("property_unparsed_amount"));
        let made = both.get(1).cloned().unwrap_or_default();
        assert!(made.starts_with("property_unparsed_amount_"), "{made}");
        let cased = names(&[("Amount", Text), ("amount", Text)]);
        assert_eq!(cased.get(1).map(String::as_str), Some("property_amount"));
        assert_ne!(cased.first(), cased.get(1));
        // Unparsed text of a text property is wished for by nobody.
        assert_eq!(
            names(&[("amount", Text), ("unparsed_amount", Text)]),
            ["property_amount", "property_unparsed_amount"]
        );
    }
}
