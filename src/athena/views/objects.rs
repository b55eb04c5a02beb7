//! `objects_<plural>`: the records of one type, a column a property.

use std::collections::BTreeMap;

use super::columns::{PropertyColumns, Selected, comment, list, of_properties};
use super::gaps::Standing;
use super::sql::{Days, Typing, date_column, literal, quoted};
use super::{Body, Lake, NEWEST, ViewSettings};
use crate::athena::Column;
use crate::athena::comment::{COMMENT_BYTES_MAX, clipped};
use crate::athena::definitions::{Definitions, PropertyDefinition};
use crate::athena::presto::{self, ORIGINAL_TEXT_BYTES_MAX, STATEMENT_BYTES_MAX};
use crate::names::PARTITION_KEY;

/// What a statement and its encoding take beside the columns of properties, generously.
const REST_BYTES: usize = 8_192;

/// A view's rows.
#[derive(Debug, Clone)]
pub(super) struct Objects<'a> {
    pub(super) type_id: &'a str,
    /// What people call the type, for the comment.
    pub(super) title: &'a str,
    base: Standing<Base>,
    columns: Vec<Column>,
    source: Option<Standing<Source>>,
    properties: Vec<PropertyColumns>,
    left_out: usize,
    why: &'static str,
    is_cut: bool,
    typing: Typing,
}

/// A table that records are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Base {
    table: &'static str,
    columns: Vec<Column>,
}

impl Base {
    /// The table, if records can be told in it.
    fn of(table: &'static str, tables: &BTreeMap<String, Vec<Column>>, lake: &Lake) -> Option<Self> {
        let columns = tables.get(table).into_iter().flatten();
        let columns = columns.filter(|column| column.name != "properties" && column.name != PARTITION_KEY);
        let lacks = lake.lacks(tables, table, &["objecttypeid", "objectid"]);
        lacks.is_none().then(|| Base {
            table,
            columns: columns.cloned().collect(),
        })
    }

    /// These columns, as far as it has them.
    fn list(&self, columns: &[Column], typing: Typing) -> String {
        let selected = columns.iter().map(|column| {
            let own = self.columns.iter().find(|own| own.name == column.name);
            let (name, sql_type) = (quoted(&column.name), typing.sql_type(column));
            let expression = match own {
                Some(own) if own.hive_type == column.hive_type => name,
                Some(_) => format!("try_cast({name} AS {sql_type})"),
                None => format!("CAST(NULL AS {sql_type})"),
            };
            Selected {
                column: column.clone(),
                expression,
            }
        });
        let selected: Vec<Selected> = selected.chain([Selected::plain(&date_column())]).collect();
        list(&selected)
    }
}

/// Where the properties of a record are. What is there several times counts once: the greatest by `newest`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// In one JSON text a record.
    Json { newest: String },
    /// In a row each.
    Rows { newest: String },
}

impl Source {
    /// Those that there are.
    fn all(tables: &BTreeMap<String, Vec<Column>>, lake: &Lake, typing: Typing) -> [Option<Self>; 2] {
        let newest = |table: &str, last: String| {
            let columns = tables.get(table).map_or(&[][..], Vec::as_slice);
            typing.newest(columns, &last)
        };
        let has = |table: &str, columns: &[&str]| lake.lacks(tables, table, columns).is_none();
        let json = has(JSON, &["objecttypeid", "objectid", "properties"]);
        let rows = has(ROWS, &["objecttypeid", "objectid", "name", "value"]);
        [
            json.then(|| Source::Json {
                newest: newest(JSON, typing.digest("properties")),
            }),
            rows.then(|| Source::Rows {
                newest: newest(ROWS, "coalesce(value, '')".to_owned()),
            }),
        ]
    }
}

const RECORDS: &str = "objects";
const JSON: &str = "object_with_object_properties";
const ROWS: &str = "object_properties";

/// The properties that a view is to have, as far as there is room.
#[derive(Debug, Default)]
struct Chosen<'d> {
    properties: Vec<(&'d String, &'d PropertyDefinition)>,
    /// How many configuration leaves out, and what it names in vain; None where it says nothing of the type.
    configured: Option<(usize, Vec<String>)>,
}

/// The properties that the view of a type is to have: as configured, or those that are likeliest asked for first.
fn chosen<'d>(
    definitions: &'d Definitions,
    type_id: &str,
    names: &[&str],
    settings: &ViewSettings,
) -> Chosen<'d> {
    let Some(of_type) = definitions.properties.get(type_id) else {
        return Chosen::default();
    };
    let configured = settings
        .properties
        .iter()
        .find(|(key, _)| names.iter().any(|name| key.eq_ignore_ascii_case(name)));
    if let Some((_, wanted)) = configured {
        let mut properties: Vec<(&String, &PropertyDefinition)> = Vec::new();
        let mut missing = Vec::new();
        for name in wanted {
            match of_type.get_key_value(name) {
                Some(property) if properties.iter().any(|(seen, _)| *seen == property.0) => {}
                Some(property) => properties.push(property),
                None => missing.push(name.clone()),
            }
        }
        let left_out = of_type.len() - properties.len();
        return Chosen {
            properties,
            configured: Some((left_out, missing)),
        };
    }
    let unused = BTreeMap::new();
    let used = definitions.usage.get(type_id).unwrap_or(&unused);
    let mut properties: Vec<_> = of_type.iter().collect();
    // Usage counts by its magnitude: tomorrow's few more must not turn columns out.
    properties.sort_by_key(|(name, property)| {
        let magnitude = used.get(*name).map_or(0, |count| 1 + count.max(&1).ilog2());
        (
            std::cmp::Reverse(magnitude),
            property.archived,
            name.starts_with("hs_") && !CORE.contains(&name.as_str()),
            *name,
        )
    });
    Chosen {
        properties,
        configured: None,
    }
}

/// HubSpot's own properties that people ask for: of those whose names begin with `hs_`, and there are hundreds.
const CORE: [&str; 7] = [
    "hs_createdate",
    "hs_lastmodifieddate",
    "hs_object_id",
    "hs_pipeline",
    "hs_pipeline_stage",
    "hs_lead_status",
    "hs_timestamp",
];

impl<'a> Objects<'a> {
    /// Plans the view of a type; `names` are what settings may call it. Gives warnings too.
    ///
    /// # Errors
    /// Why it cannot be built.
    pub(super) fn plan(
        (type_id, title, names): (&'a str, &'a str, &[&str]),
        definitions: &Definitions,
        tables: &BTreeMap<String, Vec<Column>>,
        settings: &ViewSettings,
    ) -> Result<(Self, Vec<String>), String> {
        let lake = &settings.lake;
        let of = |table| Base::of(table, tables, lake);
        let base = Standing::of(of(RECORDS), of(JSON), &lake.records)
            .ok_or_else(|| format!("no table {RECORDS} or {JSON} with columns objecttypeid and objectid"))?;
        // The same whatever the newest day has, so that columns do not come and go.
        let columns = base.usual.columns.clone();
        let Chosen {
            properties: chosen,
            configured,
        } = chosen(definitions, type_id, names, settings);
        let by_configuration = configured.is_some();
        let (mut left_out, missing) = configured.unwrap_or_default();
        let typing = Typing::of(settings);
        let [json, rows] = Source::all(tables, lake, typing);
        let source = match Standing::of(json, rows, &lake.properties) {
            _ if chosen.is_empty() => None,
            Some(source) => Some(source),
            None => return Err(format!("no table {JSON} or {ROWS} that holds its properties")),
        };
        let text = |name: &str| typing.property("w.p", name);
        let (properties, nameless) = of_properties(&chosen, &columns, typing, text);
        let mut warnings: Vec<String> = nameless
            .iter()
            .map(|name| format!("property {name} of type {type_id}: no column name is left for it"))
            .collect();
        warnings.extend(
            missing
                .into_iter()
                .map(|name| format!("property {name} of type {type_id} is configured and not defined")),
        );
        let (mut kept, cut) = fitting(properties, settings);
        left_out += cut + nameless.len();
        if !by_configuration {
            kept.sort_by(|one, other| one.property.cmp(&other.property));
        }
        let planned = Objects {
            type_id,
            title,
            base,
            columns,
            source,
            properties: kept,
            typing,
            left_out,
            is_cut: cut > 0 && !by_configuration,
            why: if by_configuration {
                "configuration"
            } else {
                "Athena's limit on a view's size, the least used first"
            },
        };
        Ok((planned, warnings))
    }

    /// Whether there was no room for all properties, and nobody said which are wanted.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The statement, columns and comment.
    pub(super) fn body(&self, days: Days<'_>) -> Body {
        let date = quoted(PARTITION_KEY);
        let mut selected: Vec<Selected> = self
            .columns
            .iter()
            .map(|column| Selected {
                column: column.clone(),
                expression: format!("o.{}", quoted(&column.name)),
            })
            .collect();
        selected.extend(
            self.properties
                .iter()
                .flat_map(|property| &property.columns)
                .cloned(),
        );
        selected.push(Selected {
            column: date_column(),
            expression: format!("o.{date}"),
        });
        let join = self.source.as_ref().map_or_else(String::new, |source| {
            let maps = days.of(source, |source, conditions| self.map(source, days, conditions));
            format!(" LEFT JOIN ({maps}) w ON w.{date} = o.{date} AND w.objectid = o.objectid")
        });
        let records = days.of(&self.base, |base, conditions| {
            let columns = match self.base.other {
                Some(_) => base.list(&self.columns, self.typing),
                None => "*".to_owned(),
            };
            let filter = days.filter(&self.conditions(conditions));
            format!("SELECT {columns} FROM {}{filter}", quoted(base.table))
        });
        Body {
            sql: format!(
                "SELECT {} FROM (SELECT *, {} AS daymark_nth FROM ({records})) o{join} \
                 WHERE o.daymark_nth = 1 OR o.objectid IS NULL",
                list(&selected),
                self.nth()
            ),
            columns: selected.into_iter().map(|selected| selected.column).collect(),
            comment: self.comment(),
        }
    }

    /// The type's rows, and what else is asked of them.
    fn conditions(&self, others: Vec<String>) -> Vec<String> {
        let of_type = format!("objecttypeid = {}", literal(self.type_id));
        [of_type].into_iter().chain(others).collect()
    }

    /// Which row of its record and day one is, the newest first: HubSpot's parts can hold a record twice, as when an unload is
    /// tried again. Rows without a readable id are none of one record.
    fn nth(&self) -> String {
        let (first, rest): (Vec<&Column>, Vec<&Column>) = self
            .columns
            .iter()
            .filter(|column| !["objecttypeid", "objectid"].contains(&column.name.as_str()))
            .partition(|column| column.name == "updatedat");
        let order: Vec<String> = first
            .into_iter()
            .chain(rest)
            .map(|column| format!("{} DESC NULLS LAST", quoted(&column.name)))
            .collect();
        let order = match order.is_empty() {
            true => String::new(),
            false => format!(" ORDER BY {}", order.join(", ")),
        };
        let date = quoted(PARTITION_KEY);
        format!("row_number() OVER (PARTITION BY {date}, objectid{order})")
    }

    /// Properties by record and day: one row each. Either source gives the same type.
    ///
    /// They are grouped, and not numbered as records are, so that whoever asks for none of them reads none.
    fn map(&self, source: &Source, days: Days<'_>, conditions: Vec<String>) -> String {
        let date = quoted(PARTITION_KEY);
        let mut conditions = self.conditions(conditions);
        match source {
            Source::Json { newest } => format!(
                "SELECT {date}, objectid, {} AS p FROM (SELECT {date}, objectid, {} AS properties \
                 FROM {JSON}{} GROUP BY {date}, objectid)",
                self.typing.properties_of_json("properties"),
                self.typing.of_newest("properties", newest),
                days.filter(&conditions)
            ),
            Source::Rows { newest } => {
                conditions.insert(1, "name IS NOT NULL".to_owned());
                format!(
                    "SELECT {date}, objectid, {} AS p FROM (SELECT {date}, objectid, name, {} AS value \
                     FROM {ROWS}{} GROUP BY {date}, objectid, name) GROUP BY {date}, objectid",
                    self.typing.properties_of_rows("name", "value"),
                    self.typing.of_newest("value", newest),
                    days.filter(&conditions)
                )
            }
        }
    }

    fn comment(&self) -> String {
        let count = self.properties.len();
        let mut text = format!(
            " ({}): one row per record and day, {count} properties",
            self.type_id
        );
        if self.left_out > 0 {
            text += &format!("; {} more left out by {}", self.left_out, self.why);
        }
        // A long title must not push out what is left out.
        let room = COMMENT_BYTES_MAX.saturating_sub(NEWEST.len() + text.len());
        comment(&format!("{}{text}", clipped(self.title, room)))
    }
}

/// The first properties that a view has room for, and how many it has not.
fn fitting(properties: Vec<PropertyColumns>, settings: &ViewSettings) -> (Vec<PropertyColumns>, usize) {
    let statement_max = settings
        .statement_bytes_max
        .map_or(STATEMENT_BYTES_MAX, |max| max.min(STATEMENT_BYTES_MAX))
        .saturating_sub(REST_BYTES);
    // Base64 makes four bytes of three.
    let encoded_max = (ORIGINAL_TEXT_BYTES_MAX / 4 * 3).saturating_sub(REST_BYTES);
    let (mut statement, mut encoded, mut cut) = (0, 0, 0);
    let mut kept = Vec::new();
    for property in properties {
        let (mut more, mut more_encoded) = (0, 0);
        for selected in &property.columns {
            let text = selected.text();
            more += text.len() + 2;
            more_encoded += 2 + presto::json_bytes(&text, &selected.column.name, &selected.column.hive_type);
        }
        // A long one may not fit where a later one does; then the later one has to wait too, or order would mean nothing.
        if cut > 0 || statement + more > statement_max || encoded + more_encoded > encoded_max {
            cut += 1;
            continue;
        }
        statement += more;
        encoded += more_encoded;
        kept.push(property);
    }
    (kept, cut)
}
