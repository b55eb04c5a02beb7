//! From Arrow batches to Parquet, in bounded memory.
//!
//! Settings follow measurements (`make bench`): dictionaries only where the first rows repeat their values; minima and
//! maxima only for numbers, times and dictionary-like text (those of doubles in IEEE 754's total order, as the `parquet` crate has
//! it, by which not all engines leave out row groups yet); pages and row groups bounded by bytes, and by the number of
//! columns, since each column holds a page and a dictionary.

mod chunk;
mod dictionary;
mod hybrid;
mod levels;
mod pages;

use std::collections::HashSet;
use std::io::{self, Write};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, SchemaRef, TimestampMillisecondType,
};
use parquet::arrow::arrow_writer::{
    ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use chunk::ColumnChunk;
use pages::Zstd;

use crate::plan::Codec;

/// Rows of a row group, at most.
const GROUP_ROWS_MAX: usize = 1 << 20;
/// Compressed bytes after which a row group ends. They wait in memory, and memory that is touched for the first
/// time costs far more than memory that is used again.
const GROUP_BYTES_MAX: usize = 8 << 20;
/// What open pages and dictionaries are to pages, about: these are compressed. Thousands of columns have little else.
const OPEN_SHARE: usize = 4;
/// Bytes of open pages and dictionaries after which a row group ends, whatever it has of pages.
const OPEN_BYTES_MAX: usize = 16 << 20;
/// Bytes of a page, for few columns: a whole number of zstd's blocks of 128 KiB and little more, for a small block costs as
/// much as a large one.
const PAGE_BYTES_MAX: usize = 512 << 10;
/// Bytes of a dictionary, for few columns.
const DICTIONARY_BYTES_MAX: usize = 1 << 20;
/// Bytes that the pages, and the dictionaries, of all columns may take together.
const COLUMNS_BYTES_MAX: usize = 32 << 20;
/// Rows that are looked at to tell whether a column repeats its values.
const SAMPLE_ROWS: usize = 4096;

/// What went wrong while Parquet was written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The output refused bytes.
    #[error("the output failed: {0}")]
    Output(io::Error),
    /// The encoder refused the data: a defect of ours.
    #[error("the Parquet encoder failed: {0}")]
    Encoder(String),
}

/// Writes one Parquet file.
pub struct Encoder<W: Write + Send> {
    output: Option<Counted<W>>,
    open: Option<Open<W>>,
    schema: SchemaRef,
    codec: Codec,
}

/// What a finished file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Rows that its footer counts.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// A file that has its first bytes, and the row group that is being written.
struct Open<W: Write + Send> {
    file: SerializedFileWriter<Counted<W>>,
    factory: ArrowRowGroupWriterFactory,
    arrays: SchemaRef,
    group: Vec<Chunk>,
    group_rows: usize,
    /// Our own chunks of the row group before, for their memory.
    spare: Vec<ColumnChunk>,
    /// For chunks of our own; none where the codec is another.
    zstd: Option<Zstd>,
}

/// A column's chunk in the row group.
enum Chunk {
    Array(Box<ArrowColumnWriter>),
    Own(Box<ColumnChunk>),
}

impl<W: Write + Send> Encoder<W> {
    /// An encoder that has written nothing yet.
    pub fn new(output: W, schema: SchemaRef, codec: Codec) -> Self {
        let output = Counted {
            output,
            bytes: 0,
            error: None,
        };
        Encoder {
            output: Some(output),
            open: None,
            schema,
            codec,
        }
    }

    /// Writes a batch of the schema's columns, text as strings or as bytes that are UTF-8. The first one tells which
    /// columns get a dictionary, and how text comes.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let open = self.open(Some(batch))?;
        let written = open.write(batch);
        written.map_err(|error| open.failure(error))
    }

    /// Ends the file, with `footer` in its metadata.
    pub fn finish(&mut self, footer: Vec<(String, String)>) -> Result<Encoded, EncodeError> {
        let open = self.open(None)?;
        for (key, value) in footer {
            open.file.append_key_value_metadata(KeyValue::new(key, value));
        }
        let finished = open.end_group().and_then(|()| open.file.finish());
        let metadata = finished.map_err(|error| open.failure(error))?;
        let output = open.file.inner_mut();
        output.flush().map_err(EncodeError::Output)?;
        let rows = u64::try_from(metadata.file_metadata().num_rows())
            .map_err(|_| EncodeError::Encoder("a negative number of rows".to_owned()))?;
        Ok(Encoded {
            rows,
            bytes: output.bytes,
        })
    }

    fn open(&mut self, first: Option<&RecordBatch>) -> Result<&mut Open<W>, EncodeError> {
        if let Some(output) = self.output.take() {
            let open = Open::new(output, &self.schema, first, self.codec);
            self.open = Some(open.map_err(|error| EncodeError::Encoder(error.to_string()))?);
        }
        self.open
            .as_mut()
            .ok_or_else(|| EncodeError::Encoder("it failed before".to_owned()))
    }
}

impl<W: Write + Send> Open<W> {
    fn new(
        output: Counted<W>,
        schema: &SchemaRef,
        first: Option<&RecordBatch>,
        codec: Codec,
    ) -> Result<Self, ParquetError> {
        let options = ArrowWriterOptions::new()
            .with_properties(properties(schema, first, codec)?)
            // What the file's columns are, whatever arrays hold the values: text may come as bytes.
            .with_parquet_schema(ArrowSchemaConverter::new().convert(schema)?)
            .with_skip_arrow_metadata(true);
        let arrays = first.map_or_else(|| schema.clone(), RecordBatch::schema);
        let writer = ArrowWriter::try_new_with_options(output, arrays.clone(), options)?;
        let zstd = match codec {
            Codec::Zstd(level) => Some(Zstd::new(ZstdLevel::try_new(level)?)?),
            Codec::Snappy | Codec::None => None,
        };
        let (file, factory) = writer.into_serialized_writer()?;
        Ok(Open {
            file,
            factory,
            arrays,
            group: Vec::new(),
            group_rows: 0,
            spare: Vec::new(),
            zstd,
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        if self.group_rows + batch.num_rows() > GROUP_ROWS_MAX {
            self.end_group()?;
        }
        if self.group.is_empty() {
            self.group = self.chunks()?;
        }
        let fields = self.arrays.fields();
        for ((chunk, array), field) in self.group.iter_mut().zip(batch.columns()).zip(fields) {
            match (chunk, &mut self.zstd) {
                (Chunk::Own(own), Some(zstd)) => own.write(array, zstd)?,
                (Chunk::Own(_), None) => return Err(no_zstd()),
                (Chunk::Array(column), _) => {
                    for leaf in compute_leaves(field, array)? {
                        column.write(&leaf)?;
                    }
                }
            }
        }
        self.group_rows += batch.num_rows();
        let (mut written, mut open) = (0, 0);
        for chunk in &self.group {
            match chunk {
                Chunk::Own(own) => {
                    written += own.written_bytes();
                    open += own.open_bytes();
                }
                Chunk::Array(column) => written += column.get_estimated_total_bytes(),
            }
        }
        if written + open / OPEN_SHARE >= GROUP_BYTES_MAX || open >= OPEN_BYTES_MAX {
            self.end_group()?;
        }
        Ok(())
    }

    /// Empty chunks for a row group: our own for text as bytes and whole numbers, where they are compressed by zstd.
    fn chunks(&mut self) -> Result<Vec<Chunk>, ParquetError> {
        let properties = self.file.properties();
        let index = self.file.flushed_row_groups().len();
        let writers = self.factory.create_column_writers(index)?;
        let columns = self.file.schema_descr().columns();
        let fields = self.arrays.fields();
        let mut spare = std::mem::take(&mut self.spare).into_iter();
        let chunks = writers
            .into_iter()
            .zip(columns)
            .zip(fields)
            .map(|((writer, column), field)| {
                let path = column.path();
                if chunk::takes(field.data_type()) && self.zstd.is_some() {
                    let dictionary = properties.dictionary_enabled(path);
                    let new = || {
                        ColumnChunk::new(
                            column.clone(),
                            properties.column_data_page_size_limit(path),
                            dictionary.then(|| properties.column_dictionary_page_size_limit(path)),
                        )
                    };
                    Chunk::Own(Box::new(spare.next().unwrap_or_else(new)))
                } else {
                    Chunk::Array(Box::new(writer))
                }
            });
        Ok(chunks.collect())
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        if self.group.is_empty() {
            return Ok(());
        }
        self.group_rows = 0;
        let mut group = self.file.next_row_group()?;
        for chunk in self.group.drain(..) {
            match (chunk, &mut self.zstd) {
                (Chunk::Array(column), _) => column.close()?.append_to_row_group(&mut group)?,
                (Chunk::Own(mut own), Some(zstd)) => {
                    let (pages, closed) = own.close(zstd)?;
                    group.append_column(&pages, closed)?;
                    own.restart(pages);
                    self.spare.push(*own);
                }
                (Chunk::Own(_), None) => return Err(no_zstd()),
            }
        }
        group.close()?;
        // Another column may have been the large one in each row group.
        if self.spare.iter().map(ColumnChunk::memory_bytes).sum::<usize>() > 2 * GROUP_BYTES_MAX {
            self.spare.clear();
        }
        Ok(())
    }

    fn failure(&mut self, error: ParquetError) -> EncodeError {
        match self.file.inner_mut().error.take() {
            Some(error) => EncodeError::Output(error),
            None => EncodeError::Encoder(error.to_string()),
        }
    }
}

/// A count as the format has it.
fn fit<T: TryFrom<N>, N: Copy + std::fmt::Display>(count: N) -> Result<T, ParquetError> {
    T::try_from(count)
        .map_err(|_| ParquetError::General(format!("{count} is more than a Parquet page or chunk can tell")))
}

fn no_zstd() -> ParquetError {
    ParquetError::General("a column of its own pages where the codec is not zstd".to_owned())
}

fn properties(
    schema: &SchemaRef,
    first: Option<&RecordBatch>,
    codec: Codec,
) -> Result<WriterProperties, ParquetError> {
    let columns = schema.fields().len().max(1);
    let share = COLUMNS_BYTES_MAX / columns;
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("daymark ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(match codec {
            Codec::Zstd(level) => Compression::ZSTD(ZstdLevel::try_new(level)?),
            Codec::Snappy => Compression::SNAPPY,
            Codec::None => Compression::UNCOMPRESSED,
        })
        .set_max_row_group_row_count(Some(GROUP_ROWS_MAX))
        .set_data_page_size_limit(share.clamp(16 << 10, PAGE_BYTES_MAX))
        .set_dictionary_page_size_limit(share.clamp(16 << 10, DICTIONARY_BYTES_MAX))
        .set_offset_index_disabled(true)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for (at, field) in schema.fields().iter().enumerate() {
        let repeats = first.is_some_and(|batch| repeats(batch.column(at)));
        let path = ColumnPath::new(vec![field.name().clone()]);
        builder = builder.set_column_dictionary_enabled(path.clone(), repeats);
        if field.data_type() == &DataType::Utf8 && !repeats {
            builder = builder.set_column_statistics_enabled(path, EnabledStatistics::None);
        }
    }
    Ok(builder.build())
}

/// Whether fewer than half of a column's first values are new ones.
fn repeats(array: &ArrayRef) -> bool {
    let rows = array.len().min(SAMPLE_ROWS);
    let sample = array.slice(0, rows);
    let values = rows - sample.null_count();
    let distinct = match sample.data_type() {
        DataType::Utf8 => sample
            .as_string::<i32>()
            .iter()
            .flatten()
            .collect::<HashSet<_>>()
            .len(),
        DataType::Binary => sample
            .as_binary::<i32>()
            .iter()
            .flatten()
            .collect::<HashSet<_>>()
            .len(),
        DataType::Int64 => sample
            .as_primitive::<Int64Type>()
            .iter()
            .flatten()
            .collect::<HashSet<_>>()
            .len(),
        DataType::Date32 => sample
            .as_primitive::<Date32Type>()
            .iter()
            .flatten()
            .collect::<HashSet<_>>()
            .len(),
        DataType::Timestamp(..) => sample
            .as_primitive::<TimestampMillisecondType>()
            .iter()
            .flatten()
            .collect::<HashSet<_>>()
            .len(),
        DataType::Float64 => {
            let bits = sample
                .as_primitive::<Float64Type>()
                .iter()
                .flatten()
                .map(f64::to_bits);
            bits.collect::<HashSet<_>>().len()
        }
        DataType::Decimal128(..) => sample
            .as_primitive::<Decimal128Type>()
            .iter()
            .flatten()
            .collect::<HashSet<_>>()
            .len(),
        // Booleans take a bit each as they are.
        _ => return false,
    };
    distinct * 2 < values
}

/// Counts bytes, and keeps the output's own error, which the encoder would turn into text.
struct Counted<W> {
    output: W,
    bytes: u64,
    error: Option<io::Error>,
}

impl<W: Write> Counted<W> {
    fn keep<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let told = io::Error::new(error.kind(), "the output failed");
            self.error.get_or_insert(error);
            told
        })
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes);
        let written = self.keep(written)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.output.flush();
        self.keep(flushed)
    }
}
