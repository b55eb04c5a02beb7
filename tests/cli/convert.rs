//! `convert` of one file.

use std::process::Stdio;

use arrow::datatypes::{DataType, TimeUnit};

use super::{Desk, gzip};

const PLAIN: &str = "id,name\n1,\"a, b\"\n2,\n3,\"\"\n";

#[test]
fn a_file_is_written_and_nothing_else() {
    let desk = Desk::new();
    for (name, bytes) in [
        ("a.csv", PLAIN.as_bytes().to_vec()),
        ("b.csv.gz", gzip(PLAIN.as_bytes())),
    ] {
        desk.write(name, &bytes);
        desk.run(&["convert", name, "out.parquet"])
            .expect(0)
            .says("out.parquet: 3 rows, no rejects")
            .says("quoted, delimiter \",\", header");
        let table = desk.parquet("out.parquet");
        assert_eq!(table.names, ["id", "name"]);
        assert_eq!(table.rows, [["1", "a, b"], ["2", "∅"], ["3", ""]]);
    }
    assert_eq!(desk.listing(), ["a.csv", "b.csv.gz", "out.parquet"]);
}

#[test]
fn quiet_says_nothing() {
    let desk = Desk::with(&[("a.csv", PLAIN)]);
    let ran = desk
        .run(&["convert", "a.csv", "out.parquet", "--quiet"])
        .expect(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn same_bytes_with_and_without_threads() {
    let mut text = "id,name\n".to_owned();
    for id in 0..100_000 {
        text.push_str(&format!("{id},\"name {id}\"\n"));
    }
    let desk = Desk::new();
    desk.write("a.csv.gz", &gzip(text.as_bytes()));
    desk.run(&["convert", "a.csv.gz", "one.parquet"]).expect(0);
    desk.run(&["convert", "a.csv.gz", "two.parquet", "--threads", "4"])
        .expect(0);
    let bytes = |name| std::fs::read(desk.path(name)).unwrap();
    assert!(bytes("one.parquet") == bytes("two.parquet"));
}

#[test]
fn rejects_are_beside_the_output_and_go_with_their_reason() {
    let desk = Desk::with(&[
        ("a.csv", "id,at\n1,2026-11-20 10:00:00.5\nx,\n3\n"),
        ("good.csv", "id,at\n1,\n"),
        (
            "types.json",
            r#"[{"name":"id","type":"bigint"},{"name":"at","type":"timestamp"}]"#,
        ),
    ]);
    let types = ["--types", "types.json"];
    desk.run(&["convert", "a.csv", "out.parquet", types[0], types[1]])
        .expect(3)
        .says("2 rows, 1 record and 1 cell rejected, see out.parquet.rejects.jsonl");
    let table = desk.parquet("out.parquet");
    let timestamp = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    assert_eq!(table.types, [DataType::Int64, timestamp]);
    assert_eq!(table.rows, [["1", "2026-11-20T10:00:00.500"], ["∅", "∅"]]);
    let rejects = desk.read("out.parquet.rejects.jsonl");
    let lines: Vec<serde_json::Value> = rejects
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["column"], &lines[0]["raw"]),
        (&"id".into(), &"x".into())
    );
    assert_eq!(
        (&lines[1]["reason"], &lines[1]["raw"]),
        (&"fields".into(), &"3".into())
    );

    // What an earlier run rejected does not stay beside a complete output.
    desk.run(&["convert", "good.csv", "out.parquet", types[0], types[1]])
        .expect(0);
    assert_eq!(desk.listing(), ["a.csv", "good.csv", "out.parquet", "types.json"]);

    desk.run(&[
        "convert",
        "a.csv",
        "out.parquet",
        types[0],
        types[1],
        "--rejects",
        "bad/r.jsonl",
    ])
    .expect(3);
    assert_eq!(desk.read("bad/r.jsonl"), rejects);
}

#[test]
fn a_budget_is_kept_or_refuses() {
    let desk = Desk::with(&[("a.csv", "a,b\n1,2\n3\n4,5\n6,7\n")]);
    for (budget, status) in [("0", 1), ("1", 3), ("25%", 3), ("24.9%", 1), ("0%", 1)] {
        let ran = desk
            .run(&["convert", "a.csv", "out.parquet", "--max-rejects", budget])
            .expect(status);
        if status == 1 {
            assert!(ran.stderr.contains("found 1 record and 0 cells in "), "{ran:?}");
            assert_eq!(desk.listing(), ["a.csv"], "{budget}");
        } else {
            assert_eq!(
                desk.listing(),
                ["a.csv", "out.parquet", "out.parquet.rejects.jsonl"]
            );
            std::fs::remove_file(desk.path("out.parquet")).unwrap();
            std::fs::remove_file(desk.path("out.parquet.rejects.jsonl")).unwrap();
        }
    }
    for bad in ["-1", "x", "%", "1.5"] {
        desk.run(&["convert", "a.csv", "out.parquet", "--max-rejects", bad])
            .expect(2);
    }
}

#[test]
fn a_delimiter_behind_every_record_is_told() {
    let desk = Desk::with(&[("a.csv", "a,b\n1,2,\n3,4,\n")]);
    desk.run(&["convert", "a.csv", "out.parquet"])
        .expect(3)
        .says("0 rows, 2 records rejected")
        .says("warning: a.csv: every record is rejected; the first is record 2, line 2, byte 4: expected 2 fields, found 3 fields, the last one empty behind a delimiter at the record's end")
        .says("hint: --skip-rows past the header, --header no and --columns with one name more");
    assert!(
        desk.read("out.parquet.rejects.jsonl")
            .contains("the last one empty")
    );
    desk.run(&["convert", "a.csv", "no.parquet", "--max-rejects", "0"])
        .expect(1)
        .says("too many rejects")
        .says("the last one empty");
    desk.run(&["inspect", "a.csv"])
        .expect(0)
        .shows("the last one empty");
    // The cure.
    let cure = ["--skip-rows", "1", "--header", "no", "--columns", "a,b,rest"];
    desk.run(&[&["convert", "a.csv", "out.parquet"], &cure[..]].concat())
        .expect(0);
    assert_eq!(
        desk.parquet("out.parquet").rows,
        [["1", "2", "∅"], ["3", "4", "∅"]]
    );

    // One that fits among those that do not, and other numbers of fields.
    for text in ["a,b\n1,2,\n3,4\n", "a,b\n1,2,x\n", "a,b\n1,2,,\n", "a,b\n1\n"] {
        desk.write("b.csv", text.as_bytes());
        let ran = desk.run(&["convert", "b.csv", "out.parquet"]).expect(3);
        assert!(!ran.stderr.contains("hint"), "{text:?}: {ran:?}");
    }
}

/// UTF-16 without a byte order mark.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn utf16_is_read_where_it_is_declared_only() {
    let desk = Desk::new();
    desk.write("a.csv", &utf16("Łódź,b\n1,2\n"));
    for flags in [&["--columns", "x,y"][..], &["--types", "text"]] {
        desk.run(&[&["convert", "a.csv", "out.parquet"], flags].concat())
            .expect(1)
            .says("UTF-16 without a byte order mark")
            .says("hint: --encoding utf-16le");
    }
    desk.run(&["convert", "a.csv", "out.parquet", "--encoding", "utf-16le"])
        .expect(0);
    assert_eq!(desk.parquet("out.parquet").names, ["Łódź", "b"]);
}

#[test]
fn a_file_that_is_no_rejects_file_is_not_replaced_by_one() {
    let desk = Desk::with(&[
        ("a.csv", "a,b\n1,2\n3\n"),
        ("good.csv", PLAIN),
        ("notes", "mine\n"),
        ("other.jsonl", "{\"record\":1}\n"),
    ]);
    for source in ["a.csv", "good.csv", "-", "none-such.csv"] {
        for (file, text) in [("notes", "mine\n"), ("other.jsonl", "{\"record\":1}\n")] {
            desk.run(&["convert", source, "out.parquet", "--rejects", file])
                .expect(2)
                .says(&format!("{file}: expected a rejects file of an earlier run"));
            assert_eq!(desk.read(file), text);
        }
    }
    assert!(!desk.path("out.parquet").exists());
    // An empty one and one of an earlier run are replaced, or go.
    desk.write("empty", b"");
    for (source, status, is_there) in [("a.csv", 3, true), ("a.csv", 3, true), ("good.csv", 0, false)] {
        desk.run(&["convert", source, "out.parquet", "--rejects", "empty"])
            .expect(status);
        assert_eq!(desk.path("empty").exists(), is_there);
    }
}

#[test]
fn what_is_not_daymarks_is_not_replaced() {
    let beside = "out.parquet.rejects.jsonl";
    for source in ["a.csv", "good.csv", "-"] {
        for (name, text, wanted) in [
            (beside, "mine\n", "a rejects file of an earlier run"),
            (beside, "{\"record\":1}\n", "a rejects file of an earlier run"),
            (
                "out.parquet",
                "id,name\n",
                "a Parquet file, an empty file or none",
            ),
            ("out.parquet", "PAR", "a Parquet file, an empty file or none"),
        ] {
            let desk = Desk::with(&[("a.csv", "a,b\n1,2\n3\n"), ("good.csv", PLAIN), (name, text)]);
            let before = desk.listing();
            desk.run_with(&["convert", source, "out.parquet"], b"a,b\n1\n")
                .expect(2)
                .says(&format!("{name}: expected {wanted}"))
                .says("which is not replaced");
            assert_eq!((desk.read(name).as_str(), desk.listing()), (text, before));
        }
    }
    // Of a folder, only that file is refused.
    let desk = Desk::with(&[
        ("in/a.csv", PLAIN),
        ("in/b.csv", PLAIN),
        ("out/a.parquet", "mine\n"),
    ]);
    desk.run(&["convert", "in", "out"])
        .expect(1)
        .says("error: out/a.parquet: expected a Parquet file")
        .says("1 file converted, 1 refused");
    assert_eq!(desk.read("out/a.parquet"), "mine\n");
    // What is empty, or of an earlier run, is.
    let desk = Desk::with(&[("a.csv", "a,b\n1,2\n3\n"), (beside, ""), ("out.parquet", "")]);
    for _ in 0..2 {
        desk.run(&["convert", "a.csv", "out.parquet"]).expect(3);
    }
    assert_eq!(desk.parquet("out.parquet").rows.len(), 1);
}

#[cfg(unix)]
#[test]
fn rejects_may_go_nowhere() {
    let desk = Desk::with(&[("a.csv", "a,b\n1,2\n3\n")]);
    for _ in 0..2 {
        desk.run(&["convert", "a.csv", "out.parquet", "--rejects", "/dev/null"])
            .expect(3)
            .says("1 row, 1 record rejected");
        assert_eq!(desk.listing(), ["a.csv", "out.parquet"]);
    }
    desk.run(&["convert", "a.csv", "out.parquet", "--rejects", "/dev/full"])
        .expect(2);
}

#[test]
fn what_is_refused_leaves_nothing() {
    let whole = gzip(PLAIN.as_bytes());
    let mut wrong = whole.clone();
    *wrong.last_mut().unwrap() ^= 1;
    let mut trailing = whole.clone();
    trailing.extend(b"garbage");
    for (bytes, reason) in [
        (&b""[..], "the source is empty"),
        (&whole[..whole.len() - 3], "truncated"),
        (&wrong, "member 1"),
        (&trailing, "byte"),
        (b"a,b\n1,\"x", "a quote that is never closed"),
        (b"PK\x03\x04zipped", "zip"),
        (b"PAR1\x00\x01\x02\x03", "Parquet"),
        (
            &[0; 100],
            "column 1 of the header at record 1, line 1, byte 0 holds U+0000",
        ),
        (&utf16("Łódź,b\n1,2\n"), "declare the encoding"),
        (b"\n\r\n", "no record"),
        (
            b"n\xe4me,b\n1,2\n",
            "column 1 of the header at record 1, line 1, byte 0 is not UTF-8",
        ),
        (b"a,b\n1,\"x\"y\n2,\"z\"\n", "text behind a closing quote"),
    ] {
        let desk = Desk::new();
        desk.write("in", bytes);
        let ran = desk
            .run(&[
                "convert",
                "in",
                "new/folders/out.parquet",
                "--rejects",
                "r/r.jsonl",
            ])
            .expect(1);
        assert!(
            ran.stderr.starts_with("error: in: ") && ran.stderr.contains(reason),
            "{ran:?}"
        );
        assert!(ran.stdout.is_empty(), "{ran:?}");
        assert_eq!(desk.listing(), ["in"], "{reason}");
    }
}

#[test]
fn an_output_is_replaced_whole_or_stays() {
    let desk = Desk::with(&[
        ("a.csv", PLAIN),
        ("bad.csv", "a\n\"x"),
        ("out.parquet", "PAR1 old"),
    ]);
    desk.run(&["convert", "bad.csv", "out.parquet"]).expect(1);
    assert_eq!(desk.read("out.parquet"), "PAR1 old");
    desk.run(&["convert", "a.csv", "out.parquet"]).expect(0);
    assert_eq!(desk.parquet("out.parquet").rows.len(), 3);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let desk = Desk::with(&[("a.csv", PLAIN), ("far/real.parquet", "PAR1 old")]);
    std::os::unix::fs::symlink("far/real.parquet", desk.path("out.parquet")).unwrap();
    desk.run(&["convert", "a.csv", "out.parquet"]).expect(0);
    assert!(desk.path("out.parquet").is_symlink());
    assert_eq!(desk.parquet("far/real.parquet").rows.len(), 3);
    // A link to the input is the input.
    std::os::unix::fs::symlink("a.csv", desk.path("again.parquet")).unwrap();
    desk.run(&["convert", "a.csv", "again.parquet"]).expect(2);
    assert_eq!(desk.read("a.csv"), PLAIN);
    desk.run(&["convert", "a.csv", "/dev/null"])
        .expect(2)
        .says("device");
    desk.run(&["convert", "a.csv", "/dev/full"]).expect(2);
}

#[test]
fn outputs_are_not_the_input() {
    let desk = Desk::with(&[("a.csv", PLAIN)]);
    desk.run(&["convert", "a.csv", "./a.csv"])
        .expect(2)
        .says("not the input");
    desk.run(&["convert", "a.csv", "out.parquet", "--rejects", "a.csv"])
        .expect(2);
    desk.run(&["convert", "a.csv", "out.parquet", "--rejects", "./out.parquet"])
        .expect(2);
    assert_eq!(desk.listing(), ["a.csv"]);
    assert_eq!(desk.read("a.csv"), PLAIN);
}

#[test]
fn into_a_folder_that_is_there() {
    let desk = Desk::with(&[("a.csv", PLAIN), ("out/other", "")]);
    desk.run(&["convert", "a.csv", "out"])
        .expect(0)
        .says("out/a.parquet");
    desk.run(&["convert", "a.csv", "new/"]).expect(0);
    assert_eq!(
        desk.listing(),
        [
            "a.csv",
            "new/",
            "new/a.parquet",
            "out/",
            "out/a.parquet",
            "out/other"
        ]
    );
}

#[test]
fn stdin_is_a_source() {
    let desk = Desk::new();
    desk.run_with(&["convert", "-", "out.parquet"], &gzip(PLAIN.as_bytes()))
        .expect(0);
    assert_eq!(desk.listing(), ["out.parquet"]);
    assert_eq!(desk.parquet("out.parquet").rows.len(), 3);
    desk.run_with(&["convert", "-", "other.parquet"], b"a\n\"")
        .expect(1)
        .says("stdin");
    assert_eq!(desk.listing(), ["out.parquet"]);
}

#[test]
fn a_header_alone_is_a_table_without_rows() {
    let desk = Desk::with(&[("a.csv", "id,name\n")]);
    desk.run(&["convert", "a.csv", "out.parquet"])
        .expect(0)
        .says("0 rows");
    let table = desk.parquet("out.parquet");
    assert_eq!(
        (table.names, table.rows.len()),
        (vec!["id".to_owned(), "name".to_owned()], 0)
    );
}

#[test]
fn a_folder_called_like_a_table_whose_header_the_file_does_not_have_is_told() {
    let desk = Desk::with(&[("OBJECTS/own.csv", "id,name,since\n1,a,b\n")]);
    desk.run(&["convert", "OBJECTS/own.csv", "out.parquet"])
        .expect(0)
        .says("note: OBJECTS/own.csv: the header is not the one of OBJECTS, as its folder is called: it is read as a file of no");
    assert_eq!(desk.parquet("out.parquet").names, ["id", "name", "since"]);
}

#[test]
fn parquet_is_not_written_to_stdout_nor_to_a_file_called_like_it() {
    let desk = Desk::with(&[("a.csv", "id\n1\n")]);
    let before = desk.listing();
    desk.run(&["convert", "a.csv", "-"]).expect(2).says("found -");
    assert_eq!(desk.listing(), before);
}

#[test]
fn names_stay_the_files_own() {
    let desk = Desk::with(&[("a.csv", "Id,First Name,,Id,date\n1,2,3,4,5\n")]);
    for types in ["catalog", "text"] {
        desk.run(&["convert", "a.csv", "out.parquet", "--types", types])
            .expect(0);
        let names = desk.parquet("out.parquet").names;
        assert_eq!(names, ["Id", "First Name", "column_3", "Id_2", "date"]);
    }
    desk.run(&["convert", "a.csv", "out.parquet", "--header", "no"])
        .expect(0);
    let table = desk.parquet("out.parquet");
    assert_eq!(table.names[0], "column_1");
    assert_eq!(table.rows.len(), 2);
}

#[test]
fn tables_are_told_by_folder_flag_or_file() {
    let part = "OBJECTTYPEID,OBJECTID,INGESTEDAT\n0-1,7,2026-11-20 10:00:00.000 Z\n";
    let desk = Desk::with(&[
        ("hubspot/2026-11-20/OBJECTS/data.csv", part),
        ("OBJECTS/data.csv", part),
        ("data.csv", part),
        ("lists/data.csv", "City,Price\na,1\n"),
        (
            "deals.toml",
            "[[table]]\nname = \"DEALS\"\n[[table.columns]]\nname = \"Price\"\ntype = \"double\"\n",
        ),
        (
            "several.toml",
            "[[table]]\nname = \"DEALS\"\n[[table.columns]]\nname = \"Price\"\ntype = \"double\"\n[[table]]\nname = \"THINGS\"\n",
        ),
    ]);
    let typed = |arguments: &[&str]| {
        desk.run(&[&["convert"], arguments, &["out.parquet"]].concat())
            .expect(0);
        desk.parquet("out.parquet")
    };
    for arguments in [
        &["hubspot/2026-11-20/OBJECTS/data.csv"][..],
        &["OBJECTS/data.csv"],
        &["data.csv", "--table", "objects"],
    ] {
        let table = typed(arguments);
        assert_eq!(
            table.names,
            ["objecttypeid", "objectid", "ingestedat"],
            "{arguments:?}"
        );
        assert_eq!(table.types[1], DataType::Int64);
    }
    for arguments in [
        &["data.csv"][..],
        &["OBJECTS/data.csv", "--table", "none"],
        &["OBJECTS/data.csv", "--types", "text"],
    ] {
        let table = typed(arguments);
        assert_eq!(
            table.names,
            ["OBJECTTYPEID", "OBJECTID", "INGESTEDAT"],
            "{arguments:?}"
        );
        assert_eq!(table.types[1], DataType::Utf8);
    }
    // Anybody may call a folder so.
    assert_eq!(typed(&["lists/data.csv"]).names, ["City", "Price"]);
    let table = typed(&["lists/data.csv", "--table", "none", "--types", "text"]);
    assert_eq!(table.types, [DataType::Utf8, DataType::Utf8]);
    desk.write("deals.csv", b"Name,Price\na,1.5\n");
    let refused = desk.run(&[
        "convert",
        "deals.csv",
        "o.parquet",
        "--types",
        "text",
        "--table",
        "deals",
    ]);
    refused.expect(2).says(
        "--table: expected none, as --types text is about a file that is no HubSpot table, found \"deals\"",
    );
    let table = typed(&["deals.csv", "--types", "deals.toml"]);
    assert_eq!(table.names, ["Name", "Price"]);
    assert_eq!(table.types, [DataType::Utf8, DataType::Float64]);
    // Of several, none is meant unless a folder or a flag says so: not a word of the file would have been used.
    desk.run(&["convert", "deals.csv", "no.parquet", "--types", "several.toml"])
        .expect(2)
        .says("--types several.toml: expected a file in a folder called like one of its tables, or --table NAME");
    let table = typed(&["deals.csv", "--types", "several.toml", "--table", "deals"]);
    assert_eq!(table.types, [DataType::Utf8, DataType::Float64]);
    desk.run(&["convert", "data.csv", "no.parquet", "--table", "nope"])
        .expect(2)
        .says("OBJECTS");
    assert!(!desk.path("no.parquet").exists());
}

#[test]
fn every_type_of_a_list() {
    let desk = Desk::with(&[
        (
            "a.csv",
            "s,i,d,b,day,at,m\nx,7,1.5,true,2026-11-20,2026-11-20 10:11:12.123 Z,12.30\n",
        ),
        (
            "types.json",
            r#"[{"name":"s","type":"string"},{"name":"i","type":"bigint"},{"name":"d","type":"double"},
                {"name":"b","type":"boolean"},{"name":"day","type":"date"},{"name":"at","type":"timestamp"},
                {"name":"m","type":"decimal(10,2)"}]"#,
        ),
    ]);
    desk.run(&["convert", "a.csv", "out.parquet", "--types", "types.json"])
        .expect(0);
    let table = desk.parquet("out.parquet");
    assert_eq!(
        table.rows,
        [[
            "x",
            "7",
            "1.5",
            "true",
            "2026-11-20",
            "2026-11-20T10:11:12.123",
            "12.30"
        ]]
    );
    assert_eq!(table.types[6], DataType::Decimal128(10, 2));
}

#[test]
fn types_that_cannot_be_used_are_refused() {
    let desk = Desk::with(&[("a.csv", "a,b\n1,2\n")]);
    for (text, says) in [
        ("[]", "empty list"),
        ("", "found nothing"),
        (r#"[{"name":"a","type":"integer"}]"#, "unknown type \"integer\""),
        (r#"[{"name":"a","type":"bigint","x":1}]"#, "unknown field"),
        ("[[table]]\nname = 7\n", "types"),
        ("nonsense", "types"),
    ] {
        desk.write("types", text.as_bytes());
        desk.run(&["convert", "a.csv", "out.parquet", "--types", "types"])
            .expect(2)
            .says(says);
    }
    desk.run(&["convert", "a.csv", "out.parquet", "--types", "none-such"])
        .expect(2)
        .says("none-such");
    desk.write("types", br#"[{"name":"zzz","type":"bigint"}]"#);
    desk.run(&["convert", "a.csv", "out.parquet", "--types", "types"])
        .expect(1)
        .says("zzz");
    assert_eq!(desk.listing(), ["a.csv", "types"]);
}

#[test]
fn codecs() {
    let desk = Desk::with(&[("a.csv", PLAIN)]);
    for codec in [
        "zstd", "zstd:1", "zstd:22", "snappy", "snappy:3", "none", "none:9",
    ] {
        desk.run(&["convert", "a.csv", "out.parquet", "--codec", codec])
            .expect(0);
        let shown = desk.run(&["inspect", "out.parquet"]).expect(0).stdout;
        let expected = match codec.split(':').next().unwrap() {
            "none" => "uncompressed",
            name => name,
        };
        assert!(shown.contains(expected), "{codec}: {shown}");
    }
    for codec in ["", "zstd:0", "zstd:23", "zstd:", "gzip", "brotli:4"] {
        desk.run(&["convert", "a.csv", "no.parquet", "--codec", codec])
            .expect(2);
    }
    assert!(!desk.path("no.parquet").exists());
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_none() {
    let desk = Desk::with(&[("a.csv", PLAIN)]);
    let full = std::fs::File::create("/dev/full").unwrap();
    let status = desk
        .command(&["inspect", "a.csv"])
        .stdout(full)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    let mut child = desk
        .command(&["inspect", "a.csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn rejects_say_where_they_stood() {
    let desk = Desk::with(&[
        (
            "a.csv",
            "id,t\n1,\"x\ny\"\n\nbad,z\n3\n\n5,\"\n\n\"\nworse,\"\n\"\n6,7,8\n",
        ),
        ("types.json", r#"[{"name":"id","type":"bigint"}]"#),
    ]);
    desk.run(&["convert", "a.csv", "out.parquet", "--types", "types.json"])
        .expect(3);
    let places: Vec<[u64; 3]> = desk
        .read("out.parquet.rejects.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|reject| ["record", "line", "byte"].map(|key| reject[key].as_u64().unwrap()))
        .collect();
    assert_eq!(places, [[3, 5, 14], [4, 6, 20], [6, 11, 30], [7, 13, 40]]);
}

#[test]
fn bytes_are_the_texts_with_its_byte_order_mark() {
    let ragged = "a,b\n1\n";
    let marked = format!("\u{feff}{ragged}");
    for (bytes, flags, byte) in [
        (ragged.as_bytes().to_vec(), &[][..], 4),
        (marked.clone().into_bytes(), &[], 7),
        (marked.clone().into_bytes(), &["--skip-rows", "0"], 7),
        (gzip(marked.as_bytes()), &[], 7),
        // In other encodings, as UTF-8 and without the mark.
        (utf16(&marked), &[], 4),
        (utf16(ragged), &["--encoding", "utf-16le"], 4),
        (b"\xe4,b\n1\n".to_vec(), &["--encoding", "latin-1"], 5),
    ] {
        let desk = Desk::new();
        desk.write("a.csv", &bytes);
        desk.run(&[&["convert", "a.csv", "out.parquet"], flags].concat())
            .expect(3)
            .says(&format!("the first is record 2, line 2, byte {byte}: "));
        let reject: serde_json::Value =
            serde_json::from_str(&desk.read("out.parquet.rejects.jsonl")).unwrap();
        assert_eq!(reject["byte"], byte);
    }
    // What speaks for a dialect is where it is said to be, and shown from there.
    let desk = Desk::with(&[
        ("a.csv", "\u{feff}a,b\n1,\"x\"\n"),
        ("b.csv", "\u{feff}a,b\n1\\,5,2\n"),
    ]);
    desk.run(&["inspect", "a.csv"])
        .expect(0)
        .shows("quoted: at record 2, line 2, byte 9 is a field in quotes");
    desk.run(&["inspect", "b.csv"])
        .expect(0)
        .shows("escaped: at record 2, line 2, byte 8 is a backslash before a delimiter");
    let desk = Desk::with(&[("c.csv", "\u{feff}a,b\n1,\"x\"y\n2,\"z\"\n")]);
    desk.run(&["convert", "c.csv", "out.parquet"])
        .expect(1)
        .says("record 2, line 2, byte 12");
}

/// Nothing can be made in `/proc`, whoever asks.
#[cfg(target_os = "linux")]
#[test]
fn rejects_that_cannot_be_written_say_why() {
    let desk = Desk::with(&[("a.csv", "a,b\n1\n")]);
    desk.run(&["convert", "a.csv", "out.parquet", "--rejects", "/proc/r.jsonl"])
        .expect(1)
        .says("/proc: creating a file failed: No such file or directory");
    assert_eq!(desk.listing(), ["a.csv"]);
}

#[test]
fn types_of_another_shape_are_told_what_is_expected() {
    let desk = Desk::with(&[("a.csv", "v\n1\n")]);
    for (types, found) in [
        ("[1,2]", "a list with a number in it"),
        (r#"[["v","bigint"]]"#, "a list with a list in it"),
        (
            r#"[{"name":"v","type":"bigint"},"x"]"#,
            "a list with a text in it",
        ),
        ("null", "null"),
        ("{}", "an object"),
        (r#" {"v":"bigint"}"#, "an object"),
        ("\"catalog\"", "a text"),
        ("7", "a number"),
    ] {
        desk.write("types", types.as_bytes());
        let ran = desk
            .run(&["convert", "a.csv", "out.parquet", "--types", "types"])
            .expect(2)
            .says("types: expected a JSON list of {\"name\", \"type\"}, or a catalog in TOML, found ");
        assert!(
            ran.stderr.contains(found) && !ran.stderr.contains("unclosed"),
            "{types}: {ran:?}"
        );
    }
    assert_eq!(desk.listing(), ["a.csv", "types"]);
}

#[cfg(unix)]
#[test]
fn a_device_is_called_by_its_path() {
    let desk = Desk::new();
    desk.run(&["convert", "/dev/null", "x"])
        .expect(1)
        .says("/dev/null: the source is empty");
}

#[test]
fn bytes_that_an_encoding_has_not_are_told_with_what_was_declared() {
    let desk = Desk::new();
    desk.write("a.csv", b"a,b\n1,\xff\n");
    desk.write("cp949.json", br#"{"encoding":"cp949"}"#);
    for declared in [["--encoding", "cp949"], ["--dialect", "cp949.json"]] {
        let told = "cp949: 1 byte at byte 6 of the text is not valid EUC-KR";
        desk.run(&[&["convert", "a.csv", "x"], &declared[..]].concat())
            .expect(1)
            .says(told);
        let ran = desk
            .run(&[&["inspect", "a.csv"], &declared[..]].concat())
            .expect(1);
        assert!(ran.stdout.contains(told), "{ran:?}");
    }
    desk.run(&["convert", "a.csv", "x", "--encoding", "EUC-KR"])
        .expect(1)
        .says("a.csv: 1 byte at byte 6 of the text is not valid EUC-KR");
}
