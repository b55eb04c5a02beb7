//! Names: what columns and tables are called in the lake, and in a file that keeps its own.
//!
//! # In the lake
//! Athena folds names to lower case and knows letters, digits and `_`, at most 255 bytes
//! (<https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html>). [`lake_name`] looks at one
//! name only, so neither the order of columns nor the order in which parts arrive can change what a name becomes:
//!
//! 1. ASCII capitals become small letters. If that is all, the name is done: `OBJECTID` → `objectid`.
//! 2. Every other character that Athena does not know becomes `_`, the end beyond 255 bytes is cut, and a name that
//!    this changed gets `_` and six hex digits of its original's SHA-256: `Deal Amount` → `deal_amount_` and digits.
//!    So `Deal Amount` and `Deal-Amount` stay two columns.
//! 3. A column that would be called like the partition key, `date` (in any case), gets the digits too; so does a table
//!    that would be called like one of Daymark's own ([`RESERVED_TABLES`]).
//!
//! A leading digit or `_` stays, as reserved words do: Athena takes them in quotes, and a changed name would be the
//! greater surprise.
//!
//! One thing no single name can show: that the same file has another one which differs from it only by case.
//! [`lake_names`] gives the plain name to the one that the catalog declares, if any, and digits to all others,
//! whatever their order. Undeclared columns are text under either name, and neither is a declared column's, so no
//! column is ever retyped by it. Names that still meet (their six digits agree) are an error.

use std::collections::{BTreeMap, HashMap, HashSet};

use sha2::{Digest, Sha256};

mod table;

pub use table::{
    LATEST_TABLE, PARTS_TABLE, RESERVED_TABLES, TABLE_NAME_BYTES_MAX, is_any_table_name, is_table_name,
    table_name,
};

/// The partition key of every table in the lake. No column can have its name.
pub const PARTITION_KEY: &str = "date";

/// Bytes of a column's name in the lake, as Glue and Athena allow.
pub const COLUMN_NAME_BYTES_MAX: usize = 255;

/// Columns of one file that cannot be told apart by name. It gives positions, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The same name twice.
    #[error("expected distinct column names, found {name:?} in columns {first} and {second}")]
    Repeated {
        /// The name, as in the file.
        name: String,
        /// Position of the first.
        first: usize,
        /// Position of the second.
        second: usize,
    },
    /// Two names that stand for one column of the catalog, by case or alias.
    #[error(
        "expected one column for {declared:?}, found {one:?} in column {first} and {other:?} in column {second}"
    )]
    Declared {
        /// The catalog's name.
        declared: String,
        /// One name, as in the file.
        one: String,
        /// Its position.
        first: usize,
        /// The other name, as in the file.
        other: String,
        /// Its position.
        second: usize,
    },
    /// Two names that become one in the lake although they differ.
    #[error(
        "expected distinct names in the lake, found {lake:?} for {one:?} in column {first} and {other:?} in column {second}"
    )]
    Clash {
        /// The name in the lake.
        lake: String,
        /// One name, as in the file.
        one: String,
        /// Its position.
        first: usize,
        /// The other name, as in the file.
        other: String,
        /// Its position.
        second: usize,
    },
}

/// What a column is called in the lake: `[a-z0-9_]`, 1 to 255 bytes, never [`PARTITION_KEY`].
pub fn lake_name(original: &str) -> String {
    let name = safe_name(original, COLUMN_NAME_BYTES_MAX, "column");
    if name == PARTITION_KEY {
        suffixed(&name, original, COLUMN_NAME_BYTES_MAX)
    } else {
        name
    }
}

/// Which columns of a file stand for which of the catalog's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// For each column of the file, the catalog's own name of the column that it stands for, if it does.
    pub declared: Vec<Option<String>>,
    /// Two columns that stand for the same one equally well; the first has it in `declared`.
    pub tie: Option<NameError>,
}

/// Tells which columns of a file stand for the catalog's.
///
/// `declared` tells for a name of the file which column of the catalog it can stand for (by any case, or as an alias),
/// by the catalog's own name. If several can, the exact spelling stands for it, else the one that differs only by case,
/// else the alias; the others are undeclared.
pub fn standing<N: AsRef<str>>(originals: &[N], declared: impl Fn(&str) -> Option<String>) -> Standing {
    /// The best so far; the greater the rank, the worse: 0 exact spelling, 1 other case, 2 alias.
    struct Best {
        column: usize,
        rank: u8,
        rival: Option<usize>,
    }
    let mut best: BTreeMap<String, Best> = BTreeMap::new();
    for (column, original) in originals.iter().map(AsRef::as_ref).enumerate() {
        let Some(catalogs) = declared(original) else {
            continue;
        };
        let rank = match () {
            () if catalogs == original => 0,
            () if catalogs.eq_ignore_ascii_case(original) => 1,
            () => 2,
        };
        let new = Best {
            column,
            rank,
            rival: None,
        };
        match best.get_mut(&catalogs) {
            Some(best) if rank < best.rank => *best = new,
            Some(best) if rank == best.rank => best.rival = best.rival.or(Some(column)),
            Some(_) => {}
            None => drop(best.insert(catalogs, new)),
        }
    }
    let mut standing = Standing {
        declared: vec![None; originals.len()],
        tie: None,
    };
    for (catalogs, Best { column, rival, .. }) in best {
        if let Some(rival) = rival.filter(|_| standing.tie.is_none()) {
            let name = |at: usize| {
                originals
                    .get(at)
                    .map(AsRef::as_ref)
                    .unwrap_or_default()
                    .to_owned()
            };
            standing.tie = Some(NameError::Declared {
                declared: catalogs.clone(),
                one: name(column),
                first: column + 1,
                other: name(rival),
                second: rival + 1,
            });
        }
        if let Some(slot) = standing.declared.get_mut(column) {
            *slot = Some(catalogs);
        }
    }
    standing
}

/// What the columns of one file are called in the lake, in the file's order: each as [`lake_name`] promises, and all
/// distinct. A column that stands for one of the catalog's is called as [`lake_name`] says for the catalog's name,
/// however the file writes it.
///
/// # Errors
/// [`NameError`] if a name is repeated, if two stand for one declared column equally well, or if two names clash in
/// spite of the rules.
pub fn lake_names<N: AsRef<str>>(originals: &[N], standing: &Standing) -> Result<Vec<String>, NameError> {
    let originals: Vec<&str> = originals.iter().map(AsRef::as_ref).collect();
    let mut firsts = HashMap::new();
    for (i, original) in originals.iter().enumerate() {
        if let Some(first) = firsts.insert(original, i) {
            let name = (*original).to_owned();
            return Err(NameError::Repeated {
                name,
                first: first + 1,
                second: i + 1,
            });
        }
    }
    if let Some(tie) = &standing.tie {
        return Err(tie.clone());
    }
    let declared = |i: usize| standing.declared.get(i).and_then(Option::as_deref);
    let plain = |i: usize, original: &str| lake_name(declared(i).unwrap_or(original));
    let mut plain_counts: HashMap<String, usize> = HashMap::new();
    for (i, original) in originals.iter().enumerate() {
        *plain_counts.entry(plain(i, original)).or_default() += 1;
    }
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut names = Vec::with_capacity(originals.len());
    for (i, original) in originals.iter().enumerate() {
        let mut name = plain(i, original);
        if declared(i).is_none() && plain_counts.get(&name) != Some(&1) {
            name = suffixed(
                &safe_characters(original, "column"),
                original,
                COLUMN_NAME_BYTES_MAX,
            );
        }
        if let Some(first) = taken.insert(name.clone(), i) {
            return Err(NameError::Clash {
                lake: name,
                one: originals.get(first).copied().unwrap_or_default().to_owned(),
                first: first + 1,
                other: (*original).to_owned(),
                second: i + 1,
            });
        }
        names.push(name);
    }
    Ok(names)
}

/// The names of a file that keeps its own. The first column of each name keeps it; an empty name becomes `column_` and
/// its position from 1, a repeated one gets `_2`, `_3` …, and neither takes a name that the file itself has.
pub fn own_names<N: AsRef<str>>(originals: &[N]) -> Vec<String> {
    let mut taken: HashSet<String> = originals.iter().map(|name| name.as_ref().to_owned()).collect();
    let mut seen = HashSet::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut names = Vec::with_capacity(originals.len());
    for (i, original) in originals.iter().map(AsRef::as_ref).enumerate() {
        let mut base = original.to_owned();
        if original.is_empty() {
            base = format!("column_{}", i + 1);
            if taken.insert(base.clone()) {
                names.push(base);
                continue;
            }
        } else if seen.insert(original) {
            names.push(base);
            continue;
        }
        let number = numbers.entry(base.clone()).or_insert(2);
        let name = loop {
            let name = format!("{base}_{number}");
            *number += 1;
            if taken.insert(name.clone()) {
                break name;
            }
        };
        names.push(name);
    }
    names
}

/// The names of a file without any: `column_1`, `column_2` …
pub fn numbered_names(count: usize) -> Vec<String> {
    (1..=count).map(|position| format!("column_{position}")).collect()
}

fn is_safe(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// Rules 1 and 2.
fn safe_name(original: &str, bytes_max: usize, nameless: &str) -> String {
    let name = safe_characters(original, nameless);
    let same = name.len() <= bytes_max && name == original.to_ascii_lowercase();
    if same {
        name
    } else {
        suffixed(&name, original, bytes_max)
    }
}

/// One safe character for each of the original's; a word for a name that has none.
fn safe_characters(original: &str, nameless: &str) -> String {
    let safe = |c: char| match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9' | '_') => c,
        _ => '_',
    };
    let name: String = original.chars().map(safe).collect();
    if name.is_empty() {
        nameless.to_owned()
    } else {
        name
    }
}

/// The name, cut so that it fits, with `_` and six hex digits of the original's SHA-256.
pub(crate) fn suffixed(safe: &str, original: &str, bytes_max: usize) -> String {
    let digest = Sha256::digest(original.as_bytes());
    let digits: String = digest.iter().take(3).map(|byte| format!("{byte:02x}")).collect();
    let kept: String = safe
        .chars()
        .take(bytes_max.saturating_sub(digits.len() + 1))
        .collect();
    format!("{kept}_{digits}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn undeclared<N: AsRef<str>>(originals: &[N]) -> Result<Vec<String>, NameError> {
        lake_names(originals, &standing(originals, |_| None))
    }

    /// OBJECTID, and UPDATEDAT with an alias, in any case.
    fn catalog(name: &str) -> Option<String> {
        match name.to_ascii_uppercase().as_str() {
            "OBJECTID" => Some("OBJECTID".to_owned()),
            "UPDATEDAT" | "UPDATEDTIMESTAMP" => Some("UPDATEDAT".to_owned()),
            _ => None,
        }
    }

    fn names(originals: &[&str]) -> Vec<String> {
        lake_names(originals, &standing(originals, catalog)).unwrap()
    }

    #[test]
    fn one_name() {
        for (original, name) in [
            ("OBJECTID", "objectid"),
            ("property_createdate", "property_createdate"),
            ("firstName", "firstname"),
            ("2nd", "2nd"),
            ("_id", "_id"),
            ("foo_a1b2c3", "foo_a1b2c3"),
            ("order", "order"),
            ("Deal Amount", "deal_amount_5a3b40"),
            ("Deal-Amount", "deal_amount_25b1f5"),
            ("", "column_e3b0c4"),
            ("é", "__4a9955"),
        ] {
            assert_eq!(lake_name(original), name, "{original}");
        }
        for date in ["date", "DATE", "Date"] {
            let name = lake_name(date);
            assert!(name.starts_with("date_") && name.len() == 11, "{name}");
        }
        let (fits, long) = ("A".repeat(255), "a".repeat(256));
        assert_eq!(lake_name(&fits), "a".repeat(255));
        assert_eq!(lake_name(&long).len(), 255);
        assert_ne!(lake_name(&long), lake_name(&"a".repeat(257)));
    }

    #[test]
    fn names_that_differ_by_case() {
        let one = |name: &str| suffixed(&name.to_ascii_lowercase(), name, 255);
        assert_eq!(names(&["Foo", "bar"]), ["foo", "bar"]);
        assert_eq!(
            names(&["Foo", "bar", "FOO"]),
            [one("Foo"), "bar".to_owned(), one("FOO")]
        );
        assert_eq!(names(&["ObjectId", "x"]), ["objectid", "x"]);
        assert_eq!(
            names(&["ObjectId", "OBJECTID"]),
            [one("ObjectId"), "objectid".to_owned()]
        );
        assert_eq!(names(&["UPDATEDTIMESTAMP"]), ["updatedat"]);
        assert_eq!(
            names(&["UPDATEDTIMESTAMP", "updatedat"]),
            ["updatedtimestamp", "updatedat"]
        );
    }

    #[test]
    fn columns_that_cannot_be_told_apart() {
        let error = |originals: &[&str]| lake_names(originals, &standing(originals, catalog)).unwrap_err();
        assert!(matches!(
            error(&["a", "b", "a"]),
            NameError::Repeated {
                first: 1,
                second: 3,
                ..
            }
        ));
        assert!(matches!(
            error(&["ObjectId", "x", "objectid"]),
            NameError::Declared {
                first: 1,
                second: 3,
                ..
            }
        ));
        // Cleaned alike, and the six digits agree.
        let clash = undeclared(&["a --..#b", "x", "a .+/# b"]).unwrap_err();
        assert!(
            matches!(
                clash,
                NameError::Clash {
                    first: 1,
                    second: 3,
                    ..
                }
            ),
            "{clash:?}"
        );
    }

    #[test]
    fn own_names_change_as_little_as_they_can() {
        let cases: [(&[&str], &[&str]); 5] = [
            (&["a", "A", "é ", " "], &["a", "A", "é ", " "]),
            (&["a", "a", "a"], &["a", "a_2", "a_3"]),
            (&["a", "a", "a_2", ""], &["a", "a_3", "a_2", "column_4"]),
            (&["", "column_1", ""], &["column_1_2", "column_1", "column_3"]),
            (&[], &[]),
        ];
        for (originals, expected) in cases {
            assert_eq!(own_names(originals), expected);
        }
        assert_eq!(numbered_names(2), ["column_1", "column_2"]);
    }

    proptest! {
        #[test]
        fn lake_names_are_safe_distinct_and_free_of_order(
            originals in prop::collection::hash_set("[aAbB_ é]{0,3}|[oO][bB]ject[iI]d|\\PC{0,300}|[dD]ate", 0..12),
            turn in 0_usize..12,
        ) {
            let mut originals: Vec<String> = originals.into_iter().collect();
            let once = undeclared(&originals).unwrap();
            let distinct: HashSet<&str> = once.iter().map(String::as_str).collect();
            prop_assert_eq!(distinct.len(), originals.len());
            for name in &once {
                prop_assert!((1..=255).contains(&name.len()) && name.bytes().all(is_safe), "{}", name);
                prop_assert_ne!(name, PARTITION_KEY);
            }
            let by_original: HashMap<String, String> =
                originals.iter().cloned().zip(once.iter().cloned()).collect();
            let turn = turn.min(originals.len());
            originals.rotate_left(turn);
            for (original, name) in originals.iter().zip(undeclared(&originals).unwrap()) {
                prop_assert_eq!(&by_original[original], &name);
            }
        }

        #[test]
        fn own_names_are_distinct_and_keep_the_first(
            originals in prop::collection::vec("|a|a_2|a_3|column_[12]|column_1_2", 0..12),
        ) {
            let names = own_names(&originals);
            prop_assert_eq!(names.len(), originals.len());
            prop_assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
            for (i, original) in originals.iter().enumerate() {
                prop_assert!(!names[i].is_empty());
                if !original.is_empty() && !originals[..i].contains(original) {
                    prop_assert_eq!(&names[i], original);
                }
            }
        }
    }
}
