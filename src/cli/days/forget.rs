//! `daymark forget`: a day is unpublished, and after the grace period its Parquet goes.

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use clap::Args;

use super::block;
use super::place::{Place, PlaceArguments};
use super::span::day;
use crate::cli::{Status, print};
use crate::day::State;
use crate::keys::{Day, Leaf};
use crate::manifest::{self, MarkError};
use crate::store::{Doomed, Kind};
use crate::sweep::Request;

/// Unpublishes a day at once, and has its Parquet deleted after the grace period.
///
/// The sources stay: they are not Daymark's. Until the Parquet is deleted, --undo brings the day back as it was.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ForgetArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// The day
    #[arg(long, value_name = "yyyy-MM-dd", value_parser = day)]
    date: Day,
    /// Remember it again
    #[arg(long)]
    undo: bool,
}

const EXAMPLES: &str = "\
Examples:
  daymark forget --dir daymark-demo --date 2026-11-20
  daymark forget --dir daymark-demo --date 2026-11-20 --undo

Status: 0 done; 1 not; 2 wrong usage.";

const JSON: &str = "application/json";

/// The most that is read of a mark, bytes.
const MARK_BYTES_MAX: u64 = 1 << 20;

/// Runs the command.
pub(in crate::cli) fn run(arguments: &ForgetArguments) -> anyhow::Result<Status> {
    block(Box::pin(forget(arguments)))
}

async fn forget(arguments: &ForgetArguments) -> anyhow::Result<Status> {
    let place = Place::open(&arguments.place).await?;
    let date = &arguments.date;
    let layout = &place.config.layout;
    let key = layout.leaf(date, Leaf::Forgotten);
    let bucket = layout.curated().bucket();
    let request = Request {
        days: Some((date.clone(), date.clone())),
        ..Request::default()
    };
    // Whether it was forgotten for its age already.
    let mut expired = false;
    if arguments.undo {
        if place.store.head(bucket, &key).await?.is_none() {
            bail!("{date}: nobody asked to forget this day; there is no {key}");
        }
        let left = place.store.delete(bucket, &[Doomed::any(&key)]).await?;
        if let Some(error) = left.into_iter().next() {
            return Err(error.into());
        }
    } else {
        let dry = Request {
            dry_run: true,
            ..request.clone()
        };
        // A slip of the pen must not forget a day that is yet to come.
        let found = Box::pin(place.looker().sweep(&dry, None)).await?;
        ensure!(!found.days.is_empty(), "{date}: there is nothing of this day");
        let mut judged = found.days.iter().filter_map(|day| day.judged.as_ref().ok());
        expired = judged.any(|judged| judged.state == State::Forgotten);
        expired &= mark(&place, &key).await?;
    }
    // From here on it is asked for, whatever comes of this sweep.
    let stands = || match arguments.undo {
        true => format!(
            "{date}: nobody asks to forget it any more, and the next sweep brings it back; this one failed"
        ),
        false => format!("{date}: it is marked ({key}), and the next sweep unpublishes it; this one failed"),
    };
    let report = Box::pin(place.sweeper().sweep(&request, None))
        .await
        .with_context(stands)?;
    let now_ms = report.now_ms;
    let mut state = None;
    for day in report.days {
        state = Some(day.judged.with_context(stands)?.state);
    }
    let grace_ms = place.config.days.policy.grace_ms;
    place.close().await;
    let text = match (arguments.undo, state) {
        (false, Some(State::Forgotten)) if expired => format!(
            "{date} is forgotten, and was before: it is older than days are kept, so that --undo alone does not bring it back.\n"
        ),
        (false, Some(State::Forgotten)) => {
            let goes = Day::of_ms(now_ms.saturating_add(grace_ms));
            let when = goes.map_or(String::new(), |day| format!(", from {day} on"));
            format!(
                "{date} is forgotten: nothing of it is published any more. Its Parquet is deleted after the grace period \
                 of {} days{when}; until then --undo brings it back. Its sources stay where they are.\n",
                grace_ms / 86_400_000
            )
        }
        (false, Some(other)) => {
            bail!("{date}: expected it to be forgotten after the sweep, found it {other}")
        }
        (true, Some(State::Forgotten)) => format!(
            "{date}: nobody asks to forget it any more, but it is older than days are kept, so it stays forgotten.\n"
        ),
        (true, Some(state)) => format!("{date} is remembered: it is {state}.\n"),
        (_, None) => format!("{date}: nothing is left of this day.\n"),
    };
    print(&text)?;
    Ok(Status::Done)
}

/// Marks the day. False: it is marked already. A mark that is damaged is written anew.
async fn mark(place: &Place, key: &str) -> anyhow::Result<bool> {
    let bucket = place.config.layout.curated().bucket();
    let body = Bytes::from(manifest::forgotten()?);
    match place.store.put_new(bucket, key, body.clone(), JSON).await {
        Err(error) if error.kind == Kind::Precondition => {}
        put => return Ok(put.map(|()| true)?),
    }
    let Some((found, meta)) = place.store.read_small(bucket, key, MARK_BYTES_MAX).await? else {
        bail!("{key} was written and removed meanwhile");
    };
    if let Err(MarkError::Foreign(_)) = manifest::parse_forgotten(&found) {
        let etag = Some(meta.etag.as_str());
        place.store.put_if_match(bucket, key, body, JSON, etag).await?;
    }
    Ok(false)
}
