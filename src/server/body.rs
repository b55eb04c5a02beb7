//! Bodies between sockets and files, a piece at a time, so that memory does not grow with them.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::stream::{ByteStream, RemainingLength};
use s3s::{S3Error, S3Result, StdError, s3_error};
use tokio::task::JoinHandle;

use super::checksums::{self, Claims, Sums};
use super::folder::{Folder, Incoming};
use super::refusal::bad_request;

/// A body is written once this many bytes of it came.
const WRITE_BYTES: usize = 1 << 20;

/// A file is read this many bytes at a time.
const READ_BYTES: usize = 1 << 18;

/// A body that was received whole, and holds what was claimed of it.
#[derive(Debug)]
pub struct Received {
    /// The file it is in.
    pub incoming: Incoming,
    /// Its MD5.
    pub md5: [u8; 16],
    /// Its checksums: those claimed or asked for, else S3's own choice.
    pub sums: Sums,
}

/// Reads a body to its end into a file.
///
/// # Errors
/// 411 `MissingContentLength`; 400 for a body that breaks off, is not what was signed, or not what was claimed; 500 if it
/// cannot be written.
pub async fn receive(folder: &Folder, body: Option<StreamingBlob>, claims: &Claims) -> S3Result<Received> {
    if claims.length.is_none() {
        return Err(s3_error!(MissingContentLength));
    }
    let (file, incoming) = folder.incoming()?;
    let mut sink = Sink {
        file,
        size: 0,
        md5: Md5::new(),
        sums: checksums::hasher(&claims.algorithms()),
    };
    let mut waiting = Vec::new();
    let mut waiting_bytes = 0;
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(broken)?;
            waiting_bytes += piece.len();
            waiting.push(piece);
            if waiting_bytes >= WRITE_BYTES {
                sink = sink.write(std::mem::take(&mut waiting)).await?;
                waiting_bytes = 0;
            }
        }
    }
    let sink = sink.write(waiting).await?;
    let (size, md5, sums) = (sink.size, sink.md5.finalize(), sink.sums.finalize().into());
    claims.verify(size, md5, &sums)?;
    Ok(Received { incoming, md5, sums })
}

struct Sink {
    file: File,
    size: u64,
    md5: Md5,
    sums: ChecksumHasher,
}

impl Sink {
    async fn write(mut self, pieces: Vec<Bytes>) -> S3Result<Self> {
        blocking(move || {
            for piece in pieces {
                self.file.write_all(&piece).map_err(S3Error::internal_error)?;
                self.md5.update(&piece);
                self.sums.update(&piece);
                self.size += piece.len() as u64;
            }
            Ok(self)
        })
        .await
    }
}

/// Runs file work where it may wait.
///
/// # Errors
/// Those of `work`; 500 if it panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> S3Result<T> + Send + 'static) -> S3Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(S3Error::internal_error)?
}

/// What a body's error means. The types of `s3s` for it are private, their messages are all there is.
fn broken(error: StdError) -> S3Error {
    let message = error.to_string();
    let mut refusal = if message.contains("Sha256Mismatch") {
        bad_request(
            "XAmzContentSHA256Mismatch",
            "The provided x-amz-content-sha256 does not match what was computed.",
        )
    } else if message.contains("SignatureMismatch") {
        s3_error!(SignatureDoesNotMatch)
    } else {
        s3_error!(IncompleteBody, "The body broke off or is malformed.")
    };
    refusal.set_source(error);
    refusal
}

/// A stretch of a file as a body.
#[derive(Debug)]
pub struct FileBody {
    state: State,
    remaining: u64,
}

#[derive(Debug)]
enum State {
    Idle(File),
    Reading(JoinHandle<(File, io::Result<Bytes>)>),
    Over,
}

impl FileBody {
    /// The bytes of `range`, which must lie within the file.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn new(mut file: File, range: Range<u64>) -> io::Result<Self> {
        file.seek(SeekFrom::Start(range.start))?;
        Ok(Self {
            state: State::Idle(file),
            remaining: range.end.saturating_sub(range.start),
        })
    }

    fn start(file: File, remaining: u64) -> State {
        let bytes = usize::try_from(remaining).map_or(READ_BYTES, |remaining| remaining.min(READ_BYTES));
        State::Reading(tokio::task::spawn_blocking(move || {
            let mut file = file;
            let mut buffer = BytesMut::zeroed(bytes);
            let read = file.read(&mut buffer);
            let piece = read.map(|read| {
                buffer.truncate(read);
                buffer.freeze()
            });
            (file, piece)
        }))
    }
}

impl Stream for FileBody {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match std::mem::replace(&mut this.state, State::Over) {
                State::Over => return Poll::Ready(None),
                State::Idle(_) if this.remaining == 0 => return Poll::Ready(None),
                State::Idle(file) => this.state = Self::start(file, this.remaining),
                State::Reading(mut reading) => {
                    let Poll::Ready(read) = Pin::new(&mut reading).poll(cx) else {
                        this.state = State::Reading(reading);
                        return Poll::Pending;
                    };
                    let (file, piece) = read?;
                    let piece = piece?;
                    if piece.is_empty() {
                        // Cut by hand while it was read: better no answer than a short one.
                        return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())));
                    }
                    this.remaining = this.remaining.saturating_sub(piece.len() as u64);
                    // The next piece is read while this one is sent.
                    this.state = if this.remaining == 0 {
                        State::Over
                    } else {
                        Self::start(file, this.remaining)
                    };
                    return Poll::Ready(Some(Ok(piece)));
                }
            }
        }
    }
}

impl ByteStream for FileBody {
    fn remaining_length(&self) -> RemainingLength {
        usize::try_from(self.remaining)
            .map_or_else(|_| RemainingLength::unknown(), RemainingLength::new_exact)
    }
}

/// A request's body that can be read to its end by whoever comes later, so that a client which is still sending gets its
/// answer instead of a closed socket.
#[derive(Clone, Debug)]
pub struct SharedBody(std::sync::Arc<std::sync::Mutex<hyper::body::Incoming>>);

impl SharedBody {
    /// Takes over the body.
    #[must_use]
    pub fn new(body: hyper::body::Incoming) -> Self {
        Self(std::sync::Arc::new(std::sync::Mutex::new(body)))
    }

    /// Reads and drops what is left. A broken body is left broken.
    pub async fn drain(mut self) {
        while std::future::poll_fn(|cx| hyper::body::Body::poll_frame(Pin::new(&mut self), cx))
            .await
            .is_some_and(|frame| frame.is_ok())
        {}
    }

    fn with<T>(&self, f: impl FnOnce(Pin<&mut hyper::body::Incoming>) -> T) -> T {
        let mut body = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        f(Pin::new(&mut body))
    }
}

impl hyper::body::Body for SharedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(self.with(|body| body.poll_frame(cx)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.with(|body| body.size_hint())
    }
}
