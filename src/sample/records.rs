//! The four tables of records: OBJECTS, OBJECT_WITH_OBJECT_PROPERTIES, OBJECT_PROPERTIES and its history.

use super::SampleError;
use super::account::{Account, HISTORY_OF_CONTACTS_MAX, HISTORY_OF_OTHERS_MAX, Record, Values};
use super::calendar;
use super::cell::{self, Cell, Unfit};
use super::expected::ExpectedPart;
use super::kinds::{self, KINDS};
use super::parts::{Place, TableWriter};
use super::table;

struct Tables<'a> {
    account: &'a Account,
    objects: TableWriter<'a>,
    documents: TableWriter<'a>,
    properties: TableWriter<'a>,
    history: TableWriter<'a>,
    json: Vec<u8>,
}

/// Writes the four tables in one pass over all records.
pub fn write(
    account: &Account,
    day: usize,
    breaks: bool,
    place: &Place,
) -> Result<Vec<ExpectedPart>, SampleError> {
    let mut tables = Tables {
        account,
        objects: TableWriter::new(place, table::objects()),
        documents: TableWriter::new(place, table::object_with_object_properties()),
        properties: TableWriter::new(place, table::object_properties()),
        history: TableWriter::new(place, table::object_properties_history()),
        json: Vec::new(),
    };
    let mut values = Values::default();
    for kind in 0..KINDS.len() {
        for (n, record) in account.records(kind, day).enumerate() {
            if breaks && kind == kinds::RENTAL_UNIT && record.number == broken_from(account, day) {
                tables.history.begin_broken()?;
            }
            account.values(&record, day, &mut values);
            tables.record(&record, &values)?;
            if kind == kinds::CONTACT && n == 4 {
                tables.faults(&record, &values)?;
            }
        }
    }
    let mut parts = tables.objects.finish()?;
    parts.extend(tables.documents.finish()?);
    parts.extend(tables.properties.finish()?);
    parts.extend(tables.history.finish()?);
    Ok(parts)
}

/// The broken part holds the history of the last few records, found nowhere else. (The record before it exists on
/// each day: only old ones are deleted, and the newest come last.)
fn broken_from(account: &Account, day: usize) -> u64 {
    let count = account.count(kinds::RENTAL_UNIT, day);
    let new = count - account.count_at_first(kinds::RENTAL_UNIT);
    count - new.min(300)
}

impl Tables<'_> {
    fn record(&mut self, record: &Record, values: &Values) -> Result<(), SampleError> {
        let kind = &KINDS[record.kind];
        let (type_id, id) = (Cell::Text(kind.type_id), Cell::Number(record.id));
        let updated = Cell::Instant(values.updated_ms);
        let ingested = Cell::Instant(self.account.ingested_ms(values.updated_ms, record.id));
        self.objects.row(&[type_id, id, updated, ingested])?;
        self.json.clear();
        self.json.push(b'{');
        let kept = if record.kind == kinds::CONTACT {
            HISTORY_OF_CONTACTS_MAX
        } else {
            HISTORY_OF_OTHERS_MAX
        };
        for (property, list) in kind.properties.iter().zip(&values.of_property) {
            let Some(current) = list.last() else { continue };
            let current_text = Cell::text(current.text.as_deref());
            if self.json.len() > 1 {
                self.json.push(b',');
            }
            cell::push_json_text(&mut self.json, property.name);
            self.json.push(b':');
            cell::push_json(&mut self.json, &current_text);
            let name = Cell::Text(property.name);
            let (since, arrived) = self.instants(record, current.since_ms);
            self.properties
                .row(&[type_id, id, name, current_text, since, arrived])?;
            if !property.in_history {
                continue;
            }
            for value in list.iter().skip(list.len().saturating_sub(kept)) {
                let text = Cell::text(value.text.as_deref());
                let (since, arrived) = self.instants(record, value.since_ms);
                self.history.row(&[type_id, id, name, text, since, arrived])?;
            }
        }
        self.json.push(b'}');
        let json = String::from_utf8_lossy(&self.json);
        self.documents
            .row(&[type_id, id, Cell::Text(&json), updated, ingested])
    }

    fn instants(&self, record: &Record, since_ms: i64) -> (Cell<'static>, Cell<'static>) {
        (
            Cell::Instant(since_ms),
            Cell::Instant(self.account.ingested_ms(since_ms, record.id)),
        )
    }

    /// What does not fit: cells that become NULL, records that are rejected, and lines that are none.
    fn faults(&mut self, record: &Record, values: &Values) -> Result<(), SampleError> {
        let type_id = Cell::Text(KINDS[record.kind].type_id);
        let (updated, ingested) = self.instants(record, values.updated_ms);
        for (text, unfit) in [
            ("9223372036854775808", Unfit::Overflow),
            ("-99999999999999999999999", Unfit::Overflow),
            ("58637a", Unfit::NotAnInteger),
        ] {
            self.objects
                .row(&[type_id, Cell::Unfit(text, unfit), updated, ingested])?;
        }
        let (id, name) = (Cell::Number(record.id), Cell::Text("city"));
        for (text, unfit) in [
            ("2026-02-30 10:00:00.000", Unfit::NoSuchDay),
            ("2026-11-20 25:61:00.000", Unfit::NoSuchTime),
            ("yesterday", Unfit::NotAnInstant),
        ] {
            let unfit = Cell::Unfit(text, unfit);
            self.properties
                .row(&[type_id, id, name, Cell::Text("Essen"), unfit, ingested])?;
        }
        let since = calendar::instant_text(values.updated_ms);
        let id = record.id;
        self.properties
            .rejected_record(format!("\"0-1\",{id},\"city\",\"Essen\"").as_bytes(), "fields")?;
        let more = format!("\"0-1\",{id},\"city\",\"Essen\",\"{since}\",\"{since}\",\"more\"");
        self.properties.rejected_record(more.as_bytes(), "fields")?;
        self.properties.empty_line()?;
        // Latin-1 where UTF-8 should be.
        let mut line = format!("\"0-1\",{id},\"city\",\"K").into_bytes();
        line.extend_from_slice(b"\xf6ln\",");
        line.extend_from_slice(format!("\"{since}\",\"{since}\"").as_bytes());
        self.properties.rejected_record(&line, "not_utf8")?;
        self.history
            .rejected_record(format!("0-1,{id},city,Essen,{since}").as_bytes(), "fields")
    }
}
