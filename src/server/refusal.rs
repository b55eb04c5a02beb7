//! Refusals that several modules answer with.

use s3s::{S3Error, S3ErrorCode, s3_error};

/// 400 with a code that `s3s` has no name for.
#[must_use]
pub fn bad_request(code: &'static str, message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(hyper::StatusCode::BAD_REQUEST);
    error
}

/// 404, as S3 says it for an upload that was completed, aborted or never opened.
#[must_use]
pub fn no_such_upload() -> S3Error {
    s3_error!(
        NoSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
         completed."
    )
}
