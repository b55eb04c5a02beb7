//! What a bucket tells, and whether the queue of parts hears of each.
//!
//! Amazon S3 user guide, "Configuring event notifications using object key name filtering": a filter's values are
//! form-encoded; for one kind of event no two entries of a bucket may overlap in both prefix and suffix.

use std::fmt;

use percent_encoding::percent_decode_str;

use super::rule::{Rule, Verdict};
use super::{Check, Finding};
use crate::keys::Place;

/// Every way of creating an object.
pub const CREATED: &str = "s3:ObjectCreated:*";

/// The ways in which a part can come to be: written, written in pieces, posted by a form, copied.
const WAYS: [&str; 4] = [
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
];

/// Keys of parts end so, where HubSpot names them.
const PART_ENDS: &str = ".csv.gz";

/// Whom an entry tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// An SQS queue.
    Queue,
    /// An SNS topic.
    Topic,
    /// A Lambda function.
    Function,
}

/// One entry of a bucket's notification configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// What kind of thing is told.
    pub destination: Destination,
    /// Its ARN.
    pub arn: String,
    /// The entry's id.
    pub id: Option<String>,
    /// Of what it is told, as S3 names it.
    pub events: Vec<String>,
    /// The filter's prefix, as it is written there. Empty: none.
    pub prefix: String,
    /// The filter's suffix, as it is written there. Empty: none.
    pub suffix: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_deref().unwrap_or("without an id");
        write!(f, "{id} ({} to {}", self.events.join(", "), self.arn)?;
        for (name, value) in [("prefix", &self.prefix), ("suffix", &self.suffix)] {
            if !value.is_empty() {
                write!(f, ", {name} {value:?}")?;
            }
        }
        f.write_str(")")
    }
}

impl Entry {
    /// Whether the queue with this ARN is told.
    pub fn tells(&self, queue_arn: &str) -> bool {
        self.destination == Destination::Queue && self.arn == queue_arn
    }

    /// Whether it tells of an event.
    fn tells_of(&self, event: &str) -> bool {
        self.events.iter().any(|own| is_within(event, own))
    }

    /// Whether both would be told of some event of one object, which S3 does not allow.
    pub fn overlaps(&self, other: &Entry) -> bool {
        let (prefix, others) = (decoded(&self.prefix), decoded(&other.prefix));
        let prefixes = prefix.starts_with(&others) || others.starts_with(&prefix);
        let (suffix, others) = (decoded(&self.suffix), decoded(&other.suffix));
        let suffixes = suffix.ends_with(&others) || others.ends_with(&suffix);
        let events = self.events.iter().any(|own| {
            other
                .events
                .iter()
                .any(|others| is_within(own, others) || is_within(others, own))
        });
        prefixes && suffixes && events
    }
}

/// Whether an event, or a group of events, is in another: `s3:ObjectCreated:Put` is in `s3:ObjectCreated:*`.
pub(super) fn is_within(event: &str, group: &str) -> bool {
    event == group
        || group
            .strip_suffix('*')
            .is_some_and(|start| event.starts_with(start))
}

/// A filter's value as keys have it.
pub(super) fn decoded(value: &str) -> String {
    let spaced = value.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// All that a bucket tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notifications {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Whether EventBridge is told of everything.
    pub event_bridge: bool,
}

/// What is to be told.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Where parts land.
    pub landing: &'a Place,
    /// The queue that has to hear of them.
    pub queue_arn: &'a str,
    /// Keys of some parts that landed.
    pub parts: &'a [String],
}

/// Whether the queue hears of every part: by the bucket itself, or by EventBridge and rules that have the queue as their
/// target. `mend` is the command that merges an entry.
pub fn judge(found: &Notifications, rules: &[Rule], wanted: &Wanted<'_>, mend: &str) -> Finding {
    let (landing, check) = (wanted.landing, Check::Notification);
    let own: Vec<&Entry> = found
        .entries
        .iter()
        .filter(|entry| entry.tells(wanted.queue_arn))
        .collect();
    let direct = coverage(&own, wanted);
    let by_rule = by_rules(found.event_bridge, rules, landing);
    match (direct, by_rule) {
        (Ok(None), Ok(rule)) => Finding::warning(
            check,
            format!(
                "{landing} tells the queue of every part twice, by itself and by EventBridge's rule {rule}: harmless, and \
                 twice the requests"
            ),
        ),
        (Ok(None), Err(_)) => Finding::ok(
            check,
            format!("{landing} tells the queue of every object that is created"),
        ),
        (Ok(Some(doubt)), Err(_)) => Finding::warning(check, doubt).mend(mend),
        (_, Ok(rule)) => Finding::ok(
            check,
            format!("{landing} tells EventBridge of every object, and its rule {rule} the queue"),
        ),
        (Err(fault), Err(None)) => Finding::fault(check, fault).mend(mend),
        (Err(_), Err(Some(Doubt { what, known: true }))) => Finding::fault(check, what).mend(mend),
        (Err(fault), Err(Some(Doubt { what, known: false }))) => {
            Finding::warning(check, format!("{what}, and directly: {fault}"))
        }
    }
}

/// Why EventBridge does not, or may not, tell the queue.
struct Doubt {
    what: String,
    /// Whether that is certain.
    known: bool,
}

/// The rule that tells the queue of every part.
fn by_rules(enabled: bool, rules: &[Rule], landing: &Place) -> Result<String, Option<Doubt>> {
    let mut why = None;
    for rule in rules {
        match rule.judge(landing) {
            Verdict::Tells if enabled => return Ok(rule.name.clone()),
            Verdict::Tells => {
                why = Some(Doubt {
                    what: format!(
                        "EventBridge's rule {} waits for the objects of bucket {}, which does not tell EventBridge: expected \
                         it to be enabled in the bucket's properties",
                        rule.name,
                        landing.bucket()
                    ),
                    known: true,
                });
            }
            Verdict::Not(what) => {
                why.get_or_insert(Doubt {
                    what: format!(
                        "EventBridge's rule {} has the queue as its target, but {what}",
                        rule.name
                    ),
                    known: true,
                });
            }
            Verdict::Unclear(what) if enabled => {
                why = Some(Doubt {
                    what: format!("EventBridge's rule {} cannot be judged: {what}", rule.name),
                    known: false,
                });
            }
            Verdict::Unclear(_) => {}
        }
    }
    Err(why)
}

/// Whether the bucket's own entries tell the queue of every part: None, yes; or what is doubtful; or what is missing.
fn coverage(own: &[&Entry], wanted: &Wanted<'_>) -> Result<Option<String>, String> {
    let landing = wanted.landing;
    if own.is_empty() {
        return Err(format!(
            "bucket {} does not tell the queue of anything: expected an entry for {CREATED} to {}",
            landing.bucket(),
            wanted.queue_arn
        ));
    }
    let over: Vec<&&Entry> = own
        .iter()
        .filter(|entry| landing.prefix().starts_with(&decoded(&entry.prefix)))
        .collect();
    if over.is_empty() {
        let found: Vec<String> = own.iter().map(|entry| format!("{:?}", entry.prefix)).collect();
        return Err(format!(
            "bucket {} tells the queue of other prefixes only: expected {:?}, found {}",
            landing.bucket(),
            landing.prefix(),
            found.join(", ")
        ));
    }
    let untold = |entries: &[&&Entry]| -> Vec<&str> {
        let told = |way: &str| entries.iter().any(|entry| entry.tells_of(way));
        WAYS.into_iter().filter(|way| !told(way)).collect()
    };
    let missing = untold(&over);
    if !missing.is_empty() {
        return Err(format!(
            "bucket {} does not tell the queue of every way of creating an object: expected {CREATED}, found none for {}",
            landing.bucket(),
            missing.join(", ")
        ));
    }
    let bare: Vec<&&Entry> = over
        .iter()
        .copied()
        .filter(|entry| entry.suffix.is_empty())
        .collect();
    if untold(&bare).is_empty() {
        return Ok(None);
    }
    let mut suffixes: Vec<String> = over.iter().map(|entry| decoded(&entry.suffix)).collect();
    suffixes.sort();
    suffixes.dedup();
    let hides = |key: &&String| !suffixes.iter().any(|suffix| key.ends_with(suffix));
    let named = format!("{suffixes:?}");
    if let Some(hidden) = wanted.parts.iter().find(hides) {
        return Err(format!(
            "bucket {} tells the queue only of keys that end with {named}, which hides parts such as {hidden}",
            landing.bucket()
        ));
    }
    if wanted.parts.is_empty() && hides(&&PART_ENDS.to_owned()) {
        return Err(format!(
            "bucket {} tells the queue only of keys that end with {named}, which hides parts that end with {PART_ENDS}",
            landing.bucket()
        ));
    }
    Ok(Some(format!(
        "bucket {} tells the queue only of keys that end with {named}: a part that is called otherwise would be found \
         only by a sweep, ten minutes later",
        landing.bucket()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:1:parts";

    fn entry(arn: &str, events: &[&str], prefix: &str, suffix: &str) -> Entry {
        Entry {
            destination: Destination::Queue,
            arn: arn.to_owned(),
            id: Some("id".to_owned()),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
        }
    }

    fn judged(entries: Vec<Entry>, parts: &[&str]) -> Finding {
        with_rules(entries, parts, false, &[])
    }

    fn with_rules(entries: Vec<Entry>, parts: &[&str], event_bridge: bool, rules: &[Rule]) -> Finding {
        let landing = Place::new("landing", "hubspot/").unwrap();
        let parts: Vec<String> = parts.iter().map(|key| (*key).to_owned()).collect();
        let wanted = Wanted {
            landing: &landing,
            queue_arn: QUEUE,
            parts: &parts,
        };
        let found = Notifications {
            entries,
            event_bridge,
        };
        judge(&found, rules, &wanted, "daymark doctor --fix")
    }

    #[test]
    fn entries_are_judged() {
        let created = [CREATED];
        let own = |events: &[&str], prefix: &str, suffix: &str| vec![entry(QUEUE, events, prefix, suffix)];
        let part = "hubspot/2026-11-23/OWNERS/a.csv.gz";
        for (entries, parts, level, says) in [
            (
                own(&created, "hubspot/", ""),
                vec![part],
                Level::Ok,
                "every object",
            ),
            (own(&created, "", ""), vec![], Level::Ok, "every object"),
            (own(&["s3:*"], "hub", ""), vec![], Level::Ok, "every object"),
            (own(&WAYS, "hubspot%2F", ""), vec![], Level::Ok, "every object"),
            // Two that have it all between them.
            (
                [
                    own(&[WAYS[0], WAYS[1]], "", ""),
                    own(&[WAYS[2], WAYS[3]], "hubspot/", ""),
                ]
                .concat(),
                vec![],
                Level::Ok,
                "every object",
            ),
            (vec![], vec![], Level::Fault, "not tell the queue of anything"),
            (
                vec![entry("other", &created, "", "")],
                vec![],
                Level::Fault,
                "not tell the queue of anything",
            ),
            (
                own(&[WAYS[0]], "", ""),
                vec![],
                Level::Fault,
                "CompleteMultipartUpload",
            ),
            (
                own(&["s3:ObjectRemoved:*"], "", ""),
                vec![],
                Level::Fault,
                "found none for",
            ),
            (
                own(&created, "hubspot/2026/", ""),
                vec![],
                Level::Fault,
                "\"hubspot/2026/\"",
            ),
            (
                own(&created, "exports/", ""),
                vec![],
                Level::Fault,
                "other prefixes only",
            ),
            (
                own(&created, "", ".csv.gz"),
                vec![part],
                Level::Warning,
                "ten minutes later",
            ),
            (
                own(&created, "", ".gz"),
                vec![],
                Level::Warning,
                "ten minutes later",
            ),
            (own(&created, "", ".csv"), vec![], Level::Fault, "hides parts"),
            (
                own(&created, "", ".gz"),
                vec![part, "hubspot/x.csv"],
                Level::Fault,
                "such as hubspot/x.csv",
            ),
        ] {
            let finding = judged(entries.clone(), &parts);
            assert_eq!(finding.level, level, "{entries:?}: {finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
            assert_eq!(finding.mend.is_some(), level != Level::Ok, "{finding:?}");
        }
    }

    #[test]
    fn event_bridge_will_do_if_a_rule_has_the_queue_as_its_target() {
        let rule = |enabled: bool, pattern: &str| Rule {
            name: "parts".to_owned(),
            enabled,
            pattern: Some(pattern.to_owned()),
        };
        let whole = r#"{"source":["aws.s3"],"detail":{"bucket":{"name":["landing"]}}}"#;
        let other = r#"{"source":["aws.s3"],"detail":{"bucket":{"name":["other"]}}}"#;
        let unclear = r#"{"source":[{"anything-but":["x"]}]}"#;
        let direct = vec![entry(QUEUE, &[CREATED], "", "")];
        for (entries, bus, rules, level, says) in [
            (
                vec![],
                true,
                vec![rule(true, whole)],
                Level::Ok,
                "rule parts the queue",
            ),
            (
                vec![],
                false,
                vec![rule(true, whole)],
                Level::Fault,
                "does not tell EventBridge",
            ),
            (vec![], true, vec![rule(false, whole)], Level::Fault, "disabled"),
            (
                vec![],
                true,
                vec![rule(true, other)],
                Level::Fault,
                "bucket: expected",
            ),
            (
                vec![],
                true,
                vec![rule(true, other), rule(true, whole)],
                Level::Ok,
                "rule parts the queue",
            ),
            (
                vec![],
                true,
                vec![rule(true, unclear)],
                Level::Warning,
                "cannot be judged",
            ),
            (
                vec![],
                true,
                vec![],
                Level::Fault,
                "not tell the queue of anything",
            ),
            (
                direct.clone(),
                true,
                vec![rule(true, whole)],
                Level::Warning,
                "twice",
            ),
            (
                direct.clone(),
                true,
                vec![rule(true, other)],
                Level::Ok,
                "every object",
            ),
        ] {
            let finding = with_rules(entries, &[], bus, &rules);
            assert_eq!(finding.level, level, "{rules:?}: {finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
        }
    }

    #[test]
    fn overlaps_are_those_of_s3() {
        let of = |events: &[&str], prefix: &str, suffix: &str| entry("x", events, prefix, suffix);
        let put = "s3:ObjectCreated:Put";
        for (one, other, overlap) in [
            (of(&[CREATED], "", ""), of(&[put], "", ""), true),
            (of(&[CREATED], "a/", ""), of(&[put], "a/b/", ""), true),
            (of(&[CREATED], "a/", ""), of(&[put], "b/", ""), false),
            (of(&[CREATED], "a/", ".gz"), of(&[put], "a/", ".csv.gz"), true),
            (of(&[CREATED], "", ".jpg"), of(&[put], "", ".png"), false),
            (of(&[put], "", ""), of(&["s3:ObjectCreated:Copy"], "", ""), false),
            (
                of(&[put, "s3:ObjectRemoved:*"], "", ""),
                of(&["s3:ObjectRemoved:Delete"], "", ""),
                true,
            ),
            (of(&[CREATED], "a+b/", ""), of(&[CREATED], "a%20b/c", ""), true),
        ] {
            assert_eq!(one.overlaps(&other), overlap, "{one} {other}");
            assert_eq!(other.overlaps(&one), overlap, "{other} {one}");
        }
    }
}
