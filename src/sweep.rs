//! What the manifest function is asked for.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

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

/// An event as the function gets it, whatever it is: what is wrong with it is for the function to say. It has to be read from
/// its text, because any form between keeps the last of two members of one name and forgets the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event(pub Result<Request, RequestError>);

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

#[derive(serde::Deserialize)]
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

/// [`Members`] of an object. By itself serde takes an array for them, too, in their order.
struct Object(Members);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object, A::Error> {
                Members::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Read)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Object::deserialize(deserializer).map_err(|error| RequestError::Form(error.to_string()));
        Ok(Event(read.and_then(Request::of)))
    }
}

impl Request {
    /// Reads the function's event.
    ///
    /// # Errors
    /// [`RequestError`] says what is wrong with it.
    pub fn parse(json: &[u8]) -> Result<Self, RequestError> {
        let read = serde_json::from_slice(json).map_err(|error| RequestError::Form(error.to_string()));
        read.and_then(Request::of)
    }

    /// The function's event that asks for it.
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        if let Some((from, to)) = &self.days {
            members.insert("from".to_owned(), from.as_str().into());
            members.insert("to".to_owned(), to.as_str().into());
        }
        for (name, flag) in [("dry_run", self.dry_run), ("reconvert", self.reconvert)] {
            if flag {
                members.insert(name.to_owned(), true.into());
            }
        }
        members.into()
    }

    fn of(Object(members): Object) -> Result<Self, RequestError> {
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
        let none = Request::parse(br#"{"date": null, "from": null, "to": null}"#);
        assert_eq!(none, Ok(Request::default()));
        let event: Event = serde_json::from_str(r#"{"date": "2026-11-22"}"#).unwrap();
        assert_eq!(event, Event(Ok(one)));
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let day = |text| Day::parse(text).unwrap();
        for days in [None, Some((day("2026-11-01"), day("2026-11-22")))] {
            for (dry_run, reconvert) in [(false, false), (true, false), (true, true)] {
                let request = Request {
                    reconvert: reconvert && days.is_some(),
                    days: days.clone(),
                    dry_run,
                };
                let json = request.to_json().to_string();
                assert_eq!(Request::parse(json.as_bytes()), Ok(request), "{json}");
            }
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_says_why() {
        for (json, word) in [
            ("", "expected {}"),
            ("[]", "expected an object"),
            (r#"["2026-11-20", null, null]"#, "expected an object"),
            ("null", "expected an object"),
            (r#""2026-11-20""#, "expected an object"),
            (
                r#"{"date": "2026-11-22", "date": "2026-11-23"}"#,
                "duplicate field `date`",
            ),
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
            // As the function's runtime reads it, which does not ask for the end.
            let mut runtime = serde_json::Deserializer::from_str(json);
            let Event(read) = Event::deserialize(&mut runtime).unwrap();
            let error = read.unwrap_err().to_string();
            assert!(error.contains(word), "{json}: {error}");
        }
    }
}
