//! Where a part's time goes.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::convert::{Observer, Stage};

/// What time it is. Tests have another.
pub type Clock = fn() -> Instant;

/// What time is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spent {
    /// Requests to S3 but for the source's bytes: what is there already, and bringing outputs there.
    Store,
    /// Waiting for the source's bytes.
    Wait,
    /// A stage of the core.
    Stage(Stage),
}

/// Measures what a part's time is spent on, one thing at a time, of all the passes that it takes.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    clock: Clock,
    running: Option<(Spent, Instant)>,
    spent: BTreeMap<Spent, Duration>,
}

impl Stopwatch {
    /// One that measures nothing yet.
    pub fn new(clock: Clock) -> Self {
        Stopwatch {
            clock,
            running: None,
            spent: BTreeMap::new(),
        }
    }

    /// What it goes by.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Time is spent on this from here on, or on nothing that is measured; what it was spent on before.
    pub fn turn(&mut self, to: Option<Spent>) -> Option<Spent> {
        let now = (self.clock)();
        let from = self.running.take();
        if let Some((what, since)) = from {
            *self.spent.entry(what).or_default() += now.saturating_duration_since(since);
        }
        self.running = to.map(|to| (to, now));
        from.map(|(what, _)| what)
    }

    /// Time is spent on this until `work` is done.
    pub async fn during<T>(&mut self, what: Spent, work: impl Future<Output = T>) -> T {
        let before = self.turn(Some(what));
        // Requests are large futures, and each would be part of all around it, twice.
        let done = Box::pin(work).await;
        self.turn(before);
        done
    }

    /// Adds what another one measured, but for what it still does.
    pub fn add(&mut self, other: &Stopwatch) {
        for (what, spent) in &other.spent {
            *self.spent.entry(*what).or_default() += *spent;
        }
    }

    /// Milliseconds spent on something, but for what is spent on it now.
    pub fn ms(&self, what: Spent) -> u64 {
        milliseconds(self.spent.get(&what).copied().unwrap_or_default())
    }
}

/// A stopwatch that the core's stages and what the core reads and writes have in common.
#[derive(Debug)]
pub struct Shared(Mutex<Stopwatch>);

impl Shared {
    /// Shares one.
    pub fn new(stopwatch: Stopwatch) -> Self {
        Shared(Mutex::new(stopwatch))
    }

    /// The stopwatch, which measures nothing any more.
    pub fn stop(self) -> Stopwatch {
        self.turn(None);
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, to: Option<Spent>) -> Option<Spent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).turn(to)
    }
}

impl Observer for &Shared {
    fn enter(&mut self, stage: Stage) {
        self.turn(Some(Spent::Stage(stage)));
    }
}

/// A reader or writer whose time counts as spent on something of its own, not on the stage that uses it.
#[derive(Debug)]
pub struct Apart<'a, T> {
    inner: &'a mut T,
    what: Spent,
    shared: &'a Shared,
}

impl<'a, T> Apart<'a, T> {
    /// Measures what is spent in `inner` as `what`.
    pub fn new(inner: &'a mut T, what: Spent, shared: &'a Shared) -> Self {
        Apart { inner, what, shared }
    }

    fn measured<R>(&mut self, work: impl FnOnce(&mut T) -> R) -> R {
        let stage = self.shared.turn(Some(self.what));
        let done = work(self.inner);
        self.shared.turn(stage);
        done
    }
}

impl<T: Read> Read for Apart<'_, T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.measured(|inner| inner.read(into))
    }
}

impl<T: Write> Write for Apart<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.measured(|inner| inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.measured(Write::flush)
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::LazyLock;

    use super::*;

    thread_local! {
        static MS: Cell<u64> = const { Cell::new(0) };
    }

    fn clock() -> Instant {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        *START + Duration::from_millis(MS.get())
    }

    fn pass(ms: u64) {
        MS.set(MS.get() + ms);
    }

    /// Takes a millisecond for each byte.
    struct Slow;

    impl Read for Slow {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            pass(into.len() as u64);
            Ok(into.len())
        }
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            pass(bytes.len() as u64);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            pass(1000);
            Ok(())
        }
    }

    fn spent(stopwatch: &Stopwatch) -> [u64; 6] {
        let stages = [Stage::Read, Stage::Split, Stage::Columns, Stage::Encode].map(Spent::Stage);
        let [read, split, columns, encode] = stages.map(|stage| stopwatch.ms(stage));
        let [store, wait] = [Spent::Store, Spent::Wait].map(|what| stopwatch.ms(what));
        [store, wait, read, split, columns, encode]
    }

    #[test]
    fn passes_add_up_stage_by_stage() {
        let mut all = Stopwatch::new(clock);
        for _ in 0..2 {
            let shared = Shared::new(Stopwatch::new(clock));
            for (stage, ms) in [
                (Stage::Read, 1),
                (Stage::Split, 20),
                (Stage::Columns, 300),
                (Stage::Read, 2),
                (Stage::Encode, 4000),
            ] {
                (&shared).enter(stage);
                pass(ms);
            }
            let stopped = shared.stop();
            pass(7);
            all.add(&stopped);
        }
        assert_eq!(spent(&all), [0, 0, 6, 40, 600, 8000]);
    }

    #[test]
    fn what_a_stage_waits_for_is_told_apart() {
        let mut stopwatch = Stopwatch::new(clock);
        stopwatch.turn(Some(Spent::Wait));
        pass(3);
        let shared = Shared::new(stopwatch);
        let (mut source, mut output) = (Slow, Slow);
        (&shared).enter(Stage::Read);
        pass(1);
        let mut source = Apart::new(&mut source, Spent::Wait, &shared);
        source.read_exact(&mut [0; 20]).unwrap();
        pass(1);
        (&shared).enter(Stage::Encode);
        let mut output = Apart::new(&mut output, Spent::Store, &shared);
        output.write_all(&[0; 10]).unwrap();
        pass(100);
        output.flush().unwrap();
        assert_eq!(spent(&shared.stop()), [1010, 23, 2, 0, 0, 100]);
    }
}
