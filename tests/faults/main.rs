//! What networks and S3 do to a client now and then, against the production client: each fault fires, the end is the
//! right object or a clean error, and nothing else is left, open uploads included.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod source;
#[path = "../support/mod.rs"]
mod support;
mod time;

use daymark::app::PartError;
use daymark::app::outcome::{CommittedBy, Outcome};
use daymark::app::source::SourceError;
use daymark::app::upload::UploadError;
use daymark::failure::Reason;
use daymark::notice::Notice;
use daymark::server::faults::{Action, Hook, Rule};
use daymark::server::operation::Operation;
use daymark::store::{Class, Kind};
use serde_json::Value;
use support::{CURATED, World, many_owners, owners, owners_with_rejects, put};

const KEY: &str = "hubspot/2026-11-22/OWNERS/data_0.csv.gz";

/// The bytes that a source becomes when nothing goes wrong. The world is left as it was.
async fn undisturbed(world: &World, notice: &Notice) -> Vec<u8> {
    converted(world.convert(notice).await);
    let bytes = world.get(&world.output(notice)).await;
    for key in world.curated().await {
        world.delete(CURATED, &key).await;
    }
    world.faults().clear_log();
    bytes
}

fn converted(outcome: Result<Outcome, PartError>) {
    assert!(matches!(outcome, Ok(Outcome::Converted(_))), "{outcome:?}");
}

fn present(outcome: Result<Outcome, PartError>) {
    assert!(matches!(outcome, Ok(Outcome::Present { .. })), "{outcome:?}");
}

fn skipped(outcome: Result<Outcome, PartError>, why: &str) {
    let Ok(Outcome::Skipped { reason }) = &outcome else {
        panic!("{outcome:?}")
    };
    assert!(reason.contains(why), "{reason}");
}

/// Runs a part under one fault and expects the undisturbed bytes, and nothing else, in the end.
async fn survives(settings: &[(&str, &str)], source: Vec<u8>, rule: Rule, action: Action, times: u64) {
    let world = World::with(settings).await;
    let notice = world.land(KEY, source).await;
    let expected = undisturbed(&world, &notice).await;
    let fault = world.faults().inject(rule.clone(), action.clone());
    let outcome = world.convert(&notice).await;
    assert_eq!(fault.fired(), times, "{rule:?} {action:?}: {outcome:?}");
    assert!(
        matches!(outcome, Ok(Outcome::Converted(_) | Outcome::Present { .. })),
        "{rule:?} {action:?}: {outcome:?}"
    );
    assert_eq!(
        world.curated().await,
        [world.output(&notice)],
        "{rule:?} {action:?}"
    );
    assert!(
        world.get(&world.output(&notice)).await == expected,
        "{rule:?} {action:?}: other bytes"
    );
}

/// Runs a part under one fault that does not go away and expects an error that is worth a retry, and nothing else.
async fn fails_cleanly(settings: &[(&str, &str)], source: Vec<u8>, rule: Rule, action: Action) -> PartError {
    let world = World::with(settings).await;
    let notice = world.land(KEY, source).await;
    let fault = world.faults().inject(rule.clone().always(), action.clone());
    let outcome = world.convert(&notice).await;
    assert!(fault.fired() > 0, "{rule:?} {action:?}: {outcome:?}");
    world.faults().clear();
    assert_eq!(world.curated().await, [] as [String; 0], "{rule:?} {action:?}");
    // And when it has gone away, the redelivery is as if nothing had been.
    converted(world.convert(&notice).await);
    assert_eq!(world.curated().await, [world.output(&notice)]);
    outcome.expect_err("an error")
}

const MULTIPART: &[(&str, &str)] = &[("PART_BYTES", "5MiB"), ("PUT_BYTES_MAX", "1MiB")];

#[tokio::test]
async fn errors_of_s3_are_tried_again() {
    for operation in [Operation::HeadObject, Operation::GetObject, Operation::PutObject] {
        for (status, code) in [
            (500, "InternalError"),
            (503, "SlowDown"),
            (503, "ServiceUnavailable"),
        ] {
            let rule = Rule::on(operation).times(2);
            survives(&[], owners(1, 100), rule, Action::Answer(status, code), 2).await;
        }
        survives(
            &[],
            owners(1, 100),
            Rule::on(operation).times(2),
            Action::Refuse,
            2,
        )
        .await;
    }
}

#[tokio::test]
async fn errors_of_s3_are_tried_again_in_multipart_uploads() {
    let source = many_owners();
    for operation in [
        Operation::CreateMultipartUpload,
        Operation::UploadPart,
        Operation::CompleteMultipartUpload,
    ] {
        for action in [
            Action::Answer(500, "InternalError"),
            Action::Answer(503, "SlowDown"),
            Action::Refuse,
        ] {
            survives(MULTIPART, source.clone(), Rule::on(operation), action, 1).await;
        }
    }
}

#[tokio::test]
async fn errors_that_stay_leave_nothing() {
    let stay = Action::Answer(503, "SlowDown");
    for operation in [Operation::HeadObject, Operation::GetObject, Operation::PutObject] {
        let error = fails_cleanly(&[], owners(1, 100), Rule::on(operation), stay.clone()).await;
        let (PartError::Store(store)
        | PartError::Source(SourceError::Store(store))
        | PartError::Upload(UploadError::Store(store))) = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!(store.kind, Kind::Throttled, "{error}");
    }
    let source = many_owners();
    for operation in [
        Operation::CreateMultipartUpload,
        Operation::UploadPart,
        Operation::CompleteMultipartUpload,
    ] {
        fails_cleanly(MULTIPART, source.clone(), Rule::on(operation), stay.clone()).await;
    }
    // The second part only: the first is under way or landed by then.
    fails_cleanly(MULTIPART, source, Rule::on(Operation::UploadPart).nth(2), stay).await;
}

#[tokio::test]
async fn uploads_that_break_off_are_sent_again() {
    survives(
        &[],
        owners(1, 5_000),
        Rule::on(Operation::PutObject).times(2),
        Action::CutRequest(60_000),
        2,
    )
    .await;
    survives(
        MULTIPART,
        many_owners(),
        Rule::on(Operation::UploadPart).nth(2),
        Action::CutRequest(60_000),
        1,
    )
    .await;
}

#[tokio::test]
async fn a_put_that_landed_without_an_answer_is_done() {
    survives(
        &[],
        owners(1, 100),
        Rule::on(Operation::PutObject),
        Action::LoseAnswer,
        1,
    )
    .await;
    survives(
        &[],
        owners(1, 100),
        Rule::on(Operation::PutObject),
        Action::AnswerAfter(500, "InternalError"),
        1,
    )
    .await;
    // However often it is asked again, nothing answers: the object is there all the same.
    survives(
        &[],
        owners(1, 100),
        Rule::on(Operation::PutObject).always(),
        Action::LoseAnswer,
        5,
    )
    .await;
}

#[tokio::test]
async fn a_complete_that_landed_without_an_answer_is_done() {
    let source = many_owners();
    let rule = Rule::on(Operation::CompleteMultipartUpload);
    survives(MULTIPART, source.clone(), rule.clone(), Action::LoseAnswer, 1).await;
    survives(
        MULTIPART,
        source.clone(),
        rule.clone(),
        Action::AnswerAfter(500, "InternalError"),
        1,
    )
    .await;
    survives(MULTIPART, source, rule.always(), Action::LoseAnswer, 5).await;
}

/// It did convert, so it says what; whose bytes lie there, nobody can tell.
#[tokio::test]
async fn what_landed_without_an_answer_is_counted_once() {
    let cases = [
        (&[][..], owners(1, 100), 100, Operation::PutObject),
        (
            MULTIPART,
            many_owners(),
            150_000,
            Operation::CompleteMultipartUpload,
        ),
    ];
    for (settings, source, rows, operation) in cases {
        for (times, action) in [
            (1, Action::LoseAnswer),
            (1, Action::AnswerAfter(500, "InternalError")),
            (5, Action::LoseAnswer),
        ] {
            let world = World::with(settings).await;
            let notice = world.land(KEY, source.clone()).await;
            let rule = Rule::on(operation).key_contains("lake/table=").times(times);
            let fault = world.faults().inject(rule, action.clone());
            let outcome = world.convert(&notice).await;
            assert_eq!(fault.fired(), times, "{operation:?} {action:?}");
            let Ok(Outcome::Converted(converted)) = &outcome else {
                panic!("{operation:?} {action:?}: {outcome:?}")
            };
            assert_eq!(converted.committed_by, CommittedBy::Unknown);
            assert_eq!(converted.report.rows_written, rows);
            // Whoever comes later finds it there, and counts nothing.
            present(world.convert(&notice).await);
            let counted = ["PartsConverted", "PartsSkipped", "RowsWritten"].map(|name| world.metric(name));
            assert_eq!(counted, [1, 1, rows], "{operation:?} {action:?}");
            assert_eq!(
                world.curated().await,
                [world.output(&notice)],
                "{operation:?} {action:?}"
            );
        }
    }
}

#[tokio::test]
async fn losing_a_race_is_as_good_as_winning_it() {
    for settings in [&[][..], MULTIPART] {
        let world = World::with(settings).await;
        let source = if settings.is_empty() {
            owners(1, 100)
        } else {
            many_owners()
        };
        let notice = world.land(KEY, source).await;
        let expected = undisturbed(&world, &notice).await;
        let (client, key, bytes) = (world.client.clone(), world.output(&notice), expected.clone());
        let other = Hook::new(move || {
            let (client, key, bytes) = (client.clone(), key.clone(), bytes.clone());
            async move {
                put(&client, CURATED, &key, bytes).await;
            }
        });
        let last = if settings.is_empty() {
            Operation::PutObject
        } else {
            Operation::CompleteMultipartUpload
        };
        let raced = world.faults().inject(Rule::on(last), Action::Before(other));
        present(world.convert(&notice).await);
        assert_eq!(raced.fired(), 1);
        // The answer was clear: these rows are another's to count.
        assert_eq!(
            (world.metric("PartsConverted"), world.metric("PartsSkipped")),
            (1, 1)
        );
        assert_eq!(world.curated().await, [world.output(&notice)]);
        assert!(world.get(&world.output(&notice)).await == expected);
    }
}

#[tokio::test]
async fn refusals_without_an_object_behind_them_convert_again() {
    for (status, code) in [(412, "PreconditionFailed"), (409, "ConditionalRequestConflict")] {
        let action = Action::Answer(status, code);
        survives(
            &[],
            owners(1, 100),
            Rule::on(Operation::PutObject).times(2),
            action.clone(),
            2,
        )
        .await;
        survives(
            MULTIPART,
            many_owners(),
            Rule::on(Operation::CompleteMultipartUpload),
            action.clone(),
            1,
        )
        .await;
        let error = fails_cleanly(&[], owners(1, 100), Rule::on(Operation::PutObject), action).await;
        assert!(
            matches!(error, PartError::Unsettled { tries: 3, .. }),
            "{error:?}"
        );
    }
    let gone = Action::Answer(404, "NoSuchUpload");
    survives(
        MULTIPART,
        many_owners(),
        Rule::on(Operation::CompleteMultipartUpload),
        gone.clone(),
        1,
    )
    .await;
    survives(
        MULTIPART,
        many_owners(),
        Rule::on(Operation::UploadPart).nth(2),
        gone,
        1,
    )
    .await;
}

#[tokio::test]
async fn a_forbidden_head_is_never_absence() {
    for key in ["hubspot/", "lake/table="] {
        let rule = Rule::on(Operation::HeadObject).key_contains(key);
        let error = fails_cleanly(&[], owners(1, 100), rule, Action::Answer(403, "AccessDenied")).await;
        let PartError::Store(store) = &error else {
            panic!("{error:?}")
        };
        assert_eq!((store.kind, store.class()), (Kind::Denied, Class::Config));
        assert!(error.to_string().contains("s3:ListBucket"), "{error}");
    }
    for operation in [Operation::GetObject, Operation::PutObject] {
        let rule = Rule::on(operation);
        fails_cleanly(&[], owners(1, 100), rule, Action::Answer(403, "AccessDenied")).await;
    }
}

#[tokio::test]
async fn an_archived_source_fails_for_good() {
    let world = World::new().await;
    let notice = world.land(KEY, owners(1, 100)).await;
    let rule = Rule::on(Operation::GetObject).key_contains("hubspot/");
    let archived = world
        .faults()
        .inject(rule, Action::Answer(403, "InvalidObjectState"));
    let outcome = world.convert(&notice).await;
    assert!(matches!(outcome, Ok(Outcome::Failed { .. })), "{outcome:?}");
    assert_eq!(archived.fired(), 1);
    assert_eq!(world.curated().await, [world.failure(&notice)]);
    assert_eq!(
        world.failed(&world.failure(&notice)).await.reason,
        Reason::ColdStorage
    );
    let again = world.convert(&notice).await;
    assert!(matches!(again, Ok(Outcome::FailedBefore { .. })), "{again:?}");
    // Without its record it is tried again, and an output outranks a record that is put back.
    let record = world.get(&world.failure(&notice)).await;
    world.delete(CURATED, &world.failure(&notice)).await;
    converted(world.convert(&notice).await);
    put(&world.client, CURATED, &world.failure(&notice), record).await;
    present(world.convert(&notice).await);
    // By an event that names no ETag, too.
    let unnamed = Notice {
        etag: None,
        ..notice.clone()
    };
    present(world.convert(&unnamed).await);
    assert_eq!(
        world.curated().await,
        [world.failure(&notice), world.output(&notice)]
    );
}

#[tokio::test]
async fn rejects_are_there_before_the_output() {
    let world = World::new().await;
    let notice = world.land(KEY, owners_with_rejects("secret")).await;
    let both = [world.rejects(&notice), world.output(&notice)];
    let stay = Action::Answer(503, "SlowDown");

    let rejects = Rule::on(Operation::PutObject).key_contains("lake/rejected/");
    let fault = world.faults().inject(rejects.clone().always(), stay.clone());
    world.convert(&notice).await.expect_err("an error");
    assert!(fault.fired() > 0);
    assert_eq!(world.curated().await, [] as [String; 0]);
    world.faults().clear();

    let fault = world.faults().inject(
        Rule::on(Operation::PutObject)
            .key_contains("lake/table=")
            .always(),
        stay,
    );
    world.convert(&notice).await.expect_err("an error");
    assert!(fault.fired() > 0);
    assert_eq!(world.curated().await, both[..1]);
    world.faults().clear();

    // Those of the failed try stay, and are as good.
    let lost = world.faults().inject(rejects, Action::LoseAnswer);
    converted(world.convert(&notice).await);
    assert_eq!(lost.fired(), 1);
    assert_eq!(world.curated().await, both);
}

#[tokio::test]
async fn a_failure_record_that_cannot_be_written_is_an_error() {
    let world = World::new().await;
    let notice = world.land(KEY, support::gzip("\"OWNERID\",\"USERID\n")).await;
    let rule = Rule::on(Operation::PutObject).key_contains("lake/failed/");
    let fault = world
        .faults()
        .inject(rule.clone().always(), Action::Answer(503, "SlowDown"));
    let error = world.convert(&notice).await.expect_err("an error");
    assert!(fault.fired() > 0);
    assert_eq!(world.curated().await, [] as [String; 0]);
    world.faults().clear();
    // Both are told: why the part is refused, and why its record is not there.
    for text in [&error.to_string(), &warned(&world, &notice).await] {
        assert!(text.contains("expected 9 fields"), "{text}");
        assert!(text.contains("PutObject") && text.contains("SlowDown"), "{text}");
    }

    let lost = world.faults().inject(rule, Action::LoseAnswer);
    let outcome = world.convert(&notice).await;
    assert!(matches!(outcome, Ok(Outcome::Failed { .. })), "{outcome:?}");
    assert_eq!(lost.fired(), 1);
    assert_eq!(world.curated().await, [world.failure(&notice)]);
}

/// The only warning about a part, as it stands in the log.
async fn warned(world: &World, notice: &Notice) -> String {
    let (log, id) = (support::log().text(), world.id(notice));
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("\"WARN\"") && line.contains(id.as_str()))
        .collect();
    let [line] = lines[..] else { panic!("{lines:?}") };
    line.to_owned()
}

#[tokio::test]
async fn an_upload_that_has_to_be_left_open_is_told_with_its_part() {
    let world = World::with(MULTIPART).await;
    let key = "hubspot/2026-11-22/OWNERS/left-open.csv.gz";
    let notice = world.land(key, many_owners()).await;
    let denied = [
        Rule::on(Operation::UploadPart).nth(2).always(),
        Rule::on(Operation::AbortMultipartUpload).always(),
    ]
    .map(|rule| world.faults().inject(rule, Action::Answer(403, "AccessDenied")));
    world.convert(&notice).await.expect_err("an error");
    assert!(denied.iter().all(|fault| fault.fired() > 0));
    let left = format!("{} (upload)", world.output(&notice));
    assert_eq!(world.curated().await, [left]);
    // The key in the error has the id too, so it is looked for by its name.
    let (log, id) = (support::log().text(), world.id(&notice));
    let told = format!(r#""part_id":"{}""#, id.as_str());
    let mut lines = log.lines().filter(|line| line.contains("left open"));
    assert!(lines.any(|line| line.contains(&told)), "{log}");
}

/// Nobody learns the id of an upload whose answer was lost, so nobody can abort it.
#[tokio::test]
async fn an_upload_that_began_without_an_answer_is_told_with_its_part() {
    // After five tries without an answer the part is begun anew.
    for times in [1, 5] {
        let world = World::with(MULTIPART).await;
        let key = format!("hubspot/2026-11-22/OWNERS/unanswered-{times}.csv.gz");
        let notice = world.land(&key, many_owners()).await;
        let expected = undisturbed(&world, &notice).await;
        let rule = Rule::on(Operation::CreateMultipartUpload).times(times);
        let lost = world.faults().inject(rule, Action::LoseAnswer);
        converted(world.convert(&notice).await);
        assert_eq!(lost.fired(), times);
        let output = world.output(&notice);
        let mut left = vec![output.clone()];
        left.extend((0..times).map(|_| format!("{output} (upload)")));
        assert_eq!(world.curated().await, left);
        assert!(world.get(&output).await == expected);
        let [line] = &told_left_open(&world, &notice)[..] else {
            panic!("{key}")
        };
        let told = [&line["level"], &line["bucket"], &line["output"]];
        assert_eq!(told, ["WARN", CURATED, &output], "{line}");
    }
    // What is refused in so many words has left nothing.
    let world = World::with(MULTIPART).await;
    let notice = world
        .land("hubspot/2026-11-22/OWNERS/refused.csv.gz", many_owners())
        .await;
    let rule = Rule::on(Operation::CreateMultipartUpload);
    let busy = world.faults().inject(rule, Action::Answer(503, "SlowDown"));
    converted(world.convert(&notice).await);
    assert_eq!(busy.fired(), 1);
    assert_eq!(world.curated().await, [world.output(&notice)]);
    assert_eq!(told_left_open(&world, &notice), [Value::Null; 0]);
}

/// The log's lines of a part about uploads that may be left open.
fn told_left_open(world: &World, notice: &Notice) -> Vec<Value> {
    let (log, id) = (support::log().text(), world.id(notice));
    let lines = log.lines().filter(|line| line.contains("may be left open"));
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line["span"]["part_id"] == id.as_str())
        .collect()
}

#[tokio::test]
async fn an_abort_that_fails_is_tried_again() {
    let world = World::with(MULTIPART).await;
    let notice = world.land(KEY, many_owners()).await;
    let part = world.faults().inject(
        Rule::on(Operation::UploadPart).nth(2).always(),
        Action::Answer(403, "AccessDenied"),
    );
    let abort = world.faults().inject(
        Rule::on(Operation::AbortMultipartUpload),
        Action::Answer(500, "InternalError"),
    );
    world.convert(&notice).await.expect_err("an error");
    assert!(part.fired() > 0);
    assert_eq!(abort.fired(), 1);
    assert_eq!(world.curated().await, [] as [String; 0]);
}
