//! From an output's footer to what is known of it, if footer and key agree.

use std::sync::Arc;

use crate::day::{Column, Facts, Footer, Known};
use crate::footer;
use crate::keys::{Day, Layout};
use crate::part::{Identity, PartId, Profile};

/// Takes what the footer of a day's output says into what is known, or why it is not believed.
pub fn believe(
    known: &mut Known,
    date: &Day,
    id: &PartId,
    read: Result<footer::Footer, String>,
    layout: &Layout,
) {
    let footer = match read.and_then(|footer| facts(known, date, id, footer, layout)) {
        Err(why) => Footer::Damaged(why),
        Ok(_) if let Some(Some(why)) = known.changed.get(id) => Footer::Damaged(why.clone()),
        Ok((facts, columns)) => {
            known.schemas.entry(Arc::clone(&facts.schema)).or_insert(columns);
            Footer::Sound(Box::new(facts))
        }
    };
    known.footers.insert(id.clone(), footer);
}

fn facts(
    known: &mut Known,
    date: &Day,
    id: &PartId,
    footer: footer::Footer,
    layout: &Layout,
) -> Result<(Facts, Vec<Column>), String> {
    let footer::Footer { record, columns } = footer;
    let identity = Identity {
        bucket: record.source_bucket,
        key: record.source_key,
        etag: record.source_etag,
    };
    let profile =
        Profile::parse(&record.profile).ok_or_else(|| format!("no profile, but {:?}", record.profile))?;
    let expected = PartId::of(&identity, &profile);
    if expected != *id {
        return Err(format!(
            "its record is that of {expected}, which is not the file's name"
        ));
    }
    let mut columns: Vec<Column> = columns
        .into_iter()
        .map(|(name, kind)| Column { name, kind })
        .collect();
    columns.sort();
    let (folder, home) = place_of(known, date, &identity.key, layout);
    let facts = Facts {
        folder,
        home,
        source_key: identity.key,
        source_etag: identity.etag,
        source_bytes: record.source_bytes,
        source_last_modified_ms: record.source_last_modified_ms.unwrap_or_default(),
        source_sha256: record.source_sha256,
        records_read: record.records_read,
        rows_written: record.rows_written,
        records_rejected: record.records_rejected,
        cells_rejected: record.cells_rejected,
        dialect: record.dialect.into(),
        profile: record.profile.into(),
        schema: record.schema.into(),
    };
    Ok((facts, columns))
}

/// The day folder of an output's source, and where today's settings put the source, if they read its key.
pub(super) fn place_of(
    known: &mut Known,
    date: &Day,
    source_key: &str,
    layout: &Layout,
) -> (Arc<str>, Option<Arc<str>>) {
    let (part, folder) = layout.source_of(date, source_key);
    let home = part.map(|part| known.shared(&format!("table={}/date={}", part.table, part.date)));
    (known.shared(folder), home)
}
