//! Which folder of a table's day counts, and which output stands for each of its parts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use regex_lite::Regex;

use super::copies::{Aside, Keys};
use super::policy::Policy;
use super::seen::{Facts, Footer, Known, OutputSeen, SourceSeen, TableSeen};
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
    aside: &Aside,
    keys: &Keys<'_>,
) -> Result<Choice, Vec<usize>> {
    let look = Look::new(table, seen, known, aside, keys);
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
        let warning = several_folders(table, &folders, &choice.folders);
        choice.warnings.push(warning);
    }
    look.choose_outputs(&mut choice);
    let chosen: HashSet<usize> = choice.parts.iter().map(|part| part.output).collect();
    let damaged: HashSet<usize> = choice.damaged.iter().map(|(output, _)| *output).collect();
    let rest = (0..seen.outputs.len()).filter(|output| !chosen.contains(output) && !damaged.contains(output));
    (choice.copies, choice.others) = rest.partition(|output| aside.copies.contains(output));
    let name = |output: usize| seen.outputs.get(output).map(|output| (&output.stem, &output.id));
    choice.parts.sort_by_key(|part| name(part.output));
    choice
        .missing
        .sort_by_key(|source| seen.sources.get(*source).map(|source| &source.stem));
    look.warn_of_gone(&mut choice);
    look.warn_of_twins(&mut choice);
    Ok(choice)
}

/// A table's day with what is known of it at hand.
struct Look<'a> {
    table: &'a str,
    seen: &'a TableSeen,
    known: &'a Known,
    /// Sources by stem.
    listed: HashMap<&'a str, usize>,
    /// Outputs by stem, of sources that are listed with it.
    converted: HashMap<&'a str, Vec<usize>>,
    /// Other outputs by their sources' keys: of sources that are listed with another stem, or in another table.
    moved: HashMap<&'a str, Vec<usize>>,
    /// Other outputs by their sources' keys: of sources that are not listed.
    gone: HashMap<&'a str, Vec<usize>>,
    /// What stands for no part.
    aside: &'a Aside,
    /// What the published revision has of this table.
    published: Option<&'a BTreeSet<PartId>>,
}

/// A part, and what could stand for it.
struct Part<'a> {
    /// None: it is gone.
    source: Option<usize>,
    /// Outputs of its content, each with the profile it was converted under.
    outputs: Vec<(&'a str, usize)>,
}

/// What becomes of a part whose source is gone.
enum Gone<'a> {
    /// It is a part of the day as before.
    Stays(Part<'a>),
    /// It is none any more.
    Left,
    /// The same, as far as anybody knows: no revision tells whether these outputs of it were published.
    Unproven(Vec<usize>),
}

impl<'a> Look<'a> {
    fn new(table: &'a str, seen: &'a TableSeen, known: &'a Known, aside: &'a Aside, keys: &Keys<'_>) -> Self {
        let sources = seen.sources.iter().enumerate();
        let mut look = Look {
            table,
            seen,
            known,
            listed: sources.map(|(i, source)| (source.stem.as_str(), i)).collect(),
            converted: HashMap::new(),
            moved: HashMap::new(),
            gone: HashMap::new(),
            aside,
            published: known.last_published().and_then(|it| it.outputs.get(table)),
        };
        for (i, output) in seen.outputs.iter().enumerate().filter(|(i, _)| !aside.has(*i)) {
            let own = look.listed.get(output.stem.as_str());
            let own = own.and_then(|source| seen.sources.get(*source));
            let of = match look.facts(i) {
                Some(facts) if own.is_none_or(|own| own.key != facts.source_key) => {
                    // Whatever it is called, the output of a listed source is that source's.
                    let is_gone = !keys.contains(&facts.source_key);
                    let outputs = if is_gone { &mut look.gone } else { &mut look.moved };
                    outputs.entry(facts.source_key.as_str())
                }
                _ => look.converted.entry(output.stem.as_str()),
            };
            of.or_default().push(i);
        }
        look
    }

    /// Outputs that are not simply their source's of today, or not the objects any more that were published, so that only
    /// their footers tell what they are.
    fn unread(&self) -> Vec<usize> {
        let outputs = self.seen.outputs.iter().enumerate();
        let is_known = |i: usize, output: &OutputSeen| {
            let is_other = self.known.changed.contains_key(&output.id) || self.aside.copied.contains(&i);
            self.is_plain(i) && !is_other
        };
        outputs
            .filter(|(i, _)| !self.aside.has(*i))
            .filter(|(i, output)| !is_known(*i, output) && !self.known.footers.contains_key(&output.id))
            .map(|(i, _)| i)
            .collect()
    }

    fn facts(&self, output: usize) -> Option<&'a Facts> {
        if self.aside.has(output) {
            return None;
        }
        match self.known.footers.get(&self.seen.outputs.get(output)?.id)? {
            Footer::Sound(facts) => Some(facts),
            Footer::Damaged(_) => None,
        }
    }

    fn damaged(&self) -> Vec<(usize, String)> {
        let outputs = self.seen.outputs.iter().enumerate();
        let mut damaged: Vec<(usize, String)> = outputs
            .filter(|(i, _)| !self.aside.has(*i))
            .filter_map(|(i, output)| match self.known.footers.get(&output.id)? {
                Footer::Damaged(why) => Some((i, why.clone())),
                Footer::Sound(_) => None,
            })
            .collect();
        let misplaced = self.aside.misplaced.iter();
        damaged.extend(misplaced.map(|(i, why)| (*i, why.clone())));
        let name = |output: usize| self.seen.outputs.get(output).map(|it| (&it.stem, &it.id));
        damaged.sort_by_key(|(output, _)| name(*output));
        damaged
    }

    /// Whether an output is its listed source's, under today's profile, and was made of it as it lies there: the listings
    /// say all that has to be known. (A source that was written again with the same content came earlier than they say.)
    fn is_plain(&self, output: usize) -> bool {
        let output = self.seen.outputs.get(output);
        let source = output.and_then(|output| self.seen.sources.get(*self.listed.get(output.stem.as_str())?));
        output.zip(source).is_some_and(|(output, source)| {
            source.id == output.id && source.last_modified_ms <= output.last_modified_ms
        })
    }

    /// Each folder, and when it began: its first part's last-modified, those included that only footers remember, so that
    /// a purge does not make an old folder look new. Footers of plain outputs do not count, known or not: what was read
    /// before must not change what is found.
    fn folders(&self) -> BTreeMap<Arc<str>, i64> {
        let sources = self.seen.sources.iter();
        let listed = sources.map(|source| (&source.folder, source.last_modified_ms));
        let remembered = (0..self.seen.outputs.len())
            .filter(|output| !self.is_plain(*output))
            .filter_map(|output| self.facts(output))
            .map(|facts| (&facts.folder, facts.source_last_modified_ms));
        let mut folders = BTreeMap::new();
        for (folder, at_ms) in listed.chain(remembered) {
            let began = folders.entry(Arc::clone(folder)).or_insert(at_ms);
            *began = at_ms.min(*began);
        }
        folders
    }

    /// The folders that count. Against a published one only a folder counts that began after the publication, so that no
    /// deletion elsewhere takes it away.
    fn winners(&self, folders: &BTreeMap<Arc<str>, i64>, union: bool) -> Vec<Arc<str>> {
        if union || folders.len() < 2 {
            return folders.keys().cloned().collect();
        }
        let published_ms = self.known.last_published().map(|published| published.listed_ms);
        let published = self.published_folders();
        let rank = |(folder, began_ms): &(&Arc<str>, &i64)| {
            let since_ms = published_ms.filter(|_| published.contains(&***folder));
            (
                since_ms.map_or(**began_ms, |since_ms| since_ms.max(**began_ms)),
                **began_ms,
                Arc::clone(folder),
            )
        };
        let Some((newest, _)) = folders.iter().max_by_key(rank) else {
            return Vec::new();
        };
        // What was published and is gone may be in several, as today's settings read its keys. It is an archive as a whole.
        let listed: HashSet<&str> = self.seen.sources.iter().map(|source| &*source.folder).collect();
        let is_archived = |folder: &Arc<str>| published.contains(&**folder) && !listed.contains(&**folder);
        let archived = folders.keys().filter(|folder| is_archived(folder));
        match is_archived(newest) {
            true => archived.cloned().collect(),
            false => vec![Arc::clone(newest)],
        }
    }

    fn published_folders(&self) -> HashSet<&'a str> {
        let outputs = self.seen.outputs.iter().enumerate();
        outputs
            .filter(|(_, output)| self.published.is_some_and(|ids| ids.contains(&output.id)))
            .filter_map(|(i, output)| {
                let source = || self.seen.sources.get(*self.listed.get(output.stem.as_str())?);
                match self.facts(i) {
                    Some(facts) => Some(&*facts.folder),
                    None => source().map(|source| &*source.folder),
                }
            })
            .collect()
    }

    /// For each part the output of the newest profile that has converted all of them; else the newest there is.
    ///
    /// Parts that are gone count like those that are listed, so that a purge moves nothing; and profiles are as old as S3's
    /// clock says, whatever is configured, so that a setting that comes and goes moves nothing either.
    fn choose_outputs(&self, choice: &mut Choice) {
        let (parts, unproven) = self.parts(&choice.folders);
        choice.unproven = unproven;
        let at_ms = |output: usize| {
            self.seen
                .outputs
                .get(output)
                .map(|output| output.last_modified_ms)
        };
        let id = |output: usize| self.seen.outputs.get(output).map(|output| &output.id);
        let mut profiles: HashMap<&str, (Option<i64>, usize)> = HashMap::new();
        for part in &parts {
            let mut counted: Vec<&str> = Vec::new();
            for (profile, output) in &part.outputs {
                let (newest_ms, count) = profiles.entry(profile).or_default();
                *newest_ms = at_ms(*output).max(*newest_ms);
                if !counted.contains(profile) {
                    counted.push(profile);
                    *count += 1;
                }
            }
        }
        let whole = profiles
            .into_iter()
            .filter(|(_, (_, count))| *count == parts.len())
            .max_by_key(|(profile, (newest_ms, _))| (*newest_ms, *profile))
            .map(|(profile, _)| profile);
        for part in parts {
            let rank =
                |(profile, output): &(&str, usize)| (whole == Some(*profile), at_ms(*output), id(*output));
            let best = part.outputs.into_iter().max_by_key(rank);
            match (best, part.source) {
                (Some((_, output)), source) => choice.parts.push(Chosen { output, source }),
                (None, Some(source)) => choice.missing.push(source),
                (None, None) => {}
            }
        }
    }

    /// The parts that make the table's day: those that are listed, and those that are gone but have not left. Beside them the
    /// outputs of those that left without proof.
    fn parts(&self, folders: &[Arc<str>]) -> (Vec<Part<'a>>, Vec<usize>) {
        let folders: HashSet<&str> = folders.iter().map(|folder| &**folder).collect();
        let mut newest_ms: HashMap<&str, i64> = HashMap::new();
        let (mut parts, mut unproven) = (Vec::new(), Vec::new());
        for (i, source) in self.seen.sources.iter().enumerate() {
            let newest_ms = newest_ms.entry(&source.folder).or_insert(i64::MIN);
            *newest_ms = source.last_modified_ms.max(*newest_ms);
            if folders.contains(&*source.folder) && self.listed.get(source.stem.as_str()) == Some(&i) {
                let outputs = self.outputs_of(source);
                parts.push(Part {
                    source: Some(i),
                    outputs,
                });
            }
        }
        for outputs in self.gone.values() {
            match self.gone(outputs, &folders, &newest_ms) {
                Gone::Stays(part) => parts.push(part),
                Gone::Left => {}
                Gone::Unproven(outputs) => unproven.extend(outputs),
            }
        }
        (parts, unproven)
    }

    fn outputs_of(&self, source: &SourceSeen) -> Vec<(&'a str, usize)> {
        let own = self.converted.get(source.stem.as_str());
        let moved = self.moved.get(source.key.as_str());
        let outputs = own.into_iter().chain(moved).flatten();
        let profile = |output: usize| {
            let id = &self.seen.outputs.get(output)?.id;
            if *id == source.id {
                let damaged = matches!(self.known.footers.get(id), Some(Footer::Damaged(_)));
                return (!damaged).then_some(self.seen.profile.as_str());
            }
            let facts = self.facts(output)?;
            let same = facts.source_key == source.key && facts.source_etag == source.etag;
            same.then_some(&*facts.profile)
        };
        outputs
            .filter_map(|output| Some((profile(*output)?, *output)))
            .collect()
    }

    /// A part whose source is gone, as its outputs have it: deletion alone takes nothing out of a day.
    fn gone(&self, outputs: &[usize], folders: &HashSet<&str>, newest_ms: &HashMap<&str, i64>) -> Gone<'a> {
        let sound: Vec<(usize, &OutputSeen, &'a Facts)> = outputs
            .iter()
            .filter_map(|i| Some((*i, self.seen.outputs.get(*i)?, self.facts(*i)?)))
            .filter(|(.., facts)| folders.contains(&*facts.folder))
            .collect();
        let listed_ms = self.known.last_published().map(|published| published.listed_ms);
        let is_published = |id: &PartId| self.published.is_some_and(|ids| ids.contains(id));
        // What was published was current when it was listed, even if the source had been put back to an older content.
        let current_ms = |output: &OutputSeen, facts: &Facts| {
            let published_ms = listed_ms.filter(|_| is_published(&output.id));
            published_ms.map_or(facts.source_last_modified_ms, |ms| {
                ms.max(facts.source_last_modified_ms)
            })
        };
        let newest = sound.iter().max_by_key(|(_, output, facts)| {
            let published = is_published(&output.id);
            (
                current_ms(output, facts),
                published,
                output.last_modified_ms,
                &output.id,
            )
        });
        let Some((.., newest)) = newest else {
            return Gone::Left;
        };
        let content = |facts: &&'a Facts| (&facts.source_key, &facts.source_etag);
        let same = || {
            sound
                .iter()
                .filter(|(.., facts)| content(facts) == content(newest))
        };
        let was_published = same().any(|(_, output, _)| is_published(&output.id));
        // Only what came after the table was published without it is known never to have been.
        let table_ms = self.published.and(listed_ms);
        let is_new = |output: &OutputSeen| table_ms.is_some_and(|ms| output.last_modified_ms > ms);
        let unproven = || Gone::Unproven(same().map(|(i, ..)| *i).collect());
        let since_ms = if was_published {
            listed_ms
        } else if same().any(|(_, output, _)| self.known.left_alone(&output.id).is_some()) {
            return Gone::Left;
        } else if table_ms.is_some() && !same().all(|(_, output, _)| is_new(output)) {
            // It was out when the table was published, and stays so.
            return unproven();
        } else {
            same().map(|(_, output, _)| output.last_modified_ms).max()
        };
        // It left if its folder holds a part that came after the day was published with it, or, where it never was, after
        // it was converted. Where nothing is known of that, this proves little: parts of a day land one after the other.
        if newest_ms.get(&*newest.folder).copied() > since_ms {
            return match table_ms {
                Some(_) => Gone::Left,
                None => unproven(),
            };
        }
        Gone::Stays(Part {
            source: None,
            outputs: same().map(|(i, _, facts)| (&*facts.profile, *i)).collect(),
        })
    }

    fn warn_of_gone(&self, choice: &mut Choice) {
        let gone = choice.parts.iter().filter(|part| part.source.is_none()).count();
        let all = choice.parts.len() + choice.missing.len();
        if gone > 0 && gone < all {
            let message =
                format!("{gone} of {all} parts are gone from the landing bucket; their Parquet stays");
            choice
                .warnings
                .push(Remark::of_table("sources_gone", self.table, message));
        }
    }

    /// Parts that may be the same rows twice.
    fn warn_of_twins(&self, choice: &mut Choice) {
        let mut firsts: HashMap<(u64, &str), &str> = HashMap::new();
        let mut twins = Vec::new();
        let mut queries = BTreeSet::new();
        let listed = choice.parts.iter().filter_map(|part| part.source);
        let mut sources: Vec<&SourceSeen> = listed
            .chain(choice.missing.iter().copied())
            .filter_map(|source| self.seen.sources.get(source))
            .collect();
        sources.sort_by_key(|source| &source.key);
        for source in sources {
            if source.size_bytes > 0 {
                let same = (source.size_bytes, source.etag.as_str());
                let first = *firsts.entry(same).or_insert(&source.key);
                if first != source.key {
                    twins.push((&source.key, first));
                }
            }
            let name = source.key.rsplit('/').next().unwrap_or_default();
            let query = QUERY_ID.as_ref().and_then(|regex| regex.find(name));
            queries.extend(query.map(|found| found.as_str().to_ascii_lowercase()));
        }
        if let Some((twin, first)) = twins.first() {
            let count = twins.len();
            let have = if count == 1 { "part has" } else { "parts have" };
            let message = format!(
                "{count} {have} the size and ETag of another, the first is {twin}, like {first}: are their rows there \
                 twice?"
            );
            choice
                .warnings
                .push(Remark::of_table("equal_parts", self.table, message));
        }
        if queries.len() > 1 {
            let count = queries.len();
            let message = format!("parts of {count} unload queries, expected one: are rows there twice?");
            choice
                .warnings
                .push(Remark::of_table("several_queries", self.table, message));
        }
    }
}

fn several_folders(table: &str, all: &BTreeMap<Arc<str>, i64>, winners: &[Arc<str>]) -> Remark {
    let count = all.len();
    let message = match winners {
        [winner] => format!("{count} day folders for this date; {winner}, begun last, counts alone"),
        winners if winners.len() < count => {
            let archived = winners.len();
            format!("{count} day folders for this date; {archived} that are published, and gone since, count")
        }
        _ => format!("{count} day folders for this date, all of them counted"),
    };
    Remark::of_table("several_folders", table, message)
}
