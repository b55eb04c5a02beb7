//! A file of rejects: what it may replace, and when it is there.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{NOWHERE, WRITE_BYTES, folder_of, replaceable};
use crate::cli::leftovers::{Aside, Folders};
use crate::cli::{tell, usage};

/// A file that rejects may go to, where links lead. What is there may be replaced if it is empty, or of rejects; anything else
/// is somebody's.
pub(in crate::cli) fn check_rejects(path: &Path) -> anyhow::Result<PathBuf> {
    if path == Path::new(NOWHERE) {
        return Ok(path.to_owned());
    }
    let target = replaceable(path)?;
    let file = match File::open(&target) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(target),
        Err(error) => return Err(anyhow!(error).context(target.display().to_string())),
    };
    let mut lines = serde_json::Deserializer::from_reader(BufReader::new(file)).into_iter::<AnyReject>();
    match lines.next() {
        None | Some(Ok(_)) => Ok(target),
        Some(Err(_)) => Err(usage(format!(
            "{}: expected a rejects file of an earlier run, an empty file or none, found another one, which is not replaced",
            path.display()
        ))),
    }
}

/// Nothing is there, or could be: a name that is too long is no file's. Only rejects that there are need one.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename
    )
}

/// Copies rejects to their file and then has `put` bring their Parquet where it belongs. Without the Parquet the new file goes
/// again; an earlier run's goes if there are none. `from` need not be there.
pub(in crate::cli) fn put_behind(
    from: &Path,
    to: &Path,
    folders: &Folders,
    put: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let some = from.exists();
    if some {
        folders.make(folder_of(to))?;
        let (aside, mut file) = Aside::create(folder_of(to))?;
        let copied = File::open(from).and_then(|mut from| io::copy(&mut from, &mut file));
        copied.with_context(|| to.display().to_string())?;
        aside.rename(to)?;
    }
    let put = put();
    if some == put.is_err() {
        remove_earlier(to);
    }
    put
}

/// Removes a file of rejects that is not this run's. That it stays is worth a warning.
pub(super) fn remove_earlier(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if !is_absent(&error) => {
            tell(&format!(
                "warning: {}: an earlier run's rejects: {error}",
                path.display()
            ));
        }
        _ => {}
    }
}

/// What each line of a rejects file has.
#[derive(Deserialize)]
#[expect(dead_code, reason = "that they are there is all that matters")]
struct AnyReject {
    file: IgnoredAny,
    record: u64,
    line: u64,
    byte: u64,
    reason: IgnoredAny,
    expected: IgnoredAny,
    found: IgnoredAny,
}

/// A file of rejects that exists only if there are any.
pub(super) struct RejectsFile<'t> {
    /// Where it is to be; None if nothing is to be kept.
    folder: Option<&'t Path>,
    open: Option<(Aside, BufWriter<File>)>,
}

impl<'t> RejectsFile<'t> {
    pub(super) fn new(folder: Option<&'t Path>) -> Self {
        RejectsFile { folder, open: None }
    }

    pub(super) fn finish(self) -> anyhow::Result<Option<Aside>> {
        let Some((aside, writer)) = self.open else {
            return Ok(None);
        };
        writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Some(aside))
    }
}

impl Write for RejectsFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(folder) = self.folder else {
            return Ok(bytes.len());
        };
        if self.open.is_none() {
            // A folder that is yet to be made is on the same disk as the nearest one above it.
            let existing = folder.ancestors().find(|folder| folder.is_dir());
            let created = Aside::create(existing.unwrap_or(Path::new(".")));
            // An error in another tells itself alone, and not its cause.
            let (aside, file) = created.map_err(|error| io::Error::other(format!("{error:#}")))?;
            self.open = Some((aside, BufWriter::with_capacity(WRITE_BYTES, file)));
        }
        match &mut self.open {
            Some((_, writer)) => writer.write(bytes),
            None => Ok(0),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), |(_, writer)| writer.flush())
    }
}
