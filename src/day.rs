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
mod copies;
mod policy;
mod retire;
mod seen;
mod send;
#[cfg(test)]
mod tests;
mod verdict;

pub(crate) use compare::CURE;
pub use compare::of_catalog;
pub use copies::copied;
pub use policy::Policy;
pub use seen::{
    Column, Facts, FailureSeen, Footer, Known, OutputSeen, Published, Seen, Sent, SourceSeen, TableSeen,
    Unpublished,
};
pub use verdict::{Choice, Chosen, Event, Held, Remark, Resend, Retire, State, Verdict};

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
    let empty = |table: &TableSeen| table.sources.is_empty() && table.outputs.is_empty();
    if seen.tables.values().all(empty) && known.newest.is_none() {
        return Decision::Nothing;
    }
    if let Some(reason) = unwanted(seen, policy) {
        return Decision::Settled(Box::new(forget(seen, known, policy, reason)));
    }
    let mut aside = copies::aside(seen, known);
    let keys = copies::Keys::of(seen);
    let mut tables = BTreeMap::new();
    let mut unread = Vec::new();
    for (name, table) in &seen.tables {
        let aside = aside.remove(name.as_str()).unwrap_or_default();
        match choose::choose(name, table, known, policy, &aside, &keys) {
            Ok(choice) => {
                tables.insert(name.clone(), choice);
            }
            Err(outputs) => unread.extend(outputs.into_iter().map(|output| (name.clone(), output))),
        }
    }
    if !unread.is_empty() {
        return Decision::Footers(unread);
    }
    judge(seen, known, policy, &keys, tables)
}

/// Whether a day is to be taken out of the publication.
pub fn is_unwanted(seen: &Seen, policy: &Policy) -> bool {
    unwanted(seen, policy).is_some()
}

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
    let converted = !left.is_empty();
    Verdict {
        state: State::Forgotten,
        late: false,
        reasons: vec![reason],
        warnings: Vec::new(),
        comparisons: Vec::new(),
        held: Vec::new(),
        tables: BTreeMap::new(),
        // A day of which nothing was ever written needs no revision to say that nothing is there.
        revise: match known.newest {
            Some((state, _)) => state != State::Forgotten,
            None => converted,
        },
        events: Vec::new(),
        send: Vec::new(),
        retire,
        left,
        first_ms: None,
        changed_ms: None,
    }
}

fn judge(
    seen: &Seen,
    known: &Known,
    policy: &Policy,
    keys: &copies::Keys<'_>,
    tables: BTreeMap<String, Choice>,
) -> Decision {
    let times = Times::of(seen, known, &tables);
    let due = send::due(seen, known, policy, &tables);
    let same = is_published(seen, known, &tables);
    let set_aside = damaged(seen, &tables);
    let mut warnings: Vec<Remark> = tables.values().flat_map(|it| it.warnings.clone()).collect();
    warnings.extend(send::failed_gone(seen));
    let mut blocked = !due.reasons.is_empty();
    let mut reasons = due.reasons;
    reasons.extend(missing(seen, &tables));
    if same {
        // What is published is whole without them.
        warnings.extend(set_aside);
    } else {
        reasons.extend(set_aside);
    }
    let mut held = compare::Contradictions::default();
    if !same && !known.held.is_empty() {
        // What held the day does so as long as it is there, whatever comes beside it. It is remembered, so no footer is read.
        held = compare::contradictions(seen, known, &tables);
        if known.is_catalog_unknown {
            held.keep(seen, known, &tables);
        }
        blocked |= !held.remarks.is_empty();
        reasons.extend(held.remarks.iter().cloned());
    }
    let absent = compare::missing_tables(known, policy, &tables);
    if reasons.is_empty() && !same {
        reasons = too_early(seen, policy, &times, &absent);
    }
    // A revision that is to be published names all its parts' counts; one that stands has done so.
    let stands = same && known.newest.is_some_and(|(state, _)| state.publishes());
    let mut comparisons = Vec::new();
    if reasons.is_empty() && !stands {
        let unread = unread(seen, known, &tables);
        if !unread.is_empty() {
            return Decision::Footers(unread);
        }
        if !same {
            held = compare::contradictions(seen, known, &tables);
            reasons.clone_from(&held.remarks);
            blocked = !reasons.is_empty();
        }
        comparisons.extend(absent);
        comparisons.extend(compare::lost(seen, known, keys));
        comparisons.extend(compare::changed(seen, known, &tables));
        comparisons.extend(compare::left(seen, known, keys, &tables));
        comparisons.extend(compare::unproven(&tables));
        comparisons.extend(ahead(seen).filter(|_| policy.ends_tomorrow));
        comparisons.extend(compare::swings(seen, known, policy, &tables));
    }
    let state = state(known, &tables, blocked, reasons.is_empty());
    let is_over = |first_ms: i64| seen.now_ms - first_ms >= policy.deadline_ms;
    // Once late it stays so: parts that are replaced are newer than the day's first one was.
    let was_late = known.newest.is_some_and(|(_, late)| late);
    let late = known.published.is_none()
        && !known.was_published
        && !state.publishes()
        && (was_late || times.first_ms.is_some_and(is_over));
    let revise = match (state, known.newest) {
        (State::Open, None) => late,
        (State::Complete | State::Archived, newest) => !same || newest != Some((state, false)),
        (State::Blocked, newest) => {
            newest != Some((state, late))
                || known.newest_reasons != standing(&reasons)
                || known.held != held.ids(seen)
        }
        (_, newest) => newest != Some((state, late)),
    };
    let events = match revise {
        true => events(state, late, known.newest),
        false => Vec::new(),
    };
    let effect = match (state.publishes(), revise) {
        (false, _) => retire::Effect::Held,
        (true, true) => retire::Effect::Published,
        (true, false) => retire::Effect::Stable,
    };
    let (left, retire) = retire::superseded(seen, known, policy, &tables, effect);
    Decision::Settled(Box::new(Verdict {
        state,
        late,
        reasons,
        warnings,
        comparisons,
        held: held.outputs.into_iter().collect(),
        tables,
        revise,
        events,
        send: due.send,
        retire,
        left,
        first_ms: times.first_ms,
        changed_ms: times.changed_ms,
    }))
}

/// That no query shows the day yet: tables have partitions up to tomorrow.
fn ahead(seen: &Seen) -> Option<Remark> {
    let message = || {
        "its date is more than a day ahead of S3's clock; until then Athena does not show it, and it is not the newest complete day"
            .to_owned()
    };
    is_ahead(seen).then(|| Remark::of_day(DAY_AHEAD, message()))
}

const DAY_AHEAD: &str = "day_ahead";

fn is_ahead(seen: &Seen) -> bool {
    seen.date.start_ms() > seen.now_ms.saturating_add(DAY_MS)
}

/// Whether a comparison that a standing revision was published with is true yet.
pub fn holds(comparison: &Remark, seen: &Seen) -> bool {
    comparison.code != DAY_AHEAD || is_ahead(seen)
}

/// Why a day whose parts are all there is not complete yet.
fn too_early(seen: &Seen, policy: &Policy, times: &Times, absent: &[Remark]) -> Vec<Remark> {
    let (Some(first_ms), Some(changed_ms)) = (times.first_ms, times.changed_ms) else {
        let message = "neither a source nor a Parquet file is left".to_owned();
        return vec![Remark::of_day("day_empty", message)];
    };
    let quiet_ms = seen.now_ms - changed_ms;
    if quiet_ms < policy.quiet_ms {
        let ago = match quiet_ms {
            0.. => format!("was {} ago", spelled(quiet_ms)),
            _ => format!("is {} ahead of the clock", spelled(quiet_ms.saturating_neg())),
        };
        let expected = spelled(policy.quiet_ms);
        let message = format!("the last change {ago}, expected {expected} without one");
        return vec![Remark::of_day("not_quiet", message)];
    }
    if seen.now_ms - first_ms < policy.deadline_ms {
        return absent.to_vec();
    }
    Vec::new()
}

fn state(known: &Known, tables: &BTreeMap<String, Choice>, blocked: bool, whole: bool) -> State {
    let mut parts = tables.values().flat_map(|choice| &choice.parts);
    let archived = parts.all(|part| part.source.is_none());
    let before = known.newest.map(|(state, _)| state);
    match known.published {
        _ if blocked => State::Blocked,
        Some(_) if !whole => State::Reopened,
        None if !whole => State::Open,
        // What was complete stays so when its sources are purged.
        _ if archived && before.is_none_or(|before| before == State::Archived) => State::Archived,
        _ => State::Complete,
    }
}

const MINUTE_MS: i64 = 60_000;

/// A span of time in the unit that tells it.
fn spelled(ms: i64) -> String {
    match ms.max(0) {
        ms if ms < MINUTE_MS => format!("{} s", ms / 1000),
        ms if ms >= 2 * DAY_MS => format!("{} days", ms / DAY_MS),
        ms => format!("{} min", ms / MINUTE_MS),
    }
}

/// A blocked day's reasons as text, to tell whether others have to be told: those that go by themselves, as parts are converted, are
/// left out.
pub fn standing(reasons: &[Remark]) -> Vec<String> {
    let standing = reasons.iter().filter(|reason| reason.code != PARTS_WAITING);
    standing.map(Remark::to_string).collect()
}

const PARTS_WAITING: &str = "parts_waiting";

/// What a revision tells: its state, if that is new, and that the day is late, if it was not before.
fn events(state: State, late: bool, newest: Option<(State, bool)>) -> Vec<Event> {
    let before = newest.map(|(state, _)| state);
    let of_state = match state {
        State::Complete => Some(Event::Complete),
        State::Reopened if before != Some(State::Reopened) => Some(Event::Reopened),
        State::Blocked if before != Some(State::Blocked) => Some(Event::Blocked),
        _ => None,
    };
    let of_time = (late && !newest.is_some_and(|(_, late)| late)).then_some(Event::Late);
    of_state.into_iter().chain(of_time).collect()
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
                "parts without Parquet yet: {count} of {all}, the first is {}",
                first.key
            );
            Some(Remark::of_table(PARTS_WAITING, name, message))
        })
        .collect()
}

/// Tables with outputs that are not to be believed. They are set aside by the same sweep, so this heals.
fn damaged(seen: &Seen, tables: &BTreeMap<String, Choice>) -> Vec<Remark> {
    let of_table = |(name, choice): (&String, &Choice)| {
        let (output, why) = choice.damaged.first()?;
        let output = seen.tables.get(name)?.outputs.get(*output)?;
        let count = choice.damaged.len();
        let are = if count == 1 { "file is" } else { "files are" };
        let message = format!(
            "{count} Parquet {are} damaged; {}-{}: {why}",
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
        let same = |id: &PartId| ids.contains(id) && !known.changed.contains_key(id);
        if !all || !choice.ids(table).all(same) {
            return false;
        }
    }
    count == published.outputs.len()
}

/// Outputs that are to be published and of which the footer, or its columns, are not known yet.
fn unread(seen: &Seen, known: &Known, tables: &BTreeMap<String, Choice>) -> Vec<(String, usize)> {
    let mut unread = Vec::new();
    for (name, choice) in tables {
        let Some(table) = seen.tables.get(name) else {
            continue;
        };
        for part in &choice.parts {
            let footer = table
                .outputs
                .get(part.output)
                .and_then(|output| known.footers.get(&output.id));
            let is_read = match footer {
                // Without its columns a part would pass every comparison of types.
                Some(Footer::Sound(facts)) => known.schemas.contains_key(&facts.schema),
                Some(Footer::Damaged(_)) => true,
                None => false,
            };
            if !is_read {
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

/// How many parts of a table have a failure record of today's profile, and no output.
pub fn failed(table: &TableSeen, choice: &Choice) -> usize {
    send::failed(table, choice)
}

/// How many listed parts of a table have outputs, but none of today's profile, nor a failure record of it.
pub fn outdated(table: &TableSeen, choice: &Choice) -> usize {
    send::outdated(table, choice).len()
}

/// The days around a day, as far as they are days.
pub fn span(from: &Day, to: &Day) -> impl Iterator<Item = Day> {
    let to = to.clone();
    std::iter::successors(Some(from.clone()), |day| day.plus(1)).take_while(move |day| *day <= to)
}
