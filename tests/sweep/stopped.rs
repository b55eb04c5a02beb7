//! Sweeps that run out of time, or look at some days only: what they leave, who goes on with it, and what they say of the account.

use daymark::app::sweep::{Report, Sweeper};
use daymark::app::sweep_handler::SweepHandler;
use daymark::day::State;
use daymark::sweep::{Event, Request};
use daymark::telemetry::Metrics;
use serde_json::Value;

use crate::lake::{Lake, key};
use crate::support::{Captured, owners};

const DATES: [&str; 5] = [
    "2026-11-18",
    "2026-11-19",
    "2026-11-20",
    "2026-11-21",
    "2026-11-22",
];

/// What shows how the account's days stand.
const GAUGES: [&str; 5] = [
    "DaysOpen",
    "DaysBlocked",
    "DayOverdue",
    "OldestOpenDayAge",
    "PartsWaiting",
];

/// What one sweep did.
const COUNTS: [&str; 5] = [
    "Days",
    "DaysOvertaken",
    "PartsSentAgain",
    "QueueMessages",
    "Milliseconds",
];

/// A part comes on each day, and it gets quiet.
async fn land(lake: &Lake, name: &str) {
    for date in DATES {
        lake.part(date, name, 3).await;
    }
    lake.wait(61);
}

fn dates(report: &Report) -> Vec<String> {
    report.days.iter().map(|day| day.date.to_string()).collect()
}

/// The days that a sweep got through, and the one that it stopped before.
async fn swept(sweeper: &Sweeper, request: &Request) -> (Vec<String>, Option<String>) {
    let report = sweeper.sweep(request, None).await.unwrap();
    for day in &report.days {
        assert_eq!(
            day.judged.as_ref().unwrap().state,
            State::Complete,
            "{}",
            day.date
        );
    }
    (dates(&report), report.stopped_before.map(|day| day.to_string()))
}

/// The function's answer and metrics.
async fn handled(sweeper: Sweeper, request: &str) -> (Value, Value) {
    let lines = Captured::default();
    let handler = SweepHandler::new(sweeper, Metrics::to("test", lines.clone()));
    let request = Request::parse(request.as_bytes());
    let answer = handler.handle(Event(request), "test", None).await.unwrap();
    let text = lines.text();
    (
        answer,
        text.lines()
            .next()
            .map_or(Value::Null, |line| serde_json::from_str(line).unwrap()),
    )
}

fn has(metrics: &Value, names: &[&str]) -> Vec<bool> {
    let of = |name: &&str| {
        let is_told = metrics.get(name).is_some();
        let defined = metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            .as_array()
            .unwrap();
        assert_eq!(defined.iter().any(|it| it["Name"] == **name), is_told, "{name}");
        is_told
    };
    names.iter().map(of).collect()
}

#[tokio::test]
async fn a_sweep_without_time_does_nothing_and_the_next_begins_where_it_would_have() {
    let lake = Lake::new().await;
    land(&lake, "a").await;
    let report = lake.stop_at_once().await;
    assert!(report.days.is_empty());
    assert_eq!(report.stopped_before.unwrap().as_str(), DATES[0]);
    assert_eq!(lake.sweep().await.len(), DATES.len());
}

/// Over all days at first, then over those of the look-back.
#[tokio::test]
async fn a_sweep_that_runs_out_of_time_stops_at_a_days_edge_and_the_next_ones_go_on_from_there() {
    let lake = Lake::new().await;
    for (revision, name) in [(1, "a"), (2, "b")] {
        land(&lake, name).await;
        let mut looked_at = Vec::new();
        for (stopped_in, all, stopped_before) in [
            (DATES[0], 1, Some(DATES[1])),
            (DATES[2], 2, Some(DATES[3])),
            (DATES[3], 1, Some(DATES[4])),
            (DATES[4], 1, None),
        ] {
            let sweeper = lake.stopped_in(stopped_in);
            let (days, stopped) = swept(&sweeper, &Request::default()).await;
            lake.world.faults().clear();
            assert_eq!(
                (days.len(), stopped.as_deref()),
                (all, stopped_before),
                "{days:?}"
            );
            looked_at.extend(days);
            lake.wait(15);
        }
        assert_eq!(looked_at, DATES, "each day once");
        assert_eq!(lake.events("Day Complete"), revision * DATES.len());
        let days = lake.sweep().await;
        assert_eq!(days.len(), DATES.len(), "from the beginning again");
        for (date, day) in days {
            let number = u32::try_from(revision).unwrap();
            assert_eq!((day.revision, day.revised), (Some(number), false), "{date}");
        }
    }
}

/// The next sweep by the clock does not go on with what somebody asked for, so the answer says what to ask for.
#[tokio::test]
async fn what_was_asked_for_and_not_reached_is_named_as_the_next_request() {
    let lake = Lake::new().await;
    land(&lake, "a").await;
    let mut request = r#"{"from": "2026-11-19", "to": "2026-11-22"}"#.to_owned();
    let mut looked_at = Vec::new();
    for (stopped_in, rest) in [
        (DATES[1], Some(r#"{"from":"2026-11-20","to":"2026-11-22"}"#)),
        (DATES[3], Some(r#"{"from":"2026-11-22","to":"2026-11-22"}"#)),
        ("none", None),
    ] {
        let (answer, _) = handled(lake.stopped_in(stopped_in), &request).await;
        lake.world.faults().clear();
        let mut days: Vec<Value> = answer["days"].as_array().unwrap().clone();
        days.reverse();
        looked_at.extend(
            days.into_iter()
                .map(|day| day["date"].as_str().unwrap().to_owned()),
        );
        match rest {
            Some(rest) => assert_eq!(answer["next_request"].to_string(), rest),
            None => assert!(answer["next_request"].is_null() && answer["stopped_before"].is_null()),
        }
        request = answer["next_request"].to_string();
    }
    assert_eq!(looked_at, DATES[1..], "each day once");
}

#[tokio::test]
async fn what_else_was_asked_for_stays_asked_for() {
    let lake = Lake::new().await;
    land(&lake, "a").await;
    let stop = std::sync::Arc::new(true.into());
    let sweeper = lake.sweeper().stopping_once(stop);
    for (request, rest) in [
        ("{}", "null"),
        (
            r#"{"dry_run": true}"#,
            r#"{"dry_run":true,"from":"2026-11-18","to":"2199-12-31"}"#,
        ),
        (
            r#"{"date": "2026-11-20", "dry_run": true, "reconvert": true}"#,
            r#"{"dry_run":true,"from":"2026-11-20","reconvert":true,"to":"2026-11-20"}"#,
        ),
    ] {
        let (answer, _) = handled(sweeper.clone(), request).await;
        assert_eq!(answer["next_request"].to_string(), rest, "{request}");
    }
}

/// An open day with a lost part, a blocked one, and three that can be published.
async fn troubled() -> Lake {
    let lake = Lake::new().await;
    lake.land(&key(DATES[0], "lost"), owners(1, 3)).await;
    for date in [DATES[1], DATES[3], DATES[4]] {
        lake.part(date, "a", 3).await;
    }
    lake.arrive(&key(DATES[2], "bad"), b"no gzip".to_vec()).await;
    lake.wait(61);
    lake
}

#[tokio::test]
async fn a_sweep_of_certain_days_says_nothing_of_the_account() {
    let lake = troubled().await;
    for request in [
        r#"{"date": "2026-11-22"}"#,
        r#"{"from": "2026-11-18", "to": "2026-11-22"}"#,
    ] {
        let (_, metrics) = handled(lake.sweeper(), request).await;
        assert_eq!(has(&metrics, &GAUGES), [false; 5], "{request}: {metrics}");
        assert_eq!(has(&metrics, &COUNTS), [true; 5], "{request}: {metrics}");
        // Nor whether the schedule runs.
        assert_eq!(has(&metrics, &["Heartbeat"]), [false]);
    }
    let (_, metrics) = handled(lake.sweeper(), "{}").await;
    assert_eq!(has(&metrics, &GAUGES), [true; 5]);
    let shown = [
        "DaysOpen",
        "DaysBlocked",
        "PartsWaiting",
        "OldestOpenDayAge",
        "Heartbeat",
    ];
    assert_eq!(
        shown.map(|name| metrics[name].as_u64().unwrap()),
        [1, 1, 2, 61 * 60, 1]
    );
}

/// However many sweeps it takes to look at all days, and whatever is asked for in between.
#[tokio::test]
async fn the_account_is_told_by_the_sweep_that_comes_to_its_end() {
    let lake = troubled().await;
    for stopped_in in [DATES[1], DATES[3]] {
        let (_, metrics) = handled(lake.stopped_in(stopped_in), "{}").await;
        lake.world.faults().clear();
        let told = GAUGES.map(|name| name == "DayOverdue");
        assert_eq!(has(&metrics, &GAUGES), told, "{metrics}");
        assert_eq!(metrics["Heartbeat"], 1);
        handled(lake.sweeper(), r#"{"date": "2026-11-18"}"#).await;
        lake.wait(1);
    }
    let (answer, metrics) = handled(lake.sweeper(), "{}").await;
    assert_eq!(answer["days"].as_array().unwrap().len(), 1);
    let shown = [
        "Days",
        "DaysOpen",
        "DaysBlocked",
        "PartsWaiting",
        "OldestOpenDayAge",
    ];
    assert_eq!(
        shown.map(|name| metrics[name].as_u64().unwrap()),
        [1, 1, 1, 2, 63 * 60]
    );
}

/// As a release left it that did not count, or as it is after a loss.
#[tokio::test]
async fn a_rest_of_which_the_beginning_is_not_known_says_nothing_of_the_account() {
    let lake = troubled().await;
    handled(lake.stopped_in(DATES[3]), "{}").await;
    lake.world.faults().clear();
    let name = "lake/manifest/sweep.json";
    let mut state: Value = serde_json::from_str(&lake.text(name).await.unwrap()).unwrap();
    state.as_object_mut().unwrap().remove("tally").unwrap();
    lake.overwrite(name, state.to_string()).await;
    let (_, metrics) = handled(lake.sweeper(), "{}").await;
    assert_eq!(
        (&metrics["Days"], has(&metrics, &["DaysOpen"])),
        (&1.into(), vec![false])
    );
    let (_, metrics) = handled(lake.sweeper(), "{}").await;
    assert_eq!((&metrics["Days"], &metrics["DaysOpen"]), (&5.into(), &1.into()));
}

/// Where no day is complete, the oldest one of which there is anything decides whether one is due.
#[tokio::test]
async fn a_rest_knows_when_the_first_day_came() {
    let lake = Lake::new().await;
    for date in DATES {
        lake.arrive(&key(date, "bad"), b"no gzip".to_vec()).await;
    }
    lake.wait(61);
    for stopped_in in [DATES[3], "none"] {
        let (_, metrics) = handled(lake.stopped_in(stopped_in), "{}").await;
        lake.world.faults().clear();
        assert_eq!(metrics["DayOverdue"], 1, "{metrics}");
    }
}
