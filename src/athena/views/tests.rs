//! What views an account gets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::events::event_type;
use super::*;
use crate::athena::definitions::{LinkEnds, PropertyDefinition, PropertyKind, TypeDefinition};
use crate::athena::presto;
use crate::catalog::Catalog;
use crate::names::{lake_name, table_name};
use crate::types::Type;

mod configured;
mod damaged;
mod named;

const SINCE: &str = "2026-11-01";

/// The catalog's tables, and one of events.
fn lake() -> BTreeMap<String, Vec<Column>> {
    let catalog = Catalog::builtin().unwrap();
    let column = |name: &str, ty: Type| Column {
        name: name.to_ascii_lowercase(),
        hive_type: match ty {
            Type::Json => "string".to_owned(),
            other => other.to_string(),
        },
        comment: String::new(),
    };
    let mut tables: BTreeMap<String, Vec<Column>> = catalog
        .tables()
        .filter(|table| !table.name.ends_with('*'))
        .map(|table| {
            let columns = table.columns.iter().map(|found| column(&found.name, found.ty));
            (table.name.to_ascii_lowercase(), columns.collect())
        })
        .collect();
    let of_events = catalog.table("EVENTS_VISITED_PAGE").unwrap();
    let columns = of_events
        .columns
        .iter()
        .map(|found| column(&found.name, found.ty));
    let more = ["PROPERTY_HS_URL", "PROPERTY_SECONDS"].map(|name| column(name, Type::String));
    tables.insert("events_visited_page".to_owned(), columns.chain(more).collect());
    tables.insert("daymark_latest".to_owned(), vec![column("date", Type::String)]);
    tables.insert("objects_live".to_owned(), tables["objects"].clone());
    tables
}

fn labelled(name: &str, singular: &str, plural: Option<&str>) -> TypeDefinition {
    TypeDefinition {
        name: Some(name.to_owned()),
        qualified_name: None,
        singular: Some(singular.to_owned()),
        plural: plural.map(str::to_owned),
    }
}

fn property(kind: PropertyKind) -> PropertyDefinition {
    PropertyDefinition {
        kind,
        ..PropertyDefinition::default()
    }
}

fn account() -> Definitions {
    let mut account = Definitions::default();
    for (id, defined) in [
        ("0-1", labelled("CONTACT", "Contact", Some("Contacts"))),
        ("0-7", labelled("PRODUCT", "Product", Some("Products"))),
        ("0-58", labelled("SEQUENCE", "Sequence", None)),
        (
            "2-7",
            labelled("rental_unit", "Rental unit", Some("Rental units")),
        ),
        (
            "4-96000",
            labelled("e_visited_page", "Page view", Some("Page views")),
        ),
    ] {
        account.types.insert(id.to_owned(), defined);
    }
    for (id, name, kind) in [
        ("0-1", "email", PropertyKind::Text),
        ("0-1", "amount", PropertyKind::Number),
        ("0-1", "born", PropertyKind::Date),
        ("0-1", "created", PropertyKind::DateTime),
        ("0-1", "optout", PropertyKind::Bool),
        ("4-96000", "seconds", PropertyKind::Number),
    ] {
        account
            .properties
            .entry(id.to_owned())
            .or_default()
            .insert(name.to_owned(), property(kind));
    }
    for (from, to) in [("0-1", "2-7"), ("2-7", "0-1"), ("0-1", "0-1")] {
        let pair = (from.to_owned(), to.to_owned());
        account.associations.insert(pair, LinkEnds::default());
    }
    account
}

fn build(definitions: &Definitions) -> Built {
    views(definitions, &lake(), SINCE, &ViewSettings::default())
}

fn view<'b>(built: &'b Built, name: &str) -> &'b View {
    let found = built.views.iter().find(|view| view.name == name);
    found.unwrap_or_else(|| panic!("{name}: {:?}", built.failed))
}

fn columns(view: &View) -> Vec<(&str, &str)> {
    let columns = view.columns.iter();
    columns
        .map(|column| (column.name.as_str(), column.hive_type.as_str()))
        .collect()
}

#[test]
fn every_kind_of_view_and_its_newest_day() {
    let built = build(&account());
    assert_eq!(built.failed, []);
    assert_eq!(built.warnings, [] as [&str; 0]);
    for name in [
        "objects_contacts",
        "objects_companies",
        "objects_products",
        "objects_sequences",
        "objects_media_bridges",
        "objects_rental_units",
        "associations_contacts_to_rental_units",
        "associations_rental_units_to_contacts",
        "associations_contacts_to_contacts",
        "events_visited_page_typed",
        "property_history_current",
    ] {
        let (all, latest) = (view(&built, name), view(&built, &format!("{name}_latest")));
        assert_eq!(columns(all), columns(latest), "{name}");
        assert_eq!(all.columns.last().unwrap().name, "date", "{name}");
        assert!(!all.sql.contains("daymark_latest"), "{name}");
        let (subquery, constant) = (
            "= (SELECT max(\"date\") FROM daymark_latest)",
            "\"date\" >= '2026-11-01'",
        );
        // A filter for each table that is read, lest one of them be read whole.
        let tables = latest.sql.matches(" FROM ").count() - latest.sql.matches(" FROM (").count();
        let pointers = latest.sql.matches(subquery).count();
        assert_eq!(tables, 2 * pointers, "{}", latest.sql);
        assert_eq!(latest.sql.matches(constant).count(), pointers, "{}", latest.sql);
    }
    for table in lake()
        .keys()
        .filter(|name| !["daymark_latest", "objects_live"].contains(&name.as_str()))
    {
        view(&built, &format!("{table}_latest"));
    }
    let names: BTreeSet<&str> = built.views.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(names.len(), built.views.len());
    assert!(!names.iter().any(|name| name.contains("live")), "{names:?}");
    assert!(lake().keys().all(|table| !names.contains(table.as_str())));
}

#[test]
fn columns_of_a_type() {
    let built = build(&account());
    let contacts = view(&built, "objects_contacts");
    assert_eq!(
        columns(contacts),
        [
            ("objecttypeid", "string"),
            ("objectid", "bigint"),
            ("updatedat", "timestamp"),
            ("ingestedat", "timestamp"),
            ("property_amount", "double"),
            ("property_unparsed_amount", "string"),
            ("property_born", "date"),
            ("property_unparsed_born", "string"),
            ("property_created", "timestamp"),
            ("property_unparsed_created", "string"),
            ("property_email", "string"),
            ("property_optout", "boolean"),
            ("property_unparsed_optout", "string"),
            ("date", "string"),
        ]
    );
    assert_eq!(
        contacts.comment,
        "Contacts (0-1): one row per record and day, 5 properties"
    );
    assert!(
        contacts
            .sql
            .contains("try_cast(element_at(w.p,'amount') AS double) AS property_amount")
    );
    // What HubSpot repeats is there once: the newest row of each record, and of its properties.
    let order = "\"updatedat\" DESC NULLS LAST, \"ingestedat\" DESC NULLS LAST";
    let nth = format!("row_number() OVER (PARTITION BY \"date\", objectid ORDER BY {order}) AS daymark_nth");
    assert!(contacts.sql.contains(&nth), "{}", contacts.sql);
    assert!(
        contacts
            .sql
            .ends_with(" WHERE o.daymark_nth = 1 OR o.objectid IS NULL")
    );
    let first = "TIMESTAMP '0001-01-01 00:00:00'";
    let newest = format!(
        "max_by(properties, ROW(coalesce(updatedat, {first}), coalesce(ingestedat, {first}), \
         md5(to_utf8(coalesce(properties, ''))))) AS properties FROM object_with_object_properties \
         WHERE objecttypeid = '0-1' GROUP BY \"date\", objectid)"
    );
    assert!(contacts.sql.contains(&newest), "{}", contacts.sql);
    let settings = ViewSettings {
        decimals: Some((38, 9)),
        ..ViewSettings::default()
    };
    let built = views(&account(), &lake(), SINCE, &settings);
    let contacts = view(&built, "objects_contacts");
    assert!(columns(contacts).contains(&("property_amount", "decimal(38,9)")));
    let links = view(&built, "associations_contacts_to_rental_units");
    assert_eq!(
        columns(links)[..2],
        [("contact_objectid", "bigint"), ("rental_unit_objectid", "bigint")]
    );
    let once = "row_number() OVER (PARTITION BY \"date\", \"combinedassociationtypeid\", \"associationcategory\", \
        \"associationtypeid\", \"fromobjecttypeid\", \"fromobjectid\", \"toobjecttypeid\", \"toobjectid\" \
        ORDER BY \"ingestedat\" DESC NULLS LAST) AS daymark_nth FROM associations";
    assert!(links.sql.contains(once), "{}", links.sql);
    let same = view(&built, "associations_contacts_to_contacts");
    assert_eq!(same.columns[0].name, "from_contact_objectid");
    assert_eq!(same.columns[1].name, "to_contact_objectid");
    let events = columns(view(&built, "events_visited_page_typed"));
    assert!(
        events.contains(&("property_seconds", "decimal(38,9)")),
        "{events:?}"
    );
    assert!(events.contains(&("property_unparsed_seconds", "string")));
    assert!(events.contains(&("property_hs_url", "string")));
}

#[test]
fn what_is_missing_fails_its_own_views_only() {
    let mut tables = lake();
    tables.remove("associations");
    tables.remove("object_with_object_properties");
    let built = views(&account(), &tables, SINCE, &ViewSettings::default());
    let failed: Vec<&str> = built.failed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(failed.len(), 6, "{failed:?}");
    assert!(failed.iter().all(|name| name.starts_with("associations_")));
    assert!(built.failed.iter().all(|(_, why)| why == "no table associations"));
    // The rows a property stand in for the JSON: of a property that is there twice, the newest one.
    let sql = &view(&built, "objects_contacts").sql;
    assert!(
        sql.contains("map_agg(name, value)") && sql.contains("max_by(value, ROW("),
        "{sql}"
    );
    assert!(
        sql.contains("GROUP BY \"date\", objectid, name) GROUP BY \"date\", objectid)"),
        "{sql}"
    );
    tables.remove("object_properties");
    let built = views(&account(), &tables, SINCE, &ViewSettings::default());
    let failed: Vec<&str> = built.failed.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        failed.contains(&"objects_contacts") && !failed.contains(&"objects_companies"),
        "{failed:?}"
    );
    let nothing = views(
        &Definitions::default(),
        &BTreeMap::new(),
        SINCE,
        &ViewSettings::default(),
    );
    // What nobody tells of is not missed.
    assert_eq!((nothing.views, nothing.failed), (Vec::new(), Vec::new()));
}

#[test]
fn names_that_several_want() {
    let mut account = account();
    account.types.insert(
        "2-8".to_owned(),
        labelled("my_contact", "Contact", Some("Contacts")),
    );
    account.types.insert(
        "2-9".to_owned(),
        labelled("x", "Contacts latest", Some("Contacts latest")),
    );
    account
        .associations
        .insert(("2-8".to_owned(), "0-1".to_owned()), LinkEnds::default());
    let built = build(&account);
    assert_eq!(built.failed, []);
    assert!(
        view(&built, "objects_contacts")
            .sql
            .contains("objecttypeid = '0-1'")
    );
    let other = built
        .views
        .iter()
        .find(|view| view.sql.contains("'2-8'") && view.name.starts_with("objects_"));
    let other = &other.unwrap().name;
    assert!(
        other.starts_with("objects_contacts_") && !other.ends_with("_latest"),
        "{other}"
    );
    let links = format!(
        "associations_{}_to_contacts",
        other.strip_prefix("objects_").unwrap()
    );
    view(&built, &links);
    // No label takes a name that another view's newest day has.
    assert!(
        view(&built, "objects_contacts_latest")
            .sql
            .contains("objecttypeid = '0-1'")
    );
    assert!(
        view(&built, "objects_contacts_latest_typed")
            .sql
            .contains("objecttypeid = '2-9'")
    );
    let mut tables = lake();
    tables.insert("objects_contacts".to_owned(), tables["objects"].clone());
    let built = views(&account, &tables, SINCE, &ViewSettings::default());
    assert!(
        view(&built, "objects_contacts_typed")
            .sql
            .contains("objecttypeid = '0-1'")
    );
    view(&built, "associations_contacts_to_contacts");
    let settings = ViewSettings {
        names: BTreeMap::from([("2-8".to_owned(), "Car buyers".to_owned())]),
        ..ViewSettings::default()
    };
    let built = views(&account, &lake(), SINCE, &settings);
    assert!(
        view(&built, "objects_car_buyers")
            .sql
            .contains("objecttypeid = '2-8'")
    );
}

/// A type as wide as any that was seen, several times over.
fn wide(count: usize) -> Definitions {
    let mut account = account();
    let kinds = [
        PropertyKind::Number,
        PropertyKind::DateTime,
        PropertyKind::Text,
        PropertyKind::Date,
    ];
    let properties = (0..count).map(|n| (format!("hs_v2_date_entered_{n:08}"), property(kinds[n % 4])));
    account
        .properties
        .entry("0-3".to_owned())
        .or_default()
        .extend(properties);
    account
        .properties
        .get_mut("0-3")
        .unwrap()
        .insert("amount".to_owned(), property(PropertyKind::Number));
    account
}

#[test]
fn wide_types_stay_within_the_limits() {
    let deals = |definitions: &Definitions| view(&build(definitions), "objects_deals_latest").clone();
    // 894 columns were seen; these are more.
    let seen = deals(&wide(700));
    assert!(
        seen.comment.ends_with("701 properties") && seen.columns.len() > 1_200,
        "{}",
        seen.comment
    );
    let mut many = wide(5_000);
    let cut = deals(&many);
    assert!(
        cut.comment.contains(" more left out by Athena's limit"),
        "{}",
        cut.comment
    );
    let encoded = presto::original_text(&cut, "hubspot").len();
    assert!(cut.sql.len() <= presto::STATEMENT_BYTES_MAX && encoded <= presto::ORIGINAL_TEXT_BYTES_MAX);
    // As much as there is room for, and what people ask for among it.
    assert!(
        cut.sql.len() > 200_000 || encoded > 380_000,
        "{} {encoded}",
        cut.sql.len()
    );
    assert!(cut.columns.iter().any(|column| column.name == "property_amount"));
    let last = "property_hs_v2_date_entered_00004999";
    assert!(!cut.columns.iter().any(|column| column.name == last));
    many.usage
        .entry("0-3".to_owned())
        .or_default()
        .insert("hs_v2_date_entered_00004999".to_owned(), 3);
    assert!(deals(&many).columns.iter().any(|column| column.name == last));
}

#[test]
fn events_find_their_definition() {
    let defined = |name: &str| {
        let mut account = Definitions::default();
        account
            .types
            .insert("6-1".to_owned(), labelled(name, "Trial - started", None));
        account
    };
    let of = |table: &str, name: &str| event_type(table, &defined(name)).map(|id| id.map(str::to_owned));
    let found = Some(Some("6-1".to_owned()));
    assert_eq!(of("events_trial___started", "pe7878787_trial___started"), found);
    assert_eq!(of("events_trial___started", "x"), found);
    assert_eq!(of(&table_name("EVENTS_Trial - started"), "x"), found);
    assert_eq!(of("events_e_visited_page", "e_visited_page"), found);
    assert_eq!(of("events_visited_page", "e_visited_page"), found);
    assert_eq!(of("events_other", "e_visited_page"), None);
    let mut two = defined("e_a");
    two.types.insert("6-2".to_owned(), labelled("e_a", "A", None));
    assert_eq!(event_type("events_a", &two), Some(None));
    let mut tables = lake();
    tables.insert("events_a".to_owned(), tables["events_visited_page"].clone());
    let built = views(&two, &tables, SINCE, &ViewSettings::default());
    let of = built
        .warnings
        .iter()
        .filter(|warning| warning.contains("events_a:"));
    let told = "several event types are defined for table events_a: its properties stay text";
    assert_eq!(of.collect::<Vec<_>>(), [told]);
}

#[test]
fn properties_of_an_event_that_differ_by_case_are_told() {
    let typed = |kinds: [(&str, PropertyKind, bool); 2]| {
        let mut account = account();
        let of_type = account.properties.get_mut("4-96000").unwrap();
        for (name, kind, archived) in kinds {
            let defined = PropertyDefinition {
                archived,
                ..property(kind)
            };
            of_type.insert(name.to_owned(), defined);
        }
        let built = build(&account);
        let events = columns(view(&built, "events_visited_page_typed"));
        let (_, kind) = events
            .iter()
            .find(|(name, _)| *name == "property_seconds")
            .unwrap();
        ((*kind).to_owned(), built.warnings)
    };
    let (number, text) = (PropertyKind::Number, PropertyKind::Bool);
    let (kind, warnings) = typed([("Seconds", text, false), ("seconds", number, false)]);
    assert_eq!(kind, "double");
    assert_eq!(
        warnings,
        [
            "properties seconds and Seconds are both column property_seconds of table events_visited_page: it is typed as seconds"
        ]
    );
    let (kind, _) = typed([("Seconds", text, false), ("seconds", number, true)]);
    assert_eq!(kind, "boolean");
}

proptest! {
    /// Whatever an account calls its things, views are distinct, and are no table's.
    #[test]
    fn any_definitions_give_distinct_views(
        types in prop::collection::btree_map("[0246]-[0-9]{1,2}", ("\\PC{0,12}|[cC]ontacts?", prop::option::of("\\PC{0,12}|Contacts|x latest")), 0..8),
        properties in prop::collection::btree_map("[aA]mount|unparsed_amount|\\PC{1,12}", 0_usize..3, 0..8),
    ) {
        let mut account = account();
        let kinds = [PropertyKind::Text, PropertyKind::Number, PropertyKind::DateTime];
        for (id, (name, plural)) in &types {
            account.types.insert(id.clone(), labelled(name, name, plural.as_deref()));
            let pair = (id.clone(), "0-1".to_owned());
            account.associations.insert(pair, LinkEnds::default());
            let of_type = account.properties.entry(id.clone()).or_default();
            of_type.extend(properties.iter().map(|(name, kind)| (name.clone(), property(kinds[*kind]))));
        }
        let built = build(&account);
        let names: BTreeSet<&str> = built.views.iter().map(|view| view.name.as_str()).collect();
        prop_assert_eq!(names.len(), built.views.len());
        let tables = lake();
        for view in &built.views {
            prop_assert!(!tables.contains_key(&view.name));
            prop_assert!(view.name.len() <= 255);
            let columns: BTreeSet<&str> = view.columns.iter().map(|column| column.name.as_str()).collect();
            prop_assert_eq!(columns.len(), view.columns.len(), "{}", view.name);
            prop_assert!(view.comment.chars().count() <= 255);
        }
    }
}
