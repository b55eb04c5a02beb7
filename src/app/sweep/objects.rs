//! Small objects of ours: read whole, written onto what was there, set aside when they are damaged.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::SweepError;
use crate::keys::Layout;
use crate::store::{Doomed, Kind, Listed, ObjectMeta, Store};

/// The largest manifest that is read: some hundred thousand parts.
pub(super) const MANIFEST_BYTES_MAX: u64 = 512 << 20;

/// The version of a document of ours. It is looked at first: a newer one has members that this release does not know, and is
/// no damage.
pub(super) fn version(json: &[u8]) -> Result<u32, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u32,
    }
    serde_json::from_slice(json).map(|Versioned { version }| version)
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrote {
    /// It stands as it is meant to.
    Done,
    /// Somebody else wrote meanwhile: what this sweep knows is old.
    Overtaken,
}

/// What was damaged, and is kept elsewhere now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The key that it was under.
    pub key: String,
    /// The key that it is kept under.
    pub kept: String,
    /// What is wrong with it.
    pub why: String,
}

/// Writes and reads in the curated bucket. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Objects {
    store: Store,
    bucket: String,
    layout: Layout,
    /// What was set aside since somebody asked.
    aside: Arc<Mutex<Vec<SetAside>>>,
}

impl Objects {
    pub(super) fn new(store: &Store, layout: &Layout) -> Self {
        Objects {
            store: store.clone(),
            bucket: layout.curated().bucket().to_owned(),
            layout: layout.clone(),
            aside: Arc::default(),
        }
    }

    /// What was set aside since this was asked last.
    pub(super) fn take_aside(&self) -> Vec<SetAside> {
        std::mem::take(&mut *self.asides())
    }

    fn asides(&self) -> MutexGuard<'_, Vec<SetAside>> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object, whole, with its ETag. None: it is not there.
    pub(super) async fn read(&self, key: &str) -> Result<Option<(Bytes, String)>, SweepError> {
        let read = self
            .store
            .read_small(&self.bucket, key, MANIFEST_BYTES_MAX)
            .await?;
        Ok(read.map(|(bytes, meta)| (bytes, meta.etag)))
    }

    /// Writes what must not be there yet. If it is, and is the same, that is as good: this write's answer may have been
    /// lost.
    pub(super) async fn claim(&self, key: &str, body: Vec<u8>, kind: &str) -> Result<Wrote, SweepError> {
        let body = Bytes::from(body);
        self.put(key, body, kind, None).await
    }

    /// Brings an object to this content. `listed` is how it stood before the sweep decided anything.
    pub(super) async fn bring(
        &self,
        key: &str,
        body: Bytes,
        kind: &str,
        listed: Option<&Listed>,
    ) -> Result<Wrote, SweepError> {
        if let Some(listed) = listed
            && self.is_so(&body, listed).await?
        {
            return Ok(Wrote::Done);
        }
        self.put(key, body, kind, listed.map(|listed| listed.etag.as_str()))
            .await
    }

    /// Whether a listed object has this content. Its ETag is the content's MD5, unless a KMS key encrypts it: then it is
    /// read.
    pub(super) async fn is_so(&self, body: &[u8], listed: &Listed) -> Result<bool, SweepError> {
        let seen = ObjectMeta {
            etag: listed.etag.clone(),
            size_bytes: listed.size_bytes,
            last_modified_ms: Some(listed.last_modified_ms),
        };
        Ok(self.store.holds(&self.bucket, &listed.key, &seen, body).await?)
    }

    /// Whether a listed object has this SHA-256. It may be large, so it is not held in memory.
    pub(super) async fn has(&self, listed: &Listed, sha256: &str) -> Result<bool, SweepError> {
        match self.store.sha256(&self.bucket, &listed.key, &listed.etag).await {
            Ok(found) => Ok(found == sha256),
            // Another object is there by now, or none.
            Err(error) if matches!(error.kind, Kind::Precondition | Kind::NotFound) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes onto what has this ETag, or, with None, where nothing is.
    pub(super) async fn put(
        &self,
        key: &str,
        body: Bytes,
        kind: &str,
        etag: Option<&str>,
    ) -> Result<Wrote, SweepError> {
        let error = match self
            .store
            .put_if_match(&self.bucket, key, body.clone(), kind, etag)
            .await
        {
            Ok(_) => return Ok(Wrote::Done),
            Err(error) => error,
        };
        let settled = matches!(
            error.kind,
            Kind::Precondition | Kind::Conflict | Kind::NotFound | Kind::Lost
        );
        if !settled {
            return Err(error.into());
        }
        // Refused, or done although the answer says otherwise: only looking tells.
        match self.read(key).await? {
            Some((there, _)) if there == body => Ok(Wrote::Done),
            _ if error.kind == Kind::Lost => Err(error.into()),
            _ => Ok(Wrote::Overtaken),
        }
    }

    /// Moves an object that is damaged to where it is kept for whoever wants to look at it.
    pub(super) async fn set_aside(
        &self,
        key: &str,
        (body, etag): (Bytes, &str),
        why: &str,
    ) -> Result<(), SweepError> {
        self.keep(key, body, why).await?;
        // By now another sweep may have set it aside, and something sound be in its place.
        self.delete(&[Doomed::seen(key, etag)]).await
    }

    /// Copies what is damaged, and about to be replaced, to where it is kept.
    pub(super) async fn keep(&self, key: &str, body: Bytes, why: &str) -> Result<(), SweepError> {
        let Some(aside) = self.layout.set_aside(key) else {
            return Err(SweepError::Defect(format!(
                "{key} is not under the curated prefix"
            )));
        };
        // More than one version of a key may be damaged in the course of time: each is kept.
        let name = format!(
            "{aside}.{}",
            crate::manifest::sha256(&body).get(..16).unwrap_or_default()
        );
        // A sweep may come across it twice: while it stays, and when it is replaced.
        if self.asides().iter().any(|aside| aside.kept == name) {
            return Ok(());
        }
        tracing::warn!(key, aside = name, why, "damaged, set aside");
        self.put(&name, body, "application/octet-stream", None).await?;
        let aside = SetAside {
            key: key.to_owned(),
            kept: name,
            why: why.to_owned(),
        };
        self.asides().push(aside);
        Ok(())
    }

    /// Deletes objects; the first one that is left is the error.
    pub(super) async fn delete(&self, doomed: &[Doomed]) -> Result<(), SweepError> {
        let left = self.store.delete(&self.bucket, doomed).await?;
        left.into_iter().next().map_or(Ok(()), |error| Err(error.into()))
    }
}
