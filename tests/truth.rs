//! What the converter makes of a sample equals the sample's truth, part by part: rows, rejects, dialect, refusals.
//! And the comparison finds what differs: a table written from truth passes, and each mutation of it fails.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code
)]

mod core;
#[path = "support/truth.rs"]
mod truth;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use daymark::sample;
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;
use truth::{Row, Value};

#[test]
fn every_part_converts_to_its_truth() {
    let dir = tempfile::tempdir().unwrap();
    let options = sample::Options {
        size_bytes: 900_000,
        ..sample::Options::new(dir.path())
    };
    sample::write(&options, &mut |_| ()).unwrap();
    let expected = truth::expected(dir.path());
    let mut files: BTreeMap<(String, String), Vec<PathBuf>> = BTreeMap::new();
    for (n, part) in expected.parts.iter().enumerate() {
        let source = fs::read(dir.path().join("landing").join(&part.key)).unwrap();
        let plan = core::table_plan(&part.table);
        if part.refused.is_some() {
            let error = core::refused(&source, &plan);
            assert!(error.contains("gzip"), "{}: {error}", part.key);
            continue;
        }
        let done = core::convert(&source, &plan).unwrap_or_else(|error| panic!("{}: {error}", part.key));
        let report = &done.report;
        assert_eq!(
            (
                report.records_read,
                report.rows_written,
                report.empty_lines,
                report.dialect.as_str()
            ),
            (part.records, part.rows, part.empty_lines, part.dialect.as_str()),
            "{}",
            part.key
        );
        assert_eq!(
            (done.record.header, report.source_sha256.as_str()),
            (part.header, part.sha256.as_str())
        );
        let records = part
            .rejected_records
            .iter()
            .map(|reject| (reject.record, None, reject.reason.clone()));
        let cells = part
            .rejected_cells
            .iter()
            .map(|reject| (reject.record, Some(reject.column.clone()), reject.reason.clone()));
        let mut wanted: Vec<_> = records.chain(cells).collect();
        wanted.sort();
        let mut found: Vec<_> = done
            .rejects
            .iter()
            .map(|r| (r.record, r.column.clone(), r.reason.clone()))
            .collect();
        found.sort();
        assert_eq!(found, wanted, "{}", part.key);
        let folder = format!("curated/table={}/date={}", part.table, part.date);
        let file = dir.path().join(folder).join(format!("{n}.parquet"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &done.parquet).unwrap();
        files
            .entry((part.table.clone(), part.date.clone()))
            .or_default()
            .push(file);
    }
    for ((table, date), files) in &files {
        if let Err(difference) = truth::compare(dir.path(), date, table, files) {
            panic!("{difference}");
        }
    }
    assert!(files.len() > 50);
}

fn sample() -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let options = sample::Options {
        size_bytes: 200_000,
        days: 1,
        ..sample::Options::new(dir.path())
    };
    let summary = sample::write(&options, &mut |_| ()).unwrap();
    (dir, summary.days[0].clone())
}

fn write_parquet(dir: &Path, table: &str, rows: &[Row], file: &str) -> PathBuf {
    let column = |name: &str, kind: &str| -> ArrayRef {
        let cells = || rows.iter().map(|row| row.cells[name].clone());
        match kind {
            "bigint" => Arc::new(Int64Array::from_iter(cells().map(|cell| match cell {
                Value::Number(number) => Some(number),
                _ => None,
            }))),
            "boolean" => Arc::new(BooleanArray::from_iter(cells().map(|cell| match cell {
                Value::Bool(yes) => Some(yes),
                _ => None,
            }))),
            "timestamp" => {
                let instants = cells().map(|cell| match cell {
                    Value::Instant(instant_ms) => Some(instant_ms),
                    _ => None,
                });
                Arc::new(TimestampMillisecondArray::from_iter(instants).with_timezone("UTC"))
            }
            _ => Arc::new(StringArray::from_iter(cells().map(|cell| match cell {
                Value::Text(text) => Some(text),
                _ => None,
            }))),
        }
    };
    let expected = truth::expected(dir);
    let columns = expected.tables[table]
        .iter()
        .map(|c| (c.name.clone(), column(&c.name, &c.kind), true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let path = dir.join(file);
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

#[test]
fn what_equals_truth_passes_in_any_order_and_any_files() {
    let (dir, date) = sample();
    for table in truth::expected(dir.path()).tables.keys() {
        let mut rows = truth::rows(dir.path(), &date, table);
        assert!(!rows.is_empty(), "{table}");
        rows.reverse();
        let (a, b) = rows.split_at(rows.len() / 3);
        let files = [("a.parquet", a), ("b.parquet", b)]
            .map(|(file, rows)| write_parquet(dir.path(), table, rows, file));
        assert_eq!(
            truth::compare(dir.path(), &date, table, &files),
            Ok(rows.len()),
            "{table}"
        );
    }
}

type Mutation = Box<dyn Fn(&mut Vec<Row>)>;

#[test]
fn each_mutation_is_found() {
    let (dir, date) = sample();
    let table = "object_properties";
    let rows = truth::rows(dir.path(), &date, table);
    let at = |value: Value| rows.iter().position(|row| row.cells["value"] == value).unwrap();
    let empty = at(Value::Text(String::new()));
    let null = at(Value::Null);
    let token = at(Value::Text("\\N".to_owned()));
    let mutations: Vec<(&str, Mutation)> = vec![
        (
            "empty becomes NULL",
            Box::new(move |rows| set(rows, empty, "value", Value::Null)),
        ),
        (
            "NULL becomes empty",
            Box::new(move |rows| set(rows, null, "value", Value::Text(String::new()))),
        ),
        (
            "text becomes NULL",
            Box::new(move |rows| set(rows, token, "value", Value::Null)),
        ),
        (
            "a number is off by one",
            Box::new(|rows| set(rows, 9, "objectid", Value::Number(102))),
        ),
        (
            "an instant is off by a millisecond",
            Box::new(|rows| {
                let Value::Instant(instant_ms) = rows[9].cells["updatedat"] else {
                    panic!("no instant")
                };
                set(rows, 9, "updatedat", Value::Instant(instant_ms + 1));
            }),
        ),
        ("a row is lost", Box::new(|rows| drop(rows.pop()))),
        ("a row comes twice", Box::new(|rows| rows.push(rows[0].clone()))),
        (
            "a row comes twice in another's place",
            Box::new(|rows| rows[1] = rows[0].clone()),
        ),
    ];
    for (name, mutate) in mutations {
        let mut mutated = rows.clone();
        mutate(&mut mutated);
        let file = write_parquet(dir.path(), table, &mutated, "mutated.parquet");
        assert!(
            truth::compare(dir.path(), &date, table, &[file]).is_err(),
            "{name}"
        );
    }
}

fn set(rows: &mut [Row], place: usize, column: &str, value: Value) {
    rows[place].cells.insert(column.to_owned(), value);
}
