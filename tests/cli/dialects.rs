//! Dialects by flags and by file.

use super::Desk;

/// Converts a text under flags, and gives its rows with the names before them.
#[track_caller]
fn rows(text: &[u8], arguments: &[&str]) -> Vec<Vec<String>> {
    let desk = Desk::new();
    desk.write("in.txt", text);
    desk.run(&[&["convert", "in.txt", "out.parquet"], arguments].concat())
        .expect(0);
    let table = desk.parquet("out.parquet");
    [vec![table.names], table.rows].concat()
}

/// The same under a dialect's file.
#[track_caller]
fn rows_by_file(text: &[u8], dialect: &str, arguments: &[&str]) -> Vec<Vec<String>> {
    let desk = Desk::with(&[("dialect.json", dialect)]);
    desk.write("in.txt", text);
    let file = ["convert", "in.txt", "out.parquet", "--dialect", "dialect.json"];
    desk.run(&[&file[..], arguments].concat()).expect(0);
    let table = desk.parquet("out.parquet");
    [vec![table.names], table.rows].concat()
}

#[test]
fn delimiters() {
    for spelled in ["\t", "\\t", "tab"] {
        assert_eq!(
            rows(b"a,b\tc\n1,2\t3\n", &["--delimiter", spelled]),
            [["a,b", "c"], ["1,2", "3"]]
        );
    }
    assert_eq!(
        rows(b"a||b\n1||2\n", &["--delimiter", "||"]),
        [["a", "b"], ["1", "2"]]
    );
    assert_eq!(
        rows(b"a-b\n1-2\n", &["--delimiter", "-"]),
        [["a", "b"], ["1", "2"]]
    );
    for found in [",", ";", "\t", "|"] {
        let text = format!("a{found}b\n1{found}2\n");
        assert_eq!(rows(text.as_bytes(), &[]), [["a", "b"], ["1", "2"]]);
    }
}

#[test]
fn a_delimiter_is_one_that_all_records_are_read_by() {
    // By commas the first record has two fields as well, and the second cannot be read.
    assert_eq!(
        rows(b"size|price, EUR\n\"it\"\"s\"|5\n", &[]),
        [["size", "price, EUR"], ["it\"s", "5"]]
    );
    // What stands in quotes is not split.
    assert_eq!(rows(b"\"mail\"|\"x;y\"\n", &[]), [["mail", "x;y"]]);
    // Decimal commas.
    assert_eq!(
        rows(b"1;1,5\n2;2,5\n", &["--header", "no"]),
        [["column_1", "column_2"], ["1", "1,5"], ["2", "2,5"]]
    );
    // A tab does not make one column of two.
    let desk = Desk::with(&[("in.csv", "a,b\n1,2\n")]);
    let ran = desk
        .run(&["convert", "in.csv", "out.parquet", "--columns", "x"])
        .expect(1);
    assert!(
        ran.stderr.contains("1 name is declared") && ran.stderr.contains("found 2 fields"),
        "{ran:?}"
    );
    assert_eq!(rows(b"x\n1\n", &["--columns", "y"]), [["y"], ["1"]]);
}

#[test]
fn empty_lines_are_records_of_one_column_from_the_first_on() {
    assert_eq!(
        rows(b"\nabc\n\n", &["--header", "no"]),
        [["column_1"], ["∅"], ["abc"], ["∅"]]
    );
    assert_eq!(
        rows(b"\n\n1,2\n\n", &["--header", "no"]),
        [["column_1", "column_2"], ["1", "2"]]
    );
    assert_eq!(rows(b"\n\na\n1\n", &[]), [["a"], ["1"]]);
    // Where one column is declared, and nothing says whether there is a header.
    let types = "[[table]]\nname = \"IDS\"\n[[table.columns]]\nname = \"ID\"\ntype = \"bigint\"\n";
    let desk = Desk::with(&[("types.toml", types)]);
    let ids = |text: &str| {
        desk.write("in.csv", text.as_bytes());
        let arguments = ["convert", "in.csv", "out.parquet", "--types", "types.toml"];
        let ran = desk.run(&arguments).expect(0);
        (desk.parquet("out.parquet").rows.concat(), ran)
    };
    assert_eq!(ids("\n\r\n7\n\n8\n").0, ["∅", "∅", "7", "∅", "8"]);
    assert_eq!(ids("\n\n").0, ["∅", "∅"]);
    assert_eq!(ids("\n\nid\n\n8\n").0, ["∅", "8"]);
    let names = ["--columns", "x", "--header", "no"];
    assert_eq!(rows(b"\n\nabc\n", &names), [["x"], ["∅"], ["∅"], ["abc"]]);
    let names = ["--columns", "x", "--table", "none", "--header", "auto"];
    assert_eq!(rows(b"\n\nx\nabc\n", &names), [["x"], ["abc"]]);
}

#[test]
fn a_delimiter_is_found_under_what_is_declared() {
    let expected = [["a", "b"], ["1", "2"]];
    let comment = ["--comment", "#"];
    assert_eq!(rows(b"# exported 2026; by x\na,b\n1,2\n", &comment), expected);
    assert_eq!(
        rows(b"# it's\ra,b\r1,2\r", &["--comment", "#", "--quote", "'"]),
        expected
    );
    assert_eq!(
        rows_by_file(b"a,b|\n1,2|\n3,4|\n", r#"{"newline": "|\n"}"#, &[]),
        [["a", "b"], ["1", "2"], ["3", "4"]]
    );
    assert_eq!(
        rows(b"'a;x',b\n'x;y',1\n", &["--quote", "'"]),
        [["a;x", "b"], ["x;y", "1"]]
    );
    assert_eq!(rows(b"|a|,|b|\n|1|,|2|\n", &["--quote", "|"]), expected);
    // None that is left splits.
    assert_eq!(rows(b",a,\n,1,\n", &["--quote", ","]), [["a"], ["1"]]);
    // A comment that could be a delimiter is one.
    assert_eq!(rows(b";;;\na,b\n1,2\n", &["--comment", ";"]), expected);
    assert_eq!(
        rows(b"a^;x,b\n1,2\n", &["--quote", "none", "--escape", "^"]),
        [["a;x", "b"], ["1", "2"]]
    );
    // A line end that is declared is the only one.
    assert_eq!(
        rows_by_file(b"a;b\r,\n1;2\n", r#"{"newline": "\n"}"#, &[]),
        [["a", "b\r,"], ["1", "2"]]
    );
}

#[test]
fn an_escape_makes_data_of_one_character_where_records_end_in_lf() {
    let bare = ["--quote", "none", "--escape", "\\"];
    assert_eq!(
        rows(b"a,b\n1,x\\\r\n2,y\n", &bare),
        [["a", "b"], ["1", "x\r"], ["2", "y"]]
    );
    assert_eq!(
        rows(b"a,b\r\n1,x\\\r\ny\r\n", &bare),
        [["a", "b"], ["1", "x\r\ny"]]
    );
}

#[test]
fn quotes_and_escapes() {
    assert_eq!(
        rows(b"a,b\n'1,2','it''s'\n", &["--quote", "'"]),
        [["a", "b"], ["1,2", "it's"]]
    );
    assert_eq!(
        rows(b"a,b\n\"1\\\"2\",3\n", &["--escape", "\\"]),
        [["a", "b"], ["1\"2", "3"]]
    );
    let escaped = ["--quote", "", "--escape", "\\"];
    assert_eq!(rows(b"a,b\n1\\,2,\"3\n", &escaped), [["a", "b"], ["1,2", "\"3"]]);
    let bare = ["--quote", "none", "--escape", "none"];
    assert_eq!(rows(b"a,b\n1\\,\"3\n", &bare), [["a", "b"], ["1\\", "\"3"]]);
}

#[test]
fn a_declared_escape_goes_whatever_stands_behind_it() {
    // As Python's csv reads them with escapechar.
    let inside = ["--escape", "\\"];
    assert_eq!(
        rows(b"a,b\n\"C:\\\\t \\x \\\"\\\xc3\xa9\",\\x\n", &inside),
        [["a", "b"], ["C:\\t x \"é", "\\x"]]
    );
    let everywhere = ["--quote", "none", "--escape", "\\"];
    assert_eq!(
        rows(b"a,b\n\\\"q\\\",\\x\\,y\\\\\n\\N,\\\\N\n", &everywhere),
        [["a", "b"], ["\"q\"", "x,y\\"], ["∅", "\\N"]]
    );
    let caret = ["--quote", "none", "--escape", "^"];
    assert_eq!(
        rows(b"a,b\n^x^,^^,\\N^\n\n", &caret),
        [["a", "b"], ["x,^", "\\N\n"]]
    );
    // A delimiter of several characters, escaped as one or each by itself.
    let wide = ["--quote", "none", "--escape", "^", "--delimiter", "||"];
    assert_eq!(
        rows(b"a||b\n1^||2||^|^|3^|\n", &wide),
        [["a", "b"], ["1||2", "||3|"]]
    );
}

#[test]
fn first_class_dialects_have_names() {
    let escaped = ["--dialect", "escaped"];
    assert_eq!(
        rows(b"a,b\n\"q\",C:\\temp\\,x\n", &escaped),
        [["a", "b"], ["\"q\"", "C:\\temp,x"]]
    );
    assert_eq!(
        rows(b"a;b\nx\\;\\y;\n", &["--dialect", "escaped", "--delimiter", ";"]),
        [["a", "b"], ["x;\\y", ""]]
    );
    assert_eq!(
        rows(b"a,b\nx\\\\y,\n", &["--dialect", "quoted"]),
        [["a", "b"], ["x\\\\y", "∅"]]
    );
}

#[test]
fn as_many_names_as_fields() {
    let desk = Desk::with(&[("in.csv", "a,b\n1,2\n"), ("teams/in.csv", "1,2\n")]);
    for (file, flags) in [
        ("in.csv", &["--columns", "x,y,z"][..]),
        ("in.csv", &["--columns", "x,y,z", "--header", "no"]),
        ("teams/in.csv", &["--columns", "x,y,z", "--table", "TEAMS"]),
    ] {
        let ran = desk
            .run(&[&["convert", file, "out.parquet"], flags].concat())
            .expect(1)
            .says("3 names are declared (columns)")
            .says("found 2 fields in the first record")
            .says("hint: --columns takes one name for each field");
        assert!(!ran.stderr.contains("--table none"), "{ran:?}");
    }
}

#[test]
fn a_first_record_of_another_width_is_rejected_alone_if_others_fit() {
    let desk = Desk::with(&[("in.csv", "title\n1,2,3\n4,5,6\n")]);
    let names = ["--columns", "a,b,c", "--header", "no"];
    desk.run(&[&["convert", "in.csv", "out.parquet"], &names[..]].concat())
        .expect(3)
        .says("2 rows, 1 record rejected");
    assert_eq!(
        desk.parquet("out.parquet").rows,
        [["1", "2", "3"], ["4", "5", "6"]]
    );
    let rejects = desk.read("out.parquet.rejects.jsonl");
    assert!(rejects.contains(r#""record":1,"line":1,"byte":0,"#), "{rejects}");
    // Empty lines of one column are records, whatever comes first.
    desk.write("one.csv", b"\n1,2\n3\n");
    desk.run(&[
        "convert",
        "one.csv",
        "one.parquet",
        "--columns",
        "a",
        "--header",
        "no",
    ])
    .expect(3);
    assert_eq!(desk.parquet("one.parquet").rows, [["∅"], ["3"]]);
    // What is a header has to have as many names as are declared, and so has one of the first records.
    for (text, header) in [
        ("title\n1,2,3\n".to_owned(), "yes"),
        ("1,2\n".repeat(1_000) + "1,2,3\n", "no"),
    ] {
        desk.write("in.csv", text.as_bytes());
        desk.run(&[
            "convert",
            "in.csv",
            "no.parquet",
            "--columns",
            "a,b,c",
            "--header",
            header,
        ])
        .expect(1)
        .says("3 names are declared (columns)");
    }
}

#[test]
fn a_rejected_record_is_told_without_its_line_end() {
    for (text, newline, raw) in [
        ("a,b|1,2,x\n|3,4|", "|", "1,2,x\n"),
        ("a,b;;1;;3,4;;", ";;", "1"),
        ("a,b\n1,2,x\r\n3,4\n", "\n", "1,2,x\r"),
    ] {
        let dialect = serde_json::json!({"delimiter": ",", "newline": newline, "kind": "quoted"});
        let desk = Desk::with(&[("in.csv", text), ("d.json", &dialect.to_string())]);
        desk.run(&["convert", "in.csv", "out.parquet", "--dialect", "d.json"])
            .expect(3);
        let reject: serde_json::Value =
            serde_json::from_str(&desk.read("out.parquet.rejects.jsonl")).unwrap();
        assert_eq!(reject["raw"], raw, "{text:?}");
    }
}

#[test]
fn excels_hint_is_the_delimiter_and_no_header() {
    let expected = [["a,b", "c"], ["1", "2,5"]];
    for text in [
        "sep=;\na,b;c\n1;2,5\n",
        "\u{feff}sep=;\r\na,b;c\r\n1;2,5\r\n",
        "\"sep=;\"\na,b;c\n1;2,5\n",
        "SEP=;\ra,b;c\r1;2,5\r",
    ] {
        assert_eq!(rows(text.as_bytes(), &[]), expected, "{text:?}");
        assert_eq!(rows(text.as_bytes(), &["--delimiter", ";"]), expected, "{text:?}");
    }
    assert_eq!(
        rows(b"sep=\t\na\tb\n1\t2\n", &["--header", "no", "--columns", "x,y"]),
        [["x", "y"], ["a", "b"], ["1", "2"]]
    );
    let utf16: Vec<u8> = "\u{feff}sep=^\na^b\n1^2\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(rows(&utf16, &[]), [["a", "b"], ["1", "2"]]);

    let desk = Desk::with(&[
        ("in.csv", "sep=;\na;b\n1;\"x\ny\"\n2\n"),
        ("types.json", r#"[{"name":"a","type":"bigint"}]"#),
    ]);
    desk.run(&["convert", "in.csv", "out.parquet", "--types", "types.json"])
        .expect(3)
        .says("note: in.csv: line 1 is Excel's hint `sep=;`");
    let rejects = desk.read("out.parquet.rejects.jsonl");
    assert!(rejects.contains(r#""record":3,"line":5,"#), "{rejects}");
    desk.run(&["inspect", "in.csv"])
        .expect(0)
        .shows("line 1 is Excel's hint");
    desk.run(&["convert", "in.csv", "out.parquet", "--quiet"])
        .expect(3);

    // What is declared otherwise is no hint; nor is what is not alone in its line, or could be no delimiter.
    assert_eq!(rows(b"sep=;\n1\n", &["--delimiter", ","]), [["sep=;"], ["1"]]);
    assert_eq!(rows(b"x\nsep=;\n", &["--skip-rows", "1"]), [["sep=", "column_2"]]);
    assert_eq!(
        rows(b"sep=;\n1;2\n", &["--skip-rows", "0"]),
        [["sep=", "column_2"], ["1", "2"]]
    );
    assert_eq!(rows(b"sep=;x\n1;2\n", &[]), [["sep=", "x"], ["1", "2"]]);
    assert_eq!(rows(b"sep=\n1\n", &[]), [["sep="], ["1"]]);
    assert_eq!(rows(b"sep=a\n1\n", &[]), [["sep=a"], ["1"]]);
}

#[test]
fn headers_and_names() {
    let text = b"a,b\n1,2\n";
    assert_eq!(rows(text, &["--header", "yes"]), [["a", "b"], ["1", "2"]]);
    assert_eq!(rows(text, &["--header", "auto"]), [["a", "b"], ["1", "2"]]);
    assert_eq!(
        rows(text, &["--header", "no"]),
        [["column_1", "column_2"], ["a", "b"], ["1", "2"]]
    );
    for auto in [
        &["--columns", "x,y"][..],
        &["--columns", "x,y", "--header", "auto"],
    ] {
        assert_eq!(rows(text, auto), [["x", "y"], ["1", "2"]]);
    }
    // A flag goes before a file, `auto` too.
    let none = r#"{"header": false}"#;
    assert_eq!(rows_by_file(text, none, &[]).len(), 3);
    assert_eq!(
        rows_by_file(text, none, &["--header", "auto"]),
        [["a", "b"], ["1", "2"]]
    );
    assert_eq!(
        rows(text, &["--header", "no", "--columns", "x,\"y,z\""]),
        [["x", "y,z"], ["a", "b"], ["1", "2"]]
    );
}

#[test]
fn encodings() {
    let expected = [["é", "b"], ["ü", "2"]];
    assert_eq!(rows(b"\xe9,b\n\xfc,2\n", &["--encoding", "latin-1"]), expected);
    let utf16: Vec<u8> = "é,b\nü,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(rows(&utf16, &["--encoding", "utf-16le"]), expected);
    let marked = [b"\xff\xfe", utf16.as_slice()].concat();
    assert_eq!(rows(&marked, &[]), expected);
    assert_eq!(rows("\u{feff}é,b\nü,2\n".as_bytes(), &[]), expected);
}

#[test]
fn nulls() {
    let text = b"a,b\nNA,\\N\n\"NA\",n/a\n";
    assert_eq!(rows(text, &["--null", "NA"])[1..], [["∅", "\\N"], ["NA", "n/a"]]);
    assert_eq!(
        rows(text, &["--null", "NA", "n/a"])[1..],
        [["∅", "\\N"], ["NA", "∅"]]
    );
    assert_eq!(
        rows(text, &["--null", "NA", "--null", "\\N"])[1..],
        [["∅", "∅"], ["NA", "n/a"]]
    );
    assert_eq!(
        rows(
            b"a,b\n\"\",x\n,y\n",
            &["--quote", "none", "--escape", "none", "--null", ""]
        )[1..],
        [["\"\"", "x"], ["∅", "y"]]
    );
    // Names of files behind tokens.
    let desk = Desk::new();
    desk.write("in.txt", text);
    desk.run(&["convert", "--null", "NA", "n/a", "in.txt", "out.parquet"])
        .expect(0);
    assert_eq!(desk.parquet("out.parquet").rows, [["∅", "\\N"], ["NA", "∅"]]);
    desk.run(&["convert", "in.txt", "--null", "NA", "two.parquet"])
        .expect(0);
    assert!(desk.path("two.parquet").exists());
    desk.run(&["inspect", "--null", "NA", "in.txt"]).expect(0);
}

#[test]
fn lines_to_be_passed_over() {
    let text = b"made by hand\n\na,b\n# no record\n1,2\n";
    assert_eq!(
        rows(text, &["--skip-rows", "2", "--comment", "#"]),
        [["a", "b"], ["1", "2"]]
    );
}

#[test]
fn every_key_of_a_file() {
    let text = "skipped; line\nheader;h2;h3|//no record|'it''s; x';NA;\u{e4}|bare;;n/a|";
    let latin: Vec<u8> = text
        .chars()
        .map(|char| u8::try_from(u32::from(char)).unwrap())
        .collect();
    let dialect = r#"{"delimiter": ";", "quote": "'", "escape": "'", "header": true, "skip_rows": 1, "encoding": "latin-1",
        "newline": "|", "null_values": ["NA", "n/a"], "columns": ["x", "y", "z"], "comment": "//"}"#;
    let latin = String::from_utf8_lossy(&latin)
        .replace('\u{fffd}', "\u{e4}")
        .replace("line\n", "line|");
    let latin: Vec<u8> = latin
        .chars()
        .map(|char| u8::try_from(u32::from(char)).unwrap())
        .collect();
    let expected = [["x", "y", "z"], ["it's; x", "∅", "ä"], ["bare", "∅", "∅"]];
    assert_eq!(rows_by_file(&latin, dialect, &[]), expected);
}

#[test]
fn flags_go_before_the_file() {
    let dialect = r#"{"delimiter": ";", "header": false}"#;
    assert_eq!(
        rows_by_file(b"a,b\n1,2\n", dialect, &["--delimiter", ","]).len(),
        3
    );
    assert_eq!(
        rows_by_file(b"a;b\n1;2\n", dialect, &["--header", "yes"]),
        [["a", "b"], ["1", "2"]]
    );
}

#[test]
fn dialects_that_cannot_be_used_are_refused() {
    let desk = Desk::with(&[("a.csv", "a,b\n1,2\n")]);
    for (text, says) in [
        (r#"{"delimeter": ","}"#, "unknown key \"delimeter\""),
        (r#"{"delimiter": ""}"#, "\"delimiter\" is empty"),
        (r#"{"quote": "''"}"#, "\"quote\""),
        (r#"{"header": "maybe"}"#, "\"header\""),
        (r#"{"skip_rows": -1}"#, "\"skip_rows\""),
        (r#"{"encoding": "klingon"}"#, "unknown encoding"),
        (r#"{"null_values": "NA"}"#, "\"null_values\""),
        ("[]", "expected a JSON object"),
        ("{", "expected a JSON object"),
    ] {
        desk.write("d.json", text.as_bytes());
        desk.run(&["convert", "a.csv", "out.parquet", "--dialect", "d.json"])
            .expect(2)
            .says(says)
            .says("d.json");
    }
    for flags in [
        &["--delimiter", ""][..],
        &["--quote", "ab"],
        &["--quote", "'", "--delimiter", "'"],
        &["--header", "maybe"],
        &["--encoding", "klingon"],
        &["--skip-rows", "-1"],
        &["--columns", ""],
        &["--columns", "a,b\nc,d"],
        &["--columns", "\na,b"],
        &["--columns", "\"a,b"],
        &["--columns", "\"a\"x,b"],
        &["--null"],
        &["--threads", "0"],
        &["--dialect", "none-such.json"],
    ] {
        desk.run(&[&["convert", "a.csv", "out.parquet"], flags].concat())
            .expect(2);
    }
    assert_eq!(desk.listing(), ["a.csv", "d.json"]);
}

/// The index tells UTF-8 for the two dialects that it splits; a declared one goes another way.
#[test]
fn a_record_that_is_not_utf8_is_rejected_alone_in_every_dialect() {
    for (delimiter, flags) in [(",", &[][..]), (";", &["--delimiter", ";", "--quote", "'"])] {
        let desk = Desk::new();
        let text = [b"id,name\n1,good\n2,b".as_slice(), b"\xff", b"d\n3,good\n"].concat();
        let text: Vec<u8> = text
            .iter()
            .map(|&byte| {
                if byte == b',' {
                    delimiter.as_bytes()[0]
                } else {
                    byte
                }
            })
            .collect();
        desk.write("a.csv", &text);
        desk.run(&[&["convert", "a.csv", "out.parquet"], flags].concat())
            .expect(3)
            .says("2 rows, 1 record rejected");
        assert_eq!(desk.parquet("out.parquet").rows.len(), 2);
    }
}
