//! The live symlinks of a day, and the files that they name before the day is published with them.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};

use super::{Found, part};
use crate::cli::days::place::Place;
use crate::cli::quantity::counted;
use crate::keys::{Day, Link};
use crate::manifest::{self, Content};
use crate::part::{Identity, PartId, Profile};
use crate::store::Listed;

/// Files that are read at once. Each is on disk for as long.
const FILES_AT_ONCE: usize = 4;

/// What mends a file that the day is not published with.
const AGAIN: &str = "; delete it, and while its source is there the next sweeps have it made again";

/// The live symlinks name files that are there, and that are what their footers say. Of a day that `is_whole` they name what
/// is published; of others which ones those are to be changes with each part that comes. `content`: what is published, which is
/// read elsewhere.
pub(super) async fn verify(
    place: &Place,
    date: &Day,
    content: Option<&Content>,
    is_whole: bool,
    found: &mut Found,
) -> anyhow::Result<()> {
    let layout = &place.config.layout;
    let url = format!("s3://{}/", layout.curated().bucket());
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    if let Some(content) = content.filter(|_| is_whole) {
        wanted = manifest::symlinks(content, layout);
    }
    let tables = content.into_iter().flat_map(|content| content.tables.values());
    let parts = tables.flat_map(|table| &table.parts);
    let published: BTreeSet<&str> = parts.map(|part| part.output.key.as_str()).collect();
    let mut tables: BTreeSet<String> = wanted.keys().cloned().collect();
    tables.extend(place.names(&layout.links(Link::Live, None)).await?);
    let mut alone = 0;
    for table in tables {
        let key = layout.link(Link::Live, &table, date);
        let text = place.read(&key).await?;
        let is_there = text.is_some();
        let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
        let expected = wanted.get(&table).map_or("", String::as_str);
        if is_whole && text != expected {
            let files = counted(expected.lines().count() as u64, "file");
            let names = if is_there {
                counted(text.lines().count() as u64, "file")
            } else {
                "no symlink".to_owned()
            };
            found.fault(format!(
                "{key}: expected what is published, {files}, found {names}"
            ));
        }
        if !is_there {
            continue;
        }
        let folder = format!("{}table={table}/date={date}/", layout.curated().prefix());
        let there = place.list(folder).await?;
        let there: BTreeMap<&str, &Listed> = there.iter().map(|it| (it.key.as_str(), it)).collect();
        let mut files = Vec::new();
        for line in text.lines() {
            match line.strip_prefix(&url).and_then(|key| there.get(key)) {
                None => found.fault(format!("{key}: expected files that are there, found {line}")),
                Some(listed) if published.contains(listed.key.as_str()) => {}
                Some(listed) => files.push(*listed),
            }
        }
        alone += files.len() as u64;
        let reads = files
            .into_iter()
            .map(|listed| Found::of_file(&listed.key, async move |found| file(place, listed, found).await));
        // In their order, so that two runs say the same.
        let mut reads = stream::iter(reads).buffered(FILES_AT_ONCE);
        while let Some(read) = reads.next().await {
            found.add(read);
        }
    }
    if alone > 0 {
        let files = counted(alone, "file");
        found
            .notes
            .push(format!("{files} read that the live symlinks alone name"));
    }
    Ok(())
}

/// A file holds as many rows as its footer says, and that is the footer of the part that its name says.
async fn file(place: &Place, listed: &Listed, found: &mut Found) -> anyhow::Result<()> {
    let (record, rows) = match part::read(place, &listed.key, &listed.etag, found).await? {
        Ok(read) => read,
        Err(error) => {
            found.fault(format!("expected Parquet that can be decoded: {error:#}{AGAIN}"));
            return Ok(());
        }
    };
    let record = match record {
        Some(Ok(record)) => record,
        Some(Err(why)) => {
            found.fault(why.to_string());
            return Ok(());
        }
        None => {
            found.fault(format!(
                "expected Daymark's record in the footer, found none{AGAIN}"
            ));
            return Ok(());
        }
    };
    found.same("rows, decoded", record.rows_written, rows);
    let identity = Identity {
        bucket: record.source_bucket,
        key: record.source_key,
        etag: record.source_etag,
    };
    let id = Profile::parse(&record.profile).map(|profile| PartId::of(&identity, &profile));
    let named = place.config.layout.parse_output(&listed.key).map(|(_, id)| id);
    if id.is_none() || id != named {
        found.fault(format!(
            "expected the part that its name says, found one of {}{AGAIN}",
            identity.key
        ));
    }
    Ok(())
}
