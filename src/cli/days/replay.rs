//! `daymark replay`: parts are sent once more, whatever became of them.

use anyhow::{Context, anyhow, bail};
use clap::Args;

use super::block;
use super::place::{Place, PlaceArguments, handle};
use super::verify::count_rejects;
use crate::app::convert_part::Converter;
use crate::cli::{Status, in_words, print, tell, usage};
use crate::failure::Failure;
use crate::footer::{self, PartRecord, Tail};
use crate::keys::{Kind, Skip};
use crate::notice::{self, Notice};
use crate::part::{Identity, PartId};
use crate::rejects::Reject;
use crate::store::Doomed;
use crate::telemetry::Metrics;

/// Bytes of a file's end in which a footer of usual size is.
const TAIL_BYTES: u32 = 32 << 10;

/// Sends parts to the converter again; with --dir they are converted by this program.
///
/// A failure record of the part under today's settings is deleted first, so that it is really tried again. A part whose
/// Parquet is there already stays as it is: the same source under the same settings gives the same bytes. If its rejects
/// are gone or damaged, this program converts it and writes them again.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ReplayArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// Keys or s3:// URLs: of sources, of their Parquet, of rejects, or of failure records
    #[arg(value_name = "PART", required = true)]
    parts: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  daymark replay --dir daymark-demo hubspot/2026-11-20/OBJECTS/data_0_0_0.csv.gz

  daymark replay --landing s3://landing/hubspot --curated s3://curated/lake --queue-url URL \\
      s3://curated/lake/failed/table=objects/date=2026-11-20/data_0_0_0-5f3a9c0e1b2d4a67.json

Status: 0 all sent, or converted; 1 not all; 2 wrong usage.";

/// Runs the command.
pub(in crate::cli) fn run(arguments: &ReplayArguments) -> anyhow::Result<Status> {
    block(Box::pin(replay(arguments)))
}

async fn replay(arguments: &ReplayArguments) -> anyhow::Result<Status> {
    let place = Place::open(&arguments.place).await?;
    if place.queue.is_none() {
        return Err(usage(
            "expected --stack, --queue-url or DAYMARK_QUEUE_URL, so that there is a queue to send to",
        ));
    }
    let mut worst = Status::Done;
    for part in &arguments.parts {
        match Box::pin(one(&place, part)).await {
            Ok((told, status)) => {
                print(&format!("{told}\n"))?;
                worst = worst.max(status);
            }
            Err(error) => {
                tell(&format!("error: {part}: {}", in_words(&error)));
                worst = Status::Refused;
            }
        }
    }
    place.close().await;
    Ok(worst)
}

async fn one(place: &Place, part: &str) -> anyhow::Result<(String, Status)> {
    let layout = &place.config.layout;
    let (landing, curated) = (layout.landing().bucket(), layout.curated().bucket());
    let source = source(place, part).await?;
    let key = layout.source(&source)?;
    let Some(meta) = place.store.head(landing, &source).await? else {
        bail!("its source s3://{landing}/{source} is gone");
    };
    let identity = Identity {
        bucket: landing.to_owned(),
        key: source.clone(),
        etag: meta.etag.clone(),
    };
    let id = PartId::of(&identity, &place.config.profile(&key.table)?);
    let output = layout.output(&key, &id);
    if place.store.head(curated, &output).await?.is_some() {
        let rejects = layout.rejects(&key, &id);
        let Some(lack) = lack(place, &output, &rejects).await? else {
            return Ok((format!("{source}: there already: {output}"), Status::Done));
        };
        let notice = Notice {
            bucket: landing.to_owned(),
            key: source.clone(),
            version_id: None,
            etag: Some(meta.etag),
            size: Some(meta.size_bytes),
        };
        let converter = Converter::new(place.config.clone(), place.store.clone(), Metrics::none());
        let written = Box::pin(converter.write_rejects_again(&notice)).await?;
        let written = written.with_context(|| format!("{lack}, and the source has none by now"))?;
        return Ok((
            format!("{source}: there already: {output}; {lack}, written again: {written}"),
            Status::Done,
        ));
    }
    let failure = layout.failure(&key, &id);
    let record = place.read(&failure).await?;
    if record.is_some() {
        let left = place.store.delete(curated, &[Doomed::any(&failure)]).await?;
        if let Some(error) = left.into_iter().next() {
            return Err(error.into());
        }
    }
    let body = notice::created(landing, &source, meta.size_bytes, &meta.etag);
    if let Some(handler) = &place.handler {
        let told = handle(handler, &body).await.map_err(anyhow::Error::msg)?;
        let failed = place.store.head(curated, &failure).await?.is_some();
        let status = if failed { Status::Refused } else { Status::Done };
        return Ok((told, status));
    }
    let queue = place.queue.as_ref().context("a defect: no queue")?;
    for sent in queue.send(&[body]).await {
        if let Err(error) = sent {
            if let Some(record) = record {
                // Or its day would wait for a part that nobody tries again.
                let put = place
                    .store
                    .put_new(curated, &failure, record.into(), "application/json");
                put.await.with_context(|| {
                    format!("{source}: {error}; and its failure record {failure} could not be put back")
                })?;
            }
            return Err(anyhow::Error::from(error).context(source));
        }
    }
    Ok((format!("{source}: sent"), Status::Done))
}

/// What is wrong with the rejects of a part that is converted.
async fn lack(place: &Place, output: &str, rejects: &str) -> anyhow::Result<Option<String>> {
    let record = record(place, output).await?;
    let expected = (record.records_rejected, record.cells_rejected);
    if expected == (0, 0) {
        return Ok(None);
    }
    let Some(bytes) = place.read(rejects).await? else {
        return Ok(Some("its rejects were gone".to_owned()));
    };
    Ok(match count_rejects(&bytes, &record.source_key) {
        Ok(found) if found == expected => None,
        Ok(_) => Some("its rejects were not all".to_owned()),
        Err(why) => Some(format!("its rejects were damaged ({why})")),
    })
}

/// The key of the source that is meant.
async fn source(place: &Place, part: &str) -> anyhow::Result<String> {
    let layout = &place.config.layout;
    let (landing, curated) = (layout.landing().bucket(), layout.curated().bucket());
    let in_bucket = |bucket: &str| {
        let path = part.strip_prefix("s3://").unwrap_or(part);
        let key = match part.len() == path.len() {
            true => Some(part),
            false => path.strip_prefix(bucket).and_then(|rest| rest.strip_prefix('/')),
        };
        key.map(str::to_owned)
    };
    if let Some(key) = in_bucket(curated)
        && let Some((kind, _, id)) = layout.parse(&key)
    {
        return match kind {
            Kind::Parquet => Ok(record(place, &key).await?.source_key),
            Kind::Failure => {
                let bytes = place.read(&key).await?;
                let bytes = bytes.with_context(|| format!("there is no s3://{curated}/{key}"))?;
                let failure = Failure::parse(&bytes, &id)
                    .map_err(|error| anyhow!("{error}; name the part's source instead"))?;
                Ok(failure.source.key)
            }
            Kind::Rejects => {
                let bytes = place.read(&key).await?;
                let bytes = bytes.with_context(|| format!("there is no s3://{curated}/{key}"))?;
                let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let reject: Reject = serde_json::from_slice(first).map_err(|error| {
                    anyhow!("line 1: expected a reject: {error}; name the part's source instead")
                })?;
                Ok(reject.file)
            }
        };
    }
    let Some(key) = in_bucket(landing) else {
        bail!("expected a key or URL in s3://{landing} or s3://{curated}");
    };
    match layout.source(&key) {
        Ok(_) => Ok(key),
        Err(skip @ Skip::OutsideLanding) => bail!("{skip} {}", layout.landing()),
        Err(skip) => bail!("it is no part: {skip}"),
    }
}

/// What a Parquet file's footer says of its part.
async fn record(place: &Place, key: &str) -> anyhow::Result<PartRecord> {
    let bucket = place.config.layout.curated().bucket();
    let Some(meta) = place.store.head(bucket, key).await? else {
        bail!("there is no s3://{bucket}/{key}");
    };
    let mut bytes = TAIL_BYTES;
    loop {
        let tail = place.store.get_tail(bucket, key, &meta.etag, bytes).await?;
        match footer::read(&tail.bytes, tail.size_bytes)? {
            Tail::Whole(footer) => return Ok(footer.record),
            Tail::More(more) => match u32::try_from(more) {
                Ok(more) if more > bytes => bytes = more,
                _ => bail!("expected a footer of {more} bytes at its end"),
            },
        }
    }
}
