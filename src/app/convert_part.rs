//! One notice, from key to outcome.
//!
//! The output's key is a pure function of the source's identity and the profile, and it is written once. So whatever is
//! delivered twice, late, in another order or at the same time ends in the same object, and the only question is how little
//! it costs to find out that everything is done:
//!
//! 1. a notice with an ETag whose output is there: one HEAD, done. (If the source was replaced since, that object has a
//!    notice of its own.)
//! 2. else the object that is current under the key counts, whatever ETag the notice names: HEAD of the source, of its
//!    output, of its failure record, and only then is it read.

mod small;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Instrument;

use crate::app::attempt::{self, Core, Pending, Tried};
use crate::app::error::{PartError, RecordError};
use crate::app::line;
use crate::app::outcome::{CommittedBy, Converted, Outcome, Turn};
use crate::app::source::SourceError;
use crate::app::upload::UploadError;
use crate::config::Config;
use crate::convert::{self, Provenance};
use crate::failure::Failure;
use crate::keys::PartKey;
use crate::notice::Notice;
use crate::part::{Identity, PartId, Profile};
use crate::store::{Class, Kind, Store};
use crate::telemetry::{Clock, Metrics, Spent, Stopwatch, milliseconds};

/// How often a part is begun anew because its source was replaced while it was read.
const REPLACED_MAX: u32 = 5;

/// How often a part is converted because its output could not be committed and yet is not there.
const COMMITS_MAX: u32 = 3;

/// How often a pass may ask for another one. The core promises three.
const PASSES_MAX: u32 = 4;

/// Converts parts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Converter {
    config: Arc<Config>,
    store: Store,
    metrics: Metrics,
    core: Core,
    clock: Clock,
}

/// A source of which everything is known but its bytes.
#[derive(Clone, Debug)]
struct Located {
    part: PartKey,
    identity: Identity,
    id: PartId,
    provenance: Provenance,
    output: String,
    rejects: String,
    failure: String,
}

/// What outlives a future that is dropped when time runs out.
#[derive(Default)]
struct Course {
    /// The source that is worked on, for a failure record.
    located: Mutex<Option<Located>>,
    /// Tells the blocking side to come to an end.
    stop: Arc<AtomicBool>,
    /// What has to end before the invocation does: Lambda freezes whatever still runs then.
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Converter {
    /// A converter of this configuration on this store.
    pub fn new(config: Arc<Config>, store: Store, metrics: Metrics) -> Self {
        Converter::with_core(config, store, metrics, convert::pass, std::time::Instant::now)
    }

    /// The same with another core and clock.
    pub(super) fn with_core(
        config: Arc<Config>,
        store: Store,
        metrics: Metrics,
        core: Core,
        clock: Clock,
    ) -> Self {
        Converter {
            config,
            store,
            metrics,
            core,
            clock,
        }
    }

    /// Takes a notice to its outcome: one line in the log, one line of metrics. An error is to be tried again.
    ///
    /// # Errors
    /// Whatever may go away by itself or by somebody changing a permission. What never goes away is
    /// [`Outcome::Failed`], unless even its record cannot be written.
    pub async fn convert(&self, notice: &Notice, turn: &Turn) -> Result<Outcome, PartError> {
        let span = tracing::info_span!(
            "part",
            request_id = turn.request_id,
            part_id = tracing::field::Empty
        );
        self.take_turn(notice, turn).instrument(span).await
    }

    async fn take_turn(&self, notice: &Notice, turn: &Turn) -> Result<Outcome, PartError> {
        let begun = (self.clock)();
        let ms = || milliseconds((self.clock)().saturating_duration_since(begun));
        let mut spent = Stopwatch::new(self.clock);
        let course = Course::default();
        let times = Times::of(turn.deadline, self.config.deadline_margin);
        let ended = match before(times.work, Box::pin(self.steps(notice, &course, &mut spent))).await {
            Some(ended) => ended,
            None => Err(PartError::OutOfTime { ms: ms() }),
        };
        course.end(times.cleanup).await;
        let last_receive = turn
            .receive_count
            .is_some_and(|count| count >= self.config.receives_max);
        let outcome = match ended {
            Ok(outcome) => Ok(outcome),
            Err(error) => self.judge(error, &course, last_receive, times.record).await,
        };
        line::tell(&self.metrics, notice, &outcome, &spent, ms());
        outcome
    }

    async fn steps(
        &self,
        notice: &Notice,
        course: &Course,
        spent: &mut Stopwatch,
    ) -> Result<Outcome, PartError> {
        let skipped = |reason: String| Ok(Outcome::Skipped { reason });
        let part = match self.config.layout.source_in(&notice.bucket, &notice.key) {
            Ok(part) => part,
            Err(skip) => return skipped(skip.to_string()),
        };
        let profile = self
            .config
            .profile(&part.table)
            .map_err(|error| PartError::Defect(error.to_string()))?;
        let mut looked_for = None;
        if let Some(etag) = &notice.etag {
            let id = PartId::of(&identity(notice, etag), &profile);
            let output = self.config.layout.output(&part, &id);
            let head = self.store.head(self.config.layout.curated().bucket(), &output);
            if spent.during(Spent::Store, head).await?.is_some() {
                tracing::Span::current().record("part_id", id.as_str());
                return Ok(Outcome::Present { output });
            }
            looked_for = Some(output);
        }
        for _ in 0..REPLACED_MAX {
            let located = self.locate(notice, &part, &profile);
            let Some(located) = spent.during(Spent::Store, located).await? else {
                return skipped("the object is gone".to_owned());
            };
            tracing::Span::current().record("part_id", located.id.as_str());
            *course.located.lock().unwrap_or_else(PoisonError::into_inner) = Some(located.clone());
            let Located { output, failure, .. } = &located;
            let curated = self.config.layout.curated().bucket();
            let head = self.store.head(curated, output);
            if looked_for.as_ref() != Some(output) && spent.during(Spent::Store, head).await?.is_some() {
                return Ok(Outcome::Present {
                    output: output.clone(),
                });
            }
            let head = self.store.head(curated, failure);
            if spent.during(Spent::Store, head).await?.is_some() {
                return Ok(Outcome::FailedBefore {
                    record: failure.clone(),
                });
            }
            looked_for = None;
            match Box::pin(self.write(&located, course, spent)).await {
                Err(PartError::Source(SourceError::Replaced)) => {
                    tracing::warn!(
                        "the source was replaced while it was read, starting with the current one"
                    );
                }
                Err(PartError::Source(SourceError::Gone)) => {
                    return skipped("the object was deleted while it was read".to_owned());
                }
                ended => return ended,
            }
        }
        Err(PartError::Unsettled {
            tries: REPLACED_MAX,
            what: "the source was replaced each time while it was read".to_owned(),
        })
    }

    /// The object that is current under the notice's key; None if there is none.
    async fn locate(
        &self,
        notice: &Notice,
        part: &PartKey,
        profile: &Profile,
    ) -> Result<Option<Located>, PartError> {
        let Some(meta) = self.store.head(&notice.bucket, &notice.key).await? else {
            return Ok(None);
        };
        let identity = identity(notice, &meta.etag);
        let id = PartId::of(&identity, profile);
        let layout = &self.config.layout;
        Ok(Some(Located {
            provenance: Provenance {
                bucket: identity.bucket.clone(),
                key: identity.key.clone(),
                etag: identity.etag.clone(),
                size_bytes: meta.size_bytes,
                last_modified_ms: meta.last_modified_ms,
                part_id: id.to_string(),
                profile: profile.to_string(),
            },
            output: layout.output(part, &id),
            rejects: layout.rejects(part, &id),
            failure: layout.failure(part, &id),
            part: part.clone(),
            identity,
            id,
        }))
    }

    /// Converts until the output is there: once, unless something else writes to its key.
    async fn write(
        &self,
        located: &Located,
        course: &Course,
        spent: &mut Stopwatch,
    ) -> Result<Outcome, PartError> {
        let mut last = String::new();
        let mut may_be_ours = false;
        for _ in 0..COMMITS_MAX {
            let pending = Box::pin(self.passes(located, course, spent)).await?;
            let Pending {
                report,
                rest,
                rejects,
                upload,
            } = pending;
            let mut rejects_key = None;
            if !rejects.is_empty() {
                let put = self.put_rejects(&located.rejects, Bytes::from(rejects));
                if let Err(error) = spent.during(Spent::Store, put).await {
                    upload.give_up().await;
                    return Err(error.into());
                }
                rejects_key = Some(located.rejects.clone());
            }
            let converted = |committed_by| {
                let converted = Converted {
                    part: located.part.clone(),
                    output: located.output.clone(),
                    rejects: rejects_key,
                    report,
                    committed_by,
                };
                Ok(Outcome::Converted(Box::new(converted)))
            };
            let error = match spent.during(Spent::Store, upload.commit(rest)).await {
                Ok(()) => return converted(CommittedBy::This),
                Err(UploadError::Store(error)) if error.class() != Class::Config => error,
                Err(error) => return Err(PartError::Upload(error)),
            };
            // Refused because it is there, or done although the answer says otherwise: only looking tells.
            tracing::warn!(%error, "the output was not committed, looking whether it is there");
            may_be_ours |= error.may_have_landed();
            let curated = self.config.layout.curated().bucket();
            let head = self.store.head(curated, &located.output);
            if spent.during(Spent::Store, head).await?.is_some() {
                if may_be_ours {
                    return converted(CommittedBy::Unknown);
                }
                let output = located.output.clone();
                return Ok(Outcome::Present { output });
            }
            if !matches!(
                error.kind,
                Kind::Precondition | Kind::Conflict | Kind::NoSuchUpload | Kind::Lost
            ) {
                return Err(PartError::Upload(UploadError::Store(error)));
            }
            last = error.to_string();
        }
        Err(PartError::Unsettled {
            tries: COMMITS_MAX,
            what: format!("the output could not be committed, and is not there ({last})"),
        })
    }

    async fn passes(
        &self,
        located: &Located,
        course: &Course,
        spent: &mut Stopwatch,
    ) -> Result<Pending, PartError> {
        let plan = self.config.plan(&located.part.table, located.provenance.clone());
        let plan = Arc::new(plan.map_err(|error| PartError::Defect(error.to_string()))?);
        let mut decision = None;
        for _ in 0..PASSES_MAX {
            let job = attempt::Job {
                core: self.core,
                store: self.store.clone(),
                identity: located.identity.clone(),
                size_bytes: located.provenance.size_bytes,
                output_bucket: self.config.layout.curated().bucket().to_owned(),
                output: located.output.clone(),
                read: self.config.read,
                write: self.config.write,
                plan: Arc::clone(&plan),
                decision,
                stop: Arc::clone(&course.stop),
            };
            match attempt::run(job, spent, |task| course.keep(task)).await? {
                Tried::Pending(pending) => return Ok(*pending),
                Tried::Again(found) => {
                    tracing::info!(
                        "a late record decided the dialect otherwise, starting again with the decision"
                    );
                    decision = Some(found);
                }
            }
        }
        Err(PartError::Defect(format!(
            "the dialect was decided anew {PASSES_MAX} times"
        )))
    }

    /// What can never be converted gets its record, and is done.
    async fn judge(
        &self,
        error: PartError,
        course: &Course,
        last_receive: bool,
        until: Option<Instant>,
    ) -> Result<Outcome, PartError> {
        let located = course
            .located
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (Some(reason), Some(located)) = (error.permanent(last_receive), located) else {
            return Err(error);
        };
        let mut message = error.to_string();
        if matches!(error, PartError::OutOfTime { .. }) {
            message = format!("{message} (on the last of {} receives)", self.config.receives_max);
        }
        let record = Failure::new(reason, message.clone(), &located.part, &located.provenance);
        let record = record
            .to_json()
            .map_err(|error| PartError::Defect(error.to_string()))?;
        let putting = self.put_failure(&located.failure, Bytes::from(record));
        let cause = match before(until, putting).await {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(RecordError::Store(error)),
            None => Some(RecordError::OutOfTime),
        };
        if let Some(cause) = cause {
            let error = PartError::Unrecorded {
                refusal: message,
                cause,
            };
            tracing::warn!(%error, record = located.failure, "the failure record was not written");
            return Err(error);
        }
        Ok(Outcome::Failed {
            message,
            record: located.failure,
        })
    }
}

impl Course {
    fn keep(&self, task: JoinHandle<()>) {
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(task);
    }

    /// Stops what still runs and waits until it has cleaned up behind itself, but not for ever: what hangs then is cut off,
    /// so that there is time left to say how the part ended.
    async fn end(&self, until: Option<Instant>) {
        self.stop.store(true, Ordering::Relaxed);
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async {
            for task in &mut tasks {
                // How a task ended was heard where its result was awaited.
                let _ = task.await;
            }
        };
        if before(until, all).await.is_none() {
            // Invisible and soon gone by the bucket's lifecycle rule, but somebody pays for it until then.
            tracing::warn!(
                "cleaning up was cut off by the function's end: a multipart upload may be left open"
            );
            for task in &tasks {
                task.abort();
            }
        }
    }
}

/// When the stages of a turn have to end, the one after the other. None: whenever they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    work: Option<Instant>,
    cleanup: Option<Instant>,
    record: Option<Instant>,
}

impl Times {
    /// The margin, but never more than half of what is left, is kept back from the work. Half of it is for cleaning up,
    /// most of the rest for the failure record, and what remains for the line in the log. Without a margin there is nothing
    /// to divide.
    fn of(deadline: Option<Instant>, margin: Duration) -> Times {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let margin = margin.min(left.unwrap_or_default() / 2);
        let ahead = |kept: Duration| deadline.map(|deadline| deadline.checked_sub(kept).unwrap_or(deadline));
        let later = |kept: Duration| ahead(kept).filter(|_| !margin.is_zero());
        Times {
            work: ahead(margin),
            cleanup: later(margin / 2),
            record: later(margin / 8),
        }
    }
}

/// What the work gives, if it does before that moment.
async fn before<T>(until: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match until {
        None => Some(work.await),
        Some(until) => tokio::time::timeout_at(until, work).await.ok(),
    }
}

fn identity(notice: &Notice, etag: &str) -> Identity {
    Identity {
        bucket: notice.bucket.clone(),
        key: notice.key.clone(),
        etag: etag.to_owned(),
    }
}
