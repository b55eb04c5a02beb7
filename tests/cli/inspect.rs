//! `inspect`: what people are shown.

use super::{Desk, gzip};

#[test]
fn a_part_and_why() {
    let desk = Desk::new();
    let part = "OBJECTTYPEID,OBJECTID,INGESTEDTIMESTAMP,NOTE\n\
                0-1,1,2026-11-20 10:00:00.000 Z,\"a\nb\"\n0-2,x,,\\N\n0-3,3,,\"\"\nbad\n";
    desk.write("in/2026-11-20/OBJECTS/p.csv.gz", &gzip(part.as_bytes()));
    let ran = desk
        .run(&["inspect", "in/2026-11-20/OBJECTS/p.csv.gz"])
        .expect(0)
        .shows("gzip, ")
        .shows("in 1 member")
        .shows("UTF-8, without a byte order mark")
        .shows("quoted: at record 2, line 2, byte 77 is a field in quotes")
        .shows("OBJECTS, by its folder; the day is 2026-11-20")
        .shows("record 1: 3 of its 4 names are OBJECTS's")
        .shows("4 read, 3 rows, 1 record rejected, 1 cell rejected")
        .shows("not in the catalog")
        .shows("not_an_integer")
        .shows("2026-11-20T10:00:00Z  a␊b")
        .shows("NULL");
    assert!(
        ran.stdout.lines().any(|line| line.ends_with("\"\"")),
        "{}",
        ran.stdout
    );
    assert_eq!(desk.listing().len(), 4, "nothing is left");
}

#[test]
fn evidence_for_each_dialect() {
    for (text, says) in [
        ("a,b\n1,2\n", "undecided: it has neither quotes nor backslashes"),
        (
            "a,b\n1\\,5,2\n",
            "escaped: at record 2, line 2, byte 5 is a backslash before a delimiter",
        ),
        (
            "a,b\n1\\x,2\n",
            "quoted: at record 2, line 2, byte 5 is a backslash before a character that needs none",
        ),
        (
            "a,b\n1\\\\,2\n",
            "escaped: nothing tells but doubled backslashes in 1 cell",
        ),
    ] {
        let desk = Desk::with(&[("a.csv", text)]);
        desk.run(&["inspect", "a.csv"]).expect(0).shows(says);
    }
    let desk = Desk::with(&[("a.csv", "a;b\n1;2\n")]);
    desk.run(&["inspect", "a.csv", "--quote", "'", "--delimiter", ";"])
        .expect(0)
        .shows("declared, as it is declared")
        .shows("\";\", declared");
}

#[test]
fn a_part_that_would_be_refused() {
    let desk = Desk::with(&[("a.csv", "a,b\n1,\"x"), ("empty", "")]);
    desk.run(&["inspect", "a.csv"])
        .expect(1)
        .shows("a part that would be refused")
        .shows("record 1    2 fields (a, b)")
        .shows("refused: a quote that is never closed");
    desk.run(&["inspect", "empty"])
        .expect(1)
        .shows("delimiter   not told, there are no records")
        .shows("the source is empty");
    desk.write("blank", b"\n\n");
    desk.run(&["inspect", "blank"])
        .expect(1)
        .shows("delimiter   not told, there are no records");
    desk.run(&["inspect", "blank", "--delimiter", ";"])
        .expect(1)
        .shows("delimiter   \";\", declared");
    desk.run(&["inspect", "none-such"]).expect(1).says("none-such");
    desk.run(&["inspect"]).expect(2);
    assert_eq!(desk.listing(), ["a.csv", "blank", "empty"]);
}

#[test]
fn a_parquet_file() {
    let mut text = "id,name\n".to_owned();
    for id in 0..100 {
        text.push_str(&format!("{id},{}\n", "x".repeat(id)));
    }
    let desk = Desk::with(&[("a.csv", &text), ("t.json", r#"[{"name":"id","type":"bigint"}]"#)]);
    desk.run(&["convert", "a.csv", "out.parquet", "--types", "t.json"])
        .expect(0);
    desk.run(&["inspect", "out.parquet"])
        .expect(0)
        .shows("Parquet, ")
        .shows("100 rows in 1 row group, written by daymark")
        .shows("\"source_key\": \"a.csv\"")
        .shows("bigint")
        .shows("First 10 rows of 100");
    let shown = desk
        .run(&["inspect", "out.parquet", "--rows", "100"])
        .expect(0)
        .shows("All 100 rows")
        .stdout;
    assert!(shown.contains(&format!("{}…", "x".repeat(39))) && !shown.contains(&"x".repeat(41)));
    let none = desk
        .run(&["inspect", "out.parquet", "--rows", "0"])
        .expect(0)
        .stdout;
    assert!(!none.contains("xxx"));
}

#[test]
fn a_damaged_parquet_file_is_an_error() {
    let desk = Desk::with(&[("a.csv", "a,b\n1,2\n")]);
    desk.run(&["convert", "a.csv", "out.parquet"]).expect(0);
    let whole = std::fs::read(desk.path("out.parquet")).unwrap();
    for cut in [5, 8, whole.len() / 2, whole.len() - 1] {
        desk.write("cut.parquet", &whole[..cut]);
        let ran = desk.run(&["inspect", "cut.parquet"]).expect(1);
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        desk.write("damaged.parquet", &damaged);
        let ran = desk.run(&["inspect", "damaged.parquet"]);
        assert!(ran.status == 0 || ran.status == 1, "byte {at}: {ran:?}");
        assert!(!ran.stderr.contains("a defect"), "byte {at}: {ran:?}");
    }
}

/// As `convert` tells them apart.
#[test]
fn text_that_begins_like_parquet_is_text() {
    let desk = Desk::with(&[("a.csv", "PAR1,b\n1,2\n")]);
    desk.run(&["convert", "a.csv", "out.parquet"]).expect(0);
    desk.run(&["inspect", "a.csv"]).expect(0).shows("1 read, 1 row");
    let whole = std::fs::read(desk.path("out.parquet")).unwrap();
    desk.write("cut.parquet", &whole[..whole.len() - 1]);
    desk.run(&["inspect", "cut.parquet"]).expect(1).says("Parquet");
}
