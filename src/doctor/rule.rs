//! EventBridge rules that have the queue of parts as their target.
//!
//! Amazon EventBridge user guide, "Event patterns"; Amazon S3 user guide, "EventBridge event message structure". Only
//! what a rule for a bucket's objects needs is understood: lists of texts, and `prefix`, `wildcard` and `exists` for keys.
//! What is not understood is told, never guessed at.

use serde_json::{Map, Value};

use crate::keys::Place;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its event pattern. None: it is a schedule.
    pub pattern: Option<String>,
}

/// Whether a rule tells of every object that is created in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Tells,
    /// It does not, and why.
    Not(String),
    /// It has a part that is not understood here.
    Unclear(String),
}

impl Rule {
    /// Whether it tells of every object that is created in a place.
    pub fn judge(&self, landing: &Place) -> Verdict {
        if !self.enabled {
            return Verdict::Not("it is disabled".to_owned());
        }
        let Some(pattern) = &self.pattern else {
            return Verdict::Not("it is a schedule, not a pattern for events".to_owned());
        };
        let Ok(Value::Object(pattern)) = serde_json::from_str(pattern) else {
            return Verdict::Unclear("its pattern is no JSON object".to_owned());
        };
        let wanted = [("source", "aws.s3"), ("detail-type", "Object Created")];
        for (name, value) in wanted {
            match one_of(pattern.get(name), value) {
                Verdict::Tells => {}
                Verdict::Not(found) => {
                    return Verdict::Not(format!("{name}: expected {value:?}, found {found}"));
                }
                Verdict::Unclear(found) => return Verdict::Unclear(format!("{name} is {found}")),
            }
        }
        let known = ["source", "detail-type", "detail", "account", "region", "version"];
        if let Some(name) = pattern.keys().find(|name| !known.contains(&name.as_str())) {
            return Verdict::Unclear(format!("its pattern asks for {name}"));
        }
        match pattern.get("detail") {
            None => Verdict::Tells,
            Some(Value::Object(detail)) => of_detail(detail, landing),
            Some(_) => Verdict::Unclear("the pattern's detail is no JSON object".to_owned()),
        }
    }
}

fn of_detail(detail: &Map<String, Value>, landing: &Place) -> Verdict {
    for name in detail.keys() {
        if !matches!(name.as_str(), "bucket" | "object") {
            return Verdict::Unclear(format!("its pattern asks for detail.{name}"));
        }
    }
    let bucket = detail.get("bucket").and_then(|bucket| bucket.get("name"));
    if detail.contains_key("bucket") && bucket.is_none() {
        return Verdict::Unclear("the pattern's detail.bucket has no name".to_owned());
    }
    match one_of(bucket, landing.bucket()) {
        Verdict::Tells => {}
        Verdict::Not(found) => {
            return Verdict::Not(format!("bucket: expected {:?}, found {found}", landing.bucket()));
        }
        Verdict::Unclear(found) => return Verdict::Unclear(format!("detail.bucket.name is {found}")),
    }
    let Some(object) = detail.get("object") else {
        return Verdict::Tells;
    };
    let keys = match object {
        Value::Object(object) if object.len() == 1 => object.get("key").and_then(Value::as_array),
        _ => None,
    };
    let Some(keys) = keys else {
        return Verdict::Unclear(format!("detail.object is {object}"));
    };
    let prefix = landing.prefix();
    let covers = |key: &Value| {
        let wildcard = key.get("wildcard").and_then(Value::as_str);
        let start = wildcard.and_then(|text| text.strip_suffix('*'));
        let start = start.filter(|start| !start.contains(['*', '\\']));
        let start = start.or_else(|| key.get("prefix").and_then(Value::as_str));
        // Every object has a key, whatever it is.
        exists(key) == Some(true) || start.is_some_and(|start| prefix.starts_with(start))
    };
    if keys.iter().any(covers) {
        return Verdict::Tells;
    }
    match keys.iter().all(|key| {
        key.is_string() || key.get("prefix").is_some_and(Value::is_string) || exists(key).is_some()
    }) {
        true => Verdict::Not(format!("keys: expected the prefix {prefix:?}, found {object}")),
        false => Verdict::Unclear(format!("detail.object is {object}")),
    }
}

/// Whether a pattern wants a thing to be there, or not to be.
fn exists(one: &Value) -> Option<bool> {
    one.get("exists").and_then(Value::as_bool)
}

/// Whether a pattern's list has a value. No list asks for nothing.
fn one_of(list: Option<&Value>, value: &str) -> Verdict {
    match list {
        None => Verdict::Tells,
        Some(Value::Array(list)) if list.iter().any(|one| one == value) => Verdict::Tells,
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
            Verdict::Not(Value::Array(list.clone()).to_string())
        }
        Some(other) => Verdict::Unclear(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_far_as_they_are_understood() {
        let landing = Place::new("landing", "hubspot/").unwrap();
        let whole = r#"{"source":["aws.s3"],"detail-type":["Object Created"],
            "detail":{"bucket":{"name":["landing"]},"object":{"key":[{"prefix":"hubspot/"}]}}}"#;
        let tells = [
            "{}",
            whole,
            r#"{"source":["aws.s3","x"]}"#,
            r#"{"detail":{"object":{"key":[{"wildcard":"hub*"}]}}}"#,
            r#"{"detail":{"object":{"key":[{"exists":true}]}}}"#,
        ];
        let not = [
            r#"{"source":["aws.ec2"]}"#,
            r#"{"detail-type":["Object Deleted"]}"#,
            r#"{"detail":{"bucket":{"name":["other"]}}}"#,
            r#"{"detail":{"object":{"key":[{"prefix":"hubspot/2026/"}]}}}"#,
            r#"{"detail":{"object":{"key":[{"exists":false}]}}}"#,
        ];
        let unclear = [
            "[]",
            r#"{"source":[{"anything-but":"x"}]}"#,
            r#"{"resources":["arn"]}"#,
            r#"{"detail":{"reason":["PutObject"]}}"#,
            r#"{"detail":{"bucket":{}}}"#,
            r#"{"detail":{"object":{"key":[{"suffix":".gz"}]}}}"#,
            r#"{"detail":{"object":{"key":[{"wildcard":"*/2026*"}]}}}"#,
            r#"{"detail":{"object":{"size":[{"numeric":[">",0]}]}}}"#,
        ];
        let judge = |pattern: &str| {
            let rule = Rule {
                name: "r".to_owned(),
                enabled: true,
                pattern: Some(pattern.to_owned()),
            };
            rule.judge(&landing)
        };
        for pattern in tells {
            assert_eq!(judge(pattern), Verdict::Tells, "{pattern}");
        }
        for pattern in not {
            assert!(
                matches!(judge(pattern), Verdict::Not(_)),
                "{pattern}: {:?}",
                judge(pattern)
            );
        }
        for pattern in unclear {
            assert!(
                matches!(judge(pattern), Verdict::Unclear(_)),
                "{pattern}: {:?}",
                judge(pattern)
            );
        }
        let off = Rule {
            name: "r".to_owned(),
            enabled: false,
            pattern: Some("{}".to_owned()),
        };
        assert!(matches!(off.judge(&landing), Verdict::Not(_)));
    }

    #[test]
    fn the_templates_own_rule_is_understood_in_each_of_its_forms() {
        // tests/template holds the template to them.
        let patterns = include_str!("../../tests/template/landing_rule.json");
        let patterns: Map<String, Value> = serde_json::from_str(patterns).unwrap();
        for (prefix, pattern) in &patterns {
            let landing = Place::new("my-bucket", prefix.trim_start_matches('/')).unwrap();
            let rule = Rule {
                name: "LandingRule".to_owned(),
                enabled: true,
                pattern: Some(pattern.to_string()),
            };
            assert_eq!(rule.judge(&landing), Verdict::Tells, "{pattern}");
        }
        assert_eq!(patterns.len(), 2);
    }
}
