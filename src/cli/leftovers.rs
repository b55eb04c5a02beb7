//! Files and folders that are only there while a command runs: nothing of them stays, even if a signal stops it.
//!
//! What goes when a value is dropped goes here as well when the process is stopped, because then nothing is dropped. So
//! each is written down before it is made, and struck out once it is gone or has its lasting name.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use anyhow::{Context, anyhow};

use super::progress::clear_shown;

/// What is there now.
static PRESENT: Mutex<Present> = Mutex::new(Present {
    files: BTreeSet::new(),
    outboxes: BTreeSet::new(),
    folders: Vec::new(),
});

/// Held while outputs get their names, so that the process is stopped before or behind that.
static NAMING: RwLock<()> = RwLock::new(());

#[derive(Debug)]
struct Present {
    files: BTreeSet<PathBuf>,
    /// Folders that go with all that is in them.
    outboxes: BTreeSet<PathBuf>,
    /// Folders that go if nothing is in them.
    folders: Vec<PathBuf>,
}

fn present() -> MutexGuard<'static, Present> {
    PRESENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps signals waiting for as long as it is held: for the moment in which several outputs get their names.
pub(super) fn hold_signals() -> RwLockReadGuard<'static, ()> {
    NAMING.read().unwrap_or_else(PoisonError::into_inner)
}

/// From here on, SIGINT, SIGQUIT, SIGTERM and SIGHUP remove what is only there while the command runs, and end the process with
/// the status that shells give for them, 130, 131, 143 and 129. A file that grows beyond the limit of `ulimit -f` is an error like
/// any other.
#[cfg(unix)]
pub(super) fn remove_on_signals() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    // Before anything is made: a thread would be too late for a signal that comes at once.
    let (mut interrupt, mut terminate, mut quit, mut hangup) = {
        let _within = runtime.enter();
        // Whoever listens to it is not killed by it: the write fails instead.
        drop(signal(SignalKind::from_raw(SIGXFSZ))?);
        let heard = |kind: SignalKind| counts(kind.as_raw_value()).then(|| signal(kind));
        let (quit, hangup) = (heard(SignalKind::quit()), heard(SignalKind::hangup()));
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            quit.transpose()?,
            hangup.transpose()?,
        )
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let (quits, hangs_up) = (quit.is_some(), hangup.is_some());
            let (name, status) = runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => ("SIGINT", 130),
                    _ = terminate.recv() => ("SIGTERM", 143),
                    _ = async { quit.as_mut()?.recv().await }, if quits => ("SIGQUIT", 131),
                    _ = async { hangup.as_mut()?.recv().await }, if hangs_up => ("SIGHUP", 129),
                }
            });
            stop(name, status)
        })?;
    Ok(())
}

/// Sent for a write beyond the limit of a file's size; the same number on Linux and macOS, x86-64 and arm64.
#[cfg(unix)]
const SIGXFSZ: i32 = 25;

/// Whether a signal is to end the process: not if it was started to ignore it, as `nohup` does with SIGHUP, and a script with
/// SIGQUIT for what runs in its background. Listening would undo that; so where it cannot be told, nobody listens.
#[cfg(unix)]
fn counts(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The first bit is the first signal's.
    ignored.is_some_and(|mask| mask & (1 << (signal - 1)) == 0)
}

/// Elsewhere there are no such signals.
#[cfg(not(unix))]
pub(super) fn remove_on_signals() -> anyhow::Result<()> {
    Ok(())
}

/// Removes all that is there, and ends the process.
#[cfg(unix)]
fn stop(signal: &str, status: i32) -> ! {
    let _named = NAMING.write().unwrap_or_else(PoisonError::into_inner);
    // It is kept to the end, so that nothing new is made.
    let present = present();
    for file in &present.files {
        let _ = fs::remove_file(file);
    }
    for outbox in &present.outboxes {
        let _ = fs::remove_dir_all(outbox);
    }
    remove_empty(&present.folders);
    clear_shown();
    super::tell(&format!("error: stopped by {signal}"));
    process::exit(status)
}

/// A file that is not meant to stay under its present name. It is removed unless it is renamed.
#[derive(Debug)]
pub(super) struct Aside {
    path: PathBuf,
}

impl Aside {
    /// Creates one in a folder, under a name that nobody else has.
    pub(super) fn create(folder: &Path) -> anyhow::Result<(Aside, File)> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let nth = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!(".daymark-{}-{nth}.tmp", process::id()));
            let mut present = present();
            match OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
            {
                Ok(file) => {
                    present.files.insert(path.clone());
                    return Ok((Aside { path }, file));
                }
                // Left behind by a process of the same id that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(
                        anyhow!(error).context(format!("{}: creating a file failed", folder.display()))
                    );
                }
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its lasting name. What is there is replaced.
    pub(super) fn rename(self, to: &Path) -> anyhow::Result<()> {
        fs::rename(&self.path, to).with_context(|| to.display().to_string())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let mut present = present();
        // It fails for one that was renamed. Nobody is left to be told of another reason; the name says what it is.
        let _ = fs::remove_file(&self.path);
        present.files.remove(&self.path);
    }
}

/// A folder for outputs before they go elsewhere. It is removed with all that is in it.
#[derive(Debug)]
pub(super) struct Outbox {
    /// Where it is.
    pub path: PathBuf,
}

impl Outbox {
    /// Makes one.
    pub(super) fn create() -> anyhow::Result<Outbox> {
        // A file aside has a name that nobody else has; so has a folder called after it.
        let (aside, _) = Aside::create(&std::env::temp_dir())?;
        let path = aside.path().with_extension("outbox");
        let mut present = present();
        fs::create_dir(&path).with_context(|| path.display().to_string())?;
        present.outboxes.insert(path.clone());
        drop(present);
        Ok(Outbox { path })
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let mut present = present();
        // Nobody is left to be told; the name says what it is.
        let _ = fs::remove_dir_all(&self.path);
        present.outboxes.remove(&self.path);
    }
}

/// Folders that were made for a run. At its end those are removed in which nothing is; not before, because other threads
/// may be about to write to them.
#[derive(Debug, Default)]
pub(super) struct Folders {
    made: Mutex<Vec<PathBuf>>,
}

impl Folders {
    /// Makes a folder and those above it, as far as they are missing.
    pub(super) fn make(&self, folder: &Path) -> anyhow::Result<()> {
        let missing: Vec<&Path> = folder
            .ancestors()
            .take_while(|folder| *folder != Path::new("") && !folder.is_dir())
            .collect();
        for folder in missing.into_iter().rev() {
            let mut present = present();
            match fs::create_dir(folder) {
                Ok(()) => {
                    present.folders.push(folder.to_owned());
                    self.made
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(folder.to_owned());
                }
                // Another thread's.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
                Err(error) => return Err(anyhow!(error).context(folder.display().to_string())),
            }
        }
        Ok(())
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        remove_empty(self.made.get_mut().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Removes the folders that are empty, the deepest first.
fn remove_empty(folders: &[PathBuf]) {
    let mut folders: Vec<&PathBuf> = folders.iter().collect();
    folders.sort_by_key(|folder| folder.components().count());
    for folder in folders.into_iter().rev() {
        // It fails for those that are in use, which is what is wanted.
        let _ = fs::remove_dir(folder);
    }
}
