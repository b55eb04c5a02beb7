//! Whether a day should be complete by now and is not: the one thing that no day tells of itself, because it may be missing
//! altogether.

use crate::keys::Day;

/// The newest day that should be complete by now, if neither it nor a newer one is.
///
/// A day is due `complete_by_ms` after its first instant. `latest` is the newest complete day, `first` the oldest of which
/// there is anything. Before there is anything at all, nothing is due.
pub(super) fn overdue(
    now_ms: i64,
    complete_by_ms: i64,
    latest: Option<&Day>,
    first: Option<&Day>,
) -> Option<Day> {
    let due = Day::of_ms(now_ms.saturating_sub(complete_by_ms))?;
    let missing = match latest {
        Some(latest) => *latest < due,
        None => first.is_some_and(|first| *first <= due),
    };
    missing.then_some(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn day(date: &str) -> Day {
        Day::parse(date).unwrap()
    }

    /// At so many hours after 2026-11-23 began, days being due 36 hours after they began.
    fn at(hours: i64, latest: Option<&str>, first: Option<&str>) -> Option<String> {
        let now_ms = day("2026-11-23").start_ms() + hours * HOUR_MS;
        let (latest, first) = (latest.map(day), first.map(day));
        overdue(now_ms, 36 * HOUR_MS, latest.as_ref(), first.as_ref()).map(|day| day.to_string())
    }

    #[test]
    fn a_day_is_overdue_from_the_minute_it_is_due() {
        let before = Some("2026-11-21");
        assert_eq!(at(12, before, before).as_deref(), Some("2026-11-22"));
        assert_eq!(at(11, before, before), None);
        assert_eq!(at(12, Some("2026-11-22"), before), None);
        assert_eq!(at(12, Some("2026-11-23"), before), None);
        // However long ago the last one was.
        assert_eq!(at(240, before, before).as_deref(), Some("2026-12-01"));
    }

    #[test]
    fn nothing_is_due_before_the_first_day() {
        assert_eq!(at(240, None, None), None);
        assert_eq!(at(12, None, Some("2026-11-23")), None);
        assert_eq!(at(36, None, Some("2026-11-23")).as_deref(), Some("2026-11-23"));
    }
}
