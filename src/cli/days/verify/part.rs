//! One part: its source and its Parquet, every byte of both.

use std::fs::File;
use std::io::{BufWriter, Write};

use anyhow::{Context, anyhow};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};

use super::Found;
use crate::cli::days::place::Place;
use crate::cli::inspect::parquet_file::Parquet;
use crate::cli::leftovers::Aside;
use crate::footer::{PartRecord, TailError};
use crate::keys::Kind;
use crate::manifest::Part;
use crate::rejects::Reject;

/// Looks at a part. `listed_ms`: when the listings began that its day was found whole by, milliseconds since 1970 UTC. A source
/// that is there since before then has to be the one that was converted. None: the day is not whole at the moment.
pub(super) async fn verify(
    place: &Place,
    part: &Part,
    listed_ms: Option<i64>,
    found: &mut Found,
) -> anyhow::Result<()> {
    found.parts += 1;
    source(place, part, listed_ms, found).await?;
    output(place, part, found).await?;
    rejects(place, part, found).await
}

async fn source(place: &Place, part: &Part, listed_ms: Option<i64>, found: &mut Found) -> anyhow::Result<()> {
    let bucket = place.config.layout.landing().bucket();
    let source = &part.source;
    let Some(meta) = place.store.head(bucket, &source.key).await? else {
        found.sources_gone += 1;
        return Ok(());
    };
    if meta.etag != source.etag {
        let Some(listed_ms) = listed_ms else {
            return Ok(());
        };
        if meta.last_modified_ms.is_some_and(|ms| ms >= listed_ms) {
            found.replaced.push(source.key.clone());
        } else {
            let (expected, found_etag) = (source.etag.as_str(), meta.etag.as_str());
            found.same(&format!("ETag of source {}", source.key), expected, found_etag);
        }
        return Ok(());
    }
    let mut body = place.store.get(bucket, &source.key, &meta.etag, 0).await?;
    let (mut hash, mut size) = (Sha256::new(), 0_u64);
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| anyhow!("{}: {error}", source.key))?;
        size += bytes.len() as u64;
        hash.update(&bytes);
    }
    found.bytes += size;
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    found.same(&format!("bytes of source {}", source.key), source.bytes, size);
    found.same(
        &format!("SHA-256 of source {}", source.key),
        source.sha256.as_str(),
        &hex,
    );
    Ok(())
}

async fn output(place: &Place, part: &Part, found: &mut Found) -> anyhow::Result<()> {
    let bucket = place.config.layout.curated().bucket();
    let output = &part.output;
    let Some(meta) = place.store.head(bucket, &output.key).await? else {
        found.fault("expected the Parquet file, found none");
        return Ok(());
    };
    found.same("ETag", output.etag.as_str(), meta.etag.as_str());
    found.same("bytes", output.bytes, meta.size_bytes);
    match read(place, &output.key, &meta.etag, found).await? {
        Err(error) => found.fault(format!("expected Parquet that can be decoded: {error:#}")),
        Ok((record, rows)) => {
            found.rows += rows;
            found.same("rows, decoded", part.rows_written, rows);
            match record {
                None => found.fault("expected Daymark's record in the footer, found none"),
                Some(Err(why)) => found.fault(why.to_string()),
                Some(Ok(record)) => footer(part, &record, found),
            }
        }
    }
    Ok(())
}

/// Parquet of this ETag, every byte of it: the record in its footer, and the rows that it really has; or why it is none.
pub(super) async fn read(
    place: &Place,
    key: &str,
    etag: &str,
    found: &mut Found,
) -> anyhow::Result<anyhow::Result<(Record, u64)>> {
    let bucket = place.config.layout.curated().bucket();
    let mut body = place.store.get(bucket, key, etag, 0).await?;
    let (aside, file) = Aside::create(&std::env::temp_dir())?;
    let mut writer = BufWriter::new(file);
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(anyhow::Error::msg)?;
        found.bytes += bytes.len() as u64;
        writer.write_all(&bytes).context("a file aside")?;
    }
    writer.flush()?;
    drop(writer);
    let file = File::open(aside.path())?;
    // The reader trusts what a footer says of pages, and a damaged one can make it panic.
    let decoded = tokio::task::spawn_blocking(move || decode(file))
        .await
        .unwrap_or_else(|_| Err(anyhow::anyhow!("its pages are not what its footer says")));
    drop(aside);
    Ok(decoded)
}

/// The footer's record, if there is one, or why it cannot be read.
pub(super) type Record = Option<Result<PartRecord, TailError>>;

/// The footer's record, and the number of rows that the file really has.
fn decode(file: File) -> anyhow::Result<(Record, u64)> {
    let record = Parquet::open(file.try_clone()?)?.record();
    let mut rows = 0;
    for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
        rows += batch?.num_rows() as u64;
    }
    Ok((record, rows))
}

fn footer(part: &Part, record: &PartRecord, found: &mut Found) {
    let numbers = [
        ("records read", part.records_read, record.records_read),
        ("rows", part.rows_written, record.rows_written),
        ("records rejected", part.records_rejected, record.records_rejected),
        ("cells rejected", part.cells_rejected, record.cells_rejected),
        ("bytes of the source", part.source.bytes, record.source_bytes),
    ];
    for (what, expected, is) in numbers {
        found.same(&format!("{what} in the footer"), expected, is);
    }
    let texts = [
        ("source", &part.source.key, &record.source_key),
        ("ETag of the source", &part.source.etag, &record.source_etag),
        (
            "SHA-256 of the source",
            &part.source.sha256,
            &record.source_sha256,
        ),
        ("profile", &part.profile, &record.profile),
        ("schema", &part.schema, &record.schema),
        ("dialect", &part.dialect, &record.dialect),
    ];
    for (what, expected, is) in texts {
        found.same(&format!("{what} in the footer"), expected.as_str(), is);
    }
    let sum = part.rows_written.saturating_add(part.records_rejected);
    found.same("rows and rejected records together", part.records_read, sum);
}

/// Every reject can be read back.
async fn rejects(place: &Place, part: &Part, found: &mut Found) -> anyhow::Result<()> {
    let layout = &place.config.layout;
    let expected = part.records_rejected.saturating_add(part.cells_rejected);
    let Some((key, id)) = layout.parse_output(&part.output.key) else {
        found.fault("expected the key of an output");
        return Ok(());
    };
    if expected == 0 {
        return Ok(());
    }
    let key = layout.key(Kind::Rejects, &key, &id);
    match place.read(&key).await? {
        None => found.fault(format!(
            "expected {expected} rejects in {key}, found no such file{AGAIN}"
        )),
        Some(bytes) => {
            let (records, cells) = match count_rejects(&bytes, &part.source.key) {
                Ok(counted) => counted,
                Err(why) => {
                    found.fault(format!("{key}: {why}{AGAIN}"));
                    return Ok(());
                }
            };
            let rejected = [
                ("records", part.records_rejected, records),
                ("cells", part.cells_rejected, cells),
            ];
            for (what, expected, is) in rejected.into_iter().filter(|(_, expected, is)| expected != is) {
                found.fault(format!(
                    "rejected {what} in {key}: expected {expected}, found {is}{AGAIN}"
                ));
            }
        }
    }
    Ok(())
}

/// What mends rejects.
const AGAIN: &str =
    "; while the part's source is there, `daymark replay` of its Parquet's key writes them again";

/// How many records and how many cells were rejected, all of this source; or what is no reject of it.
pub(in crate::cli::days) fn count_rejects(bytes: &[u8], source: &str) -> Result<(u64, u64), String> {
    let (mut records, mut cells) = (0, 0);
    let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    for (nth, line) in whole.split(|byte| *byte == b'\n').enumerate() {
        if bytes.is_empty() {
            break;
        }
        let reject: Reject = serde_json::from_slice(line)
            .map_err(|error| format!("line {}: expected a reject: {error}", nth + 1))?;
        if reject.file != source {
            return Err(format!(
                "line {}: expected a reject of {source}, found one of {}",
                nth + 1,
                reject.file
            ));
        }
        match reject.column {
            None => records += 1,
            Some(_) => cells += 1,
        }
    }
    Ok((records, cells))
}
