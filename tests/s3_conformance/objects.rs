//! Objects as wholes: write, read, describe, copy, delete.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, MetadataDirective, ObjectIdentifier};

use crate::context::{Context, Notes, body};

pub async fn put_get_head(cx: Context) -> String {
    let mut notes = Notes::default();
    let put = cx.client.put_object().bucket(&cx.bucket).key(cx.key("a"));
    let put = put
        .content_type("text/csv")
        .content_encoding("gzip")
        .metadata("row-count", "12");
    let put = put.body(ByteStream::from_static(b"hello")).send().await.unwrap();
    notes.is(
        "etag-is-md5",
        put.e_tag() == Some("\"5d41402abc4b2a76b9719d911017c592\""),
    );
    let got = cx
        .client
        .get_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .send()
        .await
        .unwrap();
    notes.is("same-etag", got.e_tag() == put.e_tag());
    notes.is("type", got.content_type() == Some("text/csv"));
    notes.is("encoding", got.content_encoding() == Some("gzip"));
    notes.is("metadata", got.metadata().unwrap()["row-count"] == "12");
    notes.is("length", got.content_length() == Some(5));
    let modified = got.last_modified().copied();
    notes.is("body", body(got).await == b"hello");
    let head = cx
        .client
        .head_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .send()
        .await
        .unwrap();
    notes.is("head-etag", head.e_tag() == put.e_tag());
    notes.is("head-length", head.content_length() == Some(5));
    notes.is("head-metadata", head.metadata().unwrap()["row-count"] == "12");
    notes.is("head-modified", head.last_modified().copied() == modified);
    notes.end()
}

pub async fn empty_and_untyped(cx: Context) -> String {
    let mut notes = Notes::default();
    let etag = cx.put("empty", "").await;
    notes.is("etag-of-nothing", etag == "\"d41d8cd98f00b204e9800998ecf8427e\"");
    let got = cx
        .client
        .get_object()
        .bucket(&cx.bucket)
        .key(cx.key("empty"))
        .send()
        .await
        .unwrap();
    notes.is("length-0", got.content_length() == Some(0));
    notes.is("body-empty", body(got).await.is_empty());
    let untyped = cx.client.put_object().bucket(&cx.bucket).key(cx.key("untyped"));
    let untyped = untyped
        .body(ByteStream::from_static(b"x"))
        .customize()
        .mutate_request(|request| {
            request.headers_mut().remove("content-type");
        });
    untyped.send().await.unwrap();
    let head = cx
        .client
        .head_object()
        .bucket(&cx.bucket)
        .key(cx.key("untyped"))
        .send()
        .await
        .unwrap();
    notes.add(head.content_type().unwrap_or("none"));
    notes.end()
}

pub async fn missing(cx: Context) -> String {
    let mut notes = Notes::default();
    notes.see(
        &cx.client
            .get_object()
            .bucket(&cx.bucket)
            .key(cx.key("none"))
            .send()
            .await,
    );
    notes.see(
        &cx.client
            .head_object()
            .bucket(&cx.bucket)
            .key(cx.key("none"))
            .send()
            .await,
    );
    notes.see(
        &cx.client
            .get_object()
            .bucket("no-such-bucket-here")
            .key("a")
            .send()
            .await,
    );
    notes.see(
        &cx.client
            .list_objects_v2()
            .bucket("no-such-bucket-here")
            .send()
            .await,
    );
    notes.see(&cx.client.head_bucket().bucket("no-such-bucket-here").send().await);
    notes.see(&cx.client.head_bucket().bucket(&cx.bucket).send().await);
    notes.end()
}

pub async fn overwrite(cx: Context) -> String {
    let mut notes = Notes::default();
    let first = cx.put("a", "one").await;
    let second = cx.put("a", "two!").await;
    notes.is("etag-changes", first != second);
    notes.is("body-changes", cx.read("a").await == Ok(b"two!".to_vec()));
    notes.is("listed-once", cx.names().await == ["a"]);
    notes.end()
}

/// A read that has begun goes on with what it began with.
pub async fn overwrite_under_a_read(cx: Context) -> String {
    let mut notes = Notes::default();
    let old = vec![b'o'; 24 << 20];
    cx.put("a", old.clone()).await;
    let got = cx
        .client
        .get_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .send()
        .await
        .unwrap();
    cx.put("a", vec![b'n'; 24 << 20]).await;
    notes.is("old-body-whole", body(got).await == old);
    notes.is(
        "new-body-next",
        cx.read("a").await.unwrap().iter().all(|byte| *byte == b'n'),
    );
    notes.end()
}

pub async fn delete(cx: Context) -> String {
    let mut notes = Notes::default();
    cx.put("a", "1").await;
    cx.put("b", "2").await;
    cx.put("c", "3").await;
    notes.see(
        &cx.client
            .delete_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .send()
            .await,
    );
    notes.see(
        &cx.client
            .delete_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .send()
            .await,
    );
    notes.add(cx.read("a").await.unwrap_err());
    let id = |name: &str| ObjectIdentifier::builder().key(cx.key(name)).build().unwrap();
    let both = Delete::builder()
        .objects(id("b"))
        .objects(id("none"))
        .build()
        .unwrap();
    let deleted = cx
        .client
        .delete_objects()
        .bucket(&cx.bucket)
        .delete(both)
        .send()
        .await
        .unwrap();
    notes.add(format!(
        "deleted={} errors={}",
        deleted.deleted().len(),
        deleted.errors().len()
    ));
    notes.is("c-left", cx.names().await == ["c"]);
    notes.end()
}

/// A thousand at once, and no more.
pub async fn delete_many(cx: Context) -> String {
    let mut notes = Notes::default();
    for name in ["a b", "a+b", "a%20b", "a&b<c>", "é"] {
        cx.put(name, "x").await;
    }
    let delete = |names: Vec<String>, quiet: bool| {
        let ids = names
            .iter()
            .map(|name| ObjectIdentifier::builder().key(cx.key(name)).build().unwrap());
        let delete = Delete::builder()
            .set_objects(Some(ids.collect()))
            .quiet(quiet)
            .build()
            .unwrap();
        cx.client
            .delete_objects()
            .bucket(&cx.bucket)
            .delete(delete)
            .send()
    };
    let mut names: Vec<String> = (0..995).map(|nth| format!("none {nth}")).collect();
    names.extend(["a b", "a+b", "a%20b", "a&b<c>", "é"].map(str::to_owned));
    let all = delete(names.clone(), false).await.unwrap();
    notes.add(format!(
        "deleted={} errors={}",
        all.deleted().len(),
        all.errors().len()
    ));
    let quiet = delete(names.clone(), true).await.unwrap();
    notes.add(format!("quiet={}", quiet.deleted().len()));
    notes.is("nothing-left", cx.names().await.is_empty());
    names.push("one more".to_owned());
    notes.see(&delete(names, false).await);
    notes.end()
}

pub async fn copy(cx: Context) -> String {
    let mut notes = Notes::default();
    let put = cx
        .client
        .put_object()
        .bucket(&cx.bucket)
        .key(cx.key("a b"))
        .metadata("m", "1");
    let put = put
        .body(ByteStream::from_static(b"copy me"))
        .send()
        .await
        .unwrap();
    let source = format!("{}/{}", cx.bucket, cx.key("a b").replace(' ', "%20"));
    let copy = || cx.client.copy_object().bucket(&cx.bucket).copy_source(&source);
    notes.see(&copy().key(cx.key("kept")).send().await);
    let replace = copy()
        .key(cx.key("replaced"))
        .metadata_directive(MetadataDirective::Replace)
        .metadata("n", "2");
    notes.see(&replace.send().await);
    notes.see(
        &copy()
            .key(cx.key("c"))
            .copy_source_if_match("\"00000000000000000000000000000000\"")
            .send()
            .await,
    );
    let head = |name: &str| {
        cx.client
            .head_object()
            .bucket(&cx.bucket)
            .key(cx.key(name))
            .send()
    };
    let (kept, replaced) = (head("kept").await.unwrap(), head("replaced").await.unwrap());
    notes.is(
        "same-etag",
        kept.e_tag() == put.e_tag() && replaced.e_tag() == put.e_tag(),
    );
    notes.is(
        "metadata-kept",
        kept.metadata().unwrap().get("m").is_some_and(|m| m == "1"),
    );
    let metadata = replaced.metadata().unwrap();
    notes.is(
        "metadata-replaced",
        metadata.get("n").is_some_and(|n| n == "2") && !metadata.contains_key("m"),
    );
    notes.end()
}

/// 64 MiB from a file, and back piece by piece.
pub async fn streamed(cx: Context) -> String {
    let mut notes = Notes::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    let pattern: Vec<u8> = (0..64_u32 << 18)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    std::fs::write(&path, &pattern).unwrap();
    let file = ByteStream::from_path(&path).await.unwrap();
    notes.see(
        &cx.client
            .put_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .body(file)
            .send()
            .await,
    );
    let got = cx
        .client
        .get_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .send()
        .await
        .unwrap();
    notes.is("length", got.content_length() == Some(64 << 20));
    let mut rest = pattern.as_slice();
    let mut stream = got.body;
    while let Some(piece) = stream.next().await {
        let Some(after) = rest.strip_prefix(&piece.unwrap()[..]) else {
            break;
        };
        rest = after;
    }
    notes.is("same-bytes", rest.is_empty());
    notes.end()
}
