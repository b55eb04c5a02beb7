//! What goes: damaged objects to where they are kept, and outputs that nobody needs any more.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::gather::Written;
use super::leftovers::Leftovers;
use super::objects::Wrote;
use super::pointer::Pointer;
use super::{SweepError, Sweeper, failures, publish};
use crate::day::{Seen, State, Verdict};
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
    let needed = with_the_only_rejects(sweeper, seen, verdict).await?;
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
            _ if needed.contains(&retire.id) => {}
            // Of a day that stays, Parquet must not be without its rejects: it may be wanted again.
            _ => doomed.push(rejects),
        }
    }
    // Of a forgotten day raw records go first: while any is left, so is what has the next sweep look for it.
    objects.delete(&raw).await?;
    objects.delete(&doomed).await
}

/// Ids of which some Parquet goes and some stays, of which none has rejects under its own name: then the rejects of what goes are
/// the only ones of their part. They go with the day at the latest.
async fn with_the_only_rejects<'s>(
    sweeper: &Sweeper,
    seen: &'s Seen,
    verdict: &Verdict,
) -> Result<HashSet<&'s PartId>, SweepError> {
    let layout = &sweeper.config.layout;
    let retire = verdict.retire.iter();
    let going: HashSet<(&str, &str, &PartId)> = retire
        .map(|it| (it.table.as_str(), it.stem.as_str(), &it.id))
        .collect();
    let ids: HashSet<&PartId> = going.iter().map(|(.., id)| *id).collect();
    let mut staying: HashMap<&PartId, Vec<PartKey>> = HashMap::new();
    for (name, table) in seen.tables.iter().filter(|_| !ids.is_empty()) {
        for output in table.outputs.iter().filter(|output| ids.contains(&output.id)) {
            if !going.contains(&(name.as_str(), output.stem.as_str(), &output.id)) {
                staying.entry(&output.id).or_default().push(PartKey {
                    table: name.clone(),
                    date: seen.date.clone(),
                    stem: output.stem.clone(),
                });
            }
        }
    }
    let looks = staying.into_iter().map(|(id, parts)| async move {
        for part in parts {
            // The right to read rejects is not this function's.
            let listing = Listing::of(layout.rejects(&part, id));
            let listed = sweeper.store.list(layout.curated().bucket(), &listing).await?;
            if !listed.objects.is_empty() {
                return Ok::<_, SweepError>(None);
            }
        }
        Ok(Some(id))
    });
    let requests_max = sweeper.config.days.requests_max;
    let needed: Vec<Option<&PartId>> = stream::iter(looks)
        .buffer_unordered(requests_max)
        .try_collect()
        .await?;
    Ok(needed.into_iter().flatten().collect())
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
