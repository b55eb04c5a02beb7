//! What an account says of itself: its object and event types, their properties, and the types of link between records.
//!
//! They come from three tables, each of the newest day that has any. HubSpot documents their names and little of their columns, so
//! columns are found by name in the spellings that its API and its exports use, and one that is missing costs only what it
//! would have told. What is read is in the order of ids and names, whatever the order of rows and parts: the same
//! definitions make the same views.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use arrow::array::RecordBatch;

mod ids;
mod reader;
mod rows;

use rows::{Column, Rows, Warnings};

pub use reader::{Reader, UnreadError};

/// The tables that definitions are read from, as they are called in the lake.
pub const TABLES: [&str; 3] = [TYPES, PROPERTIES, ASSOCIATIONS];

/// Object and event types.
pub const TYPES: &str = "object_and_event_type_definitions";
/// Properties of both.
pub const PROPERTIES: &str = "property_definitions";
/// Types of link.
pub const ASSOCIATIONS: &str = "association_definitions";
/// Records with their properties, which usage is counted in.
pub const USAGE: &str = "object_with_object_properties";

/// The definitions of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definitions {
    /// Object and event types, by OBJECTTYPEID.
    pub types: BTreeMap<String, TypeDefinition>,
    /// Properties, by OBJECTTYPEID (event types have their ids there too) and internal name.
    pub properties: BTreeMap<String, BTreeMap<String, PropertyDefinition>>,
    /// Types of link, by the type ids of both ends. An end's name is as the row gives it.
    pub associations: BTreeMap<(String, String), LinkEnds>,
    /// By OBJECTTYPEID and internal name, in how many of the records that [`Definitions::count_usage`] saw a property was set.
    pub usage: BTreeMap<String, BTreeMap<String, u64>>,
    /// What could not be read, by table, row and column; never a value.
    pub warnings: Vec<String>,
    /// Whether properties are text for want of a column that says what else they are.
    pub is_untyped: bool,
    /// Tables whose newest files cannot be read, and why: what is defined here of them is what an earlier day defines, or nothing.
    pub unread: BTreeMap<&'static str, String>,
}

/// An object or event type.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeDefinition {
    /// Internal name, such as `CONTACT` or `rental_unit`.
    pub name: Option<String>,
    /// Internal name with the account's prefix, such as `p7878787_rental_unit`.
    pub qualified_name: Option<String>,
    /// Label for one.
    pub singular: Option<String>,
    /// Label for many.
    pub plural: Option<String>,
}

/// A property of an object or event type.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PropertyDefinition {
    /// Label that users see.
    pub label: Option<String>,
    /// What its values are.
    pub kind: PropertyKind,
    /// Whether it is archived.
    pub archived: bool,
}

/// What a property's values are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PropertyKind {
    /// Text, enumerations, telephone numbers, JSON, and all that is not known.
    #[default]
    Text,
    /// `number`
    Number,
    /// `bool`
    Bool,
    /// `date`
    Date,
    /// `datetime`
    DateTime,
}

/// What association definitions call the types at both ends of a link.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkEnds {
    /// FROMOBJECTTYPE.
    pub from: Option<String>,
    /// TOOBJECTTYPE.
    pub to: Option<String>,
}

impl PropertyKind {
    /// Reads TYPE, in any case. What it does not know is text.
    pub fn parse(text: &str) -> Self {
        match rows::folded(text).as_str() {
            "number" => PropertyKind::Number,
            "bool" | "boolean" => PropertyKind::Bool,
            "date" => PropertyKind::Date,
            "datetime" | "timestamp" => PropertyKind::DateTime,
            _ => PropertyKind::Text,
        }
    }
}

const TYPE_ID: Column = Column(&["objecttypeid", "eventtypeid", "typeid", "id"]);
const NAME: Column = Column(&["name", "internalname", "propertyname"]);
const LABEL: Column = Column(&["label", "displayname"]);
const TYPE: Column = Column(&["type", "propertytype", "datatype"]);
const ARCHIVED: Column = Column(&["archived", "isarchived", "deleted"]);
const QUALIFIED: Column = Column(&["fullyqualifiedname", "qualifiedname"]);
const SINGULAR: Column = Column(&[
    "singularlabel",
    "labelsingular",
    "singularname",
    "singular",
    "label",
]);
const PLURAL: Column = Column(&["plurallabel", "labelplural", "pluralname", "plural"]);
const LABELS: Column = Column(&["labels"]);
const PROPERTIES_JSON: Column = Column(&["properties"]);
const FROM_ID: Column = Column(&["fromobjecttypeid", "fromtypeid"]);
const TO_ID: Column = Column(&["toobjecttypeid", "totypeid"]);
const FROM: Column = Column(&["fromobjecttype", "fromobjecttypename"]);
const TO: Column = Column(&["toobjecttype", "toobjecttypename"]);

impl Definitions {
    /// Reads the definitions from the rows of the three tables: [`TYPES`], [`PROPERTIES`], [`ASSOCIATIONS`]. Any may be
    /// empty.
    ///
    /// A row without its key is left out, with a warning. Of rows with one key and different content, the one that is not
    /// archived counts, else the greater.
    pub fn read(types: &[RecordBatch], properties: &[RecordBatch], associations: &[RecordBatch]) -> Self {
        let mut reader = Reader::default();
        for (table, batches) in [
            (TYPES, types),
            (PROPERTIES, properties),
            (ASSOCIATIONS, associations),
        ] {
            for batch in batches {
                reader.take(table, batch);
            }
        }
        reader.end()
    }

    /// How many there are of everything.
    fn count(&self) -> usize {
        let properties: usize = self.properties.values().map(BTreeMap::len).sum();
        self.types.len() + properties + self.associations.len()
    }

    /// Whether nothing is defined: by a file of a header alone, for one.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// These, and those of other tables.
    #[must_use]
    pub fn and(mut self, others: Definitions) -> Self {
        self.types.extend(others.types);
        self.properties.extend(others.properties);
        self.associations.extend(others.associations);
        self.warnings.extend(others.warnings);
        self.unread.extend(others.unread);
        self.is_untyped |= others.is_untyped;
        self
    }

    /// Counts which properties are set, from rows of OBJECT_WITH_OBJECT_PROPERTIES: where a view has no room for all, those
    /// that are used more go first. A part of the rows is enough.
    pub fn count_usage(&mut self, records: &[RecordBatch]) {
        let mut unread = Warnings::default();
        for batch in records {
            let rows = Rows::of(USAGE, batch);
            let (id, properties) = (
                rows.column(TYPE_ID, &mut unread),
                rows.column(PROPERTIES_JSON, &mut unread),
            );
            for row in 0..rows.count() {
                let (Some(id), Some(json)) = (id.text(row), properties.text(row)) else {
                    continue;
                };
                let Ok(set) = serde_json::from_str::<BTreeMap<String, serde_json::Value>>(json) else {
                    continue;
                };
                let of_type = self.usage.entry(id.to_owned()).or_default();
                for (name, value) in set {
                    if !value.is_null() && value.as_str() != Some("") {
                        *of_type.entry(name).or_default() += 1;
                    }
                }
            }
        }
    }

    fn read_types(&mut self, rows: &Rows<'_>, warnings: &mut Warnings) {
        let (id, name, qualified) = (
            rows.column(TYPE_ID, warnings),
            rows.column(NAME, warnings),
            rows.column(QUALIFIED, warnings),
        );
        let (singular, plural, labels) = (
            rows.column(SINGULAR, warnings),
            rows.column(PLURAL, warnings),
            rows.column(LABELS, warnings),
        );
        for row in 0..rows.count() {
            let Some(id) = id.text(row) else {
                warnings.without_key(TYPES, "OBJECTTYPEID");
                continue;
            };
            // As the CRM's API has them: {"singular": …, "plural": …}.
            let labels: BTreeMap<String, Option<String>> = labels
                .text(row)
                .and_then(|json| serde_json::from_str(json).ok())
                .unwrap_or_default();
            let label = |name: &str| labels.get(name).cloned().flatten();
            let found = TypeDefinition {
                name: name.owned(row),
                qualified_name: qualified.owned(row),
                singular: singular.owned(row).or_else(|| label("singular")),
                plural: plural.owned(row).or_else(|| label("plural")),
            };
            keep(
                self.types.entry(id.to_owned()),
                found,
                |_| false,
                || {
                    warnings.twice(TYPES);
                },
            );
        }
    }

    fn read_properties(&mut self, rows: &Rows<'_>, warnings: &mut Warnings) {
        let (id, name) = (rows.column(TYPE_ID, warnings), rows.column(NAME, warnings));
        let (label, kind, archived) = (
            rows.column(LABEL, warnings),
            rows.column(TYPE, warnings),
            rows.column(ARCHIVED, warnings),
        );
        if rows.lacks(TYPE) && rows.count() > 0 {
            self.is_untyped = true;
            warnings.untyped(PROPERTIES);
        }
        for row in 0..rows.count() {
            let (Some(id), Some(name)) = (id.text(row), name.whole(row)) else {
                warnings.without_key(PROPERTIES, "OBJECTTYPEID or NAME");
                continue;
            };
            let found = PropertyDefinition {
                label: label.owned(row),
                kind: kind.text(row).map_or(PropertyKind::Text, PropertyKind::parse),
                archived: archived
                    .text(row)
                    .is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1"),
            };
            let of_type = self.properties.entry(id.to_owned()).or_default();
            keep(
                of_type.entry(name.to_owned()),
                found,
                |property| property.archived,
                || {
                    warnings.twice(PROPERTIES);
                },
            );
        }
    }

    fn read_associations(&mut self, rows: &Rows<'_>, warnings: &mut Warnings) {
        let (from_id, to_id) = (rows.column(FROM_ID, warnings), rows.column(TO_ID, warnings));
        let (from, to) = (rows.column(FROM, warnings), rows.column(TO, warnings));
        for row in 0..rows.count() {
            let (Some(from_id), Some(to_id)) = (from_id.text(row), to_id.text(row)) else {
                warnings.without_key(ASSOCIATIONS, "FROMOBJECTTYPEID or TOOBJECTTYPEID");
                continue;
            };
            let found = LinkEnds {
                from: from.owned(row),
                to: to.owned(row),
            };
            let pair = (from_id.to_owned(), to_id.to_owned());
            // A pair has as many rows as types of link, and all should name its ends alike.
            keep(
                self.associations.entry(pair),
                found,
                |_| false,
                || {
                    warnings.twice(ASSOCIATIONS);
                },
            );
        }
    }
}

/// Puts in what was found, unless what is there counts for more.
fn keep<K: Ord, V: Ord>(entry: Entry<'_, K, V>, found: V, less: impl Fn(&V) -> bool, differ: impl FnOnce()) {
    match entry {
        Entry::Vacant(entry) => {
            entry.insert(found);
        }
        Entry::Occupied(mut entry) => {
            if *entry.get() == found {
                return;
            }
            differ();
            if (!less(&found), &found) > (!less(entry.get()), entry.get()) {
                entry.insert(found);
            }
        }
    }
}

#[cfg(test)]
mod tests;
