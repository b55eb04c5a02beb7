//! What settings, and the newest day's files, make of views.

use super::*;

#[test]
fn configured_properties() {
    let wanted = ["optout", "email", "nothing"].map(str::to_owned).to_vec();
    for key in ["0-1", "CONTACT", "contacts"] {
        let settings = ViewSettings {
            properties: BTreeMap::from([(key.to_owned(), wanted.clone())]),
            ..ViewSettings::default()
        };
        let built = views(&account(), &lake(), SINCE, &settings);
        let contacts = view(&built, "objects_contacts");
        let names: Vec<&str> = contacts
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        assert_eq!(
            names[4..],
            [
                "property_optout",
                "property_unparsed_optout",
                "property_email",
                "date"
            ]
        );
        assert!(
            contacts
                .comment
                .ends_with("2 properties; 3 more left out by configuration"),
            "{}",
            contacts.comment
        );
        assert_eq!(
            built.warnings,
            ["property nothing of type 0-1 is configured and not defined"]
        );
    }
}

#[test]
fn records_are_taken_from_where_the_newest_day_has_them() {
    let absent = |names: &[&str]| {
        let settings = ViewSettings {
            absent: names.iter().map(|name| (*name).to_owned()).collect(),
            ..ViewSettings::default()
        };
        let built = views(&account(), &lake(), SINCE, &settings);
        view(&built, "objects_contacts").sql.clone()
    };
    let (json, rows) = ("FROM object_with_object_properties", "FROM object_properties ");
    assert!(absent(&[]).contains(json) && !absent(&[]).contains(rows));
    let of_rows = absent(&["object_with_object_properties"]);
    assert!(of_rows.contains(rows) && !of_rows.contains(json), "{of_rows}");
    let neither = absent(&["object_with_object_properties", "object_properties"]);
    assert!(neither.contains(json), "{neither}");
    let base = absent(&["objects"]);
    assert!(base.contains("FROM \"object_with_object_properties\""), "{base}");
}

#[test]
fn a_type_with_properties_and_no_definition_has_a_view() {
    let mut account = account();
    account.properties.insert(
        "2-44".to_owned(),
        BTreeMap::from([("colour".to_owned(), PropertyDefinition::default())]),
    );
    let built = views(&account, &lake(), SINCE, &ViewSettings::default());
    assert!(view(&built, "objects_type_2_44s").sql.contains("property_colour"));
}

#[test]
fn configured_types_that_there_are_not() {
    let settings = ViewSettings {
        properties: BTreeMap::from([("Contcats".to_owned(), vec!["email".to_owned()])]),
        names: BTreeMap::from([("2-99".to_owned(), "Boats".to_owned())]),
        ..ViewSettings::default()
    };
    let built = views(&account(), &lake(), SINCE, &settings);
    assert_eq!(
        built.warnings,
        [
            "type 2-99 is given a name by configuration and not defined",
            "type Contcats is given properties by configuration and not defined"
        ]
    );
}
