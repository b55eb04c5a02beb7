//! Operations on multipart uploads.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Api, checksum_type, metadata, refuse, require_key, without_aws_chunked};
use crate::server::body::receive;
use crate::server::checksums::{Algorithm, Claims, Sums};
use crate::server::conditions::WriteCondition;
use crate::server::listing;
use crate::server::record::Headers;
use crate::server::uploads::{self, Named, Upload, Whole};

impl Api {
    pub(super) async fn open_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = req.input;
        refuse("tagging", input.tagging.is_some())?;
        refuse("customer keys", input.sse_customer_key.is_some())?;
        require_key(&input.key)?;
        let algorithm = input
            .checksum_algorithm
            .as_ref()
            .map(|name| Algorithm::parse(name.as_str()))
            .transpose()?;
        let composite = match (algorithm, input.checksum_type.as_ref().map(ChecksumType::as_str)) {
            (None, None | Some(ChecksumType::FULL_OBJECT)) | (Some(Algorithm::Crc64Nvme), None) => false,
            (Some(_), None) => true,
            (Some(Algorithm::Sha1 | Algorithm::Sha256), Some(ChecksumType::FULL_OBJECT))
            | (None | Some(Algorithm::Crc64Nvme), Some(ChecksumType::COMPOSITE)) => {
                return Err(s3_error!(
                    InvalidRequest,
                    "This checksum type cannot be used with this algorithm."
                ));
            }
            (Some(_), Some(ChecksumType::FULL_OBJECT)) => false,
            (Some(_), Some(ChecksumType::COMPOSITE)) => true,
            (_, Some(other)) => return Err(s3_error!(InvalidRequest, "Checksum type {other} is not valid.")),
        };
        let upload = Upload {
            id: String::new(),
            key: input.key,
            initiated_s: 0,
            headers: Headers {
                content_type: input.content_type,
                content_encoding: without_aws_chunked(input.content_encoding),
                content_disposition: input.content_disposition,
                content_language: input.content_language,
                cache_control: input.cache_control,
                metadata: metadata(input.metadata)?,
            },
            algorithm,
            composite,
        };
        let (bucket, serial) = (input.bucket.clone(), self.serial.fetch_add(1, Ordering::Relaxed));
        let upload = self
            .with_folder(move |folder| uploads::create(folder, &bucket, upload, serial))
            .await?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: upload.algorithm.map(|_| checksum_type(upload.composite)),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            ..Default::default()
        }))
    }

    pub(super) async fn add_part(
        &self,
        req: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let mut claims = Claims {
            trailers: req.trailing_headers,
            ..Default::default()
        };
        claims.announce(&req.headers);
        let input = req.input;
        let number = input.part_number;
        if !(1..=uploads::PART_NUMBER_MAX).contains(&number) {
            return Err(s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive"
            ));
        }
        let (bucket, key, id) = (input.bucket, input.key, input.upload_id);
        let (path, upload) = self
            .with_folder(move |folder| uploads::find(folder, &bucket, &key, &id))
            .await?;
        claims.length = input.content_length.and_then(|length| u64::try_from(length).ok());
        claims.md5 = input.content_md5;
        claims.sums = Sums {
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        };
        if let Some(algorithm) = upload.algorithm {
            if upload.composite && !claims.has(algorithm) {
                let expected = algorithm.name().to_lowercase();
                return Err(s3_error!(
                    InvalidRequest,
                    "Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: null"
                ));
            }
            claims.asked = BTreeSet::from([algorithm]);
        }
        let received = receive(&self.folder, input.body, &claims).await?;
        let part = self
            .with_folder(move |folder| uploads::add(folder, &path, number, received))
            .await?;
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(ETag::Strong(part.etag)),
            checksum_crc32: part.sums.crc32,
            checksum_crc32c: part.sums.crc32c,
            checksum_crc64nvme: part.sums.crc64nvme,
            checksum_sha1: part.sums.sha1,
            checksum_sha256: part.sums.sha256,
            ..Default::default()
        }))
    }

    pub(super) async fn complete_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = req.input;
        let named: Vec<_> = input.multipart_upload.and_then(|m| m.parts).unwrap_or_default();
        let named = named.into_iter().map(|part| Named {
            number: part.part_number.unwrap_or_default(),
            etag: part.e_tag.map(ETag::into_value).unwrap_or_default(),
            sums: Sums {
                crc32: part.checksum_crc32,
                crc32c: part.checksum_crc32c,
                crc64nvme: part.checksum_crc64nvme,
                sha1: part.checksum_sha1,
                sha256: part.checksum_sha256,
            },
        });
        let named: Vec<_> = named.collect();
        let whole = Whole {
            sums: Sums {
                crc32: input.checksum_crc32,
                crc32c: input.checksum_crc32c,
                crc64nvme: input.checksum_crc64nvme,
                sha1: input.checksum_sha1,
                sha256: input.checksum_sha256,
            },
            size: input.mpu_object_size.and_then(|size| u64::try_from(size).ok()),
        };
        let condition = WriteCondition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id);
        let record = self
            .with_folder(move |folder| {
                uploads::complete(folder, &bucket, &key, &id, &named, &whole, &condition)
            })
            .await?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, listing::url_encoded(&input.key))),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(record.etag()),
            checksum_type: record.checksum_type(),
            checksum_crc32: record.sums.crc32,
            checksum_crc32c: record.sums.crc32c,
            checksum_crc64nvme: record.sums.crc64nvme,
            checksum_sha1: record.sums.sha1,
            checksum_sha256: record.sums.sha256,
            ..Default::default()
        }))
    }

    pub(super) async fn abort_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = req.input;
        self.with_folder(move |folder| uploads::abort(folder, &input.bucket, &input.key, &input.upload_id))
            .await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}
