//! How days stand, all together: what the account's gauges show.

use serde::{Deserialize, Serialize};

use super::DayReport;
use crate::day::State;
use crate::keys::Day;

/// Sums over days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Days that are open or reopened.
    pub days_open: u64,
    /// Days that are blocked.
    pub days_blocked: u64,
    /// The first part of the oldest open day, milliseconds since 1970 UTC.
    pub oldest_open_ms: Option<i64>,
    /// Parts without output.
    pub parts_waiting: u64,
    /// The oldest day of which there is anything.
    first: Option<String>,
}

impl Tally {
    /// With these days, too.
    #[must_use]
    pub(super) fn with(mut self, days: &[DayReport]) -> Self {
        for day in days {
            self.begin(&day.date);
        }
        for judged in days.iter().filter_map(|day| day.judged.as_ref().ok()) {
            let open = matches!(judged.state, State::Open | State::Reopened);
            self.days_open += u64::from(open);
            self.days_blocked += u64::from(judged.state == State::Blocked);
            self.parts_waiting = self.parts_waiting.saturating_add(judged.missing);
            if let Some(first_ms) = judged.first_ms.filter(|_| open) {
                let oldest_ms = self
                    .oldest_open_ms
                    .map_or(first_ms, |oldest_ms| oldest_ms.min(first_ms));
                self.oldest_open_ms = Some(oldest_ms);
            }
        }
        self
    }

    /// There is something of this day.
    pub(super) fn begin(&mut self, day: &Day) {
        // Days in text are in their order.
        if self.first.as_deref().is_none_or(|first| day.as_str() < first) {
            self.first = Some(day.to_string());
        }
    }

    /// The oldest day of which there is anything.
    pub(super) fn first(&self) -> Option<Day> {
        Day::parse(self.first.as_deref()?)
    }
}
