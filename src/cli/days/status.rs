//! `daymark status`: where the days stand.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::place::{Place, PlaceArguments};
use super::span::SpanArguments;
use super::view::{self, View};
use super::{block, calendar, page};
use crate::cli::remote::local_path;
use crate::cli::{Status, print, tell};
use crate::sweep::Request;

/// Shows where the days stand, and why those that are not complete are not.
///
/// It judges the days as the next sweep would, and writes nothing. Rows and rejects are those of what is published.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct StatusArguments {
    #[command(flatten)]
    place: PlaceArguments,
    #[command(flatten)]
    span: SpanArguments,
    /// Print one JSON object a day on its line
    #[arg(long)]
    json: bool,
    /// Write a page with calendar, rows over time, and each day's parts; it needs no server
    #[arg(long, value_name = "FILE", value_parser = local_path())]
    html: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  daymark status --dir daymark-demo
      The days of a demo.

  daymark status --landing s3://landing/hubspot --curated s3://curated/lake --from 2026-11-01

  daymark status --dir daymark-demo --html days.html
      A page to look at in a browser.

Status: 0 shown; 1 not all of it; 2 wrong usage.";

/// Runs the command.
pub(in crate::cli) fn run(arguments: &StatusArguments) -> anyhow::Result<Status> {
    block(Box::pin(status(arguments)))
}

async fn status(arguments: &StatusArguments) -> anyhow::Result<Status> {
    let request = Request {
        days: Some(arguments.span.days()?),
        dry_run: true,
        reconvert: false,
    };
    let place = Place::open(&arguments.place).await?;
    let report = Box::pin(place.looker().sweep(&request, None)).await?;
    let now_ms = report.now_ms;
    let views = view::views(&place, report, true, arguments.html.is_some()).await?;
    let name = place.name();
    let text = match views.is_empty() {
        true => place.no_days(),
        false => calendar::text(&views),
    };
    place.close().await;
    if let Some(path) = &arguments.html {
        write(path, &page::page(&name, now_ms, &views)?)?;
        tell(&format!("{} written", path.display()));
    }
    if arguments.json {
        let lines = views.iter().map(|view| format!("{}\n", of_day(view)));
        print(&lines.collect::<String>())?;
    } else if arguments.html.is_none() {
        print(&text)?;
    }
    Ok(match views.iter().any(|view| view.judged.is_err()) {
        true => Status::Refused,
        false => Status::Done,
    })
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

/// A day as JSON.
pub(super) fn of_day(view: &View) -> Value {
    let judged = match &view.judged {
        Ok(judged) => judged,
        Err(error) => return json!({ "date": view.date.as_str(), "error": error }),
    };
    let failures = view.failures.iter().map(|failure| {
        json!({
            "table": failure.table,
            "source": failure.source.key,
            "part_id": failure.part_id,
            "reason": failure.reason,
            "message": failure.message,
        })
    });
    let damaged = view.damaged.iter();
    let damaged = damaged.map(|it| json!({ "key": it.key, "message": it.why, "newer": it.is_newer }));
    json!({
        "date": view.date.as_str(),
        "state": judged.state,
        "late": judged.late,
        "overtaken": judged.overtaken,
        "revision": judged.revision,
        "revision_due": judged.revised,
        "published": judged.published,
        "tables": judged.tables,
        "parts": judged.parts,
        "parts_waiting": judged.missing,
        "parts_failed": judged.failed,
        "parts_outdated": judged.outdated,
        "parts_to_send": judged.to_send,
        "records_read": judged.totals.map(|totals| totals.records_read),
        "rows": judged.totals.map(|totals| totals.rows_written),
        "records_rejected": judged.totals.map(|totals| totals.records_rejected),
        "cells_rejected": judged.totals.map(|totals| totals.cells_rejected),
        "source_bytes": judged.totals.map(|totals| totals.source_bytes),
        "output_bytes": judged.totals.map(|totals| totals.output_bytes),
        "first_ms": judged.first_ms,
        "reasons": judged.reasons,
        "warnings": judged.warnings,
        "failures": failures.collect::<Vec<_>>(),
        "failures_damaged": damaged.collect::<Vec<_>>(),
    })
}
