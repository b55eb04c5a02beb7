//! The sample is deterministic, agrees with its truth, is consistent across tables, and has every oddity it promises.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code
)]

mod directory;
mod oddities;
mod read_back;
mod references;
#[path = "../support/truth.rs"]
mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use daymark::sample::{self, Options};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use truth::{Part, Row, Value};

/// One sample of three days for all tests that only read.
fn shared() -> &'static Path {
    static SAMPLE: OnceLock<TempDir> = OnceLock::new();
    SAMPLE
        .get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            sample::write(&small(dir.path()), &mut |_| ()).unwrap();
            dir
        })
        .path()
}

fn small(dir: &Path) -> Options {
    Options {
        size_bytes: 900_000,
        ..Options::new(dir)
    }
}

fn rows(day: usize, table: &str) -> Vec<Row> {
    truth::rows(shared(), &truth::expected(shared()).days[day], table)
}

fn stored(part: &Part) -> Vec<u8> {
    fs::read(shared().join("landing").join(&part.key)).unwrap()
}

fn text(part: &Part) -> Vec<u8> {
    let stored = stored(part);
    if part.compression == "none" {
        return stored;
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(stored.as_slice())
        .read_to_end(&mut text)
        .unwrap();
    text
}

fn hashes(dir: &Path) -> BTreeMap<String, String> {
    let mut hashes = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().display().to_string();
                hashes.insert(name, format!("{:x?}", Sha256::digest(fs::read(&path).unwrap())));
            }
        }
    }
    hashes
}

#[test]
fn all_tables_are_there_and_big_ones_have_several_parts() {
    let expected = truth::expected(shared());
    let tables: BTreeSet<&str> = expected.tables.keys().map(String::as_str).collect();
    let wanted = "association_definitions associations events_clicked_link_in_email_v2 events_opened_email_v2 events_trial___started \
                  events_visited_page list_memberships lists object_and_event_type_definitions object_properties \
                  object_properties_history object_with_object_properties objects owner_team owners pipeline_stages pipelines \
                  property_definitions teams";
    assert_eq!(tables, wanted.split_whitespace().collect());
    for date in &expected.days {
        for table in [
            "object_properties",
            "object_properties_history",
            "object_with_object_properties",
        ] {
            let parts = expected
                .parts
                .iter()
                .filter(|part| &part.date == date && part.table == table)
                .count();
            assert!(parts >= 3, "{table} {date}: {parts}");
        }
    }
    let files = hashes(&shared().join("landing"));
    let keys: BTreeSet<&str> = expected.parts.iter().map(|part| part.key.as_str()).collect();
    assert_eq!(files.keys().map(String::as_str).collect::<BTreeSet<_>>(), keys);
    for part in &expected.parts {
        let stored = stored(part);
        assert_eq!(part.bytes, stored.len() as u64);
        let hash: String = Sha256::digest(&stored)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(part.sha256, hash);
        assert_eq!(part.records, part.rows + part.rejected_records.len() as u64);
    }
}

fn number(row: &Row, column: &str) -> Option<i64> {
    match row.cells[column] {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

fn words<'a>(row: &'a Row, column: &str) -> &'a str {
    match &row.cells[column] {
        Value::Text(text) => text,
        other => panic!("{column}: {other:?}"),
    }
}

fn key(row: &Row, kind: &str, id: &str) -> (String, i64) {
    (words(row, kind).to_owned(), number(row, id).unwrap())
}
