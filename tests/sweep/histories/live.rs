//! What Athena sees beside the published days: the live symlinks, and the ledger of each revision.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::model::{Landing, Said, date_in, date_of, folder_of, table_of};
use crate::lake::Lake;
use crate::support::CURATED;

/// Objects of the curated bucket: ETag by key.
type All = BTreeMap<String, String>;

/// A source as an output was made of it: key and ETag.
type Source = (String, String);

#[derive(Debug, Default)]
pub struct Live {
    /// Live symlinks: ETag, and the sources of the files that they name.
    links: BTreeMap<String, (String, Vec<Source>)>,
    /// Live symlinks' files.
    files: BTreeMap<String, Vec<String>>,
    /// By output, which never changes.
    sources: BTreeMap<String, Source>,
    /// Ledgers that were held against their revisions, and never change.
    ledgers: BTreeSet<String>,
}

impl Live {
    /// After every step: each names what is there, no source twice, and no source that one of these listings shows with
    /// other content. (A symlink that nobody has written since was looked at before.)
    pub async fn check(&mut self, lake: &Lake, all: &All, landings: &[Landing]) {
        for (key, etag) in all {
            if key.starts_with("lake/table=") && !self.sources.contains_key(key) {
                let record = lake.world.footer(key).await;
                self.sources
                    .insert(key.clone(), (record.source_key, record.source_etag));
            }
            if !key.starts_with("lake/live/") || self.links.get(key).is_some_and(|(before, _)| before == etag)
            {
                continue;
            }
            let text = lake.text(key).await.unwrap();
            let start = format!("s3://{CURATED}/");
            let files: Vec<String> = text
                .lines()
                .map(|line| line.strip_prefix(&start).unwrap().to_owned())
                .collect();
            self.links.insert(key.clone(), (etag.clone(), Vec::new()));
            self.files.insert(key.clone(), files);
        }
        for (key, files) in &self.files {
            let (_, sources) = self.links.get_mut(key).unwrap();
            for file in files {
                assert!(all.contains_key(file), "{key} names {file}, which is not there");
            }
            if sources.len() == files.len() {
                continue;
            }
            *sources = files.iter().map(|file| self.sources[file].clone()).collect();
            let names: BTreeSet<&String> = sources.iter().map(|(name, _)| name).collect();
            assert_eq!(
                names.len(),
                sources.len(),
                "{key} names a source twice: {files:?}"
            );
            for name in names {
                let (date, table) = of_link(key);
                assert_eq!((date_of(name).as_str(), &table_of(name)), (date, &table), "{key}");
            }
            assert!(
                landings
                    .iter()
                    .any(|landing| superseded(sources, landing).is_none()),
                "{key} names Parquet of a source that has other content: {:?}",
                superseded(sources, landings.last().unwrap())
            );
        }
    }

    /// After a sweep that nothing disturbed: all that is current, of one folder, and nothing else.
    pub fn check_swept(&self, landing: &Landing, all: &All, left: &BTreeSet<String>) {
        let converted: BTreeSet<&Source> = all.keys().filter_map(|key| self.sources.get(key)).collect();
        let mut tables: BTreeMap<(String, String), BTreeMap<&str, Vec<Source>>> = BTreeMap::new();
        for (key, (etag, _)) in landing {
            let folders = tables.entry((date_of(key), table_of(key))).or_default();
            let sources = folders.entry(folder_of(key)).or_default();
            let source = (key.clone(), etag.clone());
            sources.extend(converted.contains(&source).then_some(source));
        }
        for ((date, table), folders) in tables {
            if left.contains(&date) {
                continue;
            }
            let key = format!("lake/live/table={table}/date={date}/symlink.txt");
            let named = self.links.get(&key).map_or(&[][..], |(_, sources)| sources);
            assert_eq!(superseded(named, landing), None, "{key}");
            let of: BTreeSet<&str> = named.iter().map(|(name, _)| folder_of(name)).collect();
            assert!(of.len() < 2, "{key} of folders {of:?}");
            let Some(folder) = of.first() else {
                let all_begun = folders.values().all(|sources| !sources.is_empty());
                assert!(!all_begun, "{key} names nothing of {folders:?}");
                continue;
            };
            for source in folders.get(folder).into_iter().flatten() {
                assert!(named.contains(source), "{key} does not name {source:?}");
            }
        }
    }

    /// The ledgers of a date are lost.
    pub fn lose_ledgers(&mut self, date: &str) {
        self.ledgers.retain(|key| date_in(key) != Some(date));
    }

    /// Each ledger is its revision's, part by part; and what is published of them is one that is there.
    pub async fn check_ledgers(&mut self, lake: &Lake, all: &All, said: &BTreeMap<(String, u64), Said>) {
        for key in all.keys().filter(|key| key.starts_with("lake/parts/")) {
            if self.ledgers.insert(key.clone()) {
                let (date, number) = of_ledger(key);
                let said = &said[&(date, number)];
                assert!(said.is_whole(), "{key} of a revision that is {}", said.state);
                let rows = rows(&lake.world.get(key).await, number);
                let mut wanted: Vec<Row> = Vec::new();
                for (table, parts) in &said.tables {
                    wanted.extend(parts.iter().map(|part| {
                        let texts = [table, &part.source, &part.etag, &part.output];
                        (texts.map(String::clone), part.counts)
                    }));
                }
                wanted.sort();
                assert_eq!(rows, wanted, "{key}");
            }
        }
        for key in all
            .keys()
            .filter(|key| key.starts_with("lake/published/table=daymark_parts/"))
        {
            let file = lake.text(key).await.unwrap();
            let file = file.strip_prefix(&format!("s3://{CURATED}/")).unwrap();
            let file = file.strip_suffix('\n').unwrap();
            assert_eq!(date_in(file), date_in(key));
            assert!(self.ledgers.contains(file), "{key} names {file:?}");
        }
    }

    /// After a sweep that nothing disturbed, the last whole revision's ledger is the one that is published.
    pub async fn check_published_ledger(&self, lake: &Lake, date: &str, number: u64) {
        let link = format!("lake/published/table=daymark_parts/date={date}/symlink.txt");
        let wanted = format!("s3://{CURATED}/lake/parts/date={date}/r{number:06}.parquet\n");
        assert_eq!(
            lake.text(&link).await,
            Some(wanted),
            "{date} of revision {number}"
        );
    }
}

/// The first source that a listing shows with other content.
fn superseded<'s>(sources: &'s [Source], landing: &Landing) -> Option<&'s Source> {
    let mut sources = sources.iter();
    sources.find(|(name, etag)| landing.get(name).is_some_and(|(now, _)| now != etag))
}

/// Date and table of a symlink.
fn of_link(key: &str) -> (&str, String) {
    let table = key.split("/table=").nth(1).unwrap().split('/').next().unwrap();
    (date_in(key).unwrap(), table.to_owned())
}

/// Date and number of a ledger.
fn of_ledger(key: &str) -> (String, u64) {
    let name = key.rsplit('/').next().unwrap();
    let number = name.strip_prefix('r').unwrap().strip_suffix(".parquet").unwrap();
    (date_in(key).unwrap().to_owned(), number.parse().unwrap())
}

/// Table, source, its ETag, and output; records read and rows written.
type Row = ([String; 4], [i64; 2]);

fn rows(parquet: &[u8], number: u64) -> Vec<Row> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(parquet)).unwrap();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch: RecordBatch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let text = |name: &str, row: usize| column(name).as_string::<i32>().value(row).to_owned();
        let count = |name: &str, row: usize| column(name).as_primitive::<Int64Type>().value(row);
        for row in 0..batch.num_rows() {
            assert_eq!(count("revision", row), i64::try_from(number).unwrap());
            let texts = ["table_name", "source_key", "source_etag", "output_key"];
            let counts = ["records_read", "rows_written"];
            rows.push((
                texts.map(|name| text(name, row)),
                counts.map(|name| count(name, row)),
            ));
        }
    }
    rows.sort();
    rows
}
