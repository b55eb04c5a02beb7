//! From a verdict to the revision that says it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Content, Held, History, Left, Object, Part, Revision, Source, Table, Totals, VERSION};
use crate::day::{self, Choice, Column, Facts, Footer, Known, OutputSeen, Remark, Seen, TableSeen, Verdict};
use crate::keys::{Layout, PartKey};
use crate::part::PartId;

/// The revision that says a verdict. It takes what is known along, because a day may have very many parts. `published` is the revision whose files are published before this one.
///
/// # Errors
/// [`Remark`]: an output of which the footer was not read. The caller has to decide again, with it.
pub fn revise(
    seen: &Seen,
    known: Known,
    verdict: &Verdict,
    layout: &Layout,
    number: u32,
    published: Option<u32>,
) -> Result<Revision, Remark> {
    let is_under_way = verdict.state.is_under_way();
    let progress = is_under_way.then(|| super::progress(seen, &known, verdict));
    let mut keys = Keys { seen, known, layout };
    let content = match verdict.state.publishes() {
        true => Some(keys.content(verdict)?),
        false => None,
    };
    let content_sha256 = match &content {
        None => None,
        Some(content) => {
            let sha256 = content.sha256();
            Some(sha256.map_err(|error| Remark::of_day("defect", error.to_string()))?)
        }
    };
    let held = keys.held(&verdict.held);
    let forgotten = verdict.state == crate::day::State::Forgotten;
    let history = History {
        changed_ms: verdict.changed_ms,
        comparisons: verdict.comparisons.clone(),
        daymark: env!("CARGO_PKG_VERSION").to_owned(),
        events: verdict.events.clone(),
        first_ms: verdict.first_ms,
        held,
        late: verdict.late,
        left: keys.left(&verdict.left),
        listed_ms: seen.now_ms,
        progress,
        published: match content {
            Some(_) => Some(number),
            None => published.filter(|_| !forgotten),
        },
        reasons: verdict.reasons.clone(),
        revision: number,
        state: verdict.state,
    };
    let history_sha256 = history.sha256();
    Ok(Revision {
        content,
        content_sha256,
        date: seen.date.to_string(),
        history,
        history_sha256: Some(history_sha256.map_err(|error| Remark::of_day("defect", error.to_string()))?),
        version: VERSION,
    })
}

struct Keys<'a> {
    seen: &'a Seen,
    known: Known,
    layout: &'a Layout,
}

impl Keys<'_> {
    fn content(&mut self, verdict: &Verdict) -> Result<Content, Remark> {
        let mut content = Content {
            warnings: verdict.warnings.clone(),
            ..Content::default()
        };
        for (name, choice) in &verdict.tables {
            let Some(seen) = self.seen.tables.get(name) else {
                continue;
            };
            if choice.parts.is_empty() {
                continue;
            }
            let table = self.table(name, seen, choice)?;
            content.tables.insert(name.clone(), table);
        }
        content.totals = Totals::of(content.tables.values().flat_map(|table| &table.parts));
        Ok(content)
    }

    fn table(&mut self, name: &str, seen: &TableSeen, choice: &Choice) -> Result<Table, Remark> {
        let mut parts = Vec::with_capacity(choice.parts.len());
        let mut schemas: BTreeSet<Arc<str>> = BTreeSet::new();
        for output in choice
            .parts
            .iter()
            .filter_map(|part| seen.outputs.get(part.output))
        {
            let Some(facts) = self.take(&output.id) else {
                let key = self.key(name, output);
                return Err(Remark::of_table(
                    "defect",
                    name,
                    format!("the footer of {key} was not read"),
                ));
            };
            schemas.insert(Arc::clone(&facts.schema));
            parts.push(self.part(name, output, facts));
        }
        parts.sort_by(|a, b| a.output.key.cmp(&b.output.key));
        let mut columns: BTreeMap<&str, &Column> = BTreeMap::new();
        for column in schemas
            .iter()
            .filter_map(|schema| self.known.schemas.get(schema))
            .flatten()
        {
            columns.entry(&column.name).or_insert(column);
        }
        Ok(Table {
            columns: columns.into_values().cloned().collect(),
            folders: choice.folders.iter().map(|folder| folder.to_string()).collect(),
            totals: Totals::of(&parts),
            parts,
        })
    }

    fn held(&self, held: &[day::Held]) -> Vec<Held> {
        let held = held.iter().filter_map(|held| {
            let output = self.seen.tables.get(&held.table)?.outputs.get(held.output)?;
            let Footer::Sound(facts) = self.known.footers.get(&output.id)? else {
                return None;
            };
            Some(Held {
                columns: self.known.schemas.get(&facts.schema)?.clone(),
                part: self.part(&held.table, output, Facts::clone(facts)),
            })
        });
        let mut held: Vec<Held> = held.collect();
        held.sort_by(|a, b| a.part.output.key.cmp(&b.part.output.key));
        held
    }

    fn left(&mut self, left: &BTreeMap<PartId, i64>) -> Vec<Left> {
        let mut outputs: HashMap<&PartId, (&str, &OutputSeen)> = HashMap::new();
        for (name, table) in &self.seen.tables {
            let of_table = table
                .outputs
                .iter()
                .map(|output| (&output.id, (name.as_str(), output)));
            outputs.extend(of_table);
        }
        let mut list: Vec<Left> = left
            .iter()
            .filter_map(|(id, since_ms)| {
                let (name, output) = outputs.get(id)?;
                Some(Left {
                    part: {
                        let facts = self.take(id)?;
                        self.part(name, output, facts)
                    },
                    since_ms: *since_ms,
                })
            })
            .collect();
        list.sort_by(|a, b| a.part.output.key.cmp(&b.part.output.key));
        list
    }

    /// What is known of an output, which stands in one place of the revision only.
    fn take(&mut self, id: &PartId) -> Option<Facts> {
        match self.known.footers.remove(id)? {
            Footer::Sound(facts) => Some(*facts),
            Footer::Damaged(_) => None,
        }
    }

    fn key(&self, table: &str, output: &OutputSeen) -> String {
        let part = PartKey {
            table: table.to_owned(),
            date: self.seen.date.clone(),
            stem: output.stem.clone(),
        };
        self.layout.output(&part, &output.id)
    }

    fn part(&self, table: &str, output: &OutputSeen, facts: Facts) -> Part {
        Part {
            cells_rejected: facts.cells_rejected,
            dialect: facts.dialect.to_string(),
            output: Object {
                bytes: output.size_bytes,
                etag: output.etag.clone(),
                key: self.key(table, output),
            },
            profile: facts.profile.to_string(),
            records_read: facts.records_read,
            records_rejected: facts.records_rejected,
            rows_written: facts.rows_written,
            schema: facts.schema.to_string(),
            source: Source {
                bytes: facts.source_bytes,
                etag: facts.source_etag,
                key: facts.source_key,
                last_modified_ms: facts.source_last_modified_ms,
                sha256: facts.source_sha256,
            },
        }
    }
}
