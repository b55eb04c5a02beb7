//! One pass over a part: the source's stream into the core, the core's output into an upload that waits to be committed.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::error::PartError;
use crate::app::source::{self, ReadSettings, SourceError};
use crate::app::upload::{self, Beyond, Upload, UploadError, UploadWriter, WriteSettings};
use crate::convert::{ConvertError, Decision, Observer, Pass, Plan, Report};

use crate::part::Identity;
use crate::store::Store;
use crate::telemetry::{Apart, Shared, Spent, Stopwatch};

/// How much of a refused source is still read to learn whether it came undamaged. Beyond it the refusal stands.
const DRAIN_BYTES_MAX: u64 = 256 << 20;

/// One pass of the core, as [`crate::convert::pass`] is one. Tests have others, which panic and lie.
pub type Core = fn(
    &mut dyn Read,
    &mut (dyn Write + Send),
    &mut dyn Write,
    &Plan,
    Option<Decision>,
    &mut dyn Observer,
) -> Result<Pass, ConvertError>;

/// What a pass needs.
pub struct Job {
    /// What converts.
    pub core: Core,
    /// Where everything is.
    pub store: Store,
    /// The source.
    pub identity: Identity,
    /// Its size.
    pub size_bytes: u64,
    /// Bucket of the output.
    pub output_bucket: String,
    /// Key of the output.
    pub output: String,
    /// How the source is read.
    pub read: ReadSettings,
    /// How the output is written.
    pub write: WriteSettings,
    /// How to convert.
    pub plan: Arc<Plan>,
    /// What an earlier pass found.
    pub decision: Option<Decision>,
    /// Tells the blocking side to come to an end.
    pub stop: Arc<AtomicBool>,
}

/// How a pass ended.
pub enum Tried {
    /// Converted; the output waits to be committed.
    Pending(Box<Pending>),
    /// To be done again, with this decision. Nothing is left of this pass.
    Again(Decision),
}

/// An output that is whole but not visible yet.
pub struct Pending {
    /// What the core reports, checked against what was read and written here.
    pub report: Report,
    /// The output's bytes that are not under way yet.
    pub rest: Vec<u8>,
    /// The rejects file's bytes.
    pub rejects: Vec<u8>,
    /// The output.
    pub upload: Upload,
}

struct Passed {
    result: Result<Pass, ConvertError>,
    consumed: u64,
    writer: UploadWriter,
    rejects: Vec<u8>,
    stopwatch: Stopwatch,
}

/// Runs one pass. `spent` gets what it took, stage by stage; `keep` is given the tasks that must have ended before the
/// invocation does.
///
/// Dropping the future stops everything: the source's task is aborted, so the core's reader fails, so the writer is
/// dropped, so the upload's task aborts what it opened.
pub async fn run(
    job: Job,
    spent: &mut Stopwatch,
    mut keep: impl FnMut(JoinHandle<()>),
) -> Result<Tried, PartError> {
    let Job {
        store,
        identity,
        size_bytes,
        read,
        write,
        plan,
        decision,
        stop,
        ..
    } = job;
    // What comes first is waiting for its first bytes.
    let mut stopwatch = Stopwatch::new(spent.clock());
    stopwatch.turn(Some(Spent::Wait));
    let (mut reader, feed) = source::open(store.clone(), identity, size_bytes, read, Arc::clone(&stop));
    let mut feed = AbortOnDrop(feed);
    let content_type = "application/vnd.apache.parquet";
    let (mut writer, upload, uploading) =
        upload::begin(store, job.output_bucket, job.output, content_type, write, stop);
    keep(uploading);

    // The plan bounds them.
    let mut rejects = Vec::new();
    let (answer, answered) = oneshot::channel();
    let span = tracing::Span::current();
    keep(tokio::task::spawn_blocking(move || {
        let _inside = span.entered();
        let shared = Shared::new(stopwatch);
        let result = (job.core)(
            &mut Apart::new(&mut reader, Spent::Wait, &shared),
            &mut Apart::new(&mut writer, Spent::Store, &shared),
            &mut rejects,
            &plan,
            decision,
            &mut &shared,
        );
        let stopwatch = shared.stop();
        let consumed = reader.consumed();
        if matches!(result, Err(ConvertError::Refused(_))) {
            // A body that was damaged on its way looks like a part that is broken. Its checksum comes with its end, so
            // that is waited for before the part is condemned; how it went, the task that fetches says.
            let _ = io::copy(&mut reader.by_ref().take(DRAIN_BYTES_MAX), &mut io::sink());
        }
        drop(reader);
        // Nobody listens when time ran out; then all of it is dropped here, which gives the upload up.
        let _ = answer.send(Passed {
            result,
            consumed,
            writer,
            rejects,
            stopwatch,
        });
    }));

    // No answer means that the core panicked: its side of everything was dropped while the stack unwound.
    let Ok(passed) = answered.await else {
        upload.give_up().await;
        return Err(PartError::Panicked);
    };
    let Passed {
        result,
        consumed,
        writer,
        rejects,
        stopwatch,
    } = passed;
    spent.add(&stopwatch);
    let refusal = match result {
        Ok(Pass::Done(report)) => {
            let fed = spent
                .during(Spent::Wait, &mut feed.0)
                .await
                .unwrap_or(Err(SourceError::Unread));
            let rest = writer.into_rest();
            match check(&report, fed, consumed, size_bytes, &rejects) {
                Ok(()) => {
                    let report = *report;
                    return Ok(Tried::Pending(Box::new(Pending {
                        report,
                        rest,
                        rejects,
                        upload,
                    })));
                }
                Err(error) => error,
            }
        }
        Ok(Pass::Again(decision)) => {
            drop(writer);
            spent.during(Spent::Store, upload.give_up()).await;
            return Ok(Tried::Again(decision));
        }
        Err(error) => {
            drop(writer);
            return Err(cause(error, &mut feed.0, upload).await);
        }
    };
    upload.give_up().await;
    Err(refusal)
}

/// The last look before anything becomes visible.
fn check(
    report: &Report,
    fed: Result<u64, SourceError>,
    consumed: u64,
    size_bytes: u64,
    rejects: &[u8],
) -> Result<(), PartError> {
    let fed = fed.map_err(PartError::Source)?;
    if fed != size_bytes || consumed != size_bytes || report.source_bytes != size_bytes {
        let read = report.source_bytes;
        return Err(PartError::Defect(format!(
            "the source has {size_bytes} bytes, but {fed} were fetched, {consumed} taken and {read} counted"
        )));
    }
    let Report {
        records_read: read,
        rows_written: written,
        records_rejected: rejected,
        ..
    } = *report;
    if written.checked_add(rejected) != Some(read) {
        return Err(PartError::RowBalance {
            read,
            written,
            rejected,
        });
    }
    let counted = rejected.saturating_add(report.cells_rejected);
    if (counted == 0) != rejects.is_empty() {
        let bytes = rejects.len();
        return Err(PartError::Defect(format!(
            "{counted} rejects were counted, but their file has {bytes} bytes"
        )));
    }
    Ok(())
}

/// What lies behind the core's error: it only sees that a reader or writer failed, the tasks know why.
async fn cause(
    error: ConvertError,
    feed: &mut JoinHandle<Result<u64, SourceError>>,
    upload: Upload,
) -> PartError {
    let upload_error = upload.give_up().await;
    match error {
        ConvertError::Refused(refusal) => match feed.await {
            Ok(Err(error)) if error != SourceError::Unread => PartError::Source(error),
            _ => PartError::Refused(refusal.to_string()),
        },
        ConvertError::Defect(what) => PartError::Defect(what),
        ConvertError::Read { at_byte, cause } => match feed.await {
            Ok(Err(error)) => PartError::Source(error),
            Ok(Ok(_)) | Err(_) => PartError::Defect(format!("reading failed at byte {at_byte}: {cause}")),
        },
        ConvertError::Write { what, cause } => {
            let beyond = cause.get_ref().and_then(|inner| inner.downcast_ref::<Beyond>());
            match (beyond, upload_error) {
                (Some(beyond), _) => PartError::Refused(beyond.to_string()),
                (None, UploadError::Store(error)) => PartError::Upload(UploadError::Store(error)),
                (None, _) => PartError::Defect(format!("writing the {what} failed: {cause}")),
            }
        }
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
