//! What a day's event says. SEMANTICS.md describes it; members may be added, never changed.

use serde_json::json;

use crate::day::Remark;
use crate::keys::{Day, Layout, Leaf};
use crate::manifest::Revision;

/// Remarks of one kind in an event. EventBridge takes 256 KB; the manifest has all of them.
const REMARKS_MAX: usize = 20;

/// The event's detail: a JSON object.
pub(super) fn detail(newest: &Revision, published: Option<&Revision>, layout: &Layout) -> String {
    let history = &newest.history;
    let content = published.and_then(|revision| revision.content.as_ref());
    let texts = |remarks: &[Remark]| -> Vec<String> {
        remarks.iter().take(REMARKS_MAX).map(Remark::to_string).collect()
    };
    let key = Day::parse(&newest.date).map(|date| layout.leaf(&date, Leaf::Revision(history.revision)));
    let mut warnings = newest
        .content
        .as_ref()
        .map(|content| texts(&content.warnings))
        .unwrap_or_default();
    warnings.extend(texts(&history.comparisons));
    json!({
        "version": 1,
        "date": newest.date,
        "state": history.state,
        "late": history.late,
        "revision": history.revision,
        "published": history.published,
        "reasons": texts(&history.reasons),
        "warnings": warnings,
        "tables": content.map(|content| content.tables.len()),
        "totals": content.map(|content| content.totals),
        "progress": history.progress,
        "manifest": { "bucket": layout.curated().bucket(), "key": key },
    })
    .to_string()
}
