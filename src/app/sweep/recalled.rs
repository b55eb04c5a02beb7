//! What the manifests of a day, and of the days before it, say.

use std::collections::HashMap;
use std::sync::Arc;

use super::gather::Gathered;
use super::objects::Objects;
use super::{SweepError, Sweeper, send};
use crate::day::Sent;
use crate::keys::{Day, Layout, Leaf};
use crate::manifest::Revision;
use crate::part::PartId;
use crate::store::{Listing, Store};

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
    pub(super) sent: HashMap<PartId, Sent>,
}

impl Recalled {
    pub(super) async fn read(sweeper: &Sweeper, gathered: &Gathered, keep: bool) -> Result<Self, SweepError> {
        let Gathered { seen, written } = gathered;
        let numbers = written.leaves.keys().filter_map(|leaf| match leaf {
            Leaf::Revision(number) | Leaf::Announced(number) => Some(*number),
            _ => None,
        });
        let mut recalled = Recalled {
            highest: numbers.max().unwrap_or_default(),
            ..Recalled::default()
        };
        let revisions = written.leaves.keys().rev().filter_map(|leaf| match leaf {
            Leaf::Revision(number) => Some(*number),
            _ => None,
        });
        for number in revisions {
            recalled.newest = sweeper.revision(&seen.date, number, keep).await?;
            if recalled.newest.is_some() {
                break;
            }
        }
        if let Some(newest) = &recalled.newest {
            let history = &newest.revision.history;
            recalled.published = match history.published {
                Some(number) if number == history.revision => Some(newest.clone()),
                Some(number) => sweeper.revision(&seen.date, number, keep).await?,
                None => None,
            };
        }
        if written.leaves.contains_key(&Leaf::Sent) {
            let key = sweeper.config.layout.leaf(&seen.date, Leaf::Sent);
            if let Some((bytes, _)) = sweeper.objects.read(&key).await? {
                match send::Ledger::parse(&bytes) {
                    Ok(sent) => recalled.sent = sent,
                    Err(why) if !keep => sweeper.objects.set_aside(&key, bytes, &why).await?,
                    Err(_) => {}
                }
            }
        }
        Ok(recalled)
    }
}

/// The last published days before a day, newest first, with the revisions that are published.
pub(super) async fn published_before(
    store: &Store,
    objects: &Objects,
    layout: &Layout,
    date: &Day,
    days: usize,
) -> Result<Vec<(Day, Revision)>, SweepError> {
    let mut listing = Listing {
        delimiter: Some("/".to_owned()),
        ..Listing::of(layout.manifests())
    };
    let mut dates = Vec::new();
    loop {
        let page = store.list(layout.curated().bucket(), &listing).await?;
        let names = page.prefixes.iter().filter_map(|folder| {
            let name = folder.strip_prefix(&listing.prefix)?.strip_suffix('/')?;
            Day::parse(name.strip_prefix("date=")?)
        });
        dates.extend(names.filter(|day| day < date));
        match page.next {
            Some(start) => listing.start = start,
            None => break,
        }
    }
    let mut found = Vec::new();
    for day in dates.into_iter().rev().take(days.saturating_mul(4)) {
        if found.len() >= days {
            break;
        }
        let Some((bytes, _)) = objects.read(&layout.leaf(&day, Leaf::Manifest)).await? else {
            continue;
        };
        let Ok(newest) = serde_json::from_slice::<Revision>(&bytes) else {
            continue;
        };
        let number = match newest.history.published {
            Some(number) if number == newest.history.revision => {
                found.push((day, newest));
                continue;
            }
            Some(number) => number,
            None => continue,
        };
        if let Some((bytes, _)) = objects.read(&layout.leaf(&day, Leaf::Revision(number))).await?
            && let Ok(revision) = Revision::parse(&bytes, &day, number)
        {
            found.push((day, revision));
        }
    }
    Ok(found)
}
