//! Definitions out of Parquet files, in memory that grows with what they define and not with their rows.

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use super::rows::{Rows, Warnings, folded};
use super::{
    ARCHIVED, ASSOCIATIONS, Column, Definitions, FROM, FROM_ID, LABEL, LABELS, NAME, PLURAL, PROPERTIES,
    PROPERTIES_JSON, QUALIFIED, SINGULAR, TO, TO_ID, TYPE, TYPE_ID, TYPES,
};

/// Types, properties and links of one account. HubSpot allows a thousand properties of its customer's own to an object type.
const DEFINITIONS_MAX: usize = 200_000;

/// Rows that are held at once.
const BATCH_ROWS: usize = 512;

/// Why definitions cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadError {
    /// A file is no Parquet that can be read.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// There are too many.
    #[error(
        "expected at most {DEFINITIONS_MAX} definitions of types, properties and associations, found more"
    )]
    TooMany,
}

/// Reads definitions, a file or a batch at a time.
#[derive(Debug, Default)]
pub struct Reader {
    definitions: Definitions,
    warnings: Warnings,
}

impl Reader {
    /// Takes a file of one of the [`TABLES`](super::TABLES). Of others nothing is read.
    ///
    /// # Errors
    /// [`UnreadError`].
    pub fn take_file(&mut self, table: &str, parquet: Bytes) -> Result<(), UnreadError> {
        let wanted = match table {
            TYPES => &[TYPE_ID, NAME, QUALIFIED, SINGULAR, PLURAL, LABELS][..],
            PROPERTIES => &[TYPE_ID, NAME, LABEL, TYPE, ARCHIVED],
            ASSOCIATIONS => &[FROM_ID, TO_ID, FROM, TO],
            _ => return Ok(()),
        };
        for batch in batches(parquet, wanted)? {
            self.take(table, &batch.map_err(ParquetError::from)?);
            if self.definitions.count() > DEFINITIONS_MAX {
                return Err(UnreadError::TooMany);
            }
        }
        Ok(())
    }

    /// Takes rows of one of the [`TABLES`](super::TABLES).
    pub(super) fn take(&mut self, table: &str, batch: &RecordBatch) {
        let (definitions, warnings) = (&mut self.definitions, &mut self.warnings);
        match table {
            TYPES => definitions.read_types(&Rows::of(TYPES, batch), warnings),
            PROPERTIES => definitions.read_properties(&Rows::of(PROPERTIES, batch), warnings),
            ASSOCIATIONS => definitions.read_associations(&Rows::of(ASSOCIATIONS, batch), warnings),
            _ => {}
        }
    }

    /// What was read.
    pub fn end(self) -> Definitions {
        Definitions {
            warnings: self.warnings.told(),
            ..self.definitions
        }
    }
}

impl Definitions {
    /// Counts which properties are set, as [`Definitions::count_usage`] does, in the first rows of a file of
    /// OBJECT_WITH_OBJECT_PROPERTIES.
    ///
    /// # Errors
    /// What keeps the file from being read.
    pub fn count_usage_in(&mut self, parquet: Bytes, rows_max: usize) -> Result<(), UnreadError> {
        let mut left = rows_max.div_ceil(BATCH_ROWS);
        for batch in batches(parquet, &[TYPE_ID, PROPERTIES_JSON])? {
            self.count_usage(&[batch.map_err(ParquetError::from)?]);
            left = left.saturating_sub(1);
            if left == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// The rows of a file, of these columns only.
fn batches(
    parquet: Bytes,
    wanted: &[Column],
) -> Result<impl Iterator<Item = Result<RecordBatch, arrow::error::ArrowError>>, ParquetError> {
    let file = ParquetRecordBatchReaderBuilder::try_new(parquet)?;
    let columns = file.parquet_schema().columns().iter().enumerate();
    let is_wanted = |name: &str| {
        let name = folded(name);
        wanted.iter().any(|column| column.0.contains(&name.as_str()))
    };
    let places = columns.filter(|(_, column)| is_wanted(column.name()));
    let places: Vec<usize> = places.map(|(place, _)| place).collect();
    let mask = ProjectionMask::leaves(file.parquet_schema(), places);
    file.with_projection(mask).with_batch_size(BATCH_ROWS).build()
}
