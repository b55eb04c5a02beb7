//! A whole Daymark in a test: the S3 server over an empty folder, the production client, the Lambda's handler.
//!
//! Every test has its own world, so that its listings are its own.
#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use daymark::app::PartError;
use daymark::app::handler::{Handler, HandlerError, Invocation};
use daymark::app::outcome::{Outcome, Turn};
use daymark::config::Config;
use daymark::failure::Failure;
use daymark::footer::{FOOTER_KEY, PartRecord};
use daymark::notice::Notice;
use daymark::part::{Identity, PartId};
use daymark::server::clock::Clock;
use daymark::server::faults::Faults;
use daymark::server::{Server, ServerConfig};
use daymark::store::{Store, Tuning};
use daymark::telemetry::{Level, Metrics, subscriber};
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;
use tracing_subscriber::fmt::MakeWriter;

/// The landing bucket, as the files in `events/` have it.
pub const LANDING: &str = "daymark-landing";
/// The curated bucket.
pub const CURATED: &str = "daymark-curated";

/// One Daymark.
pub struct World {
    pub server: Server,
    pub client: Client,
    pub config: Config,
    pub handler: Handler,
    pub metrics: Captured,
    _folder: TempDir,
}

impl World {
    /// With small parts, so that some kilobytes are enough to see read-ahead, and 5 MiB to see multipart uploads.
    pub async fn new() -> World {
        World::with(&[]).await
    }

    /// With these settings on top.
    pub async fn with(settings: &[(&str, &str)]) -> World {
        log();
        World::at(settings, Clock::system()).await
    }

    /// The same at a time of the test's choice, and without the log.
    pub async fn at(settings: &[(&str, &str)], clock: Clock) -> World {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(ServerConfig {
            clock,
            ..ServerConfig::new(folder.path())
        });
        let server = server.await.unwrap();
        server.create_bucket(LANDING).unwrap();
        server.create_bucket(CURATED).unwrap();
        let config = config(settings);
        let tuning = Tuning {
            backoff_max: Duration::from_millis(1),
            path_style: true,
            ..Tuning::default()
        };
        let store = Store::new(&server.sdk_config(), &tuning);
        let metrics = Captured::default();
        let handler = Handler::new(config.clone(), store, Metrics::to("test", metrics.clone()));
        let client = server.client();
        World {
            server,
            client,
            config,
            handler,
            metrics,
            _folder: folder,
        }
    }

    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// Puts a source object and returns its notice.
    pub async fn land(&self, key: &str, bytes: impl Into<Vec<u8>>) -> Notice {
        let etag = put(&self.client, LANDING, key, bytes.into()).await;
        Notice {
            bucket: LANDING.to_owned(),
            key: key.to_owned(),
            version_id: None,
            etag: Some(etag),
            size: None,
        }
    }

    /// One notice to its outcome, with all the time it needs, on the first receive.
    pub async fn convert(&self, notice: &Notice) -> Result<Outcome, PartError> {
        self.convert_in(notice, None, Some(1)).await
    }

    pub async fn convert_in(
        &self,
        notice: &Notice,
        time: Option<Duration>,
        receive_count: Option<u32>,
    ) -> Result<Outcome, PartError> {
        let turn = Turn {
            request_id: "test".to_owned(),
            deadline: time.map(|time| Instant::now() + time),
            receive_count,
        };
        self.handler.converter().convert(notice, &turn).await
    }

    /// One event to its answer.
    pub async fn handle(&self, event: &Value) -> Result<Value, HandlerError> {
        let invocation = Invocation {
            request_id: "test".to_owned(),
            deadline: None,
        };
        self.handler
            .handle(event.to_string().as_bytes(), invocation)
            .await
    }

    /// The id of a notice's part, by the ETag that it names.
    pub fn id(&self, notice: &Notice) -> PartId {
        let part = self.config.layout.source(&notice.key).unwrap();
        let identity = Identity {
            bucket: notice.bucket.clone(),
            key: notice.key.clone(),
            etag: notice.etag.clone().unwrap(),
        };
        PartId::of(&identity, &self.config.profile(&part.table).unwrap())
    }

    pub fn output(&self, notice: &Notice) -> String {
        let part = self.config.layout.source(&notice.key).unwrap();
        self.config.layout.output(&part, &self.id(notice))
    }

    pub fn rejects(&self, notice: &Notice) -> String {
        let part = self.config.layout.source(&notice.key).unwrap();
        self.config.layout.rejects(&part, &self.id(notice))
    }

    pub fn failure(&self, notice: &Notice) -> String {
        let part = self.config.layout.source(&notice.key).unwrap();
        self.config.layout.failure(&part, &self.id(notice))
    }

    /// Everything that is in the curated bucket: keys of objects, and of open uploads with `(upload)` behind them.
    pub async fn curated(&self) -> Vec<String> {
        let listed = self
            .client
            .list_objects_v2()
            .bucket(CURATED)
            .send()
            .await
            .unwrap();
        assert_ne!(listed.is_truncated(), Some(true));
        let mut all: Vec<String> = listed
            .contents()
            .iter()
            .map(|object| object.key().unwrap().to_owned())
            .collect();
        let uploads = self
            .client
            .list_multipart_uploads()
            .bucket(CURATED)
            .send()
            .await
            .unwrap();
        assert_ne!(uploads.is_truncated(), Some(true));
        all.extend(
            uploads
                .uploads()
                .iter()
                .map(|upload| format!("{} (upload)", upload.key().unwrap())),
        );
        all.sort();
        all
    }

    /// The bytes of an object in the curated bucket.
    pub async fn get(&self, key: &str) -> Vec<u8> {
        let found = self
            .client
            .get_object()
            .bucket(CURATED)
            .key(key)
            .send()
            .await
            .unwrap();
        found.body.collect().await.unwrap().to_vec()
    }

    pub async fn delete(&self, bucket: &str, key: &str) {
        self.client
            .delete_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .unwrap();
    }

    /// The footer record of an output.
    pub async fn footer(&self, key: &str) -> PartRecord {
        let reader = SerializedFileReader::new(bytes::Bytes::from(self.get(key).await)).unwrap();
        let pairs = reader
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .unwrap()
            .clone();
        let pair = pairs.into_iter().find(|pair| pair.key == FOOTER_KEY).unwrap();
        let record: PartRecord = serde_json::from_str(&pair.value.unwrap()).unwrap();
        let rows: i64 = reader.metadata().file_metadata().num_rows();
        assert_eq!(u64::try_from(rows).unwrap(), record.rows_written);
        record
    }

    /// The failure record under a key.
    pub async fn failed(&self, key: &str) -> Failure {
        serde_json::from_slice(&self.get(key).await).unwrap()
    }

    /// The sum of a metric over all lines so far.
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.metrics.text();
        text.lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()[name]
                    .as_u64()
                    .unwrap()
            })
            .sum()
    }
}

/// A configuration with these settings on top.
pub fn config(settings: &[(&str, &str)]) -> Config {
    let mut vars = vec![
        ("LANDING_BUCKET", LANDING),
        ("LANDING_PREFIX", "hubspot/"),
        ("CURATED_BUCKET", CURATED),
        ("CURATED_PREFIX", "lake/"),
        ("DEADLINE_MARGIN_MS", "0"),
        ("READ_AHEAD_BYTES", "64KiB"),
    ];
    vars.extend(settings);
    let vars = vars
        .into_iter()
        .map(|(name, value)| (format!("DAYMARK_{name}"), value.to_owned()));
    let mut config = Config::from_vars(vars, |path| panic!("no file is asked for, but {path} is")).unwrap();
    // Nothing here waits for the sake of waiting.
    config.read.resume_pause = Duration::from_millis(1);
    config
}

pub async fn put(client: &Client, bucket: &str, key: &str, bytes: Vec<u8>) -> String {
    let put = client
        .put_object()
        .bucket(bucket)
        .key(key)
        .body(ByteStream::from(bytes))
        .send()
        .await
        .unwrap();
    put.e_tag.unwrap().trim_matches('"').to_owned()
}

pub fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A part of table OWNERS: ids from `first` on, and text that hardly compresses, some 64 bytes a row.
pub fn owners(first: u64, rows: u64) -> Vec<u8> {
    let mut text = String::from("\"OWNERID\",\"USERID\",\"EMAIL\",\"FIRSTNAME\"\n");
    let mut state = first.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for row in first..first + rows {
        let mut noise = String::new();
        for _ in 0..4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            noise.push_str(&format!("{state:016x}"));
        }
        text.push_str(&format!("{row},{row},\"{noise}\",\"a, b\"\n"));
    }
    gzip(&text)
}

/// One whose Parquet is some 7 MB: two parts of an upload.
pub fn many_owners() -> Vec<u8> {
    owners(1, 150_000)
}

/// One that loses a record and a cell.
pub fn owners_with_rejects(secret: &str) -> Vec<u8> {
    gzip(&format!(
        "\"OWNERID\",\"USERID\",\"EMAIL\"\n1,2,\"{secret}@example.com\"\n\"{secret}\",3,\"\"\n4,\"{secret}\"\n5,6,\\N\n"
    ))
}

/// A part of any table of the catalog, with a header and one row of NULLs.
pub fn nulls(config: &Config, table: &str) -> Vec<u8> {
    let table = config.catalog.table(table).unwrap();
    let names: Vec<String> = table
        .columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    let cells = vec!["\\N"; names.len()];
    gzip(&format!("{}\n{}\n", names.join(","), cells.join(",")))
}

/// A notification, as S3 sends it.
pub fn s3_event(notice: &Notice) -> Value {
    let form = |text: &str| -> String {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() || byte == b'/' {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    };
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": notice.bucket},
            "object": {"key": form(&notice.key), "eTag": notice.etag},
        },
    }]})
}

/// A delivery by SQS: a message for each of these bodies, called `m0`, `m1`, …
pub fn sqs_event(bodies: &[Value], receive_count: u32) -> Value {
    let message = |(nth, body): (usize, &Value)| {
        json!({
            "messageId": format!("m{nth}"),
            "body": body.to_string(),
            "attributes": {"ApproximateReceiveCount": receive_count.to_string()},
            "eventSource": "aws:sqs",
        })
    };
    json!({"Records": bodies.iter().enumerate().map(message).collect::<Vec<_>>()})
}

/// Text that several writers wrote.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Captured {
    type Writer = Captured;

    fn make_writer(&'w self) -> Captured {
        self.clone()
    }
}

/// Everything that this process logged so far, at the finest level. (One log a process: cores run on threads of their own.)
pub fn log() -> Captured {
    static LOG: OnceLock<Captured> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let log = Captured::default();
        tracing::subscriber::set_global_default(subscriber(Level::Debug, log.clone())).unwrap();
        log
    });
    log.clone()
}
