//! Pieces of SQL: Trino's, which is Athena's, and DuckDB's where it differs.

use super::ViewSettings;
use super::gaps::Standing;
use crate::athena::definitions::PropertyKind;
use crate::athena::{Column, presto};
use crate::names::PARTITION_KEY;

/// What Trino would not take of an instant in which each blank is a `T`: the one before an offset (UTC's goes with it), and all
/// of one whose offset is none of Trino's: beyond fourteen hours, or with seconds.
const UNREAD: &str = r"T(\b|Z)|.*T.*[+-](1[5-9]|14.*[1-9]|[2-9]|(\d\d:?){2}\d).*";

/// The table that holds the newest complete day.
pub(super) const LATEST: &str = "daymark_latest";

/// What runs a statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Engine {
    /// Trino, the engine under Athena.
    #[default]
    Trino,
    /// DuckDB, with the macros of [`duckdb`](crate::athena::duckdb).
    DuckDb,
}

/// Which days a view shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Days<'a> {
    /// All; whoever asks says which.
    All,
    /// The newest complete one, which is not before this date.
    Latest(&'a str),
}

impl Days<'_> {
    /// Conditions on the partition key, as a `WHERE` with others.
    ///
    /// The sub-query is the truth. The constant keeps the planner from visiting every day that there ever was: it moves on
    /// now and then, and any that is not after the newest complete day gives the same rows.
    pub(super) fn filter(self, others: &[String]) -> String {
        let mut all = others.to_vec();
        if let Days::Latest(since) = self {
            let date = quoted(PARTITION_KEY);
            all.push(format!("{date} = (SELECT max({date}) FROM {LATEST})"));
            all.push(format!("{date} >= {}", literal(since)));
        }
        if all.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", all.join(" AND "))
        }
    }
}

impl Days<'_> {
    /// The rows of these days, of the table that has each: one select for each that is read, by the conditions that it is given.
    pub(super) fn of<T>(self, tables: &Standing<T>, select: impl Fn(&T, Vec<String>) -> String) -> String {
        let Standing { usual, other } = tables;
        match (other, self) {
            (None, _) => select(usual, Vec::new()),
            (Some((other, gaps)), Days::Latest(_)) => {
                select(if gaps.has_newest() { other } else { usual }, Vec::new())
            }
            (Some((other, gaps)), Days::All) => {
                let gaps = gaps.condition(&quoted(PARTITION_KEY));
                let rest = select(usual, vec![format!("NOT {gaps}")]);
                format!("{rest} UNION ALL {}", select(other, vec![gaps]))
            }
        }
    }
}

/// A name in a statement: in quotes, so that reserved words and leading digits are names too.
pub(super) fn quoted(name: &str) -> String {
    // Never reserved, and in the widest views a thousand times.
    if name.starts_with("property_") && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in a statement.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The date of every view, last as Athena shows a partition key.
pub(super) fn date_column() -> Column {
    Column {
        name: PARTITION_KEY.to_owned(),
        hive_type: "string".to_owned(),
        comment: "Day of the sync, yyyy-MM-dd.".to_owned(),
    }
}

/// How typed columns are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Typing {
    /// Precision and scale of numbers; without, they are doubles.
    pub(super) decimals: Option<(u8, u8)>,
    /// What runs the statement.
    pub(super) engine: Engine,
}

impl Typing {
    pub(super) fn of(settings: &ViewSettings) -> Self {
        Typing {
            decimals: settings.decimals,
            engine: settings.engine,
        }
    }

    /// Hive's type of a property's column.
    pub(super) fn hive_type(self, kind: PropertyKind) -> String {
        match (kind, self.decimals) {
            (PropertyKind::Text, _) => "string".to_owned(),
            (PropertyKind::Number, None) => "double".to_owned(),
            (PropertyKind::Number, Some((precision, scale))) => format!("decimal({precision},{scale})"),
            (PropertyKind::Bool, _) => "boolean".to_owned(),
            (PropertyKind::Date, _) => "date".to_owned(),
            (PropertyKind::DateTime, _) => "timestamp".to_owned(),
        }
    }

    /// The engine's type of a column.
    pub(super) fn sql_type(self, column: &Column) -> String {
        match self.engine {
            Engine::Trino => presto::trino_type(&column.hive_type),
            // DuckDB takes Hive's names.
            Engine::DuckDb => column.hive_type.clone(),
        }
    }

    /// The typed value of an expression that gives text; NULL where it is none of the type.
    ///
    /// Days and instants come as milliseconds since 1970, sometimes as ISO text. `from_unixtime` takes seconds: a double
    /// has the milliseconds of every year that anybody lives in.
    pub(super) fn typed(self, kind: PropertyKind, text: &str) -> String {
        let instant = || match self.engine {
            // Not every failure is one that `try` makes NULL of: a zone that Trino has not is none, and in older releases nor is an
            // instant too far away. So neither gets there: digits are 14 at most, and of an instant with such an offset nothing is left.
            Engine::Trino => format!(
                "coalesce(try(from_unixtime(CAST(CAST({text} AS bigint) AS decimal(14))/1e3)),\
                 try(from_iso8601_timestamp(regexp_replace(replace({text},' ','T'),'{UNREAD}')))) AT TIME ZONE 'UTC'"
            ),
            Engine::DuckDb => format!("daymark_instant({text})"),
        };
        match (kind, self.decimals) {
            (PropertyKind::Text, _) => text.to_owned(),
            (PropertyKind::Number, None) => format!("try_cast({text} AS double)"),
            (PropertyKind::Number, Some((precision, scale))) => {
                format!("try_cast({text} AS decimal({precision},{scale}))")
            }
            (PropertyKind::Bool, _) => format!("try_cast({text} AS boolean)"),
            (PropertyKind::Date, _) => format!("CAST({} AS date)", instant()),
            (PropertyKind::DateTime, _) => match self.engine {
                Engine::Trino => format!("CAST({} AS timestamp(3))", instant()),
                Engine::DuckDb => instant(),
            },
        }
    }

    /// A record's properties, by name, out of a column of JSON. Values are texts, and what is none (a number, nested JSON)
    /// becomes one; a text that is no JSON object gives NULLs.
    pub(super) fn properties_of_json(self, column: &str) -> String {
        match self.engine {
            Engine::Trino => format!(
                "transform_values(try(CAST(json_parse({column}) AS map(varchar, json))), \
                 (k, v) -> coalesce(json_extract_scalar(v, '$'), nullif(json_format(v), 'null')))"
            ),
            Engine::DuckDb => format!("daymark_properties({column})"),
        }
    }

    /// A text's fingerprint: what orders texts that nothing else does, without keeping them.
    pub(super) fn digest(self, text: &str) -> String {
        match self.engine {
            Engine::Trino => format!("md5(to_utf8(coalesce({text}, '')))"),
            Engine::DuckDb => format!("md5(coalesce({text}, ''))"),
        }
    }

    /// What tells the newest of several rows, for [`of_newest`](Self::of_newest): when they changed, then `last`, so that it is the
    /// same one each time. No part of it is NULL, which Trino does not compare.
    pub(super) fn newest(self, columns: &[Column], last: &str) -> String {
        let times = ["updatedat", "ingestedat"].into_iter().filter(|name| {
            let mut own = columns.iter();
            own.any(|column| column.name == *name && column.hive_type == "timestamp")
        });
        let times = times.map(|name| format!("coalesce({name}, TIMESTAMP '0001-01-01 00:00:00')"));
        let all: Vec<String> = times.chain([last.to_owned()]).collect();
        format!("ROW({})", all.join(", "))
    }

    /// A column of the newest of several rows, NULL if it is NULL there.
    pub(super) fn of_newest(self, column: &str, newest: &str) -> String {
        match self.engine {
            Engine::Trino => format!("max_by({column}, {newest})"),
            Engine::DuckDb => format!("arg_max_null({column}, {newest})"),
        }
    }

    /// A record's properties out of a row for each.
    pub(super) fn properties_of_rows(self, name: &str, value: &str) -> String {
        match self.engine {
            Engine::Trino => format!("map_agg({name}, {value})"),
            Engine::DuckDb => format!("map_from_entries(list(({name}, {value})))"),
        }
    }

    /// One property out of those.
    pub(super) fn property(self, properties: &str, name: &str) -> String {
        match self.engine {
            Engine::Trino => format!("element_at({properties},{})", literal(name)),
            Engine::DuckDb => format!("map_extract_value({properties},{})", literal(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_in_statements() {
        assert_eq!(quoted("property_order"), "property_order");
        assert_eq!(quoted("order"), "\"order\"");
        assert_eq!(quoted("property_a\"b"), "\"property_a\"\"b\"");
        assert_eq!(literal("o'clock"), "'o''clock'");
    }

    /// The rules in Trino's own words; what Trino makes of them is asked by `make athena`.
    #[test]
    fn an_instant_may_have_a_blank_before_its_offset() {
        let typing = Typing {
            decimals: None,
            engine: Engine::Trino,
        };
        let instant = typing.typed(PropertyKind::DateTime, "t");
        assert!(instant.contains(&format!("regexp_replace(replace(t,' ','T'),'{UNREAD}')")));
        let unread = regex_lite::Regex::new(UNREAD).unwrap();
        for (text, read) in [
            ("2026-11-20", "2026-11-20"),
            ("2026-11-20 01:02:03.123", "2026-11-20T01:02:03.123"),
            ("2026-11-20 01:02:03.123 +0000", "2026-11-20T01:02:03.123+0000"),
            ("2026-11-20 01:02:03 Z", "2026-11-20T01:02:03"),
            ("2026-11-20T01:02:03 -08:00", "2026-11-20T01:02:03-08:00"),
            ("2026-11-20T01:02:03Z", "2026-11-20T01:02:03Z"),
            ("2026-11-20T01:02:03+14:00", "2026-11-20T01:02:03+14:00"),
            ("2026-11-20T01:02:03+14:01", ""),
            ("2026-11-20T01:02:03+1500", ""),
            ("2026-11-20 01:02:03 +15:00", ""),
            ("2026-11-20T01:02:03+01:02:03", ""),
        ] {
            assert_eq!(unread.replace_all(&text.replace(' ', "T"), ""), read, "{text}");
        }
    }

    #[test]
    fn days() {
        let others = ["a = 1".to_owned()];
        assert_eq!(Days::All.filter(&[]), "");
        assert_eq!(Days::All.filter(&others), " WHERE a = 1");
        assert_eq!(
            Days::Latest("2026-11-01").filter(&others),
            " WHERE a = 1 AND \"date\" = (SELECT max(\"date\") FROM daymark_latest) AND \"date\" >= '2026-11-01'"
        );
    }
}
