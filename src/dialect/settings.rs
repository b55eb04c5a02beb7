//! Reading a declaration, from JSON or any format that serde reads, with all its faults at once.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

use super::{Declared, DialectError, Kind, Mark, Newline};
use crate::encoding::Encoding;

const KEYS: [&str; 12] = [
    "delimiter",
    "kind",
    "quote",
    "escape",
    "header",
    "skip_rows",
    "encoding",
    "newline",
    "null_values",
    "columns",
    "comment",
    "quoted_null",
];

/// Reads and checks a JSON object.
pub(super) fn from_json(text: &str) -> Result<Declared, DialectError> {
    let fault = |error: serde_json::Error| DialectError(vec![format!("expected a JSON object: {error}")]);
    let Settings(settings) = serde_json::from_str(text).map_err(fault)?;
    from_settings(settings)
}

/// Refuses unknown and repeated keys and whatever [`Declared::check`] refuses.
impl<'de> Deserialize<'de> for Declared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Settings(settings) = Settings::deserialize(deserializer)?;
        from_settings(settings).map_err(D::Error::custom)
    }
}

fn from_settings(settings: Vec<(String, Value)>) -> Result<Declared, DialectError> {
    let mut declared = Declared::default();
    let mut faults = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (key, value) in settings {
        if seen.contains(&key) {
            faults.push(format!("{key:?} is there twice"));
        } else if let Err(fault) = set(&mut declared, &key, value) {
            faults.push(fault);
        }
        seen.push(key);
    }
    // What could not be read is missing now, so that it cannot contradict the rest.
    if let Err(DialectError(more)) = declared.check() {
        faults.extend(more);
    }
    if faults.is_empty() {
        Ok(declared)
    } else {
        Err(DialectError(faults))
    }
}

fn set(declared: &mut Declared, key: &str, value: Value) -> Result<(), String> {
    known(key)?;
    if value.is_null() {
        return Ok(());
    }
    match key {
        "delimiter" => declared.delimiter = Some(text(key, value)?),
        "kind" => declared.kind = Some(kind(&text(key, value)?)?),
        "quote" => declared.quote = Some(mark(key, value)?),
        "escape" => declared.escape = Some(mark(key, value)?),
        "header" => declared.header = header(value)?,
        "skip_rows" => declared.skip_rows = Some(count(key, &value)?),
        "encoding" => {
            let label = text(key, value)?;
            declared.encoding = Some(Encoding::for_label(&label).map_err(|unknown| unknown.to_string())?);
        }
        "newline" => {
            let newline = text(key, value)?;
            declared.newline = Some(if newline.is_empty() {
                Newline::Any
            } else {
                Newline::Exactly(newline)
            });
        }
        "null_values" => declared.null_values = Some(texts(key, value)?),
        "columns" => declared.columns = Some(texts(key, value)?),
        "comment" => declared.comment = Some(text(key, value)?),
        _ => declared.quoted_null = Some(boolean(key, &value)?),
    }
    Ok(())
}

fn known(key: &str) -> Result<(), String> {
    if KEYS.contains(&key) {
        Ok(())
    } else {
        Err(format!(
            "unknown key {key:?}: expected one of {}",
            KEYS.join(", ")
        ))
    }
}

fn text(key: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("{key:?} is {}, expected text", kind_of(&other))),
    }
}

fn texts(key: &str, value: Value) -> Result<Vec<String>, String> {
    let Value::Array(values) = value else {
        return Err(format!(
            "{key:?} is {}, expected a list of texts",
            kind_of(&value)
        ));
    };
    values
        .into_iter()
        .enumerate()
        .map(|(index, value)| text(key, value).map_err(|fault| format!("item {} of {fault}", index + 1)))
        .collect()
}

fn mark(key: &str, value: Value) -> Result<Mark, String> {
    let text = text(key, value)?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (None, _) => Ok(Mark::None),
        (Some(char), None) => Ok(Mark::Char(char)),
        _ => Err(format!(
            "{key:?} is {text:?}, expected one character or \"\" for none"
        )),
    }
}

fn kind(name: &str) -> Result<Kind, String> {
    match name {
        "quoted" => Ok(Kind::Quoted),
        "escaped" => Ok(Kind::Escaped),
        _ => Err(format!(
            "\"kind\" is {name:?}, expected \"quoted\" or \"escaped\""
        )),
    }
}

fn header(value: Value) -> Result<Option<bool>, String> {
    match value {
        Value::Bool(header) => Ok(Some(header)),
        Value::String(text) if text == "auto" => Ok(None),
        other => Err(format!(
            "\"header\" is {}, expected true, false or \"auto\"",
            kind_of(&other)
        )),
    }
}

fn boolean(key: &str, value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| format!("{key:?} is {}, expected true or false", kind_of(value)))
}

fn count(key: &str, value: &Value) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| {
        let found = if value.is_number() {
            value.to_string()
        } else {
            kind_of(value).to_owned()
        };
        format!("{key:?} is {found}, expected a whole number, 0 or more")
    })
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Keys and values as they stand, so that a key that is there twice is seen.
struct Settings(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Settings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of dialect settings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Settings(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
