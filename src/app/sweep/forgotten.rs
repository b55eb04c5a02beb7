//! Whether somebody asked to forget a day. Its Parquet is deleted then, so the mark is read, and not only seen in a listing.

use super::gather::Gathered;
use super::recalled::Recalled;
use super::{SweepError, Sweeper};
use crate::keys::Leaf;
use crate::manifest::{self, MarkError};

/// A day with what its manifests say. With `keep` nothing is written.
pub(super) async fn recall(
    sweeper: &Sweeper,
    mut gathered: Gathered,
    keep: bool,
) -> (Gathered, Result<Recalled, SweepError>) {
    let recalled = match is_asked(sweeper, &gathered).await {
        Ok(is_asked) => {
            gathered.seen.forgotten = is_asked;
            Recalled::read(sweeper, &gathered, keep).await
        }
        Err(error) => Err(error),
    };
    (gathered, recalled)
}

async fn is_asked(sweeper: &Sweeper, gathered: &Gathered) -> Result<bool, SweepError> {
    let Some(mark) = gathered.written.leaves.get(&Leaf::Forgotten) else {
        return Ok(false);
    };
    // Gone since it was listed.
    let Some((bytes, _)) = sweeper.objects.read(&mark.key).await? else {
        return Ok(false);
    };
    let date = &gathered.seen.date;
    let key = &mark.key;
    match manifest::parse_forgotten(&bytes) {
        Ok(()) => Ok(true),
        Err(MarkError::Newer(version)) => Err(SweepError::Newer(format!("{key} has version {version}"))),
        Err(found @ MarkError::Foreign(_)) => Err(SweepError::Mark {
            date: date.clone(),
            key: key.clone(),
            found,
        }),
    }
}
