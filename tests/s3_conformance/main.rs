//! What S3 documents, checked on the embedded server in every run, and on another server where one is named.
//!
//! Each check does something and writes down what it saw; the table says what S3 would have shown. With
//! `DAYMARK_S3_ENDPOINT` (and `DAYMARK_S3_ACCESS_KEY`, `DAYMARK_S3_SECRET_KEY`) the same checks run against SeaweedFS,
//! where [`SEAWEEDFS`] lists what it is known to do differently. A difference that is gone fails as one that is new.
//! `tests/seaweedfs.py` starts SeaweedFS and sets the variables.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::future::Future;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use daymark::server::{Server, ServerConfig};

use self::context::Context;

mod checksums;
mod conditions;
mod context;
mod faults;
mod folder;
mod listings;
mod multipart;
mod objects;
mod races;
mod raw;

type Run = fn(Context) -> Pin<Box<dyn Future<Output = String> + Send>>;

/// Its name, what it does, and what S3 documents.
type Check = (&'static str, Run, &'static str);

macro_rules! check {
    ($module:ident :: $name:ident, $documented:expr) => {
        (
            concat!(stringify!($module), "::", stringify!($name)),
            |cx| Box::pin($module::$name(cx)),
            $documented,
        )
    };
}

const CHECKS: &[Check] = &[
    check!(
        objects::put_get_head,
        "etag-is-md5 same-etag type encoding metadata length body head-etag head-length head-metadata head-modified"
    ),
    check!(
        objects::empty_and_untyped,
        "etag-of-nothing length-0 body-empty binary/octet-stream"
    ),
    check!(
        objects::missing,
        "404:NoSuchKey 404 404:NoSuchBucket 404:NoSuchBucket 404 ok"
    ),
    check!(objects::overwrite, "etag-changes body-changes listed-once"),
    check!(objects::overwrite_under_a_read, "old-body-whole new-body-next"),
    check!(objects::delete, "ok ok 404:NoSuchKey deleted=2 errors=0 c-left"),
    check!(
        objects::delete_many,
        "deleted=1000 errors=0 quiet=0 nothing-left 400:MalformedXML"
    ),
    check!(
        objects::copy,
        "ok ok 412:PreconditionFailed same-etag metadata-kept metadata-replaced"
    ),
    check!(objects::streamed, "ok length same-bytes"),
    check!(
        conditions::create_only,
        "ok 412:PreconditionFailed first-stays ok ok"
    ),
    check!(
        conditions::replace_only,
        "412:PreconditionFailed ok 412:PreconditionFailed second-stays"
    ),
    check!(conditions::replace_missing, "404:NoSuchKey still-missing"),
    check!(
        conditions::conditional_delete,
        "412:PreconditionFailed there ok gone"
    ),
    check!(
        conditions::conditional_read,
        "ok 412:PreconditionFailed ok 304 ok 412 ok 304 412:PreconditionFailed ok"
    ),
    check!(
        conditions::read_by_time,
        "ok 304 ok 412:PreconditionFailed ok 304"
    ),
    check!(
        conditions::ranges,
        "0-3/10=0123 4-9/10=456789 7-9/10=789 8-9/10=89 0-9/10=0123456789 9-9/10=9 416:InvalidRange \
         416:InvalidRange 416:InvalidRange"
    ),
    check!(conditions::range_of_nothing, "416:InvalidRange"),
    check!(
        conditions::tail_of_a_version,
        "7-9/10=789 412:PreconditionFailed 416:InvalidRange 412:PreconditionFailed"
    ),
    check!(
        conditions::replaced_etag,
        "new-etag 412:PreconditionFailed head-is-new listed-is-new"
    ),
    check!(listings::odd_keys, "deleted"),
    check!(listings::unpathlike_keys, "deleted"),
    check!(listings::leading_slash, "ok listed ok ok"),
    check!(listings::long_keys, "ok ok ok ok listed 400:KeyTooLongError"),
    check!(
        listings::object_and_folder,
        "ok ok ok ok ok ok a,a/,a/b,a/b/c,x,x/y all-read a/,a/b,a/b/c,x,x/y"
    ),
    check!(
        listings::folder_is_no_object,
        "404:NoSuchKey 404:NoSuchKey nothing-left place-is-free"
    ),
    check!(listings::order, "bytes"),
    check!(listings::pages, "3/3 3/3 1/1 all-once 2 false full-page-is-last"),
    check!(listings::listed_fields, "etag size modified class"),
    check!(
        listings::delimiter,
        "b,d--1,d--2,e|a/,c/ c/1|c/d/ |c/ a/1,a/2,b,c/1,c/d/1,e|d-- 1+1 1+1 2+0"
    ),
    check!(listings::url_encoding, "a+b/%2B%25%C3%A9 a+b/ a+b"),
    check!(
        multipart::whole,
        "not-there-yet open parts part-etags etag closed same-etag type metadata body listed-etag range-over-parts"
    ),
    check!(multipart::replaced_and_unnamed, "400:InvalidPart ok new"),
    check!(multipart::small_part, "400:EntityTooSmall not-there"),
    check!(
        multipart::wrong_parts,
        "400:InvalidPart 400:InvalidPart 400:InvalidPartOrder 400:MalformedXML not-there ok"
    ),
    check!(
        multipart::part_numbers,
        "400:InvalidArgument 400:InvalidArgument ok"
    ),
    check!(
        multipart::aborted,
        "ok none-open 404:NoSuchUpload 404:NoSuchUpload 404:NoSuchUpload not-there"
    ),
    check!(multipart::aborted_twice, "ok 404:NoSuchUpload"),
    check!(multipart::another_keys_upload, "404:NoSuchUpload"),
    check!(
        multipart::complete_create_only,
        "open=2 ok 412:PreconditionFailed winner-stays loser-open ok winner-stays"
    ),
    check!(
        multipart::complete_replace_only,
        "412:PreconditionFailed ok second"
    ),
    check!(multipart::complete_replace_missing, "404:NoSuchKey not-there"),
    check!(
        multipart::composite_checksum,
        "COMPOSITE NhCmhg== 400:InvalidRequest ok FKTmaw==-1"
    ),
    check!(multipart::full_object_checksum, "400:BadDigest ok NhCmhg=="),
    check!(multipart::uploads_listed, "in-order 3 true last"),
    check!(
        checksums::claimed,
        "400:BadDigest 400:BadDigest 400:BadDigest 400:BadDigest nothing-written ok ok"
    ),
    check!(checksums::content_md5, "ok 400:BadDigest 400:InvalidDigest"),
    check!(
        checksums::given_back,
        "CRC32 CRC32C CRC64NVME SHA1 SHA256 none-with-a-range"
    ),
    check!(checksums::unasked, "ok M3eFcAZSQlc="),
    check!(
        checksums::trailer,
        "ok 400:BadDigest right-one-written length-decoded no-aws-chunked"
    ),
    check!(checksums::trailer_missing, "400:MalformedTrailerError"),
    check!(checksums::decoded_length, "400:IncompleteBody"),
    check!(
        checksums::payload_hash,
        "ok 400:XAmzContentSHA256Mismatch right-one-stays"
    ),
    check!(
        checksums::signatures,
        "ok 403:SignatureDoesNotMatch 403:InvalidAccessKeyId 403:AccessDenied"
    ),
    check!(checksums::date, "date date-on-errors date-on-listings"),
    check!(races::create_only_puts, "1 won, 15 told, body is the winner's"),
    check!(races::replace_only_puts, "1 won, 15 told, body is the winner's"),
    check!(
        races::create_only_completes,
        "1 won, 15 told, body is the winner's"
    ),
];

/// What another server is known to do differently.
struct Difference {
    check: &'static str,
    /// What the check sees there.
    shows: &'static str,
    /// It shows every time; if not, what S3 documents may be seen too.
    is_certain: bool,
    #[allow(dead_code, reason = "for who reads the table")]
    words: &'static str,
}

const fn always(check: &'static str, shows: &'static str, words: &'static str) -> Difference {
    Difference {
        check,
        shows,
        is_certain: true,
        words,
    }
}

const fn now_and_then(check: &'static str, shows: &'static str, words: &'static str) -> Difference {
    Difference {
        check,
        shows,
        is_certain: false,
        words,
    }
}

/// What SeaweedFS 4.48 shows instead of what S3 documents: the check, what it sees there, and the difference in
/// words. It is also the list of what a test against SeaweedFS cannot show.
const SEAWEEDFS: &[Difference] = &[
    always(
        "objects::empty_and_untyped",
        "etag-of-nothing length-0 body-empty text/plain; charset=utf-8",
        "It guesses the type of an object that has none; S3 says binary/octet-stream.",
    ),
    always(
        "objects::delete_many",
        "deleted=1000 errors=0 quiet=0 nothing-left 400:InvalidArgument",
        "It has another code for more than 1,000 keys in one DeleteObjects; S3 says MalformedXML.",
    ),
    always(
        "conditions::replace_missing",
        "412:PreconditionFailed still-missing",
        "If-Match on a missing key; S3 says 404.",
    ),
    always(
        "listings::odd_keys",
        "!listed:a\\b listed:a/b deleted",
        "It takes a backslash for a slash.",
    ),
    always(
        "listings::unpathlike_keys",
        "!put:../up !put:./here !put:a/../b !put:a/./b !put:.. !read:// !read:folder/ !listed:a//b !listed:// listed: listed:a/b deleted",
        "It takes keys for paths: refuses dots, merges slashes, has no objects that end in a slash.",
    ),
    always(
        "listings::leading_slash",
        "ok !listed ok ok",
        "It drops a slash at the start.",
    ),
    always(
        "listings::long_keys",
        "400:KeyTooLongError 404 ok ok !listed 400:KeyTooLongError",
        "A name between two slashes may have 255 bytes; in S3 a key may have 1,024 in any form.",
    ),
    always(
        "listings::object_and_folder",
        "ok ok ok ok ok ok a/,a/b,a/b/c,x,x/y !all-read a/b,a/b/c,x,x/y",
        "An object whose key is another's folder is lost.",
    ),
    always(
        "listings::folder_is_no_object",
        "404:NoSuchKey found nothing-left place-is-free",
        "A folder can be read as an empty object.",
    ),
    always(
        "listings::order",
        "!bytes",
        "It lists a folder's names in order, which is not the order of the keys' bytes.",
    ),
    always(
        "listings::url_encoding",
        "a%20b/%2B%25%C3%A9 a%20b/ a b",
        "A space is %20 and the prefix stays as it was; S3 says + and encodes it too.",
    ),
    always(
        "multipart::replaced_and_unnamed",
        "ok ok !new",
        "It completes with a part's old ETag, and again after it completed.",
    ),
    always(
        "multipart::wrong_parts",
        "400:InvalidPart 400:InvalidPart 400:InvalidPartOrder 404:NoSuchUpload not-there ok",
        "Completing with no parts; S3 says 400.",
    ),
    always(
        "multipart::part_numbers",
        "400:InvalidPart 400:InvalidPart ok",
        "Another code for a part number out of range.",
    ),
    always(
        "multipart::aborted_twice",
        "ok ok",
        "Aborting what is gone; S3 says 404.",
    ),
    always(
        "multipart::complete_replace_missing",
        "412:PreconditionFailed not-there",
        "If-Match on a missing key; S3 says 404.",
    ),
    always(
        "checksums::unasked",
        "ok none",
        "It computes no checksum unless asked; S3 computes CRC-64/NVME.",
    ),
    always(
        "checksums::trailer",
        "ok 400:IncompleteBody right-one-written length-decoded !no-aws-chunked",
        "Another code for a wrong checksum in a trailer, and aws-chunked stays in Content-Encoding.",
    ),
    always(
        "checksums::trailer_missing",
        "400:IncompleteBody",
        "Another code for an announced trailer that does not come.",
    ),
    always(
        "checksums::decoded_length",
        "ok",
        "It does not compare x-amz-decoded-content-length.",
    ),
    always(
        "checksums::payload_hash",
        "ok ok !right-one-stays",
        "It does not compare x-amz-content-sha256 with the body.",
    ),
    now_and_then(
        "races::create_only_completes",
        "several won",
        "Completing create-only is not one step: several succeed at once, the last one stays.",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn embedded_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(ServerConfig::new(folder.path())).await.unwrap();
    server.create_bucket("conformance").unwrap();
    let config = ServerConfig::new(folder.path());
    let context = Context {
        client: client(&server.endpoint(), &config.access_key, &config.secret_key),
        authority: server.address().to_string(),
        access_key: config.access_key,
        secret_key: config.secret_key,
        bucket: "conformance".to_owned(),
        folder: String::new(),
    };
    run(&context, &[]).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs() {
    let Ok(endpoint) = std::env::var("DAYMARK_S3_ENDPOINT") else {
        println!("not run: DAYMARK_S3_ENDPOINT is not set (tests/seaweedfs.py sets it)");
        return;
    };
    let (access_key, secret_key) = (
        std::env::var("DAYMARK_S3_ACCESS_KEY").unwrap(),
        std::env::var("DAYMARK_S3_SECRET_KEY").unwrap(),
    );
    let client = client(&endpoint, &access_key, &secret_key);
    let bucket = format!(
        "conformance-{}",
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()
    );
    client.create_bucket().bucket(&bucket).send().await.unwrap();
    let authority = endpoint
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let context = Context {
        client,
        authority,
        access_key,
        secret_key,
        bucket,
        folder: String::new(),
    };
    run(&context, SEAWEEDFS).await;
}

fn client(endpoint: &str, access_key: &str, secret_key: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new(
            access_key,
            secret_key,
            None,
            None,
            "conformance",
        ))
        .force_path_style(true)
        .retry_config(RetryConfig::standard());
    Client::from_conf(config.build())
}

async fn run(context: &Context, differences: &[Difference]) {
    for Difference { check, .. } in differences {
        assert!(
            CHECKS.iter().any(|(name, ..)| name == check),
            "no check is called {check}"
        );
    }
    let mut failures = Vec::new();
    for (name, run, documented) in CHECKS {
        let folder = format!("{}/", name.replace("::", "/"));
        let saw = match tokio::spawn(run(Context {
            folder,
            ..context.clone()
        }))
        .await
        {
            Ok(saw) => saw,
            Err(error) => format!("{error}"),
        };
        let difference = differences.iter().find(|difference| difference.check == *name);
        let expected = difference.map_or(*documented, |difference| difference.shows);
        let is_excused = difference.is_some_and(|difference| !difference.is_certain) && saw == *documented;
        if saw != expected && !is_excused {
            failures.push(format!("{name}\n  expected {expected}\n  saw      {saw}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} checks:\n{}",
        failures.len(),
        CHECKS.len(),
        failures.join("\n")
    );
}
