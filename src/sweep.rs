//! What the manifest function is asked for.

use serde::Deserialize;

use crate::keys::Day;

/// A sweep that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The first and the last day. None: those that changed lately, and once a day all.
    pub days: Option<(Day, Day)>,
    /// Whether nothing is to be written, sent or deleted.
    pub dry_run: bool,
    /// Whether parts that were converted under other settings than today's are to be converted again.
    pub reconvert: bool,
}

/// A request that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is not of the form.
    #[error(
        "expected {{}}, {{\"date\": \"2026-11-22\"}} or {{\"from\": \"2026-11-01\", \"to\": \"2026-11-22\"}}, each with \"dry_run\" \
         and \"reconvert\" if need be: {0}"
    )]
    Form(String),
    /// A text that is no day.
    #[error("expected a day from 2000-01-01 to 2199-12-31 as {member}, found {found:?}")]
    Day {
        /// Which member.
        member: &'static str,
        /// Its text.
        found: String,
    },
    /// The first day is after the last.
    #[error("expected from to be no later than to, found {from} and {to}")]
    Inverted {
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// One of from and to, or date beside them.
    #[error("expected date alone, or from and to together")]
    Members,
    /// All days at once.
    #[error(
        "expected date, or from and to, with reconvert: a re-conversion of all days has to be asked for by name"
    )]
    Unbounded,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    date: Option<String>,
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    reconvert: bool,
}

impl Request {
    /// Reads the function's event.
    ///
    /// # Errors
    /// [`RequestError`] says what is wrong with it.
    pub fn parse(json: &[u8]) -> Result<Self, RequestError> {
        let members: Members =
            serde_json::from_slice(json).map_err(|error| RequestError::Form(error.to_string()))?;
        let day = |member: &'static str, text: String| {
            Day::parse(&text).ok_or(RequestError::Day { member, found: text })
        };
        let days = match (members.date, members.from, members.to) {
            (None, None, None) => None,
            (Some(date), None, None) => {
                let date = day("date", date)?;
                Some((date.clone(), date))
            }
            (None, Some(from), Some(to)) => {
                let (from, to) = (day("from", from)?, day("to", to)?);
                if from > to {
                    return Err(RequestError::Inverted { from, to });
                }
                Some((from, to))
            }
            _ => return Err(RequestError::Members),
        };
        if members.reconvert && days.is_none() {
            return Err(RequestError::Unbounded);
        }
        Ok(Request {
            days,
            dry_run: members.dry_run,
            reconvert: members.reconvert,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_meant_is_read() {
        let day = |text| Day::parse(text).unwrap();
        assert_eq!(Request::parse(b"{}"), Ok(Request::default()));
        let one = Request::parse(br#"{"date": "2026-11-22"}"#).unwrap();
        assert_eq!(one.days, Some((day("2026-11-22"), day("2026-11-22"))));
        let span = Request::parse(br#"{"from": "2026-11-01", "to": "2026-11-22", "dry_run": true}"#).unwrap();
        assert_eq!(span.days, Some((day("2026-11-01"), day("2026-11-22"))));
        assert!(span.dry_run);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_says_why() {
        for (json, word) in [
            ("", "expected {}"),
            ("[]", "expected {}"),
            (r#"{"dates": "2026-11-22"}"#, "dates"),
            (r#"{"date": "2026-02-30"}"#, "2026-02-30"),
            (r#"{"date": 20261122}"#, "expected"),
            (r#"{"from": "2026-11-22"}"#, "together"),
            (r#"{"date": "2026-11-22", "to": "2026-11-23"}"#, "alone"),
            (r#"{"from": "2026-11-23", "to": "2026-11-22"}"#, "no later"),
            (r#"{"reconvert": true}"#, "by name"),
        ] {
            let error = Request::parse(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(word), "{json}: {error}");
        }
    }
}
