//! What views and their columns are called: from names alone, so that no order of rows, types or days changes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::names::suffixed;

/// Bytes of a view's name before `_latest` and the like, so that all stay within Glue's 255.
pub(super) const BASE_BYTES_MAX: usize = 220;

/// A wish for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// The name that is wished for, safe already.
    pub(super) wanted: String,
    /// Who goes first; the smaller.
    pub(super) rank: u8,
    /// What tells this claim from all others, for ever.
    pub(super) identity: String,
}

/// Gives each claim its name, in their order.
///
/// A name that one claim wants and nobody has is that claim's. Of several, the only one of the smallest rank gets it; all
/// others, and all that want a name of `taken`, get it with `_` and six hex digits of their identity's hash. None for a
/// claim whose name is still somebody else's then.
pub(super) fn settle(claims: &[Claim], taken: &BTreeSet<String>, bytes_max: usize) -> Vec<Option<String>> {
    let mut best: BTreeMap<&str, (u8, usize)> = BTreeMap::new();
    for claim in claims {
        let slot = best.entry(&claim.wanted).or_insert((claim.rank, 0));
        if claim.rank < slot.0 {
            *slot = (claim.rank, 0);
        }
        if claim.rank == slot.0 {
            slot.1 += 1;
        }
    }
    let plain = |claim: &Claim| {
        let alone = best.get(claim.wanted.as_str()) == Some(&(claim.rank, 1));
        alone && !taken.contains(&claim.wanted)
    };
    let names: Vec<String> = claims
        .iter()
        .map(|claim| match plain(claim) {
            true => claim.wanted.clone(),
            false => suffixed(&claim.wanted, &claim.identity, bytes_max),
        })
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &names {
        *counts.entry(name).or_default() += 1;
    }
    let given = claims.iter().zip(&names).map(|(claim, name)| {
        // Six digits that agree with another's name: who has a name as wished keeps it.
        let own = plain(claim) || (counts.get(name.as_str()) == Some(&1) && !taken.contains(name));
        own.then(|| name.clone())
    });
    given.collect()
}

/// A label or internal name as part of a view's name, as HubSpot makes it: lower case, `_` for each blank and sign.
///
/// Letters that Athena does not know are `_` too, and six hex digits of the whole name's hash tell such names apart. So do
/// they where nothing is left, and where a name is too long.
pub(super) fn part(name: &str) -> String {
    let name = name.trim();
    let safe: String = name
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '_') => c,
            _ => '_',
        })
        .collect();
    let lost = name.chars().any(|c| c.is_alphanumeric() && !c.is_ascii());
    let nothing = safe.bytes().all(|byte| byte == b'_');
    if lost || nothing || safe.len() > BASE_BYTES_MAX {
        suffixed(&safe, name, BASE_BYTES_MAX)
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_of_names() {
        for (name, expected) in [
            ("Contacts", "contacts"),
            ("Line items", "line_items"),
            (" Social-Media Flow - Basic ", "social_media_flow___basic"),
            ("rental_unit", "rental_unit"),
        ] {
            assert_eq!(part(name), expected);
        }
        let lost = ["Schlüssel", "Schlössel", "製品", "資産", "", "-", "--"].map(part);
        let distinct: BTreeSet<&String> = lost.iter().collect();
        assert_eq!(distinct.len(), lost.len(), "{lost:?}");
        assert!(
            lost[0].starts_with("schl_ssel_") && lost[0].len() == 16,
            "{lost:?}"
        );
        assert_eq!(part(&"a".repeat(300)).len(), BASE_BYTES_MAX);
    }

    fn claim(wanted: &str, rank: u8, identity: &str) -> Claim {
        Claim {
            wanted: wanted.to_owned(),
            rank,
            identity: identity.to_owned(),
        }
    }

    #[test]
    fn who_gets_a_name() {
        let claims = [
            claim("deals", 1, "2-1"),
            claim("deals", 0, "0-3"),
            claim("cars", 1, "2-2"),
            claim("cars", 1, "2-3"),
            claim("objects", 0, "0-9"),
        ];
        let taken = BTreeSet::from(["objects".to_owned()]);
        let names = settle(&claims, &taken, 220);
        let names: Vec<String> = names.into_iter().map(Option::unwrap).collect();
        assert_eq!(names[1], "deals");
        for (place, start) in [(0, "deals_"), (2, "cars_"), (3, "cars_"), (4, "objects_")] {
            let name = &names[place];
            assert!(name.starts_with(start) && name.len() == start.len() + 6, "{name}");
        }
        assert_ne!(names[2], names[3]);
    }

    #[test]
    fn a_name_that_looks_like_a_made_one_is_kept_by_who_wished_for_it() {
        let made = settle(&[claim("a", 0, "1"), claim("a", 0, "2")], &BTreeSet::new(), 220);
        let made = made[0].clone().unwrap();
        let claims = [claim("a", 0, "1"), claim("a", 0, "2"), claim(&made, 0, "3")];
        let names = settle(&claims, &BTreeSet::new(), 220);
        assert_eq!(names[0], None);
        assert!(names[1].is_some());
        assert_eq!(names[2], Some(made));
    }

    proptest! {
        #[test]
        fn names_are_distinct_safe_and_free_of_order(
            wanted in prop::collection::vec(("[ab]|[Aä] ?|\\PC{0,230}", 0_u8..3), 0..10),
            taken in prop::collection::btree_set("[ab]", 0..2),
            turn in 0_usize..10,
        ) {
            let mut claims: Vec<Claim> = wanted
                .iter()
                .enumerate()
                .map(|(n, (wanted, rank))| claim(&part(wanted), *rank, &n.to_string()))
                .collect();
            let once = settle(&claims, &taken, BASE_BYTES_MAX);
            let given: Vec<&String> = once.iter().flatten().collect();
            let distinct: BTreeSet<&String> = given.iter().copied().collect();
            prop_assert_eq!(distinct.len(), given.len());
            for name in &given {
                prop_assert!(!taken.contains(*name));
                prop_assert!((1..=BASE_BYTES_MAX).contains(&name.len()));
                prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
            }
            let by_identity: BTreeMap<String, Option<String>> =
                claims.iter().map(|claim| claim.identity.clone()).zip(once).collect();
            let turn = turn.min(claims.len());
            claims.rotate_left(turn);
            for (claim, name) in claims.iter().zip(settle(&claims, &taken, BASE_BYTES_MAX)) {
                prop_assert_eq!(&by_identity[&claim.identity], &name);
            }
        }
    }
}
