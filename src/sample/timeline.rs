//! `timeline.json`: what arrives and goes when, for those who play the sync rather than find it done.

use serde::Serialize;

use super::account::Account;
use super::calendar::{HOUR_MS, MINUTE_MS, instant_text};
use super::day::{LATE_DAY, PURGE_DAY};
use super::directory::write_json;
use super::expected::ExpectedPart;
use super::{Options, SampleError, calendar};

/// One step of the sync.
#[derive(Debug, Serialize)]
struct Step<'a> {
    at: String,
    /// `put` or `delete`.
    action: &'static str,
    key: &'a str,
    /// `late`, `broken`, `purged`, or null.
    note: Option<&'static str>,
    #[serde(skip)]
    at_ms: i64,
}

/// The first part of a day comes so long after its cutoff.
const FIRST_PART_MS: i64 = 75 * MINUTE_MS;
/// A day's parts come within this time.
const ALL_PARTS_MS: i64 = 30 * MINUTE_MS;
/// The late part comes so long after the first: well after the day was quiet.
const LATE_MS: i64 = 5 * HOUR_MS;

/// Writes the timeline. The files of a `delete` are there all the same: it is the player who removes them.
pub fn write(options: &Options, account: &Account, parts: &[ExpectedPart]) -> Result<(), SampleError> {
    let mut steps = Vec::new();
    for day in 0..options.days {
        let date = calendar::day_text(account.date(day));
        let start_ms = account.cutoff_ms(day) + FIRST_PART_MS;
        let of_day: Vec<&ExpectedPart> = parts.iter().filter(|part| part.date == date).collect();
        let late = of_day
            .iter()
            .rposition(|part| part.table == "object_properties" && day == LATE_DAY);
        let pause_ms = ALL_PARTS_MS / (of_day.len().max(1) as i64);
        if day == PURGE_DAY {
            for part in parts.iter().filter(|part| part.table == "owner_team") {
                steps.push(step(start_ms - HOUR_MS / 3, "delete", part, Some("purged")));
            }
        }
        for (n, part) in of_day.iter().enumerate() {
            let is_late = late == Some(n);
            let at_ms = if is_late {
                start_ms + LATE_MS
            } else {
                start_ms + n as i64 * pause_ms
            };
            let broken = part.refused.map(|_| "broken");
            steps.push(step(
                at_ms,
                "put",
                part,
                if is_late { Some("late") } else { broken },
            ));
        }
    }
    steps.sort_by_key(|step| step.at_ms);
    write_json(&options.dir.join("timeline.json"), &steps)
}

fn step<'a>(
    at_ms: i64,
    action: &'static str,
    part: &'a ExpectedPart,
    note: Option<&'static str>,
) -> Step<'a> {
    Step {
        at: instant_text(at_ms),
        action,
        key: &part.key,
        note,
        at_ms,
    }
}
