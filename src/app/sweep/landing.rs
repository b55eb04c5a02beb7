//! Listings of the landing bucket: first which folder is which day's, then a day's folders.
//!
//! Folders are found a level at a time, so a sweep over some days does not list the objects of all. Where no folder reads
//! as a day within [`LEVELS_MAX`] levels, or a pattern of the user's finds days in whole keys, all keys are listed at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::keys::{Day, Layout, PartKey};
use crate::store::{Listed, Listing, Store, StoreError};

/// How many levels of folders are looked through for one that reads as a day.
const LEVELS_MAX: usize = 5;

/// Where the days' parts are.
#[derive(Clone, Debug, Default)]
pub(super) struct Landing {
    /// Folders that are one day's.
    pub(super) days: BTreeMap<Day, Vec<String>>,
    /// Folders that may hold parts of any day.
    pub(super) loose: Vec<String>,
}

/// A part as the landing bucket lists it.
#[derive(Clone, Debug)]
pub(super) struct Landed {
    pub(super) part: PartKey,
    pub(super) folder: Arc<str>,
    pub(super) object: Listed,
}

impl Landing {
    /// Finds the days' folders.
    pub(super) async fn find(
        store: &Store,
        layout: &Layout,
        requests_max: usize,
    ) -> Result<Self, StoreError> {
        let root = layout.landing().prefix().to_owned();
        if layout.has_day_pattern() {
            return Ok(Landing {
                loose: vec![root],
                ..Landing::default()
            });
        }
        let mut landing = Landing::default();
        let mut level = vec![root];
        for depth in 0..=LEVELS_MAX {
            if depth == LEVELS_MAX {
                landing.loose.append(&mut level);
                break;
            }
            let listed = stream::iter(
                level
                    .iter()
                    .map(|folder| folders(store, layout.landing().bucket(), folder)),
            );
            let listed: Vec<Vec<String>> = listed.buffered(requests_max).try_collect().await?;
            level = Vec::new();
            for folder in listed.into_iter().flatten() {
                if layout.is_curated(&folder) {
                    continue;
                }
                match layout.day_of_folder(&folder) {
                    Some(day) => landing.days.entry(day).or_default().push(folder),
                    None => level.push(folder),
                }
            }
        }
        Ok(landing)
    }
}

/// The parts below a folder.
pub(super) async fn parts(store: &Store, layout: &Layout, folder: &str) -> Result<Vec<Landed>, StoreError> {
    let mut listing = Listing::of(folder);
    let mut parts = Vec::new();
    let mut last: Arc<str> = "".into();
    loop {
        let page = store.list(layout.landing().bucket(), &listing).await?;
        for object in page.objects {
            let Ok((part, folder)) = layout.source_and_folder(&object.key) else {
                continue;
            };
            if *last != *folder {
                last = folder.into();
            }
            parts.push(Landed {
                part,
                folder: Arc::clone(&last),
                object,
            });
        }
        match page.next {
            Some(start) => listing.start = start,
            None => return Ok(parts),
        }
    }
}

/// The folders right below a folder.
async fn folders(store: &Store, bucket: &str, folder: &str) -> Result<Vec<String>, StoreError> {
    let mut listing = Listing {
        delimiter: Some("/".to_owned()),
        ..Listing::of(folder)
    };
    let mut folders = Vec::new();
    loop {
        let page = store.list(bucket, &listing).await?;
        folders.extend(page.prefixes);
        match page.next {
            Some(start) => listing.start = start,
            None => return Ok(folders),
        }
    }
}
