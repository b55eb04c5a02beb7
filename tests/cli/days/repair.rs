//! `backfill`, `replay`, `rejects` and `forget`.

use std::fs;

use super::{backfill, days, find, folder, land, owners, run, run_with};
use crate::gzip;

#[test]
fn a_dry_run_sends_nothing_and_says_what_it_would() {
    let desk = folder();
    let dry = [
        "backfill",
        "--from",
        "2026-11-20",
        "--to",
        "2026-11-20",
        "--dry-run",
    ];
    run(&desk, &dry)
        .expect(0)
        .shows("hubspot/2026-11-20/OWNERS/data_0_0_0.csv.gz\nhubspot/2026-11-20/TEAMS/data_0_0_0.csv.gz\n")
        .shows("2 parts would be sent.\n");
    assert!(!desk.listing().iter().any(|name| name.ends_with(".parquet")));
    run(&desk, &["backfill", "--from", "2026-11-20", "--to", "2026-11-20"])
        .expect(0)
        .says("2 of 2  ")
        .says("converted: 4 rows");
    run(&desk, &dry).expect(0).shows("0 parts would be sent.\n");
    assert_eq!(days(&desk)[1]["parts_waiting"], 3);
    run(&desk, &["backfill", "--from", "2026-11-02", "--to", "2026-11-01"]).expect(2);
    run(&desk, &["backfill", "--from", "2026-11-02"]).expect(2);
}

#[test]
fn other_settings_convert_again_only_where_that_is_asked_for() {
    let desk = folder();
    backfill(&desk).expect(0);
    let settings = [("DAYMARK_CODEC", "snappy"), ("DAYMARK_QUIET_MINUTES", "0")];
    let of = ["backfill", "--from", "2026-11-20", "--to", "2026-11-20"];
    let again = [&of[..], &["--reconvert"]].concat();
    run_with(&desk, &of, &settings)
        .expect(0)
        .shows("complete         1 ")
        .shows("2 parts converted under other settings");
    run_with(&desk, &[&again[..], &["--dry-run"]].concat(), &settings)
        .expect(0)
        .shows("2 parts would be sent.\n");
    run_with(&desk, &[&of[..], &["--dry-run"]].concat(), &settings)
        .expect(0)
        .shows("0 parts would be sent.\nNot 2 parts of other settings: --reconvert sends them.\n");
    run_with(&desk, &again, &settings)
        .expect(0)
        .says("converted: 4 rows")
        .shows("complete         2 ");
    run_with(&desk, &again, &settings)
        .expect(0)
        .shows("complete         2 ");
    run_with(&desk, &["verify"], &settings).expect(0);
}

#[test]
fn a_part_that_fails_holds_the_others_of_its_day_not_up() {
    let desk = folder();
    let name = "2026-11-21";
    run(&desk, &["backfill", "--from", name, "--to", name, "--quiet"])
        .expect(0)
        .shows("blocked");
    land(&desk, name, "OWNERS", "data_0_2_0", &gzip(owners(5).as_bytes()));
    let ran = run(&desk, &["backfill", "--from", name, "--to", name]).expect(0);
    assert!(
        ran.stderr.starts_with("1 of 1  ") && ran.stderr.contains("converted: 6 rows"),
        "{ran:?}"
    );
}

#[test]
fn a_dry_run_says_why_a_part_is_not_sent() {
    let desk = folder();
    backfill(&desk).expect(0);
    run(
        &desk,
        &[
            "backfill",
            "--from",
            "2026-11-21",
            "--to",
            "2026-11-21",
            "--dry-run",
        ],
    )
    .expect(0)
    .shows("0 parts would be sent.\nNot 1 part with a failure record: `daymark status --dir lake` says why");
}

#[test]
fn a_failure_record_that_is_damaged_is_named() {
    let desk = folder();
    backfill(&desk).expect(0);
    let failure = find(&desk, &["/failed/", "2026-11-21"]);
    desk.write(&failure, b"{");
    let key = failure.strip_prefix("lake/curated/").unwrap();
    run(&desk, &["status"])
        .expect(0)
        .shows("damaged: failed/table=owners/date=2026-11-21/")
        .shows("failure record: EOF while parsing");
    assert_eq!(days(&desk)[1]["failures_damaged"][0]["key"], key);
    run(&desk, &["replay", key])
        .expect(1)
        .says("expected a failure record: ")
        .says("name the part's source instead");
    // It is set aside, and the part is tried again at once, or said to be owed.
    let ran = backfill(&desk);
    let owed = "1 part without Parquet or a failure record; `daymark replay --dir lake KEY` sends one again";
    assert!(
        ran.stderr.contains("failed for good") || ran.stderr.contains(owed),
        "{ran:?}"
    );
    let source = "hubspot/2026-11-21/OWNERS/data_0_1_0.csv.gz";
    run(&desk, &["replay", source]).expect(1).shows("failed for good");
    assert!(desk.read(&failure).contains("\"message\""));
}

#[test]
fn a_failure_record_of_a_newer_release_is_left_alone_and_status_says_so() {
    let desk = folder();
    backfill(&desk).expect(0);
    let failure = find(&desk, &["/failed/", "2026-11-21"]);
    desk.write(&failure, b"{\"form\":99}");
    backfill(&desk);
    assert_eq!(desk.read(&failure), "{\"form\":99}");
    let ran = run(&desk, &["status"])
        .expect(0)
        .shows("newer: failed/table=owners/date=2026-11-21/")
        .shows("sweeps leave it alone");
    assert!(!ran.stdout.contains("sets it aside"), "{ran:?}");
    assert_eq!(days(&desk)[1]["failures_damaged"][0]["newer"], true);
}

#[test]
fn a_file_whose_time_is_ahead_of_the_clock_is_converted() {
    let desk = folder();
    let name = "lake/landing/hubspot/2026-11-20/OWNERS/data_0_0_0.csv.gz";
    let file = fs::File::options().write(true).open(desk.path(name)).unwrap();
    let in_2100 = std::time::UNIX_EPOCH + std::time::Duration::from_secs(4_102_444_800);
    file.set_modified(in_2100).unwrap();
    backfill(&desk).expect(0);
    find(&desk, &["/table=owners/date=2026-11-20/", ".parquet"]);
    run(&desk, &["status"])
        .expect(0)
        .shows("days ahead of the clock, expected");
}

#[test]
fn what_is_set_aside_is_said() {
    let desk = folder();
    backfill(&desk).expect(0);
    desk.write("lake/curated/manifest/date=2026-11-20/manifest.json", b"damaged");
    backfill(&desk)
        .expect(0)
        .says("damaged, set aside: manifest/date=2026-11-20/manifest.json: ")
        .says("it is kept as set-aside/manifest/date=2026-11-20/manifest.json.");
    let again = backfill(&desk).expect(0);
    assert!(!again.stderr.contains("set aside"), "{again:?}");
}

#[test]
fn a_mended_part_is_replayed_by_any_of_its_keys() {
    let desk = folder();
    backfill(&desk).expect(0);
    let failure = find(&desk, &["/failed/", "2026-11-21"]);
    let key = failure.strip_prefix("lake/curated/").unwrap();
    run(&desk, &["replay", key]).expect(1).shows("failed for good: ");
    assert!(desk.path(&failure).exists(), "it failed again");
    let url = "s3://landing/hubspot/2026-11-21/OWNERS/data_0_1_0.csv.gz";
    run(&desk, &["replay", url]).expect(1).shows("failed for good: ");
    land(
        &desk,
        "2026-11-21",
        "OWNERS",
        "data_0_1_0",
        &gzip(owners(2).as_bytes()),
    );
    run(&desk, &["replay", key]).expect(0).shows("converted: 3 rows");
    run(&desk, &["replay", url]).expect(0).shows("there already");
    let output = find(&desk, &["table=teams/date=2026-11-20", ".parquet"]);
    run(&desk, &["replay", output.strip_prefix("lake/curated/").unwrap()])
        .expect(0)
        .shows("hubspot/2026-11-20/TEAMS/data_0_0_0.csv.gz: there already");
    for (wrong, word) in [
        ("hubspot/2026-11-20/OWNERS/none.csv.gz", "is gone"),
        ("hubspot/nowhere", "no part"),
        ("s3://other/key", "expected a key or URL"),
        ("elsewhere/2026-11-20/OWNERS/a.csv", "outside the landing prefix"),
    ] {
        run(&desk, &["replay", wrong]).expect(1).says(word);
    }
    // What one cannot be, the others are all the same.
    run(&desk, &["replay", "s3://other/key", url])
        .expect(1)
        .shows("there already");
}

#[test]
fn rejects_are_counted_or_printed() {
    let desk = folder();
    run(&desk, &["rejects"]).expect(0).shows("No rejects.");
    backfill(&desk).expect(0);
    run(&desk, &["rejects"])
        .expect(0)
        .shows("  owners  archived  not_a_boolean      2  ")
        .shows("2 rejects in 2 files");
    let lines = ["rejects", "--date", "2026-11-21", "--table", "owners", "--lines"];
    let ran = run(&desk, &lines).expect(0).shows("\"raw\":\"perhaps\"");
    assert_eq!(ran.stdout.lines().count(), 1);
    run(&desk, &["rejects", "--table", "teams"])
        .expect(0)
        .shows("No rejects.");
    run(&desk, &["rejects", "--table", "../teams"]).expect(2);
}

#[test]
fn a_day_is_forgotten_and_remembered() {
    let desk = folder();
    backfill(&desk).expect(0);
    let link = "lake/curated/published/table=teams/date=2026-11-20/symlink.txt";
    assert!(desk.read(link).contains(".parquet"));
    let forget = ["forget", "--date", "2026-11-20"];
    let undo = ["forget", "--date", "2026-11-20", "--undo"];
    run(&desk, &undo).expect(1).says("nobody asked");
    for _ in 0..2 {
        run(&desk, &forget)
            .expect(0)
            .shows("grace period of 7 days, from ");
        assert_eq!(desk.read(link), "");
        assert_eq!(days(&desk)[0]["state"], "forgotten");
    }
    find(&desk, &["table=teams/date=2026-11-20", ".parquet"]);
    run(&desk, &undo).expect(0).shows("remembered: it is complete");
    assert!(desk.read(link).contains(".parquet"));
    run(&desk, &["forget", "--date", "2026-12-24"])
        .expect(1)
        .says("nothing of this day");
    assert!(fs::metadata(desk.path("lake/curated/manifest/date=2026-12-24")).is_err());
}

#[test]
fn a_day_that_is_older_than_days_are_kept_is_not_promised_back() {
    let desk = folder();
    let settings = [("DAYMARK_QUIET_MINUTES", "0"), ("DAYMARK_KEEP_DAYS", "3")];
    let forget = ["forget", "--date", "2026-11-20"];
    run_with(&desk, &forget, &settings)
        .expect(0)
        .shows("it is older than days are kept");
}

#[test]
fn rejects_of_one_damaged_file_do_not_hide_the_others() {
    let desk = folder();
    backfill(&desk).expect(0);
    let rejects = find(&desk, &["/rejected/", "2026-11-20"]);
    desk.write(&rejects, b"{}\n");
    run(&desk, &["rejects"])
        .expect(1)
        .says("line 1: expected a reject: missing field")
        .shows("1 reject in 2 files");
}

/// An attempt is this process's, and ends with it.
#[test]
fn in_a_folder_no_attempt_is_counted() {
    let desk = folder();
    backfill(&desk).expect(0);
    let listing = desk.listing();
    assert!(
        !listing.iter().any(|name| name.ends_with("sent.json")),
        "{listing:?}"
    );
    // As releases before left them behind.
    let output = find(&desk, &["/table=owners/date=2026-11-20/", ".parquet"]);
    let id = output.rsplit(['-', '.']).nth(1).unwrap();
    let sent =
        format!("{{\"version\":1,\"parts\":{{\"{id}\":{{\"counted\":9,\"last_ms\":99999999999999}}}}}}\n");
    desk.write("lake/curated/manifest/date=2026-11-20/sent.json", sent.as_bytes());
    fs::remove_file(desk.path(&output)).unwrap();
    backfill(&desk).expect(0);
    assert!(desk.path(&output).exists());
    assert_eq!(days(&desk)[0]["state"], "complete");
}
