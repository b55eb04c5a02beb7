//! Parts that are sent to the queue again.

use daymark::app::sweep::SweepError;
use daymark::bus::Bus;
use daymark::day::State;
use daymark::queue::Queue;
use daymark::sweep::Request;

use crate::lake::{DATE, Lake, key};
use crate::support::owners;

#[tokio::test]
async fn a_part_whose_notification_was_lost_is_sent_again_as_an_event_that_converts_it() {
    let lake = Lake::new().await;
    let odd = "hubspot/2026-11-22/OWNERS/a b+c&d é%20.csv.gz";
    let notice = lake.land(odd, owners(1, 3)).await;
    assert_eq!(lake.day().await.to_send, 0, "it has ten minutes");
    lake.wait(10);
    assert_eq!(lake.day().await.to_send, 1);
    lake.work().await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.to_send), (State::Complete, 0));
    assert_eq!(lake.published().await, lake.outputs(&[&notice]));
}

#[tokio::test]
async fn an_attempt_counts_once_the_queue_was_empty_after_it() {
    let lake = Lake::new().await;
    lake.land(&key(DATE, "a"), owners(1, 3)).await;
    lake.wait(11);
    lake.sweep().await;
    for _ in 0..50 {
        let day = lake.quiet_day().await;
        assert_eq!(
            (day.state, day.to_send),
            (State::Open, 0),
            "it waits in the queue"
        );
    }
    let (mut sent, mut sweeps) = (lake.queue.take().len(), 0);
    let blocked = loop {
        let day = lake.quiet_day().await;
        sent += lake.queue.take().len();
        sweeps += 1;
        if day.state == State::Blocked || sweeps > 30 {
            break day;
        }
    };
    assert_eq!((blocked.state, sent), (State::Blocked, 5));
    assert!(blocked.reasons.iter().any(|reason| reason.code == "parts_lost"));
    let notice = lake.part(DATE, "a", 3).await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    assert_eq!(lake.published().await, lake.outputs(&[&notice]));
}

#[tokio::test]
async fn a_part_that_always_comes_out_damaged_is_not_sent_for_ever() {
    let lake = Lake::new().await;
    let output = lake.world.output(&lake.part(DATE, "a", 3).await);
    let (mut sent, mut last) = (0, None);
    for _ in 0..20 {
        if lake.listing().await.contains_key(&output) {
            lake.overwrite(&output, "damaged").await;
        }
        let day = lake.quiet_day().await;
        lake.work().await;
        sent += day.to_send;
        last = Some(day);
    }
    let blocked = last.unwrap();
    assert_eq!((blocked.state, sent), (State::Blocked, 5));
    assert!(blocked.reasons.iter().any(|reason| reason.code == "parts_lost"));
}

/// The bus is S3, which refuses what it is told.
#[tokio::test]
async fn a_bus_that_refuses_keeps_no_part_from_being_sent_again() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    let late = lake.land(&key(DATE, "b"), owners(4, 2)).await;
    lake.wait(11);
    let bus = Bus::new(&lake.world.server.sdk_config(), "default");
    let sweeper = lake.sweeper_with(lake.queue.clone(), Some(bus));
    let report = sweeper.sweep(&Request::default(), None).await.unwrap();
    let judged = &report.days[0].judged;
    assert!(matches!(judged, Err(SweepError::Bus(_))), "{judged:?}");
    assert_eq!(report.sent, 1);
    lake.work().await;
    assert!(lake.listing().await.contains_key(&lake.world.output(&late)));
}

/// The queue is S3, which knows no such queue.
#[tokio::test]
async fn a_queue_that_refuses_keeps_no_day_from_being_published() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.wait(61);
    let queue = Queue::sqs(&lake.world.server.sdk_config(), "http://127.0.0.1/queue");
    let sweeper = lake.sweeper_with(queue, None);
    let report = sweeper.sweep(&Request::default(), None).await.unwrap();
    assert!(report.queue_error.is_some());
    assert_eq!(report.days[0].judged.as_ref().unwrap().state, State::Complete);
    let state = lake.config.layout.sweep_state();
    assert!(
        lake.listing().await.contains_key(&state),
        "what it did is remembered"
    );
}

#[tokio::test]
async fn the_queue_is_topped_up_to_its_limit_with_the_newest_days_first() {
    let lake = Lake::with(&[("QUEUE_MESSAGES_MAX", "3")]).await;
    for (date, name) in [("2026-11-21", "a"), ("2026-11-21", "b"), (DATE, "c"), (DATE, "d")] {
        lake.land(&key(date, name), owners(1, 2)).await;
    }
    lake.wait(11);
    assert_eq!(lake.ask("{}").await.unwrap().sent, 3);
    let sent = lake.queue.take();
    let of = |bodies: &[String], date: &str| bodies.iter().filter(|body| body.contains(date)).count();
    assert_eq!((of(&sent, DATE), of(&sent, "2026-11-21")), (2, 1));
    // Those are at work, or lost again; there is room.
    assert_eq!(lake.ask("{}").await.unwrap().sent, 1);
    let rest = lake.queue.take();
    assert_eq!((of(&rest, DATE), of(&rest, "2026-11-21")), (0, 1));
    assert_ne!(sent.last(), rest.first());
    // None where it is full.
    lake.queue.send(&[sent, vec![String::new()]].concat()).await;
    lake.land(&key(DATE, "e"), owners(1, 2)).await;
    lake.wait(11);
    assert_eq!(lake.ask("{}").await.unwrap().sent, 0);
}
