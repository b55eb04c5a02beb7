//! Time that runs out: nothing half-written stays, and only a part that had all of it is condemned.

use std::time::Duration;

use daymark::app::PartError;
use daymark::app::handler::Invocation;
use daymark::app::outcome::Outcome;
use daymark::failure::Reason;
use daymark::server::faults::{Action, Hook, Rule};
use daymark::server::operation::Operation;
use serde_json::json;
use tokio::time::Instant;

use crate::support::{CURATED, World, many_owners, owners, s3_event, sqs_event};
use crate::{KEY, MULTIPART};

/// A request that nobody answers until the function's time is up.
fn never() -> Hook {
    Hook::new(std::future::pending)
}

#[tokio::test]
async fn out_of_time_leaves_nothing_and_is_permanent_on_the_last_receive() {
    let hang = [
        (
            &[][..],
            owners(1, 20_000),
            Rule::on(Operation::GetObject),
            Action::During(50_000, never()),
        ),
        (
            MULTIPART,
            many_owners(),
            Rule::on(Operation::UploadPart).nth(2),
            Action::Before(never()),
        ),
        (
            MULTIPART,
            many_owners(),
            Rule::on(Operation::CompleteMultipartUpload),
            Action::Before(never()),
        ),
        (
            &[],
            owners(1, 100),
            Rule::on(Operation::PutObject).key_contains("lake/table="),
            Action::Before(never()),
        ),
    ];
    for (settings, source, rule, action) in hang {
        let world = World::with(settings).await;
        let notice = world.land(KEY, source).await;
        let fault = world.faults().inject(rule.clone().always(), action.clone());
        // As long as this machine needs to get there.
        let mut time = Duration::from_millis(250);
        while fault.fired() == 0 {
            let outcome = world.convert_in(&notice, Some(time), Some(4)).await;
            assert!(
                matches!(outcome, Err(PartError::OutOfTime { .. })),
                "{rule:?}: {outcome:?}"
            );
            assert_eq!(world.curated().await, [] as [String; 0], "{rule:?}");
            time *= 2;
        }

        let outcome = world.convert_in(&notice, Some(time), Some(5)).await;
        let Ok(Outcome::Failed { message, .. }) = &outcome else {
            panic!("{rule:?}: {outcome:?}")
        };
        assert!(
            message.contains("time ran out") && message.contains("last of 5 receives"),
            "{message}"
        );
        assert_eq!(world.curated().await, [world.failure(&notice)], "{rule:?}");
        assert_eq!(
            world.failed(&world.failure(&notice)).await.reason,
            Reason::OutOfTime
        );
    }
}

#[tokio::test]
async fn a_part_that_came_after_a_slow_one_is_not_condemned_for_it() {
    // So large a margin is half of what is left: the second part begins with the other half.
    let world = World::with(&[("DEADLINE_MARGIN_MS", "600000")]).await;
    let first = world.land(KEY, owners(1, 100)).await;
    let second = world
        .land("hubspot/2026-11-22/OWNERS/data_1.csv.gz", owners(1, 101))
        .await;
    let event = sqs_event(&[s3_event(&first), s3_event(&second)], 5).to_string();
    let hang = world
        .faults()
        .inject(Rule::on(Operation::GetObject).always(), Action::Before(never()));
    // As long as this machine needs to get to both.
    let mut time = Duration::from_secs(1);
    loop {
        world.delete(CURATED, &world.failure(&first)).await;
        let before = hang.fired();
        let invocation = Invocation {
            request_id: "test".to_owned(),
            deadline: Some(Instant::now() + time),
        };
        let answer = world.handler.handle(event.as_bytes(), invocation).await.unwrap();
        let failed = answer["batchItemFailures"].as_array().unwrap();
        assert!(failed.contains(&json!({"itemIdentifier": "m1"})), "{answer}");
        assert!(
            !world.curated().await.contains(&world.failure(&second)),
            "{answer}"
        );
        if hang.fired() >= before + 2 {
            break;
        }
        time *= 2;
    }
    assert_eq!(world.curated().await, [world.failure(&first)]);
}
