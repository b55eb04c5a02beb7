//! Which folder of a table's day counts, and which output stands for each of its parts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use regex_lite::Regex;

use super::policy::Policy;
use super::seen::{Facts, Footer, Known, Published, SourceSeen, TableSeen};
use super::verdict::{Choice, Chosen, Remark};
use crate::part::PartId;

/// Query ids are UUIDs in the parts' names (`data_<uuid>_0_0_0.csv.gz`, Snowflake's INCLUDE_QUERY_ID).
static QUERY_ID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}").ok()
});

/// What of a table's day counts; or the outputs whose footers have to be read first.
pub(super) fn choose(
    table: &str,
    seen: &TableSeen,
    known: &Known,
    policy: &Policy,
) -> Result<Choice, Vec<usize>> {
    let look = Look::new(seen, known);
    let unread = look.unread();
    if !unread.is_empty() {
        return Err(unread);
    }
    let folders = look.folders();
    let mut choice = Choice {
        folders: look.winners(&folders, policy.union),
        damaged: look.damaged(),
        ..Choice::default()
    };
    if folders.len() > 1 {
        choice
            .warnings
            .push(several_folders(table, &folders, &choice.folders, policy.union));
    }
    look.choose_listed(&mut choice);
    look.choose_archived(table, &mut choice);
    let chosen: BTreeSet<usize> = choice.parts.iter().map(|part| part.output).collect();
    let damaged: BTreeSet<usize> = choice.damaged.iter().map(|(output, _)| *output).collect();
    choice.others = (0..seen.outputs.len())
        .filter(|output| !chosen.contains(output) && !damaged.contains(output))
        .collect();
    let stem = |output: usize| seen.outputs.get(output).map(|output| &output.stem);
    choice.parts.sort_by_key(|part| stem(part.output));
    choice
        .missing
        .sort_by_key(|source| seen.sources.get(*source).map(|source| &source.stem));
    look.warn_of_twins(table, &mut choice);
    Ok(choice)
}

/// A table's day with what is known of it at hand.
struct Look<'a> {
    seen: &'a TableSeen,
    known: &'a Known,
    /// Sources by stem.
    listed: HashMap<&'a str, usize>,
}

impl<'a> Look<'a> {
    fn new(seen: &'a TableSeen, known: &'a Known) -> Self {
        let listed = seen
            .sources
            .iter()
            .enumerate()
            .map(|(i, source)| (source.stem.as_str(), i))
            .collect();
        Look { seen, known, listed }
    }

    fn source_of(&self, output: usize) -> Option<(usize, &'a SourceSeen)> {
        let stem = self.seen.outputs.get(output)?.stem.as_str();
        let index = *self.listed.get(stem)?;
        Some((index, self.seen.sources.get(index)?))
    }

    /// Outputs that are not simply their source's of today, so that only their footers tell what they are.
    fn unread(&self) -> Vec<usize> {
        let outputs = self.seen.outputs.iter().enumerate();
        outputs
            .filter(|(i, output)| {
                let plain = self
                    .source_of(*i)
                    .is_some_and(|(_, source)| source.id == output.id);
                !plain && !self.known.footers.contains_key(&output.id)
            })
            .map(|(i, _)| i)
            .collect()
    }

    fn facts(&self, output: usize) -> Option<&'a Facts> {
        match self.known.footers.get(&self.seen.outputs.get(output)?.id)? {
            Footer::Sound(facts) => Some(facts),
            Footer::Damaged(_) => None,
        }
    }

    fn damaged(&self) -> Vec<(usize, String)> {
        let outputs = self.seen.outputs.iter().enumerate();
        outputs
            .filter_map(|(i, output)| match self.known.footers.get(&output.id)? {
                Footer::Damaged(why) => Some((i, why.clone())),
                Footer::Sound(_) => None,
            })
            .collect()
    }

    /// Each folder, and when it began: its first part's last-modified, those included that only footers remember, so that
    /// a purge does not make an old folder look new.
    fn folders(&self) -> BTreeMap<Arc<str>, i64> {
        let listed = self
            .seen
            .sources
            .iter()
            .map(|source| (&source.folder, source.last_modified_ms));
        let remembered = (0..self.seen.outputs.len())
            .filter_map(|output| self.facts(output))
            .map(|facts| (&facts.folder, facts.source_last_modified_ms));
        let mut folders = BTreeMap::new();
        for (folder, at_ms) in listed.chain(remembered) {
            let began = folders.entry(Arc::clone(folder)).or_insert(at_ms);
            *began = at_ms.min(*began);
        }
        folders
    }

    fn winners(&self, folders: &BTreeMap<Arc<str>, i64>, union: bool) -> Vec<Arc<str>> {
        if union {
            return folders.keys().cloned().collect();
        }
        let newest = folders
            .iter()
            .max_by_key(|(folder, began_ms)| (**began_ms, *folder));
        newest.map(|(folder, _)| Arc::clone(folder)).into_iter().collect()
    }

    /// For each listed source the output of the newest profile that has converted all of them; else the newest there is.
    fn choose_listed(&self, choice: &mut Choice) {
        let mut candidates: BTreeMap<usize, Vec<(&str, usize)>> = BTreeMap::new();
        for (i, source) in self.seen.sources.iter().enumerate() {
            if choice.folders.contains(&source.folder) {
                candidates.insert(i, Vec::new());
            }
        }
        let mut newest: HashMap<&str, (i64, usize)> = HashMap::new();
        for (i, output) in self.seen.outputs.iter().enumerate() {
            let Some((index, source)) = self.source_of(i) else {
                continue;
            };
            let Some(of_source) = candidates.get_mut(&index) else {
                continue;
            };
            let profile = if output.id == source.id {
                let damaged = matches!(self.known.footers.get(&output.id), Some(Footer::Damaged(_)));
                (!damaged).then_some(self.seen.profile.as_str())
            } else {
                let same =
                    |facts: &&Facts| facts.source_key == source.key && facts.source_etag == source.etag;
                self.facts(i).filter(same).map(|facts| &*facts.profile)
            };
            let Some(profile) = profile else { continue };
            of_source.push((profile, i));
            let (at_ms, count) = newest.entry(profile).or_insert((i64::MIN, 0));
            *at_ms = output.last_modified_ms.max(*at_ms);
            *count += 1;
        }
        // By S3's clock, not by what is configured: a setting that comes and goes moves nothing.
        let age = |profile: &str| newest.get(profile).map(|(at_ms, _)| *at_ms);
        let whole = newest
            .iter()
            .filter(|(_, (_, count))| *count == candidates.len())
            .max_by_key(|(profile, (at_ms, _))| (*at_ms, **profile))
            .map(|(profile, _)| *profile);
        for (source, outputs) in candidates {
            let best = outputs
                .iter()
                .max_by_key(|(profile, _)| (whole == Some(*profile), age(profile), *profile));
            match best {
                Some((_, output)) => choice.parts.push(Chosen {
                    output: *output,
                    source: Some(source),
                }),
                None => choice.missing.push(source),
            }
        }
    }

    /// Outputs whose sources are gone: deletion alone takes nothing out of a day, but a folder that was written anew does.
    fn choose_archived(&self, table: &str, choice: &mut Choice) {
        // Of one source's outputs that differ by their profile alone, the published one stays.
        let mut newest: BTreeMap<&str, (i64, bool, i64, usize)> = BTreeMap::new();
        for (i, output) in self.seen.outputs.iter().enumerate() {
            let Some(facts) = self.facts(i) else { continue };
            if self.listed.contains_key(output.stem.as_str()) || !choice.folders.contains(&facts.folder) {
                continue;
            }
            let published = self.published(&output.id).is_some();
            let rank = (
                facts.source_last_modified_ms,
                published,
                output.last_modified_ms,
                i,
            );
            let best = newest.entry(output.stem.as_str()).or_insert(rank);
            *best = rank.max(*best);
        }
        let mut kept = 0_usize;
        for (.., output) in newest.into_values() {
            if !self.has_left(output) {
                choice.parts.push(Chosen { output, source: None });
                kept += 1;
            }
        }
        let listed = choice.parts.len() + choice.missing.len() - kept;
        if kept > 0 && listed > 0 {
            choice.warnings.push(Remark::of_table(
                "sources_gone",
                table,
                format!(
                    "{kept} of {} parts are gone from the landing bucket; their Parquet stays",
                    kept + listed
                ),
            ));
        }
    }

    /// Whether a part that is gone left its table: its folder holds a part that came after the day was published with it,
    /// or, where it never was, after it was converted.
    fn has_left(&self, output: usize) -> bool {
        let (Some(facts), Some(output)) = (self.facts(output), self.seen.outputs.get(output)) else {
            return false;
        };
        if self.known.left.contains_key(&output.id) {
            return true;
        }
        let since_ms = self
            .published(&output.id)
            .map_or(output.last_modified_ms, |published| published.listed_ms);
        let folder = &facts.folder;
        let mut sources = self.seen.sources.iter();
        sources.any(|source| source.folder == *folder && source.last_modified_ms > since_ms)
    }

    /// The published revision, if it names this output.
    fn published(&self, id: &PartId) -> Option<&'a Published> {
        let published = self.known.published.as_ref()?;
        let named = published.outputs.values().any(|ids| ids.contains(id));
        named.then_some(published)
    }

    /// Parts that may be the same rows twice.
    fn warn_of_twins(&self, table: &str, choice: &mut Choice) {
        let mut twins: BTreeMap<(u64, &str), Vec<&str>> = BTreeMap::new();
        let mut queries = BTreeSet::new();
        let listed = choice.parts.iter().filter_map(|part| part.source);
        for source in listed.chain(choice.missing.iter().copied()) {
            let Some(source) = self.seen.sources.get(source) else {
                continue;
            };
            if source.size_bytes > 0 {
                let same = (source.size_bytes, source.etag.as_str());
                twins.entry(same).or_default().push(&source.key);
            }
            let name = source.key.rsplit('/').next().unwrap_or_default();
            let query = QUERY_ID.as_ref().and_then(|regex| regex.find(name));
            queries.extend(query.map(|found| found.as_str().to_ascii_lowercase()));
        }
        for keys in twins.into_values().filter(|keys| keys.len() > 1) {
            let (first, more) = (keys.first().copied().unwrap_or_default(), keys.len() - 1);
            let message =
                format!("{more} more parts have the size and ETag of {first}: are their rows there twice?");
            choice
                .warnings
                .push(Remark::of_table("equal_parts", table, message));
        }
        if queries.len() > 1 {
            let message = format!(
                "parts of {} unload queries, expected one: are rows there twice?",
                queries.len()
            );
            choice
                .warnings
                .push(Remark::of_table("several_queries", table, message));
        }
    }
}

fn several_folders(table: &str, all: &BTreeMap<Arc<str>, i64>, winners: &[Arc<str>], union: bool) -> Remark {
    let count = all.len();
    let message = if union {
        format!("{count} day folders for this date, all of them counted")
    } else {
        let winner = winners.first().map(|folder| &**folder).unwrap_or_default();
        format!("{count} day folders for this date; {winner}, begun last, counts alone")
    };
    Remark::of_table("several_folders", table, message)
}
