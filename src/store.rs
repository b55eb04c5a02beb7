//! S3, as this crate needs it: objects that are written once or replaced only by whoever saw what they replace, reads that
//! are pinned to one ETag, listings with S3's own clock.
//!
//! The only place of the functions that names types of aws-sdk-s3. What S3 answers is told apart here, once, so that
//! nobody else looks at status numbers: [`StoreError`] says what the caller can do about it.

mod attempts;
mod delete;
mod error;
mod listing;
mod multipart;
mod small;

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;

use attempts::Attempts;

pub use delete::{DELETED_AT_ONCE_MAX, Doomed};
pub use error::{Class, Kind, Request, StoreError};
pub use listing::{Listed, Listing, Page, Start};
pub use multipart::{Begun, PART_BYTES_MIN, PARTS_MAX, UploadedPart};
pub use small::Tail;

/// How often and how patiently S3 is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Tries of one request, the first included. Default 5.
    pub attempts: u32,
    /// The longest pause between two tries; pauses grow from 50 ms (1 s when S3 says "slow down"), with jitter. Default 5 s.
    pub backoff_max: Duration,
    /// Until a connection stands. Default 3 s.
    pub connect_timeout: Duration,
    /// From a request's last byte to the answer's first. Default 20 s.
    pub read_timeout: Duration,
    /// One try of a request, its body included, up to the answer's head. Default 60 s.
    pub attempt_timeout: Duration,
    /// Whether the bucket is named in the path instead of the host, as servers other than AWS' want it. Default false.
    pub path_style: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning {
            attempts: 5,
            backoff_max: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(3),
            read_timeout: Duration::from_secs(20),
            attempt_timeout: Duration::from_secs(60),
            path_style: false,
        }
    }
}

/// What S3 says of an object without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// ETag without quotes.
    pub etag: String,
    /// Bytes of the whole object.
    pub size_bytes: u64,
    /// Last-modified, milliseconds since 1970 UTC.
    pub last_modified_ms: Option<i64>,
}

/// The bytes of one answer, as they come in.
#[derive(Debug)]
pub struct Body {
    stream: ByteStream,
}

impl Body {
    /// The next bytes; None at the end. An error is a broken connection or a checksum that is wrong: the bytes so far are
    /// those of the object, but not all of them.
    pub async fn next(&mut self) -> Option<Result<Bytes, String>> {
        let next = self.stream.next().await?;
        Some(next.map_err(|error| crate::refusal::chain(&error)))
    }
}

/// A connection to S3. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
}

impl Store {
    /// The store of an AWS configuration (credentials, region, endpoint).
    ///
    /// Checksums stay as the SDK has them by default: CRC32 on every upload, verified on every whole download; so does its
    /// protection against streams that stall.
    pub fn new(sdk: &aws_config::SdkConfig, tuning: &Tuning) -> Self {
        let retry = RetryConfig::standard()
            .with_max_attempts(tuning.attempts)
            .with_max_backoff(tuning.backoff_max);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(tuning.connect_timeout)
            .read_timeout(tuning.read_timeout)
            .operation_attempt_timeout(tuning.attempt_timeout)
            .build();
        let config = aws_sdk_s3::config::Builder::from(sdk)
            .retry_config(retry)
            .timeout_config(timeouts)
            .force_path_style(tuning.path_style)
            .build();
        Store {
            client: Client::from_conf(config),
        }
    }

    /// The store of the process' environment, as every AWS tool reads it. An `AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_S3`)
    /// means a server that is not AWS', so buckets are named in the path.
    pub async fn from_env(tuning: &Tuning) -> Self {
        let sdk = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let elsewhere = sdk.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let tuning = Tuning {
            path_style: tuning.path_style || elsewhere,
            ..*tuning
        };
        Store::new(&sdk, &tuning)
    }

    /// The store behind a client that is set up already.
    pub fn with_client(client: Client) -> Self {
        Store { client }
    }

    /// Looks at an object. None: it is not there. A 403 is [`Kind::Denied`], never "not there", because S3 answers 403
    /// for a missing object to whoever may not list the bucket.
    pub async fn head(&self, bucket: &str, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        match self.client.head_object().bucket(bucket).key(key).send().await {
            Ok(found) => {
                let etag = found
                    .e_tag()
                    .map(|etag| etag.trim_matches('"').to_owned())
                    .filter(|etag| !etag.is_empty());
                let size = found
                    .content_length()
                    .and_then(|length| u64::try_from(length).ok());
                let (Some(etag), Some(size_bytes)) = (etag, size) else {
                    return Err(StoreError::unusable(
                        "HeadObject",
                        bucket,
                        key,
                        "expected an answer with ETag and Content-Length",
                    ));
                };
                Ok(Some(ObjectMeta {
                    etag,
                    size_bytes,
                    last_modified_ms: found.last_modified().and_then(|time| time.to_millis().ok()),
                }))
            }
            Err(error) => match StoreError::of("HeadObject", bucket, key, &error) {
                error if error.kind == Kind::NotFound => Ok(None),
                error => Err(error),
            },
        }
    }

    /// Opens the object that has this ETag, from a byte on. [`Kind::Precondition`]: another object is current by now.
    pub async fn get(&self, bucket: &str, key: &str, etag: &str, from_byte: u64) -> Result<Body, StoreError> {
        let mut request = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .if_match(format!("\"{etag}\""));
        if from_byte > 0 {
            request = request.range(format!("bytes={from_byte}-"));
        }
        match request.send().await {
            Ok(found) => Ok(Body { stream: found.body }),
            Err(error) => Err(StoreError::of("GetObject", bucket, key, &error)),
        }
    }

    /// Writes an object that is not there yet, in one request. [`Kind::Precondition`]: it is there.
    pub async fn put_new(
        &self,
        bucket: &str,
        key: &str,
        body: Bytes,
        content_type: &str,
    ) -> Result<(), StoreError> {
        let request = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .if_none_match("*");
        let request = request
            .content_type(content_type)
            .checksum_algorithm(ChecksumAlgorithm::Crc32);
        let attempts = Attempts::default();
        let request = request.body(ByteStream::from(body)).customize();
        match request.interceptor(attempts.clone()).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError::of("PutObject", bucket, key, &error).after(attempts.count())),
        }
    }
}
