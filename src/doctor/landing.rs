//! The buckets, and what lies under the landing prefix.

use std::collections::BTreeSet;

use super::{Check, Failure, Finding};
use crate::keys::{Layout, Place, Skip};

/// Keys and folders that are shown of what is not recognised.
const SHOWN: usize = 3;

/// What asking for a bucket itself came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is there, in this region if that was said.
    There(Option<String>),
    /// It is in another region, by S3's redirect.
    Elsewhere(Option<String>),
    /// It did not answer with the bucket.
    Failed(Failure),
}

/// A right that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What it is called in a policy.
    pub action: &'static str,
    /// On what.
    pub on: String,
    /// What it came to.
    pub result: Result<(), Failure>,
}

/// A bucket: that it is there, where it is expected, and what whoever asks may do with it.
pub fn bucket(check: Check, place: &Place, reach: &Reach, region: Option<&str>, tried: &[Tried]) -> Finding {
    let name = format!("s3://{}", place.bucket());
    let found = match reach {
        Reach::Failed(failure) => return failure.finding(check, &name),
        Reach::There(found) | Reach::Elsewhere(found) => found.as_deref(),
    };
    let is_elsewhere = matches!(reach, Reach::Elsewhere(_));
    match (found, region) {
        (Some(found), Some(expected)) if found != expected => {
            return Finding::fault(
                check,
                format!(
                    "{name}: expected it in {expected}, where queue and functions are, found it in {found}"
                ),
            );
        }
        _ if is_elsewhere => {
            let expected = region.unwrap_or("the one that is asked");
            return Finding::fault(
                check,
                format!("{name}: expected it in {expected}, found it in another region"),
            );
        }
        _ => {}
    }
    let failed = tried
        .iter()
        .find_map(|tried| Some((tried, tried.result.as_ref().err()?)));
    if let Some((tried, failure)) = failed {
        return failure.finding(
            check,
            &format!("{} on {}, tried as whoever runs this", tried.action, tried.on),
        );
    }
    let rights: Vec<&str> = tried.iter().map(|tried| tried.action).collect();
    let rights = match rights.is_empty() {
        true => String::new(),
        false => format!("; {} work for whoever runs this", rights.join(", ")),
    };
    let region = found.map_or(String::new(), |found| format!(" in {found}"));
    Finding::ok(check, format!("{name} is there{region}{rights}"))
}

/// Whether a rule of the bucket's aborts uploads that a function was killed in the middle of. `aborting` are the prefixes of those
/// rules that are on.
pub fn uploads(place: &Place, aborting: &Result<Vec<String>, Failure>) -> Finding {
    let check = Check::Uploads;
    match aborting {
        Ok(prefixes) if prefixes.iter().any(|prefix| place.prefix().starts_with(prefix)) => {
            let found = format!("{place}: a lifecycle rule aborts uploads that were never completed");
            Finding::ok(check, found)
        }
        Ok(_) => Finding::warning(
            check,
            format!(
                "{place}: expected a lifecycle rule that aborts incomplete multipart uploads, found none: what a killed \
                 function leaves is in no listing, and costs for ever"
            ),
        )
        .mend("docs/doctor.md, uploads, has the rule and the command"),
        Err(failure) => {
            Finding::warning(check, format!("{place}: its lifecycle rules were not looked at, {failure}"))
        }
    }
}

/// The head of what lies in the landing bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// The first keys under the landing prefix.
    pub keys: Vec<String>,
    /// The folders right under the landing prefix, as far as one page has them.
    pub folders: Vec<String>,
    /// Whether there are more keys than these.
    pub more: bool,
    /// If nothing is under the prefix: the folders and keys at the bucket's top.
    pub top: Vec<String>,
}

impl Heads {
    /// Those keys that are parts.
    pub fn parts(&self, layout: &Layout) -> Vec<String> {
        let is_part = |key: &&String| layout.source(key).is_ok();
        self.keys.iter().filter(is_part).cloned().collect()
    }
}

/// Whether what lies under the landing prefix is recognised, and what it looks like if it is not.
pub fn day_folders(heads: &Heads, layout: &Layout) -> Finding {
    let (check, landing) = (Check::DayFolders, layout.landing());
    let parts = heads.keys.iter().filter_map(|key| layout.source(key).ok());
    let mut days: BTreeSet<_> = parts.map(|part| part.date).collect();
    days.extend(
        heads
            .folders
            .iter()
            .filter_map(|folder| layout.day_of_folder(folder)),
    );
    if let (Some(first), Some(last)) = (days.first(), days.last()) {
        let more = if heads.more { "; there is more" } else { "" };
        return Finding::ok(
            check,
            format!(
                "{landing}: days recognised in its first keys and folders: {}, from {first} to {last}{more}",
                days.len()
            ),
        );
    }
    let shown = |names: &[String]| {
        let names: Vec<String> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
        names.join(", ")
    };
    let is_thing = |key: &&String| !matches!(layout.source(key), Err(Skip::Folder));
    let keys: Vec<String> = heads.keys.iter().filter(is_thing).cloned().collect();
    if !keys.is_empty() {
        let why: BTreeSet<String> = keys
            .iter()
            .filter_map(|key| layout.source(key).err())
            .map(|skip| skip.to_string())
            .collect();
        let why: Vec<String> = why.into_iter().collect();
        return Finding::fault(
            check,
            format!(
                "{landing}: expected keys such as {}2026-11-23/OBJECTS/data_0_0_0.csv.gz, found none among the first {}: {} \
                 ({})",
                landing.prefix(),
                keys.len(),
                shown(&keys),
                why.join("; ")
            ),
        )
        .mend("DAYMARK_DAY_FOLDER_PATTERN reads other day folders; daymark event FILE --landing URL tries it");
    }
    let beside = match heads.top.is_empty() {
        true => "the bucket is empty".to_owned(),
        false => format!("the bucket has {}", shown(&heads.top)),
    };
    Finding::warning(check, format!("nothing has landed under {landing} yet; {beside}"))
        .mend("in HubSpot, compare the sync's path with LandingUrl, the stack's output")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn layout() -> Layout {
        let place = |bucket: &str, prefix: &str| Place::new(bucket, prefix).unwrap();
        Layout::new(place("landing", "hubspot/"), place("curated", "lake/")).unwrap()
    }

    fn heads(keys: &[&str], folders: &[&str], top: &[&str]) -> Heads {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Heads {
            keys: owned(keys),
            folders: owned(folders),
            more: false,
            top: owned(top),
        }
    }

    #[test]
    fn buckets_are_judged() {
        let place = Place::new("landing", "hubspot/").unwrap();
        let there = |region: &str| Reach::There(Some(region.to_owned()));
        let tried = |result: Result<(), Failure>| Tried {
            action: "s3:GetObject",
            on: "s3://landing/x".to_owned(),
            result,
        };
        let denied = || Failure::Denied("AccessDenied".to_owned());
        for (reach, tried, level, says) in [
            (there("eu-west-1"), tried(Ok(())), Level::Ok, "s3:GetObject work"),
            (Reach::There(None), tried(Ok(())), Level::Ok, "is there;"),
            (
                there("us-east-1"),
                tried(Ok(())),
                Level::Fault,
                "found it in us-east-1",
            ),
            (
                Reach::Elsewhere(None),
                tried(Ok(())),
                Level::Fault,
                "another region",
            ),
            (
                Reach::Failed(denied()),
                tried(Ok(())),
                Level::Fault,
                "not allowed",
            ),
            (
                Reach::Failed(Failure::Absent("NoSuchBucket".to_owned())),
                tried(Ok(())),
                Level::Fault,
                "found none",
            ),
            (
                there("eu-west-1"),
                tried(Err(denied())),
                Level::Fault,
                "s3:GetObject on s3://landing/x",
            ),
        ] {
            let finding = bucket(Check::LandingBucket, &place, &reach, Some("eu-west-1"), &[tried]);
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
        }
    }

    #[test]
    fn uploads_that_nobody_completes_have_to_go() {
        let place = Place::new("one", "lake/").unwrap();
        let rules = |prefixes: &[&str]| Ok(prefixes.iter().map(|it| (*it).to_owned()).collect());
        let denied = Err(Failure::Denied("AccessDenied".to_owned()));
        for (aborting, level, says) in [
            (rules(&[""]), Level::Ok, "s3://one/lake/"),
            (rules(&["hubspot/", "la"]), Level::Ok, "aborts uploads"),
            (rules(&[]), Level::Warning, "found none"),
            (rules(&["hubspot/", "lake/table="]), Level::Warning, "found none"),
            (denied, Level::Warning, "not allowed"),
        ] {
            let finding = uploads(&place, &aborting);
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
        }
    }

    #[test]
    fn what_landed_is_recognised_or_shown() {
        for (heads, level, says) in [
            (
                heads(&["hubspot/2026-11-23/OWNERS/a.csv.gz"], &[], &[]),
                Level::Ok,
                "days recognised in its first keys and folders: 1,",
            ),
            (
                heads(&["hubspot/"], &["hubspot/2026-11-22/", "hubspot/20261123/"], &[]),
                Level::Ok,
                "from 2026-11-22 to 2026-11-23",
            ),
            (
                heads(&["hubspot/today/OWNERS/a.csv.gz"], &["hubspot/today/"], &[]),
                Level::Fault,
                "\"hubspot/today/OWNERS/a.csv.gz\"",
            ),
            (
                heads(&["hubspot/2026-11-23/a.csv.gz"], &[], &[]),
                Level::Fault,
                "no table folder",
            ),
            (
                heads(&["hubspot/"], &[], &["exports/"]),
                Level::Warning,
                "the bucket has \"exports/\"",
            ),
            (heads(&[], &[], &[]), Level::Warning, "the bucket is empty"),
        ] {
            let finding = day_folders(&heads, &layout());
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
        }
        let heads = heads(&["hubspot/x", "hubspot/2026-11-23/OWNERS/a.csv.gz"], &[], &[]);
        assert_eq!(heads.parts(&layout()), ["hubspot/2026-11-23/OWNERS/a.csv.gz"]);
    }
}
