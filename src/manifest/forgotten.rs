//! The mark of a day that is to be forgotten: all of it is deleted after the grace period, so only what was meant counts.

use serde::{Deserialize, Serialize};

/// The version of the mark.
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    version: u64,
}

/// Why a mark is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    /// A newer release wrote it: what it asks for is not known.
    #[error("version {0}")]
    Newer(u64),
    /// It is damaged, or somebody else's.
    #[error("something else, {0} bytes long")]
    Foreign(usize),
}

/// The mark's bytes.
///
/// # Errors
/// A defect.
pub fn forgotten() -> Result<Vec<u8>, serde_json::Error> {
    let mut json = serde_json::to_vec(&Mark { version: VERSION })?;
    json.push(b'\n');
    Ok(json)
}

/// Reads it back.
///
/// # Errors
/// It is none that this release wrote.
pub fn parse_forgotten(bytes: &[u8]) -> Result<(), MarkError> {
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let version = value.as_ref().and_then(|value| value.get("version")?.as_u64());
    if let Some(newer) = version.filter(|version| *version > VERSION) {
        return Err(MarkError::Newer(newer));
    }
    // Of an object alone: a list of its members would be read as one, too.
    let is_mark = value.filter(serde_json::Value::is_object).is_some_and(|value| {
        let mark = serde_json::from_value(value);
        mark.is_ok_and(|mark: Mark| mark.version == VERSION)
    });
    is_mark.then_some(()).ok_or(MarkError::Foreign(bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_nothing_else_is_taken_for_one() {
        assert_eq!(forgotten().unwrap(), b"{\"version\":1}\n");
        assert_eq!(parse_forgotten(&forgotten().unwrap()), Ok(()));
        assert_eq!(parse_forgotten(b"{ \"version\": 1 }"), Ok(()));
        for foreign in [
            "",
            "garbage",
            "{}",
            "[1]",
            "{\"version\":0}",
            "{\"version\":1,\"forgotten\":false}",
        ] {
            assert_eq!(
                parse_forgotten(foreign.as_bytes()),
                Err(MarkError::Foreign(foreign.len())),
                "{foreign}"
            );
        }
        let newer = b"{\"version\":9,\"forgotten\":false}";
        assert_eq!(parse_forgotten(newer), Err(MarkError::Newer(9)));
    }
}
