//! Sweeps at the same time: whoever comes second at a day leaves it to the next, and nothing has failed.

use daymark::app::sweep_handler::SweepHandler;
use daymark::day::State;
use daymark::server::faults::Rule;
use daymark::server::operation::Operation;
use daymark::sweep::{Event, Request};
use daymark::telemetry::Metrics;
use serde_json::Value;

use crate::lake::{DATE, Lake, key};
use crate::support::{Captured, owners};

/// The answer and the metrics of an event whose sweep stands still before this write, until another sweep has ended.
async fn overtaken_at(lake: &Lake, name: &str) -> (Value, Value) {
    let rule = Rule::on(Operation::PutObject).key_contains(name);
    let lines = Captured::default();
    let handler = SweepHandler::new(lake.sweeper(), Metrics::to("test", lines.clone()));
    let stalled = handler.handle(Event(Ok(Request::default())), "test", None);
    let other = async {
        // By then there is more to be seen of the day, and the clock says another time.
        lake.wait(1);
        lake.land(&key(DATE, "late"), owners(1, 2)).await;
        let day = lake.day().await;
        assert!(!day.overtaken && day.revised, "{day:?}");
    };
    let (answer, ()) = lake.held_up(rule, stalled, other).await;
    (
        answer.expect("being overtaken is no failure"),
        serde_json::from_str(&lines.text()).unwrap(),
    )
}

/// A day whose second revision is due: one part more than the first.
async fn due() -> Lake {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.quiet_day().await;
    lake.part(DATE, "b", 4).await;
    lake.wait(61);
    lake
}

#[tokio::test]
async fn a_day_that_another_sweep_revised_meanwhile_is_left_to_the_next_sweep() {
    for name in ["r000002.json", "published/table=owners"] {
        let lake = due().await;
        let (answer, metrics) = overtaken_at(&lake, name).await;
        let day = &answer["days"][0];
        assert_eq!(day["overtaken"], true, "{name}: {answer}");
        assert_eq!((&day["revised"], &day["to_send"]), (&false.into(), &0.into()));
        assert_eq!(metrics["DaysOvertaken"], 1, "{name}");
        assert_eq!(metrics["Heartbeat"], 1, "{name}");
        assert!(
            !lake.told.text().contains("\"level\":\"ERROR\""),
            "{}",
            lake.told.text()
        );

        // It stays on the list of what every sweep looks at, and comes to its end.
        let state: Value =
            serde_json::from_str(&lake.text("lake/manifest/sweep.json").await.unwrap()).unwrap();
        assert_eq!(state["unsettled"][0], DATE, "{name}");
        lake.wait(11);
        assert_eq!(lake.day().await.state, State::Reopened, "{name}");
        lake.work().await;
        let day = lake.quiet_day().await;
        assert_eq!((day.state, day.overtaken), (State::Complete, false), "{name}");
        assert_eq!(lake.published().await.len(), 3, "{name}");
    }
}

#[tokio::test]
async fn a_sweep_that_was_held_up_moves_no_pointer_back() {
    let lake = Lake::new().await;
    for date in ["2026-11-20", "2026-11-21", DATE] {
        lake.part(date, "a", 3).await;
    }
    lake.wait(61);
    lake.ask("{\"date\": \"2026-11-20\"}").await.unwrap();
    assert_eq!(lake.latest().await.as_deref(), Some("2026-11-20"));
    let rule = Rule::on(Operation::PutObject).key_contains("latest.json");
    let stalled = lake.ask("{\"date\": \"2026-11-21\"}");
    let other = async {
        lake.ask("{\"date\": \"2026-11-22\"}").await.unwrap();
        assert_eq!(lake.latest().await.as_deref(), Some(DATE));
    };
    let (report, ()) = lake.held_up(rule, stalled, other).await;
    let report = report.unwrap();
    let judged = report.days[0].judged.as_ref().unwrap();
    assert_eq!((judged.state, judged.overtaken), (State::Complete, false));
    assert_eq!(lake.latest().await.as_deref(), Some(DATE));
}
