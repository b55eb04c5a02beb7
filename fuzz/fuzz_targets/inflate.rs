//! Gzip, whole, in pieces and damaged: the same answer however it is read, and never other bytes than went in.
#![no_main]

use std::io::{Read, Write};

use daymark::inflate::{Format, Inflate};
use daymark::limits::Limits;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

/// How a run ended: the format that was seen, with the bytes or the error's words.
type End = (Option<Format>, Result<Vec<u8>, String>);

fuzz_target!(|input: &[u8]| {
    let [mode, cut, damage, rest @ ..] = input else {
        return;
    };
    let piece = usize::from(*cut % 17) + 1;
    match mode % 3 {
        0 => raw(rest, piece),
        1 => intact(rest, piece),
        _ => damaged(rest, usize::from(*cut), *damage),
    }
});

/// Any bytes: the same end for every way of cutting them up, and flate2's bytes where they are a gzip file.
fn raw(bytes: &[u8], piece: usize) {
    let whole = inflate(bytes, usize::MAX, 256 << 10);
    assert_eq!(
        whole,
        inflate(bytes, piece, 256 << 10),
        "source cut into {piece} bytes"
    );
    let (_, in_small_steps) = inflate(bytes, usize::MAX, piece);
    assert_eq!(whole.1, in_small_steps, "read {piece} bytes at a time");
    if let (Some(Format::Gzip), Ok(text)) = whole {
        let mut known = Vec::new();
        // It stumbles over zero padding, which is allowed here, but not before it has read every member.
        let _ = MultiGzDecoder::new(bytes).read_to_end(&mut known);
        assert_eq!(text, known);
    }
}

/// Text in two members comes back as it was.
fn intact(text: &[u8], piece: usize) {
    let gzip = two_members(text, piece);
    let (format, end) = inflate(&gzip, piece, 256 << 10);
    assert_eq!((format, end), (Some(Format::Gzip), Ok(text.to_vec())));
}

/// One byte of a gzip file is changed: an error, or, where nothing depends on that byte, the same text.
fn damaged(text: &[u8], at: usize, change: u8) {
    let mut gzip = two_members(text, 5);
    let at = at % gzip.len();
    gzip[at] ^= change;
    if let (Some(Format::Gzip), Ok(found)) = inflate(&gzip, usize::MAX, 256 << 10) {
        assert_eq!(found, text, "byte {at} changed by {change:#04x}");
    }
}

fn two_members(text: &[u8], first: usize) -> Vec<u8> {
    let (first, second) = text.split_at(first.min(text.len()));
    let mut gzip = Vec::new();
    for member in [first, second] {
        let mut encoder = GzEncoder::new(&mut gzip, Compression::fast());
        encoder
            .write_all(member)
            .and_then(|()| encoder.finish())
            .expect("memory takes every byte");
    }
    gzip
}

fn inflate(bytes: &[u8], source_piece: usize, step: usize) -> End {
    let limits = Limits {
        inflated_bytes_max: 1 << 20,
        gzip_members_max: 1_000,
        ..Limits::default()
    };
    let mut reader = Inflate::new(Pieces(bytes, source_piece), &limits);
    let mut text = Vec::new();
    let mut out = vec![0; step];
    let end = loop {
        match reader.read_inflated(&mut out) {
            Ok(0) => break Ok(text),
            Ok(n) => text.extend_from_slice(&out[..n]),
            Err(error) => break Err(error.to_string()),
        }
    };
    (reader.format(), end)
}

/// A source that hands out at most so many bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let most = out.len().min(self.1);
        self.0.read(&mut out[..most])
    }
}
