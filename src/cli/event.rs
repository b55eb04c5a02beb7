//! `daymark event`: what an event asks for, as the function reads it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use super::{Status, print, tell, usage};
use crate::keys::{Layout, Place};
use crate::notice::{self, Content, Delivery, EVENT_BYTES_MAX, Notice, NoticeError};

/// Decodes an event as the function does: one JSON line for each object created.
///
/// Every envelope is understood: S3, SQS, SNS, EventBridge, S3 Batch Operations, and one in another. Whatever an event says
/// beside objects created goes to stderr as a note.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct EventArguments {
    /// The event as JSON, or `-` for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where parts come from: with it, objects that are no parts are left out, with a note
    #[arg(long, value_name = "s3://BUCKET/PREFIX", requires = "curated")]
    landing: Option<String>,
    /// Where outputs go
    #[arg(long, value_name = "s3://BUCKET/PREFIX", requires = "landing")]
    curated: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  daymark event events/sqs-s3.json
      {\"bucket\":\"…\",\"key\":\"hubspot/2026-11-23/OBJECTS/data_0_0_0.csv.gz\",\"etag\":\"…\",\"size\":15728640}
  aws sqs receive-message --queue-url … | jq '.Messages[0].Body | fromjson' | daymark event -
  daymark event event.json --landing s3://landing/hubspot/ --curated s3://curated/hubspot/
      Only what the function would convert, under these prefixes.

Status: 0 understood, even if it asks for nothing; 1 if any record or message cannot be understood; 2 wrong usage.";

#[derive(Serialize)]
struct Line<'a> {
    bucket: &'a str,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

/// Runs the command.
pub(super) fn run(arguments: &EventArguments) -> anyhow::Result<Status> {
    let layout = arguments.layout()?;
    let payload = read(&arguments.file)?;
    let mut told = Told {
        layout,
        status: Status::Done,
    };
    match notice::read(&payload)? {
        Delivery::Direct(content) => told.content(&content)?,
        Delivery::Queue(messages) => {
            for message in messages {
                match message.content {
                    Ok(content) => told.content(&content)?,
                    Err(error) => told.fault("message", &message.id, &error),
                }
            }
        }
        Delivery::Batch(job) => {
            for task in job.tasks {
                match task.content {
                    Ok(notice) => told.notice(&notice)?,
                    Err(error) => told.fault("task", &task.id, &error),
                }
            }
        }
    }
    Ok(told.status)
}

impl EventArguments {
    fn layout(&self) -> anyhow::Result<Option<Layout>> {
        let (Some(landing), Some(curated)) = (&self.landing, &self.curated) else {
            return Ok(None);
        };
        let place =
            |flag: &str, url: &str| Place::parse(url).map_err(|error| usage(format!("{flag}: {error}")));
        let layout = Layout::new(place("--landing", landing)?, place("--curated", curated)?);
        layout.map(Some).map_err(|error| usage(error.to_string()))
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| path.display().to_string())?)
    };
    let mut payload = Vec::new();
    // One byte more tells that there is too much.
    let most = u64::try_from(EVENT_BYTES_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    source
        .take(most)
        .read_to_end(&mut payload)
        .with_context(|| path.display().to_string())?;
    Ok(payload)
}

struct Told {
    layout: Option<Layout>,
    status: Status,
}

impl Told {
    fn content(&mut self, content: &Content) -> anyhow::Result<()> {
        content
            .notices
            .iter()
            .try_for_each(|notice| self.notice(notice))?;
        for ignored in &content.ignored {
            tell(&format!("ignored: {ignored}"));
        }
        Ok(())
    }

    fn notice(&mut self, notice: &Notice) -> anyhow::Result<()> {
        let Notice {
            bucket,
            key,
            version_id,
            etag,
            size,
        } = notice;
        if let Some(layout) = &self.layout
            && let Err(skip) = layout.source_in(bucket, key)
        {
            tell(&format!("skipped: {key:?} in {bucket}: {skip}"));
            return Ok(());
        }
        let line = Line {
            bucket,
            key,
            version_id: version_id.as_deref(),
            etag: etag.as_deref(),
            size: *size,
        };
        let mut line = serde_json::to_string(&line)?;
        line.push('\n');
        Ok(print(&line)?)
    }

    fn fault(&mut self, what: &str, id: &str, error: &NoticeError) {
        self.status = Status::Refused;
        tell(&format!("error: {what} {id:?}: {error}"));
    }
}
