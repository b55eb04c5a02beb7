//! Which dialect a part is read in: each kind of evidence, late decisions, conflicts, and NULL in both dialects.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod core;

use core::{convert, dialect_plan, plan, refused, table_plan};
use std::cell::Cell;
use std::io::{self, Read, Write};

use daymark::catalog::{Column, Mark, Table};
use daymark::convert::{Budget, Pass, Plan, Typing, Unobserved, pass};
use daymark::limits::Limits;
use daymark::records::WINDOW_BYTES;
use daymark::types::Type;
use proptest::prelude::*;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_closed_quote_decides_for_quoted() {
    let done = convert(b"a,b\n1,\"x,\"\"y\"\"\nz\"\n2,\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "quoted");
    assert_eq!(done.column("b"), [some("x,\"y\"\nz"), None]);
}

#[test]
fn a_quote_in_the_header_decides_for_quoted() {
    let done = convert(b"a,\"b\"\nx\\\\y,1\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "quoted");
    assert_eq!(done.names, ["a", "b"]);
    assert_eq!(done.column("a"), [some("x\\\\y")]);
    refused(b"a,\"b\"\nx\\,y,1\n", &plan());
}

#[test]
fn an_escaped_delimiter_decides_for_escaped_where_only_that_gives_the_number_of_fields() {
    let done = convert(b"a,b\n1,x\\,y\n2,\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    assert_eq!(done.column("b"), [some("x,y"), some("")]);
}

#[test]
fn an_escaped_line_break_decides_for_escaped() {
    let done = convert(b"a,b\nx\\\ny,1\n,2\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    assert_eq!(done.column("a"), [some("x\ny"), some("")]);
}

#[test]
fn an_escaped_line_break_in_the_last_column_decides_by_the_line_behind_it() {
    let done = convert(b"a,b\n1,x\\\ny\n2,\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    assert_eq!(done.column("b"), [some("x\ny"), some("")]);
}

#[test]
fn a_chain_of_escaped_line_breaks_decides_for_escaped() {
    let done = convert(b"a,b\n1,x\\\ny\\\nz\n2,\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    assert_eq!(done.column("b"), [some("x\ny\nz"), some("")]);
}

#[test]
fn an_escaped_line_break_at_a_windows_end_decides_all_the_same() {
    // The window's last record is the first half of one.
    let text = ["a,b\n", &"2,\n".repeat(87_378), "12,x\\\n", "y\n3,\n"].concat();
    assert_eq!(text.find("y\n"), Some(daymark::records::WINDOW_BYTES));
    let done = convert(text.as_bytes(), &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    assert_eq!(done.column("b")[87_378..], [some("x\ny"), some("")]);
}

#[test]
fn a_quote_that_never_closes_may_be_data_of_an_escaped_part() {
    let text = ["a,b\n1,\"inch\n", &"2,x\n".repeat(300_000), "3,x\\,y\n"].concat();
    let mut plan = plan();
    plan.limits.record_bytes_max = 1 << 20;
    let done = convert(text.as_bytes(), &plan).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    assert_eq!(done.column("b")[0], some("\"inch"));
}

/// A field in quotes that is longer than a record may be, with these lines in it.
fn overlong(line: &str) -> String {
    let lines = line.repeat((2 << 20) / line.len());
    ["1,\"note\n", &lines, "p,q\"\n2,y\n"].concat()
}

#[test]
fn a_quote_that_closes_beyond_the_limit_is_one_all_the_same() {
    let mut plan = plan();
    plan.limits.record_bytes_max = 1 << 20;
    plan.limits.field_bytes_max = 1 << 20;
    // Its lines could be records of an escaped part.
    let cells = overlong("x\\, y,zzzzz\n");
    for text in [
        format!("a,b\n{cells}"),
        format!("a,b\n0,p\\,q\n{cells}"),
        format!("a,b\n{cells}0,p\\,q\n"),
    ] {
        let message = refused(text.as_bytes(), &plan);
        let byte = text.find('"').unwrap();
        assert!(message.starts_with("the part is escaped by record "), "{message}");
        assert!(
            message.contains(&format!("byte {byte} speaks against it")),
            "{message}"
        );
    }
    // They could not, and the limit is what keeps it from being read.
    for (text, record) in [
        (format!("a,b\n{}", overlong("x\n")), 2),
        (overlong("x\n").replacen("1,", "a,", 1), 1),
    ] {
        let message = refused(text.as_bytes(), &plan);
        assert!(
            message.starts_with(&format!("a record, in bytes, is too large at record {record}, ")),
            "{message}"
        );
        assert!(message.contains("expected at most 1048576"), "{message}");
    }
}

#[test]
fn a_backslash_before_anything_else_decides_for_quoted() {
    let done = convert(b"a,b\n1,C:\\temp\n2,\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "quoted");
    assert_eq!(done.column("b"), [some("C:\\temp"), None]);
}

#[test]
fn what_both_dialects_could_be_is_read_as_quoted_with_a_warning() {
    let warned = |text: &str| {
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(done.report.dialect, "undecided", "{text}");
        done.report.warnings
    };
    for (text, place) in [
        ("a,b\n1,p\\\np\\,q\\\np\\,end\n2,y\n", "record 2, line 2, byte 7"),
        ("a\nx\\\ny\n", "record 2, line 2, byte 3"),
        ("a,b\n0,\n1,x\\\ry\n", "record 3, line 3, byte 10"),
    ] {
        let warnings = warned(text);
        assert_eq!(warnings.len(), 1, "{text}: {warnings:?}");
        assert!(
            warnings[0].contains(&format!("the first at {place}; declare")),
            "{text}: {warnings:?}"
        );
    }
    // As escaped, they would be of another number of fields, or the same records.
    for text in [
        "a,b\n1,x\\\n2,y\n",
        "a,b\n1,p\\,q,r\n2,y\n",
        "a,b\n\\N,x\n2,\\N\n",
        "a,b\n1,\n",
    ] {
        assert_eq!(warned(text), [""; 0], "{text}");
    }
}

#[test]
fn a_bare_null_token_decides_nothing() {
    let done = convert(b"a,b\n\\N,x\n2,\\N\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "undecided");
    assert_eq!(done.rows(), [vec![None, some("x")], vec![some("2"), None]]);
}

#[test]
fn a_doubled_backslash_decides_for_escaped_with_a_warning_if_nothing_stronger_comes() {
    let done = convert(b"a,b\n1,x\\\\y\n2,\n3,\\\\N\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    assert_eq!(done.column("b"), [some("x\\y"), some(""), some("\\N")]);
    assert!(
        done.report.warnings[0].contains("2 cells"),
        "{:?}",
        done.report.warnings
    );
}

#[test]
fn a_doubled_backslash_yields_to_a_quote_however_late() {
    let mut text = b"a,b\n1,x\\\\y\n".to_vec();
    (0..200_000).for_each(|_| text.extend_from_slice(b"2,\n"));
    text.extend_from_slice(b"3,\"q\"\n");
    let done = convert(&text, &plan()).unwrap();
    assert_eq!((done.report.dialect.as_str(), done.passes), ("quoted", 1));
    assert_eq!(done.column("b")[..2], [some("x\\\\y"), None]);
}

#[test]
fn a_late_decision_for_escaped_reads_the_part_again() {
    let mut text = b"a,b\n".to_vec();
    (0..200_000).for_each(|_| text.extend_from_slice(b"2,\n"));
    text.extend_from_slice(b"3,x\\,y\n");
    let done = convert(&text, &plan()).unwrap();
    assert_eq!((done.report.dialect.as_str(), done.passes), ("escaped", 2));
    assert_eq!(
        done.column("b")[0],
        some(""),
        "cells before the decision are read by it"
    );
}

#[test]
fn an_undecided_part_reads_bare_empties_as_quoted_does() {
    let done = convert(b"a,b\n1,\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "undecided");
    assert_eq!(done.column("b"), [None]);
}

#[test]
fn evidence_against_quoted_refuses_and_names_both_places() {
    let error = refused(b"a,b\n1,\"q\"\n2,x\\,y\n", &plan());
    assert!(error.contains("quoted by record 2, line 2, byte 6"), "{error}");
    assert!(error.contains("record 3, line 3"), "{error}");
}

#[test]
fn evidence_against_escaped_refuses_and_names_both_places() {
    for against in ["\"q\"", "C:\\temp", "\"x"] {
        let rest = if against == "\"x" { "\"x,y\"" } else { against };
        let error = refused(format!("a,b\n1,x\\,y\n2,{rest}\n").as_bytes(), &plan());
        assert!(error.contains("escaped by record 2, line 2"), "{rest}: {error}");
        assert!(error.contains("record 3, line 3"), "{rest}: {error}");
    }
}

#[test]
fn a_part_with_bare_quotes_is_escaped_once_something_confirms_it() {
    let done = convert(b"a,b\n1,5\" disk\n2,x\\,y\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    assert_eq!(done.column("b"), [some("5\" disk"), some("x,y")]);
}

#[test]
fn a_part_with_bare_quotes_that_nothing_confirms_is_refused() {
    let error = refused(b"a,b\n1,5\" disk\n2,x\n", &plan());
    assert!(
        error.contains("a quote inside a field that does not start with one at record 2, line 2, byte 7"),
        "{error}"
    );
    assert!(error.contains("escaped"), "{error}");
}

#[test]
fn lost_boundaries_in_a_quoted_part_refuse_it() {
    for (text, what) in [
        ("a,b\n1,\"q\"\n2,x\"y\n", "a quote inside a field"),
        ("a,b\n1,\"q\"\n2,\"x\"y\n", "text behind a closing quote"),
        ("a,b\n1,\"q\"\n2,\"x\n", "a quote that is never closed"),
    ] {
        let error = refused(text.as_bytes(), &plan());
        assert!(
            error.contains(what) && error.contains("record 3, line 3"),
            "{error}"
        );
    }
}

#[test]
fn declared_dialects_are_not_doubted() {
    let escaped = dialect_plan(r#"{"kind": "escaped"}"#);
    let done = convert(
        b"a,b\n1,\"q\"\n2,C:\\temp\n3,\"\\N\"\n4,\\N\n5,\n6,\\\\N\n",
        &escaped,
    )
    .unwrap();
    let expected = [
        some("\"q\""),
        some("C:\\temp"),
        some("\"\\N\""),
        None,
        some(""),
        some("\\N"),
    ];
    assert_eq!(done.column("b"), expected);
    let quoted = dialect_plan(r#"{"kind": "quoted"}"#);
    let done = convert(
        b"a,b\n1,\"\\N\"\n2,\\N\n3,\n4,\"\"\n5,\\\\N\n6,\"x\\,y\"\n",
        &quoted,
    )
    .unwrap();
    let expected = [some("\\N"), None, None, some(""), some("\\\\N"), some("x\\,y")];
    assert_eq!(done.column("b"), expected);
    let quoted_null = dialect_plan(r#"{"kind": "quoted", "quoted_null": true}"#);
    let done = convert(b"a,b\n1,\"\\N\"\n2,\"\"\n", &quoted_null).unwrap();
    assert_eq!(done.column("b"), [None, some("")]);
}

#[test]
fn a_cr_in_an_lf_file_is_data_where_no_quotes_are() {
    let done = convert(b"a,b\n1,x\\,y\r\n2,u\rv\n", &plan()).unwrap();
    assert_eq!(done.column("b"), [some("x,y\r"), some("u\rv")]);
}

#[test]
fn an_escaped_crlf_tells_no_line_end() {
    let bare = r#"{"quote": "", "escape": "\\", "header": false}"#;
    let named = r#"{"kind": "escaped", "header": false}"#;
    let delimited = r#"{"delimiter": "|", "columns": ["x", "y"], "header": false}"#;
    for json in [bare, named, delimited] {
        let done = convert(b"a\\\r\nb|x\r\n2|y\r\n3|z\r\n", &dialect_plan(json)).unwrap();
        let expected = [["a\r\nb", "x"], ["2", "y"], ["3", "z"]].map(|row| row.map(some));
        assert_eq!(done.rows(), expected, "{json}");
    }
    for json in [bare, named] {
        // An escaped CR at the end of a line, in a file whose lines end in LF, as the next one tells.
        let done = convert(b"a|x\\\r\n2|y\n3|z\r\n", &dialect_plan(json)).unwrap();
        let expected = [["a", "x\r"], ["2", "y"], ["3", "z\r"]].map(|row| row.map(some));
        assert_eq!(done.rows(), expected, "{json}");
        // None tells.
        let done = convert(b"a|x\\\r\n2|y", &dialect_plan(json)).unwrap();
        let expected = [["a", "x\r"], ["2", "y"]].map(|row| row.map(some));
        assert_eq!(done.rows(), expected, "{json}");
    }
    // However many there are before the first line end, and a window's end tells nothing.
    let text = ["a", &"\\\r\n".repeat(100_000), "|x\r\n2|y\r\n"].concat();
    for json in [bare, named] {
        let done = convert(text.as_bytes(), &dialect_plan(json)).unwrap();
        assert_eq!(done.rows().len(), 2, "{json}");
        assert_eq!(done.rows()[1], [some("2"), some("y")], "{json}");
    }
    let mut table = table_plan("OBJECTS");
    table.dialect = dialect_plan(r#"{"kind": "escaped"}"#).dialect;
    let text = b"0\\\r\n1,7,2024-12-10 13:45:07.123,2024-12-11 00:00:00.000\r\n";
    let done = convert(&text.repeat(2), &table).unwrap();
    assert_eq!(done.column("objecttypeid"), [some("0\r\n1"), some("0\r\n1")]);
}

#[test]
fn line_ends_of_every_kind() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["a,b", "1,\"x\ry\"", "", "2,z", ""].join(end);
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(done.column("b"), [some("x\ry"), some("z")], "{end:?}");
        assert_eq!(done.report.empty_lines, 1, "{end:?}");
    }
}

#[test]
fn a_delimiter_that_is_guessed_is_told() {
    for (text, warnings) in [
        ("a;b,c\n1;2,3\n", 1),
        // A decimal comma is in no header, and one in quotes splits nothing.
        ("a;b\n1;2,3\n", 0),
        ("a;\"b,c\"\n1;\"2,3\"\n", 0),
        ("a\n1\n", 0),
        ("a,b;c;d\n1,2;3;4\n", 0),
    ] {
        let done = convert(text.as_bytes(), &plan()).unwrap();
        let told = done
            .report
            .warnings
            .iter()
            .filter(|it| it.contains("declare the delimiter"));
        assert_eq!(told.count(), warnings, "{text:?}: {:?}", done.report.warnings);
    }
}

#[test]
fn delimiters_are_found() {
    for delimiter in [",", ";", "\t", "|"] {
        let text = format!("a{delimiter}b\n1{delimiter}\"x,;\t|y\"\n2{delimiter}z\n");
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(done.column("b"), [some("x,;\t|y"), some("z")], "{delimiter:?}");
    }
}

#[test]
fn a_chain_that_is_no_record_is_looked_at_once() {
    // Looked at from each of its lines, this takes minutes.
    let chain = "\\\n".repeat(200_000);
    for start in ["a,b\n", "a,b\n\"x\",1\n"] {
        let done = convert([start, &chain].concat().as_bytes(), &plan()).unwrap();
        assert_eq!(done.report.records_rejected, 200_000);
    }
}

#[test]
fn a_chain_of_many_windows_decides_as_a_short_one_does() {
    for lines in [3, 300_000] {
        let text = |start: &str, end: &str| [start, &"y\\\n".repeat(lines), end].concat();
        for end in ["y\n2,\n", "y\n", "y", ""] {
            let done = convert(text("a,b\n1,x\\\n", end).as_bytes(), &plan()).unwrap();
            assert_eq!(done.report.dialect, "escaped", "{lines} {end:?}");
            assert_eq!(done.report.records_rejected, 0);
            let cell = done.column("b")[0].clone().unwrap();
            assert_eq!(cell.len(), 2 + 2 * lines + usize::from(end.starts_with('y')));
        }
        // As escaped it is a record of three fields.
        let done = convert(text("a,b\n1,x\\\n", "y,z\n2,\n").as_bytes(), &plan()).unwrap();
        assert_eq!(done.report.dialect, "undecided", "{lines}");
        // A doubled backslash yields to it, since its first record has two only as quoted.
        let done = convert(text("a,b\n1,x\\\\\\\n", "y,z\n2,\n").as_bytes(), &plan()).unwrap();
        assert_eq!(done.report.dialect, "undecided", "{lines}");
        // Evidence against quoted, however long.
        let error = refused(text("a,b\n\"q\",1\n1,x\\\n", "y\n2,\n").as_bytes(), &plan());
        assert!(error.contains("quoted by record 2, line 2, byte 4"), "{error}");
        assert!(error.contains("record 3, line 3, byte 13"), "{error}");
        let done = convert(text("a,b\nx\\\n", "\"q\",y\n2,\n").as_bytes(), &plan()).unwrap();
        assert_eq!(done.report.dialect, "escaped", "{lines}");
        let done = convert(text("a,b\nx\\\n", "\"q\",\"y\"\n2,\n").as_bytes(), &plan());
        let error = done.err().unwrap().to_string();
        assert!(error.contains("escaped by record 2, line 2, byte 5"), "{error}");
        let done = convert(text("a,b\nx\\\n", "\"q\",y,z\n2,\n").as_bytes(), &plan()).unwrap();
        assert_eq!(done.report.dialect, "quoted", "{lines}");
        let error = refused(text("a,b\n1,x\\\n", "d\\d\n2,\n").as_bytes(), &plan());
        assert!(error.contains("escaped by record 2, line 2, byte 7"), "{error}");
    }
    // Longer than a record may be, it is none.
    let mut short = plan();
    short.limits.record_bytes_max = 512 << 10;
    let text = ["a,b\n1,x\\\n", &"y\\\n".repeat(300_000), "y\n2,\n"].concat();
    let done = convert(text.as_bytes(), &short).unwrap();
    assert_eq!(done.report.dialect, "undecided");
}

#[test]
fn cells_with_doubled_backslashes_are_counted_once() {
    // Over windows that end in a backslash each.
    let text = ["a,b\n", &"\\\\\\\n".repeat(100_000), "x\n2,\n"].concat();
    let done = convert(text.as_bytes(), &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    let warning = &done.report.warnings[0];
    assert!(
        warning.contains(" 100000 cells, the first at record 2, line 2, byte 4;"),
        "{warning}"
    );
}

#[test]
fn an_open_dialect_holds_no_records_back() {
    struct Counted<'a>(&'a [u8], &'a Cell<usize>);
    impl Read for Counted<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let bytes = self.0.read(out)?;
            self.1.set(self.1.get() + bytes);
            Ok(bytes)
        }
    }
    /// Notes how much was read when the first reject is written.
    struct First<'a>(&'a Cell<usize>, Option<usize>);
    impl Write for First<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.get_or_insert(self.0.get());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let text = ["a,b\n", &"\\\n".repeat(1_000_000)].concat();
    let read = Cell::new(0);
    let mut rejects = First(&read, None);
    let mut source = Counted(text.as_bytes(), &read);
    let (plan, mut parquet) = (plan(), Vec::new());
    let passed = pass(
        &mut source,
        &mut parquet,
        &mut rejects,
        &plan,
        None,
        &mut Unobserved,
    );
    assert!(matches!(passed, Ok(Pass::Done(_))), "{passed:?}");
    // The window, and what is read ahead of it.
    assert!(rejects.1.unwrap() <= 2 * WINDOW_BYTES, "{:?}", rejects.1);
}

#[test]
fn a_quote_that_closes_in_a_later_record_counts_against_escaped() {
    for rest in [
        "x,\"two\nlines, here\"\n",
        "x,\"two\nlines\"\n",
        "\"q\",\"r\",\"s\"\n",
        "x\\dy\n",
    ] {
        let error = refused(format!("a,b\nk\\,l,m\n{rest}").as_bytes(), &plan());
        assert!(error.contains("escaped by record 2, line 2"), "{rest}: {error}");
        assert!(error.contains("record 3, line 3"), "{rest}: {error}");
    }
}

#[test]
fn lines_in_quotes_that_are_records_of_an_escaped_part_count_for_it() {
    for (text, decided, against) in [
        (
            "id,v,w\n1,\"start,x\n2,a\\,b,x\n3,27\",x\n",
            "quoted by record 2, line 2, byte 9",
            "record 2, line 3, byte 21",
        ),
        // As quoted, the record has another number of fields.
        (
            "a,b\n\"x,y\nk\\,l,m\np,\"\n1,z\n",
            "quoted by record 2, line 2, byte 4",
            "record 2, line 3, byte 10",
        ),
        // The first record, which says how many columns there are.
        (
            "\"id,v\n2,a\\,b\n3,27\"\n4,x\n",
            "quoted by record 1, line 1, byte 0",
            "record 1, line 2, byte 9",
        ),
    ] {
        let error = refused(text.as_bytes(), &plan());
        assert!(
            error.contains(&format!("the part is {decided}, but {against} speaks")),
            "{text}: {error}"
        );
    }
    // In every order, in a part of one column.
    let lines = ["\"\n", "\\|hello\n", "\"\n"];
    let one = dialect_plan(r#"{"header": false, "delimiter": "|", "columns": ["a"]}"#);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2]] {
        let text = order.map(|line: usize| lines[line]).concat();
        refused(text.as_bytes(), &one);
    }
    // The record before it, or the one behind it, goes on in its first or last line, which is no record then.
    for text in [
        "a,b\n1,x\\\n\"s,t\nk\\,l,m\np\",q\n",
        "a,b\n\"s,t\nk\\,l,m\np\",q\\\nr\n",
    ] {
        refused(text.as_bytes(), &plan());
    }
}

#[test]
fn lines_in_quotes_that_no_escaped_part_has_are_data() {
    for text in [
        // Two fields, or four; and none of three only as escaped.
        "id,v,w\n1,\"start\n2,a\\,b,x\n3,27\",x\n",
        "id,v,w\n1,\"start,x\n2,a\\,b,x\n3,27,8\",x\n",
        "id,v,w\n1,\"start,x\n2,a\\,b,x,y\n3,27\",x\n",
        // Both readings give the line two.
        "a,b\n0,\"q\"\nx,\"o\n1,p\\\np\\,q\nt,\"\n2,y\n",
        // In one line.
        "a,b\n\"k\\,l\",m\n",
        // One record in both.
        "a,b\n\"k\\\nl\",m\n",
        // Other quotes tell, before and behind.
        "id,v,w\n0,\"q\",x\n1,\"start,x\n2,a\\,b,x\n3,27\",x\n",
        "id,v,w\n1,\"start,x\n2,a\\,b,x\n3,27\",x\n0,\"q\",x\n",
    ] {
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(done.report.dialect, "quoted", "{text}");
        assert_eq!(done.report.warnings, [""; 0], "{text}");
    }
}

#[test]
fn lines_in_quotes_that_could_be_records_have_a_warning_where_no_other_quotes_are() {
    let text = "id,v,w\n1,\"start,x\n2,a,x\n\n3,27\",x\n4,y,z\n";
    let done = convert(text.as_bytes(), &plan()).unwrap();
    assert_eq!(done.report.dialect, "quoted");
    let [warning] = &done.record.warnings[..] else {
        panic!("{:?}", done.record.warnings)
    };
    assert!(
        warning.contains("the first at record 2, line 2, byte 9; declare"),
        "{warning}"
    );
    // Windows later, too, and once.
    let more = [text, &"5,y,z\n".repeat(100_000), &text[7..]].concat();
    let done = convert(more.as_bytes(), &plan()).unwrap();
    assert_eq!(done.record.warnings, [warning.as_str()]);
    for sure in [
        [text, "5,\"q\",z\n"].concat(),
        ["id,v,w\n5,\"q\",z\n", &text[7..]].concat(),
        [text, &"5,y,z\n".repeat(100_000), "5,\"q\",z\n"].concat(),
        ["id,v,\"w\"\n", &text[7..]].concat(),
    ] {
        let done = convert(sure.as_bytes(), &plan()).unwrap();
        assert_eq!(done.record.warnings, [""; 0]);
    }
    // A line of them may belong to the record before; one that belongs to the record behind would give that too many fields.
    for (text, warnings) in [
        ("id,v,w\n1,a,x\\\n\"\n2,b,y\n\",c,z\n3,d,w\n", 1),
        ("id,v,w\n1,\"a,x\n2,b,y\n3,c\",z\\\n4,d,w\n", 0),
    ] {
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(done.report.dialect, "quoted", "{text}");
        assert_eq!(
            done.record.warnings.len(),
            warnings,
            "{text}: {:?}",
            done.record.warnings
        );
    }
    let declared = dialect_plan(r#"{"kind": "quoted"}"#);
    assert_eq!(
        convert(text.as_bytes(), &declared).unwrap().record.warnings,
        [""; 0]
    );
}

#[test]
fn a_quote_that_closes_windows_later_counts_against_escaped() {
    // Pairs of quotes leave it open, window after window.
    let lines = "2,x\"\"y\n".repeat(100_000);
    let text = |end: &str| ["a,b\nk\\,l,m\n1,\"open\n", &lines, end].concat();
    // However long a field may be.
    let mut short = plan();
    short.limits.field_bytes_max = 512 << 10;
    for plan in [&plan(), &short] {
        let error = refused(text("3,close\"\n").as_bytes(), plan);
        assert!(error.contains("record 3, line 3, byte 13"), "{error}");
    }
    // What text follows is none.
    let done = convert(text("3,close\"d\n4,x\"\n").as_bytes(), &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
}

#[test]
fn a_first_record_of_the_declared_number_of_fields_only_as_escaped_decides() {
    let declared = dialect_plan(r#"{"header": false, "columns": ["a", "b"]}"#);
    let long = ["x\\\n".repeat(100_000).as_str(), "y,1\n2,\n"].concat();
    for (text, expected) in [
        ("x\\,y,1\n2,\n", "x,y"),
        ("x\\\ny,1\n2,\n", "x\ny"),
        (
            long.as_str(),
            long.trim_end_matches(",1\n2,\n").replace('\\', "").as_str(),
        ),
    ] {
        let done = convert(text.as_bytes(), &declared).unwrap();
        assert_eq!(done.report.dialect, "escaped");
        assert_eq!(done.column("a"), [some(expected), some("2")]);
        assert_eq!(done.column("b"), [some("1"), some("")]);
    }
    let error = refused(b"x,y,1\n2,,\n", &declared);
    assert!(error.contains("2") && error.contains("3"), "{error}");
    refused(b"x\\,y\\d,1\n2,\n", &declared);
}

#[test]
fn a_table_without_header_begins_with_a_record_like_any_other() {
    let mut declared = table_plan("TEAMS");
    let columns = declared.table.as_ref().unwrap().columns.len();
    let record = |fields: usize| vec!["1"; fields].join(",") + "\n";
    let text = record(columns - 1) + &record(columns);
    // That no header says what the columns are has to be declared.
    refused(text.as_bytes(), &declared);
    declared.dialect.header = Some(false);
    let done = convert(text.as_bytes(), &declared).unwrap();
    let report = &done.report;
    assert_eq!((report.records_rejected, report.rows_written), (1, 1));
    refused(record(columns - 1).as_bytes(), &declared);
}

#[test]
fn where_the_window_ends_decides_nothing() {
    // Read as escaped, the last record has four fields, of which a window's end could cut one off.
    for shift in 0..24 {
        let filling = ["a,b,c\n", &"1,2,3\n".repeat(43_687), &"4".repeat(shift), ",5,6\n"].concat();
        for (more, dialect) in [("", "undecided"), ("7,\"8\",9\n", "quoted")] {
            let text = ["a,b,c\n", more, &filling[6..], "x\\\nyy,zz,ww,vv\n7,8,\n"].concat();
            let done = convert(text.as_bytes(), &plan()).unwrap();
            assert_eq!(
                (done.report.dialect.as_str(), done.report.records_rejected),
                (dialect, 2),
                "{shift}"
            );
            assert_eq!(done.column("c").pop(), Some(None));
        }
    }
}

/// A plan for a table of two text columns, which a part without header has by their positions.
fn pairs_plan() -> Plan {
    let column = |name: &str| Column {
        name: name.to_owned(),
        ty: Type::String,
        aliases: Vec::new(),
        mark: Mark::Declared,
        comment: String::new(),
    };
    Plan {
        table: Some(Table {
            name: "PAIRS".to_owned(),
            columns: vec![column("a"), column("b")],
            ..Table::default()
        }),
        ..plan()
    }
}

/// Records of two fields that tell no dialect: fewer than a thousand, and so many bytes.
fn filling(bytes: usize) -> String {
    let record = |bytes: usize| format!("{},f\n", "n".repeat(bytes - 3));
    let (whole, rest) = (bytes / 512 - 1, bytes % 512);
    record(512).repeat(whole) + &record(512 + rest)
}

/// Plans that refuse a part at its first reject, each with the header that it needs.
fn strict_plans() -> [(Plan, &'static str); 3] {
    let no_rejects = Plan {
        budget: Budget::Count(0),
        ..plan()
    };
    let no_bytes = Plan {
        rejects_bytes_max: 0,
        ..plan()
    };
    [(no_rejects, "a,b\n"), (no_bytes, "a,b\n"), (pairs_plan(), "")]
}

#[test]
fn a_part_is_not_refused_for_records_whose_end_is_behind_the_window() {
    // As quoted, three records of which two have one field.
    let escaped = "1,x\\\ny\\\nz\n";
    for (plan, header) in strict_plans() {
        for shift in 0..=escaped.len() {
            let before = filling(WINDOW_BYTES - header.len() - shift);
            let text = [header, &before, escaped, "2,p\n"].concat();
            let done = convert(text.as_bytes(), &plan).unwrap();
            let last = done.rows().pop().unwrap();
            assert_eq!(done.report.dialect, "escaped", "{shift}");
            assert_eq!(done.report.records_rejected, 0, "{shift}");
            assert_eq!(
                done.column("b").iter().rev().nth(1),
                Some(&some("x\ny\nz")),
                "{shift}"
            );
            assert_eq!(last, [some("2"), some("p")]);
        }
    }
}

#[test]
fn rejects_are_held_against_a_part_in_the_dialect_that_all_of_it_tells() {
    let plan = Plan {
        budget: Budget::Count(1),
        ..plan()
    };
    // As quoted, three records of one field each; as escaped, one.
    let text = |last: &str| ["a,b\n", "x\\\ny\\\nz\n", &filling(3 * WINDOW_BYTES), last].concat();
    let done = convert(text("1,k\\,l\n").as_bytes(), &plan).unwrap();
    assert_eq!(
        (done.report.dialect.as_str(), done.report.records_rejected),
        ("escaped", 1)
    );
    // A doubled backslash tells it, too, at the end.
    let done = convert(text("1,m\\\\n\n").as_bytes(), &plan).unwrap();
    assert_eq!(
        (done.report.dialect.as_str(), done.report.records_rejected),
        ("escaped", 1)
    );
    for last in ["1,2\n", "1,\"q\"\n", "1,C:\\d\n"] {
        let error = refused(text(last).as_bytes(), &plan);
        assert!(
            error.contains("expected at most 1, found 3 records")
                && error.contains("record 2, line 2, byte 4"),
            "{error}"
        );
    }
}

#[test]
fn a_header_that_has_other_columns_as_escaped_leaves_the_dialect_to_its_records() {
    let (by_header, no_header) = (plan(), dialect_plan(r#"{"header": false}"#));
    let far = filling(2 * WINDOW_BYTES);
    let far = far.as_str();
    // Either, as every record has both numbers of fields: three and two.
    for (text, plan, place) in [
        (
            "id,n\\,m\n1,a\\,b\n2,c\\,d\n",
            &by_header,
            "record 1, line 1, byte 4;",
        ),
        ("1,a\\,b\n2,c\\,d\n", &no_header, "record 1, line 1, byte 3;"),
        ("id,n\\,m\n", &by_header, "record 1, line 1, byte 4;"),
        // As escaped, the second line belongs to the first.
        ("a\\\nb,c\n", &by_header, "record 1, line 1, byte 1;"),
        (
            "1,x\\\ny,2\n3,z\\\nw,4\n",
            &no_header,
            "record 1, line 1, byte 3;",
        ),
        // One record is bad in either dialect, and not the same one.
        ("a\\,a,b\n1,2,3\n1,2\n", &by_header, "record 1, line 1, byte 1;"),
    ] {
        let done = convert(text.as_bytes(), plan).unwrap();
        assert_eq!(done.report.dialect, "undecided", "{text:?}");
        let [warning] = &done.record.warnings[..] else {
            panic!("{text:?}: {:?}", done.record.warnings)
        };
        assert!(
            warning.starts_with("read as quoted") && warning.contains(place),
            "{text:?}: {warning}"
        );
    }
    // Quoted alone.
    for text in [
        "a\\,a,b\n1,2,3\n",
        "id,path\\\n1,x\n2,y\n",
        "a\\,a,b\n1,C:\\d,3\n4,5\n",
    ] {
        let done = convert(text.as_bytes(), &by_header).unwrap();
        assert_ne!(done.report.dialect, "escaped", "{text:?}");
        assert_eq!(done.record.warnings, [""; 0], "{text:?}");
    }
    // Escaped alone: some record is only then one of as many fields as the header's, with or without a backslash in it.
    for (parts, plan) in [
        (&["a\\,a,b\n", "1,x\n2,p\n"][..], &by_header),
        (&["a\\,a,b\n", "1\\,1,x\n", far], &by_header),
        (&["a\\,a,b\n", "1\\,1,x\n", "1\\,\\,1,y\n"], &by_header),
        (&["a\\,a,b\n", "1\\,1,x\n", "1\\\n1,y\n"], &by_header),
        (&["a\\\nb,c\n", "1,2\n", far], &by_header),
    ] {
        let text = parts.concat();
        let done = convert(text.as_bytes(), plan).unwrap();
        let start = &parts[..parts.len() - 1];
        assert_eq!(
            (done.report.dialect.as_str(), done.report.records_rejected),
            ("escaped", 0),
            "{start:?}"
        );
        assert_eq!(done.names.len(), 2, "{start:?}");
    }
    // Without a header it is one record among others.
    let done = convert(["a\\,a,b\n", far].concat().as_bytes(), &no_header).unwrap();
    assert_eq!(
        (done.report.dialect.as_str(), done.report.rows_written),
        ("undecided", 1)
    );
    assert!(
        done.record.warnings[0].contains("record 1, line 1, byte 1;"),
        "{:?}",
        done.record.warnings
    );
    // A quote speaks against it, as ever, and a backslash for it.
    let done = convert(b"a\\,a,b\n1,2\n\"x\",y,z\n", &by_header).unwrap();
    assert_eq!(
        (done.report.dialect.as_str(), done.report.records_rejected),
        ("quoted", 1)
    );
    refused(b"a\\,a,b\n1\\,2\\,3,4\n\"x\",y,z\n", &by_header);
}

#[test]
fn a_bad_record_in_front_leaves_the_declared_columns_to_those_behind_it() {
    let by_table = Plan {
        dialect: dialect_plan(r#"{"header": false}"#).dialect,
        ..pairs_plan()
    };
    let by_columns = dialect_plan(r#"{"header": false, "columns": ["a", "b"]}"#);
    for plan in [by_columns, by_table] {
        // In each, only the lone `x` has another number of fields, as escaped.
        for [one, other] in [
            ["1,x\\,y\n", "2,p\\,q\n"],
            ["1,x\\\ny\\\nz\n", "\\,,\\,\n"],
            ["1,5\" disk\n", "2,p\\,q\n"],
        ] {
            for text in [["x\n", one, other], [one, "x\n", other], [one, other, "x\n"]] {
                let text = text.concat();
                let done = convert(text.as_bytes(), &plan).unwrap();
                let report = &done.report;
                assert_eq!(
                    (
                        report.dialect.as_str(),
                        report.records_rejected,
                        report.rows_written
                    ),
                    ("escaped", 1, 2),
                    "{text:?}"
                );
            }
        }
        // Nor does a lone quote that the reader's window does not close keep it from that.
        let behind = "3,z\n".repeat(100_000);
        let mut plan = plan.clone();
        plan.dialect.delimiter = Some(",".to_owned());
        for quote in ["1,\"lone\n", "\"1,lone\n"] {
            let text = format!("x\n{quote}2,p\\,q\n{behind}");
            let report = convert(text.as_bytes(), &plan).unwrap().report;
            assert_eq!((report.dialect.as_str(), report.records_rejected), ("escaped", 1));
            // If it closes behind that, each record is a bad one.
            let text = format!("x\n{quote}2,p\\,q\n{behind}\",4,5\n");
            let report = convert(text.as_bytes(), &plan).unwrap().report;
            assert_eq!((report.dialect.as_str(), report.records_rejected), ("quoted", 2));
            assert_eq!(report.records_read, 2);
        }
        // No record has two fields, or none but in what quotes show to be a field.
        for text in [
            "x\ny\n1,2,3\n",
            "x\n\"\nx\\,y,z\n\"\n",
            "x,y,z\n\"1\nx\\,y,z\n2\",3,4\n",
        ] {
            let error = refused(text.as_bytes(), &plan);
            assert!(
                error.contains("expected 2") || error.contains("2 names"),
                "{text:?}: {error}"
            );
        }
    }
}

#[test]
fn a_quote_behind_an_escaped_separator_is_data_where_the_record_is_good_as_escaped() {
    for (records, rows) in [
        (["1,x\\,\"\"\n", "k\\,l,m\n"], [["1", "x,\"\""], ["k,l", "m"]]),
        (
            ["said\\,\"yes\",x\n", "2,plain\n"],
            [["said,\"yes\"", "x"], ["2", "plain"]],
        ),
        (["1,x\\\n\"b\"\n", "2,y\n"], [["1", "x\n\"b\""], ["2", "y"]]),
        (["1,x\\,\"y\n", "z\",2\n"], [["1", "x,\"y"], ["z\"", "2"]]),
    ] {
        let [[a, b], [c, d]] = rows;
        for (text, rows) in [
            (records.concat(), [[a, b], [c, d]]),
            ([records[1], records[0]].concat(), [[c, d], [a, b]]),
        ] {
            for header in ["a,b\n", "a,b\n\n"] {
                let done = convert([header, &text].concat().as_bytes(), &plan()).unwrap();
                assert_eq!(done.report.dialect, "escaped", "{text:?}");
                assert_eq!(done.rows(), rows.map(|row| row.map(some)), "{text:?}");
                assert_eq!(done.record.warnings, [""; 0], "{text:?}");
            }
        }
    }
    let properties =
        "OBJECTTYPEID,OBJECTID,NAME,VALUE,UPDATEDAT\n0-1,1,hs_note,He said\\,\"Yes\",2026-11-20\n";
    let done = convert(properties.as_bytes(), &table_plan("OBJECT_PROPERTIES")).unwrap();
    assert_eq!(done.column("value"), [some("He said,\"Yes\"")]);
    let declared = dialect_plan(r#"{"header": false, "columns": ["a", "b"], "delimiter": ","}"#);
    for (text, rejected) in [("x\n1,y\\,\"b\"\n", 1), ("x\\,\"\n\",1\nk\\,l,m\n", 1)] {
        let report = convert(text.as_bytes(), &declared).unwrap().report;
        assert_eq!(
            (report.dialect.as_str(), report.records_rejected),
            ("escaped", rejected),
            "{text:?}"
        );
    }
    // Not where it is good as quoted alone; where it is in both, or in none, if nothing else tells.
    for (text, warnings) in [
        ("a,b,c\n1,C:\\,\"Smith\"\n", 0),
        ("a,b,c\n1,C:\\,\"Smith, J.\"\n", 1),
        ("a,b,c\n1,C:\\,\"Smith, J.\"\n2,\\\\,x\n", 1),
        ("a,b,c\n1,C:\\,\"Smith, J.\"\n2,\"x\",y\n", 0),
        ("a,b,c\n1,C:\\,\"Smith, J.\"\n2,D:\\,y\n", 0),
        ("a,b,c\n1,2,3,C:\\,\"Smith\"\n2,\\\\,x\n", 0),
    ] {
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(done.report.dialect, "quoted", "{text:?}");
        assert_eq!(
            done.record.warnings.len(),
            warnings,
            "{text:?}: {:?}",
            done.record.warnings
        );
    }
    refused(b"a,b,c\n1,C:\\,\"Smith\"\n1\\,2,3,4\n", &plan());
    refused(b"a,b,c\n1\\,2,3,4\n1,C:\\,\"Smith\"\n", &plan());
}

#[test]
fn a_header_of_several_lines_lets_quotes_that_close_in_later_lines_speak_for_either() {
    // Each line of the header could be a record as well.
    let text = "a,\"b,c\nd,e\",f\n1,2,3\n";
    let done = convert(text.as_bytes(), &plan()).unwrap();
    assert_eq!(done.report.dialect, "quoted");
    assert_eq!(done.record.warnings.len(), 1, "{:?}", done.record.warnings);
    // But not where other quotes tell, or a line of it is none.
    for sure in [
        format!("{text}1,\"q\",3\n"),
        text.replace("a,", "\"a\","),
        "a,b,\"c\nd\"\n1,\"x,y\nz,w\",3\n".to_owned(),
    ] {
        let done = convert(sure.as_bytes(), &plan()).unwrap();
        assert_eq!(done.record.warnings, [""; 0], "{sure:?}");
    }
    let error = refused(b"a,\"b,c\nd,e\",f\n1,\"x\\,z,y\np,q\",3\n", &plan());
    assert!(error.contains("record 2, line 3, byte 18"), "{error}");
}

#[test]
fn lines_of_a_first_record_without_header_are_held_against_the_number_of_its_first() {
    let text = b"1,v,\"w\nx,y\",z\n3,p\\,q,r\n5,6\\,7,8\n";
    let done = convert(text, &dialect_plan(r#"{"header": false, "delimiter": ","}"#)).unwrap();
    assert_eq!(done.report.dialect, "quoted");
    assert_eq!(done.record.warnings.len(), 1, "{:?}", done.record.warnings);
}

#[test]
fn a_backslash_before_crlf_hangs_no_lines_together_where_lf_alone_ends_lines() {
    let (one, other) = ("2,x,y\r\n", "3,z\r\n");
    for records in [[one, other], [other, one]] {
        let text = format!("a,b\n1,C:\\\r\n{}", records.concat());
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(
            (done.report.dialect.as_str(), done.report.rows_written),
            ("undecided", 2),
            "{text:?}"
        );
        assert_eq!(done.column("b"), [some("C:\\"), some("z")]);
    }
    let text = "a,b\n\"q\",\\\r\n1,2,3\n";
    let done = convert(text.as_bytes(), &plan()).unwrap();
    assert_eq!(
        (done.report.dialect.as_str(), done.report.records_rejected),
        ("quoted", 1)
    );
}

#[test]
fn a_first_record_without_header_proves_nothing_by_quotes_behind_an_escape() {
    let headerless = dialect_plan(r#"{"header": false, "delimiter": ","}"#);
    for text in ["1,said\\,\"yes\"\n2,plain\n3,other\n", "1,\\\n\"\",x\n"] {
        let done = convert(text.as_bytes(), &headerless).unwrap();
        assert_eq!(
            done.record.warnings.len(),
            1,
            "{text:?}: {:?}",
            done.record.warnings
        );
    }
    // A header has such quotes as well.
    let done = convert(b"a,x\\,\"b\"\n2,y\n", &plan()).unwrap();
    assert_eq!(
        (done.report.dialect.as_str(), done.report.rows_written),
        ("escaped", 1)
    );
}

#[test]
fn records_in_quotes_behind_a_line_that_goes_on_count_in_either_order() {
    for records in [
        ["x\\\n\"b\nc\",1\n", "k\\,l,m\n"],
        ["k\\,l,m\n", "x\\\n\"b\nc\",1\n"],
    ] {
        refused(["a,b\n", &records.concat()].concat().as_bytes(), &plan());
    }
}

#[test]
fn records_are_held_against_the_number_of_columns_of_their_reading_in_either_order() {
    let (one, other) = ("x\\\n\"b\"\n", "1,k\\,l\n");
    for records in [[one, other], [other, one]] {
        refused(["a\\\nb,c\n", &records.concat()].concat().as_bytes(), &plan());
    }
}

#[test]
fn an_escaped_cr_hangs_lines_together_where_it_ends_lines_as_quoted() {
    let declared = dialect_plan(r#"{"header": false, "columns": ["a", "b"], "delimiter": ","}"#);
    for (text, rows) in [
        ("1,x\\\r\"b\"\n2,y\n", 2),
        ("1,a\\\r\\\n\"b\"\n2,y\n3,z\n", 3),
        ("1,a\\\rb\n2,y\n3,z\n", 3),
        ("1,x\\\r\"b\"\n2,k\\,l\n", 2),
    ] {
        let report = convert(text.as_bytes(), &declared).unwrap().report;
        assert_eq!(
            (report.dialect.as_str(), report.rows_written),
            ("escaped", rows),
            "{text:?}"
        );
    }
}

#[test]
fn quotes_that_close_in_their_line_speak_whatever_the_header_is() {
    for text in [
        "h0x\\,\"h1\nb\"\n\"q\",\"r\"\n1,2\n",
        "h0,\"h1\nk\\,b,c\"\n\"q\",\"r\"\n1,2\n",
        "\"h0a\nb\",h1\nk\\,\"a\n\"\n1,2\n",
        "a,b\nk\\,\"C:\\d, x\ny,z\"\n",
    ] {
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(
            (done.report.dialect.as_str(), done.report.records_rejected),
            ("quoted", 0),
            "{text:?}"
        );
    }
}

#[test]
fn doubled_backslashes_yield_to_what_only_a_part_read_as_escaped_shows() {
    for (text, rows) in [
        ("h0\nN\n\\\n\\N\n\\\\\n", 4),
        ("a,b\nx,y,z\\\n\\N,b\nC:\\\\d,1\n", 2),
    ] {
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(
            (done.report.dialect.as_str(), done.report.rows_written),
            ("quoted", rows)
        );
    }
}

#[test]
fn two_places_are_named_where_two_things_speak() {
    let error = refused(b"a,b\n\"q\",x\n1,x\\\n\"b\"\n2,y\n", &plan());
    let places = ["record 2, line 2, byte 4", "record 3, line 3, byte 13"];
    assert!(places.iter().all(|place| error.contains(place)), "{error}");
}

#[test]
fn the_delimiter_is_not_taken_from_a_piece_of_the_first_records() {
    let headerless = dialect_plan(r#"{"header": false}"#);
    let declared = dialect_plan(r#"{"columns": ["a", "b", "c"]}"#);
    let long = WINDOW_BYTES;
    for (plan, text) in [
        (
            &headerless,
            format!("1,\"Hi; there\n{}\",z\n2,b,c\n", "x".repeat(long)),
        ),
        (
            &declared,
            format!("1,\"{}\",z\n2,b,c\n", "x; y\n".repeat(long / 5)),
        ),
        (
            &headerless,
            format!("1,\"{}w;\",z\n", "x; y\\;\n".repeat(long / 7)),
        ),
        (&plan(), format!("a|b,c,d\n1,\"{}\",z\n2,b,c\n", "x".repeat(long))),
        (
            &plan(),
            format!("a;b\tc\td\n1\t\"{}\"\tz\n2\tb\tc\n", "x".repeat(3 * long)),
        ),
    ] {
        let done = convert(text.as_bytes(), plan).unwrap();
        let shown = &text[..20];
        assert!([",", "\t"].contains(&done.report.delimiter.as_str()), "{shown:?}");
        assert_eq!(done.rows()[0].len(), 3, "{shown:?}");
        assert_eq!(done.report.records_rejected, 0, "{shown:?}");
    }
}

#[test]
fn a_declared_line_end_that_the_file_does_not_have_is_told() {
    for (json, text) in [
        (r#"{"newline": "\r\n"}"#, "a,b\n1,2\n3,4\n"),
        (r#"{"newline": "\n"}"#, "a,b\r1,2\r3,4\r"),
        (r#"{"newline": "x"}"#, "a,b\n1,2\n"),
    ] {
        let error = refused(text.as_bytes(), &dialect_plan(json));
        let place =
            "of the header at record 1, line 1, byte 0 has a line break in its name, and the declared";
        assert!(error.contains(place), "{json}: {error}");
    }
    let done = convert(b"a,b\r\n1,2\r\n", &dialect_plan(r#"{"newline": "\n"}"#)).unwrap();
    assert_eq!(done.column("b\r"), [some("2\r")]);
    let [warning] = &done.record.warnings[..] else {
        panic!("{:?}", done.record.warnings)
    };
    assert!(
        warning.starts_with("column 2 of the first record, at record 1, line 1, byte 0, has a line break"),
        "{warning}"
    );
    for (json, text) in [
        (r#"{"newline": "\r\n", "header": false}"#, "1,2\n3,4\n5,6\n"),
        (r#"{"newline": "\n", "columns": ["a", "b"]}"#, "1,2\r\n3,4\r\n"),
        (r#"{"newline": "\r"}"#, "a,b\r\n1,2\r\n3,4"),
        (r#"{"newline": "\n"}"#, "a,b\r\n"),
        (r#"{"newline": "\r\n"}"#, "a,b\nc\r\n"),
    ] {
        let done = convert(text.as_bytes(), &dialect_plan(json)).unwrap();
        assert_eq!(done.record.warnings.len(), 1, "{json}");
    }
    // In quotes, or behind an escape, it is meant; and so is a header alone.
    for (json, text) in [
        (r#"{"newline": "\n"}"#, "a,\"b\rc\"\n1,2\n"),
        (r#"{"newline": "\n", "kind": "escaped"}"#, "a,b\\\nc\n1,2\n"),
        (r#"{"newline": "\n"}"#, "a,b\n"),
    ] {
        let done = convert(text.as_bytes(), &dialect_plan(json)).unwrap();
        assert_eq!(done.record.warnings, [""; 0], "{json}");
    }
}

#[test]
fn a_header_with_a_name_that_is_none_is_told_as_such() {
    let error = refused(
        b"TEAMID,NAME,NAME,INGESTEDAT\n1,a,2,2024-01-01\n",
        &table_plan("TEAMS"),
    );
    assert!(
        error.contains("beside column 3, which has the name of another one"),
        "{error}"
    );
}

#[test]
fn evidence_for_escaped_has_the_line_ends_of_escaped() {
    let done = convert(b"c0,c1\na,\\\nb\\\r\nz,w\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    assert_eq!(done.rows(), [[some("a"), some("\nb\r")], [some("z"), some("w")]]);
    let done = convert(b"c0,c1\nx\\\r\ny,b\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "undecided");
    assert_eq!(done.rows(), [[some("y"), some("b")]]);
}

#[test]
fn a_doubled_backslash_yields_to_a_record_that_fits_only_as_quoted() {
    let done = convert(b"id;path;n\n1;C:\\;\\\\\n2;D:\\;\\\\\n", &plan()).unwrap();
    assert_eq!(
        (done.report.dialect.as_str(), done.report.records_rejected),
        ("undecided", 0)
    );
    assert_eq!(done.column("path"), [some("C:\\"), some("D:\\")]);
}

#[test]
fn limits_name_the_record_that_breaks_them() {
    let mut plan = plan();
    plan.limits.field_bytes_max = 100;
    let text = ["a,b\n", &"1,2\n".repeat(70), "1,2,3\n", &"x".repeat(101), ",2\n"].concat();
    let error = refused(text.as_bytes(), &plan);
    assert!(error.contains("record 73, line 73, byte 290"), "{error}");
}

#[test]
fn a_quote_of_several_bytes_is_part_of_the_record_and_of_no_other() {
    let plan = dialect_plan(r#"{"quote": "«"}"#);
    let text = ["a,b\n", &"«1«,«x«\n".repeat(1_000), "2,«\u{fffd}«\n3,z\n"].concat();
    // A byte that UTF-8 has nowhere, in the last record but one.
    let text = text.into_bytes();
    let at = text
        .windows(3)
        .position(|bytes| bytes == "\u{fffd}".as_bytes())
        .unwrap();
    let text = [&text[..at], b"\xff", &text[at + 3..]].concat();
    let done = convert(&text, &plan).unwrap();
    assert_eq!(done.rows().len(), 1_001);
    assert_eq!(done.rejects.len(), 1);
    let reject = &done.rejects[0];
    assert_eq!((reject.record, reject.byte), (1_002, 4 + 1_000 * 12));
    assert_eq!(reject.raw_base64.as_deref(), Some("MizCq//Cqw=="));

    let long = Plan {
        limits: Limits {
            record_bytes_max: 9,
            field_bytes_max: 9,
            ..plan.limits
        },
        ..plan
    };
    let error = refused("a,b\n1,2\n«x«,«y«\n".as_bytes(), &long);
    assert!(error.contains("record 3, line 3, byte 8"), "{error}");
    assert!(error.contains("found 11"), "{error}");
}

#[test]
fn a_rejected_cell_is_where_its_quote_opens() {
    for quote in ["'", "«"] {
        let plan = Plan {
            typing: Typing::List(vec![("b".to_owned(), Type::Bigint)]),
            ..dialect_plan(&format!(r#"{{"quote": "{quote}"}}"#))
        };
        let done = convert(format!("a,b\n1,{quote}zz{quote}\n").as_bytes(), &plan).unwrap();
        assert_eq!(done.rejects[0].byte, 6, "{quote}");
    }
}

#[test]
fn a_line_break_in_any_quotes_ends_no_line() {
    for (quote, open, close) in [("'", "'", "'"), ("«", "«", "«"), ("\\\"", "\"", "\"")] {
        let plan = dialect_plan(&format!(r#"{{"quote": "{quote}"}}"#));
        let text = format!("{open}a\rb{close},x\n1,p\rq\n2,z\n");
        let done = convert(text.as_bytes(), &plan).unwrap();
        assert_eq!(done.column("x"), [some("p\rq"), some("z")], "{quote}");
    }
}

#[test]
fn skipped_lines_are_counted_one_by_one() {
    for (json, text, line) in [
        (r#"{"newline": "<>", "skip_rows": 1}"#, &b"j1<>a,b<>1<>"[..], 3),
        (r#"{"newline": "\n", "skip_rows": 1}"#, b"j\rk\na,b\n1\n", 3),
        (
            r#"{"newline": "\r\n", "skip_rows": 2}"#,
            b"j\nk\r\n\r\na,b\r\n1\r\n",
            4,
        ),
        (r#"{"skip_rows": 2}"#, b"j\n\na,b\n1\n", 4),
    ] {
        let done = convert(text, &dialect_plan(json)).unwrap();
        assert_eq!(done.rejects[0].line, line, "{json}");
    }
}

#[test]
fn a_skipped_line_has_a_limit_of_its_own_name() {
    let mut plan = dialect_plan(r#"{"skip_rows": 1}"#);
    plan.limits.record_bytes_max = WINDOW_BYTES;
    let line = |bytes: usize| [&b"x".repeat(bytes)[..], b"\na,b\n1,2\n"].concat();
    assert_eq!(convert(&line(WINDOW_BYTES), &plan).unwrap().rows().len(), 1);
    let error = refused(&line(WINDOW_BYTES + 2), &plan);
    let expected = "a skipped line, in bytes, is too large at record 1, line 1, byte 0: expected at most 262144, found 262146";
    assert_eq!(error, expected);
}

#[test]
fn what_keeps_a_dialect_from_being_told_is_said() {
    let text = b"a,b\n1,x\\\\y\n2,\\N\n";
    for json in [
        r##"{"comment": "#"}"##,
        r#"{"newline": "\n", "comment": "//"}"#,
        r#"{"delimiter": ",", "newline": "\n", "comment": "//"}"#,
    ] {
        let done = convert(text, &dialect_plan(json)).unwrap();
        assert_eq!(done.report.dialect, "quoted", "{json}");
        assert_eq!(done.column("b"), [some("x\\\\y"), None], "{json}");
        let [warning] = &done.record.warnings[..] else {
            panic!("{:?}", done.record.warnings)
        };
        assert!(warning.starts_with("read as quoted"), "{warning}");
        // Nothing could have told, or a field in quotes tells: nothing is said.
        for sure in [&b"a,b\n1,x\n2,\\N\n"[..], b"a,b\n1,x\\y\n2,\"z\"\n"] {
            let done = convert(sure, &dialect_plan(json)).unwrap();
            assert_eq!(done.record.warnings, [""; 0], "{json}");
        }
    }
    let declared = convert(text, &dialect_plan(r##"{"comment": "#", "kind": "escaped"}"##)).unwrap();
    assert_eq!(declared.column("b"), [some("x\\y"), None]);
    assert!(declared.record.warnings.is_empty());
}

/// Records that are evidence for one dialect, for the other, or for none. None depends on the record beside it.
fn record() -> impl Strategy<Value = String> {
    let cell = prop::sample::select(vec![
        "x",
        "",
        "\\N",
        "\"q\"",
        "\"two\nlines\"",
        "\"c,d\"",
        "C:\\d",
        "k\\,l",
        "k\\,\"l\"",
        "k\\,\"l,m\"",
        "k\\\nl",
        "m\\\\n",
        "5\" disk",
        "\"inch",
    ]);
    prop::collection::vec(cell, 1..4).prop_map(|cells| cells.join(",") + "\n")
}

/// Records of which most have two fields as escaped, over several lines, and some of them as quoted.
fn strict_record() -> impl Strategy<Value = String> {
    let cell = prop::sample::select(vec![
        "x",
        "",
        "k\\\nl",
        "k\\\nl\\\nm",
        "\\\n",
        "m\\\\n",
        "k\\,l",
        "C:\\d",
        "\"two\nlines\"",
    ]);
    let pair = [cell.clone(), cell].prop_map(|cells| cells.join(",") + "\n");
    prop_oneof![9 => pair, 1 => record()]
}

/// Records of an escaped part, of two fields each, with quotes in them as text has them: inches, and ones that stand alone.
fn escaped_record() -> impl Strategy<Value = (String, [String; 2])> {
    let cell = prop::sample::select(vec![
        ("x", "x"),
        ("", ""),
        ("\"", "\""),
        ("\"inch", "\"inch"),
        ("27\"", "27\""),
        ("5\" disk", "5\" disk"),
        ("m\\\\n", "m\\n"),
        ("k\\,l", "k,l"),
        ("k\\\nl", "k\nl"),
        ("\\\n\"", "\n\""),
    ]);
    [cell.clone(), cell].prop_map(|[a, b]| (format!("{},{}\n", a.0, b.0), [a.1.to_owned(), b.1.to_owned()]))
}

proptest! {
    #[test]
    fn the_order_of_records_changes_nothing(records in prop::collection::vec(record(), 1..7), seed in any::<u64>()) {
        let outcome = |records: &[String]| {
            let text = ["a,b\n", &records.concat()].concat();
            convert(text.as_bytes(), &plan()).ok().map(|done| {
                let mut rows = done.rows();
                rows.sort();
                (done.report.dialect, rows)
            })
        };
        let mut shuffled = records.clone();
        let mut state = seed;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        prop_assert_eq!(outcome(&records), outcome(&shuffled), "{:?} against {:?}", records, shuffled);
    }

    #[test]
    fn an_escaped_part_is_never_read_as_another_table(
        records in prop::collection::vec(escaped_record(), 0..6),
        at in any::<prop::sample::Index>(),
    ) {
        let mut records = records;
        let at = at.index(records.len() + 1);
        records.insert(at, ("k\\,l,m\n".to_owned(), ["k,l".to_owned(), "m".to_owned()]));
        let text: String = records.iter().map(|(text, _)| text.as_str()).collect();
        if let Ok(done) = convert(["a,b\n", &text].concat().as_bytes(), &plan()) {
            let expected: Vec<_> = records.iter().map(|(_, row)| row.clone().map(Some).to_vec()).collect();
            prop_assert_eq!(done.rows(), expected, "{:?}", text);
        }
    }

    #[test]
    fn an_escaped_part_that_nothing_tells_is_never_another_table_in_silence(
        records in prop::collection::vec(escaped_record(), 1..6),
    ) {
        let text: String = records.iter().map(|(text, _)| text.as_str()).collect();
        if let Ok(done) = convert(["a,b\n", &text].concat().as_bytes(), &plan()) {
            let expected: Vec<_> = records.iter().map(|(_, row)| row.clone().map(Some).to_vec()).collect();
            // What is undecided has the NULLs of a quoted part.
            let cells = |row: Vec<Option<String>>| row.into_iter().map(|cell| cell.or(some(""))).collect();
            let found: Vec<Vec<_>> = done.rows().into_iter().map(cells).collect();
            let is_told = done.report.records_rejected > 0 || !done.record.warnings.is_empty();
            prop_assert!(is_told || found == expected, "{:?}", text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn where_the_window_ends_refuses_nothing(
        records in prop::collection::vec(strict_record(), 1..4),
        strict in 0_usize..3,
        at in any::<prop::sample::Index>(),
    ) {
        let (plan, header) = &strict_plans()[strict];
        let records = records.concat();
        let outcome = |bytes: usize| {
            let text = [*header, &filling(bytes), &records, "2,p\n"].concat();
            convert(text.as_bytes(), plan).ok().map(|done| {
                let rows: Vec<_> = done.rows().into_iter().filter(|row| row[1] != some("f")).collect();
                (done.report.dialect, rows)
            })
        };
        let at_edge = WINDOW_BYTES - header.len() - at.index(records.len() + 1);
        // All of it in the first window.
        prop_assert_eq!(outcome(at_edge), outcome(at_edge - 512), "{:?}", records);
    }
}

/// It would fit itself in either dialect.
#[test]
fn a_first_record_that_gives_the_number_of_columns_proves_nothing_by_it() {
    for (text, dialect, rows) in [
        ("x,y\\\na,b,c\n1,2\n3,4\n5,6\n", "undecided", 4),
        ("x,y\\\na,b,c\n", "undecided", 1),
        ("x,y\\\na,b,c\n1,2\n\"3\",4\n5,6\n", "quoted", 4),
    ] {
        let done = convert(
            text.as_bytes(),
            &dialect_plan(r#"{"header": false, "delimiter": ","}"#),
        )
        .unwrap();
        assert_eq!(done.report.dialect, dialect, "{text:?}");
        assert_eq!(
            (done.report.rows_written, done.report.records_rejected),
            (rows, 1),
            "{text:?}"
        );
    }
}

#[test]
fn a_header_of_several_lines_is_read_to_its_end_wherever_the_window_ends() {
    for shift in 0..9 {
        let blank = "\n".repeat(WINDOW_BYTES + 2 - shift);
        let text = format!("{blank}a\\\nb,c\n1,2\n3,4\n");
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(done.report.dialect, "escaped", "{shift}");
        assert_eq!(done.report.rows_written, 2, "{shift}");
    }
}

#[test]
fn doubled_backslashes_tell_where_records_speak_for_either_number_of_columns() {
    let done = convert(b"a\\,b,c\n1,2\n4,\\\\5\n4,5,6\n7,8\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "escaped");
    assert_eq!((done.report.rows_written, done.report.records_rejected), (3, 1));
    assert_eq!(done.report.warnings.len(), 1, "{:?}", done.report.warnings);
}
