//! The embedded server's folder: what other programs see in it, and what they may do to it.

use std::fs;
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use daymark::server::{Server, ServerConfig, ServerError};

const HELLO_MD5: &str = "\"5d41402abc4b2a76b9719d911017c592\"";

async fn start(root: &Path) -> (Server, Client) {
    let server = Server::start(ServerConfig::new(root)).await.unwrap();
    server.create_bucket("bucket").unwrap();
    let client = server.client();
    (server, client)
}

async fn put(client: &Client, key: &str, body: &str) -> String {
    let put = client.put_object().bucket("bucket").key(key).metadata("m", key);
    put.body(ByteStream::from(body.as_bytes().to_vec()))
        .send()
        .await
        .unwrap()
        .e_tag
        .unwrap()
}

async fn get(client: &Client, key: &str) -> Option<(String, String, Option<String>)> {
    let got = client.get_object().bucket("bucket").key(key).send().await.ok()?;
    let etag = got.e_tag().unwrap().to_owned();
    let metadata = got.metadata().and_then(|metadata| metadata.get("m").cloned());
    let body = String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap();
    Some((body, etag, metadata))
}

async fn keys(client: &Client) -> Vec<String> {
    let listing = client.list_objects_v2().bucket("bucket").send().await.unwrap();
    listing
        .contents()
        .iter()
        .map(|object| object.key().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn ordinary_keys_are_ordinary_files() {
    let root = tempfile::tempdir().unwrap();
    let (_server, client) = start(root.path()).await;
    let key = "curated/table=objects/date=2026-11-22/part 1+é-0123456789abcdef.parquet";
    put(&client, key, "bytes").await;
    put(&client, "a//b", "hidden").await;
    assert_eq!(fs::read(root.path().join("bucket").join(key)).unwrap(), b"bytes");
    let visible: Vec<_> = fs::read_dir(root.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(visible.len(), 2, "a bucket and the hidden folder: {visible:?}");
    client
        .delete_object()
        .bucket("bucket")
        .key(key)
        .send()
        .await
        .unwrap();
    assert_eq!(
        fs::read_dir(root.path().join("bucket")).unwrap().count(),
        0,
        "empty folders go"
    );
}

#[tokio::test]
async fn files_put_there_by_hand_are_objects() {
    let root = tempfile::tempdir().unwrap();
    let (_server, client) = start(root.path()).await;
    fs::create_dir_all(root.path().join("bucket/x/y")).unwrap();
    fs::write(root.path().join("bucket/x/y/by hand"), "hello").unwrap();
    assert_eq!(keys(&client).await, ["x/y/by hand"]);
    assert_eq!(
        get(&client, "x/y/by hand").await.unwrap(),
        ("hello".into(), HELLO_MD5.into(), None)
    );
    let stale = client
        .put_object()
        .bucket("bucket")
        .key("x/y/by hand")
        .if_none_match("*");
    assert!(stale.send().await.is_err(), "it is there");
}

#[tokio::test]
async fn a_change_by_hand_gives_another_etag() {
    let root = tempfile::tempdir().unwrap();
    let (_server, client) = start(root.path()).await;
    let etag = put(&client, "a", "world").await;
    fs::write(root.path().join("bucket/a.new"), "hello").unwrap();
    fs::rename(root.path().join("bucket/a.new"), root.path().join("bucket/a")).unwrap();
    assert_eq!(
        get(&client, "a").await.unwrap(),
        ("hello".into(), HELLO_MD5.into(), None)
    );
    let replace = client.put_object().bucket("bucket").key("a").if_match(etag);
    assert!(
        replace.send().await.is_err(),
        "the ETag it was written with is stale"
    );
    fs::remove_file(root.path().join("bucket/a")).unwrap();
    assert_eq!(get(&client, "a").await, None);
    assert_eq!(keys(&client).await, Vec::<String>::new());
}

#[tokio::test]
async fn everything_outlives_the_server() {
    let root = tempfile::tempdir().unwrap();
    let all = ["../up", "a", "a//b", "a/b", "folder/", "plain/key"];
    let (server, client) = start(root.path()).await;
    let mut before = Vec::new();
    for key in all {
        put(&client, key, key).await;
        before.push(get(&client, key).await.unwrap());
    }
    let upload = client
        .create_multipart_upload()
        .bucket("bucket")
        .key("open")
        .send()
        .await
        .unwrap();
    server.stop().await;
    let (_server, client) = start(root.path()).await;
    assert_eq!(keys(&client).await, all);
    for (key, before) in all.iter().zip(before) {
        assert_eq!(get(&client, key).await.unwrap(), before);
    }
    let open = client
        .list_multipart_uploads()
        .bucket("bucket")
        .send()
        .await
        .unwrap();
    assert_eq!(open.uploads()[0].upload_id(), upload.upload_id());
}

/// The process died between the two renames of a write: the bytes are new, the record has its first name yet.
#[tokio::test]
async fn a_crash_after_the_bytes_is_a_write() {
    let root = tempfile::tempdir().unwrap();
    let (server, client) = start(root.path()).await;
    put(&client, "a", "hello").await;
    put(&client, "a//b", "hello").await;
    let before = [get(&client, "a").await, get(&client, "a//b").await];
    server.stop().await;
    let records = root.path().join(".daymark-s3/records/bucket");
    for entry in fs::read_dir(&records).unwrap() {
        let path = entry.unwrap().path();
        fs::rename(&path, path.with_extension("next.json")).unwrap();
    }
    let (_server, client) = start(root.path()).await;
    assert_eq!([get(&client, "a").await, get(&client, "a//b").await], before);
    assert_eq!(keys(&client).await, ["a", "a//b"]);
}

/// The process died before the bytes were there: a record without a file, and a body that was on its way.
#[tokio::test]
async fn a_crash_before_the_bytes_is_none() {
    let root = tempfile::tempdir().unwrap();
    let (server, client) = start(root.path()).await;
    put(&client, "a", "hello").await;
    let before = get(&client, "a").await;
    server.stop().await;
    let hidden = root.path().join(".daymark-s3");
    let record = fs::read_dir(hidden.join("records/bucket"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let later = fs::read_to_string(&record)
        .unwrap()
        .replace("\"size\":5", "\"size\":6");
    fs::write(record.with_extension("next.json"), later).unwrap();
    fs::write(hidden.join("incoming/0"), "on its way").unwrap();
    let (_server, client) = start(root.path()).await;
    assert_eq!(get(&client, "a").await, before);
    assert_eq!(fs::read_dir(hidden.join("incoming")).unwrap().count(), 0);
}

#[tokio::test]
async fn one_process_a_folder() {
    let root = tempfile::tempdir().unwrap();
    let (server, _) = start(root.path()).await;
    let second = Server::start(ServerConfig::new(root.path())).await;
    assert!(matches!(second, Err(ServerError::InUse { .. })), "{second:?}");
    server.stop().await;
    assert!(Server::start(ServerConfig::new(root.path())).await.is_ok());
}

#[tokio::test]
async fn buckets_are_not_made_up() {
    let root = tempfile::tempdir().unwrap();
    let (server, client) = start(root.path()).await;
    server.create_bucket("bucket").unwrap();
    for name in ["UPPER", "a", "../b", ".daymark-s3", "a/b"] {
        assert!(
            matches!(server.create_bucket(name), Err(ServerError::Bucket { .. })),
            "{name}"
        );
    }
    let put = client.put_object().bucket("another").key("a").send().await;
    assert!(put.is_err());
    assert!(!root.path().join("another").exists());
}
