//! The queue, the bus, and the program on buckets, queues and stacks, over their real protocols, against a local AWS that
//! `AWS_ENDPOINT_URL` names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod days;
mod desk;
mod doctor;
mod glue;
mod lake;
mod proxy;
mod redrive;
mod stack;
mod views;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_eventbridge::types::Target;
use daymark::bus::Bus;
use daymark::notice::{self, Delivery};
use daymark::queue::Queue;
use serde_json::{Value, json};

async fn sdk() -> SdkConfig {
    assert!(
        std::env::var_os("AWS_ENDPOINT_URL").is_some(),
        "run this by `make test-ministack`"
    );
    aws_config::load_defaults(BehaviorVersion::latest()).await
}

async fn queue(sdk: &SdkConfig, name: &str) -> (aws_sdk_sqs::Client, String) {
    let client = aws_sdk_sqs::Client::new(sdk);
    let made = client.create_queue().queue_name(name).send().await.unwrap();
    (client, made.queue_url().unwrap().to_owned())
}

fn event(nth: usize) -> String {
    let object =
        json!({ "key": format!("hubspot/2026-11-22/OWNERS/data+{nth}.csv.gz"), "eTag": "e", "size": 1 });
    let s3 = json!({ "bucket": { "name": "landing" }, "object": object });
    let record =
        json!({ "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3 });
    json!({ "Records": [record] }).to_string()
}

#[tokio::test]
async fn what_is_sent_is_counted_and_received_as_notices() {
    let sdk = sdk().await;
    let (client, url) = queue(&sdk, "parts").await;
    let queue = Queue::sqs(&sdk, &url);
    assert_eq!(queue.depth().await.unwrap().total(), 0);
    // More than two batches.
    let bodies: Vec<String> = (0..23).map(event).collect();
    let answers = queue.send(&bodies).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.is_ok()).count(),
        23,
        "{answers:?}"
    );
    assert_eq!(queue.depth().await.unwrap().visible, 23);
    let mut keys = Vec::new();
    while keys.len() < 23 {
        let received = client
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10)
            .send()
            .await
            .unwrap();
        assert!(!received.messages().is_empty(), "only {keys:?}");
        let depth = queue.depth().await.unwrap();
        assert!(depth.in_flight > 0, "{depth:?}");
        for message in received.messages() {
            let body = message.body().unwrap();
            let Delivery::Direct(content) = notice::read(body.as_bytes()).unwrap() else {
                panic!("{body}")
            };
            keys.extend(content.notices.into_iter().map(|notice| notice.key));
            let handle = message.receipt_handle().unwrap();
            client
                .delete_message()
                .queue_url(&url)
                .receipt_handle(handle)
                .send()
                .await
                .unwrap();
        }
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 23);
    assert!(
        keys.contains(&"hubspot/2026-11-22/OWNERS/data 0.csv.gz".to_owned()),
        "{keys:?}"
    );
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_an_error_for_every_message() {
    let sdk = sdk().await;
    let (_, url) = queue(&sdk, "another").await;
    let gone = Queue::sqs(&sdk, &url.replace("another", "never-made"));
    let error = gone.depth().await.unwrap_err().to_string();
    assert!(
        error.contains("GetQueueAttributes") && error.contains("never-made"),
        "{error}"
    );
    let answers = gone.send(&[event(0), event(1)]).await;
    assert!(
        answers.len() == 2 && answers.iter().all(Result::is_err),
        "{answers:?}"
    );
}

#[tokio::test]
async fn an_event_reaches_the_rule_that_matches_it() {
    let sdk = sdk().await;
    let (client, url) = queue(&sdk, "told").await;
    let arn = client
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(aws_sdk_sqs::types::QueueAttributeName::QueueArn)
        .send()
        .await
        .unwrap();
    let arn = arn.attributes().unwrap()[&aws_sdk_sqs::types::QueueAttributeName::QueueArn].clone();
    let events = aws_sdk_eventbridge::Client::new(&sdk);
    let pattern = json!({ "source": ["daymark"], "detail-type": ["Day Complete"] }).to_string();
    events
        .put_rule()
        .name("days")
        .event_pattern(pattern)
        .send()
        .await
        .unwrap();
    let target = Target::builder().id("queue").arn(arn).build().unwrap();
    events
        .put_targets()
        .rule("days")
        .targets(target)
        .send()
        .await
        .unwrap();
    let bus = Bus::new(&sdk, "default");
    bus.send("Day Late", r#"{"date":"2026-11-21"}"#).await.unwrap();
    bus.send("Day Complete", r#"{"date":"2026-11-22"}"#)
        .await
        .unwrap();
    let received = client
        .receive_message()
        .queue_url(&url)
        .wait_time_seconds(20)
        .send()
        .await
        .unwrap();
    let [message] = received.messages() else {
        panic!("{received:?}")
    };
    let told: Value = serde_json::from_str(message.body().unwrap()).unwrap();
    assert_eq!(told["detail-type"], "Day Complete");
    assert_eq!(told["source"], "daymark");
    assert_eq!(told["detail"]["date"], "2026-11-22");
}

#[tokio::test]
async fn a_bus_that_does_not_answer_is_an_error_that_names_it() {
    let nowhere = aws_config::defaults(BehaviorVersion::latest()).endpoint_url("http://127.0.0.1:1");
    let bus = Bus::new(&nowhere.load().await, "days");
    let error = bus.send("Day Complete", "{}").await.unwrap_err().to_string();
    assert!(error.starts_with("PutEvents days: "), "{error}");
}
