//! What the account says of itself: kinds, properties, pipelines and stages.

use super::SampleError;
use super::account::Account;
use super::calendar::{DAY_MS, HOUR_MS};
use super::cell::{self, Cell};
use super::events::{EVENTS, EventProperty};
use super::expected::ExpectedPart;
use super::kinds::KINDS;
use super::parts::{Place, TableWriter};
use super::pipelines::PIPELINES;
use super::properties::{Property, PropertyType};
use super::table;

const DESCRIPTIONS: &[Option<&str>] = &[
    Some("Set by HubSpot, read only"),
    None,
    Some("First line,\nsecond line with a \"quote\" and C:\\path\\"),
    Some(""),
    Some("Über alles, was zählt: 数 и é"),
    Some("ends with a backslash\\"),
    Some("\\N"),
];

/// Writes OBJECT_AND_EVENT_TYPE_DEFINITIONS.
pub fn write_types(account: &Account, day: usize, place: &Place) -> Result<Vec<ExpectedPart>, SampleError> {
    let mut writer = TableWriter::new(place, table::object_and_event_type_definitions());
    for (n, kind) in (0..).zip(KINDS) {
        writer.row(&[
            Cell::Text(kind.type_id),
            Cell::Text(kind.qualified_name),
            Cell::Text(kind.name),
            Cell::Text(kind.singular),
            Cell::text(kind.plural),
            Cell::Instant(defined_ms(account, n)),
        ])?;
    }
    for (n, event) in (100..).zip(EVENTS.iter().filter(|event| event.since_day <= day)) {
        let since_ms = defined_ms(account, n).max(since_ms(account, event.since_day));
        writer.row(&[
            Cell::Text(event.type_id),
            Cell::Text(event.qualified_name),
            Cell::Text(event.name),
            Cell::Text(event.singular),
            Cell::text(event.plural),
            Cell::Instant(since_ms),
        ])?;
    }
    writer.finish()
}

/// Writes PROPERTY_DEFINITIONS.
pub fn write_properties(
    account: &Account,
    day: usize,
    place: &Place,
) -> Result<Vec<ExpectedPart>, SampleError> {
    let mut writer = TableWriter::new(place, table::property_definitions());
    let mut n = 0;
    for kind in KINDS {
        let group = format!("{}information", kind.name.to_ascii_lowercase());
        for property in kind
            .properties
            .iter()
            .filter(|property| property.since_day <= day)
        {
            define(&mut writer, account, (kind.type_id, &group), property, (n, day))?;
            n += 1;
        }
    }
    for event in EVENTS.iter().filter(|event| event.since_day <= day) {
        for property in event.properties_on(day) {
            define_of_event(&mut writer, account, event.type_id, property, n)?;
            n += 1;
        }
    }
    writer.finish()
}

/// Writes PIPELINES.
pub fn write_pipelines(account: &Account, place: &Place) -> Result<Vec<ExpectedPart>, SampleError> {
    let mut writer = TableWriter::new(place, table::pipelines());
    for (n, pipeline) in (0..).zip(PIPELINES) {
        let created_ms = defined_ms(account, n);
        writer.row(&[
            Cell::Text(pipeline.type_id),
            Cell::Text(pipeline.id),
            Cell::Text(pipeline.label),
            Cell::Number(if n == 4 { -1 } else { n % 2 }),
            Cell::Bool(false),
            Cell::Instant(created_ms),
            Cell::Instant(created_ms + DAY_MS),
            Cell::Instant(account.ingested_ms(created_ms + DAY_MS, n)),
        ])?;
    }
    writer.finish()
}

/// Writes PIPELINE_STAGES.
pub fn write_stages(account: &Account, place: &Place) -> Result<Vec<ExpectedPart>, SampleError> {
    let mut writer = TableWriter::new(place, table::pipeline_stages());
    for (n, pipeline) in (0..).zip(PIPELINES) {
        for (order, stage) in (0..).zip(pipeline.stages) {
            let created_ms = defined_ms(account, n * 20 + order);
            writer.row(&[
                Cell::Text(pipeline.type_id),
                Cell::Text(pipeline.id),
                Cell::Text(stage.id),
                Cell::Text(stage.label),
                Cell::Number(order),
                Cell::Text(stage.metadata),
                Cell::Bool(false),
                Cell::Instant(created_ms),
                if order == 1 {
                    Cell::Null
                } else {
                    Cell::Instant(created_ms + HOUR_MS)
                },
                Cell::Instant(account.ingested_ms(created_ms + HOUR_MS, n)),
            ])?;
        }
    }
    writer.finish()
}

fn define(
    writer: &mut TableWriter<'_>,
    account: &Account,
    (type_id, group): (&str, &str),
    property: &Property,
    (n, day): (i64, usize),
) -> Result<(), SampleError> {
    let created_ms = defined_ms(account, n).max(since_ms(account, property.since_day));
    // A label changes overnight.
    let renamed = type_id == "0-1" && property.name == "city" && day > 0;
    let updated_ms = if renamed {
        account.cutoff_ms(0) + 9 * HOUR_MS
    } else {
        created_ms + HOUR_MS / 4
    };
    let (kind, field) = property.kind.names();
    let options = options(property);
    writer.row(&[
        Cell::Text(type_id),
        Cell::Text(property.name),
        if renamed {
            Cell::Text("Town")
        } else {
            Cell::text(property.label)
        },
        Cell::text(DESCRIPTIONS[n as usize % DESCRIPTIONS.len()]),
        Cell::Text(kind),
        Cell::Text(field),
        Cell::Text(group),
        Cell::text(options.as_deref()),
        Cell::Bool(property.archived),
        Cell::Instant(created_ms),
        Cell::Instant(updated_ms),
        Cell::Instant(account.ingested_ms(updated_ms, n)),
    ])
}

fn define_of_event(
    writer: &mut TableWriter<'_>,
    account: &Account,
    type_id: &str,
    property: &EventProperty,
    n: i64,
) -> Result<(), SampleError> {
    let created_ms = defined_ms(account, n).max(since_ms(account, property.since_day));
    writer.row(&[
        Cell::Text(type_id),
        Cell::Text(property.name),
        Cell::Text(property.name),
        Cell::Text("Collected with each event, as text"),
        Cell::Text("string"),
        Cell::Text("text"),
        Cell::Null,
        Cell::Null,
        Cell::Bool(false),
        Cell::Instant(created_ms),
        Cell::Instant(created_ms),
        Cell::Instant(account.ingested_ms(created_ms, n)),
    ])
}

/// OPTIONS: those of an enumeration as JSON; none for owners and stages, whose values are ids.
fn options(property: &Property) -> Option<String> {
    if property.kind != PropertyType::Enumeration {
        return None;
    }
    let mut json = b"[".to_vec();
    for (n, (value, label)) in property.options.iter().enumerate() {
        if n > 0 {
            json.push(b',');
        }
        json.extend_from_slice(b"{\"label\":");
        cell::push_json_text(&mut json, label);
        json.extend_from_slice(b",\"value\":");
        cell::push_json_text(&mut json, value);
        json.extend_from_slice(format!(",\"displayOrder\":{n},\"hidden\":false}}").as_bytes());
    }
    json.push(b']');
    Some(String::from_utf8_lossy(&json).into_owned())
}

/// When something was defined: long ago, one after the other.
fn defined_ms(account: &Account, n: i64) -> i64 {
    (account.date(0) - 1_000) * DAY_MS + n * 97 * 60_007
}

fn since_ms(account: &Account, since_day: usize) -> i64 {
    if since_day == 0 {
        i64::MIN
    } else {
        account.date(since_day) * DAY_MS
    }
}
