//! CloudWatch metrics in their embedded form: a JSON line in the log, which CloudWatch reads by itself.
//!
//! The form is Amazon CloudWatch's "Specification: Embedded metric format": the values stand at the top, and `_aws` says
//! which of them are metrics, in what unit, under which dimensions.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Daymark";

/// The value of the dimension `Service` of the function that converts parts.
pub const CONVERT: &str = "convert";

/// The value of the dimension `Service` of the function that sweeps days.
pub const MANIFEST: &str = "manifest";

/// A metric's name, unit and value.
type Row = (&'static str, &'static str, u64);

/// The metrics of one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartMetrics {
    /// 1 if it was converted.
    pub parts_converted: u64,
    /// 1 if nothing had to be done.
    pub parts_skipped: u64,
    /// 1 if it can never be converted as things are.
    pub parts_failed: u64,
    /// 1 if it failed and is to be tried again.
    pub parts_retried: u64,
    /// Rows in the Parquet.
    pub rows_written: u64,
    /// Records rejected whole.
    pub records_rejected: u64,
    /// Cells that did not fit their type.
    pub cells_rejected: u64,
    /// Bytes of the source as stored.
    pub source_bytes: u64,
    /// Bytes of the Parquet.
    pub output_bytes: u64,
    /// From notice to outcome.
    pub milliseconds: u64,
    /// 1 if records read were not rows written and records rejected together. It must never be.
    pub row_balance_broken: u64,
}

impl PartMetrics {
    fn rows(&self) -> [Row; 11] {
        [
            ("PartsConverted", "Count", self.parts_converted),
            ("PartsSkipped", "Count", self.parts_skipped),
            ("PartsFailed", "Count", self.parts_failed),
            ("PartsRetried", "Count", self.parts_retried),
            ("RowsWritten", "Count", self.rows_written),
            ("RecordsRejected", "Count", self.records_rejected),
            ("CellsRejected", "Count", self.cells_rejected),
            ("SourceBytes", "Bytes", self.source_bytes),
            ("OutputBytes", "Bytes", self.output_bytes),
            ("Milliseconds", "Milliseconds", self.milliseconds),
            ("RowBalanceBroken", "Count", self.row_balance_broken),
        ]
    }

    /// The line, without its end. `timestamp_ms` is milliseconds since 1970 UTC.
    pub fn to_json(&self, function: &str, timestamp_ms: u64) -> Value {
        line(CONVERT, function, timestamp_ms, &self.rows())
    }
}

/// How all days stand. Only a sweep that knows of all has it: what one day shows would stand for the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountMetrics {
    /// Days that are open or reopened.
    pub days_open: u64,
    /// Days that are blocked.
    pub days_blocked: u64,
    /// Since the first part of the oldest open day. Zero if none is.
    pub oldest_open_day_seconds: u64,
    /// Parts without output.
    pub parts_waiting: u64,
}

/// The metrics of one sweep. What is None is not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepMetrics {
    /// 1: a sweep that goes by itself came to its end. Its absence is an alarm.
    pub heartbeat: Option<u64>,
    /// Days that were looked at.
    pub days: u64,
    /// How all days stand.
    pub account: Option<AccountMetrics>,
    /// 1 if a day should be complete by now and neither it nor a newer one is.
    pub day_overdue: Option<u64>,
    /// Days that another sweep was at meanwhile, and that are left to the next one.
    pub days_overtaken: u64,
    /// Parts that were sent to the queue again.
    pub parts_sent: u64,
    /// Messages in the queue when the sweep began.
    pub queue_messages: u64,
    /// How long the sweep took.
    pub milliseconds: u64,
}

impl SweepMetrics {
    fn rows(&self) -> Vec<Row> {
        let account = |of: fn(&AccountMetrics) -> u64| self.account.as_ref().map(of);
        let oldest = account(|it| it.oldest_open_day_seconds);
        let rows = [
            ("Heartbeat", "Count", self.heartbeat),
            ("Days", "Count", Some(self.days)),
            ("DaysOpen", "Count", account(|it| it.days_open)),
            ("DaysBlocked", "Count", account(|it| it.days_blocked)),
            ("DayOverdue", "Count", self.day_overdue),
            ("DaysOvertaken", "Count", Some(self.days_overtaken)),
            ("OldestOpenDayAge", "Seconds", oldest),
            ("PartsWaiting", "Count", account(|it| it.parts_waiting)),
            ("PartsSentAgain", "Count", Some(self.parts_sent)),
            ("QueueMessages", "Count", Some(self.queue_messages)),
            ("Milliseconds", "Milliseconds", Some(self.milliseconds)),
        ];
        let said = rows.into_iter();
        said.filter_map(|(name, unit, value)| Some((name, unit, value?)))
            .collect()
    }

    /// The line, without its end. `timestamp_ms` is milliseconds since 1970 UTC.
    pub fn to_json(&self, function: &str, timestamp_ms: u64) -> Value {
        line(MANIFEST, function, timestamp_ms, &self.rows())
    }
}

fn line(service: &str, function: &str, timestamp_ms: u64, rows: &[Row]) -> Value {
    let metrics: Vec<Value> = rows
        .iter()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
        .collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": timestamp_ms,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Service", "Function"]],
                "Metrics": metrics,
            }],
        }),
    );
    line.insert("Service".to_owned(), json!(service));
    line.insert("Function".to_owned(), json!(function));
    for (name, _, value) in rows {
        line.insert((*name).to_owned(), json!(value));
    }
    Value::Object(line)
}

/// Where metrics go. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    function: String,
    out: Option<Arc<Mutex<dyn Write + Send>>>,
}

impl Metrics {
    /// To standard output, as the metrics of this function.
    pub fn stdout(function: &str) -> Self {
        Metrics::to(function, std::io::stdout())
    }

    /// To any writer, one line each.
    pub fn to(function: &str, out: impl Write + Send + 'static) -> Self {
        Metrics {
            function: function.to_owned(),
            out: Some(Arc::new(Mutex::new(out))),
        }
    }

    /// Nowhere.
    pub fn none() -> Self {
        Metrics {
            function: String::new(),
            out: None,
        }
    }

    /// Writes one part's metrics. A log that cannot be written to is no reason to fail a part.
    pub fn emit(&self, metrics: &PartMetrics) {
        self.write(|function, timestamp_ms| metrics.to_json(function, timestamp_ms));
    }

    /// Writes one sweep's metrics.
    pub fn emit_sweep(&self, metrics: &SweepMetrics) {
        self.write(|function, timestamp_ms| metrics.to_json(function, timestamp_ms));
    }

    fn write(&self, line: impl FnOnce(&str, u64) -> Value) {
        let Some(out) = &self.out else { return };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = line(&self.function, super::stopwatch::milliseconds(now));
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules of CloudWatch's specification, as far as they can fail here.
    #[test]
    fn the_line_is_embedded_metric_format() {
        let metrics = PartMetrics {
            parts_converted: 1,
            rows_written: 7,
            ..PartMetrics::default()
        };
        let line = metrics.to_json("daymark-convert", 1_790_000_000_000);
        assert!(!line.to_string().contains('\n'));
        let meta = &line["_aws"];
        assert!(meta["Timestamp"].is_u64());
        let directives = meta["CloudWatchMetrics"]
            .as_array()
            .expect("an array of directives");
        for directive in directives {
            let namespace = directive["Namespace"].as_str().expect("a namespace");
            assert!((1..=256).contains(&namespace.len()));
            for set in directive["Dimensions"].as_array().expect("dimension sets") {
                let set = set.as_array().expect("a dimension set");
                assert!(set.len() <= 30);
                for dimension in set {
                    let value = &line[dimension.as_str().expect("a name")];
                    assert!((1..=1024).contains(&value.as_str().expect("a text at the top").len()));
                }
            }
            let definitions = directive["Metrics"].as_array().expect("metric definitions");
            assert!((1..=100).contains(&definitions.len()));
            for definition in definitions {
                let name = definition["Name"].as_str().expect("a name");
                assert!((1..=1024).contains(&name.len()));
                assert!(
                    ["Count", "Bytes", "Milliseconds", "Seconds"]
                        .contains(&definition["Unit"].as_str().expect("a unit"))
                );
                assert!(line[name].is_u64(), "{name} has no value at the top");
            }
        }
        assert_eq!(line["RowsWritten"], 7);
        assert_eq!(line["RowBalanceBroken"], 0);
    }

    #[test]
    fn every_part_is_one_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let metrics = Metrics::to("f", file.reopen().unwrap());
        metrics.emit(&PartMetrics::default());
        metrics.clone().emit(&PartMetrics::default());
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(
            text.lines()
                .all(|line| serde_json::from_str::<Value>(line).is_ok())
        );
    }
}
