//! The compiled-in catalog against what is known of HubSpot's tables, and users' files: what they change and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::HashSet;

use daymark::catalog::{COMMENT_CHARS_MAX, Catalog, Mark, TypesFile, types_list};
use daymark::dialect::{self, Declared, Kind};
use daymark::types::Type;

fn builtin() -> Catalog {
    Catalog::builtin().unwrap()
}

fn refused(toml: &str) -> String {
    builtin().with_overrides(toml).unwrap_err().to_string()
}

/// Every table in the order of its columns, as a file without a header has them: `string` bare, other types with their
/// first letter (`b`igint, `t`imestamp, b`o`olean, `j`son).
const TABLES: [(&str, &str); 16] = [
    ("OBJECTS", "OBJECTTYPEID OBJECTID:b UPDATEDAT:t INGESTEDAT:t"),
    (
        "OBJECT_WITH_OBJECT_PROPERTIES",
        "OBJECTTYPEID OBJECTID:b PROPERTIES:j UPDATEDAT:t INGESTEDAT:t",
    ),
    (
        "OBJECT_PROPERTIES",
        "OBJECTTYPEID OBJECTID:b NAME VALUE UPDATEDAT:t INGESTEDAT:t",
    ),
    (
        "OBJECT_PROPERTIES_HISTORY",
        "OBJECTTYPEID OBJECTID:b NAME VALUE UPDATEDAT:t INGESTEDAT:t",
    ),
    (
        "ASSOCIATIONS",
        "COMBINEDASSOCIATIONTYPEID ASSOCIATIONCATEGORY ASSOCIATIONTYPEID:b FROMOBJECTTYPEID FROMOBJECTID:b TOOBJECTTYPEID TOOBJECTID:b INGESTEDAT:t",
    ),
    (
        "ASSOCIATION_DEFINITIONS",
        "COMBINEDASSOCIATIONTYPEID ASSOCIATIONCATEGORY ASSOCIATIONTYPEID:b FROMOBJECTTYPEID FROMOBJECTTYPE TOOBJECTTYPEID TOOBJECTTYPE NAME LABEL ISMAINASSOCIATIONDEFINITION:o INGESTEDAT:t",
    ),
    (
        "EVENTS_*",
        "EVENTTYPEID ID OBJECTTYPEID OBJECTID:b OCCURREDAT:t INGESTEDAT:t",
    ),
    (
        "LISTS",
        "LISTID:b CLASSICLISTID:b NAME LISTTYPE OBJECTTYPEID SIZE:b CREATEDAT:t UPDATEDAT:t INGESTEDAT:t",
    ),
    (
        "LIST_MEMBERSHIPS",
        "LISTID:b OBJECTTYPEID OBJECTID:b UPDATEDAT:t INGESTEDAT:t",
    ),
    (
        "OWNERS",
        "OWNERID:b USERID:b EMAIL FIRSTNAME LASTNAME ARCHIVED:o CREATEDAT:t UPDATEDAT:t INGESTEDAT:t",
    ),
    ("OWNER_TEAM", "OWNERID:b TEAMID:b ISPRIMARY:o INGESTEDAT:t"),
    ("TEAMS", "TEAMID:b NAME PARENTTEAMID:b INGESTEDAT:t"),
    (
        "PIPELINES",
        "OBJECTTYPEID PIPELINEID LABEL DISPLAYORDER:b ARCHIVED:o CREATEDAT:t UPDATEDAT:t INGESTEDAT:t",
    ),
    (
        "PIPELINE_STAGES",
        "OBJECTTYPEID PIPELINEID STAGEID LABEL DISPLAYORDER:b METADATA:j ARCHIVED:o CREATEDAT:t UPDATEDAT:t INGESTEDAT:t",
    ),
    (
        "PROPERTY_DEFINITIONS",
        "OBJECTTYPEID NAME LABEL DESCRIPTION TYPE FIELDTYPE GROUPNAME OPTIONS:j ARCHIVED:o CREATEDAT:t UPDATEDAT:t INGESTEDAT:t",
    ),
    (
        "OBJECT_AND_EVENT_TYPE_DEFINITIONS",
        "OBJECTTYPEID FULLYQUALIFIEDNAME NAME SINGULARLABEL PLURALLABEL INGESTEDAT:t",
    ),
];

#[test]
fn the_compiled_in_tables_are_hubspots() {
    let catalog = builtin();
    let found: Vec<(String, String)> = catalog
        .tables()
        .map(|table| {
            let columns = table.columns.iter().map(|column| {
                let suffix = match column.ty {
                    Type::String => "",
                    Type::Bigint => ":b",
                    Type::Timestamp => ":t",
                    Type::Boolean => ":o",
                    Type::Json => ":j",
                    other => panic!("{other} in {}", table.name),
                };
                format!("{}{suffix}", column.name)
            });
            (table.name.clone(), columns.collect::<Vec<_>>().join(" "))
        })
        .collect();
    let expected: Vec<_> = TABLES
        .iter()
        .map(|(name, columns)| (name.to_string(), columns.to_string()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn every_compiled_in_column_is_explained_and_marked() {
    for table in builtin().tables() {
        assert!(!table.comment.is_empty(), "{}", table.name);
        assert_eq!(table.dialect, Declared::default(), "{}", table.name);
        for column in &table.columns {
            let place = format!("{}.{}", table.name, column.name);
            assert!(
                (1..=COMMENT_CHARS_MAX).contains(&column.comment.chars().count()),
                "{place}"
            );
            assert_ne!(column.mark, Mark::Declared, "{place}");
            let old_name = column
                .name
                .strip_suffix("AT")
                .filter(|_| column.ty == Type::Timestamp);
            let expected: Vec<_> = old_name.iter().map(|stem| format!("{stem}TIMESTAMP")).collect();
            assert_eq!(column.aliases, expected, "{place}");
        }
    }
}

#[test]
fn ids_of_types_pipelines_and_stages_are_text() {
    for table in builtin().tables() {
        for column in &table.columns {
            if column.name.ends_with("TYPEID") && column.name != "ASSOCIATIONTYPEID"
                || ["PIPELINEID", "STAGEID", "VALUE", "PROPERTIES"].contains(&column.name.as_str())
            {
                assert!(column.ty.is_text(), "{}.{}", table.name, column.name);
            }
        }
    }
}

#[test]
fn tables_are_found_in_any_case_and_events_by_their_beginning() {
    let catalog = builtin();
    assert_eq!(
        catalog.table("Object_Properties").unwrap().name,
        "OBJECT_PROPERTIES"
    );
    let event = catalog.table("events_visited_page").unwrap();
    assert_eq!(
        (event.name.as_str(), event.open_prefix.as_deref()),
        ("events_visited_page", Some("PROPERTY_"))
    );
    assert!(event.header_required);
    assert!(event.names("property_hs_url") && event.names("OccurredTimestamp") && !event.names("hs_url"));
    for unknown in [
        "",
        "EVENTS_",
        "EVENTS_*",
        "EVENTS",
        "OBJECTS_CONTACTS",
        "ÉVENTS_x",
        "EVENTSé",
    ] {
        assert!(!catalog.is_known(unknown), "{unknown}");
    }
    assert!(catalog.is_known("EVENTS_é"));
}

#[test]
fn a_users_file_adds_and_overrides() {
    let catalog = builtin()
        .with_overrides(
            r#"
[[table]]
name = "owners"
columns = [
    { name = "ownerid", type = "string", aliases = ["OWNER_ID"] },
    { name = "HOURS", type = "decimal(10,2)", comment = "Hours a week." },
]
dialect = { kind = "escaped", null_values = ["NULL"], quoted_null = true }

[[table]]
name = "EVENTS_PURCHASE"
columns = [{ name = "PROPERTY_ITEM_PRICE", type = "double" }]

[[table]]
name = "CLIENTS"
columns = [{ name = "id", type = "bigint", aliases = ["Client id"] }, { name = "name", type = "string" }]
"#,
        )
        .unwrap();
    let owners = catalog.table("OWNERS").unwrap();
    assert_eq!(owners.columns.len(), 10);
    let id = owners.column("owner_id").unwrap();
    assert_eq!(
        (id.name.as_str(), id.ty, id.mark),
        ("OWNERID", Type::String, Mark::Seen)
    );
    assert!(!id.comment.is_empty());
    let hours = owners.columns.last().unwrap();
    assert_eq!(
        hours.ty,
        Type::Decimal {
            precision: 10,
            scale: 2
        }
    );
    assert_eq!((hours.name.as_str(), hours.mark), ("HOURS", Mark::Declared));
    assert_eq!(owners.dialect.kind, Some(Kind::Escaped));
    assert_eq!(owners.dialect.quoted_null, Some(true));

    let purchase = catalog.table("events_purchase").unwrap();
    assert_eq!(purchase.columns.len(), 7);
    assert!(purchase.header_required && purchase.names("PROPERTY_OTHER"));
    assert_eq!(purchase.column("Property_Item_Price").unwrap().ty, Type::Double);
    assert_eq!(catalog.table("EVENTS_OTHER").unwrap().columns.len(), 6);

    assert_eq!(
        catalog
            .table("clients")
            .unwrap()
            .column("CLIENT ID")
            .unwrap()
            .name,
        "id"
    );
    // The others are as they were.
    assert_eq!(catalog.table("LISTS"), builtin().table("LISTS"));
    assert_eq!(catalog.tables().count(), 18);
}

#[test]
fn settings_of_a_dialect_are_overridden_one_by_one() {
    let first = builtin()
        .with_overrides("[[table]]\nname = \"OWNERS\"\ndialect = { kind = \"quoted\", delimiter = \";\" }\n")
        .unwrap();
    let second = first
        .with_overrides("[[table]]\nname = \"OWNERS\"\ndialect = { quote = \"'\", header = true }\n")
        .unwrap();
    let dialect = second.table("OWNERS").unwrap().dialect;
    let expected = Declared {
        delimiter: Some(";".to_owned()),
        quote: Some(dialect::Mark::Char('\'')),
        header: Some(true),
        ..Declared::default()
    };
    assert_eq!(dialect, expected);
}

#[test]
fn a_profile_sees_what_changes_output_and_nothing_else() {
    let canonical = |toml: &str| {
        builtin()
            .with_overrides(toml)
            .unwrap()
            .table("TEAMS")
            .unwrap()
            .canonical()
    };
    let plain = canonical("");
    assert_eq!(
        plain,
        canonical("[[table]]\nname = \"teams\"\ncomment = \"Teams.\"\n")
    );
    assert_eq!(
        plain,
        canonical(
            "[[table]]\nname = \"TEAMS\"\ncolumns = [{ name = \"name\", mark = \"known\", comment = \"x\" }]\n"
        )
    );
    let changes = [
        "columns = [{ name = \"TEAMID\", type = \"string\" }]",
        "columns = [{ name = \"TEAMID\", aliases = [\"ID\"] }]",
        "columns = [{ name = \"EXTRA\", type = \"string\" }]",
        "open_prefix = \"X_\"",
        "header_required = true",
        "dialect = { header = true }",
        "dialect = { null_values = [] }",
    ];
    let mut seen = HashSet::from([plain]);
    for change in changes {
        assert!(
            seen.insert(canonical(&format!("[[table]]\nname = \"TEAMS\"\n{change}\n"))),
            "{change}"
        );
    }
}

#[test]
fn all_faults_are_named_with_their_lines() {
    let message = refused(
        r#"
colour = 1
[[table]]
name = "TEAMS"
size = 3
columns = [
    { name = "TEAMID", type = "varchar" },
    { name = "NEW" },
    { name = "Team name", type = "string" },
    { name = "TEAMID", sort = "bigint" },
    { type = "bigint" },
    { name = "Date", type = "date" },
]
[[table]]
name = "teams"
[[table]]
name = "two words"
[[table]]
comment = "No name."
[[table]]
name = "LISTS"
dialect = { delimiter = "", kind = "escaped", quote = "'" }
[[table]]
name = "OWNERS"
dialect = { seperator = ";" }
"#,
    );
    for fault in [
        "line 2: unknown key \"colour\"",
        "line 5: unknown key \"size\"",
        "line 7: column TEAMID: unknown type \"varchar\"",
        "line 8: column NEW is new to table TEAMS and has no type",
        "line 9: expected a column's name of letters, digits and _, found \"Team name\"",
        "line 10: unknown field `sort`",
        "line 11: missing field `name`",
        "line 12: a column cannot be called date",
        "line 14: table teams is declared twice",
        "line 16: expected a table's name of letters, digits and _",
        "line 18: expected a table's name of letters, digits and _",
        "line 22: bad dialect: \"kind\" stands for \"quote\" and \"escape\"",
        "\"delimiter\" is empty",
        "line 25: bad dialect: unknown key \"seperator\"",
    ] {
        assert!(message.contains(fault), "{fault} is missing in: {message}");
    }
    assert_eq!(message.matches("line ").count(), 13, "{message}");
}

/// A table that cannot be one, whose columns are looked at all the same.
#[test]
fn a_tables_fault_hides_none_of_its_columns() {
    for (table, faults) in [
        (
            "name = \"X Y\"\ncolumns = [{ name = \"a\", type = \"int\" }]",
            &[
                "line 1: expected a table's name",
                "line 3: column a: unknown type \"int\"",
            ][..],
        ),
        // Of another table it may be known.
        (
            "name = \"TEAM S\"\ncolumns = [{ name = \"TEAMID\" }]",
            &["line 1: expected a table's name"],
        ),
        (
            "columns = [{ name = \"a b\", type = \"int\" }]",
            &[
                "line 1: expected a table's name",
                "line 2: column a b: unknown type \"int\"",
                "line 2: expected a column's name",
            ],
        ),
        (
            "name = 5\ncolumns = [{ name = \"a\", type = \"string\", aliases = [\"\"] }]",
            &[
                "line 2: invalid type",
                "line 1: column a of table \"\" has an empty alias",
            ],
        ),
        (
            "name = \"XY\"\ncolumns = [{ name = \"\", type = \"string\" }]",
            &["line 3: expected a column's name of letters, digits and _, found \"\""],
        ),
        (
            "name = \"XY\"\ncolumns = [{ name = \"\" }, { name = \"\", type = \"string\" }]",
            &[
                "line 3: expected a column's name",
                "line 3: expected a column's name",
                "line 3: column \"\" is new to table XY and has no type",
            ],
        ),
        (
            "name = \"TEAMS\"\n[[table]]\nname = \"teams\"\ncolumns = [{ name = \"TEAMID\", type = \"int\" }]",
            &[
                "line 3: table teams is declared twice in this file",
                "line 5: column TEAMID: unknown type \"int\"",
            ],
        ),
    ] {
        let message = refused(&format!("[[table]]\n{table}"));
        for fault in faults {
            assert!(message.contains(fault), "{fault} is missing in: {message}");
        }
        assert_eq!(message.matches("line ").count(), faults.len(), "{message}");
    }
}

#[test]
fn one_name_stands_for_one_column() {
    let message = refused(
        "[[table]]\nname = \"TEAMS\"\ncolumns = [{ name = \"X\", type = \"string\", aliases = [\"name\"] }]",
    );
    assert!(
        message.contains("the name name stands for both NAME and X"),
        "{message}"
    );
    let message =
        refused("[[table]]\nname = \"TEAMS\"\ncolumns = [{ name = \"NAME\" }, { name = \"name\" }]");
    assert!(
        message.contains("column name of table TEAMS is declared twice"),
        "{message}"
    );
    let message = refused("[[table]]\nname = \"TEAMS\"\ncolumns = [{ name = \"NAME\", aliases = [\"\"] }]");
    assert!(message.contains("empty alias"), "{message}");
}

#[test]
fn broken_toml_is_refused_with_its_line() {
    for (toml, line) in [
        ("[[table]]\nname = \"TEAMS\n", 2),
        ("\n\ntable =", 3),
        ("[[table]]\nname = 1\nname = 2", 3),
    ] {
        let error = builtin().with_overrides(toml).unwrap_err();
        assert_eq!(error.faults[0].line, Some(line), "{error}");
    }
    for toml in [
        "table = 3",
        "table = [1]",
        "[table]\nname = \"TEAMS\"",
        "[[table]]\nname = 3",
        "[[table]]\nname=\"A\"\ncolumns=3",
    ] {
        assert!(builtin().with_overrides(toml).is_err(), "{toml}");
    }
}

#[test]
fn a_comment_fits_glue() {
    let toml = |chars| {
        format!(
            "[[table]]\nname = \"TEAMS\"\ncolumns = [{{ name = \"NAME\", comment = \"{}\" }}]",
            "é".repeat(chars)
        )
    };
    assert!(builtin().with_overrides(&toml(COMMENT_CHARS_MAX)).is_ok());
    assert!(builtin().with_overrides(&toml(COMMENT_CHARS_MAX + 1)).is_err());
}

#[test]
fn a_list_of_types() {
    let list = types_list(
        r#"[{"name": "Deal id", "type": "bigint"}, {"type": "decimal(12, 4)", "name": "deal id"}]"#,
    );
    let decimal = Type::Decimal {
        precision: 12,
        scale: 4,
    };
    assert_eq!(
        list,
        Ok(vec![
            ("Deal id".to_owned(), Type::Bigint),
            ("deal id".to_owned(), decimal)
        ])
    );
    for (json, fault) in [
        ("[]", "at least one column"),
        ("", "EOF"),
        (r#"{"name": "a", "type": "string"}"#, "expected a sequence"),
        (
            r#"[{"name": "a", "type": "string", "null": true}]"#,
            "unknown field `null`",
        ),
        (r#"[{"name": "a"}]"#, "missing field `type`"),
        (
            r#"[{"name": "a", "type": "int"}, {"name": "a", "type": "string"}]"#,
            "unknown type \"int\"",
        ),
        (
            r#"[{"name": "a", "type": "int"}, {"name": "a", "type": "string"}]"#,
            "\"a\" is there twice",
        ),
        (r#"[{"name": "", "type": "string"}]"#, "the name is empty"),
        (r#"[{"name": "a", "type": "decimal(39,0)"}]"#, "unknown type"),
    ] {
        let message = types_list(json).unwrap_err().to_string();
        assert!(message.contains(fault), "{fault} is missing in: {message}");
    }
}

#[test]
fn a_file_of_types_has_either_form() {
    let catalog = builtin();
    for json in [
        r#"[{"name": "a", "type": "string"}]"#,
        "\u{feff} [\n {\"name\": \"a\", \"type\": \"string\"}\n]\n",
    ] {
        assert_eq!(
            catalog.types_file(json),
            Ok(TypesFile::List(vec![("a".to_owned(), Type::String)]))
        );
    }
    for toml in [
        "# nothing\n",
        "[[table]]\nname = \"TEAMS\"\n",
        " [ [ table ] ]\nname = \"TEAMS\"\n",
    ] {
        match catalog.types_file(toml) {
            Ok(TypesFile::Catalog(read)) => assert_eq!(read, catalog, "{toml}"),
            Ok(other) => panic!("{toml:?} became {other:?}"),
            Err(error) => assert!(toml.starts_with(" [ ["), "{toml:?}: {error}"),
        }
    }
    for nothing in ["", " \n", "\u{feff}", "[]"] {
        assert!(catalog.types_file(nothing).is_err(), "{nothing:?}");
    }
    assert!(
        catalog
            .types_file("{}")
            .unwrap_err()
            .to_string()
            .contains("expected a sequence")
    );
}
