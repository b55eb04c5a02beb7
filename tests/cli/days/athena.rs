//! What Athena and DuckDB are to have, as the command line tells it.

use super::{Desk, backfill, folder, run};

#[test]
fn tables_are_named_in_any_case_and_a_wrong_name_gets_a_short_answer() {
    let desk = folder();
    backfill(&desk);
    let ran = run(&desk, &["ddl", "Owners", "TEAMS_live"]).expect(0);
    assert!(ran.stdout.contains("`daymark`.`owners` (") && ran.stdout.contains("`daymark`.`teams_live` ("));
    assert_eq!(ran.stdout.matches("CREATE ").count(), 2);
    let ran = run(&desk, &["ddl", "owner_s"]).expect(2);
    assert!(ran.stdout.is_empty());
    assert!(
        ran.stderr.contains("owner_s: expected one of the"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("begin like it: owners, "), "{}", ran.stderr);
    assert!(ran.stderr.len() < 400, "{}", ran.stderr);
}

#[test]
fn a_database_of_nothing_says_so() {
    let desk = Desk::new();
    desk.write("lake/landing/hubspot/a.txt", b"");
    let ran = run(&desk, &["duckdb", "lake.sql"]).expect(0);
    assert!(
        ran.stderr.contains("0 tables and 0 views; no day is complete"),
        "{}",
        ran.stderr
    );
    let desk = folder();
    backfill(&desk);
    let ran = run(&desk, &["duckdb", "lake.sql"]).expect(0);
    assert!(
        ran.stderr.contains("the newest complete day is 2026-11-20"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_sweeps_of_a_newer_release_know_is_not_known() {
    let desk = folder();
    backfill(&desk);
    let sound = run(&desk, &["duckdb", "lake.sql"]).expect(0);
    assert!(!sound.stderr.contains("note: "), "{}", sound.stderr);
    desk.write(
        "lake/curated/manifest/sweep.json",
        br#"{"version": 4, "more": 1}"#,
    );
    for arguments in [&["duckdb", "lake.sql"][..], &["ddl"]] {
        let ran = run(&desk, arguments).expect(0);
        assert!(
            ran.stderr
                .contains("note: manifest/sweep.json has version 4: a newer release wrote it"),
            "{}",
            ran.stderr
        );
    }
    desk.write(
        "lake/curated/manifest/sweep.json",
        br#"{"version": 2, "unsettled": [], "types": {}}"#,
    );
    let ran = run(&desk, &["duckdb", "lake.sql"]).expect(0);
    let said = "note: manifest/sweep.json does not tell yet which tables came with a header alone";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

/// A newer day is published than the pointer names.
#[test]
fn a_pointer_that_lags_is_refused() {
    let desk = folder();
    backfill(&desk);
    let pointer = "lake/curated/latest/latest.json";
    desk.write(pointer, b"{\"date\":\"2026-11-19\"}\n");
    let manifest = desk.read("lake/curated/manifest/date=2026-11-20/manifest.json");
    desk.write(
        "lake/curated/manifest/date=2026-11-19/manifest.json",
        manifest.as_bytes(),
    );
    let ran = run(&desk, &["duckdb", "lake.sql"]).expect(1);
    let said =
        "latest/latest.json: expected the newest complete day, found 2026-11-19, and 2026-11-20 is published";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(!desk.path("lake.sql").exists());
}
