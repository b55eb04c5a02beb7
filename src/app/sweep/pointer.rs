//! The pointer to the newest complete day: one small object, which all `_latest` views take their date from.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::SweepError;
use super::objects::{Objects, Wrote};
use super::recalled::last_published;
use crate::keys::{Day, Layout};
use crate::manifest;
use crate::store::{Listing, Store};

/// How often the pointer is read again because somebody else moved it.
const MOVES_MAX: u32 = 5;

/// The pointer as it stands.
#[derive(Clone, Debug)]
pub(super) struct Pointer {
    date: Option<Day>,
    etag: Option<String>,
    store: Store,
    /// Whether nothing is to be written.
    keep: bool,
    /// The last day that it may name.
    last: Option<Day>,
}

impl Pointer {
    /// Reads it. One that cannot be read is set aside, and comes back with the next complete day.
    pub(super) async fn read(
        store: &Store,
        objects: &Objects,
        layout: &Layout,
        keep: bool,
    ) -> Result<Self, SweepError> {
        let mut pointer = Pointer {
            date: None,
            etag: None,
            store: store.clone(),
            keep,
            last: None,
        };
        pointer.look(objects, layout).await?;
        Ok(pointer)
    }

    /// The same, which names no day after this one.
    pub(super) fn up_to(self, last: Option<Day>) -> Self {
        Pointer { last, ..self }
    }

    fn is_ahead(&self, date: &Day) -> bool {
        self.last.as_ref().is_some_and(|last| date > last)
    }

    /// The newest complete day.
    pub(super) fn date(&self) -> Option<&Day> {
        self.date.as_ref()
    }

    /// Moves it to a day that is published, if that is newer.
    pub(super) async fn advance(
        &mut self,
        date: &Day,
        objects: &Objects,
        layout: &Layout,
    ) -> Result<(), SweepError> {
        let is_newer = |now: &Day| now >= date && !self.is_ahead(now);
        if self.is_ahead(date) || self.date.as_ref().is_some_and(is_newer) {
            return Ok(());
        }
        let mut to = date.clone();
        if self.date.as_ref().is_none_or(|now| self.is_ahead(now)) {
            // There was none, it could not be read, or it must not be that: then this day need not be the newest that is published.
            to = self
                .newest(None, objects, layout)
                .await?
                .filter(|it| *it > to)
                .unwrap_or(to);
        }
        let last = self.last.clone();
        let is_ahead = |now: &Day| last.as_ref().is_some_and(|last| now > last);
        let wanted = |now: Option<&Day>| now.is_none_or(|now| *now < to || is_ahead(now));
        self.go(Some(to.clone()), wanted, objects, layout).await
    }

    /// Moves it away from a day that is not published any more, to the newest one that is.
    pub(super) async fn leave(
        &mut self,
        date: &Day,
        objects: &Objects,
        layout: &Layout,
    ) -> Result<(), SweepError> {
        if self.date.as_ref() != Some(date) {
            return Ok(());
        }
        let before = self.newest(Some(date), objects, layout).await?;
        self.go(before, |now| now == Some(date), objects, layout).await
    }

    /// Moves it away from a day of which there is nothing, wherever that date came from. `seen` are days that were looked at.
    pub(super) async fn check(
        &mut self,
        seen: &BTreeSet<Day>,
        objects: &Objects,
        layout: &Layout,
    ) -> Result<(), SweepError> {
        let Some(date) = self.date.clone().filter(|date| !seen.contains(date)) else {
            return Ok(());
        };
        let listing = Listing {
            entries_max: Some(1),
            ..Listing::of(layout.manifests_of(&date))
        };
        let page = self.store.list(layout.curated().bucket(), &listing).await?;
        if !page.objects.is_empty() {
            return Ok(());
        }
        tracing::warn!(%date, key = layout.latest(), "the pointer names a day of which there is no manifest");
        let newest = self.newest(None, objects, layout).await?;
        self.go(newest, |now| now == Some(&date), objects, layout).await
    }

    /// The newest published day (before a date). However many days are forgotten: without a day the pointer would empty
    /// every `_latest` view. One that is ahead of the clock would, too.
    async fn newest(
        &self,
        before: Option<&Day>,
        objects: &Objects,
        layout: &Layout,
    ) -> Result<Option<Day>, SweepError> {
        let end = self.last.as_ref().and_then(|last| last.plus(1));
        let before = match (before, end.as_ref()) {
            (Some(before), Some(end)) => Some(before.min(end)),
            (before, end) => before.or(end),
        };
        let found = last_published(&self.store, objects, layout, before).await?;
        Ok(found.map(|(date, _)| date))
    }

    async fn go(
        &mut self,
        to: Option<Day>,
        wanted: impl Fn(Option<&Day>) -> bool,
        objects: &Objects,
        layout: &Layout,
    ) -> Result<(), SweepError> {
        for _ in 0..MOVES_MAX {
            if !wanted(self.date.as_ref()) {
                return Ok(());
            }
            let key = layout.latest();
            let body =
                manifest::latest(to.as_ref()).map_err(|error| SweepError::Defect(error.to_string()))?;
            let kind = "application/json";
            let wrote = objects
                .put(&key, Bytes::from(body), kind, self.etag.as_deref())
                .await?;
            self.look(objects, layout).await?;
            if wrote == Wrote::Done {
                return Ok(());
            }
        }
        Err(SweepError::Unsettled(format!(
            "{} was moved by somebody else each time",
            layout.latest()
        )))
    }

    async fn look(&mut self, objects: &Objects, layout: &Layout) -> Result<(), SweepError> {
        (self.date, self.etag) = (None, None);
        let key = layout.latest();
        let Some((bytes, etag)) = objects.read(&key).await? else {
            return Ok(());
        };
        match manifest::parse_latest(&bytes) {
            Ok(date) => (self.date, self.etag) = (date, Some(etag)),
            Err(_) if self.keep => {}
            Err(why) => objects.set_aside(&key, (bytes, &etag), why).await?,
        }
        Ok(())
    }
}
