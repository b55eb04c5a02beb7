//! The sample's directory: what may be overwritten, what it was made from, and what is expected of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::account::Account;
use super::parts::ExpectedPart;
use super::table::ColumnType;
use super::{Options, SampleError, calendar};

/// What marks a sample's directory.
const MARKER: &str = "sample.json";
/// What a sample writes beside its marker.
const OWN: &[&str] = &["landing", "truth", "timeline.json"];
/// Grows when a sample of the same options would be another one.
const FORMAT: u32 = 1;

/// Makes the directory ready: refuses a foreign one, removes an earlier sample's files, and marks it.
pub fn prepare(options: &Options) -> Result<(), SampleError> {
    let dir = &options.dir;
    fs::create_dir_all(dir).map_err(|source| SampleError::io("create", dir, source))?;
    let marker = dir.join(MARKER);
    if is_file(&marker)? {
        for name in OWN {
            remove(&dir.join(name))?;
        }
    } else {
        refuse_foreign(options)?;
    }
    // The marker comes first, so that a sample that broke off can be written again.
    let content = json!({
        "format": FORMAT,
        "size_bytes": options.size_bytes,
        "days": options.days,
        "seed": options.seed,
        "first_day": options.first_day,
    });
    write_json(&marker, &content)
}

/// Writes `truth/expected.json`.
pub fn write_expected(
    options: &Options,
    account: &Account,
    parts: &[ExpectedPart],
) -> Result<(), SampleError> {
    #[derive(Serialize)]
    struct Expected<'a> {
        format: u32,
        days: Vec<String>,
        tables: BTreeMap<String, Vec<BTreeMap<&'static str, String>>>,
        parts: &'a [ExpectedPart],
    }
    let mut tables = BTreeMap::new();
    for table in super::table::all(options.days - 1) {
        let name = table.name.to_ascii_lowercase();
        if parts.iter().any(|part| part.table == name) {
            tables.insert(
                name,
                table
                    .columns
                    .iter()
                    .map(|(name, kind)| column(name, *kind))
                    .collect(),
            );
        }
    }
    let expected = Expected {
        format: FORMAT,
        days: (0..options.days)
            .map(|day| calendar::day_text(account.date(day)))
            .collect(),
        tables,
        parts,
    };
    write_json(&options.dir.join("truth").join("expected.json"), &expected)
}

/// Writes a JSON document, two blanks a level, with a line end.
pub fn write_json(path: &Path, content: &impl Serialize) -> Result<(), SampleError> {
    let text = serde_json::to_string_pretty(content)
        .map_err(|error| SampleError::io("write", path, error.into()))?;
    fs::write(path, text + "\n").map_err(|source| SampleError::io("write", path, source))
}

fn column(name: &str, kind: ColumnType) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("name", name.to_ascii_lowercase()),
        ("type", kind.name().to_owned()),
    ])
}

fn refuse_foreign(options: &Options) -> Result<(), SampleError> {
    let dir = &options.dir;
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|source| SampleError::io("list", dir, source))? {
        let entry = entry.map_err(|source| SampleError::io("list", dir, source))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    let own = |name: &&String| OWN.contains(&name.as_str()) || *name == MARKER;
    let blocking = names.iter().find(own).map(|name| (name, false));
    let foreign = names.first().filter(|_| !options.force).map(|name| (name, true));
    match blocking.or(foreign) {
        None => Ok(()),
        Some((name, can_force)) => Err(SampleError::NotEmpty {
            dir: dir.clone(),
            found: name.clone(),
            can_force,
        }),
    }
}

fn is_file(path: &Path) -> Result<bool, SampleError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(found.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(SampleError::io("look at", path, source)),
    }
}

fn remove(path: &Path) -> Result<(), SampleError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SampleError::io("remove", path, error)),
        _ => Ok(()),
    }
}
