//! The commands about days, on a local folder and on buckets.

mod athena;
mod bucket;
mod live;
mod page;
mod repair;
mod status;
mod verify;

use std::fs;

use serde_json::Value;

use super::{Desk, Ran, gzip};

/// A folder as a sync and its conversion leave it: two days of OWNERS and TEAMS, of which the second has a broken part.
pub fn folder() -> Desk {
    let desk = Desk::new();
    for (day, rows) in [("2026-11-20", 3), ("2026-11-21", 4)] {
        land(&desk, day, "OWNERS", "data_0_0_0", &gzip(owners(rows).as_bytes()));
        land(&desk, day, "TEAMS", "data_0_0_0", &gzip(TEAMS.as_bytes()));
    }
    land(
        &desk,
        "2026-11-21",
        "OWNERS",
        "data_0_1_0",
        b"no gzip \x1f\x8b and no text \0\xff",
    );
    desk
}

pub fn land(desk: &Desk, day: &str, table: &str, name: &str, bytes: &[u8]) {
    desk.write(
        &format!("lake/landing/hubspot/{day}/{table}/{name}.csv.gz"),
        bytes,
    );
}

const TEAMS: &str = "\"TEAMID\",\"TEAMNAME\"\n1,\"a\"\n2,\"b\"\n";

/// A part of TEAMS of another source than the folder's.
pub fn teams() -> Vec<u8> {
    gzip(TEAMS.replace("\"b\"", "\"c\"").as_bytes())
}

pub fn owners(rows: u64) -> String {
    let mut text = String::from("\"OWNERID\",\"USERID\",\"EMAIL\",\"ARCHIVED\"\n");
    for row in 1..=rows {
        text.push_str(&format!("{row},{row},\"{row}@example.com\",false\n"));
    }
    // A cell that does not fit.
    text.push_str("99,99,\"x\",\"perhaps\"\n");
    text
}

/// The program on the folder, with days that are quiet at once.
pub fn run(desk: &Desk, arguments: &[&str]) -> Ran {
    run_with(desk, arguments, &[("DAYMARK_QUIET_MINUTES", "0")])
}

pub fn run_with(desk: &Desk, arguments: &[&str], settings: &[(&str, &str)]) -> Ran {
    let (command, rest) = arguments.split_first().unwrap();
    let all = [&[*command, "--dir", "lake"], rest].concat();
    let mut command = desk.command(&all);
    for (name, value) in settings {
        command.env(name, value);
    }
    Ran::of(command.output().unwrap())
}

/// Converts and sweeps all of it.
pub fn backfill(desk: &Desk) -> Ran {
    run(desk, &["backfill", "--from", "2026-11-01", "--to", "2026-11-30"])
}

/// The days as `status --json` has them.
pub fn days(desk: &Desk) -> Vec<Value> {
    let ran = run(desk, &["status", "--json"]).expect(0);
    let lines = ran.stdout.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one file under the curated folder whose path has these in it.
pub fn find(desk: &Desk, words: &[&str]) -> String {
    let names = desk.listing().into_iter();
    let found: Vec<String> = names
        .filter(|name| name.starts_with("lake/curated/") && !name.ends_with('/'))
        .filter(|name| words.iter().all(|word| name.contains(word)))
        .collect();
    assert_eq!(found.len(), 1, "{words:?}: {found:?}");
    found[0].clone()
}

/// Changes a byte in the middle of a file.
pub fn damage(desk: &Desk, name: &str) {
    let mut bytes = fs::read(desk.path(name)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(desk.path(name), bytes).unwrap();
}
