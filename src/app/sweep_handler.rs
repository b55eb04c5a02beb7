//! One event of the manifest function: a request in, a sweep, an answer, a line in the log and one of metrics.

use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::Instrument;

use crate::app::sweep::{DayReport, Report, SweepError, Sweeper};
use crate::day::Remark;
use crate::sweep::{Event, Request, RequestError};
use crate::telemetry::{AccountMetrics, Metrics, SweepMetrics};

/// Days of an answer that are told one by one; Lambda's answers have a limit, and a sweep over years many days.
const DAYS_TOLD_MAX: usize = 100;

/// Remarks of a day that are told.
const REMARKS_TOLD_MAX: usize = 5;

/// Why an event failed.
#[derive(Debug, thiserror::Error)]
pub enum SweepHandlerError {
    /// The request cannot be meant.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The sweep came to no end.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// It did, but for some days.
    #[error("{count} days' turns came to no end, the first is {date}: {error}")]
    Days {
        /// How many.
        count: usize,
        /// The first.
        date: String,
        /// Why.
        error: String,
    },
    /// It did, but the queue refused what was to be sent again, or to say how much is in it.
    #[error("parts could not be sent again: {0}")]
    Queue(String),
    /// It did, but the Glue catalog could not be compared with the lake.
    #[error("the Glue catalog could not be compared with the lake: {0}")]
    Catalog(String),
}

impl SweepHandlerError {
    /// The error's name in Lambda's answer, for programs. Names may be added, and none changes its meaning.
    pub fn name(&self) -> &'static str {
        match self {
            SweepHandlerError::Request(_) => "BadRequest",
            SweepHandlerError::Sweep(_) => "SweepFailed",
            SweepHandlerError::Days { .. } => "DaysFailed",
            SweepHandlerError::Queue(_) => "QueueFailed",
            SweepHandlerError::Catalog(_) => "CatalogFailed",
        }
    }
}

/// Handles events.
#[derive(Clone, Debug)]
pub struct SweepHandler {
    sweeper: Sweeper,
    metrics: Metrics,
}

impl SweepHandler {
    /// A handler over a sweeper.
    pub fn new(sweeper: Sweeper, metrics: Metrics) -> Self {
        SweepHandler { sweeper, metrics }
    }

    /// Sweeps as the event asks.
    ///
    /// # Errors
    /// [`SweepHandlerError`]. What a sweep leaves undone, the next one does, so nobody need call again.
    pub async fn handle(
        &self,
        event: Event,
        request_id: &str,
        deadline: Option<Instant>,
    ) -> Result<Value, SweepHandlerError> {
        let span = tracing::info_span!("sweep", request_id);
        Box::pin(self.sweep(event, deadline)).instrument(span).await
    }

    async fn sweep(
        &self,
        Event(request): Event,
        deadline: Option<Instant>,
    ) -> Result<Value, SweepHandlerError> {
        let request = request?;
        let begun = Instant::now();
        let report = Box::pin(self.sweeper.sweep(&request, deadline)).await?;
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let metrics = metrics(&report, request.days.is_some(), milliseconds);
        let next_request = report.next_request.as_ref().map(Request::to_json);
        tracing::info!(
            days = report.days.len(),
            days_open = metrics.account.map(|account| account.days_open),
            days_blocked = metrics.account.map(|account| account.days_blocked),
            days_overtaken = metrics.days_overtaken,
            parts_waiting = metrics.account.map(|account| account.parts_waiting),
            parts_sent = metrics.parts_sent,
            overdue = report.overdue.as_ref().map(ToString::to_string),
            stopped_before = report.stopped_before.as_ref().map(ToString::to_string),
            next_request = next_request.map(|request| request.to_string()),
            dry_run = request.dry_run,
            milliseconds,
            "swept"
        );
        if !request.dry_run {
            self.metrics.emit_sweep(&metrics);
        }
        let failed: Vec<(&DayReport, &SweepError)> = report
            .days
            .iter()
            .filter_map(|day| Some((day, day.judged.as_ref().err()?)))
            .collect();
        match failed.first() {
            None => match (&report.queue_error, &report.catalog.error) {
                (None, None) => Ok(answer(&report, request.dry_run)),
                (Some(error), _) => Err(SweepHandlerError::Queue(error.to_string())),
                (None, Some(error)) => Err(SweepHandlerError::Catalog(error.clone())),
            },
            Some((day, error)) => Err(SweepHandlerError::Days {
                count: failed.len(),
                date: day.date.to_string(),
                error: error.to_string(),
            }),
        }
    }
}

/// `asked`: for days by name, so that it says nothing of the others, nor of whether anybody looks at them.
fn metrics(report: &Report, asked: bool, milliseconds: u64) -> SweepMetrics {
    // One that always runs out of time before its first day does nothing, and says nothing else.
    let got_nowhere = report.days.is_empty() && report.stopped_before.is_some();
    let judged = report.days.iter().filter_map(|day| day.judged.as_ref().ok());
    let account = report.account.as_ref().map(|tally| {
        let age_ms = tally
            .oldest_open_ms
            .map_or(0, |first_ms| report.now_ms - first_ms);
        AccountMetrics {
            days_open: tally.days_open,
            days_blocked: tally.days_blocked,
            oldest_open_day_seconds: u64::try_from(age_ms).unwrap_or_default() / 1000,
            parts_waiting: tally.parts_waiting,
        }
    });
    SweepMetrics {
        heartbeat: (!asked).then_some(u64::from(!got_nowhere)),
        days: report.days.len() as u64,
        account,
        day_overdue: (!asked).then_some(u64::from(report.overdue.is_some())),
        days_overtaken: judged.filter(|judged| judged.overtaken).count() as u64,
        parts_sent: report.sent,
        queue_messages: report.depth.map_or(0, |depth| depth.total()),
        milliseconds,
    }
}

/// The function's answer: what `daymark status` prints, as far as it fits.
pub fn answer(report: &Report, dry_run: bool) -> Value {
    let texts = |remarks: &[Remark]| -> Vec<String> {
        remarks
            .iter()
            .take(REMARKS_TOLD_MAX)
            .map(Remark::to_string)
            .collect()
    };
    let days = report
        .days
        .iter()
        .rev()
        .take(DAYS_TOLD_MAX)
        .map(|day| match &day.judged {
            Err(error) => json!({ "date": day.date.as_str(), "error": error.to_string() }),
            Ok(judged) => json!({
                "date": day.date.as_str(),
                "state": judged.state,
                "late": judged.late,
                "overtaken": judged.overtaken,
                "revision": judged.revision,
                "revised": judged.revised,
                "published": judged.published,
                "tables": judged.tables,
                "parts": judged.parts,
                "parts_waiting": judged.missing,
                "parts_failed": judged.failed,
                "parts_outdated": judged.outdated,
                "to_send": judged.to_send,
                "to_delete": judged.retired,
                "rows": judged.totals.map(|totals| totals.rows_written),
                "reasons": texts(&judged.reasons),
                "warnings": texts(&judged.warnings),
            }),
        });
    json!({
        "dry_run": dry_run,
        "days": days.collect::<Vec<_>>(),
        "sent": report.sent,
        "catalog": {
            "created": &report.catalog.created,
            "updated": &report.catalog.updated,
            "held": &report.catalog.held,
        },
        "stopped_before": report.stopped_before.as_ref().map(ToString::to_string),
        "next_request": report.next_request.as_ref().map(Request::to_json),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::sweep::CatalogReport;
    use crate::keys::Day;

    fn heartbeat(days: usize, stopped_before: Option<&str>) -> u64 {
        let day = |text: &str| Day::parse(text).unwrap();
        let report = Report {
            now_ms: 0,
            days: (0..days)
                .map(|_| DayReport {
                    date: day("2026-11-21"),
                    judged: Err(SweepError::Defect(String::new())),
                })
                .collect(),
            stopped_before: stopped_before.map(day),
            next_request: None,
            account: None,
            depth: None,
            sent: 0,
            queue_error: None,
            to_send: Vec::new(),
            overdue: None,
            set_aside: Vec::new(),
            catalog: CatalogReport::default(),
        };
        let [asked, unasked] = [true, false].map(|asked| metrics(&report, asked, 0).heartbeat);
        assert_eq!(asked, None, "it says nothing of the schedule");
        unasked.unwrap()
    }

    #[test]
    fn a_sweep_that_gets_to_no_day_in_time_is_no_heartbeat() {
        assert_eq!(heartbeat(1, None), 1);
        assert_eq!(heartbeat(0, None), 1, "there is nothing yet");
        assert_eq!(heartbeat(1, Some("2026-11-22")), 1);
        assert_eq!(heartbeat(0, Some("2026-11-22")), 0);
    }
}
