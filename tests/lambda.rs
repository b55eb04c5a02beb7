//! The functions' binaries as Lambda runs them: the runtime API on one side, S3 on the other.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use support::{CURATED, LANDING, World, owners, s3_event, sqs_event};

/// Lambda's side of the runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>): hands out these
/// events, one after the other, and returns what the function says to each: the last part of the path, and the body. With it comes
/// the connection on which the function asks for more: once that is closed, the function ends.
fn runtime_api(
    listener: &TcpListener,
    events: &[String],
) -> (Vec<(String, Value)>, Option<BufReader<TcpStream>>) {
    let mut events = events.iter().enumerate();
    let mut answers = Vec::new();
    for stream in listener.incoming() {
        let mut stream = BufReader::new(stream.unwrap());
        while let Some((method, path, body)) = request(&mut stream) {
            if method == "GET" {
                let Some((nth, event)) = events.next() else {
                    return (answers, Some(stream));
                };
                let deadline = SystemTime::now() + Duration::from_secs(60);
                let deadline = deadline
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap()
                    .as_millis();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: request-{nth}\r\n\
                     Lambda-Runtime-Deadline-Ms: {deadline}\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:::f\r\n\
                     Lambda-Runtime-Trace-Id: Root=1-0-0\r\nContent-Length: {}\r\n\r\n{event}",
                    event.len()
                );
                stream.get_mut().write_all(head.as_bytes()).unwrap();
            } else {
                let outcome = path.rsplit('/').next().unwrap().to_owned();
                answers.push((outcome, serde_json::from_slice(&body).unwrap()));
                stream
                    .get_mut()
                    .write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                    .unwrap();
            }
        }
    }
    (answers, None)
}

fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, String, Vec<u8>)> {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    Some((method, path, body))
}

fn function(program: &str, endpoint: &str, runtime: &str, settings: &[(&str, &str)]) -> Child {
    Command::new(program)
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", runtime),
            ("AWS_LAMBDA_FUNCTION_NAME", "daymark-convert"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "g"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "s"),
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "daymark"),
            ("AWS_SECRET_ACCESS_KEY", "daymark-local"),
        ])
        .envs(
            settings
                .iter()
                .map(|(name, value)| (format!("DAYMARK_{name}"), *value)),
        )
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

const CONVERT: &str = env!("CARGO_BIN_EXE_convert");
const MANIFEST: &str = env!("CARGO_BIN_EXE_manifest");

const SETTINGS: [(&str, &str); 4] = [
    ("LANDING_BUCKET", LANDING),
    ("LANDING_PREFIX", "hubspot/"),
    ("CURATED_BUCKET", CURATED),
    ("CURATED_PREFIX", "lake/"),
];

/// What a function says to these events, one after the other, and what it logs.
fn invoke(program: &str, endpoint: &str, events: Vec<String>) -> (Vec<(String, Value)>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let runtime = listener.local_addr().unwrap().to_string();
    let mut function = function(program, endpoint, &runtime, &SETTINGS);
    let mut printed = function.stdout.take().unwrap();
    let (answered, answers) = std::sync::mpsc::channel();
    // Whatever ends the function ends its output, so nothing here waits for a function that is gone.
    std::thread::spawn(move || {
        let (answers, _asks) = runtime_api(&listener, &events);
        answered.send(answers).unwrap();
        function.kill().unwrap();
        function.wait().unwrap();
    });
    let mut log = String::new();
    printed.read_to_string(&mut log).unwrap();
    let answers = answers.try_recv();
    let answers = answers.unwrap_or_else(|_| panic!("the function ended by itself: {log}"));
    (answers, log)
}

#[test]
fn the_manifest_function_refuses_what_cannot_be_meant() {
    let events = [
        r#"["2026-11-20",null,null]"#,
        r#"{"date":"2026-11-20","date":"2026-11-21"}"#,
        r#"{"date":"2026-11-31"}"#,
        "null",
    ];
    let count = events.len();
    let (answers, log) = invoke(MANIFEST, "http://127.0.0.1:1", events.map(str::to_owned).to_vec());
    assert_eq!(answers.len(), count, "{log}");
    for ((outcome, error), words) in answers.iter().zip([
        "invalid type: sequence, expected an object",
        "duplicate field `date`",
        "expected a day from 2000-01-01",
        "invalid type: null, expected an object",
    ]) {
        assert_eq!((&**outcome, &error["errorType"]), ("error", &json!("BadRequest")));
        let message = error["errorMessage"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn the_manifest_function_names_a_sweep_that_failed() {
    let (answers, log) = invoke(MANIFEST, "http://127.0.0.1:1", vec!["{}".to_owned()]);
    assert_eq!(answers[0].0, "error", "{log}");
    assert_eq!(answers[0].1["errorType"], "SweepFailed", "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_function_converts_what_lambda_hands_it() {
    let world = World::with(&[("DEADLINE_MARGIN_MS", ""), ("READ_AHEAD_BYTES", "")]).await;
    let notice = world
        .land("hubspot/2026-11-22/OWNERS/a b+c.csv.gz", owners(1, 50))
        .await;
    let events = [
        sqs_event(&[s3_event(&notice), json!({"odd": true})], 1),
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": LANDING}),
        json!({"neither": "nor"}),
    ];
    let mut events: Vec<String> = events.iter().map(Value::to_string).collect();
    // JSON that has no value here, in fields that nobody needs.
    events.push(events[1].replacen('{', r#"{"large":1e999,"half":"\ud800","#, 1));
    let (answers, log) = invoke(CONVERT, &world.server.endpoint(), events);
    assert_eq!(answers.len(), 4, "{log}");
    assert_eq!(
        answers[0],
        (
            "response".to_owned(),
            json!({"batchItemFailures": [{"itemIdentifier": "m1"}]})
        ),
        "{log}"
    );
    assert_eq!(answers[1], ("response".to_owned(), json!({"parts": []})), "{log}");
    assert_eq!(answers[2].0, "error", "{log}");
    assert_eq!(answers[2].1["errorType"], "BadEvent", "{log}");
    assert_eq!(answers[3], answers[1], "{log}");
    assert_eq!(world.curated().await, [world.output(&notice)]);

    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let part = lines
        .iter()
        .find(|line| line["message"] == "part converted")
        .expect("a line for the part");
    assert_eq!(
        (&part["span"]["request_id"], &part["rows_written"]),
        (&json!("request-0"), &json!(50))
    );
    let metrics = lines
        .iter()
        .find(|line| line["_aws"].is_object())
        .expect("a line of metrics");
    assert_eq!(
        (&metrics["Function"], &metrics["RowsWritten"]),
        (&json!("daymark-convert"), &json!(50))
    );
}

#[test]
fn a_function_with_faulty_settings_says_all_of_them_and_ends() {
    let function = function(
        CONVERT,
        "http://127.0.0.1:1",
        "127.0.0.1:1",
        &[("CODEC", "gzip"), ("LANDING", "x")],
    );
    let printed = function.wait_with_output().unwrap();
    assert_eq!(printed.status.code(), Some(1));
    let log = String::from_utf8(printed.stdout).unwrap();
    for words in [
        "DAYMARK_LANDING: ",
        "DAYMARK_LANDING_BUCKET: ",
        "DAYMARK_CURATED_BUCKET: ",
        "DAYMARK_CODEC: ",
    ] {
        assert!(log.contains(words), "{words} is not in {log}");
    }
}
