//! A day to judge, built step by step as a sync would: parts land, are converted, are purged; sweeps judge and publish.
//!
//! Parts are called `table/name`; `@2` behind the name puts them into the date's second folder. Times are minutes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::day::{
    Choice, Column, Decision, Facts, FailureSeen, Footer, Known, OutputSeen, Policy, Published, Seen, Sent,
    SourceSeen, State, TableSeen, Unpublished, Verdict, decide,
};
use crate::keys::Day;
use crate::part::{Identity, PartId, Profile};

pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const HOUR: i64 = 60;
pub(super) const DAY: i64 = 24 * HOUR;

#[derive(Clone)]
pub(super) struct Scene {
    pub(super) seen: Seen,
    pub(super) known: Known,
    pub(super) policy: Policy,
    /// What the footers of all outputs say; `known.footers` has what was asked for.
    pub(super) footers: HashMap<PartId, Footer>,
    /// Outputs whose footers were asked for since the last look, `table/stem`.
    pub(super) asked: Vec<String>,
    /// How it came about, for whoever reads of a failure.
    pub(super) told: Vec<String>,
    /// The profile that conversions run under, and that the tables have today.
    profile: String,
}

impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.told.join(", "))
    }
}

pub(super) struct Name {
    pub(super) table: String,
    pub(super) key: String,
    pub(super) stem: String,
    pub(super) folder: String,
}

pub(super) fn name(part: &str) -> Name {
    let (table, name) = part.split_once('/').unwrap();
    let (name, folder) = name.split_once('@').unwrap_or((name, "1"));
    let folder = format!("hubspot/{folder}/2026-11-23/");
    Name {
        table: table.to_owned(),
        key: format!("{folder}{}/{name}.csv.gz", table.to_uppercase()),
        stem: part.split_once('/').unwrap().1.replace('@', "-"),
        folder,
    }
}

fn profile(name: &str) -> Profile {
    Profile::of(name)
}

fn id(key: &str, etag: &str, of_profile: &str) -> PartId {
    let identity = Identity {
        bucket: "landing".to_owned(),
        key: key.to_owned(),
        etag: etag.to_owned(),
    };
    PartId::of(&identity, &profile(of_profile))
}

impl Scene {
    pub(super) fn new() -> Self {
        let date = Day::parse("2026-11-23").unwrap();
        let columns = |kind: &str| {
            vec![Column {
                name: "id".to_owned(),
                kind: kind.to_owned(),
            }]
        };
        let schemas = [("text", "string"), ("number", "bigint")];
        Scene {
            seen: Seen {
                now_ms: date.start_ms(),
                date,
                tables: BTreeMap::new(),
                forgotten: false,
            },
            known: Known {
                schemas: schemas
                    .map(|(name, kind)| (Arc::from(name), columns(kind)))
                    .into(),
                ..Known::default()
            },
            policy: Policy {
                swing_percent: None,
                ..Policy::default()
            },
            footers: HashMap::new(),
            asked: Vec::new(),
            told: Vec::new(),
            profile: "p".to_owned(),
        }
    }

    /// Parts that landed and were converted at once, in the day's first minute.
    pub(super) fn whole(parts: &[&str]) -> Self {
        let mut scene = Scene::new();
        for part in parts {
            scene.land(part, "v1");
            scene.convert(part);
        }
        scene
    }

    /// The same, an hour later and published.
    pub(super) fn published(parts: &[&str]) -> Self {
        let mut scene = Scene::whole(parts);
        scene.after(HOUR);
        let verdict = scene.sweep();
        assert_eq!(verdict.state, State::Complete, "{:?}", verdict.reasons);
        scene
    }

    pub(super) fn after(&mut self, minutes: i64) -> &mut Self {
        self.seen.now_ms += minutes * MINUTE_MS;
        self
    }

    fn table(&mut self, table: &str) -> &mut TableSeen {
        let profile = profile(&self.profile).as_str().to_owned();
        let seen = self.seen.tables.entry(table.to_owned()).or_default();
        seen.profile = profile;
        seen
    }

    /// A part is written, or replaced.
    pub(super) fn land(&mut self, part: &str, etag: &str) -> &mut Self {
        let (name, now_ms) = (name(part), self.seen.now_ms);
        let source = SourceSeen {
            id: id(&name.key, etag, &self.profile),
            folder: Arc::from(name.folder),
            stem: name.stem.clone(),
            etag: format!("{}-{etag}", name.key),
            size_bytes: 1_000,
            last_modified_ms: now_ms,
            key: name.key,
        };
        let source = SourceSeen {
            id: id(&source.key, &source.etag, &self.profile),
            ..source
        };
        let table = self.table(&name.table);
        table.sources.retain(|it| it.stem != source.stem);
        table.sources.push(source);
        self
    }

    pub(super) fn source(&mut self, part: &str) -> &mut SourceSeen {
        let name = name(part);
        let sources = &mut self.table(&name.table).sources;
        sources
            .iter_mut()
            .find(|source| source.stem == name.stem)
            .unwrap()
    }

    /// A part is converted under today's profile, as it is now.
    pub(super) fn convert(&mut self, part: &str) -> &mut Self {
        let (name, source) = (name(part), self.source(part).clone());
        let facts = Facts {
            source_key: source.key.clone(),
            folder: source.folder,
            home: Some(format!("table={}/date={}", name.table, self.seen.date).into()),
            source_etag: source.etag,
            source_bytes: source.size_bytes,
            source_last_modified_ms: source.last_modified_ms,
            source_sha256: "00".to_owned(),
            records_read: 100,
            rows_written: 100,
            records_rejected: 0,
            cells_rejected: 0,
            dialect: "quoted".into(),
            profile: profile(&self.profile).as_str().into(),
            schema: "text".into(),
        };
        let output = OutputSeen {
            stem: source.stem,
            id: source.id,
            etag: "out".to_owned(),
            size_bytes: 500,
            last_modified_ms: self.seen.now_ms,
        };
        let table = self.table(&name.table);
        // Created once, never overwritten.
        if table.outputs.iter().any(|it| it.id == output.id) {
            return self;
        }
        let id = output.id.clone();
        table.outputs.push(output);
        self.footers.insert(id, Footer::Sound(Box::new(facts)));
        self
    }

    /// Somebody copies a part's output of today to another place, `table/stem`.
    pub(super) fn copy(&mut self, part: &str, to: &str) -> &mut Self {
        let id = self.source(part).id.clone();
        let outputs = &self.seen.tables[&name(part).table].outputs;
        let mut output = outputs.iter().find(|it| it.id == id).unwrap().clone();
        let (table, stem) = to.split_once('/').unwrap();
        output.stem = stem.to_owned();
        output.last_modified_ms = self.seen.now_ms;
        self.table(table).outputs.push(output);
        self
    }

    /// What a part's footer of today says.
    pub(super) fn facts(&mut self, part: &str) -> &mut Facts {
        let id = self.source(part).id.clone();
        match self.footers.get_mut(&id) {
            Some(Footer::Sound(facts)) => facts,
            footer => panic!("{footer:?}"),
        }
    }

    pub(super) fn damage(&mut self, part: &str) -> &mut Self {
        let id = self.source(part).id.clone();
        self.footers
            .insert(id.clone(), Footer::Damaged("no magic number".to_owned()));
        self.known.footers.remove(&id);
        self
    }

    /// A part can not be converted under today's profile.
    pub(super) fn fail(&mut self, part: &str) -> &mut Self {
        let (table, source) = (name(part).table, self.source(part).clone());
        let date = &self.seen.date;
        let failure = FailureSeen {
            key: format!(
                "lake/failed/table={table}/date={date}/{}-{}.json",
                source.stem, source.id
            ),
            stem: source.stem,
            id: source.id,
            last_modified_ms: self.seen.now_ms,
        };
        self.table(&table).failures.push(failure);
        self
    }

    /// A source is deleted.
    pub(super) fn purge(&mut self, part: &str) -> &mut Self {
        let name = name(part);
        self.table(&name.table)
            .sources
            .retain(|source| source.stem != name.stem);
        self
    }

    pub(super) fn purge_all(&mut self) -> &mut Self {
        for table in self.seen.tables.values_mut() {
            table.sources.clear();
        }
        self
    }

    /// Settings change, and with them the profile of all tables.
    pub(super) fn configure(&mut self, to: &str) -> &mut Self {
        self.profile = to.to_owned();
        for table in self.seen.tables.values_mut() {
            table.profile = profile(to).as_str().to_owned();
            for source in &mut table.sources {
                source.id = id(&source.key, &source.etag, to);
            }
        }
        self
    }

    /// Everything is lost but what the buckets hold.
    pub(super) fn lose_history(&mut self) -> &mut Self {
        self.known = Known {
            schemas: std::mem::take(&mut self.known.schemas),
            ..Known::default()
        };
        self
    }

    /// What is decided, once the footers that are asked for were read.
    pub(super) fn judge(&mut self) -> Verdict {
        self.asked.clear();
        for _ in 0..3 {
            match decide(&self.seen, &self.known, &self.policy) {
                Decision::Settled(verdict) => return *verdict,
                Decision::Nothing => panic!("nothing of this day"),
                Decision::Footers(wanted) => {
                    assert!(!wanted.is_empty());
                    for (table, output) in wanted {
                        let output = &self.seen.tables[&table].outputs[output];
                        self.asked.push(format!("{table}/{}", output.stem));
                        let footer = self.footers[&output.id].clone();
                        self.known.footers.insert(output.id.clone(), footer);
                    }
                }
            }
        }
        panic!("footers are asked for once or twice");
    }

    /// Judges, and carries out what is decided.
    pub(super) fn sweep(&mut self) -> Verdict {
        let verdict = self.judge();
        self.apply(&verdict);
        verdict
    }

    pub(super) fn apply(&mut self, verdict: &Verdict) {
        for resend in &verdict.send {
            let source = &self.seen.tables[&resend.table].sources[resend.source];
            let sent = Sent {
                counted: resend.attempt - 1,
                last_ms: self.seen.now_ms,
            };
            self.known.sent.insert(source.id.clone(), sent);
        }
        if verdict.revise {
            self.known.newest = Some((verdict.state, verdict.late));
            self.known.newest_reasons = crate::day::standing(&verdict.reasons);
            self.known.held_by_catalog = crate::day::of_catalog(&verdict.reasons);
            let held = verdict.held.iter();
            self.known.held = held
                .map(|held| self.seen.tables[&held.table].outputs[held.output].id.clone())
                .collect();
            self.known.left = verdict.left.clone().into_iter().collect();
            let published = self.known.published.take();
            (self.known.published, self.known.unpublished) = match verdict.state {
                State::Forgotten => {
                    let listed_ms = self.seen.now_ms;
                    (None, Some(Unpublished { listed_ms, published }))
                }
                _ => (published, None),
            };
            if verdict.state.publishes() {
                let outputs = self
                    .filled(verdict)
                    .map(|(name, choice)| {
                        let ids: BTreeSet<PartId> = choice.ids(&self.seen.tables[name]).cloned().collect();
                        (name.clone(), ids)
                    })
                    .collect();
                let places = self.filled(verdict).flat_map(|(name, choice)| {
                    let outputs = choice
                        .parts
                        .iter()
                        .map(|part| &self.seen.tables[name].outputs[part.output]);
                    outputs.map(|it| (it.id.clone(), (name.clone(), it.stem.clone())))
                });
                self.known.published_at = places.collect();
                self.known.published = Some(Published {
                    listed_ms: self.seen.now_ms,
                    outputs,
                });
            }
        }
        let retire = verdict.retire.iter();
        let gone: BTreeSet<_> = retire
            .map(|it| (it.table.as_str(), it.stem.as_str(), &it.id))
            .collect();
        for (name, table) in &mut self.seen.tables {
            let stays = |stem: &str, id: &PartId| !gone.contains(&(name.as_str(), stem, id));
            table.outputs.retain(|output| stays(&output.stem, &output.id));
            table.failures.retain(|failure| stays(&failure.stem, &failure.id));
        }
    }

    fn filled<'v>(&self, verdict: &'v Verdict) -> impl Iterator<Item = (&'v String, &'v Choice)> + use<'v> {
        verdict
            .tables
            .iter()
            .filter(|(_, choice)| !choice.parts.is_empty())
    }

    /// The chosen outputs as `table/stem content profile`, in order; what is gone has `gone` behind it.
    pub(super) fn chosen(&self, verdict: &Verdict) -> Vec<String> {
        let mut chosen = Vec::new();
        for (name, choice) in &verdict.tables {
            for part in &choice.parts {
                let output = &self.seen.tables[name].outputs[part.output];
                let Footer::Sound(facts) = &self.footers[&output.id] else {
                    panic!("{} is damaged", output.stem)
                };
                let content = facts.source_etag.rsplit('-').next().unwrap();
                let of = ["p", "q", "r"]
                    .into_iter()
                    .find(|it| profile(it).as_str() == &*facts.profile);
                let gone = if part.source.is_none() { " gone" } else { "" };
                chosen.push(format!("{name}/{} {content} {}{gone}", output.stem, of.unwrap()));
            }
        }
        chosen.sort();
        chosen
    }
}

/// The codes of remarks, in order.
pub(super) fn codes(remarks: &[crate::day::Remark]) -> Vec<&str> {
    remarks.iter().map(|remark| remark.code.as_str()).collect()
}
