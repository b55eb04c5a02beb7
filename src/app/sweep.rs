//! The use case of the manifest function: one sweep over some days.
//!
//! Lists what is there, lets [`day`](crate::day) judge each day, and does what is owed: a revision and everything that
//! follows from it, parts that are sent again, outputs that go. Whatever a sweep leaves undone, the next one finds.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use crate::bus::{Bus, BusError};
use crate::config::Config;
use crate::day::{self, Decision, Known, Remark, State as DayState, Verdict};
use crate::keys::{Day, Leaf, Link, PartKey};
use crate::manifest::{self, Revision, Totals};
use crate::queue::{Depth, Queue, QueueError};
use crate::store::{Listing, Store, StoreError};
use crate::sweep::Request;

mod event;
mod footers;
mod gather;
mod landing;
mod memory;
mod objects;
mod plan;
mod pointer;
mod publish;
mod recalled;
mod send;
mod state;
mod streams;

use gather::{Gathered, Gatherer};
use memory::Memory;
use objects::{Objects, Wrote};
use plan::plan;
use pointer::Pointer;
use publish::Publication;
use recalled::{Recalled, published_before};
use state::State;

/// How often footers may be asked for before a day is judged. The domain promises two.
const ROUNDS_MAX: u32 = 4;

/// Why a sweep, or a day's turn in it, came to no end.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// S3 refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// SQS refused.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// EventBridge refused.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// Somebody else wrote at the same time, again and again.
    #[error("{0}")]
    Unsettled(String),
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
}

/// What a sweep did.
#[derive(Debug)]
pub struct Report {
    /// S3's clock when it began, milliseconds since 1970 UTC.
    pub now_ms: i64,
    /// The days it looked at, in their order.
    pub days: Vec<DayReport>,
    /// The day it did not get to any more, if it ran out of time.
    pub stopped_before: Option<Day>,
    /// What was in the queue when it began.
    pub depth: Option<Depth>,
    /// Parts that were sent again.
    pub sent: u64,
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
    /// Of the published revision.
    pub totals: Option<Totals>,
    /// Parts that are to be sent again.
    pub to_send: u64,
    /// Outputs that were, or in a dry run would be, deleted.
    pub retired: u64,
    /// The day's first part, milliseconds since 1970 UTC.
    pub first_ms: Option<i64>,
}

/// One sweep under way.
struct Run<'s> {
    sweeper: &'s Sweeper,
    request: &'s Request,
    memory: Memory,
    pointer: Pointer,
    drained_ms: Option<i64>,
    wishes: Vec<send::Wish>,
    deadline: Option<Instant>,
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
        }
    }

    /// Sweeps once. It stops at a day's edge when less than the margin is left of its time.
    ///
    /// # Errors
    /// A listing that failed, in which case nothing more was changed. What concerns one day only is in its report.
    pub async fn sweep(&self, request: &Request, deadline: Option<Instant>) -> Result<Report, SweepError> {
        let layout = &self.config.layout;
        let (state, etag) = State::read(&self.objects, layout, request.dry_run).await?;
        let now_ms = self.clock().await?;
        let depth = match &self.queue {
            Some(queue) => Some(queue.depth().await?),
            None => None,
        };
        let drained = depth.is_some_and(|depth| depth.total() == 0);
        let drained_ms = if drained { Some(now_ms) } else { state.drained_ms };
        let today =
            Day::of_ms(now_ms).ok_or_else(|| SweepError::Defect(format!("S3's clock says {now_ms} ms")))?;
        let plan = plan(request, &state, &today, now_ms, self.config.days.look_back_days);
        let mut memory = Memory::default();
        memory.types.clone_from(&state.types);
        let mut run = Run {
            sweeper: self,
            request,
            memory,
            pointer: Pointer::read(&self.store, &self.objects, layout, request.dry_run).await?,
            drained_ms,
            wishes: Vec::new(),
            deadline: deadline.and_then(|deadline| deadline.checked_sub(self.config.deadline_margin)),
        };
        let mut days = Vec::new();
        let mut stopped_before = None;
        for (from, to) in &plan.spans {
            Box::pin(run.span(from, to, now_ms, &mut days, &mut stopped_before)).await?;
            if stopped_before.is_some() {
                break;
            }
        }
        let Run { wishes, memory, .. } = run;
        let mut sent = 0;
        if let (Some(queue), Some(depth), false) = (&self.queue, depth, request.dry_run) {
            let room = self.config.days.queue_messages_max.saturating_sub(depth.total());
            sent = send::send(wishes, queue, room, now_ms, &self.objects, layout).await?;
        }
        if !request.dry_run {
            let next = plan.next_state(state, &days, stopped_before.as_ref(), now_ms, drained_ms, memory);
            next.write(&self.objects, layout, etag.as_deref()).await?;
        }
        Ok(Report {
            now_ms,
            days,
            stopped_before,
            depth,
            sent,
        })
    }

    /// S3's clock.
    async fn clock(&self) -> Result<i64, SweepError> {
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

impl Run<'_> {
    async fn span(
        &mut self,
        from: &Day,
        to: &Day,
        now_ms: i64,
        days: &mut Vec<DayReport>,
        stopped_before: &mut Option<Day>,
    ) -> Result<(), SweepError> {
        let sweeper = self.sweeper;
        let layout = &sweeper.config.layout;
        let before = published_before(&sweeper.store, &sweeper.objects, layout, from, memory::DAYS).await?;
        for (date, revision) in before.iter().rev() {
            if let Some(content) = &revision.content {
                self.memory.learn(date, content);
            }
        }
        let mut gatherer = Gatherer::open(&sweeper.store, &sweeper.config, from, to, now_ms).await?;
        loop {
            let gathered = gatherer.next().await?;
            if gathered.is_empty() {
                return Ok(());
            }
            for (gathered, recalled) in self.recall(gathered).await? {
                if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    *stopped_before = Some(gathered.seen.date);
                    return Ok(());
                }
                let date = gathered.seen.date.clone();
                let judged = match recalled {
                    Ok(recalled) => Box::pin(self.day(gathered, recalled)).await,
                    Err(error) => Err(error),
                };
                match judged {
                    Ok(None) => {}
                    Ok(Some(judged)) => days.push(DayReport {
                        date,
                        judged: Ok(judged),
                    }),
                    Err(error) => {
                        tracing::error!(%date, error = %error, "a day's turn came to no end");
                        days.push(DayReport {
                            date,
                            judged: Err(error),
                        });
                    }
                }
            }
        }
    }

    /// Reads the days' revisions, many at a time.
    async fn recall(
        &self,
        gathered: Vec<Gathered>,
    ) -> Result<Vec<(Gathered, Result<Recalled, SweepError>)>, SweepError> {
        let keep = self.request.dry_run;
        let recalls = gathered.into_iter().map(|gathered| async move {
            let recalled = Recalled::read(self.sweeper, &gathered, keep).await;
            Ok((gathered, recalled))
        });
        stream::iter(recalls)
            .buffered(self.sweeper.config.days.requests_max)
            .try_collect()
            .await
    }

    /// Judges one day and does what is owed. None: there is nothing of it.
    async fn day(&mut self, gathered: Gathered, recalled: Recalled) -> Result<Option<Judged>, SweepError> {
        let sweeper = self.sweeper;
        let config = &sweeper.config;
        let Gathered { seen, written } = &gathered;
        let mut known = recalled.known(seen, &config.layout);
        known.drained_ms = self.drained_ms;
        self.memory.tell(&mut known);
        let Some(verdict) = self.judge(seen, &mut known).await? else {
            return Ok(None);
        };
        let number = recalled.highest + 1;
        let before = recalled
            .published
            .as_ref()
            .map(|revision| revision.history.revision);
        let newest_ms = recalled.newest.as_ref().map(|newest| newest.history.listed_ms);
        if verdict.revise && newest_ms > Some(seen.now_ms) {
            // Held up between its listings, this sweep may have seen outputs from before that revision and sources from after.
            return Err(SweepError::Unsettled(format!(
                "expected a newest revision from before {} ms by S3's clock, when this sweep began, found one of {} ms",
                seen.now_ms,
                newest_ms.unwrap_or_default()
            )));
        }
        let revised = if verdict.revise {
            let revision = manifest::revise(seen, &known, &verdict, &config.layout, number, before);
            Some(revision.map_err(|remark| SweepError::Defect(remark.to_string()))?)
        } else {
            None
        };
        let newest = revised.as_ref().or(recalled.newest.as_ref());
        let published = match newest {
            Some(newest) if newest.content.is_some() => Some(newest),
            Some(newest) if newest.history.published.is_some() => recalled.published.as_ref(),
            _ => None,
        };
        if !self.request.dry_run {
            if let Some(newest) = newest {
                let untold = self.untold(&gathered, &recalled, newest.history.revision).await?;
                let publication = Publication {
                    date: &seen.date,
                    layout: &config.layout,
                    written,
                    newest,
                    published,
                    untold: &untold,
                    objects: &sweeper.objects,
                    bus: sweeper.bus.as_ref(),
                };
                let claimed = match revised.is_some() {
                    true => publication.claim().await?,
                    false => Wrote::Done,
                };
                let live = manifest::live_symlinks(seen, &verdict, &config.layout);
                if claimed == Wrote::Overtaken
                    || publication.bring_about(&mut self.pointer).await? == Wrote::Overtaken
                    || publish::links(&publication, Link::Live, live).await? == Wrote::Overtaken
                {
                    return Err(SweepError::Unsettled(
                        "another sweep was at this day at the same time".to_owned(),
                    ));
                }
            } else {
                live(sweeper, &gathered, &verdict).await?;
            }
            self.tidy(seen, &verdict).await?;
        }
        if let Some(content) = published.and_then(|revision| revision.content.as_ref()) {
            self.memory.learn(&seen.date, content);
        }
        let etag = recalled.sent_etag.clone();
        self.wishes
            .extend(send::wish(seen, &verdict, &config.layout, &recalled.sent, etag));
        let choices = || verdict.tables.values();
        let count =
            |count: fn(&day::Choice) -> usize| choices().map(|choice| count(choice) as u64).sum::<u64>();
        let missing = count(|choice| choice.missing.len());
        Ok(Some(Judged {
            state: verdict.state,
            late: verdict.late,
            revision: newest.map(|revision| revision.history.revision),
            revised: revised.is_some(),
            published: published.map(|revision| revision.history.revision),
            warnings: [verdict.warnings.clone(), verdict.comparisons.clone()].concat(),
            tables: count(|choice| usize::from(!choice.parts.is_empty() || !choice.missing.is_empty())),
            parts: count(|choice| choice.parts.len()) + missing,
            missing,
            totals: published
                .and_then(|revision| revision.content.as_ref())
                .map(|content| content.totals),
            to_send: verdict.send.len() as u64,
            retired: verdict.retire.len() as u64,
            first_ms: verdict.first_ms,
            reasons: verdict.reasons,
        }))
    }

    /// Earlier revisions whose sweeps ended between claim and event. `next` is the revision that is newest now.
    async fn untold(
        &self,
        gathered: &Gathered,
        recalled: &Recalled,
        next: u32,
    ) -> Result<Vec<Revision>, SweepError> {
        let leaves = &gathered.written.leaves;
        let mut untold = Vec::new();
        for leaf in leaves.keys() {
            let Leaf::Revision(number) = *leaf else { continue };
            if number >= next || leaves.contains_key(&Leaf::Announced(number)) {
                continue;
            }
            let known = recalled.newest.iter().chain(&recalled.published);
            let mut known = known.filter(|revision| revision.history.revision == number);
            match known.next() {
                Some(revision) => untold.push(revision.clone()),
                None => {
                    let date = &gathered.seen.date;
                    untold.extend(recalled::revision(self.sweeper, date, number, false).await?);
                }
            }
        }
        Ok(untold)
    }

    async fn judge(&self, seen: &day::Seen, known: &mut Known) -> Result<Option<Verdict>, SweepError> {
        let sweeper = self.sweeper;
        let config = &sweeper.config;
        for _ in 0..ROUNDS_MAX {
            match day::decide(seen, known, &config.days.policy) {
                Decision::Nothing => return Ok(None),
                Decision::Settled(verdict) => return Ok(Some(*verdict)),
                Decision::Footers(outputs) => {
                    let requests_max = config.days.requests_max;
                    footers::read(
                        &sweeper.store,
                        &config.layout,
                        requests_max,
                        seen,
                        &outputs,
                        known,
                    )
                    .await?;
                }
            }
        }
        Err(SweepError::Defect(format!(
            "footers were asked for {ROUNDS_MAX} times"
        )))
    }

    /// Sets damaged outputs aside, so that their parts are converted again, and deletes what nobody needs any more.
    async fn tidy(&self, seen: &day::Seen, verdict: &Verdict) -> Result<(), SweepError> {
        let (objects, layout) = (&self.sweeper.objects, &self.sweeper.config.layout);
        let part = |table: &str, stem: &str| PartKey {
            table: table.to_owned(),
            date: seen.date.clone(),
            stem: stem.to_owned(),
        };
        for (name, choice) in &verdict.tables {
            let Some(table) = seen.tables.get(name) else {
                continue;
            };
            for (output, why) in &choice.damaged {
                let Some(output) = table.outputs.get(*output) else {
                    continue;
                };
                let key = layout.output(&part(name, &output.stem), &output.id);
                // By now it may have been set aside, and converted again.
                if let Some((bytes, etag)) = objects.read(&key).await?
                    && etag == output.etag
                {
                    objects.set_aside(&key, bytes, why).await?;
                }
            }
        }
        let mut keys = Vec::new();
        for retire in &verdict.retire {
            let part = part(&retire.table, &retire.stem);
            keys.extend([
                layout.output(&part, &retire.id),
                layout.rejects(&part, &retire.id),
                layout.failure(&part, &retire.id),
            ]);
        }
        objects.delete(&keys).await
    }
}

/// The live symlinks of a day that has no revision yet.
async fn live(sweeper: &Sweeper, gathered: &Gathered, verdict: &Verdict) -> Result<(), SweepError> {
    let Gathered { seen, written } = gathered;
    let layout = &sweeper.config.layout;
    for (table, text) in manifest::live_symlinks(seen, verdict, layout) {
        let key = layout.link(Link::Live, &table, &seen.date);
        let listed = written.links.get(&(Link::Live, table));
        sweeper
            .objects
            .bring(&key, text.into_bytes(), "text/plain; charset=utf-8", listed)
            .await?;
    }
    Ok(())
}
