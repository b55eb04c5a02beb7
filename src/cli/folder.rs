//! A folder of files to be converted: which they are, and where each goes.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::local::with_suffix;
use super::quantity::count;
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

/// How many of those that are passed over are named.
const NAMED_MAX: usize = 5;

/// Folders within folders, at most.
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

/// What is not converted, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PassedOver {
    /// Its path below the folder.
    pub relative: PathBuf,
    /// Why, in words.
    pub why: String,
}

/// The files of a folder, in the order of their paths.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// What is to be converted.
    pub members: Vec<Member>,
    /// What is hidden or no part. A hidden folder is one, with all that is in it.
    pub passed_over: Vec<PassedOver>,
}

impl Listing {
    /// What was passed over, in lines: the first by their names, and how many more.
    pub(super) fn told(&self, folder: &Path) -> Vec<String> {
        let first = self.passed_over.iter().take(NAMED_MAX);
        let mut lines: Vec<String> = first
            .map(|it| format!("passed over: {}: {}", folder.join(&it.relative).display(), it.why))
            .collect();
        let more = self.passed_over.len().saturating_sub(NAMED_MAX);
        if more > 0 {
            lines.push(format!("passed over: {} more", count(more as u64)));
        }
        lines
    }

    /// Adds an object, by its path below a prefix. A path with `..` in it is hidden, so none leads out of the folder that it
    /// is joined to.
    pub(super) fn object(&mut self, path: PathBuf, relative: PathBuf, bytes: u64) {
        let hidden = relative.iter().find_map(|name| hidden(&name.to_string_lossy()));
        match hidden.or_else(|| other(&relative.to_string_lossy().to_lowercase())) {
            Some(why) => self.passed_over.push(PassedOver { relative, why }),
            None => self.members.push(Member {
                path,
                relative,
                bytes,
            }),
        }
    }
}

fn hidden(name: &str) -> Option<String> {
    let first = name.chars().next().filter(|first| matches!(first, '.' | '_'))?;
    Some(format!("its name begins with {first}"))
}

fn other(lower_case: &str) -> Option<String> {
    let other = OTHERS.iter().find(|other| lower_case.ends_with(**other))?;
    Some(format!("what ends in {other} is no CSV part"))
}

/// Lists a folder and all below it.
pub(super) fn list(folder: &Path) -> anyhow::Result<Listing> {
    let mut listing = Listing::default();
    walk(folder, Path::new(""), &mut Vec::new(), &mut listing)?;
    listing.members.sort_by(|a, b| a.relative.cmp(&b.relative));
    listing.passed_over.sort();
    Ok(listing)
}

/// `within` are the folders that this one lies in, without links.
fn walk(
    folder: &Path,
    relative: &Path,
    within: &mut Vec<PathBuf>,
    listing: &mut Listing,
) -> anyhow::Result<()> {
    let shown = || folder.display().to_string();
    if within.len() > DEPTH_MAX {
        anyhow::bail!("{}: expected at most {DEPTH_MAX} folders within folders", shown());
    }
    let real = fs::canonicalize(folder).with_context(shown)?;
    if within.contains(&real) {
        anyhow::bail!(
            "{}: expected folders that do not hold themselves, found a link to a folder that it lies in",
            shown()
        );
    }
    within.push(real);
    for entry in fs::read_dir(folder).with_context(shown)? {
        let entry = entry.with_context(shown)?;
        let (path, name) = (entry.path(), entry.file_name());
        let relative = relative.join(&name);
        let name = name.to_string_lossy().to_lowercase();
        let mut pass_over = |why| {
            let relative = relative.clone();
            listing.passed_over.push(PassedOver { relative, why });
        };
        if let Some(why) = hidden(&name) {
            pass_over(why);
            continue;
        }
        let metadata = match fs::metadata(&path) {
            // A link that leads nowhere, or a file that has gone since, holds nothing: no reason to give the others up.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                pass_over("a link that leads nowhere".to_owned());
                continue;
            }
            metadata => metadata.with_context(|| path.display().to_string())?,
        };
        if metadata.is_dir() {
            walk(&path, &relative, within, listing)?;
        } else if let Some(why) = other(&name) {
            pass_over(why);
        } else if !metadata.is_file() {
            pass_over("a pipe, socket or device".to_owned());
        } else {
            listing.members.push(Member {
                path,
                relative,
                bytes: metadata.len(),
            });
        }
    }
    within.pop();
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
