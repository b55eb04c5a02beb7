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

fn gaps(usual: &[&str], other: &[&str]) -> Gaps {
    Gaps::of(&usual.iter().copied().collect(), &other.iter().copied().collect())
}

/// Statements over all days, and over the newest.
fn statements(lake: Lake, name: &str) -> [String; 2] {
    let settings = ViewSettings {
        lake,
        ..ViewSettings::default()
    };
    let built = views(&account(), &super::lake(), SINCE, &settings);
    let (all, latest) = (view(&built, name), view(&built, &format!("{name}_latest")));
    assert_eq!(columns(all), columns(latest));
    [all.sql.clone(), latest.sql.clone()]
}

#[test]
fn each_day_has_its_records_from_the_table_that_has_them() {
    let records = |records: Gaps| {
        let lake = Lake {
            records,
            ..Lake::default()
        };
        statements(lake, "objects_contacts")
    };
    let usual = records(Gaps::default());
    assert!(usual[0].contains("FROM (SELECT * FROM \"objects\" WHERE objecttypeid = '0-1')) o "));
    assert_eq!(records(gaps(&["1", "2"], &["1", "2"])), usual);
    // The newest day lacks it, and the days before have theirs all the same.
    let [all, latest] = records(gaps(&["1", "2"], &["1", "2", "3"]));
    let other = "CAST(NULL AS timestamp(3)) AS \"updatedat\"";
    assert!(!all.contains(other), "{all}");
    let columns = "\"objecttypeid\", \"objectid\", \"updatedat\", \"ingestedat\", \"date\"";
    assert!(
        all.contains(&format!(
            "FROM (SELECT {columns} FROM \"objects\" WHERE objecttypeid = '0-1' AND NOT (\"date\" >= '3') UNION ALL \
             SELECT {columns} FROM \"object_with_object_properties\" WHERE objecttypeid = '0-1' AND (\"date\" >= '3'))) o "
        )),
        "{all}"
    );
    assert!(
        !latest.contains("FROM \"objects\"") && !latest.contains("UNION"),
        "{latest}"
    );
    // The next day has it again.
    let [all, latest] = records(gaps(&["1", "2", "4"], &["1", "2", "3", "4"]));
    assert!(all.contains("AND NOT (\"date\" = '3') UNION ALL "), "{all}");
    assert!(
        latest.contains("FROM \"objects\"") && !latest.contains("UNION"),
        "{latest}"
    );
    // No day has it.
    let [all, _] = records(gaps(&[], &["1", "2"]));
    assert!(
        !all.contains("FROM \"objects\"") && !all.contains("UNION"),
        "{all}"
    );
}

#[test]
fn a_column_that_the_other_table_has_not_is_null_of_its_type() {
    let mut tables = lake();
    let other = tables.get_mut("object_with_object_properties").unwrap();
    other.retain(|column| column.name != "updatedat");
    for column in other.iter_mut().filter(|column| column.name == "ingestedat") {
        column.hive_type = "string".to_owned();
    }
    for (engine, timestamp) in [(Engine::Trino, "timestamp(3)"), (Engine::DuckDb, "timestamp")] {
        let settings = ViewSettings {
            engine,
            lake: Lake {
                records: gaps(&["1"], &["2"]),
                ..Lake::default()
            },
            ..ViewSettings::default()
        };
        let built = views(&account(), &tables, SINCE, &settings);
        for name in ["objects_contacts", "objects_contacts_latest"] {
            let sql = &view(&built, name).sql;
            let nulls = format!(
                "CAST(NULL AS {timestamp}) AS \"updatedat\", try_cast(\"ingestedat\" AS {timestamp}) AS \"ingestedat\""
            );
            assert!(sql.contains(&nulls), "{sql}");
        }
    }
}

#[test]
fn each_day_has_its_properties_from_the_table_that_has_them() {
    let properties = |properties: Gaps| {
        let lake = Lake {
            properties,
            ..Lake::default()
        };
        statements(lake, "objects_contacts")
    };
    let (json, rows) = ("FROM object_with_object_properties", "FROM object_properties ");
    let [all, latest] = properties(Gaps::default());
    assert!(all.contains(json) && !all.contains(rows) && latest.contains(json));
    let [all, latest] = properties(gaps(&["1"], &["2"]));
    assert!(
        all.contains(&format!(
            "{json} WHERE objecttypeid = '0-1' AND NOT (\"date\" >= '2') GROUP BY \"date\", objectid) UNION ALL "
        )),
        "{all}"
    );
    let others = "WHERE objecttypeid = '0-1' AND name IS NOT NULL AND (\"date\" >= '2') GROUP BY";
    assert!(all.contains(&format!("{rows}{others}")), "{all}");
    assert_eq!(all.matches("AS property_email").count(), 1);
    assert!(latest.contains(rows) && !latest.contains(json), "{latest}");
}

#[test]
fn links_of_a_day_without_definitions_have_those_of_another() {
    let links = |links: Gaps| {
        let lake = Lake {
            links: Some((links, "2".to_owned())),
            ..Lake::default()
        };
        statements(lake, "associations_contacts_to_rental_units")
    };
    let [all, latest] = links(gaps(&["1", "2"], &["1", "2", "3"]));
    let of = "FROM association_definitions WHERE \"date\" = '2' GROUP BY combinedassociationtypeid)";
    let key = "combinedassociationtypeid = a.combinedassociationtypeid";
    assert!(
        all.contains("coalesce(d.\"label\", e.\"label\") AS \"label\""),
        "{all}"
    );
    assert!(
        all.contains(&format!("{of} e ON e.{key} AND (a.\"date\" >= '3')")),
        "{all}"
    );
    assert!(
        latest.ends_with(&format!("{of} d ON d.{key}")) && latest.contains("d.\"label\""),
        "{latest}"
    );
    let [all, latest] = links(gaps(&["1", "2", "4"], &["1", "2", "3", "4"]));
    assert!(all.ends_with(&format!("{of} e ON e.{key} AND (a.\"date\" = '3')")));
    assert!(latest.contains("ON d.\"date\" = a.\"date\""), "{latest}");
}

#[test]
fn columns_that_only_the_catalog_declares_tell_no_rows() {
    let build = |table: &str, column: &str| {
        let unpublished = BTreeMap::from([(table.to_owned(), BTreeSet::from([column.to_owned()]))]);
        let lake = Lake {
            unpublished,
            ..Lake::default()
        };
        let settings = ViewSettings {
            lake,
            ..ViewSettings::default()
        };
        views(&account(), &super::lake(), SINCE, &settings)
    };
    let built = build("associations", "toobjecttypeid");
    assert_eq!(built.failed.len(), 6, "{:?}", built.failed);
    for (name, why) in &built.failed {
        assert!(name.starts_with("associations_"));
        assert_eq!(why, "no file of table associations has the column toobjecttypeid");
    }
    view(&built, "objects_contacts");
    view(&built, "associations_latest");
    let built = build("object_properties_history", "name");
    let failed: Vec<&str> = built.failed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        failed,
        ["property_history_current", "property_history_current_latest"]
    );
    // The other table stands in, on all days.
    let built = build("objects", "objecttypeid");
    let contacts = &view(&built, "objects_contacts").sql;
    assert!(
        contacts.contains("FROM (SELECT * FROM \"object_with_object_properties\""),
        "{contacts}"
    );
    let built = build("object_with_object_properties", "properties");
    let contacts = &view(&built, "objects_contacts").sql;
    assert!(contacts.contains("FROM object_properties"), "{contacts}");
    assert_eq!(built.failed, []);
    // A column that rows are not told by is NULL, as the table has it.
    assert_eq!(build("objects", "updatedat").failed, []);
}

#[test]
fn over_a_pointer_of_somebody_else_no_newest_day_is_shown() {
    let settings = ViewSettings {
        lake: Lake {
            is_pointer_foreign: true,
            ..Lake::default()
        },
        ..ViewSettings::default()
    };
    let built = views(&account(), &lake(), SINCE, &settings);
    assert!(built.views.iter().all(|view| !view.name.ends_with("_latest")));
    assert_eq!(
        built.views.len(),
        build(&account()).views.len() - built.failed.len()
    );
    for name in ["objects_contacts_latest", "owners_latest"] {
        let (_, why) = built.failed.iter().find(|(failed, _)| failed == name).unwrap();
        assert!(why.contains("daymark_latest"), "{why}");
    }
}

#[test]
fn ranges_of_days_that_there_is_no_room_for_are_told() {
    let days: Vec<String> = (100..200).map(|day| day.to_string()).collect();
    let all: Vec<&str> = days.iter().map(String::as_str).collect();
    let odd: Vec<&str> = all.iter().skip(1).step_by(2).copied().collect();
    let settings = ViewSettings {
        lake: Lake {
            properties: gaps(&odd, &all),
            ..Lake::default()
        },
        ..ViewSettings::default()
    };
    let built = views(&account(), &lake(), SINCE, &settings);
    assert!(
        built.warnings[0].starts_with("properties are taken from no other table on the earliest 26"),
        "{:?}",
        built.warnings
    );
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

#[test]
fn a_wide_view_has_room_for_all_ranges_of_days_that_it_names() {
    let days: Vec<String> = (0..100)
        .map(|day| format!("2026-{:02}-{:02}", 1 + day / 28, 1 + day % 28))
        .collect();
    let all: Vec<&str> = days.iter().map(String::as_str).collect();
    // Ranges of two days are named by both.
    let odd: Vec<&str> = all.chunks(3).filter_map(|days| days.first().copied()).collect();
    let settings = ViewSettings {
        lake: Lake {
            records: gaps(&odd, &all),
            properties: gaps(&odd, &all),
            ..Lake::default()
        },
        ..ViewSettings::default()
    };
    let built = views(&wide(5_000), &lake(), SINCE, &settings);
    assert_eq!(built.failed, []);
    let sql = &view(&built, "objects_deals").sql;
    assert_eq!(sql.matches(" BETWEEN ").count(), 4 * 24, "{sql}");
    let property = sql.rfind(" AS property_").unwrap();
    let rest = sql.len() - property;
    assert!(rest < 7_500, "{rest} bytes beside the properties");
}
