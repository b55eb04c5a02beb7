use std::collections::BTreeMap;

use super::*;
use crate::athena::comment::COMMENT_BYTES_MAX;
use crate::catalog::Catalog;
use crate::keys::{Day, Layout, PARTS_TABLE, Place};

mod changes;

fn layout() -> Layout {
    let place = |bucket, prefix| Place::new(bucket, prefix).unwrap();
    Layout::new(place("in", "hubspot"), place("out", "lake")).unwrap()
}

fn catalog() -> Catalog {
    Catalog::builtin().unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn types(columns: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, kind): &(&str, &str)| ((*name).to_owned(), (*kind).to_owned());
    columns.iter().map(owned).collect()
}

fn seen(from: &str, columns: &[(&str, &str)]) -> Seen {
    Seen {
        types: types(columns),
        published_from: Some(day(from)),
        live_from: None,
    }
}

fn lake(tables: &[(&str, Seen)]) -> BTreeMap<String, Seen> {
    let owned = |(name, seen): &(&str, Seen)| ((*name).to_owned(), seen.clone());
    tables.iter().map(owned).collect()
}

fn tables(lake: &BTreeMap<String, Seen>) -> Vec<Wanted> {
    wanted(&layout(), &catalog(), lake)
}

fn named<'w>(wanted: &'w [Wanted], name: &str) -> &'w Table {
    &wanted
        .iter()
        .find(|wanted| wanted.table.name == name)
        .unwrap()
        .table
}

/// Glue after a plan was carried out.
fn carried_out(mut found: BTreeMap<String, Found>, plan: Vec<Change>) -> BTreeMap<String, Found> {
    for Change { name, step } in plan {
        if let Step::Create(table) | Step::Update { table, .. } = step {
            found.insert(
                name,
                Found {
                    description: Some(table.comment().to_owned()),
                    table: *table,
                    version: Some("1".to_owned()),
                },
            );
        }
    }
    found
}

fn created(lake: &BTreeMap<String, Seen>) -> BTreeMap<String, Found> {
    carried_out(
        BTreeMap::new(),
        plan(&tables(lake), &BTreeMap::new(), Range::Begins),
    )
}

fn step_of(plan: &[Change], name: &str) -> Step {
    plan.iter()
        .find(|change| change.name == name)
        .unwrap()
        .step
        .clone()
}

#[test]
fn every_table_seen_is_there_twice_and_daymarks_own_once() {
    let lake = lake(&[
        ("objects", seen("2026-11-20", &[("objectid", "bigint")])),
        (
            "events_purchase",
            seen("2026-11-21", &[("property_sku", "string")]),
        ),
        ("novelty", seen("2026-11-22", &[("a", "string")])),
        (PARTS_TABLE, seen("2026-11-20", &[])),
        (
            "owners",
            Seen {
                live_from: Some(day("2026-11-22")),
                ..Seen::default()
            },
        ),
    ]);
    let wanted = tables(&lake);
    let names: Vec<&str> = wanted.iter().map(|wanted| wanted.table.name.as_str()).collect();
    let expected = [
        "daymark_latest",
        "daymark_parts",
        "events_purchase",
        "novelty",
        "objects",
        "events_purchase_live",
        "novelty_live",
        "objects_live",
    ];
    assert_eq!(names, expected, "owners has no day that is published");

    let objects = named(&wanted, "objects");
    assert_eq!(objects.location, "s3://out/lake/published/table=objects/");
    let parameter = |name: &str| objects.parameters[name].as_str();
    assert_eq!(parameter(RANGE), "2026-11-20,NOW+1DAY");
    assert_eq!(
        parameter("storage.location.template"),
        "s3://out/lake/published/table=objects/date=${date}/"
    );
    assert_eq!(objects.mark(), Some(("published", "objects")));
    let [key] = &objects.keys[..] else {
        panic!("{objects:?}")
    };
    assert_eq!((key.name.as_str(), key.hive_type.as_str()), ("date", "string"));
    let live = named(&wanted, "objects_live");
    assert_eq!(live.location, "s3://out/lake/live/table=objects/");
    assert_eq!(live.columns, objects.columns);
    let latest = named(&wanted, LATEST_TABLE);
    assert_eq!(latest.location, "s3://out/lake/latest/");
    assert!(latest.keys.is_empty() && !latest.parameters.contains_key(RANGE));
    assert_eq!(
        named(&wanted, PARTS_TABLE).location,
        "s3://out/lake/published/table=daymark_parts/"
    );
}

#[test]
fn columns_are_the_catalogs_in_its_order_and_then_all_others() {
    let lake = lake(&[(
        "objects",
        seen(
            "2026-11-20",
            &[("aaa", "string"), ("updatedat", "string"), ("objectid", "bigint")],
        ),
    )]);
    let wanted = tables(&lake);
    let columns: Vec<(&str, &str)> = named(&wanted, "objects")
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.hive_type.as_str()))
        .collect();
    let expected = [
        ("objecttypeid", "string"),
        ("objectid", "bigint"),
        // Published as text before the catalog knew it: it stays text.
        ("updatedat", "string"),
        ("ingestedat", "timestamp"),
        ("aaa", "string"),
    ];
    assert_eq!(columns, expected);
    let comment = &named(&wanted, "objects").columns[1].comment;
    assert_eq!(
        comment,
        "Id of the record, unique within its type. (OBJECTID, known)"
    );
}

#[test]
fn types_are_hives() {
    let toml = "[[table]]\nname = \"T\"\ncolumns = [{ name = \"J\", type = \"json\" }, { name = \"D\", type = \"decimal(38,9)\" }]";
    let catalog = catalog().with_overrides(toml).unwrap();
    let wanted = wanted(&layout(), &catalog, &lake(&[("t", seen("2026-11-20", &[]))]));
    let kinds: Vec<&str> = named(&wanted, "t")
        .columns
        .iter()
        .map(|column| column.hive_type.as_str())
        .collect();
    assert_eq!(kinds, ["string", "decimal(38,9)"]);
}

#[test]
fn every_comment_fits_glue_and_still_names_its_source() {
    for meaning in ["x".repeat(255), "ä😀".repeat(80), "two\\nlines\\ttab".to_owned()] {
        let toml = format!(
            "[[table]]\nname = \"T\"\ncolumns = [{{ name = \"A_LONG_NAME\", type = \"string\", comment = \"{meaning}\" }}]"
        );
        let catalog = catalog().with_overrides(&toml).unwrap();
        let wanted = wanted(&layout(), &catalog, &lake(&[("t", seen("2026-11-20", &[]))]));
        let comment = &named(&wanted, "t").columns[0].comment;
        assert!(comment.len() <= COMMENT_BYTES_MAX, "{comment}");
        assert!(comment.ends_with("(A_LONG_NAME, declared)"), "{comment}");
        assert!(!comment.contains(char::is_control), "{comment}");
    }
    let all: Vec<(String, Seen)> = catalog()
        .tables()
        .map(|table| {
            (
                table.name.to_lowercase().replace('*', "x"),
                seen("2026-11-20", &[]),
            )
        })
        .collect();
    for wanted in tables(&all.into_iter().collect()) {
        for column in &wanted.table.columns {
            assert!(column.comment.len() <= COMMENT_BYTES_MAX);
            assert!(!column.comment.is_empty());
        }
    }
}

#[test]
fn a_tables_comment_fits_into_glue() {
    for meaning in [
        "ä".repeat(1_100),
        "x".repeat(2_020),
        "two\\nlines \\uFFFF".to_owned(),
    ] {
        let toml = format!("[[table]]\nname = \"T\"\ncomment = \"{meaning}\"");
        let catalog = catalog().with_overrides(&toml).unwrap();
        let wanted = wanted(&layout(), &catalog, &lake(&[("t", seen("2026-11-20", &[]))]));
        for (name, days) in [
            ("t", "once it is complete."),
            ("t_live", "as far as it has come."),
        ] {
            let comment = named(&wanted, name).comment();
            assert!(comment.len() <= 2_048 && comment.ends_with(days), "{comment}");
            assert!(
                !comment.contains(|c: char| c.is_control() || c == '\u{ffff}'),
                "{comment}"
            );
        }
    }
}

#[test]
fn the_ledgers_columns_are_those_that_are_written() {
    use crate::manifest::{History, Revision};
    let revision = Revision {
        content: Some(crate::manifest::Content::default()),
        content_sha256: None,
        date: "2026-11-22".to_owned(),
        history: History {
            changed_ms: None,
            comparisons: Vec::new(),
            daymark: String::new(),
            events: Vec::new(),
            first_ms: None,
            held: Vec::new(),
            late: false,
            left: Vec::new(),
            listed_ms: 0,
            progress: None,
            published: Some(1),
            reasons: Vec::new(),
            revision: 1,
            state: crate::day::State::Complete,
        },
        history_sha256: None,
        version: 1,
    };
    let ledger = bytes::Bytes::from(crate::manifest::ledger(&revision).unwrap());
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(ledger).unwrap();
    let written: Vec<(String, String)> = reader
        .schema()
        .fields()
        .iter()
        .map(|field| {
            use arrow::datatypes::DataType;
            let kind = match field.data_type() {
                DataType::Utf8 => "string",
                DataType::Int64 => "bigint",
                DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, _) => "timestamp",
                other => panic!("{other}"),
            };
            (field.name().clone(), kind.to_owned())
        })
        .collect();
    let told: Vec<(String, String)> = parts::columns()
        .into_iter()
        .map(|column| (column.name, column.hive_type))
        .collect();
    assert_eq!(told, written);
}

#[test]
fn sql_escapes_what_it_has_to() {
    let lake = lake(&[(
        "2nd",
        seen("2026-11-20", &[("_x", "string"), ("y", "decimal(10,2)")]),
    )]);
    let mut table = named(&tables(&lake), "2nd").clone();
    table.columns[0].comment = "it's a \\ backslash".to_owned();
    let sql = ddl(&table, "daymark");
    let expected = "CREATE EXTERNAL TABLE IF NOT EXISTS `daymark`.`2nd` (
  `_x` string COMMENT 'it\\'s a \\\\ backslash',
  `y` decimal(10,2) COMMENT 'Not in Daymark\\'s catalog, so its values are as HubSpot sends them.'
)
COMMENT 'A table that Daymark\\'s catalog does not know. A day is here once it is complete.'
PARTITIONED BY (
  `date` string COMMENT 'The day of the sync, yyyy-MM-dd.'
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://out/lake/published/table=2nd/'
TBLPROPERTIES (
  'daymark' = 'published',
  'daymark.table' = '2nd',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.interval' = '1',
  'projection.date.interval.unit' = 'DAYS',
  'projection.date.range' = '2026-11-20,NOW+1DAY',
  'projection.date.type' = 'date',
  'projection.enabled' = 'true',
  'storage.location.template' = 's3://out/lake/published/table=2nd/date=${date}/'
);
";
    assert_eq!(sql, expected);
}
