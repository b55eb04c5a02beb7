//! Failure records that keep a day from being complete, read so that a damaged one does not do so for ever.

use std::collections::HashSet;

use futures::stream::{self, TryStreamExt};

use super::{SweepError, Sweeper};
use crate::day::{Seen, Verdict};
use crate::failure::{Failure, Unusable};
use crate::keys::PartKey;
use crate::part::PartId;

/// Records of one day that a sweep reads. The others have their turn once these are gone.
const RECORDS_MAX: usize = 1_000;

/// Sets aside the records that say nothing, or are about something else. Their parts are sent again, and get new ones.
pub(super) async fn check(sweeper: &Sweeper, seen: &Seen, verdict: &Verdict) -> Result<(), SweepError> {
    let mut blocking: Vec<(PartKey, &PartId)> = Vec::new();
    for (name, choice) in &verdict.tables {
        let Some(table) = seen.tables.get(name) else {
            continue;
        };
        let failures: HashSet<&PartId> = table.failures.iter().map(|failure| &failure.id).collect();
        let missing = choice
            .missing
            .iter()
            .filter_map(|index| table.sources.get(*index));
        let failed = missing.filter(|source| failures.contains(&source.id));
        let room = RECORDS_MAX.saturating_sub(blocking.len());
        blocking.extend(failed.take(room).map(|source| {
            let part = PartKey {
                table: name.clone(),
                date: seen.date.clone(),
                stem: source.stem.clone(),
            };
            (part, &source.id)
        }));
    }
    stream::iter(blocking.into_iter().map(Ok::<_, SweepError>))
        .try_for_each_concurrent(sweeper.config.days.requests_max, |(part, id)| async move {
            let objects = &sweeper.objects;
            let key = sweeper.config.layout.failure(&part, id);
            let Some((bytes, etag)) = objects.read(&key).await? else {
                return Ok(());
            };
            match Failure::parse(&bytes, id) {
                Ok(_) | Err(Unusable::Newer(_)) => Ok(()),
                Err(damage) => objects.set_aside(&key, (bytes, &etag), &damage.to_string()).await,
            }
        })
        .await
}
