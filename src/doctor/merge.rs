//! An entry for the queue, or EventBridge, merged into what a bucket tells others already.
//!
//! S3 keeps one notification configuration a bucket and replaces it whole, so nothing of it may be lost on the way: other
//! owners' entries stay as they are, and where S3 would refuse ours because of one of them, nothing is changed.
//!
//! Where a rule of EventBridge waits for the bucket's objects, as it does for a bucket that was there before the stack,
//! EventBridge is what lacks: the queue's policy lets the rule send, and S3 would refuse an entry for a queue that does
//! not let the bucket.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::notification::{CREATED, Destination, Entry, Notifications, Wanted, decoded, is_within};
use super::rule::{Rule, Verdict};

/// The id of the entry that is added.
pub const ID: &str = "daymark-parts";

/// Elements of a configuration that are read, and so written again. Amazon S3 API reference:
/// GetBucketNotificationConfiguration.
const ELEMENTS: [&str; 15] = [
    "NotificationConfiguration",
    "TopicConfiguration",
    "QueueConfiguration",
    "CloudFunctionConfiguration",
    "EventBridgeConfiguration",
    "Id",
    "Event",
    "Topic",
    "Queue",
    "CloudFunction",
    "Filter",
    "S3Key",
    "FilterRule",
    "Name",
    "Value",
];

/// Characters of a filter's value that stand for themselves (Amazon S3 user guide, "Safe characters").
const SAFE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'!')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The bucket has to tell the queue.
    Entry {
        /// The entry that is added.
        add: Entry,
        /// Places of entries that go: earlier ones of this very queue, of which the new one covers all but what is kept.
        drop: Vec<usize>,
        /// What of those is about other events than the new one.
        keep: Vec<Entry>,
    },
    /// The bucket has to tell EventBridge.
    Bus {
        /// The rule that waits for it.
        rule: String,
    },
}

impl fmt::Display for Merge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Merge::Entry { add, .. } => write!(f, "{add}"),
            Merge::Bus { rule } => write!(f, "EventBridge on, which rule {rule} waits for"),
        }
    }
}

/// What it takes for the queue to hear of every part. `rules` have the queue as their target.
///
/// # Errors
/// The entries of others that S3 would not have beside ours.
pub fn merge(found: &Notifications, rules: &[Rule], wanted: &Wanted<'_>) -> Result<Merge, String> {
    let waiting = rules
        .iter()
        .find(|rule| rule.judge(wanted.landing) == Verdict::Tells);
    if let (Some(rule), false) = (waiting, found.event_bridge) {
        return Ok(Merge::Bus {
            rule: rule.name.clone(),
        });
    }
    let prefix = utf8_percent_encode(wanted.landing.prefix(), SAFE).to_string();
    let mut add = Entry {
        destination: Destination::Queue,
        arn: wanted.queue_arn.to_owned(),
        id: Some(ID.to_owned()),
        events: vec![CREATED.to_owned()],
        prefix: prefix.replace("%20", "+"),
        suffix: String::new(),
    };
    // What the queue is told of more than the landing folder, it is told still.
    let own = found.entries.iter().filter(|entry| entry.tells(wanted.queue_arn));
    let own = own.filter(|entry| entry.overlaps(&add) && is_over(entry, &add));
    if let Some(widest) = own.min_by_key(|entry| decoded(&entry.prefix).len()) {
        add.prefix.clone_from(&widest.prefix);
    }
    let (mut drop, mut keep, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
    for (at, entry) in found.entries.iter().enumerate() {
        if !entry.overlaps(&add) {
            continue;
        }
        if !entry.tells(wanted.queue_arn) {
            foreign.push(entry.to_string());
            continue;
        }
        drop.push(at);
        let mut rest = entry.clone();
        rest.events.retain(|event| !is_within(event, CREATED));
        if !rest.events.is_empty() {
            keep.push(rest);
        }
    }
    if !foreign.is_empty() {
        return Err(format!(
            "S3 allows one entry for an event of a key, and there is one of somebody else's: {}. Nothing was changed. Narrow \
             that entry's prefix, or have the bucket tell EventBridge (which may stand beside it) and a rule there the queue",
            foreign.join("; ")
        ));
    }
    // Ids are unique in a bucket, and somebody may have had the same idea.
    let taken = |id: &str| {
        let entries = found.entries.iter().enumerate();
        let mut entries = entries
            .filter(|(at, _)| !drop.contains(at))
            .map(|(_, entry)| entry)
            .chain(&keep);
        entries.any(|entry| entry.id.as_deref() == Some(id))
    };
    let mut id = ID.to_owned();
    for nth in 2_u32.. {
        if !taken(&id) {
            break;
        }
        id = format!("{ID}-{nth}");
    }
    add.id = Some(id);
    Ok(Merge::Entry { add, drop, keep })
}

/// Whether the keys that an entry tells of begin with less than another's.
fn is_over(entry: &Entry, other: &Entry) -> bool {
    decoded(&other.prefix).starts_with(&decoded(&entry.prefix))
}

/// Whether a configuration that was read back is what a merge was to bring about.
///
/// # Errors
/// What is there too much and too little.
pub fn merged(before: &Notifications, merge: &Merge, after: &Notifications) -> Result<(), String> {
    let (add, dropped, rest, bus) = match merge {
        Merge::Entry { add, drop, keep } => {
            (Some(add), drop.as_slice(), keep.as_slice(), before.event_bridge)
        }
        Merge::Bus { .. } => (None, &[][..], &[][..], true),
    };
    let kept = before.entries.iter().enumerate();
    let kept = kept
        .filter(|(at, _)| !dropped.contains(at))
        .map(|(_, entry)| entry);
    let mut expected: Vec<Entry> = kept.chain(rest).chain(add).cloned().map(in_order).collect();
    let mut found: Vec<Entry> = after.entries.iter().cloned().map(in_order).collect();
    expected.sort();
    found.sort();
    let without = |these: &[Entry], those: &[Entry]| -> Vec<String> {
        these
            .iter()
            .filter(|entry| !those.contains(entry))
            .map(ToString::to_string)
            .collect()
    };
    let (missing, strange) = (without(&expected, &found), without(&found, &expected));
    if after.event_bridge == bus && missing.is_empty() && strange.is_empty() {
        return Ok(());
    }
    Err(format!(
        "expected the bucket to tell what it told before, and have {merge} besides; missing: {missing:?}, unexpected: \
         {strange:?}, EventBridge: {} before, {} now",
        before.event_bridge, after.event_bridge
    ))
}

fn in_order(mut entry: Entry) -> Entry {
    entry.events.sort();
    entry
}

/// The first element of a configuration, as S3 wrote it, that this release does not know and would lose.
pub fn strange_element(xml: &str) -> Option<&str> {
    let mut tags = xml.split('<').skip(1);
    tags.find_map(|tag| {
        let end = tag.find(['>', '/', ' ', '\t', '\r', '\n']);
        let name = tag.get(..end.unwrap_or(tag.len()))?;
        let name = name.rsplit(':').next().unwrap_or(name);
        let is_element = !name.is_empty() && !tag.starts_with(['/', '?', '!']);
        (is_element && !ELEMENTS.contains(&name)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Place;

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:1:parts";

    fn entry(
        destination: Destination,
        arn: &str,
        id: &str,
        events: &[&str],
        prefix: &str,
        suffix: &str,
    ) -> Entry {
        Entry {
            destination,
            arn: arn.to_owned(),
            id: Some(id.to_owned()),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
        }
    }

    /// What is added, and the places of what goes.
    fn merge_into(entries: Vec<Entry>, prefix: &str) -> Result<(Entry, Vec<usize>), String> {
        let landing = Place::new("landing", prefix).unwrap();
        let wanted = Wanted {
            landing: &landing,
            queue_arn: QUEUE,
            parts: &[],
        };
        let found = Notifications {
            entries,
            event_bridge: true,
        };
        match merge(&found, &[], &wanted)? {
            Merge::Entry { add, drop, .. } => Ok((add, drop)),
            merge @ Merge::Bus { .. } => panic!("{merge:?}"),
        }
    }

    #[test]
    fn others_stay_and_earlier_ones_of_the_queue_go() {
        use Destination::{Function, Queue, Topic};
        let created = [CREATED];
        let foreign = [
            entry(Function, "f", "thumbs", &created, "images/", ""),
            entry(Topic, "t", "gone", &["s3:ObjectRemoved:*"], "hubspot/", ""),
            entry(Queue, "other", "rest", &["s3:ObjectRestore:*"], "", ""),
        ];
        let own = entry(Queue, QUEUE, "old", &["s3:ObjectCreated:Put"], "hubspot/", ".gz");
        let (add, drop) = merge_into([&foreign[..], &[own]].concat(), "hubspot/").unwrap();
        assert_eq!(drop, [3]);
        assert_eq!(add, entry(Queue, QUEUE, ID, &created, "hubspot/", ""));
        // One of the queue's own that is about something else stays.
        let own = entry(Queue, QUEUE, "old", &created, "elsewhere/", "");
        assert!(merge_into(vec![own], "hubspot/").unwrap().1.is_empty());
        // An id that is taken is not taken twice.
        let taken = entry(Topic, "t", ID, &["s3:ObjectRemoved:*"], "", "");
        assert_eq!(
            merge_into(vec![taken], "hubspot/").unwrap().0.id.unwrap(),
            "daymark-parts-2"
        );
        // Values of filters are written as S3 wants them.
        assert_eq!(
            merge_into(Vec::new(), "a b/dt=1/").unwrap().0.prefix,
            "a+b/dt%3D1/"
        );
    }

    #[test]
    fn what_the_queue_was_told_of_besides_it_is_told_of_still() {
        use Destination::{Queue, Topic};
        let put = "s3:ObjectCreated:Put";
        let own = |id: &str, events: &[&str], prefix: &str| entry(Queue, QUEUE, id, events, prefix, "");
        let merged_into = |entries: &[Entry]| {
            let found = Notifications {
                entries: entries.to_vec(),
                event_bridge: false,
            };
            let landing = Place::new("landing", "hubspot/").unwrap();
            let wanted = Wanted {
                landing: &landing,
                queue_arn: QUEUE,
                parts: &[],
            };
            merge(&found, &[], &wanted)
        };
        // Other events stay, under their own prefix; and what landed beside the landing folder is told as before.
        let acl = "s3:ObjectAcl:Put";
        let merge = merged_into(&[own(ID, &[put, acl], "hub")]).unwrap();
        let expected = Merge::Entry {
            add: own("daymark-parts-2", &[CREATED], "hub"),
            drop: vec![0],
            keep: vec![own(ID, &[acl], "hub")],
        };
        assert_eq!(merge, expected);
        // The widest of them is what the new one takes, as it is written there.
        let merge = merged_into(&[
            own("a", &[put], "hub%73pot/"),
            own("b", &["s3:ObjectCreated:Copy"], "hub%73"),
            own("c", &["s3:ObjectCreated:Post"], "hubspot/2026/"),
            own("d", &["s3:ObjectRemoved:*"], ""),
        ]);
        let expected = Merge::Entry {
            add: own(ID, &[CREATED], "hub%73"),
            drop: vec![0, 1, 2],
            keep: Vec::new(),
        };
        assert_eq!(merge.unwrap(), expected);
        // Where that is somebody else's already, nothing is changed.
        let copies = entry(
            Topic,
            "t",
            "copies",
            &["s3:ObjectCreated:Copy"],
            "hubs-other/",
            "",
        );
        assert!(
            merged_into(&[own("a", &[put], "hub"), copies])
                .unwrap_err()
                .contains("copies")
        );
    }

    #[test]
    fn what_s3_would_refuse_is_refused_here_with_the_entry_named() {
        use Destination::{Function, Queue, Topic};
        for (foreign, refused) in [
            (entry(Function, "f", "all", &[CREATED], "", ""), true),
            (
                entry(Topic, "t", "put", &["s3:ObjectCreated:Put"], "hubspot/2026/", ""),
                true,
            ),
            (entry(Queue, "q", "gz", &[CREATED], "hub", ".gz"), true),
            (entry(Queue, "q", "images", &[CREATED], "images/", ""), false),
            (entry(Queue, "q", "gone", &["s3:ObjectRemoved:*"], "", ""), false),
        ] {
            let merge = merge_into(vec![foreign.clone()], "hubspot/");
            assert_eq!(merge.is_err(), refused, "{foreign}: {merge:?}");
            if let Err(why) = merge {
                assert!(
                    why.contains(&foreign.to_string()) && why.contains("Nothing was changed"),
                    "{why}"
                );
            }
        }
    }

    #[test]
    fn what_came_of_a_merge_is_compared_with_what_was_to_come() {
        use Destination::{Function, Topic};
        let foreign = entry(
            Topic,
            "t",
            "gone",
            &["s3:ObjectRemoved:*", "s3:ObjectRestore:*"],
            "",
            "",
        );
        let before = Notifications {
            entries: vec![foreign.clone()],
            event_bridge: true,
        };
        let (add, drop) = merge_into(before.entries.clone(), "hubspot/").unwrap();
        let merge = Merge::Entry {
            add: add.clone(),
            drop,
            keep: Vec::new(),
        };
        let mut turned = foreign.clone();
        turned.events.reverse();
        let mut after = Notifications {
            entries: vec![add, turned],
            event_bridge: true,
        };
        assert_eq!(merged(&before, &merge, &after), Ok(()));
        after.event_bridge = false;
        assert!(merged(&before, &merge, &after).is_err());
        after.event_bridge = true;
        after
            .entries
            .push(entry(Function, "f", "new", &[CREATED], "x/", ""));
        assert!(
            merged(&before, &merge, &after)
                .unwrap_err()
                .contains("unexpected")
        );
        after.entries.truncate(1);
        assert!(
            merged(&before, &merge, &after)
                .unwrap_err()
                .contains("s3:ObjectRemoved:*")
        );
    }

    #[test]
    fn where_a_rule_waits_for_the_bucket_it_is_eventbridge_that_is_turned_on() {
        let landing = Place::new("landing", "hubspot/").unwrap();
        let wanted = Wanted {
            landing: &landing,
            queue_arn: QUEUE,
            parts: &[],
        };
        let rule = |enabled: bool, bucket: &str| Rule {
            name: "parts".to_owned(),
            enabled,
            pattern: Some(format!(
                r#"{{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{{"bucket":{{"name":["{bucket}"]}},
                "object":{{"key":[{{"prefix":"hubspot/"}}]}}}}}}"#
            )),
        };
        // An entry of somebody else's that S3 would have no other beside is none in the way of EventBridge.
        let before = Notifications {
            entries: vec![entry(Destination::Topic, "t", "all", &[CREATED], "", "")],
            event_bridge: false,
        };
        let on = merge(&before, &[rule(true, "landing")], &wanted).unwrap();
        assert_eq!(
            on,
            Merge::Bus {
                rule: "parts".to_owned()
            }
        );
        let mut after = before.clone();
        assert!(merged(&before, &on, &after).is_err());
        after.event_bridge = true;
        assert_eq!(merged(&before, &on, &after), Ok(()));
        after.entries.clear();
        assert!(merged(&before, &on, &after).unwrap_err().contains("missing"));
        // A rule that waits for nothing of this bucket's is no way.
        for rule in [rule(false, "landing"), rule(true, "another")] {
            assert!(merge(&before, &[rule], &wanted).is_err());
        }
        // Where EventBridge is on already, it is not what lacks.
        let before = Notifications {
            event_bridge: true,
            ..Notifications::default()
        };
        let added = merge(&before, &[rule(true, "landing")], &wanted).unwrap();
        assert!(matches!(added, Merge::Entry { .. }), "{added:?}");
    }

    #[test]
    fn elements_that_would_be_lost_are_seen() {
        let known = r#"<?xml version="1.0"?><NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <QueueConfiguration><Id>a&lt;b</Id><Queue>q</Queue><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule>
            <Name>prefix</Name><Value>x</Value></FilterRule></S3Key></Filter></QueueConfiguration>
            <EventBridgeConfiguration/></NotificationConfiguration>"#;
        assert_eq!(strange_element(known), None);
        let strange = known.replace(
            "<EventBridgeConfiguration/>",
            "<s3:StreamConfiguration><Id>1</Id></s3:StreamConfiguration>",
        );
        assert_eq!(strange_element(&strange), Some("StreamConfiguration"));
        assert_eq!(strange_element(""), None);
    }
}
