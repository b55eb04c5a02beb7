//! Where blocks end decides nothing, and no text is looked at over and over.

use proptest::prelude::*;

use super::*;
use crate::convert::{Budget, Codec, Naming, Pass, Plan, Provenance, Typing, Unobserved, pass};
use crate::dialect::Declared;
use crate::records::{Lines, work};
use crate::split::index::{Rows, record_by_record};
use crate::split::standard::LineEnd;

/// A dialect's name, cells that are weak evidence for it, lines in quotes that could be records, and a record that could be others.
type Found = (&'static str, Option<(u64, Place)>, Option<Place>, Option<Place>);

/// What a text turns out to be, looked at in blocks of so many bytes of it, or more where no record ends in so many. None:
/// it is refused.
fn found(text: &[u8], columns: usize, block_bytes: &[usize], line_ends: [LineEnd; 2]) -> Option<Found> {
    found_behind(text, columns, None, block_bytes, line_ends)
}

/// The same, behind a header that may say something else as escaped.
fn found_behind(
    text: &[u8],
    columns: usize,
    header: Option<OtherColumns>,
    block_bytes: &[usize],
    line_ends: [LineEnd; 2],
) -> Option<Found> {
    let standard = |reading, line_end| Standard {
        delimiter: b',',
        reading,
        line_end,
    };
    let readings = Readings {
        quoted: standard(Reading::Quoted, line_ends[0]),
        escaped: standard(Reading::Escaped, line_ends[1]),
    };
    let mut decision = Decision::open();
    for _ in 0..4 {
        let mut watch = Watch::new(decision, &Limits::default());
        let mut columns = columns;
        match header {
            Some(header) if decision.basis == Basis::Open => watch = watch.with_other_columns(header, true),
            Some(header) => {
                watch = watch.with_quoted_columns(columns);
                columns = header.columns.unwrap_or(columns);
            }
            None => {}
        }
        match pass_over(text, columns, block_bytes, &readings, &mut watch).ok()? {
            Verdict::Again(again) => decision = again,
            Verdict::Go => {
                let weak = match (decision.basis, watch.decision().basis) {
                    (Basis::Weak(cells, first), _) => Some((cells, first)),
                    (_, Basis::Unquotable(..)) => Some(watch.weak()?),
                    _ => None,
                };
                let name = watch.decision().name();
                return Some((name, weak, watch.spans_records(), watch.ambiguous()));
            }
        }
    }
    panic!("a fourth pass");
}

fn pass_over(
    text: &[u8],
    columns: usize,
    block_bytes: &[usize],
    readings: &Readings,
    watch: &mut Watch,
) -> Result<Verdict, Conflict> {
    let splitter = readings.of(watch.decision().reading);
    let mut sizes = block_bytes.iter().cycle();
    let mut place = Place {
        record: 1,
        line: 1,
        byte: 0,
    };
    let (mut at, mut end) = (0, 0);
    while at < text.len() {
        end = (end.max(at) + sizes.next().unwrap()).min(text.len());
        let (seen, at_end) = (&text[at..end], end == text.len());
        let mut rows = Rows::default();
        let split = record_by_record(seen, at_end, columns, &mut rows, |text, at_end, fields| {
            splitter.record(text, at_end, fields)
        });
        let block = Block {
            text: seen,
            rows: &rows,
            columns,
            place,
            lines: Lines::Standard(splitter.line_end),
            quote_bytes: 1,
        };
        if let again @ Verdict::Again(_) = watch.look(readings, &block, at_end)? {
            return Ok(again);
        }
        if let Err(fault) = split {
            let place = block.place_at(fault.at, block.record_count());
            let decided = watch.decision();
            return match watch.unquotable(fault.kind, place) {
                Some(again) => Ok(Verdict::Again(again)),
                None => Err(Conflict {
                    decided,
                    against: place,
                }),
            };
        }
        place = block.place_at(rows.consumed, block.record_count());
        at += rows.consumed;
    }
    watch.end(columns)
}

fn record() -> impl Strategy<Value = String> {
    let cell = prop::sample::select(vec![
        "x",
        "",
        "\\N",
        "k\\",
        "\\",
        "\\\\",
        "m\\\\n",
        "\\\\\\",
        "k\\,l",
        "C:\\d",
        "\"q\"",
        "\"",
        "\"x",
        "y\"",
        "\"",
        "k\\,\"l\"",
    ]);
    prop::collection::vec(cell, 1..4).prop_map(|cells| cells.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn where_blocks_end_decides_nothing(
        records in prop::collection::vec(record(), 1..9),
        block_bytes in prop::collection::vec(1_usize..12, 1..4),
        (line_end, line_ends) in prop::sample::select(vec![
            ("\n", [LineEnd::LfOrCrlf, LineEnd::Lf]),
            ("\r\n", [LineEnd::LfOrCrlf, LineEnd::Lf]),
            ("\r\n", [LineEnd::LfOrCrlf; 2]),
            ("\r", [LineEnd::Any; 2]),
            ("\r\n", [LineEnd::Any; 2]),
        ]),
        is_ended in any::<bool>(),
        columns in 1_usize..4,
        header in prop::option::of((1_usize..4, any::<bool>())),
    ) {
        let header = header.map(|(escaped, goes_on)| OtherColumns {
            separator: Place::default(),
            columns: Some(escaped).filter(|&escaped| escaped != columns),
            goes_on,
            is_cut: false,
        });
        let mut text = records.join(line_end);
        if is_ended {
            text.push_str(line_end);
        }
        let found = |block_bytes: &[usize]| found_behind(text.as_bytes(), columns, header, block_bytes, line_ends);
        prop_assert_eq!(found(&block_bytes), found(&[text.len().max(1)]), "{:?}", text);
    }
}

#[test]
fn a_record_in_quotes_that_goes_on_in_later_blocks_speaks_for_quoted() {
    // Unquotable in record 1. Each of the others has one field per line as escaped, and two as quoted.
    for text in [
        "y\"\nk\\,\"\n\\\\\n\"",
        "y\"\n\\\\,\"\nk\\,\"\na\n\"\"b\n\"\nx,\\\\\n",
    ] {
        for block_bytes in 1..=text.len() {
            let found = found(
                text.as_bytes(),
                2,
                &[block_bytes],
                [LineEnd::LfOrCrlf, LineEnd::Lf],
            );
            assert_eq!(found, None, "{text:?} in blocks of {block_bytes}");
        }
    }
    // The quotes close, and the record has three fields: it is none in either.
    let text = "y\"\nk\\,\"\na\n\",z\nx,\\\\\n";
    for block_bytes in 1..=text.len() {
        let found = found(
            text.as_bytes(),
            2,
            &[block_bytes],
            [LineEnd::LfOrCrlf, LineEnd::Lf],
        );
        assert_eq!(
            found.map(|(name, ..)| name),
            Some("escaped"),
            "blocks of {block_bytes}"
        );
    }
}

#[test]
fn a_field_in_quotes_that_a_later_block_may_explain_is_remembered_where_quotes_then_make_no_sense() {
    // As escaped, all lines are one record: of three fields, so that the second line's quotes are a field's; or of two.
    for (text, dialect) in [
        ("k\\\r\n\"q\",k\\\r\ny\",\\\\", None),
        ("k\\\r\n\"q\",k\\\r\ny\"", Some("escaped")),
    ] {
        for block_bytes in 1..=text.len() {
            let found = found(text.as_bytes(), 2, &[block_bytes], [LineEnd::LfOrCrlf; 2]);
            let name = found.map(|(name, ..)| name);
            assert_eq!(name, dialect, "{text:?} in blocks of {block_bytes}");
        }
    }
}

#[test]
fn no_text_is_looked_at_over_and_over() {
    let plan = Plan {
        table: None,
        typing: Typing::Text,
        naming: Naming::Own,
        dialect: Declared::default(),
        limits: Limits::default(),
        budget: Budget::Percent(f64::INFINITY),
        rejects_bytes_max: u64::MAX,
        codec: Codec::None,
        provenance: Provenance::default(),
    };
    // Lines that hang together, and ones that are weak evidence each, over several windows.
    for line in [
        "\\\\\\\n",
        "x,\\\\\\\n",
        "\\\n",
        "x,\\\n",
        "x\\\\y,z\n",
        "x\\,y,z\n",
        "\"p,q\nx,y\nr,s\",t\n",
        "\"p\nr\\,\",t\n",
        "\"\n\"\"\n\",\n",
        "a\\,b\r",
        "\"x\ry\",z,w\\\r",
        "k\\,\"x\ny\",z\\\n",
        "k\\,l,m\nx\\\ny,1,\"q\n",
        "1,x\\,\"2\",\r",
    ] {
        let (header, end) = match line {
            // As escaped alone, CR ends lines; and what is one line as quoted ends in a fault.
            "1,x\\,\"2\",\r" => ("1,5\" x\r2,6\" y\nk\\,l,m\r", "5\" x\n"),
            // A line end behind a backslash is none as escaped: then all of its kind are data there.
            _ if line.ends_with('\r') => ("h\\\rx\n", ""),
            _ => ("a,b\n", ""),
        };
        let text = [header, &line.repeat(800_000 / line.len()), end].concat();
        work::take();
        let (mut decision, mut passes) = (None, 0);
        loop {
            passes += 1;
            let (mut parquet, mut rejects) = (Vec::new(), std::io::sink());
            let source = &mut text.as_bytes();
            match pass(
                source,
                &mut parquet,
                &mut rejects,
                &plan,
                decision,
                &mut Unobserved,
            )
            .unwrap()
            {
                Pass::Again(again) => decision = Some(again),
                Pass::Done(_) => break,
            }
        }
        let looked_at = work::take();
        assert!(
            looked_at <= passes * 5 * text.len(),
            "{line:?}: {looked_at} of {} bytes in {passes} passes",
            text.len()
        );
    }
}
