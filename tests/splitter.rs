//! The splitters against the `csv` crate wherever both must agree, and against each other; and a planted error.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use daymark::dialect::{Declared, Kind};
use daymark::split::Field;
use daymark::split::Step;
use daymark::split::general::{General, GeneralSpec};
use daymark::split::index::{Indexer, OddKind, Path, Rows, record_by_record};
use daymark::split::standard::{LineEnd, Reading, Standard};
use proptest::prelude::*;

const QUOTED: Standard = Standard {
    delimiter: b',',
    reading: Reading::Quoted,
    line_end: LineEnd::Any,
};

/// All records of a text with their cells, or None if it is malformed.
fn records(
    text: &[u8],
    mut record: impl FnMut(&[u8], &mut Vec<Field>) -> Option<Step>,
    undo: impl Fn(&[u8], bool, &mut Vec<u8>),
) -> Option<Vec<Vec<Vec<u8>>>> {
    let (mut records, mut fields, mut at) = (Vec::new(), Vec::new(), 0);
    while at < text.len() {
        fields.clear();
        match record(&text[at..], &mut fields)? {
            Step::Record { consumed } => {
                let cell = |field: &Field| {
                    let (mut cell, raw) = (Vec::new(), &text[at..][field.start()..field.end()]);
                    if field.is_dirty() {
                        undo(raw, field.is_quoted(), &mut cell)
                    } else {
                        cell.extend_from_slice(raw)
                    }
                    cell
                };
                records.push(fields.iter().map(cell).collect());
                at += consumed;
            }
            Step::EmptyLine { consumed } | Step::Comment { consumed } => at += consumed,
            Step::Incomplete => panic!("the text has ended"),
        }
    }
    Some(records)
}

fn standard(text: &[u8], standard: &Standard) -> Option<Vec<Vec<Vec<u8>>>> {
    let record = |text: &[u8], fields: &mut Vec<Field>| standard.record(text, true, fields).ok();
    records(text, record, |raw, _, out| standard.undo(raw, out))
}

fn dense() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(b'a'), 3 => Just(b','), 3 => Just(b'"'), 2 => Just(b'\n'), 1 => Just(b'\r'), 1 => Just(b'\\'),
        1 => any::<u8>(),
    ];
    let written =
        "([a-z]{0,3}|\"([a-z,\n\r]|\"\"){0,5}\")(,([a-z]{0,3}|\"([a-z,\n\r]|\"\"){0,5}\")){0,3}(\n|\r\n|\r)";
    prop_oneof![
        prop::collection::vec(byte, 0..60),
        prop::collection::vec(written.prop_map(String::into_bytes), 0..12)
            .prop_map(|records| records.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn what_is_well_formed_reads_as_csv_reads_it(text in dense()) {
        // A quote anywhere but at its place is a fault here, and text there.
        let Some(ours) = standard(&text, &QUOTED) else { return Ok(()) };
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&text[..]);
        let theirs: Vec<Vec<Vec<u8>>> = reader
            .byte_records()
            .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn the_general_splitter_reads_the_first_class_dialects_as_the_fast_one(text in dense()) {
        for (kind, reading) in [(Kind::Quoted, Reading::Quoted), (Kind::Escaped, Reading::Escaped)] {
            let ours = standard(&text, &Standard { reading, ..QUOTED });
            let general = General::new(&GeneralSpec::of(&Declared::default(), ",", kind));
            let record = |text: &[u8], fields: &mut Vec<Field>| general.record(text, true, fields).ok();
            let theirs = records(&text, record, |raw, quoted, out| general.undo(raw, quoted, out));
            prop_assert_eq!(ours, theirs, "{}", kind);
        }
    }

    #[test]
    fn any_cut_gives_the_same_records(text in dense(), columns in 1usize..4) {
        let readings = [Reading::Quoted, Reading::Escaped].into_iter();
        let line_ends = [LineEnd::Lf, LineEnd::LfOrCrlf, LineEnd::Any];
        for (reading, line_end) in readings.flat_map(|reading| line_ends.map(|line_end| (reading, line_end))) {
            let standard = Standard { reading, line_end, ..QUOTED };
            let mut whole = Rows::default();
            let whole_fault = Indexer::new(Path::best()).rows(&standard, &text, true, columns, &mut whole).err();
            for cut in 0..=text.len() {
                // What the first piece leaves is the start of the second.
                let (mut first, mut second) = (Rows::default(), Rows::default());
                let mut indexer = Indexer::new(Path::best());
                let fault = indexer.rows(&standard, &text[..cut], false, columns, &mut first).err();
                if fault.is_some() {
                    prop_assert_eq!(fault, whole_fault);
                    continue;
                }
                let from = first.consumed;
                let fault = indexer.rows(&standard, &text[from..], true, columns, &mut second).err();
                prop_assert_eq!(fault.map(|fault| fault.at + from), whole_fault.map(|fault| fault.at));
                if whole_fault.is_none() {
                    let second_fields = second.fields.iter().map(|field| field.moved(from));
                    let fields: Vec<Field> = first.fields.iter().copied().chain(second_fields).collect();
                    prop_assert_eq!(&whole.fields, &fields);
                    let odd: Vec<(usize, OddKind)> = whole.odd.iter().map(|odd| (odd.start, odd.kind)).collect();
                    let first_odd = first.odd.iter().map(|odd| (odd.start, odd.kind));
                    let second_odd = second.odd.iter().map(|odd| (odd.start + from, odd.kind));
                    prop_assert_eq!(odd, first_odd.chain(second_odd).collect::<Vec<_>>());
                }
            }
        }
    }
}

#[test]
fn the_reference_itself_reads_a_table_by_hand() {
    let text = b"a,\"b\"\"c\",\r\n\"d\ne\",,f\r\n\r\nx";
    let expected: Vec<Vec<&[u8]>> = vec![vec![b"a", b"b\"c", b""], vec![b"d\ne", b"", b"f"], vec![b"x"]];
    assert_eq!(standard(text, &QUOTED).unwrap(), expected);
    let mut rows = Rows::default();
    record_by_record(text, true, 3, &mut rows, |text, at_end, fields| {
        QUOTED.record(text, at_end, fields)
    })
    .unwrap();
    assert_eq!(
        (rows.fields.len(), rows.odd.len(), rows.consumed),
        (6, 2, text.len())
    );
    assert_eq!(rows.odd[1].kind, OddKind::Ragged(1));
}

/// Were each record's end looked for through all of the text, this would take hours.
#[test]
fn megabytes_of_empty_lines_are_read_once() {
    let text = [&vec![b'\r'; 8 << 20][..], b"a,b\r1,2\r"].concat();
    for reading in [Reading::Quoted, Reading::Escaped] {
        let any = Standard {
            reading,
            line_end: LineEnd::Any,
            ..QUOTED
        };
        let expected: Vec<Vec<&[u8]>> = vec![vec![b"a", b"b"], vec![b"1", b"2"]];
        assert_eq!(standard(&text, &any).unwrap(), expected);
    }
}

#[test]
fn the_path_that_production_takes_is_the_fastest_of_this_machine() {
    let names: Vec<&str> = Path::available().into_iter().map(Path::name).collect();
    assert_eq!((names[0], names.last()), ("scalar", Some(&Path::best().name())));
    assert!(
        names.len() > 1,
        "neither AVX2 nor NEON: the fast path is not tested on this machine"
    );
}
