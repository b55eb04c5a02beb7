//! The days of a demo, swept as they come: each once its parts are there, the late one before and after its late part.
//!
//! A day is complete after an hour without a change. Nobody wants to wait for that here, so a day's first sweep takes it
//! for quiet at once; the one that is reopened, and the last sweep over all, go by the real settings.

use std::sync::Arc;

use crate::app::sweep::{Report, Sweeper};
use crate::cli::days::calendar;
use crate::cli::days::place::Place;
use crate::cli::days::view::views;
use crate::cli::quantity::{count, counted};
use crate::day::State;
use crate::keys::Day;
use crate::sweep::Request;

/// The sweeps of a demo.
pub(super) struct Story<'p> {
    place: &'p Place,
    /// Takes every day for quiet.
    hasty: Sweeper,
    /// The day whose parts are coming, and whether it was reopened.
    current: Option<(Day, bool)>,
}

impl<'p> Story<'p> {
    /// Before anything came.
    pub(super) fn new(place: &'p Place) -> Self {
        let mut config = (*place.config).clone();
        config.days.policy.quiet_ms = 0;
        Story {
            place,
            hasty: Sweeper::new(Arc::new(config), place.store.clone(), None, None),
            current: None,
        }
    }

    /// A part is about to come: sweeps what it is not part of. What the sweep found, in a line, or nothing.
    pub(super) async fn before(&mut self, key: &str, is_late: bool) -> anyhow::Result<Option<String>> {
        let Ok(part) = self.place.config.layout.source(key) else {
            return Ok(None);
        };
        let told = match &self.current {
            Some((day, _)) if *day != part.date || is_late => self.sweep().await?,
            _ => None,
        };
        self.current = Some((part.date, is_late));
        Ok(told)
    }

    /// All parts came. What the last sweep over one day found, and the calendar.
    pub(super) async fn end(self) -> anyhow::Result<(Option<String>, String)> {
        let told = self.sweep().await?;
        let report = Box::pin(self.place.sweeper().sweep(&Request::default(), None)).await?;
        let days = views(self.place, report, false, false).await?;
        Ok((told, calendar::text(&days)))
    }

    async fn sweep(&self) -> anyhow::Result<Option<String>> {
        let Some((day, reopened)) = &self.current else {
            return Ok(None);
        };
        let request = Request {
            days: Some((day.clone(), day.clone())),
            ..Request::default()
        };
        let real = self.place.sweeper();
        let sweeper = if *reopened { &real } else { &self.hasty };
        let report = Box::pin(sweeper.sweep(&request, None)).await?;
        told(report)
    }
}

fn told(report: Report) -> anyhow::Result<Option<String>> {
    let Some(day) = report.days.into_iter().next() else {
        return Ok(None);
    };
    let judged = day.judged?;
    let mut line = format!("  sweep: {} is {}", day.date, judged.state);
    if let Some(revision) = judged.revision {
        line.push_str(&format!(", revision {revision}"));
    }
    match (judged.state, judged.totals) {
        (State::Complete, Some(totals)) => line.push_str(&format!(
            ": {}, {} published",
            counted(totals.parts, "part"),
            counted(totals.rows_written, "row")
        )),
        (_, Some(_)) => {
            let before = judged.published.map(u64::from).map(count).unwrap_or_default();
            line.push_str(&format!(": revision {before} stays published"));
        }
        (_, None) => line.push_str(": nothing of it is published"),
    }
    Ok(Some(line))
}
