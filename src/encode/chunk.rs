//! A column of text or of whole numbers, to the pages of its column chunk.
//!
//! These are most of a part. The `parquet` crate takes any array there is, and for that copies each value three times on
//! its way to the compressor: into a buffer that grows anew in each page, behind the page's levels, and within memory that
//! the compressor enlarges; and it hashes each value that goes by a dictionary. Here the levels are put before values that
//! stay where they are, and a value that was there lately is found without a hash.
//!
//! A page is a version 1 data page (`OPTIONAL`): length of the definition levels, the levels in runs, and the values. Plain
//! ones: a text (`BYTE_ARRAY`) behind its length, a whole number (`INT64`) in eight bytes. Those by a dictionary: the bits
//! of an index, then the indices. A dictionary that has grown too large is followed by plain pages.
//! <https://parquet.apache.org/docs/file-format/data-pages/>

mod statistics;

use arrow::array::{Array, AsArray, BinaryArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMillisecondType};
use parquet::basic::{Compression, Encoding, EncodingMask, Type};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

use super::dictionary::{Dictionary, Distinct, Longs, Texts};
use super::levels::{Levels, levels_bytes_max};
use super::pages::{Pages, Written, Zstd};
use super::{fit, hybrid};

/// Rows of a page, at most. So many whole numbers take less than 256 KiB: of more, zstd only looks for longer repeats.
const PAGE_ROWS_MAX: usize = 32_000;
/// Room for the levels of a page, and for the bits of an index.
const ROOM_BYTES: usize = levels_bytes_max(PAGE_ROWS_MAX) + 1;
/// Bytes of a whole number.
const LONG_BYTES: usize = size_of::<i64>();
/// Bytes of an index before it is packed.
const INDEX_BYTES: usize = size_of::<u32>();

/// Whether a column of such arrays can be a chunk of this kind.
pub(super) fn takes(arrays: &DataType) -> bool {
    matches!(
        arrays,
        DataType::Binary | DataType::Int64 | DataType::Timestamp(TimeUnit::Millisecond, _)
    )
}

/// The chunk of one column in the row group that is being written.
pub(super) struct ColumnChunk {
    column: ColumnDescPtr,
    /// None for no dictionary.
    dictionary_bytes_max: Option<usize>,
    coded: Coded,
    page: OpenPage,
    pages: Pages,
    /// Of whole numbers that no dictionary holds any more.
    range: Option<(i64, i64)>,
}

/// What values go by.
enum Coded {
    Plain,
    Texts(Dictionary<Texts>),
    Longs(Dictionary<Longs>),
}

/// The page that is being filled.
struct OpenPage {
    bytes_max: usize,
    levels: Levels,
    /// Room for what stands before the values, then plain ones.
    bytes: Vec<u8>,
    indices: Vec<u32>,
}

impl Coded {
    fn new(dictionary_bytes_max: Option<usize>, values: Type) -> Self {
        match (dictionary_bytes_max, values) {
            (None, _) => Coded::Plain,
            (Some(bytes_max), Type::INT64) => Coded::Longs(Dictionary::new(bytes_max)),
            (Some(bytes_max), _) => Coded::Texts(Dictionary::new(bytes_max)),
        }
    }
}

impl ColumnChunk {
    /// An empty chunk of this column, in pages of about `page_bytes_max`, by a dictionary of at most so many bytes or none.
    pub(super) fn new(
        column: ColumnDescPtr,
        page_bytes_max: usize,
        dictionary_bytes_max: Option<usize>,
    ) -> Self {
        ColumnChunk {
            coded: Coded::new(dictionary_bytes_max, column.physical_type()),
            column,
            dictionary_bytes_max,
            page: OpenPage {
                bytes_max: page_bytes_max,
                levels: Levels::default(),
                bytes: vec![0; ROOM_BYTES],
                indices: Vec::new(),
            },
            pages: Pages::default(),
            range: None,
        }
    }

    /// An empty chunk of the same column for the next row group, in the memory of this one.
    pub(super) fn restart(&mut self, written: Written) {
        self.coded = Coded::new(self.dictionary_bytes_max, self.column.physical_type());
        self.pages = Pages::within(written.into_memory());
        self.range = None;
    }

    /// Bytes of the memory for its pages.
    pub(super) fn memory_bytes(&self) -> usize {
        self.pages.memory_bytes()
    }

    /// Bytes of its pages.
    pub(super) fn written_bytes(&self) -> usize {
        self.pages.bytes()
    }

    /// Bytes of values that are in no page yet, and of the dictionary.
    pub(super) fn open_bytes(&self) -> usize {
        let dictionary = match &self.coded {
            Coded::Plain => 0,
            Coded::Texts(dictionary) => dictionary.values().bytes(),
            Coded::Longs(dictionary) => dictionary.values().bytes(),
        };
        let plain = self.page.bytes.len().saturating_sub(ROOM_BYTES);
        plain + self.page.indices.len() * INDEX_BYTES + dictionary
    }

    /// Appends the values of an array that `takes` accepts.
    pub(super) fn write(&mut self, array: &dyn Array, zstd: &mut Zstd) -> Result<()> {
        match array.data_type() {
            DataType::Binary => self.write_texts(array.as_binary(), zstd),
            DataType::Int64 => {
                let values = array.as_primitive::<Int64Type>().values();
                self.write_longs(values, array.nulls(), zstd)
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                let values = array.as_primitive::<TimestampMillisecondType>().values();
                self.write_longs(values, array.nulls(), zstd)
            }
            other => Err(ParquetError::General(format!("pages of our own of {other}"))),
        }
    }

    fn write_texts(&mut self, values: &BinaryArray, zstd: &mut Zstd) -> Result<()> {
        let mut values = values.iter();
        if let Coded::Texts(dictionary) = &mut self.coded
            && let Some(value) = self
                .page
                .write_indexed(dictionary, &mut values, &mut self.pages, zstd)?
        {
            self.end_dictionary(zstd)?;
            self.write_plain_texts([Some(value)], zstd)?;
        }
        self.write_plain_texts(values, zstd)
    }

    fn write_plain_texts<'v>(
        &mut self,
        values: impl IntoIterator<Item = Option<&'v [u8]>>,
        zstd: &mut Zstd,
    ) -> Result<()> {
        for value in values {
            self.page.levels.push(value.is_some());
            if let Some(value) = value {
                let length: i32 = fit(value.len())?;
                self.page.bytes.extend_from_slice(&length.to_le_bytes());
                self.page.bytes.extend_from_slice(value);
            }
            if self.page.is_full() {
                self.page.end(None, &mut self.pages, zstd)?;
            }
        }
        Ok(())
    }

    fn write_longs(&mut self, values: &[i64], nulls: Option<&NullBuffer>, zstd: &mut Zstd) -> Result<()> {
        let Some(nulls) = nulls else {
            let mut each = values.iter().map(|&value| Some(value));
            self.write_indexed_longs(&mut each, zstd)?;
            let plain = values.get(values.len() - each.len()..).unwrap_or_default();
            return self.write_plain_longs(plain, zstd);
        };
        let mut each = values.iter().zip(nulls).map(|(&value, is)| is.then_some(value));
        self.write_indexed_longs(&mut each, zstd)?;
        for value in each {
            match value {
                Some(value) => self.write_plain_longs(&[value], zstd)?,
                None => {
                    self.page.levels.push(false);
                    if self.page.is_full() {
                        self.page.end(None, &mut self.pages, zstd)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Appends those values that the dictionary has room for, and ends it at the first for which it has none.
    fn write_indexed_longs(
        &mut self,
        values: &mut impl Iterator<Item = Option<i64>>,
        zstd: &mut Zstd,
    ) -> Result<()> {
        if let Coded::Longs(dictionary) = &mut self.coded
            && let Some(value) = self
                .page
                .write_indexed(dictionary, values, &mut self.pages, zstd)?
        {
            self.end_dictionary(zstd)?;
            self.write_plain_longs(&[value], zstd)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn write_plain_longs(&mut self, values: &[i64], zstd: &mut Zstd) -> Result<()> {
        let mut values = values;
        while !values.is_empty() {
            let rows = self
                .page
                .room()
                .div_ceil(LONG_BYTES)
                .min(PAGE_ROWS_MAX - self.page.levels.rows());
            let (these, rest) = values.split_at_checked(rows).unwrap_or((values, &[]));
            self.page.append_longs(these);
            self.range = with_range(self.range, these);
            values = rest;
            if self.page.is_full() {
                self.page.end(None, &mut self.pages, zstd)?;
            }
        }
        Ok(())
    }

    /// Writes the dictionary, so that all further values are plain. Statistics of its texts.
    fn end_dictionary(&mut self, zstd: &mut Zstd) -> Result<Option<Statistics>> {
        let mut body = Vec::new();
        match std::mem::replace(&mut self.coded, Coded::Plain) {
            Coded::Plain => Ok(None),
            Coded::Longs(dictionary) => {
                self.page
                    .end(Some(dictionary.index_bits()), &mut self.pages, zstd)?;
                let values = &dictionary.values().0;
                body.extend(values.iter().flat_map(|value| value.to_le_bytes()));
                self.pages.push_dictionary(&body, values.len(), zstd)?;
                self.range = with_range(self.range, values);
                Ok(None)
            }
            Coded::Texts(dictionary) => {
                self.page
                    .end(Some(dictionary.index_bits()), &mut self.pages, zstd)?;
                let texts = dictionary.values();
                for text in texts.iter() {
                    let length: i32 = fit(text.len())?;
                    body.extend_from_slice(&length.to_le_bytes());
                    body.extend_from_slice(text);
                }
                self.pages.push_dictionary(&body, texts.len(), zstd)?;
                Ok(Some(statistics::of_texts(texts, self.pages.missing())))
            }
        }
    }

    /// The chunk's pages, and what the footer says of it. After it comes `restart` or nothing.
    pub(super) fn close(&mut self, zstd: &mut Zstd) -> Result<(Written, ColumnCloseResult)> {
        let texts = self.end_dictionary(zstd)?;
        self.page.end(None, &mut self.pages, zstd)?;
        let pages = std::mem::take(&mut self.pages);
        let mut encodings = vec![Encoding::PLAIN, Encoding::RLE];
        encodings.extend(pages.dictionary_bytes().map(|_| Encoding::RLE_DICTIONARY));
        let mut metadata = ColumnChunkMetaData::builder(self.column.clone())
            .set_compression(Compression::ZSTD(zstd.level()))
            .set_encodings_mask(EncodingMask::new_from_encodings(encodings.iter()))
            .set_page_encoding_stats(pages.encodings()?)
            .set_total_compressed_size(fit(pages.bytes())?)
            .set_total_uncompressed_size(fit(pages.uncompressed_bytes())?)
            .set_num_values(fit(pages.rows())?)
            .set_dictionary_page_offset(pages.dictionary_bytes().map(|_| 0))
            .set_data_page_offset(fit(pages.dictionary_bytes().unwrap_or(0))?);
        let statistics = match self.column.physical_type() {
            Type::INT64 => Some(statistics::of_longs(self.range, pages.missing())),
            _ => texts,
        };
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let closed = ColumnCloseResult {
            bytes_written: pages.bytes() as u64,
            rows_written: pages.rows() as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((pages.into_written(), closed))
    }
}

impl OpenPage {
    /// Appends values by their indices, up to the first one that the dictionary has no room for, which is given back.
    #[inline(always)]
    fn write_indexed<'v, D: Distinct + Default>(
        &mut self,
        dictionary: &mut Dictionary<D>,
        values: &mut impl Iterator<Item = Option<D::Value<'v>>>,
        pages: &mut Pages,
        zstd: &mut Zstd,
    ) -> Result<Option<D::Value<'v>>> {
        let rows_max = (self.bytes_max / INDEX_BYTES).clamp(1, PAGE_ROWS_MAX);
        // Rows with a value whose levels are yet to be written.
        let mut run = 0;
        for value in values {
            match value.map(|value| (value, dictionary.index(value))) {
                Some((_, Some(index))) => {
                    self.indices.push(index);
                    run += 1;
                }
                Some((value, None)) => {
                    self.levels.push_run(run);
                    return Ok(Some(value));
                }
                None => {
                    self.levels.push_run(std::mem::take(&mut run));
                    self.levels.push(false);
                }
            }
            if self.levels.rows() + run >= rows_max {
                self.levels.push_run(std::mem::take(&mut run));
                self.end(Some(dictionary.index_bits()), pages, zstd)?;
            }
        }
        self.levels.push_run(run);
        Ok(None)
    }

    #[inline(always)]
    fn append_longs(&mut self, values: &[i64]) {
        self.levels.push_run(values.len());
        let start = self.bytes.len();
        self.bytes.resize(start + values.len() * LONG_BYTES, 0);
        let (room, _) = self.bytes.get_mut(start..).unwrap_or_default().as_chunks_mut();
        for (bytes, value) in room.iter_mut().zip(values) {
            *bytes = value.to_le_bytes();
        }
    }

    /// Bytes that plain values may still take.
    fn room(&self) -> usize {
        (ROOM_BYTES + self.bytes_max).saturating_sub(self.bytes.len())
    }

    fn is_full(&self) -> bool {
        self.levels.rows() >= PAGE_ROWS_MAX || self.room() == 0
    }

    /// Ends the page, if it has rows: by indices of so many bits, or plain.
    fn end(&mut self, index_bits: Option<u32>, pages: &mut Pages, zstd: &mut Zstd) -> Result<()> {
        let rows = self.levels.rows();
        if rows == 0 {
            return Ok(());
        }
        let mut before = self.levels.encoded()?;
        let encoding = match index_bits {
            Some(bits) => {
                before.push(fit(bits)?);
                hybrid::append(&self.indices, bits, &mut self.bytes);
                Encoding::RLE_DICTIONARY
            }
            None => Encoding::PLAIN,
        };
        let start = ROOM_BYTES.checked_sub(before.len());
        let room = start.and_then(|start| self.bytes.get_mut(start..ROOM_BYTES));
        let (Some(start), Some(room)) = (start, room) else {
            return Err(ParquetError::General(
                "a page's levels take more than their room".to_owned(),
            ));
        };
        room.copy_from_slice(&before);
        let body = self.bytes.get(start..).unwrap_or_default();
        pages.push(body, (rows, self.levels.values()), encoding, zstd)?;
        self.bytes.truncate(ROOM_BYTES);
        // A value may be far larger than a page, and one in each of many columns would stay in memory.
        self.bytes.shrink_to(2 * (ROOM_BYTES + self.bytes_max));
        self.indices.clear();
        self.levels.clear();
        Ok(())
    }
}

/// The range with these values in it.
fn with_range(range: Option<(i64, i64)>, values: &[i64]) -> Option<(i64, i64)> {
    let (Some(&min), Some(&max)) = (values.iter().min(), values.iter().max()) else {
        return range;
    };
    Some(range.map_or((min, max), |(least, most)| (least.min(min), most.max(max))))
}

#[cfg(test)]
mod tests;
