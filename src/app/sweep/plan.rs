//! Which days a sweep looks at, and what the next one has to know.

use std::collections::BTreeSet;

use super::DayReport;
use super::memory::Memory;
use super::state::State;
use crate::day::State as DayState;
use crate::keys::Day;
use crate::sweep::Request;

/// How long a sweep over all days holds for.
const ALL_EVERY_MS: i64 = 24 * 60 * 60 * 1000;

/// Which days a sweep looks at.
pub(super) struct Plan {
    pub(super) spans: Vec<(Day, Day)>,
    /// Whether it is one over all days.
    all: bool,
    /// Whether it was asked for by days, so that what it did not look at is as it was.
    asked: bool,
}

pub(super) fn plan(request: &Request, state: &State, today: &Day, now_ms: i64, look_back_days: i64) -> Plan {
    let first = Day::new(2000, 1, 1).unwrap_or_else(|| today.clone());
    let last = Day::new(2199, 12, 31).unwrap_or_else(|| today.clone());
    if let Some((from, to)) = &request.days {
        return Plan {
            spans: vec![(from.clone(), to.clone())],
            all: false,
            asked: true,
        };
    }
    let all = state.next.is_some() || state.all_ms.is_none_or(|all_ms| now_ms - all_ms >= ALL_EVERY_MS);
    if all {
        let from = state.next.as_deref().and_then(Day::parse).unwrap_or(first);
        return Plan {
            spans: vec![(from, last)],
            all: true,
            asked: false,
        };
    }
    let from = today.plus(-look_back_days).unwrap_or(first);
    let mut spans: Vec<(Day, Day)> = state
        .unsettled_days()
        .into_iter()
        .map(|day| (day.clone(), day))
        .collect();
    spans.retain(|(day, _)| *day < from);
    spans.sort();
    spans.dedup();
    spans.push((from, last));
    Plan {
        spans,
        all: false,
        asked: false,
    }
}

impl Plan {
    /// What the next sweep has to know.
    pub(super) fn next_state(
        &self,
        before: State,
        days: &[DayReport],
        stopped_before: Option<&Day>,
        now_ms: i64,
        drained_ms: Option<i64>,
        memory: Memory,
    ) -> State {
        let open = |report: &&DayReport| match &report.judged {
            Ok(judged) => !matches!(
                judged.state,
                DayState::Complete | DayState::Archived | DayState::Forgotten
            ),
            Err(_) => true,
        };
        let mut unsettled: BTreeSet<String> = before.unsettled.iter().cloned().collect();
        for report in days {
            unsettled.remove(report.date.as_str());
        }
        unsettled.extend(days.iter().filter(open).map(|report| report.date.to_string()));
        let stopped = stopped_before.map(Day::to_string);
        State {
            version: before.version,
            all_ms: if self.all && stopped.is_none() {
                Some(now_ms)
            } else {
                before.all_ms
            },
            next: if self.asked || !self.all {
                before.next
            } else {
                stopped
            },
            drained_ms,
            unsettled: unsettled.into_iter().collect(),
            types: memory.types,
        }
    }
}
