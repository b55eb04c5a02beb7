//! Parts that are sent to the queue again.

use daymark::day::State;

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
