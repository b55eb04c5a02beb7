//! Lists and their members, owners and teams.

use super::SampleError;
use super::account::{Account, Record};
use super::calendar::{DAY_MS, HOUR_MS};
use super::cell::{Cell, Unfit};
use super::expected::ExpectedPart;
use super::kinds::{self, KINDS};
use super::parts::{Place, TableWriter};
use super::table;
use super::text;

const LIST: u64 = 60;
const OWNER: u64 = 61;

const LIST_NAMES: &[&str] = &[
    "Customers",
    "Newsletter, weekly",
    "\"Hot\" leads",
    "Großkunden",
    "Old\r\nimport",
    "Nobody yet",
    "Webinar 2026 🙂",
    "C:\\import\\list",
    "展示会",
    "Churn risk",
];
const LIST_TYPES: &[&str] = &["DYNAMIC", "SNAPSHOT", "MANUAL"];
/// The list of those who are customers today.
const CUSTOMERS: u64 = 0;
/// A list that has no members.
const NOBODY: u64 = 5;

const TEAMS: &[(&str, Option<i64>)] = &[
    ("Sales", None),
    ("Sales, EMEA", Some(0)),
    ("Sales \"Americas\"", Some(0)),
    ("Support", None),
    ("サポート", Some(3)),
    ("", None),
];

/// Writes LIST_MEMBERSHIPS, and LISTS with the sizes that come of it.
pub fn write_lists(account: &Account, day: usize, place: &Place) -> Result<Vec<ExpectedPart>, SampleError> {
    let lists = LIST_NAMES.len() as u64 + (account.count_at_first(kinds::CONTACT) / 2_000).min(30);
    let mut members = TableWriter::new(place, table::list_memberships());
    let mut sizes = Vec::new();
    for list in 0..lists {
        let mut size = 0;
        for record in account.records(kind_of(list), day) {
            if !is_member(account, list, &record, day) {
                continue;
            }
            size += 1;
            let since_ms = record.created_ms + HOUR_MS / 2;
            members.row(&[
                Cell::Number(list_id(list)),
                Cell::Text(KINDS[record.kind].type_id),
                Cell::Number(record.id),
                Cell::Instant(since_ms),
                Cell::Instant(account.ingested_ms(since_ms, record.id)),
            ])?;
        }
        sizes.push(size);
    }
    let mut parts = members.finish()?;
    let mut writer = TableWriter::new(place, table::lists());
    for (list, size) in (0..).zip(sizes) {
        let numbered = format!("{} {list}", LIST_NAMES[(list % LIST_NAMES.len() as u64) as usize]);
        let name = LIST_NAMES.get(list as usize).copied().unwrap_or(&numbered);
        let created_ms = (account.date(0) - 300 + list as i64 * 5) * DAY_MS + list as i64 * 61_001;
        // A list of those who meet a condition is looked at every night.
        let updated_ms = if list % 3 == 0 {
            account.cutoff_ms(day) - HOUR_MS / 3
        } else {
            created_ms
        };
        let classic_id = match list {
            // Beyond what a double holds exactly.
            4 => Cell::Number(9_007_199_254_740_993),
            list if list % 3 == 0 => Cell::Null,
            list => Cell::Number(list as i64 + 1),
        };
        writer.row(&[
            Cell::Number(list_id(list)),
            classic_id,
            Cell::Text(name),
            Cell::Text(LIST_TYPES[(list % 3) as usize]),
            Cell::Text(KINDS[kind_of(list)].type_id),
            Cell::Number(size),
            Cell::Instant(created_ms),
            Cell::Instant(updated_ms),
            Cell::Instant(account.ingested_ms(updated_ms, list_id(list))),
        ])?;
    }
    parts.extend(writer.finish()?);
    Ok(parts)
}

/// Writes OWNERS.
pub fn write_owners(account: &Account, day: usize, place: &Place) -> Result<Vec<ExpectedPart>, SampleError> {
    let mut writer = TableWriter::new(place, table::owners());
    for owner in 0..account.owners() {
        let mut random = account.random(OWNER, &[owner]);
        let (first, last, email) = (
            text::first_name(&mut random),
            text::last_name(&mut random),
            text::email(&mut random),
        );
        let leaves = owner == 5 && day > 0;
        let archived = owner % 9 == 8 || leaves;
        let created_ms = (account.date(0) - 900) * DAY_MS + owner as i64 * HOUR_MS;
        let updated_ms = if leaves {
            account.cutoff_ms(0) + 5 * HOUR_MS
        } else {
            created_ms
        };
        let id = account.owner_id(owner);
        writer.row(&[
            Cell::Number(id),
            if archived {
                Cell::Null
            } else {
                Cell::Number(id - 44_000_000)
            },
            Cell::Text(&email),
            match owner % 11 {
                6 => Cell::Null,
                7 => Cell::Text(""),
                _ => Cell::Text(&first),
            },
            Cell::Text(&last),
            if owner == 9 {
                Cell::Unfit("maybe", Unfit::NotABoolean)
            } else {
                Cell::Bool(archived)
            },
            Cell::Instant(created_ms),
            Cell::Instant(updated_ms),
            Cell::Instant(account.ingested_ms(updated_ms, id)),
        ])?;
    }
    writer.finish()
}

/// Writes TEAMS.
pub fn write_teams(account: &Account, place: &Place) -> Result<Vec<ExpectedPart>, SampleError> {
    let mut writer = TableWriter::new(place, table::teams());
    for (team, (name, parent)) in (0..).zip(TEAMS) {
        writer.row(&[
            Cell::Number(team_id(team)),
            Cell::Text(name),
            parent.map_or(Cell::Null, |parent| Cell::Number(team_id(parent))),
            Cell::Instant((account.date(0) - 800) * DAY_MS + team),
        ])?;
    }
    writer.finish()
}

/// Writes OWNER_TEAM.
pub fn write_owner_teams(account: &Account, place: &Place) -> Result<Vec<ExpectedPart>, SampleError> {
    let mut writer = TableWriter::new(place, table::owner_team());
    let teams = TEAMS.len() as u64;
    for owner in 0..account.owners() {
        let ingested = Cell::Instant((account.date(0) - 700) * DAY_MS + owner as i64);
        let owner_id = Cell::Number(account.owner_id(owner));
        writer.row(&[
            owner_id,
            Cell::Number(team_id((owner % teams) as i64)),
            Cell::Bool(true),
            ingested,
        ])?;
        if owner % 4 == 1 {
            let second = Cell::Number(team_id(((owner + 2) % teams) as i64));
            writer.row(&[owner_id, second, Cell::Bool(false), ingested])?;
        }
    }
    writer.finish()
}

fn list_id(list: u64) -> i64 {
    7_001 + list as i64 * 13
}

fn team_id(team: i64) -> i64 {
    1_880_000 + team * 17
}

fn kind_of(list: u64) -> usize {
    match list {
        3 | 7 => kinds::COMPANY,
        9 => kinds::DEAL,
        _ => kinds::CONTACT,
    }
}

fn is_member(account: &Account, list: u64, record: &Record, day: usize) -> bool {
    match list {
        CUSTOMERS => account
            .current(record, "lifecyclestage", day)
            .is_some_and(|stage| stage == "customer"),
        NOBODY => false,
        _ => account
            .random(LIST, &[list, record.number])
            .chance(1_000 / (2 + list)),
    }
}
