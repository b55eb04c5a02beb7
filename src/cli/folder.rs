//! A folder of files to be converted: which they are, and where each goes.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::local::with_suffix;
use super::usage;

/// What is replaced by `.parquet`, the longest first.
const EXTENSIONS: [&str; 8] = [
    ".csv.gz",
    ".tsv.gz",
    ".txt.gz",
    ".csv.gzip",
    ".csv",
    ".tsv",
    ".txt",
    ".gz",
];

/// What is no part, although nobody hides it: our own outputs, and settings beside the data.
const OTHERS: [&str; 5] = [".parquet", ".jsonl", ".json", ".toml", ".md"];

/// Folders within folders, at most: beyond this, a link leads in a circle that the file system does not tell.
const DEPTH_MAX: usize = 64;

/// One file of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the folder.
    pub relative: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// The files of a folder, in the order of their paths, without those that are hidden or no parts.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// What is to be converted.
    pub members: Vec<Member>,
    /// How many were passed over.
    pub passed_over: u64,
}

/// Lists a folder and all below it.
pub(super) fn list(folder: &Path) -> anyhow::Result<Listing> {
    let mut listing = Listing::default();
    walk(folder, Path::new(""), 0, &mut listing)?;
    listing.members.sort_by(|a, b| a.relative.cmp(&b.relative));
    Ok(listing)
}

fn walk(folder: &Path, relative: &Path, depth: usize, listing: &mut Listing) -> anyhow::Result<()> {
    let shown = || folder.display().to_string();
    if depth > DEPTH_MAX {
        anyhow::bail!("{}: expected at most {DEPTH_MAX} folders within folders", shown());
    }
    for entry in fs::read_dir(folder).with_context(shown)? {
        let entry = entry.with_context(shown)?;
        let (path, name) = (entry.path(), entry.file_name());
        let relative = relative.join(&name);
        let name = name.to_string_lossy().to_lowercase();
        let metadata = match fs::metadata(&path) {
            // A link that leads nowhere, or a file that has gone since, holds nothing: no reason to give the others up.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                listing.passed_over += 1;
                continue;
            }
            metadata => metadata.with_context(|| path.display().to_string())?,
        };
        if name.starts_with('.') || name.starts_with('_') {
            listing.passed_over += u64::from(metadata.is_file());
        } else if metadata.is_dir() {
            walk(&path, &relative, depth + 1, listing)?;
        } else if OTHERS.iter().any(|other| name.ends_with(other)) || !metadata.is_file() {
            listing.passed_over += 1;
        } else {
            listing.members.push(Member {
                path,
                relative,
                bytes: metadata.len(),
            });
        }
    }
    Ok(())
}

/// A file's path with `.parquet` instead of what says that it is CSV.
pub(super) fn parquet_name(path: &Path) -> PathBuf {
    if let Some(text) = path.to_str() {
        let lower = text.to_ascii_lowercase();
        for extension in EXTENSIONS {
            if let Some(stem) = lower.strip_suffix(extension)
                && !stem.is_empty()
                && !stem.ends_with('/')
            {
                let stem = text.get(..stem.len()).unwrap_or(text);
                return PathBuf::from(format!("{stem}.parquet"));
            }
        }
    }
    with_suffix(path, ".parquet")
}

/// Whether an object is to be converted, by its path: as [`list`] has it for files. A path with `..` in it is hidden, so
/// none leads out of the folder it is joined to.
pub(super) fn is_part(relative: &Path) -> bool {
    let hidden = relative
        .iter()
        .any(|name| name.to_string_lossy().starts_with(['.', '_']));
    let text = relative.to_string_lossy().to_lowercase();
    !hidden && !OTHERS.iter().any(|other| text.ends_with(other))
}

/// Refuses two files of a folder that would become one.
pub(super) fn check_distinct(folder: &Path, members: &[Member]) -> anyhow::Result<()> {
    let mut seen: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    for member in members {
        let name = parquet_name(&member.relative);
        if let Some(other) = seen.get(&name) {
            return Err(usage(format!(
                "{} and {} would both become {}: remove or rename one of them, or convert each alone to an OUT of its own",
                folder.join(other).display(),
                folder.join(&member.relative).display(),
                name.display()
            )));
        }
        seen.insert(name, &member.relative);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_replaced() {
        for (name, expected) in [
            ("a.csv.gz", "a.parquet"),
            ("OBJECTS/data_0_0_0.CSV.GZ", "OBJECTS/data_0_0_0.parquet"),
            ("a.csv", "a.parquet"),
            ("a.b.txt", "a.b.parquet"),
            ("a.gz", "a.parquet"),
            ("a", "a.parquet"),
            ("a.dat", "a.dat.parquet"),
            (".csv", ".csv.parquet"),
            ("x/.gz", "x/.gz.parquet"),
        ] {
            assert_eq!(parquet_name(Path::new(name)), Path::new(expected));
        }
    }
}
