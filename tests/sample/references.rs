//! Tables agree with each other, and days differ as they would.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::truth::{self, Value};
use crate::{key, number, rows, shared, words};

#[test]
fn every_reference_resolves_on_every_day() {
    for day in 0..3 {
        let all = rows(day, "objects");
        let objects = unique(
            all.iter()
                .filter(|row| number(row, "objectid").is_some())
                .map(|row| key(row, "objecttypeid", "objectid")),
        );
        let types: HashSet<String> = unique(
            rows(day, "object_and_event_type_definitions")
                .iter()
                .map(|row| words(row, "objecttypeid").to_owned()),
        );
        assert!(objects.iter().all(|(kind, _)| types.contains(kind)));
        let kinds: HashSet<&String> = objects.iter().map(|(kind, _)| kind).collect();
        assert_eq!(
            kinds.len(),
            types
                .iter()
                .filter(|kind| !kind.starts_with("4-") && !kind.starts_with("6-"))
                .count()
        );

        let documents = unique(
            rows(day, "object_with_object_properties")
                .iter()
                .map(|row| key(row, "objecttypeid", "objectid")),
        );
        assert_eq!(documents, objects);

        let definitions = rows(day, "property_definitions");
        let defined = unique(
            definitions
                .iter()
                .map(|row| (words(row, "objecttypeid"), words(row, "name"))),
        );
        assert!(defined.iter().all(|(kind, _)| types.contains(*kind)));
        let owners: HashSet<i64> = unique(
            rows(day, "owners")
                .iter()
                .map(|row| number(row, "ownerid").unwrap()),
        );
        let stages = rows(day, "pipeline_stages");
        let stage_keys = unique(stages.iter().map(|row| {
            (
                words(row, "objecttypeid"),
                words(row, "pipelineid"),
                words(row, "stageid"),
            )
        }));
        let pipelines = rows(day, "pipelines");
        let pipelines = unique(
            pipelines
                .iter()
                .map(|row| (words(row, "objecttypeid"), words(row, "pipelineid"))),
        );
        assert!(
            stage_keys
                .iter()
                .all(|(kind, pipeline, _)| pipelines.contains(&(*kind, *pipeline)))
        );

        let mut pipeline_of: HashMap<(String, i64), String> = HashMap::new();
        for table in ["object_properties", "object_properties_history"] {
            for row in &rows(day, table) {
                let object = key(row, "objecttypeid", "objectid");
                let (kind, name) = (object.0.as_str(), words(row, "name"));
                assert!(objects.contains(&object), "{table}: {object:?}");
                assert!(defined.contains(&(kind, name)), "{table}: {kind} {name}");
                let Value::Text(value) = &row.cells["value"] else {
                    continue;
                };
                match name {
                    "hubspot_owner_id" if !value.is_empty() => {
                        assert!(owners.contains(&value.parse().unwrap()))
                    }
                    "pipeline" | "hs_pipeline" => {
                        assert!(pipelines.contains(&(kind, value)));
                        pipeline_of.insert(object, value.clone());
                    }
                    "dealstage" | "hs_pipeline_stage" => {
                        let pipeline = &pipeline_of[&object];
                        assert!(stage_keys.contains(&(kind, pipeline, value)));
                    }
                    _ => {}
                }
            }
        }

        let links = rows(day, "association_definitions");
        let links: HashMap<&str, (&str, &str)> = links
            .iter()
            .map(|row| {
                let ends = (words(row, "fromobjecttypeid"), words(row, "toobjecttypeid"));
                (words(row, "combinedassociationtypeid"), ends)
            })
            .collect();
        let mut used = HashSet::new();
        let mut pairs = HashSet::new();
        for row in &rows(day, "associations") {
            let (from, to) = (
                key(row, "fromobjecttypeid", "fromobjectid"),
                key(row, "toobjecttypeid", "toobjectid"),
            );
            assert!(objects.contains(&from) && objects.contains(&to));
            let combined = words(row, "combinedassociationtypeid").to_owned();
            assert_eq!(links[combined.as_str()], (from.0.as_str(), to.0.as_str()));
            assert!(
                pairs.insert((combined.clone(), from.1, to.1)),
                "the key is unique"
            );
            used.insert(combined);
        }
        assert_eq!(used.len(), links.len(), "each type of link has a row");

        let mut members: HashMap<i64, i64> = HashMap::new();
        unique(rows(day, "list_memberships").iter().map(|row| {
            assert!(objects.contains(&key(row, "objecttypeid", "objectid")));
            *members.entry(number(row, "listid").unwrap()).or_default() += 1;
            (number(row, "listid"), number(row, "objectid"))
        }));
        let lists = rows(day, "lists");
        assert!(
            members
                .keys()
                .all(|list| lists.iter().any(|row| number(row, "listid") == Some(*list)))
        );
        for row in &lists {
            let size = members.get(&number(row, "listid").unwrap()).copied().unwrap_or(0);
            assert_eq!(number(row, "size"), Some(size));
        }

        let teams: HashSet<i64> = unique(
            rows(day, "teams")
                .iter()
                .map(|row| number(row, "teamid").unwrap()),
        );
        for row in &rows(day, "teams") {
            assert!(number(row, "parentteamid").is_none_or(|parent| teams.contains(&parent)));
        }
        for row in &rows(day, "owner_team") {
            assert!(
                owners.contains(&number(row, "ownerid").unwrap())
                    && teams.contains(&number(row, "teamid").unwrap())
            );
        }

        for table in truth::expected(shared())
            .tables
            .keys()
            .filter(|table| table.starts_with("events_"))
        {
            let events = rows(day, table);
            unique(events.iter().map(|row| words(row, "id")));
            for row in &events {
                assert!(
                    types.contains(words(row, "eventtypeid"))
                        && objects.contains(&key(row, "objecttypeid", "objectid"))
                );
                for column in row
                    .cells
                    .keys()
                    .filter_map(|column| column.strip_prefix("property_"))
                {
                    assert!(defined.contains(&(words(row, "eventtypeid"), column)), "{column}");
                }
            }
        }
    }
}

#[test]
fn current_values_are_the_newest_of_the_history_and_those_of_the_document() {
    type Newest = HashMap<(String, i64, String), (i64, Value)>;
    let newest = |table: &str| -> Newest {
        let mut newest = HashMap::new();
        for row in rows(1, table) {
            let Value::Instant(since_ms) = row.cells["updatedat"] else {
                continue;
            };
            let (kind, id) = key(&row, "objecttypeid", "objectid");
            let value = (since_ms, row.cells["value"].clone());
            let entry = newest
                .entry((kind, id, words(&row, "name").to_owned()))
                .or_insert_with(|| value.clone());
            if entry.0 < value.0 {
                *entry = value;
            }
        }
        newest
    };
    let (current, history) = (newest("object_properties"), newest("object_properties_history"));
    assert!(history.iter().all(|(key, value)| current[key] == *value));
    assert!(history.len() > current.len() / 2);
    let mut cells = 0;
    for row in rows(1, "object_with_object_properties") {
        let (kind, id) = key(&row, "objecttypeid", "objectid");
        let document: BTreeMap<String, Option<String>> =
            serde_json::from_str(words(&row, "properties")).unwrap();
        for (name, text) in document {
            cells += 1;
            assert_eq!(
                current[&(kind.clone(), id, name)].1,
                text.map_or(Value::Null, Value::Text)
            );
        }
    }
    assert_eq!(cells, current.len());
}

#[test]
fn histories_keep_45_values_of_contacts_and_20_of_others() {
    let mut longest: BTreeMap<bool, usize> = BTreeMap::new();
    let mut counts: HashMap<(String, i64, String), usize> = HashMap::new();
    for row in rows(0, "object_properties_history") {
        let (kind, id) = key(&row, "objecttypeid", "objectid");
        *counts
            .entry((kind, id, words(&row, "name").to_owned()))
            .or_default() += 1;
    }
    for ((kind, _, _), count) in counts {
        let most = longest.entry(kind == "0-1").or_default();
        *most = (*most).max(count);
    }
    assert_eq!(longest, BTreeMap::from([(false, 20), (true, 45)]));
}

#[test]
fn days_differ_as_they_would() {
    let objects = |day| -> HashMap<(String, i64), Value> {
        let all = rows(day, "objects");
        let known = all.iter().filter(|row| number(row, "objectid").is_some());
        known
            .map(|row| {
                (
                    key(row, "objecttypeid", "objectid"),
                    row.cells["updatedat"].clone(),
                )
            })
            .collect()
    };
    for day in 1..3 {
        let (before, after) = (objects(day - 1), objects(day));
        let new = after.keys().filter(|key| !before.contains_key(*key)).count();
        let gone = before.keys().filter(|key| !after.contains_key(*key)).count();
        let changed = after
            .iter()
            .filter(|(key, updated)| before.get(*key).is_some_and(|was| was != *updated))
            .count();
        assert!(
            new > 20 && changed > 20 && changed < after.len() * 3 / 4,
            "{new} {changed} of {}",
            after.len()
        );
        assert!(gone > 20 || day > 1, "{gone}");
    }
    let stage = |day| -> HashMap<i64, String> {
        let all = rows(day, "object_properties");
        let stages = all
            .iter()
            .filter(|row| words(row, "name") == "lifecyclestage" && words(row, "objecttypeid") == "0-1");
        stages
            .map(|row| (number(row, "objectid").unwrap(), words(row, "value").to_owned()))
            .collect()
    };
    let (before, after) = (stage(0), stage(1));
    assert!(
        after
            .iter()
            .any(|(id, stage)| before.get(id).is_some_and(|was| was != stage))
    );
    let won = rows(2, "object_properties")
        .iter()
        .any(|row| row.cells["value"] == Value::Text("closedwon".into()));
    assert!(won);
    assert!(
        !rows(0, "events_visited_page")[0]
            .cells
            .contains_key("property_hs_device_type")
    );
    assert!(
        rows(1, "events_visited_page")[0]
            .cells
            .contains_key("property_hs_device_type")
    );
    assert!(rows(0, "events_trial___started").is_empty() && !rows(1, "events_trial___started").is_empty());
    let city = |day| {
        rows(day, "property_definitions")
            .into_iter()
            .find(|row| words(row, "name") == "city")
            .unwrap()
    };
    assert_eq!(
        (words(&city(0), "label"), words(&city(1), "label")),
        ("City", "Town")
    );
}

#[test]
fn every_property_type_occurs() {
    let all = rows(0, "property_definitions");
    let types: BTreeSet<&str> = all.iter().map(|row| words(row, "type")).collect();
    let wanted = "bool date datetime enumeration json number object_coordinates phone_number string";
    assert_eq!(types, wanted.split_whitespace().collect());
    let mut instants = 0;
    for row in rows(0, "object_properties") {
        let Value::Text(value) = &row.cells["value"] else {
            continue;
        };
        if words(&row, "name") == "createdate" {
            let instant_ms: i64 = value.parse().unwrap();
            assert!((1_600_000_000_000..1_800_000_000_000).contains(&instant_ms));
            instants += 1;
        }
    }
    assert!(instants > 50);
}

fn unique<T: std::hash::Hash + Eq + std::fmt::Debug>(keys: impl Iterator<Item = T>) -> HashSet<T> {
    let mut set = HashSet::new();
    for key in keys {
        let shown = format!("{key:?}");
        assert!(set.insert(key), "{shown} comes twice");
    }
    set
}
