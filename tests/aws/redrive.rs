//! `daymark redrive` on real queues, with requests and answers that get lost.

use crate::desk::Desk;
use crate::event;
use crate::proxy::{self, Turn};

/// A queue's messages that failed: events of so many objects.
async fn failed(name: &str, count: usize) -> Desk {
    let desk = Desk::new(name).await;
    for nth in 0..count {
        desk.send(&of_bucket(&desk, nth)).await;
    }
    desk.fail().await;
    assert_eq!(desk.count(&desk.letters).await, count as u64);
    desk
}

fn of_bucket(desk: &Desk, nth: usize) -> String {
    event(nth).replace("\"landing\"", &format!("{:?}", desk.landing()))
}

fn bodies(desk: &Desk, count: usize) -> Vec<String> {
    let mut bodies: Vec<String> = (0..count).map(|nth| of_bucket(desk, nth)).collect();
    bodies.sort();
    bodies
}

#[tokio::test]
async fn what_failed_is_shown_and_moved_whole() {
    let desk = failed("redrive", 23).await;
    // A dry run shows all of it, and leaves it there for whoever looks next.
    for _ in 0..2 {
        let ran = desk.run("redrive", &["--dry-run"]).expect(0);
        let ran = ran
            .shows("23 messages would be sent to")
            .shows("0 failed, 0 left");
        let line = "hubspot/2026-11-22/OWNERS/data 7.csv.gz  owners 2026-11-22  received ";
        let ran = ran.shows(line).shows(", first sent 20");
        assert_eq!(ran.stdout.lines().count(), 24, "{}", ran.stdout);
    }
    assert_eq!(desk.count(&desk.letters).await, 23);
    assert_eq!(desk.count(&desk.queue).await, 0);
    desk.run("redrive", &["--limit", "3", "--quiet"])
        .expect(0)
        .shows("3 messages sent to");
    assert_eq!(desk.count(&desk.queue).await, 3);
    assert_eq!(desk.count(&desk.letters).await, 20);
    // The queue of dead letters may be named; otherwise the redrive policy says which it is.
    desk.run("redrive", &["--dead-letter-queue-url", &desk.letters])
        .expect(0)
        .shows("20 messages sent to")
        .shows("by SQS' count: 0");
    assert_eq!(desk.drain(&desk.letters).await, Vec::<String>::new());
    assert_eq!(desk.drain(&desk.queue).await, bodies(&desk, 23));
    // There is nothing left to do.
    desk.run("redrive", &[]).expect(0).shows("0 messages sent");
}

#[tokio::test]
async fn nothing_is_lost_with_a_request_or_an_answer() {
    let desk = failed("lossy", 5).await;
    let endpoint = proxy::start(0, |request| {
        let lost = |key: &str| request.body.contains(key);
        match () {
            () if request.is("SendMessage") && lost("data+1.csv.gz") => Turn::LoseRequest,
            () if request.is("SendMessage") && lost("data+2.csv.gz") => Turn::LoseAnswer,
            () => Turn::Pass,
        }
    });
    let through = [("AWS_ENDPOINT_URL", endpoint.as_str())];
    desk.run_by(&through, "redrive", &[])
        .expect(1)
        .shows("3 messages sent to")
        .shows("2 failed")
        .says("data 1.csv.gz")
        .says("it stays among the dead letters, for its sending was not answered");
    // One is in both queues, none is in neither.
    let moved: Vec<String> = [0, 2, 3, 4].map(|nth| of_bucket(&desk, nth)).to_vec();
    assert_eq!(desk.drain(&desk.queue).await, moved);
    assert_eq!(desk.count(&desk.letters).await, 2);
    desk.run("redrive", &[]).expect(0).shows("2 messages sent");
    let rest: Vec<String> = [1, 2].map(|nth| of_bucket(&desk, nth)).to_vec();
    assert_eq!(desk.drain(&desk.queue).await, rest);
    assert_eq!(desk.count(&desk.letters).await, 0);
}

#[tokio::test]
async fn a_deletion_that_fails_leaves_two_and_says_so() {
    let desk = failed("twice", 1).await;
    let endpoint = proxy::start(0, |request| match request.is("DeleteMessage") {
        true => Turn::LoseRequest,
        false => Turn::Pass,
    });
    desk.run_by(&[("AWS_ENDPOINT_URL", &endpoint)], "redrive", &[])
        .expect(1)
        .says("it was sent, but is among the dead letters still, which does no harm");
    assert_eq!(desk.drain(&desk.queue).await, bodies(&desk, 1));
    assert_eq!(desk.drain(&desk.letters).await, bodies(&desk, 1));
}

#[tokio::test]
async fn a_queue_that_takes_nothing_is_not_tried_for_ever() {
    let desk = failed("refusing", 25).await;
    let endpoint = proxy::start(0, |request| match request.is("SendMessage") {
        true => Turn::LoseRequest,
        false => Turn::Pass,
    });
    desk.run_by(&[("AWS_ENDPOINT_URL", &endpoint)], "redrive", &["--quiet"])
        .expect(1)
        .shows("0 messages sent")
        .says("10 failures in a row");
    // All of it is there for the next run.
    assert_eq!(desk.drain(&desk.letters).await, bodies(&desk, 25));
}

#[tokio::test]
async fn what_is_no_event_stays_unless_it_is_asked_for() {
    let desk = failed("strange", 2).await;
    desk.send("no event at all").await;
    desk.fail().await;
    desk.run("redrive", &[])
        .expect(1)
        .shows("2 messages sent")
        .shows("1 left where they were")
        .shows("it is no event of an object");
    assert_eq!(desk.count(&desk.letters).await, 1);
    // Nor does the doctor take it for a part.
    desk.run("doctor", &[])
        .shows("warning  dead-letters       1 in ")
        .shows("none of which is an event of an object")
        .shows(" --drop");
    desk.run("redrive", &["--all"]).expect(0).shows("1 message sent");
    // What failed in another queue is somebody else's.
    let (_, other) = crate::queue(&desk.sdk, "strange-other").await;
    let arn = desk.arn(&desk.letters).await;
    let policy = serde_json::json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 1 });
    let name = aws_sdk_sqs::types::QueueAttributeName::RedrivePolicy;
    desk.set(&other, name, &policy.to_string()).await;
    desk.drain(&desk.queue).await;
    let theirs = Desk {
        queue: other,
        letters: desk.letters.clone(),
        ..Desk::empty("strange").await
    };
    theirs.send(&event(9)).await;
    theirs.fail().await;
    desk.run("redrive", &[])
        .expect(1)
        .shows("it failed in another queue");
    assert_eq!(desk.count(&desk.letters).await, 1);
}

#[tokio::test]
async fn what_is_no_event_can_be_dropped_and_is_shown_first() {
    let desk = failed("dropped", 2).await;
    desk.send("no event at all\nof anything").await;
    desk.send("{}").await;
    desk.fail().await;
    desk.run("doctor", &[])
        .expect(1)
        .shows("fault    dead-letters       4 in ")
        .shows("2 of the 4 that were looked at are no event of an object");
    for arguments in [&["--all"][..], &["--quiet"]] {
        desk.run("redrive", &[&["--drop"], arguments].concat()).expect(2);
    }
    desk.run("redrive", &["--drop", "--dry-run"])
        .expect(0)
        .shows("would be deleted: no event at all")
        .shows("2 messages would be deleted, 0 failed, 2 left where they were");
    assert_eq!(desk.count(&desk.letters).await, 4);
    // Nothing is sent, so no right to send is needed; a deletion that fails is told.
    let endpoint = proxy::start(0, |request| {
        match request.is("SendMessage") || request.is("DeleteMessage") {
            true => Turn::LoseRequest,
            false => Turn::Pass,
        }
    });
    desk.run_by(&[("AWS_ENDPOINT_URL", &endpoint)], "redrive", &["--drop"])
        .expect(1)
        .shows("0 messages deleted, 2 failed, 2 left where they were");
    let endpoint = proxy::start(0, |request| match request.is("SendMessage") {
        true => Turn::LoseRequest,
        false => Turn::Pass,
    });
    desk.run_by(&[("AWS_ENDPOINT_URL", &endpoint)], "redrive", &["--drop"])
        .expect(0)
        .shows("deleting: no event at all␊of anything")
        .shows("deleting: {}")
        .shows("2 messages deleted, 0 failed, 2 left where they were");
    // Parts are where they were, for the queue.
    assert_eq!(desk.count(&desk.queue).await, 0);
    desk.run("redrive", &[]).expect(0).shows("2 messages sent");
    assert_eq!(desk.drain(&desk.queue).await, bodies(&desk, 2));
    assert_eq!(desk.count(&desk.letters).await, 0);
}

#[tokio::test]
async fn wrong_usage_is_told_as_such() {
    let desk = Desk::empty("wrong").await;
    desk.run("redrive", &["--limit", "0"]).expect(2);
    desk.run("redrive", &[]).expect(1).says("has no redrive policy");
    desk.run("redrive", &["--dead-letter-queue-url", &desk.queue])
        .expect(2)
        .says("to be another than");
    crate::desk::daymark(&[], &["redrive", "--dir", "."])
        .expect(2)
        .says("has no queue");
}
