//! Source keys as other settings may have read them: another landing prefix, other tables, a pattern that finds days.
//!
//! Outputs outlive the settings that they were made under, and the key of an output says nothing of those. So what is
//! asked here is what any settings could have made of a source key.

use super::{Day, PartKey, day, stem};
use crate::names;

/// How far a source key leads to the folder of a day, whatever is in front of that folder: the first one that reads as the
/// day, else the first that has its digits in it. The file's folder where there is neither. Ends with `/`, or is empty.
pub(super) fn folder<'k>(key: &'k str, date: &Day) -> &'k str {
    let mut folders: Vec<&str> = key.split('/').collect();
    folders.pop();
    let reads = (0..folders.len()).find_map(|i| {
        let (found, range) = day::find(folders.get(i..)?)?;
        (range.start == 0 && found == *date).then_some(i + range.end)
    });
    let depth = reads.or_else(|| {
        let spelled = folders.iter().position(|folder| spells(folder, date));
        spelled.map(|i| i + 1)
    });
    let bytes: usize = key
        .split_inclusive('/')
        .take(depth.unwrap_or(folders.len()))
        .map(str::len)
        .sum();
    key.get(..bytes).unwrap_or(key)
}

/// Whether some settings make this part of a source key. For what is expected most, table and date are told by the key
/// itself; for other stems they have to be in it somehow, since a pattern can find a day in any spelling.
pub fn can_be(part: &PartKey, key: &str) -> bool {
    let slashes = key.match_indices('/').map(|(i, _)| i + 1);
    let mut paths = [0]
        .into_iter()
        .chain(slashes)
        .filter_map(|start| key.get(start..));
    paths.any(|path| {
        stem::of(path, &part.table, &part.date) == part.stem
            && (stem::is_told_by(path, &part.table, &part.date) || {
                let mut folders = path.split('/');
                folders.next_back();
                spells(path, &part.date) && folders.any(|folder| names::table_name(folder) == part.table)
            })
    })
}

/// Whether the digits of a day are in a text: its year, and month and day with or without a leading zero.
fn spells(text: &str, date: &Day) -> bool {
    let mut numbers = date.as_str().split('-');
    numbers.all(|number| text.contains(number.strip_prefix('0').unwrap_or(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(table: &str, date: &str, stem: &str) -> PartKey {
        PartKey {
            table: table.to_owned(),
            date: Day::parse(date).unwrap(),
            stem: stem.to_owned(),
        }
    }

    #[test]
    fn the_folder_of_a_day_is_found_whatever_stands_before_it() {
        let date = Day::parse("2026-11-22").unwrap();
        for (key, expected) in [
            (
                "hubspot/2026-11-22/OWNERS/chunk_1/a.csv.gz",
                "hubspot/2026-11-22/",
            ),
            ("x/2026/11/22/OWNERS/a.csv.gz", "x/2026/11/22/"),
            (
                "2026-11-01/hubspot/dt=2026-11-22/OWNERS/a",
                "2026-11-01/hubspot/dt=2026-11-22/",
            ),
            ("x/sync_22.11.2026/OWNERS/chunk_1/a.csv.gz", "x/sync_22.11.2026/"),
            ("x/OWNERS/chunk_1/2026-11-22.csv.gz", "x/OWNERS/chunk_1/"),
            ("a.csv.gz", ""),
        ] {
            assert_eq!(folder(key, &date), expected, "{key}");
        }
    }

    #[test]
    fn what_some_settings_make_of_a_key_can_be_and_nothing_else() {
        let key = "hubspot/2026-11-22/EXPORT/LISTS/data_23.csv.gz";
        let long = "2026-11-22--EXPORT--LISTS--data_23.csv.gz";
        for table in ["lists", "export"] {
            assert!(can_be(&part(table, "2026-11-22", long), key));
            assert!(can_be(
                &part(table, "2026-11-22", &format!("hubspot--{long}")),
                key
            ));
        }
        let plain = "hubspot/2026-11-22/LISTS/data_23.csv.gz";
        assert!(can_be(&part("lists", "2026-11-22", "data_23"), plain));
        for (table, date, stem) in [
            ("lists", "2026-11-23", "data_23"),
            ("lists2", "2026-11-22", "data_23"),
            ("lists", "2026-11-22", "backup"),
            ("lists", "2026-11-22", "data_23.csv.gz"),
        ] {
            assert!(!can_be(&part(table, date, stem), plain), "{table} {date} {stem}");
        }
        assert!(!can_be(&part("owners", "2026-11-22", long), key));
        assert!(!can_be(&part("lists", "2026-11-24", long), key));
    }

    #[test]
    fn a_day_may_be_spelled_as_a_pattern_finds_it() {
        let key = "x/sync_2.7.2026/OWNERS/a.csv.gz";
        assert!(can_be(
            &part("owners", "2026-07-02", "sync_2.7.2026--OWNERS--a.csv.gz"),
            key
        ));
    }
}
