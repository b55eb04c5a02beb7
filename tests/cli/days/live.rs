//! `verify`: what the live symlinks name.

use std::fs;

use super::{backfill, damage, find, folder, run};

const OWNERS: [&str; 2] = ["table=owners/date=2026-11-21", ".parquet"];

#[test]
fn parquet_of_a_blocked_day_is_read_though_nothing_of_it_is_published() {
    let desk = folder();
    backfill(&desk).expect(0);
    run(&desk, &["verify"])
        .expect(0)
        .shows("2026-11-21: 0 parts, 0 rows, ")
        .shows("2 files read that the live symlinks alone name")
        .shows("0 faults");
    let file = find(&desk, &OWNERS);
    let before = fs::read(desk.path(&file)).unwrap();
    let wrong = || {
        run(&desk, &["verify", "--date", "2026-11-21"])
            .expect(1)
            .says("table=owners/date=2026-11-21/")
    };
    for bytes in [&b""[..], b"garbage"] {
        fs::write(desk.path(&file), bytes).unwrap();
        wrong().says("expected Parquet that can be decoded");
    }
    // Sound Parquet of another part.
    let other = find(&desk, &["table=teams/date=2026-11-21", ".parquet"]);
    fs::copy(desk.path(&other), desk.path(&file)).unwrap();
    wrong().says("expected the part that its name says, found one of hubspot/2026-11-21/TEAMS/");
    fs::write(desk.path(&file), &before).unwrap();
    run(&desk, &["verify"]).expect(0);
    damage(&desk, &file);
    wrong();
}

#[test]
fn the_live_symlinks_of_a_complete_day_name_what_is_published() {
    let desk = folder();
    backfill(&desk).expect(0);
    let link = "lake/curated/live/table=owners/date=2026-11-20/symlink.txt";
    let before = desk.read(link);
    desk.write(link, b"");
    let key = "live/table=owners/date=2026-11-20/symlink.txt: expected what is published, 1 file, found ";
    run(&desk, &["verify"]).expect(1).says(&format!("{key}0 files"));
    fs::remove_file(desk.path(link)).unwrap();
    run(&desk, &["verify"])
        .expect(1)
        .says(&format!("{key}no symlink"));
    backfill(&desk).expect(0);
    assert_eq!(desk.read(link), before);
    run(&desk, &["verify"]).expect(0);
}
