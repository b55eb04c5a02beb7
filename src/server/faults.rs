//! Faults on demand: what networks and S3 itself do to a client now and then, done by script.
//!
//! `tests/faults/` runs the production client against them. A [`Rule`] says which request, an [`Action`] what happens
//! to it; all rules that match one request act together. Without rules the layer only keeps the log.
//!
//! ```no_run
//! # use daymark::server::faults::{Action, Rule};
//! # use daymark::server::operation::Operation;
//! # fn example(server: &daymark::server::Server) {
//! let lost = server.faults().inject(
//!     Rule::on(Operation::PutObject).key_contains("table=contacts").nth(2),
//!     Action::LoseAnswer,
//! );
//! // … run the client …
//! assert_eq!(lost.fired(), 1);
//! # }
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use hyper::body::{Frame, SizeHint};
use s3s::{Body, StdError};

use self::log::Log;
use super::operation::{Call, Operation};

mod log;

pub use log::{Exchange, LOG_MAX};

/// Work to do at a chosen moment of a request, such as replacing the object that is being read. The request waits for it.
#[derive(Clone)]
pub struct Hook(Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>);

impl Hook {
    /// Makes a hook of an async function.
    pub fn new<F: Future<Output = ()> + Send + 'static>(
        work: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move || Box::pin(work())))
    }

    fn run(&self) -> BoxFuture<'static, ()> {
        (self.0)()
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Action {
    /// It is not done; this error is the answer: status and S3 error code, such as 503 and `SlowDown`.
    Answer(u16, &'static str),
    /// It is done; this error is the answer.
    AnswerAfter(u16, &'static str),
    /// It is not done; the connection is closed.
    Refuse,
    /// It is done; the connection is closed before the answer.
    LoseAnswer,
    /// The connection is closed after this many bytes of the request's body came, framing included. It is not done.
    CutRequest(u64),
    /// The connection is closed after this many bytes of the answer's body went out.
    CutAnswer(u64),
    /// Bytes of the answer's body are inverted: from this offset, this many.
    Corrupt(u64, u64),
    /// The hook runs before the request is looked at.
    Before(Hook),
    /// The hook runs after the request was done, before the answer.
    After(Hook),
    /// The hook runs after this many bytes of the answer's body went out, before the rest.
    During(u64, Hook),
    /// The hook runs after this many bytes of the request's body came, framing included, before the rest.
    DuringRequest(u64, Hook),
}

/// Which requests.
#[derive(Clone, Debug)]
pub struct Rule {
    operation: Option<Operation>,
    key_contains: String,
    first: u64,
    times: u64,
}

impl Rule {
    /// The first request of this operation.
    #[must_use]
    pub fn on(operation: Operation) -> Self {
        Self {
            operation: Some(operation),
            ..Self::any()
        }
    }

    /// The first request of any kind.
    #[must_use]
    pub fn any() -> Self {
        Self {
            operation: None,
            key_contains: String::new(),
            first: 1,
            times: 1,
        }
    }

    /// Only where the key contains this.
    #[must_use]
    pub fn key_contains(mut self, part: &str) -> Self {
        part.clone_into(&mut self.key_contains);
        self
    }

    /// From the nth of them on (the first is 1).
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.first = n;
        self
    }

    /// So many in a row.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// All from the first on.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }

    fn matches(&self, call: &Call) -> bool {
        self.operation.is_none_or(|operation| operation == call.operation)
            && call.key.contains(&self.key_contains)
    }
}

/// What a DeleteObjects is denied for one key, while it does the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// To delete it: a role without `s3:DeleteObject`.
    Deletion,
    /// To delete it under the condition of an ETag: a role without `s3:GetObject` (User Guide, conditional deletes).
    ConditionalDeletion,
}

/// A rule at work.
#[derive(Clone, Debug)]
pub struct Injected(Arc<Entry>);

#[derive(Debug)]
struct Entry {
    rule: Rule,
    action: Action,
    seen: AtomicU64,
    fired: AtomicU64,
}

impl Injected {
    /// How often the action took place. For one within a body: how often the body got that far.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.0.fired.load(Ordering::SeqCst)
    }

    fn fire(&self) {
        self.0.fired.fetch_add(1, Ordering::SeqCst);
    }
}

/// The rules of one server, and its log.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<State>);

#[derive(Debug, Default)]
struct State {
    rules: Mutex<Vec<Injected>>,
    denied: Mutex<Vec<(String, Denied)>>,
    log: Log,
}

impl Faults {
    /// Adds a rule.
    pub fn inject(&self, rule: Rule, action: Action) -> Injected {
        let entry = Entry {
            rule,
            action,
            seen: AtomicU64::new(0),
            fired: AtomicU64::new(0),
        };
        let injected = Injected(Arc::new(entry));
        lock(&self.0.rules).push(injected.clone());
        injected
    }

    /// From here on, keys that contain this are denied.
    pub fn deny(&self, denied: Denied, part: &str) {
        lock(&self.0.denied).push((part.to_owned(), denied));
    }

    /// Takes all rules and denials away.
    pub fn clear(&self) {
        lock(&self.0.rules).clear();
        lock(&self.0.denied).clear();
    }

    /// Whether a DeleteObjects may delete a key.
    pub(super) fn denies_deletion(&self, key: &str, is_conditional: bool) -> bool {
        lock(&self.0.denied)
            .iter()
            .any(|(part, denied)| key.contains(part) && (is_conditional || *denied == Denied::Deletion))
    }

    /// The requests answered so far, oldest first, at most the latest [`LOG_MAX`].
    #[must_use]
    pub fn log(&self) -> Vec<Exchange> {
        self.0.log.latest()
    }

    /// How many requests of this operation there were since the log was emptied last, however many.
    #[must_use]
    pub fn count(&self, operation: Operation) -> usize {
        self.0.log.count(operation)
    }

    /// The same of every operation that there was.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Operation, usize> {
        self.0.log.counts()
    }

    /// Empties the log, and counts from nothing.
    pub fn clear_log(&self) {
        self.0.log.clear();
    }

    pub(super) fn record(&self, call: Call, status: Option<u16>) {
        self.0.log.push(call, status);
    }

    /// What is to happen to this request.
    pub(super) fn plan(&self, call: &Call) -> Plan {
        let mut plan = Plan::default();
        for injected in lock(&self.0.rules)
            .iter()
            .filter(|injected| injected.0.rule.matches(call))
        {
            let Entry { rule, seen, .. } = &*injected.0;
            let nth = seen.fetch_add(1, Ordering::SeqCst).saturating_add(1);
            if nth >= rule.first && nth - rule.first < rule.times {
                plan.0.push(injected.clone());
            }
        }
        plan
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end of a request that gets no answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("connection closed by a fault rule")]
pub struct Closed;

/// An error to answer with: status and S3 error code.
pub(super) type Refusal = (u16, &'static str);

/// The actions for one request.
#[derive(Debug, Default)]
pub(super) struct Plan(Vec<Injected>);

impl Plan {
    /// Before the request is done.
    pub(super) async fn before(&self) -> Result<Option<Refusal>, Closed> {
        let mut answer = None;
        for injected in &self.0 {
            match &injected.0.action {
                Action::Before(hook) => {
                    injected.fire();
                    hook.run().await;
                }
                Action::Answer(status, code) => {
                    injected.fire();
                    answer = Some((*status, *code));
                }
                Action::Refuse => {
                    injected.fire();
                    return Err(Closed);
                }
                _ => {}
            }
        }
        Ok(answer)
    }

    /// The request's body, with what happens to it on its way.
    pub(super) fn request(&self, body: Body) -> Body {
        let on_requests = |injected: &&Injected| {
            matches!(
                injected.0.action,
                Action::CutRequest(_) | Action::DuringRequest(..)
            )
        };
        self.with_effects(body, self.0.iter().filter(on_requests))
    }

    /// After the request was done.
    pub(super) async fn after(&self) -> Result<Option<Refusal>, Closed> {
        let mut answer = None;
        for injected in &self.0 {
            match &injected.0.action {
                Action::After(hook) => {
                    injected.fire();
                    hook.run().await;
                }
                Action::AnswerAfter(status, code) => {
                    injected.fire();
                    answer = Some((*status, *code));
                }
                Action::LoseAnswer => {
                    injected.fire();
                    return Err(Closed);
                }
                Action::CutRequest(_) if injected.fired() > 0 => return Err(Closed),
                _ => {}
            }
        }
        Ok(answer)
    }

    /// The answer's body, with what happens to it on its way.
    pub(super) fn answer(&self, body: Body) -> Body {
        let on_answers = |injected: &&Injected| {
            matches!(
                injected.0.action,
                Action::CutAnswer(_) | Action::Corrupt(..) | Action::During(..)
            )
        };
        self.with_effects(body, self.0.iter().filter(on_answers))
    }

    fn with_effects<'a>(&self, body: Body, effects: impl Iterator<Item = &'a Injected>) -> Body {
        let mut effects: Vec<_> = effects
            .map(|injected| Effect {
                injected: injected.clone(),
            })
            .collect();
        if effects.is_empty() {
            return body;
        }
        effects.sort_by_key(|effect| std::cmp::Reverse(effect.at()));
        let faulty = FaultyBody {
            inner: body,
            effects,
            corrupt: None,
            waiting: None,
            position: 0,
            rest: None,
        };
        Body::http_body_unsync(faulty)
    }
}

#[derive(Debug)]
struct Effect {
    injected: Injected,
}

impl Effect {
    /// The offset in the body where it takes place.
    fn at(&self) -> u64 {
        match self.injected.0.action {
            Action::CutRequest(at)
            | Action::CutAnswer(at)
            | Action::Corrupt(at, _)
            | Action::During(at, _)
            | Action::DuringRequest(at, _) => at,
            _ => 0,
        }
    }
}

/// A body to which something happens.
struct FaultyBody {
    inner: Body,
    /// Those to come, the next one last.
    effects: Vec<Effect>,
    /// Bytes before this offset are inverted.
    corrupt: Option<u64>,
    waiting: Option<BoxFuture<'static, Result<(), Closed>>>,
    position: u64,
    /// What was read and has not gone out yet.
    rest: Option<Bytes>,
}

impl FaultyBody {
    /// Starts the effects that are due.
    fn start_due(&mut self) {
        while self.waiting.is_none()
            && let Some(effect) = self.effects.pop_if(|effect| effect.at() <= self.position)
        {
            effect.injected.fire();
            match &effect.injected.0.action {
                Action::Corrupt(at, bytes) => self.corrupt = Some(at.saturating_add(*bytes)),
                Action::During(_, hook) | Action::DuringRequest(_, hook) => {
                    let hook = hook.run();
                    self.waiting = Some(Box::pin(async move {
                        hook.await;
                        Ok(())
                    }));
                }
                // What was sent so far leaves the buffers while this waits for its turn.
                _ => {
                    self.waiting = Some(Box::pin(async {
                        tokio::task::yield_now().await;
                        Err(Closed)
                    }));
                }
            }
        }
    }

    /// The part of the piece that goes out before the next effect.
    fn split(&mut self, mut piece: Bytes) -> Bytes {
        let mut stop = self.effects.last().map(Effect::at);
        if let Some(end) = self.corrupt.filter(|end| *end > self.position) {
            stop = Some(stop.map_or(end, |stop| stop.min(end)));
        }
        let bytes = stop.and_then(|stop| usize::try_from(stop.saturating_sub(self.position)).ok());
        if let Some(bytes) = bytes.filter(|bytes| *bytes < piece.len()) {
            let rest = piece.split_off(bytes);
            self.rest = Some(rest);
        }
        if self.corrupt.is_some_and(|end| self.position < end) {
            let mut inverted = BytesMut::from(&piece[..]);
            inverted.iter_mut().for_each(|byte| *byte = !*byte);
            piece = inverted.freeze();
        }
        self.position = self.position.saturating_add(piece.len() as u64);
        piece
    }
}

impl hyper::body::Body for FaultyBody {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let this = &mut *self;
        loop {
            this.start_due();
            if let Some(waiting) = &mut this.waiting {
                let done = ready!(waiting.as_mut().poll(cx));
                this.waiting = None;
                if let Err(closed) = done {
                    return Poll::Ready(Some(Err(closed.into())));
                }
                continue;
            }
            let piece = match this.rest.take() {
                Some(rest) => rest,
                None => match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(piece) => piece,
                        Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                    },
                    other => return Poll::Ready(other),
                },
            };
            if piece.is_empty() {
                continue;
            }
            return Poll::Ready(Some(Ok(Frame::data(this.split(piece)))));
        }
    }

    fn size_hint(&self) -> SizeHint {
        // The length is still promised in full; that is what makes a cut a cut.
        self.inner.size_hint()
    }
}
