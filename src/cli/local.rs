//! One local file to another: whole, or not at all.
//!
//! Everything is written aside, in the folder it belongs to, and gets its name only when all of it is there: the rejects
//! first, then the Parquet, which is what says that the conversion is done.

mod rejects;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, anyhow, bail};

use self::rejects::{RejectsFile, remove_earlier};
pub(super) use self::rejects::{check_rejects, put_behind};
use super::leftovers::{Aside, Folders, hold_signals};
use super::usage;
use crate::convert::{ConvertError, Observer, Pass, Plan, Report, pass};

/// Bytes of a file of settings.
const SMALL_BYTES_MAX: u64 = 16 << 20;

/// Bytes that are read ahead at once, and how often.
const AHEAD_BYTES: usize = 256 << 10;
const AHEAD_BUFFERS: usize = 8;

/// What rejects may be written to so that they are not kept.
pub(super) const NOWHERE: &str = "/dev/null";

/// What is read from `-` is called.
const STDIN: &str = "stdin";

/// What a Parquet file begins with.
const PARQUET: &[u8] = b"PAR1";

/// Bytes that are written at once.
const WRITE_BYTES: usize = 256 << 10;

/// Passes over one part, at most: the core asks for another at most three times.
const PASSES_MAX: usize = 4;

/// A file to be converted.
#[derive(Debug)]
pub(super) struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called in messages, rejects and footer; what is not UTF-8 in it is replaced.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Holds a copy of what could be read only once.
    spool: Option<Aside>,
}

impl Source {
    /// A file by its path. What can be read only once (`-` for stdin, a pipe) is copied to a file first.
    pub(super) fn open(path: &Path) -> anyhow::Result<Source> {
        if path == Path::new("-") {
            return Source::spool(&mut io::stdin().lock(), STDIN);
        }
        let shown = path.display();
        let metadata = fs::metadata(path).with_context(|| shown.to_string())?;
        if metadata.is_dir() {
            bail!("{shown}: expected a file, found a folder");
        }
        let mut file = File::open(path).with_context(|| shown.to_string())?;
        let name = file_name(path).to_string_lossy().into_owned();
        if !metadata.is_file() {
            return Source::spool(&mut file, &name);
        }
        Ok(Source {
            path: path.to_owned(),
            name,
            bytes: metadata.len(),
            spool: None,
        })
    }

    fn spool(from: &mut dyn Read, name: &str) -> anyhow::Result<Source> {
        let (aside, mut file) = Aside::create(&std::env::temp_dir())?;
        let bytes = io::copy(from, &mut file).with_context(|| format!("reading {name}"))?;
        Ok(Source::aside(aside, name.to_owned(), bytes))
    }

    /// A file aside that holds a copy of the source.
    pub(super) fn aside(aside: Aside, name: String, bytes: u64) -> Source {
        Source {
            path: aside.path().to_owned(),
            name,
            bytes,
            spool: Some(aside),
        }
    }

    /// Whether it stands at its path for anybody to see.
    pub(super) fn has_place(&self) -> bool {
        self.spool.is_none()
    }

    /// Refuses an output that is this file.
    pub(super) fn check_not(&self, output: &Path) -> anyhow::Result<()> {
        if self.has_place() && place(output) == place(&self.path) {
            return Err(usage(format!(
                "{}: expected an output that is not the input",
                output.display()
            )));
        }
        Ok(())
    }

    /// Opens it from its start.
    pub(super) fn reader(&self, ahead: bool) -> anyhow::Result<Box<dyn Read>> {
        let file = File::open(&self.path).with_context(|| self.name.clone())?;
        Ok(if ahead {
            Box::new(Ahead::new(file))
        } else {
            Box::new(file)
        })
    }
}

/// Where a conversion goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The Parquet.
    pub parquet: PathBuf,
    /// The rejects, if there are any.
    pub rejects: PathBuf,
}

impl Target {
    /// The target at a path: what stands there may be replaced, if it is a file. Rejects go beside it by default.
    pub(super) fn new(parquet: &Path, rejects: Option<&Path>) -> anyhow::Result<Target> {
        let beside = || {
            let mut name = parquet.as_os_str().to_owned();
            name.push(".rejects.jsonl");
            PathBuf::from(name)
        };
        let rejects = match rejects {
            Some(path) => check_rejects(path)?,
            None => replaceable(&beside())?,
        };
        let target = Target {
            rejects,
            parquet: replaceable(parquet)?,
        };
        if place(&target.rejects) == place(&target.parquet) {
            return Err(usage(format!(
                "{}: expected another file for rejects than for the Parquet",
                parquet.display()
            )));
        }
        Ok(target)
    }

    /// Whether rejects are to be kept.
    pub(super) fn keeps_rejects(&self) -> bool {
        self.rejects != Path::new(NOWHERE)
    }

    /// Refuses a target that would replace its source, or what is neither Parquet nor rejects.
    pub(super) fn check(&self, source: &Source) -> anyhow::Result<()> {
        for to in [&self.parquet, &self.rejects] {
            source.check_not(to)?;
        }
        check_parquet(&self.parquet)?;
        check_rejects(&self.rejects).map(drop)
    }
}

/// Refuses to replace a file that is there and holds something else than Parquet: it is somebody's.
fn check_parquet(path: &Path) -> anyhow::Result<()> {
    let shown = || path.display().to_string();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(anyhow!(error).context(shown())),
    };
    let mut head = Vec::new();
    file.take(PARQUET.len() as u64)
        .read_to_end(&mut head)
        .with_context(shown)?;
    if head.is_empty() || head == PARQUET {
        return Ok(());
    }
    Err(usage(format!(
        "{}: expected a Parquet file, an empty file or none, found another one, which is not replaced",
        shown()
    )))
}

/// Where a link leads, so that a file is replaced and not the link. Refuses what is no plain file.
fn replaceable(path: &Path) -> anyhow::Result<PathBuf> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    let target = if is_link {
        fs::canonicalize(path).with_context(|| format!("{}: a link that leads nowhere", path.display()))?
    } else {
        path.to_owned()
    };
    match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => Err(usage(format!(
            "{}: expected a file's name, found a folder",
            path.display()
        ))),
        Ok(metadata) if !metadata.is_file() => Err(usage(format!(
            "{}: expected a file that can be replaced as a whole, found a device or pipe",
            path.display()
        ))),
        _ => Ok(target),
    }
}

/// A path that can be compared: its folder without links, and its name.
pub(super) fn place(path: &Path) -> PathBuf {
    if let Ok(found) = fs::canonicalize(path) {
        return found;
    }
    let folder = fs::canonicalize(folder_of(path));
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
    }
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Converts a file. After an error there is nothing that was not there before.
pub(super) fn convert(
    source: &Source,
    target: &Target,
    plan: &Plan,
    ahead: bool,
    folders: &Folders,
    observer: &mut dyn Observer,
) -> anyhow::Result<Report> {
    folders.make(folder_of(&target.parquet))?;
    let mut decision = None;
    for _ in 0..PASSES_MAX {
        let (aside, parquet) = Aside::create(folder_of(&target.parquet))?;
        // The encoder writes 8 KiB at a time, and flushes at its end.
        let mut parquet = BufWriter::with_capacity(WRITE_BYTES, parquet);
        let mut rejects = RejectsFile::new(target.keeps_rejects().then(|| folder_of(&target.rejects)));
        let mut reader = source.reader(ahead)?;
        let passed = pass(
            reader.as_mut(),
            &mut parquet,
            &mut rejects,
            plan,
            decision,
            observer,
        );
        match passed {
            Ok(Pass::Again(again)) => decision = Some(again),
            Ok(Pass::Done(report)) => {
                drop(parquet);
                publish(aside, rejects, target, folders)?;
                return Ok(*report);
            }
            Err(error) => return Err(told(error, target)),
        }
    }
    bail!("a defect in daymark: pass {PASSES_MAX} asked for another. Please report it")
}

fn told(error: ConvertError, target: &Target) -> anyhow::Error {
    match error {
        ConvertError::Write { what, .. } => {
            let path = if what == "rejects" {
                &target.rejects
            } else {
                &target.parquet
            };
            anyhow!(error).context(path.display().to_string())
        }
        error => error.into(),
    }
}

/// Gives the outputs their names.
fn publish(
    parquet: Aside,
    rejects: RejectsFile<'_>,
    target: &Target,
    folders: &Folders,
) -> anyhow::Result<()> {
    let rejects = rejects.finish()?;
    let _whole = hold_signals();
    match rejects {
        Some(aside) => {
            folders.make(folder_of(&target.rejects))?;
            aside.rename(&target.rejects)?;
            if let Err(error) = parquet.rename(&target.parquet) {
                // What is left if this fails too is a file that names its source.
                let _ = fs::remove_file(&target.rejects);
                return Err(error);
            }
        }
        None => {
            parquet.rename(&target.parquet)?;
            if !target.keeps_rejects() {
                return Ok(());
            }
            // Rejects of an earlier run are not this one's.
            remove_earlier(&target.rejects);
        }
    }
    Ok(())
}

/// Reads a source ahead, in a thread of its own.
struct Ahead {
    buffers: mpsc::Receiver<io::Result<Vec<u8>>>,
    buffer: Vec<u8>,
    at: usize,
    over: bool,
}

impl Ahead {
    fn new(mut source: File) -> Self {
        let (sender, buffers) = mpsc::sync_channel(AHEAD_BUFFERS);
        thread::spawn(move || {
            loop {
                let mut buffer = vec![0; AHEAD_BYTES];
                let read = source.read(&mut buffer).map(|read| {
                    buffer.truncate(read);
                    buffer
                });
                let over = read.as_ref().map_or(true, Vec::is_empty);
                // Whoever has read enough has gone away.
                if sender.send(read).is_err() || over {
                    return;
                }
            }
        });
        Ahead {
            buffers,
            buffer: Vec::new(),
            at: 0,
            over: false,
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.buffer.len() && !self.over {
            let next = self
                .buffers
                .recv()
                .map_err(|_| io::Error::other("the reading thread is gone"))?;
            self.buffer = next?;
            self.at = 0;
            self.over = self.buffer.is_empty();
        }
        let mut rest = self.buffer.get(self.at..).unwrap_or_default();
        let read = rest.read(out)?;
        self.at += read;
        Ok(read)
    }
}

/// Reads a file of settings.
pub(super) fn read_small(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| usage(format!("{shown}: {error}")))?;
    let mut bytes = Vec::new();
    file.take(SMALL_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| usage(format!("{shown}: {error}")))?;
    if bytes.len() as u64 > SMALL_BYTES_MAX {
        return Err(usage(format!(
            "{shown}: expected at most {SMALL_BYTES_MAX} bytes of settings"
        )));
    }
    String::from_utf8(bytes).map_err(|_| usage(format!("{shown}: expected UTF-8")))
}

/// What a source is called with its folders.
pub(super) fn called(path: &Path) -> &Path {
    if path == Path::new("-") {
        return Path::new(STDIN);
    }
    path
}

/// What a source is called without its folders, byte for byte: an output can be called after it.
pub(super) fn file_name(path: &Path) -> &OsStr {
    let path = called(path);
    path.file_name().unwrap_or(path.as_os_str())
}

/// Refuses a file where a folder is to be, or to be made.
pub(super) fn check_folder(path: &Path) -> anyhow::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_dir() => Err(usage(format!(
            "{}: expected a folder, found a file",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// A path with text behind its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
