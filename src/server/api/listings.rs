//! Operations that list objects, uploads and parts.

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Api, checksum_type, signed};
use crate::server::listing::{self, Start};
use crate::server::uploads::{self, Upload};

impl Api {
    pub(super) async fn list(
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

    pub(super) async fn parts(
        &self,
        req: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
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

    pub(super) async fn open_uploads(
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
