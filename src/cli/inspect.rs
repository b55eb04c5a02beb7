//! `daymark inspect`: what a file is, and what would become of it.

pub(super) mod parquet_file;
mod part;

use std::fs::File;
use std::io::Read;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;

use super::grid::page_columns;
use super::leftovers::remove_on_signals;
use super::local::Source;
use super::plan_flags::PlanFlags;
use super::remote::{Remote, Url};
use super::{Status, print, usage};
use crate::inflate;

/// Shows what a Parquet file holds, or what would be detected of a CSV part, and why.
///
/// Of a Parquet file: the record in its footer, columns, row groups, first rows. Of anything else, it runs the conversion
/// over the whole file without keeping the result, and shows encoding, dialect and the evidence for it, table, columns and
/// types, rejects, first rows.
#[derive(Args, Clone, Debug)]
#[command(
    override_usage = "daymark inspect [OPTIONS] <FILE>",
    after_help = EXAMPLES
)]
pub(super) struct InspectArguments {
    /// A Parquet file or a CSV part (gzip or plain), also in S3 (s3://BUCKET/KEY), or `-` for stdin
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// How many of the first rows are shown
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    rows: u32,
    #[command(flatten)]
    plan: PlanFlags,
}

const EXAMPLES: &str = "\
Examples:
  daymark inspect landing/2026-11-20/OBJECTS/data_0_0_0.csv.gz
      What the part is read as, and why; the first thing to do with the first real part of a bucket.

  daymark inspect part.csv.gz --table OBJECTS --rows 3
      The same for a part that is in no folder of its table.

  daymark inspect data.parquet
      The footer record, columns, row groups and first rows.

In rows, NULL is NULL, and an empty text is \"\". Line breaks are shown as ␊, long cells are cut with ….

Status: 0 shown; 1 the file would be refused, or cannot be read; 2 wrong usage.";

/// Runs the command.
pub(super) fn run(mut arguments: InspectArguments) -> anyhow::Result<Status> {
    let [file] = arguments.plan.dialect.names_behind_null([arguments.file.take()]);
    let file = file.ok_or_else(|| {
        usage("expected FILE: daymark inspect [OPTIONS] <FILE>. See daymark inspect --help")
    })?;
    let planner = arguments.plan.planner()?;
    remove_on_signals()?;
    let source = match Url::parse("FILE", &file)? {
        Some(url) => Remote::connect()?.download(&url)?.0,
        None => Source::open(&file)?,
    };
    let rows = usize::try_from(arguments.rows)?;
    let (status, text) = if is_parquet(&source)? {
        let parquet = File::open(&source.path).with_context(|| source.name.clone())?;
        let name = file.display().to_string();
        let show = || parquet_file::show(&name, parquet, source.bytes, rows, page_columns());
        // The reader trusts what a footer says of pages, and a damaged one can make it panic: no defect of ours.
        let shown = panic::catch_unwind(AssertUnwindSafe(show))
            .unwrap_or_else(|_| Err(anyhow!("it is damaged: its pages are not what its footer says")));
        (Status::Done, shown.with_context(|| name.clone())?)
    } else {
        part::show(&file, &source, &planner, rows, page_columns())?
    };
    print(&text)?;
    Ok(status)
}

fn is_parquet(source: &Source) -> anyhow::Result<bool> {
    let mut head = Vec::new();
    source
        .reader(false)?
        .take(5)
        .read_to_end(&mut head)
        .with_context(|| source.name.clone())?;
    Ok(inflate::is_parquet(&head))
}
