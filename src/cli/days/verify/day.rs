//! One day: its manifest, what the manifest says of itself, the symlinks, and every part.

use std::collections::BTreeMap;

use anyhow::Context;
use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Found, earlier, failures, live, part};
use crate::cli::days::place::Place;
use crate::keys::{Day, Layout, Leaf, Link, PARTS_TABLE};
use crate::manifest::{self, Revision};

/// Parts that are read at once. Each is on disk for as long.
const PARTS_AT_ONCE: usize = 4;

/// Folders that are listed at once.
const LISTINGS_AT_ONCE: usize = 16;

/// What is said of a day that nothing can be held against.
pub(super) const NO_MANIFEST: &str = "it has no manifest yet";

/// Looks at a day. Whether anything of it is published, if its manifest can be read.
pub(super) async fn verify(place: &Place, date: &Day, found: &mut Found) -> anyhow::Result<Option<bool>> {
    strangers(place, date, found).await?;
    failures::verify(place, date, found).await?;
    let before = found.faults.len();
    let Some(newest) = newest(place, date, found).await? else {
        let published = (found.faults.len() == before).then_some(false);
        live::verify(place, date, None, false, found).await?;
        return Ok(published);
    };
    let published = match newest.history.published {
        None => None,
        Some(number) if number == newest.history.revision => Some(newest.clone()),
        Some(number) => revision(place, date, number, found).await?,
    };
    earlier::verify(place, date, &newest, found).await?;
    let clock_ms = place.looker().clock().await?;
    for revision in published.iter().chain([&newest]) {
        let ahead = revision.history.ahead(clock_ms).map(|ahead| ahead.message);
        found
            .notes
            .extend(ahead.filter(|ahead| !found.notes.contains(ahead)));
    }
    let content = published.as_ref().and_then(|revision| revision.content.as_ref());
    let is_whole = newest.history.state.publishes();
    live::verify(place, date, content, is_whole, found).await?;
    if let Some(number) = newest.history.published
        && published.is_none()
    {
        found.notes.push(format!(
            "it is {}; without revision {number} nothing tells what its published files are to hold, so none was read",
            newest.history.state
        ));
        damaged_links(place, date, found).await?;
        return Ok(Some(true));
    }
    links(place, date, published.as_ref(), found).await?;
    let Some(content) = published.and_then(|revision| revision.content) else {
        found.notes.push(format!(
            "it is {}, and nothing of it is published",
            newest.history.state
        ));
        return Ok(Some(false));
    };
    // While a day is reopened or blocked, sources may well be newer than what is published.
    let state = newest.history.state;
    let listed_ms = state.publishes().then_some(newest.history.listed_ms);
    if listed_ms.is_none() {
        found
            .notes
            .push(format!("it is {state}; an earlier revision is published"));
    }
    let parts = content.tables.values().flat_map(|table| &table.parts);
    let reads = parts.map(|part| {
        Found::of_file(&part.output.key, async move |found| {
            part::verify(place, part, listed_ms, found).await
        })
    });
    // In their order, so that two runs say the same.
    let mut reads = stream::iter(reads).buffered(PARTS_AT_ONCE);
    while let Some(read) = reads.next().await {
        found.add(read);
    }
    Ok(Some(true))
}

/// The manifest, held against its checksum and the revision that it is a copy of.
async fn newest(place: &Place, date: &Day, found: &mut Found) -> anyhow::Result<Option<Revision>> {
    let layout = &place.config.layout;
    let key = layout.leaf(date, Leaf::Manifest);
    let Some(json) = place.read(&key).await? else {
        let others = place
            .list(layout.leaf(date, Leaf::Manifest).replace("manifest.json", "r"))
            .await?;
        if others.is_empty() {
            found.notes.push(NO_MANIFEST.to_owned());
            unclaimed(place, date, found).await?;
        } else {
            found.fault(format!(
                "{key}: expected a copy of the newest revision, found none"
            ));
        }
        return Ok(None);
    };
    let checksum = place.read(&layout.leaf(date, Leaf::Checksum)).await?;
    let checksum = checksum.map(|text| String::from_utf8_lossy(&text).into_owned());
    let expected = manifest::checksum(&manifest::sha256(&json));
    let is_sound = checksum.as_ref() == Some(&expected);
    match checksum {
        Some(checksum) => found.same("manifest.json.sha256", expected.trim_end(), checksum.trim_end()),
        // It is written last, so this is a publication under way, or one that the next sweep ends.
        None => found.notes.push("its checksum is not written yet".to_owned()),
    }
    let document: serde_json::Value = match serde_json::from_slice(&json) {
        Ok(document) => document,
        Err(error) => {
            found.fault(format!("{key}: expected a manifest, found no JSON: {error}"));
            return Ok(None);
        }
    };
    let number = document
        .pointer("/history/revision")
        .and_then(serde_json::Value::as_u64)
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or_default();
    let newest = match Revision::parse(&json, date, number) {
        Ok(newest) => newest,
        Err(damage) => {
            found.fault(format!("{key}: {damage}"));
            return Ok(None);
        }
    };
    let listed = place.list(layout.manifests_of(date)).await?;
    let numbers = listed
        .iter()
        .filter_map(|object| match layout.parse_leaf(&object.key)? {
            (_, Leaf::Revision(number)) => Some(number),
            _ => None,
        });
    if let Some(highest) = numbers.max().filter(|highest| *highest > number) {
        let newest = layout.leaf(date, Leaf::Revision(highest));
        let copied = format!("{key}: expected a copy of {newest}, found one of revision {number}");
        // Whatever is wrong with a revision itself is no fault of the manifest.
        let damage = match place.read(&newest).await? {
            Some(json) => damage(&newest, &json, date, highest),
            None => None,
        };
        found.fault(damage.unwrap_or(copied));
    }
    let origin = layout.leaf(date, Leaf::Revision(number));
    match place.read(&origin).await? {
        Some(original) if original == json => {}
        Some(original) => {
            // A revision without a checksum of its history is told by its copy, which has one.
            let others = match is_sound && newest.history_sha256.is_none() {
                true => {
                    format!("{origin}: expected the bytes of {key}, whose checksum fits it, found others")
                }
                false => format!("{key}: expected the bytes of {origin}, found others"),
            };
            found.fault(damage(&origin, &original, date, number).unwrap_or(others));
        }
        None => found.fault(format!("{key}: expected its original {origin}, found none")),
    }
    Ok(Some(newest))
}

/// What is wrong with a revision, if anything is.
fn damage(key: &str, json: &[u8], date: &Day, number: u32) -> Option<String> {
    let damage = Revision::parse(json, date, number).err()?;
    Some(format!("{key}: {damage}"))
}

/// Published symlinks of a day without a manifest: what Athena reads there, nothing vouches for.
async fn unclaimed(place: &Place, date: &Day, found: &mut Found) -> anyhow::Result<()> {
    let layout = &place.config.layout;
    for table in place.names(&layout.links(Link::Published, None)).await? {
        let key = layout.link(Link::Published, &table, date);
        let text = place.read(&key).await?.unwrap_or_default();
        if let Some(first) = String::from_utf8_lossy(&text).lines().next() {
            found.fault(format!(
                "{key}: expected no files of a day without a manifest, found {first}"
            ));
        }
    }
    Ok(())
}

/// Objects beside the day's symlinks.
async fn strangers(place: &Place, date: &Day, found: &mut Found) -> anyhow::Result<()> {
    let layout = &place.config.layout;
    let mut links = Vec::new();
    for link in [Link::Published, Link::Live] {
        let tables = place.names(&layout.links(link, None)).await?;
        links.extend(tables.iter().map(|table| layout.link(link, table, date)));
    }
    let looks = links.iter().map(|link| async move {
        let mut found = Found::default();
        beside(place, link, &mut found).await?;
        anyhow::Ok(found)
    });
    let mut looks = stream::iter(looks).buffered(LISTINGS_AT_ONCE);
    while let Some(look) = looks.next().await {
        found.add(look?);
    }
    Ok(())
}

/// Objects beside the one object that Athena is to read in a folder. It reads all that is below, but for hidden files.
pub(super) async fn beside(place: &Place, key: &str, found: &mut Found) -> anyhow::Result<()> {
    let Some((folder, name)) = key.rsplit_once('/') else {
        return Ok(());
    };
    for object in place.list(format!("{folder}/")).await? {
        let own = object.key.rsplit('/').next().unwrap_or_default();
        // A console's placeholder of a folder ends with a slash.
        if object.key != key && !own.is_empty() && !own.starts_with(['_', '.']) {
            found.fault(format!(
                "{}: expected nothing beside {name}, found this object: Athena reads it too, so that rows may be there twice; \
                 delete it",
                object.key
            ));
        }
    }
    Ok(())
}

async fn revision(
    place: &Place,
    date: &Day,
    number: u32,
    found: &mut Found,
) -> anyhow::Result<Option<Revision>> {
    let key = place.config.layout.leaf(date, Leaf::Revision(number));
    let Some(json) = place.read(&key).await? else {
        found.fault(format!("{key}: expected the published revision, found none"));
        return Ok(None);
    };
    match Revision::parse(&json, date, number) {
        Ok(revision) => Ok(Some(revision)),
        Err(damage) => {
            found.fault(format!("{key}: {damage}"));
            Ok(None)
        }
    }
}

/// The symlinks name exactly the files of the published revision.
async fn links(
    place: &Place,
    date: &Day,
    published: Option<&Revision>,
    found: &mut Found,
) -> anyhow::Result<()> {
    let layout = &place.config.layout;
    let mut wanted = BTreeMap::new();
    if let Some(revision) = published {
        wanted = revision
            .content
            .as_ref()
            .map(|content| manifest::symlinks(content, layout))
            .unwrap_or_default();
        let ledger = layout.parts_ledger(date, revision.history.revision);
        match place.read(&ledger).await? {
            None => found.fault(format!("{ledger}: expected the parts as a table, found none")),
            Some(bytes) => {
                let damage = damage_of_ledger(bytes, Some(revision)).await?;
                let told =
                    |damage| format!("{ledger}: {damage}; delete it, and the next sweep makes it again");
                found.faults.extend(damage.map(told));
            }
        }
        wanted.insert(PARTS_TABLE.to_owned(), manifest::symlink(&ledger, layout));
    }
    for table in place.names(&layout.links(Link::Published, None)).await? {
        wanted.entry(table).or_default();
    }
    for (table, expected) in wanted {
        link(place, layout, &table, date, &expected, found)
            .await
            .with_context(|| format!("the symlink of {table}"))?;
    }
    Ok(())
}

/// Published symlinks that are none. What they are to name, nothing tells here.
async fn damaged_links(place: &Place, date: &Day, found: &mut Found) -> anyhow::Result<()> {
    let layout = &place.config.layout;
    for table in place.names(&layout.links(Link::Published, None)).await? {
        let key = layout.link(Link::Published, &table, date);
        if let Some(text) = place.read(&key).await?
            && !manifest::is_symlink(&text, layout)
        {
            found.fault(format!(
                "{key}: {}, found something else; it is written anew once the day is complete again",
                manifest::NO_SYMLINK
            ));
        }
    }
    Ok(())
}

/// What is wrong with a ledger, if anything is: the parts of its revision, as far as that is known, as a table.
pub(super) async fn damage_of_ledger(
    bytes: Vec<u8>,
    revision: Option<&Revision>,
) -> anyhow::Result<Option<String>> {
    let rows = match rows_of(bytes).await {
        Ok(rows) => rows,
        Err(error) => return Ok(Some(format!("expected Parquet that can be decoded: {error:#}"))),
    };
    // Another release may have written the same rows in other bytes.
    Ok(match revision {
        Some(revision) if rows != rows_of(manifest::ledger(revision)?).await? => {
            Some("expected the parts of the manifest, found others".to_owned())
        }
        _ => None,
    })
}

/// The rows of a small Parquet file.
async fn rows_of(parquet: Vec<u8>) -> anyhow::Result<Vec<RecordBatch>> {
    let decode = || {
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(parquet))?.build()?;
        Ok(reader.collect::<Result<_, _>>()?)
    };
    // The reader trusts what a footer says of pages, and a damaged one can make it panic.
    let decoded = tokio::task::spawn_blocking(decode).await;
    decoded.unwrap_or_else(|_| Err(anyhow::anyhow!("its pages are not what its footer says")))
}

async fn link(
    place: &Place,
    layout: &Layout,
    table: &str,
    date: &Day,
    expected: &str,
    found: &mut Found,
) -> anyhow::Result<()> {
    let key = layout.link(Link::Published, table, date);
    // A table that the day never had has none; one that it has no more has an empty one.
    let text = match place.read(&key).await? {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None if expected.is_empty() => return Ok(()),
        None => {
            found.fault(format!("{key}: expected the day's files, found no symlink"));
            return Ok(());
        }
    };
    if text == expected {
        return Ok(());
    }
    let extra = text.lines().find(|line| !expected.lines().any(|it| it == *line));
    let absent = expected.lines().find(|line| !text.lines().any(|it| it == *line));
    let (expected, lines) = (expected.lines().count(), text.lines().count());
    let files = if expected == 1 { "file" } else { "files" };
    let mut fault = format!("{key}: expected the {expected} {files} of the manifest, found {lines}");
    if let Some(line) = absent {
        fault.push_str(&format!("; {line} is missing"));
    }
    if let Some(line) = extra {
        fault.push_str(&format!("; {line} does not belong there"));
    }
    found.fault(fault);
    Ok(())
}
