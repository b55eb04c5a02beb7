//! Reads a sample's `truth/`, and compares it with Parquet files, read by the `parquet` crate.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde::Deserialize;

/// One cell, as the lake must hold it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Null,
    Text(String),
    Number(i64),
    Bool(bool),
    /// Milliseconds since 1970 UTC.
    Instant(i64),
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Key of the part it comes from, below `landing/`.
    pub part: String,
    /// Cells by the lake's column name.
    pub cells: BTreeMap<String, Value>,
}

/// `truth/expected.json`.
#[derive(Debug, Deserialize)]
pub struct Expected {
    pub days: Vec<String>,
    pub tables: BTreeMap<String, Vec<Column>>,
    pub parts: Vec<Part>,
}

#[derive(Debug, Deserialize)]
pub struct Column {
    pub name: String,
    /// `string`, `json`, `bigint`, `boolean` or `timestamp`.
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Debug, Deserialize)]
pub struct Part {
    pub key: String,
    pub table: String,
    pub date: String,
    pub bytes: u64,
    pub sha256: String,
    pub compression: String,
    pub members: u64,
    pub dialect: String,
    pub header: bool,
    pub columns: Vec<String>,
    pub records: u64,
    pub rows: u64,
    pub empty_lines: u64,
    pub rejected_records: Vec<RejectedRecord>,
    pub rejected_cells: Vec<RejectedCell>,
    pub refused: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct RejectedRecord {
    pub record: u64,
    pub reason: String,
}

#[derive(Debug, Deserialize)]
pub struct RejectedCell {
    pub record: u64,
    pub column: String,
    pub reason: String,
}

/// What is expected of the sample in a directory.
pub fn expected(dir: &Path) -> Expected {
    let path = dir.join("truth/expected.json");
    serde_json::from_reader(BufReader::new(File::open(&path).unwrap())).unwrap()
}

/// All rows of one table and day, in the order of the parts; none if the account had none.
pub fn rows(dir: &Path, date: &str, table: &str) -> Vec<Row> {
    let path = dir.join(format!("truth/date={date}/{table}.jsonl.gz"));
    if !path.exists() {
        return Vec::new();
    }
    let types: BTreeMap<String, String> = expected(dir)
        .tables
        .remove(table)
        .unwrap()
        .into_iter()
        .map(|column| (column.name, column.kind))
        .collect();
    let lines = BufReader::new(flate2::read::MultiGzDecoder::new(File::open(&path).unwrap())).lines();
    lines.map(|line| row(&line.unwrap(), &types)).collect()
}

fn row(line: &str, types: &BTreeMap<String, String>) -> Row {
    let mut cells: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).unwrap();
    let part = cells.remove("_part").unwrap().as_str().unwrap().to_owned();
    let typed = |(name, value): (String, serde_json::Value)| {
        let value = match (types[&name].as_str(), value) {
            (_, serde_json::Value::Null) => Value::Null,
            ("string" | "json", serde_json::Value::String(text)) => Value::Text(text),
            ("bigint", serde_json::Value::Number(number)) => Value::Number(number.as_i64().unwrap()),
            ("boolean", serde_json::Value::Bool(yes)) => Value::Bool(yes),
            ("timestamp", serde_json::Value::String(text)) => Value::Instant(instant_ms(&text)),
            (kind, value) => panic!("{name}: {value} is no {kind}"),
        };
        (name, value)
    };
    Row {
        part,
        cells: cells.into_iter().map(typed).collect(),
    }
}

/// Milliseconds of an instant in one of the spellings of a sample.
pub fn instant_ms(text: &str) -> i64 {
    parse_instant(text).unwrap()
}

/// The same, or None if there is no such instant.
pub fn parse_instant(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> { text.get(from..to)?.parse().ok() };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second, ms) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
    // Days before each year and month, counted one by one: slow, and independent of the generator.
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let of_year = |year: i64| 365 + i64::from(leap(year));
    let months = [
        31,
        28 + i64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let month = usize::try_from(month).ok()?.checked_sub(1)?;
    if !(1..=*months.get(month)?).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let years: i64 = (1970..year).map(of_year).sum::<i64>() - (year..1970).map(of_year).sum::<i64>();
    let days = years + months.iter().take(month).sum::<i64>() + day - 1;
    let shift_hours = match &text[23..] {
        "" | " Z" | "Z" => 0,
        " -0800" => 8,
        _ => return None,
    };
    Some((((days * 24 + hour + shift_hours) * 60 + minute) * 60 + second) * 1_000 + ms)
}

/// Compares one table and day with Parquet files: the same rows, each as often, in any order, cell by cell. A column that
/// a file has not is NULL in its rows. Answers the number of rows, or the first difference.
pub fn compare(dir: &Path, date: &str, table: &str, files: &[PathBuf]) -> Result<usize, String> {
    let columns: Vec<String> = expected(dir).tables[table]
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let mut wanted: Vec<Vec<Value>> = rows(dir, date, table)
        .into_iter()
        .map(|mut row| ordered(&columns, &mut row.cells))
        .collect();
    let mut found = Vec::new();
    for file in files {
        for mut cells in parquet_rows(file)? {
            found.push(ordered(&columns, &mut cells));
            if let Some(name) = cells.keys().next() {
                return Err(format!("{}: column {name} is not expected", file.display()));
            }
        }
    }
    wanted.sort();
    found.sort();
    if wanted.len() != found.len() {
        return Err(format!(
            "{table} {date}: expected {} rows, found {}",
            wanted.len(),
            found.len()
        ));
    }
    match wanted.iter().zip(&found).find(|(wanted, found)| wanted != found) {
        Some((wanted, found)) => Err(format!("{table} {date}: expected {wanted:?}, found {found:?}")),
        None => Ok(found.len()),
    }
}

fn ordered(columns: &[String], cells: &mut BTreeMap<String, Value>) -> Vec<Value> {
    columns
        .iter()
        .map(|name| cells.remove(name).unwrap_or(Value::Null))
        .collect()
}

fn parquet_rows(file: &Path) -> Result<Vec<BTreeMap<String, Value>>, String> {
    let fault = |error: parquet::errors::ParquetError| format!("{}: {error}", file.display());
    let reader = SerializedFileReader::try_from(file).map_err(fault)?;
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None).map_err(fault)? {
        let mut cells = BTreeMap::new();
        for (name, field) in row.map_err(fault)?.get_column_iter() {
            let value = match field {
                Field::Null => Value::Null,
                Field::Str(text) => Value::Text(text.clone()),
                Field::Long(number) => Value::Number(*number),
                Field::Bool(yes) => Value::Bool(*yes),
                Field::TimestampMillis(instant_ms) => Value::Instant(*instant_ms),
                other => {
                    return Err(format!(
                        "{}: {name}: unexpected type of {other:?}",
                        file.display()
                    ));
                }
            };
            cells.insert(name.clone(), value);
        }
        rows.push(cells);
    }
    Ok(rows)
}
