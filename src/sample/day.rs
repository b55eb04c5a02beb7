//! One day: every table of it.

use std::sync::mpsc::Sender;

use super::account::Account;
use super::events::EVENTS;
use super::expected::ExpectedPart;
use super::parts::Place;
use super::{Options, Progress, SampleError, calendar, definitions, events, links, people, records};

/// The day (0 is the first) on which one part arrives late.
pub const LATE_DAY: usize = 1;
/// The day from which on a table is gone, and on which one part is broken.
pub const PURGE_DAY: usize = 2;

/// Parts are at most about so large, as HubSpot's S3 article says.
const PART_BYTES_MAX: u64 = 15_000_000;
/// And not smaller than this, however small the sample.
const PART_BYTES_MIN: u64 = 4_000;
/// So that a small sample too has several parts of its big tables.
const PARTS_PER_DAY: u64 = 32;

/// Writes one day.
pub fn write(
    options: &Options,
    account: &Account,
    day: usize,
    progress: &Sender<Progress>,
) -> Result<Vec<ExpectedPart>, SampleError> {
    let day_bytes = options.size_bytes / options.days as u64;
    let place = Place {
        dir: options.dir.clone(),
        date: calendar::day_text(account.date(day)),
        part_bytes: (day_bytes / PARTS_PER_DAY).clamp(PART_BYTES_MIN, PART_BYTES_MAX),
        progress: progress.clone(),
    };
    let mut parts = definitions::write_types(account, day, &place)?;
    parts.extend(definitions::write_properties(account, day, &place)?);
    parts.extend(definitions::write_pipelines(account, &place)?);
    parts.extend(definitions::write_stages(account, &place)?);
    parts.extend(people::write_owners(account, day, &place)?);
    parts.extend(people::write_teams(account, &place)?);
    if day < PURGE_DAY {
        parts.extend(people::write_owner_teams(account, &place)?);
    }
    parts.extend(people::write_lists(account, day, &place)?);
    parts.extend(links::write_definitions(account, &place)?);
    parts.extend(links::write(account, day, &place)?);
    for event in 0..EVENTS.len() {
        parts.extend(events::write(account, event, day, &place)?);
    }
    parts.extend(records::write(account, day, day == PURGE_DAY, &place)?);
    Ok(parts)
}
