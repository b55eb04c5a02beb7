//! How a sweep grows: `make bench-sweep`. One day of very many parts, and very many days of some parts.
//!
//! The S3 server runs in a process of its own, so does each sweep, and only the sweep is measured: requests by kind, time,
//! and the process' peak memory. Parts are tiny, their Parquet has real footers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::config::{Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use daymark::app::sweep::Sweeper;
use daymark::config::Config;
use daymark::convert::Codec;
use daymark::encode::Encoder;
use daymark::footer::{FOOTER_KEY, FOOTER_VERSION, PartRecord};
use daymark::keys::Day;
use daymark::part::{Identity, PartId};
use daymark::server::{Server, ServerConfig};
use daymark::store::{Store, Tuning};
use daymark::sweep::Request;
use futures::StreamExt;

const LANDING: &str = "landing";
const CURATED: &str = "curated";
const TABLES: [&str; 4] = ["OBJECTS", "ASSOCIATIONS", "OWNERS", "LISTS"];
const FIRST: &str = "2021-01-01";
const PUTS_AT_ONCE: usize = 32;
const MEMORY_MIB_MAX: u64 = 256;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .filter(|argument| argument != "--bench")
        .collect();
    // The function's own runtime has one thread.
    let mut runtime = match arguments.get(1).map(String::as_str) {
        Some("sweep") => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.enable_all().build().unwrap();
    match arguments.get(1).map(String::as_str) {
        Some("serve") => runtime.block_on(serve(&arguments[2])),
        Some("sweep") => runtime.block_on(sweep(&arguments[2])),
        _ => {
            let scale = arguments.get(1).and_then(|scale| scale.parse().ok()).unwrap_or(1);
            let met = runtime.block_on(measure(scale));
            std::process::exit(i32::from(!met));
        }
    }
}

/// Both shapes, `scale` times smaller than full.
async fn measure(scale: usize) -> bool {
    let shapes = [
        ("one day of 100,000 parts", 1, 100_000 / scale),
        ("2,000 days of 100 parts", 2_000 / scale, 100),
    ];
    let mut met = true;
    for (name, days, parts) in shapes {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Serving::start(folder.path().to_str().unwrap());
        let share = if scale == 1 {
            String::new()
        } else {
            format!(", 1/{scale} of it")
        };
        println!("\n{name}{share}");
        let begun = Instant::now();
        let all = (0..days).flat_map(|day| (0..parts).map(move |part| (day, part)));
        fill(&server.endpoint, all, days * parts).await;
        println!("  {} parts made in {} s", days * parts, begun.elapsed().as_secs());
        met &= swept("the first sweep, which publishes", &mut server);
        met &= swept("the next one, with nothing new", &mut server);
        fill(&server.endpoint, std::iter::once((days - 1, parts)), 1).await;
        met &= swept(
            "one with a part more, which publishes that day again",
            &mut server,
        );
        server.stop();
    }
    met
}

/// One sweep in a process of its own, and what it took.
fn swept(which: &str, server: &mut Serving) -> bool {
    server.counts();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["sweep", &server.endpoint])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    println!("  {which}: {}", told.trim());
    println!("    requests: {}", server.counts());
    let mib = told
        .split(" MiB")
        .next()
        .and_then(|text| text.split(' ').next_back()?.parse::<u64>().ok());
    let fits = output.status.success() && mib.is_some_and(|mib| mib <= MEMORY_MIB_MAX);
    println!(
        "    {} peak memory, at most {MEMORY_MIB_MAX} MiB",
        if fits { "met   " } else { "MISSED" }
    );
    fits
}

struct Serving {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    endpoint: String,
}

impl Serving {
    fn start(folder: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["serve", folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let asks = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut endpoint = String::new();
        answers.read_line(&mut endpoint).unwrap();
        Serving {
            child,
            asks,
            answers,
            endpoint: endpoint.trim().to_owned(),
        }
    }

    /// Requests since the last call.
    fn counts(&mut self) -> String {
        self.asks.write_all(b"\n").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn stop(mut self) {
        drop(self.asks);
        self.child.wait().unwrap();
    }
}

async fn serve(folder: &str) {
    let server = Server::start(ServerConfig::new(folder)).await.unwrap();
    server.create_bucket(LANDING).unwrap();
    server.create_bucket(CURATED).unwrap();
    println!("{}", server.endpoint());
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines() {
            line.unwrap();
            let counts = server.faults().counts().into_iter();
            let counts: Vec<String> = counts
                .map(|(operation, count)| format!("{operation:?} {count}"))
                .collect();
            server.faults().clear_log();
            println!("{}", counts.join(", "));
        }
    })
    .await
    .unwrap();
}

/// One sweep over all days, in this process.
async fn sweep(endpoint: &str) {
    let config = Arc::new(config());
    let store = Store::new(&sdk(endpoint), &tuning());
    let sweeper = Sweeper::new(config, store, None, None);
    let begun = Instant::now();
    let (from, to) = (Day::parse(FIRST).unwrap(), Day::parse("2199-12-31").unwrap());
    let request = Request {
        days: Some((from, to)),
        ..Request::default()
    };
    let report = sweeper.sweep(&request, None).await.unwrap();
    let took = begun.elapsed();
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    for day in &report.days {
        let state = day
            .judged
            .as_ref()
            .map_or_else(ToString::to_string, |judged| judged.state.to_string());
        *states.entry(state).or_default() += 1;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak_mib = peak
        .and_then(|kib| kib.trim().parse::<u64>().ok())
        .unwrap_or_default()
        / 1024;
    println!(
        "{:.1} s, of which {:.1} s its own CPU, {peak_mib} MiB, days {states:?}",
        took.as_secs_f64(),
        cpu_seconds()
    );
}

/// CPU of this process so far: user and system, as Linux counts it, in hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok());
    f64::from(ticks.sum::<u32>()) / 100.0
}

/// Parts and their Parquet, by day and number.
async fn fill(endpoint: &str, parts: impl Iterator<Item = (usize, usize)>, count: usize) {
    let client = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(&sdk(endpoint))
            .force_path_style(true)
            .build(),
    );
    let config = config();
    let first = Day::parse(FIRST).unwrap();
    let puts = parts.map(|(day, part)| {
        let (client, config) = (&client, &config);
        let date = first.plus(i64::try_from(day).unwrap()).unwrap();
        async move {
            let table = TABLES[part % TABLES.len()];
            let key = format!("hubspot/{date}/{table}/data_01b2c3d4_{part}_0.csv.gz");
            let body = format!("{date} {part}");
            let put = client
                .put_object()
                .bucket(LANDING)
                .key(&key)
                .body(ByteStream::from(body.into_bytes()));
            let etag = put
                .send()
                .await
                .unwrap()
                .e_tag()
                .unwrap()
                .trim_matches('"')
                .to_owned();
            let place = config.layout.source(&key).unwrap();
            let profile = config.profile(&place.table).unwrap();
            let identity = Identity {
                bucket: LANDING.to_owned(),
                key,
                etag,
            };
            let id = PartId::of(&identity, &profile);
            let record = PartRecord {
                version: FOOTER_VERSION,
                source_bucket: identity.bucket,
                source_key: identity.key,
                source_etag: identity.etag,
                source_last_modified_ms: Some(1),
                source_sha256: "0".repeat(64),
                records_read: 1,
                rows_written: 1,
                dialect: "quoted".to_owned(),
                schema: "0".repeat(16),
                profile: profile.to_string(),
                part_id: id.to_string(),
                ..PartRecord::default()
            };
            let output = config.layout.output(&place, &id);
            let put = client
                .put_object()
                .bucket(CURATED)
                .key(output)
                .body(ByteStream::from(parquet(&record)));
            put.send().await.unwrap();
        }
    });
    let mut puts = futures::stream::iter(puts).buffer_unordered(PUTS_AT_ONCE);
    let mut done = 0;
    while puts.next().await.is_some() {
        done += 1;
        if count >= 10 && done % (count / 10) == 0 {
            eprintln!("  {done} of {count} parts made");
        }
    }
}

fn parquet(record: &PartRecord) -> Vec<u8> {
    let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, true)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Int64Array::from(vec![1]))]).unwrap();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, schema, Codec::None);
    encoder.write(&batch).unwrap();
    let footer = (FOOTER_KEY.to_owned(), serde_json::to_string(record).unwrap());
    encoder.finish(vec![footer]).unwrap();
    drop(encoder);
    bytes
}

fn config() -> Config {
    let vars = [
        ("LANDING_BUCKET", LANDING),
        ("LANDING_PREFIX", "hubspot/"),
        ("CURATED_BUCKET", CURATED),
        ("CURATED_PREFIX", "lake/"),
        ("QUIET_MINUTES", "0"),
    ];
    let vars = vars.map(|(name, value)| (format!("DAYMARK_{name}"), value.to_owned()));
    Config::from_vars(vars, |path| Err(format!("{path} is not asked for"))).unwrap()
}

fn sdk(endpoint: &str) -> SdkConfig {
    let key = ServerConfig::new("");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(daymark::server::REGION))
        .endpoint_url(endpoint)
        .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(
            Credentials::new(key.access_key, key.secret_key, None, None, "bench"),
        ))
        .build()
}

fn tuning() -> Tuning {
    Tuning {
        path_style: true,
        read_timeout: Duration::from_secs(60),
        ..Tuning::default()
    }
}
