//! The days: how old the last complete one is, and which are not complete.

use super::{Check, Finding};
use crate::day::State;
use crate::keys::Day;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// HubSpot syncs once a day: yesterday's may still be under way.
const AGE_DAYS_OK: i64 = 1;
/// From here on somebody should have noticed.
const AGE_DAYS_WARNING: i64 = 2;
/// Days that are named one by one.
const SHOWN: usize = 5;

/// A day, as a sweep judges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The day.
    pub date: Day,
    /// Where it stands, or why nothing can be said of it.
    pub state: Result<State, String>,
    /// Whether it passed its deadline and was never complete.
    pub late: bool,
    /// Why it is not complete.
    pub reasons: Vec<String>,
}

impl Stand {
    fn is_whole(&self) -> bool {
        matches!(self.state, Ok(State::Complete | State::Archived))
    }
}

/// How old the last complete day is, at this hour of S3's.
pub fn last_complete(days: &[Stand], now_ms: i64) -> Finding {
    let check = Check::LastCompleteDay;
    let last = days
        .iter()
        .filter(|day| day.is_whole())
        .map(|day| &day.date)
        .max();
    let Some(last) = last else {
        let first = days.iter().map(|day| &day.date).min();
        return match first.map(|first| age_days(first, now_ms)) {
            None => Finding::warning(check, "none, nor any other day lately"),
            Some(..=AGE_DAYS_WARNING) => Finding::warning(check, "none yet"),
            Some(age) => Finding::fault(
                check,
                format!("none of the days that were looked at, the first {age} days old"),
            ),
        };
    };
    let age = age_days(last, now_ms);
    let found = match age {
        ..=0 => format!("{last}, today's"),
        1 => format!("{last}, yesterday's"),
        age => format!("{last}, {age} days old"),
    };
    if age <= AGE_DAYS_OK {
        Finding::ok(check, found)
    } else if age <= AGE_DAYS_WARNING {
        Finding::warning(check, found)
    } else {
        Finding::fault(
            check,
            format!("{found}: expected {AGE_DAYS_WARNING} at most, since HubSpot syncs daily"),
        )
    }
}

fn age_days(day: &Day, now_ms: i64) -> i64 {
    now_ms.saturating_sub(day.start_ms()).div_euclid(DAY_MS)
}

/// The days that are not complete. `place` is what names the place on the command line.
pub fn days(days: &[Stand], place: &str) -> Finding {
    let check = Check::Days;
    let bad = |day: &&Stand| day.late || matches!(day.state, Err(_) | Ok(State::Blocked));
    let open = |day: &&Stand| matches!(day.state, Ok(State::Open | State::Reopened));
    let bads: Vec<&Stand> = days.iter().filter(bad).collect();
    let opens: Vec<&Stand> = days.iter().filter(open).filter(|day| !bad(day)).collect();
    let told = |days: &[&Stand]| {
        // The newest concern most.
        let newest = days.iter().rev().take(SHOWN).map(|day| tell(day));
        let mut told: Vec<String> = newest.collect();
        if days.len() > SHOWN {
            told.push(format!("and {} more", days.len() - SHOWN));
        }
        told.join("; ")
    };
    let status = |days: &[&Stand]| {
        let first = days.first().map(|day| &day.date);
        let last = days.last().map(|day| &day.date);
        match (first, last) {
            (Some(first), Some(last)) => format!("daymark status {place} --from {first} --to {last}"),
            _ => format!("daymark status {place}"),
        }
    };
    if !bads.is_empty() {
        return Finding::fault(
            check,
            format!("{} blocked, late or unknown: {}", bads.len(), told(&bads)),
        )
        .mend(status(&bads));
    }
    let whole = days.iter().filter(|day| day.is_whole()).count();
    match opens.is_empty() {
        true => Finding::ok(check, format!("{whole} complete, none open or blocked")),
        false => Finding::ok(
            check,
            format!(
                "{whole} complete, none blocked, {} under way: {}",
                opens.len(),
                told(&opens)
            ),
        ),
    }
}

fn tell(day: &Stand) -> String {
    let state = match &day.state {
        Ok(state) => state.to_string(),
        Err(error) => return format!("{} unknown: {error}", day.date),
    };
    let late = if day.late { " and late" } else { "" };
    match day.reasons.first() {
        Some(reason) => format!("{} {state}{late} ({reason})", day.date),
        None => format!("{} {state}{late}", day.date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn stand(date: &str, state: State, late: bool) -> Stand {
        Stand {
            date: Day::parse(date).unwrap(),
            state: Ok(state),
            late,
            reasons: vec!["1 part has no Parquet".to_owned()],
        }
    }

    #[test]
    fn the_last_complete_day_grows_old() {
        let now_ms = Day::parse("2026-11-24").unwrap().start_ms() + 5 * 3_600_000;
        for (date, state, level) in [
            ("2026-11-24", State::Complete, Level::Ok),
            ("2026-11-23", State::Complete, Level::Ok),
            ("2026-11-22", State::Archived, Level::Warning),
            ("2026-11-21", State::Complete, Level::Fault),
            ("2026-11-24", State::Open, Level::Fault),
        ] {
            let days = [
                stand("2026-11-01", State::Blocked, false),
                stand(date, state, false),
            ];
            assert_eq!(last_complete(&days, now_ms).level, level, "{date} {state}");
        }
        assert_eq!(last_complete(&[], now_ms).level, Level::Warning);
        let first = [stand("2026-11-23", State::Open, false)];
        assert_eq!(last_complete(&first, now_ms).level, Level::Warning);
    }

    #[test]
    fn days_that_are_not_complete_are_named() {
        let complete = stand("2026-11-20", State::Complete, false);
        let unknown = Stand {
            state: Err("AccessDenied".to_owned()),
            ..complete.clone()
        };
        for (day, level, says) in [
            (complete.clone(), Level::Ok, "2 complete, none open"),
            (
                stand("2026-11-21", State::Open, false),
                Level::Ok,
                "1 under way: 2026-11-21 open",
            ),
            (stand("2026-11-21", State::Reopened, false), Level::Ok, "reopened"),
            (
                stand("2026-11-21", State::Open, true),
                Level::Fault,
                "open and late (1 part",
            ),
            (
                stand("2026-11-21", State::Blocked, false),
                Level::Fault,
                "2026-11-21 blocked",
            ),
            (unknown, Level::Fault, "unknown: AccessDenied"),
        ] {
            let finding = days(&[complete.clone(), day], "--stack daymark");
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
        }
        let many = vec![stand("2026-11-21", State::Blocked, false); 9];
        let finding = days(&many, "--stack daymark");
        assert!(finding.found.contains("and 4 more"), "{finding:?}");
        assert_eq!(
            finding.mend.unwrap(),
            "daymark status --stack daymark --from 2026-11-21 --to 2026-11-21"
        );
    }
}
