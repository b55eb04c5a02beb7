//! Values and types of Arrow as text for people.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, TimestampMicrosecondArray, TimestampMillisecondArray};
use arrow::array::{TimestampNanosecondArray, TimestampSecondArray};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::grid::{Grid, one_line};

/// Columns of a cell that is shown.
const CELL_COLUMNS: usize = 40;

/// Rows as a table. NULL is `NULL`, an empty text is `""`, and a text that looks like one of the two stands in quotes.
pub(super) fn rows(batches: &[RecordBatch], names: &[String]) -> Result<Grid, ArrowError> {
    let options = FormatOptions::default();
    let mut grid = Grid::new(names.iter().map(|name| one_line(name, CELL_COLUMNS)));
    for batch in batches {
        let shown: Vec<(ArrayRef, bool)> = batch.columns().iter().map(without_zone).collect();
        let formatters = shown
            .iter()
            .map(|(array, _)| ArrayFormatter::try_new(array.as_ref(), &options))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let mut cells = Vec::with_capacity(formatters.len());
            for ((array, utc), formatter) in shown.iter().zip(&formatters) {
                cells.push(if array.is_null(row) {
                    "NULL".to_owned()
                } else {
                    cell(&formatter.value(row).try_to_string()?, *utc)
                });
            }
            grid.push(cells);
        }
    }
    Ok(grid)
}

fn cell(text: &str, utc: bool) -> String {
    let text = if text.is_empty() || text == "NULL" || text.starts_with('"') && text.ends_with('"') {
        format!("{text:?}")
    } else {
        text.to_owned()
    };
    let zone = if utc { "Z" } else { "" };
    one_line(&(text + zone), CELL_COLUMNS)
}

/// An instant in UTC as one without a zone, because the formatter knows no zone by name; whether it was one.
fn without_zone(array: &ArrayRef) -> (ArrayRef, bool) {
    macro_rules! plain {
        ($type:ty) => {
            match array.as_any().downcast_ref::<$type>() {
                Some(instants) => (
                    Arc::new(instants.clone().with_timezone_opt(None::<&str>)),
                    true,
                ),
                None => (array.clone(), false),
            }
        };
    }
    match array.data_type() {
        DataType::Timestamp(unit, Some(zone)) if zone.as_ref() == "UTC" => match unit {
            TimeUnit::Second => plain!(TimestampSecondArray),
            TimeUnit::Millisecond => plain!(TimestampMillisecondArray),
            TimeUnit::Microsecond => plain!(TimestampMicrosecondArray),
            TimeUnit::Nanosecond => plain!(TimestampNanosecondArray),
        },
        _ => (array.clone(), false),
    }
}

/// A type by the name that catalogs have for it; Arrow's own name where they have none.
pub(super) fn type_name(ty: &DataType) -> String {
    match ty {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Timestamp(TimeUnit::Millisecond, Some(zone)) if zone.as_ref() == "UTC" => {
            "timestamp".to_owned()
        }
        other => other.to_string(),
    }
}
