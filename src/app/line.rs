//! What is said of a part when it has come to its outcome: one line for people, one of metrics.
//!
//! The fields are listed here, one by one, so that it can be seen that none of them is a cell value.

use crate::app::error::PartError;
use crate::app::outcome::{Converted, Outcome};
use crate::convert::Stage;
use crate::notice::Notice;
use crate::telemetry::{Metrics, PartMetrics, Spent, Stopwatch};

/// One line in the log and one of metrics, `ms` milliseconds after the part was begun. Of these, the milliseconds of what they
/// were spent on are all but a few.
pub(super) fn tell(
    sink: &Metrics,
    notice: &Notice,
    outcome: &Result<Outcome, PartError>,
    spent: &Stopwatch,
    ms: u64,
) {
    let mut metrics = PartMetrics {
        milliseconds: ms,
        ..PartMetrics::default()
    };
    let Notice { bucket, key, .. } = notice;
    match outcome {
        Ok(Outcome::Converted(converted)) => {
            let Converted {
                part,
                output,
                rejects,
                report,
                committed_by,
            } = converted.as_ref();
            metrics.parts_converted = 1;
            metrics.rows_written = report.rows_written;
            metrics.records_rejected = report.records_rejected;
            metrics.cells_rejected = report.cells_rejected;
            metrics.source_bytes = report.source_bytes;
            metrics.output_bytes = report.output_bytes;
            let stage = |stage| spent.ms(Spent::Stage(stage));
            tracing::info!(
                bucket,
                key,
                table = part.table,
                date = %part.date,
                output,
                committed_by = committed_by.name(),
                rejects,
                records_read = report.records_read,
                rows_written = report.rows_written,
                records_rejected = report.records_rejected,
                cells_rejected = report.cells_rejected,
                empty_lines = report.empty_lines,
                source_bytes = report.source_bytes,
                inflated_bytes = report.inflated_bytes,
                output_bytes = report.output_bytes,
                dialect = report.dialect,
                splitter = report.splitter,
                schema = report.schema_fingerprint,
                warnings = report.warnings.join("; "),
                ms,
                ms_store = spent.ms(Spent::Store),
                ms_wait = spent.ms(Spent::Wait),
                ms_read = stage(Stage::Read),
                ms_split = stage(Stage::Split),
                ms_columns = stage(Stage::Columns),
                ms_encode = stage(Stage::Encode),
                "part converted"
            );
        }
        Ok(Outcome::Present { output }) => {
            metrics.parts_skipped = 1;
            tracing::info!(bucket, key, output, ms, "part is there already");
        }
        Ok(Outcome::Skipped { reason }) => {
            metrics.parts_skipped = 1;
            tracing::info!(bucket, key, reason, ms, "notice skipped");
        }
        Ok(Outcome::Failed { message, record }) => {
            metrics.parts_failed = 1;
            tracing::error!(bucket, key, error = message, record, ms, "part failed for good");
        }
        Ok(Outcome::FailedBefore { record }) => {
            metrics.parts_skipped = 1;
            tracing::warn!(bucket, key, record, ms, "part failed for good before");
        }
        Err(error) => {
            metrics.parts_retried = 1;
            metrics.row_balance_broken = u64::from(matches!(error, PartError::RowBalance { .. }));
            tracing::error!(bucket, key, %error, ms, "part failed, to be tried again");
        }
    }
    sink.emit(&metrics);
}
