//! How far a day has come.

use super::Progress;
use crate::day::{self, Footer, Known, Seen, Verdict};

/// Counts what the listings show of a day, as it was judged.
pub fn progress(seen: &Seen, known: &Known, verdict: &Verdict) -> Progress {
    let mut progress = Progress::default();
    for (name, choice) in &verdict.tables {
        let Some(table) = seen.tables.get(name) else {
            continue;
        };
        let (mut output_bytes, mut source_bytes) = (0_u64, 0_u64);
        for part in &choice.parts {
            let Some(output) = table.outputs.get(part.output) else {
                continue;
            };
            let source = part.source.and_then(|source| table.sources.get(source));
            // A part whose source is gone is known by its footer alone, so that one was read.
            let remembered = || match known.footers.get(&output.id) {
                Some(Footer::Sound(facts)) => facts.source_bytes,
                _ => 0,
            };
            output_bytes = output_bytes.saturating_add(output.size_bytes);
            source_bytes = source_bytes.saturating_add(source.map_or_else(remembered, |it| it.size_bytes));
        }
        for source in choice
            .missing
            .iter()
            .filter_map(|source| table.sources.get(*source))
        {
            source_bytes = source_bytes.saturating_add(source.size_bytes);
        }
        let (converted, waiting) = (choice.parts.len() as u64, choice.missing.len() as u64);
        let sums = [
            (&mut progress.output_bytes, output_bytes),
            (&mut progress.parts, converted.saturating_add(waiting)),
            (&mut progress.parts_converted, converted),
            (&mut progress.parts_failed, day::failed(table, choice) as u64),
            (&mut progress.parts_outdated, day::outdated(table, choice) as u64),
            (&mut progress.parts_waiting, waiting),
            (&mut progress.source_bytes, source_bytes),
            (&mut progress.tables, u64::from(converted > 0 || waiting > 0)),
        ];
        for (sum, more) in sums {
            *sum = sum.saturating_add(more);
        }
    }
    progress
}
