//! From a declared encoding to UTF-8, which is all that the record layer reads.
//!
//! Encodings and labels are the WHATWG Encoding Standard's, as browsers use them; the spellings of Python's codecs are
//! accepted beside them. Three consequences are worth knowing:
//!
//! - `latin-1`, `iso-8859-1` and `ascii` all mean windows-1252 there. Its bytes 0x80 to 0x9f are `€`, `‚`, `“` and so
//!   on, which is what files so labelled hold in practice; the five bytes it leaves undefined become the C1 control
//!   characters of the same number. Python's `latin-1` differs in those 32 bytes.
//! - `utf-16` means little endian, unless a byte order mark says otherwise.
//! - A byte order mark outranks what is declared. It is never part of the text.
//!
//! Bytes that are not valid in an encoding are never replaced: the part is refused at the first of them. UTF-8 passes
//! as it is, because there a bad byte spoils one record only, which the record layer rejects.

mod label;

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult};

pub use label::{Encoding, UnknownEncoding};

/// Bytes of the source that are read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// An output shorter than this might not hold one character of every encoding's output.
const ROOM_BYTES_MIN: usize = 64;

/// Why text could not be read as UTF-8. Places are bytes of the text before it is transcoded, but after it is inflated.
#[derive(Debug, thiserror::Error)]
pub enum EncodingError {
    /// The source's own error.
    #[error("reading the text failed at byte {at_byte}: {cause}")]
    Source {
        /// Bytes read before.
        at_byte: u64,
        /// The reader's error.
        cause: io::Error,
    },
    /// Bytes that mean nothing in the encoding.
    #[error(
        "{length} {} at byte {at_byte} of the text {} not valid {encoding}",
        if *length == 1 { "byte" } else { "bytes" },
        if *length == 1 { "is" } else { "are" },
        encoding = encoding.name()
    )]
    Malformed {
        /// What the text was read as.
        encoding: Encoding,
        /// Where they begin.
        at_byte: u64,
        /// How many they are.
        length: u8,
    },
    /// An encoding that cannot be read, or not without being declared.
    #[error("the text begins like {found}, at byte 0: {remedy}")]
    Unreadable {
        /// What it looks like.
        found: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// It was read on after an error.
    #[error("the text was read on after an error")]
    AfterFailure,
}

impl EncodingError {
    /// Whether the same bytes would fail again. (Of a source's error, the source knows.)
    pub fn is_permanent(&self) -> bool {
        !matches!(self, EncodingError::Source { .. } | EncodingError::AfterFailure)
    }

    /// The fault of content that an [`io::Error`] from [`Transcode`] carries, if it is one.
    pub fn within(error: &io::Error) -> Option<&EncodingError> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<EncodingError> for io::Error {
    /// The source's own error comes out as it was.
    fn from(error: EncodingError) -> io::Error {
        match error {
            EncodingError::Source { cause, .. } => cause,
            EncodingError::AfterFailure => io::Error::other(error),
            fault => io::Error::new(io::ErrorKind::InvalidData, fault),
        }
    }
}

/// Reads text in a declared encoding, or in the one its byte order mark names, and yields UTF-8 without the mark.
///
/// Memory is flat: one buffer of 64 KiB, which UTF-8 itself passes by. An error is final.
pub struct Transcode<R> {
    source: R,
    declared: Option<Encoding>,
    found: Option<Encoding>,
    marked: bool,
    /// None before the start, and for UTF-8.
    decoder: Option<Decoder>,
    buffer: Vec<u8>,
    start: usize,
    /// The source has ended.
    at_end: bool,
    /// The decoder was told so, and has nothing left.
    finished: bool,
    /// What did not fit an output that was too small for the decoder.
    spare: Vec<u8>,
    bytes_read: u64,
    failed: bool,
}

impl<R: Read> Transcode<R> {
    /// A reader of `source`, which is in `declared`, or else in what its byte order mark says, or else in UTF-8.
    pub fn new(source: R, declared: Option<Encoding>) -> Self {
        Transcode {
            source,
            declared,
            found: None,
            marked: false,
            decoder: None,
            buffer: Vec::new(),
            start: 0,
            at_end: false,
            finished: false,
            spare: Vec::new(),
            bytes_read: 0,
            failed: false,
        }
    }

    /// What the text is read as; None before the first read.
    pub fn encoding(&self) -> Option<Encoding> {
        self.found
    }

    /// Bytes of a mark in UTF-8 that the source has before the text. 0 before the first read, and for other encodings, of whose
    /// bytes the text has not the same number anyway.
    pub fn mark_bytes(&self) -> u64 {
        if self.marked && self.found == Some(Encoding::UTF_8) {
            3
        } else {
            0
        }
    }

    /// The reader underneath.
    pub fn source(&self) -> &R {
        &self.source
    }

    /// Fills `out` from its start with UTF-8 and says with how many bytes; 0 is the end (or an empty `out`).
    /// A character may be split between two reads.
    pub fn read_text(&mut self, out: &mut [u8]) -> Result<usize, EncodingError> {
        if self.failed {
            return Err(EncodingError::AfterFailure);
        }
        if out.is_empty() {
            return Ok(0);
        }
        let result = self.step(out);
        self.failed = result.is_err();
        result
    }

    fn step(&mut self, out: &mut [u8]) -> Result<usize, EncodingError> {
        let encoding = match self.found {
            Some(encoding) => encoding,
            None => self.begin()?,
        };
        if self.decoder.is_none() {
            return self.pass(out);
        }
        if self.spare.is_empty() && out.len() >= ROOM_BYTES_MIN {
            return self.decode(encoding, out);
        }
        if self.spare.is_empty() {
            let mut spare = [0; ROOM_BYTES_MIN];
            let decoded = self.decode(encoding, &mut spare)?;
            self.spare
                .extend_from_slice(spare.get(..decoded).unwrap_or_default());
        }
        let taken = copy_start(&self.spare, out);
        self.spare.drain(..taken);
        Ok(taken)
    }

    /// Decides the encoding by the first bytes.
    fn begin(&mut self) -> Result<Encoding, EncodingError> {
        const HEAD_BYTES: usize = 4;
        self.buffer.resize(HEAD_BYTES, 0);
        let mut length = 0;
        while length < HEAD_BYTES {
            let room = self.buffer.get_mut(length..).unwrap_or_default();
            match read_some(&mut self.source, room, self.bytes_read)? {
                0 => break,
                read => {
                    length += read;
                    self.bytes_read += read as u64;
                }
            }
        }
        self.buffer.truncate(length);
        if let [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] = *self.buffer {
            return Err(EncodingError::Unreadable {
                found: "UTF-32",
                remedy: "expected UTF-8, UTF-16 or another encoding of the WHATWG Encoding Standard",
            });
        }
        let found = match (Encoding::detect(&self.buffer), self.declared) {
            (Some((marked, mark_bytes)), _) => {
                self.start = mark_bytes;
                self.marked = true;
                marked
            }
            (None, Some(declared)) => {
                let remedy = match *self.buffer {
                    [0, 1..=0x7f, 0, 1..=0x7f] if declared == Encoding::UTF_16LE => Some("declare utf-16be"),
                    [1..=0x7f, 0, 1..=0x7f, 0] if declared == Encoding::UTF_16BE => Some("declare utf-16le"),
                    _ => None,
                };
                let found = "UTF-16 of the other byte order than is declared";
                if let Some(remedy) = remedy {
                    return Err(EncodingError::Unreadable { found, remedy });
                }
                declared
            }
            (None, None) => match *self.buffer {
                [1..=0x7f, 0, 1..=0x7f, 0] | [0, 1..=0x7f, 0, 1..=0x7f] => {
                    return Err(EncodingError::Unreadable {
                        found: "UTF-16 without a byte order mark",
                        remedy: "declare its encoding, utf-16le or utf-16be",
                    });
                }
                _ => Encoding::UTF_8,
            },
        };
        if found != Encoding::UTF_8 {
            self.decoder = Some(found.standard().new_decoder_without_bom_handling());
        }
        self.found = Some(found);
        Ok(found)
    }

    fn pass(&mut self, out: &mut [u8]) -> Result<usize, EncodingError> {
        let ahead = self.buffer.get(self.start..).unwrap_or_default();
        if !ahead.is_empty() {
            let passed = copy_start(ahead, out);
            self.start += passed;
            return Ok(passed);
        }
        let read = read_some(&mut self.source, out, self.bytes_read)?;
        self.bytes_read += read as u64;
        Ok(read)
    }

    /// Decodes into `out`, which has room for any character, until something is in it or the text has ended.
    fn decode(&mut self, encoding: Encoding, out: &mut [u8]) -> Result<usize, EncodingError> {
        while !self.finished {
            if self.start == self.buffer.len() && !self.at_end {
                self.fill()?;
            }
            let ahead = self.buffer.get(self.start..).unwrap_or_default();
            let Some(decoder) = &mut self.decoder else { break };
            let (result, used, decoded) = decoder.decode_to_utf8_without_replacement(ahead, out, self.at_end);
            self.start += used;
            match result {
                DecoderResult::Malformed(length, behind) => {
                    // Some decoders look further than the bytes that are wrong.
                    let used_bytes = self.bytes_read - (self.buffer.len() - self.start) as u64;
                    return Err(EncodingError::Malformed {
                        encoding,
                        at_byte: used_bytes.saturating_sub(u64::from(length) + u64::from(behind)),
                        length,
                    });
                }
                DecoderResult::InputEmpty if self.at_end => self.finished = true,
                DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
            }
            if decoded > 0 {
                return Ok(decoded);
            }
        }
        Ok(0)
    }

    fn fill(&mut self) -> Result<(), EncodingError> {
        self.buffer.resize(BUFFER_BYTES, 0);
        self.start = 0;
        let read = read_some(&mut self.source, &mut self.buffer, self.bytes_read);
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        let read = read?;
        self.bytes_read += read as u64;
        self.at_end = read == 0;
        Ok(())
    }
}

/// As [`Transcode::read_text`]. An error of the source comes out as it was; a fault of the text as
/// [`io::ErrorKind::InvalidData`] with an [`EncodingError`] in it, which [`EncodingError::within`] finds.
impl<R: Read> Read for Transcode<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.read_text(out).map_err(io::Error::from)
    }
}

fn read_some<R: Read>(source: &mut R, room: &mut [u8], at_byte: u64) -> Result<usize, EncodingError> {
    loop {
        match source.read(room) {
            Ok(read) => return Ok(read.min(room.len())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(EncodingError::Source { at_byte, cause }),
        }
    }
}

fn copy_start(from: &[u8], to: &mut [u8]) -> usize {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    from.len().min(to.len())
}

#[cfg(test)]
mod tests;
