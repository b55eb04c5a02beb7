//! The stem: a source key in one flat name.
//!
//! The key below the landing prefix is escaped whole: letters, digits, `.`, `_` and `-` stay, `/` becomes `--`, every
//! other byte `_x` and two hex digits. A `_` before an `x`, and a `-` that stands first or beside another `-` or a `/`,
//! are escaped too, so that each stem has one reading. So `20261123/objects/data_0_1_0.csv` becomes
//! `20261123--objects--data_0_1_0.csv`.
//!
//! - What would not start with a letter or digit gets `x---` in front: three dashes, or any odd number but one, are
//!   never escaped text. Athena hides names that start with `_` or `.`.
//! - Beyond [`STEM_BYTES_MAX`] it is cut and ends with `---` and 24 hex digits of the SHA-256 of the key.
//! - `2026-11-23/OBJECTS/data_0_1_0.csv.gz`, with nothing between and the table in capitals, is what is expected most,
//!   and becomes `data_0_1_0`: table and date say the rest. Without `--` in it, it is no escaped key either.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::Day;

/// Bytes of a stem. With the id and the extension, a file's name stays below the 255 bytes of common file systems.
pub const STEM_BYTES_MAX: usize = 200;

const HASH_DIGITS: usize = 24;

/// The stem of a path below the landing prefix.
pub(super) fn of(path: &str, table: &str, date: &Day) -> String {
    let mut stem = match expected_name(path, table, date).map(escaped) {
        Some(stem) if starts_alphanumeric(&stem) => stem,
        _ => escaped(path),
    };
    if !starts_alphanumeric(&stem) {
        stem.insert_str(0, "x---");
    }
    if stem.len() > STEM_BYTES_MAX {
        shortened(&stem, path)
    } else {
        stem
    }
}

/// Whether a text is a stem that [`of`] can give: its length, its first byte and its alphabet.
pub(super) fn is_stem(text: &str) -> bool {
    text.len() <= STEM_BYTES_MAX && starts_alphanumeric(text) && text.bytes().all(is_plain)
}

/// Whether table and date say all of a path but the file's name.
pub(super) fn is_told_by(path: &str, table: &str, date: &Day) -> bool {
    expected_name(path, table, date)
        .map(escaped)
        .is_some_and(|stem| starts_alphanumeric(&stem))
}

/// The file's name without `.csv.gz`, if table and date say all the rest.
fn expected_name<'a>(path: &'a str, table: &str, date: &Day) -> Option<&'a str> {
    let (day_folder, rest) = path.split_once('/')?;
    let (table_folder, file) = rest.split_once('/')?;
    let same =
        day_folder == date.as_str() && table_folder == table.to_ascii_uppercase() && !file.contains('/');
    file.strip_suffix(".csv.gz").filter(|_| same)
}

fn escaped(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut escaped = String::with_capacity(bytes.len() + 16);
    for (i, &byte) in bytes.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| bytes.get(i));
        let after = bytes.get(i + 1);
        let dash = |byte: Option<&u8>| matches!(byte, Some(b'-' | b'/'));
        let plain = match byte {
            b'/' => {
                escaped.push_str("--");
                continue;
            }
            b'-' => before.is_some() && !dash(before) && !dash(after),
            b'_' => after != Some(&b'x'),
            byte => is_plain(byte),
        };
        if plain {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "_x{byte:02X}");
        }
    }
    escaped
}

fn shortened(stem: &str, path: &str) -> String {
    let kept: String = stem.chars().take(STEM_BYTES_MAX - HASH_DIGITS - 3).collect();
    let mut short = format!("{}---", kept.trim_end_matches('-'));
    for byte in Sha256::digest(path.as_bytes()).iter().take(HASH_DIGITS / 2) {
        let _ = write!(short, "{byte:02x}");
    }
    short
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

fn starts_alphanumeric(text: &str) -> bool {
    text.bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric())
}
