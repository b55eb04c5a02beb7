//! What becomes of views where a file of definitions cannot be read.

use super::*;
use crate::athena::definitions;

#[test]
fn views_that_turn_on_what_cannot_be_read_are_named_and_the_others_made() {
    let mut account = account();
    account.properties.clear();
    account.unread = BTreeMap::from([(definitions::PROPERTIES, "x.parquet: damaged".to_owned())]);
    let built = build(&account);
    // Without this, each of them would be made anew without its properties.
    for name in [
        "objects_contacts",
        "objects_rental_units_latest",
        "events_visited_page_typed",
    ] {
        let (_, why) = built.failed.iter().find(|(failed, _)| failed == name).unwrap();
        assert_eq!(why, "x.parquet: damaged");
    }
    for name in [
        "objects_latest",
        "associations_contacts_to_rental_units",
        "property_history_current",
    ] {
        view(&built, name);
    }
    // No warning that follows from it.
    assert_eq!(built.warnings, [] as [&str; 0]);
}

#[test]
fn without_definitions_of_types_only_hubspots_own_are_told() {
    let mut account = account();
    account.types.clear();
    account.properties.insert("2-7".to_owned(), BTreeMap::new());
    account.unread = BTreeMap::from([(definitions::TYPES, "damaged".to_owned())]);
    let built = build(&account);
    view(&built, "objects_contacts");
    view(&built, "associations_contacts_to_contacts");
    assert!(!built.views.iter().any(|view| view.sql.contains("2-7")));
    assert!(
        built
            .failed
            .iter()
            .any(|(name, _)| name == "events_visited_page_typed")
    );
    assert_eq!(built.warnings, [] as [&str; 0]);
}

#[test]
fn what_an_earlier_day_defines_makes_new_views_and_changes_none() {
    let stay = |table: &'static str, mut account: Definitions| {
        account.unread = BTreeMap::from([(table, "damaged".to_owned())]);
        let built = build(&account);
        assert_eq!(built.failed, []);
        for name in built.stay.keys() {
            view(&built, name);
        }
        let names: Vec<String> = built
            .stay
            .into_keys()
            .filter(|name| !name.ends_with("_latest"))
            .collect();
        names
    };
    let properties = stay(definitions::PROPERTIES, account());
    for name in [
        "objects_contacts",
        "objects_rental_units",
        "events_visited_page_typed",
    ] {
        assert!(properties.contains(&name.to_owned()), "{properties:?}");
    }
    assert!(!properties.iter().any(|name| name.starts_with("associations_")));
    assert_eq!(
        stay(definitions::TYPES, account()),
        [
            "associations_contacts_to_rental_units",
            "associations_rental_units_to_contacts",
            "events_visited_page_typed",
            "objects_products",
            "objects_rental_units"
        ]
    );
    // Which properties a view has room for turns on how they are used.
    assert_eq!(stay(definitions::USAGE, account()), [] as [&str; 0]);
    assert_eq!(stay(definitions::USAGE, wide(5_000)), ["objects_deals"]);
}
