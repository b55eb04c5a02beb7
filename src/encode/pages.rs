//! Pages on their way into a column chunk: compressed, behind their headers.

use std::collections::VecDeque;
use std::io::{self, Read};

use bytes::Bytes;
use parquet::basic::{Encoding, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::PageEncodingStats;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use super::fit;

/// Bytes of a page's header, about.
const HEADER_BYTES: usize = 64;

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
    pages: VecDeque<Bytes>,
    rows: usize,
    missing: usize,
    plain: usize,
    indexed: usize,
    /// Bytes of the dictionary's page, which stands before all others.
    dictionary_bytes: Option<usize>,
    uncompressed_bytes: usize,
    bytes: usize,
}

impl Pages {
    /// Adds a version 1 data page of so many rows, of which so many have a value.
    pub(super) fn push(
        &mut self,
        body: &[u8],
        (rows, values): (usize, usize),
        encoding: Encoding,
        zstd: &mut Zstd,
    ) -> Result<()> {
        let num_values = fit(rows)?;
        let page = self.compressed(body, zstd, |buf| Page::DataPage {
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
        self.pages.push_back(page);
        Ok(())
    }

    /// Puts the dictionary, of so many plain values, before all pages.
    pub(super) fn push_dictionary(&mut self, body: &[u8], values: usize, zstd: &mut Zstd) -> Result<()> {
        let num_values = fit(values)?;
        let page = self.compressed(body, zstd, |buf| Page::DictionaryPage {
            buf,
            num_values,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        })?;
        self.dictionary_bytes = Some(page.len());
        self.pages.push_front(page);
        Ok(())
    }

    fn compressed(
        &mut self,
        body: &[u8],
        zstd: &mut Zstd,
        page: impl FnOnce(Bytes) -> Page,
    ) -> Result<Bytes> {
        let compressed = zstd.compress(body)?;
        let mut sink = TrackedWrite::new(Vec::with_capacity(compressed.len() + HEADER_BYTES));
        let page = CompressedPage::new(page(compressed.clone()), body.len());
        let told = SerializedPageWriter::new(&mut sink).write_page(page)?;
        zstd.compressed = compressed.into();
        let written = sink.into_inner()?;
        self.bytes += written.len();
        self.uncompressed_bytes += told.uncompressed_size;
        Ok(written.into())
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
        self.bytes
    }

    /// Their bytes before they were compressed.
    pub(super) fn uncompressed_bytes(&self) -> usize {
        self.uncompressed_bytes
    }

    /// Bytes of the dictionary's page, if there is one.
    pub(super) fn dictionary_bytes(&self) -> Option<usize> {
        self.dictionary_bytes
    }

    /// How many pages there are of which encoding.
    pub(super) fn encodings(&self) -> Result<Vec<PageEncodingStats>> {
        let kinds = [
            (
                PageType::DICTIONARY_PAGE,
                Encoding::PLAIN,
                usize::from(self.dictionary_bytes.is_some()),
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

impl Length for Pages {
    fn len(&self) -> u64 {
        self.bytes as u64
    }
}

impl ChunkReader for Pages {
    type T = PagesReader;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        match start {
            0 => Ok(PagesReader(self.pages.clone())),
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

/// Reads one page after the other.
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
