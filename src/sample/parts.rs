//! Parts: a table's rows go into CSV parts of bounded size, beside each row its truth, and beside each part what is
//! expected of it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::cell::{self, Cell, Evidence};
use super::expected::{ExpectedPart, RejectedCell, RejectedRecord};
use super::table::{Column, Dialect, Header, Table};
use super::{Progress, SampleError};

/// Where the parts of one day go.
#[derive(Clone, Debug)]
pub struct Place {
    /// The sample's directory.
    pub dir: PathBuf,
    /// The day, `yyyy-MM-dd`.
    pub date: String,
    /// A part ends once it is about so large as stored.
    pub part_bytes: u64,
    /// Hears of each part that is done.
    pub progress: Sender<Progress>,
}

/// Writes one table of one day.
pub struct TableWriter<'a> {
    place: &'a Place,
    table: Table,
    /// Which cell comes at each place of the file.
    order: Vec<usize>,
    /// `"name":` of each column, ready for truth.
    json_names: Vec<Vec<u8>>,
    part: Option<OpenPart>,
    truth: Option<Truth>,
    done: Vec<ExpectedPart>,
    line: Vec<u8>,
    truth_line: Vec<u8>,
    refuse: bool,
}

struct Truth {
    path: PathBuf,
    file: BufWriter<GzEncoder<BufWriter<File>>>,
}

struct OpenPart {
    path: PathBuf,
    body: Body,
    /// Text that waits: compressing line by line would take twice as long.
    waiting: Vec<u8>,
    expected: ExpectedPart,
    evidence: Evidence,
    text_bytes: u64,
    member_bytes_max: u64,
    member_bytes: u64,
    json_key: Vec<u8>,
}

enum Body {
    Plain(Stored),
    Gzip(Option<Box<GzEncoder<Stored>>>),
}

/// A file that counts and hashes what it stores.
struct Stored {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

/// So much is compressed at a time.
const BUFFER_BYTES: usize = 1 << 15;

/// What is left of the broken part.
const BROKEN_PER_CENT: u64 = 60;

impl<'a> TableWriter<'a> {
    /// A writer for one table. It makes no file before the first row: an unload of no rows leaves no part.
    pub fn new(place: &'a Place, table: Table) -> Self {
        let mut order: Vec<usize> = (0..table.columns.len()).collect();
        if table.form.reversed {
            order.reverse();
        }
        let json_name = |column: &Column| {
            let mut name = Vec::new();
            cell::push_json_text(&mut name, &column.0.to_ascii_lowercase());
            name.push(b':');
            name
        };
        TableWriter {
            json_names: table.columns.iter().map(json_name).collect(),
            place,
            table,
            order,
            part: None,
            truth: None,
            done: Vec::new(),
            line: Vec::new(),
            truth_line: Vec::new(),
            refuse: false,
        }
    }

    /// Writes one row; its cells come in the order of the catalog.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), SampleError> {
        debug_assert!(
            cells.len() == self.table.columns.len()
                && cells
                    .iter()
                    .zip(&self.table.columns)
                    .all(|(cell, column)| cell::fits(cell, column.1)),
            "{} {cells:?}",
            self.table.name
        );
        self.open()?;
        let Some(part) = &mut self.part else { return Ok(()) };
        self.line.clear();
        let mut evidence = Evidence::default();
        for (n, &place) in self.order.iter().enumerate() {
            if n > 0 {
                self.line.push(b',');
            }
            cell::push_csv(&mut self.line, &cells[place], &self.table.form, &mut evidence);
        }
        end_line(&mut self.line, &self.table);
        part.expected.records += 1;
        part.expected.rows += 1;
        for (cell, column) in cells.iter().zip(&self.table.columns) {
            if let Cell::Unfit(_, unfit) = cell {
                part.expected.rejected_cells.push(RejectedCell {
                    record: part.number(),
                    column: column.0.to_ascii_lowercase(),
                    reason: unfit.name(),
                });
            }
        }
        part.evidence.quotes |= evidence.quotes;
        part.evidence.escapes |= evidence.escapes;
        part.evidence.doubled |= evidence.doubled;
        self.write_line()?;
        self.write_truth(cells)?;
        // A part of the escaped dialect ends with a row that shows it, so that each part can be decided by itself.
        let may_end = self.table.form.dialect != Dialect::Escaped || evidence.escapes;
        let full = |part: &OpenPart| part.text_bytes >= self.place.part_bytes * self.table.form.ratio;
        if may_end && !self.refuse && self.part.as_ref().is_some_and(full) {
            self.close()?;
        }
        Ok(())
    }

    /// Writes a record that must be rejected whole: its line without the line end, and why.
    pub fn rejected_record(&mut self, line: &[u8], reason: &'static str) -> Result<(), SampleError> {
        self.open()?;
        let Some(part) = &mut self.part else { return Ok(()) };
        part.expected.records += 1;
        part.expected.rejected_records.push(RejectedRecord {
            record: part.number(),
            reason,
        });
        self.line.clear();
        self.line.extend_from_slice(line);
        end_line(&mut self.line, &self.table);
        self.write_line()
    }

    /// Writes an empty line.
    pub fn empty_line(&mut self) -> Result<(), SampleError> {
        self.open()?;
        let Some(part) = &mut self.part else { return Ok(()) };
        part.expected.empty_lines += 1;
        self.line.clear();
        end_line(&mut self.line, &self.table);
        self.write_line()
    }

    /// Begins a part that will break off in the middle; all further rows go into it.
    pub fn begin_broken(&mut self) -> Result<(), SampleError> {
        self.close()?;
        self.refuse = true;
        Ok(())
    }

    /// Ends the table and hands back its parts.
    pub fn finish(mut self) -> Result<Vec<ExpectedPart>, SampleError> {
        self.close()?;
        if let Some(truth) = self.truth.take() {
            finish_truth(truth.file).map_err(|source| SampleError::io("write", &truth.path, source))?;
        }
        Ok(self.done)
    }

    fn open(&mut self) -> Result<(), SampleError> {
        if self.part.is_some() {
            return Ok(());
        }
        let form = &self.table.form;
        let number = self.done.len();
        let folder = if form.folders {
            format!("chunk_{}/", number / 2)
        } else {
            String::new()
        };
        // Snowflake numbers parts by thread and by turn; numbers have gaps, and start anew in another folder.
        let of_folder = if form.folders { number % 2 } else { number };
        let ending = if form.plain { "csv" } else { "csv.gz" };
        let name = format!("data_0_{}_{}.{ending}", of_folder % 4, of_folder / 4);
        let key = format!("hubspot/{}/{}/{folder}{name}", self.place.date, self.table.name);
        let path = self.place.dir.join("landing").join(&key);
        let stored = Stored::create(&path).map_err(|source| SampleError::io("create", &path, source))?;
        let mut json_key = Vec::new();
        cell::push_json_text(&mut json_key, &key);
        let columns = self
            .order
            .iter()
            .map(|&place| self.table.columns[place].0.to_ascii_lowercase())
            .collect();
        self.part = Some(OpenPart {
            path,
            body: if form.plain {
                Body::Plain(stored)
            } else {
                Body::Gzip(Some(gzip(stored)))
            },
            waiting: Vec::with_capacity(BUFFER_BYTES * 2),
            expected: ExpectedPart {
                key,
                table: self.table.name.to_ascii_lowercase(),
                date: self.place.date.clone(),
                bytes: 0,
                sha256: String::new(),
                compression: if form.plain { "none" } else { "gzip" },
                members: u64::from(!form.plain),
                dialect: "undecided",
                header: form.header != Header::None,
                columns,
                records: 0,
                rows: 0,
                empty_lines: 0,
                rejected_records: Vec::new(),
                rejected_cells: Vec::new(),
                refused: self.refuse.then_some("gzip_truncated"),
            },
            evidence: Evidence::default(),
            text_bytes: 0,
            // A full part has four; they end anywhere in a record.
            member_bytes_max: if form.members && number == 0 {
                self.place.part_bytes * form.ratio / 4 + 7
            } else {
                u64::MAX
            },
            member_bytes: 0,
            json_key,
        });
        self.write_header()
    }

    fn write_header(&mut self) -> Result<(), SampleError> {
        self.line.clear();
        if self.table.form.bom {
            self.line.extend_from_slice("\u{feff}".as_bytes());
        }
        let quotes = self.table.form.dialect == Dialect::QuotedAll;
        if self.table.form.header != Header::None {
            for (n, &place) in self.order.iter().enumerate() {
                let name = self.table.columns[place].0;
                let name = if self.table.form.header == Header::Lower {
                    name.to_ascii_lowercase()
                } else {
                    name.to_owned()
                };
                if n > 0 {
                    self.line.push(b',');
                }
                self.line
                    .extend_from_slice(if quotes { format!("\"{name}\"") } else { name }.as_bytes());
            }
            end_line(&mut self.line, &self.table);
        }
        self.write_line()
    }

    fn write_line(&mut self) -> Result<(), SampleError> {
        let Some(part) = &mut self.part else { return Ok(()) };
        part.text_bytes += self.line.len() as u64;
        part.write(&self.line)
            .map_err(|source| SampleError::io("write", &part.path, source))
    }

    fn write_truth(&mut self, cells: &[Cell<'_>]) -> Result<(), SampleError> {
        if self.refuse {
            return Ok(());
        }
        if self.truth.is_none() {
            let name = format!("{}.jsonl.gz", self.table.name.to_ascii_lowercase());
            let path = self
                .place
                .dir
                .join("truth")
                .join(format!("date={}", self.place.date))
                .join(name);
            let file = create(&path).map_err(|source| SampleError::io("create", &path, source))?;
            let file = BufWriter::with_capacity(BUFFER_BYTES, GzEncoder::new(file, Compression::new(1)));
            self.truth = Some(Truth { file, path });
        }
        let (Some(truth), Some(part)) = (&mut self.truth, &self.part) else {
            return Ok(());
        };
        self.truth_line.clear();
        self.truth_line.push(b'{');
        for (name, cell) in self.json_names.iter().zip(cells) {
            self.truth_line.extend_from_slice(name);
            cell::push_json(&mut self.truth_line, cell);
            self.truth_line.push(b',');
        }
        self.truth_line.extend_from_slice(b"\"_part\":");
        self.truth_line.extend_from_slice(&part.json_key);
        self.truth_line.extend_from_slice(b"}\n");
        truth
            .file
            .write_all(&self.truth_line)
            .map_err(|source| SampleError::io("write", &truth.path, source))
    }

    fn close(&mut self) -> Result<(), SampleError> {
        let Some(part) = self.part.take() else {
            return Ok(());
        };
        let path = part.path.clone();
        let expected = part
            .close()
            .map_err(|source| SampleError::io("write", &path, source))?;
        // Nobody listening is no reason to stop.
        let _ = self.place.progress.send(Progress {
            key: expected.key.clone(),
            part_bytes: expected.bytes,
            rows: expected.rows,
            bytes_written: 0,
            bytes_planned: 0,
        });
        self.done.push(expected);
        Ok(())
    }
}

impl OpenPart {
    /// Number of the newest record; a header is a record.
    fn number(&self) -> u64 {
        self.expected.records + u64::from(self.expected.header)
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(text);
        if self.waiting.len() >= BUFFER_BYTES {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.compress(&waiting)?;
        self.waiting = waiting;
        self.waiting.clear();
        Ok(())
    }

    fn compress(&mut self, mut text: &[u8]) -> io::Result<()> {
        let body = match &mut self.body {
            Body::Plain(stored) => return stored.write_all(text),
            Body::Gzip(body) => body,
        };
        while self.member_bytes + text.len() as u64 > self.member_bytes_max {
            let Some(mut member) = body.take() else { break };
            let (now, later) = text.split_at((self.member_bytes_max - self.member_bytes) as usize);
            member.write_all(now)?;
            *body = Some(gzip(member.finish()?));
            self.expected.members += 1;
            self.member_bytes = 0;
            text = later;
        }
        self.member_bytes += text.len() as u64;
        match body {
            Some(member) => member.write_all(text),
            None => Ok(()),
        }
    }

    fn close(mut self) -> io::Result<ExpectedPart> {
        self.flush()?;
        let mut stored = match self.body {
            Body::Plain(stored) => stored,
            Body::Gzip(Some(member)) => member.finish()?,
            Body::Gzip(None) => return Ok(self.expected),
        };
        stored.file.flush()?;
        self.expected.bytes = stored.bytes;
        self.expected.dialect = match self.evidence {
            Evidence { quotes: true, .. } => "quoted",
            Evidence { escapes: true, .. } | Evidence { doubled: true, .. } => "escaped",
            _ => "undecided",
        };
        if self.expected.refused.is_some() {
            self.expected.bytes = stored.bytes * BROKEN_PER_CENT / 100;
            stored.file.get_ref().set_len(self.expected.bytes)?;
            drop(stored.file);
            stored.hash = Sha256::new_with_prefix(fs::read(&self.path)?);
        }
        self.expected.sha256 = stored
            .hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(self.expected)
    }
}

impl Stored {
    fn create(path: &Path) -> io::Result<Self> {
        Ok(Stored {
            file: create(path)?,
            hash: Sha256::new(),
            bytes: 0,
        })
    }
}

impl Write for Stored {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn gzip(stored: Stored) -> Box<GzEncoder<Stored>> {
    // No time and no name in the header: same rows, same bytes.
    Box::new(GzEncoder::new(stored, Compression::new(6)))
}

fn finish_truth(file: BufWriter<GzEncoder<BufWriter<File>>>) -> io::Result<()> {
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .finish()?
        .flush()
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(BufWriter::with_capacity(1 << 16, File::create(path)?))
}

fn end_line(line: &mut Vec<u8>, table: &Table) {
    line.extend_from_slice(if table.form.crlf { b"\r\n" } else { b"\n" });
}
