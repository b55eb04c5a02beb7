//! A column of text without a dictionary, to the pages of its column chunk.
//!
//! Text that does not repeat is most of a part. The `parquet` crate takes any array there is, and for that copies each
//! value three times on its way to the compressor: into a buffer that grows anew in each page, behind the page's levels,
//! and within memory that the compressor enlarges. Here the levels are put before values that stay where they are.
//!
//! A page is a version 1 data page (`OPTIONAL BYTE_ARRAY`, `PLAIN`): length of the definition levels, the levels in runs,
//! and each value behind its length. <https://parquet.apache.org/docs/file-format/data-pages/>

use std::collections::VecDeque;
use std::io::{self, Read};

use arrow::array::BinaryArray;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, EncodingMask, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

/// Rows of a page, at most: what the `parquet` crate takes, too.
const PAGE_ROWS_MAX: usize = 20_000;
/// Bytes of levels in a run that is told in one byte.
const RUN_BYTES_MAX: usize = 63;
/// What the levels of a page take at most: their length, then for each 63 bytes one more.
const LEVELS_BYTES_MAX: usize = 4 + PAGE_ROWS_MAX.div_ceil(8 * RUN_BYTES_MAX) * (1 + RUN_BYTES_MAX);

/// The chunk of one column in the row group that is being written.
pub(super) struct TextChunk {
    column: ColumnDescPtr,
    page_bytes_max: usize,
    /// Room for the levels, then the values of the page that is being filled.
    page: Vec<u8>,
    /// Which of its rows have a value, a bit each.
    present: Vec<u8>,
    rows: usize,
    done: Done,
}

/// zstd for the pages of all columns: what it works in is larger than a page.
pub(super) struct Zstd {
    level: ZstdLevel,
    compressor: Compressor<'static>,
    compressed: Vec<u8>,
}

impl Zstd {
    /// zstd at this level.
    pub(super) fn new(level: ZstdLevel) -> io::Result<Self> {
        Ok(Zstd {
            level,
            compressor: Compressor::new(level.compression_level())?,
            compressed: Vec::new(),
        })
    }

    /// The bytes compressed, in memory that is used again once it is given back.
    fn compress(&mut self, bytes: &[u8]) -> io::Result<Bytes> {
        let mut compressed = std::mem::take(&mut self.compressed);
        compressed.clear();
        compressed.reserve(compress_bound(bytes.len()));
        self.compressor.compress_to_buffer(bytes, &mut compressed)?;
        Ok(compressed.into())
    }
}

/// The pages so far, headers included.
#[derive(Default)]
struct Done {
    pages: VecDeque<Bytes>,
    rows: u64,
    bytes: usize,
    uncompressed_bytes: usize,
}

impl TextChunk {
    /// An empty chunk of this column, in pages of about `page_bytes_max`.
    pub(super) fn new(column: ColumnDescPtr, page_bytes_max: usize) -> Self {
        TextChunk {
            column,
            page_bytes_max,
            page: vec![0; LEVELS_BYTES_MAX],
            present: Vec::new(),
            rows: 0,
            done: Done::default(),
        }
    }

    /// About how many bytes the chunk takes so far.
    pub(super) fn bytes(&self) -> usize {
        self.done.bytes + self.page.len()
    }

    /// Appends these values.
    pub(super) fn write(&mut self, values: &BinaryArray, zstd: &mut Zstd) -> Result<()> {
        for value in values {
            if self.rows.is_multiple_of(8) {
                self.present.push(0);
            }
            if let Some(value) = value {
                let length: i32 = fit(value.len())?;
                self.page.extend_from_slice(&length.to_le_bytes());
                self.page.extend_from_slice(value);
                if let Some(bits) = self.present.last_mut() {
                    *bits |= 1 << (self.rows % 8);
                }
            }
            self.rows += 1;
            if self.rows == PAGE_ROWS_MAX || self.page.len() >= LEVELS_BYTES_MAX + self.page_bytes_max {
                self.end_page(zstd)?;
            }
        }
        Ok(())
    }

    /// The chunk's pages, and what the footer says of it.
    pub(super) fn close(mut self, zstd: &mut Zstd) -> Result<(Pages, ColumnCloseResult)> {
        if self.rows > 0 {
            self.end_page(zstd)?;
        }
        let done = self.done;
        let metadata = ColumnChunkMetaData::builder(self.column)
            .set_compression(Compression::ZSTD(zstd.level))
            .set_encodings_mask(EncodingMask::new_from_encodings(
                [Encoding::PLAIN, Encoding::RLE].iter(),
            ))
            .set_page_encoding_stats(vec![PageEncodingStats {
                page_type: PageType::DATA_PAGE,
                encoding: Encoding::PLAIN,
                count: fit(done.pages.len())?,
            }])
            .set_total_compressed_size(fit(done.bytes)?)
            .set_total_uncompressed_size(fit(done.uncompressed_bytes)?)
            .set_num_values(fit(done.rows)?)
            .set_data_page_offset(0)
            .build()?;
        let closed = ColumnCloseResult {
            bytes_written: done.bytes as u64,
            rows_written: done.rows,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((Pages(done.pages), closed))
    }

    fn end_page(&mut self, zstd: &mut Zstd) -> Result<()> {
        let levels = levels(&self.present, self.rows)?;
        let start = LEVELS_BYTES_MAX.checked_sub(levels.len());
        let room = start.and_then(|start| self.page.get_mut(start..LEVELS_BYTES_MAX));
        let (Some(start), Some(room)) = (start, room) else {
            return Err(ParquetError::General(
                "a page's levels take more than their room".to_owned(),
            ));
        };
        room.copy_from_slice(&levels);
        let body = self.page.get(start..).unwrap_or_default();
        let compressed = zstd.compress(body)?;
        let page_bytes = compressed.len();
        let page = Page::DataPage {
            buf: compressed.clone(),
            num_values: fit(self.rows)?,
            encoding: Encoding::PLAIN,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let mut sink = TrackedWrite::new(Vec::with_capacity(page_bytes + 64));
        let told = SerializedPageWriter::new(&mut sink).write_page(CompressedPage::new(page, body.len()))?;
        zstd.compressed = compressed.into();
        let written = sink.into_inner()?;
        self.done.rows += self.rows as u64;
        self.done.bytes += written.len();
        self.done.uncompressed_bytes += told.uncompressed_size;
        self.done.pages.push_back(written.into());
        self.page.truncate(LEVELS_BYTES_MAX);
        self.present.clear();
        self.rows = 0;
        Ok(())
    }
}

/// A count as the format has it.
fn fit<T: TryFrom<N>, N: Copy + std::fmt::Display>(count: N) -> Result<T> {
    T::try_from(count)
        .map_err(|_| ParquetError::General(format!("{count} is more than a Parquet page or chunk can tell")))
}

/// A page's definition levels of one bit: one repeated level as one run, others as the bits, and before them their length.
///
/// <https://parquet.apache.org/docs/file-format/data-pages/encodings/#run-length-encoding--bit-packing-hybrid-rle--3>
fn levels(present: &[u8], rows: usize) -> Result<Vec<u8>> {
    let mut out = vec![0; 4];
    let values: usize = present.iter().map(|bits| bits.count_ones() as usize).sum();
    if values == rows || values == 0 {
        let mut header = rows << 1;
        while header >= 0x80 {
            out.push(fit::<u8, _>(header & 0x7f)? | 0x80);
            header >>= 7;
        }
        out.push(fit(header)?);
        out.push(u8::from(values > 0));
    } else {
        for bits in present.chunks(RUN_BYTES_MAX) {
            out.push(fit::<u8, _>(bits.len() << 1)? | 1);
            out.extend_from_slice(bits);
        }
    }
    let length: u32 = fit(out.len() - 4)?;
    if let Some(first) = out.first_chunk_mut() {
        *first = length.to_le_bytes();
    }
    Ok(out)
}

/// A chunk's pages, to be read once from their beginning.
pub(super) struct Pages(VecDeque<Bytes>);

impl Length for Pages {
    fn len(&self) -> u64 {
        self.0.iter().map(|page| page.len() as u64).sum()
    }
}

impl ChunkReader for Pages {
    type T = PagesReader;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        match start {
            0 => Ok(PagesReader(self.0.clone())),
            _ => Err(ParquetError::General(format!(
                "pages are read from byte 0, not {start}"
            ))),
        }
    }

    fn get_bytes(&self, start: u64, _: usize) -> Result<Bytes> {
        Err(ParquetError::General(format!(
            "pages are read in order, not at byte {start}"
        )))
    }
}

/// One page after the other.
pub(super) struct PagesReader(VecDeque<Bytes>);

impl Read for PagesReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(page) = self.0.front_mut() {
            if page.is_empty() {
                self.0.pop_front();
                continue;
            }
            let length = page.len().min(out.len());
            let taken = page.split_to(length);
            if let Some(room) = out.get_mut(..length) {
                room.copy_from_slice(&taken);
            }
            return Ok(length);
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{AsArray, RecordBatch};
    use arrow::datatypes::{DataType, Field, Schema};
    use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
    use proptest::prelude::*;

    use super::*;
    use crate::encode::Encoder;
    use crate::plan::Codec;

    fn written(batches: &[Vec<Option<Vec<u8>>>], codec: Codec) -> Bytes {
        let arrays = Arc::new(Schema::new(vec![Field::new("text", DataType::Binary, true)]));
        let columns = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8, true)]));
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, columns, codec);
        for batch in batches {
            let values = Arc::new(BinaryArray::from_iter(batch));
            encoder
                .write(&RecordBatch::try_new(Arc::clone(&arrays), vec![values]).unwrap())
                .unwrap();
        }
        encoder.finish(Vec::new()).unwrap();
        drop(encoder);
        file.into()
    }

    fn read(file: Bytes) -> (Vec<Option<Vec<u8>>>, Vec<i64>) {
        let options = ArrowReaderOptions::new().with_encoding_stats_as_mask(false);
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap();
        let pages = reader.metadata().row_groups().iter().map(|group| {
            let stats = group.column(0).page_encoding_stats().unwrap();
            assert_eq!(stats.len(), 1, "a column without a dictionary");
            i64::from(stats[0].count)
        });
        let pages = pages.collect();
        let mut values = Vec::new();
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap();
            let column = batch.column(0).as_string::<i32>();
            values.extend(
                column
                    .iter()
                    .map(|value| value.map(|text| text.as_bytes().to_vec())),
            );
        }
        (values, pages)
    }

    /// Values none of which repeats, so that there is no dictionary.
    fn distinct(rows: usize, value_bytes: usize, missing: impl Fn(usize) -> bool) -> Vec<Option<Vec<u8>>> {
        (0..rows)
            .map(|row| (!missing(row)).then(|| format!("{row:0value_bytes$}").into_bytes()))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_written_is_read(
            sizes in proptest::collection::vec((0usize..3000, 0usize..400, 0usize..9), 1..6),
        ) {
            let batches: Vec<_> = sizes
                .iter()
                .map(|&(rows, bytes, every)| distinct(rows, bytes, |row| every > 0 && row % every < every / 2))
                .filter(|batch| !batch.is_empty())
                .collect();
            prop_assume!(!batches.is_empty());
            let (values, _) = read(written(&batches, Codec::Zstd(1)));
            prop_assert_eq!(&values, &batches.concat());
            let (plain, _) = read(written(&batches, Codec::None));
            prop_assert_eq!(values, plain);
        }
    }

    #[test]
    fn a_page_ends_at_its_rows_and_at_its_bytes() {
        let none_missing = distinct(2 * PAGE_ROWS_MAX + 1, 6, |_| false);
        let (values, pages) = read(written(std::slice::from_ref(&none_missing), Codec::Zstd(1)));
        assert_eq!((values, pages), (none_missing, vec![3]));

        let long = distinct(1 + (512 << 10) / 1004, 1000, |_| false);
        let (values, pages) = read(written(&[long.clone(), long.clone()], Codec::Zstd(1)));
        assert_eq!((values, pages), ([long.clone(), long].concat(), vec![2]));
    }

    #[test]
    fn rows_without_a_value_take_pages_too() {
        let first = distinct(3, 5, |_| false);
        let missing = vec![None; 2 * PAGE_ROWS_MAX + 5];
        let last = distinct(PAGE_ROWS_MAX, 5, |row| row % 3 == 1);
        let (values, pages) = read(written(
            &[first.clone(), missing.clone(), last.clone()],
            Codec::Zstd(1),
        ));
        assert_eq!((values, pages), ([first, missing, last].concat(), vec![4]));
    }

    #[test]
    fn levels_fit_into_the_room_before_the_values() {
        let mixed: Vec<u8> = vec![0b0101_0101; PAGE_ROWS_MAX.div_ceil(8)];
        assert!(levels(&mixed, PAGE_ROWS_MAX).unwrap().len() <= LEVELS_BYTES_MAX);
        assert_eq!(levels(&[1], 1).unwrap(), [2, 0, 0, 0, 2, 1]);
        assert_eq!(levels(&[0], 1).unwrap(), [2, 0, 0, 0, 2, 0]);
        assert_eq!(levels(&[0b10], 2).unwrap(), [2, 0, 0, 0, 3, 2]);
    }
}
