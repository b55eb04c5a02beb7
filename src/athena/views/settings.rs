//! What users say of views.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Engine, Gaps};
use crate::athena::Column;

/// What a statement takes beside properties, generously; with less, views would have none.
const STATEMENT_BYTES_MIN: usize = 16 << 10;

/// What can be set about views.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ViewSettings {
    /// Precision and scale of number properties; without, they are doubles.
    pub decimals: Option<(u8, u8)>,
    /// By object type (its id, internal name, or what its view is called after): the properties that its view has, in this
    /// order. Types that are not named have all.
    pub properties: BTreeMap<String, Vec<String>>,
    /// By OBJECTTYPEID: what the type's view is called after, instead of its plural label.
    pub names: BTreeMap<String, String>,
    /// Bytes of a view's statement at most, if less than Athena allows.
    pub statement_bytes_max: Option<usize>,
    /// What runs the statements.
    #[serde(skip)]
    pub engine: Engine,
    /// What the days of the lake say of its views.
    #[serde(skip)]
    pub lake: Lake,
}

/// What the days of a lake have, as far as views turn on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lake {
    /// Days whose records are in the table of properties alone.
    pub records: Gaps,
    /// Days whose properties are in a row each alone.
    pub properties: Gaps,
    /// Days of links without definitions, and the day whose definitions stand in.
    pub links: Option<(Gaps, String)>,
    /// Whether the table of the pointer's name is somebody else's.
    pub is_pointer_foreign: bool,
    /// By table: columns that it has because the catalog declares them, and that no published file has.
    pub unpublished: BTreeMap<String, BTreeSet<String>>,
}

impl Lake {
    /// Why rows cannot be told by these columns of a table: where no file has one, it is NULL in all of them, and a view that
    /// goes by it would be empty without a word.
    pub(super) fn lacks(
        &self,
        tables: &BTreeMap<String, Vec<Column>>,
        table: &str,
        columns: &[&str],
    ) -> Option<String> {
        let Some(found) = tables.get(table) else {
            return Some(format!("no table {table}"));
        };
        let unpublished = self.unpublished.get(table);
        let is_there = |name: &&&str| {
            let is_in_files = unpublished.is_none_or(|columns| !columns.contains(**name));
            is_in_files && found.iter().any(|column| column.name == ***name)
        };
        let missing = columns.iter().find(|name| !is_there(name))?;
        Some(
            match unpublished.is_some_and(|columns| columns.contains(*missing)) {
                true => format!("no file of table {table} has the column {missing}"),
                false => format!("no column {missing} in table {table}"),
            },
        )
    }

    /// What there is no room to say of them.
    pub(super) fn left_out(&self) -> Vec<String> {
        let links = self.links.as_ref().map(|(gaps, _)| gaps);
        let all = [
            (Some(&self.records), "records are taken from no other table"),
            (Some(&self.properties), "properties are taken from no other table"),
            (links, "links have no definitions"),
        ];
        let left_out = all.into_iter().filter_map(|(gaps, what)| match gaps?.left_out {
            0 => None,
            count => Some(format!(
                "{what} on the earliest {count} ranges of days that lack their own"
            )),
        });
        left_out.collect()
    }
}

impl ViewSettings {
    /// Reads them from JSON.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(json: &str) -> Result<Self, String> {
        // A list would be taken for the members in their order.
        let value: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if !value.is_object() {
            return Err("expected an object".to_owned());
        }
        let settings: ViewSettings = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if let Some((precision, scale)) = settings.decimals
            && (!(1..=38).contains(&precision) || scale > precision)
        {
            return Err(format!(
                "decimals: expected a precision of 1 to 38 and a scale of at most that, found [{precision}, {scale}]"
            ));
        }
        let mut types: BTreeMap<String, &String> = BTreeMap::new();
        for (id, name) in &settings.names {
            let name = name.trim().to_lowercase();
            if name.is_empty() {
                return Err(format!("names: expected a name for {id}, found none"));
            }
            if let Some(other) = types.insert(name.clone(), id) {
                return Err(format!(
                    "names: expected a name for each type, found {name:?} for {other} and for {id}"
                ));
            }
        }
        match settings.statement_bytes_max {
            Some(bytes) if bytes < STATEMENT_BYTES_MIN => Err(format!(
                "statement_bytes_max: expected at least {STATEMENT_BYTES_MIN}, found {bytes}"
            )),
            _ => Ok(settings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_meant_is_refused() {
        for (json, found) in [
            ("[]", "expected an object"),
            ("[[38,9]]", "expected an object"),
            ("{\"decimals\":[39,2]}", "found [39, 2]"),
            ("{\"names\":{\"2-7\":\" \"}}", "a name for 2-7, found none"),
            (
                "{\"names\":{\"0-1\":\"People\",\"2-7\":\"people\"}}",
                "for 0-1 and for 2-7",
            ),
            ("{\"statement_bytes_max\":0}", "at least 16384, found 0"),
            ("{\"nmaes\":{}}", "unknown field"),
        ] {
            let refused = ViewSettings::parse(json).unwrap_err();
            assert!(refused.contains(found), "{json}: {refused}");
        }
        let all = "{\"decimals\":[38,9],\"names\":{\"2-7\":\"Boats\"},\"properties\":{\"0-1\":[\"email\"]},\"statement_bytes_max\":20000}";
        assert!(ViewSettings::parse(all).is_ok());
    }
}
