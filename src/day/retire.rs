//! What is deleted: outputs that left the publication a while ago.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::policy::Policy;
use super::seen::{Facts, Footer, Known, OutputSeen, Seen, SourceSeen, TableSeen};
use super::verdict::{Choice, Retire, State};
use crate::part::PartId;

/// What left, and since when; and what of it is due to go.
pub(super) type Leaving = (BTreeMap<PartId, i64>, Vec<Retire>);

/// Everything of a day that is to be forgotten, failure records too: beside them lie rejected records.
pub(super) fn all(seen: &Seen, known: &Known, policy: &Policy) -> Leaving {
    let (mut left, mut retire) = (BTreeMap::new(), Vec::new());
    let forgotten = known.newest.is_some_and(|(state, _)| state == State::Forgotten);
    for (name, table) in &seen.tables {
        // Of a part both may be there.
        let mut parts = HashSet::new();
        let outputs = table
            .outputs
            .iter()
            .map(|it| (&it.stem, &it.id, it.last_modified_ms));
        let failures = table
            .failures
            .iter()
            .map(|it| (&it.stem, &it.id, it.last_modified_ms));
        for (stem, id, last_modified_ms) in outputs.chain(failures) {
            // What came after the day was forgotten stays as long as what was there.
            let fallback_ms = if forgotten { last_modified_ms } else { seen.now_ms };
            let since_ms = known.left.get(id).copied().unwrap_or(fallback_ms);
            left.insert(id.clone(), since_ms);
            if parts.insert((stem, id)) && forgotten && seen.now_ms - since_ms >= policy.grace_ms {
                retire.push(of(name, stem, id));
            }
        }
    }
    (left, retire)
}

/// What a verdict means for the publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// What is published is not what there is: it has not left, and nothing goes.
    Held,
    /// A new revision puts what there is into the publication; the rest leaves it.
    Published,
    /// What is published is what there is, and stays so.
    Stable,
}

/// Outputs that stand for nothing. They go only from a day that is stable.
pub(super) fn superseded(
    seen: &Seen,
    known: &Known,
    policy: &Policy,
    tables: &BTreeMap<String, Choice>,
    effect: Effect,
) -> Leaving {
    let (mut left, mut retire) = (BTreeMap::new(), Vec::new());
    for (name, table) in &seen.tables {
        let Some(choice) = tables.get(name) else { continue };
        let wanted = Wanted::of(table, known, choice);
        let unproven: HashSet<&usize> = choice.unproven.iter().collect();
        let others = choice.others.iter().filter(|i| !unproven.contains(i));
        for output in others.filter_map(|i| table.outputs.get(*i)) {
            let since_ms = known.left_alone(&output.id).or(match effect {
                Effect::Held => None,
                Effect::Published => Some(seen.now_ms),
                // It came after the revision, and never was in it.
                Effect::Stable => Some(output.last_modified_ms),
            });
            let Some(since_ms) = since_ms else { continue };
            left.insert(output.id.clone(), since_ms);
            let old = seen.now_ms - since_ms >= policy.grace_ms;
            if effect == Effect::Stable && old && !wanted.contains(known, output) {
                retire.push(of(name, &output.stem, &output.id));
            }
        }
        // What counts has the same id, so an id says nothing of when a copy left.
        for output in choice.copies.iter().filter_map(|i| table.outputs.get(*i)) {
            let published_ms = known.published.as_ref().map_or(seen.now_ms, |it| it.listed_ms);
            let since_ms = published_ms.max(output.last_modified_ms);
            let is_old = seen.now_ms - since_ms >= policy.grace_ms;
            if effect == Effect::Stable && is_old && !wanted.is_theirs(known, output) {
                retire.push(of(name, &output.stem, &output.id));
            }
        }
    }
    (left, retire)
}

/// Outputs that do not count and might still come to.
struct Wanted<'a> {
    /// The profile of today.
    profile: &'a str,
    /// Sources by key, and whether an output stands for them.
    sources: HashMap<&'a str, (&'a SourceSeen, bool)>,
    /// Of each folder that lost, the output that tells when it began: without it the folder would look newer, and win.
    first: HashSet<&'a PartId>,
}

impl<'a> Wanted<'a> {
    fn of(table: &'a TableSeen, known: &'a Known, choice: &Choice) -> Self {
        let chosen: HashSet<usize> = choice.parts.iter().filter_map(|part| part.source).collect();
        let sources = table.sources.iter().enumerate();
        let sources = sources
            .map(|(i, source)| (source.key.as_str(), (source, chosen.contains(&i))))
            .collect();
        let copies: HashSet<usize> = choice.copies.iter().copied().collect();
        let mut first: HashMap<&str, (i64, &PartId)> = HashMap::new();
        for (i, output) in table.outputs.iter().enumerate() {
            // A copy tells nothing of its folder.
            let Some(facts) = facts(known, output).filter(|_| !copies.contains(&i)) else {
                continue;
            };
            if !choice.folders.contains(&facts.folder) {
                let began = (facts.source_last_modified_ms, &output.id);
                let earliest = first.entry(&facts.folder).or_insert(began);
                *earliest = began.min(*earliest);
            }
        }
        Wanted {
            profile: &table.profile,
            sources,
            first: first.into_values().map(|(_, id)| id).collect(),
        }
    }

    fn contains(&self, known: &Known, output: &OutputSeen) -> bool {
        self.first.contains(&output.id) || self.is_theirs(known, output)
    }

    /// Whether a listed source would be converted to it, were it not there.
    fn is_theirs(&self, known: &Known, output: &OutputSeen) -> bool {
        let Some(facts) = facts(known, output) else {
            // Nothing is deleted of which nothing is known.
            return true;
        };
        let source = self.sources.get(facts.source_key.as_str());
        source.is_some_and(|(source, converted)| {
            source.etag == facts.source_etag && !(*converted && *facts.profile != *self.profile)
        })
    }
}

fn facts<'k>(known: &'k Known, output: &OutputSeen) -> Option<&'k Facts> {
    match known.footers.get(&output.id)? {
        Footer::Sound(facts) => Some(facts),
        Footer::Damaged(_) => None,
    }
}

fn of(table: &str, stem: &str, id: &PartId) -> Retire {
    Retire {
        table: table.to_owned(),
        stem: stem.to_owned(),
        id: id.clone(),
    }
}
