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
    /// Those of them that the days have that were passed; None: the sweep does not begin with the first day.
    passed: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// Of all days that sweeps passed.
    pub(super) empty: Empty,
}

impl Memory {
    /// What the last sweep left. `is_anew`: this one passes all days, from the first on.
    pub(super) fn new(
        types: &BTreeMap<String, BTreeMap<String, String>>,
        empty: &Empty,
        is_anew: bool,
    ) -> Self {
        Memory {
            types: types.clone(),
            passed: is_anew.then(BTreeMap::new),
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
        for (name, columns) in &outline.types {
            for (column, kind) in columns {
                self.learn_type(name, column, kind);
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

    /// Of a published day only the types, before the day itself is judged.
    pub(super) fn learn_types(&mut self, content: &Content) {
        for (name, table) in &content.tables {
            for column in &table.columns {
                self.learn_type(name, &column.name, &column.kind);
            }
        }
    }

    /// The first type that was published is the column's for ever. What the last sweep left is older than any manifest: it
    /// remembers days that were forgotten. But where the first manifest that has the column says otherwise, it is not true,
    /// as nothing is published that contradicts it.
    fn learn_type(&mut self, table: &str, column: &str, kind: &str) {
        let types = of_table(&mut self.types, table);
        let Some(passed) = &mut self.passed else {
            if !types.contains_key(column) {
                types.insert(column.to_owned(), kind.to_owned());
            }
            return;
        };
        let passed = of_table(passed, table);
        if passed.contains_key(column) {
            return;
        }
        passed.insert(column.to_owned(), kind.to_owned());
        let before = types.insert(column.to_owned(), kind.to_owned());
        if let Some(before) = before.filter(|before| before != kind) {
            tracing::warn!(
                table,
                column,
                before,
                kind,
                "a column's type was remembered otherwise than it was published"
            );
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

fn of_table<'t>(
    types: &'t mut BTreeMap<String, BTreeMap<String, String>>,
    table: &str,
) -> &'t mut BTreeMap<String, String> {
    types.entry(table.to_owned()).or_default()
}
