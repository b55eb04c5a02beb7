//! A source object as a plain reader: streamed, pinned to one ETag, and taken up again where its connection broke off.
//!
//! The network lives in a task, the reader on a thread that may block. Between them stand at most so many bytes as the
//! read-ahead allows, however large the object is.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::part::Identity;
use crate::store::{Kind, Store, StoreError};

/// How a source is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadSettings {
    /// Bytes that may wait between the network and the reader.
    pub read_ahead_bytes: usize,
    /// How often one read is taken up again after its body broke off.
    pub resumes_max: u32,
    /// Pause before it is taken up again the first time; it doubles from then on, with jitter.
    pub resume_pause: Duration,
}

impl Default for ReadSettings {
    fn default() -> Self {
        ReadSettings {
            read_ahead_bytes: 4 << 20,
            resumes_max: 5,
            resume_pause: Duration::from_millis(100),
        }
    }
}

/// Why a source could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Another object is current under the key.
    #[error("the source was replaced while it was read")]
    Replaced,
    /// Nothing is under the key any more.
    #[error("the source was deleted while it was read")]
    Gone,
    /// S3 refused, or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The body kept breaking off.
    #[error(
        "the source broke off at byte {at_byte} of {size_bytes}, for the last time after {resumes} resumptions: {cause}"
    )]
    BrokenOff {
        /// Bytes that came.
        at_byte: u64,
        /// Bytes that the object has.
        size_bytes: u64,
        /// How often it was taken up again.
        resumes: u32,
        /// The connection's last error.
        cause: String,
    },
    /// More bytes came than the object has.
    #[error("the source has {size_bytes} bytes, but more came")]
    TooLong {
        /// Bytes that the object has.
        size_bytes: u64,
    },
    /// Nobody reads any more.
    #[error("the source was not read to its end")]
    Unread,
}

/// Opens a source of known identity and size. The task ends with the bytes that were handed over, or with the reason why
/// the reader failed; the reader itself only ever says that it did.
pub fn open(
    store: Store,
    identity: Identity,
    size_bytes: u64,
    settings: ReadSettings,
    stop: Arc<AtomicBool>,
) -> (SourceReader, JoinHandle<Result<u64, SourceError>>) {
    let (chunks, received) = unbounded_channel();
    let room = Arc::new(Semaphore::new(
        settings.read_ahead_bytes.clamp(1, Semaphore::MAX_PERMITS),
    ));
    let reader = SourceReader {
        chunks: received,
        chunk: None,
        consumed: 0,
        ended: false,
        room: Arc::clone(&room),
        stop,
    };
    let feed = Feed {
        store,
        identity,
        size_bytes,
        settings,
        chunks,
        room,
        at_byte: 0,
    };
    (reader, tokio::spawn(feed.run().in_current_span()))
}

enum Chunk {
    Bytes(Bytes, OwnedSemaphorePermit),
    End,
}

struct Feed {
    store: Store,
    identity: Identity,
    size_bytes: u64,
    settings: ReadSettings,
    chunks: UnboundedSender<Chunk>,
    room: Arc<Semaphore>,
    at_byte: u64,
}

impl Feed {
    async fn run(mut self) -> Result<u64, SourceError> {
        let mut resumes = 0;
        while let Some(cause) = self.stream().await? {
            // A body that breaks off behind its last byte is one whose checksum is wrong: no range of it is left to ask for.
            if resumes >= self.settings.resumes_max || (self.at_byte >= self.size_bytes) {
                return Err(SourceError::BrokenOff {
                    at_byte: self.at_byte,
                    size_bytes: self.size_bytes,
                    resumes,
                    cause,
                });
            }
            tracing::warn!(
                at_byte = self.at_byte,
                size_bytes = self.size_bytes,
                cause,
                "source broke off, resuming"
            );
            tokio::time::sleep(pause(self.settings.resume_pause, resumes, &self.identity)).await;
            resumes += 1;
        }
        self.chunks.send(Chunk::End).map_err(|_| SourceError::Unread)?;
        Ok(self.at_byte)
    }

    /// Streams from where it stands. None: to the end; else the reason why the body broke off.
    async fn stream(&mut self) -> Result<Option<String>, SourceError> {
        let Identity { bucket, key, etag } = &self.identity;
        let mut body =
            self.store
                .get(bucket, key, etag, self.at_byte)
                .await
                .map_err(|error| match error.kind {
                    Kind::Precondition => SourceError::Replaced,
                    Kind::NotFound => SourceError::Gone,
                    _ => SourceError::Store(error),
                })?;
        while let Some(next) = body.next().await {
            let bytes = match next {
                Ok(bytes) if bytes.is_empty() => continue,
                Ok(bytes) => bytes,
                Err(cause) => return Ok(Some(cause)),
            };
            self.at_byte = self.at_byte.saturating_add(bytes.len() as u64);
            if self.at_byte > self.size_bytes {
                return Err(SourceError::TooLong {
                    size_bytes: self.size_bytes,
                });
            }
            // One chunk larger than the whole read-ahead waits until nothing else does.
            let wanted = bytes
                .len()
                .min(self.settings.read_ahead_bytes.clamp(1, Semaphore::MAX_PERMITS));
            let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
            let permit = Arc::clone(&self.room)
                .acquire_many_owned(wanted)
                .await
                .map_err(|_| SourceError::Unread)?;
            self.chunks
                .send(Chunk::Bytes(bytes, permit))
                .map_err(|_| SourceError::Unread)?;
        }
        let whole = self.at_byte == self.size_bytes;
        Ok((!whole).then(|| "the body ended before its end".to_owned()))
    }
}

/// Doubles from try to try. Between half and the whole of it, by a hash, so that readers that broke off together do not
/// come back together.
fn pause(first: Duration, tries: u32, identity: &Identity) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let whole = first.saturating_mul(1_u32.checked_shl(tries).unwrap_or(u32::MAX));
    let share = RandomState::new().hash_one(identity) % 1_000;
    whole.mul_f64(0.5 + 0.0005 * share as f64)
}

/// The blocking side. Fails if the task failed, if it is told to stop, or if nobody feeds it any more; never ends early.
pub struct SourceReader {
    chunks: UnboundedReceiver<Chunk>,
    chunk: Option<(Bytes, OwnedSemaphorePermit)>,
    consumed: u64,
    ended: bool,
    room: Arc<Semaphore>,
    stop: Arc<AtomicBool>,
}

impl SourceReader {
    /// Bytes that were read so far.
    pub fn consumed(&self) -> u64 {
        self.consumed
    }
}

impl io::Read for SourceReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("told to stop"));
        }
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some((bytes, _)) = &mut self.chunk {
                let copied = bytes.len().min(into.len());
                if let Some(into) = into.get_mut(..copied) {
                    bytes.copy_to_slice(into);
                }
                if bytes.is_empty() {
                    self.chunk = None;
                }
                self.consumed = self.consumed.saturating_add(copied as u64);
                return Ok(copied);
            }
            if self.ended {
                return Ok(0);
            }
            match self.chunks.blocking_recv() {
                Some(Chunk::Bytes(bytes, permit)) => self.chunk = Some((bytes, permit)),
                Some(Chunk::End) => self.ended = true,
                None => return Err(io::Error::other("the source's stream broke off")),
            }
        }
    }
}

impl Drop for SourceReader {
    fn drop(&mut self) {
        // Or the task would wait for room for ever.
        self.room.close();
    }
}
