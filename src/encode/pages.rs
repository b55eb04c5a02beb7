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
use zstd::zstd_safe::{CParameter, compress_bound};

use super::fit;

/// The binary logarithm of how many places of four bytes level 1 looks for repeats in. It takes 14 by itself, 64 KiB,
/// which is more than the first-level cache of most processors: 13 takes 0 to 4 % less time, for files that are 0 to 2.6 % larger.
const LEVEL_1_HASH_LOG: u32 = 13;

/// zstd for the pages of all columns: what it works in is larger than a page.
pub(super) struct Zstd {
    level: ZstdLevel,
    compressor: Compressor<'static>,
    compressed: Vec<u8>,
}

impl Zstd {
    /// zstd at this level.
    pub(super) fn new(level: ZstdLevel) -> io::Result<Self> {
        let mut compressor = Compressor::new(level.compression_level())?;
        if level.compression_level() == 1 {
            compressor.set_parameter(CParameter::HashLog(LEVEL_1_HASH_LOG))?;
        }
        Ok(Zstd {
            level,
            compressor,
            compressed: Vec::new(),
        })
    }

    /// Its level.
    pub(super) fn level(&self) -> ZstdLevel {
        self.level
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
        self.uncompressed_bytes += append(&mut self.bytes, body, zstd, |buf| Page::DataPage {
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
        self.uncompressed_bytes += append(page, body, zstd, |buf| Page::DictionaryPage {
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
    zstd: &mut Zstd,
    page: impl FnOnce(Bytes) -> Page,
) -> Result<usize> {
    let compressed = zstd.compress(body)?;
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
