//! Answers to the envelopes that want one.

use aws_lambda_events::event::s3::batch_job::{S3BatchJobResponse, S3BatchJobResult};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse};

use super::BatchJob;

/// Bytes of a result's text; the rest is cut. It goes into a line of the job's completion report.
pub const RESULT_BYTES_MAX: usize = 1_024;

/// How one S3 Batch Operations task ended. The text goes into the completion report: no cell values in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or there was nothing to do.
    Succeeded(String),
    /// S3 sends the task again.
    TemporaryFailure(String),
    /// S3 counts the task as failed.
    PermanentFailure(String),
}

/// The answer to SQS: the messages to be delivered again. None means that all are done; an empty id fails the batch
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).
pub fn queue(failed_message_ids: impl IntoIterator<Item = String>) -> SqsBatchResponse {
    let failure = |id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        failure
    };
    let mut answer = SqsBatchResponse::default();
    answer.batch_item_failures = failed_message_ids.into_iter().map(failure).collect();
    answer
}

/// The answer to S3 Batch Operations: one outcome per task, in the tasks' order. A task that has none is to be sent
/// again; outcomes beyond the tasks are dropped
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>).
pub fn batch(job: &BatchJob, outcomes: impl IntoIterator<Item = Outcome>) -> S3BatchJobResponse {
    let mut outcomes = outcomes.into_iter();
    let mut answer = S3BatchJobResponse::default();
    answer.invocation_schema_version = Some(job.schema_version.clone());
    answer.treat_missing_keys_as = Some("PermanentFailure".to_owned());
    answer.invocation_id = Some(job.invocation_id.clone());
    answer.results = job
        .tasks
        .iter()
        .map(|task| {
            let left = || Outcome::TemporaryFailure("not reached".to_owned());
            let (code, text) = match outcomes.next().unwrap_or_else(left) {
                Outcome::Succeeded(text) => ("Succeeded", text),
                Outcome::TemporaryFailure(text) => ("TemporaryFailure", text),
                Outcome::PermanentFailure(text) => ("PermanentFailure", text),
            };
            let mut result = S3BatchJobResult::default();
            result.task_id = Some(task.id.clone());
            result.result_code = Some(code.to_owned());
            result.result_string = Some(cut(text));
            result
        })
        .collect();
    answer
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(RESULT_BYTES_MAX));
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::notice::{BatchTask, NoticeError};

    #[test]
    fn queue_names_the_failed() {
        let answer = queue(["b".to_owned(), "d".to_owned()]);
        let expected = json!({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "d"}]});
        assert_eq!(serde_json::to_value(answer).unwrap(), expected);
        assert_eq!(
            serde_json::to_value(queue([])).unwrap(),
            json!({"batchItemFailures": []})
        );
    }

    #[test]
    fn batch_answers_every_task() {
        let task = |id: &str| BatchTask {
            id: id.to_owned(),
            content: Err(NoticeError(String::new())),
        };
        let job = BatchJob {
            schema_version: "2.0".to_owned(),
            invocation_id: "inv".to_owned(),
            tasks: ["1", "2", "3", "4"].map(task).into(),
        };
        let answer = batch(
            &job,
            [
                Outcome::Succeeded("12 rows".to_owned()),
                Outcome::PermanentFailure("é".repeat(600)),
                Outcome::TemporaryFailure("slow down".to_owned()),
            ],
        );
        let expected = json!({
            "invocationSchemaVersion": "2.0",
            "treatMissingKeysAs": "PermanentFailure",
            "invocationId": "inv",
            "results": [
                {"taskId": "1", "resultCode": "Succeeded", "resultString": "12 rows"},
                {"taskId": "2", "resultCode": "PermanentFailure", "resultString": "é".repeat(512)},
                {"taskId": "3", "resultCode": "TemporaryFailure", "resultString": "slow down"},
                {"taskId": "4", "resultCode": "TemporaryFailure", "resultString": "not reached"},
            ],
        });
        assert_eq!(serde_json::to_value(answer).unwrap(), expected);
    }
}
