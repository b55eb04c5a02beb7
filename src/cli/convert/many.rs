//! `daymark convert` of a folder: file by file, several side by side, and what became of all.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::anyhow;

use crate::cli::folder::{self, Listing, Member};
use crate::cli::leftovers::Folders;
use crate::cli::local::{self, Source, Target};
use crate::cli::plan_flags::Planner;
use crate::cli::progress::Progress;
use crate::cli::quantity::{bytes, count, counted, seconds};
use crate::cli::{Status, defect, hint_line, in_words, tell, usage};
use crate::convert::Report;

use super::{ConvertArguments, Converting, Job, rejects_below};

/// What became of a folder's files.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) converted: u64,
    pub(super) with_rejects: u64,
    pub(super) refused: u64,
    pub(super) rows: u64,
    pub(super) rejects: u64,
    pub(super) source_bytes: u64,
    pub(super) output_bytes: u64,
}

impl Totals {
    pub(super) fn add(&mut self, done: &anyhow::Result<Report>) {
        match done {
            Err(_) => self.refused += 1,
            Ok(report) => {
                let rejects = report.records_rejected + report.cells_rejected;
                self.converted += 1;
                self.with_rejects += u64::from(rejects > 0);
                self.rows += report.rows_written;
                self.rejects += rejects;
                self.source_bytes += report.source_bytes;
                self.output_bytes += report.output_bytes;
            }
        }
    }

    pub(super) fn status(&self) -> Status {
        match (self.refused, self.with_rejects) {
            (0, 0) => Status::Done,
            (0, _) => Status::Rejects,
            _ => Status::Refused,
        }
    }

    pub(super) fn summary(&self, passed_over: u64, time: &str) -> String {
        let mut text = format!("{} converted", counted(self.converted, "file"));
        if self.with_rejects > 0 {
            text.push_str(&format!(" ({} with rejects)", count(self.with_rejects)));
        }
        if self.refused > 0 {
            text.push_str(&format!(", {} refused", count(self.refused)));
        }
        if passed_over > 0 {
            text.push_str(&format!(", {} passed over", count(passed_over)));
        }
        format!(
            "{text}: {}, {}; {} as stored, {} as Parquet, {time}",
            counted(self.rows, "row"),
            counted(self.rejects, "reject"),
            bytes(self.source_bytes),
            bytes(self.output_bytes),
        )
    }
}

pub(super) fn convert_folder(
    arguments: &ConvertArguments,
    planner: &Planner,
    input: &Path,
    output: &Path,
) -> anyhow::Result<Status> {
    if output.exists() && !output.is_dir() {
        return Err(usage(format!(
            "{}: expected a folder, because IN is one",
            output.display()
        )));
    }
    let same = |a: &Path, b: &Path| {
        std::fs::canonicalize(a)
            .ok()
            .is_some_and(|a| std::fs::canonicalize(b).ok() == Some(a))
    };
    if same(input, output) {
        return Err(usage(format!(
            "{}: expected another folder than the input",
            output.display()
        )));
    }
    let started = Instant::now();
    let listing = folder::list(input)?;
    folder::check_distinct(input, &listing.members)?;
    check_places(arguments, output, &listing.members)?;
    let passed_over = tell_passed_over(arguments, input, &listing)?;
    let whole = listing.members.iter().map(|member| member.bytes).sum();
    let progress = Progress::new(whole, arguments.quiet);
    let totals = Mutex::new(Totals::default());
    let next = AtomicUsize::new(0);
    let converting = Converting {
        planner,
        folders: Folders::default(),
        ahead: false,
        quiet: arguments.quiet,
    };
    let work = || {
        let mut progress = progress.clone();
        while let Some(member) = listing.members.get(next.fetch_add(1, Ordering::Relaxed)) {
            // One file's defect is no reason to give the others up.
            let one = || convert_member(&converting, arguments, member, output, &mut progress);
            let done = panic::catch_unwind(AssertUnwindSafe(one));
            let done = done.unwrap_or_else(|_| Err(anyhow!("{}: {}", member.path.display(), defect())));
            progress.source_done(member.bytes);
            if let Ok(mut totals) = totals.lock() {
                totals.add(&done);
            }
            if let Err(error) = done {
                progress.tell(&format!("error: {}{}", in_words(&error), hint_line(&error)));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..arguments.threads {
            scope.spawn(work);
        }
        work();
    });
    progress.clear();
    let totals = totals
        .into_inner()
        .map_err(|_| anyhow!("a defect in daymark: a thread was lost"))?;
    if !arguments.quiet {
        tell(&totals.summary(passed_over, &seconds(started.elapsed())));
    }
    Ok(totals.status())
}

/// Refuses files that would become one because links in the output lead to one place.
fn check_places(arguments: &ConvertArguments, output: &Path, members: &[Member]) -> anyhow::Result<()> {
    let mut places = BTreeMap::new();
    for member in members {
        // One that cannot be written is that file's refusal alone.
        let Ok(target) = member_target(arguments, member, output) else {
            continue;
        };
        let rejects = target.keeps_rejects().then_some(target.rejects);
        for path in [Some(target.parquet), rejects].into_iter().flatten() {
            let place = local::place(&path);
            if let Some(other) = places.insert(place, &member.path) {
                return Err(usage(format!(
                    "{} and {} would both become {}, where links in {} lead: remove the links",
                    other.display(),
                    member.path.display(),
                    path.display(),
                    output.display()
                )));
            }
        }
    }
    Ok(())
}

fn member_target(arguments: &ConvertArguments, member: &Member, output: &Path) -> anyhow::Result<Target> {
    let relative = folder::parquet_name(&member.relative);
    let rejects = arguments.rejects.as_deref();
    let rejects = rejects.map(|folder| rejects_below(folder, &relative));
    Target::new(&output.join(&relative), rejects.as_deref())
}

/// Names what is not converted; how many they are. Nothing to convert is an error, whose reason is told in any case.
pub(super) fn tell_passed_over(
    arguments: &ConvertArguments,
    input: &Path,
    listing: &Listing,
) -> anyhow::Result<u64> {
    let none = listing.members.is_empty();
    if none || !arguments.quiet {
        listing.told(input).iter().for_each(|line| tell(line));
    }
    if none {
        anyhow::bail!("{}: expected files to convert, found none", input.display());
    }
    Ok(listing.passed_over.len() as u64)
}

pub(super) fn convert_member(
    converting: &Converting<'_>,
    arguments: &ConvertArguments,
    member: &Member,
    output: &Path,
    progress: &mut Progress,
) -> anyhow::Result<Report> {
    let mut source = Source::open(&member.path)?;
    // Names of files repeat from folder to folder.
    source.name = member.relative.to_string_lossy().into_owned();
    let target = member_target(arguments, member, output)?;
    converting.file(&Job::local(&source, &target, &member.path), progress)
}
