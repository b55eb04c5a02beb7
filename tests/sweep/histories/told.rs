//! Events, as the contract has them: which are due follows from the states of a day's revisions alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::model::Said;
use crate::lake::Lake;

/// What is told of a revision: its number, and the event's kind.
type Due = (u64, &'static str);

/// The events that the revisions of one day are due, in their order.
fn due<'a>(revisions: impl Iterator<Item = (u64, &'a Said)>) -> Vec<Due> {
    let (mut state, mut late, mut due) = ("", false, Vec::new());
    for (number, said) in revisions {
        match said.state.as_str() {
            "complete" => due.push((number, "Day Complete")),
            "reopened" if state != "reopened" => due.push((number, "Day Reopened")),
            "blocked" if state != "blocked" => due.push((number, "Day Blocked")),
            _ => {}
        }
        if said.late && !late {
            due.push((number, "Day Late"));
        }
        (state, late) = (&said.state, said.late);
    }
    due
}

/// What was told.
#[derive(Debug, Default)]
pub struct Told {
    /// Events that were looked at.
    heard: usize,
    /// Details by date and what they tell.
    details: BTreeMap<(String, Due), String>,
    /// How many of what is due of a date were told.
    first: BTreeMap<String, usize>,
    /// Whether a sweep may have ended between an event and the marker that it was told.
    disturbed: bool,
}

impl Told {
    /// From here on something may be told that was told before.
    pub fn disturb(&mut self) {
        self.disturbed = true;
    }

    /// The history of a date is lost, and with it what was told.
    pub fn lose(&mut self, date: &str) {
        self.details.retain(|(on, _), _| on != date);
        self.first.remove(date);
    }

    /// What was told since: nothing that did not happen, all in its order, and once unless a sweep was cut off.
    pub fn hear(&mut self, lake: &Lake, said: &BTreeMap<(String, u64), Said>) {
        let events = lake.told_events();
        for (kind, text) in events.into_iter().skip(self.heard) {
            self.heard += 1;
            let detail: Value = serde_json::from_str(&text).unwrap();
            let date = detail["date"].as_str().unwrap().to_owned();
            let number = detail["revision"].as_u64().unwrap();
            let due = due(revisions(said, &date));
            let place = due.iter().position(|due| *due == (number, kind.as_str()));
            let Some(place) = place else {
                panic!("{kind} of {date} revision {number} did not happen, only {due:?}");
            };
            self.look_into(&detail, said);
            let told = self.first.entry(date.clone()).or_default();
            match self.details.get(&(date.clone(), due[place])) {
                None => {
                    assert_eq!(place, *told, "{kind} of {date} revision {number} out of {due:?}");
                    *told += 1;
                    self.details.insert((date, due[place]), text);
                }
                Some(before) => {
                    assert!(self.disturbed, "{kind} of {date} revision {number} is told again");
                    assert_eq!(*before, text, "what is told again");
                }
            }
        }
    }

    /// What an event says is what its revision says, and that one's counts are the sums of each other.
    fn look_into(&self, detail: &Value, said: &BTreeMap<(String, u64), Said>) {
        let (date, number) = (
            detail["date"].as_str().unwrap(),
            detail["revision"].as_u64().unwrap(),
        );
        let is_there = |number: u64| said.contains_key(&(date.to_owned(), number));
        let said = &said[&(date.to_owned(), number)];
        assert_eq!(detail["state"], *said.state);
        assert_eq!(detail["published"].as_u64(), said.published);
        // Without the revision that is published nothing tells what it counted.
        let is_counted = said.published.is_some_and(is_there);
        assert_eq!(detail["totals"].is_null(), !is_counted, "{detail}");
        let progress = &detail["progress"];
        assert_eq!(progress.is_null(), said.is_whole(), "{detail}");
        if let Some(parts) = progress["parts"].as_u64() {
            let [converted, waiting, failed] = ["converted", "waiting", "failed"]
                .map(|of| progress[format!("parts_{of}")].as_u64().unwrap());
            assert_eq!(parts, converted + waiting, "{detail}");
            assert!(failed <= waiting, "{detail}");
        }
    }

    /// After a sweep that nothing disturbed all is told, but of the days that it left to the next.
    pub fn all_is_told(&mut self, said: &BTreeMap<(String, u64), Said>, left: &BTreeSet<String>) {
        let dates: BTreeSet<&String> = said.keys().map(|(date, _)| date).collect();
        for date in dates {
            let due = due(revisions(said, date));
            let told = self.first.get(date).copied().unwrap_or_default();
            assert!(
                left.contains(date) || told == due.len(),
                "{date}: {told} were told of {due:?}"
            );
        }
        self.disturbed &= !left.is_empty();
    }
}

fn revisions<'a>(
    said: &'a BTreeMap<(String, u64), Said>,
    date: &'a str,
) -> impl Iterator<Item = (u64, &'a Said)> {
    let of_date = said.iter().filter(move |((on, _), _)| on == date);
    of_date.map(|((_, number), said)| (*number, said))
}
