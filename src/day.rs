//! Where a day stands: a pure function of what the listings show, what the footers say, and what was published before.
//!
//! The **content** of a day (its parts, their counts, their files) comes from the curated listing, the landing listing,
//! the footers and S3's clock alone. Its **history** (what was published and when, what was sent again) decides what is
//! still owed: a revision, an event, an attempt, a deletion. Lose the history, and the content comes back.

use std::collections::BTreeMap;

use crate::keys::Day;
use crate::part::PartId;

mod choose;
mod compare;
mod policy;
mod retire;
mod seen;
mod send;
#[cfg(test)]
mod tests;
mod verdict;

pub use policy::Policy;
pub use seen::{
    Column, Facts, FailureSeen, Footer, Known, OutputSeen, Published, Seen, Sent, SourceSeen, TableSeen,
};
pub use verdict::{Choice, Chosen, Event, Remark, Resend, Retire, State, Verdict};

/// What is decided of a day, or what has to be read before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is nothing of this day.
    Nothing,
    /// These outputs' footers have to be read first: table, and which of its outputs. Asked once or twice.
    Footers(Vec<(String, usize)>),
    /// All is said.
    Settled(Box<Verdict>),
}

/// Judges a day.
pub fn decide(seen: &Seen, known: &Known, policy: &Policy) -> Decision {
    let empty = |table: &crate::day::TableSeen| table.sources.is_empty() && table.outputs.is_empty();
    if seen.tables.values().all(empty) && known.newest.is_none() {
        return Decision::Nothing;
    }
    if let Some(reason) = unwanted(seen, policy) {
        return Decision::Settled(Box::new(forget(seen, known, policy, reason)));
    }
    let mut tables = BTreeMap::new();
    let mut unread = Vec::new();
    for (name, table) in &seen.tables {
        match choose::choose(name, table, known, policy) {
            Ok(choice) => {
                tables.insert(name.clone(), choice);
            }
            Err(outputs) => unread.extend(outputs.into_iter().map(|output| (name.clone(), output))),
        }
    }
    if !unread.is_empty() {
        return Decision::Footers(unread);
    }
    judge(seen, known, policy, tables)
}

/// Why a day is to be unpublished.
fn unwanted(seen: &Seen, policy: &Policy) -> Option<Remark> {
    if seen.forgotten {
        return Some(Remark::of_day(
            "forgotten",
            "somebody asked to forget this day".to_owned(),
        ));
    }
    let keep_ms = policy.keep_ms?;
    let age_ms = seen.now_ms - seen.date.start_ms();
    let message = || format!("older than the {} days that are kept", keep_ms / DAY_MS);
    (age_ms > keep_ms).then(|| Remark::of_day("expired", message()))
}

const DAY_MS: i64 = 86_400_000;

fn forget(seen: &Seen, known: &Known, policy: &Policy, reason: Remark) -> Verdict {
    let (left, retire) = retire::all(seen, known, policy);
    Verdict {
        state: State::Forgotten,
        late: false,
        reasons: vec![reason],
        warnings: Vec::new(),
        comparisons: Vec::new(),
        tables: BTreeMap::new(),
        revise: known.newest.is_none_or(|(state, _)| state != State::Forgotten),
        event: None,
        send: Vec::new(),
        retire,
        left,
        first_ms: None,
        changed_ms: None,
    }
}

fn judge(seen: &Seen, known: &Known, policy: &Policy, tables: BTreeMap<String, Choice>) -> Decision {
    let times = Times::of(seen, known, &tables);
    let due = send::due(seen, known, policy, &tables);
    let mut reasons = due.reasons;
    let mut blocked = !reasons.is_empty();
    reasons.extend(missing(seen, &tables));
    reasons.extend(damaged(seen, &tables));
    let same = is_published(seen, known, &tables);
    let mut comparisons = Vec::new();
    if !same && reasons.is_empty() {
        let quiet_ms = times.changed_ms.map_or(0, |changed_ms| seen.now_ms - changed_ms);
        let wanted = compare::missing_tables(known, policy, &tables);
        let in_time = times
            .first_ms
            .is_some_and(|first_ms| seen.now_ms - first_ms < policy.deadline_ms);
        if quiet_ms < policy.quiet_ms {
            let message = format!(
                "the last change was {} minutes ago, expected {} minutes without one",
                quiet_ms / MINUTE_MS,
                policy.quiet_ms / MINUTE_MS
            );
            reasons.push(Remark::of_day("not_quiet", message));
        } else if in_time && !wanted.is_empty() {
            reasons.extend(wanted);
        } else {
            let unread = unread(seen, known, &tables);
            if !unread.is_empty() {
                return Decision::Footers(unread);
            }
            let held = compare::contradictions(seen, known, &tables);
            blocked = !held.is_empty();
            reasons.extend(held);
            comparisons.extend(wanted);
            comparisons.extend(compare::swings(seen, known, policy, &tables));
        }
    }
    let nothing = tables.values().all(|choice| choice.parts.is_empty());
    let archived = tables
        .values()
        .flat_map(|choice| &choice.parts)
        .all(|part| part.source.is_none());
    let before = known.newest.map(|(state, _)| state);
    let state = match () {
        () if blocked => State::Blocked,
        () if !reasons.is_empty() || nothing => match known.published {
            Some(_) => State::Reopened,
            None => State::Open,
        },
        // What was complete stays so when its sources are purged.
        () if archived && before.is_none_or(|before| before == State::Archived) => State::Archived,
        () => State::Complete,
    };
    let late = known.published.is_none()
        && !state.publishes()
        && times
            .first_ms
            .is_some_and(|first_ms| seen.now_ms - first_ms >= policy.deadline_ms);
    let revise = match (state, known.newest) {
        (State::Open, None) => late,
        (State::Complete | State::Archived, newest) => !same || newest != Some((state, false)),
        (State::Blocked, newest) => {
            newest != Some((state, late)) || known.newest_reasons != messages(&reasons)
        }
        (_, newest) => newest != Some((state, late)),
    };
    let event = event(state, late, known.newest).filter(|_| revise);
    let stable = same && state.publishes() && !revise;
    let (left, retire) = retire::superseded(seen, known, policy, &tables, stable);
    let warnings = tables
        .values()
        .flat_map(|choice| choice.warnings.iter().cloned())
        .collect();
    Decision::Settled(Box::new(Verdict {
        state,
        late,
        reasons,
        warnings,
        comparisons,
        tables,
        revise,
        event,
        send: due.send,
        retire,
        left,
        first_ms: times.first_ms,
        changed_ms: times.changed_ms,
    }))
}

const MINUTE_MS: i64 = 60_000;

/// A revision's reasons as text, to tell whether they changed.
fn messages(reasons: &[Remark]) -> Vec<String> {
    reasons.iter().map(Remark::to_string).collect()
}

fn event(state: State, late: bool, newest: Option<(State, bool)>) -> Option<Event> {
    let before = newest.map(|(state, _)| state);
    match state {
        State::Complete => Some(Event::Complete),
        State::Reopened if before != Some(State::Reopened) => Some(Event::Reopened),
        State::Blocked if before != Some(State::Blocked) => Some(Event::Blocked),
        State::Open | State::Blocked if late && !newest.is_some_and(|(_, late)| late) => Some(Event::Late),
        _ => None,
    }
}

/// When the parts that count came and changed.
struct Times {
    first_ms: Option<i64>,
    changed_ms: Option<i64>,
}

impl Times {
    fn of(seen: &Seen, known: &Known, tables: &BTreeMap<String, Choice>) -> Self {
        let (mut first_ms, mut changed_ms) = (None::<i64>, None::<i64>);
        for (table, choice) in of_tables(seen, tables) {
            let missing = choice
                .missing
                .iter()
                .filter_map(|source| table.sources.get(*source));
            let mut spans: Vec<(i64, i64)> = missing
                .map(|source| (source.last_modified_ms, source.last_modified_ms))
                .collect();
            for part in &choice.parts {
                let Some(output) = table.outputs.get(part.output) else {
                    continue;
                };
                let source = part.source.and_then(|source| table.sources.get(source));
                let remembered = || match known.footers.get(&output.id) {
                    Some(Footer::Sound(facts)) => facts.source_last_modified_ms,
                    _ => output.last_modified_ms,
                };
                let came_ms = source.map_or_else(remembered, |source| source.last_modified_ms);
                spans.push((came_ms, came_ms.max(output.last_modified_ms)));
            }
            for (came_ms, last_ms) in spans {
                first_ms = Some(first_ms.map_or(came_ms, |first_ms| first_ms.min(came_ms)));
                changed_ms = Some(changed_ms.map_or(last_ms, |changed_ms| changed_ms.max(last_ms)));
            }
        }
        Times { first_ms, changed_ms }
    }
}

fn of_tables<'a>(
    seen: &'a Seen,
    tables: &'a BTreeMap<String, Choice>,
) -> impl Iterator<Item = (&'a TableSeen, &'a Choice)> {
    tables
        .iter()
        .filter_map(|(name, choice)| Some((seen.tables.get(name)?, choice)))
}

/// Tables whose parts have no output yet.
fn missing(seen: &Seen, tables: &BTreeMap<String, Choice>) -> Vec<Remark> {
    let waiting = tables.iter().filter(|(_, choice)| !choice.missing.is_empty());
    waiting
        .filter_map(|(name, choice)| {
            let table = seen.tables.get(name)?;
            let first = table.sources.get(*choice.missing.first()?)?;
            let (count, all) = (choice.missing.len(), choice.missing.len() + choice.parts.len());
            let message = format!(
                "{count} of {all} parts have no Parquet yet, the first is {}",
                first.key
            );
            Some(Remark::of_table("parts_waiting", name, message))
        })
        .collect()
}

/// Tables with outputs that are not to be believed. They are set aside by the same sweep, so this heals.
fn damaged(seen: &Seen, tables: &BTreeMap<String, Choice>) -> Vec<Remark> {
    let of_table = |(name, choice): (&String, &Choice)| {
        let (output, why) = choice.damaged.first()?;
        let output = seen.tables.get(name)?.outputs.get(*output)?;
        let count = choice.damaged.len();
        let message = format!(
            "{count} Parquet files are damaged; {}-{}: {why}",
            output.stem, output.id
        );
        Some(Remark::of_table("outputs_damaged", name, message))
    };
    tables.iter().filter_map(of_table).collect()
}

/// Whether what is there is what is published.
fn is_published(seen: &Seen, known: &Known, tables: &BTreeMap<String, Choice>) -> bool {
    let Some(published) = &known.published else {
        return false;
    };
    let filled = tables
        .iter()
        .filter(|(_, choice)| !choice.parts.is_empty() || !choice.missing.is_empty());
    let mut count = 0;
    for (name, choice) in filled {
        count += 1;
        let (Some(table), Some(ids)) = (seen.tables.get(name), published.outputs.get(name)) else {
            return false;
        };
        let all = choice.missing.is_empty() && choice.parts.len() == ids.len();
        if !all || !choice.ids(table).all(|id: &PartId| ids.contains(id)) {
            return false;
        }
    }
    count == published.outputs.len()
}

/// Outputs that are to be published and of which nothing is known yet.
fn unread(seen: &Seen, known: &Known, tables: &BTreeMap<String, Choice>) -> Vec<(String, usize)> {
    let mut unread = Vec::new();
    for (name, choice) in tables {
        let Some(table) = seen.tables.get(name) else {
            continue;
        };
        for part in &choice.parts {
            let id = table.outputs.get(part.output).map(|output| &output.id);
            if id.is_some_and(|id| !known.footers.contains_key(id)) {
                unread.push((name.clone(), part.output));
            }
        }
    }
    unread
}

/// Whether a day may do without a table: events come when they come.
fn is_optional(table: &str) -> bool {
    table.starts_with("events_")
}

/// The days around a day, as far as they are days.
pub fn span(from: &Day, to: &Day) -> impl Iterator<Item = Day> {
    let to = to.clone();
    std::iter::successors(Some(from.clone()), |day| day.plus(1)).take_while(move |day| *day <= to)
}
