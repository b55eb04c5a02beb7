//! Checksums, signatures and the headers around them.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use sha2::{Digest, Sha256};

use crate::context::{Context, Notes};
use crate::raw::{hex, send};

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

pub async fn claimed(cx: Context) -> String {
    let mut notes = Notes::default();
    let put = || {
        cx.client
            .put_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .body(ByteStream::from_static(b"hello"))
    };
    notes.see(&put().checksum_crc32("AAAAAA==").send().await);
    notes.see(&put().checksum_crc32_c("AAAAAA==").send().await);
    notes.see(&put().checksum_crc64_nvme("AAAAAAAAAAA=").send().await);
    notes.see(
        &put()
            .checksum_sha256("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCA=")
            .send()
            .await,
    );
    notes.is("nothing-written", cx.names().await.is_empty());
    notes.see(&put().checksum_crc32("NhCmhg==").send().await);
    notes.see(
        &put()
            .checksum_sha256("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
            .send()
            .await,
    );
    notes.end()
}

pub async fn content_md5(cx: Context) -> String {
    let mut notes = Notes::default();
    for md5 in ["XUFAKrxLKna5cZ2REBfFkg==", "AAAAAAAAAAAAAAAAAAAAAA==", "short"] {
        let put = [("content-md5", md5)];
        notes.add(
            send(&cx, "PUT", "a", &put, UNSIGNED, b"hello", keys(&cx))
                .await
                .seen(),
        );
    }
    notes.end()
}

/// What was sent with a PUT comes back with a GET that asks for it, and not with a part of the object.
pub async fn given_back(cx: Context) -> String {
    let mut notes = Notes::default();
    let algorithms = [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ];
    for algorithm in algorithms {
        let put = cx
            .client
            .put_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .checksum_algorithm(algorithm.clone());
        let put = put.body(ByteStream::from_static(b"hello")).send().await.unwrap();
        let get = || {
            cx.client
                .get_object()
                .bucket(&cx.bucket)
                .key(cx.key("a"))
                .checksum_mode(ChecksumMode::Enabled)
        };
        let got = get().send().await.unwrap();
        let sums = [
            (put.checksum_crc32(), got.checksum_crc32()),
            (put.checksum_crc32_c(), got.checksum_crc32_c()),
            (put.checksum_crc64_nvme(), got.checksum_crc64_nvme()),
            (put.checksum_sha1(), got.checksum_sha1()),
            (put.checksum_sha256(), got.checksum_sha256()),
        ];
        let there = sums.iter().find(|(put, _)| put.is_some());
        notes.is(algorithm.as_str(), there.is_some_and(|(put, got)| put == got));
    }
    let part = cx
        .client
        .get_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .checksum_mode(ChecksumMode::Enabled);
    let part = part.range("bytes=0-1").send().await.unwrap();
    notes.is("none-with-a-range", part.checksum_sha256().is_none());
    notes.end()
}

/// A client that claims nothing gets CRC-64/NVME, which S3 computes by itself.
pub async fn unasked(cx: Context) -> String {
    let mut notes = Notes::default();
    notes.add(
        send(&cx, "PUT", "a", &[], UNSIGNED, b"hello", keys(&cx))
            .await
            .seen(),
    );
    let head = cx
        .client
        .head_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.unwrap();
    notes.add(head.checksum_crc64_nvme().unwrap_or("none"));
    notes.end()
}

/// `aws-chunked` with a checksum behind the body, as the Rust SDK streams.
pub async fn trailer(cx: Context) -> String {
    let mut notes = Notes::default();
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    for (name, sum) in [("right", "NhCmhg=="), ("wrong", "AAAAAA==")] {
        let body = format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{sum}\r\n\r\n");
        notes.add(
            send(&cx, "PUT", name, &headers, TRAILER, body.as_bytes(), keys(&cx))
                .await
                .seen(),
        );
    }
    notes.is("right-one-written", cx.names().await == ["right"]);
    let head = cx
        .client
        .head_object()
        .bucket(&cx.bucket)
        .key(cx.key("right"))
        .send()
        .await
        .unwrap();
    notes.is("length-decoded", head.content_length() == Some(5));
    notes.is(
        "no-aws-chunked",
        head.content_encoding().is_none_or(str::is_empty),
    );
    notes.end()
}

/// The announced checksum never comes.
pub async fn trailer_missing(cx: Context) -> String {
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let answer = send(
        &cx,
        "PUT",
        "a",
        &headers,
        TRAILER,
        b"5\r\nhello\r\n0\r\n\r\n",
        keys(&cx),
    )
    .await;
    answer.seen()
}

/// Less comes than `x-amz-decoded-content-length` says.
pub async fn decoded_length(cx: Context) -> String {
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "7"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    send(&cx, "PUT", "a", &headers, TRAILER, body, keys(&cx))
        .await
        .seen()
}

pub async fn payload_hash(cx: Context) -> String {
    let mut notes = Notes::default();
    let hash = hex(&Sha256::digest("hello"));
    for body in ["hello", "hallo"] {
        notes.add(
            send(&cx, "PUT", "a", &[], &hash, body.as_bytes(), keys(&cx))
                .await
                .seen(),
        );
    }
    notes.is("right-one-stays", cx.read("a").await == Ok(b"hello".to_vec()));
    notes.end()
}

pub async fn signatures(cx: Context) -> String {
    let mut notes = Notes::default();
    cx.put("a", "x").await;
    let pairs = [
        keys(&cx),
        Some((cx.access_key.as_str(), "wrong")),
        Some(("nobody", cx.secret_key.as_str())),
        None,
    ];
    for pair in pairs {
        notes.add(send(&cx, "GET", "a", &[], UNSIGNED, b"", pair).await.seen());
    }
    notes.end()
}

/// The manifest takes S3's clock from here.
pub async fn date(cx: Context) -> String {
    let mut notes = Notes::default();
    cx.put("a", "x").await;
    let answer = send(&cx, "GET", "a", &[], UNSIGNED, b"", keys(&cx)).await;
    let date = answer
        .text
        .lines()
        .find(|line| line.to_lowercase().starts_with("date: "));
    notes.is("date", date.is_some_and(|date| date.ends_with(" GMT")));
    let answer = send(&cx, "GET", "none", &[], UNSIGNED, b"", keys(&cx)).await;
    notes.is(
        "date-on-errors",
        answer.text.to_lowercase().contains("\r\ndate: "),
    );
    let listed = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&listed);
    let list = cx
        .client
        .list_objects_v2()
        .bucket(&cx.bucket)
        .prefix(&cx.folder)
        .customize();
    let list = list.interceptor(AnswerDate(seen));
    list.send().await.unwrap();
    let date = listed.lock().unwrap().clone();
    notes.is(
        "date-on-listings",
        date.is_some_and(|date: String| date.ends_with(" GMT")),
    );
    notes.end()
}

#[derive(Debug)]
struct AnswerDate(Arc<Mutex<Option<String>>>);

impl Intercept for AnswerDate {
    fn name(&self) -> &'static str {
        "AnswerDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = context.response().headers().get("date").map(str::to_owned);
        Ok(())
    }
}

fn keys(cx: &Context) -> Option<(&str, &str)> {
    Some((cx.access_key.as_str(), cx.secret_key.as_str()))
}
