//! One sweep under way, from day to day.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::catalog::{self, Catalog};
use super::gather::{Folders, Gathered, Gatherer};
use super::leftovers::Leftovers;
use super::memory::{self, Memory};
use super::objects::Wrote;
use super::pointer::Pointer;
use super::publish::{self, Document, Publication, Untold};
use super::recalled::{self, Lost, Recalled, Stored, published};
use super::tidy::{clear, tidy};
use super::{DayReport, Judged, SweepError, Sweeper, footers, forgotten, send};
use crate::day::{self, Decision, Known, Verdict};
use crate::keys::{Day, Leaf, Link, REVISION_MAX};
use crate::manifest::{self, Progress, Revision, Totals};
use crate::sweep::Request;

/// How often footers may be asked for before a day is judged. The domain promises two.
const ROUNDS_MAX: u32 = 4;

/// One sweep under way.
pub(super) struct Run<'s> {
    pub(super) sweeper: &'s Sweeper,
    pub(super) request: &'s Request,
    pub(super) memory: Memory,
    pub(super) pointer: Pointer,
    pub(super) catalog: Catalog,
    pub(super) leftovers: Leftovers,
    pub(super) drained_ms: Option<i64>,
    pub(super) wishes: Vec<send::Wish>,
    /// Messages that the queue has room for; None: whatever is wished for is only told.
    pub(super) room: Option<u64>,
    pub(super) deadline: Option<Instant>,
    /// Days of which there was anything.
    pub(super) seen: BTreeSet<Day>,
}

impl Run<'_> {
    /// Goes through a span of days.
    pub(super) async fn span(
        &mut self,
        folders: &Folders,
        from: &Day,
        to: &Day,
        now_ms: i64,
        days: &mut Vec<DayReport>,
        stopped_before: &mut Option<Day>,
    ) -> Result<(), SweepError> {
        let sweeper = self.sweeper;
        let layout = &sweeper.config.layout;
        let told = folders.told.iter().rev().filter(|day| *day < from);
        let before = published(&sweeper.objects, layout, told.take(memory::AMONG), memory::DAYS).await?;
        for (date, outline) in before.into_iter().rev() {
            self.memory.remember(&date, outline);
        }
        let mut gatherer = Gatherer::open(&sweeper.store, &sweeper.config, folders, from, to, now_ms).await?;
        loop {
            let gathered = gatherer.next().await?;
            if gathered.is_empty() {
                return Ok(());
            }
            if sweeper.is_over(self.deadline) {
                *stopped_before = gathered.into_iter().next().map(|gathered| gathered.seen.date);
                return Ok(());
            }
            for (gathered, recalled) in self.recall(gathered).await? {
                if sweeper.is_over(self.deadline) {
                    *stopped_before = Some(gathered.seen.date);
                    return Ok(());
                }
                let date = gathered.seen.date.clone();
                self.seen.insert(date.clone());
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
        let recalls = gathered.into_iter();
        let recalls =
            recalls.map(|gathered| async move { Ok(forgotten::recall(self.sweeper, gathered, keep).await) });
        stream::iter(recalls)
            .buffered(self.sweeper.config.days.requests_max)
            .try_collect()
            .await
    }

    /// Judges one day and does what is owed. None: there is nothing of it.
    async fn day(
        &mut self,
        gathered: Gathered,
        mut recalled: Recalled,
    ) -> Result<Option<Judged>, SweepError> {
        let sweeper = self.sweeper;
        let config = &sweeper.config;
        let Gathered { seen, written } = &gathered;
        let before = Standing::of(&recalled);
        let sha256_before = recalled.newest.as_ref().map(|newest| newest.sha256.clone());
        let clock_ms = clock_ms(sweeper, &recalled, seen.now_ms).await?;
        let mut known = recalled.known(seen, clock_ms, &config.layout);
        known.drained_ms = self.drained_ms;
        if let Some(content) = recalled
            .published
            .as_ref()
            .and_then(|it| it.revision.content.as_ref())
        {
            self.memory.learn_types(content);
        }
        self.memory.tell(&mut known);
        let Some(mut verdict) = Box::pin(self.verdict(seen, &mut known)).await? else {
            if !self.request.dry_run {
                clear(sweeper, seen, written, &mut self.pointer).await?;
            }
            return Ok(None);
        };
        // A revision that is about to be written heals it, so only who looks is told.
        if !verdict.state.publishes() || self.request.dry_run {
            verdict.warnings.extend(recalled.lost.as_ref().map(Lost::remark));
        }
        let progress = manifest::progress(seen, &known, &verdict);
        // One that is not published itself names what is, which is an earlier one.
        let named = before.published.filter(|_| !verdict.state.publishes());
        let number = recalled.highest.max(named.unwrap_or_default()).saturating_add(1);
        if verdict.revise && number > REVISION_MAX {
            let key = written.numbered(recalled.highest, &config.layout);
            return Err(SweepError::Numbers {
                date: seen.date.clone(),
                key: key.unwrap_or_default().to_owned(),
            });
        }
        let history = recalled.newest.as_ref().map(|newest| &newest.revision.history);
        let ahead = history.and_then(|history| history.ahead(clock_ms));
        // Held up between its listings, this sweep may have seen outputs from before that revision and sources from after.
        let is_newer = ahead.is_none() && history.is_some_and(|history| history.listed_ms > seen.now_ms);
        let mut overtaken = recalled.overtaken || (verdict.revise && is_newer);
        if let Some(ahead) = ahead.as_ref().filter(|_| verdict.revise) {
            tracing::warn!(date = %seen.date, code = ahead.code, "{}", ahead.message);
        }
        let revised = if verdict.revise && !overtaken {
            if verdict.state.publishes() {
                // Nothing is needed of the earlier ones any more, and each is as large as its day.
                (recalled.newest, recalled.published) = (None, None);
            }
            let revision = manifest::revise(seen, known, &verdict, &config.layout, number, before.published);
            Some(revision.map_err(|remark| SweepError::Defect(remark.to_string()))?)
        } else {
            drop(known);
            None
        };
        // It is no part of what the day is, so it is told beside the revision.
        verdict.warnings.extend(ahead);
        let of = |stored: &Option<Stored>| stored.as_ref().map(|stored| Arc::clone(&stored.revision));
        let (stored_newest, stored_published) = (of(&recalled.newest), of(&recalled.published));
        let newest = revised.as_ref().or(stored_newest.as_deref());
        let published = match newest {
            Some(newest) if newest.content.is_some() => Some(newest),
            Some(newest) if newest.history.published.is_some() => stored_published.as_deref(),
            _ => None,
        };
        // Whatever keeps the day from being published or told, its parts are sent again: the next sweep has to find them.
        let mut failed = None;
        if self.request.dry_run && newest.is_some() {
            publish::look(&seen.date, written, &config.layout, &sweeper.objects).await?;
        }
        if !self.request.dry_run && !overtaken {
            if let Some(newest) = newest {
                let document = match &recalled.newest {
                    Some(stored) if revised.is_none() => Document::Stored(&stored.sha256),
                    _ => Document::new(newest)?,
                };
                let untold = self.untold(&gathered, &recalled, newest.history.revision);
                let untold = Box::pin(untold).await?;
                let publication = Publication {
                    date: &seen.date,
                    layout: &config.layout,
                    written,
                    newest,
                    document,
                    before: sha256_before,
                    untold: &untold,
                    published,
                    objects: &sweeper.objects,
                    bus: sweeper.bus.as_ref(),
                    leaves_telling: sweeper.leaves_telling,
                };
                let ended = Box::pin(self.publish(&publication, revised.is_some())).await;
                let mut ended = ended.unwrap_or_else(|error| {
                    failed = Some(error);
                    Wrote::Done
                });
                if ended == Wrote::Done {
                    let live = manifest::live_symlinks(seen, &verdict, &config.layout);
                    ended = publish::links(&publication, Link::Live, live).await?;
                }
                overtaken = ended == Wrote::Overtaken;
            } else {
                if !written.is_published() {
                    self.pointer
                        .leave(&seen.date, &sweeper.objects, &config.layout)
                        .await?;
                }
                live(sweeper, &gathered, &verdict).await?;
            }
        }
        if overtaken {
            // What this sweep knows of the day is old. Whatever is owed, the next one finds.
            tracing::info!(date = %seen.date, "another sweep was at this day meanwhile, so it is left to the next one");
            return Ok(Some(Judged {
                overtaken: true,
                to_send: 0,
                retired: 0,
                ..judged(progress, verdict, before)
            }));
        }
        // What is to go may still be published, if that came to no end.
        if !self.request.dry_run && failed.is_none() {
            tidy(sweeper, seen, &verdict, &mut self.leftovers).await?;
        }
        match published.and_then(|revision| revision.content.as_ref()) {
            Some(content) => self.memory.learn(&seen.date, content),
            None => self.memory.forget(&seen.date),
        }
        let (etag, sent) = (
            recalled.sent_etag.clone(),
            send::without_result(&recalled.sent, seen, &verdict),
        );
        let wish = send::wish(seen, &verdict, &config.layout, &sent, etag);
        if wish.is_none() && sent.len() < recalled.sent.len() && !self.request.dry_run {
            let etag = recalled.sent_etag.as_deref();
            send::write(&seen.date, sent, etag, &sweeper.objects, &config.layout).await?;
        }
        self.wishes.extend(wish);
        if let Some(room) = self.room {
            send::keep_newest(&mut self.wishes, room);
        }
        if let Some(error) = failed {
            return Err(error);
        }
        // A day is held against those before it when it is published; of one that stands, its revision says what came of it.
        if let Some(newest) = newest {
            let comparisons = newest.history.comparisons.iter();
            verdict.comparisons = comparisons.filter(|it| day::holds(it, seen)).cloned().collect();
        }
        let mut standing = Standing::new(newest, published);
        if self.request.dry_run && revised.is_some() {
            // Nothing is written, so what is published is what was.
            (standing.published, standing.totals) = (before.published, before.totals);
        }
        Ok(Some(Judged {
            revised: revised.is_some(),
            ..judged(progress, verdict, standing)
        }))
    }

    /// Brings about what a day's newest revision says: its own object, if it is new, the catalog, and what Athena sees.
    async fn publish(&mut self, publication: &Publication<'_>, is_new: bool) -> Result<Wrote, SweepError> {
        if is_new && publication.claim().await? == Wrote::Overtaken {
            return Ok(Wrote::Overtaken);
        }
        // The marker comes last, so it says that the catalog was written too.
        let content = publication
            .published
            .and_then(|revision| revision.content.as_ref());
        if let Some(content) = content.filter(|_| !publication.is_announced()) {
            let types = &self.memory.types;
            catalog::publish(self.sweeper, &mut self.catalog, publication.date, content, types).await?;
        }
        publication.bring_about(&mut self.pointer).await
    }

    /// Earlier revisions whose sweeps ended between claim and event, or may have: what is told again is the same then as it was
    /// before. `next` is the revision that is newest now.
    async fn untold(
        &self,
        gathered: &Gathered,
        recalled: &Recalled,
        next: u32,
    ) -> Result<Vec<Untold>, SweepError> {
        if self.sweeper.leaves_telling {
            return Ok(Vec::new());
        }
        let leaves = &gathered.written.leaves;
        let read = async |number: u32| {
            let mut known = recalled.newest.iter().chain(&recalled.published);
            let stored = match known.find(|stored| stored.revision.history.revision == number) {
                Some(stored) => Some(stored.clone()),
                None => recalled::revision(self.sweeper, &gathered.seen.date, number, false).await?,
            };
            Ok::<_, SweepError>(stored.map(|stored| stored.revision))
        };
        let mut untold = Vec::new();
        for leaf in leaves.keys() {
            let Leaf::Revision(number) = *leaf else { continue };
            if number >= next || leaves.contains_key(&Leaf::Announced(number)) {
                continue;
            }
            let Some(revision) = read(number).await? else {
                continue;
            };
            let published = match revision.history.published {
                Some(published) if published == number => Some(Arc::clone(&revision)),
                Some(published) => read(published).await?,
                None => None,
            };
            untold.push(Untold { revision, published });
        }
        Ok(untold)
    }

    /// Judges a day, by the types that the catalog has where they may matter. None: there is nothing of it.
    async fn verdict(&mut self, seen: &day::Seen, known: &mut Known) -> Result<Option<Verdict>, SweepError> {
        // What held the day may be a type that the catalog has, or had. The day's parts do not wait for it to answer.
        let mut with_types = false;
        if !known.held_by_catalog.is_empty() {
            let asked = self.learn_types(known).await;
            with_types = matches!(asked, Ok(true));
            known.is_catalog_unknown = !with_types;
            if let Err(error) = asked {
                tracing::warn!(date = %seen.date, %error, "what the Glue catalog held stays so, as it cannot be asked");
            }
        }
        let verdict = self.judge(seen, known).await?;
        let is_due = |verdict: &Verdict| verdict.revise && verdict.state.publishes();
        if with_types || !self.catalog.is_on() || !verdict.as_ref().is_some_and(is_due) {
            return Ok(verdict);
        }
        self.learn_types(known).await?;
        self.judge(seen, known).await
    }

    /// The catalog remembers types even where all manifests were lost. False: there is none, or it does not tell who only looks.
    async fn learn_types(&mut self, known: &mut Known) -> Result<bool, SweepError> {
        match self.catalog.types().await {
            Ok(types) => known.types_cataloged = types,
            // Who only looks need not be allowed to.
            Err(error) if self.request.dry_run => {
                tracing::debug!(%error, "without the Glue catalog");
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        Ok(self.catalog.is_on())
    }

    async fn judge(&self, seen: &day::Seen, known: &mut Known) -> Result<Option<Verdict>, SweepError> {
        let sweeper = self.sweeper;
        let config = &sweeper.config;
        let policy = day::Policy {
            reconvert: self.request.reconvert || config.days.policy.reconvert,
            ..config.days.policy.clone()
        };
        for _ in 0..ROUNDS_MAX {
            match day::decide(seen, known, &policy) {
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
}

/// The latest that S3's clock showed, milliseconds since 1970 UTC. It is asked again where a revision is newer than the sweep:
/// either this one was held up, or the clock was ahead when that one was written.
async fn clock_ms(sweeper: &Sweeper, recalled: &Recalled, began_ms: i64) -> Result<i64, SweepError> {
    let Recalled {
        newest,
        published,
        before,
        ..
    } = recalled;
    let revisions = newest.iter().chain(published).chain(before);
    let mut dates_ms = revisions.map(|stored| stored.revision.history.listed_ms);
    match dates_ms.any(|listed_ms| listed_ms > began_ms) {
        true => Ok(sweeper.clock().await?.max(began_ms)),
        false => Ok(began_ms),
    }
}

/// What a day's revisions come down to.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    newest: Option<u32>,
    published: Option<u32>,
    /// Of the published one.
    totals: Option<Totals>,
}

impl Standing {
    fn new(newest: Option<&Revision>, published: Option<&Revision>) -> Self {
        let number = |revision: &Revision| revision.history.revision;
        Standing {
            newest: newest.map(number),
            // Its own object may be lost.
            published: newest.and_then(|newest| newest.history.published),
            totals: published
                .and_then(|revision| revision.content.as_ref())
                .map(|content| content.totals),
        }
    }

    fn of(recalled: &Recalled) -> Self {
        let of = |stored: &'_ Option<Stored>| stored.as_ref().map(|stored| Arc::clone(&stored.revision));
        let standing = Standing::new(
            of(&recalled.newest).as_deref(),
            of(&recalled.published).as_deref(),
        );
        Standing {
            published: standing
                .published
                .or(recalled.lost.as_ref().map(|lost| lost.number))
                .or(of(&recalled.published).map(|published| published.history.revision)),
            ..standing
        }
    }
}

/// What is told of a day.
fn judged(progress: Progress, verdict: Verdict, standing: Standing) -> Judged {
    Judged {
        state: verdict.state,
        late: verdict.late,
        overtaken: false,
        revision: standing.newest,
        revised: false,
        published: standing.published,
        tables: progress.tables,
        parts: progress.parts,
        missing: progress.parts_waiting,
        failed: progress.parts_failed,
        outdated: progress.parts_outdated,
        totals: standing.totals,
        to_send: verdict.send.len() as u64,
        retired: verdict.retire.len() as u64,
        first_ms: verdict.first_ms,
        changed_ms: verdict.changed_ms,
        reasons: verdict.reasons,
        warnings: [verdict.warnings, verdict.comparisons].concat(),
    }
}

/// The live symlinks of a day that has no revision yet.
async fn live(sweeper: &Sweeper, gathered: &Gathered, verdict: &Verdict) -> Result<(), SweepError> {
    let Gathered { seen, written } = gathered;
    let layout = &sweeper.config.layout;
    let wanted = manifest::live_symlinks(seen, verdict, layout);
    for (table, text) in written.with_emptied(Link::Live, wanted) {
        let key = layout.link(Link::Live, &table, &seen.date);
        let listed = written.links.get(&(Link::Live, table));
        sweeper
            .objects
            .bring(&key, bytes::Bytes::from(text), publish::TEXT, listed)
            .await?;
    }
    Ok(())
}
