//! What the contract says of a day, of the listings it was computed from, and of what is published.

use std::collections::{BTreeMap, BTreeSet};

use md5::Digest;
use serde_json::Value;

use super::BAD;
use super::live::Live;
use super::told::Told;
use super::written::{links, of_day};
use crate::lake::Lake;
use crate::support::LANDING;

/// Sources: ETag and last-modified.
pub type Landing = BTreeMap<String, (String, i64)>;

/// Of one revision.
#[derive(Clone, Debug)]
pub struct Said {
    pub state: String,
    pub late: bool,
    /// When it was computed, whatever S3's clock showed.
    listed_ms: i64,
    /// What the clock showed.
    dated_ms: i64,
    pub published: Option<u64>,
    /// By table.
    pub tables: BTreeMap<String, Vec<Named>>,
}

impl Said {
    /// Whether it is of a day that is published with it.
    pub fn is_whole(&self) -> bool {
        self.state == "complete" || self.state == "archived"
    }
}

/// A part of a revision.
#[derive(Clone, Debug)]
pub struct Named {
    pub source: String,
    pub etag: String,
    came_ms: i64,
    pub output: String,
    /// Records read and rows written.
    pub counts: [i64; 2],
}

#[derive(Debug)]
pub struct Model {
    /// Every state of the landing bucket.
    landings: Vec<Landing>,
    /// The state that the listings of the oldest running sweep may show.
    held: Option<usize>,
    checked: usize,
    /// By date and number.
    said: BTreeMap<(String, u64), Said>,
    /// Whole revisions of dates whose history was lost, and whose symlinks were not.
    lost: BTreeMap<String, Vec<Said>>,
    /// How far S3's clock is ahead.
    pub ahead_ms: i64,
    /// Dates that something happened to since a sweep, deletions aside.
    touched: BTreeSet<String>,
    /// What was written of each complete date when it was swept last.
    settled: BTreeMap<String, BTreeMap<String, String>>,
    outputs: BTreeSet<String>,
    /// Folders and tables of which a part was deleted or replaced: the listing does not say when they began.
    purged: BTreeSet<(String, String)>,
    /// The newest revisions of complete dates when settings put the landing bucket elsewhere.
    hidden: BTreeMap<String, u64>,
    live: Live,
    told: Told,
}

impl Default for Model {
    fn default() -> Self {
        Model {
            landings: vec![Landing::new()],
            held: None,
            checked: 0,
            said: BTreeMap::new(),
            lost: BTreeMap::new(),
            ahead_ms: 0,
            touched: BTreeSet::new(),
            settled: BTreeMap::new(),
            outputs: BTreeSet::new(),
            purged: BTreeSet::new(),
            hidden: BTreeMap::new(),
            live: Live::default(),
            told: Told::default(),
        }
    }
}

/// `2026-11-22` and `20261122` alike.
pub fn date_of(key: &str) -> String {
    let digits: String = key.split('/').nth(1).unwrap().replace('-', "");
    format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..])
}

pub fn folder_of(key: &str) -> &str {
    key.split('/').nth(1).unwrap()
}

pub fn table_of(key: &str) -> String {
    key.split('/').nth(2).unwrap().to_lowercase()
}

pub fn date_in(key: &str) -> Option<&str> {
    key.split("/date=").nth(1)?.get(..10)
}

/// Whether Parquet lies in the table and day of its source.
pub fn belongs(output: &str, source: &str) -> bool {
    output.starts_with(&format!(
        "lake/table={}/date={}/",
        table_of(source),
        date_of(source)
    ))
}

impl Model {
    /// Something happens to a key.
    pub fn touch(&mut self, key: &str) {
        self.touched.insert(date_of(key));
    }

    /// Looks at the landing bucket, which has changed.
    pub async fn look(&mut self, lake: &Lake) {
        let list = lake
            .world
            .client
            .list_objects_v2()
            .bucket(LANDING)
            .send()
            .await
            .unwrap();
        let objects = list.contents.unwrap_or_default().into_iter();
        let landing = objects.map(|object| {
            let etag = object.e_tag.unwrap().trim_matches('"').to_owned();
            let came_ms = object.last_modified.unwrap().to_millis().unwrap();
            (object.key.unwrap(), (etag, came_ms))
        });
        self.see(landing.collect());
    }

    /// All manifests of a date are lost; where its symlinks are not, they tell what was published. What is told of it begins anew.
    pub fn lose(&mut self, date: &str, keeps_symlinks: bool, keeps_ledgers: bool) {
        let said = std::mem::take(&mut self.said);
        let (of_date, others): (BTreeMap<_, _>, _) = said.into_iter().partition(|((on, _), _)| on == date);
        self.said = others;
        let whole = of_date.into_values().filter(Said::is_whole);
        let lost = self.lost.entry(date.to_owned()).or_default();
        lost.extend(whole);
        if !keeps_symlinks {
            lost.clear();
        }
        if !keeps_ledgers {
            self.live.lose_ledgers(date);
        }
        self.told.lose(date);
        self.settled.remove(date);
        self.touched.insert(date.to_owned());
    }

    /// Whether a date has Parquet of which the source is gone.
    pub async fn is_purged(&self, lake: &Lake, date: &str) -> bool {
        let landing = self.landings.last().unwrap();
        for key in lake.under(&["table="]).await.into_keys() {
            if date_in(&key) == Some(date) && !landing.contains_key(&lake.world.footer(&key).await.source_key)
            {
                return true;
            }
        }
        false
    }

    /// What was whole of a date when its history was lost.
    fn of_lost(&self, date: &str) -> impl Iterator<Item = &Said> {
        self.lost.get(date).into_iter().flatten()
    }

    /// Settings put the landing bucket elsewhere, where nothing is.
    pub async fn hide(&mut self, lake: &Lake) {
        self.look(lake).await;
        let dates: BTreeSet<String> = self.said.keys().map(|(date, _)| date.clone()).collect();
        // What happened and was not swept yet is still to be found when they put it back.
        let newest = dates
            .into_iter()
            .filter(|date| !self.touched.contains(date))
            .filter_map(|date| Some((date.clone(), self.newest(&date)?)));
        self.hidden = newest.collect();
        self.see(Landing::new());
    }

    /// They put it back. A day that was judged without its sources has them again; nothing happens to others.
    pub async fn show(&mut self, lake: &Lake) {
        self.look(lake).await;
        for key in self.landing() {
            let date = date_of(&key);
            let before = self.hidden.get(&date).copied();
            if before.is_none() || self.newest(&date) != before {
                self.touched.insert(date);
            }
        }
    }

    /// The newest revision, if it is complete.
    fn newest(&self, date: &str) -> Option<u64> {
        let newest = self.revisions(date).last();
        newest
            .filter(|(_, said)| said.state == "complete")
            .map(|(number, _)| number)
    }

    fn see(&mut self, landing: Landing) {
        for (key, before) in self.landings.last().unwrap() {
            if landing.get(key) != Some(before) {
                self.purged.insert((folder_of(key).to_owned(), table_of(key)));
            }
        }
        self.landings.push(landing);
    }

    pub fn landing(&self) -> Vec<String> {
        self.landings.last().unwrap().keys().cloned().collect()
    }

    /// A sweep begins that will stand still.
    pub fn hold(&mut self) {
        self.disturb();
        self.held = Some(self.landings.len() - 1);
    }

    /// It goes on, and may write what it saw then.
    pub fn let_go(&mut self) {
        self.disturb();
        let held = self.held.take();
        self.checked = self.checked.min(held.unwrap_or(self.checked));
    }

    /// A sweep may end before it has written down what it told, or another one tell the same.
    pub fn disturb(&mut self) {
        self.told.disturb();
    }

    /// What holds after every step.
    pub async fn check(&mut self, lake: &Lake, holds: bool) {
        let all = lake.under(&[""]).await;
        self.see_outputs(&all);
        let new = self.read_revisions(lake, &all).await;
        // A revision was computed from a state between the last check and now, or from what a held sweep saw.
        let from = self.held.map_or(self.checked, |held| held.min(self.checked));
        for (date, number) in new {
            self.check_revision(&date, number, from, &all);
        }
        self.live.check(lake, &all, &self.landings[from..]).await;
        self.live.check_ledgers(lake, &all, &self.said).await;
        self.told.hear(lake, &self.said);
        for (key, date, table, files) in links(lake, &all).await {
            let mut kept: Vec<&Said> = self.revisions(&date).map(|(_, said)| said).collect();
            kept.extend(self.of_lost(&date));
            let outputs = |said: &Said| -> BTreeSet<String> {
                let parts = said.tables.get(&table).into_iter().flatten();
                parts.map(|part| part.output.clone()).collect()
            };
            let known = kept
                .iter()
                .filter(|said| said.is_whole())
                .any(|said| outputs(said) == files);
            assert!(known, "{key} is of no revision: {files:?}");
            for file in &files {
                assert!(all.contains_key(file), "{key} names {file}, which is not there");
            }
            let sources: BTreeSet<&str> = kept
                .iter()
                .flat_map(|said| said.tables.get(&table).into_iter().flatten())
                .filter(|part| files.contains(&part.output))
                .map(|part| part.source.as_str())
                .collect();
            assert_eq!(sources.len(), files.len(), "{key} names a source twice");
        }
        for (date, before) in &self.settled {
            if !self.touched.contains(date) {
                assert_eq!(of_day(&all, date), *before, "nothing happened to {date}");
            }
        }
        if !holds {
            self.checked = self.landings.len() - 1;
        }
    }

    /// What holds after a sweep that nothing disturbed. It began at `now_ms` by S3's clock, and left some days to the next.
    pub async fn check_swept(&mut self, lake: &Lake, holds: bool, now_ms: i64, left: &BTreeSet<String>) {
        self.check(lake, holds).await;
        let all = lake.under(&[""]).await;
        let published = links(lake, &all).await;
        let newest = published.iter().map(|(_, date, ..)| date).max();
        assert_eq!(
            lake.latest().await.as_ref(),
            newest,
            "the newest day that is published"
        );
        self.live.check_swept(self.landings.last().unwrap(), &all, left);
        self.told.all_is_told(&self.said, left);
        let dates: BTreeSet<String> = self.said.keys().map(|(date, _)| date.clone()).collect();
        for date in dates {
            let (_, newest) = self.revisions(&date).last().unwrap();
            let whole = |(_, said): &(u64, &Said)| said.published.is_some() && !said.tables.is_empty();
            let last = self.revisions(&date).filter(whole).last();
            // What a lost history published has no number that is known.
            if last.is_some() || self.of_lost(&date).next().is_none() {
                assert_eq!(
                    newest.published,
                    last.map(|(number, _)| number),
                    "{date}: the last whole revision"
                );
            }
            if let Some((number, said)) = last {
                self.live.check_published_ledger(lake, &date, number).await;
                for (table, parts) in &said.tables {
                    let wanted: BTreeSet<String> = parts.iter().map(|part| part.output.clone()).collect();
                    let found = published.iter().find(|(_, on, of, _)| (on, of) == (&date, table));
                    assert_eq!(
                        found.map(|(.., files)| files),
                        Some(&wanted),
                        "{date} {table} of revision {number}"
                    );
                }
            }
            if left.contains(&date) {
                // S3's clock fell back, so that this sweep seems older than what it finds. Whatever happened is still owed.
                assert!(newest.dated_ms > now_ms, "{date} is left without need");
                continue;
            }
            if newest.is_whole() {
                self.settled.insert(date.clone(), of_day(&all, &date));
                self.touched.remove(&date);
            } else {
                self.settled.remove(&date);
            }
        }
    }

    /// What holds once nothing has happened for long enough.
    pub async fn check_rest(&mut self, lake: &Lake) {
        let all = lake.under(&[""]).await;
        let landing = self.landings.last().unwrap().clone();
        let digest = md5::Md5::digest(BAD);
        let refused: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let dates: BTreeSet<String> = landing.keys().map(|key| date_of(key)).collect();
        for date in dates {
            let mut of_date = landing.iter().filter(|(key, _)| date_of(key) == date);
            if of_date.any(|(_, (etag, _))| *etag == refused) {
                continue;
            }
            let (number, newest) = self.revisions(&date).last().expect("a date has a revision");
            // Archived: the newest folder is gone before it was published, and others are not.
            assert!(newest.is_whole(), "{date} revision {number} is {}", newest.state);
            self.whole(&date, number, &landing, &all).unwrap();
        }
    }

    fn revisions<'a>(&'a self, date: &'a str) -> impl Iterator<Item = (u64, &'a Said)> {
        let of_date = self.said.iter().filter(move |((on, _), _)| on == date);
        of_date.map(|((_, number), said)| (*number, said))
    }

    /// Outputs that came since, whoever made them, are something that happened to their day.
    fn see_outputs(&mut self, all: &BTreeMap<String, String>) {
        self.outputs.retain(|key| all.contains_key(key));
        for key in all.keys() {
            if key.starts_with("lake/table=") && self.outputs.insert(key.clone()) {
                self.touched.insert(date_in(key).unwrap().to_owned());
            }
        }
    }

    async fn read_revisions(&mut self, lake: &Lake, all: &BTreeMap<String, String>) -> Vec<(String, u64)> {
        let mut new = Vec::new();
        for key in all.keys() {
            let Some(name) = key.strip_prefix("lake/manifest/date=") else {
                continue;
            };
            let number = name[10..]
                .strip_prefix("/r")
                .and_then(|name| name.strip_suffix(".json"));
            let Some(number) = number.map(|number| number.parse().unwrap()) else {
                continue;
            };
            let id = (name[..10].to_owned(), number);
            if self.said.contains_key(&id) {
                continue;
            }
            let json: Value = serde_json::from_str(&lake.text(key).await.unwrap()).unwrap();
            self.said.insert(id.clone(), said(&json, self.ahead_ms));
            new.push(id);
        }
        new
    }

    fn check_revision(&self, date: &str, number: u64, from: usize, all: &BTreeMap<String, String>) {
        let said = &self.said[&(date.to_owned(), number)];
        let mut earlier = self.revisions(date).filter(|(earlier, _)| *earlier < number);
        let was_whole = earlier.any(|(_, said)| said.is_whole());
        assert!(
            !(said.late && was_whole),
            "{date} revision {number} is late after it was complete"
        );
        assert!(
            said.state != "reopened" || was_whole || self.of_lost(date).next().is_some(),
            "{date} revision {number} was never complete"
        );
        if !said.is_whole() {
            return;
        }
        let mut why = String::new();
        let landings = &self.landings[from..];
        let holds = landings
            .iter()
            .any(|landing| match self.whole(date, number, landing, all) {
                Ok(()) => true,
                Err(wrong) => {
                    why = wrong;
                    false
                }
            });
        assert!(holds, "{date} revision {number} of no listing: {why}");
    }

    /// Whether a revision says what the contract says of this listing.
    fn whole(
        &self,
        date: &str,
        number: u64,
        landing: &Landing,
        all: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        let said = &self.said[&(date.to_owned(), number)];
        let earlier = self.revisions(date).filter(|(earlier, _)| *earlier < number);
        let before = earlier
            .map(|(_, said)| said)
            .filter(|said| !said.tables.is_empty());
        let (before, is_lost) = match before.last() {
            Some(before) => (Some(before), false),
            None => (self.of_lost(date).last(), true),
        };
        let listed: Vec<(&String, &(String, i64))> =
            landing.iter().filter(|(key, _)| date_of(key) == date).collect();
        let mut tables: BTreeSet<String> = listed.iter().map(|(key, _)| table_of(key)).collect();
        tables.extend(said.tables.keys().cloned());
        tables.extend(before.iter().flat_map(|said| said.tables.keys().cloned()));
        let mut all_sources = BTreeSet::new();
        for table in tables {
            let parts = said.tables.get(&table).map_or(&[][..], Vec::as_slice);
            let folders: BTreeSet<&str> = parts.iter().map(|part| folder_of(&part.source)).collect();
            if folders.len() != 1 {
                return Err(format!("{table} of folders {folders:?}"));
            }
            let mut sources = BTreeSet::new();
            for part in parts {
                sources.insert(&part.source);
                if !all_sources.insert(&part.source) {
                    return Err(format!("{} twice", part.source));
                }
                if (date_of(&part.source).as_str(), &table_of(&part.source)) != (date, &table) {
                    return Err(format!("{} in {table} of {date}", part.source));
                }
                if !all.contains_key(&part.output) {
                    return Err(format!("{} is not there", part.output));
                }
                if landing
                    .get(&part.source)
                    .is_some_and(|(etag, _)| *etag != part.etag)
                {
                    return Err(format!("{} is superseded", part.source));
                }
            }
            let of_table = listed.iter().filter(|(key, _)| table_of(key) == table);
            let newest_ms = parts.iter().map(|part| part.came_ms).max().unwrap();
            let mut others_ms = Vec::new();
            let mut came_since = false;
            for (key, (_, came_ms)) in of_table {
                if folders.contains(folder_of(key)) {
                    if !sources.contains(key) {
                        return Err(format!("{key} is missing"));
                    }
                    came_since |= before.is_none_or(|before| *came_ms > before.listed_ms);
                } else if !self.purged.contains(&(folder_of(key).to_owned(), table.clone())) {
                    others_ms.push(*came_ms);
                }
            }
            // When symlinks were written, which are all that is left, says too late when their files were listed.
            let listed_ms = before.map_or(i64::MIN, |before| match is_lost {
                true => i64::MAX,
                false => before.listed_ms,
            });
            if others_ms
                .iter()
                .min()
                .is_some_and(|began_ms| *began_ms > newest_ms && *began_ms > listed_ms)
            {
                return Err(format!("{table}: another folder is newer"));
            }
            let gone = before.into_iter().flat_map(|before| before.tables.get(&table));
            for part in gone.flatten() {
                let stays = folders.contains(folder_of(&part.source));
                let listed = landing.contains_key(&part.source);
                if stays && !listed && !sources.contains(&part.source) && !came_since {
                    return Err(format!("{} left by deletion alone", part.source));
                }
            }
        }
        Ok(())
    }
}

fn said(json: &Value, ahead_ms: i64) -> Said {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let parts = |table: &Value| -> Vec<Named> {
        let parts = table["parts"].as_array().unwrap().iter();
        let named = |part: &Value| Named {
            source: text(&part["source"]["key"]),
            etag: text(&part["source"]["etag"]),
            came_ms: part["source"]["last_modified_ms"].as_i64().unwrap(),
            output: text(&part["output"]["key"]),
            counts: ["records_read", "rows_written"].map(|count| part[count].as_i64().unwrap()),
        };
        parts.map(named).collect()
    };
    let dated_ms = json["history"]["listed_ms"].as_i64().unwrap();
    let tables = json["content"]["tables"].as_object().into_iter().flatten();
    Said {
        state: text(&json["history"]["state"]),
        late: json["history"]["late"].as_bool().unwrap(),
        // What came in the same millisecond came after it: by such a revision that is told by the last change that it saw.
        listed_ms: dated_ms - ahead_ms - i64::from(ahead_ms > 0),
        dated_ms,
        published: json["history"]["published"].as_u64(),
        tables: tables.map(|(name, table)| (name.clone(), parts(table))).collect(),
    }
}
