//! `daymark sample`: a realistic, deterministic HubSpot account as the sync would leave it in a bucket, with the truth
//! beside it.
//!
//! Below the directory:
//!
//! - `landing/hubspot/2026-11-20/OBJECTS/data_0_0_0.csv.gz`…: the bucket `landing`, a folder a day, a folder a table.
//!   Each day is a full snapshot. Between them the tables show every form of CSV that the reader has to cope with.
//! - `truth/date=2026-11-20/objects.jsonl.gz`…: every row as the lake must hold it, straight from the generator's
//!   values. One JSON object a line, keyed by the lake's column names, in the order of the parts: NULL is null; text and
//!   JSON are strings; whole numbers are JSON integers of up to 64 bits, always; timestamps are
//!   `2024-12-10T13:45:07.123Z`; `_part` is the part's key. Rejected records and refused parts are not in it.
//! - `truth/expected.json`: columns and types of each table, and of each part its counts, rejects, dialect and whether
//!   it must be refused ([`ExpectedPart`]). Rejects have the number, column and reason that the
//!   rejects file has.
//! - `timeline.json`: what arrives when, and what is purged when, in order. On the second day one part comes hours after
//!   the others. From the third day on OWNER_TEAM is gone, its older folders are purged, and on that day one part
//!   is broken off.
//! - `sample.json`: what the sample was made from. A directory that has it may be written again.
//!
//! Same options, same bytes, whatever the machine: there is no clock, and days are independent of each other, so they
//! are written side by side.
#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "the only input is a handful of validated options; all else indexes tables of constants that are never empty, with small counts"
)]

mod account;
mod calendar;
mod cell;
mod day;
mod definitions;
mod directory;
mod events;
mod expected;
mod kinds;
mod links;
mod parts;
mod people;
mod pipelines;
mod properties;
mod random;
mod records;
mod size;
mod table;
mod text;
mod timeline;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

pub use expected::{ExpectedPart, RejectedCell, RejectedRecord};
pub use size::{InvalidSize, parse_size};

use account::Account;

/// What to write, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The directory; made if it does not exist.
    pub dir: PathBuf,
    /// Size of all parts of all days together, as stored, about: from [`SIZE_BYTES_MIN`] a day up. Truth comes on top,
    /// about as large again.
    pub size_bytes: u64,
    /// Days, from 1 to [`DAYS_MAX`].
    pub days: usize,
    /// Another seed, another account.
    pub seed: u64,
    /// The first day, `yyyy-MM-dd`.
    pub first_day: String,
    /// Whether to write beside foreign files. None of them is touched: `landing` or `truth` that are not an earlier
    /// sample's are refused all the same.
    pub force: bool,
}

impl Options {
    /// The defaults: 50 MB, three days from 2026-11-20, seed 1.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Options {
            dir: dir.into(),
            size_bytes: 50_000_000,
            days: 3,
            seed: 1,
            first_day: "2026-11-20".to_owned(),
            force: false,
        }
    }

    /// Whether there is such a sample, without writing anything.
    ///
    /// # Errors
    /// What was expected.
    pub fn check(&self) -> Result<(), SampleError> {
        plan(self).map(drop)
    }
}

/// The smallest day: each table, each kind of record, each oddity.
pub const SIZE_BYTES_MIN: u64 = 150_000;
/// The largest sample: 1 TB.
pub const SIZE_BYTES_MAX: u64 = 1_000_000_000_000;
/// The longest sample.
pub const DAYS_MAX: usize = 400;

/// One part is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its key below `landing/`.
    pub key: String,
    /// Its size as stored.
    pub part_bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// Size of all parts so far.
    pub bytes_written: u64,
    /// The size that was asked for.
    pub bytes_planned: u64,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Days, `yyyy-MM-dd`.
    pub days: Vec<String>,
    /// Tables seen on any day.
    pub tables: usize,
    /// Parts, refused ones included.
    pub parts: usize,
    /// Parts that must be refused.
    pub parts_refused: usize,
    /// Rows in truth.
    pub rows: u64,
    /// Records that must be rejected.
    pub records_rejected: u64,
    /// Cells that must be rejected.
    pub cells_rejected: u64,
    /// Size of all parts as stored.
    pub bytes: u64,
}

/// Why no sample was written, or only a piece of one.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The size is out of range.
    #[error("size {size_bytes} bytes is out of range: expected {} to {SIZE_BYTES_MAX} bytes for {days} day{}", SIZE_BYTES_MIN * *days as u64, if *days == 1 { "" } else { "s" })]
    Size {
        /// Found.
        size_bytes: u64,
        /// Days asked for.
        days: usize,
    },
    /// The number of days is out of range.
    #[error("{0} days are out of range: expected 1 to {DAYS_MAX}")]
    Days(usize),
    /// The first day is no day.
    #[error("first day {0:?} is no day: expected yyyy-MM-dd, from 1990-01-01 to 2200-12-31")]
    FirstDay(String),
    /// The directory holds something else.
    #[error("{} holds {found:?}, which no earlier sample wrote: choose an empty directory{}", dir.display(), if *can_force { ", or force it" } else { "" })]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// The first foreign entry.
        found: String,
        /// Whether [`Options::force`] would help.
        can_force: bool,
    },
    /// A file could not be made, written or removed.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
}

impl SampleError {
    fn io(action: &'static str, path: &Path, cause: std::io::Error) -> Self {
        SampleError::Io {
            action,
            path: path.to_owned(),
            cause,
        }
    }
}

/// Writes a sample. `progress` hears of each part, in no fixed order.
///
/// Memory stays flat however large the sample is, but for the list of parts. What an error leaves behind is overwritten
/// by the next attempt.
pub fn write(options: &Options, progress: &mut dyn FnMut(Progress)) -> Result<Summary, SampleError> {
    let account = plan(options)?;
    directory::prepare(options)?;
    let parts = write_days(options, &account, progress)?;
    directory::write_expected(options, &account, &parts)?;
    timeline::write(options, &account, &parts)?;
    Ok(summary(options, &account, &parts))
}

/// Bytes as stored that a contact costs a day, with all that hangs on it; measured.
const BYTES_PER_CONTACT: u64 = 1_620;
/// Bytes as stored of a day's definitions and of what is there in any case; measured.
const BYTES_FIXED: u64 = 90_000;

fn plan(options: &Options) -> Result<Account, SampleError> {
    let Options { size_bytes, days, .. } = *options;
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(SampleError::Days(days));
    }
    if !(SIZE_BYTES_MIN * days as u64..=SIZE_BYTES_MAX).contains(&size_bytes) {
        return Err(SampleError::Size { size_bytes, days });
    }
    let no_day = || SampleError::FirstDay(options.first_day.clone());
    let first_day = calendar::parse_day(&options.first_day).ok_or_else(no_day)?;
    if !(7_305..=84_370).contains(&first_day) {
        return Err(no_day());
    }
    let day_bytes = size_bytes / days as u64;
    let contacts = (day_bytes.saturating_sub(BYTES_FIXED) / BYTES_PER_CONTACT).max(20);
    Ok(Account::new(options.seed, contacts, first_day, days))
}

/// Writes the days, as many at a time as the machine has threads; they come back in order.
fn write_days(
    options: &Options,
    account: &Account,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<ExpectedPart>, SampleError> {
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(options.days);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for _ in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            workers.push(scope.spawn(move || {
                let mut done = Vec::new();
                loop {
                    let day = next.fetch_add(1, Ordering::Relaxed);
                    if day >= options.days {
                        return Ok(done);
                    }
                    match day::write(options, account, day, &sender) {
                        Ok(parts) => done.push((day, parts)),
                        Err(error) => {
                            // The others stop after the day they are at.
                            next.store(options.days, Ordering::Relaxed);
                            return Err(error);
                        }
                    }
                }
            }));
        }
        drop(sender);
        let mut bytes_written = 0;
        for part in receiver {
            bytes_written += part.part_bytes;
            progress(Progress {
                bytes_written,
                bytes_planned: options.size_bytes,
                ..part
            });
        }
        let mut days = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(done) => days.extend(done?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        days.sort_by_key(|(day, _)| *day);
        Ok(days.into_iter().flat_map(|(_, parts)| parts).collect())
    })
}

fn summary(options: &Options, account: &Account, parts: &[ExpectedPart]) -> Summary {
    let mut tables: Vec<&str> = parts.iter().map(|part| part.table.as_str()).collect();
    tables.sort_unstable();
    tables.dedup();
    let mut summary = Summary {
        days: (0..options.days)
            .map(|day| calendar::day_text(account.date(day)))
            .collect(),
        tables: tables.len(),
        parts: parts.len(),
        ..Summary::default()
    };
    for part in parts {
        summary.bytes += part.bytes;
        if part.refused.is_some() {
            summary.parts_refused += 1;
        } else {
            summary.rows += part.rows;
            summary.records_rejected += part.rejected_records.len() as u64;
            summary.cells_rejected += part.rejected_cells.len() as u64;
        }
    }
    summary
}
