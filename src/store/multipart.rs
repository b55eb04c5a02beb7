//! Multipart uploads that are completed create-only.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use super::attempts::Attempts;
use super::{Kind, Store, StoreError};

/// The least bytes of a part other than the last (Amazon S3 multipart upload limits).
pub const PART_BYTES_MIN: usize = 5 << 20;

/// The most parts of one upload (Amazon S3 multipart upload limits).
pub const PARTS_MAX: i32 = 10_000;

/// What asking for an upload came to.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Its id.
    pub upload_id: Result<String, StoreError>,
    /// Whether a try without a clear answer may have opened another one: nobody knows its id, so nobody can abort it.
    pub may_leave_one: bool,
}

/// A part that S3 holds.
#[derive(Clone, Debug)]
pub struct UploadedPart {
    number: i32,
    etag: Option<String>,
    crc32: Option<String>,
}

impl Store {
    /// Opens an upload. Nothing is visible under the key before it is completed.
    pub async fn create_upload(&self, bucket: &str, key: &str, content_type: &str) -> Begun {
        let request = self
            .client
            .create_multipart_upload()
            .bucket(bucket)
            .key(key)
            .content_type(content_type);
        let attempts = Attempts::default();
        let request = request.checksum_algorithm(ChecksumAlgorithm::Crc32).customize();
        match request.interceptor(attempts.clone()).send().await {
            Ok(created) => {
                let upload_id = created.upload_id.filter(|id| !id.is_empty()).ok_or_else(|| {
                    StoreError::unusable(
                        "CreateMultipartUpload",
                        bucket,
                        key,
                        "expected an answer with an upload id",
                    )
                });
                Begun {
                    may_leave_one: upload_id.is_err() || attempts.may_be_done() > 1,
                    upload_id,
                }
            }
            Err(error) => {
                let error = StoreError::of("CreateMultipartUpload", bucket, key, &error);
                Begun {
                    // The error itself goes without its tries: it is about no object, which could have landed.
                    may_leave_one: attempts.may_be_done() > 0,
                    upload_id: Err(error),
                }
            }
        }
    }

    /// Uploads one part, numbered from 1.
    pub async fn upload_part(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        number: i32,
        body: Bytes,
    ) -> Result<UploadedPart, StoreError> {
        let request = self
            .client
            .upload_part()
            .bucket(bucket)
            .key(key)
            .upload_id(upload_id)
            .part_number(number);
        let request = request
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(ByteStream::from(body));
        match request.send().await {
            Ok(uploaded) => Ok(UploadedPart {
                number,
                etag: uploaded.e_tag,
                crc32: uploaded.checksum_crc32,
            }),
            Err(error) => Err(StoreError::of("UploadPart", bucket, key, &error)),
        }
    }

    /// Makes an object of the parts, if none is there. [`Kind::Precondition`]: it is there; [`Kind::NoSuchUpload`]:
    /// the upload was completed or aborted before.
    pub async fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        mut parts: Vec<UploadedPart>,
    ) -> Result<(), StoreError> {
        parts.sort_by_key(|part| part.number);
        let parts = parts.into_iter().map(|part| {
            CompletedPart::builder()
                .part_number(part.number)
                .set_e_tag(part.etag)
                .set_checksum_crc32(part.crc32)
                .build()
        });
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts.collect()))
            .build();
        let request = self
            .client
            .complete_multipart_upload()
            .bucket(bucket)
            .key(key)
            .upload_id(upload_id);
        let attempts = Attempts::default();
        let request = request.if_none_match("*").multipart_upload(parts).customize();
        match request.interceptor(attempts.clone()).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = StoreError::of("CompleteMultipartUpload", bucket, key, &error);
                Err(error.after(attempts.count()))
            }
        }
    }

    /// Throws an upload away. One that is gone already is no error.
    pub async fn abort_upload(&self, bucket: &str, key: &str, upload_id: &str) -> Result<(), StoreError> {
        let request = self
            .client
            .abort_multipart_upload()
            .bucket(bucket)
            .key(key)
            .upload_id(upload_id);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match StoreError::of("AbortMultipartUpload", bucket, key, &error) {
                error if matches!(error.kind, Kind::NoSuchUpload | Kind::NotFound) => Ok(()),
                error => Err(error),
            },
        }
    }
}
