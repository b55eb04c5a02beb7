//! A revision made visible, one write after the other, each of which the next sweep can finish.
//!
//! The order is the fence: the revision is claimed first, create-only; then the ledger, the symlinks, the pointer, the
//! manifest, its checksum, the event, and last the marker that says that all of it is done. Whatever is mutable is written
//! onto the ETag that was listed before the claim, so a sweep that was held up for an hour finds that it is too late.

use std::sync::Arc;

use bytes::Bytes;

use super::objects::{Objects, Wrote};
use super::pointer::Pointer;
use super::{SweepError, event};
use crate::app::sweep::gather::Written;
use crate::bus::Bus;
use crate::day::State;
use crate::keys::{Day, Layout, Leaf, Link, PARTS_TABLE};
use crate::manifest::{self, Damage, Revision};
use crate::store::Listed;

pub(super) const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const PARQUET: &str = "application/vnd.apache.parquet";

/// The newest revision's document. It may be large, so it is written out once, and not at all if nothing needs it.
pub(super) enum Document<'a> {
    /// It is to be written.
    New(Bytes),
    /// It is there, with this SHA-256.
    Stored(&'a str),
}

impl Document<'_> {
    /// The document of a revision that is new.
    pub(super) fn new(revision: &Revision) -> Result<Self, SweepError> {
        Ok(Document::New(json(revision)?))
    }
}

/// Whether a day's `manifest.json` keeps its sweep from coming to its end: a newer release wrote it. For those who write nothing.
pub(super) async fn look(
    date: &Day,
    written: &Written,
    layout: &Layout,
    objects: &Objects,
) -> Result<(), SweepError> {
    let Some(listed) = written.leaves.get(&Leaf::Manifest) else {
        return Ok(());
    };
    let is_copy = |(leaf, revision): (&Leaf, &Listed)| {
        matches!(leaf, Leaf::Revision(_)) && revision.etag == listed.etag
    };
    if written.leaves.iter().any(is_copy) {
        return Ok(());
    }
    let key = layout.leaf(date, Leaf::Manifest);
    let Some((bytes, _)) = objects.read(&key).await? else {
        return Ok(());
    };
    match Revision::parse_copy(&bytes, date) {
        Err(Damage::Newer(version)) => Err(SweepError::Newer(format!("{key} has version {version}"))),
        _ => Ok(()),
    }
}

fn json(revision: &Revision) -> Result<Bytes, SweepError> {
    let json = revision
        .to_json()
        .map_err(|error| SweepError::Defect(error.to_string()))?;
    Ok(Bytes::from(json))
}

/// A revision of which the event was never told.
pub(super) struct Untold {
    pub(super) revision: Arc<Revision>,
    /// What was published with it.
    pub(super) published: Option<Arc<Revision>>,
}

/// What is to be seen of a day.
pub(super) struct Publication<'a> {
    pub(super) date: &'a Day,
    pub(super) layout: &'a Layout,
    /// As it was listed.
    pub(super) written: &'a Written,
    /// The newest revision, which may be claimed a moment ago.
    pub(super) newest: &'a Revision,
    pub(super) document: Document<'a>,
    /// SHA-256 of the revision that was the newest before, hex: `manifest.json` may still be its copy.
    pub(super) before: Option<String>,
    /// The revision whose files are published: the newest one, or an earlier one.
    pub(super) published: Option<&'a Revision>,
    /// Earlier revisions of which the event was never told.
    pub(super) untold: &'a [Untold],
    pub(super) objects: &'a Objects,
    pub(super) bus: Option<&'a Bus>,
    /// Events are another's to tell.
    pub(super) leaves_telling: bool,
}

impl Publication<'_> {
    /// Whether the newest revision was told, which is the last that is done of it.
    pub(super) fn is_announced(&self) -> bool {
        let marker = Leaf::Announced(self.newest.history.revision);
        self.written.leaves.contains_key(&marker)
    }

    /// Writes the newest revision's own object, if it is new.
    pub(super) async fn claim(&self) -> Result<Wrote, SweepError> {
        let Document::New(json) = &self.document else {
            return Ok(Wrote::Done);
        };
        let key = self
            .layout
            .leaf(self.date, Leaf::Revision(self.newest.history.revision));
        self.objects.put(&key, json.clone(), JSON, None).await
    }

    /// Compares everything that follows from the newest revision with what is there, and brings it about.
    pub(super) async fn bring_about(&self, pointer: &mut Pointer) -> Result<Wrote, SweepError> {
        for step in [self.ledger().await?, self.symlinks().await?] {
            if step == Wrote::Overtaken {
                return Ok(step);
            }
        }
        match (self.published, self.newest.history.state) {
            (Some(_), _) => pointer.advance(self.date, self.objects, self.layout).await?,
            (None, State::Forgotten) => pointer.leave(self.date, self.objects, self.layout).await?,
            // The revision that is published may have been lost; then what is published stays, and the pointer with it.
            (None, _) if self.written.is_published() => {}
            (None, _) => pointer.leave(self.date, self.objects, self.layout).await?,
        }
        if self.manifest().await? == Wrote::Overtaken {
            return Ok(Wrote::Overtaken);
        }
        for untold in self.untold {
            self.announce(&untold.revision, untold.published.as_deref())
                .await?;
        }
        self.announce(self.newest, self.published).await
    }

    async fn ledger(&self) -> Result<Wrote, SweepError> {
        let Some(revision) = self.published else {
            return Ok(Wrote::Done);
        };
        let key = self.layout.parts_ledger(self.date, revision.history.revision);
        let listed = self.written.ledgers.get(&key);
        // The marker comes after it. So what is newer than its marker, or has none yet, may be another's, and has to be looked at.
        let marker = self
            .written
            .leaves
            .get(&Leaf::Announced(revision.history.revision));
        let is_newer =
            |listed: &Listed| marker.is_none_or(|marker| listed.last_modified_ms > marker.last_modified_ms);
        if listed.is_some_and(|listed| !is_newer(listed)) {
            return Ok(Wrote::Done);
        }
        let ledger = manifest::ledger(revision).map_err(|error| SweepError::Defect(error.to_string()))?;
        let Some(listed) = listed else {
            return self.objects.claim(&key, ledger, PARQUET).await;
        };
        if self.objects.is_so(&ledger, listed).await? {
            return Ok(Wrote::Done);
        }
        if let Some((bytes, etag)) = self.objects.read(&key).await?
            && etag == listed.etag
        {
            let why = "expected the parts of its revision as a table, as this release writes them";
            self.objects.keep(&key, bytes, why).await?;
        }
        let etag = Some(listed.etag.as_str());
        self.objects.put(&key, Bytes::from(ledger), PARQUET, etag).await
    }

    async fn symlinks(&self) -> Result<Wrote, SweepError> {
        // The revision that is published may have been lost. What is published stays then: only forgetting takes it away.
        if self.published.is_none() && self.newest.history.state != State::Forgotten {
            return Ok(Wrote::Done);
        }
        let mut wanted = match self.published.and_then(|revision| revision.content.as_ref()) {
            Some(content) => manifest::symlinks(content, self.layout),
            None => std::collections::BTreeMap::new(),
        };
        if let Some(revision) = self.published {
            let key = self.layout.parts_ledger(self.date, revision.history.revision);
            wanted.insert(PARTS_TABLE.to_owned(), manifest::symlink(&key, self.layout));
        }
        links(self, Link::Published, wanted).await
    }

    async fn manifest(&self) -> Result<Wrote, SweepError> {
        let leaves = &self.written.leaves;
        let listed = leaves.get(&Leaf::Manifest);
        let sha256 = match &self.document {
            Document::New(json) => manifest::sha256(json),
            Document::Stored(sha256) => (*sha256).to_owned(),
        };
        // Equal ETags are equal bytes. (Unequal ones may be too, where a KMS key encrypts them.)
        let same = |revision: &Listed| listed.is_some_and(|listed| listed.etag == revision.etag);
        let stored = leaves.get(&Leaf::Revision(self.newest.history.revision));
        if !stored.is_some_and(same) {
            let body = match &self.document {
                Document::New(json) => json.clone(),
                Document::Stored(_) => json(self.newest)?,
            };
            let key = self.layout.leaf(self.date, Leaf::Manifest);
            // What has an earlier revision's ETag is its copy, and need not be read: it may be large.
            let is_copy = |listed: &Listed| {
                let is_revision = |leaf: &Leaf| matches!(leaf, Leaf::Revision(_));
                let mut others = leaves.iter().filter(|(leaf, _)| is_revision(leaf));
                others.any(|(_, revision)| revision.etag == listed.etag)
            };
            if let Some(listed) = listed.filter(|listed| !is_copy(listed))
                && !self.objects.is_so(&body, listed).await?
                && !self.is_before(listed).await?
            {
                self.keep_foreign(&key, listed).await?;
            }
            if self.objects.bring(&key, body, JSON, listed).await? == Wrote::Overtaken {
                return Ok(Wrote::Overtaken);
            }
        }
        let checksum = Bytes::from(manifest::checksum(&sha256));
        let key = self.layout.leaf(self.date, Leaf::Checksum);
        self.objects
            .bring(&key, checksum, TEXT, leaves.get(&Leaf::Checksum))
            .await
    }

    /// Whether a `manifest.json` is a copy of the revision before, which its ETag does not tell where a KMS key encrypts it.
    async fn is_before(&self, listed: &Listed) -> Result<bool, SweepError> {
        match &self.before {
            Some(sha256) => self.objects.has(listed, sha256).await,
            None => Ok(false),
        }
    }

    /// Keeps a copy of a `manifest.json` that is none of the day's.
    async fn keep_foreign(&self, key: &str, listed: &Listed) -> Result<(), SweepError> {
        let Some((bytes, _)) = self
            .objects
            .read(key)
            .await?
            .filter(|(_, etag)| *etag == listed.etag)
        else {
            return Ok(());
        };
        match Revision::parse_copy(&bytes, self.date) {
            Ok(_) => Ok(()),
            Err(Damage::Newer(version)) => Err(SweepError::Newer(format!("{key} has version {version}"))),
            Err(damage) => self.objects.keep(key, bytes, &damage.to_string()).await,
        }
    }

    /// Tells a revision's events, unless they were told. `published` is what is published with it.
    async fn announce(&self, revision: &Revision, published: Option<&Revision>) -> Result<Wrote, SweepError> {
        let leaf = Leaf::Announced(revision.history.revision);
        if self.leaves_telling || self.written.leaves.contains_key(&leaf) {
            return Ok(Wrote::Done);
        }
        for told in &revision.history.events {
            let detail = event::detail(revision, published, self.layout);
            tracing::info!(date = %self.date, event = told.detail_type(), detail, "a day's event");
            if let Some(bus) = self.bus {
                bus.send(told.detail_type(), &detail).await?;
            }
        }
        let key = self.layout.leaf(self.date, leaf);
        self.objects.claim(&key, b"{}\n".to_vec(), JSON).await
    }
}

/// Brings the day's symlinks of one kind to what is wanted.
pub(super) async fn links(
    of: &Publication<'_>,
    link: Link,
    wanted: std::collections::BTreeMap<String, String>,
) -> Result<Wrote, SweepError> {
    for (table, text) in of.written.with_emptied(link, wanted) {
        let key = of.layout.link(link, &table, of.date);
        let listed = of.written.links.get(&(link, table));
        if link == Link::Published
            && let Some(listed) = listed
            && !of.objects.is_so(text.as_bytes(), listed).await?
            && let Some((bytes, etag)) = of.objects.read(&key).await?
            && etag == listed.etag
            && !manifest::is_symlink(&bytes, of.layout)
        {
            let why = manifest::NO_SYMLINK;
            of.objects.keep(&key, bytes, why).await?;
        }
        if of.objects.bring(&key, Bytes::from(text), TEXT, listed).await? == Wrote::Overtaken {
            return Ok(Wrote::Overtaken);
        }
    }
    Ok(Wrote::Done)
}
