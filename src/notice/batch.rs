//! S3 Batch Operations: the tasks of one invocation, in schema 1.0 and 2.0.
//!
//! Both are at <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>: 1.0 names the
//! bucket by ARN, 2.0 by name and with the job's `userArguments`, which are not needed here.

use super::decode::{self, Encoding};
use super::field::Field;
use super::{BatchJob, BatchTask, Notice, NoticeError};

/// Reads a job's invocation.
pub(super) fn job(event: &Field<'_>, tasks: &[Field<'_>]) -> Result<BatchJob, NoticeError> {
    if let Some(major) = event
        .major_of("invocationSchemaVersion")
        .filter(|it| it != "1" && it != "2")
    {
        return Err(NoticeError(format!(
            "{}.invocationSchemaVersion: expected major version 1 or 2, found {major}",
            event.at()
        )));
    }
    Ok(BatchJob {
        schema_version: event
            .text_of("invocationSchemaVersion")
            .unwrap_or("1.0")
            .to_owned(),
        invocation_id: event.text_of("invocationId").unwrap_or_default().to_owned(),
        tasks: tasks.iter().map(task).collect(),
    })
}

fn task(task: &Field<'_>) -> BatchTask {
    BatchTask {
        id: task.text_of("taskId").unwrap_or_default().to_owned(),
        content: notice(task),
    }
}

fn notice(task: &Field<'_>) -> Result<Notice, NoticeError> {
    let bucket = match task.text_of("s3Bucket") {
        Some(name) => name,
        None => task.required(&["s3BucketArn"])?,
    };
    let key = task.required(&["s3Key"])?;
    Ok(Notice {
        bucket: bucket_name(bucket, task.at())?.to_owned(),
        key: decode::key(key, Encoding::Percent, &format!("{}.s3Key", task.at()))?,
        version_id: task.text_of("s3VersionId").map(str::to_owned),
        etag: None,
        size: None,
    })
}

/// A bucket's name out of its ARN, in any partition; a name is itself (it cannot hold a colon).
/// `arn:aws-cn:s3:::name`, and for directory buckets `arn:aws:s3express:region:account:bucket/name`.
fn bucket_name<'a>(bucket: &'a str, at: &str) -> Result<&'a str, NoticeError> {
    if !bucket.contains(':') {
        return Ok(bucket);
    }
    let parts: Vec<&str> = bucket.splitn(6, ':').collect();
    let name = match parts.as_slice() {
        ["arn", _, "s3", "", "", name] => Some(*name),
        ["arn", _, "s3express", _, _, resource] => resource.strip_prefix("bucket/"),
        _ => None,
    };
    name.filter(|name| !name.is_empty() && !name.contains([':', '/']))
        .ok_or_else(|| NoticeError(format!("{at}: expected a bucket's ARN or name, found {bucket:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_by_arn_or_name() {
        for (bucket, name) in [
            ("daymark-landing", Some("daymark-landing")),
            ("arn:aws:s3:::daymark-landing", Some("daymark-landing")),
            ("arn:aws-cn:s3:::a.b", Some("a.b")),
            ("arn:aws-us-gov:s3:::ab1", Some("ab1")),
            (
                "arn:aws:s3express:us-west-2:123456789012:bucket/day--usw2-az1--x-s3",
                Some("day--usw2-az1--x-s3"),
            ),
            ("arn:aws:s3:us-east-1:123456789012:accesspoint/ap", None),
            ("arn:aws:s3:::", None),
            ("arn:aws:s3:::bucket/key", None),
            ("arn:aws:sqs:us-east-1:123456789012:queue", None),
        ] {
            assert_eq!(bucket_name(bucket, "task").ok(), name, "{bucket}");
        }
    }
}
