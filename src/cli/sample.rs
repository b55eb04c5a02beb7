//! `daymark sample`: a made-up account on disk.

use std::path::PathBuf;

use clap::Args;

use super::local::check_folder;
use super::progress::Progress;
use super::quantity::{bytes, counted};
use super::remote::local_path;
use super::{Status, tell, usage};
use crate::sample::{self, Options, SampleError, parse_size};

/// Writes a realistic HubSpot account as the sync would leave it in a bucket, with the truth beside it.
///
/// All tables, several days, and every oddity that parts can have: both dialects, embedded line breaks; on the second day
/// a late part, on the third a broken one and a table that is purged. So three days have them all. The same options give
/// the same bytes.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct SampleArguments {
    /// Where it goes: a new or empty folder, or an earlier sample's
    #[arg(value_name = "DIR", value_parser = local_path())]
    dir: PathBuf,
    /// Size of all parts together, as stored, about, and at least 150kB a day; the truth comes on top
    #[arg(long, value_name = "SIZE", default_value = "50MB", value_parser = size)]
    size: u64,
    /// Days, each a full snapshot
    #[arg(long, value_name = "N", default_value_t = 3)]
    days: usize,
    /// Another seed, another account
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The first day
    #[arg(long, value_name = "yyyy-MM-dd", default_value = "2026-11-20")]
    first_day: String,
    /// Write beside files that no sample wrote. None of them is touched
    #[arg(long)]
    force: bool,
    /// Say nothing but what goes wrong
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  daymark sample account
      Three days of 50 MB together: account/landing/hubspot/2026-11-20/OBJECTS/data_0_0_0.csv.gz …
      and every row as it must arrive: account/truth/date=2026-11-20/objects.jsonl.gz …

  daymark sample account --size 500MB --days 1 --seed 7

Status: 0 written; 1 not, or only in part; 2 wrong usage.";

/// Reads a size such as `50MB`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    parse_size(text).map_err(|error| error.to_string())
}

/// Runs the command.
pub(super) fn run(arguments: &SampleArguments) -> anyhow::Result<Status> {
    check_folder(&arguments.dir)?;
    let options = Options {
        dir: arguments.dir.clone(),
        size_bytes: arguments.size,
        days: arguments.days,
        seed: arguments.seed,
        first_day: arguments.first_day.clone(),
        force: arguments.force,
    };
    let mut bar = Progress::new(options.size_bytes, arguments.quiet);
    let written = sample::write(&options, &mut |part| bar.show(part.bytes_written));
    bar.clear();
    let summary = written.map_err(told)?;
    if !arguments.quiet {
        let dir = arguments.dir.display();
        tell(&format!(
            "{dir}: {} of {} tables in {} ({}): {}; {} and {} to be rejected, {} to be refused\n\
             parts: {dir}/landing/, truth: {dir}/truth/",
            counted(summary.days.len() as u64, "day"),
            summary.tables,
            counted(summary.parts as u64, "part"),
            bytes(summary.bytes),
            counted(summary.rows, "row"),
            counted(summary.records_rejected, "record"),
            counted(summary.cells_rejected, "cell"),
            counted(summary.parts_refused as u64, "part"),
        ));
    }
    Ok(Status::Done)
}

/// Options out of range are wrong usage.
pub(super) fn told(error: SampleError) -> anyhow::Error {
    match error {
        SampleError::Size { .. } | SampleError::Days(_) | SampleError::FirstDay(_) => {
            usage(error.to_string())
        }
        error => error.into(),
    }
}
