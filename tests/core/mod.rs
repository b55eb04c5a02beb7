//! Runs the pure core on bytes, and reads its Parquet back through the `parquet` crate.
#![allow(dead_code)]

use std::io::{self, Read};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimestampMillisecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use daymark::catalog::Catalog;
use daymark::convert::{
    Budget, Codec, ConvertError, Naming, Pass, Plan, Provenance, Report, Typing, Unobserved, pass,
};
use daymark::dialect::Declared;
use daymark::footer::{FOOTER_KEY, PartRecord};
use daymark::limits::Limits;
use daymark::rejects::Reject;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// What came of a conversion.
pub struct Converted {
    pub report: Report,
    pub record: PartRecord,
    pub names: Vec<String>,
    pub batches: Vec<RecordBatch>,
    pub rejects: Vec<Reject>,
    pub parquet: Vec<u8>,
    pub passes: usize,
}

impl Converted {
    /// Every row, each cell as text, NULL as None.
    pub fn rows(&self) -> Vec<Vec<Option<String>>> {
        let options = FormatOptions::default();
        let mut rows = Vec::new();
        for batch in &self.batches {
            let shown: Vec<ArrayRef> = batch.columns().iter().map(without_zone).collect();
            let columns: Vec<_> = shown
                .iter()
                .map(|c| (c, ArrayFormatter::try_new(c.as_ref(), &options).unwrap()))
                .collect();
            for row in 0..batch.num_rows() {
                let cell = |(column, text): &(&ArrayRef, ArrayFormatter<'_>)| {
                    (!column.is_null(row)).then(|| text.value(row).to_string())
                };
                rows.push(columns.iter().map(cell).collect());
            }
        }
        rows
    }

    /// One column, by name.
    pub fn column(&self, name: &str) -> Vec<Option<String>> {
        let at = self
            .names
            .iter()
            .position(|n| n == name)
            .unwrap_or_else(|| panic!("no column {name}: {:?}", self.names));
        self.rows()
            .into_iter()
            .map(|mut row| row.swap_remove(at))
            .collect()
    }
}

/// Instants in UTC as such without a zone: the formatter knows no zone by name.
fn without_zone(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Timestamp(_, Some(zone)) => {
            assert_eq!(zone.as_ref(), "UTC");
            Arc::new(
                array
                    .as_primitive::<TimestampMillisecondType>()
                    .clone()
                    .with_timezone_opt(None::<&str>),
            )
        }
        _ => array.clone(),
    }
}

/// A plan for an ordinary file: everything detected, names as they are, no budget.
pub fn plan() -> Plan {
    Plan {
        table: None,
        typing: Typing::Catalog,
        naming: Naming::Own,
        dialect: Declared::default(),
        limits: Limits::default(),
        budget: Budget::Percent(100_000.0),
        rejects_bytes_max: 1 << 30,
        codec: Codec::Zstd(1),
        provenance: Provenance {
            key: "part.csv.gz".to_owned(),
            ..Provenance::default()
        },
    }
}

/// A plan for a HubSpot table in the lake.
pub fn table_plan(table: &str) -> Plan {
    let table = Catalog::builtin().unwrap().table(table);
    Plan {
        table: Some(table.expect("a known table")),
        naming: Naming::Lake,
        ..plan()
    }
}

/// A plan with a dialect declared as JSON.
pub fn dialect_plan(json: &str) -> Plan {
    Plan {
        dialect: Declared::from_json(json).unwrap(),
        ..plan()
    }
}

/// Converts bytes, starting again as often as the core asks for it.
pub fn convert(source: &[u8], plan: &Plan) -> Result<Converted, ConvertError> {
    convert_from(|| source, plan)
}

/// Converts what a source, opened anew for each pass, yields.
pub fn convert_from<R: Read>(open: impl Fn() -> R, plan: &Plan) -> Result<Converted, ConvertError> {
    let mut decision = None;
    for passes in 1..=4 {
        let (mut parquet, mut rejects) = (Vec::new(), Vec::new());
        match pass(
            &mut open(),
            &mut parquet,
            &mut rejects,
            plan,
            decision,
            &mut Unobserved,
        )? {
            Pass::Again(again) => decision = Some(again),
            Pass::Done(report) => return Ok(read(*report, parquet, &rejects, passes)),
        }
    }
    panic!("a fourth pass asked for another");
}

fn read(report: Report, parquet: Vec<u8>, rejects: &[u8], passes: usize) -> Converted {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(parquet.clone())).unwrap();
    let metadata = builder
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .cloned()
        .unwrap_or_default();
    let footer = metadata
        .iter()
        .find(|entry| entry.key == FOOTER_KEY)
        .and_then(|entry| entry.value.clone());
    let record: PartRecord =
        serde_json::from_str(&footer.expect("the footer has the part's record")).unwrap();
    let names = builder
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(report.rows_written, rows as u64, "rows in the Parquet");
    assert_eq!(
        report.records_read,
        report.rows_written + report.records_rejected,
        "row balance"
    );
    assert_eq!(
        (record.rows_written, record.records_read),
        (report.rows_written, report.records_read)
    );
    let rejects: Vec<Reject> = rejects
        .split(|&b| b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect();
    assert_eq!(
        rejects.len() as u64,
        report.records_rejected + report.cells_rejected,
        "each reject has its line"
    );
    Converted {
        report,
        record,
        names,
        batches,
        rejects,
        parquet,
        passes,
    }
}

/// The error of a conversion that must fail, as its message.
pub fn refused(source: &[u8], plan: &Plan) -> String {
    match convert(source, plan) {
        Ok(done) => panic!("expected a refusal, got {:?}", done.report),
        Err(error) => {
            assert!(error.is_permanent(), "{error}");
            error.to_string()
        }
    }
}

/// A reader that hands out so many bytes at a time.
pub struct Drip<'a> {
    pub bytes: &'a [u8],
    pub most: usize,
}

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = self.most.min(out.len());
        (&self.bytes[..self.bytes.len().min(most)])
            .read(out)
            .inspect(|&n| self.bytes = &self.bytes[n..])
    }
}

/// Gzip of some bytes.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `Some("…")` for each text, None for `None`.
#[macro_export]
macro_rules! cells {
    ($($cell:expr),* $(,)?) => { vec![$($cell.map(|text: &str| text.to_owned())),*] };
}
