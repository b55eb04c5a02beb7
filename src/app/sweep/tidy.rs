//! What goes: damaged objects to where they are kept, and outputs that nobody needs any more.

use std::collections::HashMap;

use super::gather::Written;
use super::leftovers::Leftovers;
use super::objects::Wrote;
use super::pointer::Pointer;
use super::{SweepError, Sweeper, failures, publish};
use crate::day::{self, Retire, Seen, State, Verdict};
use crate::keys::{Leaf, Link, PartKey};
use crate::manifest::{Damage, Revision};
use crate::part::PartId;
use crate::store::{Doomed, Listing};

/// Sets damaged outputs and failure records aside, so that their parts are converted again, and deletes what nobody needs any more.
pub(super) async fn tidy(
    sweeper: &Sweeper,
    seen: &Seen,
    verdict: &Verdict,
    leftovers: &mut Leftovers,
) -> Result<(), SweepError> {
    let (objects, layout) = (&sweeper.objects, &sweeper.config.layout);
    let part = |table: &str, stem: &str| PartKey {
        table: table.to_owned(),
        date: seen.date.clone(),
        stem: stem.to_owned(),
    };
    for (name, choice) in &verdict.tables {
        let Some(table) = seen.tables.get(name) else {
            continue;
        };
        for (output, why) in &choice.damaged {
            let Some(output) = table.outputs.get(*output) else {
                continue;
            };
            let key = layout.output(&part(name, &output.stem), &output.id);
            // By now it may have been set aside, and converted again.
            if let Some((bytes, etag)) = objects.read(&key).await?
                && etag == output.etag
            {
                objects.set_aside(&key, (bytes, &etag), why).await?;
            }
        }
    }
    failures::check(sweeper, seen, verdict).await?;
    let mut etags: HashMap<(&str, &str, &PartId), &str> = HashMap::new();
    for (name, table) in seen.tables.iter().filter(|_| !verdict.retire.is_empty()) {
        let outputs = table.outputs.iter();
        etags.extend(outputs.map(|it| ((name.as_str(), it.stem.as_str(), &it.id), it.etag.as_str())));
    }
    let copied = day::copied(seen);
    let mut raw = leftovers.of(sweeper, seen, verdict).await?;
    let mut doomed = Vec::new();
    for retire in &verdict.retire {
        let part = part(&retire.table, &retire.stem);
        let output = layout.output(&part, &retire.id);
        doomed.extend([
            match etags.get(&(&*retire.table, &*retire.stem, &retire.id)) {
                Some(etag) => Doomed::seen(output, *etag),
                None => Doomed::any(output),
            },
            Doomed::any(layout.failure(&part, &retire.id)),
        ]);
        let rejects = Doomed::any(layout.rejects(&part, &retire.id));
        match verdict.state {
            State::Forgotten => raw.push(rejects),
            _ if copied.contains(&retire.id) && are_needed(sweeper, seen, verdict, &retire.id).await? => {}
            // Of a day that stays, Parquet must not be without its rejects: it may be wanted again.
            _ => doomed.push(rejects),
        }
    }
    // Of a forgotten day raw records go first: while any is left, so is what has the next sweep look for it.
    objects.delete(&raw).await?;
    objects.delete(&doomed).await
}

/// Whether Parquet of this id stays, and none of it has rejects under its own name: then the rejects of a copy that goes are
/// the only ones of its part. They go with the day at the latest.
async fn are_needed(
    sweeper: &Sweeper,
    seen: &Seen,
    verdict: &Verdict,
    id: &PartId,
) -> Result<bool, SweepError> {
    let layout = &sweeper.config.layout;
    let mut stays = false;
    for (name, table) in &seen.tables {
        for output in table.outputs.iter().filter(|output| output.id == *id) {
            let goes = |it: &Retire| it.table == *name && it.stem == output.stem && it.id == *id;
            if verdict.retire.iter().any(goes) {
                continue;
            }
            stays = true;
            let part = PartKey {
                table: name.clone(),
                date: seen.date.clone(),
                stem: output.stem.clone(),
            };
            // The right to read rejects is not this function's.
            let listing = Listing::of(layout.rejects(&part, id));
            let listed = sweeper.store.list(layout.curated().bucket(), &listing).await?;
            if !listed.objects.is_empty() {
                return Ok(false);
            }
        }
    }
    Ok(stays)
}

/// Empties the symlinks of a day of which nothing else is left, and moves the pointer away. Young ones may be another
/// sweep's that saw more. A `manifest.json` that is none of the day's is set aside.
pub(super) async fn clear(
    sweeper: &Sweeper,
    seen: &Seen,
    written: &Written,
    pointer: &mut Pointer,
) -> Result<(), SweepError> {
    let Sweeper { config, objects, .. } = sweeper;
    let quiet_ms = config.days.policy.quiet_ms;
    let mut is_published = false;
    for ((link, _), listed) in &written.links {
        if listed.size_bytes == 0 {
            continue;
        }
        if seen.now_ms - listed.last_modified_ms < quiet_ms {
            is_published |= *link == Link::Published;
            continue;
        }
        tracing::warn!(
            key = listed.key,
            "a symlink of a day of which nothing is left; it is emptied"
        );
        let wrote = objects
            .bring(&listed.key, bytes::Bytes::new(), publish::TEXT, Some(listed))
            .await?;
        is_published |= *link == Link::Published && wrote == Wrote::Overtaken;
    }
    if !is_published {
        pointer.leave(&seen.date, objects, &config.layout).await?;
    }
    let Some(listed) = written.leaves.get(&Leaf::Manifest) else {
        return Ok(());
    };
    let Some((bytes, etag)) = objects.read(&listed.key).await? else {
        return Ok(());
    };
    match Revision::parse_copy(&bytes, &seen.date) {
        Ok(_) | Err(Damage::Newer(_)) => Ok(()),
        Err(damage) => {
            let why = damage.to_string();
            objects.set_aside(&listed.key, (bytes, &etag), &why).await
        }
    }
}
