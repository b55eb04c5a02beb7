//! A place in S3: a bucket and a prefix that ends with `/`, or none.

use std::fmt;

/// Bytes of a prefix, its last `/` included. With it, table and stem at their longest, every key fits S3's 1,024.
pub const PREFIX_BYTES_MAX: usize = 512;

/// A bucket and a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    bucket: String,
    prefix: String,
}

/// A place, or a pair of places, or a day pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// No bucket's name.
    #[error("expected a bucket's name of letters, digits, dots, dashes and underscores, found {0:?}")]
    Bucket(String),
    /// A prefix that is longer than [`PREFIX_BYTES_MAX`], starts with `/`, has an empty, `.` or `..` folder, or a
    /// control character in it.
    #[error(
        "expected a prefix of at most {PREFIX_BYTES_MAX} bytes, without a leading /, empty folders, `.`, `..` and control characters, found {0:?}"
    )]
    Prefix(String),
    /// A text that is no `s3://bucket/prefix`.
    #[error("expected s3://bucket/prefix, found {0:?}")]
    Url(String),
    /// One place contains the other.
    #[error(
        "expected landing and curated to be apart, found {landing} and {curated}: outputs would be taken for parts"
    )]
    Nested {
        /// Where parts come from.
        landing: Place,
        /// Where outputs go.
        curated: Place,
    },
    /// A day pattern that is no regular expression.
    #[error("expected a regular expression as day pattern, found {pattern:?}: {fault}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        fault: String,
    },
    /// A day pattern without the groups that say where the day is.
    #[error(
        "expected a day pattern with a group (?<date>…), or with (?<year>…), (?<month>…) and (?<day>…), found {0:?}"
    )]
    Groups(String),
}

impl Place {
    /// A bucket and a prefix, to which the last `/` is added where it is missing. An empty prefix is the whole bucket.
    ///
    /// # Errors
    /// [`LayoutError::Bucket`] and [`LayoutError::Prefix`].
    pub fn new(bucket: &str, prefix: &str) -> Result<Self, LayoutError> {
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if bucket.is_empty() || bucket.len() > 255 || !bucket.bytes().all(named) {
            return Err(LayoutError::Bucket(bucket.to_owned()));
        }
        let mut prefix = prefix.to_owned();
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        let strange = |folder: &str| matches!(folder, "" | "." | "..") || folder.contains(char::is_control);
        let folders = prefix.strip_suffix('/');
        if prefix.len() > PREFIX_BYTES_MAX || folders.is_some_and(|it| it.split('/').any(strange)) {
            return Err(LayoutError::Prefix(prefix));
        }
        Ok(Place {
            bucket: bucket.to_owned(),
            prefix,
        })
    }

    /// Reads `s3://bucket/prefix`.
    ///
    /// # Errors
    /// [`LayoutError::Url`], or what is wrong with bucket or prefix.
    pub fn parse(url: &str) -> Result<Self, LayoutError> {
        let path = url
            .strip_prefix("s3://")
            .ok_or_else(|| LayoutError::Url(url.to_owned()))?;
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        Place::new(bucket, prefix)
    }

    /// Bucket name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Empty, or ends with `/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}
