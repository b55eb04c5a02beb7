//! What views and columns are called after, where accounts call things in their own way.

use super::*;

fn names(built: &Built) -> BTreeSet<&str> {
    built.views.iter().map(|view| view.name.as_str()).collect()
}

#[test]
fn a_type_of_hubspots_keeps_its_name_whatever_the_account_calls_it() {
    let mut account = account();
    let renamed = labelled("DEAL", "Opportunity", Some("Opportunities"));
    account.types.insert("0-3".to_owned(), renamed);
    // In another language, and without a label for many.
    account
        .types
        .insert("0-2".to_owned(), labelled("COMPANY", "Firma", None));
    let pair = ("0-1".to_owned(), "0-3".to_owned());
    account.associations.insert(pair, LinkEnds::default());
    let built = build(&account);
    assert_eq!(built.failed, []);
    for (name, other) in [
        ("objects_deals", "objects_opportunities"),
        ("objects_deals_latest", "objects_opportunities_latest"),
        ("objects_companies", "objects_firmas"),
    ] {
        let (one, other) = (view(&built, name), view(&built, other));
        assert_eq!(
            (&one.sql, &one.columns, &one.comment),
            (&other.sql, &other.columns, &other.comment)
        );
    }
    assert!(
        view(&built, "objects_deals")
            .comment
            .starts_with("Opportunities (0-3): ")
    );
    view(&built, "associations_contacts_to_deals_latest");
    assert!(!names(&built).contains("associations_contacts_to_opportunities"));
    // So it does whatever settings call it, and by either name it has the properties that they list.
    let mut settings = ViewSettings {
        names: BTreeMap::from([("0-1".to_owned(), "People".to_owned())]),
        ..ViewSettings::default()
    };
    for key in ["People", "contacts"] {
        settings.properties = BTreeMap::from([(key.to_owned(), vec!["email".to_owned()])]);
        let built = views(&account, &lake(), SINCE, &settings);
        for name in ["objects_contacts", "objects_people"] {
            assert!(
                view(&built, name)
                    .comment
                    .contains("1 properties; 4 more left out")
            );
        }
        assert_eq!(built.warnings, [] as [&str; 0]);
    }
}

#[test]
fn what_an_account_calls_a_type_of_hubspots_takes_no_name_from_another() {
    let mut account = account();
    for (id, plural) in [
        // Another type of HubSpot's, a type of the account's own, a table, and each other.
        ("0-3", "Companies"),
        ("0-4", "Rental units"),
        ("0-5", "Extras"),
        ("0-8", "Things"),
        ("0-11", "Things"),
    ] {
        account
            .types
            .insert(id.to_owned(), labelled("X", "X", Some(plural)));
    }
    let mut tables = lake();
    tables.insert("objects_extras".to_owned(), tables["objects"].clone());
    let built = views(&account, &tables, SINCE, &ViewSettings::default());
    assert_eq!(built.failed, []);
    for (name, id) in [
        ("objects_companies", "0-2"),
        ("objects_rental_units", "2-7"),
        ("objects_deals", "0-3"),
        ("objects_engagements", "0-4"),
        ("objects_tickets", "0-5"),
        ("objects_line_items", "0-8"),
        ("objects_conversations", "0-11"),
    ] {
        let of_type = format!("objecttypeid = '{id}'");
        assert!(view(&built, name).sql.contains(&of_type), "{name}");
    }
    let others = names(&built);
    let others = others
        .iter()
        .filter(|name| name.contains("things") || name.contains("extras") || name.contains("companies_"));
    let others: Vec<&&str> = others.filter(|name| name.starts_with("objects_")).collect();
    assert_eq!(others, [&"objects_companies_latest", &"objects_extras_latest"]);
}

#[test]
fn links_name_types_that_nothing_else_does() {
    let mut account = account();
    let ends = LinkEnds {
        from: Some("LEAD".to_owned()),
        to: None,
    };
    account
        .associations
        .insert(("0-136".to_owned(), "0-1".to_owned()), ends);
    let built = build(&account);
    assert_eq!(built.failed, []);
    let links = view(&built, "associations_leads_to_contacts");
    assert_eq!(
        columns(links)[..2],
        [("lead_objectid", "bigint"), ("contact_objectid", "bigint")]
    );
    view(&built, "objects_leads");
}

#[test]
fn a_property_of_an_event_with_a_sign_in_its_name_is_typed() {
    let mut account = account();
    let of_type = account.properties.get_mut("4-96000").unwrap();
    for name in ["Load-Time", "page depth", "page_depth", "scroll-depth"] {
        of_type.insert(name.to_owned(), property(PropertyKind::Number));
    }
    let mut tables = lake();
    let of_events = tables.get_mut("events_visited_page").unwrap();
    // As the lake calls such a header, and as HubSpot may call the column itself.
    let headers = [
        "PROPERTY_LOAD-TIME",
        "PROPERTY_PAGE_DEPTH",
        "PROPERTY_SCROLL_DEPTH",
    ]
    .map(lake_name);
    of_events.extend(headers.iter().map(|name| Column {
        name: name.clone(),
        hive_type: "string".to_owned(),
        comment: String::new(),
    }));
    let built = views(&account, &tables, SINCE, &ViewSettings::default());
    let events = view(&built, "events_visited_page_typed");
    let typed = columns(events);
    for name in &headers {
        assert!(typed.contains(&(name.as_str(), "double")), "{name}: {typed:?}");
        let from = format!("try_cast({name} AS double) AS {name}");
        assert!(events.sql.contains(&from), "{}", events.sql);
    }
    // What is left of a name without its blank is another property's.
    assert_eq!(
        built.warnings,
        [
            "properties page_depth and page depth are both column property_page_depth of table events_visited_page: it is typed as page_depth"
        ]
    );
}

#[test]
fn a_long_label_leaves_room_for_what_is_left_out() {
    let mut account = wide(5_000);
    account
        .types
        .insert("0-3".to_owned(), labelled("DEAL", "Deal", Some(&"Ä".repeat(200))));
    let built = build(&account);
    for name in ["objects_deals", "objects_deals_latest"] {
        let comment = &view(&built, name).comment;
        assert!(comment.len() <= 255, "{comment}");
        assert!(
            comment.ends_with(" more left out by Athena's limit on a view's size, the least used first"),
            "{comment}"
        );
        assert!(comment.contains("ÄÄÄ… (0-3): "), "{comment}");
    }
}
