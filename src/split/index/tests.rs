//! Every path against the reference.

use proptest::prelude::*;

use super::*;
use crate::split::scan::scan_chunks;
use crate::split::simd::{Classify, Masks};

fn reference(standard: &Standard, text: &[u8], at_end: bool, columns: usize) -> (Rows, Option<Fault>) {
    let mut rows = Rows::default();
    let fault = record_by_record(text, at_end, columns, &mut rows, |text, at_end, fields| {
        standard.record(text, at_end, fields)
    });
    (rows, fault.err())
}

fn check(standard: &Standard, text: &[u8], at_end: bool, columns: usize) {
    let (expected, fault) = reference(standard, text, at_end, columns);
    for path in Path::available() {
        let mut rows = Rows::default();
        let mut indexer = Indexer::new(path);
        let found = indexer.rows(standard, text, at_end, columns, &mut rows).err();
        let shown = || {
            format!(
                "{} {standard:?} {at_end} {columns} {:?}",
                path.name(),
                text.escape_ascii().to_string()
            )
        };
        assert_eq!(found, fault, "{}", shown());
        if fault.is_none() {
            assert_eq!(rows.fields, expected.fields, "{}", shown());
            assert_eq!(rows.odd, expected.odd, "{}", shown());
            assert_eq!(rows.consumed, expected.consumed, "{}", shown());
            // A false alarm would cost the fast path. A quote that closes at the text's end is one.
            assert!(
                !text.ends_with(b"\n") || indexer.scan.seen.wrong == 0,
                "{}",
                shown()
            );
        }
        for end in [rows.consumed, 0, text.len()] {
            let line_breaks = line_breaks(&text[..end], standard.line_end);
            assert_eq!(
                indexer.line_breaks(standard, text, end),
                line_breaks,
                "{end} {}",
                shown()
            );
        }
    }
}

fn standards() -> impl Strategy<Value = Standard> {
    let readings = prop_oneof![Just(Reading::Quoted), Just(Reading::Escaped)];
    let ends = prop_oneof![Just(LineEnd::Lf), Just(LineEnd::LfOrCrlf), Just(LineEnd::Any)];
    (readings, ends, prop_oneof![Just(b','), Just(b'\t')]).prop_map(|(reading, line_end, delimiter)| {
        Standard {
            delimiter,
            reading,
            line_end,
        }
    })
}

/// Bytes dense in all that matters.
fn dense(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(b'a'), 3 => Just(b','), 1 => Just(b'\t'), 3 => Just(b'"'), 2 => Just(b'\n'),
        2 => Just(b'\r'), 3 => Just(b'\\'), 1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..most)
}

/// Records as a writer makes them, with a few columns, so that whole blocks are regular.
fn written() -> impl Strategy<Value = Vec<u8>> {
    let cell = prop_oneof![
        "[a-z]{0,9}",
        "\"[a-z,\n]{0,70}\"",
        "\"[a-z]{0,5}(\"\"){1,3}[a-z\r\n]{0,5}\"",
        Just("\"\"".to_owned()),
        Just("\\\\N".to_owned()),
    ];
    let end = prop_oneof![5 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\n\n"), 1 => Just("\r")];
    prop::collection::vec((prop::collection::vec(cell, 1..4), end), 0..30).prop_map(|records| {
        let lines: Vec<String> = records
            .into_iter()
            .map(|(cells, end)| format!("{}{end}", cells.join(",")))
            .collect();
        lines.concat().into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn every_path_equals_the_reference_on_dense_bytes(
        standard in standards(), text in dense(300), at_end: bool, columns in 1usize..4,
    ) {
        check(&standard, &text, at_end, columns);
    }

    #[test]
    fn every_path_equals_the_reference_on_written_records(
        standard in standards(), text in written(), at_end: bool, columns in 1usize..4,
    ) {
        check(&standard, &text, at_end, columns);
    }

    #[test]
    fn every_path_tells_utf8_as_the_standard_library_does(
        text in "([a-z]{0,200}|[é€𝄞]{0,40}|[a-zé]{0,9}){0,9}", start in 0usize..3, cut in 0usize..4,
        spoilt in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut text = text.into_bytes();
        if let (Some((at, byte)), false) = (spoilt, text.is_empty()) {
            let at = at.index(text.len());
            text[at] = byte;
        }
        let text = text.get(start..text.len().saturating_sub(cut)).unwrap_or_default();
        let standard = Standard { delimiter: b',', reading: Reading::Quoted, line_end: LineEnd::Lf };
        for path in Path::available() {
            let mut indexer = Indexer::new(path);
            let _ = indexer.rows(&standard, text, false, 2, &mut Rows::default());
            prop_assert_eq!(indexer.is_utf8(), std::str::from_utf8(text).is_ok(), "{}", path.name());
        }
    }
}

#[test]
fn a_character_at_any_place_of_a_chunk_is_utf8_and_half_of_it_is_not() {
    let standard = Standard {
        delimiter: b',',
        reading: Reading::Quoted,
        line_end: LineEnd::Lf,
    };
    for path in Path::available() {
        for (at, length) in (0..=256).flat_map(|at| (1..=4).map(move |length| (at, length))) {
            for behind in [0, 1, 64, 130] {
                let character = "𝄞".as_bytes();
                let text = [&vec![b'a'; at], &character[..length], &vec![b'b'; behind]].concat();
                let mut indexer = Indexer::new(path);
                let _ = indexer.rows(&standard, &text, false, 2, &mut Rows::default());
                assert_eq!(
                    indexer.is_utf8(),
                    length == 4,
                    "{} {at} {length} {behind}",
                    path.name()
                );
            }
        }
    }
}

fn every_standard() -> impl Iterator<Item = Standard> {
    let readings = [Reading::Quoted, Reading::Escaped].into_iter();
    readings.flat_map(|reading| {
        let line_ends = [LineEnd::Lf, LineEnd::LfOrCrlf, LineEnd::Any].into_iter();
        line_ends.map(move |line_end| Standard {
            delimiter: b',',
            reading,
            line_end,
        })
    })
}

/// Everything that matters, at every place of four chunks.
fn edge_texts() -> impl Iterator<Item = (Standard, Vec<u8>)> {
    let oddities: [&[u8]; 12] = [
        b"\"", b"\"\"", b"\"x\"y", b"x\"", b"\r", b"\r\n", b"\\", b"\\\n", b"\\,", b"\\\r\n", b"\n\n",
        b"\"\r\n",
    ];
    every_standard().flat_map(move |standard| {
        oddities.into_iter().flat_map(move |oddity| {
            (0..=256usize).map(move |at| {
                let mut text = vec![b'a'; at];
                (0..at).step_by(7).for_each(|comma| text[comma] = b',');
                text.extend_from_slice(oddity);
                text.extend_from_slice(b"b,c\nd,\"e\"\n");
                (standard, text)
            })
        })
    })
}

#[test]
fn an_oddity_at_any_place_of_a_chunk_is_seen_by_every_path() {
    for (standard, text) in edge_texts() {
        check(&standard, &text, true, 2);
        check(&standard, &text, false, 2);
    }
}

#[test]
fn a_chunk_without_quotes_goes_on_from_the_one_before_and_hands_on_to_the_next() {
    let chunk = |start: &[u8], end: &[u8]| [start, &vec![b'a'; 64 - start.len() - end.len()], end].concat();
    let firsts = [
        &b",\"b\""[..],
        b",\"b",
        b"\"b\"\"",
        b",\"",
        b",",
        b"b",
        b"\n",
        b"\r",
    ];
    let starts = [&b","[..], b"\n", b"\r\n", b"\r", b"b"];
    let ends = [&b","[..], b"\n", b"\r\n", b"\r", b"b"];
    let thirds = [&b"\"c\"\n"[..], b"\"\n", b"\",\"\n", b"\"\"\n", b"\n", b"c,d\n"];
    for standard in every_standard() {
        for (first, start) in firsts
            .iter()
            .flat_map(|&first| starts.map(|start| (first, start)))
        {
            for (end, third) in ends.iter().flat_map(|&end| thirds.map(|third| (end, third))) {
                let first = chunk(if first.starts_with(b"\"") { b"\"" } else { b"" }, first);
                let text = [&first, &chunk(start, end), third].concat();
                check(&standard, &text, true, 2);
                check(&standard, &text, false, 2);
            }
        }
    }
}

/// Forgets one class of byte at the edge of a chunk: an error such as a port to another processor could have.
#[derive(Clone, Copy)]
struct Planted(fn(&mut Masks));

impl Classify for Planted {
    fn classify(self, chunk: &[u8; 64], delimiter: u8) -> Masks {
        let mut masks = crate::split::simd::Scalar.classify(chunk, delimiter);
        self.0(&mut masks);
        masks
    }
}

#[test]
fn an_error_planted_at_the_edge_of_a_chunk_is_caught() {
    const EDGE: u64 = 1 << 63;
    let planted: [(&str, Planted); 5] = [
        ("quote", Planted(|masks| masks.quote &= !EDGE)),
        ("delimiter", Planted(|masks| masks.delimiter &= !EDGE)),
        ("line feed", Planted(|masks| masks.lf &= !EDGE)),
        ("carriage return", Planted(|masks| masks.cr &= !EDGE)),
        ("backslash", Planted(|masks| masks.backslash &= !EDGE)),
    ];
    for (name, plant) in planted {
        let caught = edge_texts().any(|(standard, text)| {
            let mut indexer = Indexer::new(Path::best());
            indexer.scan.start(&standard, true);
            scan_chunks(plant, &mut indexer.scan, &text);
            let mut rows = Rows::default();
            let fault = indexer.finish(&standard, &text, true, 2, &mut rows).err();
            let (expected, expected_fault) = reference(&standard, &text, true, 2);
            fault != expected_fault || rows.fields != expected.fields || rows.odd != expected.odd
        });
        assert!(caught, "{name}");
    }
}
