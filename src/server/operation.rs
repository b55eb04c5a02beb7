//! Which S3 operation a request is, and on what: read off method, path and query as S3's API reference has them.

use hyper::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;

/// The operations this server knows by name.
#[allow(
    missing_docs,
    reason = "they are called as in S3's API reference, which describes them"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    AbortMultipartUpload,
    CompleteMultipartUpload,
    CopyObject,
    CreateBucket,
    CreateMultipartUpload,
    DeleteBucket,
    DeleteObject,
    DeleteObjects,
    GetObject,
    GetObjectAttributes,
    HeadBucket,
    HeadObject,
    ListBuckets,
    ListMultipartUploads,
    ListObjectsV2,
    ListParts,
    PutObject,
    UploadPart,
    /// Anything else.
    Other,
}

/// One request: what is asked of which object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The operation.
    pub operation: Operation,
    /// The bucket, empty for `ListBuckets`.
    pub bucket: String,
    /// The key, decoded; empty where the operation has none.
    pub key: String,
}

impl Call {
    /// Reads it off a request's head (path style).
    #[must_use]
    pub fn of(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let path = percent_decode_str(uri.path()).decode_utf8_lossy();
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let query = uri.query().unwrap_or_default();
        let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        let operation = if bucket.is_empty() {
            if *method == Method::GET {
                Operation::ListBuckets
            } else {
                Operation::Other
            }
        } else if key.is_empty() {
            of_bucket(method, &has)
        } else {
            of_object(method, &has, headers)
        };
        Self {
            operation,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        }
    }
}

fn of_bucket(method: &Method, has: &dyn Fn(&str) -> bool) -> Operation {
    match *method {
        Method::GET if has("list-type") => Operation::ListObjectsV2,
        Method::GET if has("uploads") => Operation::ListMultipartUploads,
        Method::HEAD => Operation::HeadBucket,
        Method::PUT => Operation::CreateBucket,
        Method::DELETE => Operation::DeleteBucket,
        Method::POST if has("delete") => Operation::DeleteObjects,
        _ => Operation::Other,
    }
}

fn of_object(method: &Method, has: &dyn Fn(&str) -> bool, headers: &HeaderMap) -> Operation {
    match *method {
        Method::GET if has("uploadId") => Operation::ListParts,
        Method::GET if has("attributes") => Operation::GetObjectAttributes,
        Method::GET => Operation::GetObject,
        Method::HEAD => Operation::HeadObject,
        Method::PUT if has("uploadId") => Operation::UploadPart,
        Method::PUT if headers.contains_key("x-amz-copy-source") => Operation::CopyObject,
        Method::PUT => Operation::PutObject,
        Method::POST if has("uploads") => Operation::CreateMultipartUpload,
        Method::POST if has("uploadId") => Operation::CompleteMultipartUpload,
        Method::DELETE if has("uploadId") => Operation::AbortMultipartUpload,
        Method::DELETE => Operation::DeleteObject,
        _ => Operation::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart() {
        let cases = [
            ("GET", "/", Operation::ListBuckets),
            ("PUT", "/b", Operation::CreateBucket),
            ("PUT", "/b/", Operation::CreateBucket),
            ("GET", "/b?list-type=2&prefix=uploads", Operation::ListObjectsV2),
            ("GET", "/b/?uploads", Operation::ListMultipartUploads),
            ("POST", "/b?delete", Operation::DeleteObjects),
            ("GET", "/b/k?x-id=GetObject", Operation::GetObject),
            ("GET", "/b/k?uploadId=1", Operation::ListParts),
            ("PUT", "/b/k?partNumber=1&uploadId=1", Operation::UploadPart),
            ("PUT", "/b/k?x-id=PutObject", Operation::PutObject),
            ("POST", "/b/k?uploads", Operation::CreateMultipartUpload),
            ("POST", "/b/k?uploadId=1", Operation::CompleteMultipartUpload),
            ("DELETE", "/b/k?uploadId=1", Operation::AbortMultipartUpload),
            ("DELETE", "/b/k", Operation::DeleteObject),
            ("PATCH", "/b/k", Operation::Other),
        ];
        for (method, uri, operation) in cases {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let call = Call::of(&method, &uri.parse().unwrap(), &HeaderMap::new());
            assert_eq!(call.operation, operation, "{method} {uri}");
        }
    }

    #[test]
    fn keys_are_decoded() {
        let uri = "/b/a%20b/%2B%C3%A9//c".parse().unwrap();
        let call = Call::of(&Method::GET, &uri, &HeaderMap::new());
        assert_eq!((call.bucket.as_str(), call.key.as_str()), ("b", "a b/+é//c"));
    }
}
