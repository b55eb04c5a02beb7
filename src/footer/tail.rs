//! The end of a Parquet file, where its footer is: enough to know what the file is without reading it.

use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::ParquetMetaDataReader;

use super::{FOOTER_KEY, FOOTER_VERSION, PartRecord};
use arrow::datatypes::{DataType, TimeUnit};

/// Length of the metadata and the magic number, at the very end of every Parquet file.
const END_BYTES: u64 = 8;

/// The longest footer that is read. Daymark's own have some hundred bytes a column and row group.
pub const FOOTER_BYTES_MAX: u64 = 32 << 20;

/// What the end of a file tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Tail {
    /// The footer begins earlier: so many bytes of the file's end are needed.
    More(u64),
    /// What it says.
    Whole(Box<Footer>),
}

/// What a footer says.
#[derive(Clone, Debug, PartialEq)]
pub struct Footer {
    /// The part's record.
    pub record: PartRecord,
    /// The columns in the file's order: name, and type as Athena writes it.
    pub columns: Vec<(String, String)>,
}

/// Why a file is none of ours, or none of this release's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TailError {
    /// It does not end as Parquet does.
    #[error("expected a Parquet file, found {0}")]
    NotParquet(String),
    /// Its footer is too long.
    #[error("expected a footer of at most {FOOTER_BYTES_MAX} bytes, found {0}")]
    Long(u64),
    /// It is Parquet, but Daymark did not write it.
    #[error("expected Daymark's record {FOOTER_KEY} in the footer, found {0}")]
    Foreign(String),
    /// A newer release wrote it. It is sound, but this release must leave it alone.
    #[error(
        "expected version {FOOTER_VERSION} at most of its record {FOOTER_KEY}, found {0}: a newer release of Daymark wrote it"
    )]
    Newer(u64),
    /// Its rows are not those that its record tells of.
    #[error("expected {expected} rows, as its record says, found {found}")]
    Rows {
        /// As the record says.
        expected: u64,
        /// As Parquet says.
        found: i64,
    },
}

/// Reads the footer from the last bytes of a file that has `file_bytes` in all.
///
/// # Errors
/// [`TailError`], where the file is none of ours.
pub fn read(tail: &[u8], file_bytes: u64) -> Result<Tail, TailError> {
    let end = tail.last_chunk::<8>().ok_or_else(|| {
        let bytes = tail.len();
        TailError::NotParquet(format!("{bytes} bytes"))
    })?;
    let [a, b, c, d, magic @ ..] = *end;
    if magic != *b"PAR1" {
        return Err(TailError::NotParquet("another ending than PAR1".to_owned()));
    }
    let needed = u64::from(u32::from_le_bytes([a, b, c, d])) + END_BYTES;
    if needed > FOOTER_BYTES_MAX || needed > file_bytes {
        return Err(TailError::Long(needed));
    }
    let footer = usize::try_from(needed)
        .ok()
        .and_then(|needed| tail.len().checked_sub(needed))
        .and_then(|start| tail.get(start..tail.len() - end.len()));
    let Some(footer) = footer else {
        return Ok(Tail::More(needed));
    };
    let broken = |error: parquet::errors::ParquetError| TailError::NotParquet(error.to_string());
    let metadata = ParquetMetaDataReader::decode_metadata(footer).map_err(broken)?;
    let file = metadata.file_metadata();
    let pairs = file.key_value_metadata().into_iter().flatten();
    let record = pairs
        .filter(|pair| pair.key == FOOTER_KEY)
        .find_map(|pair| pair.value.as_deref());
    let record = record.ok_or_else(|| TailError::Foreign("none".to_owned()))?;
    let record = PartRecord::parse(record)?;
    if u64::try_from(file.num_rows()).ok() != Some(record.rows_written) {
        return Err(TailError::Rows {
            expected: record.rows_written,
            found: file.num_rows(),
        });
    }
    let schema = parquet_to_arrow_schema(file.schema_descr(), None).map_err(broken)?;
    let columns = schema.fields().iter();
    let columns = columns.map(|field| (field.name().clone(), athena_type(field.data_type())));
    Ok(Tail::Whole(Box::new(Footer {
        record,
        columns: columns.collect(),
    })))
}

/// A column's type as Athena writes it in a table's definition.
fn athena_type(of: &DataType) -> String {
    match of {
        DataType::Utf8 => "string".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(TimeUnit::Millisecond, _) => "timestamp".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        // None that Daymark writes; told, so that it can contradict.
        other => other.to_string(),
    }
}
