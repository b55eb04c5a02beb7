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

#[path = "support/truth.rs"]
mod truth;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use daymark::sample::{self, Options, SampleError};
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
fn same_options_give_the_same_bytes_and_another_seed_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = 0;
    let summary = sample::write(&small(dir.path()), &mut |progress| bytes = progress.bytes_written).unwrap();
    assert_eq!(hashes(dir.path()), hashes(shared()));
    assert_eq!(bytes, summary.bytes);
    // Over an earlier sample, of which nothing stays.
    sample::write(
        &Options {
            seed: 2,
            days: 4,
            ..small(dir.path())
        },
        &mut |_| (),
    )
    .unwrap();
    let other = hashes(dir.path());
    let same = hashes(shared())
        .into_iter()
        .filter(|(name, hash)| other.get(name) == Some(hash))
        .count();
    assert!(same < 30, "only tables without chance stay the same: {same}");
    sample::write(&small(dir.path()), &mut |_| ()).unwrap();
    assert_eq!(hashes(dir.path()), hashes(shared()));
}

#[test]
fn sizes_come_near_what_was_asked() {
    for (size_bytes, days) in [(900_000, 3), (3_000_000, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            size_bytes,
            days,
            ..Options::new(dir.path())
        };
        let summary = sample::write(&options, &mut |_| ()).unwrap();
        let parts: u64 = truth::expected(dir.path())
            .parts
            .iter()
            .map(|part| part.bytes)
            .sum();
        assert_eq!(summary.bytes, parts);
        assert!(
            (size_bytes * 3 / 4..size_bytes * 5 / 4).contains(&summary.bytes),
            "{size_bytes}: {}",
            summary.bytes
        );
    }
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

/// A field as the file has it: whether bare, and its text without quotes and escapes.
type RawField = (bool, Vec<u8>);

/// A plain reader of both dialects, on a whole text, one byte after the other.
fn records(text: &[u8], escaped: bool) -> Vec<Vec<RawField>> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), (true, Vec::new()));
    let mut bytes = text.iter().copied().peekable();
    let mut quoted = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted && bytes.peek() == Some(&b'"') => field.1.extend(bytes.next()),
            b'"' if quoted => quoted = false,
            _ if quoted => field.1.push(byte),
            b'"' if !escaped && field.1.is_empty() => {
                quoted = true;
                field.0 = false;
            }
            b'\\' if escaped && bytes.peek() != Some(&b'N') => {
                field.0 = false;
                field.1.extend(bytes.next());
            }
            b',' => record.push(std::mem::replace(&mut field, (true, Vec::new()))),
            b'\r' if !escaped => assert_eq!(bytes.peek(), Some(&b'\n'), "a CR outside quotes"),
            b'\n' => {
                record.push(std::mem::replace(&mut field, (true, Vec::new())));
                records.push(std::mem::take(&mut record));
            }
            _ => field.1.push(byte),
        }
    }
    assert!(
        !quoted && record.is_empty() && field.1.is_empty(),
        "the text ends in a record"
    );
    records
}

fn typed((bare, bytes): &RawField, kind: &str, escaped: bool) -> Option<Value> {
    let text = String::from_utf8(bytes.clone()).ok()?;
    if *bare && (text == "\\N" || (text.is_empty() && !escaped)) {
        return Some(Value::Null);
    }
    match kind {
        "bigint" => text.parse().ok().map(Value::Number),
        "boolean" => text.parse().ok().map(Value::Bool),
        "timestamp" => truth::parse_instant(&text).map(Value::Instant),
        _ => Some(Value::Text(text)),
    }
}

#[test]
fn each_part_read_back_equals_truth() {
    let expected = truth::expected(shared());
    for date in &expected.days {
        for (table, columns) in &expected.tables {
            let mut of_part: HashMap<String, Vec<Row>> = HashMap::new();
            for row in truth::rows(shared(), date, table) {
                of_part.entry(row.part.clone()).or_default().push(row);
            }
            let kinds: HashMap<&str, &str> = columns
                .iter()
                .map(|c| (c.name.as_str(), c.kind.as_str()))
                .collect();
            for part in expected
                .parts
                .iter()
                .filter(|part| &part.date == date && &part.table == table)
            {
                let wanted = of_part.remove(&part.key).unwrap_or_default();
                if part.refused.is_none() {
                    part_equals(part, &kinds, &wanted);
                } else {
                    assert!(wanted.is_empty(), "{}", part.key);
                }
            }
            assert!(of_part.is_empty(), "{table} {date}: truth of unknown parts");
        }
    }
}

fn part_equals(part: &Part, kinds: &HashMap<&str, &str>, wanted: &[Row]) {
    let escaped = part.dialect == "escaped";
    let mut found = records(&text(part), escaped);
    if part.header {
        let names: Vec<String> = found
            .remove(0)
            .into_iter()
            .map(|(_, name)| String::from_utf8(name).unwrap().to_ascii_lowercase())
            .collect();
        assert_eq!(names, part.columns, "{}", part.key);
    }
    let lines = found.len();
    found.retain(|record| record != &[(true, Vec::new())]);
    assert_eq!((lines - found.len()) as u64, part.empty_lines, "{}", part.key);
    assert_eq!(found.len() as u64, part.records, "{}", part.key);
    assert_eq!(wanted.len() as u64, part.rows, "{}", part.key);
    let mut wanted = wanted.iter();
    for (number, record) in (1..).zip(&found) {
        if let Some(rejected) = part
            .rejected_records
            .iter()
            .find(|rejected| rejected.record == number)
        {
            let utf8 = record.iter().all(|(_, text)| std::str::from_utf8(text).is_ok());
            let fits = record.len() == part.columns.len();
            match rejected.reason.as_str() {
                "field_count" => assert!(utf8 && !fits),
                "not_utf8" => assert!(!utf8 && fits),
                other => panic!("unknown reason {other}"),
            }
            continue;
        }
        assert_eq!(record.len(), part.columns.len(), "{} record {number}", part.key);
        let row = wanted.next().unwrap();
        for (column, field) in part.columns.iter().zip(record) {
            let value = typed(field, kinds[column.as_str()], escaped);
            let rejected = part
                .rejected_cells
                .iter()
                .any(|cell| cell.record == number && &cell.column == column);
            assert_eq!(value.is_none(), rejected, "{} record {number} {column}", part.key);
            let value = value.unwrap_or(Value::Null);
            assert_eq!(value, row.cells[column], "{} record {number} {column}", part.key);
        }
    }
    assert!(wanted.next().is_none());
}

#[test]
fn the_csv_crate_reads_the_quoted_parts_alike() {
    for part in truth::expected(shared()).parts {
        if part.dialect != "quoted" || part.refused.is_some() {
            continue;
        }
        let text = text(&part);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_slice());
        let theirs: Vec<Vec<Vec<u8>>> = reader
            .byte_records()
            .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect();
        let mut ours = records(&text, false);
        ours.retain(|record| record != &[(true, Vec::new())]);
        let ours: Vec<Vec<Vec<u8>>> = ours
            .into_iter()
            .map(|record| record.into_iter().map(|(_, text)| text).collect())
            .collect();
        assert!(theirs == ours, "{}", part.key);
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

fn unique<T: std::hash::Hash + Eq + std::fmt::Debug>(keys: impl Iterator<Item = T>) -> HashSet<T> {
    let mut set = HashSet::new();
    for key in keys {
        let shown = format!("{key:?}");
        assert!(set.insert(key), "{shown} comes twice");
    }
    set
}

#[test]
fn every_reference_resolves_on_every_day() {
    for day in 0..3 {
        let all = rows(day, "objects");
        let objects = unique(
            all.iter()
                .filter(|row| number(row, "objectid").is_some())
                .map(|row| key(row, "objecttypeid", "objectid")),
        );
        let types: HashSet<String> = unique(
            rows(day, "object_and_event_type_definitions")
                .iter()
                .map(|row| words(row, "objecttypeid").to_owned()),
        );
        assert!(objects.iter().all(|(kind, _)| types.contains(kind)));
        let kinds: HashSet<&String> = objects.iter().map(|(kind, _)| kind).collect();
        assert_eq!(
            kinds.len(),
            types
                .iter()
                .filter(|kind| !kind.starts_with("4-") && !kind.starts_with("6-"))
                .count()
        );

        let documents = unique(
            rows(day, "object_with_object_properties")
                .iter()
                .map(|row| key(row, "objecttypeid", "objectid")),
        );
        assert_eq!(documents, objects);

        let definitions = rows(day, "property_definitions");
        let defined = unique(
            definitions
                .iter()
                .map(|row| (words(row, "objecttypeid"), words(row, "name"))),
        );
        assert!(defined.iter().all(|(kind, _)| types.contains(*kind)));
        let owners: HashSet<i64> = unique(
            rows(day, "owners")
                .iter()
                .map(|row| number(row, "ownerid").unwrap()),
        );
        let stages = rows(day, "pipeline_stages");
        let stage_keys = unique(stages.iter().map(|row| {
            (
                words(row, "objecttypeid"),
                words(row, "pipelineid"),
                words(row, "stageid"),
            )
        }));
        let pipelines = rows(day, "pipelines");
        let pipelines = unique(
            pipelines
                .iter()
                .map(|row| (words(row, "objecttypeid"), words(row, "pipelineid"))),
        );
        assert!(
            stage_keys
                .iter()
                .all(|(kind, pipeline, _)| pipelines.contains(&(*kind, *pipeline)))
        );

        let mut pipeline_of: HashMap<(String, i64), String> = HashMap::new();
        for table in ["object_properties", "object_properties_history"] {
            for row in &rows(day, table) {
                let object = key(row, "objecttypeid", "objectid");
                let (kind, name) = (object.0.as_str(), words(row, "name"));
                assert!(objects.contains(&object), "{table}: {object:?}");
                assert!(defined.contains(&(kind, name)), "{table}: {kind} {name}");
                let Value::Text(value) = &row.cells["value"] else {
                    continue;
                };
                match name {
                    "hubspot_owner_id" if !value.is_empty() => {
                        assert!(owners.contains(&value.parse().unwrap()))
                    }
                    "pipeline" | "hs_pipeline" => {
                        assert!(pipelines.contains(&(kind, value)));
                        pipeline_of.insert(object, value.clone());
                    }
                    "dealstage" | "hs_pipeline_stage" => {
                        let pipeline = &pipeline_of[&object];
                        assert!(stage_keys.contains(&(kind, pipeline, value)));
                    }
                    _ => {}
                }
            }
        }

        let links = rows(day, "association_definitions");
        let links: HashMap<&str, (&str, &str)> = links
            .iter()
            .map(|row| {
                let ends = (words(row, "fromobjecttypeid"), words(row, "toobjecttypeid"));
                (words(row, "combinedassociationtypeid"), ends)
            })
            .collect();
        let mut used = HashSet::new();
        let mut pairs = HashSet::new();
        for row in &rows(day, "associations") {
            let (from, to) = (
                key(row, "fromobjecttypeid", "fromobjectid"),
                key(row, "toobjecttypeid", "toobjectid"),
            );
            assert!(objects.contains(&from) && objects.contains(&to));
            let combined = words(row, "combinedassociationtypeid").to_owned();
            assert_eq!(links[combined.as_str()], (from.0.as_str(), to.0.as_str()));
            assert!(
                pairs.insert((combined.clone(), from.1, to.1)),
                "the key is unique"
            );
            used.insert(combined);
        }
        assert_eq!(used.len(), links.len(), "each type of link has a row");

        let mut members: HashMap<i64, i64> = HashMap::new();
        unique(rows(day, "list_memberships").iter().map(|row| {
            assert!(objects.contains(&key(row, "objecttypeid", "objectid")));
            *members.entry(number(row, "listid").unwrap()).or_default() += 1;
            (number(row, "listid"), number(row, "objectid"))
        }));
        let lists = rows(day, "lists");
        assert!(
            members
                .keys()
                .all(|list| lists.iter().any(|row| number(row, "listid") == Some(*list)))
        );
        for row in &lists {
            let size = members.get(&number(row, "listid").unwrap()).copied().unwrap_or(0);
            assert_eq!(number(row, "size"), Some(size));
        }

        let teams: HashSet<i64> = unique(
            rows(day, "teams")
                .iter()
                .map(|row| number(row, "teamid").unwrap()),
        );
        for row in &rows(day, "teams") {
            assert!(number(row, "parentteamid").is_none_or(|parent| teams.contains(&parent)));
        }
        for row in &rows(day, "owner_team") {
            assert!(
                owners.contains(&number(row, "ownerid").unwrap())
                    && teams.contains(&number(row, "teamid").unwrap())
            );
        }

        for table in truth::expected(shared())
            .tables
            .keys()
            .filter(|table| table.starts_with("events_"))
        {
            let events = rows(day, table);
            unique(events.iter().map(|row| words(row, "id")));
            for row in &events {
                assert!(
                    types.contains(words(row, "eventtypeid"))
                        && objects.contains(&key(row, "objecttypeid", "objectid"))
                );
                for column in row
                    .cells
                    .keys()
                    .filter_map(|column| column.strip_prefix("property_"))
                {
                    assert!(defined.contains(&(words(row, "eventtypeid"), column)), "{column}");
                }
            }
        }
    }
}

#[test]
fn current_values_are_the_newest_of_the_history_and_those_of_the_document() {
    type Newest = HashMap<(String, i64, String), (i64, Value)>;
    let newest = |table: &str| -> Newest {
        let mut newest = HashMap::new();
        for row in rows(1, table) {
            let Value::Instant(since_ms) = row.cells["updatedat"] else {
                continue;
            };
            let (kind, id) = key(&row, "objecttypeid", "objectid");
            let value = (since_ms, row.cells["value"].clone());
            let entry = newest
                .entry((kind, id, words(&row, "name").to_owned()))
                .or_insert_with(|| value.clone());
            if entry.0 < value.0 {
                *entry = value;
            }
        }
        newest
    };
    let (current, history) = (newest("object_properties"), newest("object_properties_history"));
    assert!(history.iter().all(|(key, value)| current[key] == *value));
    assert!(history.len() > current.len() / 2);
    let mut cells = 0;
    for row in rows(1, "object_with_object_properties") {
        let (kind, id) = key(&row, "objecttypeid", "objectid");
        let document: BTreeMap<String, Option<String>> =
            serde_json::from_str(words(&row, "properties")).unwrap();
        for (name, text) in document {
            cells += 1;
            assert_eq!(
                current[&(kind.clone(), id, name)].1,
                text.map_or(Value::Null, Value::Text)
            );
        }
    }
    assert_eq!(cells, current.len());
}

#[test]
fn histories_keep_45_values_of_contacts_and_20_of_others() {
    let mut longest: BTreeMap<bool, usize> = BTreeMap::new();
    let mut counts: HashMap<(String, i64, String), usize> = HashMap::new();
    for row in rows(0, "object_properties_history") {
        let (kind, id) = key(&row, "objecttypeid", "objectid");
        *counts
            .entry((kind, id, words(&row, "name").to_owned()))
            .or_default() += 1;
    }
    for ((kind, _, _), count) in counts {
        let most = longest.entry(kind == "0-1").or_default();
        *most = (*most).max(count);
    }
    assert_eq!(longest, BTreeMap::from([(false, 20), (true, 45)]));
}

#[test]
fn days_differ_as_they_would() {
    let objects = |day| -> HashMap<(String, i64), Value> {
        let all = rows(day, "objects");
        let known = all.iter().filter(|row| number(row, "objectid").is_some());
        known
            .map(|row| {
                (
                    key(row, "objecttypeid", "objectid"),
                    row.cells["updatedat"].clone(),
                )
            })
            .collect()
    };
    for day in 1..3 {
        let (before, after) = (objects(day - 1), objects(day));
        let new = after.keys().filter(|key| !before.contains_key(*key)).count();
        let gone = before.keys().filter(|key| !after.contains_key(*key)).count();
        let changed = after
            .iter()
            .filter(|(key, updated)| before.get(*key).is_some_and(|was| was != *updated))
            .count();
        assert!(
            new > 20 && changed > 20 && changed < after.len() * 3 / 4,
            "{new} {changed} of {}",
            after.len()
        );
        assert!(gone > 20 || day > 1, "{gone}");
    }
    let stage = |day| -> HashMap<i64, String> {
        let all = rows(day, "object_properties");
        let stages = all
            .iter()
            .filter(|row| words(row, "name") == "lifecyclestage" && words(row, "objecttypeid") == "0-1");
        stages
            .map(|row| (number(row, "objectid").unwrap(), words(row, "value").to_owned()))
            .collect()
    };
    let (before, after) = (stage(0), stage(1));
    assert!(
        after
            .iter()
            .any(|(id, stage)| before.get(id).is_some_and(|was| was != stage))
    );
    let won = rows(2, "object_properties")
        .iter()
        .any(|row| row.cells["value"] == Value::Text("closedwon".into()));
    assert!(won);
    assert!(
        !rows(0, "events_visited_page")[0]
            .cells
            .contains_key("property_hs_device_type")
    );
    assert!(
        rows(1, "events_visited_page")[0]
            .cells
            .contains_key("property_hs_device_type")
    );
    assert!(rows(0, "events_trial___started").is_empty() && !rows(1, "events_trial___started").is_empty());
    let city = |day| {
        rows(day, "property_definitions")
            .into_iter()
            .find(|row| words(row, "name") == "city")
            .unwrap()
    };
    assert_eq!(
        (words(&city(0), "label"), words(&city(1), "label")),
        ("City", "Town")
    );
}

#[test]
fn every_property_type_occurs() {
    let all = rows(0, "property_definitions");
    let types: BTreeSet<&str> = all.iter().map(|row| words(row, "type")).collect();
    let wanted = "bool date datetime enumeration json number object_coordinates phone_number string";
    assert_eq!(types, wanted.split_whitespace().collect());
    let mut instants = 0;
    for row in rows(0, "object_properties") {
        let Value::Text(value) = &row.cells["value"] else {
            continue;
        };
        if words(&row, "name") == "createdate" {
            let instant_ms: i64 = value.parse().unwrap();
            assert!((1_600_000_000_000..1_800_000_000_000).contains(&instant_ms));
            instants += 1;
        }
    }
    assert!(instants > 50);
}

#[test]
fn every_oddity_is_there() {
    let expected = truth::expected(shared());
    let part = |table: &str, day: usize| -> &Part {
        expected
            .parts
            .iter()
            .find(|part| part.table == table && part.date == expected.days[day])
            .unwrap()
    };
    let has = |table: &str, needle: &str| {
        let of_table = expected
            .parts
            .iter()
            .filter(|part| part.table == table && part.refused.is_none());
        let found = of_table
            .into_iter()
            .any(|part| text(part).windows(needle.len()).any(|at| at == needle.as_bytes()));
        assert!(found, "{table} has no {needle:?}");
    };
    // Dialects.
    for (table, dialect) in [
        ("objects", "undecided"),
        ("object_properties", "quoted"),
        ("object_properties_history", "escaped"),
        ("property_definitions", "escaped"),
        ("events_clicked_link_in_email_v2", "escaped"),
        ("events_visited_page", "quoted"),
    ] {
        for part in expected
            .parts
            .iter()
            .filter(|part| part.table == table && part.refused.is_none())
        {
            assert_eq!(part.dialect, dialect, "{}", part.key);
        }
    }
    for part in expected
        .parts
        .iter()
        .filter(|part| part.dialect == "escaped" && part.refused.is_none())
    {
        let text = text(part);
        assert!(
            text.windows(2).any(|at| at == b"\\,"),
            "{} shows its dialect",
            part.key
        );
        assert!(
            !text
                .windows(3)
                .any(|at| at[0] != b'\\' && matches!(at[1..], [b',' | b'\n', b'"'])),
            "{} shows no other dialect",
            part.key
        );
    }
    for needle in [
        ",\\N,",
        ",\"\",",
        "\"\\N\"",
        "\"line\nbreak\"",
        "\"windows\r\nbreak\"",
        "\"old mac\rbreak\"",
        "\"C:\\temp\\new\"",
    ] {
        has("object_properties", needle);
    }
    for needle in [
        ",\\N,",
        ",,",
        ",\\\\N,",
        "line\\\nbreak",
        "windows\\\r\\\nbreak",
        "C:\\\\temp\\\\new",
        "backslash\\\\,",
        "שלום",
    ] {
        has("object_properties_history", needle);
    }
    has("owners", ",,");
    has("object_with_object_properties", "{\"\"email\"\":\"\"");
    has("property_definitions", "[{\"label\":\"Subscriber\"\\,");
    has("pipeline_stages", "NaN");
    has("lists", "\"9007199254740993\"");
    has("lists", "\"\r\n\"");
    // Forms.
    assert!(!part("associations", 0).header);
    assert!(
        expected
            .parts
            .iter()
            .all(|part| part.header != (part.table == "associations"))
    );
    assert!(part("object_with_object_properties", 0).members > 1);
    assert!(part("pipelines", 0).key.ends_with(".csv") && part("pipelines", 0).members == 0);
    assert!(text(part("teams", 0)).starts_with(b"\xef\xbb\xbfTEAMID,"));
    assert!(text(part("pipeline_stages", 0)).starts_with(b"ingestedat,updatedat,"));
    assert!(
        part("object_properties_history", 0)
            .key
            .contains("/OBJECT_PROPERTIES_HISTORY/chunk_0/")
    );
    for (table, spelling) in [
        ("objects", "2026-11-20 00:00"),
        ("teams", ".000 Z\""),
        ("owners", " -0800\""),
        ("list_memberships", "Z\""),
    ] {
        if table != "objects" {
            has(table, spelling);
        }
    }
    // Rejects.
    let reasons = |of: &dyn Fn(&Part) -> Vec<String>| -> BTreeSet<String> {
        expected.parts.iter().flat_map(of).collect()
    };
    let cells = reasons(&|part| {
        part.rejected_cells
            .iter()
            .map(|cell| cell.reason.clone())
            .collect()
    });
    assert_eq!(
        cells,
        ["not_a_boolean", "not_a_number", "not_a_timestamp", "overflow"]
            .map(String::from)
            .into()
    );
    let records = reasons(&|part| {
        part.rejected_records
            .iter()
            .map(|record| record.reason.clone())
            .collect()
    });
    assert_eq!(records, ["field_count", "not_utf8"].map(String::from).into());
    assert!(expected.parts.iter().any(|part| part.empty_lines > 0));
    // What breaks off, and what is gone.
    let refused: Vec<&Part> = expected
        .parts
        .iter()
        .filter(|part| part.refused.is_some())
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(
        (refused[0].refused.as_deref(), &refused[0].date),
        (Some("gzip_truncated"), &expected.days[2])
    );
    let broken = stored(refused[0]);
    let error = flate2::read::MultiGzDecoder::new(broken.as_slice())
        .read_to_end(&mut Vec::new())
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(expected.parts.iter().any(|part| part.table == "owner_team"));
    assert!(
        !expected
            .parts
            .iter()
            .any(|part| part.table == "owner_team" && part.date == expected.days[2])
    );
}

#[test]
fn the_timeline_tells_what_comes_when() {
    let timeline: Vec<BTreeMap<String, serde_json::Value>> =
        serde_json::from_reader(File::open(shared().join("timeline.json")).unwrap()).unwrap();
    let expected = truth::expected(shared());
    let instant =
        |step: &BTreeMap<String, serde_json::Value>| truth::instant_ms(step["at"].as_str().unwrap());
    assert!(
        timeline
            .windows(2)
            .all(|pair| instant(&pair[0]) <= instant(&pair[1]))
    );
    let with = |field: &str, value: &str| {
        timeline
            .iter()
            .filter(|step| step[field] == value)
            .collect::<Vec<_>>()
    };
    let put: BTreeSet<&str> = with("action", "put")
        .iter()
        .map(|step| step["key"].as_str().unwrap())
        .collect();
    assert_eq!(put, expected.parts.iter().map(|part| part.key.as_str()).collect());
    let deleted = with("action", "delete");
    assert_eq!(deleted.len(), 2);
    assert!(
        deleted
            .iter()
            .all(|step| step["key"].as_str().unwrap().contains("/OWNER_TEAM/") && step["note"] == "purged")
    );
    assert_eq!(with("note", "broken").len(), 1);
    let late = with("note", "late");
    assert_eq!(late.len(), 1);
    let key = late[0]["key"].as_str().unwrap();
    assert!(key.starts_with(&format!("hubspot/{}/", expected.days[1])));
    let place = timeline
        .iter()
        .position(|step| step["key"] == late[0]["key"])
        .unwrap();
    assert!(
        instant(&timeline[place]) - instant(&timeline[place - 1]) > 3_600_000,
        "long after the day was quiet"
    );
}

#[test]
fn a_foreign_directory_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        size_bytes: 200_000,
        days: 1,
        ..Options::new(dir.path())
    };
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let error = sample::write(&options, &mut |_| ()).unwrap_err();
    assert!(
        matches!(&error, SampleError::NotEmpty { found, can_force: true, .. } if found == "notes.txt"),
        "{error}"
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let forced = Options {
        force: true,
        ..options
    };
    fs::create_dir(dir.path().join("landing")).unwrap();
    let error = sample::write(&forced, &mut |_| ()).unwrap_err();
    assert!(
        matches!(&error, SampleError::NotEmpty { found, can_force: false, .. } if found == "landing"),
        "{error}"
    );
    fs::remove_dir(dir.path().join("landing")).unwrap();
    sample::write(&forced, &mut |_| ()).unwrap();
    // It is a sample's now, and what is not the sample's stays.
    sample::write(
        &Options {
            force: false,
            ..forced
        },
        &mut |_| (),
    )
    .unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("notes.txt")).unwrap(), "mine");
}

#[test]
fn impossible_options_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let base = Options::new(dir.path().join("new"));
    let refused = |options: Options| sample::write(&options, &mut |_| ()).unwrap_err().to_string();
    assert!(
        refused(Options {
            size_bytes: 1_000,
            ..base.clone()
        })
        .contains("expected 450000 to")
    );
    assert!(
        refused(Options {
            size_bytes: u64::MAX,
            ..base.clone()
        })
        .contains("out of range")
    );
    assert!(
        refused(Options {
            days: 0,
            ..base.clone()
        })
        .contains("expected 1 to 400")
    );
    assert!(
        refused(Options {
            days: usize::MAX,
            ..base.clone()
        })
        .contains("expected 1 to 400")
    );
    for first_day in ["2026-02-30", "20261120", "", "1969-01-01", "9999-12-31"] {
        assert!(
            refused(Options {
                first_day: first_day.to_owned(),
                ..base.clone()
            })
            .contains("expected yyyy-MM-dd")
        );
    }
    assert!(!dir.path().join("new").exists());
}
