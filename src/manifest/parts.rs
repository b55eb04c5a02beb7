//! The day's parts as a table: `daymark_parts`, so that Athena can query the sync itself.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::{Part, Revision};

/// Rows of one batch, which bounds what the ledger takes beside the revision itself.
const BATCH_ROWS: usize = 8_192;

/// Why a ledger could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A defect of ours.
    #[error(transparent)]
    Columns(#[from] ArrowError),
    /// A defect of ours.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
}

/// The parts of a revision as Parquet: the same bytes for the same revision.
///
/// # Errors
/// [`LedgerError`], which is a defect.
pub fn ledger(revision: &Revision) -> Result<Vec<u8>, LedgerError> {
    let rows: Vec<(&str, &Part)> = revision
        .content
        .iter()
        .flat_map(|content| &content.tables)
        .flat_map(|(name, table)| table.parts.iter().map(move |part| (name.as_str(), part)))
        .collect();
    let number = revision.history.revision;
    let empty = batch(number, &[])?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_created_by(concat!("daymark ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), empty.schema(), Some(properties))?;
    for rows in rows.chunks(BATCH_ROWS) {
        writer.write(&batch(number, rows)?)?;
        // What waits for the end of its row group waits in memory.
        writer.flush()?;
    }
    Ok(writer.into_inner()?)
}

fn batch(revision: u32, rows: &[(&str, &Part)]) -> Result<RecordBatch, ArrowError> {
    let text = |of: fn(&Part) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(_, part)| of(part)),
        ))
    };
    // Athena knows no unsigned numbers; no count of rows or bytes comes near the end of the signed ones.
    let number = |of: fn(&Part) -> u64| -> ArrayRef {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Arc::new(Int64Array::from_iter_values(
            rows.iter().map(|(_, part)| signed(of(part))),
        ))
    };
    let tables: ArrayRef = Arc::new(StringArray::from_iter_values(
        rows.iter().map(|(table, _)| *table),
    ));
    let revisions: ArrayRef = Arc::new(Int64Array::from_iter_values(
        rows.iter().map(|_| i64::from(revision)),
    ));
    let times = rows.iter().map(|(_, part)| part.source.last_modified_ms);
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from_iter_values(times).with_timezone("UTC"));
    RecordBatch::try_from_iter([
        ("table_name", tables),
        ("revision", revisions),
        ("source_key", text(|part| &part.source.key)),
        ("source_etag", text(|part| &part.source.etag)),
        ("source_bytes", number(|part| part.source.bytes)),
        ("source_last_modified", times),
        ("source_sha256", text(|part| &part.source.sha256)),
        ("output_key", text(|part| &part.output.key)),
        ("output_etag", text(|part| &part.output.etag)),
        ("output_bytes", number(|part| part.output.bytes)),
        ("records_read", number(|part| part.records_read)),
        ("rows_written", number(|part| part.rows_written)),
        ("records_rejected", number(|part| part.records_rejected)),
        ("cells_rejected", number(|part| part.cells_rejected)),
        ("dialect", text(|part| &part.dialect)),
        ("profile", text(|part| &part.profile)),
        ("schema_fingerprint", text(|part| &part.schema)),
    ])
}
