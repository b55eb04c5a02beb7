//! Every column of every table of the catalog, in both dialects, with and without header: what a fitting, a NULL, an
//! empty, an overflowing and a malformed cell become.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod core;

use core::{Converted, convert, plan, table_plan};

use arrow::datatypes::{DataType, TimeUnit};
use daymark::catalog::{Catalog, Table};
use daymark::convert::Plan;
use daymark::dialect::{Declared, Kind};
use daymark::types::Type;

/// The 16 tables of HubSpot's list, `EVENTS_[Event name]` by three of its names.
const TABLES: [&str; 18] = [
    "ASSOCIATIONS",
    "ASSOCIATION_DEFINITIONS",
    "EVENTS_VISITED_PAGE",
    "EVENTS_AD_CLICKED",
    "EVENTS_CLICKED_LINK_IN_EMAIL_V2",
    "LISTS",
    "LIST_MEMBERSHIPS",
    "OBJECTS",
    "OBJECT_AND_EVENT_TYPE_DEFINITIONS",
    "OBJECT_PROPERTIES",
    "OBJECT_PROPERTIES_HISTORY",
    "OBJECT_WITH_OBJECT_PROPERTIES",
    "OWNERS",
    "OWNER_TEAM",
    "PIPELINES",
    "PIPELINE_STAGES",
    "PROPERTY_DEFINITIONS",
    "TEAMS",
];

/// How a cell is written in the quoted and in the escaped dialect, and what it becomes.
struct Case {
    quoted: &'static str,
    escaped: &'static str,
    becomes: Becomes,
}

#[derive(Clone, Copy)]
enum Becomes {
    Value(&'static str),
    Null,
    /// NULL where quotes are, empty text where not.
    NullOrEmpty,
    Reject(&'static str),
}
use Becomes::{Null, NullOrEmpty, Reject, Value};

const fn case(text: &'static str, becomes: Becomes) -> Case {
    Case {
        quoted: text,
        escaped: text,
        becomes,
    }
}

/// The first case of a type fits; it stands in all other columns of a row.
fn cases(ty: Type) -> Vec<Case> {
    let empty = Case {
        quoted: "\"\"",
        escaped: "\\N",
        becomes: Null,
    };
    match ty {
        Type::String | Type::Json => vec![
            Case {
                quoted: "\"a,\"\"b\"\"\n{}\"",
                escaped: "a\\,\"b\"\\\n{}",
                becomes: Value("a,\"b\"\n{}"),
            },
            case("\\N", Null),
            case("", NullOrEmpty),
            Case {
                quoted: "\"\"",
                escaped: "",
                becomes: Value(""),
            },
            Case {
                quoted: "\"\\N\"",
                escaped: "\\\\N",
                becomes: Value("\\N"),
            },
            case("Zürich 東京", Value("Zürich 東京")),
        ],
        Type::Bigint => vec![
            case("9007199254740993", Value("9007199254740993")),
            case("\\N", Null),
            case("", Null),
            empty,
            case("-9223372036854775808", Value("-9223372036854775808")),
            case("9223372036854775808", Reject("out_of_range")),
            case("12x", Reject("not_an_integer")),
        ],
        Type::Timestamp => vec![
            case("2024-12-10 13:45:07.123 -0800", Value("2024-12-10T21:45:07.123")),
            case("\\N", Null),
            case("", Null),
            empty,
            case("2024-12-10T13:45:07.120Z", Value("2024-12-10T13:45:07.120")),
            case("0001-01-01 00:00:00.000 +1800", Reject("out_of_range")),
            case("2024-13-10 13:45:07.123", Reject("no_such_day")),
            case("yesterday", Reject("not_a_timestamp")),
        ],
        Type::Boolean => vec![
            case("true", Value("true")),
            case("\\N", Null),
            case("", Null),
            empty,
            case("FALSE", Value("false")),
            case("yes", Reject("not_a_boolean")),
        ],
        other => panic!("the catalog has no {other} yet: give it cases"),
    }
}

fn arrow(ty: Type) -> DataType {
    match ty {
        Type::String | Type::Json => DataType::Utf8,
        Type::Bigint => DataType::Int64,
        Type::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        Type::Boolean => DataType::Boolean,
        other => panic!("{other}"),
    }
}

/// One record for each case of each column; the other columns fit.
fn text(table: &Table, kind: Kind, header: bool) -> String {
    let written = |case: &Case| match kind {
        Kind::Quoted => case.quoted,
        Kind::Escaped => case.escaped,
    };
    let mut text = String::new();
    if header {
        let names: Vec<String> = table
            .columns
            .iter()
            .map(|column| column.name.to_uppercase())
            .collect();
        text += &(names.join(",") + "\n");
    }
    for (at, column) in table.columns.iter().enumerate() {
        for case in cases(column.ty) {
            let cell = |(index, column): (usize, &daymark::catalog::Column)| {
                if index == at {
                    written(&case)
                } else {
                    written(&cases(column.ty)[0])
                }
            };
            let cells: Vec<&str> = table.columns.iter().enumerate().map(cell).collect();
            text += &(cells.join(",") + "\n");
        }
    }
    text
}

fn check(table: &Table, kind: Kind, done: &Converted) {
    let shown = format!("{} {kind}", table.name);
    let rows = done.rows();
    let schema = done.batches[0].schema();
    let (mut row, mut rejected) = (0, 0);
    for (at, column) in table.columns.iter().enumerate() {
        let name = column.name.to_lowercase();
        let field = schema.field_with_name(&name).unwrap();
        assert_eq!(field.data_type(), &arrow(column.ty), "{shown} {}", column.name);
        assert!(field.is_nullable(), "{shown} {}", column.name);
        for case in cases(column.ty) {
            let found = rows[row][at].as_deref();
            let place = format!("{shown} {} {:?}", column.name, case.quoted);
            match case.becomes {
                Value(value) => assert_eq!(found, Some(value), "{place}"),
                Null => assert_eq!(found, None, "{place}"),
                NullOrEmpty => assert_eq!(found, (kind == Kind::Escaped).then_some(""), "{place}"),
                Reject(reason) => {
                    assert_eq!(found, None, "{place}");
                    let reject = &done.rejects[rejected];
                    assert_eq!(reject.reason, reason, "{place}");
                    assert_eq!(reject.column.as_deref(), Some(name.as_str()), "{place}");
                    assert_eq!(reject.raw.as_deref(), Some(case.quoted), "{place}");
                    rejected += 1;
                }
            }
            row += 1;
        }
    }
    assert_eq!((row, rejected), (rows.len(), done.rejects.len()), "{shown}");
}

#[test]
fn every_column_of_every_table() {
    let catalog = Catalog::builtin().unwrap();
    let mut columns = 0;
    for name in TABLES {
        let table = catalog.table(name).expect(name);
        columns += table.columns.len();
        for kind in [Kind::Quoted, Kind::Escaped] {
            for header in [true, false] {
                if !header && table.header_required {
                    continue;
                }
                let dialect = Declared {
                    kind: Some(kind),
                    header: Some(header),
                    ..Declared::default()
                };
                let plan = Plan {
                    dialect,
                    ..table_plan(name)
                };
                let done = convert(text(&table, kind, header).as_bytes(), &plan).unwrap();
                check(&table, kind, &done);
            }
            // With nothing declared the same is found.
            let done = convert(text(&table, kind, true).as_bytes(), &table_plan(name)).unwrap();
            // A quoted empty cell decides in any column, an escape only stands in text.
            let decides = kind == Kind::Quoted || table.columns.iter().any(|column| column.ty.is_text());
            let expected = if decides {
                kind.to_string()
            } else {
                "undecided".to_owned()
            };
            assert_eq!(done.report.dialect, expected, "{name}");
            check(&table, kind, &done);
        }
    }
    assert!(columns > 100, "{columns} columns");
}

#[test]
fn a_text_only_plan_reads_every_cell_as_it_is() {
    let catalog = Catalog::builtin().unwrap();
    let table = catalog.table("OBJECTS").unwrap();
    let typing = daymark::convert::Typing::Text;
    let done = convert(
        text(&table, Kind::Quoted, true).as_bytes(),
        &Plan { typing, ..plan() },
    )
    .unwrap();
    assert_eq!(done.report.cells_rejected, 0);
    assert!(done.column("OBJECTID").contains(&Some("12x".to_owned())));
}
