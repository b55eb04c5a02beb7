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
