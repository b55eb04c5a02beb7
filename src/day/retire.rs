//! What is deleted: outputs that left the publication a while ago.

use std::collections::{BTreeMap, BTreeSet};

use super::policy::Policy;
use super::seen::{Facts, Footer, Known, OutputSeen, Seen, TableSeen};
use super::verdict::{Choice, Retire};
use crate::part::PartId;

/// What left, and since when; and what of it is due to go.
pub(super) type Leaving = (BTreeMap<PartId, i64>, Vec<Retire>);

/// Everything of a day that is to be forgotten.
pub(super) fn all(seen: &Seen, known: &Known, policy: &Policy) -> Leaving {
    let (mut left, mut retire) = (BTreeMap::new(), Vec::new());
    let forgotten = known
        .newest
        .is_some_and(|(state, _)| state == super::State::Forgotten);
    for (name, table) in &seen.tables {
        for output in &table.outputs {
            // What came after the day was forgotten stays as long as what was there.
            let fallback = if forgotten {
                output.last_modified_ms
            } else {
                seen.now_ms
            };
            let since_ms = known.left.get(&output.id).copied().unwrap_or(fallback);
            left.insert(output.id.clone(), since_ms);
            if forgotten && seen.now_ms - since_ms >= policy.grace_ms {
                retire.push(of(name, output));
            }
        }
    }
    (left, retire)
}

/// Outputs that stand for nothing. They go only from a day that is stable: what is published is what there is.
pub(super) fn superseded(
    seen: &Seen,
    known: &Known,
    policy: &Policy,
    tables: &BTreeMap<String, Choice>,
    stable: bool,
) -> Leaving {
    let (mut left, mut retire) = (BTreeMap::new(), Vec::new());
    for (name, choice) in tables {
        let Some(table) = seen.tables.get(name) else {
            continue;
        };
        let chosen: BTreeSet<&PartId> = choice.ids(table).collect();
        for output in choice
            .others
            .iter()
            .filter_map(|output| table.outputs.get(*output))
        {
            let since_ms = known.left.get(&output.id).copied().unwrap_or_else(|| {
                let published_ms = known.published.as_ref().map(|published| published.listed_ms);
                if stable {
                    output.last_modified_ms.max(published_ms.unwrap_or(i64::MIN))
                } else {
                    seen.now_ms
                }
            });
            left.insert(output.id.clone(), since_ms);
            let old = seen.now_ms - since_ms >= policy.grace_ms;
            if stable && old && !chosen.contains(&output.id) && !is_wanted(table, known, output) {
                retire.push(of(name, output));
            }
        }
    }
    (left, retire)
}

/// Whether an output that does not count might still come to: it is its source's, or its folder's, which only lost to
/// another folder.
fn is_wanted(table: &TableSeen, known: &Known, output: &OutputSeen) -> bool {
    let Some(facts) = facts(known, output) else {
        // Nothing is deleted of which nothing is known.
        return true;
    };
    match table.sources.iter().find(|source| source.stem == output.stem) {
        Some(source) => {
            let profiles_differ = *facts.profile != *table.profile;
            let converted = || {
                let mut outputs = table.outputs.iter();
                outputs.any(|other| {
                    other.stem == output.stem
                        && other.id != output.id
                        && is_of(known, other, &source.etag, &source.id)
                })
            };
            source.etag == facts.source_etag && !(profiles_differ && converted())
        }
        None => false,
    }
}

fn is_of(known: &Known, output: &OutputSeen, etag: &str, current: &PartId) -> bool {
    output.id == *current || facts(known, output).is_some_and(|facts| facts.source_etag == etag)
}

fn facts<'k>(known: &'k Known, output: &OutputSeen) -> Option<&'k Facts> {
    match known.footers.get(&output.id)? {
        Footer::Sound(facts) => Some(facts),
        Footer::Damaged(_) => None,
    }
}

fn of(table: &str, output: &OutputSeen) -> Retire {
    Retire {
        table: table.to_owned(),
        stem: output.stem.clone(),
        id: output.id.clone(),
    }
}
