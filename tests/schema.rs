//! Which columns a part has: headers told from data, names, types, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use arrow::datatypes::{DataType, TimeUnit};
use daymark::catalog::{Catalog, Table};
use daymark::convert::{Naming, Typing};
use daymark::schema::{Schema, SchemaError, are_identifiers, is_header, spoils_header};
use daymark::types::Type;
use proptest::prelude::*;

fn table(name: &str) -> Table {
    Catalog::builtin().unwrap().table(name).unwrap()
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// `name:type` of each column, with `?` behind what nobody declared.
fn shown(schema: &Schema) -> String {
    let columns = schema.columns.iter().map(|column| {
        let mark = if column.declared { "" } else { "?" };
        format!("{}:{}{mark}", column.name, column.ty)
    });
    columns.collect::<Vec<_>>().join(" ")
}

fn list(entries: &[(&str, Type)]) -> Typing {
    Typing::List(entries.iter().map(|(name, ty)| (name.to_string(), *ty)).collect())
}

#[test]
fn headers_of_known_tables() {
    let teams = table("TEAMS");
    for header in [
        "TEAMID NAME PARENTTEAMID INGESTEDAT",
        "teamid Name parentTeamId ingestedat",
        "INGESTEDAT NAME TEAMID PARENTTEAMID",
        "TEAMID NAME PARENTTEAMID INGESTEDTIMESTAMP",
        "TEAMID NAME",
        "TEAMID NAME PARENTTEAMID INGESTEDAT COLOUR SIZE WEIGHT AGE MOOD",
        // All columns are there, so an odd one more does not matter.
        "TEAMID NAME PARENTTEAMID INGESTEDAT two-words",
        "TEAMID COLOUR",
        // Of no table's width.
        "TEAMID NAME COLOUR SIZE WEIGHT",
        "TEAMID COLOUR NAME SIZE WEIGHT AGE MOOD",
    ] {
        assert!(is_header(&words(header), &teams), "{header}");
    }
    for record in [
        "17 Sales 3 2024-12-10",
        "TEAMID COLOUR SIZE",
        "TEAMID 2nd NAME COLOUR SIZE",
        "TEAMID TEAMID",
        "TEAMID NAME PARENTTEAMID INGESTEDAT NAME",
        "TEAMID 2nd",
        "a b c d",
    ] {
        assert!(!is_header(&words(record), &teams), "{record}");
    }
    assert!(!is_header(&["TEAMID", ""], &teams));
    assert!(!is_header(
        &["TEAMID", "NAME", "PARENTTEAMID", "INGESTEDAT", ""],
        &teams
    ));
    assert!(!is_header::<&str>(&[], &teams));
    for (record, spoiled) in [
        (
            ["TEAMID", "NAME", "NAME", "INGESTEDAT"],
            Some((3, "has the name of another one")),
        ),
        (["TEAMID", "NAME", "", "INGESTEDAT"], Some((3, "is empty"))),
        (
            ["TEAM ID", "name", "x", "INGESTEDAT"],
            Some((1, "is no identifier")),
        ),
        (
            ["TEAMID", "name", "x", "INGESTEDAT\r"],
            Some((4, "has a line break in it")),
        ),
        (["TEAMID", "NAME", "PARENTTEAMID", "INGESTEDAT"], None),
        (["1", "NAME", "2", "2024-01-01"], None),
    ] {
        assert_eq!(spoils_header(&record, &teams), spoiled, "{record:?}");
    }
    assert_eq!(
        spoils_header(&["TEAMID", "NAME", ""], &teams),
        Some((3, "is empty"))
    );
}

#[test]
fn headers_of_events_know_their_properties() {
    let event = table("EVENTS_VISITED_PAGE");
    assert!(is_header(
        &words("ID OCCURREDAT PROPERTY_HS_URL property_hs_title"),
        &event
    ));
    assert!(is_header(
        &words("EVENTTYPEID ID OBJECTTYPEID OBJECTID OCCURREDTIMESTAMP INGESTEDAT PROPERTY_A-B"),
        &event
    ));
    assert!(!is_header(&words("6-1 e1 0-1 17 2024-12-10 2024-12-10"), &event));
    let error = Schema::positional(&event, 6, &Typing::Catalog, Naming::Lake).unwrap_err();
    assert_eq!(
        error,
        SchemaError::HeaderRequired {
            table: "EVENTS_VISITED_PAGE".to_owned()
        }
    );
    assert!(error.to_string().contains("dialect.columns"), "{error}");
}

#[test]
fn no_first_record_of_data_is_taken_for_a_header() {
    for table in Catalog::builtin().unwrap().tables() {
        // Text that looks like a name wherever text may be, and what ids, numbers, times, flags and JSON look like elsewhere.
        let record: Vec<&str> = table
            .columns
            .iter()
            .map(|column| match column.ty {
                _ if column.name.ends_with("TYPEID") => "0-1",
                Type::String => column.name.as_str(),
                Type::Json => "{}",
                Type::Boolean => "true",
                Type::Timestamp => "2024-12-10 14:03:22.123 Z",
                _ => "17",
            })
            .collect();
        assert!(!is_header(&record, table), "{}", table.name);
    }
}

#[test]
fn identifiers() {
    for record in ["a", "A _b c1$ D_", "id ID"] {
        assert!(are_identifiers(&words(record)), "{record}");
    }
    for record in ["1a", "a-b", "a.b", "é", "a a", "$a", "", "a ", "NULL,x"] {
        assert!(!are_identifiers(&words(record)), "{record}");
    }
    assert!(!are_identifiers::<&str>(&[]));
}

#[test]
fn a_header_in_the_lake() {
    let header = words("INGESTEDTIMESTAMP Name TEAMID Colour two-words");
    let schema = Schema::from_header(&header, Some(&table("TEAMS")), &Typing::Catalog, Naming::Lake).unwrap();
    let shown = shown(&schema);
    let (start, odd) = shown.rsplit_once(' ').unwrap();
    assert_eq!(
        start,
        "ingestedat:timestamp name:string teamid:bigint colour:string?"
    );
    assert!(
        odd.starts_with("two_words_") && odd.ends_with(":string?"),
        "{odd}"
    );
    assert_eq!(schema.columns[0].source, "INGESTEDTIMESTAMP");
    assert_eq!(schema.missing, Vec::<String>::new());
}

#[test]
fn of_two_names_for_one_column_the_better_spelling_has_its_type() {
    let teams = table("TEAMS");
    for naming in [Naming::Lake, Naming::Own] {
        let types = |header: &str| {
            let schema = Schema::from_header(&words(header), Some(&teams), &Typing::Catalog, naming).unwrap();
            schema.columns.iter().map(|column| column.ty).collect::<Vec<_>>()
        };
        assert_eq!(
            types("INGESTEDTIMESTAMP INGESTEDAT"),
            [Type::String, Type::Timestamp]
        );
        assert_eq!(
            types("INGESTEDAT ingestedtimestamp"),
            [Type::Timestamp, Type::String]
        );
        assert_eq!(
            types("ingestedat INGESTEDTIMESTAMP"),
            [Type::Timestamp, Type::String]
        );
        assert_eq!(
            types("teamid TEAMID TeamId"),
            [Type::String, Type::Bigint, Type::String]
        );
    }
    let lake = |header: &str| {
        Schema::from_header(&words(header), Some(&teams), &Typing::Catalog, Naming::Lake)
            .map(|schema| shown(&schema))
    };
    assert_eq!(
        lake("INGESTEDTIMESTAMP INGESTEDAT"),
        Ok("ingestedtimestamp:string? ingestedat:timestamp".to_owned())
    );
    let error = lake("NAME teamid x TeamId").unwrap_err();
    assert_eq!(
        error,
        SchemaError::Ambiguous {
            declared: "TEAMID".to_owned(),
            first: 2,
            second: 4
        }
    );
    assert_eq!(
        lake("NAME x NAME"),
        Err(SchemaError::Repeated { first: 1, second: 3 })
    );
}

#[test]
fn a_file_that_keeps_its_own_names() {
    let header = ["Deal id", "", "Deal id", "column_2", "DEAL ID"];
    let schema = Schema::from_header(&header, None, &Typing::Text, Naming::Own).unwrap();
    let names: Vec<_> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names[0], names[3], names[4]), ("Deal id", "column_2", "DEAL ID"));
    assert!(
        schema
            .columns
            .iter()
            .all(|column| column.ty == Type::String && !column.declared)
    );
    assert_eq!(schema.arrow().fields().len(), 5);
}

#[test]
fn a_file_without_a_header() {
    let teams = table("TEAMS");
    let schema = Schema::positional(&teams, 4, &Typing::Catalog, Naming::Lake).unwrap();
    assert_eq!(
        shown(&schema),
        "teamid:bigint name:string parentteamid:bigint ingestedat:timestamp"
    );
    let text = Schema::positional(&teams, 4, &Typing::Text, Naming::Own).unwrap();
    assert_eq!(
        shown(&text),
        "TEAMID:string? NAME:string? PARENTTEAMID:string? INGESTEDAT:string?"
    );
    for fields in [0, 3, 5] {
        let error = Schema::positional(&teams, fields, &Typing::Catalog, Naming::Lake).unwrap_err();
        assert_eq!(
            error,
            SchemaError::FieldCount {
                expected: 4,
                found: fields
            }
        );
    }
    let typing = list(&[("column_2", Type::Date)]);
    let schema = Schema::numbered(3, &typing).unwrap();
    assert_eq!(shown(&schema), "column_1:string? column_2:date column_3:string?");
}

#[test]
fn a_list_of_types_is_matched_by_name() {
    let read = |header: &str, entries: &[(&str, Type)]| {
        Schema::from_header(&words(header), None, &list(entries), Naming::Own)
    };
    let (int, day) = (Type::Bigint, Type::Date);
    assert_eq!(
        shown(&read("a b c", &[("c", day), ("A", int)]).unwrap()),
        "a:bigint b:string? c:date"
    );
    // An exact name goes before another case, wherever it stands in list and header.
    assert_eq!(shown(&read("A a", &[("a", int)]).unwrap()), "A:string? a:bigint");
    assert_eq!(
        shown(&read("A a", &[("a", int), ("A", day)]).unwrap()),
        "A:date a:bigint"
    );
    assert_eq!(
        shown(&read("a x", &[("A", day), ("a", int)]).unwrap()),
        "a:bigint x:string?"
    );
    assert_eq!(read("a x", &[("A", day), ("a", int)]).unwrap().missing, ["A"]);
    assert_eq!(
        shown(&read("a a", &[("a", int)]).unwrap()),
        "a:bigint a_2:string?"
    );
    assert_eq!(
        shown(&read("a a", &[("a", int), ("a_2", day)]).unwrap()),
        "a:bigint a_2:date"
    );
    let error = read("Ab x aB", &[("ab", int)]).unwrap_err();
    assert_eq!(
        error,
        SchemaError::Ambiguous {
            declared: "ab".to_owned(),
            first: 1,
            second: 3
        }
    );
    let error = read("a b", &[("x", int), ("y", day)]).unwrap_err();
    assert_eq!(
        error,
        SchemaError::NoListedName {
            listed: vec!["x".to_owned(), "y".to_owned()]
        }
    );
    // With a list, the catalog has no say in types.
    let teams = table("TEAMS");
    let schema = Schema::from_header(
        &words("TEAMID NAME"),
        Some(&teams),
        &list(&[("name", Type::Json)]),
        Naming::Lake,
    )
    .unwrap();
    assert_eq!(shown(&schema), "teamid:string? name:json");
}

#[test]
fn every_type_in_arrow() {
    let decimal = Type::Decimal {
        precision: 12,
        scale: 4,
    };
    let types = [
        (Type::String, DataType::Utf8),
        (Type::Json, DataType::Utf8),
        (Type::Bigint, DataType::Int64),
        (Type::Double, DataType::Float64),
        (decimal, DataType::Decimal128(12, 4)),
        (Type::Boolean, DataType::Boolean),
        (Type::Date, DataType::Date32),
        (
            Type::Timestamp,
            DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        ),
    ];
    let names: Vec<String> = types.iter().map(|(ty, _)| ty.to_string()).collect();
    let entries: Vec<_> = names
        .iter()
        .cloned()
        .zip(types.iter().map(|(ty, _)| *ty))
        .collect();
    let schema = Schema::from_header(&names, None, &Typing::List(entries), Naming::Own).unwrap();
    for (field, (_, expected)) in schema.arrow().fields().iter().zip(&types) {
        assert_eq!(field.data_type(), expected);
        assert!(field.is_nullable());
    }
}

#[test]
fn a_fingerprint_sees_names_types_and_their_order() {
    let print = |header: &str, entries: &[(&str, Type)]| {
        Schema::from_header(&words(header), None, &list(entries), Naming::Own)
            .unwrap()
            .fingerprint()
    };
    let one = print("a b", &[("a", Type::Date)]);
    assert_eq!(one.len(), 16);
    assert_eq!(one, print("a b", &[("A", Type::Date)]));
    for other in [
        print("b a", &[("a", Type::Date)]),
        print("a b", &[("b", Type::Date)]),
        print("a b", &[("a", Type::Timestamp)]),
        print("a b c", &[("a", Type::Date)]),
    ] {
        assert_ne!(one, other);
    }
}

#[test]
fn no_error_quotes_a_record() {
    let secret = "Ada_Lovelace";
    let teams = table("TEAMS");
    let errors = [
        Schema::from_header(&[secret, secret], None, &Typing::Text, Naming::Lake).unwrap_err(),
        Schema::from_header(&[secret, "x"], None, &list(&[("y", Type::Date)]), Naming::Own).unwrap_err(),
        Schema::from_header(
            &[secret, "ada_lovelace"],
            None,
            &list(&[("ADA_LOVELACE", Type::Date)]),
            Naming::Own,
        )
        .unwrap_err(),
        Schema::from_header(
            &[secret, "teamid", "TeamId"],
            Some(&teams),
            &Typing::Catalog,
            Naming::Lake,
        )
        .unwrap_err(),
    ];
    for error in errors {
        assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    }
}

proptest! {
    #[test]
    fn names_are_distinct_and_types_follow_the_catalog(
        header in prop::collection::vec("(TEAMID|teamid|NAME|INGESTEDAT|INGESTEDTIMESTAMP|[a-cA-C ]{0,2}|column_[1-3])", 1..8)
    ) {
        let teams = table("TEAMS");
        for naming in [Naming::Own, Naming::Lake] {
            let Ok(schema) = Schema::from_header(&header, Some(&teams), &Typing::Catalog, naming) else {
                prop_assert_eq!(naming, Naming::Lake);
                continue;
            };
            prop_assert_eq!(schema.columns.len(), header.len());
            let names: std::collections::HashSet<_> = schema.columns.iter().map(|column| &column.name).collect();
            prop_assert_eq!(names.len(), header.len());
            for declared in &teams.columns {
                let typed = schema.columns.iter().filter(|column| {
                    column.declared && teams.column(&column.source).is_some_and(|found| found.name == declared.name)
                });
                let typed: Vec<_> = typed.collect();
                let present = header.iter().any(|name| teams.column(name).is_some_and(|found| found.name == declared.name));
                prop_assert_eq!(typed.len(), usize::from(present));
                prop_assert!(typed.iter().all(|column| column.ty == declared.ty));
                if naming == Naming::Lake {
                    prop_assert!(typed.iter().all(|column| column.name == declared.name.to_ascii_lowercase()));
                }
            }
        }
    }
}
