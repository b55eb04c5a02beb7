//! What is sent to the queue again: parts that have neither output nor failure record although they had time; and, where
//! that is asked for, parts that only have the output of another profile.

use std::collections::{BTreeMap, HashSet};

use super::policy::Policy;
use super::seen::{Known, Seen, SourceSeen, TableSeen};
use super::verdict::{Choice, Remark, Resend};

/// What to send, and what sending cannot help.
#[derive(Debug, Default)]
pub(super) struct Due {
    pub(super) send: Vec<Resend>,
    pub(super) reasons: Vec<Remark>,
}

/// What of a part without output is to be done.
enum Need {
    Wait,
    Send(u32),
    /// It was sent as often as it may be.
    Spent,
}

pub(super) fn due(seen: &Seen, known: &Known, policy: &Policy, tables: &BTreeMap<String, Choice>) -> Due {
    let mut due = Due::default();
    for (name, choice) in tables {
        let Some(table) = seen.tables.get(name) else {
            continue;
        };
        let failures: HashSet<_> = table.failures.iter().map(|failure| &failure.id).collect();
        let (mut failed, mut spent) = (Vec::new(), Vec::new());
        for index in &choice.missing {
            let Some(source) = table.sources.get(*index) else {
                continue;
            };
            if failures.contains(&source.id) {
                failed.push(source);
                continue;
            }
            match need(seen.now_ms, source, known, policy) {
                Need::Wait => {}
                Need::Spent => spent.push(source),
                Need::Send(attempt) => due.send.push(Resend {
                    table: name.clone(),
                    source: *index,
                    attempt,
                }),
            }
        }
        if policy.reconvert {
            for index in outdated(table, choice) {
                let source = table.sources.get(index);
                // What was sent as often as it may be holds nothing up: it has an output.
                if let Some(Need::Send(attempt)) = source.map(|it| need(seen.now_ms, it, known, policy)) {
                    due.send.push(Resend {
                        table: name.clone(),
                        source: index,
                        attempt,
                    });
                }
            }
        }
        if let Some(first) = failed.first() {
            let count = failed.len();
            let message = format!(
                "parts that can not be converted as things are: {count}, the first is {}; its failure record says why",
                first.key
            );
            due.reasons.push(Remark::of_table("parts_failed", name, message));
        }
        if let Some(first) = spent.first() {
            let message = format!(
                "parts without Parquet after being sent again {} times: {}, the first is {}; the dead-letter queue and the \
                 log say why",
                policy.sends_max,
                spent.len(),
                first.key
            );
            due.reasons.push(Remark::of_table("parts_lost", name, message));
        }
    }
    due
}

/// Parts that could not be converted and are gone: a failure record is all that tells that they came.
pub(super) fn failed_gone(seen: &Seen) -> Vec<Remark> {
    let all = || seen.tables.values();
    if all().all(|table| table.failures.is_empty()) {
        return Vec::new();
    }
    // Settings may have put the part elsewhere in the day meanwhile.
    let sources = all().flat_map(|table| &table.sources).map(|source| &source.id);
    let outputs = all().flat_map(|table| &table.outputs).map(|output| &output.id);
    let ids: HashSet<_> = sources.chain(outputs).collect();
    let of_table = |(name, table): (&String, &TableSeen)| {
        let sources = table.sources.iter().map(|source| source.stem.as_str());
        let outputs = table.outputs.iter().map(|output| output.stem.as_str());
        let stems: HashSet<_> = sources.chain(outputs).collect();
        let failures = table.failures.iter();
        let gone = failures.filter(|it| !stems.contains(it.stem.as_str()) && !ids.contains(&it.id));
        // A part may have failed under several settings.
        let mut gone: Vec<_> = gone.map(|it| (it.stem.as_str(), &it.id, &it.key)).collect();
        gone.sort_unstable();
        gone.dedup_by_key(|(stem, ..)| *stem);
        let (.., key) = gone.first()?;
        let count = gone.len();
        // Whether they came again, in another folder or under another name, nobody can tell: nothing is left to compare.
        let message = format!(
            "parts that could not be converted and are gone: {count}, and so are their rows, unless another part has them; \
             the first has the failure record {key}"
        );
        Some(Remark::of_table("parts_failed_gone", name, message))
    };
    seen.tables.iter().filter_map(of_table).collect()
}

/// The listed parts of a table that have outputs, but none of today's profile, nor a failure record of it.
pub(super) fn outdated(table: &TableSeen, choice: &Choice) -> Vec<usize> {
    let outputs = table.outputs.iter().map(|output| &output.id);
    let tried: HashSet<_> = outputs
        .chain(table.failures.iter().map(|failure| &failure.id))
        .collect();
    let listed = choice.parts.iter().filter_map(|part| part.source);
    listed
        .filter(|index| {
            let source = table.sources.get(*index);
            source.is_some_and(|source| !tried.contains(&source.id))
        })
        .collect()
}

/// How many parts of a table have a failure record of today's profile, and no output.
pub(super) fn failed(table: &TableSeen, choice: &Choice) -> usize {
    let failures: HashSet<_> = table.failures.iter().map(|failure| &failure.id).collect();
    let missing = choice
        .missing
        .iter()
        .filter_map(|source| table.sources.get(*source));
    missing.filter(|source| failures.contains(&source.id)).count()
}

/// An attempt counts once the queue was empty after it; until then the part may still be waiting in it. Not at once,
/// though: what was sent a moment ago need not show in SQS's approximate counts.
fn need(now_ms: i64, source: &SourceSeen, known: &Known, policy: &Policy) -> Need {
    let sent = known.sent.get(&source.id).filter(|_| !policy.converts_itself);
    let Some(sent) = sent else {
        let age_ms = now_ms - source.last_modified_ms;
        // A file may have any time. Nobody else is at it.
        let is_ahead = age_ms < 0 && policy.converts_itself;
        return match is_ahead || age_ms >= policy.send_after_ms {
            true if policy.sends_max == 0 => Need::Spent,
            true => Need::Send(1),
            false => Need::Wait,
        };
    };
    // Later than now it was not seen empty: S3's clock was ahead when it was, and nobody knows when that was.
    let drained_ms = known.drained_ms.filter(|drained_ms| *drained_ms <= now_ms);
    let drained = drained_ms.is_some_and(|drained_ms| drained_ms > sent.last_ms);
    let since_ms = now_ms - sent.last_ms;
    if !drained || since_ms < policy.send_after_ms {
        return Need::Wait;
    }
    let made = sent.counted.saturating_add(1);
    if made >= policy.sends_max {
        return Need::Spent;
    }
    let pause_ms = policy.send_after_ms.saturating_mul(1 << made.min(20));
    if since_ms >= pause_ms {
        Need::Send(made + 1)
    } else {
        Need::Wait
    }
}
