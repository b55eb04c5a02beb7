//! What S3 keeps about an object besides its bytes, as a small JSON file in the hidden folder.
//!
//! A record names the file it describes by size, time of change and file number. If a file was put there by hand, or
//! changed behind the server's back, they disagree and the record counts for nothing.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3s::dto;
use serde::{Deserialize, Serialize};

use super::checksums::Sums;

/// Tells one state of a file from another without reading it. A rename keeps all three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change: whole seconds since 1970.
    pub changed_s: u64,
    /// Time of the last change: nanoseconds of its second.
    pub changed_ns: u32,
    /// The file system's number of the file, 0 where there is none.
    pub number: u64,
}

impl Identity {
    /// Reads it off a file's metadata. A time before 1970 counts as 1970.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let changed = metadata.modified().unwrap_or(UNIX_EPOCH);
        let since = changed.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self {
            size: metadata.len(),
            changed_s: since.as_secs(),
            changed_ns: since.subsec_nanos(),
            number: number(metadata),
        }
    }

    /// The time of the last change cut to seconds, as S3 shows it in headers and listings.
    #[must_use]
    pub fn last_modified(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.changed_s)
    }
}

#[cfg(unix)]
fn number(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> u64 {
    0
}

/// The headers a client gave an object, returned with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Headers {
    /// `Content-Type`; S3 answers `binary/octet-stream` where none was given.
    pub content_type: Option<String>,
    /// `Content-Encoding`, without `aws-chunked`, which is about the transfer only.
    pub content_encoding: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `x-amz-meta-…`, names without the prefix.
    pub metadata: BTreeMap<String, String>,
}

/// One object's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The key, since the record's file is named by a hash of it.
    pub key: String,
    /// The file this is about.
    pub identity: Identity,
    /// ETag without quotes: MD5 in hex, or `md5-of-md5s-N` after a multipart upload.
    pub etag: String,
    /// What the client said about it.
    pub headers: Headers,
    /// What is known of its checksums.
    pub sums: Sums,
    /// `sums` are of the parts' checksums (S3's `COMPOSITE`), not of the whole object.
    pub composite: bool,
}

impl Record {
    /// The ETag as the `s3s` types want it.
    #[must_use]
    pub fn etag(&self) -> dto::ETag {
        dto::ETag::Strong(self.etag.clone())
    }

    /// Last change as the `s3s` types want it.
    #[must_use]
    pub fn last_modified(&self) -> dto::Timestamp {
        self.identity.last_modified().into()
    }

    /// Size as the `s3s` types want it.
    #[must_use]
    pub fn size(&self) -> i64 {
        i64::try_from(self.identity.size).unwrap_or(i64::MAX)
    }

    /// `FULL_OBJECT` or `COMPOSITE`, if there is any checksum.
    #[must_use]
    pub fn checksum_type(&self) -> Option<dto::ChecksumType> {
        let kind = if self.composite {
            dto::ChecksumType::COMPOSITE
        } else {
            dto::ChecksumType::FULL_OBJECT
        };
        (self.sums != Sums::default()).then(|| dto::ChecksumType::from_static(kind))
    }
}
