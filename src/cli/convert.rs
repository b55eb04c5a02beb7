//! `daymark convert`: files to Parquet, by the same core as the function's.

mod many;
mod s3;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::folder;
use super::leftovers::{Folders, remove_on_signals};
use super::local::{self, NOWHERE, Source, Target, with_suffix};
use super::plan_flags::{NO_BUDGET, PlanFlags, Planner};
use super::progress::Progress;
use super::quantity::{bytes, counted, seconds};
use super::remote::Url;
use super::{Status, usage};
use crate::config;
use crate::convert::{Budget, Codec, Provenance, Report};

/// Converts a file, or every file of a folder, to Parquet.
///
/// Gzip and plain text are told apart by content. An output appears whole or not at all; Parquet that is there is replaced,
/// and no other file. Records and cells that do not fit go to a rejects file of JSON lines, which is only there if there are any.
#[derive(Args, Clone, Debug)]
#[command(
    override_usage = "daymark convert [OPTIONS] <IN> <OUT>",
    after_help = EXAMPLES
)]
pub(super) struct ConvertArguments {
    /// A file, a folder, `-` for stdin, or an object or prefix in S3 (s3://BUCKET/PREFIX/)
    #[arg(value_name = "IN")]
    input: Option<PathBuf>,
    /// The Parquet file; for a folder, the folder that gets the same paths, with `.parquet`. Either may be in S3
    #[arg(value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    plan: PlanFlags,
    /// Where rejects go, on this machine; for a folder, the folder they go to. By default OUT.rejects.jsonl, beside an OUT in
    /// S3 too. A file that is there has to be empty or one of rejects: it is replaced, or goes if there are none. With
    /// /dev/null they are not kept
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    rejects: Option<PathBuf>,
    /// Refuse a file with more rejects (records and cells) than so many, or so many per hundred records. By default there
    /// is no limit
    #[arg(long, value_name = "N|P%", value_parser = config::budget, help_heading = "Output")]
    max_rejects: Option<Budget>,
    /// Compression: zstd (levels 1 to 22), snappy or none
    #[arg(long, value_name = "zstd:LEVEL|snappy|none", value_parser = config::codec, default_value = "zstd:1", help_heading = "Output")]
    codec: Codec,
    /// Threads: files of a local folder are converted side by side; a single file, and each one from or to S3, is read ahead.
    /// The bytes that come out are the same
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Output")]
    threads: u16,
    /// Say nothing but what goes wrong
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  daymark convert data_0_0_0.csv.gz data.parquet
      One file. What is not declared is detected.

  daymark convert landing/2026-11-20 curated --threads 4
      Every part below a folder. Those in a folder called like a HubSpot table, such as OBJECTS,
      get its types and names.

  daymark convert orders.csv orders.parquet --types orders.json --max-rejects 1%
      Types from a list: [{\"name\": \"id\", \"type\": \"bigint\"}, {\"name\": \"at\", \"type\": \"timestamp\"}].
      There are string, json, bigint, double, boolean, date, timestamp, decimal(precision,scale).

  daymark convert old.txt old.parquet --delimiter ';' --encoding latin-1 --null NULL n/a
      A dialect that is declared: fields that are NULL or n/a are NULL.

  daymark convert old.txt old.parquet --dialect old.json
      The same in a file: {\"delimiter\": \";\", \"encoding\": \"latin-1\", \"null_values\": [\"NULL\", \"n/a\"]}

  daymark convert from-excel.csv out.parquet
      A first line `sep=;`, as Excel knows it, names the delimiter and is no record, unless another
      delimiter or --skip-rows is declared.

  daymark convert s3://landing/hubspot/2026-11-20/ curated
      From S3, or to it, with the credentials, region and endpoint that other AWS tools use.

  zcat data_0_0_0.csv.gz | daymark convert - data.parquet

Status: 0 written, complete; 3 written, with rejects; 1 refused; 2 wrong usage.
After 1 or 2 there is no new output; of a folder, the files that were refused have none.
130, 131, 143 and 129: stopped by SIGINT, SIGQUIT, SIGTERM or SIGHUP; what was not complete is
removed.";

/// Runs the command.
pub(super) fn run(mut arguments: ConvertArguments) -> anyhow::Result<Status> {
    let (input, output) = arguments.places()?;
    let mut planner = arguments.plan.planner()?;
    planner.codec = arguments.codec;
    planner.budget = arguments.max_rejects.unwrap_or(NO_BUDGET);
    remove_on_signals()?;
    let (from, to) = (Url::parse("IN", &input)?, Url::parse("OUT", &output)?);
    if let Some(rejects) = &arguments.rejects
        && Url::parse("--rejects", rejects)?.is_some()
    {
        return Err(usage(format!(
            "--rejects: expected a file on this machine, found {}: without the flag, rejects go beside OUT, in S3 too",
            rejects.display()
        )));
    }
    if from.is_some() || to.is_some() {
        let ends = s3::Ends {
            input: &input,
            from,
            output: &output,
            to,
        };
        return s3::convert_remote(&arguments, &planner, &ends);
    }
    if input.is_dir() {
        return many::convert_folder(&arguments, &planner, &input, &output);
    }
    if let Some(rejects) = &arguments.rejects {
        local::check_rejects(rejects)?;
    }
    let source = Source::open(&input)?;
    let output = if output.is_dir() || ends_with_slash(&output) {
        output.join(folder::parquet_name(Path::new(local::file_name(&input))))
    } else {
        output
    };
    let target = Target::new(&output, arguments.rejects.as_deref())?;
    let mut progress = Progress::new(source.bytes, arguments.quiet);
    let converting = Converting {
        planner: &planner,
        folders: Folders::default(),
        ahead: arguments.threads > 1,
        quiet: arguments.quiet,
    };
    let job = Job::local(&source, &target, local::called(&input));
    let done = converting.file(&job, &mut progress);
    progress.clear();
    Ok(status(&done?))
}

impl ConvertArguments {
    fn places(&mut self) -> anyhow::Result<(PathBuf, PathBuf)> {
        let [input, output] = self
            .plan
            .dialect
            .names_behind_null([self.input.take(), self.output.take()]);
        match (input, output) {
            (Some(input), Some(output)) if output.as_os_str().is_empty() || input.as_os_str().is_empty() => {
                Err(usage(
                    "expected names of files or folders for IN and OUT, found an empty one",
                ))
            }
            (Some(_), Some(output)) if output.as_os_str() == "-" => Err(usage(
                "OUT: expected a file, a folder or s3://, found -: Parquet is not written to stdout (./- is a file of that name)",
            )),
            (Some(input), Some(output)) => Ok((input, output)),
            _ => Err(usage(
                "expected IN and OUT: daymark convert [OPTIONS] <IN> <OUT>. See daymark convert --help",
            )),
        }
    }
}

/// Where the rejects of a folder's member go if they go to a folder of the user's choice.
fn rejects_below(folder: &Path, parquet: &Path) -> PathBuf {
    if folder == Path::new(NOWHERE) {
        folder.to_owned()
    } else {
        with_suffix(&folder.join(parquet), ".rejects.jsonl")
    }
}

fn ends_with_slash(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with('/')
}

fn status(report: &Report) -> Status {
    if report.records_rejected + report.cells_rejected > 0 {
        Status::Rejects
    } else {
        Status::Done
    }
}

/// What all files of a run have in common.
struct Converting<'a> {
    planner: &'a Planner,
    folders: Folders,
    ahead: bool,
    quiet: bool,
}

/// One file of a run.
struct Job<'a> {
    source: &'a Source,
    target: &'a Target,
    /// What the source is called in messages.
    called: String,
    /// The path whose folders tell the table.
    place: &'a Path,
    /// What the outputs are called in messages.
    parquet: String,
    rejects: String,
    provenance: Provenance,
}

impl<'a> Job<'a> {
    fn local(source: &'a Source, target: &'a Target, path: &'a Path) -> Self {
        Job {
            source,
            target,
            called: path.display().to_string(),
            place: path,
            parquet: target.parquet.display().to_string(),
            rejects: target.rejects.display().to_string(),
            provenance: Provenance {
                key: source.name.clone(),
                size_bytes: source.bytes,
                ..Provenance::default()
            },
        }
    }
}

impl Converting<'_> {
    /// Converts one file. An error is the caller's to tell.
    fn convert(&self, job: &Job<'_>, progress: &mut Progress) -> anyhow::Result<Report> {
        job.target.check(job.source)?;
        let mut planned = self.planner.plan(job.place, job.source)?;
        let notes = planned.hint.iter().chain(&planned.other_header);
        for hint in notes.filter(|_| !self.quiet) {
            progress.tell(&format!("note: {}: {hint}", job.called));
        }
        planned.plan.provenance = job.provenance.clone();
        local::convert(
            job.source,
            job.target,
            &planned.plan,
            self.ahead,
            &self.folders,
            progress,
        )
        .map_err(|error| self.planner.told(error).context(job.called.clone()))
    }

    /// Tells what came of a file.
    fn tell(&self, job: &Job<'_>, report: &Report, started: Instant, progress: &Progress) {
        for warning in report.warnings.iter().chain(&all_rejected(report)) {
            progress.tell(&format!("warning: {}: {warning}", job.called));
        }
        if !self.quiet {
            let summary = summary(report, &job.rejects, &seconds(started.elapsed()));
            progress.tell(&format!("{}: {summary}", job.parquet));
        }
    }

    /// Converts one file and tells what came of it.
    fn file(&self, job: &Job<'_>, progress: &mut Progress) -> anyhow::Result<Report> {
        let started = Instant::now();
        let report = self.convert(job, progress)?;
        self.tell(job, &report, started, progress);
        Ok(report)
    }
}

/// What became of a file, in a line.
fn summary(report: &Report, rejects: &str, time: &str) -> String {
    let rejected = rejected(report);
    let rejected = match rejected.as_str() {
        "" => "no rejects".to_owned(),
        some if rejects == NOWHERE => format!("{some} rejected, and not kept"),
        some => format!("{some} rejected, see {rejects}"),
    };
    let header = if report.header { "header" } else { "no header" };
    format!(
        "{}, {rejected}; {} as {}, {} as Parquet, {time}; {}, delimiter {:?}, {header}",
        counted(report.rows_written, "row"),
        bytes(report.source_bytes),
        if report.gzip_members > 0 {
            "gzip"
        } else {
            "plain text"
        },
        bytes(report.output_bytes),
        report.dialect,
        report.delimiter,
    )
}

/// What is said of a file of which no record fits.
fn all_rejected(report: &Report) -> Option<String> {
    if report.records_rejected == 0 || report.rows_written > 0 {
        return None;
    }
    let first = report.first_reject.as_deref().unwrap_or("unknown");
    let hint = if report.records_ending_in_delimiter == report.records_rejected {
        "\nhint: --skip-rows past the header, --header no and --columns with one name more read the empty field as a column"
    } else {
        ""
    };
    Some(format!("every record is rejected; the first is {first}{hint}"))
}

/// `2 records and 1 cell`, or nothing.
fn rejected(report: &Report) -> String {
    let records = (report.records_rejected > 0).then(|| counted(report.records_rejected, "record"));
    let cells = (report.cells_rejected > 0).then(|| counted(report.cells_rejected, "cell"));
    records.into_iter().chain(cells).collect::<Vec<_>>().join(" and ")
}
