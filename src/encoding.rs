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
    #[error("{length} byte(s) at byte {at_byte} of the text are not valid {encoding}", encoding = encoding.name())]
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoding(label: &str) -> Encoding {
        Encoding::for_label(label).unwrap()
    }

    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(out.len());
            self.0.read(&mut out[..most])
        }
    }

    fn transcode(
        text: &[u8],
        declared: Option<&str>,
        chunk: usize,
        at_once: usize,
    ) -> Result<String, EncodingError> {
        let mut reader = Transcode::new(Dribble(text, chunk), declared.map(encoding));
        let (mut out, mut buffer) = (Vec::new(), vec![0; at_once]);
        loop {
            match reader.read_text(&mut buffer)? {
                0 => return Ok(String::from_utf8(out).unwrap()),
                read => out.extend_from_slice(&buffer[..read]),
            }
        }
    }

    fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
        let bytes = |unit: u16| {
            if big_endian {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn latin_1_is_windows_1252_and_its_undefined_bytes_stay_control_characters() {
        let text = transcode(
            b"caf\xe9 \x80 \x93x\x94 \x81\x8d\x8f\x90\x9d",
            Some("latin-1"),
            9,
            99,
        )
        .unwrap();
        assert_eq!(text, "café € “x” \u{81}\u{8d}\u{8f}\u{90}\u{9d}");
    }

    #[test]
    fn a_byte_order_mark_decides_and_goes() {
        for declared in [
            None,
            Some("utf-8"),
            Some("utf-16"),
            Some("utf-16be"),
            Some("latin-1"),
        ] {
            for (text, want) in [
                (b"\xef\xbb\xbfa,\xc3\xa9".to_vec(), "a,é"),
                ([&b"\xff\xfe"[..], &utf16("a,é", false)].concat(), "a,é"),
                ([&b"\xfe\xff"[..], &utf16("a,é😀", true)].concat(), "a,é😀"),
                (b"\xff\xfe".to_vec(), ""),
                (b"\xef\xbb\xbf".to_vec(), ""),
                // Only the first is a mark.
                (b"\xef\xbb\xbf\xef\xbb\xbfa".to_vec(), "\u{feff}a"),
            ] {
                for chunk in 1..5 {
                    assert_eq!(transcode(&text, declared, chunk, 5).unwrap(), want);
                }
            }
        }
        let text = utf16("a,é😀", false);
        assert_eq!(transcode(&text, Some("utf-16"), 1, 1).unwrap(), "a,é😀");
    }

    #[test]
    fn utf_16_of_the_other_order_is_refused() {
        for (declared, is_big, remedy) in [
            ("utf-16", true, "utf-16be"),
            ("utf-16le", true, "utf-16be"),
            ("utf-16be", false, "utf-16le"),
        ] {
            let error = transcode(&utf16("a,b", is_big), Some(declared), 3, 5).unwrap_err();
            assert!(error.to_string().contains(remedy), "{declared}: {error}");
        }
    }

    #[test]
    fn utf_8_passes_untouched_even_where_it_is_not_valid() {
        for declared in [None, Some("utf-8")] {
            for text in [&b""[..], b"a", b"\xff", b"a,\xff\xfe\n\xed\xa0\x80", b"\xef\xbb"] {
                let (mut out, mut reader) = (Vec::new(), Transcode::new(text, declared.map(encoding)));
                reader.read_to_end(&mut out).unwrap();
                assert_eq!(out, text);
                assert_eq!(reader.encoding(), Some(Encoding::UTF_8));
            }
        }
    }

    #[test]
    fn malformed_text_is_refused_where_it_is() {
        for (label, text, at) in [
            ("shift_jis", &b"a,b\n\x82\xa0\xffx"[..], 6),
            ("cp949", b"\xb0\xa1,\xb0", 3),
            ("cp949", b"\xb0\xa1,\xb0\n\n", 3),
            ("euc-jp", b"ab\x8f\xa1x", 2),
            ("gb18030", b"abc\x81\x30\x81x", 3),
            ("big5", b"\x80", 0),
            ("utf-16", b"a\0b", 2),
            ("utf-16le", b"a\0\x00\xd8b\0", 2),
            ("utf-16le", b"a\0\x00\xdcb\0", 2),
            ("utf-16be", b"\0a\xd8\x00", 2),
            ("iso-8859-8", b"abc\xbf", 3),
        ] {
            let mut reader = Transcode::new(text, Some(encoding(label)));
            reader.read_to_end(&mut Vec::new()).unwrap_err();
            assert!(matches!(
                reader.read_text(&mut [0; 8]),
                Err(EncodingError::AfterFailure)
            ));
            for chunk in 1..8 {
                match transcode(text, Some(label), chunk, 7).unwrap_err() {
                    EncodingError::Malformed {
                        at_byte,
                        encoding: found,
                        ..
                    } => {
                        assert_eq!(at_byte, at, "{label} {text:?}");
                        assert_eq!(found, encoding(label));
                    }
                    other => panic!("{other}"),
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, name) in [
            (&b"\xff\xfe\0\0a\0\0\0"[..], "UTF-32"),
            (b"a\0,\0b\0", "utf-16le"),
            (b"\0a\0,\0b", "utf-16be"),
        ] {
            let error = transcode(text, None, 2, 99).unwrap_err();
            assert!(
                error.is_permanent() && error.to_string().contains(name),
                "{error}"
            );
        }
    }

    #[test]
    fn an_error_of_the_source_comes_out_as_it_was() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        for declared in [None, Some(encoding("gbk"))] {
            let mut reader = Transcode::new(b"abcdef".chain(Broken), declared);
            let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
            assert!(EncodingError::within(&error).is_none());
        }
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_text_back(
            text in "[ -~é€가힣あア漢字😀\n\r]{0,80}",
            label in prop::sample::select(vec!["gb18030", "utf-16le", "utf-16be", "utf-8"]),
            chunk in 1usize..40,
            at_once in 1usize..100,
        ) {
            let bytes = match label {
                "utf-16le" => utf16(&text, false),
                "utf-16be" => utf16(&text, true),
                label => encoding(label).standard().encode(&text).0.into_owned(),
            };
            prop_assert_eq!(transcode(&bytes, Some(label), chunk, at_once).unwrap(), text);
        }
    }
}
