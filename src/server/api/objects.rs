//! Operations on whole objects.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::{Api, metadata, refuse, require_key, signed, without_aws_chunked};
use crate::server::body::{FileBody, receive};
use crate::server::checksums::{Algorithm, Claims, Sums};
use crate::server::conditions::{ReadCondition, WriteCondition};
use crate::server::folder::{Draft, Folder};
use crate::server::hex;
use crate::server::record::{Headers, Record};

/// DeleteObjects takes so many keys at once.
const DELETED_AT_ONCE_MAX: usize = 1_000;

impl Api {
    pub(super) async fn put(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let mut claims = Claims {
            trailers: req.trailing_headers,
            ..Default::default()
        };
        claims.announce(&req.headers);
        let input = req.input;
        refuse("tagging", input.tagging.is_some())?;
        refuse("customer keys", input.sse_customer_key.is_some())?;
        refuse(
            "object lock",
            input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some(),
        )?;
        refuse("append", input.write_offset_bytes.is_some())?;
        let headers = Headers {
            content_type: input.content_type,
            content_encoding: without_aws_chunked(input.content_encoding),
            content_disposition: input.content_disposition,
            content_language: input.content_language,
            cache_control: input.cache_control,
            metadata: metadata(input.metadata)?,
        };
        claims.length = input.content_length.and_then(|length| u64::try_from(length).ok());
        claims.md5 = input.content_md5;
        claims.sums = Sums {
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        };
        let condition = WriteCondition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        let (bucket, key) = (input.bucket, input.key);
        require_key(&key)?;
        self.folder.require_bucket(&bucket)?;
        let ticket = self.folder.ticket(&bucket, &key);
        let received = receive(&self.folder, input.body, &claims).await?;
        let draft = Draft {
            etag: hex(&received.md5),
            headers,
            sums: received.sums,
            composite: false,
        };
        let incoming = received.incoming;
        let publish = move |folder: &Arc<Folder>| folder.publish(&ticket, &condition, incoming, draft, None);
        let record = self.with_folder(publish).await?;
        Ok(S3Response::new(PutObjectOutput {
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

    pub(super) async fn get(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        refuse("part numbers on reads", input.part_number.is_some())?;
        refuse_version(input.version_id.as_deref())?;
        let condition = ReadCondition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        let (bucket, key, range) = (input.bucket, input.key, input.range);
        let Seen {
            record,
            range,
            content_range,
            body,
        } = self
            .with_folder(move |folder| {
                let (file, record) = folder.object(&bucket, &key)?;
                look(file, record, &condition, range)
            })
            .await?;
        let sums = shown_sums(&record, input.checksum_mode.as_ref(), content_range.is_some());
        let headers = record.headers.clone();
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(StreamingBlob::new(body)),
            content_length: Some(signed(range.end.saturating_sub(range.start))),
            content_range,
            e_tag: Some(record.etag()),
            last_modified: Some(record.last_modified()),
            checksum_type: if sums == Sums::default() {
                None
            } else {
                record.checksum_type()
            },
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            content_type: Some(content_type(&headers)),
            content_encoding: headers.content_encoding,
            content_disposition: headers.content_disposition,
            content_language: headers.content_language,
            cache_control: headers.cache_control,
            metadata: Some(headers.metadata.into_iter().collect()),
            ..Default::default()
        }))
    }

    pub(super) async fn head(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        refuse("part numbers on reads", input.part_number.is_some())?;
        refuse_version(input.version_id.as_deref())?;
        let condition = ReadCondition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        let (bucket, key, range) = (input.bucket, input.key, input.range);
        let Seen {
            record,
            range,
            content_range,
            ..
        } = self
            .with_folder(move |folder| {
                let (file, record) = folder.object(&bucket, &key)?;
                look(file, record, &condition, range)
            })
            .await?;
        let sums = shown_sums(&record, input.checksum_mode.as_ref(), content_range.is_some());
        let headers = record.headers.clone();
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(signed(range.end.saturating_sub(range.start))),
            content_range,
            e_tag: Some(record.etag()),
            last_modified: Some(record.last_modified()),
            checksum_type: if sums == Sums::default() {
                None
            } else {
                record.checksum_type()
            },
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            content_type: Some(content_type(&headers)),
            content_encoding: headers.content_encoding,
            content_disposition: headers.content_disposition,
            content_language: headers.content_language,
            cache_control: headers.cache_control,
            metadata: Some(headers.metadata.into_iter().collect()),
            ..Default::default()
        }))
    }

    pub(super) async fn attributes(
        &self,
        req: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        let input = req.input;
        refuse_version(input.version_id.as_deref())?;
        let (_, record) = self
            .with_folder(move |folder| folder.object(&input.bucket, &input.key))
            .await?;
        let wants = |name: &str| {
            input
                .object_attributes
                .iter()
                .any(|attribute| attribute.as_str() == name)
        };
        let checksum = Checksum {
            checksum_type: record.checksum_type(),
            checksum_crc32: record.sums.crc32.clone(),
            checksum_crc32c: record.sums.crc32c.clone(),
            checksum_crc64nvme: record.sums.crc64nvme.clone(),
            checksum_sha1: record.sums.sha1.clone(),
            checksum_sha256: record.sums.sha256.clone(),
        };
        Ok(S3Response::new(GetObjectAttributesOutput {
            last_modified: Some(record.last_modified()),
            e_tag: wants(ObjectAttributes::ETAG).then(|| record.etag()),
            checksum: wants(ObjectAttributes::CHECKSUM).then_some(checksum),
            object_size: wants(ObjectAttributes::OBJECT_SIZE).then(|| record.size()),
            storage_class: wants(ObjectAttributes::STORAGE_CLASS)
                .then(|| StorageClass::from_static(StorageClass::STANDARD)),
            ..Default::default()
        }))
    }

    pub(super) async fn copy(
        &self,
        req: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        let CopySource::Bucket {
            bucket: from_bucket,
            key: from_key,
            version_id,
        } = input.copy_source
        else {
            return Err(s3_error!(NotImplemented, "copies are from buckets only"));
        };
        refuse_version(version_id.as_deref())?;
        refuse("tagging", input.tagging.is_some())?;
        let condition = ReadCondition {
            if_match: input.copy_source_if_match,
            if_none_match: input.copy_source_if_none_match,
            if_modified_since: input.copy_source_if_modified_since,
            if_unmodified_since: input.copy_source_if_unmodified_since,
        };
        let (file, source) = self
            .with_folder(move |folder| {
                let (file, record) = folder.object(&from_bucket, &from_key)?;
                // On a copy, "not modified" is a failed condition too.
                condition
                    .check(&record)
                    .map_err(|_| s3_error!(PreconditionFailed))?;
                Ok((file, record))
            })
            .await?;
        let replace = input
            .metadata_directive
            .is_some_and(|d| d.as_str() == MetadataDirective::REPLACE);
        let headers = if replace {
            Headers {
                content_type: input.content_type,
                content_encoding: input.content_encoding,
                content_disposition: input.content_disposition,
                content_language: input.content_language,
                cache_control: input.cache_control,
                metadata: metadata(input.metadata)?,
            }
        } else {
            source.headers.clone()
        };
        let (bucket, key) = (input.bucket, input.key);
        require_key(&key)?;
        self.folder.require_bucket(&bucket)?;
        let ticket = self.folder.ticket(&bucket, &key);
        let size = source.identity.size;
        let mut claims = Claims {
            length: Some(size),
            ..Default::default()
        };
        if let Some(algorithm) = input.checksum_algorithm {
            claims.asked.insert(Algorithm::parse(algorithm.as_str())?);
        }
        let body = FileBody::new(file, 0..size).map_err(S3Error::internal_error)?;
        let received = receive(&self.folder, Some(StreamingBlob::new(body)), &claims).await?;
        let draft = Draft {
            etag: hex(&received.md5),
            headers,
            sums: received.sums,
            composite: false,
        };
        let (incoming, always) = (received.incoming, WriteCondition::default());
        let publish = move |folder: &Arc<Folder>| folder.publish(&ticket, &always, incoming, draft, None);
        let record = self.with_folder(publish).await?;
        let result = CopyObjectResult {
            e_tag: Some(record.etag()),
            last_modified: Some(record.last_modified()),
            ..Default::default()
        };
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            ..Default::default()
        }))
    }

    pub(super) async fn delete(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = req.input;
        refuse_version(input.version_id.as_deref())?;
        let condition = WriteCondition {
            if_match: input.if_match,
            if_none_match: None,
        };
        self.with_folder(move |folder| folder.delete(&input.bucket, &input.key, &condition))
            .await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    pub(super) async fn delete_many(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let (bucket, delete) = (req.input.bucket, req.input.delete);
        let quiet = delete.quiet.unwrap_or(false);
        if delete.objects.is_empty() || delete.objects.len() > DELETED_AT_ONCE_MAX {
            return Err(s3_error!(
                MalformedXML,
                "{} objects to delete; 1 to {DELETED_AT_ONCE_MAX} are allowed",
                delete.objects.len()
            ));
        }
        let faults = self.faults.clone();
        let (deleted, errors) = self
            .with_folder(move |folder| {
                folder.require_bucket(&bucket)?;
                let (mut deleted, mut errors) = (Vec::new(), Vec::new());
                for object in delete.objects {
                    let key = Some(object.key.clone());
                    let condition = WriteCondition {
                        if_match: object.e_tag.map(ETagCondition::ETag),
                        if_none_match: None,
                    };
                    let done = match faults.denies_deletion(&object.key, condition.if_match.is_some()) {
                        true => Err(s3_error!(AccessDenied)),
                        false => folder.delete(&bucket, &object.key, &condition),
                    };
                    match done {
                        Ok(()) => deleted.push(DeletedObject {
                            key,
                            ..Default::default()
                        }),
                        Err(error) => errors.push(Error {
                            key,
                            code: Some(error.code().as_str().to_owned()),
                            message: error.message().map(str::to_owned),
                            ..Default::default()
                        }),
                    }
                }
                Ok((deleted, errors))
            })
            .await?;
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: (!errors.is_empty()).then_some(errors),
            ..Default::default()
        }))
    }
}

/// An object held against a read's condition and range.
struct Seen {
    record: Record,
    range: Range<u64>,
    content_range: Option<String>,
    body: FileBody,
}

fn look(
    file: File,
    record: Record,
    condition: &ReadCondition,
    range: Option<s3s::dto::Range>,
) -> S3Result<Seen> {
    condition.check(&record)?;
    let size = record.identity.size;
    let asked = range
        .map(|range| range.check(size).ok().filter(|range| !range.is_empty()))
        .map(|range| {
            range.ok_or_else(|| {
                let mut error = s3_error!(InvalidRange, "The requested range is not satisfiable");
                if let Ok(value) = format!("bytes */{size}").parse() {
                    error.set_headers([(hyper::header::CONTENT_RANGE, value)].into_iter().collect());
                }
                error
            })
        });
    let asked = asked.transpose()?;
    let content_range = asked
        .as_ref()
        .map(|range| format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)));
    let range = asked.unwrap_or(0..size);
    let body = FileBody::new(file, range.clone()).map_err(S3Error::internal_error)?;
    Ok(Seen {
        record,
        range,
        content_range,
        body,
    })
}

/// Checksums are shown on demand, and never with a part of the object, which they are not about.
fn shown_sums(record: &Record, mode: Option<&ChecksumMode>, partial: bool) -> Sums {
    let asked = mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    if asked && !partial {
        record.sums.clone()
    } else {
        Sums::default()
    }
}

fn content_type(headers: &Headers) -> String {
    headers
        .content_type
        .clone()
        .unwrap_or_else(|| "binary/octet-stream".to_owned())
}

fn refuse_version(version: Option<&str>) -> S3Result {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(NoSuchVersion, "The specified version does not exist.")),
    }
}
