//! What is written of days in the curated bucket.

use std::collections::{BTreeMap, BTreeSet};

use super::model::date_in;
use crate::lake::Lake;
use crate::support::CURATED;

/// What is written of a day, Parquet and live symlinks aside: ETags by key.
pub fn of_day(all: &BTreeMap<String, String>, date: &str) -> BTreeMap<String, String> {
    let is_days = |key: &&String| {
        date_in(key) == Some(date) && (key.contains("/manifest/") || key.contains("/published/"))
    };
    let days = all.iter().filter(|(key, _)| is_days(key));
    days.map(|(key, etag)| (key.clone(), etag.clone())).collect()
}

/// Published symlinks that name something, the ledger's aside: key, date, table, files.
pub async fn links(
    lake: &Lake,
    all: &BTreeMap<String, String>,
) -> Vec<(String, String, String, BTreeSet<String>)> {
    let start = format!("s3://{CURATED}/");
    let mut found = Vec::new();
    for key in all.keys().filter(|key| key.starts_with("lake/published/table=")) {
        let table = key["lake/published/table=".len()..].split('/').next().unwrap();
        let text = lake.text(key).await.unwrap();
        let lines: Vec<String> = text.lines().map(|line| line.replace(&start, "")).collect();
        let files: BTreeSet<String> = lines.iter().cloned().collect();
        assert_eq!(files.len(), lines.len(), "{key} names a file twice");
        if table != "daymark_parts" && !files.is_empty() {
            let date = date_in(key).unwrap().to_owned();
            found.push((key.clone(), date, table.to_owned(), files));
        }
    }
    found
}
