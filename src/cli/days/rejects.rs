//! `daymark rejects`: what was rejected, and why.

use std::collections::BTreeMap;

use clap::Args;

use super::block;
use super::place::{Place, PlaceArguments};
use super::span::day;
use super::view::folder;
use crate::cli::grid::{Grid, one_line};
use crate::cli::quantity::{count, counted};
use crate::cli::{Status, print, tell, usage};
use crate::keys::Day;
use crate::rejects::Reject;

/// Columns of a place in the table.
const PLACE_COLUMNS: usize = 60;

/// Shows rejected records and cells: counted by reason, or line by line.
///
/// It reads the rejects files of all Parquet that is there, that of replaced sources included until it is deleted.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct RejectsArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// Only of this day
    #[arg(long, value_name = "yyyy-MM-dd", value_parser = day)]
    date: Option<Day>,
    /// Only of this table, as it is called in the lake
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Print the files' lines as they are: JSON, with the rejected text
    #[arg(long)]
    lines: bool,
}

const EXAMPLES: &str = "\
Examples:
  daymark rejects --dir daymark-demo
  daymark rejects --dir daymark-demo --date 2026-11-20 --table objects --lines

Status: 0 shown; 1 not, or not all; 2 wrong usage.";

/// Rejects that are alike: table, column, reason.
type Kind = (String, String, String);

/// Runs the command.
pub(in crate::cli) fn run(arguments: &RejectsArguments) -> anyhow::Result<Status> {
    block(Box::pin(rejects(arguments)))
}

async fn rejects(arguments: &RejectsArguments) -> anyhow::Result<Status> {
    if let Some(table) = &arguments.table
        && !crate::names::is_table_name(table)
    {
        return Err(usage(format!(
            "--table: expected a table's name in lower case, such as objects, found {table:?}"
        )));
    }
    let place = Place::open(&arguments.place).await?;
    let layout = &place.config.layout;
    let root = format!("{}rejected/table=", layout.curated().prefix());
    let mut tables = place.names(&root).await?;
    tables.retain(|table| arguments.table.as_ref().is_none_or(|wanted| wanted == table));
    let (mut kinds, mut files) = (BTreeMap::<Kind, (u64, String)>::new(), 0);
    let mut status = Status::Done;
    for table in &tables {
        let prefix = match &arguments.date {
            Some(date) => folder(layout, "rejected/", table, date),
            None => format!("{root}{table}/"),
        };
        for listed in place.list(prefix).await? {
            let key = &listed.key;
            let Some(bytes) = place.read(key).await? else {
                continue;
            };
            files += 1;
            if arguments.lines {
                // Line by line, and not at once: a reader that has seen enough ends it.
                print(&String::from_utf8_lossy(&bytes))?;
                continue;
            }
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            for (nth, line) in lines.enumerate() {
                let reject: Reject = match serde_json::from_slice(line) {
                    Ok(reject) => reject,
                    Err(error) => {
                        // What the others say is told all the same.
                        tell(&format!(
                            "error: {key}: line {}: expected a reject: {error}",
                            nth + 1
                        ));
                        status = Status::Refused;
                        break;
                    }
                };
                let column = reject.column.unwrap_or_else(|| "(whole record)".to_owned());
                let first = format!("{} line {}", reject.file, reject.line);
                let (count, _) = kinds
                    .entry((table.clone(), column, reject.reason))
                    .or_insert((0, first));
                *count += 1;
            }
        }
    }
    place.close().await;
    if !arguments.lines {
        print(&told(&kinds, files))?;
    }
    Ok(status)
}

fn told(kinds: &BTreeMap<Kind, (u64, String)>, files: u64) -> String {
    if kinds.is_empty() {
        return "No rejects.\n".to_owned();
    }
    let mut grid = Grid::new(["table", "column", "reason", "count", "first"]);
    let mut all = 0;
    for ((table, column, reason), (number, first)) in kinds {
        all += number;
        // The file's name is at the key's end.
        let first: Vec<char> = one_line(first, usize::MAX).chars().collect();
        let cut = first.len().saturating_sub(PLACE_COLUMNS);
        let mut shown: String = first.iter().skip(cut).collect();
        if cut > 0 {
            shown.insert(0, '…');
        }
        grid.push([
            one_line(table, PLACE_COLUMNS),
            one_line(column, PLACE_COLUMNS),
            one_line(reason, PLACE_COLUMNS),
            count(*number),
            shown,
        ]);
    }
    let (rejects, files) = (counted(all, "reject"), counted(files, "file"));
    format!("{}\n{rejects} in {files}; --lines prints them.\n", grid.text())
}
