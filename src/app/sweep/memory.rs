//! What a sweep remembers of the days before the one at hand: their tables, their rows, the types of their columns.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::day::Known;
use crate::keys::Day;
use crate::manifest::Content;

/// Complete days that a day is compared with.
pub(super) const DAYS: usize = 7;

/// Grows with each day that a sweep passes.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// The last complete days, oldest first: rows by table.
    days: VecDeque<(Day, BTreeMap<String, u64>)>,
    /// Types of columns that were ever published, by table and column.
    pub(super) types: BTreeMap<String, BTreeMap<String, String>>,
}

impl Memory {
    /// Remembers a published day. Days come in their order.
    pub(super) fn learn(&mut self, date: &Day, content: &Content) {
        for (name, table) in &content.tables {
            let types = self.types.entry(name.clone()).or_default();
            for column in &table.columns {
                // The first type that was published is the column's for ever.
                types
                    .entry(column.name.clone())
                    .or_insert_with(|| column.kind.clone());
            }
        }
        let rows = content.tables.iter();
        let rows = rows.map(|(name, table)| (name.clone(), table.totals.rows_written));
        self.days.retain(|(day, _)| day != date);
        self.days.push_back((date.clone(), rows.collect()));
        while self.days.len() > DAYS {
            self.days.pop_front();
        }
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
