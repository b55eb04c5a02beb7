//! Cores that panic and lie: whatever they do, nothing wrong becomes visible, and only their own part fails.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::app::attempt::Core;
use crate::app::convert_part::Converter;
use crate::app::error::PartError;
use crate::app::handler::{Handler, Invocation};
use crate::app::outcome::{Outcome, Turn};
use crate::app::source::SourceError;
use crate::config::Config;
use crate::convert::{ConvertError, Decision, Observer, Pass, Plan, Refusal, Report, Stage};
use crate::failure::{Failure, Reason};
use crate::notice::Notice;
use crate::server::faults::{Action, Hook, Rule};
use crate::server::operation::Operation;
use crate::server::{Server, ServerConfig};
use crate::store::{Store, Tuning};
use crate::telemetry::{Clock, Level, Metrics, subscriber};

const KEY: &str = "2026-11-22/OWNERS/a.csv.gz";

struct World {
    server: Server,
    converter: Converter,
    _folder: TempDir,
}

impl World {
    async fn new(core: Core) -> World {
        World::with_clock(core, Instant::now).await
    }

    async fn with_clock(core: Core, clock: Clock) -> World {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(ServerConfig::new(folder.path())).await.unwrap();
        server.create_bucket("landing").unwrap();
        server.create_bucket("curated").unwrap();
        let vars = [
            ("DAYMARK_LANDING_BUCKET", "landing"),
            ("DAYMARK_CURATED_BUCKET", "curated"),
        ];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut config = Config::from_vars(vars, |path| Err(path.to_owned())).unwrap();
        config.write.part_bytes = 5 << 20;
        config.write.put_bytes_max = 1 << 20;
        let tuning = Tuning {
            backoff_max: Duration::from_millis(1),
            path_style: true,
            ..Tuning::default()
        };
        let store = Store::new(&server.sdk_config(), &tuning);
        let converter = Converter::with_core(Arc::new(config), store, Metrics::none(), core, clock);
        World {
            server,
            converter,
            _folder: folder,
        }
    }

    async fn land(&self, key: &str) -> Notice {
        let put = self.server.client().put_object().bucket("landing").key(key);
        put.body(ByteStream::from(vec![7; 1000])).send().await.unwrap();
        Notice {
            bucket: "landing".into(),
            key: key.into(),
            version_id: None,
            etag: None,
            size: None,
        }
    }

    async fn convert(&self) -> Result<Outcome, PartError> {
        let notice = self.land(KEY).await;
        let turn = Turn {
            request_id: String::new(),
            deadline: None,
            receive_count: Some(5),
        };
        self.converter.convert(&notice, &turn).await
    }

    /// Everything that is in the curated bucket: keys of objects, then of open uploads with `(upload)` behind them.
    async fn curated(&self) -> Vec<String> {
        let client = self.server.client();
        let objects = client.list_objects_v2().bucket("curated").send().await.unwrap();
        let uploads = client.list_multipart_uploads().bucket("curated");
        let uploads = uploads.send().await.unwrap();
        let objects = objects.contents().iter().map(|it| it.key().unwrap().to_owned());
        let uploads = uploads
            .uploads()
            .iter()
            .map(|it| format!("{} (upload)", it.key().unwrap()));
        objects.chain(uploads).collect()
    }

    /// Objects and open uploads.
    async fn left(&self) -> (usize, usize) {
        let all = self.curated().await;
        let uploads = all.iter().filter(|key| key.ends_with(" (upload)")).count();
        (all.len() - uploads, uploads)
    }
}

/// Reads everything, writes 12 MiB (more than one part of an upload), and reports it truly.
fn honest(source: &mut dyn Read, output: &mut (dyn Write + Send), rejects: &mut dyn Write) -> Report {
    let source_bytes = io::copy(source, &mut io::sink()).unwrap();
    for _ in 0..12 {
        output.write_all(&[1; 1 << 20]).unwrap();
    }
    rejects.write_all(b"{}\n").unwrap();
    Report {
        records_read: 2,
        rows_written: 1,
        records_rejected: 1,
        source_bytes,
        ..Report::default()
    }
}

type Passed = Result<Pass, ConvertError>;

fn panics_on_bad(
    source: &mut dyn Read,
    output: &mut (dyn Write + Send),
    rejects: &mut dyn Write,
    plan: &Plan,
    _: Option<Decision>,
    _: &mut dyn Observer,
) -> Passed {
    let report = honest(source, output, rejects);
    assert!(!plan.provenance.key.contains("bad"), "a cell value");
    Ok(Pass::Done(Box::new(report)))
}

#[tokio::test]
async fn a_panic_fails_its_own_message() {
    let world = World::new(panics_on_bad).await;
    for name in ["a", "bad", "c"] {
        world.land(&format!("2026-11-22/OWNERS/{name}")).await;
    }
    let message = |name: &str| {
        let object =
            json!({"bucket": {"name": "landing"}, "object": {"key": format!("2026-11-22/OWNERS/{name}")}});
        let record = json!({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventVersion": "2.1", "s3": object});
        json!({"messageId": name, "eventSource": "aws:sqs", "body": json!({"Records": [record]}).to_string()})
    };
    let event = json!({"Records": [message("a"), message("bad"), message("c")]});
    let handler = Handler::of(world.converter.clone());
    let invocation = Invocation {
        request_id: String::new(),
        deadline: None,
    };
    let answer = handler
        .handle(event.to_string().as_bytes(), invocation)
        .await
        .unwrap();
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "bad"}]}));
    // Two outputs and their rejects; the upload that was open when the core panicked is gone.
    assert_eq!(world.left().await, (4, 0));
    assert_eq!(world.server.faults().count(Operation::CreateMultipartUpload), 3);
}

#[tokio::test]
async fn a_panic_is_told_apart_and_leaves_nothing() {
    let world = World::new(|source, output, rejects, _, _, _| {
        honest(source, output, rejects);
        panic!("a cell value")
    });
    let world = world.await;
    assert_eq!(world.convert().await.unwrap_err(), PartError::Panicked);
    assert_eq!(world.left().await, (0, 0));
}

#[tokio::test]
async fn a_broken_row_balance_is_never_visible() {
    let world = World::new(|source, output, rejects, _, _, _| {
        let report = honest(source, output, rejects);
        Ok(Pass::Done(Box::new(Report {
            records_read: 3,
            ..report
        })))
    });
    let world = world.await;
    let error = world.convert().await.unwrap_err();
    assert_eq!(
        error,
        PartError::RowBalance {
            read: 3,
            written: 1,
            rejected: 1
        }
    );
    assert_eq!(world.left().await, (0, 0));
}

#[tokio::test]
async fn a_source_that_is_not_read_to_its_end_is_never_visible() {
    let world = World::new(|source, output, rejects, _, _, _| {
        let report = honest(&mut source.take(10), output, rejects);
        Ok(Pass::Done(Box::new(Report {
            source_bytes: 1000,
            ..report
        })))
    });
    let world = world.await;
    let error = world.convert().await.unwrap_err();
    assert!(
        matches!(
            error,
            PartError::Source(SourceError::Unread) | PartError::Defect(_)
        ),
        "{error:?}"
    );
    assert_eq!(world.left().await, (0, 0));
}

#[tokio::test]
async fn a_source_of_another_length_is_never_visible() {
    let world = World::new(|source, output, rejects, _, _, _| {
        let report = honest(source, output, rejects);
        Ok(Pass::Done(Box::new(Report {
            source_bytes: 999,
            ..report
        })))
    });
    let world = world.await;
    assert!(matches!(world.convert().await.unwrap_err(), PartError::Defect(_)));
    assert_eq!(world.left().await, (0, 0));
}

#[tokio::test]
async fn rejects_that_were_not_counted_are_never_visible() {
    let world = World::new(|source, output, rejects, _, _, _| {
        let report = honest(source, output, rejects);
        Ok(Pass::Done(Box::new(Report {
            rows_written: 2,
            records_rejected: 0,
            ..report
        })))
    });
    let world = world.await;
    assert!(matches!(world.convert().await.unwrap_err(), PartError::Defect(_)));
    assert_eq!(world.left().await, (0, 0));
}

#[tokio::test]
async fn another_pass_leaves_nothing_of_the_one_before() {
    let world = World::new(|source, output, rejects, _, decision, _| {
        let report = honest(source, output, rejects);
        match decision {
            None => Ok(Pass::Again(Decision::open())),
            Some(_) => Ok(Pass::Done(Box::new(report))),
        }
    });
    let world = world.await;
    assert!(matches!(world.convert().await, Ok(Outcome::Converted(_))));
    assert_eq!(world.left().await, (2, 0));
    assert_eq!(world.server.faults().count(Operation::AbortMultipartUpload), 1);
}

#[tokio::test]
async fn passes_come_to_an_end() {
    let world = World::new(|source, output, rejects, _, _, _| {
        honest(source, output, rejects);
        Ok(Pass::Again(Decision::open()))
    });
    let world = world.await;
    assert!(matches!(world.convert().await.unwrap_err(), PartError::Defect(_)));
    assert_eq!(world.left().await, (0, 0));
    assert_eq!(world.server.faults().count(Operation::GetObject), 4);
}

#[tokio::test]
async fn an_output_beyond_one_put_is_whole() {
    let world = World::new(|source, output, rejects, _, _, _| {
        Ok(Pass::Done(Box::new(honest(source, output, rejects))))
    });
    let world = world.await;
    let Ok(Outcome::Converted(converted)) = world.convert().await else {
        panic!("not converted")
    };
    let output = world
        .server
        .client()
        .get_object()
        .bucket("curated")
        .key(&converted.output)
        .send()
        .await
        .unwrap();
    let bytes = output.body.collect().await.unwrap().to_vec();
    assert_eq!(
        (bytes.len(), bytes.iter().all(|byte| *byte == 1)),
        (12 << 20, true)
    );
    assert_eq!(world.server.faults().count(Operation::UploadPart), 3);
}

/// Lambda kills the function at its deadline, whatever still hangs then.
async fn unless_killed(world: &World, notice: &Notice, time: Duration) -> Option<Outcome> {
    let deadline = tokio::time::Instant::now() + time;
    let turn = Turn {
        request_id: String::new(),
        deadline: Some(deadline),
        receive_count: Some(5),
    };
    let ended = tokio::time::timeout_at(deadline, world.converter.convert(notice, &turn)).await;
    ended.ok().map(Result::unwrap)
}

#[tokio::test]
async fn an_abort_that_hangs_costs_no_failure_record() {
    fn refuses(source: &mut dyn Read, output: &mut (dyn Write + Send), rejects: &mut dyn Write) -> Passed {
        honest(source, output, rejects);
        Err(Refusal::Empty.into())
    }
    let cores: [(Core, Option<Operation>, Reason, &[&str]); 2] = [
        (
            |source, output, rejects, _, _, _| Ok(Pass::Done(Box::new(honest(source, output, rejects)))),
            Some(Operation::CompleteMultipartUpload),
            Reason::OutOfTime,
            &["failed/", "rejected/", "table="],
        ),
        (
            |source, output, rejects, _, _, _| refuses(source, output, rejects),
            None,
            Reason::Refused,
            &["failed/", "table="],
        ),
    ];
    for (core, hangs, reason, left) in cores {
        // As long as this machine needs to get there: a time that ends before the core does is one for more.
        let mut time = Duration::from_millis(500);
        loop {
            assert!(time < Duration::from_secs(30), "killed or out of time every time");
            let world = World::new(core).await;
            let notice = world.land(KEY).await;
            let hang = |operation| {
                let never = Action::Before(Hook::new(std::future::pending));
                let rule = Rule::on(operation).always();
                world.server.faults().inject(rule, never)
            };
            let (complete, abort) = (hangs.map(hang), hang(Operation::AbortMultipartUpload));
            let outcome = unless_killed(&world, &notice, time).await;
            if let Some(Outcome::Failed { record, .. }) = &outcome {
                let client = world.server.client();
                let found = client.get_object().bucket("curated").key(record);
                let bytes = found.send().await.unwrap().body.collect().await.unwrap().to_vec();
                let failure: Failure = serde_json::from_slice(&bytes).unwrap();
                let hung = abort.fired() == 1 && complete.is_none_or(|hang| hang.fired() == 1);
                if hung && failure.reason == reason {
                    // The upload is still open: it can only be the bucket's lifecycle rule that removes it.
                    let found = world.curated().await;
                    assert_eq!(found.len(), left.len(), "{found:?}");
                    for (key, start) in found.iter().zip(left) {
                        let is_upload = key.ends_with(" (upload)");
                        assert!(key.starts_with(start), "{found:?}");
                        assert_eq!(is_upload, *start == "table=", "{found:?}");
                    }
                    assert!(found.contains(record), "{found:?}");
                    break;
                }
                assert!(
                    [reason, Reason::OutOfTime].contains(&failure.reason),
                    "{failure:?}"
                );
            }
            time *= 2;
        }
    }
}

/// Milliseconds of a clock that stands still but for those who let it go on.
static MS: AtomicU64 = AtomicU64::new(0);

fn takes(ms: u64) {
    MS.fetch_add(ms, Ordering::SeqCst);
}

fn held_clock() -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    *START + Duration::from_millis(MS.load(Ordering::SeqCst))
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Each request and each stage takes a time of its own, twice over as the dialect is decided late, and nothing else does.
#[tokio::test]
async fn all_of_a_parts_time_is_told() {
    let core: Core = |source, output, rejects, _, decision, observer| {
        let source_bytes = io::copy(source, &mut io::sink()).unwrap();
        let stages = [
            (Stage::Read, 1),
            (Stage::Split, 20),
            (Stage::Columns, 300),
            (Stage::Encode, 4_000),
        ];
        for (stage, ms) in stages {
            observer.enter(stage);
            takes(ms);
        }
        output.write_all(&[1; 1000]).unwrap();
        if decision.is_none() {
            return Ok(Pass::Again(Decision::open()));
        }
        rejects.write_all(b"{}\n").unwrap();
        Ok(Pass::Done(Box::new(Report {
            records_read: 1,
            records_rejected: 1,
            source_bytes,
            ..Report::default()
        })))
    };
    let world = World::with_clock(core, held_clock).await;
    let notice = world.land(KEY).await;
    for (operation, ms) in [
        (Operation::HeadObject, 50_000),
        (Operation::GetObject, 600_000),
        (Operation::PutObject, 7_000_000),
    ] {
        let hook = Hook::new(move || async move { takes(ms) });
        let faults = world.server.faults();
        faults.inject(Rule::on(operation).always(), Action::Before(hook));
    }
    let log = Log::default();
    let written = log.clone();
    let heard = tracing::subscriber::set_default(subscriber(Level::Info, move || written.clone()));
    // Of a line that a test without a log writes first, tracing would believe that nobody hears it, as long as there is but one log.
    let _another = tracing::Dispatch::new(subscriber(Level::Info, io::sink));
    let turn = Turn {
        request_id: String::new(),
        deadline: None,
        receive_count: None,
    };
    let outcome = world.converter.convert(&notice, &turn).await.unwrap();
    drop(heard);
    assert!(matches!(outcome, Outcome::Converted(_)));
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line = text.lines().find(|line| line.contains("part converted")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    let told = [
        // Source, output, failure record; rejects and output.
        ("ms_store", 3 * 50_000 + 2 * 7_000_000),
        ("ms_wait", 2 * 600_000),
        ("ms_read", 2),
        ("ms_split", 40),
        ("ms_columns", 600),
        ("ms_encode", 8_000),
    ];
    for (field, ms) in told {
        assert_eq!(line[field], ms, "{field}: {line}");
    }
    assert_eq!(line["ms"], told.iter().map(|(_, ms)| ms).sum::<u64>());
}
