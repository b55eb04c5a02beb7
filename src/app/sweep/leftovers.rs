//! What lies beside the Parquet of a day that is deleted: rejects of parts that have none any more, and what was set aside.
//! Raw records are in both, so that they go with it.

use std::collections::HashSet;

use super::{SweepError, Sweeper, streams};
use crate::day::{Seen, State, TableSeen, Verdict};
use crate::part::PartId;
use crate::store::{Doomed, Listed, Listing};

/// What goes with the outputs that a forgotten day retires now. What came within the grace period stays.
pub(super) async fn of(sweeper: &Sweeper, seen: &Seen, verdict: &Verdict) -> Result<Vec<Doomed>, SweepError> {
    if verdict.state != State::Forgotten || verdict.retire.is_empty() {
        return Ok(Vec::new());
    }
    let layout = &sweeper.config.layout;
    let (bucket, prefix) = (layout.curated().bucket(), layout.curated().prefix());
    let until_ms = seen.now_ms - sweeper.config.days.policy.grace_ms;
    let mut doomed = Vec::new();
    for folder in ["rejected/", "set-aside/"] {
        // Of a table these may be all that is left.
        let above = format!("{prefix}{folder}table=");
        for name in streams::tables(&sweeper.store, bucket, &above).await? {
            // What goes of these is named by the verdict.
            let parts: HashSet<&PartId> = seen.tables.get(&name).map(parts_of).unwrap_or_default();
            let listed = list(sweeper, &format!("{above}{name}/date={}/", seen.date)).await?;
            let old = listed.into_iter().filter(|it| it.last_modified_ms <= until_ms);
            let goes = old.filter(|it| {
                let part = layout.parse(&it.key);
                part.is_none_or(|(_, _, id)| !parts.contains(&id))
            });
            doomed.extend(goes.map(|it| Doomed::seen(it.key, it.etag)));
        }
    }
    Ok(doomed)
}

fn parts_of(table: &TableSeen) -> HashSet<&PartId> {
    let outputs = table.outputs.iter().map(|output| &output.id);
    outputs
        .chain(table.failures.iter().map(|failure| &failure.id))
        .collect()
}

async fn list(sweeper: &Sweeper, folder: &str) -> Result<Vec<Listed>, SweepError> {
    let bucket = sweeper.config.layout.curated().bucket();
    let mut listing = Listing::of(folder);
    let mut listed = Vec::new();
    loop {
        let page = sweeper.store.list(bucket, &listing).await?;
        listed.extend(page.objects);
        match page.next {
            Some(start) => listing.start = start,
            None => return Ok(listed),
        }
    }
}
