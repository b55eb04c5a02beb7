//! From the bytes of a part as stored to its text: gzip members are inflated and verified, plain text passes through.
//!
//! What a source is, is told by its content and never by its name. Gzip is read by hand (RFC 1952) around a raw
//! deflate decoder (RFC 1951), because ready-made readers either stop behind the first member, or take whatever
//! follows the last one for its end, and none of them says at which byte a part is broken. A part that is cut off or
//! damaged must be refused, not converted as far as it goes.
//!
//! One damage cannot be seen here: a part that was cut off exactly between two members is a valid, shorter gzip file.

mod error;
mod foreign;
mod hashed;

use std::io::{self, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use foreign::{First, foreign_format};

pub use error::{InflateError, Section};
pub use foreign::is_parquet;
pub use hashed::Hashed;

use crate::limits::Limits;

/// Below this many inflated bytes the expansion ratio is not looked at: small parts of one repeated row are harmless.
pub const RATIO_FREE_BYTES: u64 = 64 << 20;

/// Bytes of the source that are read at once.
const BUFFER_BYTES: usize = 128 << 10;

/// Bytes at the start by which the source's kind is told.
const HEAD_BYTES: usize = 16;

/// What a source turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One or more gzip members.
    Gzip,
    /// Anything that carries no known magic number: text as it is.
    Plain,
}

/// Reads a source and yields its plain bytes.
///
/// An error is final: the reader yields nothing any more after it.
pub struct Inflate<R> {
    source: Hashed<R>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    state: State,
    format: Option<Format>,
    deflate: Decompress,
    crc: Crc,
    member_bytes: u64,
    members: u64,
    inflated: u64,
    first: First,
    limits: Limits,
}

enum State {
    /// Nothing was read yet.
    Start,
    Plain,
    /// Inside a member's compressed data.
    Body,
    /// Behind a member's compressed data.
    Trailer,
    /// Behind a whole member.
    Between,
    End,
    Failed,
}

impl<R: Read> Inflate<R> {
    /// A reader of `source`, held to `limits`. Nothing is read yet.
    pub fn new(source: R, limits: &Limits) -> Self {
        Inflate {
            source: Hashed::new(source),
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            state: State::Start,
            format: None,
            deflate: Decompress::new(false),
            crc: Crc::new(),
            member_bytes: 0,
            members: 0,
            inflated: 0,
            first: First::default(),
            limits: *limits,
        }
    }

    /// Fills `out` from its start with plain bytes and says with how many; 0 is the end (or an empty `out`).
    ///
    /// Bytes of a member are handed out before its checksum is known: only the 0 at the end says that all of them were
    /// right. Compressed data is inflated straight into `out`, which should be 256 KiB or more.
    pub fn read_inflated(&mut self, out: &mut [u8]) -> Result<usize, InflateError> {
        if out.is_empty() {
            return Ok(0);
        }
        let result = self.step(out);
        match result {
            Ok(0) => self.state = State::End,
            Ok(_) => {}
            Err(_) => self.state = State::Failed,
        }
        result
    }

    /// What the source is; None before the first read.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The format that what was inflated so far begins as, if it is none of text: it was compressed twice, say.
    pub fn format_within(&self) -> Option<&'static str> {
        self.first.format()
    }

    /// Gzip members begun so far.
    pub fn members(&self) -> u64 {
        self.members
    }

    /// Plain bytes handed out so far.
    pub fn inflated_bytes(&self) -> u64 {
        self.inflated
    }

    /// Bytes of the source used so far: the place of an error found now. (What is read ahead does not count.)
    pub fn at_byte(&self) -> u64 {
        self.source.bytes_read() - (self.end - self.start) as u64
    }

    /// Bytes of the source read so far: at the end, its size as stored.
    pub fn source_bytes(&self) -> u64 {
        self.source.bytes_read()
    }

    /// SHA-256, in hex, of the source read so far: at the end, that of the source as stored, padding included.
    pub fn source_sha256(&self) -> String {
        self.source.sha256()
    }

    fn step(&mut self, out: &mut [u8]) -> Result<usize, InflateError> {
        loop {
            match self.state {
                State::Start => self.begin()?,
                State::Plain => return self.pass_plain(out),
                State::Body => {
                    let inflated = self.inflate_body(out)?;
                    if inflated > 0 {
                        return Ok(inflated);
                    }
                }
                State::Trailer => self.verify_trailer()?,
                State::Between => self.begin_next_member()?,
                State::End => return Ok(0),
                State::Failed => return Err(InflateError::AfterFailure),
            }
        }
    }

    /// Tells what the source is.
    fn begin(&mut self) -> Result<(), InflateError> {
        while self.end < HEAD_BYTES && self.fill()? {}
        let head = self.buffer.get(..self.end).unwrap_or_default();
        match head {
            [0x1f] | [0x1f, 0x8b, ..] => {
                self.format = Some(Format::Gzip);
                self.read_header()
            }
            // One damaged byte must not turn gzip into text. No text begins like this.
            [_, 0x8b, 8, flags, ..] | [0x1f, _, 8, flags, ..] if *flags < 0x20 => {
                Err(InflateError::DamagedMagic)
            }
            _ => match foreign_format(head) {
                Some(found) => Err(InflateError::OtherFormat { found }),
                None => {
                    self.format = Some(Format::Plain);
                    self.state = State::Plain;
                    Ok(())
                }
            },
        }
    }

    fn pass_plain(&mut self, out: &mut [u8]) -> Result<usize, InflateError> {
        let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
        let passed = if ahead.is_empty() {
            read_some(&mut self.source, out)?
        } else {
            let passed = ahead.len().min(out.len());
            for (to, from) in out.iter_mut().zip(ahead) {
                *to = *from;
            }
            self.start += passed;
            passed
        };
        self.count_inflated(passed)?;
        Ok(passed)
    }

    /// Reads a member's header, from its magic number to its first compressed byte.
    fn read_header(&mut self) -> Result<(), InflateError> {
        const HAS_CRC: u8 = 1 << 1;
        const HAS_EXTRA: u8 = 1 << 2;
        const HAS_NAME: u8 = 1 << 3;
        const HAS_COMMENT: u8 = 1 << 4;
        const RESERVED: u8 = 0b1110_0000;

        self.members += 1;
        if self.members > self.limits.gzip_members_max {
            return Err(InflateError::TooManyMembers {
                limit: self.limits.gzip_members_max,
                at_byte: self.at_byte(),
            });
        }
        let mut crc = Crc::new();
        let [_, _, method, flags, ..] = self.header_bytes::<10>(&mut crc)?;
        if method != 8 {
            return Err(self.header_fault(format!("compression method {method}, expected 8 (deflate)")));
        }
        if flags & RESERVED != 0 {
            return Err(self.header_fault(format!("reserved flags set in {flags:#04x}")));
        }
        if flags & HAS_EXTRA != 0 {
            let length = u16::from_le_bytes(self.header_bytes::<2>(&mut crc)?);
            for _ in 0..length {
                self.header_bytes::<1>(&mut crc)?;
            }
        }
        for text in [HAS_NAME, HAS_COMMENT] {
            if flags & text != 0 {
                while self.header_bytes::<1>(&mut crc)? != [0] {}
            }
        }
        if flags & HAS_CRC != 0 {
            let expected = crc.sum() & 0xffff;
            let found = u32::from(u16::from_le_bytes(self.header_bytes::<2>(&mut Crc::new())?));
            if found != expected {
                return Err(
                    self.header_fault(format!("header checksum {found:04x}, computed {expected:04x}"))
                );
            }
        }
        self.deflate.reset(false);
        self.crc.reset();
        self.member_bytes = 0;
        self.state = State::Body;
        Ok(())
    }

    fn header_bytes<const N: usize>(&mut self, crc: &mut Crc) -> Result<[u8; N], InflateError> {
        let bytes = self.take_bytes::<N>(Section::Header)?;
        crc.update(&bytes);
        Ok(bytes)
    }

    fn inflate_body(&mut self, out: &mut [u8]) -> Result<usize, InflateError> {
        let more = self.start < self.end || self.fill()?;
        let input = self.buffer.get(self.start..self.end).unwrap_or_default();
        let (in_before, out_before) = (self.deflate.total_in(), self.deflate.total_out());
        let status = self.deflate.decompress(input, out, FlushDecompress::None);
        let used = length(self.deflate.total_in() - in_before);
        let inflated = length(self.deflate.total_out() - out_before);
        self.start += used;
        match status {
            Ok(Status::StreamEnd) => self.state = State::Trailer,
            Ok(Status::Ok | Status::BufError) if used > 0 || inflated > 0 => {}
            // Asked again without input, the decoder had nothing left in it either.
            Ok(_) if !more => return Err(self.truncated(Section::Body)),
            Ok(_) => return Err(self.body_fault("the decoder makes no progress".to_owned())),
            // What the decoder says of it depends on where its input was cut, so it is not passed on.
            Err(_) => return Err(self.body_fault("it is no deflate data".to_owned())),
        }
        let text = out.get(..inflated).unwrap_or_default();
        self.crc.update(text);
        self.first.see(text);
        self.member_bytes += inflated as u64;
        self.count_inflated(inflated)?;
        Ok(inflated)
    }

    fn verify_trailer(&mut self) -> Result<(), InflateError> {
        let at_byte = self.at_byte();
        let expected = u32::from_le_bytes(self.take_bytes::<4>(Section::Trailer)?);
        let length = u32::from_le_bytes(self.take_bytes::<4>(Section::Trailer)?);
        let found = self.crc.sum();
        if found != expected {
            return Err(InflateError::Checksum {
                member: self.members,
                at_byte,
                expected,
                found,
            });
        }
        if self.member_bytes & u64::from(u32::MAX) != u64::from(length) {
            return Err(InflateError::Length {
                member: self.members,
                at_byte: at_byte + 4,
                expected: length,
                found: self.member_bytes,
            });
        }
        self.state = State::Between;
        Ok(())
    }

    /// Behind a member: the next one, or zero padding to the end, or the end.
    fn begin_next_member(&mut self) -> Result<(), InflateError> {
        let Some(first) = self.peek()? else {
            self.state = State::End;
            return Ok(());
        };
        if first == 0 {
            return self.skip_padding();
        }
        let at_byte = self.at_byte();
        // The second byte may not have been read yet: it is looked at without losing the first.
        if first == 0x1f {
            if self.end - self.start < 2 {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
                self.fill_behind()?;
            }
            if matches!(self.buffer.get(self.start..self.end), Some([_] | [_, 0x8b, ..])) {
                return self.read_header();
            }
        }
        Err(InflateError::TrailingBytes {
            member: self.members,
            at_byte,
        })
    }

    fn skip_padding(&mut self) -> Result<(), InflateError> {
        while self.start < self.end || self.fill()? {
            let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
            if let Some(offset) = ahead.iter().position(|byte| *byte != 0) {
                self.start += offset;
                return Err(InflateError::TrailingBytes {
                    member: self.members,
                    at_byte: self.at_byte(),
                });
            }
            self.start = self.end;
        }
        self.state = State::End;
        Ok(())
    }

    fn count_inflated(&mut self, bytes: usize) -> Result<(), InflateError> {
        self.inflated += bytes as u64;
        if self.inflated > self.limits.inflated_bytes_max {
            return Err(InflateError::TooLong {
                limit: self.limits.inflated_bytes_max,
                at_byte: self.at_byte(),
            });
        }
        let most = self.at_byte().saturating_mul(self.limits.expansion_ratio_max);
        if self.inflated > RATIO_FREE_BYTES && self.inflated > most {
            return Err(InflateError::TooDense {
                limit: self.limits.expansion_ratio_max,
                inflated: self.inflated,
                at_byte: self.at_byte(),
            });
        }
        Ok(())
    }

    fn take_bytes<const N: usize>(&mut self, section: Section) -> Result<[u8; N], InflateError> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.peek()?.ok_or_else(|| self.truncated(section))?;
            self.start += 1;
        }
        Ok(bytes)
    }

    fn peek(&mut self) -> Result<Option<u8>, InflateError> {
        if self.start == self.end && !self.fill()? {
            return Ok(None);
        }
        Ok(self.buffer.get(self.start).copied())
    }

    /// Reads more of the source: behind what is there while the head is gathered, else from the buffer's start.
    /// False at the end.
    fn fill(&mut self) -> Result<bool, InflateError> {
        if self.start == self.end && self.start > 0 {
            (self.start, self.end) = (0, 0);
        }
        self.fill_behind()
    }

    fn fill_behind(&mut self) -> Result<bool, InflateError> {
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = read_some(&mut self.source, room)?;
        self.end += read;
        Ok(read > 0)
    }

    fn truncated(&self, section: Section) -> InflateError {
        InflateError::Truncated {
            member: self.members,
            section,
            at_byte: self.at_byte(),
        }
    }

    fn header_fault(&self, why: String) -> InflateError {
        InflateError::Header {
            member: self.members,
            at_byte: self.at_byte(),
            why,
        }
    }

    fn body_fault(&self, why: String) -> InflateError {
        InflateError::Body {
            member: self.members,
            at_byte: self.at_byte(),
            why,
        }
    }
}

/// As [`Inflate::read_inflated`]. An error of the source comes out as it was; a fault of its content as
/// [`io::ErrorKind::InvalidData`] with an [`InflateError`] in it, which [`InflateError::within`] finds.
impl<R: Read> Read for Inflate<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.read_inflated(out).map_err(io::Error::from)
    }
}

fn read_some<R: Read>(source: &mut Hashed<R>, room: &mut [u8]) -> Result<usize, InflateError> {
    loop {
        match source.read(room) {
            Ok(read) => return Ok(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(InflateError::Source {
                    at_byte: source.bytes_read(),
                    cause: error,
                });
            }
        }
    }
}

/// A length within one buffer, as the decoder's running totals give it.
fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
