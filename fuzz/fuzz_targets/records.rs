//! Any text through the whole conversion: no panic, a balance that holds, and the same bytes however the source is cut up.
#![no_main]

use std::io::Read;

use daymark::convert::{
    Budget, Codec, Decision, Naming, Pass, Plan, Provenance, Report, Typing, Unobserved, pass,
};
use daymark::dialect::Declared;
use daymark::limits::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [cut, text @ ..] = input else { return };
    let whole = convert(text, usize::MAX);
    assert_eq!(whole, convert(text, usize::from(*cut % 61) + 1));
    if let Ok((report, parquet, _)) = whole {
        assert_eq!(report.records_read, report.rows_written + report.records_rejected);
        assert_eq!(report.output_bytes, parquet.len() as u64);
    }
});

fn convert(text: &[u8], piece: usize) -> Result<(Report, Vec<u8>, Vec<u8>), String> {
    let plan = Plan {
        table: None,
        typing: Typing::Text,
        naming: Naming::Own,
        dialect: Declared::default(),
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
