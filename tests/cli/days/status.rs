//! `status`, as text and as JSON.

use serde_json::json;

use super::{Desk, backfill, days, folder, land, owners, run, run_with};
use crate::gzip;

#[test]
fn days_are_shown_with_what_they_lack() {
    let desk = folder();
    run(&desk, &["status"])
        .expect(0)
        .shows("20…")
        .shows("OWNERS/data_0_0_0.csv.gz")
        .shows("  - nothing of it is published; rows and rejects are counted once a sweep has published it")
        .shows("2 days: 2 open; 0 rows published.");
    // It wrote nothing.
    assert!(!desk.listing().iter().any(|name| name.contains("manifest")));
    backfill(&desk).expect(0).says("failed for good");
    let ran = run(&desk, &["status"])
        .expect(0)
        .shows("20✓")
        .shows("21✗")
        .shows("  2026-11-20  complete ")
        .shows("why: owners: parts that can not be converted as things are: 1,")
        .shows("refused: hubspot/2026-11-21/OWNERS/data_0_1_0.csv.gz: ")
        .shows("2 days: 1 complete, 1 blocked; 6 rows published.");
    let long = ran.stdout.lines().find(|line| line.chars().count() > 100);
    assert_eq!(long, None);
    let table = ran
        .stdout
        .lines()
        .find(|line| line.contains("2026-11-20  complete"));
    let fields: Vec<&str> = table.unwrap().split_whitespace().collect();
    assert_eq!(fields, ["2026-11-20", "complete", "1", "2", "2", "0", "6", "1"]);
    let table = ran
        .stdout
        .lines()
        .find(|line| line.contains("2026-11-21  blocked"));
    let fields: Vec<&str> = table.unwrap().split_whitespace().collect();
    assert_eq!(fields, ["2026-11-21", "blocked", "1", "2", "3", "1", "-", "-"]);
}

#[test]
fn a_late_part_reopens_a_day() {
    let desk = folder();
    backfill(&desk).expect(0);
    land(
        &desk,
        "2026-11-20",
        "OWNERS",
        "data_0_9_0",
        &gzip(owners(7).as_bytes()),
    );
    run(&desk, &["status"])
        .expect(0)
        .shows("20↻")
        .shows("note: revision 1 stays published until the day is complete again")
        .shows("parts without Parquet yet: 1 of 2");
    backfill(&desk).expect(0);
    let days = days(&desk);
    assert_eq!(
        (&days[0]["state"], &days[0]["rows"]),
        (&"complete".into(), &14.into())
    );
    // Opened and whole again.
    assert_eq!(days[0]["revision"], 3);
}

/// Athena's tables end at tomorrow; a folder has none.
#[test]
fn in_a_folder_the_newest_day_may_be_any() {
    let desk = Desk::new();
    let date = "2199-01-01";
    land(&desk, date, "OWNERS", "data_0_0_0", &gzip(owners(3).as_bytes()));
    run(&desk, &["backfill", "--from", date, "--to", date]).expect(0);
    let days = days(&desk);
    assert_eq!(
        (&days[0]["state"], &days[0]["warnings"]),
        (&"complete".into(), &json!([]))
    );
    let latest = std::fs::read_to_string(desk.path("lake/curated/latest/latest.json")).unwrap();
    assert!(latest.contains(date), "{latest}");
}

#[test]
fn one_json_object_a_day() {
    let desk = folder();
    backfill(&desk).expect(0);
    let days = days(&desk);
    let of = |name: &str| days.iter().map(|day| day[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("date"), ["2026-11-20", "2026-11-21"]);
    assert_eq!(of("state"), ["complete", "blocked"]);
    assert_eq!(of("parts"), [2, 3]);
    assert_eq!(of("parts_waiting"), [0, 1]);
    assert_eq!(of("parts_failed"), [0, 1]);
    assert_eq!(of("cells_rejected")[0], 1);
    assert_eq!(
        days[1]["failures"][0]["source"],
        "hubspot/2026-11-21/OWNERS/data_0_1_0.csv.gz"
    );
    assert_eq!(days[1]["reasons"][0]["code"], "parts_failed");
    let one = run(&desk, &["status", "--json", "--to", "2026-11-20"]).expect(0);
    assert_eq!(one.stdout.lines().count(), 1);
}

#[test]
fn what_is_no_place_or_no_span() {
    let desk = folder();
    let refused = |arguments: &[&str], word: &str| {
        desk.run(arguments).expect(2).says(word);
    };
    refused(&["status"], "--dir");
    refused(&["status", "--dir", "nowhere"], "no such folder");
    refused(&["status", "--dir", "."], "found neither");
    refused(
        &["status", "--dir", "lake", "--landing", "s3://a/b"],
        "cannot be used with",
    );
    refused(&["status", "--landing", "s3://a/b"], "--curated");
    refused(
        &["status", "--landing", "a/b", "--curated", "s3://c/d"],
        "--landing: ",
    );
    refused(
        &["status", "--landing", "s3://a/b", "--curated", "s3://a/b/c"],
        "fault",
    );
    refused(
        &["status", "--dir", "lake", "--from", "2026-02-30"],
        "such as 2026-11-23",
    );
    let inverted = [
        "status",
        "--dir",
        "lake",
        "--from",
        "2026-11-02",
        "--to",
        "2026-11-01",
    ];
    refused(&inverted, "no later");
    run_with(&desk, &["status"], &[("DAYMARK_QUIET_MINUTE", "0")])
        .expect(2)
        .says("did you mean DAYMARK_QUIET_MINUTES");
    let empty = Desk::with(&[("lake/landing/2026-11-20/OWNERS/a.csv", "")]);
    let nowhere = "No days in lake/landing/hubspot/ or lake/curated/.\n";
    run(&empty, &["status"]).expect(0).shows(nowhere);
    let span = ["--from", "2026-11-20", "--to", "2026-11-20"];
    run(&empty, &[&["backfill", "--dry-run"], &span[..]].concat())
        .expect(0)
        .shows(nowhere);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_listed_is_named_and_not_left_out() {
    use std::fs;
    use std::os::unix::fs::symlink;

    let desk = folder();
    let table = desk.path("lake/landing/hubspot/2026-11-20/LISTS");
    desk.write("elsewhere/LISTS/a.csv", b"LISTID\n1\n");
    symlink(desk.path("elsewhere/LISTS"), &table).unwrap();
    run(&desk, &["status"])
        .expect(1)
        .says("2026-11-20/LISTS")
        .says("a symbolic link to a folder is not followed");
    fs::remove_file(&table).unwrap();
    // One to a file is that file.
    let owners = desk.path("lake/landing/hubspot/2026-11-20/OWNERS");
    symlink(owners.join("data_0_0_0.csv.gz"), owners.join("linked.csv.gz")).unwrap();
    run(&desk, &["status"]).expect(0);
    assert_eq!(days(&desk)[0]["parts"], 3);
    symlink(owners.join("nothing"), owners.join("broken.csv.gz")).unwrap();
    run(&desk, &["status"]).expect(1).says("OWNERS/broken.csv.gz");
}

#[test]
fn notes_are_true_of_days_that_are_not_swept_yet() {
    let desk = folder();
    let span = ["--from", "2026-11-20", "--to", "2026-11-20"];
    run_with(&desk, &[&["backfill"], &span[..]].concat(), &[]).expect(0);
    run(&desk, &["status"])
        .expect(0)
        .shows("counted once a sweep has published it");
}
