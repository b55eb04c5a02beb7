//! The failure records of a day: each says why its part cannot be converted.

use futures::stream::{self, StreamExt};

use super::Found;
use crate::cli::days::place::Place;
use crate::cli::days::view::folder;
use crate::failure::{Failure, Unusable};
use crate::keys::{Day, Kind};

/// Folders, and then records, that are asked for at once.
const REQUESTS_AT_ONCE: usize = 16;

/// Each record is read, whatever settings it was written under.
pub(super) async fn verify(place: &Place, date: &Day, found: &mut Found) -> anyhow::Result<()> {
    let layout = &place.config.layout;
    let tables = format!("{}failed/table=", layout.curated().prefix());
    let folders = place.names(&tables).await?.into_iter();
    let folders = folders.map(|table| place.list(folder(layout, "failed/", &table, date)));
    let mut folders = stream::iter(folders).buffered(REQUESTS_AT_ONCE);
    while let Some(listed) = folders.next().await {
        let listed = listed?;
        let reads = listed.iter().map(|object| {
            Found::of_file(&object.key, async move |found| {
                record(place, &object.key, found).await
            })
        });
        // In their order, so that two runs say the same.
        let mut reads = stream::iter(reads).buffered(REQUESTS_AT_ONCE);
        while let Some(read) = reads.next().await {
            found.add(read);
        }
    }
    Ok(())
}

async fn record(place: &Place, key: &str, found: &mut Found) -> anyhow::Result<()> {
    let Some((Kind::Failure, _, id)) = place.config.layout.parse(key) else {
        return Ok(());
    };
    let Some(bytes) = place.read(key).await? else {
        return Ok(());
    };
    match Failure::parse(&bytes, &id) {
        Ok(_) => {}
        Err(newer @ Unusable::Newer(_)) => found.fault(format!("{newer}: a newer release of Daymark wrote it")),
        Err(damage) => found.fault(format!(
            "{damage}; if its part waits for it, the next sweep sets it aside and sends the part again; otherwise nothing reads \
             it, and it can be deleted"
        )),
    }
    Ok(())
}
