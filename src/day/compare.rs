//! A day beside the days before it, and its parts beside each other.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::copies::Keys;
use super::policy::Policy;
use super::seen::{Facts, Footer, Known, Seen};
use super::verdict::{Choice, Held, Remark};
use crate::part::PartId;

/// Rows below which a table may swing as it likes.
const SWING_ROWS_MIN: u64 = 100;

/// Days of history that a comparison needs.
const SWING_DAYS_MIN: usize = 3;

/// Expected tables of which there is no part.
pub(super) fn missing_tables(
    known: &Known,
    policy: &Policy,
    tables: &BTreeMap<String, Choice>,
) -> Vec<Remark> {
    let expected: BTreeSet<&str> = match &policy.expected {
        Some(expected) => expected.iter().map(String::as_str).collect(),
        None => {
            let before = known.tables_before.iter().map(String::as_str);
            before.filter(|table| !super::is_optional(table)).collect()
        }
    };
    let absent = expected.into_iter().filter(|table| {
        let choice = tables.get(*table);
        choice.is_none_or(|choice| choice.parts.is_empty() && choice.missing.is_empty())
    });
    absent
        .map(|table| {
            let message = "no part of this table, which was expected".to_owned();
            Remark::of_table("table_missing", table, message)
        })
        .collect()
}

/// Published parts of which neither source nor Parquet is there: somebody deleted what Daymark keeps.
pub(super) fn lost(seen: &Seen, known: &Known, keys: &Keys<'_>) -> Vec<Remark> {
    let published = known.published.iter().flat_map(|published| &published.outputs);
    published
        .filter_map(|(name, ids)| {
            let table = seen.tables.get(name);
            let there: HashSet<&PartId> = table
                .into_iter()
                .flat_map(|table| table.outputs.iter().map(|output| &output.id))
                .collect();
            let lost = ids
                .iter()
                .filter(|id| !there.contains(id) && !is_listed(id, known, keys))
                .count();
            let are = if lost == 1 { "part is" } else { "parts are" };
            let message = format!(
                "{lost} published {are} gone: neither source nor Parquet is there (what is damaged is kept under set-aside/)"
            );
            (lost > 0).then(|| Remark::of_table("parts_gone", name, message))
        })
        .collect()
}

/// Whether the source of an output is listed, in whichever table.
fn is_listed(id: &PartId, known: &Known, keys: &Keys<'_>) -> bool {
    match known.footers.get(id) {
        Some(Footer::Sound(facts)) => keys.contains(&facts.source_key),
        _ => false,
    }
}

/// Published parts whose Parquet is another object now, with a footer that is in order.
pub(super) fn changed(seen: &Seen, known: &Known, tables: &BTreeMap<String, Choice>) -> Vec<Remark> {
    tables
        .iter()
        .filter_map(|(name, choice)| {
            let table = seen.tables.get(name)?;
            let changed = choice.ids(table).filter(|id| known.changed.contains_key(*id)).count();
            let have = if changed == 1 { "part has" } else { "parts have" };
            let message = format!(
                "{changed} published {have} other Parquet than before, of which the footer was looked at, not the rows"
            );
            (changed > 0).then(|| Remark::of_table("outputs_changed", name, message))
        })
        .collect()
}

/// Published parts that are out now and whose sources are gone, so that their rows come from nowhere else.
pub(super) fn left(
    seen: &Seen,
    known: &Known,
    keys: &Keys<'_>,
    tables: &BTreeMap<String, Choice>,
) -> Vec<Remark> {
    let published = known.published.iter().flat_map(|published| &published.outputs);
    published
        .filter_map(|(name, ids)| {
            let table = seen.tables.get(name)?;
            let kept: HashSet<&PartId> = tables
                .get(name)
                .into_iter()
                .flat_map(|choice| choice.ids(table))
                .collect();
            let stems: HashSet<&str> = table.sources.iter().map(|source| source.stem.as_str()).collect();
            let outputs = table.outputs.iter().filter(|output| ids.contains(&output.id));
            let left = outputs
                .filter(|output| !kept.contains(&output.id) && !stems.contains(output.stem.as_str()))
                .filter(|output| !is_listed(&output.id, known, keys))
                .count();
            let are = if left == 1 { "part is" } else { "parts are" };
            let message = format!(
                "{left} published {are} out: gone from the landing bucket, where their folder, or another, has newer parts"
            );
            (left > 0).then(|| Remark::of_table("parts_left", name, message))
        })
        .collect()
}

/// Parts that are out without proof that they ever were in, or never: their Parquet stays for whoever knows.
pub(super) fn unproven(tables: &BTreeMap<String, Choice>) -> impl Iterator<Item = Remark> {
    let some = tables.iter().filter(|(_, choice)| !choice.unproven.is_empty());
    some.map(|(name, choice)| {
        let count = choice.unproven.len();
        let (files, are) = match count {
            1 => ("file", "is"),
            _ => ("files", "are"),
        };
        let message = format!(
            "{count} Parquet {files} whose sources are gone {are} out, because their folder has newer parts; no revision tells \
             whether they were published, so they are kept"
        );
        Remark::of_table("parts_left", name, message)
    })
}

/// Where a column has a type that no file may have.
const CATALOG: &str = "the Glue catalog";

/// What mends a column whose type somebody changed in the catalog.
pub(crate) const CURE: &str =
    ": give it back in Glue, or drop the table there (its files stay, and the next sweep makes it anew)";

/// Of a held day's reasons, those that are contradictions to the Glue catalog.
pub fn of_catalog(reasons: &[Remark]) -> Vec<Remark> {
    let its = reasons.iter().filter(|reason| is_of_catalog(reason));
    its.cloned().collect()
}

pub(super) fn is_of_catalog(reason: &Remark) -> bool {
    reason.code == TYPES_DIFFER && reason.message.contains(&format!(" in {CATALOG}, "))
}

const TYPES_DIFFER: &str = "types_differ";

/// Why tables must not be published, and the outputs that tell it.
#[derive(Debug, Default)]
pub(super) struct Contradictions {
    pub(super) remarks: Vec<Remark>,
    /// The same remarks come of them alone.
    pub(super) outputs: BTreeSet<Held>,
}

impl Contradictions {
    /// Adds what the newest revision had from the catalog, as far as what contradicts it is still there.
    pub(super) fn keep(&mut self, seen: &Seen, known: &Known, tables: &BTreeMap<String, Choice>) {
        for remark in &known.held_by_catalog {
            let Some((name, choice)) = remark.table.as_ref().and_then(|name| tables.get_key_value(name))
            else {
                continue;
            };
            let outputs = choice.parts.iter().map(|part| part.output);
            let is_held = |output: &usize| {
                let table = seen.tables.get(name);
                let output = table.and_then(|table| table.outputs.get(*output));
                output.is_some_and(|output| known.held.contains(&output.id))
            };
            let held: Vec<usize> = outputs.filter(is_held).collect();
            if held.is_empty() {
                continue;
            }
            self.remarks.push(remark.clone());
            self.outputs.extend(held.into_iter().map(|output| Held {
                table: name.clone(),
                output,
            }));
        }
    }

    /// The ids of the outputs.
    pub(super) fn ids(&self, seen: &Seen) -> BTreeSet<PartId> {
        let outputs = self.outputs.iter();
        let ids =
            outputs.filter_map(|held| Some(&seen.tables.get(&held.table)?.outputs.get(held.output)?.id));
        ids.cloned().collect()
    }
}

/// The type of a column, and where it is so: in words, and which output if it is one of the day's.
#[derive(Clone, Copy)]
struct Typed<'a> {
    kind: &'a str,
    place: &'a str,
    output: Option<usize>,
}

impl<'a> Typed<'a> {
    fn elsewhere(kind: &'a str, place: &'static str) -> Self {
        Typed {
            kind,
            place,
            output: None,
        }
    }
}

/// Tables that must not be published: parts whose dialects contradict each other, types that contradict a published one.
pub(super) fn contradictions(
    seen: &Seen,
    known: &Known,
    tables: &BTreeMap<String, Choice>,
) -> Contradictions {
    let mut found = Contradictions::default();
    for (name, choice) in tables {
        let parts = facts_of(seen, known, name, choice);
        let held = |output: usize| Held {
            table: name.clone(),
            output,
        };
        let of_dialect = |wanted: &str| parts.iter().find(|(_, facts)| &*facts.dialect == wanted);
        if let (Some((one, quoted)), Some((other, escaped))) = (of_dialect("quoted"), of_dialect("escaped")) {
            let message = format!(
                "its parts contradict each other: {} reads as quoted, {} as escaped; declare the dialect in the catalog",
                quoted.source_key, escaped.source_key
            );
            found
                .remarks
                .push(Remark::of_table("dialects_differ", name, message));
            // Of one without known columns, what is published tells it.
            let is_known = |facts: &Facts| known.schemas.contains_key(&facts.schema);
            let both = [(*one, quoted), (*other, escaped)].into_iter();
            let known = both.filter(|(_, facts)| is_known(facts));
            found.outputs.extend(known.map(|(output, _)| held(output)));
        }
        let mut types: BTreeMap<&str, Typed<'_>> = BTreeMap::new();
        let before = known.types_before.get(name);
        for (column, kind) in before.into_iter().flatten() {
            types.insert(column, Typed::elsewhere(kind, "an earlier day"));
        }
        let cataloged = known.types_cataloged.get(name);
        let mut told = BTreeSet::new();
        for (output, facts) in &parts {
            for column in known.schemas.get(&facts.schema).into_iter().flatten() {
                let own = Typed {
                    kind: &column.kind,
                    place: &facts.source_key,
                    output: Some(*output),
                };
                let other = *types.entry(&column.name).or_insert(own);
                let cataloged = cataloged.and_then(|types| types.get(&column.name));
                let others = [Some(other), cataloged.map(|kind| Typed::elsewhere(kind, CATALOG))];
                let differs = others
                    .into_iter()
                    .flatten()
                    .find(|typed| typed.kind != column.kind);
                if let Some(Typed {
                    kind,
                    place,
                    output: there,
                }) = differs
                    && told.insert(&column.name)
                {
                    let message = format!(
                        "column {} is {kind} in {place}, and {} in {}; a published column keeps its type",
                        column.name, column.kind, facts.source_key
                    );
                    found.remarks.push(Remark::of_table(TYPES_DIFFER, name, message));
                    found
                        .outputs
                        .extend([Some(*output), there].into_iter().flatten().map(held));
                }
            }
        }
    }
    found
}

/// Tables with far more or fewer rows than usual: than the median of the last complete days.
pub(super) fn swings(
    seen: &Seen,
    known: &Known,
    policy: &Policy,
    tables: &BTreeMap<String, Choice>,
) -> Vec<Remark> {
    let Some(percent) = policy.swing_percent else {
        return Vec::new();
    };
    let mut remarks = Vec::new();
    for (name, before) in &known.rows_before {
        if before.len() < SWING_DAYS_MIN || super::is_optional(name) {
            continue;
        }
        let mut sorted = before.clone();
        sorted.sort_unstable();
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let Some(choice) = tables.get(name).filter(|choice| !choice.parts.is_empty()) else {
            continue;
        };
        let parts = facts_of(seen, known, name, choice);
        let rows = parts
            .iter()
            .fold(0_u64, |rows, (_, facts)| rows.saturating_add(facts.rows_written));
        let swing = u128::from(rows.abs_diff(usual)) * 100;
        if usual.max(rows) >= SWING_ROWS_MIN && swing > u128::from(usual) * u128::from(percent) {
            let days = before.len();
            let message = format!(
                "{rows} rows, expected {usual} give or take {percent} %: the median of the last {days} complete days"
            );
            remarks.push(Remark::of_table("rows_swing", name, message));
        }
    }
    remarks
}

/// What the footers that are known say, with the outputs that they are of.
fn facts_of<'k>(seen: &Seen, known: &'k Known, table: &str, choice: &Choice) -> Vec<(usize, &'k Facts)> {
    let Some(table) = seen.tables.get(table) else {
        return Vec::new();
    };
    let outputs = choice.parts.iter().map(|part| part.output);
    outputs
        .filter_map(
            |output| match known.footers.get(&table.outputs.get(output)?.id)? {
                Footer::Sound(facts) => Some((output, &**facts)),
                Footer::Damaged(_) => None,
            },
        )
        .collect()
}
