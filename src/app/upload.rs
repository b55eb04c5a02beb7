//! An output object as a plain writer: small ones in one request, large ones by multipart upload while they are written.
//!
//! Both are create-only, and nothing is visible before [`Upload::commit`]. The network lives in a task of its own that
//! ends what it began: whoever drops the upload, returns early or panics, an open multipart upload is aborted.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tracing::Instrument;

use crate::store::{PART_BYTES_MIN, PARTS_MAX, Store, StoreError, UploadedPart};

/// How outputs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteSettings {
    /// An output up to this size is one PutObject.
    pub put_bytes_max: usize,
    /// Bytes of each part of a multipart upload but the last. S3 wants 5 MiB at least.
    pub part_bytes: usize,
    /// Parts of one upload that may be under way at once.
    pub parts_in_flight: usize,
}

impl Default for WriteSettings {
    fn default() -> Self {
        WriteSettings {
            put_bytes_max: 8 << 20,
            part_bytes: 8 << 20,
            parts_in_flight: 2,
        }
    }
}

/// Why an output was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// S3 refused, or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was given up before it was committed.
    #[error("the upload was given up")]
    GivenUp,
    /// The task that uploads died.
    #[error("the upload's task ended without a word")]
    Died,
}

/// A bound of ours that an output met; as the cause of an [`io::Error`] it says that trying again is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Beyond(pub String);

/// Begins an output. The task's handle is for whoever has to see it end, aborted upload and all.
pub fn begin(
    store: Store,
    bucket: String,
    key: String,
    content_type: &'static str,
    settings: WriteSettings,
    stop: Arc<AtomicBool>,
) -> (UploadWriter, Upload, JoinHandle<()>) {
    let (parts, received) = mpsc::channel(1);
    let (verdict, judged) = oneshot::channel();
    let (answer, answered) = oneshot::channel();
    let writer = UploadWriter {
        buffer: Vec::new(),
        parts,
        sent_parts: 0,
        part_bytes: settings.part_bytes.max(PART_BYTES_MIN),
        // Up to here it may still become one PutObject.
        first_bytes: settings
            .part_bytes
            .max(PART_BYTES_MIN)
            .max(settings.put_bytes_max),
        stop,
    };
    let task = Task {
        store,
        bucket,
        key,
        content_type,
        settings,
    };
    let handle = tokio::spawn(task.run(received, judged, answer).in_current_span());
    (writer, Upload { verdict, answered }, handle)
}

/// An output that is being written.
pub struct Upload {
    verdict: oneshot::Sender<Bytes>,
    answered: oneshot::Receiver<Result<(), UploadError>>,
}

impl Upload {
    /// Makes the object appear: all that was written, and `rest`, which the writer still held.
    pub async fn commit(self, rest: Vec<u8>) -> Result<(), UploadError> {
        // If nobody listens any more, the task has failed before, and its answer says why.
        let _ = self.verdict.send(Bytes::from(rest));
        self.answered.await.unwrap_or(Err(UploadError::Died))
    }

    /// Gives it up, and returns why. Once the task has ended, nothing of it is left.
    pub async fn give_up(self) -> UploadError {
        drop(self.verdict);
        match self.answered.await {
            Ok(Err(error)) => error,
            Ok(Ok(())) | Err(_) => UploadError::Died,
        }
    }
}

type Flying = JoinSet<Result<UploadedPart, StoreError>>;

struct Task {
    store: Store,
    bucket: String,
    key: String,
    content_type: &'static str,
    settings: WriteSettings,
}

/// The multipart upload, if there is one.
enum Open {
    /// Being asked for, in a task of its own, so that its id is learnt whatever happens here meanwhile.
    Asked(JoinHandle<Result<String, StoreError>>),
    /// Its id.
    Named(String),
}

impl Task {
    async fn run(
        self,
        mut parts: mpsc::Receiver<Bytes>,
        mut verdict: oneshot::Receiver<Bytes>,
        mut answer: oneshot::Sender<Result<(), UploadError>>,
    ) {
        let mut open = None;
        let mut flying = JoinSet::new();
        let outcome = tokio::select! {
            outcome = self.upload(&mut open, &mut parts, &mut verdict, &mut flying) => outcome,
            // Whoever would hear the answer is gone.
            () = answer.closed() => Err(UploadError::GivenUp),
        };
        let failed = outcome.is_err();
        // Whoever still writes learns it here.
        drop(parts);
        // Nobody waits for the answer to an upload that was given up. It comes before the cleaning up, which can hang.
        let _ = answer.send(outcome);
        if failed {
            // A part that still flies when its upload is aborted could land behind it and stay.
            flying.shutdown().await;
            self.abort(open).await;
        }
    }

    async fn upload(
        &self,
        open: &mut Option<Open>,
        parts: &mut mpsc::Receiver<Bytes>,
        verdict: &mut oneshot::Receiver<Bytes>,
        flying: &mut Flying,
    ) -> Result<(), UploadError> {
        let mut landed = Vec::new();
        let mut number = 0;
        let mut rest = None;
        {
            let sending = async {
                while let Some(bytes) = parts.recv().await {
                    number += 1;
                    self.part(open, number, bytes, flying, &mut landed).await?;
                }
                Ok::<(), UploadError>(())
            };
            tokio::pin!(sending);
            loop {
                tokio::select! {
                    sent = &mut sending => break sent?,
                    judged = &mut *verdict, if rest.is_none() => {
                        rest = Some(judged.map_err(|_| UploadError::GivenUp)?);
                    }
                }
            }
        }
        let rest = match rest {
            Some(rest) => rest,
            None => verdict.await.map_err(|_| UploadError::GivenUp)?,
        };
        if open.is_none() && rest.len() <= self.settings.put_bytes_max {
            return Ok(self
                .store
                .put_new(&self.bucket, &self.key, rest, self.content_type)
                .await?);
        }
        if !rest.is_empty() {
            number += 1;
            self.part(open, number, rest, flying, &mut landed).await?;
        }
        while let Some(part) = flying.join_next().await {
            landed.push(part.map_err(|_| UploadError::Died)??);
        }
        let upload_id = self.open(open).await?;
        Ok(self
            .store
            .complete_upload(&self.bucket, &self.key, &upload_id, landed)
            .await?)
    }

    async fn part(
        &self,
        open: &mut Option<Open>,
        number: i32,
        bytes: Bytes,
        flying: &mut Flying,
        landed: &mut Vec<UploadedPart>,
    ) -> Result<(), UploadError> {
        let upload_id = self.open(open).await?;
        while flying.len() >= self.settings.parts_in_flight.max(1) {
            match flying.join_next().await {
                Some(part) => landed.push(part.map_err(|_| UploadError::Died)??),
                None => break,
            }
        }
        let (store, bucket, key) = (self.store.clone(), self.bucket.clone(), self.key.clone());
        flying.spawn(async move { store.upload_part(&bucket, &key, &upload_id, number, bytes).await });
        Ok(())
    }

    /// The upload's id; asks for one at first.
    async fn open(&self, open: &mut Option<Open>) -> Result<String, UploadError> {
        let asked = open.get_or_insert_with(|| {
            let (store, bucket, key) = (self.store.clone(), self.bucket.clone(), self.key.clone());
            let content_type = self.content_type;
            let asking = async move {
                let begun = store.create_upload(&bucket, &key, content_type).await;
                if begun.may_leave_one {
                    tracing::warn!(
                        bucket,
                        output = key,
                        "a multipart upload may be left open, as S3's answer to its beginning was lost: the bucket's lifecycle \
                         rule removes it"
                    );
                }
                begun.upload_id
            };
            Open::Asked(tokio::spawn(asking.in_current_span()))
        });
        let upload_id = match asked {
            Open::Named(upload_id) => return Ok(upload_id.clone()),
            Open::Asked(asking) => asking.await,
        };
        // An answer is heard once: with none, or a refusal, nothing is open.
        *open = None;
        let upload_id = upload_id.map_err(|_| UploadError::Died)??;
        *open = Some(Open::Named(upload_id.clone()));
        Ok(upload_id)
    }

    async fn abort(&self, open: Option<Open>) {
        let upload_id = match open {
            None => return,
            Some(Open::Named(upload_id)) => upload_id,
            Some(Open::Asked(asking)) => match asking.await {
                Ok(Ok(upload_id)) => upload_id,
                _ => return,
            },
        };
        if let Err(error) = self.store.abort_upload(&self.bucket, &self.key, &upload_id).await {
            // Invisible and soon gone by the bucket's lifecycle rule, but somebody pays for it until then.
            tracing::warn!(%error, "a multipart upload was left open");
        }
    }
}

/// The blocking side. It waits when as many parts are under way as may be.
pub struct UploadWriter {
    buffer: Vec<u8>,
    parts: mpsc::Sender<Bytes>,
    sent_parts: i32,
    part_bytes: usize,
    first_bytes: usize,
    stop: Arc<AtomicBool>,
}

impl UploadWriter {
    /// What was written and not yet handed over, for [`Upload::commit`].
    pub fn into_rest(self) -> Vec<u8> {
        self.buffer
    }

    fn hand_over(&mut self) -> io::Result<()> {
        // One number is kept for the rest.
        if self.sent_parts >= PARTS_MAX - 1 {
            let bytes = self.part_bytes;
            return Err(io::Error::other(Beyond(format!(
                "the output is larger than S3's {PARTS_MAX} parts of {bytes} bytes: expected fewer, raise DAYMARK_PART_BYTES"
            ))));
        }
        let part = std::mem::take(&mut self.buffer);
        self.parts
            .blocking_send(Bytes::from(part))
            .map_err(|_| io::Error::other("the upload failed"))?;
        self.sent_parts += 1;
        Ok(())
    }
}

impl io::Write for UploadWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("told to stop"));
        }
        let full = if self.sent_parts == 0 {
            self.first_bytes
        } else {
            self.part_bytes
        };
        if self.buffer.len() >= full {
            self.hand_over()?;
        }
        let full = if self.sent_parts == 0 {
            self.first_bytes
        } else {
            self.part_bytes
        };
        let taken = bytes.len().min(full.saturating_sub(self.buffer.len()));
        if self.buffer.is_empty() && taken > 0 && self.sent_parts > 0 {
            self.buffer.reserve_exact(full);
        }
        self.buffer
            .extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Nothing is visible before the commit, whoever flushes.
        Ok(())
    }
}
