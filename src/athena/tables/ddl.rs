//! A table or view as Athena's SQL, for people who manage the catalog themselves.

use std::fmt::Write as _;

use super::{Column, Table, presto};

/// `CREATE EXTERNAL TABLE …` in Athena's DDL, or `CREATE OR REPLACE VIEW …`, with a semicolon. Views name tables without their
/// database: it has to be the session's.
pub fn ddl(table: &Table, database: &str) -> String {
    if let Some(view) = table.original_text.as_deref().and_then(presto::decode) {
        // Views are made by Trino's SQL, where names are in other quotes than in Hive's.
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        return format!(
            "-- {}\nCREATE OR REPLACE VIEW {}.{} AS\n{};\n",
            view.comment,
            quoted(database),
            quoted(&table.name),
            view.sql
        );
    }
    let mut sql = format!(
        "CREATE EXTERNAL TABLE IF NOT EXISTS {}.{} (\n{}\n)\n",
        identifier(database),
        identifier(&table.name),
        columns(&table.columns)
    );
    // Writing to a string cannot fail.
    if !table.comment().is_empty() {
        let _ = writeln!(sql, "COMMENT {}", text(table.comment()));
    }
    if !table.keys.is_empty() {
        let _ = writeln!(sql, "PARTITIONED BY (\n{}\n)", columns(&table.keys));
    }
    let _ = writeln!(sql, "ROW FORMAT SERDE {}", text(&table.format.serde));
    let _ = writeln!(sql, "STORED AS INPUTFORMAT {}", text(&table.format.input));
    let _ = writeln!(sql, "OUTPUTFORMAT {}", text(&table.format.output));
    let _ = writeln!(sql, "LOCATION {}", text(&table.location));
    // COMMENT and EXTERNAL say these already.
    let parameters = table
        .parameters
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "comment" | "EXTERNAL"))
        .map(|(name, value)| format!("  {} = {}", text(name), text(value)));
    let _ = writeln!(
        sql,
        "TBLPROPERTIES (\n{}\n);",
        parameters.collect::<Vec<_>>().join(",\n")
    );
    sql
}

fn columns(columns: &[Column]) -> String {
    let lines = columns.iter().map(|column| {
        let comment = match column.comment.is_empty() {
            true => String::new(),
            false => format!(" COMMENT {}", text(&column.comment)),
        };
        format!("  {} {}{comment}", identifier(&column.name), column.hive_type)
    });
    lines.collect::<Vec<_>>().join(",\n")
}

/// A name in Athena's DDL: in backticks, whether it needs them or not (`date` and names that begin with a digit or `_` do).
pub fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in Athena's DDL, which takes a backslash for an escape.
fn text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
