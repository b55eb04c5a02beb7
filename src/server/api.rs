//! The S3 operations: requests to folder, uploads and listing, and back.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::body::blocking;
use super::faults::Faults;
use super::folder::Folder;

mod listings;
mod multipart;
mod objects;

/// User metadata, names and values together, has at most this many bytes.
const METADATA_BYTES_MAX: usize = 2 << 10;

/// The operations over one folder.
#[derive(Debug)]
pub struct Api {
    folder: Arc<Folder>,
    faults: Faults,
    serial: AtomicU64,
}

impl Api {
    /// Serves this folder, but for what the faults deny.
    #[must_use]
    pub fn new(folder: Arc<Folder>, faults: Faults) -> Self {
        Self {
            folder,
            faults,
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
        self.put(req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.get(req).await
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.head(req).await
    }

    async fn get_object_attributes(
        &self,
        req: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        self.attributes(req).await
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        self.copy(req).await
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.delete(req).await
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.delete_many(req).await
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.list(req).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.open_upload(req).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.add_part(req).await
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.complete_upload(req).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.abort_upload(req).await
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        self.parts(req).await
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        self.open_uploads(req).await
    }
}

fn checksum_type(composite: bool) -> ChecksumType {
    ChecksumType::from_static(if composite {
        ChecksumType::COMPOSITE
    } else {
        ChecksumType::FULL_OBJECT
    })
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
