//! Small objects, read whole or by their ends, and replaced only by whoever has seen what they replace.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::{Bytes, BytesMut};
use md5::Md5;
use sha2::{Digest, Sha256};

use super::attempts::Attempts;
use super::{Body, Kind, ObjectMeta, Store, StoreError};

/// How often a body is asked for that breaks off on its way. (What breaks off before, the SDK asks for again.)
const BODIES_MAX: u32 = 3;

/// The end of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Its last bytes: as many as were asked for, or all.
    pub bytes: Bytes,
    /// Bytes of the whole object.
    pub size_bytes: u64,
}

impl Store {
    /// The last `bytes` bytes (at least 1) of the object that has this ETag; all of a smaller one.
    ///
    /// # Errors
    /// [`Kind::Precondition`]: another object is current by now. [`Kind::NotFound`]: none is. [`Kind::Lost`]: the body
    /// broke off at every try. And S3's other refusals.
    pub async fn get_tail(
        &self,
        bucket: &str,
        key: &str,
        etag: &str,
        bytes: u32,
    ) -> Result<Tail, StoreError> {
        let bytes = bytes.max(1);
        let request = self.client.get_object().bucket(bucket).key(key);
        let request = request
            .if_match(format!("\"{etag}\""))
            .range(format!("bytes=-{bytes}"));
        match self.whole(bucket, key, request, bytes.into()).await {
            Ok((found, bytes)) => {
                let size = found.content_range().and_then(size_in);
                let size_bytes = size.or(found.content_length().and_then(|size| u64::try_from(size).ok()));
                let unusable = || {
                    StoreError::unusable("GetObject", bucket, key, "expected an answer with Content-Range")
                };
                Ok(Tail {
                    bytes,
                    size_bytes: size_bytes.ok_or_else(unusable)?,
                })
            }
            // No bytes have no last ones.
            Err(error) if error.request.status == Some(416) => Ok(Tail {
                bytes: Bytes::new(),
                size_bytes: 0,
            }),
            Err(error) => Err(error),
        }
    }

    /// An object of at most so many bytes, whole. None: it is not there.
    ///
    /// # Errors
    /// [`Kind::TooLarge`]: it has more bytes; [`Kind::Lost`]: the body broke off at every try. And S3's other refusals.
    pub async fn read_small(
        &self,
        bucket: &str,
        key: &str,
        bytes_max: u64,
    ) -> Result<Option<(Bytes, ObjectMeta)>, StoreError> {
        let request = self.client.get_object().bucket(bucket).key(key);
        match self.whole(bucket, key, request, bytes_max).await {
            Ok((found, bytes)) => {
                let etag = found.e_tag().map(|etag| etag.trim_matches('"'));
                let Some(etag) = etag.filter(|etag| !etag.is_empty()) else {
                    return Err(StoreError::unusable(
                        "GetObject",
                        bucket,
                        key,
                        "expected an answer with ETag",
                    ));
                };
                let meta = ObjectMeta {
                    etag: etag.to_owned(),
                    size_bytes: bytes.len() as u64,
                    last_modified_ms: found.last_modified().and_then(|time| time.to_millis().ok()),
                };
                Ok(Some((bytes, meta)))
            }
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// SHA-256, hex, of the object that has this ETag, in memory that does not grow with it.
    ///
    /// # Errors
    /// As [`Store::get_tail`].
    pub async fn sha256(&self, bucket: &str, key: &str, etag: &str) -> Result<String, StoreError> {
        let mut tries = 1;
        loop {
            match digest(self.get(bucket, key, etag, 0).await?).await {
                Ok(sha256) => return Ok(sha256),
                Err(_) if tries < BODIES_MAX => tries += 1,
                Err(cause) => {
                    let mut error = StoreError::unusable("GetObject", bucket, key, &cause);
                    error.kind = Kind::Lost;
                    return Err(error);
                }
            }
        }
    }

    /// Whether the object that was seen under a key has this content, and is there yet. Its ETag is the content's MD5, unless
    /// a KMS key encrypts it: then it is read.
    ///
    /// # Errors
    /// As [`Store::sha256`], but for those that say that it is not there any more.
    pub async fn holds(
        &self,
        bucket: &str,
        key: &str,
        seen: &ObjectMeta,
        body: &[u8],
    ) -> Result<bool, StoreError> {
        if seen.size_bytes != body.len() as u64 {
            return Ok(false);
        }
        if hex(&Md5::digest(body)) == seen.etag {
            return Ok(true);
        }
        match self.sha256(bucket, key, &seen.etag).await {
            Ok(found) => Ok(found == hex(&Sha256::digest(body))),
            // Another object is there by now, or none.
            Err(error) if matches!(error.kind, Kind::Precondition | Kind::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes an object in one request onto the one that has this ETag, or, with None, if none is there. Returns the new
    /// ETag.
    ///
    /// # Errors
    /// [`Kind::Precondition`] or [`Kind::Conflict`]: another object is current by now, or one is there.
    /// [`Kind::NotFound`]: there is none to replace. After a lost answer it may be this very write that is there:
    /// [`StoreError::may_have_landed`] says so, and reading it tells.
    pub async fn put_if_match(
        &self,
        bucket: &str,
        key: &str,
        body: Bytes,
        content_type: &str,
        etag: Option<&str>,
    ) -> Result<String, StoreError> {
        let request = self.client.put_object().bucket(bucket).key(key);
        let request = match etag {
            Some(etag) => request.if_match(format!("\"{etag}\"")),
            None => request.if_none_match("*"),
        };
        let request = request
            .content_type(content_type)
            .checksum_algorithm(ChecksumAlgorithm::Crc32);
        let attempts = Attempts::default();
        let request = request.body(ByteStream::from(body)).customize();
        match request.interceptor(attempts.clone()).send().await {
            Ok(put) => {
                let etag = put.e_tag().map(|etag| etag.trim_matches('"').to_owned());
                etag.filter(|etag| !etag.is_empty()).ok_or_else(|| {
                    StoreError::unusable("PutObject", bucket, key, "expected an answer with ETag")
                })
            }
            Err(error) => {
                let mut error = StoreError::of("PutObject", bucket, key, &error).after(attempts.count());
                error.request.etag = etag.map(str::to_owned);
                Err(error)
            }
        }
    }

    /// An answer with its body, which is asked for again if it breaks off.
    async fn whole(
        &self,
        bucket: &str,
        key: &str,
        request: GetObjectFluentBuilder,
        bytes_max: u64,
    ) -> Result<(GetObjectOutput, Bytes), StoreError> {
        let mut tries = 1;
        loop {
            let mut found = match request.clone().send().await {
                Ok(found) => found,
                Err(error) => return Err(StoreError::of("GetObject", bucket, key, &error)),
            };
            let stream = std::mem::take(&mut found.body);
            let announced = found
                .content_length()
                .and_then(|length| u64::try_from(length).ok());
            let too_large = |bytes: u64| {
                let detail = format!("expected at most {bytes_max} bytes, found {bytes} or more");
                let mut error = StoreError::unusable("GetObject", bucket, key, &detail);
                error.kind = Kind::TooLarge;
                error
            };
            if let Some(bytes) = announced.filter(|bytes| *bytes > bytes_max) {
                return Err(too_large(bytes));
            }
            match collect(Body { stream }, bytes_max).await {
                Ok(Ok(bytes)) => return Ok((found, bytes)),
                Ok(Err(bytes)) => return Err(too_large(bytes)),
                Err(_) if tries < BODIES_MAX => tries += 1,
                Err(cause) => {
                    let mut error = StoreError::unusable("GetObject", bucket, key, &cause);
                    error.kind = Kind::Lost;
                    return Err(error);
                }
            }
        }
    }
}

async fn digest(mut body: Body) -> Result<String, String> {
    let mut hash = Sha256::new();
    while let Some(bytes) = body.next().await {
        hash.update(&bytes?);
    }
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The whole body, or how many bytes came when they were too many.
async fn collect(mut body: Body, bytes_max: u64) -> Result<Result<Bytes, u64>, String> {
    let mut all = BytesMut::new();
    while let Some(bytes) = body.next().await {
        all.extend_from_slice(&bytes?);
        if all.len() as u64 > bytes_max {
            return Ok(Err(all.len() as u64));
        }
    }
    Ok(Ok(all.freeze()))
}

/// The size in `bytes 5-9/10`.
fn size_in(content_range: &str) -> Option<u64> {
    content_range.rsplit_once('/')?.1.parse().ok()
}
