//! The pipeline of one part, on the pure core: headers, rejects, limits, and what must not depend on how bytes arrive.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod core;

use core::{Converted, Drip, convert, convert_from, dialect_plan, gzip, plan, refused, table_plan};

use daymark::convert::{Budget, Naming, Plan, Typing, Unobserved, pass};
use daymark::limits::Limits;
use daymark::records::{WINDOW_BYTES, Window};
use daymark::types::Type;
use proptest::prelude::*;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

mod headers {
    use super::*;

    /// Whatever its text is declared to be.
    #[test]
    fn what_was_compressed_twice_is_told() {
        let twice = gzip(&gzip(b"OBJECTID,x\n1,2\n"));
        let mut in_two = gzip(&gzip(b"a\n")[..1]);
        in_two.extend(gzip(&gzip(b"a\n")[1..]));
        let plans = [
            plan(),
            table_plan("OBJECTS"),
            dialect_plan(r#"{"encoding": "utf-8", "header": false}"#),
            dialect_plan(r#"{"encoding": "latin-1"}"#),
            dialect_plan(r#"{"encoding": "utf-16le", "skip_rows": 1}"#),
        ];
        for plan in &plans {
            for bytes in [&twice, &in_two, &gzip(&twice)] {
                for most in [1, usize::MAX] {
                    let error = convert_from(|| Drip { bytes, most }, plan);
                    let error = error.err().expect("a refusal");
                    assert!(error.is_permanent(), "{error}");
                    let error = error.to_string();
                    assert!(
                        error.contains("the source inflates to gzip: expected text"),
                        "{error}"
                    );
                }
            }
        }
        for (start, format) in [
            (&b"PK\x03\x04\n\0x,y\n1,2\n"[..], "a zip archive"),
            (b"\xfd7zXZ\0abc", "xz"),
            (b"BZh91AY&SY,\n", "bzip2"),
            (b"PAR1\x15\x04", "Parquet"),
        ] {
            let error = refused(&gzip(start), &plan());
            assert!(
                error.contains(&format!("the source inflates to {format}: ")),
                "{error}"
            );
        }
        // What is damaged is that first, and what only looks so is text.
        let error = refused(&twice[..twice.len() - 3], &plan());
        assert!(error.contains("truncated"), "{error}");
        let done = convert(&gzip(b"\x1f,b\n1,2\n"), &plan()).unwrap();
        assert_eq!(done.report.rows_written, 1);
    }

    const BY_POSITION: &[u8] = b"0-1,7,2024-12-10 13:45:07.123,2024-12-11 00:00:00.000\n";

    #[test]
    fn a_known_table_has_its_header_in_any_case_order_and_number() {
        let text = b"Extra,objectid,ObjectTypeId,UPDATEDTIMESTAMP\nx,7,0-1,2024-12-10 13:45:07.123 Z\n";
        let done = convert(text, &table_plan("OBJECTS")).unwrap();
        assert_eq!(done.names, ["extra", "objectid", "objecttypeid", "updatedat"]);
        assert_eq!(
            done.rows()[0],
            [some("x"), some("7"), some("0-1"), some("2024-12-10T13:45:07.123")]
        );
        assert!(done.record.header);
    }

    #[test]
    fn a_known_table_without_header_is_read_by_position() {
        let done = convert(BY_POSITION, &table_plan("OBJECTS")).unwrap();
        assert_eq!(
            done.names,
            ["objecttypeid", "objectid", "updatedat", "ingestedat"]
        );
        assert_eq!(done.report.rows_written, 1);
        assert!(!done.record.header);
    }

    #[test]
    fn by_position_the_number_of_fields_must_be_the_catalogs() {
        let error = refused(b"0-1,7,2024-12-10 13:45:07.123\n", &table_plan("OBJECTS"));
        assert!(
            error.contains("expected 4 fields") && error.contains("found 3"),
            "{error}"
        );
    }

    #[test]
    fn by_position_the_first_thousand_records_must_fit() {
        let misfit = "0-1,x,2024-12-10 13:45:07.123,2024-12-11 00:00:00.000\n";
        let fitting = std::str::from_utf8(BY_POSITION).unwrap();
        let text = [fitting.repeat(999), misfit.to_owned()].concat();
        let error = refused(text.as_bytes(), &table_plan("OBJECTS"));
        assert!(
            error.contains("record 1000, line 1000") && error.contains("objectid"),
            "{error}"
        );
        let text = [fitting.repeat(1000), misfit.to_owned()].concat();
        let done = convert(text.as_bytes(), &table_plan("OBJECTS")).unwrap();
        assert_eq!((done.report.rows_written, done.report.cells_rejected), (1001, 1));
    }

    #[test]
    fn an_unknown_table_needs_distinct_identifiers() {
        let lake = Plan {
            naming: Naming::Lake,
            ..plan()
        };
        assert_eq!(convert(b"a,b_2\n1,2\n", &lake).unwrap().names, ["a", "b_2"]);
        for header in ["a,a", "a,", "a,7b", "0-1,2"] {
            let error = refused(format!("{header}\n1,2\n").as_bytes(), &lake);
            assert!(error.contains("expected a header"), "{header}: {error}");
            assert!(!error.contains("7b"), "the first record may be data: {error}");
        }
    }

    #[test]
    fn events_need_a_header() {
        let error = refused(
            b"6-1,x,0-1,7,2024-12-10 13:45:07.123,2024-12-10 13:45:07.123\n",
            &table_plan("EVENTS_X"),
        );
        assert!(error.contains("expected a header"), "{error}");
        let text =
            b"EVENTTYPEID,ID,OBJECTTYPEID,OBJECTID,OCCURREDAT,INGESTEDAT,PROPERTY_HS_URL\n6-1,x,0-1,7,,,u\n";
        let done = convert(text, &table_plan("EVENTS_X")).unwrap();
        assert_eq!(done.column("property_hs_url"), [some("u")]);
    }

    #[test]
    fn an_ordinary_file_keeps_its_names() {
        let done = convert(b"Name,,Name,x y\n1,2,3,4\n", &plan()).unwrap();
        assert_eq!((done.names[0].as_str(), done.names[3].as_str()), ("Name", "x y"));
        assert_eq!(
            done.names.iter().collect::<std::collections::HashSet<_>>().len(),
            4
        );
        let done = convert(b"1,2\n3,4\n", &dialect_plan(r#"{"header": false}"#)).unwrap();
        assert_eq!(done.names, ["column_1", "column_2"]);
        assert_eq!(done.report.rows_written, 2);
    }

    #[test]
    fn a_header_alone_gives_no_rows_and_no_bytes_are_refused() {
        for text in ["a,b\n", "a,b", "\u{feff}a,b\r\n"] {
            let done = convert(text.as_bytes(), &plan()).unwrap();
            assert_eq!(
                (done.report.rows_written, done.names.len(), done.names[0].as_str()),
                (0, 2, "a"),
                "{text:?}"
            );
        }
        assert!(refused(b"", &plan()).contains("empty"));
        assert!(refused(&gzip(b""), &plan()).contains("empty"));
    }

    #[test]
    fn declared_columns_stand_for_the_header() {
        let done = convert(b"1,2\n", &dialect_plan(r#"{"columns": ["x", "y"]}"#)).unwrap();
        assert_eq!(
            (done.names.clone(), done.rows().len()),
            (vec!["x".to_owned(), "y".to_owned()], 1)
        );
        let done = convert(
            b"a,b\n1,2\n",
            &dialect_plan(r#"{"columns": ["x", "y"], "header": true}"#),
        )
        .unwrap();
        assert_eq!(
            (done.names.clone(), done.rows().len()),
            (vec!["x".to_owned(), "y".to_owned()], 1)
        );
    }

    #[test]
    fn lines_to_skip_comments_and_encodings() {
        let json = r##"{"skip_rows": 2, "comment": "#", "encoding": "latin-1", "delimiter": "||"}"##;
        let done = convert(b"title \"\nby\n#x\na||b\n#\n1||caf\xe9\n", &dialect_plan(json)).unwrap();
        assert_eq!(done.column("b"), [some("café")]);
        let utf16: Vec<u8> = "\u{feff}a,b\n1,\u{1f600}\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(convert(&utf16, &plan()).unwrap().column("b"), [some("\u{1f600}")]);
    }
}

mod rejects {
    use super::*;

    #[test]
    fn records_and_cells_are_rejected_with_their_places() {
        let text = b"a,b\n1,x\n\n2\nz,\"l1\nl2\"\n3,x,y\n4,\"\xff\"\n5,y\n99999999999999999999,w\n";
        let typing = Typing::List(vec![("a".to_owned(), Type::Bigint)]);
        let done = convert(text, &Plan { typing, ..plan() }).unwrap();
        assert_eq!(done.column("a"), [some("1"), None, some("5"), None]);
        let report = &done.report;
        assert_eq!(
            (
                report.records_read,
                report.records_rejected,
                report.cells_rejected
            ),
            (7, 3, 2)
        );
        assert_eq!(report.empty_lines, 1);
        let seen: Vec<_> = done
            .rejects
            .iter()
            .map(|r| {
                (
                    r.record,
                    r.line,
                    r.byte,
                    r.column.as_deref(),
                    r.reason.as_str(),
                    r.raw.as_deref(),
                )
            })
            .collect();
        assert_eq!(seen[0], (3, 4, 9, None, "fields", Some("2")));
        assert_eq!(seen[1], (4, 5, 11, Some("a"), "not_an_integer", Some("z")));
        assert_eq!(seen[2], (5, 7, 21, None, "fields", Some("3,x,y")));
        assert_eq!(
            (seen[3].0, seen[3].1, seen[3].4, seen[3].5),
            (6, 8, "not_utf8", None)
        );
        assert_eq!(done.rejects[3].raw_base64.as_deref(), Some("NCwi/yI="));
        assert_eq!((seen[4].0, seen[4].1, seen[4].4), (8, 10, "out_of_range"));
    }

    #[test]
    fn the_budget_refuses_one_reject_more() {
        let text = b"a,b\n1\n2\n3,x\n4,y\n";
        let with = |budget| Plan { budget, ..plan() };
        assert_eq!(
            convert(text, &with(Budget::Count(2)))
                .unwrap()
                .report
                .records_rejected,
            2
        );
        assert_eq!(
            convert(text, &with(Budget::Percent(50.0)))
                .unwrap()
                .report
                .records_rejected,
            2
        );
        for budget in [Budget::Count(1), Budget::Percent(49.9), Budget::Count(0)] {
            let error = refused(text, &with(budget));
            assert!(
                error.contains("too many rejects") && error.contains("record 2, line 2"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_bytes_of_rejects_have_a_limit_on_both_sides() {
        let text = b"a,b\n1\n2\n";
        let with = |rejects_bytes_max| Plan {
            rejects_bytes_max,
            ..plan()
        };
        let lines = convert(text, &plan()).unwrap().rejects;
        let bytes: usize = lines
            .iter()
            .map(|line| serde_json::to_string(line).unwrap().len() + 1)
            .sum();
        let bytes = bytes as u64;
        assert!(convert(text, &with(bytes)).is_ok());
        let error = refused(text, &with(bytes - 1));
        let expected = format!("too many rejects: expected at most {} bytes of them", bytes - 1);
        assert!(error.starts_with(&expected), "{error}");
    }

    /// What a refused part has written of its rejects.
    fn written(text: &[u8], plan: &Plan) -> usize {
        let mut rejects = Vec::new();
        let refused = pass(
            &mut &*text,
            &mut Vec::new(),
            &mut rejects,
            plan,
            None,
            &mut Unobserved,
        );
        assert!(refused.is_err());
        rejects.iter().filter(|byte| **byte == b'\n').count()
    }

    #[test]
    fn rejects_beyond_the_budget_are_not_written() {
        // All of them in one block.
        let text = format!("a,b\n{}", "x\n".repeat(10_000));
        let few = Plan {
            budget: Budget::Count(3),
            ..plan()
        };
        assert_eq!(written(text.as_bytes(), &few), 4);
        let small = Plan {
            rejects_bytes_max: 1_000,
            ..plan()
        };
        assert!(written(text.as_bytes(), &small) < 20);
    }

    #[test]
    fn a_long_first_record_behind_empty_lines_is_read() {
        // Names have a limit, so that a long header has many.
        let names: Vec<String> = (0..900).map(|at| format!("{}{at}", "n".repeat(900))).collect();
        let text = format!("\n\n{}\n{}\n", names.join(","), ",".repeat(899));
        assert!(text.len() > 3 * WINDOW_BYTES);
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!((done.names.len(), done.report.rows_written), (900, 1));
        assert_eq!(done.report.empty_lines, 2);
    }

    #[test]
    fn behind_a_long_record_the_window_is_small_again() {
        let long = "x".repeat(3 * WINDOW_BYTES);
        let text = format!("{long}\n{}", "y\n".repeat(2 * WINDOW_BYTES));
        let mut window = Window::new(text.as_bytes(), WINDOW_BYTES);
        window.fill().unwrap();
        while !window.text().contains(&b'\n') {
            assert!(window.grow(usize::MAX));
            window.fill().unwrap();
        }
        window.pass(long.len() + 1, 1, 1);
        let mut rest = Vec::new();
        while window.fill().is_ok() && !(window.text().is_empty() && window.at_end()) {
            assert!(window.text().len() <= WINDOW_BYTES);
            rest.extend_from_slice(window.text());
            window.pass(window.text().len(), 0, 0);
        }
        assert_eq!(rest, &text.as_bytes()[long.len() + 1..]);
        assert_eq!(window.place().byte, text.len() as u64);
    }
}

mod limits {
    use super::*;

    fn with(set: impl FnOnce(&mut Limits)) -> Plan {
        let mut limits = Limits::default();
        set(&mut limits);
        Plan { limits, ..plan() }
    }

    fn check(text: &str, most: usize, set: impl Fn(&mut Limits, usize), what: &str) {
        assert!(
            convert(text.as_bytes(), &with(|limits| set(limits, most))).is_ok(),
            "{what} at its limit"
        );
        let error = refused(text.as_bytes(), &with(|limits| set(limits, most - 1)));
        assert!(
            error.contains(what) && error.contains(&format!("at most {}", most - 1)),
            "{error}"
        );
    }

    #[test]
    fn each_limit_holds_on_both_sides() {
        check(
            "a,b\n1,12345\n",
            7,
            |limits, most| limits.record_bytes_max = most,
            "a record",
        );
        check(
            "a,b\n1,12345\n",
            5,
            |limits, most| limits.field_bytes_max = most,
            "a field",
        );
        check(
            "a,b,c\n1,2,3\n",
            3,
            |limits, most| limits.columns_max = most,
            "columns",
        );
        check(
            "abcde,b\n1,2\n",
            5,
            |limits, most| limits.name_bytes_max = most,
            "column name",
        );
    }

    #[test]
    fn a_record_longer_than_the_window_is_read_up_to_its_limit() {
        let long = "x".repeat(1 << 20);
        let text = format!("a,b\n1,{long}\n2,\"{long}\n{long}\"\n3,z\n");
        let done = convert(text.as_bytes(), &plan()).unwrap();
        assert_eq!(done.column("b")[0].as_ref().unwrap().len(), 1 << 20);
        let error = refused(text.as_bytes(), &with(|limits| limits.record_bytes_max = 1 << 20));
        assert!(
            error.contains("a record, in bytes, is too large at record 2, line 2"),
            "{error}"
        );
    }

    #[test]
    fn an_open_quote_does_not_swallow_the_file() {
        let text = format!("a,b\n1,\"q\"\n2,\"{}\n", "x,y\n".repeat(1 << 19));
        let error = refused(text.as_bytes(), &with(|limits| limits.record_bytes_max = 1 << 20));
        assert!(error.contains("record 3, line 3"), "{error}");
    }
}

fn same(a: &Converted, b: &Converted) {
    assert_eq!(a.parquet, b.parquet);
    assert_eq!(a.rejects, b.rejects);
}

/// Text like a table's, and text like nobody's.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let cell = prop_oneof![
        4 => "[a-z0-9]{0,6}",
        2 => "\"[a-z,\n\r]{0,6}\"",
        1 => "\"[a-z]{0,3}(\"\"){1,2}[a-z]{0,3}\"",
        1 => Just("\\N".to_owned()),
        1 => "[a-z]{0,3}\\\\[,\\\\n\n]?[a-z]{0,3}",
        1 => "[a-zé\"]{0,4}",
    ];
    let record = prop::collection::vec(cell, 1..5).prop_map(|cells| cells.join(","));
    let end = prop_oneof![6 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\n\n"), 1 => Just("\r")];
    let table = prop::collection::vec((record, end), 0..40).prop_map(|records| {
        let lines: Vec<String> = records
            .into_iter()
            .map(|(record, end)| format!("{record}{end}"))
            .collect();
        format!("a,b,c\n{}", lines.concat()).into_bytes()
    });
    prop_oneof![3 => table, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The row balance itself is checked wherever a test converts, see `core::read`.
    #[test]
    fn how_the_source_hands_bytes_over_changes_nothing(text in texts(), most in 1usize..70) {
        let typing = Typing::List(vec![("a".to_owned(), Type::Bigint), ("b".to_owned(), Type::Timestamp)]);
        for plan in [plan(), Plan { typing, ..plan() }, table_plan("OBJECTS")] {
            let whole = convert(&text, &plan);
            let dripped = convert_from(|| Drip { bytes: &text, most }, &plan);
            let zipped = gzip(&text);
            let inflated = convert_from(|| Drip { bytes: &zipped, most }, &plan);
            match (whole, dripped, inflated) {
                (Ok(whole), Ok(dripped), Ok(inflated)) => {
                    same(&whole, &dripped);
                    prop_assert_eq!(whole.rows(), inflated.rows());
                    prop_assert_eq!(whole.rejects, inflated.rejects);
                }
                (Err(whole), Err(dripped), Err(inflated)) => {
                    prop_assert_eq!(whole.to_string(), dripped.to_string());
                    prop_assert_eq!(whole.to_string(), inflated.to_string());
                }
                (whole, dripped, inflated) => prop_assert!(
                    false, "{:?} {:?} {:?}", whole.err(), dripped.err(), inflated.err()
                ),
            }
        }
    }

    /// What a strict writer makes of a table is read back as it was, by `csv` and by us.
    #[test]
    fn a_table_that_csv_writes_is_read_back(
        rows in prop::collection::vec(prop::collection::vec("[ -~\n\ré😀]{0,12}", 3), 0..30),
        crlf: bool,
    ) {
        let mut writer = csv::WriterBuilder::new()
            .quote_style(csv::QuoteStyle::Always)
            .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        writer.write_record(["a", "b", "c"]).unwrap();
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let text = writer.into_inner().unwrap();
        let done = convert(&text, &plan()).unwrap();
        let theirs: Vec<Vec<Option<String>>> = csv::Reader::from_reader(&text[..])
            .records()
            .map(|record| record.unwrap().iter().map(some).collect())
            .collect();
        prop_assert_eq!(&done.rows(), &theirs);
        let ours: Vec<Vec<Option<String>>> =
            rows.iter().map(|row| row.iter().map(|cell| some(cell)).collect()).collect();
        prop_assert_eq!(done.rows(), ours);
    }
}

#[test]
fn a_large_part_is_the_same_however_it_arrives() {
    let rows: String = (0..60_000)
        .map(|n| format!("{n},\"v\n{}\",{}\n", n % 7, "y".repeat(n % 50)))
        .collect();
    let text = format!("a,b,c\n{rows}");
    let whole = convert(text.as_bytes(), &plan()).unwrap();
    for most in [1_000, 4_096, 65_537] {
        same(
            &whole,
            &convert_from(
                || Drip {
                    bytes: text.as_bytes(),
                    most,
                },
                &plan(),
            )
            .unwrap(),
        );
    }
    assert_eq!(whole.column("a")[59_999], some("59999"));
}

#[test]
fn empty_lines_and_comments_before_the_first_record_have_no_limit() {
    let mut small = dialect_plan(r##"{"comment": "#"}"##);
    small.limits.record_bytes_max = 2 * WINDOW_BYTES;
    for (line, empty_lines) in [("\n", 12 * WINDOW_BYTES as u64), ("# none\n", 0)] {
        let text = [&line.repeat(12 * WINDOW_BYTES), "a,b\n1,2\n"].concat();
        let done = convert(text.as_bytes(), &small).unwrap();
        assert_eq!(done.rows(), [[some("1"), some("2")]]);
        assert_eq!(done.report.empty_lines, empty_lines);
    }
    // Where they may be records of one column, they are held until the first record tells.
    small.dialect.header = Some(false);
    let text = ["\n".repeat(3 * WINDOW_BYTES).as_str(), "1\n"].concat();
    assert_eq!(
        refused(text.as_bytes(), &small),
        "the text up to the end of the first record, empty lines included, in bytes, is too large at record 1, line 1, byte 0: \
         expected at most 524288, found 524289"
    );
}
