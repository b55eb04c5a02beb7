//! `convert` of a folder.

use super::{Desk, gzip};

const PART: &str = "OBJECTTYPEID,OBJECTID,INGESTEDAT\n0-1,7,\n";

#[test]
fn paths_are_mirrored_and_the_worst_status_wins() {
    let desk = Desk::with(&[
        ("in/2026-11-20/LISTS/ragged.csv", "a,b\n1\n1,2\n"),
        ("in/plain.txt", "x;y\n1;2\n"),
        ("in/_SUCCESS", ""),
        ("in/.hidden.csv", "a\n"),
        ("in/old.parquet", "no part"),
    ]);
    desk.write("in/2026-11-20/OBJECTS/sub/data_0.csv.gz", &gzip(PART.as_bytes()));
    desk.run(&["convert", "in", "out", "--table", "none"])
        .expect(3)
        .says("passed over: in/.hidden.csv: its name begins with .")
        .says("passed over: in/_SUCCESS: its name begins with _")
        .says("passed over: in/old.parquet: what ends in .parquet is no CSV part")
        .says("3 files converted (1 with rejects), 3 passed over: 3 rows, 1 reject");
    let outputs: Vec<String> = desk
        .listing()
        .into_iter()
        .filter(|name| name.starts_with("out"))
        .collect();
    let expected = [
        "out/",
        "out/2026-11-20/",
        "out/2026-11-20/LISTS/",
        "out/2026-11-20/LISTS/ragged.parquet",
        "out/2026-11-20/LISTS/ragged.parquet.rejects.jsonl",
        "out/2026-11-20/OBJECTS/",
        "out/2026-11-20/OBJECTS/sub/",
        "out/2026-11-20/OBJECTS/sub/data_0.parquet",
        "out/plain.parquet",
    ];
    assert_eq!(outputs, expected);
    let rejects = desk.read("out/2026-11-20/LISTS/ragged.parquet.rejects.jsonl");
    assert!(
        rejects.contains(r#""file":"2026-11-20/LISTS/ragged.csv""#),
        "{rejects}"
    );

    // The same with the folder's tables, and threads; one refused file does not stop the others.
    desk.write(
        "in/2026-11-20/OBJECTS/broken.csv.gz",
        &gzip(PART.as_bytes())[..20],
    );
    desk.run(&["convert", "in", "two", "--threads", "3", "--rejects", "bad"])
        .expect(1)
        .says("error: in/2026-11-20/OBJECTS/broken.csv.gz: ")
        .says("error: in/2026-11-20/LISTS/ragged.csv: record 1, line 1, byte 0: expected 9 fields")
        .says("hint: --table none")
        .says("2 files converted, 2 refused");
    let table = desk.parquet("two/2026-11-20/OBJECTS/sub/data_0.parquet");
    assert_eq!(table.names, ["objecttypeid", "objectid", "ingestedat"]);
    assert!(!desk.path("two/2026-11-20/OBJECTS/broken.parquet").exists());
    assert!(desk.listing().iter().all(|name| !name.contains(".tmp")));
}

#[test]
fn folders_in_which_nothing_was_written_are_not_left() {
    let desk = Desk::with(&[("in/deep/a.csv", "a\n\"x")]);
    desk.run(&["convert", "in", "out"])
        .expect(1)
        .says("0 files converted, 1 refused");
    assert_eq!(desk.listing(), ["in/", "in/deep/", "in/deep/a.csv"]);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_written() {
    let desk = Desk::with(&[("in/a.csv", "a\n"), ("file", ""), ("empty/_SUCCESS", "")]);
    desk.run(&["convert", "in", "file"]).expect(2);
    desk.run(&["convert", "in", "./in"]).expect(2);
    desk.run(&["convert", "empty", "out"])
        .expect(1)
        .says("found none")
        .says("passed over: empty/_SUCCESS: its name begins with _");
    desk.write("in/a.csv.gz", b"");
    desk.run(&["convert", "in", "out"])
        .expect(2)
        .says("in/a.csv and in/a.csv.gz would both become a.parquet")
        .says("remove or rename one of them, or convert each alone to an OUT of its own");
    assert!(!desk.path("out").exists());
}

#[test]
fn files_that_links_in_the_output_lead_to_one_place_are_refused() {
    let desk = Desk::with(&[
        ("in/p.csv", "a\n1\n"),
        ("in/q.csv", "a\n2\n"),
        ("in/r.csv", "a\n3\n"),
    ]);
    std::fs::create_dir(desk.path("out")).unwrap();
    for (from, to) in [
        ("p.parquet", "q.parquet"),
        ("p.parquet", "elsewhere/../r.parquet.rejects.jsonl"),
    ] {
        let _ = std::fs::remove_file(desk.path("out/p.parquet"));
        std::fs::create_dir_all(desk.path("out/elsewhere")).unwrap();
        std::fs::write(desk.path("out").join(to), "").unwrap();
        std::os::unix::fs::symlink(to, desk.path("out").join(from)).unwrap();
        desk.run(&["convert", "in", "out"])
            .expect(2)
            .says("would both become")
            .says("where links in out lead: remove the links");
        std::fs::remove_file(desk.path("out").join(to)).unwrap();
    }
    // It leads nowhere: that file alone is refused.
    desk.run(&["convert", "in", "out"])
        .expect(1)
        .says("2 files converted, 1 refused");
    // What is not kept is in nobody's way.
    std::fs::remove_file(desk.path("out/p.parquet")).unwrap();
    desk.run(&["convert", "in", "out", "--rejects", "/dev/null"])
        .expect(0);
}

#[test]
fn a_link_that_leads_nowhere_is_passed_over() {
    let desk = Desk::with(&[("in/a.csv", "a\n1\n")]);
    std::os::unix::fs::symlink("gone.csv", desk.path("in/dead.csv")).unwrap();
    desk.run(&["convert", "in", "out"])
        .expect(0)
        .says("passed over: in/dead.csv: a link that leads nowhere")
        .says("1 file converted, 1 passed over");
    assert_eq!(desk.parquet("out/a.parquet").names, ["a"]);
    assert!(!desk.path("out/dead.parquet").exists());
}

#[test]
fn threads_do_not_take_each_others_folders_away() {
    let desk = Desk::new();
    for nth in 0..40 {
        desk.write(&format!("in/{nth}/a/bad.csv"), b"a\n\"");
        desk.write(&format!("in/{nth}/b/c/good.csv"), b"a\n1\n");
    }
    desk.run(&["convert", "in", "out", "--threads", "8"])
        .expect(1)
        .says("40 files converted, 40 refused");
    let empty = desk
        .listing()
        .into_iter()
        .filter(|name| name.starts_with("out/") && name.ends_with("/a/"));
    assert_eq!(empty.count(), 0);
}

#[test]
fn of_many_that_are_passed_over_the_first_are_named() {
    let desk = Desk::with(&[("in/a.csv", "a\n1\n"), ("in/_temporary/0/part.csv", "a\n1\n")]);
    for nth in 0..7 {
        desk.write(&format!("in/{nth}.json"), b"{}");
    }
    let ran = desk.run(&["convert", "in", "out"]).expect(0);
    let told: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("passed over: "))
        .collect();
    assert_eq!(told.len(), 6, "{ran:?}");
    assert_eq!(
        told[0],
        "passed over: in/0.json: what ends in .json is no CSV part"
    );
    assert_eq!(told[5], "passed over: 3 more");
    ran.says("1 file converted, 8 passed over");
    let quiet = desk.run(&["convert", "in", "out", "--quiet"]).expect(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn a_folder_that_holds_itself_is_refused_in_a_few_words() {
    let desk = Desk::with(&[("in/deep/a.csv", "a\n1\n")]);
    std::os::unix::fs::symlink("..", desk.path("in/deep/loop")).unwrap();
    desk.run(&["convert", "in", "out"])
        .expect(1)
        .says("error: in/deep/loop: expected folders that do not hold themselves, found a link to a folder that it lies in");
    // A link to another folder is that folder.
    std::fs::remove_file(desk.path("in/deep/loop")).unwrap();
    desk.write("other/b.csv", b"a\n1\n");
    std::os::unix::fs::symlink("../other", desk.path("in/link")).unwrap();
    desk.run(&["convert", "in", "out"])
        .expect(0)
        .says("2 files converted");
}

/// Names need not be UTF-8, in an output of ours as little as in the input.
#[cfg(target_os = "linux")]
#[test]
fn files_whose_names_are_not_utf_8_stay_apart() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let desk = Desk::new();
    std::fs::create_dir(desk.path("out")).unwrap();
    for (name, to) in [
        (&b"a\xff.csv"[..], &b"out/a\xff.csv.parquet"[..]),
        (b"a\xfe.csv", b"out/a\xfe.csv.parquet"),
    ] {
        let name = OsStr::from_bytes(name);
        std::fs::write(desk.path("").join(name), "a\n1\n").unwrap();
        desk.run(&["convert".as_ref(), name, "out".as_ref()]).expect(0);
        assert!(desk.path("").join(OsStr::from_bytes(to)).exists(), "{name:?}");
    }
    assert_eq!(std::fs::read_dir(desk.path("out")).unwrap().count(), 2);
}

/// A script is text: where the folder's path is none, DuckDB would look elsewhere.
#[cfg(target_os = "linux")]
#[test]
fn a_database_is_of_a_folder_whose_path_is_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let desk = Desk::new();
    let dir = OsStr::from_bytes(b"lake\xff");
    std::fs::create_dir_all(desk.path("").join(dir).join("curated")).unwrap();
    for arguments in [
        &["duckdb".as_ref(), "x.sql".as_ref(), "--dir".as_ref(), dir][..],
        &["demo".as_ref(), "--dir".as_ref(), dir],
    ] {
        desk.run(arguments)
            .expect(2)
            .says("/lake\\xFF\": expected a folder whose path is UTF-8, because it stands in the script");
        assert!(!desk.path("x.sql").exists());
    }
}

/// Its file of rejects would have a name that is too long. It needs none.
#[test]
fn a_long_name_without_rejects_is_converted_into_a_folder_that_is_there() {
    let stem = "x".repeat(245);
    let desk = Desk::with(&[(&format!("in/{stem}.csv"), "a,b\n1,2\n")]);
    let parquet = format!("out/{stem}.parquet");
    for _ in 0..2 {
        let ran = desk
            .run(&["convert", "in", "out"])
            .expect(0)
            .says("1 file converted");
        assert!(!ran.stderr.contains("warning"), "{ran:?}");
        assert!(desk.path(&parquet).exists());
    }
    let before = std::fs::read(desk.path(&parquet)).unwrap();
    desk.write(&format!("in/{stem}.csv"), b"a,b\n1\n");
    for out in ["out", "new"] {
        desk.run(&["convert", "in", out])
            .expect(1)
            .says(".rejects.jsonl: File name too long");
    }
    assert!(std::fs::read(desk.path(&parquet)).unwrap() == before);
    assert!(!desk.path("new").exists());
}
