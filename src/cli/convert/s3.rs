//! `daymark convert` from and to S3: object by object, through files.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::folder::{self, Listing, Member};
use crate::cli::leftovers::{Folders, Outbox};
use crate::cli::local::{NOWHERE, Source, Target, called, check_rejects, file_name, put_behind};
use crate::cli::plan_flags::Planner;
use crate::cli::progress::Progress;
use crate::cli::quantity::seconds;
use crate::cli::remote::{Remote, Url};
use crate::cli::{Status, hint_line, in_words, tell, usage};
use crate::convert::Report;

use super::many::{Totals, tell_passed_over};
use super::{ConvertArguments, Converting, Job, ends_with_slash, rejects_below};

/// IN and OUT, of which at least one is in S3.
pub(super) struct Ends<'a> {
    pub(super) input: &'a Path,
    pub(super) from: Option<Url>,
    pub(super) output: &'a Path,
    pub(super) to: Option<Url>,
}

impl Ends<'_> {
    /// Where a source's Parquet goes, if OUT is in S3. A name that becomes a key has to be text: others would become one.
    fn to_of(&self, is_folder: bool, member: &Member) -> anyhow::Result<Option<Url>> {
        let Some(to) = &self.to else { return Ok(None) };
        if !is_folder && !to.is_prefix() {
            return Ok(Some(to.clone()));
        }
        let parquet = folder::parquet_name(&member.relative);
        let Some(name) = parquet.to_str() else {
            return Err(usage(format!(
                "{:?}: expected a name in UTF-8, because it becomes a key in S3",
                member.path
            )));
        };
        let slash = if to.is_prefix() { "" } else { "/" };
        Ok(Some(to.with_key(format!("{}{slash}{name}", to.key))))
    }
}

/// Converts files from or to S3, one after the other.
pub(super) fn convert_remote(
    arguments: &ConvertArguments,
    planner: &Planner,
    ends: &Ends<'_>,
) -> anyhow::Result<Status> {
    let started = Instant::now();
    let remote = Remote::connect()?;
    // One that is read already: a pipe can be read but once.
    let mut opened = None;
    // Key or path of each source, and its path below IN.
    let (is_folder, listing) = match &ends.from {
        Some(url) => {
            let (is_folder, objects) = remote.objects(url)?;
            let mut listing = Listing::default();
            for object in objects {
                let below = object.key.strip_prefix(&url.key).unwrap_or(&object.key);
                let relative = match below.trim_start_matches('/') {
                    "" => object.key.rsplit('/').next().unwrap_or(&object.key),
                    below => below,
                };
                let (relative, path) = (PathBuf::from(relative), PathBuf::from(&object.key));
                if is_folder {
                    listing.object(path, relative, object.bytes);
                } else {
                    listing.members.push(Member {
                        path,
                        relative,
                        bytes: object.bytes,
                    });
                }
            }
            (is_folder, listing)
        }
        None if ends.input.is_dir() => (true, folder::list(ends.input)?),
        None => {
            let source = Source::open(ends.input)?;
            let relative = PathBuf::from(file_name(ends.input));
            let mut listing = Listing::default();
            listing.members.push(Member {
                path: ends.input.to_owned(),
                relative,
                bytes: source.bytes,
            });
            opened = Some(source);
            (false, listing)
        }
    };
    let members = &listing.members;
    folder::check_distinct(ends.input, members)?;
    for member in members {
        ends.to_of(is_folder, member)?;
    }
    let passed_over = tell_passed_over(arguments, ends.input, &listing)?;
    if let (false, Some(rejects)) = (is_folder, &arguments.rejects) {
        // Before an object is brought here.
        check_rejects(rejects)?;
    }
    let mut progress = Progress::new(members.iter().map(|member| member.bytes).sum(), arguments.quiet);
    let converting = Converting {
        planner,
        folders: Folders::default(),
        ahead: arguments.threads > 1,
        quiet: arguments.quiet,
    };
    let mut totals = Totals::default();
    for member in members {
        let opened = opened.take();
        let done = convert_one_remote(
            &converting,
            &remote,
            ends,
            (is_folder, opened),
            member,
            arguments.rejects.as_deref(),
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
        tell(&totals.summary(passed_over, &seconds(started.elapsed())));
    }
    Ok(totals.status())
}

pub(super) fn convert_one_remote(
    converting: &Converting<'_>,
    remote: &Remote,
    ends: &Ends<'_>,
    (is_folder, opened): (bool, Option<Source>),
    member: &Member,
    rejects: Option<&Path>,
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
    // Those of an output in S3 are copied there once all of it is here.
    let rejects_at = rejects.map(|path| {
        if is_folder {
            rejects_below(path, &parquet)
        } else {
            path.to_owned()
        }
    });
    let keeps = rejects_at.as_deref() != Some(Path::new(NOWHERE));
    let rejects_at = rejects_at.as_deref().map(check_rejects).transpose()?;
    let target = Target::new(
        &local,
        rejects_at.as_deref().filter(|_| outbox.is_none() || !keeps),
    )?;
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
    let mut job = Job::local(&source, &target, called(&member.path));
    if let Some((called, provenance)) = provenance {
        job.called = called;
        job.provenance = provenance;
        job.place = &place;
    }
    let Some(to) = ends.to_of(is_folder, member)? else {
        return converting.file(&job, progress);
    };
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
    let rejects_at = rejects_at.filter(|_| keeps);
    job.rejects = match &rejects_at {
        Some(path) => {
            job.source.check_not(path)?;
            path.display().to_string()
        }
        None => rejects_to.text(),
    };
    let report = converting.convert(&job, progress)?;
    match &rejects_at {
        Some(path) => put_behind(&target.rejects, path, &converting.folders, || {
            remote.put(&target.parquet, &to)
        })?,
        None if !keeps => remote.put(&target.parquet, &to)?,
        None => remote.upload(&target.parquet, &to, &target.rejects, &rejects_to)?,
    }
    converting.tell(&job, &report, started, progress);
    Ok(report)
}
