//! Revisions that are dated ahead of S3's clock: it was ahead when they were written.

use super::History;
use crate::day::Remark;

/// Longer than any sweep lasts, milliseconds. What is dated further ahead of S3's clock than this is no other sweep's: the clock
/// was wrong when it was written.
pub const SWEEP_MS_MAX: i64 = HOUR_MS;

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

impl History {
    /// That this revision is dated further ahead of S3's clock than another sweep could have dated it. `clock_ms`: the latest
    /// that the clock showed, milliseconds since 1970 UTC.
    pub fn ahead(&self, clock_ms: i64) -> Option<Remark> {
        let ahead_ms = self.listed_ms.saturating_sub(clock_ms);
        if ahead_ms <= SWEEP_MS_MAX {
            return None;
        }
        let span = match ahead_ms {
            ms if ms < 2 * HOUR_MS => format!("{} minutes", ms / MINUTE_MS),
            ms if ms < 2 * DAY_MS => format!("{} hours", ms / HOUR_MS),
            ms => format!("{} days", ms / DAY_MS),
        };
        let message = format!(
            "revision {} is dated {span} ahead of S3's clock, which was ahead when it was written; that keeps nothing from \
             being revised",
            self.revision
        );
        Some(Remark::of_day("revision_ahead", message))
    }

    /// Until when this revision saw what came, milliseconds since 1970 UTC: when its listings began, or, where that is dated
    /// ahead of the clock, the day's last change. All that changed until then is in it.
    pub fn seen_ms(&self, clock_ms: i64) -> i64 {
        match self.changed_ms {
            Some(changed_ms) if self.ahead(clock_ms).is_some() => changed_ms.min(self.listed_ms),
            _ => self.listed_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::day::State;

    fn history(listed_ms: i64, changed_ms: Option<i64>) -> History {
        History {
            changed_ms,
            comparisons: Vec::new(),
            daymark: String::new(),
            events: Vec::new(),
            first_ms: None,
            held: Vec::new(),
            late: false,
            left: Vec::new(),
            listed_ms,
            progress: None,
            published: Some(7),
            reasons: Vec::new(),
            revision: 7,
            state: State::Complete,
        }
    }

    #[test]
    fn an_hour_ahead_is_another_sweeps_and_more_is_the_clocks() {
        for (ahead_ms, span) in [
            (-DAY_MS, None),
            (HOUR_MS, None),
            (HOUR_MS + 1, Some("dated 60 minutes ahead")),
            (2 * DAY_MS - 1, Some("dated 47 hours ahead")),
            (400 * DAY_MS, Some("dated 400 days ahead")),
        ] {
            let remark = history(DAY_MS + ahead_ms, None).ahead(DAY_MS);
            assert_eq!(remark.is_some(), span.is_some(), "{ahead_ms}");
            if let (Some(remark), Some(span)) = (remark, span) {
                assert!(remark.message.contains(span), "{remark}");
            }
        }
        assert!(history(i64::MAX, None).ahead(i64::MIN).is_some());
    }

    #[test]
    fn what_is_dated_ahead_has_seen_what_changed_until_then() {
        assert_eq!(history(HOUR_MS, Some(5)).seen_ms(0), HOUR_MS);
        assert_eq!(history(DAY_MS, Some(5)).seen_ms(0), 5);
        assert_eq!(history(DAY_MS, None).seen_ms(0), DAY_MS);
        assert_eq!(history(DAY_MS, Some(2 * DAY_MS)).seen_ms(0), DAY_MS);
    }
}
