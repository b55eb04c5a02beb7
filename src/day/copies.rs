//! Outputs that are not where their source belongs, and outputs that are there more than once.
//!
//! An id says which source was converted and how, and not where its output lies. Daymark writes each once, unless settings put the
//! source elsewhere meanwhile; whoever copies files by hand does not.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::seen::{Facts, Footer, Known, OutputSeen, Seen};
use crate::keys::{PartKey, can_be};
use crate::part::PartId;

/// Outputs of one table's day that stand for no part.
#[derive(Debug, Default)]
pub(super) struct Aside {
    /// They lie where no settings put their source, and why that is so.
    pub(super) misplaced: BTreeMap<usize, String>,
    /// Another output of the day has their id, and counts.
    pub(super) copies: HashSet<usize>,
    /// Outputs that count instead of others of their id: what these are, only their footer tells.
    pub(super) copied: HashSet<usize>,
}

impl Aside {
    pub(super) fn has(&self, output: usize) -> bool {
        self.misplaced.contains_key(&output) || self.copies.contains(&output)
    }
}

/// The ids that several outputs of a day have.
pub fn copied(seen: &Seen) -> HashSet<&PartId> {
    let mut all = HashSet::new();
    let outputs = seen.tables.values().flat_map(|table| &table.outputs);
    outputs
        .map(|output| &output.id)
        .filter(|id| !all.insert(*id))
        .collect()
}

/// By table, as far as there are any.
pub(super) fn aside<'a>(seen: &'a Seen, known: &Known) -> BTreeMap<&'a str, Aside> {
    let mut aside: BTreeMap<&str, Aside> = BTreeMap::new();
    for (name, table) in &seen.tables {
        let here = format!("table={name}/date={}", seen.date);
        let published = known.last_published().and_then(|it| it.outputs.get(name));
        for (i, output) in table.outputs.iter().enumerate() {
            let Some(facts) = facts(known, output) else {
                continue;
            };
            // What was published is not judged anew.
            let is_published = || published.is_some_and(|ids| ids.contains(&output.id));
            if let Some(home) = facts.home.as_deref().filter(|home| *home != here)
                && !is_published()
                && !can_be(&part(seen, name, output), &facts.source_key)
            {
                let why = format!("expected it in {home}, where {} belongs", facts.source_key);
                aside.entry(name).or_default().misplaced.insert(i, why);
            }
        }
    }
    let copied = copied(seen);
    if copied.is_empty() {
        return aside;
    }
    let mut own: HashSet<(&str, &str, &PartId)> = HashSet::new();
    for (name, table) in &seen.tables {
        let sources = table.sources.iter().filter(|source| copied.contains(&source.id));
        own.extend(sources.map(|source| (name.as_str(), source.stem.as_str(), &source.id)));
    }
    let mut by_id: HashMap<&PartId, Vec<(&str, usize)>> = HashMap::new();
    for (name, table) in &seen.tables {
        for (i, output) in table.outputs.iter().enumerate() {
            if copied.contains(&output.id) {
                by_id.entry(&output.id).or_default().push((name, i));
            }
        }
    }
    for (id, outputs) in by_id {
        let mut ranked: Vec<_> = outputs
            .into_iter()
            .filter_map(|(name, i)| {
                let table = seen.tables.get(name)?;
                let output = table.outputs.get(i)?;
                let at = known.published_at.get(id);
                let facts = facts(known, output);
                let home = facts.map(|facts| facts.home.as_deref());
                let here = || format!("table={name}/date={}", seen.date);
                let is_published = at.is_some_and(|(table, stem)| table == name && *stem == output.stem);
                // It is where its listed source is converted to today.
                let is_own = own.contains(&(name, output.stem.as_str(), id));
                // Where today's settings put the source it may be waited for.
                let is_home = home.map_or(is_own, |home| home == Some(&here()));
                let is_misplaced = aside.get(name).is_some_and(|it| it.misplaced.contains_key(&i));
                let is_right = !is_misplaced
                    && (is_own
                        || facts.is_none_or(|facts| can_be(&part(seen, name, output), &facts.source_key)));
                let came = Reverse((output.last_modified_ms, name, &output.stem));
                // What is published is named by symlinks until a revision names another instead.
                let stays = is_right || is_published;
                Some((
                    (is_home, is_published, is_own, !is_misplaced, stays, came),
                    name,
                    i,
                ))
            })
            .collect();
        ranked.sort_unstable();
        let Some((_, name, i)) = ranked.pop() else {
            continue;
        };
        aside.entry(name).or_default().copied.insert(i);
        for ((.., stays, _), of, i) in ranked {
            let aside = aside.entry(of).or_default();
            if stays {
                aside.copies.insert(i);
            } else {
                let why = format!(
                    "it is a copy of another file of this day, which lies in table={name} and counts"
                );
                aside.misplaced.entry(i).or_insert(why);
            }
        }
    }
    aside
}

fn part(seen: &Seen, table: &str, output: &OutputSeen) -> PartKey {
    PartKey {
        table: table.to_owned(),
        date: seen.date.clone(),
        stem: output.stem.clone(),
    }
}

fn facts<'k>(known: &'k Known, output: &OutputSeen) -> Option<&'k Facts> {
    match known.footers.get(&output.id)? {
        Footer::Sound(facts) => Some(facts),
        Footer::Damaged(_) => None,
    }
}

/// The keys of all sources that are listed of a day. Most days are judged without them.
pub(super) struct Keys<'a> {
    seen: &'a Seen,
    keys: OnceCell<HashSet<&'a str>>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(seen: &'a Seen) -> Self {
        Keys {
            seen,
            keys: OnceCell::new(),
        }
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        let all = || {
            let sources = self.seen.tables.values().flat_map(|table| &table.sources);
            sources.map(|source| source.key.as_str()).collect()
        };
        self.keys.get_or_init(all).contains(key)
    }
}
