//! `daymark convert` from and to S3: object by object, through files.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::folder::{self, Member};
use crate::cli::leftovers::{Folders, Outbox};
use crate::cli::local::{Source, Target};
use crate::cli::plan_flags::Planner;
use crate::cli::progress::Progress;
use crate::cli::quantity::seconds;
use crate::cli::remote::{Remote, Url};
use crate::cli::{Status, hint_line, in_words, tell, usage};
use crate::convert::Report;

use super::many::Totals;
use super::{ConvertArguments, Converting, Job, ends_with_slash};

/// IN and OUT, of which at least one is in S3.
pub(super) struct Ends<'a> {
    pub(super) input: &'a Path,
    pub(super) from: Option<Url>,
    pub(super) output: &'a Path,
    pub(super) to: Option<Url>,
}

/// Converts files from or to S3, one after the other.
pub(super) fn convert_remote(
    arguments: &ConvertArguments,
    planner: &Planner,
    ends: &Ends<'_>,
) -> anyhow::Result<Status> {
    if arguments.rejects.is_some() {
        return Err(usage(
            "--rejects: rejects go beside an output in S3, and those of a source in S3 beside OUT",
        ));
    }
    let started = Instant::now();
    let remote = Remote::connect()?;
    // One that is read already: a pipe can be read but once.
    let mut opened = None;
    // Key or path of each source, and its path below IN.
    let (is_folder, members) = match &ends.from {
        Some(url) => {
            let (is_folder, objects) = remote.objects(url)?;
            let members = objects.into_iter().filter_map(|object| {
                let below = object.key.strip_prefix(&url.key).unwrap_or(&object.key);
                let relative = match below.trim_start_matches('/') {
                    "" => object.key.rsplit('/').next().unwrap_or(&object.key),
                    below => below,
                };
                let relative = PathBuf::from(relative);
                (!is_folder || folder::is_part(&relative)).then(|| Member {
                    path: PathBuf::from(&object.key),
                    relative,
                    bytes: object.bytes,
                })
            });
            (is_folder, members.collect())
        }
        None if ends.input.is_dir() => (true, folder::list(ends.input)?.members),
        None => {
            let source = Source::open(ends.input)?;
            let relative = PathBuf::from(&source.name);
            let member = Member {
                path: ends.input.to_owned(),
                relative,
                bytes: source.bytes,
            };
            opened = Some(source);
            (false, vec![member])
        }
    };
    folder::check_distinct(ends.input, &members)?;
    if members.is_empty() {
        anyhow::bail!("{}: expected files to convert, found none", ends.input.display());
    }
    let mut progress = Progress::new(members.iter().map(|member| member.bytes).sum(), arguments.quiet);
    let converting = Converting {
        planner,
        folders: Folders::default(),
        ahead: arguments.threads > 1,
        quiet: arguments.quiet,
    };
    let mut totals = Totals::default();
    for member in &members {
        let opened = opened.take();
        let done = convert_one_remote(
            &converting,
            &remote,
            ends,
            (is_folder, opened),
            member,
            &mut progress,
        );
        progress.source_done(member.bytes);
        totals.add(&done);
        match done {
            Err(error) if is_folder => {
                progress.tell(&format!("error: {}{}", in_words(&error), hint_line(&error)))
            }
            Err(error) => {
                progress.clear();
                return Err(error);
            }
            Ok(_) => {}
        }
    }
    progress.clear();
    if is_folder && !arguments.quiet {
        tell(&totals.summary(0, &seconds(started.elapsed())));
    }
    Ok(totals.status())
}

pub(super) fn convert_one_remote(
    converting: &Converting<'_>,
    remote: &Remote,
    ends: &Ends<'_>,
    (is_folder, opened): (bool, Option<Source>),
    member: &Member,
    progress: &mut Progress,
) -> anyhow::Result<Report> {
    let started = Instant::now();
    let parquet = folder::parquet_name(&member.relative);
    let outbox = ends.to.as_ref().map(|_| Outbox::create()).transpose()?;
    let into_folder = is_folder || ends.output.is_dir() || ends_with_slash(ends.output);
    let local = match &outbox {
        Some(outbox) => outbox.path.join("out.parquet"),
        None if into_folder => ends.output.join(&parquet),
        None => ends.output.to_owned(),
    };
    let target = Target::new(&local, None)?;
    let place = Path::new("/").join(&member.path);
    let (source, provenance) = match &ends.from {
        Some(url) => {
            let url = url.with_key(member.path.to_string_lossy().into_owned());
            let (source, provenance) = remote.download(&url)?;
            (source, Some((url.text(), provenance)))
        }
        None => match opened {
            Some(source) => (source, None),
            None => (Source::open(&member.path)?, None),
        },
    };
    let mut job = Job::local(&source, &target, &member.path);
    if let Some((called, provenance)) = provenance {
        job.called = called;
        job.provenance = provenance;
        job.place = &place;
    }
    let Some(to) = &ends.to else {
        return converting.file(&job, progress);
    };
    let key = match (is_folder, to.is_prefix()) {
        (false, false) => to.key.clone(),
        (true, false) => format!("{}/{}", to.key, parquet.display()),
        (_, true) => format!("{}{}", to.key, parquet.display()),
    };
    let to = to.with_key(key);
    let rejects_to = to.with_key(format!("{}.rejects.jsonl", to.key));
    if ends.from.as_ref().is_some_and(|from| {
        let source = from.with_key(member.path.to_string_lossy().into_owned());
        source == to || source == rejects_to
    }) {
        return Err(usage(format!(
            "{}: expected an output that is not the input",
            to.text()
        )));
    }
    job.parquet = to.text();
    job.rejects = rejects_to.text();
    let report = converting.convert(&job, progress)?;
    remote.upload(&target.parquet, &to, &target.rejects, &rejects_to)?;
    converting.tell(&job, &report, started, progress);
    Ok(report)
}
