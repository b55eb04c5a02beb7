//! From a day's revisions back to what is known of it, so that no footer is read twice.

use super::witness::place_of;
use super::{Part, Revision, Table};
use crate::day::{self, Facts, Footer, Known, State, Unpublished};
use crate::keys::Layout;

/// What the newest revision and the published one (the same, or an earlier one) say. Either may be lost. Of a day that the
/// newest one took out of the publication, the published one is the last that was.
pub fn recall(newest: Option<&Revision>, published: Option<&Revision>, layout: &Layout) -> Known {
    let mut known = Known::default();
    if let Some(revision) = newest {
        let history = &revision.history;
        known.newest = Some((history.state, history.late));
        known.newest_reasons = day::standing(&history.reasons);
        known.held_by_catalog = day::of_catalog(&history.reasons);
        for held in &history.held {
            if let Some(id) = learn(&mut known, &held.part, layout) {
                let schema = known.shared(&held.part.schema);
                known.schemas.insert(schema, held.columns.clone());
                known.held.insert(id);
            }
        }
        for left in &history.left {
            if let Some(id) = learn(&mut known, &left.part, layout) {
                known.left.insert(id, left.since_ms);
            }
        }
    }
    let state = newest.map(|newest| newest.history.state);
    let still = newest.is_none_or(|newest| newest.history.published.is_some());
    if let Some(revision) = published.filter(|_| still || state == Some(State::Forgotten)) {
        for table in revision
            .content
            .iter()
            .flat_map(|content| content.tables.values())
        {
            for part in &table.parts {
                learn(&mut known, part, layout);
            }
            recall_columns(&mut known, table);
        }
        known.published = revision.outputs(layout);
    }
    if let Some(newest) = newest.filter(|_| state == Some(State::Forgotten)) {
        known.unpublished = Some(Unpublished {
            listed_ms: newest.history.listed_ms,
            published: known.published.take(),
        });
    }
    known
}

/// A revision has the columns of a table's parts together. They are each part's only where all parts have the same: else a
/// column would outlive the last part that had it. Of other tables the columns are read again, once a fingerprint.
fn recall_columns(known: &mut Known, table: &Table) {
    let Some(first) = table.parts.first() else {
        return;
    };
    if table.parts.iter().all(|part| part.schema == first.schema) {
        known
            .schemas
            .insert(first.schema.as_str().into(), table.columns.clone());
    }
}

fn learn(known: &mut Known, part: &Part, layout: &Layout) -> Option<crate::part::PartId> {
    let (output, id) = layout.parse_output(&part.output.key)?;
    let (folder, home) = place_of(known, &output.date, &part.source.key, layout);
    let facts = Facts {
        source_key: part.source.key.clone(),
        folder,
        home,
        source_etag: part.source.etag.clone(),
        source_bytes: part.source.bytes,
        source_last_modified_ms: part.source.last_modified_ms,
        source_sha256: part.source.sha256.clone(),
        records_read: part.records_read,
        rows_written: part.rows_written,
        records_rejected: part.records_rejected,
        cells_rejected: part.cells_rejected,
        dialect: known.shared(&part.dialect),
        profile: known.shared(&part.profile),
        schema: known.shared(&part.schema),
    };
    known.footers.insert(id.clone(), Footer::Sound(Box::new(facts)));
    Some(id)
}
