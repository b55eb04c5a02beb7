//! `daymark event`: what an event asks for, as the function reads it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use super::remote::{local_path, place_or_prefix};
use super::{Status, print, tell, usage};
use crate::keys::{Layout, LayoutError, Place, Skip};
use crate::notice::{self, Content, Delivery, EVENT_BYTES_MAX, Notice, NoticeError};

/// Decodes an event as the function does: one JSON line for each object created.
///
/// Every envelope is understood: S3, SQS, SNS, EventBridge, S3 Batch Operations, and one in another. Whatever an event says
/// beside objects created goes to stderr as a note.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct EventArguments {
    /// The event as JSON, or `-` for stdin
    #[arg(value_name = "FILE", value_parser = local_path())]
    file: PathBuf,
    /// Where parts come from: objects that are elsewhere, or no parts, are left out, with a note. A prefix alone is one in
    /// any bucket, and / all of it
    #[arg(long, value_name = "s3://BUCKET/PREFIX|PREFIX", value_parser = place_or_prefix)]
    landing: Option<String>,
    /// Where outputs go: objects there are left out, with a note. A prefix alone is one in any bucket
    #[arg(long, value_name = "s3://BUCKET/PREFIX|PREFIX", value_parser = place_or_prefix)]
    curated: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  daymark event events/sqs-s3.json
      {\"bucket\":\"…\",\"key\":\"hubspot/2026-11-23/OBJECTS/data_0_0_0.csv.gz\",\"etag\":\"…\",\"size\":15728640}
  aws sqs receive-message --queue-url … | jq '.Messages[0].Body | fromjson' | daymark event -
  daymark event event.json --landing s3://landing/hubspot/ --curated s3://curated/hubspot/
      Only what the function would convert, under these prefixes.
  daymark event event.json --landing hubspot/
      Only parts below this prefix, whatever their bucket.

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
    let rules = arguments.rules()?;
    let payload = read(&arguments.file)?;
    let mut told = Told {
        rules,
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
    fn rules(&self) -> anyhow::Result<Rules> {
        let side = |flag: &str, text: &Option<String>| {
            let side = text.as_deref().map(Side::parse).transpose();
            side.map_err(|error| usage(format!("{flag}: {error}")))
        };
        let landing = side("--landing", &self.landing)?;
        let rules = Rules {
            parts: landing.as_ref().map(Side::parts).transpose()?,
            landing,
            curated: side("--curated", &self.curated)?,
        };
        // What the function refuses to be set up with.
        if let (Some(landing), Some(curated)) = (&rules.landing, &rules.curated)
            && !landing.any_bucket
            && !curated.any_bucket
        {
            let layout = Layout::new(landing.place.clone(), curated.place.clone());
            layout.map_err(|error| usage(error.to_string()))?;
        }
        Ok(rules)
    }
}

/// Which objects are left out, by what is given of the function's places.
struct Rules {
    landing: Option<Side>,
    /// What is a part below the landing prefix.
    parts: Option<Layout>,
    curated: Option<Side>,
}

/// A prefix in one bucket, or in any.
struct Side {
    place: Place,
    any_bucket: bool,
}

impl Rules {
    /// As [`Layout::source_in`] has it where both places are given.
    fn check(&self, bucket: &str, key: &str) -> Result<(), Skip> {
        if let Some(curated) = &self.curated
            && curated.is_of(bucket)
            && key.starts_with(curated.place.prefix())
        {
            return Err(Skip::Curated);
        }
        if self
            .landing
            .as_ref()
            .is_some_and(|landing| !landing.is_of(bucket))
        {
            return Err(Skip::OtherBucket);
        }
        self.parts
            .as_ref()
            .map_or(Ok(()), |parts| parts.source(key).map(drop))
    }
}

impl Side {
    fn parse(text: &str) -> Result<Side, LayoutError> {
        // What the template's parameters call a whole bucket.
        let text = if text == "/" { "" } else { text };
        let any_bucket = !text.contains("://");
        let place = if any_bucket {
            Place::new("any", text)?
        } else {
            Place::parse(text)?
        };
        Ok(Side { place, any_bucket })
    }

    fn is_of(&self, bucket: &str) -> bool {
        self.any_bucket || self.place.bucket() == bucket
    }

    /// What is a part below this prefix, whatever else there is.
    fn parts(&self) -> Result<Layout, LayoutError> {
        let elsewhere = if self.place.bucket() == "there" {
            "here"
        } else {
            "there"
        };
        Layout::new(self.place.clone(), Place::new(elsewhere, "")?)
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
    rules: Rules,
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
        if let Err(skip) = self.rules.check(bucket, key) {
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
