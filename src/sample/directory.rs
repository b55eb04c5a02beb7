//! The sample's directory: what may be overwritten, what it was made from, and what is expected of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::account::Account;
use super::expected::ExpectedPart;
use super::table::ColumnType;
use super::{Options, SampleError, calendar};

/// What marks a sample's directory.
const MARKER: &str = "sample.json";
/// Who wrote the marker.
const WRITTEN_BY: &str = "daymark sample";
/// What a sample writes beside its marker, and removes when it is written again.
const OWN: &[&str] = &["landing/hubspot", "truth", "timeline.json"];
/// What must not be there before the first sample.
const TAKEN: &[&str] = &[MARKER, "landing", "truth", "timeline.json"];
/// Grows when a sample of the same options would be another one.
const FORMAT: u32 = 1;

/// Makes the directory ready: refuses a foreign one, removes an earlier sample's files, and marks it.
pub fn prepare(options: &Options) -> Result<(), SampleError> {
    let dir = &options.dir;
    fs::create_dir_all(dir).map_err(|source| SampleError::io("create", dir, source))?;
    let marker = dir.join(MARKER);
    if is_ours(&marker)? {
        for name in OWN {
            remove(&dir.join(name))?;
        }
    } else {
        refuse_foreign(options)?;
    }
    // The marker comes first, so that a sample that broke off can be written again.
    let content = json!({
        "written_by": WRITTEN_BY,
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
    let taken = |name: &&String| TAKEN.contains(&name.as_str());
    let blocking = names.iter().find(taken).map(|name| (name, false));
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

/// Whether a marker is there, and a sample's: another program's `sample.json` is no leave to remove anything.
fn is_ours(marker: &Path) -> Result<bool, SampleError> {
    let text = match fs::read_to_string(marker) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
            return Ok(false);
        }
        Err(source) => return Err(SampleError::io("read", marker, source)),
    };
    let content: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(content.get("written_by").is_some_and(|by| by == WRITTEN_BY))
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
