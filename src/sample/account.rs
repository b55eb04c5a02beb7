//! The account: which records exist on which day, and what each of their values was and when.
//!
//! Nothing is stored. A record is a function of the seed, its kind and its number, so that tables agree with each
//! other, days can be written side by side, and memory stays flat.

use super::calendar::{DAY_MS, HOUR_MS, MINUTE_MS};
use super::kinds::{KINDS, Kind};
use super::pipelines;
use super::properties::Source;
use super::random::Random;
use super::text;

/// The account on all its days.
#[derive(Clone, Debug)]
pub struct Account {
    seed: u64,
    contacts: u64,
    first_day: i64,
    days: usize,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Where its kind is in [`KINDS`].
    pub kind: usize,
    /// Its number among its kind.
    pub number: u64,
    /// OBJECTID.
    pub id: i64,
    /// When it was created.
    pub created_ms: i64,
}

/// One value of a property, current or past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Since when.
    pub since_ms: i64,
    /// The value; None is NULL, and empty is not.
    pub text: Option<String>,
}

/// All values of one record up to a day, reused from record to record.
#[derive(Debug, Default)]
pub struct Values {
    /// One list a property of the kind, oldest first; empty where the property was never set.
    pub of_property: Vec<Vec<Value>>,
    /// When the record last changed.
    pub updated_ms: i64,
}

// What a choice is about, so that no two share their chance.
const CREATED: u64 = 1;
const DELETED: u64 = 2;
const SET: u64 = 3;
const CHANGED: u64 = 4;
const VALUE: u64 = 5;
const INGESTED: u64 = 6;
const RELATED: u64 = 7;
const PIPELINE: u64 = 8;

/// Past values kept of a contact's property; HubSpot's S3 article says 45 for contacts, 20 for all others.
pub const HISTORY_OF_CONTACTS_MAX: usize = 45;
/// Past values kept of any other record's property.
pub const HISTORY_OF_OTHERS_MAX: usize = 20;

impl Account {
    /// An account with so many contacts on its first day (days since 1970).
    pub fn new(seed: u64, contacts: u64, first_day: i64, days: usize) -> Self {
        Account {
            seed,
            contacts,
            first_day,
            days,
        }
    }

    /// Days since 1970 of a day, 0 the first.
    pub fn date(&self, day: usize) -> i64 {
        self.first_day + day as i64
    }

    /// Up to when a day's folder knows the account: 01:00 UTC of that day.
    pub fn cutoff_ms(&self, day: usize) -> i64 {
        self.date(day) * DAY_MS + HOUR_MS
    }

    /// Records of a kind that were ever created up to a day.
    pub fn count(&self, kind: usize, day: usize) -> u64 {
        self.count_at_first(kind) + self.new_per_day(kind) * day as u64
    }

    /// Records of a kind on the first day.
    pub fn count_at_first(&self, kind: usize) -> u64 {
        (self.contacts * KINDS[kind].per_mille / 1_000).max(KINDS[kind].count_min)
    }

    /// Owners; all of them exist on every day.
    pub fn owners(&self) -> u64 {
        (12 + self.contacts / 5_000).min(200)
    }

    /// OWNERID.
    pub fn owner_id(&self, owner: u64) -> i64 {
        45_120_000 + owner as i64 * 7_919
    }

    /// A record that exists on a day, or None.
    pub fn record(&self, kind: usize, number: u64, day: usize) -> Option<Record> {
        if number >= self.count(kind, day) || self.is_deleted(kind, number, day) {
            return None;
        }
        Some(Record {
            kind,
            number,
            id: KINDS[kind].first_id + number as i64 * 50,
            created_ms: self.created_ms(kind, number),
        })
    }

    /// All records of a kind on a day.
    pub fn records(&self, kind: usize, day: usize) -> impl Iterator<Item = Record> + '_ {
        (0..self.count(kind, day)).filter_map(move |number| self.record(kind, number, day))
    }

    /// One of the records of a kind that were there on the first day, the same on each day; None if it is deleted by now.
    pub fn related(&self, tags: &[u64], kind: usize, day: usize) -> Option<Record> {
        let mut random = self.random(RELATED, tags);
        let number = random.below(self.count_at_first(kind));
        self.record(kind, number, day)
    }

    /// When a row that changed at an instant reached the share: some minutes later, the same on each day.
    pub fn ingested_ms(&self, changed_ms: i64, id: i64) -> i64 {
        let mut random = self.random(INGESTED, &[changed_ms as u64, id as u64]);
        changed_ms + random.between(2 * MINUTE_MS, 45 * MINUTE_MS)
    }

    /// Chance for something else, named by tags of the caller's own.
    pub fn random(&self, what: u64, tags: &[u64]) -> Random {
        let mut place = [what, 0, 0, 0, 0, 0];
        for (slot, tag) in place.iter_mut().skip(1).zip(tags) {
            *slot = *tag;
        }
        Random::at(self.seed, &place)
    }

    /// Fills `values` with all values of a record up to a day.
    pub fn values(&self, record: &Record, day: usize, values: &mut Values) {
        let kind = &KINDS[record.kind];
        values.of_property.resize_with(kind.properties.len(), Vec::new);
        values.updated_ms = record.created_ms;
        for (place, property) in kind.properties.iter().enumerate() {
            let list = &mut values.of_property[place];
            list.clear();
            if property.since_day <= day && property.source != Source::ModifiedAt {
                self.values_of(record, place, day, list);
            }
            if let Some(last) = list.last() {
                values.updated_ms = values.updated_ms.max(last.since_ms);
            }
        }
        for (place, property) in kind.properties.iter().enumerate() {
            if property.source == Source::ModifiedAt {
                let text = Some(values.updated_ms.to_string());
                values.of_property[place].push(Value {
                    since_ms: values.updated_ms,
                    text,
                });
            }
        }
    }

    /// The current text of one property on a day, if it is set.
    pub fn current(&self, record: &Record, name: &str, day: usize) -> Option<String> {
        let place = KINDS[record.kind]
            .properties
            .iter()
            .position(|property| property.name == name)?;
        let mut list = Vec::new();
        self.values_of(record, place, day, &mut list);
        list.pop()?.text
    }

    /// The stages that a record of a kind with pipelines goes through.
    fn pipeline(&self, kind: &Kind, record: &Record) -> Option<&'static pipelines::Pipeline> {
        let count = pipelines::of(kind.type_id).count() as u64;
        let mut random = self.random(PIPELINE, &[record.kind as u64, record.number]);
        // Most records are in the first pipeline.
        let place = if random.chance(650) {
            0
        } else {
            random.below(count)
        };
        pipelines::of(kind.type_id).nth(place as usize)
    }

    fn values_of(&self, record: &Record, place: usize, day: usize, list: &mut Vec<Value>) {
        let kind = &KINDS[record.kind];
        let property = &kind.properties[place];
        let tags = [record.kind as u64, record.number, place as u64];
        let first_ms = match property.since_day {
            0 => record.created_ms,
            since => record.created_ms.max(self.date(since) * DAY_MS),
        };
        let mut set = self.random(SET, &tags);
        // However small the account is, it has each odd text.
        let always = matches!(property.source, Source::Odd | Source::OddBare)
            && record.number < text::ODD.len() as u64;
        if !set.chance(property.set_per_mille) && !always {
            // Never set: most often there is no row at all, else an empty value, or NULL.
            match set.below(10) {
                _ if property.since_day > 0 => {}
                0..=5 => {}
                6..=8 => list.push(Value {
                    since_ms: first_ms,
                    text: Some(String::new()),
                }),
                _ => list.push(Value {
                    since_ms: first_ms,
                    text: None,
                }),
            }
            return;
        }
        self.change_times(record, place, first_ms, day, list);
        for (step, value) in list.iter_mut().enumerate() {
            value.text = self.text(record, place, step as u64, value.since_ms);
        }
        // What stays the same is no change.
        list.dedup_by(|later, earlier| later.text == earlier.text);
    }

    /// The first value's time, then each change's, in order.
    fn change_times(&self, record: &Record, place: usize, first_ms: i64, day: usize, list: &mut Vec<Value>) {
        let property = &KINDS[record.kind].properties[place];
        let tags = [record.kind as u64, record.number, place as u64];
        let at = |since_ms| Value { since_ms, text: None };
        list.push(at(first_ms));
        let mut random = self.random(CHANGED, &tags);
        let mut changes = random.below(property.changes.before_max + 1);
        if property.changes.before_max >= 5 && record.number % 97 == 5 {
            // A few have more than HubSpot keeps.
            changes = 60;
        }
        let cutoff = self.cutoff_ms(0);
        if first_ms < cutoff {
            for _ in 0..changes {
                list.push(at(random.between(first_ms + 1, cutoff)));
            }
        }
        for later in 1..=day {
            let mut random = self.random(CHANGED, &[tags[0], tags[1], tags[2], later as u64]);
            // One known record of each kind changes every day, however small the account is.
            let always = record.number == 1 && property.changes.daily_per_mille >= 60;
            let (from, to) = (self.cutoff_ms(later - 1).max(first_ms + 1), self.cutoff_ms(later));
            if (random.chance(property.changes.daily_per_mille) || always) && from < to {
                list.push(at(random.between(from, to)));
            }
        }
        list.sort_by_key(|value| value.since_ms);
        list.dedup_by_key(|value| value.since_ms);
    }

    fn text(&self, record: &Record, place: usize, step: u64, since_ms: i64) -> Option<String> {
        let kind = &KINDS[record.kind];
        let property = &kind.properties[place];
        let tags = [record.kind as u64, record.number, place as u64];
        // A value depends on its own time, not on its place: a change that comes later must not alter an earlier one.
        let mut random = self.random(VALUE, &[tags[0], tags[1], tags[2], since_ms as u64]);
        let random = &mut random;
        Some(match property.source {
            Source::ObjectId => record.id.to_string(),
            Source::CreatedAt => record.created_ms.to_string(),
            Source::ModifiedAt => since_ms.to_string(),
            Source::Owner if random.chance(250) => String::new(),
            Source::Owner => self.owner_id(random.below(self.owners())).to_string(),
            Source::Pipeline => self.pipeline(kind, record)?.id.to_owned(),
            Source::Stage => {
                let stages = self.pipeline(kind, record)?.stages;
                let mut start = self.random(PIPELINE, &[tags[0], tags[1], 1]);
                // One known record is won, so that the question for what was won has an answer.
                let place = if record.number == 2 {
                    99
                } else {
                    start.below(stages.len() as u64) + step
                };
                let open = stages.len() as u64 - 2;
                let won = stages.len()
                    - if record.number != 2 && start.chance(400) {
                        1
                    } else {
                        2
                    };
                stages[if place >= open { won } else { place as usize }]
                    .id
                    .to_owned()
            }
            Source::Funnel => {
                let mut start = self.random(VALUE, &[tags[0], tags[1], tags[2]]);
                let place = start.below(property.options.len() as u64 / 2 + 1) + step;
                property.options[(place as usize).min(property.options.len() - 1)]
                    .0
                    .to_owned()
            }
            Source::Option => property.options[random.below(property.options.len() as u64) as usize]
                .0
                .to_owned(),
            Source::Bool => random.chance(300).to_string(),
            Source::Amount if random.chance(60) => String::new(),
            Source::Amount => match random.below(8) {
                0 => random.below(100_000).to_string(),
                1 => format!("-{}.{:02}", random.below(500), random.below(100)),
                _ => format!("{}.{:02}", random.below(250_000), random.below(100)),
            },
            Source::Counter => step.to_string(),
            Source::Below(limit) => random.below(limit).to_string(),
            Source::Later => random
                .between(record.created_ms, self.cutoff_ms(0) + 60 * DAY_MS)
                .to_string(),
            Source::Day => (random.between(-10_000, self.first_day) * DAY_MS).to_string(),
            Source::FirstName => text::first_name(random),
            Source::LastName => text::last_name(random),
            Source::Email => text::email(random),
            Source::Phone => text::phone(random),
            Source::Street => text::street(random),
            Source::City => text::city(random),
            Source::Digits => format!("{:05}", random.below(30_000)),
            Source::Company => text::company(random),
            Source::Domain => text::domain(random),
            Source::Title => text::title(random),
            Source::Notes => text::notes(random),
            Source::Odd => odd(record.number, text::ODD),
            Source::OddBare => odd(record.number, &text::ODD[..text::ODD_WITH_LEADING_QUOTE]),
            Source::Json => format!(
                "{{\"topics\":[\"{}\",\"a, \\\"b\\\"\"],\"n\":{},\"nested\":{{\"on\":{},\"off\":null}}}}",
                text::city(random),
                random.below(1_000),
                random.chance(500)
            ),
            Source::Coordinates => {
                format!(
                    "{{\"lat\":{}.{:06},\"lng\":-{}.{:06}}}",
                    random.below(90),
                    random.below(1_000_000),
                    random.below(180),
                    random.below(1_000_000)
                )
            }
        })
    }

    fn new_per_day(&self, kind: usize) -> u64 {
        (self.count_at_first(kind) / 60).max(1)
    }

    fn created_ms(&self, kind: usize, number: u64) -> i64 {
        let old = self.count_at_first(kind);
        let mut random = self.random(CREATED, &[kind as u64, number]);
        if number >= old {
            let day = 1 + ((number - old) / self.new_per_day(kind)) as usize;
            return random.between(self.cutoff_ms(day - 1), self.cutoff_ms(day) - HOUR_MS);
        }
        // Spread over three years, in order, up to two days before the first folder.
        let span = 1_095 * DAY_MS;
        let end = self.cutoff_ms(0) - 2 * DAY_MS;
        let step = span / old as i64;
        end - span + number as i64 * step + random.between(0, step)
    }

    fn is_deleted(&self, kind: usize, number: u64, day: usize) -> bool {
        // The first three stay, so that what is promised of them holds on each day.
        if day == 0 || number < 3 || number >= self.count_at_first(kind) {
            return false;
        }
        if number == 3 {
            // However small the account is, something of each kind goes on the second day.
            return true;
        }
        let mut random = self.random(DELETED, &[kind as u64, number]);
        let leaves = random.chance(5 * self.days as u64);
        leaves && random.below(self.days as u64) < day as u64
    }
}

/// One odd text after the other, so that each occurs.
fn odd(number: u64, list: &[&str]) -> String {
    list[(number % list.len() as u64) as usize].to_owned()
}
