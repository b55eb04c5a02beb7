//! `daymark doctor` on an installation that is well, on one that is not, and on buckets that tell others, too.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    EventBridgeConfiguration, FilterRule, LambdaFunctionConfiguration, NotificationConfiguration,
    NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter, TopicConfiguration,
};
use serde_json::Value;

use crate::desk::{Desk, Ran, daymark, owners};
use crate::proxy::{self, Turn};
use crate::stack;

/// The findings' levels, by their checks.
fn levels(ran: &Ran) -> BTreeMap<String, String> {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let lines = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|value| (text(&value, "check"), text(&value, "level")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_well_has_no_faults_and_serves_every_command() {
    let desk = stack::make("well").await;
    let today = stack::today();
    // An hour later, so that days are quiet.
    let endpoint = proxy::start(3_600, |_| Turn::Pass);
    let by_name = |command: &str, arguments: &[&str]| {
        let variables = [("AWS_ENDPOINT_URL", endpoint.as_str())];
        daymark(&variables, &[&[command, "--stack", "well"], arguments].concat())
    };
    let empty = by_name("doctor", &["--json"]).expect(0);
    let mut expected: BTreeMap<String, String> = daymark::doctor::Check::ALL
        .into_iter()
        .filter(|check| *check != daymark::doctor::Check::Probe)
        .map(|check| (check.name().to_owned(), "ok".to_owned()))
        .collect();
    for check in ["day-folders", "last-complete-day"] {
        expected.insert(check.to_owned(), "warning".to_owned());
    }
    assert_eq!(levels(&empty), expected, "{}", empty.stdout);

    desk.land(&format!("hubspot/{today}/OWNERS/data_0_0_0.csv.gz"), owners(3))
        .await;
    convert(&desk, &format!("hubspot/{today}/OWNERS/data_0_0_0.csv.gz")).await;
    let ran = by_name("doctor", &["--json"]).expect(0);
    assert!(levels(&ran).values().all(|level| level == "ok"), "{}", ran.stdout);
    by_name("doctor", &[])
        .expect(0)
        .shows("0 faults, 0 warnings, 17 ok.")
        .shows("tells the queue of every object that is created");
    // There is nothing to mend.
    let before = notifications(&desk).await;
    by_name("doctor", &["--fix"]).expect(0);
    assert_eq!(notifications(&desk).await, before);

    // Places, queue and settings come from the stack for the other commands, too.
    by_name("status", &["--json"]).expect(0).shows("\"parts\":1,");
    by_name("redrive", &["--dry-run"])
        .expect(0)
        .shows("0 messages would be sent");
    let date = today.to_string();
    by_name("backfill", &["--from", &date, "--to", &date, "--dry-run"])
        .expect(0)
        .shows("0 parts would be sent");
    by_name("replay", &[&format!("hubspot/{today}/OWNERS/data_0_0_0.csv.gz")])
        .expect(0)
        .shows("there already");
    // What is set here goes before, and that is told.
    let own = [("DAYMARK_CODEC", "snappy")];
    daymark(&own, &["status", "--stack", "well"])
        .expect(0)
        .says("note: DAYMARK_CODEC is set here");
    daymark(&own, &["doctor", "--stack", "well"])
        .expect(0)
        .shows("warning  settings")
        .shows("unset DAYMARK_CODEC");
    daymark(&[], &["doctor", "--stack", "none-such"])
        .expect(1)
        .says("--stack none-such");

    // What failed is a fault, and told with the command that moves it.
    let body = crate::event(1);
    let request = desk.sqs.send_message().queue_url(&desk.letters);
    request.message_body(body).send().await.unwrap();
    by_name("doctor", &[])
        .expect(1)
        .shows("fault    dead-letters")
        .shows("daymark redrive --stack well");
}

/// Has the function's handler convert a part.
async fn convert(desk: &Desk, key: &str) {
    use daymark::app::handler::{Handler, Invocation};
    let config = daymark::config::Config::from_vars(desk.settings(), |_| unreachable!()).unwrap();
    let tuning = daymark::store::Tuning {
        path_style: true,
        ..daymark::store::Tuning::default()
    };
    let store = daymark::store::Store::new(&desk.sdk, &tuning);
    let handler = Handler::new(config, store, daymark::telemetry::Metrics::none());
    let body = crate::event(0)
        .replace("\"landing\"", &format!("{:?}", desk.landing()))
        .replace("hubspot/2026-11-22/OWNERS/data+0.csv.gz", key);
    let invocation = Invocation {
        request_id: "test".to_owned(),
        deadline: None,
    };
    handler.handle(body.as_bytes(), invocation).await.unwrap();
}

/// What a bucket tells.
#[derive(Debug, PartialEq)]
struct Told {
    topics: Vec<TopicConfiguration>,
    queues: Vec<QueueConfiguration>,
    functions: Vec<LambdaFunctionConfiguration>,
    bus: Option<EventBridgeConfiguration>,
}

async fn notifications(desk: &Desk) -> Told {
    let request = desk
        .s3
        .get_bucket_notification_configuration()
        .bucket(desk.landing());
    let answer = request.send().await.unwrap();
    Told {
        topics: answer.topic_configurations().to_vec(),
        queues: answer.queue_configurations().to_vec(),
        functions: answer.lambda_function_configurations().to_vec(),
        bus: answer.event_bridge_configuration().cloned(),
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_with_what_mends_it() {
    let desk = Desk::empty("ill").await;
    // Nothing is there but the queue.
    desk.run("doctor", &["--probe"])
        .expect(1)
        .shows("warning  probe              the function that converts: not invoked, not there: neither --stack nor an argument names it")
        .shows("fault    landing-bucket     s3://ill-landing: expected it to be there, found none")
        .shows("fault    curated-bucket")
        .shows("fault    redrive            the queue has no redrive policy")
        .shows("fault    queue-policy       the queue has no policy")
        .shows("warning  converter          not looked at")
        .shows("fault    days");
    for bucket in [desk.landing(), desk.curated()] {
        desk.s3.create_bucket().bucket(bucket).send().await.unwrap();
    }
    desk.land("hubspot/today/OWNERS/data.csv.gz", owners(1)).await;
    let ran = desk.run("doctor", &["--json"]).expect(1);
    let levels = levels(&ran);
    for (check, level) in [
        ("landing-bucket", "ok"),
        ("notification", "fault"),
        ("queue", "ok"),
        ("visibility", "warning"),
        ("uploads", "warning"),
        ("day-folders", "fault"),
    ] {
        assert_eq!(levels[check], level, "{}", ran.stdout);
    }
    let ran = ran.shows("\\\"hubspot/today/OWNERS/data.csv.gz\\\"");
    // The command that is told is one that mends.
    let line = ran
        .stdout
        .lines()
        .find(|line| line.contains("\"notification\""))
        .unwrap();
    let finding: Value = serde_json::from_str(line).unwrap();
    let mend = finding["mend"].as_str().unwrap();
    let arguments: Vec<&str> = mend.split(' ').skip(1).collect();
    daymark(&[], &arguments)
        .expect(1)
        .shows("mended: the bucket's configuration has now daymark-parts");
    desk.run("doctor", &[]).expect(1).shows("ok       notification");
    desk.land("hubspot/2026-11-22/OWNERS/data.csv.gz", owners(1))
        .await;
    assert!(desk.comes(&desk.queue, "hubspot/2026-11-22/OWNERS").await);
    daymark(&[], &["doctor", "--dir", "."])
        .expect(2)
        .says("a local folder has neither");
}

fn filter(prefix: &str) -> NotificationConfigurationFilter {
    let rule = FilterRule::builder().name("prefix".into()).value(prefix).build();
    let key = S3KeyFilter::builder().filter_rules(rule).build();
    NotificationConfigurationFilter::builder().key(key).build()
}

async fn told(desk: &Desk, configuration: NotificationConfiguration) {
    let request = desk
        .s3
        .put_bucket_notification_configuration()
        .bucket(desk.landing());
    request
        .notification_configuration(configuration)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn what_others_are_told_survives_a_mend() {
    let desk = Desk::new("shared").await;
    let (_, other) = crate::queue(&desk.sdk, "shared-other").await;
    let function = |id: &str, event: &str, prefix: &str| {
        LambdaFunctionConfiguration::builder()
            .id(id)
            .lambda_function_arn("arn:aws:lambda:us-east-1:000000000000:function:theirs")
            .events(event.into())
            .filter(filter(prefix))
            .build()
            .unwrap()
    };
    let queue = |id: &str, arn: String, prefix: &str| {
        QueueConfiguration::builder()
            .id(id)
            .queue_arn(arn)
            .events("s3:ObjectCreated:*".into())
            .filter(filter(prefix))
            .build()
            .unwrap()
    };
    let theirs = NotificationConfiguration::builder()
        .lambda_function_configurations(function("thumbs", "s3:ObjectCreated:*", "images/"))
        .lambda_function_configurations(function("gone", "s3:ObjectRemoved:*", "hubspot/"))
        .queue_configurations(queue("their-queue", desk.arn(&other).await, "invoices/"))
        .event_bridge_configuration(EventBridgeConfiguration::builder().build());
    // An earlier entry of this queue, for one way of creating objects.
    let mut narrow = queue("daymark-old", desk.arn(&desk.queue).await, "hubspot/2025/");
    narrow.events = vec!["s3:ObjectCreated:Put".into(), "s3:ObjectAcl:Put".into()];
    told(&desk, theirs.queue_configurations(narrow).build()).await;
    let before = notifications(&desk).await;
    desk.run("doctor", &["--fix"])
        .shows("mended: the bucket's configuration has now daymark-parts")
        .shows("in place of 1 earlier entry to the same queue: daymark-old (s3:ObjectCreated:Put, s3:ObjectAcl:Put to ")
        .shows("\"hubspot/2025/\"), which tells of its other events as before; all else in it is as it was");
    let after = notifications(&desk).await;
    assert_eq!(after.functions, before.functions);
    assert_eq!(after.topics, before.topics);
    assert!(after.bus.is_some());
    let [theirs, rest, ours] = &after.queues[..] else {
        panic!("{after:?}")
    };
    assert_eq!(theirs, &before.queues[0]);
    assert_eq!(rest.id(), Some("daymark-old"));
    assert_eq!(rest.events(), ["s3:ObjectAcl:Put".into()]);
    assert_eq!(rest.filter(), before.queues[1].filter());
    assert_eq!(ours.id(), Some("daymark-parts"));
    assert_eq!(ours.queue_arn(), desk.arn(&desk.queue).await);
    // Done is done.
    desk.run("doctor", &["--fix"]).shows("ok       notification");
    assert_eq!(notifications(&desk).await, after);
}

#[tokio::test]
async fn an_entry_that_stands_in_the_way_is_named_and_left_alone() {
    let desk = Desk::new("overlap").await;
    let (_, other) = crate::queue(&desk.sdk, "overlap-other").await;
    let theirs = QueueConfiguration::builder()
        .id("all-of-it")
        .queue_arn(desk.arn(&other).await)
        .events("s3:ObjectCreated:Put".into())
        .build()
        .unwrap();
    let configuration = NotificationConfiguration::builder().queue_configurations(theirs);
    told(&desk, configuration.build()).await;
    let before = notifications(&desk).await;
    desk.run("doctor", &["--fix"])
        .expect(1)
        .shows("fault    notification")
        .says("all-of-it")
        .says("Nothing was changed");
    assert_eq!(notifications(&desk).await, before);
    // Nor is anything changed when S3 refuses: there is no such queue.
    let desk = Desk::new("refused").await;
    let gone = desk.arn(&other).await.replace("overlap-other", "never-made");
    let theirs = QueueConfiguration::builder()
        .queue_arn(gone)
        .events("s3:ObjectRemoved:*".into())
        .build()
        .unwrap();
    let configuration = NotificationConfiguration::builder().queue_configurations(theirs);
    let request = desk
        .s3
        .put_bucket_notification_configuration()
        .bucket(desk.landing());
    let request = request.skip_destination_validation(true);
    request
        .notification_configuration(configuration.build())
        .send()
        .await
        .unwrap();
    let before = notifications(&desk).await;
    desk.run("doctor", &["--fix"])
        .expect(1)
        .says("is as it was")
        .says("Unable to validate");
    assert_eq!(notifications(&desk).await, before);
}

/// As the template has it for a bucket that was there before: a rule waits, and the queue lets the rule alone send.
#[tokio::test]
async fn a_bucket_whose_objects_a_rule_waits_for_tells_eventbridge() {
    let desk = Desk::new("waited").await;
    let (_, other) = crate::queue(&desk.sdk, "waited-other").await;
    let theirs = QueueConfiguration::builder()
        .id("all-of-it")
        .queue_arn(desk.arn(&other).await)
        .events("s3:ObjectCreated:*".into())
        .build()
        .unwrap();
    let configuration = NotificationConfiguration::builder().queue_configurations(theirs);
    told(&desk, configuration.build()).await;
    let before = notifications(&desk).await;
    let events = aws_sdk_eventbridge::Client::new(&desk.sdk);
    let arn = rule(&desk, &events, "waited", &of_objects(&desk)).await;
    // Another rule that sends to the queue, and comes first by its name, is not the way that parts take.
    rule(&desk, &events, "a-waited-other", r#"{"source":["aws.ec2"]}"#).await;
    let allow = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": desk.arn(&desk.queue).await,
        "Condition": { "ArnEquals": { "aws:SourceArn": arn } },
    }] });
    let policy = aws_sdk_sqs::types::QueueAttributeName::Policy;
    desk.set(&desk.queue, policy, &allow.to_string()).await;
    desk.run("doctor", &[])
        .expect(1)
        .shows("fault    notification")
        .shows("which does not tell EventBridge");
    // Whoever may not see the rule is not told that the bucket tells nobody.
    let endpoint = proxy::start(0, |request| {
        match request.head.contains("AWSEvents.ListRuleNamesByTarget") {
            true => Turn::Refuse("AccessDeniedException"),
            false => Turn::Pass,
        }
    });
    let denied = [("AWS_ENDPOINT_URL", endpoint.as_str())];
    desk.run_by(&denied, "doctor", &["--fix"])
        .expect(1)
        .shows("fault    notification       EventBridge's rules that send to the queue: not allowed")
        .shows("warning  queue-policy       not looked at")
        .says("--fix: EventBridge's rules that send to the queue could not be read");
    assert_eq!(notifications(&desk).await, before);
    desk.run("doctor", &["--fix"])
        .shows("mended: the bucket's configuration has now EventBridge on, which rule waited waits for");
    let after = notifications(&desk).await;
    assert!(after.bus.is_some());
    assert_eq!(after.queues, before.queues);
    // Done is done, and parts take this way.
    desk.run("doctor", &["--fix"])
        .shows("ok       notification")
        .shows("ok       queue-policy");
    assert_eq!(notifications(&desk).await, after);
    desk.land("hubspot/2026-11-22/OWNERS/data.csv.gz", owners(1))
        .await;
    assert!(desk.comes(&desk.queue, "Object Created").await);
}

/// The pattern that the template has for a bucket that was there before.
fn of_objects(desk: &Desk) -> String {
    let pattern = serde_json::json!({
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": { "bucket": { "name": [desk.landing()] }, "object": { "key": [{ "prefix": "hubspot/" }] } },
    });
    pattern.to_string()
}

/// A rule that has the queue as its target. Gives its ARN.
async fn rule(desk: &Desk, events: &aws_sdk_eventbridge::Client, name: &str, pattern: &str) -> String {
    let rule = events.put_rule().name(name).event_pattern(pattern);
    let rule = rule.send().await.unwrap();
    let target = aws_sdk_eventbridge::types::Target::builder().id("parts");
    let target = target.arn(desk.arn(&desk.queue).await).build().unwrap();
    let targets = events.put_targets().rule(name).targets(target);
    targets.send().await.unwrap();
    rule.rule_arn().unwrap().to_owned()
}

/// An entry of its own beside a rule: harmless, and nothing that a merge could mend.
#[tokio::test]
async fn what_no_merge_mends_is_left_and_not_told_as_mended() {
    let desk = Desk::new("both").await;
    let events = aws_sdk_eventbridge::Client::new(&desk.sdk);
    rule(&desk, &events, "both", &of_objects(&desk)).await;
    let entry = QueueConfiguration::builder()
        .id("daymark-parts")
        .queue_arn(desk.arn(&desk.queue).await)
        .events("s3:ObjectCreated:*".into())
        .filter(filter("hubspot/"))
        .build()
        .unwrap();
    let bus = EventBridgeConfiguration::builder().build();
    let both = NotificationConfiguration::builder().event_bridge_configuration(bus);
    told(&desk, both.queue_configurations(entry).build()).await;
    let before = notifications(&desk).await;
    for arguments in [&[][..], &["--fix"]] {
        let ran = desk.run("doctor", arguments).shows("warning  notification");
        assert!(!ran.stdout.contains("mended"), "{}", ran.stdout);
    }
    assert_eq!(notifications(&desk).await, before);
}
