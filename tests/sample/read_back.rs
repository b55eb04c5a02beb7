//! Each part, read by plain readers, equals its truth.

use std::collections::HashMap;

use crate::truth::{self, Part, Row, Value};
use crate::{shared, text};

/// A field as the file has it: whether bare, and its text without quotes and escapes.
type RawField = (bool, Vec<u8>);

/// A plain reader of both dialects, on a whole text, one byte after the other.
fn records(text: &[u8], escaped: bool) -> Vec<Vec<RawField>> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), (true, Vec::new()));
    let mut bytes = text.iter().copied().peekable();
    let mut quoted = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted && bytes.peek() == Some(&b'"') => field.1.extend(bytes.next()),
            b'"' if quoted => quoted = false,
            _ if quoted => field.1.push(byte),
            b'"' if !escaped && field.1.is_empty() => {
                quoted = true;
                field.0 = false;
            }
            b'\\' if escaped && bytes.peek() != Some(&b'N') => {
                field.0 = false;
                field.1.extend(bytes.next());
            }
            b',' => record.push(std::mem::replace(&mut field, (true, Vec::new()))),
            b'\r' if !escaped => assert_eq!(bytes.peek(), Some(&b'\n'), "a CR outside quotes"),
            b'\n' => {
                record.push(std::mem::replace(&mut field, (true, Vec::new())));
                records.push(std::mem::take(&mut record));
            }
            _ => field.1.push(byte),
        }
    }
    assert!(
        !quoted && record.is_empty() && field.1.is_empty(),
        "the text ends in a record"
    );
    records
}

fn typed((bare, bytes): &RawField, kind: &str, escaped: bool) -> Option<Value> {
    let text = String::from_utf8(bytes.clone()).ok()?;
    if *bare && (text == "\\N" || (text.is_empty() && !escaped)) {
        return Some(Value::Null);
    }
    match kind {
        "bigint" => text.parse().ok().map(Value::Number),
        "boolean" => text.parse().ok().map(Value::Bool),
        "timestamp" => truth::parse_instant(&text).map(Value::Instant),
        _ => Some(Value::Text(text)),
    }
}

#[test]
fn each_part_read_back_equals_truth() {
    let expected = truth::expected(shared());
    for date in &expected.days {
        for (table, columns) in &expected.tables {
            let mut of_part: HashMap<String, Vec<Row>> = HashMap::new();
            for row in truth::rows(shared(), date, table) {
                of_part.entry(row.part.clone()).or_default().push(row);
            }
            let kinds: HashMap<&str, &str> = columns
                .iter()
                .map(|c| (c.name.as_str(), c.kind.as_str()))
                .collect();
            for part in expected
                .parts
                .iter()
                .filter(|part| &part.date == date && &part.table == table)
            {
                let wanted = of_part.remove(&part.key).unwrap_or_default();
                if part.refused.is_none() {
                    part_equals(part, &kinds, &wanted);
                } else {
                    assert!(wanted.is_empty(), "{}", part.key);
                }
            }
            assert!(of_part.is_empty(), "{table} {date}: truth of unknown parts");
        }
    }
}

fn part_equals(part: &Part, kinds: &HashMap<&str, &str>, wanted: &[Row]) {
    let escaped = part.dialect == "escaped";
    let mut found = records(&text(part), escaped);
    if part.header {
        let names: Vec<String> = found
            .remove(0)
            .into_iter()
            .map(|(_, name)| String::from_utf8(name).unwrap().to_ascii_lowercase())
            .collect();
        assert_eq!(names, part.columns, "{}", part.key);
    }
    let lines = found.len();
    found.retain(|record| record != &[(true, Vec::new())]);
    assert_eq!((lines - found.len()) as u64, part.empty_lines, "{}", part.key);
    assert_eq!(found.len() as u64, part.records, "{}", part.key);
    assert_eq!(wanted.len() as u64, part.rows, "{}", part.key);
    let mut wanted = wanted.iter();
    for (number, record) in (1 + u64::from(part.header)..).zip(&found) {
        if let Some(rejected) = part
            .rejected_records
            .iter()
            .find(|rejected| rejected.record == number)
        {
            let utf8 = record.iter().all(|(_, text)| std::str::from_utf8(text).is_ok());
            let fits = record.len() == part.columns.len();
            match rejected.reason.as_str() {
                "fields" => assert!(utf8 && !fits),
                "not_utf8" => assert!(!utf8 && fits),
                other => panic!("unknown reason {other}"),
            }
            continue;
        }
        assert_eq!(record.len(), part.columns.len(), "{} record {number}", part.key);
        let row = wanted.next().unwrap();
        for (column, field) in part.columns.iter().zip(record) {
            let value = typed(field, kinds[column.as_str()], escaped);
            let rejected = part
                .rejected_cells
                .iter()
                .any(|cell| cell.record == number && &cell.column == column);
            assert_eq!(value.is_none(), rejected, "{} record {number} {column}", part.key);
            let value = value.unwrap_or(Value::Null);
            assert_eq!(value, row.cells[column], "{} record {number} {column}", part.key);
        }
    }
    assert!(wanted.next().is_none());
}

#[test]
fn the_csv_crate_reads_the_quoted_parts_alike() {
    for part in truth::expected(shared()).parts {
        if part.dialect != "quoted" || part.refused.is_some() {
            continue;
        }
        let text = text(&part);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_slice());
        let theirs: Vec<Vec<Vec<u8>>> = reader
            .byte_records()
            .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect();
        let mut ours = records(&text, false);
        ours.retain(|record| record != &[(true, Vec::new())]);
        let ours: Vec<Vec<Vec<u8>>> = ours
            .into_iter()
            .map(|record| record.into_iter().map(|(_, text)| text).collect())
            .collect();
        assert!(theirs == ours, "{}", part.key);
    }
}
