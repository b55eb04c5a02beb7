//! Inflating: every truncation, every damaged byte, every limit on both sides, any chunking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::io::{self, Read, Write};

use daymark::inflate::{Format, Inflate, InflateError, RATIO_FREE_BYTES, Section};
use daymark::limits::Limits;
use flate2::{Compression, Crc, GzBuilder};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

fn member(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A member with every optional header field, its header checksum included.
fn dressed_member(text: &[u8]) -> Vec<u8> {
    let plain = member(text);
    let mut out = vec![0x1f, 0x8b, 8, 0b0001_1111, 1, 2, 3, 4, 0, 255];
    out.extend_from_slice(&[5, 0]);
    out.extend_from_slice(b"extra");
    out.extend_from_slice(b"name.csv\0");
    out.extend_from_slice(b"a comment\0");
    let mut crc = Crc::new();
    crc.update(&out);
    out.extend_from_slice(&crc.sum().to_le_bytes()[..2]);
    out.extend_from_slice(&plain[10..]);
    out
}

/// Two members, the first with every header field, and what they hold.
fn two_members() -> (Vec<u8>, usize, Vec<u8>) {
    let first = b"a,b\n1,\"two\"\n".repeat(5);
    let second = b"3,four\n".repeat(7);
    let mut source = dressed_member(&first);
    let boundary = source.len();
    source.extend_from_slice(&member(&second));
    (source, boundary, [first, second].concat())
}

fn inflate(source: &[u8]) -> Result<Vec<u8>, InflateError> {
    inflate_within(source, &Limits::default())
}

fn inflate_within(source: impl Read, limits: &Limits) -> Result<Vec<u8>, InflateError> {
    drain(&mut Inflate::new(source, limits), 1 << 16)
}

fn drain<R: Read>(reader: &mut Inflate<R>, at_once: usize) -> Result<Vec<u8>, InflateError> {
    let mut out = Vec::new();
    let mut buffer = vec![0; at_once];
    loop {
        match reader.read_inflated(&mut buffer)? {
            0 => return Ok(out),
            read => out.extend_from_slice(&buffer[..read]),
        }
    }
}

/// A reader that gives so many bytes at a time, interrupted before each.
struct Dribble<'a>(&'a [u8], usize, bool);

impl Read for Dribble<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.2 = !self.2;
        if self.2 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = self.1.min(out.len());
        self.0.read(&mut out[..most])
    }
}

fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn members_are_joined_counted_and_hashed() {
    let (source, _, text) = two_members();
    let mut reader = Inflate::new(&source[..], &Limits::default());
    assert_eq!(drain(&mut reader, 1 << 16).unwrap(), text);
    assert_eq!(reader.format(), Some(Format::Gzip));
    assert_eq!(reader.members(), 2);
    assert_eq!(reader.inflated_bytes(), text.len() as u64);
    assert_eq!(reader.source_bytes(), source.len() as u64);
    assert_eq!(reader.at_byte(), source.len() as u64);
    assert_eq!(reader.source_sha256(), hex_sha256(&source));
    assert_eq!(reader.read_inflated(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn every_truncation_is_an_error_that_names_the_place() {
    let (source, boundary, _) = two_members();
    let header_lengths = [(0, 10 + 2 + 5 + 9 + 10 + 2), (boundary, 10)];
    for cut in 1..source.len() {
        if cut == boundary {
            continue;
        }
        let (begin, header) = header_lengths[usize::from(cut > boundary)];
        let end = if cut > boundary { source.len() } else { boundary };
        let (wanted_member, within) = (if cut > boundary { 2 } else { 1 }, cut - begin);
        let wanted_section = if within < header {
            Section::Header
        } else if cut < end - 8 {
            Section::Body
        } else {
            Section::Trailer
        };
        for chunk in [1, 1 << 17] {
            let error =
                inflate_within(Dribble(&source[..cut], chunk, false), &Limits::default()).unwrap_err();
            let InflateError::Truncated {
                member,
                section,
                at_byte,
            } = error
            else {
                panic!("cut at {cut}: {error}");
            };
            assert_eq!(member, wanted_member, "cut at {cut}");
            assert_eq!(section, wanted_section, "cut at {cut}");
            assert_eq!(at_byte, cut as u64);
            assert!(error.is_permanent());
        }
    }
}

#[test]
fn a_cut_between_members_is_a_shorter_valid_file() {
    let (source, boundary, text) = two_members();
    let got = inflate(&source[..boundary]).unwrap();
    assert!(text.starts_with(&got) && got.len() < text.len());
}

#[test]
fn every_damaged_byte_is_an_error_or_changes_nothing() {
    // Both kinds of header first and last; 255 damages for each byte.
    let (dressed_first, boundary, text) = two_members();
    let swapped = [&dressed_first[boundary..], &dressed_first[..boundary]].concat();
    let text_swapped = inflate(&swapped).unwrap();
    // A plain header says nothing that could be checked in its time, extra flags and operating system,
    // nor in the flag that calls its content text.
    for (source, text, plain_header) in [
        (dressed_first, text, boundary),
        (swapped.clone(), text_swapped, 0),
    ] {
        for at in 0..source.len() {
            let mut damaged = source.clone();
            for change in 1..=255 {
                damaged[at] = source[at] ^ change;
                let within = at.wrapping_sub(plain_header);
                let unseen = (4..10).contains(&within) || (within == 3 && change == 1);
                // Compressed data may say the same in another way, such as by a distance of two periods for one.
                match inflate(&damaged) {
                    Ok(got) => assert_eq!(got, text, "byte {at} changed by {change:#04x} went unseen"),
                    Err(error) => {
                        assert!(!unseen, "byte {at} changed by {change:#04x}: {error}");
                        assert!(error.is_permanent());
                    }
                }
            }
        }
    }
}

#[test]
fn a_trailer_that_lies_names_member_and_byte() {
    let (source, boundary, _) = two_members();
    let mut damaged = source.clone();
    damaged[boundary - 8] ^= 1;
    let at = (boundary - 8) as u64;
    assert!(
        matches!(inflate(&damaged), Err(InflateError::Checksum { member: 1, at_byte, .. }) if at_byte == at)
    );
    let mut damaged = source.clone();
    let at = source.len() - 4;
    damaged[at] ^= 1;
    assert!(
        matches!(inflate(&damaged), Err(InflateError::Length { member: 2, at_byte, .. }) if at_byte == at as u64)
    );
}

#[test]
fn zero_padding_is_accepted_and_hashed_and_other_bytes_are_not() {
    let (source, _, text) = two_members();
    for padding in [1, 511, 300_000] {
        let mut padded = source.clone();
        padded.resize(source.len() + padding, 0);
        let mut reader = Inflate::new(&padded[..], &Limits::default());
        assert_eq!(drain(&mut reader, 1 << 16).unwrap(), text);
        assert_eq!(reader.source_bytes(), padded.len() as u64);
        assert_eq!(reader.source_sha256(), hex_sha256(&padded));

        for garbage in [&b"x"[..], &[0x1f, 0x8b, 8, 0], &member(b"late")] {
            let mut spoilt = padded.clone();
            spoilt.extend_from_slice(garbage);
            let at = padded.len() as u64;
            assert!(
                matches!(inflate(&spoilt), Err(InflateError::TrailingBytes { member: 2, at_byte }) if at_byte == at)
            );
        }
    }
    for garbage in [&b"x"[..], b"\n", &[0x1f, 0x8c], &[0x8b, 0x1f], &[255; 200]] {
        let spoilt = [&source[..], garbage].concat();
        for chunk in [1, 1 << 17] {
            let error = inflate_within(Dribble(&spoilt, chunk, false), &Limits::default()).unwrap_err();
            let InflateError::TrailingBytes { member: 2, at_byte } = error else {
                panic!("{error}");
            };
            assert_eq!(at_byte, source.len() as u64);
        }
    }
}

#[test]
fn members_may_be_empty() {
    let source = [member(b""), member(b"x"), member(b""), member(b"")].concat();
    assert_eq!(inflate(&source).unwrap(), b"x");
    assert_eq!(inflate(&member(b"")).unwrap(), b"");
}

#[test]
fn plain_text_passes_and_is_hashed() {
    for text in [
        &b""[..],
        b"a",
        b"BZh,BZh1\n",
        b"PK,PAR1\n1,2\n",
        b"\xef\xbb\xbfa,b\n",
        b"\xff\xfea\0,\0",
        b"\xfe\xff\0a",
        b"\x1f,\n",
        b"a,b\n1,2\n",
    ] {
        let mut reader = Inflate::new(text, &Limits::default());
        assert_eq!(drain(&mut reader, 3).unwrap(), text);
        assert_eq!(reader.format(), Some(Format::Plain));
        assert_eq!(reader.source_sha256(), hex_sha256(text));
    }
    let long = b"a,b\n".repeat(100_000);
    assert_eq!(inflate(&long).unwrap(), long);
}

#[test]
fn other_formats_are_named() {
    for (head, name) in [
        (&b"PK\x03\x04rest"[..], "zip"),
        (b"BZh91AY&SYrest", "bzip2"),
        (b"\xfd7zXZ\0rest", "xz"),
        (b"\x28\xb5\x2f\xfdrest", "zstd"),
        (b"\x04\x22\x4d\x18rest", "lz4"),
        (b"PAR1\x15\x04\x15", "Parquet"),
    ] {
        let error = inflate(head).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        assert!(error.is_permanent());
    }
}

#[test]
fn limits_hold_on_both_sides() {
    let (source, _, text) = two_members();
    let at = |bytes: u64| Limits {
        inflated_bytes_max: bytes,
        ..Limits::default()
    };
    let length = text.len() as u64;
    for source in [&source[..], &text[..]] {
        assert_eq!(inflate_within(source, &at(length)).unwrap(), text);
        assert!(matches!(
            inflate_within(source, &at(length - 1)),
            Err(InflateError::TooLong { limit, .. }) if limit == length - 1
        ));
    }
    let at = |members| Limits {
        gzip_members_max: members,
        ..Limits::default()
    };
    assert!(inflate_within(&source[..], &at(2)).is_ok());
    assert!(matches!(
        inflate_within(&source[..], &at(1)),
        Err(InflateError::TooManyMembers { limit: 1, .. })
    ));
}

#[test]
fn a_bomb_is_stopped_by_its_ratio_once_it_is_big() {
    let zeros = |bytes: u64| {
        let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
        io::copy(&mut io::repeat(0).take(bytes), &mut encoder).unwrap();
        encoder.finish().unwrap()
    };
    let at = |ratio| Limits {
        expansion_ratio_max: ratio,
        ..Limits::default()
    };
    let bytes = |source: &[u8], ratio| {
        let mut reader = Inflate::new(source, &at(ratio));
        let mut buffer = vec![0; 1 << 18];
        loop {
            match reader.read_inflated(&mut buffer) {
                Ok(0) => return Ok(reader.inflated_bytes()),
                Ok(_) => {}
                Err(error) => return Err((error, reader.inflated_bytes())),
            }
        }
    };
    let small = zeros(RATIO_FREE_BYTES);
    assert_eq!(bytes(&small, 10).unwrap(), RATIO_FREE_BYTES);
    let big = zeros(RATIO_FREE_BYTES + (1 << 20));
    assert_eq!(bytes(&big, 1_200).unwrap(), RATIO_FREE_BYTES + (1 << 20));
    let (error, seen) = bytes(&big, 10).unwrap_err();
    assert!(
        matches!(error, InflateError::TooDense { limit: 10, .. }),
        "{error}"
    );
    assert!(seen <= RATIO_FREE_BYTES + (1 << 18));
}

#[test]
fn an_error_of_the_source_is_no_fault_of_its_content() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let (source, _, _) = two_members();
    for cut in [0, 1, 20, 70, source.len()] {
        let mut reader = Inflate::new(source[..cut].chain(Broken), &Limits::default());
        let error = drain(&mut reader, 64).unwrap_err();
        assert!(!error.is_permanent());
        assert!(
            matches!(&error, InflateError::Source { at_byte, .. } if *at_byte == cut as u64),
            "{error}"
        );
        assert!(matches!(
            reader.read_inflated(&mut [0; 8]),
            Err(InflateError::AfterFailure)
        ));
        let error = io::Error::from(error);
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert!(InflateError::within(&error).is_none());
    }
    let mut reader = Inflate::new(&source[..20], &Limits::default());
    let error = reader.read(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(InflateError::within(&error).unwrap().is_permanent());
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_bytes(
        texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2_000), 0..5),
        gzip in any::<bool>(),
        padding in 0usize..3,
        chunk in 1usize..600,
        at_once in 1usize..600,
    ) {
        let text = texts.concat();
        let mut source = if gzip && !texts.is_empty() {
            let mut source: Vec<u8> = texts.iter().flat_map(|text| member(text)).collect();
            source.resize(source.len() + padding, 0);
            source
        } else {
            let mut plain = b"id,".to_vec();
            plain.extend_from_slice(&text);
            plain
        };
        let want = inflate(&source).unwrap();
        for chunk in [1, chunk] {
            let mut reader = Inflate::new(Dribble(&source, chunk, false), &Limits::default());
            prop_assert_eq!(&drain(&mut reader, at_once).unwrap(), &want);
            prop_assert_eq!(reader.source_sha256(), hex_sha256(&source));
        }
        if source.starts_with(b"id,") {
            source.drain(..3);
        }
        prop_assert!(want.ends_with(&text));
    }
}
