//! Which days a sweep looks at, and what it leaves to the next one.

use std::collections::BTreeSet;

use super::DayReport;
use super::memory::Memory;
use super::state::State;
use super::tally::Tally;
use crate::day::State as DayState;
use crate::keys::Day;
use crate::sweep::Request;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long a sweep over all days holds for.
const ALL_EVERY_MS: i64 = DAY_MS;

/// Which days a sweep looks at.
pub(super) struct Plan {
    /// First and last days, in their order.
    pub(super) spans: Vec<(Day, Day)>,
    /// Whether it is one over all days, or the rest of one.
    all: bool,
    /// Whether it was asked for by days, so that what it did not look at is as it was.
    asked: bool,
    /// How the days stand that the sweeps before it looked at, if it is the rest of theirs. None: they did not say.
    tally: Option<Tally>,
    /// A day that has changed since then is not settled, however old it is; milliseconds since 1970 UTC.
    settled_ms: i64,
}

/// What to look at: what was asked for; else where the last sweep ran out of time; else, once a day, and where the state does
/// not tell of all days, everything; else the days of the look-back, and those before it that are not settled, or changed
/// within it.
pub(super) fn plan(request: &Request, state: &State, today: &Day, now_ms: i64, look_back_days: i64) -> Plan {
    let first = Day::new(2000, 1, 1).unwrap_or_else(|| today.clone());
    let last = Day::new(2199, 12, 31).unwrap_or_else(|| today.clone());
    let mut plan = Plan {
        spans: Vec::new(),
        all: false,
        asked: false,
        tally: Some(Tally::default()),
        settled_ms: now_ms - look_back_days.saturating_mul(DAY_MS),
    };
    if let Some((from, to)) = &request.days {
        plan.spans.push((from.clone(), to.clone()));
        plan.asked = true;
        return plan;
    }
    if let Some(next) = state.next.as_deref().and_then(Day::parse) {
        plan.spans.push((next, last));
        plan.all = state.next_of_all;
        plan.tally.clone_from(&state.tally);
        return plan;
    }
    // One that is dated ahead of the clock, which was ahead then, says nothing of when it was.
    let all_ms = state.all_ms.filter(|all_ms| *all_ms <= now_ms);
    if !state.empty_of_all || all_ms.is_none_or(|all_ms| now_ms - all_ms >= ALL_EVERY_MS) {
        plan.spans.push((first, last));
        plan.all = true;
        return plan;
    }
    let from = today.plus(-look_back_days).unwrap_or(first);
    let mut unsettled: BTreeSet<Day> = state.unsettled_days().into_iter().collect();
    // What is left in it stands before the look-back.
    drop(unsettled.split_off(&from));
    plan.spans = spans(unsettled.into_iter(), (from, last));
    plan
}

/// Days in their order, and what follows them, with neighbours as one: what is listed grows with the spans.
fn spans(days: impl Iterator<Item = Day>, last: (Day, Day)) -> Vec<(Day, Day)> {
    let mut spans: Vec<(Day, Day)> = Vec::new();
    for (from, to) in days.map(|day| (day.clone(), day)).chain([last]) {
        match spans.last_mut() {
            Some(before) if before.1.plus(1).as_ref() == Some(&from) => before.1 = to,
            _ => spans.push((from, to)),
        }
    }
    spans
}

impl Plan {
    /// Whether it is over all days, or the rest of one that is.
    pub(super) fn is_all(&self) -> bool {
        self.all
    }

    /// Whether it looks at all days that have manifests, from the first on. Where days were asked for, `told` says which have.
    pub(super) fn begins_with_the_first(&self, state: &State, told: &[Day]) -> bool {
        match self.asked {
            true => told.iter().all(|day| self.looked_at(day, None)),
            false => self.all && state.next.is_none(),
        }
    }

    /// How all days stand, as far as sweeps have come with these. None: days were asked for, or it is not known.
    pub(super) fn tally(&self, days: &[DayReport]) -> Option<Tally> {
        let before = self.tally.clone().filter(|_| !self.asked);
        before.map(|before| before.with(days))
    }

    /// Whether sweeps up to this one told of all days which of their tables are empty. `told` are the days that have manifests.
    pub(super) fn knows_empty(&self, before: &State, told: &[Day], stopped_before: Option<&Day>) -> bool {
        let is_told = || told.iter().all(|day| self.looked_at(day, None));
        before.empty_of_all || (stopped_before.is_none() && (self.all || is_told()))
    }

    /// Whether a sweep that stopped before a day looked at another.
    fn looked_at(&self, day: &Day, stopped_before: Option<&Day>) -> bool {
        let reached = stopped_before.is_none_or(|stopped| day < stopped);
        reached && self.spans.iter().any(|(from, to)| from <= day && day <= to)
    }

    /// What has to be asked for so that the rest is looked at. None: nothing is left, or the next sweep goes on by itself.
    pub(super) fn rest(&self, request: &Request, stopped_before: Option<&Day>) -> Option<Request> {
        let (_, last) = self.spans.last()?;
        // A dry run leaves nothing to the next one.
        let days = stopped_before.filter(|_| self.asked || request.dry_run)?;
        Some(Request {
            days: Some((days.clone(), last.clone())),
            ..request.clone()
        })
    }

    /// What the next sweep has to know.
    pub(super) fn next_state(
        &self,
        before: State,
        days: &[DayReport],
        stopped_before: Option<&Day>,
        now_ms: i64,
        drained_ms: Option<i64>,
        (mut memory, knows_empty): (Memory, bool),
    ) -> State {
        let open = |report: &&DayReport| match &report.judged {
            Ok(judged) => {
                let settled = matches!(
                    judged.state,
                    DayState::Complete | DayState::Archived | DayState::Forgotten
                );
                let changed = judged
                    .changed_ms
                    .is_some_and(|changed_ms| changed_ms >= self.settled_ms);
                judged.overtaken || !settled || changed
            }
            Err(_) => true,
        };
        // What was looked at and told nothing of is not there any more.
        let looked_at = |day: &Day| self.looked_at(day, stopped_before);
        let told: BTreeSet<&str> = days.iter().map(|report| report.date.as_str()).collect();
        memory.forget_where(|day| !told.contains(day) && Day::parse(day).is_none_or(|day| looked_at(&day)));
        let before_days = before.unsettled_days().into_iter();
        let mut unsettled: BTreeSet<String> = before_days
            .filter(|day| !looked_at(day))
            .map(|day| day.to_string())
            .collect();
        unsettled.extend(days.iter().filter(open).map(|report| report.date.to_string()));
        let stopped = stopped_before.map(Day::to_string);
        State {
            version: before.version,
            all_ms: match self.all && stopped.is_none() {
                true => Some(now_ms),
                false => before.all_ms,
            },
            next_of_all: match self.asked {
                true => before.next_of_all,
                false => self.all && stopped.is_some(),
            },
            tally: match self.asked {
                true => before.tally,
                false => self.tally(days).filter(|_| stopped.is_some()),
            },
            next: if self.asked { before.next } else { stopped },
            drained_ms,
            unsettled: unsettled.into_iter().collect(),
            types: memory.types,
            empty: memory.empty,
            empty_of_all: knows_empty,
            views: before.views,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Judged;
    use super::*;

    const NOON_MS: i64 = 1_795_348_800_000;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn next(state: State, stopped: Option<&str>) -> (Plan, State) {
        let plan = plan(&Request::default(), &state, &day("2026-11-22"), NOON_MS, 30);
        let stopped = stopped.map(day);
        let memory = (Memory::default(), plan.knows_empty(&state, &[], stopped.as_ref()));
        let state = plan.next_state(state, &[], stopped.as_ref(), NOON_MS, None, memory);
        (plan, state)
    }

    fn swept_lately() -> State {
        State {
            all_ms: Some(NOON_MS - 1),
            empty_of_all: true,
            ..State::default()
        }
    }

    #[test]
    fn a_sweep_that_ran_out_of_time_is_gone_on_with_whatever_it_looked_at() {
        for (state, of_all) in [(State::default(), true), (swept_lately(), false)] {
            let all_ms = state.all_ms;
            let (_, state) = next(state, Some("2026-11-03"));
            assert_eq!(
                (state.next.as_deref(), state.all_ms),
                (Some("2026-11-03"), all_ms)
            );
            let (plan, state) = next(state, None);
            assert_eq!(plan.spans[0].0, day("2026-11-03"));
            assert_eq!(state.next, None);
            assert_eq!(
                state.all_ms == Some(NOON_MS),
                of_all,
                "the rest of a look-back is not all days"
            );
        }
    }

    #[test]
    fn a_sweep_over_all_days_that_is_dated_ahead_holds_for_none() {
        for (all_ms, of_all) in [
            (NOON_MS, false),
            (NOON_MS + 1, true),
            (NOON_MS + 400 * DAY_MS, true),
        ] {
            let state = State {
                all_ms: Some(all_ms),
                ..swept_lately()
            };
            let (plan, state) = next(state, None);
            assert_eq!((plan.is_all(), state.all_ms), (of_all, Some(NOON_MS)), "{all_ms}");
        }
    }

    fn report(date: &str, state: DayState, changed_ms: i64) -> DayReport {
        let judged = Judged {
            state,
            late: false,
            overtaken: false,
            revision: Some(1),
            revised: false,
            published: Some(1),
            reasons: Vec::new(),
            warnings: Vec::new(),
            tables: 1,
            parts: 1,
            missing: 0,
            failed: 0,
            outdated: 0,
            totals: None,
            to_send: 0,
            retired: 0,
            first_ms: Some(changed_ms),
            changed_ms: Some(changed_ms),
        };
        DayReport {
            date: day(date),
            judged: Ok(judged),
        }
    }

    #[test]
    fn an_old_day_that_changed_within_the_look_back_is_looked_at_by_every_sweep() {
        let days = [
            report("2026-01-01", DayState::Complete, NOON_MS - 31 * DAY_MS),
            report("2026-01-02", DayState::Complete, NOON_MS - 29 * DAY_MS),
            report("2026-01-03", DayState::Blocked, NOON_MS - 31 * DAY_MS),
            report("2026-01-05", DayState::Archived, NOON_MS - DAY_MS),
            report("2026-10-22", DayState::Complete, NOON_MS),
        ];
        let all = plan(
            &Request::default(),
            &State::default(),
            &day("2026-11-22"),
            NOON_MS,
            30,
        );
        let memory = (Memory::default(), true);
        let state = all.next_state(State::default(), &days, None, NOON_MS, None, memory);
        let plan = plan(&Request::default(), &state, &day("2026-11-22"), NOON_MS, 30);
        let spans: Vec<String> = plan
            .spans
            .iter()
            .map(|(from, to)| format!("{from} to {to}"))
            .collect();
        assert_eq!(
            spans,
            [
                "2026-01-02 to 2026-01-03",
                "2026-01-05 to 2026-01-05",
                "2026-10-22 to 2199-12-31"
            ],
            "neighbours are one span"
        );
    }

    #[test]
    fn an_unsettled_day_of_which_nothing_is_left_is_looked_for_once_more() {
        let state = State {
            unsettled: vec!["2026-01-02".to_owned()],
            ..swept_lately()
        };
        let (plan, state) = next(state, None);
        assert_eq!(plan.spans.len(), 2);
        assert!(state.unsettled.is_empty());
    }
}
