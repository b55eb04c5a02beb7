//! The pointer to the newest complete day: one small object, which all `_latest` views take their date from.

use serde::{Deserialize, Serialize};

use crate::keys::Day;

/// The object: one JSON line, as `daymark_latest` reads it.
#[derive(Serialize, Deserialize)]
struct Latest {
    /// `yyyy-MM-dd`
    date: String,
}

/// The pointer's bytes. Without a day it is empty, which is a table without rows.
///
/// # Errors
/// A defect.
pub fn latest(date: Option<&Day>) -> Result<Vec<u8>, serde_json::Error> {
    let Some(date) = date else {
        return Ok(Vec::new());
    };
    let latest = Latest {
        date: date.to_string(),
    };
    let mut json = serde_json::to_vec(&latest)?;
    json.push(b'\n');
    Ok(json)
}

/// Reads it back. Other bytes that say the same are none of Daymark's: Athena reads a record from each line.
///
/// # Errors
/// What was expected, where it is none.
pub fn parse_latest(bytes: &[u8]) -> Result<Option<Day>, &'static str> {
    let found: Option<Latest> = serde_json::from_slice(bytes).ok();
    let date = found.and_then(|found| Day::parse(&found.date));
    let is_ours = latest(date.as_ref()).is_ok_and(|ours| ours == bytes);
    is_ours
        .then_some(date)
        .ok_or("expected {\"date\":\"yyyy-MM-dd\"} and a line feed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_read_back() {
        let day = Day::new(2026, 11, 23).unwrap();
        assert_eq!(latest(Some(&day)).unwrap(), b"{\"date\":\"2026-11-23\"}\n");
        for date in [None, Some(day)] {
            assert_eq!(parse_latest(&latest(date.as_ref()).unwrap()), Ok(date));
        }
        for damaged in [
            "{",
            "{\"date\":\"2026-02-30\"}\n",
            "2026-11-23",
            "\n",
            "[\"2026-11-23\"]\n",
            "{\n \"date\": \"2026-11-23\"\n}\n",
            "{\"date\":\"2026-11-23\"}",
            "{\"date\":\"2026-11-23\",\"more\":1}\n",
        ] {
            assert!(parse_latest(damaged.as_bytes()).is_err(), "{damaged}");
        }
    }
}
