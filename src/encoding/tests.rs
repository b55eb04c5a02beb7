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
