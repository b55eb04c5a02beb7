//! The tables and views as a script for DuckDB: the same names, columns and rows, without a catalog.
//!
//! DuckDB has no table that is a list of files in an object, so the script names the files, and has to be made anew to show
//! a newer day. Days are told from the files' paths, so that a condition on `date` keeps the other days' files closed: DuckDB sees
//! that of its own column `FILENAME`, and of no column of another name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::tables::{LATEST_TABLE, Table};
use super::views::literal;
use super::{Column, View};
use crate::names::PARTITION_KEY;

/// What DuckDB calls the column that tells the file, if nobody says otherwise.
const FILENAME: &str = "filename";

/// The same where a column of the lake may have that name. None has a blank in its own.
const FILE: &str = "daymark file";

/// Functions that the views call.
///
/// `daymark_instant` lets ISO texts through and no others: DuckDB's own casts take `epoch`, `2026/11/20` and `24:00:00`, and leave
/// the zone of `01:02:03 Europe/Berlin` out. As in the views of Athena, instants have milliseconds, digits are 14 at most, and
/// offsets 14 hours. A blank before the offset is Snowflake's own form. An hour or a minute gets the `:00` without which not every
/// version of DuckDB casts it.
///
/// `daymark_properties` reads a record's JSON once, however many of its properties are asked for: to look into the text anew for each
/// takes gigabytes where there are hundreds.
const MACROS: &str = r#"CREATE OR REPLACE MACRO daymark_to_the_second(t) AS
  regexp_replace(regexp_replace(t,
    '([T ][0-9]{2})( ?[Z+-].*)?$', '\1:00\2'), '([T ][0-9]{2}:[0-9]{2})( ?[Z+-].*)?$', '\1:00\2');
CREATE OR REPLACE MACRO daymark_instant(t) AS
  CASE WHEN regexp_full_match(t, '[+-]?0*[0-9]{1,14}') THEN TRY(epoch_ms(CAST(t AS BIGINT)))
       WHEN regexp_full_match(t, '[0-9]{4}-[0-9]{2}-[0-9]{2}'
           || '([T ]([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?)?'
           || '( ?(Z|[+-](0[0-9]|1[0-3])(:?[0-5][0-9])?|[+-]14(:?00)?))?)?')
         THEN date_trunc('milliseconds', CASE WHEN regexp_matches(t, '[T ].*[Z+-]')
           THEN TRY(make_timestamp(epoch_us(CAST(
             regexp_replace(daymark_to_the_second(t), ' ?([Z+-][0-9:]*)$', '\1') AS TIMESTAMPTZ))))
           ELSE TRY(CAST(daymark_to_the_second(t) AS TIMESTAMP)) END) END;
CREATE OR REPLACE MACRO daymark_properties(t) AS
  json_transform(CASE WHEN json_valid(t) AND json_type(t) = 'OBJECT' THEN t END, '"MAP(VARCHAR, VARCHAR)"');
"#;

/// Finds the day in a file's path: in the last folder, whatever those that the lake is in are called.
const DATE: &str = "/date=([0-9-]+)/[^/]*$";

/// A table and its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source<'t> {
    /// As the catalog would have it.
    pub table: &'t Table,
    /// Paths or URLs, by what the files of one group have in common: their columns. An empty name: nobody knows.
    pub files: BTreeMap<String, BTreeSet<String>>,
}

/// What makes the tables and views.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// By name, in an order in which each follows those that it reads: its statements.
    parts: Vec<(String, String)>,
    /// Names of views of an earlier script that this one does not make.
    left: Vec<String>,
    /// Names of views that are there and go.
    dropped: Vec<String>,
}

/// Names the views of a database that an earlier script made, this one's among them.
pub const MADE_BEFORE: &str = "SELECT view_name FROM duckdb_views() AS v WHERE NOT internal AND EXISTS (
  SELECT 1 FROM duckdb_functions() AS f
  WHERE f.function_name = 'daymark_made' AND contains(f.macro_definition, '''' || v.view_name || ''''));
";

/// Names the views that are there.
pub const THERE: &str = "SELECT view_name FROM duckdb_views() WHERE NOT internal;\n";

impl Script {
    /// Makes these. `latest` is the newest complete day, `yyyy-MM-dd`.
    pub fn of(sources: &[Source<'_>], views: &[View], latest: Option<&str>) -> Self {
        let date = match latest {
            Some(date) => format!("SELECT {} AS {}", literal(date), quoted(PARTITION_KEY)),
            None => format!(
                "SELECT CAST(NULL AS VARCHAR) AS {} WHERE false",
                quoted(PARTITION_KEY)
            ),
        };
        let mut parts = vec![created(LATEST_TABLE, &date, "The newest complete day.")];
        parts.extend(
            sources
                .iter()
                .map(|Source { table, files }| created(&table.name, &select(table, files), table.comment())),
        );
        parts.extend(
            views
                .iter()
                .map(|view| created(&view.name, &view.sql, &view.comment)),
        );
        Script {
            parts,
            left: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// Whether it makes a view of this name.
    pub fn makes(&self, name: &str) -> bool {
        self.parts.iter().any(|(own, _)| own == name)
    }

    /// Parts it from the views that are not among these names: gives theirs.
    pub fn keep(&mut self, names: &BTreeSet<&str>) -> Vec<String> {
        let (kept, gone) = std::mem::take(&mut self.parts)
            .into_iter()
            .partition(|(name, _)| names.contains(name.as_str()));
        self.parts = kept;
        let gone: Vec<(String, String)> = gone;
        gone.into_iter().map(|(name, _)| name).collect()
    }

    /// Remembers views of an earlier script that are there.
    pub fn leave(&mut self, names: Vec<String>) {
        self.left = names;
    }

    /// Drops views that are there: over the files of an earlier script they would answer as if nothing were wrong.
    pub fn drop(&mut self, names: Vec<String>) {
        self.dropped = names;
    }

    /// All of it or nothing.
    pub fn whole(&self) -> String {
        let statements = self.parts.iter().map(|(_, statements)| statements.as_str());
        let statements: String = statements.collect();
        let made = self.parts.iter().map(|(name, _)| name).chain(&self.left);
        let made: Vec<String> = made.map(|name| literal(name)).collect();
        let dropped = self.dropped.iter();
        let dropped: String = dropped
            .map(|name| format!("DROP VIEW IF EXISTS {};\n", quoted(name)))
            .collect();
        format!(
            "BEGIN TRANSACTION;\n{MACROS}{dropped}{statements}CREATE OR REPLACE MACRO daymark_made() AS [{}];\nCOMMIT;\n",
            made.join(", ")
        )
    }

    /// As much of it as there is to be had.
    pub fn piecemeal(&self) -> String {
        let statements = self.parts.iter().map(|(_, statements)| statements.as_str());
        format!("{MACROS}{}", statements.collect::<String>())
    }

    /// One view of it, alone.
    pub fn alone(&self, name: &str) -> String {
        let of_it = self.parts.iter().filter(|(own, _)| own == name);
        let statements: String = of_it.map(|(_, statements)| statements.as_str()).collect();
        format!("{MACROS}{statements}")
    }
}

fn created(name: &str, statement: &str, comment: &str) -> (String, String) {
    let (name, quoted) = (name.to_owned(), quoted(name));
    let comment = literal(comment);
    let statements =
        format!("CREATE OR REPLACE VIEW {quoted} AS\n{statement};\nCOMMENT ON VIEW {quoted} IS {comment};\n");
    (name, statements)
}

/// The rows of a table's files.
fn select(table: &Table, files: &BTreeMap<String, BTreeSet<String>>) -> String {
    let columns = table.columns.iter();
    let selected = columns.clone().map(|column| {
        let name = quoted(&column.name);
        match column.hive_type.as_str() {
            // In the files they are instants, which DuckDB would show in the session's time zone.
            "timestamp" => format!("make_timestamp(epoch_us({name})) AS {name}"),
            _ => name,
        }
    });
    // A group without a name may have any columns.
    let may_be_taken = files.contains_key("") || columns.clone().any(|column| column.name == FILENAME);
    let file = if may_be_taken { FILE } else { FILENAME };
    let date = format!("regexp_extract({}, {}, 1)", quoted(file), literal(DATE));
    let selected: Vec<String> = selected
        .chain([format!("{date} AS {}", quoted(PARTITION_KEY))])
        .collect();
    // No rows, but all columns: each is there with its type even if no file has it.
    let none = columns.map(|column| {
        let name = quoted(&column.name);
        format!("CAST(NULL AS {}) AS {name}", stored_type(column))
    });
    let none: Vec<String> = none
        .chain([format!("CAST(NULL AS VARCHAR) AS {}", quoted(file))])
        .collect();
    let mut rows = format!("  SELECT {} WHERE false", none.join(", "));
    for (group, files) in files {
        let files: Vec<String> = files.iter().map(|file| literal(&without_pattern(file))).collect();
        // Where columns may differ from file to file, each has to be asked for its own.
        let by_name = if group.is_empty() {
            ", union_by_name = true"
        } else {
            ""
        };
        let _ = write!(
            rows,
            "\n  UNION ALL BY NAME\n  SELECT * FROM read_parquet([\n    {}\n  ], filename = {}, hive_partitioning = false{by_name})",
            files.join(",\n    "),
            literal(file)
        );
    }
    format!("SELECT {}\nFROM (\n{rows}\n)", selected.join(", "))
}

/// DuckDB's type of a column as it reads it from a file.
fn stored_type(column: &Column) -> &str {
    match column.hive_type.as_str() {
        "string" => "VARCHAR",
        "timestamp" => "TIMESTAMPTZ",
        same => same,
    }
}

/// A path in which nothing is a pattern.
fn without_pattern(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '*' | '?' | '[' => plain.extend(['[', c, ']']),
            c => plain.push(c),
        }
    }
    plain
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn the_day_of_a_file_is_its_own_folder() {
        let date = regex_lite::Regex::new(DATE).unwrap();
        let day = |path: &str| date.captures(path).map(|found| found[1].to_owned());
        for path in [
            "s3://b/table=objects/date=2026-11-20/part-0-00.parquet",
            "/date=2020-01-01/lake/table=objects/date=2026-11-20/part-0-00.parquet",
            "/date=2020-01-01/lake/parts/date=2026-11-20/r000001.parquet",
        ] {
            assert_eq!(day(path).as_deref(), Some("2026-11-20"), "{path}");
        }
        assert_eq!(day("/date=2020-01-01/lake/part-0-00.parquet"), None);
    }

    #[test]
    fn paths_are_no_patterns_and_texts_are_quoted() {
        assert_eq!(without_pattern("/a[1]/b*?.parquet"), "/a[[]1]/b[*][?].parquet");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
