//! What goes: damaged objects to where they are kept, and outputs that nobody needs any more.

use std::collections::HashMap;

use super::leftovers::Leftovers;
use super::{SweepError, Sweeper, failures};
use crate::day::{Seen, State, Verdict};
use crate::keys::PartKey;
use crate::part::PartId;
use crate::store::Doomed;

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
    let outputs = seen.tables.values().flat_map(|table| &table.outputs);
    let asked = outputs.filter(|_| !verdict.retire.is_empty());
    let etags: HashMap<&PartId, &str> = asked.map(|it| (&it.id, it.etag.as_str())).collect();
    let mut raw = leftovers.of(sweeper, seen, verdict).await?;
    let mut doomed = Vec::new();
    for retire in &verdict.retire {
        let part = part(&retire.table, &retire.stem);
        let output = layout.output(&part, &retire.id);
        doomed.extend([
            match etags.get(&retire.id) {
                Some(etag) => Doomed::seen(output, *etag),
                None => Doomed::any(output),
            },
            Doomed::any(layout.failure(&part, &retire.id)),
        ]);
        let rejects = Doomed::any(layout.rejects(&part, &retire.id));
        match verdict.state {
            State::Forgotten => raw.push(rejects),
            // Of a day that stays, Parquet must not be without its rejects: it may be wanted again.
            _ => doomed.push(rejects),
        }
    }
    // Of a forgotten day raw records go first: while any is left, so is what has the next sweep look for it.
    objects.delete(&raw).await?;
    objects.delete(&doomed).await
}
