//! Which dialect a part is read in: each kind of evidence, late decisions, conflicts, and NULL in both dialects.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod core;

use core::{convert, dialect_plan, plan, refused};

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

#[test]
fn a_backslash_before_anything_else_decides_for_quoted() {
    let done = convert(b"a,b\n1,C:\\temp\n2,\n", &plan()).unwrap();
    assert_eq!(done.report.dialect, "quoted");
    assert_eq!(done.column("b"), [some("C:\\temp"), None]);
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
fn line_ends_of_every_kind() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["a,b", "1,\"x\ry\"", "", "2,z", ""].join(end);
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(done.column("b"), [some("x\ry"), some("z")], "{end:?}");
        assert_eq!(done.report.empty_lines, 1, "{end:?}");
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
