//! What the manifests of a day, and of the days before it, say.

mod lost;

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::gather::Gathered;
use super::memory::Outline;
use super::objects::{Objects, Wrote};
use super::{SweepError, Sweeper, copied, send};
use crate::day::{self, Known, OutputSeen, Seen, Sent, State};
use crate::keys::{Day, Layout, Leaf};
use crate::manifest::{self, Damage, Revision};
use crate::part::PartId;
use crate::store::{Listing, Store};

pub(super) use lost::Lost;

/// A revision as it is stored. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) revision: Arc<Revision>,
    /// Of its bytes, hex.
    pub(super) sha256: String,
}

/// What a day's manifests say.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    /// The highest number that was ever claimed.
    pub(super) highest: u32,
    pub(super) newest: Option<Stored>,
    pub(super) published: Option<Stored>,
    /// What stays published although its revision cannot be read any more.
    pub(super) lost: Option<Lost>,
    /// The one that was published before the newest one took the day out; read only if the day is wanted again.
    pub(super) before: Option<Stored>,
    /// Whether the day was ever published: each publication leaves its parts as a table.
    pub(super) was_published: bool,
    /// What was sent again.
    pub(super) sent: HashMap<PartId, Sent>,
    /// ETag of the object that says so.
    pub(super) sent_etag: Option<String>,
    /// Whether there are newer revisions than were listed: another sweep wrote them meanwhile.
    pub(super) overtaken: bool,
}

impl Recalled {
    pub(super) async fn read(sweeper: &Sweeper, gathered: &Gathered, keep: bool) -> Result<Self, SweepError> {
        let Gathered { seen, written } = gathered;
        let numbers = written.leaves.keys().filter_map(|leaf| match leaf {
            Leaf::Revision(number) | Leaf::Announced(number) => Some(*number),
            _ => None,
        });
        let listed = numbers.max().unwrap_or_default();
        let layout = &sweeper.config.layout;
        let ledgers = written.ledgers.keys();
        let ledgers = ledgers.filter_map(|key| layout.parse_parts_ledger(key)).max();
        let mut recalled = Recalled {
            highest: ledgers.unwrap_or_default().max(listed),
            was_published: !written.ledgers.is_empty(),
            ..Recalled::default()
        };
        // Ledgers may be all that is left of a history that was lost. They are never written again, nor are their numbers. But
        // they may have been listed later than the manifests, and a number above a revision that was not seen would undo it.
        if recalled.highest > listed {
            let now = revisions_now(sweeper, &seen.date).await?;
            recalled.overtaken = now.is_some_and(|now| now > listed);
        }
        let revisions = written.leaves.keys().rev().filter_map(|leaf| match leaf {
            Leaf::Revision(number) => Some(*number),
            _ => None,
        });
        let mut revisions = revisions;
        let mut older = None;
        if let Some(number) = revisions.next() {
            if let Some(stored) = revision(sweeper, &seen.date, number, keep).await? {
                let (stored, wrote) = copied::believed(sweeper, gathered, stored, keep).await?;
                recalled.overtaken |= wrote == Wrote::Overtaken;
                recalled.newest = Some(stored);
            }
            // Told of, and gone.
            let last = written.leaves.keys().rev().find_map(|leaf| match leaf {
                Leaf::Announced(number) => Some(*number),
                _ => None,
            });
            if last > Some(number) {
                older = recalled.newest.take();
            }
        }
        // An older one is not the newest: it would put the day back to what it was then. It is what is published, if the
        // symlinks name just its files.
        if recalled.newest.is_none() && written.is_published() {
            // There was one, even where nothing tells its number any more.
            let lost = Lost::read(sweeper, written, recalled.highest.max(1), keep).await?;
            loop {
                if older.as_ref().is_some_and(|it| lost.is_of(&it.revision, layout)) {
                    recalled.published = older;
                    break;
                }
                let Some(number) = revisions.next() else {
                    recalled.lost = Some(lost);
                    break;
                };
                older = revision(sweeper, &seen.date, number, keep).await?;
            }
        }
        let is_forgotten = |stored: &Stored| stored.revision.history.state == State::Forgotten;
        if recalled.newest.as_ref().is_some_and(is_forgotten)
            && !day::is_unwanted(seen, &sweeper.config.days.policy)
        {
            for number in revisions {
                let stored = revision(sweeper, &seen.date, number, keep).await?;
                let Some(published) = stored.as_ref().and_then(|it| it.revision.history.published) else {
                    continue;
                };
                // Each publication leaves a ledger. Where a later one's revision cannot be read, footers tell better than this one.
                if ledgers > Some(published) {
                    break;
                }
                recalled.before = match stored {
                    Some(stored) if published == number => Some(stored),
                    _ => revision(sweeper, &seen.date, published, keep).await?,
                };
                break;
            }
        }
        if let Some(newest) = &recalled.newest {
            let history = &newest.revision.history;
            recalled.published = match history.published {
                Some(number) if number == history.revision => Some(newest.clone()),
                Some(number) => revision(sweeper, &seen.date, number, keep).await?,
                None => None,
            };
            if let Some(number) = history.published.filter(|_| recalled.published.is_none()) {
                recalled.lost = Some(Lost::read(sweeper, written, number, keep).await?);
            }
        }
        if written.leaves.contains_key(&Leaf::Sent) {
            let key = sweeper.config.layout.leaf(&seen.date, Leaf::Sent);
            if let Some((bytes, etag)) = sweeper.objects.read(&key).await? {
                match send::Ledger::parse(&bytes) {
                    Ok(mut sent) => {
                        // When those were sent that are dated ahead of S3's clock nobody knows, nor whether the queue was empty since.
                        sent.retain(|_, it| it.last_ms <= seen.now_ms.saturating_add(manifest::SWEEP_MS_MAX));
                        (recalled.sent, recalled.sent_etag) = (sent, Some(etag));
                    }
                    Err(send::Unreadable::Newer(version)) => {
                        return Err(SweepError::Newer(format!("{key} has version {version}")));
                    }
                    Err(send::Unreadable::Damaged(why)) if !keep => {
                        sweeper.objects.set_aside(&key, (bytes, &etag), &why).await?;
                    }
                    Err(send::Unreadable::Damaged(_)) => {}
                }
            }
        }
        Ok(recalled)
    }
}

impl Recalled {
    /// What is known of the day by it, and by its newest revision. `clock_ms` is the latest that S3's clock showed.
    pub(super) fn known(&self, seen: &Seen, clock_ms: i64, layout: &Layout) -> Known {
        let of = |stored: &'_ Option<Stored>| stored.as_ref().map(|stored| Arc::clone(&stored.revision));
        let (newest, published) = (of(&self.newest), of(&self.published).or(of(&self.before)));
        let mut known = manifest::recall(newest.as_deref(), published.as_deref(), layout);
        if let Some(newest) = &newest {
            forget_changed(&mut known, seen, newest, layout);
        }
        if let Some(published) = &published {
            let before = known.unpublished.as_mut().and_then(|it| it.published.as_mut());
            if let Some(of_it) = known.published.as_mut().or(before) {
                of_it.listed_ms = published.history.seen_ms(clock_ms);
            }
            let stands = newest
                .as_ref()
                .is_some_and(|newest| newest.history.state.publishes());
            note_changed(&mut known, seen, published, stands, layout);
            known.published_at = published_at(seen, files(published), layout);
        }
        if let Some(lost) = &self.lost {
            known.published = Some(lost.published.clone());
            known.published_at = published_at(seen, lost.files.iter(), layout);
        }
        known.was_published = self.was_published;
        known.sent.clone_from(&self.sent);
        let forgotten = newest.as_ref().map(|newest| &newest.history);
        let Some(forgotten) = forgotten.filter(|history| history.state == State::Forgotten) else {
            return known;
        };
        // That revision names what had been published. All else that was there has left at the same time.
        for table in seen.tables.values() {
            let outputs = table.outputs.iter().map(|it| (&it.id, it.last_modified_ms));
            let failures = table.failures.iter().map(|it| (&it.id, it.last_modified_ms));
            for (id, last_modified_ms) in outputs.chain(failures) {
                let since_ms = last_modified_ms.max(forgotten.listed_ms);
                known.left.entry(id.clone()).or_insert(since_ms);
            }
        }
        known
    }
}

/// Of outputs that held the newest revision, those that are other objects now have to be read again.
fn forget_changed(known: &mut Known, seen: &Seen, newest: &Revision, layout: &Layout) {
    for held in &newest.history.held {
        let named = &held.part.output;
        let Some((part, id)) = layout.parse_output(&named.key) else {
            continue;
        };
        let outputs = seen
            .tables
            .get(&part.table)
            .map_or(&[][..], |table| &table.outputs);
        let is_so = |it: &OutputSeen| it.id == id && it.etag == named.etag && it.size_bytes == named.bytes;
        if !outputs.iter().any(is_so) {
            known.footers.remove(&id);
            known.held.remove(&id);
        }
    }
}

/// Notes which published outputs are other objects now: of those nothing is known until their footers are read.
///
/// While the day `stands`, nobody has converted them again: a sweep would have seen them gone first. Then other bytes under
/// the same name are damage, however sound the footer is (unless it is a newer release's), and the source gives the right ones.
fn note_changed(known: &mut Known, seen: &Seen, published: &Revision, stands: bool, layout: &Layout) {
    let tables = published.content.iter().flat_map(|content| &content.tables);
    for (name, table) in tables {
        let Some(seen) = seen.tables.get(name) else {
            continue;
        };
        let outputs = seen.outputs.iter();
        let listed: HashMap<(&str, &PartId), &OutputSeen> =
            outputs.map(|it| ((it.stem.as_str(), &it.id), it)).collect();
        let ids = LazyCell::new(|| {
            let ids = seen.outputs.iter().map(|it| &it.id);
            ids.collect::<HashSet<_>>()
        });
        let sources = LazyCell::new(|| {
            let sources = seen.sources.iter();
            sources
                .map(|source| (source.key.as_str(), source.etag.as_str()))
                .collect::<HashMap<_, _>>()
        });
        for part in &table.parts {
            let named = &part.output;
            let Some((key, id)) = layout.parse_output(&named.key) else {
                continue;
            };
            let Some(listed) = listed.get(&(key.stem.as_str(), &id)) else {
                // Under another name it is another object.
                if ids.contains(&id) {
                    known.footers.remove(&id);
                    known.changed.insert(id, None);
                }
                continue;
            };
            if listed.etag == named.etag && listed.size_bytes == named.bytes {
                continue;
            }
            known.footers.remove(&id);
            let is_listed = sources.get(part.source.key.as_str()) == Some(&part.source.etag.as_str());
            // An object that was copied in pieces has another ETag for the same bytes.
            let other_bytes =
                listed.size_bytes != named.bytes || (is_md5(&listed.etag) && is_md5(&named.etag));
            let why = || {
                format!(
                    "expected what was published, {} bytes with ETag {}, found {} bytes with ETag {}",
                    named.bytes, named.etag, listed.size_bytes, listed.etag
                )
            };
            known
                .changed
                .insert(id, (stands && is_listed && other_bytes).then(why));
        }
    }
}

/// The keys of all Parquet that a revision names.
fn files(revision: &Revision) -> impl Iterator<Item = &String> {
    let tables = revision
        .content
        .iter()
        .flat_map(|content| content.tables.values());
    tables.flat_map(|table| &table.parts).map(|part| &part.output.key)
}

/// Where published files lie, of whose ids the day has several outputs.
fn published_at<'f>(
    seen: &Seen,
    files: impl Iterator<Item = &'f String>,
    layout: &Layout,
) -> HashMap<PartId, (String, String)> {
    let copied = day::copied(seen);
    if copied.is_empty() {
        return HashMap::new();
    }
    let places = files.filter_map(|key| layout.parse_output(key));
    places
        .filter(|(_, id)| copied.contains(id))
        .map(|(part, id)| (id, (part.table, part.stem)))
        .collect()
}

/// Whether an ETag is of a whole object, not of one that was written in pieces.
fn is_md5(etag: &str) -> bool {
    !etag.contains('-')
}

/// The newest revision that is there now.
async fn revisions_now(sweeper: &Sweeper, date: &Day) -> Result<Option<u32>, SweepError> {
    let layout = &sweeper.config.layout;
    let mut listing = Listing::of(layout.manifests_of(date));
    let mut newest = None;
    loop {
        let page = sweeper.store.list(layout.curated().bucket(), &listing).await?;
        let leaves = page
            .objects
            .iter()
            .filter_map(|object| layout.parse_leaf(&object.key));
        let numbers = leaves.filter_map(|(_, leaf)| match leaf {
            Leaf::Revision(number) => Some(number),
            _ => None,
        });
        newest = newest.max(numbers.max());
        match page.next {
            Some(start) => listing.start = start,
            None => return Ok(newest),
        }
    }
}

/// A revision by its number. None: it is not there, or it was damaged and is set aside.
pub(super) async fn revision(
    sweeper: &Sweeper,
    date: &Day,
    number: u32,
    keep: bool,
) -> Result<Option<Stored>, SweepError> {
    let key = sweeper.config.layout.leaf(date, Leaf::Revision(number));
    let Some((bytes, etag)) = sweeper.objects.read(&key).await? else {
        return Ok(None);
    };
    match Revision::parse(&bytes, date, number) {
        Ok(revision) => Ok(Some(Stored {
            revision: Arc::new(revision),
            sha256: manifest::sha256(&bytes),
        })),
        Err(Damage::Newer(version)) => Err(SweepError::Newer(format!("{key} has version {version}"))),
        Err(damage) => {
            tracing::warn!(key, %damage, "a damaged manifest");
            if !keep {
                sweeper
                    .objects
                    .set_aside(&key, (bytes, &etag), &damage.to_string())
                    .await?;
            }
            Ok(None)
        }
    }
}

/// The days of which there are manifests, in their order.
pub(super) async fn days_told(store: &Store, layout: &Layout) -> Result<Vec<Day>, SweepError> {
    let mut listing = Listing {
        delimiter: Some("/".to_owned()),
        ..Listing::of(layout.manifests())
    };
    let mut days = Vec::new();
    loop {
        let page = store.list(layout.curated().bucket(), &listing).await?;
        days.extend(page.prefixes.iter().filter_map(|folder| {
            let name = folder.strip_prefix(&listing.prefix)?.strip_suffix('/')?;
            Day::parse(name.strip_prefix("date=")?)
        }));
        match page.next {
            Some(start) => listing.start = start,
            None => return Ok(days),
        }
    }
}

/// The last published day (before a day, if one is given), with what is remembered of it.
pub(super) async fn last_published(
    store: &Store,
    objects: &Objects,
    layout: &Layout,
    before: Option<&Day>,
) -> Result<Option<(Day, Outline)>, SweepError> {
    let days = days_told(store, layout).await?;
    let before = days
        .iter()
        .filter(|day| before.is_none_or(|before| *day < before));
    Ok(published(objects, layout, before.rev(), 1).await?.pop())
}

/// So many of these days, as far as they are published, with what is remembered of each. One revision is held at a time: each
/// is as large as its day.
pub(super) async fn published(
    objects: &Objects,
    layout: &Layout,
    among: impl Iterator<Item = &Day>,
    days: usize,
) -> Result<Vec<(Day, Outline)>, SweepError> {
    let mut found = Vec::new();
    for day in among {
        if found.len() >= days {
            break;
        }
        let Some((bytes, _)) = objects.read(&layout.leaf(day, Leaf::Manifest)).await? else {
            continue;
        };
        let Ok(newest) = Revision::parse_copy(&bytes, day) else {
            continue;
        };
        let number = match newest.history.published {
            Some(number) if number == newest.history.revision => {
                found.extend(
                    newest
                        .content
                        .as_ref()
                        .map(|content| (day.clone(), Outline::of(content))),
                );
                continue;
            }
            Some(number) => number,
            None => continue,
        };
        drop(newest);
        if let Some((bytes, _)) = objects.read(&layout.leaf(day, Leaf::Revision(number))).await?
            && let Ok(revision) = Revision::parse(&bytes, day, number)
        {
            found.extend(
                revision
                    .content
                    .as_ref()
                    .map(|content| (day.clone(), Outline::of(content))),
            );
        }
    }
    Ok(found)
}
