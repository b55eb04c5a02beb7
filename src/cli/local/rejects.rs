//! A file of rejects: what it may replace, and when it is there.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{NOWHERE, WRITE_BYTES, open_if_there, replaceable};
use crate::cli::leftovers::Aside;
use crate::cli::usage;

/// A file that rejects may go to, where links lead. What is there may be replaced if it is empty, or of rejects; anything else
/// is somebody's.
pub(in crate::cli) fn check_rejects(path: &Path) -> anyhow::Result<PathBuf> {
    if path == Path::new(NOWHERE) {
        return Ok(path.to_owned());
    }
    let target = replaceable(path)?;
    let Some(file) = open_if_there(&target)? else {
        return Ok(target);
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
            let (aside, file) =
                Aside::create(existing.unwrap_or(Path::new("."))).map_err(io::Error::other)?;
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
