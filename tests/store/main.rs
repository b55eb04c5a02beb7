//! The store's requests on a real protocol: what they give, and what each refusal is told as.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use daymark::server::faults::{Action, Rule};
use daymark::server::operation::Operation;
use daymark::server::{Server, ServerConfig};
use daymark::store::{Class, Doomed, Kind, Listing, Page, Start, Store, Tuning};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const LAKE: &str = "lake";

struct World {
    server: Server,
    store: Store,
    folder: TempDir,
}

impl World {
    async fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(ServerConfig::new(folder.path())).await.unwrap();
        server.create_bucket(LAKE).unwrap();
        let tuning = Tuning {
            backoff_max: Duration::from_millis(1),
            path_style: true,
            ..Tuning::default()
        };
        let store = Store::new(&server.sdk_config(), &tuning);
        World {
            server,
            store,
            folder,
        }
    }

    async fn put(&self, key: &str, text: &str) -> String {
        let body = Bytes::from(text.to_owned());
        self.store
            .put_if_match(LAKE, key, body, "text/plain", None)
            .await
            .unwrap()
    }

    /// Writes onto what has this ETag.
    async fn replace(&self, key: &str, text: &str, etag: &str) -> String {
        let body = Bytes::from(text.to_owned());
        let put = self.store.put_if_match(LAKE, key, body, "text/plain", Some(etag));
        put.await.unwrap()
    }

    /// Every page of a listing.
    async fn pages(&self, mut listing: Listing) -> Vec<Page> {
        let mut pages: Vec<Page> = Vec::new();
        loop {
            let page = self.store.list(LAKE, &listing).await.unwrap();
            let next = page.next.clone();
            pages.push(page);
            match next {
                Some(next) => listing.start = next,
                None => return pages,
            }
        }
    }

    async fn keys(&self, listing: Listing) -> Vec<String> {
        let pages = self.pages(listing).await;
        pages
            .into_iter()
            .flat_map(|page| page.objects)
            .map(|object| object.key)
            .collect()
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

/// Keys that trip up whoever forgets to decode, or decodes too much. (The last but one is no XML as it stands.)
const ODD: [&str; 8] = [
    "a b",
    "a%20b",
    "a&b<c>",
    "a+b",
    "date=2026-11-22/part 1.csv.gz",
    "é/日本",
    "\u{1}",
    "~",
];

#[tokio::test]
async fn pages_give_every_object_once() {
    let world = World::new().await;
    for key in ODD {
        world.put(key, key).await;
    }
    let mut sorted = ODD.map(str::to_owned);
    sorted.sort();
    let listing = Listing {
        entries_max: Some(3),
        ..Listing::of("")
    };
    let pages = world.pages(listing).await;
    assert_eq!(
        pages.iter().map(|page| page.objects.len()).collect::<Vec<_>>(),
        [3, 3, 2]
    );
    for object in pages.iter().flat_map(|page| &page.objects) {
        let meta = world.store.head(LAKE, &object.key).await.unwrap().unwrap();
        assert_eq!(
            (&object.etag, object.size_bytes, Some(object.last_modified_ms)),
            (&meta.etag, meta.size_bytes, meta.last_modified_ms)
        );
    }
    assert_eq!(world.keys(Listing::of("")).await, sorted);
    assert_eq!(world.keys(Listing::of("a")).await, sorted[1..5]);
    let after = Listing {
        start: Start::After("a+b".to_owned()),
        ..Listing::of("")
    };
    assert_eq!(world.keys(after).await, sorted[5..]);
    assert_eq!(world.keys(Listing::of("none")).await, [] as [String; 0]);
}

#[tokio::test]
async fn a_delimiter_gives_what_keys_have_in_common() {
    let world = World::new().await;
    for key in ["lake/a b/1", "lake/a b/2", "lake/c+d/1", "lake/e", "other"] {
        world.put(key, key).await;
    }
    let listing = Listing {
        delimiter: Some("/".to_owned()),
        ..Listing::of("lake/")
    };
    let page = world.store.list(LAKE, &listing).await.unwrap();
    assert_eq!(page.prefixes, ["lake/a b/", "lake/c+d/"]);
    assert_eq!(page.objects.len(), 1);
    let small = Listing {
        entries_max: Some(1),
        ..listing
    };
    let prefixes = world
        .pages(small)
        .await
        .into_iter()
        .flat_map(|page| page.prefixes);
    assert_eq!(prefixes.collect::<Vec<_>>(), ["lake/a b/", "lake/c+d/"]);
}

#[tokio::test]
async fn every_page_carries_the_servers_clock() {
    let world = World::new().await;
    world.put("a", "x").await;
    let before = now_ms() / 1000 * 1000;
    // Its answer counts, not that of a try that failed.
    let fault = world.server.faults().inject(
        Rule::on(Operation::ListObjectsV2),
        Action::Answer(503, "SlowDown"),
    );
    let page = world.store.list(LAKE, &Listing::of("")).await.unwrap();
    assert_eq!(fault.fired(), 1);
    assert!((before..=now_ms()).contains(&page.date_ms), "{}", page.date_ms);
    assert_eq!(page.date_ms % 1000, 0);
}

#[tokio::test]
async fn a_listing_that_fails_says_of_what() {
    let world = World::new().await;
    let error = world
        .store
        .list("no-such-bucket", &Listing::of("a/"))
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.class()), (Kind::NoSuchBucket, Class::Config));
    assert!(
        error.to_string().contains("ListObjectsV2 s3://no-such-bucket/a/"),
        "{error}"
    );
    let listing = Listing {
        start: Start::At("nonsense".to_owned()),
        ..Listing::of("")
    };
    assert_eq!(
        world.store.list(LAKE, &listing).await.unwrap_err().kind,
        Kind::Other
    );
}

#[tokio::test]
async fn a_tail_is_of_the_version_that_was_asked_for() {
    let world = World::new().await;
    let etag = world.put("a", "0123456789").await;
    let empty = world.put("empty", "").await;
    for (bytes, expected) in [(1, "9"), (3, "789"), (10, "0123456789"), (4_000, "0123456789")] {
        let tail = world.store.get_tail(LAKE, "a", &etag, bytes).await.unwrap();
        assert_eq!(
            (&tail.bytes[..], tail.size_bytes),
            (expected.as_bytes(), 10),
            "{bytes}"
        );
    }
    let tail = world.store.get_tail(LAKE, "empty", &empty, 8).await.unwrap();
    assert_eq!((tail.bytes.len(), tail.size_bytes), (0, 0));
    let stale = world.store.get_tail(LAKE, "a", &empty, 3).await.unwrap_err();
    assert_eq!(
        (stale.kind, stale.class()),
        (Kind::Precondition, Class::Transient)
    );
    let gone = world.store.get_tail(LAKE, "none", &etag, 3).await.unwrap_err();
    assert_eq!(gone.kind, Kind::NotFound);
}

#[tokio::test]
async fn bodies_that_break_off_are_asked_for_again() {
    let world = World::new().await;
    let etag = world.put("a", &"x".repeat(100_000)).await;
    let rule = Rule::on(Operation::GetObject);
    let cut = world
        .server
        .faults()
        .inject(rule.clone().times(2), Action::CutAnswer(10));
    let (bytes, _) = world.store.read_small(LAKE, "a", 1 << 20).await.unwrap().unwrap();
    assert_eq!((bytes.len(), cut.fired()), (100_000, 2));
    world.server.faults().clear();
    let cut = world.server.faults().inject(rule.always(), Action::CutAnswer(10));
    let error = world.store.get_tail(LAKE, "a", &etag, 50_000).await.unwrap_err();
    assert_eq!((error.kind, error.class()), (Kind::Lost, Class::Transient));
    assert_eq!(cut.fired(), 3);
}

#[tokio::test]
async fn a_small_object_is_read_whole_or_refused() {
    let world = World::new().await;
    let etag = world.put("a", "0123456789").await;
    let (bytes, meta) = world.store.read_small(LAKE, "a", 10).await.unwrap().unwrap();
    assert_eq!(
        (&bytes[..], meta.etag, meta.size_bytes),
        (&b"0123456789"[..], etag, 10)
    );
    assert!(meta.last_modified_ms.is_some());
    assert_eq!(world.store.read_small(LAKE, "none", 10).await.unwrap(), None);
    let error = world.store.read_small(LAKE, "a", 9).await.unwrap_err();
    assert_eq!((error.kind, error.class()), (Kind::TooLarge, Class::Permanent));
    assert!(error.to_string().contains("at most 9 bytes, found 10"), "{error}");
    // A forbidden object is not an absent one.
    let rule = Rule::on(Operation::GetObject);
    let denied = world
        .server
        .faults()
        .inject(rule, Action::Answer(403, "AccessDenied"));
    let error = world.store.read_small(LAKE, "a", 10).await.unwrap_err();
    assert_eq!((error.kind, error.class()), (Kind::Denied, Class::Config));
    assert_eq!(denied.fired(), 1);
}

#[tokio::test]
async fn only_who_saw_the_object_replaces_it() {
    let world = World::new().await;
    let put = |text: &'static str, etag: Option<String>| {
        let (store, body) = (world.store.clone(), Bytes::from_static(text.as_bytes()));
        async move {
            store
                .put_if_match(LAKE, "a", body, "application/json", etag.as_deref())
                .await
        }
    };
    let gone = put("zero", Some("00000000000000000000000000000000".to_owned()))
        .await
        .unwrap_err();
    assert_eq!(gone.kind, Kind::NotFound);
    let first = put("first", None).await.unwrap();
    let there = put("second", None).await.unwrap_err();
    assert_eq!(there.kind, Kind::Precondition);
    assert!(there.to_string().contains("exists already"), "{there}");
    let second = put("second", Some(first.clone())).await.unwrap();
    let stale = put("third", Some(first)).await.unwrap_err();
    assert_eq!((stale.kind, stale.may_have_landed()), (Kind::Precondition, false));
    assert!(stale.to_string().contains("another object is current"), "{stale}");
    let (bytes, meta) = world.store.read_small(LAKE, "a", 100).await.unwrap().unwrap();
    assert_eq!((&bytes[..], &meta.etag), (&b"second"[..], &second));
    // A write that landed without an answer is refused when it is tried again, and says that it may be there.
    let rule = Rule::on(Operation::PutObject);
    let lost = world.server.faults().inject(rule, Action::LoseAnswer);
    let error = put("third", Some(second)).await.unwrap_err();
    assert_eq!(
        (lost.fired(), error.kind, error.may_have_landed()),
        (1, Kind::Precondition, true)
    );
    let (bytes, _) = world.store.read_small(LAKE, "a", 100).await.unwrap().unwrap();
    assert_eq!(&bytes[..], b"third");
}

#[tokio::test]
async fn deletions_are_in_batches_and_answered_for() {
    let world = World::new().await;
    let odd = ["a b", "a%20b", "a&b<c>", "a+b", "é/日本"];
    for key in odd {
        world.put(key, "x").await;
    }
    world.put("stays", "x").await;
    // Most of them are not there, which is as good.
    let mut keys: Vec<Doomed> = (0..2_100).map(|nth| Doomed::any(format!("none/{nth}"))).collect();
    keys.extend(odd.map(Doomed::any));
    assert_eq!(world.store.delete(LAKE, &keys).await.unwrap(), []);
    assert_eq!(world.server.faults().count(Operation::DeleteObjects), 3);
    assert_eq!(world.keys(Listing::of("")).await, ["stays"]);
    assert_eq!(world.store.delete(LAKE, &[]).await.unwrap(), []);

    let etag = world.put("seen", "x").await;
    // One that the server cannot delete: something is in the way of its record.
    world.put("stuck", "x").await;
    let hash: String = Sha256::digest("stuck")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let records = world.folder.path().join(".daymark-s3/records").join(LAKE);
    std::fs::create_dir(records.join(format!("{hash}.next.json"))).unwrap();
    let failed = world
        .store
        .delete(LAKE, &["stays", "stuck"].map(Doomed::any))
        .await
        .unwrap();
    let [error] = &failed[..] else {
        panic!("{failed:?}")
    };
    assert_eq!((error.request.key.as_str(), error.kind), ("stuck", Kind::Other));
    assert_eq!(error.request.code.as_deref(), Some("InternalError"));

    // What was seen goes, and nothing that was written since.
    let another = world.replace("seen", "another", &etag).await;
    let seen = [Doomed::seen("seen", &etag), Doomed::seen("gone", &etag)];
    assert_eq!(world.store.delete(LAKE, &seen).await.unwrap(), []);
    assert!(world.store.head(LAKE, "seen").await.unwrap().is_some());
    world.replace("seen", "x", &another).await;
    assert_eq!(world.store.delete(LAKE, &seen).await.unwrap(), []);
    assert!(world.store.head(LAKE, "seen").await.unwrap().is_none());

    let rule = Rule::on(Operation::DeleteObjects);
    world
        .server
        .faults()
        .inject(rule, Action::Answer(403, "AccessDenied"));
    let error = world.store.delete(LAKE, &keys).await.unwrap_err();
    assert_eq!((error.kind, error.class()), (Kind::Denied, Class::Config));
}
