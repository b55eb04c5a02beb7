//! The fault rules: each does what it says, as seen by a client without retries.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::primitives::ByteStream;
use daymark::server::faults::{Action, Exchange, Hook, Rule};
use daymark::server::operation::Operation;
use daymark::server::{Server, ServerConfig};

use crate::context::seen;

struct World {
    server: Arc<Server>,
    client: Client,
    _root: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let server = Server::start(ServerConfig::new(root.path())).await.unwrap();
        server.create_bucket("bucket").unwrap();
        let config = server
            .client_config()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            server: Arc::new(server),
            client: Client::from_conf(config),
            _root: root,
        }
    }

    async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        let put = self
            .client
            .put_object()
            .bucket("bucket")
            .key(key)
            .body(ByteStream::from(body.into()));
        seen(&put.send().await)
    }

    /// The body as far as it came, and whether it came whole.
    async fn get(&self, key: &str) -> Result<(Vec<u8>, bool), String> {
        let got = self.client.get_object().bucket("bucket").key(key).send().await;
        let mut stream = match got {
            Ok(got) => got.body,
            Err(error) => return Err(seen::<(), _>(&Err(error))),
        };
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await {
            let Ok(piece) = piece else {
                return Ok((bytes, false));
            };
            bytes.extend_from_slice(&piece);
        }
        Ok((bytes, true))
    }

    fn statuses(&self) -> Vec<(Operation, Option<u16>)> {
        let log = self.server.faults().log();
        log.into_iter()
            .map(|Exchange { call, status }| (call.operation, status))
            .collect()
    }
}

#[tokio::test]
async fn answers_before_and_after() {
    let world = World::new().await;
    let faults = world.server.faults();
    let before = faults.inject(Rule::on(Operation::PutObject), Action::Answer(503, "SlowDown"));
    assert_eq!(world.put("a", "1").await, "503:SlowDown");
    assert_eq!(world.get("a").await, Err("404:NoSuchKey".to_owned()));
    let after = faults.inject(
        Rule::on(Operation::PutObject).key_contains("b"),
        Action::AnswerAfter(409, "ConditionalRequestConflict"),
    );
    assert_eq!(world.put("a", "1").await, "ok");
    assert_eq!(world.put("b", "2").await, "409:ConditionalRequestConflict");
    assert_eq!(world.get("b").await, Ok((b"2".to_vec(), true)));
    assert_eq!((before.fired(), after.fired()), (1, 1));
    let head = faults.inject(
        Rule::on(Operation::HeadObject),
        Action::Answer(403, "AccessDenied"),
    );
    let forbidden = world.client.head_object().bucket("bucket").key("a").send().await;
    assert_eq!((seen(&forbidden), head.fired()), ("403".to_owned(), 1));
}

#[tokio::test]
async fn lost_answers_and_refusals() {
    let world = World::new().await;
    let faults = world.server.faults();
    let lost = faults.inject(Rule::on(Operation::PutObject), Action::LoseAnswer);
    assert!(world.put("a", "1").await.starts_with("no answer"));
    assert_eq!(world.get("a").await, Ok((b"1".to_vec(), true)));
    let refused = faults.inject(Rule::on(Operation::PutObject), Action::Refuse);
    assert!(world.put("b", "2").await.starts_with("no answer"));
    assert_eq!(world.get("b").await, Err("404:NoSuchKey".to_owned()));
    assert_eq!((lost.fired(), refused.fired()), (1, 1));
    let (put, get) = (Operation::PutObject, Operation::GetObject);
    assert_eq!(
        world.statuses(),
        [(put, None), (get, Some(200)), (put, None), (get, Some(404))]
    );
}

#[tokio::test]
async fn which_and_how_often() {
    let world = World::new().await;
    let rule = Rule::on(Operation::PutObject).key_contains("x").nth(2).times(2);
    let some = world
        .server
        .faults()
        .inject(rule, Action::Answer(500, "InternalError"));
    let mut seen = Vec::new();
    for key in ["x1", "a", "x2", "x3", "x4"] {
        seen.push(world.put(key, "1").await);
    }
    assert_eq!(seen, ["ok", "ok", "500:InternalError", "500:InternalError", "ok"]);
    assert_eq!(some.fired(), 2);
    let all = world
        .server
        .faults()
        .inject(Rule::any().always(), Action::Answer(500, "InternalError"));
    assert_eq!(world.put("a", "1").await, "500:InternalError");
    assert_eq!(world.get("a").await, Err("500:InternalError".to_owned()));
    assert_eq!(all.fired(), 2);
    world.server.faults().clear();
    assert_eq!(world.put("a", "1").await, "ok");
}

#[tokio::test]
async fn cut_answers() {
    let world = World::new().await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    world.put("a", body.clone()).await;
    for at in [0, 1, 1_000_000, 2_999_999] {
        let cut = world
            .server
            .faults()
            .inject(Rule::on(Operation::GetObject), Action::CutAnswer(at));
        let (bytes, whole) = world.get("a").await.unwrap();
        assert!(!whole, "cut at {at}");
        assert!(
            bytes.len() as u64 <= at && body.starts_with(&bytes),
            "{} bytes of {at}",
            bytes.len()
        );
        assert_eq!(cut.fired(), 1);
    }
    let beyond = world
        .server
        .faults()
        .inject(Rule::on(Operation::GetObject), Action::CutAnswer(3_000_001));
    assert_eq!(world.get("a").await, Ok((body, true)));
    assert_eq!(beyond.fired(), 0);
}

#[tokio::test]
async fn cut_requests() {
    let world = World::new().await;
    let cut = world
        .server
        .faults()
        .inject(Rule::on(Operation::PutObject), Action::CutRequest(1_000_000));
    assert!(world.put("a", vec![7; 3_000_000]).await.starts_with("no answer"));
    assert_eq!(cut.fired(), 1);
    assert_eq!(world.get("a").await, Err("404:NoSuchKey".to_owned()));
    let incoming = world.server.root().join(".daymark-s3/incoming");
    assert_eq!(
        std::fs::read_dir(incoming).unwrap().count(),
        0,
        "nothing half-written stays"
    );
}

/// The SDK checks whole bodies against the stored checksum; a range has none, so there the bytes themselves are seen.
#[tokio::test]
async fn corrupted_answers() {
    let world = World::new().await;
    world.put("a", "0123456789").await;
    let faults = world.server.faults();
    let corrupt = faults.inject(Rule::on(Operation::GetObject).times(2), Action::Corrupt(3, 4));
    let ranged = world
        .client
        .get_object()
        .bucket("bucket")
        .key("a")
        .range("bytes=0-9")
        .send()
        .await
        .unwrap();
    let bytes = ranged.body.collect().await.unwrap().to_vec();
    let inverted: Vec<u8> = b"3456".iter().map(|byte| !byte).collect();
    assert_eq!(
        (&bytes[..3], &bytes[3..7], &bytes[7..]),
        (&b"012"[..], &inverted[..], &b"789"[..])
    );
    assert!(
        !world.get("a").await.unwrap().1,
        "the SDK notices by the checksum"
    );
    assert_eq!(corrupt.fired(), 2);
}

/// The source is replaced mid-read and the connection breaks off: going on with `If-Match` is refused.
#[tokio::test]
async fn hooks_at_every_moment() {
    let world = World::new().await;
    let old = vec![b'o'; 2_000_000];
    world.put("a", old.clone()).await;
    let etag = world
        .client
        .head_object()
        .bucket("bucket")
        .key("a")
        .send()
        .await
        .unwrap()
        .e_tag
        .unwrap();
    let client = world.client.clone();
    let replace = Hook::new(move || {
        let put = client
            .put_object()
            .bucket("bucket")
            .key("a")
            .body(ByteStream::from_static(b"new"));
        async move { drop(put.send().await.unwrap()) }
    });
    let faults = world.server.faults();
    let rule = Rule::on(Operation::GetObject);
    let during = faults.inject(rule.clone(), Action::During(1_000_000, replace));
    let cut = faults.inject(rule.clone(), Action::CutAnswer(1_500_000));
    let (bytes, whole) = world.get("a").await.unwrap();
    assert!(!whole && old.starts_with(&bytes));
    assert_eq!((during.fired(), cut.fired()), (1, 1));
    let range = format!("bytes={}-", bytes.len());
    let rest = world
        .client
        .get_object()
        .bucket("bucket")
        .key("a")
        .range(range)
        .if_match(etag);
    assert_eq!(seen(&rest.send().await), "412:PreconditionFailed");
    assert_eq!(world.get("a").await, Ok((b"new".to_vec(), true)));

    let delete = |client: Client| {
        Hook::new(move || {
            let delete = client.delete_object().bucket("bucket").key("a");
            async move { drop(delete.send().await.unwrap()) }
        })
    };
    let after = faults.inject(rule.clone(), Action::After(delete(world.client.clone())));
    assert_eq!(world.get("a").await, Ok((b"new".to_vec(), true)));
    let before = faults.inject(rule, Action::Before(delete(world.client.clone())));
    assert_eq!(world.get("a").await, Err("404:NoSuchKey".to_owned()));
    assert_eq!((after.fired(), before.fired()), (1, 1));
}

/// S3 answers 409 to a conditional write during which the object was deleted.
#[tokio::test]
async fn a_deletion_during_a_conditional_write_is_a_conflict() {
    let world = World::new().await;
    world.put("a", "1").await;
    let client = world.client.clone();
    let delete = Hook::new(move || {
        let delete = client.delete_object().bucket("bucket").key("a");
        async move { drop(delete.send().await.unwrap()) }
    });
    let delete = world
        .server
        .faults()
        .inject(Rule::on(Operation::PutObject), Action::DuringRequest(1, delete));
    let put = world
        .client
        .put_object()
        .bucket("bucket")
        .key("a")
        .if_none_match("*");
    let put = put.body(ByteStream::from_static(b"2")).send().await;
    assert_eq!(seen(&put), "409:ConditionalRequestConflict");
    assert_eq!(delete.fired(), 1);
    assert_eq!(world.get("a").await, Err("404:NoSuchKey".to_owned()));
}
