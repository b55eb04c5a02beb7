//! The demo's last word: a question to the lake, in SQL.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::cli::days::duckdb::ask;

/// The database of views, and the same as a script.
pub(super) const DATABASE: &str = "lake.duckdb";
pub(super) const SCRIPT: &str = "lake.sql";

const QUESTION: &str = "SELECT property_lifecyclestage AS stage, count(*) AS contacts, \
    min(property_createdate) AS first_created\nFROM objects_contacts_latest GROUP BY stage ORDER BY contacts DESC;";

/// Writes the script, and where there is DuckDB the database; then says what it answers, or how to ask.
pub(super) fn answer(dir: &Path, script: &str) -> anyhow::Result<String> {
    let (database, path) = (dir.join(DATABASE), dir.join(SCRIPT));
    fs::write(&path, script).with_context(|| path.display().to_string())?;
    let shown = database.display();
    let indented = QUESTION.replace('\n', "\n  ");
    if ask(&database, script)?.is_none() {
        return Ok(format!(
            "\nAsk it, by pip install duckdb-cli\n\n  daymark duckdb '{shown}' --dir '{}'\n  duckdb '{shown}'\n  {indented}\n",
            dir.display()
        ));
    }
    let answer = ask(&database, QUESTION)?.unwrap_or_default();
    let answer: String = answer.lines().map(|line| format!("  {line}\n")).collect();
    Ok(format!(
        "\nAsk it: duckdb '{shown}' has the tables and views that Athena would have\n\n  {indented}\n\n{answer}"
    ))
}
