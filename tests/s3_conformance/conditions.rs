//! Conditional reads and writes, and ranges.

use aws_sdk_s3::primitives::{ByteStream, DateTime};

use crate::context::{Context, Notes, body};

const STALE: &str = "\"00000000000000000000000000000000\"";

pub async fn create_only(cx: Context) -> String {
    let mut notes = Notes::default();
    let put = |text: &'static str| {
        let put = cx
            .client
            .put_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .if_none_match("*");
        put.body(ByteStream::from_static(text.as_bytes())).send()
    };
    notes.see(&put("first").await);
    notes.see(&put("second").await);
    notes.is("first-stays", cx.read("a").await == Ok(b"first".to_vec()));
    notes.see(
        &cx.client
            .delete_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .send()
            .await,
    );
    notes.see(&put("third").await);
    notes.end()
}

pub async fn replace_only(cx: Context) -> String {
    let mut notes = Notes::default();
    let etag = cx.put("a", "first").await;
    let put = |etag: &str, text: &'static str| {
        let put = cx
            .client
            .put_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .if_match(etag);
        put.body(ByteStream::from_static(text.as_bytes())).send()
    };
    notes.see(&put(STALE, "stale").await);
    notes.see(&put(&etag, "second").await);
    notes.see(&put(&etag, "third").await);
    notes.is("second-stays", cx.read("a").await == Ok(b"second".to_vec()));
    notes.end()
}

pub async fn replace_missing(cx: Context) -> String {
    let mut notes = Notes::default();
    let put = cx
        .client
        .put_object()
        .bucket(&cx.bucket)
        .key(cx.key("none"))
        .if_match(STALE);
    notes.see(&put.body(ByteStream::from_static(b"x")).send().await);
    notes.is("still-missing", cx.names().await.is_empty());
    notes.end()
}

pub async fn conditional_delete(cx: Context) -> String {
    let mut notes = Notes::default();
    let etag = cx.put("a", "first").await;
    let delete = |etag: &str| {
        cx.client
            .delete_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .if_match(etag)
            .send()
    };
    notes.see(&delete(STALE).await);
    notes.is("there", cx.read("a").await.is_ok());
    notes.see(&delete(&etag).await);
    notes.is("gone", cx.read("a").await.is_err());
    notes.end()
}

pub async fn conditional_read(cx: Context) -> String {
    let mut notes = Notes::default();
    let etag = cx.put("a", "first").await;
    let get = || cx.client.get_object().bucket(&cx.bucket).key(cx.key("a"));
    let head = || cx.client.head_object().bucket(&cx.bucket).key(cx.key("a"));
    notes.see(&get().if_match(&etag).send().await);
    notes.see(&get().if_match(STALE).send().await);
    notes.see(&get().if_none_match(STALE).send().await);
    notes.see(&get().if_none_match(&etag).send().await);
    notes.see(&head().if_match(&etag).send().await);
    notes.see(&head().if_match(STALE).send().await);
    notes.see(&head().if_none_match(STALE).send().await);
    notes.see(&head().if_none_match(&etag).send().await);
    notes.see(&get().if_match(STALE).range("bytes=0-1").send().await);
    notes.see(&get().if_match(&etag).range("bytes=0-1").send().await);
    notes.end()
}

pub async fn read_by_time(cx: Context) -> String {
    let mut notes = Notes::default();
    let etag = cx.put("a", "first").await;
    let head = cx
        .client
        .head_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .send()
        .await
        .unwrap();
    let changed = *head.last_modified().unwrap();
    let before = DateTime::from_secs(changed.secs() - 60);
    let get = || cx.client.get_object().bucket(&cx.bucket).key(cx.key("a"));
    notes.see(&get().if_modified_since(before).send().await);
    notes.see(&get().if_modified_since(changed).send().await);
    notes.see(&get().if_unmodified_since(changed).send().await);
    notes.see(&get().if_unmodified_since(before).send().await);
    notes.see(&get().if_match(&etag).if_unmodified_since(before).send().await);
    notes.see(&get().if_none_match(&etag).if_modified_since(before).send().await);
    notes.end()
}

pub async fn ranges(cx: Context) -> String {
    let mut notes = Notes::default();
    cx.put("a", "0123456789").await;
    for range in [
        "bytes=0-3",
        "bytes=4-",
        "bytes=-3",
        "bytes=8-99",
        "bytes=-99",
        "bytes=9-9",
    ] {
        let got = cx
            .client
            .get_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .range(range)
            .send()
            .await
            .unwrap();
        let shown = got.content_range().unwrap_or("none").replace("bytes ", "");
        notes.add(format!("{shown}={}", String::from_utf8(body(got).await).unwrap()));
    }
    for range in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
        notes.see(
            &cx.client
                .get_object()
                .bucket(&cx.bucket)
                .key(cx.key("a"))
                .range(range)
                .send()
                .await,
        );
    }
    notes.end()
}

pub async fn range_of_nothing(cx: Context) -> String {
    let mut notes = Notes::default();
    cx.put("empty", "").await;
    notes.see(
        &cx.client
            .get_object()
            .bucket(&cx.bucket)
            .key(cx.key("empty"))
            .range("bytes=0-")
            .send()
            .await,
    );
    notes.end()
}

/// The last bytes, pinned to one ETag: how footers are read.
pub async fn tail_of_a_version(cx: Context) -> String {
    let mut notes = Notes::default();
    let etag = cx.put("a", "0123456789").await;
    let empty = cx.put("empty", "").await;
    let tail = |name: &str, etag: &str| {
        let get = cx.client.get_object().bucket(&cx.bucket).key(cx.key(name));
        get.if_match(etag).range("bytes=-3").send()
    };
    let got = tail("a", &etag).await.unwrap();
    let shown = got.content_range().unwrap_or("none").replace("bytes ", "");
    notes.add(format!("{shown}={}", String::from_utf8(body(got).await).unwrap()));
    notes.see(&tail("a", STALE).await);
    notes.see(&tail("empty", &empty).await);
    notes.see(&tail("empty", STALE).await);
    notes.end()
}

/// The ETag that a replacing PUT answers with is the one to replace next.
pub async fn replaced_etag(cx: Context) -> String {
    let mut notes = Notes::default();
    let first = cx.put("a", "first").await;
    let put = |etag: &str, text: &'static str| {
        let put = cx.client.put_object().bucket(&cx.bucket).key(cx.key("a"));
        put.if_match(etag)
            .body(ByteStream::from_static(text.as_bytes()))
            .send()
    };
    let second = put(&first, "second").await.unwrap().e_tag.unwrap();
    let third = put(&second, "third").await.unwrap().e_tag.unwrap();
    notes.is("new-etag", first != second && second != third);
    notes.see(&put(&second, "fourth").await);
    let head = cx.client.head_object().bucket(&cx.bucket).key(cx.key("a"));
    notes.is(
        "head-is-new",
        head.send().await.unwrap().e_tag == Some(third.clone()),
    );
    let page = cx.client.list_objects_v2().bucket(&cx.bucket).prefix(&cx.folder);
    let page = page.send().await.unwrap();
    notes.is("listed-is-new", page.contents()[0].e_tag() == Some(&third));
    notes.end()
}
