//! Days on which one table stands in for another.

use std::collections::BTreeSet;

use serde::Serialize;

use super::sql::literal;

/// Ranges of days that a statement names. Views have room for so many beside their properties.
const RANGES_MAX: usize = 24;

/// Days of which a table has nothing, and the one that stands in for it has: ranges, in their order.
///
/// A range is open where it reaches the first or the newest day, so that what it is called changes neither with a new day nor
/// with one that is forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Gaps {
    /// First and last day of each; None where it is open.
    ranges: Vec<(Option<String>, Option<String>)>,
    /// How many there are more, all of them earlier.
    pub(super) left_out: usize,
}

impl Gaps {
    /// Those of a table, by its days and those of the table that stands in for it.
    pub fn of(usual: &BTreeSet<&str>, other: &BTreeSet<&str>) -> Self {
        let days: BTreeSet<&str> = usual.union(other).copied().collect();
        let (first, newest) = (days.first().copied(), days.last().copied());
        let mut runs: Vec<(&str, &str)> = Vec::new();
        let mut goes_on = false;
        for day in days {
            let is_gap = !usual.contains(day);
            match runs.last_mut() {
                Some((_, last)) if is_gap && goes_on => *last = day,
                _ if is_gap => runs.push((day, day)),
                _ => {}
            }
            goes_on = is_gap;
        }
        let left_out = runs.len().saturating_sub(RANGES_MAX);
        let ranges = runs.into_iter().skip(left_out).map(|(from, to)| {
            let end = |day: &str, open: Option<&str>| (open != Some(day)).then(|| day.to_owned());
            (end(from, first), end(to, newest))
        });
        Gaps {
            ranges: ranges.collect(),
            left_out,
        }
    }

    /// The same without the days before there was anything of the table.
    pub fn without_beginning(mut self) -> Self {
        self.ranges.retain(|(from, _)| from.is_some());
        self
    }

    /// Whether there is no such day.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether there is no other day.
    pub(super) fn is_all(&self) -> bool {
        self.ranges.contains(&(None, None))
    }

    /// Whether the newest day is one.
    pub(super) fn has_newest(&self) -> bool {
        self.ranges.last().is_some_and(|(_, to)| to.is_none())
    }

    /// The first day of the last range, if it has one.
    pub fn last_begins(&self) -> Option<&str> {
        self.ranges.last().and_then(|(from, _)| from.as_deref())
    }

    /// The condition that a date is one of them.
    pub(super) fn condition(&self, date: &str) -> String {
        let ranges = self.ranges.iter().map(|range| match range {
            (None, None) => "true".to_owned(),
            (None, Some(to)) => format!("{date} <= {}", literal(to)),
            (Some(from), None) => format!("{date} >= {}", literal(from)),
            (Some(from), Some(to)) if from == to => format!("{date} = {}", literal(from)),
            (Some(from), Some(to)) => format!("{date} BETWEEN {} AND {}", literal(from), literal(to)),
        });
        let ranges: Vec<String> = ranges.collect();
        format!("({})", ranges.join(" OR "))
    }
}

/// Two tables, or ways to read them, of which the second stands in for the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing<T> {
    pub(super) usual: T,
    pub(super) other: Option<(T, Gaps)>,
}

impl<T> Standing<T> {
    /// Of those that there are. None if there is none.
    pub(super) fn of(usual: Option<T>, other: Option<T>, gaps: &Gaps) -> Option<Self> {
        let (usual, other) = match (usual, other) {
            (Some(usual), Some(other)) if !gaps.is_all() => (usual, Some((other, gaps.clone()))),
            (Some(_), Some(other)) => (other, None),
            (usual, other) => (usual.or(other)?, None),
        };
        Some(Standing {
            usual,
            other: other.filter(|(_, gaps)| !gaps.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(usual: &[&str], other: &[&str]) -> Gaps {
        Gaps::of(&usual.iter().copied().collect(), &other.iter().copied().collect())
    }

    #[test]
    fn ranges_of_days() {
        let none = gaps(&["01", "02"], &["01"]);
        assert!(none.is_empty() && !none.has_newest() && !none.is_all());
        // A day that neither has does not end a range.
        let middle = gaps(&["01", "05"], &["01", "02", "04", "05"]);
        assert_eq!(middle.condition("d"), "(d BETWEEN '02' AND '04')");
        assert!(!middle.has_newest());
        let newest = gaps(&["01", "03"], &["02", "04", "05"]);
        assert_eq!(newest.condition("d"), "(d = '02' OR d >= '04')");
        assert!(newest.has_newest() && newest.last_begins() == Some("04"));
        // The next day changes nothing.
        assert_eq!(gaps(&["01", "03"], &["02", "04", "05", "06"]), newest);
        let first = gaps(&["03"], &["01", "02", "03"]);
        assert_eq!(first.condition("d"), "(d <= '02')");
        assert!(first.without_beginning().is_empty());
        let all = gaps(&[], &["01", "02"]);
        assert!(all.is_all() && all.has_newest());
        assert!(gaps(&[], &[]).is_empty());
    }

    #[test]
    fn of_many_ranges_the_newest_are_named() {
        let days: Vec<String> = (100..200).map(|day| day.to_string()).collect();
        let all: Vec<&str> = days.iter().map(String::as_str).collect();
        let odd: Vec<&str> = all.iter().skip(1).step_by(2).copied().collect();
        let many = gaps(&odd, &all);
        assert_eq!((many.ranges.len(), many.left_out), (RANGES_MAX, 50 - RANGES_MAX));
        assert!(many.condition("d").ends_with("d = '198')"));
    }

    #[test]
    fn who_stands_in() {
        let none = Gaps::default();
        let some = gaps(&["01"], &["02"]);
        let all = gaps(&[], &["02"]);
        let of =
            |usual, other, gaps| Standing::of(usual, other, gaps).map(|it| (it.usual, it.other.is_some()));
        assert_eq!(of(Some(1), Some(2), &none), Some((1, false)));
        assert_eq!(of(Some(1), Some(2), &some), Some((1, true)));
        assert_eq!(of(Some(1), Some(2), &all), Some((2, false)));
        assert_eq!(of(Some(1), None, &all), Some((1, false)));
        assert_eq!(of(None, Some(2), &some), Some((2, false)));
        assert_eq!(of(None::<u8>, None, &some), None);
    }
}
