//! The files of a table's day, as Athena reads them.
//!
//! Hive's `SymlinkTextInputFormat` takes each line of a text file for the URL of a data file; S3 Inventory publishes its
//! Parquet so (Amazon S3 User Guide, "Querying Amazon S3 Inventory with Amazon Athena").

use std::collections::BTreeMap;

use super::Content;
use crate::day::{Seen, Verdict};
use crate::keys::{Layout, PartKey};

/// The symlink files of a day's content, by table.
pub fn symlinks(content: &Content, layout: &Layout) -> BTreeMap<String, String> {
    let of_table = |(name, table): (&String, &super::Table)| {
        let keys = table.parts.iter().map(|part| part.output.key.as_str());
        (name.clone(), text(keys, layout))
    };
    content.tables.iter().map(of_table).collect()
}

/// The symlink files of what is there now, by table, whether the day is complete or not.
pub fn live_symlinks(seen: &Seen, verdict: &Verdict, layout: &Layout) -> BTreeMap<String, String> {
    let mut links = BTreeMap::new();
    for (name, choice) in &verdict.tables {
        let Some(table) = seen.tables.get(name) else {
            continue;
        };
        let mut keys: Vec<String> = choice
            .parts
            .iter()
            .filter_map(|part| table.outputs.get(part.output))
            .map(|output| {
                let part = PartKey {
                    table: name.clone(),
                    date: seen.date.clone(),
                    stem: output.stem.clone(),
                };
                layout.output(&part, &output.id)
            })
            .collect();
        keys.sort_unstable();
        if !keys.is_empty() {
            links.insert(name.clone(), text(keys.iter().map(String::as_str), layout));
        }
    }
    links
}

/// One file of a symlink: a ledger's.
pub fn symlink(key: &str, layout: &Layout) -> String {
    text([key], layout)
}

/// What is wrong with what is no symlink of ours.
pub const NO_SYMLINK: &str = "expected a URL of the curated prefix on each line";

/// Whether these are the bytes of a symlink of ours, an empty one included.
pub fn is_symlink(bytes: &[u8], layout: &Layout) -> bool {
    let start = format!("s3://{}/{}", layout.curated().bucket(), layout.curated().prefix());
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    (text.is_empty() || text.ends_with('\n')) && text.lines().all(|line| line.starts_with(&start))
}

/// The keys of the files that a symlink names, as far as they are the curated bucket's.
pub fn linked<'b>(bytes: &'b [u8], layout: &Layout) -> impl Iterator<Item = &'b str> {
    let start = format!("s3://{}/", layout.curated().bucket());
    let lines = std::str::from_utf8(bytes).unwrap_or_default().lines();
    lines.filter_map(move |line| line.strip_prefix(start.as_str()))
}

fn text<'k>(keys: impl IntoIterator<Item = &'k str>, layout: &Layout) -> String {
    let bucket = layout.curated().bucket();
    keys.into_iter()
        .map(|key| format!("s3://{bucket}/{key}\n"))
        .collect()
}
