//! The small objects of a part: its failure record and its rejects.

use bytes::Bytes;

use super::{COMMITS_MAX, Converter, Course};
use crate::app::error::PartError;
use crate::notice::Notice;
use crate::store::{Class, ObjectMeta, StoreError};
use crate::telemetry::Stopwatch;

impl Converter {
    /// Writes an object where none is. Gives the one that is there already.
    async fn put_new(
        &self,
        key: &str,
        body: &Bytes,
        content_type: &str,
    ) -> Result<Option<ObjectMeta>, StoreError> {
        let bucket = self.config.layout.curated().bucket();
        let mut tries = 1;
        loop {
            let error = match self.store.put_new(bucket, key, body.clone(), content_type).await {
                Ok(()) => return Ok(None),
                Err(error) if error.class() == Class::Config => return Err(error),
                Err(error) => error,
            };
            if let Some(there) = self.store.head(bucket, key).await? {
                return Ok(Some(there));
            }
            if tries >= COMMITS_MAX {
                return Err(error);
            }
            tries += 1;
        }
    }

    /// Writes the failure record. Whoever fails at the same part says as much, so that one is there already is as good.
    pub(super) async fn put_failure(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        self.put_new(key, &body, "application/json").await.map(drop)
    }

    /// Writes the rejects, before the output is committed that they belong to. Every writer writes the same bytes; what else
    /// is there is damaged, or an earlier release's, and is replaced.
    pub(super) async fn put_rejects(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        const KIND: &str = "application/x-ndjson";
        let bucket = self.config.layout.curated().bucket();
        let mut tries = 1;
        while let Some(there) = self.put_new(key, &body, KIND).await? {
            if self.store.holds(bucket, key, &there, &body).await? {
                break;
            }
            tracing::warn!(
                key,
                expected_bytes = body.len(),
                found_bytes = there.size_bytes,
                found_etag = there.etag,
                "rejects that are not those of the part are there, replaced"
            );
            let etag = Some(there.etag.as_str());
            let put = self
                .store
                .put_if_match(bucket, key, body.clone(), KIND, etag)
                .await;
            match put {
                Ok(_) => break,
                Err(error) if error.class() == Class::Config || tries >= COMMITS_MAX => return Err(error),
                Err(_) => tries += 1,
            }
        }
        Ok(())
    }

    /// Writes the rejects of a part that was converted before, by converting it once more; its output stays as it is. The key
    /// that they are under; None if the source is gone, or nothing of it is rejected.
    ///
    /// # Errors
    /// As [`Converter::convert`], and a refusal of the part too: no record is made of it.
    pub async fn write_rejects_again(&self, notice: &Notice) -> Result<Option<String>, PartError> {
        let layout = &self.config.layout;
        let Ok(part) = layout.source_in(&notice.bucket, &notice.key) else {
            return Ok(None);
        };
        let profile = self.config.profile(&part.table);
        let profile = profile.map_err(|error| PartError::Defect(error.to_string()))?;
        let Some(located) = self.locate(notice, &part, &profile).await? else {
            return Ok(None);
        };
        let course = Course::default();
        let passed = match self
            .passes(&located, &course, &mut Stopwatch::new(self.clock))
            .await
        {
            Ok(pending) => {
                pending.upload.give_up().await;
                Ok(pending.rejects)
            }
            Err(error) => Err(error),
        };
        course.end(None).await;
        let rejects = passed?;
        if rejects.is_empty() {
            return Ok(None);
        }
        self.put_rejects(&located.rejects, Bytes::from(rejects)).await?;
        Ok(Some(located.rejects))
    }
}
