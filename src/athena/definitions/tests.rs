//! Definitions in the spellings that they may come in.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray, TimestampMillisecondArray};

use super::*;

fn batch(columns: &[(&str, &[Option<&str>])]) -> RecordBatch {
    let columns = columns.iter().map(|(name, cells)| {
        let array: ArrayRef = Arc::new(StringArray::from(cells.to_vec()));
        (*name, array)
    });
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn types() -> RecordBatch {
    batch(&[
        ("objecttypeid", &[Some("0-1"), Some("2-7"), None, Some("")]),
        ("name", &[Some("CONTACT"), Some("car"), Some("x"), Some("y")]),
        ("plurallabel", &[Some("Contacts"), None, None, None]),
        ("singularlabel", &[Some("Contact"), Some("Car"), None, None]),
    ])
}

#[test]
fn types_properties_and_links() {
    let properties = batch(&[
        (
            "objecttypeid",
            &[Some("0-1"), Some("0-1"), Some("0-1"), Some("0-1")],
        ),
        ("name", &[Some("amount"), Some("born"), Some("mystery"), None]),
        (
            "type",
            &[
                Some("number"),
                Some("DATE"),
                Some("object_coordinates"),
                Some("bool"),
            ],
        ),
        ("archived", &[Some("false"), Some("true"), None, None]),
    ]);
    let links = batch(&[
        ("fromobjecttypeid", &[Some("0-1"), Some("0-1")]),
        ("toobjecttypeid", &[Some("2-7"), None]),
        ("fromobjecttype", &[Some("CONTACT"), Some("CONTACT")]),
    ]);
    let read = Definitions::read(&[types()], &[properties], &[links]);
    assert_eq!(read.types.len(), 2);
    assert_eq!(read.types["0-1"].plural.as_deref(), Some("Contacts"));
    assert_eq!(read.types["2-7"].singular.as_deref(), Some("Car"));
    assert_eq!(read.types["2-7"].plural, None);
    let of_contacts = &read.properties["0-1"];
    assert_eq!(of_contacts["amount"].kind, PropertyKind::Number);
    assert_eq!(of_contacts["born"].kind, PropertyKind::Date);
    assert!(of_contacts["born"].archived && !of_contacts["amount"].archived);
    assert_eq!(of_contacts["mystery"].kind, PropertyKind::Text);
    let pair = ("0-1".to_owned(), "2-7".to_owned());
    assert_eq!(read.associations[&pair].from.as_deref(), Some("CONTACT"));
    assert_eq!(
        read.warnings,
        [
            "association_definitions: row without FROMOBJECTTYPEID or TOOBJECTTYPEID, left out",
            "object_and_event_type_definitions: row without OBJECTTYPEID, left out (2 times)",
            "property_definitions: row without OBJECTTYPEID or NAME, left out",
        ]
    );
}

#[test]
fn other_spellings_of_columns() {
    let labelled = batch(&[
        ("OBJECT_TYPE_ID", &[Some("2-7")]),
        ("FULLY_QUALIFIED_NAME", &[Some("p1_car")]),
        ("Labels", &[Some(r#"{"singular":"Car","plural":"Cars"}"#)]),
    ]);
    let read = Definitions::read(&[labelled], &[], &[]);
    assert_eq!(
        read.types["2-7"],
        TypeDefinition {
            name: None,
            qualified_name: Some("p1_car".to_owned()),
            singular: Some("Car".to_owned()),
            plural: Some("Cars".to_owned()),
        }
    );
    let flag: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true)]));
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![Some(text)])) };
    // What is not needed may be of any type, whether it can be text or not.
    let at: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1]).with_timezone("UTC"));
    let properties = RecordBatch::try_from_iter([
        ("ingestedat", at),
        ("ObjectTypeId", text("2-7")),
        ("property_name", text("doors")),
        ("DATA_TYPE", text("Number")),
        ("IsArchived", flag),
    ])
    .unwrap();
    let read = Definitions::read(&[], &[properties], &[]);
    let doors = &read.properties["2-7"]["doors"];
    assert!(doors.archived);
    assert_eq!(read.warnings, [] as [&str; 0]);
    assert_eq!(doors.kind, PropertyKind::Number);
    // Without TYPE all is text, without any known column nothing is there.
    let untyped = batch(&[("objecttypeid", &[Some("2-7")]), ("name", &[Some("doors")])]);
    let read = Definitions::read(&[], &[untyped], &[batch(&[("foo", &[Some("x")])])]);
    assert_eq!(read.properties["2-7"]["doors"].kind, PropertyKind::Text);
    assert!(read.is_untyped);
    assert_eq!(
        read.warnings,
        [
            "association_definitions: row without FROMOBJECTTYPEID or TOOBJECTTYPEID, left out",
            "property_definitions: no column TYPE, so that every property is text",
        ]
    );
}

#[test]
fn rows_that_contradict_each_other_count_alike_in_any_order() {
    let one = |archived: &'static str, kind: &'static str| {
        batch(&[
            ("objecttypeid", &[Some("0-1")]),
            ("name", &[Some("a")]),
            ("type", &[Some(kind)]),
            ("archived", &[Some(archived)]),
        ])
    };
    for (kept, rows) in [
        (
            PropertyKind::Text,
            [one("false", "string"), one("true", "number")],
        ),
        (
            PropertyKind::Number,
            [one("false", "string"), one("false", "number")],
        ),
    ] {
        let there = Definitions::read(&[], &rows, &[]);
        let back = Definitions::read(&[], &[rows[1].clone(), rows[0].clone()], &[]);
        assert_eq!(there, back);
        assert_eq!(there.properties["0-1"]["a"].kind, kept);
        assert_eq!(there.warnings.len(), 1);
    }
    let same = Definitions::read(&[types(), types()], &[], &[]);
    assert!(
        !same
            .warnings
            .iter()
            .any(|warning| warning.contains("contradicts"))
    );
}

#[test]
fn types_may_be_called_by_their_names() {
    let types = batch(&[
        ("OBJECTTYPEID", &[Some("2-7"), Some("2-8")]),
        ("FULLYQUALIFIEDNAME", &[Some("p1_car"), Some("p1_boat")]),
        ("NAME", &[Some("car"), Some("boat")]),
    ]);
    let properties = batch(&[
        (
            "OBJECTTYPEID",
            &[
                Some("CONTACT"),
                Some("p1_car"),
                Some("Boat"),
                Some("2-8"),
                Some("2-9"),
                Some("ghost"),
            ],
        ),
        (
            "NAME",
            &[
                Some("email"),
                Some("size"),
                Some("size"),
                Some(" mast "),
                Some("a"),
                Some("b"),
            ],
        ),
    ]);
    let links = batch(&[
        ("FROMOBJECTTYPEID", &[Some("car"), Some("0-1")]),
        ("TOOBJECTTYPEID", &[Some("CONTACT"), Some("2-8")]),
    ]);
    let read = Definitions::read(&[types], &[properties], &[links]);
    let defined = read.by_ids(|name| (name == "contact").then_some("0-1"));
    let names: Vec<(&str, Vec<&str>)> = defined
        .properties
        .iter()
        .map(|(id, of_type)| (id.as_str(), of_type.keys().map(String::as_str).collect()))
        .collect();
    assert_eq!(
        names,
        [
            ("0-1", vec!["email"]),
            ("2-7", vec!["size"]),
            // A name's blanks are its own: records have them too.
            ("2-8", vec![" mast ", "size"]),
            ("2-9", vec!["a"]),
            ("ghost", vec!["b"]),
        ]
    );
    let pairs: Vec<_> = defined.associations.keys().collect();
    assert_eq!(
        pairs,
        [
            &("0-1".to_owned(), "2-8".to_owned()),
            &("2-7".to_owned(), "0-1".to_owned())
        ]
    );
    let told = defined
        .warnings
        .iter()
        .filter(|warning| warning.starts_with("type "));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "type ghost: neither an id such as 0-1 nor the name of a type that is defined, so that no record is of it"
        ]
    );
}
