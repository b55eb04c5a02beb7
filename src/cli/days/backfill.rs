//! `daymark backfill`: parts without output are converted, however old they are.
//!
//! In the cloud it only fills the queue; the converter does the work. Locally there is no converter but this process.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use futures::stream::{self, StreamExt};

use super::place::{Place, PlaceArguments, handle};
use super::span::day;
use super::{block, calendar, view};
use crate::app::handler::Handler;
use crate::app::sweep::{DayReport, Judged, Report, SetAside};
use crate::cli::grid::Grid;
use crate::cli::quantity::{count, counted};
use crate::cli::{Status, print, tell, usage};
use crate::keys::Day;
use crate::sweep::Request;

/// Between two looks at what the converter has done.
const PAUSE: Duration = Duration::from_secs(15);
/// Looks in a row, a quarter of an hour, in which nothing moved: then it is not waited any longer.
const STILL_MAX: u32 = 60;

/// Converts what has no Parquet yet, of some days.
///
/// Parts go to the queue as the S3 events that got lost, up to the queue's limit and as the converter takes them out. With
/// --dir they are converted by this program. What is sent twice is converted once.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct BackfillArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// The first day
    #[arg(long, value_name = "yyyy-MM-dd", value_parser = day)]
    from: Day,
    /// The last day
    #[arg(long, value_name = "yyyy-MM-dd", value_parser = day)]
    to: Day,
    /// Print what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Convert parts again that were converted under other settings than today's
    #[arg(long)]
    reconvert: bool,
    /// Send lost parts too, once: those that were sent as often as a part is. With --dir they always are
    #[arg(long)]
    lost: bool,
    /// Send what the queue has room for, and do not wait for what becomes of it
    #[arg(long, conflicts_with = "dir")]
    no_wait: bool,
    /// Name no single parts
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  daymark backfill --dir daymark-demo --from 2026-11-20 --to 2026-11-22 --dry-run

  daymark backfill --landing s3://landing/hubspot --curated s3://curated/lake \\
      --queue-url https://sqs.eu-west-1.amazonaws.com/123456789012/daymark \\
      --from 2024-01-01 --to 2026-11-22

Settings of the functions that are not the defaults have to be in the environment here too.
For years of history there is a faster way, an S3 Batch Operations job: docs/backfill.md.

Status: 0 all parts have Parquet or a failure record; 1 some have neither; 2 wrong usage.";

/// Runs the command.
pub(in crate::cli) fn run(arguments: &BackfillArguments) -> anyhow::Result<Status> {
    block(Box::pin(backfill(arguments)))
}

async fn backfill(arguments: &BackfillArguments) -> anyhow::Result<Status> {
    let (from, to) = (&arguments.from, &arguments.to);
    if from > to {
        return Err(usage(format!(
            "expected --from to be no later than --to, found {from} and {to}"
        )));
    }
    let place = Place::open_with(&arguments.place, |config| {
        if arguments.place.is_local() {
            // Only locally does nobody else convert a part that landed a moment ago.
            config.days.policy.send_after_ms = 0;
        }
    })
    .await?;
    let request = Request {
        days: Some((from.clone(), to.clone())),
        dry_run: arguments.dry_run,
        reconvert: arguments.reconvert,
    };
    if arguments.dry_run {
        let looker = match arguments.lost {
            true => place.lost_too(None),
            false => place.looker(),
        };
        let report = Box::pin(looker.sweep(&request, None)).await?;
        if !arguments.quiet {
            let keys = report.to_send.iter().map(|key| format!("{key}\n"));
            print(&keys.collect::<String>())?;
        }
        print(&planned(
            &report,
            arguments.reconvert,
            &arguments.place.again(),
            place.no_days(),
        ))?;
        place.close().await;
        return Ok(match report.days.iter().any(|day| day.judged.is_err()) {
            true => Status::Refused,
            false => Status::Done,
        });
    }
    let report = match &place.handler {
        Some(handler) => Box::pin(here(&place, handler, &request, arguments.quiet)).await?,
        None => {
            if place.queue.is_none() {
                return Err(usage(
                    "expected --stack, --queue-url or DAYMARK_QUEUE_URL, so that there is a queue to send to",
                ));
            }
            Box::pin(there(&place, &request, arguments)).await?
        }
    };
    let left = pending(&report, arguments.reconvert);
    let views = view::views(&place, report, false, false).await?;
    print(&match views.is_empty() {
        true => place.no_days(),
        false => calendar::text(&views),
    })?;
    place.close().await;
    if left > 0 && !arguments.no_wait {
        bail!(
            "{} without Parquet or a failure record; `daymark backfill {} --from {from} --to {to} --dry-run` says what becomes of them",
            counted(left, "part"),
            arguments.place.again()
        );
    }
    Ok(match views.iter().any(|view| view.judged.is_err()) {
        true => Status::Refused,
        false => Status::Done,
    })
}

/// What a dry run found, below the parts that it would send. `again`: the arguments that name the place; `none`: what is said
/// where there are no days.
fn planned(report: &Report, reconvert: bool, again: &str, none: String) -> String {
    let mut grid = Grid::new(["day", "state", "parts", "waiting", "other settings", "to send"]);
    let mut all = 0;
    for day in &report.days {
        match &day.judged {
            Ok(judged) => {
                all += judged.to_send;
                grid.push([
                    day.date.to_string(),
                    judged.state.to_string(),
                    count(judged.parts),
                    count(judged.missing),
                    count(judged.outdated),
                    count(judged.to_send),
                ]);
            }
            Err(error) => grid.push([day.date.to_string(), format!("unknown: {error}")]),
        }
    }
    let days = match report.days.is_empty() {
        true => none,
        false => grid.text(),
    };
    let mut text = format!("{days}\n{} would be sent.\n", counted(all, "part"));
    text.push_str(&not_sent(report, reconvert, again));
    text
}

/// Why parts without Parquet, or with one of other settings, are not sent, and what does send them: a line each.
fn not_sent(report: &Report, reconvert: bool, again: &str) -> String {
    let judged = || report.days.iter().filter_map(|day| day.judged.as_ref().ok());
    let sum = |of: fn(&Judged) -> u64| judged().map(of).sum::<u64>();
    let (failed, outdated) = (sum(|day| day.failed), sum(|day| day.outdated));
    let lost = judged().any(|day| day.reasons.iter().any(|reason| reason.code == "parts_lost"));
    // Owed, and not sent now.
    let waiting = pending(report, reconvert).saturating_sub(sum(|day| day.to_send));
    let mut text = String::new();
    if failed > 0 {
        text.push_str(&format!(
            "Not {} with a failure record: `daymark status {again}` says why, `daymark replay {again} KEY` tries one again.\n",
            counted(failed, "part")
        ));
    }
    if lost {
        text.push_str(
            "Not those that were sent as often as a part is: --lost sends them too, and with --dry-run names them.\n",
        );
    } else if waiting > 0 {
        let is_ahead = judged().any(|day| day.changed_ms > Some(report.now_ms));
        text.push_str(&format!(
            "Not {} for now: they landed, or were sent, a short while ago, and the converter may be at them{}.\n",
            counted(waiting, "part"),
            if is_ahead { "; or their time is ahead of the clock" } else { "" }
        ));
    }
    if outdated > 0 && !reconvert {
        text.push_str(&format!(
            "Not {} of other settings: --reconvert sends them.\n",
            counted(outdated, "part")
        ));
    }
    text
}

/// Parts that are still to come: those with a failure record do not.
fn pending(report: &Report, reconvert: bool) -> u64 {
    let days = report.days.iter().filter_map(|day| day.judged.as_ref().ok());
    let of_day = |judged: &Judged| {
        let outdated = if reconvert { judged.outdated } else { 0 };
        judged.missing.saturating_sub(judged.failed) + outdated
    };
    days.map(of_day).sum()
}

/// What a sweep found damaged, it mends: that it did so is said, as its log does.
fn tell_aside(report: &Report) {
    for SetAside { key, kept, why } in &report.set_aside {
        tell(&format!("damaged, set aside: {key}: {why}; it is kept as {kept}"));
    }
}

/// Converts in this process: each sweep sends into a queue of its own, which is emptied before the next.
async fn here(place: &Place, handler: &Handler, request: &Request, quiet: bool) -> anyhow::Result<Report> {
    let sweeper = place.sweeper();
    let queue = place.queue.as_ref().context("a defect: no queue")?;
    let abreast = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut before, mut again) = (u64::MAX, false);
    loop {
        let report = Box::pin(sweeper.sweep(request, None)).await?;
        tell_aside(&report);
        let bodies = queue.take();
        let left = pending(&report, request.reconvert);
        // A record that turns out to be damaged is set aside by the sweep that counted it: the next one sends its part.
        let failed = |day: &DayReport| day.judged.as_ref().is_ok_and(|day| day.failed > 0);
        if bodies.is_empty() && !again && report.days.iter().any(failed) {
            again = true;
            continue;
        }
        if bodies.is_empty() || left >= before {
            return Ok(report);
        }
        before = left;
        let all = bodies.len();
        let turns = bodies
            .iter()
            .map(|body| async move { handle(handler, body).await });
        let mut turns = stream::iter(turns).buffer_unordered(abreast);
        let mut done = 0;
        while let Some(turn) = turns.next().await {
            done += 1;
            match turn {
                Ok(told) if !quiet => tell(&format!("{done} of {all}  {told}")),
                Ok(_) => {}
                Err(error) => tell(&format!("{done} of {all}  error: {error}")),
            }
        }
    }
}

/// Fills the queue, and looks until all is there or nothing moves.
async fn there(place: &Place, request: &Request, arguments: &BackfillArguments) -> anyhow::Result<Report> {
    let sweeper = place.sweeper();
    // Once: or what always fails would be sent for ever.
    let mut first = arguments.lost.then(|| place.lost_too(place.queue.clone()));
    let (mut before, mut still, mut sent) = (u64::MAX, 0, 0);
    loop {
        let by = first.take();
        let by = by.as_ref().unwrap_or(&sweeper);
        let mut report = Box::pin(by.sweep(request, None)).await?;
        tell_aside(&report);
        if let Some(error) = report.queue_error.take() {
            return Err(error.into());
        }
        let left = pending(&report, request.reconvert);
        sent += report.sent;
        let queued = report.depth.map_or(0, |depth| depth.total());
        tell(&format!(
            "{} to come, {} in the queue before, {} sent now, {} in all",
            counted(left, "part"),
            count(queued),
            count(report.sent),
            count(sent),
        ));
        if arguments.no_wait || left == 0 {
            return Ok(report);
        }
        still = if left < before || report.sent > 0 {
            0
        } else {
            still + 1
        };
        if still >= STILL_MAX {
            tell(
                "Nothing has moved for a quarter of an hour; the converter's log and the dead-letter queue say why.",
            );
            return Ok(report);
        }
        before = left;
        tokio::time::sleep(PAUSE).await;
    }
}
