//! The S3 operations: requests to folder, uploads and listing, and back.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use s3s::dto::*;
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::body::{FileBody, blocking, receive};
use super::checksums::{Algorithm, Claims, Sums};
use super::conditions::{ReadCondition, WriteCondition};
use super::folder::{Draft, Folder};
use super::listing::{self, Start};
use super::record::{Headers, Record};
use super::uploads::{self, Named, Upload, Whole};

/// User metadata, names and values together, has at most this many bytes.
const METADATA_BYTES_MAX: usize = 2 << 10;

/// The operations over one folder.
#[derive(Debug)]
pub struct Api {
    folder: Arc<Folder>,
    serial: AtomicU64,
}

impl Api {
    /// Serves this folder.
    #[must_use]
    pub fn new(folder: Arc<Folder>) -> Self {
        Self {
            folder,
            serial: AtomicU64::new(0),
        }
    }

    async fn with_folder<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Folder>) -> S3Result<T> + Send + 'static,
    ) -> S3Result<T> {
        let folder = Arc::clone(&self.folder);
        blocking(move || work(&folder)).await
    }
}

#[async_trait]
impl S3 for Api {
    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self.with_folder(|folder| folder.buckets()).await?;
        let buckets = buckets.into_iter().map(|(name, identity)| Bucket {
            name: Some(name),
            creation_date: Some(identity.last_modified().into()),
            ..Default::default()
        });
        let buckets = Some(buckets.collect());
        Ok(S3Response::new(ListBucketsOutput {
            buckets,
            ..Default::default()
        }))
    }

    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let bucket = req.input.bucket;
        let location = format!("/{bucket}");
        if !self
            .with_folder(move |folder| folder.create_bucket(&bucket))
            .await?
        {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        Ok(S3Response::new(CreateBucketOutput {
            location: Some(location),
            ..Default::default()
        }))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.with_folder(move |folder| folder.require_bucket(&req.input.bucket))
            .await?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.with_folder(move |folder| folder.require_bucket(&req.input.bucket))
            .await?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn delete_bucket(
        &self,
        req: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.with_folder(move |folder| folder.delete_bucket(&req.input.bucket))
            .await?;
        Ok(S3Response::new(DeleteBucketOutput {}))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
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
            etag: super::hex(&received.md5),
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

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
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

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
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

    async fn get_object_attributes(
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

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
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
            etag: super::hex(&received.md5),
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

    async fn delete_object(
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

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let (bucket, delete) = (req.input.bucket, req.input.delete);
        let quiet = delete.quiet.unwrap_or(false);
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
                    match folder.delete(&bucket, &object.key, &condition) {
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

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        let max = page_size(input.max_keys)?;
        let start = match (&input.continuation_token, &input.start_after) {
            (Some(token), _) => Start::parse(token)?,
            (None, Some(key)) => Start::Key(key.clone()),
            (None, None) => Start::Key(String::new()),
        };
        let encode = encoding(input.encoding_type.as_ref())?;
        let (bucket, prefix) = (input.bucket.clone(), input.prefix.clone().unwrap_or_default());
        let delimiter = input.delimiter.clone();
        let (page, records) = self
            .with_folder(move |folder| {
                let page = listing::page(folder, &bucket, &prefix, delimiter.as_deref(), &start, max)?;
                // What was deleted since the page was made is left out.
                let records = page
                    .keys
                    .iter()
                    .filter_map(|key| match folder.object(&bucket, key) {
                        Ok((_, record)) => Some(Ok(record)),
                        Err(error) if *error.code() == s3s::S3ErrorCode::NoSuchKey => None,
                        Err(error) => Some(Err(error)),
                    });
                let records = records.collect::<S3Result<Vec<_>>>()?;
                Ok((page, records))
            })
            .await?;
        let objects = records.into_iter().map(|record| Object {
            key: Some(encode(&record.key)),
            e_tag: Some(record.etag()),
            last_modified: Some(record.last_modified()),
            size: Some(record.size()),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
            checksum_type: record.checksum_type(),
            checksum_algorithm: Some(
                record
                    .sums
                    .algorithms()
                    .map(|a| ChecksumAlgorithm::from_static(a.name()))
                    .collect(),
            ),
            ..Default::default()
        });
        let contents: Vec<_> = objects.collect();
        let count = contents.len() + page.prefixes.len();
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encode(&input.prefix.unwrap_or_default())),
            delimiter: input.delimiter.map(|delimiter| encode(&delimiter)),
            start_after: input.start_after.map(|key| encode(&key)),
            max_keys: i32::try_from(max).ok(),
            key_count: i32::try_from(count).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.map(|next| next.token()),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes(&page.prefixes, encode)),
            encoding_type: input.encoding_type,
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
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

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
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

    async fn complete_multipart_upload(
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

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = req.input;
        self.with_folder(move |folder| uploads::abort(folder, &input.bucket, &input.key, &input.upload_id))
            .await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        let input = req.input;
        let max = page_size(input.max_parts)?;
        let marker = input.part_number_marker.unwrap_or(0);
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
        let (upload, mut parts) = self
            .with_folder(move |folder| {
                let (path, upload) = uploads::find(folder, &bucket, &key, &id)?;
                Ok((upload, uploads::parts(&path)?))
            })
            .await?;
        parts.retain(|part| part.number > marker);
        let truncated = parts.len() > max;
        parts.truncate(max);
        let next = parts.last().map(|part| part.number).filter(|_| truncated);
        let parts = parts.into_iter().map(|part| Part {
            part_number: Some(part.number),
            size: Some(signed(part.identity.size)),
            last_modified: Some(part.identity.last_modified().into()),
            e_tag: Some(ETag::Strong(part.etag)),
            checksum_crc32: part.sums.crc32,
            checksum_crc32c: part.sums.crc32c,
            checksum_crc64nvme: part.sums.crc64nvme,
            checksum_sha1: part.sums.sha1,
            checksum_sha256: part.sums.sha256,
        });
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: input.part_number_marker,
            next_part_number_marker: next,
            max_parts: i32::try_from(max).ok(),
            is_truncated: Some(truncated),
            parts: Some(parts.collect()),
            checksum_algorithm: upload.algorithm.map(|a| ChecksumAlgorithm::from_static(a.name())),
            checksum_type: upload.algorithm.map(|_| checksum_type(upload.composite)),
            ..Default::default()
        }))
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = req.input;
        let max = page_size(input.max_uploads)?;
        let encode = encoding(input.encoding_type.as_ref())?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let (bucket, wanted) = (input.bucket.clone(), prefix.clone());
        let mut open = self
            .with_folder(move |folder| uploads::list(folder, &bucket, &wanted))
            .await?;
        if let Some(key) = &input.key_marker {
            // Behind the marker's upload if one is named, else behind the whole key.
            let id = input.upload_id_marker.as_ref();
            let at = id.and_then(|id| {
                open.iter()
                    .position(|upload| upload.key == *key && upload.id == *id)
            });
            match at {
                Some(at) => drop(open.drain(..=at)),
                None => open.retain(|upload| upload.key > *key),
            }
        }
        let mut prefixes: Vec<String> = Vec::new();
        let mut shown: Vec<Upload> = Vec::new();
        let mut last = None;
        let mut truncated = false;
        for upload in open {
            let common = listing::common_prefix(&upload.key, &prefix, input.delimiter.as_deref());
            let known = common.is_some() && common == prefixes.last().map(String::as_str);
            if !known && shown.len() + prefixes.len() >= max {
                truncated = true;
                break;
            }
            last = Some((upload.key.clone(), upload.id.clone()));
            match common {
                _ if known => {}
                Some(common) => prefixes.push(common.to_owned()),
                None => shown.push(upload),
            }
        }
        let next = last.filter(|_| truncated);
        let uploads = shown.into_iter().map(|upload| MultipartUpload {
            key: Some(encode(&upload.key)),
            upload_id: Some(upload.id),
            initiated: Some(initiated(upload.initiated_s)),
            checksum_algorithm: upload.algorithm.map(|a| ChecksumAlgorithm::from_static(a.name())),
            checksum_type: upload.algorithm.map(|_| checksum_type(upload.composite)),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            ..Default::default()
        });
        Ok(S3Response::new(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: Some(encode(&prefix)),
            delimiter: input.delimiter.map(|delimiter| encode(&delimiter)),
            key_marker: input.key_marker.map(|key| encode(&key)),
            upload_id_marker: input.upload_id_marker,
            next_key_marker: next.as_ref().map(|(key, _)| encode(key)),
            next_upload_id_marker: next.map(|(_, id)| id),
            max_uploads: i32::try_from(max).ok(),
            is_truncated: Some(truncated),
            uploads: Some(uploads.collect()),
            common_prefixes: Some(common_prefixes(&prefixes, encode)),
            encoding_type: input.encoding_type,
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

fn checksum_type(composite: bool) -> ChecksumType {
    ChecksumType::from_static(if composite {
        ChecksumType::COMPOSITE
    } else {
        ChecksumType::FULL_OBJECT
    })
}

fn initiated(seconds: u64) -> Timestamp {
    (std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).into()
}

fn common_prefixes(prefixes: &[String], encode: fn(&str) -> String) -> Vec<CommonPrefix> {
    prefixes
        .iter()
        .map(|prefix| CommonPrefix {
            prefix: Some(encode(prefix)),
        })
        .collect()
}

fn encoding(asked: Option<&EncodingType>) -> S3Result<fn(&str) -> String> {
    match asked.map(EncodingType::as_str) {
        None => Ok(str::to_owned),
        Some(EncodingType::URL) => Ok(listing::url_encoded),
        Some(other) => Err(s3_error!(
            InvalidArgument,
            "Invalid Encoding Method specified in Request: {other}"
        )),
    }
}

fn page_size(asked: Option<i32>) -> S3Result<usize> {
    let asked = asked.map_or(Ok(listing::PAGE_MAX), usize::try_from);
    let asked = asked.map_err(|_| s3_error!(InvalidArgument, "a page cannot have less than no entries"))?;
    Ok(asked.min(listing::PAGE_MAX))
}

fn metadata(given: Option<Metadata>) -> S3Result<std::collections::BTreeMap<String, String>> {
    let given = given.unwrap_or_default();
    let bytes: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > METADATA_BYTES_MAX {
        return Err(s3_error!(
            MetadataTooLarge,
            "{bytes} bytes of metadata; {METADATA_BYTES_MAX} are allowed"
        ));
    }
    Ok(given.into_iter().collect())
}

fn require_key(key: &str) -> S3Result {
    if key.is_empty() {
        Err(s3_error!(InvalidRequest, "a key has at least one byte"))
    } else {
        Ok(())
    }
}

fn refuse(what: &str, asked: bool) -> S3Result {
    if asked {
        Err(s3_error!(NotImplemented, "this server does not know {what}"))
    } else {
        Ok(())
    }
}

fn refuse_version(version: Option<&str>) -> S3Result {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(NoSuchVersion, "The specified version does not exist.")),
    }
}

fn without_aws_chunked(encoding: Option<String>) -> Option<String> {
    let encoding = encoding?;
    let rest: Vec<_> = encoding
        .split(',')
        .map(str::trim)
        .filter(|part| *part != "aws-chunked")
        .collect();
    (!rest.is_empty()).then(|| rest.join(","))
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
