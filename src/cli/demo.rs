//! `daymark demo`: a made-up account goes through the function's own handler, over real S3.
//!
//! Nothing is short-cut: parts are PUT into a bucket of the embedded server, each is announced by the JSON that S3 sends, in
//! the SQS message that Lambda hands over, and what is told at the end is read from what landed. Days are swept as the
//! manifest function sweeps them.

mod answer;
mod landed;
mod letter;
mod story;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use aws_sdk_s3::primitives::ByteStream;
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::days::duckdb;
use super::days::place::{CURATED, LANDING, LANDING_PREFIX as PREFIX, Place};
use super::local::check_folder;
use super::progress::Progress;
use super::quantity::{bytes, count, counted, seconds};
use super::remote::local_path;
use super::sample::{size, told};
use super::{Status, print, usage};
use crate::app::handler::{Handler, Invocation};
use crate::sample::{self, Options, Summary};
use crate::server::{Server, ServerConfig};
use crate::telemetry::{self, Level, Metrics};
use landed::Landed;
use story::Story;

/// Says that a folder is a demo's, so that the next one may replace what is in it.
const MARKER: &str = "demo.json";
const WRITTEN_BY: &str = "daymark demo";
const LOG: &str = "function.log";
/// What a demo makes in its folder, beside the marker.
const OWN: [&str; 8] = [
    LANDING,
    CURATED,
    "truth",
    "sample",
    LOG,
    ".daymark-s3",
    answer::DATABASE,
    answer::SCRIPT,
];

/// Converts a made-up HubSpot account through the Lambda's handler and a local S3 server, and shows what landed.
///
/// The server is part of this program, and serves a local folder for as long as the demo runs. Each part is announced by
/// the message that S3 and SQS send; the handler reads it, converts the part and writes its Parquet, as in the cloud.
/// Sweeps say when a day is whole, and publish it: one is complete, one is reopened by a late part, one is blocked.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct DemoArguments {
    /// Where everything goes: a new or empty folder, or an earlier demo's, which is replaced
    #[arg(long, value_name = "DIR", value_parser = local_path(), default_value = "daymark-demo")]
    dir: PathBuf,
    /// Size of all parts together, about, and at least 150kB a day
    #[arg(long, value_name = "SIZE", default_value = "6MB", value_parser = size)]
    size: u64,
    /// Days, each a full snapshot. The third has a broken part
    #[arg(long, value_name = "N", default_value_t = 3)]
    days: usize,
    /// Another seed, another account
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Say nothing of single parts
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  daymark demo
      Three small days, into ./daymark-demo.

  daymark demo --dir /tmp/demo --size 100MB --days 1

Status: 0 all that can be converted is, and counts are those of the sample; 1 not; 2 wrong usage.";

/// Runs the command.
pub(super) fn run(arguments: &DemoArguments) -> anyhow::Result<Status> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(demo(arguments))
}

async fn demo(arguments: &DemoArguments) -> anyhow::Result<Status> {
    let dir = &arguments.dir;
    let options = Options {
        size_bytes: arguments.size,
        days: arguments.days,
        seed: arguments.seed,
        ..Options::new(dir.join("sample"))
    };
    // What is refused leaves no folder.
    options.check().map_err(told)?;
    check_folder(dir)?;
    duckdb::root(dir)?;
    prepare(dir)?;
    let (summary, steps) = write_sample(&options, arguments.quiet)?;
    let server = Server::start(ServerConfig::new(dir)).await?;
    let (client, endpoint) = (server.client(), server.endpoint());
    // The demo's own settings: what is in the environment is meant for another place.
    let place = Place::serve(server, BTreeMap::new(), |_| {})?;
    let lines = Lines::default();
    let handler = handler(&place, lines.clone(), dir)?;
    let mut story = Story::new(&place);
    let mut progress = Progress::new(summary.bytes, arguments.quiet);
    let say = |line: &str, progress: &Progress| {
        if !arguments.quiet {
            progress.tell(line);
        }
    };
    say(
        &format!(
            "An S3 server runs at {}, over {}. {} of HubSpot's tables arrive, {} in {}:",
            endpoint,
            dir.display(),
            counted(summary.days.len() as u64, "day"),
            bytes(summary.bytes),
            counted(summary.parts as u64, "part"),
        ),
        &progress,
    );
    let (started, mut failed) = (Instant::now(), 0);
    let (mut converting, mut times) = (Duration::ZERO, BTreeMap::<String, Duration>::new());
    for (nth, step) in steps.iter().enumerate() {
        let is_late = step.note.as_deref() == Some("late");
        if let Some(told) = story.before(&step.key, is_late).await? {
            say(&told, &progress);
        }
        let path = dir.join("sample").join(LANDING).join(&step.key);
        let body = fs::read(&path).with_context(|| path.display().to_string())?;
        let size = body.len() as u64;
        let put = client
            .put_object()
            .bucket(LANDING)
            .key(&step.key)
            .body(ByteStream::from(body));
        let put = put
            .send()
            .await
            .map_err(|error| anyhow!(error).context(step.key.clone()))?;
        let event = letter::letter(nth, &step.key, put.e_tag().unwrap_or_default(), size, &step.at);
        let invocation = Invocation {
            request_id: format!("demo-{nth}"),
            deadline: None,
        };
        let begun = Instant::now();
        let answer = handler.handle(event.to_string().as_bytes(), invocation).await?;
        let time = begun.elapsed();
        converting += time;
        if let Ok(part) = place.config.layout.source(&step.key) {
            *times.entry(part.table).or_default() += time;
        }
        let again = answer
            .get("batchItemFailures")
            .and_then(Value::as_array)
            .is_some_and(|failures| !failures.is_empty());
        failed += u64::from(again);
        progress.source_done(size);
        say(&lines.last(step, size, again, time), &progress);
    }
    let (told, calendar) = story.end().await?;
    if let Some(told) = told {
        say(&told, &progress);
    }
    progress.clear();
    let took = started.elapsed();
    let script = Box::pin(duckdb::script_of(&place, Some(dir), None))
        .await?
        .script
        .whole();
    place.close().await;
    fs::rename(dir.join("sample").join("truth"), dir.join("truth"))?;
    fs::remove_dir_all(dir.join("sample"))?;

    let landed = Landed::read(&dir.join(CURATED))?;
    let mut text = format!(
        "\n{} converted in {} ({} in the handler). What landed in {}:\n\n",
        counted(landed.files(), "part"),
        seconds(took),
        seconds(converting),
        dir.join(CURATED).display()
    );
    text.push_str(&landed.text(&times));
    text.push_str(&format!("\nWhere the days stand\n\n{calendar}"));
    text.push_str(&where_to_look(dir, &landed));
    text.push_str(&answer::answer(dir, &script)?);
    let verdict = verdict(&landed, &summary, failed);
    match &verdict {
        Ok(same) => text.push_str(&format!("\n{same}\n")),
        Err(_) => text.push('\n'),
    }
    print(&text)?;
    verdict.map(|_| Status::Done).map_err(|error| anyhow!(error))
}

/// A folder for a demo: what an earlier one made is removed, and nothing else.
fn prepare(dir: &Path) -> anyhow::Result<()> {
    let shown = || dir.display().to_string();
    fs::create_dir_all(dir).with_context(shown)?;
    let marker = dir.join(MARKER);
    let is_ours = fs::read_to_string(&marker)
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .is_some_and(|content| content.get("written_by").is_some_and(|by| by == WRITTEN_BY));
    if is_ours {
        for name in OWN {
            let path = dir.join(name);
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            if let Err(error) = removed
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(anyhow!(error).context(path.display().to_string()));
            }
        }
    } else if let Some(entry) = fs::read_dir(dir).with_context(shown)?.next() {
        let found = entry?.file_name();
        return Err(usage(format!(
            "{}: expected a new or empty folder, or an earlier demo's; found {found:?}. Choose another by --dir",
            dir.display()
        )));
    }
    let text =
        serde_json::json!({"written_by": WRITTEN_BY, "version": env!("CARGO_PKG_VERSION")}).to_string();
    fs::write(&marker, text + "\n").with_context(|| marker.display().to_string())
}

/// One thing that happens in the account's bucket.
#[derive(Debug, Deserialize)]
struct Step {
    at: String,
    action: String,
    key: String,
    note: Option<String>,
}

/// Writes the sample, and says in which order its parts arrive.
fn write_sample(options: &Options, quiet: bool) -> anyhow::Result<(Summary, Vec<Step>)> {
    let mut bar = Progress::new(options.size_bytes, quiet);
    let written = sample::write(options, &mut |part| bar.show(part.bytes_written));
    bar.clear();
    let summary = written.map_err(told)?;
    let timeline = fs::read_to_string(options.dir.join("timeline.json"))?;
    let mut steps: Vec<Step> = serde_json::from_str(&timeline).context("timeline.json")?;
    // What is purged stays in the lake; here it only would not be there to look at.
    steps.retain(|step| step.action == "put");
    Ok((summary, steps))
}

fn handler(place: &Place, lines: Lines, dir: &Path) -> anyhow::Result<Handler> {
    let log = fs::File::create(dir.join(LOG)).context(LOG)?;
    // Only a second demo in one process would find another log in place.
    let _ = tracing::subscriber::set_global_default(telemetry::subscriber(Level::Info, Arc::new(log)));
    let metrics = Metrics::to("demo", lines);
    Ok(Handler::new(
        (*place.config).clone(),
        place.store.clone(),
        metrics,
    ))
}

/// The metrics that the handler writes, of which the last line is of interest.
#[derive(Clone, Debug, Default)]
struct Lines {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// What became of a part, in a line.
    fn last(&self, step: &Step, size: u64, again: bool, time: Duration) -> String {
        let mut kept = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept).into_owned();
        kept.clear();
        let metrics: Value = text
            .lines()
            .last()
            .and_then(|line| serde_json::from_str(line).ok())
            .unwrap_or_default();
        let number = |name: &str| metrics.get(name).and_then(Value::as_u64).unwrap_or(0);
        let rejects = number("RecordsRejected") + number("CellsRejected");
        let mut became = if again {
            "to be tried again".to_owned()
        } else if number("PartsFailed") > 0 {
            "refused, see below".to_owned()
        } else {
            format!("{:>12}", counted(number("RowsWritten"), "row"))
        };
        if rejects > 0 {
            became.push_str(&format!(", {}", counted(rejects, "reject")));
        }
        let note = step
            .note
            .as_ref()
            .map(|note| format!(" ({note})"))
            .unwrap_or_default();
        let key = step.key.strip_prefix(PREFIX).unwrap_or(&step.key);
        format!(
            "  {key:<62} {:>9}  {:>7}  {became}{note}",
            bytes(size),
            seconds(time)
        )
    }
}

/// Whether as much landed as the sample says.
fn verdict(landed: &Landed, summary: &Summary, failed: u64) -> Result<String, String> {
    let found = (
        landed.rows(),
        landed.records_rejected(),
        landed.cells_rejected(),
        landed.refused(),
    );
    let (records, cells) = (summary.records_rejected, summary.cells_rejected);
    let expected = (summary.rows, records, cells, summary.parts_refused as u64);
    if failed > 0 {
        return Err(format!(
            "{} to be tried again, which locally there is no reason for",
            counted(failed, "part")
        ));
    }
    if found != expected {
        return Err(format!(
            "expected rows, rejected records, rejected cells and refused parts as in the sample, {expected:?}, found {found:?}"
        ));
    }
    Ok(format!(
        "As many rows, rejects and refused parts as the sample has: {} rows, {} and {} rejected, {} refused.",
        count(summary.rows),
        counted(records, "record"),
        counted(cells, "cell"),
        counted(summary.parts_refused as u64, "part"),
    ))
}

fn where_to_look(dir: &Path, landed: &Landed) -> String {
    let at = |name: &str| dir.join(name).display().to_string();
    let mut text = format!(
        "\nWhere to look\n  \
         parts     {}/\n  \
         Parquet   {}/table=…/date=…/\n  \
         rejects   {}/\n  \
         refused   {}/\n  \
         manifests {}/date=…/manifest.json\n  \
         published {}/table=…/date=…/symlink.txt, which Parquet a day consists of\n  \
         truth     {}/, every row as the sample's generator wrote it\n  \
         log       {}, as the function writes it\n",
        at(&format!("{LANDING}/hubspot")),
        at(CURATED),
        at(&format!("{CURATED}/rejected")),
        at(&format!("{CURATED}/failed")),
        at(&format!("{CURATED}/manifest")),
        at(&format!("{CURATED}/published")),
        at("truth"),
        at(LOG),
    );
    if let Some(file) = landed.example() {
        text.push_str(&format!(
            "\n  daymark status --dir '{}' --html days.html\n  daymark verify --dir '{}'\n  daymark inspect '{}'\n",
            dir.display(),
            dir.display(),
            file.display(),
        ));
    }
    text
}
