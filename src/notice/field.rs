//! One field of an event: a JSON value that knows where it stands, read leniently unless it is required.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::NoticeError;

/// A value and its place in the event, such as `event.Records[0].s3.bucket.name`.
#[derive(Clone)]
pub(super) struct Field<'a> {
    value: &'a Value,
    at: String,
}

/// Parses JSON. The error says where it broke, never what stood there.
///
/// JSON can say what has no value here: a number that is too large, half of a surrogate pair. Such a value is as good as
/// null. Windows' editors put a byte order mark before it, which is none of it.
pub(super) fn parse(text: &[u8], at: &str) -> Result<Value, NoticeError> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    // JSON begins with an ASCII character, of which UTF-16 makes two bytes.
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, 1..=0xFF, ..] | [1..=0xFF, 0, ..] = text {
        return Err(NoticeError(format!("{at}: expected UTF-8, found UTF-16")));
    }
    if text.is_empty() {
        return Err(NoticeError(format!("{at}: expected JSON, found nothing")));
    }
    serde_json::from_slice(text)
        .or_else(|_| serde_json::from_slice(&without_value(text)))
        .map_err(|error| NoticeError(format!("{at}: expected JSON, found none: {error}")))
}

/// The text with each value in it as null that is JSON, but has no value. Lengths stay, so that places do.
fn without_value(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let bytes = scalar_bytes(rest);
        let scalar = rest.get(..bytes).unwrap_or_default();
        let is_json = serde_json::from_slice::<IgnoredAny>(scalar).is_ok();
        if is_json && serde_json::from_slice::<Value>(scalar).is_err() {
            let behind = rest.get(bytes..).unwrap_or_default().trim_ascii_start();
            // A member's name has to be one. Nobody needs a member of such a name.
            let instead: (&[u8], u8, &[u8]) = match behind.first() {
                Some(b':') => (b"\"", b'?', b"\""),
                _ if bytes < 4 => (b"\"\"", b' ', b""),
                _ => (b"null", b' ', b""),
            };
            let filling = bytes.saturating_sub(instead.0.len() + instead.2.len());
            let filled = [instead.0, &vec![instead.1; filling], instead.2].concat();
            for (to, from) in out.iter_mut().skip(at).zip(filled) {
                *to = from;
            }
        }
        at += bytes.max(1);
    }
    out
}

/// Bytes of the text or number that a text starts with, 0 if it starts with something else.
fn scalar_bytes(text: &[u8]) -> usize {
    match text.first() {
        Some(b'"') => {
            let mut escaped = false;
            let end = text.iter().skip(1).position(|&byte| {
                let closes = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                closes
            });
            end.map_or(text.len(), |inside| inside + 2)
        }
        Some(b'-' | b'0'..=b'9') => {
            let is_part = |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
            text.iter().take_while(is_part).count()
        }
        _ => 0,
    }
}

impl<'a> Field<'a> {
    /// The outermost value of a document.
    pub(super) fn root(value: &'a Value, at: &str) -> Self {
        Field {
            value,
            at: at.to_owned(),
        }
    }

    /// Where it stands.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// A member, unless this is no object, or the member is missing or null.
    pub(super) fn get(&self, name: &str) -> Option<Field<'a>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Field {
            value,
            at: format!("{}.{name}", self.at),
        })
    }

    /// Whether there is a member of this name, be it null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some()
    }

    /// Names of the members, none if this is no object.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.value
            .as_object()
            .into_iter()
            .flat_map(|members| members.keys().map(String::as_str))
    }

    /// Whether this is an object.
    pub(super) fn is_object(&self) -> bool {
        self.value.is_object()
    }

    /// The text, if this is one.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// The text of a member, if it is there and a text that is not empty.
    pub(super) fn text_of(&self, name: &str) -> Option<&'a str> {
        self.get(name)
            .and_then(|field| field.text())
            .filter(|text| !text.is_empty())
    }

    /// A whole number, also where it is written as text.
    pub(super) fn number_of(&self, name: &str) -> Option<u64> {
        match self.value.get(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A version's major number, where a member states one; `2.6`, 2.6 and `2` are all 2.
    pub(super) fn major_of(&self, name: &str) -> Option<String> {
        let text = match self.value.get(name)? {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_owned(),
            _ => return None,
        };
        let major = text.split('.').next().unwrap_or_default();
        let digits = !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| match major.trim_start_matches('0') {
            "" => "0".to_owned(),
            significant => significant.to_owned(),
        })
    }

    /// The elements of a list.
    pub(super) fn list(&self) -> Result<Vec<Field<'a>>, NoticeError> {
        let elements = self.value.as_array().ok_or_else(|| self.unexpected("a list"))?;
        let field = |(i, value)| Field {
            value,
            at: format!("{}[{i}]", self.at),
        };
        Ok(elements.iter().enumerate().map(field).collect())
    }

    /// A text that must be there and not be empty, down a path of members.
    pub(super) fn required(&self, path: &[&str]) -> Result<&'a str, NoticeError> {
        let mut value = Some(self.value);
        let mut at = self.at.clone();
        for name in path {
            value = value.and_then(|value| value.get(name));
            at = format!("{at}.{name}");
        }
        match value {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            found => Err(unexpected(&at, "a text that is not empty", found)),
        }
    }

    /// The error that something else was expected here.
    pub(super) fn unexpected(&self, expected: &str) -> NoticeError {
        unexpected(&self.at, expected, Some(self.value))
    }
}

fn unexpected(at: &str, expected: &str, found: Option<&Value>) -> NoticeError {
    let found = match found {
        None => "nothing",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(text)) if text.is_empty() => "an empty text",
        Some(Value::String(_)) => "a text",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "an object",
    };
    NoticeError(format!("{at}: expected {expected}, found {found}"))
}
