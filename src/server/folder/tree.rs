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

/// Sees keys. It goes on with how many bytes of a key are enough: folders below those need not be looked into.
pub(super) type Visit<'v> = dyn FnMut(&str) -> ControlFlow<(), usize> + 'v;

/// A walk over a bucket's folder in the order of keys, which is not that of names: `a-b` comes before `a/b`.
pub(super) struct Walk<'w> {
    pub(super) prefix: &'w str,
    pub(super) after: &'w str,
    pub(super) visit: &'w mut Visit<'w>,
    /// Folders whose keys start so are passed over.
    pub(super) enough: String,
}

impl Walk<'_> {
    /// Walks the folder at `path`, whose keys start with `base`.
    pub(super) fn of(&mut self, path: &Path, base: &str) -> io::Result<ControlFlow<()>> {
        for key in keys(path, base)? {
            if let Some(name) = key.strip_suffix('/') {
                let wanted = key.starts_with(self.prefix) || self.prefix.starts_with(&key);
                let passed = self.after > key.as_str() && !self.after.starts_with(&key);
                let enough = !self.enough.is_empty() && key.starts_with(&self.enough);
                let name = name.get(base.len()..).unwrap_or_default();
                if wanted && !passed && !enough && self.of(&path.join(name), &key)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            } else if key.starts_with(self.prefix) && key.as_str() > self.after {
                match (self.visit)(&key) {
                    ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
                    ControlFlow::Continue(bytes) => {
                        key.get(..bytes).unwrap_or_default().clone_into(&mut self.enough)
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The keys of a folder's files, and of its folders with a slash at their ends, in order.
fn keys(path: &Path, base: &str) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut keys = Vec::new();
    for entry in entries {
        let entry = entry?;
        let mut kind = entry.file_type()?;
        let is_link = kind.is_symlink();
        if is_link {
            let target = fs::metadata(entry.path());
            kind = target
                .map_err(|error| unlike(&entry.path(), &error.to_string()))?
                .file_type();
        }
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
        } else if !kind.is_file() {
            return Err(unlike(&entry.path(), "it is no file and no folder"));
        } else if !is_ordinary(&name) {
            return Err(unlike(&entry.path(), "no key has such a name as a path"));
        } else {
            keys.push(format!("{base}{name}"));
        }
    }
    keys.sort_unstable();
    Ok(keys)
}
