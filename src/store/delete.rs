//! Deletion of many objects, each answered for.
//!
//! Amazon S3 API reference: DeleteObjects.

use std::collections::HashMap;

use aws_sdk_s3::operation::delete_objects::DeleteObjectsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::error::kind_of_code;
use super::{Kind, Store, StoreError};

/// The most keys of one request (Amazon S3 API reference, DeleteObjects).
pub const DELETED_AT_ONCE_MAX: usize = 1_000;

const OPERATION: &str = "DeleteObjects";

/// An object that is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// Its key.
    pub key: String,
    /// Only the object with this ETag: another one that was written meanwhile stays. None: whatever it is.
    pub etag: Option<String>,
}

impl Doomed {
    /// Whatever is under a key.
    pub fn any(key: impl Into<String>) -> Self {
        Doomed {
            key: key.into(),
            etag: None,
        }
    }

    /// What was seen under a key, and nothing else.
    pub fn seen(key: impl Into<String>, etag: impl Into<String>) -> Self {
        Doomed {
            key: key.into(),
            etag: Some(etag.into()),
        }
    }
}

impl Store {
    /// Deletes objects, in batches. Returns an error for each key that S3 did not say it deleted; a key under which nothing
    /// is counts as deleted, and so does one under which by now another object is than the one that was seen.
    ///
    /// # Errors
    /// That of the first batch that failed as a whole: those before it are done, those behind it were not tried. Deleting
    /// again does no harm.
    pub async fn delete(&self, bucket: &str, doomed: &[Doomed]) -> Result<Vec<StoreError>, StoreError> {
        let mut failed = Vec::new();
        for batch in doomed.chunks(DELETED_AT_ONCE_MAX) {
            let first = batch.first().map_or("", |doomed| doomed.key.as_str());
            let unusable = |detail: &str| StoreError::unusable(OPERATION, bucket, first, detail);
            let objects = batch.iter().map(|doomed| {
                let object = ObjectIdentifier::builder().key(&doomed.key);
                // As S3 spells it, in quotes.
                let etag = doomed.etag.as_ref().map(|etag| format!("\"{etag}\""));
                object.set_e_tag(etag).build()
            });
            let objects = objects
                .collect::<Result<_, _>>()
                .map_err(|error| unusable(&error.to_string()))?;
            let delete = Delete::builder().set_objects(Some(objects)).quiet(false).build();
            let delete = delete.map_err(|error| unusable(&error.to_string()))?;
            match self
                .client
                .delete_objects()
                .bucket(bucket)
                .delete(delete)
                .send()
                .await
            {
                Ok(answer) => failed.extend(left(bucket, batch, &answer)),
                Err(error) => return Err(StoreError::of(OPERATION, bucket, first, &error)),
            }
        }
        Ok(failed)
    }
}

/// An error for each key that the answer does not call deleted.
fn left(bucket: &str, doomed: &[Doomed], answer: &DeleteObjectsOutput) -> Vec<StoreError> {
    let mut open: HashMap<&str, usize> = HashMap::new();
    for (place, doomed) in doomed.iter().enumerate() {
        open.insert(&doomed.key, place);
    }
    for deleted in answer.deleted() {
        open.remove(deleted.key().unwrap_or_default());
    }
    let mut failed = Vec::new();
    for error in answer.errors() {
        let key = error.key().unwrap_or_default();
        let Some(place) = open.remove(key) else { continue };
        let mut told = StoreError::unusable(OPERATION, bucket, key, error.message().unwrap_or_default());
        told.kind = kind_of_code(error.code().unwrap_or_default());
        let is_another = matches!(told.kind, Kind::Precondition | Kind::NotFound);
        if is_another && doomed.get(place).is_some_and(|doomed| doomed.etag.is_some()) {
            continue;
        }
        told.request.code = error.code().map(str::to_owned);
        failed.push((place, told));
    }
    for (key, place) in open {
        let detail = "expected an answer for every key, found none for this one";
        failed.push((place, StoreError::unusable(OPERATION, bucket, key, detail)));
    }
    failed.sort_by_key(|(place, _)| *place);
    failed.into_iter().map(|(_, error)| error).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{DeletedObject, Error};

    use super::*;
    use crate::store::Class;

    #[test]
    fn every_key_is_answered_for() {
        let keys = ["a", "b", "c", "d"].map(Doomed::any);
        let refused = |key: &str, code: &str| Error::builder().key(key).code(code).message("no").build();
        let answer = DeleteObjectsOutput::builder()
            .deleted(DeletedObject::builder().key("b").build())
            .errors(refused("d", "AccessDenied"))
            .errors(refused("a", "InternalError"))
            .errors(refused("never asked for", "InternalError"))
            .build();
        let failed = left("lake", &keys, &answer);
        let seen: Vec<_> = failed
            .iter()
            .map(|error| (error.request.key.as_str(), error.kind, error.class()))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", Kind::Other, Class::Transient),
                ("c", Kind::Other, Class::Transient),
                ("d", Kind::Denied, Class::Config),
            ]
        );
        assert!(
            failed[0].to_string().contains("DeleteObjects s3://lake/a"),
            "{}",
            failed[0]
        );
    }
}
