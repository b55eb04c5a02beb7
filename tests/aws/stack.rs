//! A stack like the one that the template makes, as far as the program looks at it.

use aws_sdk_cloudformation::types::StackStatus;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleRule,
    LifecycleRuleFilter,
};
use daymark::keys::Day;
use serde_json::{Value, json};

use crate::desk::Desk;

/// Polls of a stack's state, each a request.
const POLLS_MAX: usize = 20_000;

/// Makes buckets, queues, functions, mapping and schedule, and takes the desk's queues from it.
pub async fn make(name: &str) -> Desk {
    let mut desk = Desk::empty(name).await;
    let client = aws_sdk_cloudformation::Client::new(&desk.sdk);
    let body = template(&desk).to_string();
    let made = client.create_stack().stack_name(name).template_body(body);
    made.capabilities("CAPABILITY_IAM".into()).send().await.unwrap();
    for _ in 0..POLLS_MAX {
        let found = client.describe_stacks().stack_name(name).send().await.unwrap();
        let stack = &found.stacks()[0];
        match stack.stack_status().unwrap() {
            StackStatus::CreateComplete => {
                let output = |name: &str| {
                    let found = stack
                        .outputs()
                        .iter()
                        .find(|output| output.output_key() == Some(name));
                    found.unwrap().output_value().unwrap().to_owned()
                };
                desk.queue = output("PartsQueueUrl");
                desk.letters = output("DeadLetterQueueUrl");
                abort_uploads(&desk).await;
                return desk;
            }
            StackStatus::CreateInProgress => {}
            other => panic!("{other:?}: {:?}", stack.stack_status_reason()),
        }
    }
    panic!("stack {name} is not there after {POLLS_MAX} looks");
}

/// The curated bucket's rule, which the local CloudFormation does not make.
async fn abort_uploads(desk: &Desk) {
    let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(1);
    let rule = LifecycleRule::builder()
        .id("AbortUploads")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .abort_incomplete_multipart_upload(abort.build());
    let rules = BucketLifecycleConfiguration::builder().rules(rule.build().unwrap());
    let request = desk
        .s3
        .put_bucket_lifecycle_configuration()
        .bucket(desk.curated());
    let request = request.lifecycle_configuration(rules.build().unwrap());
    request.send().await.unwrap();
}

/// Today, by the clock that the local AWS has too.
pub fn today() -> Day {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Day::of_ms(i64::try_from(now.as_millis()).unwrap()).unwrap()
}

fn template(desk: &Desk) -> Value {
    let name = &desk.name;
    let function = |own: Value| {
        let mut variables = json!(desk.settings());
        variables
            .as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        json!({
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.11",
                "Handler": "index.handler",
                "Timeout": 300,
                "Role": "arn:aws:iam::000000000000:role/any",
                "Code": { "ZipFile": "def handler(event, context):\n    return {\"batchItemFailures\": []}\n" },
                "Environment": { "Variables": variables },
            },
        })
    };
    let queue = |name: String, own: Value| {
        let mut properties =
            json!({ "QueueName": name, "VisibilityTimeout": 1800, "MessageRetentionPeriod": 1209600 });
        properties
            .as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        json!({ "Type": "AWS::SQS::Queue", "Properties": properties })
    };
    let arn = |of: &str| json!({ "Fn::GetAtt": [of, "Arn"] });
    let landing = format!("arn:aws:s3:::{}", desk.landing());
    let redrive = json!({ "deadLetterTargetArn": arn("DeadLetterQueue"), "maxReceiveCount": 5 });
    let notification = json!({ "QueueConfigurations": [{
        "Event": "s3:ObjectCreated:*",
        "Queue": arn("PartsQueue"),
        "Filter": { "S3Key": { "Rules": [{ "Name": "prefix", "Value": "hubspot/" }] } },
    }] });
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "Service": "s3.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": arn("PartsQueue"),
        "Condition": {
            "ArnEquals": { "aws:SourceArn": landing },
            "StringEquals": { "aws:SourceAccount": "000000000000" },
        },
    }] });
    let output = |value: Value| json!({ "Value": value });
    json!({
        "Resources": {
            "LandingBucket": {
                "Type": "AWS::S3::Bucket",
                "DependsOn": "PartsQueuePolicy",
                "Properties": { "BucketName": desk.landing(), "NotificationConfiguration": notification },
            },
            "CuratedBucket": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": desk.curated() } },
            "PartsQueue": queue(format!("{name}-of-stack"), json!({ "RedrivePolicy": redrive })),
            "DeadLetterQueue": queue(format!("{name}-dead-of-stack"), json!({})),
            "PartsQueuePolicy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": { "Queues": [{ "Ref": "PartsQueue" }], "PolicyDocument": policy },
            },
            "ConvertFunction": function(json!({ "DAYMARK_MAX_RECEIVES": "5" })),
            "ManifestFunction": function(json!({ "DAYMARK_QUEUE_URL": { "Ref": "PartsQueue" } })),
            "Mapping": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "EventSourceArn": arn("PartsQueue"),
                    "FunctionName": { "Ref": "ConvertFunction" },
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                },
            },
            "Sweep": {
                "Type": "AWS::Scheduler::Schedule",
                "Properties": {
                    "Name": format!("{name}-sweep"),
                    "ScheduleExpression": "rate(15 minutes)",
                    "FlexibleTimeWindow": { "Mode": "OFF" },
                    "Target": { "Arn": arn("ManifestFunction"), "RoleArn": "arn:aws:iam::000000000000:role/any" },
                },
            },
        },
        "Outputs": {
            "LandingUrl": output(json!(format!("s3://{}/hubspot/", desk.landing()))),
            "CuratedUrl": output(json!(format!("s3://{}/lake/", desk.curated()))),
            "PartsQueueUrl": output(json!({ "Ref": "PartsQueue" })),
            "DeadLetterQueueUrl": output(json!({ "Ref": "DeadLetterQueue" })),
            "ManifestFunction": output(json!({ "Ref": "ManifestFunction" })),
            "ManifestSchedule": output(json!({ "Ref": "Sweep" })),
        },
    })
}
