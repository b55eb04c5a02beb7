//! Footers of Parquet files, read by their ends, many at a time.

use std::collections::HashSet;

use futures::stream::{self, StreamExt};

use super::SweepError;
use crate::day::{Footer, Known, Seen};
use crate::footer::{self, Tail, TailError};
use crate::keys::{Layout, PartKey};
use crate::manifest;
use crate::part::PartId;
use crate::store::Store;

/// Bytes that are asked for first: a footer of usual size is in them.
const TAIL_BYTES: u32 = 32 << 10;

/// One Parquet file whose footer is wanted.
struct Wanted {
    id: PartId,
    key: String,
    etag: String,
}

/// Reads the footers of these outputs into what is known. Where only columns are not known, one output of each fingerprint
/// tells them. An output that vanished since it was listed ends the day's turn, and so does one that a newer release wrote.
pub(super) async fn read(
    store: &Store,
    layout: &Layout,
    requests_max: usize,
    seen: &Seen,
    outputs: &[(String, usize)],
    known: &mut Known,
) -> Result<(), SweepError> {
    let mut schemas = HashSet::new();
    let wanted = outputs.iter().filter_map(|(name, index)| {
        let output = seen.tables.get(name)?.outputs.get(*index)?;
        if let Some(Footer::Sound(facts)) = known.footers.get(&output.id)
            && !schemas.insert(facts.schema.to_string())
        {
            return None;
        }
        let part = PartKey {
            table: name.clone(),
            date: seen.date.clone(),
            stem: output.stem.clone(),
        };
        Some(Wanted {
            key: layout.output(&part, &output.id),
            id: output.id.clone(),
            etag: output.etag.clone(),
        })
    });
    let wanted: Vec<Wanted> = wanted.collect();
    let reads = wanted
        .into_iter()
        .map(|wanted| one(store, layout.curated().bucket(), wanted));
    let mut reads = stream::iter(reads).buffer_unordered(requests_max);
    while let Some(read) = reads.next().await {
        let (id, footer) = read?;
        manifest::believe(known, &seen.date, &id, footer, layout);
    }
    Ok(())
}

/// The footer of one file, or why it is none of ours. What a newer release wrote is an error: it is no damage.
async fn one(
    store: &Store,
    bucket: &str,
    wanted: Wanted,
) -> Result<(PartId, Result<footer::Footer, String>), SweepError> {
    let Wanted { id, key, etag } = wanted;
    let mut bytes = TAIL_BYTES;
    loop {
        let tail = store.get_tail(bucket, &key, &etag, bytes).await?;
        match footer::read(&tail.bytes, tail.size_bytes) {
            Ok(Tail::Whole(footer)) => return Ok((id, Ok(*footer))),
            Ok(Tail::More(needed)) => match u32::try_from(needed) {
                Ok(needed) if needed > bytes => bytes = needed,
                _ => return Ok((id, Err(format!("expected a footer of {needed} bytes at its end")))),
            },
            Err(TailError::Newer(version)) => {
                let record = footer::FOOTER_KEY;
                return Err(SweepError::Newer(format!(
                    "the record {record} of {key} has version {version}"
                )));
            }
            Err(error) => return Ok((id, Err(error.to_string()))),
        }
    }
}
