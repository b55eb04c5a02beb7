//! Pages on their way into a column chunk: compressed, behind their headers.

use std::io::{self, Write};

use bytes::buf::{Chain, Reader};
use bytes::{Buf, Bytes};
use parquet::basic::{Encoding, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::PageEncodingStats;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use zstd::bulk::Compressor;
use zstd::zstd_safe::{CParameter, ParamSwitch, compress_bound};

use super::fit;

/// Bytes of a page to each of its values from which they are long text, such as a record's properties as JSON.
const LONG_VALUE_BYTES_MIN: usize = 256;

/// zstd for the pages of all columns: what it works in is larger than a page.
pub(super) struct Zstd {
    level: ZstdLevel,
    compressor: Compressor<'static>,
    /// What it was last set to look for repeats by.
    search: Option<Search>,
    compressed: Vec<u8>,
}

/// How level 1 looks for repeats.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// At every other byte, among 2^13 places of four bytes. The level takes 2^14 by itself, 64 KiB, which is more than the
    /// first-level cache of most processors: 2^13 takes 0 to 4 % less time, for files that are 0 to 2.6 % larger.
    Close,
    /// Only at every sixth byte, for repeats are long in long text; among 2^15 places, which brings back the size that this
    /// loses. 4 % less time for the whole of a table of JSON, whose file is as large. A window below 2^19 also makes zstd ask
    /// without a branch whether a place is within it.
    Wide,
}

impl Zstd {
    /// zstd at this level.
    pub(super) fn new(level: ZstdLevel) -> io::Result<Self> {
        Ok(Zstd {
            level,
            compressor: Compressor::new(level.compression_level())?,
            search: None,
            compressed: Vec::new(),
        })
    }

    /// Its level.
    pub(super) fn level(&self) -> ZstdLevel {
        self.level
    }

    /// A page of so many values, compressed, in memory that is used again once it is given back.
    fn compress(&mut self, page: &[u8], values: usize) -> io::Result<Bytes> {
        self.look_by(if page.len() / LONG_VALUE_BYTES_MIN >= values.max(1) {
            Search::Wide
        } else {
            Search::Close
        })?;
        let mut compressed = std::mem::take(&mut self.compressed);
        compressed.clear();
        compressed.reserve(compress_bound(page.len()));
        self.compressor.compress_to_buffer(page, &mut compressed)?;
        Ok(compressed.into())
    }

    fn look_by(&mut self, search: Search) -> io::Result<()> {
        if self.level.compression_level() != 1 || self.search == Some(search) {
            return Ok(());
        }
        // Zero is what the level has by itself.
        let (window_log, hash_log, target_length) = match search {
            Search::Close => (0, 13, 0),
            Search::Wide => (18, 15, 5),
        };
        for parameter in [
            CParameter::WindowLog(window_log),
            CParameter::HashLog(hash_log),
            CParameter::TargetLength(target_length),
            // zstd would leave what does not repeat as it is, once a target length is set.
            CParameter::LiteralCompressionMode(ParamSwitch::Enable),
        ] {
            self.compressor.set_parameter(parameter)?;
        }
        self.search = Some(search);
        Ok(())
    }
}

/// The pages so far, headers included.
#[derive(Default)]
pub(super) struct Pages {
    /// One behind the other.
    bytes: Vec<u8>,
    /// The dictionary's page, which stands before all others.
    dictionary: Option<Vec<u8>>,
    rows: usize,
    missing: usize,
    plain: usize,
    indexed: usize,
    uncompressed_bytes: usize,
}

/// All pages of a chunk, to be read once.
pub(super) struct Written {
    dictionary: Bytes,
    pages: Bytes,
}

impl Pages {
    /// No pages yet, in memory that others were in.
    pub(super) fn within(memory: Vec<u8>) -> Self {
        Pages {
            bytes: memory,
            ..Pages::default()
        }
    }

    /// Adds a version 1 data page of so many rows, of which so many have a value.
    pub(super) fn push(
        &mut self,
        body: &[u8],
        (rows, values): (usize, usize),
        encoding: Encoding,
        zstd: &mut Zstd,
    ) -> Result<()> {
        let num_values = fit(rows)?;
        self.uncompressed_bytes += append(&mut self.bytes, body, values, zstd, |buf| Page::DataPage {
            buf,
            num_values,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })?;
        match encoding {
            Encoding::RLE_DICTIONARY => self.indexed += 1,
            _ => self.plain += 1,
        }
        self.rows += rows;
        self.missing += rows.saturating_sub(values);
        Ok(())
    }

    /// Puts the dictionary, of so many plain values, before all pages.
    pub(super) fn push_dictionary(&mut self, body: &[u8], values: usize, zstd: &mut Zstd) -> Result<()> {
        let num_values = fit(values)?;
        let page = self.dictionary.insert(Vec::new());
        self.uncompressed_bytes += append(page, body, values, zstd, |buf| Page::DictionaryPage {
            buf,
            num_values,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        })?;
        Ok(())
    }

    /// All of them.
    pub(super) fn into_written(self) -> Written {
        Written {
            dictionary: self.dictionary.unwrap_or_default().into(),
            pages: self.bytes.into(),
        }
    }

    /// Their rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Rows without a value.
    pub(super) fn missing(&self) -> usize {
        self.missing
    }

    /// Their bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len() + self.dictionary_bytes().unwrap_or(0)
    }

    /// Their bytes before they were compressed.
    pub(super) fn uncompressed_bytes(&self) -> usize {
        self.uncompressed_bytes
    }

    /// Bytes of the memory that they stand in.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Bytes of the dictionary's page, if there is one.
    pub(super) fn dictionary_bytes(&self) -> Option<usize> {
        self.dictionary.as_ref().map(Vec::len)
    }

    /// How many pages there are of which encoding.
    pub(super) fn encodings(&self) -> Result<Vec<PageEncodingStats>> {
        let kinds = [
            (
                PageType::DICTIONARY_PAGE,
                Encoding::PLAIN,
                usize::from(self.dictionary.is_some()),
            ),
            (PageType::DATA_PAGE, Encoding::RLE_DICTIONARY, self.indexed),
            (PageType::DATA_PAGE, Encoding::PLAIN, self.plain),
        ];
        let there = kinds.into_iter().filter(|&(.., count)| count > 0);
        there
            .map(|(page_type, encoding, count)| {
                let count = fit(count)?;
                Ok(PageEncodingStats {
                    page_type,
                    encoding,
                    count,
                })
            })
            .collect()
    }
}

/// Appends a page, compressed, behind its header. Its bytes before it was compressed, header included.
fn append(
    pages: &mut Vec<u8>,
    body: &[u8],
    values: usize,
    zstd: &mut Zstd,
    page: impl FnOnce(Bytes) -> Page,
) -> Result<usize> {
    let compressed = zstd.compress(body, values)?;
    let mut sink = TrackedWrite::new(pages);
    let page = CompressedPage::new(page(compressed.clone()), body.len());
    let told = SerializedPageWriter::new(&mut sink).write_page(page)?;
    zstd.compressed = compressed.into();
    sink.flush()?;
    Ok(told.uncompressed_size)
}

impl Written {
    /// The memory that the pages stood in, empty.
    pub(super) fn into_memory(self) -> Vec<u8> {
        let mut memory = Vec::from(self.pages);
        memory.clear();
        memory
    }
}

impl Length for Written {
    fn len(&self) -> u64 {
        (self.dictionary.len() + self.pages.len()) as u64
    }
}

impl ChunkReader for Written {
    type T = Reader<Chain<Bytes, Bytes>>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        match start {
            0 => Ok(self.dictionary.clone().chain(self.pages.clone()).reader()),
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn compressed(level: i32, page: &[u8], values: usize) -> Bytes {
        let mut zstd = Zstd::new(ZstdLevel::try_new(level).unwrap()).unwrap();
        zstd.compress(page, values).unwrap()
    }

    /// Records of some 600 bytes: names that repeat, values that do not.
    fn json() -> (Vec<u8>, usize) {
        let mut state = 1_u64;
        let mut page = Vec::new();
        let records = 400;
        for _ in 0..records {
            for name in ["lifecyclestage", "hs_object_id", "createdate", "email", "notes"].repeat(3) {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                page.extend(format!("\"{name}\":\"{}\",", state >> 20).bytes());
            }
        }
        (page, records)
    }

    #[test]
    fn long_text_takes_another_way_at_level_1_that_is_about_as_small() {
        let (page, records) = json();
        assert!(page.len() / records >= LONG_VALUE_BYTES_MIN);
        let (long, short) = (compressed(1, &page, records), compressed(1, &page, records * 10));
        assert_ne!(long, short);
        for one in [&long, &short] {
            assert_eq!(zstd::bulk::decompress(one, page.len()).unwrap(), page);
        }
        assert!(
            long.len() * 100 < short.len() * 108,
            "{} to {}",
            long.len(),
            short.len()
        );
        assert_eq!(compressed(2, &page, records), compressed(2, &page, records * 10));
    }

    #[test]
    fn what_was_compressed_before_changes_no_page() {
        let (page, records) = json();
        let mut zstd = Zstd::new(ZstdLevel::try_new(1).unwrap()).unwrap();
        for values in [records, records * 10, records, 0, records * 10] {
            assert_eq!(
                zstd.compress(&page, values).unwrap(),
                compressed(1, &page, values)
            );
        }
    }
}
