//! Everything that a reader has to cope with is there, and the timeline tells when.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;

use crate::truth::{self, Part};
use crate::{shared, stored, text};

#[test]
fn every_oddity_is_there() {
    let expected = truth::expected(shared());
    let part = |table: &str, day: usize| -> &Part {
        expected
            .parts
            .iter()
            .find(|part| part.table == table && part.date == expected.days[day])
            .unwrap()
    };
    let has = |table: &str, needle: &str| {
        let of_table = expected
            .parts
            .iter()
            .filter(|part| part.table == table && part.refused.is_none());
        let found = of_table
            .into_iter()
            .any(|part| text(part).windows(needle.len()).any(|at| at == needle.as_bytes()));
        assert!(found, "{table} has no {needle:?}");
    };
    // Dialects.
    for (table, dialect) in [
        ("objects", "undecided"),
        ("object_properties", "quoted"),
        ("object_properties_history", "escaped"),
        ("property_definitions", "escaped"),
        ("events_clicked_link_in_email_v2", "escaped"),
        ("events_visited_page", "quoted"),
    ] {
        for part in expected
            .parts
            .iter()
            .filter(|part| part.table == table && part.refused.is_none())
        {
            assert_eq!(part.dialect, dialect, "{}", part.key);
        }
    }
    for part in expected
        .parts
        .iter()
        .filter(|part| part.dialect == "escaped" && part.refused.is_none())
    {
        let text = text(part);
        assert!(
            text.windows(2).any(|at| at == b"\\,"),
            "{} shows its dialect",
            part.key
        );
        assert!(
            !text
                .windows(3)
                .any(|at| at[0] != b'\\' && matches!(at[1..], [b',' | b'\n', b'"'])),
            "{} shows no other dialect",
            part.key
        );
    }
    for needle in [
        ",\\N,",
        ",\"\",",
        "\"\\N\"",
        "\"line\nbreak\"",
        "\"windows\r\nbreak\"",
        "\"old mac\rbreak\"",
        "\"C:\\temp\\new\"",
    ] {
        has("object_properties", needle);
    }
    for needle in [
        ",\\N,",
        ",,",
        ",\\\\N,",
        "line\\\nbreak",
        "windows\\\r\\\nbreak",
        "C:\\\\temp\\\\new",
        "backslash\\\\,",
        "שלום",
    ] {
        has("object_properties_history", needle);
    }
    has("owners", ",,");
    has("object_with_object_properties", "{\"\"email\"\":\"\"");
    has("property_definitions", "[{\"label\":\"Subscriber\"\\,");
    has("pipeline_stages", "NaN");
    has("lists", "\"9007199254740993\"");
    has("lists", "\"\r\n\"");
    // Forms.
    assert!(!part("associations", 0).header);
    assert!(
        expected
            .parts
            .iter()
            .all(|part| part.header != (part.table == "associations"))
    );
    assert!(part("object_with_object_properties", 0).members > 1);
    assert!(part("pipelines", 0).key.ends_with(".csv") && part("pipelines", 0).members == 0);
    assert!(text(part("teams", 0)).starts_with(b"\xef\xbb\xbfTEAMID,"));
    assert!(text(part("pipeline_stages", 0)).starts_with(b"ingestedat,updatedat,"));
    assert!(
        part("object_properties_history", 0)
            .key
            .contains("/OBJECT_PROPERTIES_HISTORY/chunk_0/")
    );
    assert!(text(part("objects", 0)).ends_with(b"\n") && !text(part("objects", 0)).contains(&b'Z'));
    has("teams", ".000 Z\"");
    has("owners", " -0800\"");
    has("list_memberships", "Z\"");
    // Rejects.
    let reasons = |of: &dyn Fn(&Part) -> Vec<String>| -> BTreeSet<String> {
        expected.parts.iter().flat_map(of).collect()
    };
    let cells = reasons(&|part| {
        part.rejected_cells
            .iter()
            .map(|cell| cell.reason.clone())
            .collect()
    });
    assert_eq!(
        cells,
        [
            "no_such_day",
            "no_such_time",
            "not_a_boolean",
            "not_a_timestamp",
            "not_an_integer",
            "out_of_range"
        ]
        .map(String::from)
        .into()
    );
    let records = reasons(&|part| {
        part.rejected_records
            .iter()
            .map(|record| record.reason.clone())
            .collect()
    });
    assert_eq!(records, ["fields", "not_utf8"].map(String::from).into());
    assert!(expected.parts.iter().any(|part| part.empty_lines > 0));
    // What breaks off, and what is gone.
    let refused: Vec<&Part> = expected
        .parts
        .iter()
        .filter(|part| part.refused.is_some())
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(
        (refused[0].refused.as_deref(), &refused[0].date),
        (Some("gzip_truncated"), &expected.days[2])
    );
    let broken = stored(refused[0]);
    let error = flate2::read::MultiGzDecoder::new(broken.as_slice())
        .read_to_end(&mut Vec::new())
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(expected.parts.iter().any(|part| part.table == "owner_team"));
    assert!(
        !expected
            .parts
            .iter()
            .any(|part| part.table == "owner_team" && part.date == expected.days[2])
    );
}

#[test]
fn the_timeline_tells_what_comes_when() {
    let timeline: Vec<BTreeMap<String, serde_json::Value>> =
        serde_json::from_reader(File::open(shared().join("timeline.json")).unwrap()).unwrap();
    let expected = truth::expected(shared());
    let instant =
        |step: &BTreeMap<String, serde_json::Value>| truth::instant_ms(step["at"].as_str().unwrap());
    assert!(
        timeline
            .windows(2)
            .all(|pair| instant(&pair[0]) <= instant(&pair[1]))
    );
    let with = |field: &str, value: &str| {
        timeline
            .iter()
            .filter(|step| step[field] == value)
            .collect::<Vec<_>>()
    };
    let put: BTreeSet<&str> = with("action", "put")
        .iter()
        .map(|step| step["key"].as_str().unwrap())
        .collect();
    assert_eq!(put, expected.parts.iter().map(|part| part.key.as_str()).collect());
    let deleted = with("action", "delete");
    assert_eq!(deleted.len(), 2);
    assert!(
        deleted
            .iter()
            .all(|step| step["key"].as_str().unwrap().contains("/OWNER_TEAM/") && step["note"] == "purged")
    );
    assert_eq!(with("note", "broken").len(), 1);
    let late = with("note", "late");
    assert_eq!(late.len(), 1);
    let key = late[0]["key"].as_str().unwrap();
    assert!(key.starts_with(&format!("hubspot/{}/", expected.days[1])));
    let place = timeline
        .iter()
        .position(|step| step["key"] == late[0]["key"])
        .unwrap();
    assert!(
        instant(&timeline[place]) - instant(&timeline[place - 1]) > 3_600_000,
        "long after the day was quiet"
    );
}
