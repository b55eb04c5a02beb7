//! `daymark verify`: sources and Parquet are read again, end to end, and held against the manifests.

mod day;
mod earlier;
mod failures;
mod live;
mod part;
mod pointer;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;

pub(super) use part::count_rejects;

use super::block;
use super::place::{Place, PlaceArguments};
use super::span::{SpanArguments, day as day_of};
use crate::cli::quantity::{bytes, counted};
use crate::cli::{Status, in_words, print, tell};
use crate::keys::{Day, Link};
use crate::sweep::Request;

/// Reads sources and Parquet again, end to end, and holds counts and checksums against the manifests.
///
/// Every source that is still the one that was converted: ETag, size, SHA-256. Every Parquet file: ETag, size, the record in its footer, its
/// rows by decoding all of them, its rejects. Every failure record. Every day: manifest, earlier revisions, checksums, symlinks, what lies beside them, the parts as a table; and
/// what the live symlinks name beside the published files: that it is there, and is what its footer says. And the pointer to the newest day. It writes nothing.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct VerifyArguments {
    #[command(flatten)]
    place: PlaceArguments,
    #[command(flatten)]
    span: SpanArguments,
    /// This day alone
    #[arg(long, value_name = "yyyy-MM-dd", value_parser = day_of, conflicts_with_all = ["from", "to"])]
    date: Option<Day>,
    /// Say nothing but what is wrong
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  daymark verify --dir daymark-demo
  daymark verify --landing s3://landing/hubspot --curated s3://curated/lake --date 2026-11-22

Status: 0 all is as the manifests say; 1 not, and each fault is named; 2 wrong usage.";

/// What was found.
#[derive(Debug, Default)]
struct Found {
    /// What is not as the manifests say.
    faults: Vec<String>,
    /// What is worth telling and is no fault.
    notes: Vec<String>,
    parts: u64,
    sources_gone: u64,
    /// Sources that were replaced since the newest revision.
    replaced: Vec<String>,
    rows: u64,
    bytes: u64,
}

impl Found {
    fn fault(&mut self, what: impl Into<String>) {
        self.faults.push(what.into());
    }

    /// A fault unless both are the same.
    fn same<T: PartialEq + std::fmt::Display>(&mut self, what: &str, expected: T, found: T) {
        if expected != found {
            self.fault(format!("{what}: expected {expected}, found {found}"));
        }
    }

    /// What a look at one file finds; each fault with the file's key before it.
    async fn of_file(key: &str, look: impl AsyncFnOnce(&mut Found) -> anyhow::Result<()>) -> Found {
        let mut found = Found::default();
        if let Err(error) = look(&mut found).await {
            found.fault(format!("could not be read: {}", in_words(&error)));
        }
        for fault in &mut found.faults {
            *fault = format!("{key}: {fault}");
        }
        found
    }

    fn add(&mut self, other: Found) {
        self.faults.extend(other.faults);
        self.notes.extend(other.notes);
        self.parts += other.parts;
        self.sources_gone += other.sources_gone;
        self.replaced.extend(other.replaced);
        self.rows += other.rows;
        self.bytes += other.bytes;
    }
}

/// Runs the command.
pub(in crate::cli) fn run(arguments: &VerifyArguments) -> anyhow::Result<Status> {
    crate::cli::leftovers::remove_on_signals()?;
    block(Box::pin(verify(arguments)))
}

async fn verify(arguments: &VerifyArguments) -> anyhow::Result<Status> {
    let (from, to) = match &arguments.date {
        Some(date) => (date.clone(), date.clone()),
        None => arguments.span.days()?,
    };
    let place = Place::open(&arguments.place).await?;
    let manifests = place.config.layout.manifests();
    let dates = place.dates(&manifests, &from, &to).await?;
    let left = Box::pin(left(&place, &dates, &from, &to)).await?;
    let mut all = Found::default();
    if dates.is_empty() && left.is_empty() {
        let landed = landed(&place, &from, &to).await?;
        match &arguments.date {
            Some(date) if landed == 0 => fault(&mut all, format!("{date}: there is nothing of this day")),
            Some(date) => all.notes.push(format!("{date}: {}", day::NO_MANIFEST)),
            None if landed == 0 => {
                let (curated, landing) = (place.config.layout.curated(), place.config.layout.landing());
                let none = format!("expected days from {from} to {to} in {curated} or {landing}, found none");
                fault(&mut all, none);
            }
            None => all
                .notes
                .push(format!("none of {} has a manifest yet", counted(landed, "day"))),
        }
        for note in all.notes.iter().filter(|_| !arguments.quiet) {
            print(&format!("{note}\n"))?;
        }
    }
    // Days of which it is known whether anything of them is published, and those of which something is.
    let (mut told, mut published) = (Vec::new(), Vec::new());
    let looked: BTreeSet<&Day> = dates.iter().chain(left.keys()).collect();
    for date in &looked {
        let mut found = Found::default();
        match left.get(*date) {
            Some(faults) => found.faults.clone_from(faults),
            None => {
                let is_published = Box::pin(look(&place, date, &mut found)).await;
                told.extend(is_published.map(|_| (*date).clone()));
                published.extend(is_published.filter(|is| *is).map(|_| (*date).clone()));
            }
        }
        for fault in &mut found.faults {
            *fault = format!("{date}: {fault}");
            tell(&format!("fault: {fault}"));
        }
        if !arguments.quiet {
            let verdict = match found.faults.len() {
                0 if found.notes.iter().any(|note| note == day::NO_MANIFEST) => "no fault".to_owned(),
                0 => "as the manifest says".to_owned(),
                faults => counted(faults as u64, "fault"),
            };
            let mut line = format!(
                "{date}: {}, {}, {} read: {verdict}",
                counted(found.parts, "part"),
                counted(found.rows, "row"),
                bytes(found.bytes)
            );
            if found.sources_gone > 0 {
                let gone = counted(found.sources_gone, "source");
                line.push_str(&format!("; {gone} gone, which is no fault"));
            }
            if let Some(first) = found.replaced.first() {
                let replaced = counted(found.replaced.len() as u64, "source");
                line.push_str(&format!(
                    "; {replaced} replaced since, which the next sweep will convert: {first}"
                ));
            }
            for note in &found.notes {
                line.push_str(&format!("; {note}"));
            }
            print(&format!("{line}\n"))?;
        }
        all.add(found);
    }
    let mut found = Found::default();
    pointer::verify(&place, &told, &published, &mut found).await?;
    for what in found.faults {
        fault(&mut all, what);
    }
    place.close().await;
    if !arguments.quiet {
        print(&format!(
            "{}: {}, {}, {} read, {}.\n",
            counted(looked.len() as u64, "day"),
            counted(all.parts, "part"),
            counted(all.rows, "row"),
            bytes(all.bytes),
            counted(all.faults.len() as u64, "fault"),
        ))?;
    }
    Ok(match all.faults.is_empty() {
        true => Status::Done,
        false => Status::Refused,
    })
}

/// Tells a fault that is no day's.
fn fault(all: &mut Found, what: String) {
    tell(&format!("fault: {what}"));
    all.fault(what);
}

/// Looks at a day. Whether anything of it is published, as far as that can be told.
async fn look(place: &Place, date: &Day, found: &mut Found) -> Option<bool> {
    match Box::pin(day::verify(place, date, found)).await {
        Ok(published) => published,
        Err(error) => {
            found.fault(format!("could not be looked at: {}", in_words(&error)));
            None
        }
    }
}

/// What is wrong with days that have symlinks and no manifest. A day that is not complete yet has live ones, which is no fault.
async fn left(
    place: &Place,
    dates: &[Day],
    from: &Day,
    to: &Day,
) -> anyhow::Result<BTreeMap<Day, Vec<String>>> {
    let layout = &place.config.layout;
    let mut linked = BTreeSet::new();
    for link in [Link::Published, Link::Live] {
        for table in place.names(&layout.links(link, None)).await? {
            linked.extend(place.dates(&layout.links(link, Some(&table)), from, to).await?);
        }
    }
    let mut left = BTreeMap::new();
    for date in linked.into_iter().filter(|date| !dates.contains(date)) {
        let mut found = Found::default();
        look(place, &date, &mut found).await;
        if !found.faults.is_empty() {
            left.insert(date, found.faults);
        }
    }
    Ok(left)
}

/// How many days there is anything of, manifests or not.
async fn landed(place: &Place, from: &Day, to: &Day) -> anyhow::Result<u64> {
    let request = Request {
        days: Some((from.clone(), to.clone())),
        dry_run: true,
        ..Request::default()
    };
    let report = Box::pin(place.looker().sweep(&request, None)).await?;
    Ok(report.days.len() as u64)
}
