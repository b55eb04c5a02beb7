//! Any text through the whole conversion: no panic, a balance that holds, and the same bytes however the source is cut up.
//!
//! The first byte says how; from [`DECLARES`] on, the two behind it declare the dialect.
#![no_main]

use std::io::Read;

use daymark::convert::{
    Budget, Codec, Decision, Naming, Pass, Plan, Provenance, Report, Typing, Unobserved, pass,
};
use daymark::dialect::{Declared, Kind, Mark, Newline};
use daymark::limits::Limits;
use libfuzzer_sys::fuzz_target;

/// First bytes from this one on are followed by a dialect.
const DECLARES: u8 = 192;

fuzz_target!(|input: &[u8]| {
    let (cut, declared, text) = match input {
        [cut, marks, layout, text @ ..] if *cut >= DECLARES => (cut, declared(*marks, *layout), text),
        [cut, text @ ..] => (cut, Declared::default(), text),
        [] => return,
    };
    // What contradicts itself is refused before any text is read.
    if declared.check().is_err() {
        return;
    }
    let whole = convert(text, &declared, usize::MAX);
    assert_eq!(whole, convert(text, &declared, usize::from(*cut % 61) + 1));
    if let Ok((report, parquet, _)) = whole {
        assert_eq!(report.records_read, report.rows_written + report.records_rejected);
        assert_eq!(report.output_bytes, parquet.len() as u64);
    }
});

/// A dialect out of two bytes, two bits or more for each of its settings.
fn declared(marks: u8, layout: u8) -> Declared {
    let mark = |of: [Option<Mark>; 4], bits: u8| of[usize::from(bits & 3)];
    let text = |of: [Option<&str>; 4], bits: u8| of[usize::from(bits & 3)].map(str::to_owned);
    let quotes = [
        None,
        Some(Mark::None),
        Some(Mark::Char('\'')),
        Some(Mark::Char('«')),
    ];
    let escapes = [
        None,
        Some(Mark::None),
        Some(Mark::Char('\\')),
        Some(Mark::Char('"')),
    ];
    let kind = match (marks & 15, layout & 3) {
        (0, 1) => Some(Kind::Quoted),
        (0, 2) => Some(Kind::Escaped),
        _ => None,
    };
    Declared {
        kind,
        quote: mark(quotes, marks),
        escape: mark(escapes, marks >> 2),
        delimiter: text([None, Some(","), Some("|"), Some("||")], marks >> 4),
        comment: text([None, None, Some("#"), Some("//")], marks >> 6),
        newline: match layout >> 2 & 3 {
            0 | 1 => None,
            2 => Some(Newline::Any),
            _ => Some(Newline::Exactly("\r\n".to_owned())),
        },
        header: [None, None, Some(true), Some(false)][usize::from(layout >> 4 & 3)],
        skip_rows: [None, None, Some(1), Some(2)][usize::from(layout >> 6)],
        ..Declared::default()
    }
}

fn convert(text: &[u8], declared: &Declared, piece: usize) -> Result<(Report, Vec<u8>, Vec<u8>), String> {
    let plan = Plan {
        table: None,
        typing: Typing::Text,
        naming: Naming::Own,
        dialect: declared.clone(),
        limits: Limits {
            record_bytes_max: 4 << 10,
            field_bytes_max: 2 << 10,
            columns_max: 100,
            inflated_bytes_max: 1 << 20,
            ..Limits::default()
        },
        budget: Budget::Percent(100.0),
        rejects_bytes_max: 1 << 20,
        codec: Codec::None,
        provenance: Provenance::default(),
    };
    let mut decision: Option<Decision> = None;
    for _ in 0..4 {
        let (mut parquet, mut rejects) = (Vec::new(), Vec::new());
        let source = &mut Pieces(text, piece);
        match pass(
            source,
            &mut parquet,
            &mut rejects,
            &plan,
            decision.take(),
            &mut Unobserved,
        ) {
            Ok(Pass::Done(report)) => return Ok((*report, parquet, rejects)),
            Ok(Pass::Again(late)) => decision = Some(late),
            Err(error) => return Err(error.to_string()),
        }
    }
    panic!("a conversion was started again more than three times");
}

/// A source that hands out at most so many bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let most = out.len().min(self.1);
        self.0.read(&mut out[..most])
    }
}
