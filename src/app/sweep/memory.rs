//! What a sweep remembers of the days before the one at hand: their tables, their rows, the types of their columns.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::views::TABLES;
use crate::day::Known;
use crate::keys::Day;
use crate::manifest::Content;

/// Complete days that a day is compared with.
pub(super) const DAYS: usize = 7;

/// Days among which they are looked for.
pub(super) const AMONG: usize = 4 * DAYS;

/// What is remembered of a published day: none of its parts, so that it is small however many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// Rows by table.
    rows: BTreeMap<String, u64>,
    /// Types by table and column.
    pub(super) types: BTreeMap<String, BTreeMap<String, String>>,
}

/// By table that views turn on, the published days of which it has files, and no row in them.
pub(super) type Empty = BTreeMap<String, BTreeSet<String>>;

impl Outline {
    pub(super) fn of(content: &Content) -> Self {
        let mut outline = Outline::default();
        for (name, table) in &content.tables {
            outline.rows.insert(name.clone(), table.totals.rows_written);
            let types = table.columns.iter();
            let types = types.map(|column| (column.name.clone(), column.kind.clone()));
            outline.types.insert(name.clone(), types.collect());
        }
        outline
    }
}

/// Grows with each day that a sweep passes.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// The last complete days, oldest first: rows by table.
    days: VecDeque<(Day, BTreeMap<String, u64>)>,
    /// Types of columns that were ever published, by table and column.
    pub(super) types: BTreeMap<String, BTreeMap<String, String>>,
    /// Of all days that sweeps passed.
    pub(super) empty: Empty,
}

impl Memory {
    /// What the last sweep left.
    pub(super) fn new(types: &BTreeMap<String, BTreeMap<String, String>>, empty: &Empty) -> Self {
        Memory {
            types: types.clone(),
            empty: empty.clone(),
            ..Memory::default()
        }
    }

    /// Remembers a published day. Days come in their order.
    pub(super) fn learn(&mut self, date: &Day, content: &Content) {
        self.remember(date, Outline::of(content));
    }

    /// The same of a day that was read for its outline.
    pub(super) fn remember(&mut self, date: &Day, outline: Outline) {
        for (name, columns) in outline.types {
            let types = self.types.entry(name).or_default();
            for (column, kind) in columns {
                // The first type that was published is the column's for ever.
                types.entry(column).or_insert(kind);
            }
        }
        self.forget(date);
        // Of other tables nobody asks, and an account may have fifty that are empty every day.
        let without_rows = TABLES.iter().filter(|name| outline.rows.get(**name) == Some(&0));
        for name in without_rows {
            let days = self.empty.entry((*name).to_owned()).or_default();
            days.insert(date.to_string());
        }
        self.days.retain(|(day, _)| day != date);
        self.days.push_back((date.clone(), outline.rows));
        while self.days.len() > DAYS {
            self.days.pop_front();
        }
    }

    /// A day of which nothing is published has no empty table either.
    pub(super) fn forget(&mut self, date: &Day) {
        self.forget_where(|day| day == date.as_str());
    }

    /// The same of all days, `yyyy-MM-dd`, of which this is said.
    pub(super) fn forget_where(&mut self, is_gone: impl Fn(&str) -> bool) {
        self.empty.retain(|_, days| {
            days.retain(|day| !is_gone(day));
            !days.is_empty()
        });
    }

    /// Tells what a day is compared with.
    pub(super) fn tell(&self, known: &mut Known) {
        if let Some((_, rows)) = self.days.back() {
            known.tables_before = rows.keys().cloned().collect::<BTreeSet<_>>();
        }
        for (name, rows) in self.days.iter().flat_map(|(_, rows)| rows) {
            known.rows_before.entry(name.clone()).or_default().push(*rows);
        }
        known.types_before = self.types.clone();
    }
}
