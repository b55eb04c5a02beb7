//! What goes: damaged objects to where they are kept, and outputs that nobody needs any more.

use std::collections::HashMap;

use super::{SweepError, Sweeper, failures, leftovers};
use crate::day::{Seen, Verdict};
use crate::keys::PartKey;
use crate::part::PartId;
use crate::store::Doomed;

/// Sets damaged outputs and failure records aside, so that their parts are converted again, and deletes what nobody needs any more.
pub(super) async fn tidy(sweeper: &Sweeper, seen: &Seen, verdict: &Verdict) -> Result<(), SweepError> {
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
    let etags: HashMap<&PartId, &str> = match verdict.retire.is_empty() {
        true => HashMap::new(),
        false => outputs.map(|it| (&it.id, it.etag.as_str())).collect(),
    };
    let mut doomed = leftovers::of(sweeper, seen, verdict).await?;
    for retire in &verdict.retire {
        let part = part(&retire.table, &retire.stem);
        let output = layout.output(&part, &retire.id);
        doomed.extend([
            match etags.get(&retire.id) {
                Some(etag) => Doomed::seen(output, *etag),
                None => Doomed::any(output),
            },
            Doomed::any(layout.rejects(&part, &retire.id)),
            Doomed::any(layout.failure(&part, &retire.id)),
        ]);
    }
    objects.delete(&doomed).await
}
