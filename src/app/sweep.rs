//! The use case of the manifest function: one sweep over some days.
//!
//! Lists what is there, lets [`day`](crate::day) judge each day, and does what is owed: a revision and everything that
//! follows from it, parts that are sent again, outputs that go. Whatever a sweep leaves undone, the next one finds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use crate::bus::{Bus, BusError};
use crate::config::Config;
use crate::day::{Remark, State as DayState};
use crate::glue::{Glue, GlueError};
use crate::keys::Day;
use crate::manifest::{MarkError, Totals};
use crate::queue::{Depth, Queue, QueueError};
use crate::store::{Listing, Store, StoreError};
use crate::sweep::Request;

mod catalog;
mod copied;
mod event;
mod failures;
mod footers;
mod forgotten;
mod gather;
mod landing;
mod leftovers;
mod memory;
mod objects;
mod overdue;
mod plan;
mod pointer;
mod publish;
mod recalled;
mod run;
mod send;
mod state;
mod streams;
mod tally;
mod tidy;
mod views;

use catalog::Catalog;
use gather::Folders;
use leftovers::Leftovers;
use memory::Memory;
use objects::Objects;
use pointer::Pointer;
use run::Run;
use state::State;

pub use catalog::{CatalogReport, Changes};
pub use objects::SetAside;
pub use tally::Tally;

/// Why a sweep, or a day's turn in it, came to no end.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// S3 refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// EventBridge refused.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// Glue refused.
    #[error(transparent)]
    Glue(#[from] GlueError),
    /// The catalog contradicts what is to be published.
    #[error("the Glue catalog holds the publication: {0}")]
    Held(String),
    /// Somebody else wrote at the same time, again and again.
    #[error("{0}")]
    Unsettled(String),
    /// A day has a revision of the highest number, or an object that says so.
    #[error("{date}: {key} has the highest number that there is, {max}, and leaves none to the next revision; if it is none of Daymark's, delete it", max = crate::keys::REVISION_MAX)]
    Numbers {
        /// The day.
        date: Day,
        /// The object: a revision, a ledger or an announcement.
        key: String,
    },
    /// What asks for a day to be forgotten does not say so.
    #[error(
        "{date}: {key} is no mark of a day that is to be forgotten: expected {{\"version\":1}}, found {found}; so the day stays as it is until `daymark forget --date {date}` writes it anew, or that with --undo removes it"
    )]
    Mark {
        /// The day.
        date: Day,
        /// The mark.
        key: String,
        /// What it is.
        found: MarkError,
    },
    /// A newer release wrote what this one would have to change.
    #[error("a newer release of Daymark was here: {0}")]
    Newer(String),
    /// A defect of Daymark.
    #[error("a defect of Daymark: {0}")]
    Defect(String),
}

/// Sweeps. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sweeper {
    config: Arc<Config>,
    store: Store,
    objects: Objects,
    queue: Option<Queue>,
    bus: Option<Bus>,
    glue: Option<Glue>,
    /// Whether events, or the catalog, are another's to see to, so that nothing is told or marked as told.
    leaves_telling: bool,
    /// Whether to stop, whatever time is left.
    stop: Option<Arc<AtomicBool>>,
}

/// What a sweep did.
#[derive(Debug)]
pub struct Report {
    /// S3's clock when it began, milliseconds since 1970 UTC.
    pub now_ms: i64,
    /// The days it looked at, in their order.
    pub days: Vec<DayReport>,
    /// The day it did not get to any more, if it ran out of time. Without a deadline it never does.
    pub stopped_before: Option<Day>,
    /// What to ask for so that the rest of what was asked for is looked at, if it ran out of time and no sweep goes on by itself.
    pub next_request: Option<Request>,
    /// How all days stand, those that earlier sweeps ran out of time with included. None: this one did not look at all that may
    /// have changed, because days were asked for, or it ran out of time.
    pub account: Option<Tally>,
    /// What was in the queue when it began.
    pub depth: Option<Depth>,
    /// Parts that were sent again.
    pub sent: u64,
    /// What SQS refused, if it did. Everything else was done.
    pub queue_error: Option<QueueError>,
    /// In a dry run, the keys of the sources that are to be sent, the newest days' first.
    pub to_send: Vec<String>,
    /// The newest day that should be complete by now, if neither it nor a newer one is.
    pub overdue: Option<Day>,
    /// What was damaged, and is kept elsewhere now.
    pub set_aside: Vec<SetAside>,
    /// What it did to the Glue catalog.
    pub catalog: CatalogReport,
}

/// What a sweep found and did of one day.
#[derive(Debug)]
pub struct DayReport {
    /// The day.
    pub date: Day,
    /// What is decided; or why nothing could be.
    pub judged: Result<Judged, SweepError>,
}

/// A day as it was judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Where it stands.
    pub state: DayState,
    /// Whether it passed its deadline and was never complete.
    pub late: bool,
    /// Whether another sweep was at it meanwhile, so that this one left it to the next. Then all else is as this sweep saw it.
    pub overtaken: bool,
    /// The newest revision.
    pub revision: Option<u32>,
    /// Whether this sweep wrote it.
    pub revised: bool,
    /// The revision that is published.
    pub published: Option<u32>,
    /// Why it is not complete.
    pub reasons: Vec<Remark>,
    /// What is odd about it.
    pub warnings: Vec<Remark>,
    /// Tables with parts.
    pub tables: u64,
    /// Parts, those without output included.
    pub parts: u64,
    /// Parts without output.
    pub missing: u64,
    /// Those of them that have a failure record of today's profile.
    pub failed: u64,
    /// Listed parts that have outputs, but none of today's profile, nor a failure record of it.
    pub outdated: u64,
    /// Of the published revision.
    pub totals: Option<Totals>,
    /// Parts that are to be sent again.
    pub to_send: u64,
    /// Outputs that were, or in a dry run would be, deleted.
    pub retired: u64,
    /// The day's first part, milliseconds since 1970 UTC.
    pub first_ms: Option<i64>,
    /// When a part of the day came or was converted last, milliseconds since 1970 UTC.
    pub changed_ms: Option<i64>,
}

/// Whether it is that late.
fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

impl Sweeper {
    /// A sweeper of this configuration. Without a queue nothing is sent again, without a bus nothing is told.
    pub fn new(config: Arc<Config>, store: Store, queue: Option<Queue>, bus: Option<Bus>) -> Self {
        Sweeper {
            objects: Objects::new(&store, &config.layout),
            config,
            store,
            queue,
            bus,
            glue: None,
            leaves_telling: false,
            stop: None,
        }
    }

    /// The same, for a sweep beside that of the function: it tells nothing, and marks nothing as told.
    #[must_use]
    pub fn leaving_telling(self) -> Self {
        Sweeper {
            leaves_telling: true,
            ..self
        }
    }

    /// The same, with a Glue catalog that it writes. Without one none is written.
    #[must_use]
    pub fn with_glue(self, glue: Option<Glue>) -> Self {
        Sweeper { glue, ..self }
    }

    /// The same, for whoever stops it by hand: once this is true, its time is over.
    #[must_use]
    pub fn stopping_once(self, stop: Arc<AtomicBool>) -> Self {
        Sweeper {
            stop: Some(stop),
            ..self
        }
    }

    /// Whether it is to stop before the next day.
    fn is_over(&self, deadline: Option<Instant>) -> bool {
        let is_stopped = self
            .stop
            .as_ref()
            .is_some_and(|stop| stop.load(Ordering::Relaxed));
        is_stopped || is_past(deadline)
    }

    /// Sweeps once. It stops at a day's edge when less than the margin is left of its time.
    ///
    /// # Errors
    /// A listing that failed, in which case nothing more was changed. What concerns one day only is in its report.
    pub async fn sweep(&self, request: &Request, deadline: Option<Instant>) -> Result<Report, SweepError> {
        let layout = &self.config.layout;
        // A sweep that came to no end still sends what it found.
        let until = deadline.and_then(|deadline| deadline.checked_sub(self.config.deadline_margin / 2));
        let (state, etag) = State::read(&self.objects, layout, request.dry_run).await?;
        let now_ms = self.clock().await?;
        let (mut depth, mut queue_error) = (None, None);
        if let Some(queue) = &self.queue {
            // A queue that says nothing keeps no day from being published.
            match queue.depth().await {
                Ok(told) => depth = Some(told),
                Err(error) => queue_error = Some(error),
            }
        }
        let messages_max = self.config.days.queue_messages_max;
        let room = depth.map_or(0, |depth: Depth| messages_max.saturating_sub(depth.total()));
        let drained = depth.is_some_and(|depth| depth.total() == 0);
        let drained_ms = if drained { Some(now_ms) } else { state.drained_ms };
        let today =
            Day::of_ms(now_ms).ok_or_else(|| SweepError::Defect(format!("S3's clock says {now_ms} ms")))?;
        let plan = plan::plan(request, &state, &today, now_ms, self.config.days.look_back_days);
        let folders = Folders::find(&self.store, &self.config).await?;
        let mut run = Run {
            sweeper: self,
            request,
            memory: Memory::new(
                &state.types,
                &state.empty,
                plan.begins_with_the_first(&state, &folders.told),
            ),
            pointer: Pointer::read(&self.store, &self.objects, layout, request.dry_run)
                .await?
                .up_to(today.plus(1).filter(|_| self.config.days.policy.ends_tomorrow)),
            catalog: Catalog::new(self.glue.clone()),
            leftovers: Leftovers::new(plan.is_all()),
            drained_ms,
            wishes: Vec::new(),
            room: (!request.dry_run).then_some(room),
            deadline: deadline.and_then(|deadline| deadline.checked_sub(self.config.deadline_margin)),
            seen: BTreeSet::new(),
        };
        let mut days = Vec::new();
        let mut stopped_before = None;
        for (from, to) in &plan.spans {
            Box::pin(run.span(&folders, from, to, now_ms, &mut days, &mut stopped_before)).await?;
            if stopped_before.is_some() {
                break;
            }
        }
        if !request.dry_run {
            run.pointer.check(&run.seen, &self.objects, layout).await?;
        }
        let Run {
            wishes,
            memory,
            pointer,
            mut catalog,
            deadline,
            ..
        } = run;
        let mut state = state;
        let knows_empty = plan.knows_empty(&state, &folders.told, stopped_before.as_ref());
        if stopped_before.is_none() && !request.dry_run {
            if plan.is_all() {
                catalog::compare(self, &mut catalog, &memory.types).await;
            }
            // Until all days were looked at, they are not all that were ever published.
            let is_all_known = plan.is_all() || state.all_ms.is_some();
            // Where it is not known which tables are empty, views stay as they are: they would look for rows in these.
            if knows_empty {
                let made = (state.views.take(), plan.is_all());
                let known = (&memory, is_all_known);
                state.views = views::renew(self, &mut catalog, &pointer, known, made, deadline).await;
            }
        }
        let mut tally = plan.tally(&days);
        if let (Some(tally), Some(stopped)) = (&mut tally, &stopped_before) {
            tally.begin(stopped);
        }
        let first = match &tally {
            Some(tally) => tally.first(),
            None => days.iter().map(|day| day.date.clone()).min(),
        };
        let complete_by_ms = self.config.days.complete_by_ms;
        let overdue = overdue::overdue(now_ms, complete_by_ms, pointer.date(), first.as_ref())
            // Of days that were asked for, none may be the one that is due.
            .filter(|_| request.days.is_none());
        let to_send = match request.dry_run {
            true => send::keys(&wishes),
            false => Vec::new(),
        };
        let mut sent = 0;
        if let (Some(queue), Some(_), false) = (&self.queue, depth, request.dry_run) {
            let told = send::send(wishes, queue, room, now_ms, until, self).await?;
            (sent, queue_error) = (told.sent, told.refused);
        }
        if !request.dry_run {
            let known = (memory, knows_empty);
            let next = plan.next_state(state, &days, stopped_before.as_ref(), now_ms, drained_ms, known);
            next.write(&self.objects, layout, etag.as_deref()).await?;
        }
        Ok(Report {
            now_ms,
            days,
            next_request: plan.rest(request, stopped_before.as_ref()),
            account: tally.filter(|_| stopped_before.is_none()),
            stopped_before,
            depth,
            sent,
            queue_error,
            to_send,
            overdue,
            set_aside: self.objects.take_aside(),
            catalog: catalog.report,
        })
    }

    /// S3's clock, milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// S3's refusals.
    pub async fn clock(&self) -> Result<i64, SweepError> {
        let layout = &self.config.layout;
        let listing = Listing {
            entries_max: Some(1),
            ..Listing::of(layout.manifests())
        };
        Ok(self
            .store
            .list(layout.curated().bucket(), &listing)
            .await?
            .date_ms)
    }
}
