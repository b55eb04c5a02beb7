//! Keys as paths, and a bucket's folder in the order of its keys.

use std::fs;
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::path::Path;

/// Longest file name of ordinary file systems, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// The key can be a path below the bucket's folder as it is.
pub(super) fn is_ordinary(key: &str) -> bool {
    let is_name = |name: &str| {
        !matches!(name, "" | "." | "..")
            && name.len() <= NAME_BYTES_MAX
            && !name.contains(|c: char| c.is_control())
    };
    !key.contains('\\') && key.split('/').all(is_name)
}

/// The error says that there is no such file.
pub(super) fn is_absent(error: &io::Error) -> bool {
    use ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, NotFound};
    matches!(
        error.kind(),
        NotFound | NotADirectory | IsADirectory | InvalidFilename
    )
}

/// The error says that a file is where a folder should be, or the other way round, or that a name is too long.
pub(super) fn is_in_the_way(error: &io::Error) -> bool {
    use ErrorKind::{AlreadyExists, DirectoryNotEmpty, InvalidFilename, IsADirectory, NotADirectory};
    matches!(
        error.kind(),
        AlreadyExists | DirectoryNotEmpty | InvalidFilename | IsADirectory | NotADirectory
    )
}

/// Something in a bucket's folder that is no object.
fn unlike(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{path:?} cannot be an object: {why}"))
}

/// Walks a bucket's folder in the order of keys, which is not that of names: `a-b` comes before `a/b`.
pub(super) fn walk(
    path: &Path,
    base: &str,
    prefix: &str,
    after: &str,
    visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(ControlFlow::Continue(())),
        entries => entries?,
    };
    let mut keys = Vec::new();
    for entry in entries {
        let entry = entry?;
        let is_link = entry.file_type()?.is_symlink();
        let kind = match is_link {
            true => fs::metadata(entry.path()).map_err(|error| unlike(&entry.path(), &error.to_string()))?,
            false => entry.metadata()?,
        };
        // What is left out of a listing would be missing without a word.
        let Ok(name) = entry.file_name().into_string() else {
            return Err(unlike(&entry.path(), "its name is not UTF-8"));
        };
        if kind.is_dir() && is_link {
            return Err(unlike(
                &entry.path(),
                "a symbolic link to a folder is not followed",
            ));
        } else if kind.is_dir() {
            keys.push(format!("{base}{name}/"));
        } else if kind.is_file() && !is_ordinary(&name) {
            return Err(unlike(&entry.path(), "no key has such a name as a path"));
        } else if kind.is_file() {
            keys.push(format!("{base}{name}"));
        }
    }
    keys.sort_unstable();
    for key in keys {
        if let Some(name) = key.strip_suffix('/') {
            let wanted = key.starts_with(prefix) || prefix.starts_with(&key);
            let passed = after > key.as_str() && !after.starts_with(&key);
            let name = name.get(base.len()..).unwrap_or_default();
            if wanted && !passed && walk(&path.join(name), &key, prefix, after, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        } else if key.starts_with(prefix) && key.as_str() > after && visit(&key).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
