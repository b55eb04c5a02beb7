//! The newest revision held against `manifest.json`, its copy, where it has no checksum of its own history.
//!
//! Releases before version 3 of the document wrote none, so damage to the history of theirs may parse. Who put the copy there
//! wrote a checksum of it, too: where that fits, and the copy is of the same number and of other bytes, the revision is the
//! damaged one. It is kept, and put back as it was.

use super::gather::Gathered;
use super::objects::Wrote;
use super::recalled::Stored;
use super::{SweepError, Sweeper};
use crate::keys::Leaf;
use crate::manifest::{self, Revision};

const JSON: &str = "application/json";

/// The newest revision as it is to be believed, and whether another sweep was faster. With `keep` nothing is written.
pub(super) async fn believed(
    sweeper: &Sweeper,
    gathered: &Gathered,
    stored: Stored,
    keep: bool,
) -> Result<(Stored, Wrote), SweepError> {
    let Gathered { seen, written } = gathered;
    let (objects, layout) = (&sweeper.objects, &sweeper.config.layout);
    let number = stored.revision.history.revision;
    let original = written.leaves.get(&Leaf::Revision(number));
    let (Some(original), Some(copy)) = (original, written.leaves.get(&Leaf::Manifest)) else {
        return Ok((stored, Wrote::Done));
    };
    // Equal ETags are equal bytes.
    if stored.revision.history_sha256.is_some() || original.etag == copy.etag {
        return Ok((stored, Wrote::Done));
    }
    let Some((checksum, _)) = objects.read(&layout.leaf(&seen.date, Leaf::Checksum)).await? else {
        return Ok((stored, Wrote::Done));
    };
    if checksum == manifest::checksum(&stored.sha256) {
        return Ok((stored, Wrote::Done));
    }
    let Some((sound, _)) = objects.read(&copy.key).await? else {
        return Ok((stored, Wrote::Done));
    };
    let sha256 = manifest::sha256(&sound);
    if checksum != manifest::checksum(&sha256) {
        return Ok((stored, Wrote::Done));
    }
    // It may well be a copy of the revision before, of a publication that was cut off.
    let Ok(revision) = Revision::parse(&sound, &seen.date, number) else {
        return Ok((stored, Wrote::Done));
    };
    let mut wrote = Wrote::Done;
    if keep {
        tracing::warn!(key = original.key, "a damaged manifest");
    } else {
        let damaged = objects.read(&original.key).await?;
        let damaged = damaged.filter(|(bytes, _)| manifest::sha256(bytes) == stored.sha256);
        let Some((damaged, etag)) = damaged else {
            return Ok((stored, Wrote::Overtaken));
        };
        let why = format!(
            "expected the bytes of {}, whose checksum fits it, found others",
            copy.key
        );
        objects.keep(&original.key, damaged, &why).await?;
        wrote = objects.put(&original.key, sound, JSON, Some(&etag)).await?;
    }
    let revision = revision.into();
    Ok((Stored { revision, sha256 }, wrote))
}
