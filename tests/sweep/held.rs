//! Days that are held, because their parts contradict each other or an earlier day.

use daymark::app::sweep::Judged;
use daymark::day::State;
use daymark::keys::Leaf;
use daymark::server::operation::Operation;

use crate::lake::{DATE, Lake, key};
use crate::support::{gzip, owners};

/// A part of OWNERS that reads as escaped alone.
fn escaped() -> Vec<u8> {
    gzip("OWNERID,USERID,EMAIL,FIRSTNAME\n1,1,a\\,b,c\n")
}

/// Reads of Parquet since the last look.
fn parquet_read(lake: &Lake) -> usize {
    let faults = lake.world.faults();
    let log = faults.log();
    faults.clear_log();
    let is_read = |call: &daymark::server::operation::Call| {
        call.operation == Operation::GetObject && call.key.starts_with("lake/table=")
    };
    log.iter().filter(|exchange| is_read(&exchange.call)).count()
}

fn told(lake: &Lake) -> [usize; 3] {
    ["Day Complete", "Day Reopened", "Day Blocked"].map(|kind| lake.events(kind))
}

fn stands(day: &Judged) -> (State, Option<u32>, bool, &str) {
    let first = day.reasons.last().map_or("", |reason| reason.code.as_str());
    (day.state, day.revision, day.revised, first)
}

/// A published day that two parts came to, one of which contradicts all others.
async fn held() -> Lake {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.part(DATE, "b", 3).await;
    lake.arrive(&key(DATE, "c"), escaped()).await;
    assert_eq!(lake.day().await.state, State::Reopened);
    let day = lake.quiet_day().await;
    assert_eq!(stands(&day), (State::Blocked, Some(3), true, "dialects_differ"));
    assert_eq!(told(&lake), [1, 1, 1]);
    lake
}

#[tokio::test]
async fn what_holds_a_day_is_read_once() {
    let lake = held().await;
    assert!(parquet_read(&lake) > 0);
    for _ in 0..3 {
        let day = lake.quiet_day().await;
        assert_eq!(stands(&day), (State::Blocked, Some(3), false, "dialects_differ"));
        assert_eq!(parquet_read(&lake), 0);
    }
}

/// To whoever has to do something, nothing has changed.
#[tokio::test]
async fn a_held_day_stays_held_whatever_comes_beside_it() {
    let lake = held().await;
    parquet_read(&lake);
    for name in ["0", "d"] {
        let part = lake.land(&key(DATE, name), owners(1, 3)).await;
        let day = lake.day().await;
        assert_eq!(stands(&day), (State::Blocked, Some(3), false, "dialects_differ"));
        assert_eq!((day.reasons[0].code.as_str(), day.missing), ("parts_waiting", 1));
        lake.convert(&part).await;
        let reads = parquet_read(&lake);
        for day in [lake.day().await, lake.quiet_day().await] {
            assert_eq!(stands(&day), (State::Blocked, Some(3), false, "dialects_differ"));
        }
        assert_eq!((reads, parquet_read(&lake)), (0, 0));
    }
    assert_eq!(told(&lake), [1, 1, 1]);
}

#[tokio::test]
async fn a_held_day_goes_on_once_what_holds_it_is_replaced() {
    let lake = held().await;
    let c = lake.land(&key(DATE, "c"), owners(7, 3)).await;
    let day = lake.day().await;
    assert_eq!(stands(&day), (State::Reopened, Some(4), true, "parts_waiting"));
    lake.convert(&c).await;
    let day = lake.quiet_day().await;
    assert_eq!(stands(&day), (State::Complete, Some(5), true, ""));
    assert_eq!(told(&lake), [2, 2, 1]);
    assert_eq!(lake.published().await.len(), 3);
}

/// It may be damaged, so it is read; and the revision says what it is now.
#[tokio::test]
async fn parquet_that_holds_a_day_and_is_another_object_now_is_read_once_more() {
    let lake = held().await;
    let outputs = lake.under(&["table="]).await;
    for output in outputs.into_keys() {
        let bytes = lake.world.get(&output).await;
        lake.overwrite_in_parts(&output, bytes).await;
    }
    lake.wait(61);
    parquet_read(&lake);
    let day = lake.day().await;
    assert_eq!((day.state, day.revision), (State::Blocked, Some(4)));
    assert!(parquet_read(&lake) > 0);
    assert_eq!(lake.day().await.revision, Some(4));
    assert_eq!(told(&lake), [1, 1, 1]);
}

const TEXT: &str = "ID,X\nx,1\n";

/// X is a number from here on.
const NUMBER: &str = "[[table]]\nname = \"THINGS\"\n[[table.columns]]\nname = \"ID\"\ntype = \"string\"\n\
    [[table.columns]]\nname = \"X\"\ntype = \"bigint\"\n";

#[tokio::test]
async fn a_day_whose_types_contradict_an_earlier_one_stays_held_until_it_is_converted_as_that_one() {
    let mut lake = Lake::new().await;
    let things = |date: &str, name: &str| format!("hubspot/{date}/THINGS/{name}.csv.gz");
    lake.arrive(&things("2026-11-21", "a"), gzip(TEXT)).await;
    lake.wait(61);
    lake.sweep().await;
    lake.configure(&[("CATALOG", NUMBER)]);
    for name in ["a", "b"] {
        lake.arrive(&things(DATE, name), gzip(TEXT)).await;
    }
    let day = lake.quiet_day().await;
    assert_eq!(stands(&day), (State::Blocked, Some(1), true, "types_differ"));
    parquet_read(&lake);
    lake.land(&things(DATE, "c"), gzip(TEXT)).await;
    let day = lake.day().await;
    assert_eq!(stands(&day), (State::Blocked, Some(1), false, "types_differ"));
    lake.wait(11);
    lake.day().await;
    lake.work().await;
    let day = lake.quiet_day().await;
    assert_eq!(stands(&day), (State::Blocked, Some(1), false, "types_differ"));
    // That of the earlier day is of other settings than today's, so no listing says what it is.
    assert_eq!(lake.events("Day Blocked"), 1);

    lake.configure(&[]);
    lake.ask(&format!("{{\"date\": \"{DATE}\", \"reconvert\": true}}"))
        .await
        .unwrap();
    lake.work().await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.published), (State::Complete, day.revision));
    assert_eq!(lake.events("Day Blocked"), 1);
}

/// It would be read as something that holds a day that is not held.
#[tokio::test]
async fn a_revision_of_a_day_that_is_not_blocked_is_held_by_nothing() {
    let lake = held().await;
    let held = lake.revision(3).await["history"]["held"].clone();
    assert_eq!(held.as_array().unwrap().len(), 2, "one of each dialect");
    assert!(lake.revision(2).await["history"].get("held").is_none());
    let mut document = lake.revision(3).await;
    document["history"]["state"] = "reopened".into();
    // As an earlier release wrote it, without the checksum that would tell at once.
    document["version"] = 2.into();
    document.as_object_mut().unwrap().remove("history_sha256");
    lake.overwrite(&lake.leaf(Leaf::Revision(3)), format!("{document}\n"))
        .await;
    lake.day().await;
    assert_eq!(lake.under(&["set-aside/"]).await.len(), 1);
}
