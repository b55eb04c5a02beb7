//! The server's clock: it gives objects their time of change and every answer its `Date`.
//!
//! What is decided of a day rests on S3's clock alone. Held, it lets hours go by in a test without waiting for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::HeaderValue;
use s3s::dto::{Timestamp, TimestampFormat};

/// A clock. Clones of a held one are the same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Milliseconds since 1970 UTC. None: the system's.
    held_ms: Option<Arc<AtomicU64>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at this time, in milliseconds since 1970 UTC, until somebody advances it.
    #[must_use]
    pub fn held(ms: u64) -> Self {
        Self {
            held_ms: Some(Arc::new(AtomicU64::new(ms))),
        }
    }

    /// Moves a held clock on. The system's moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Some(held_ms) = &self.held_ms {
            let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
            held_ms.fetch_add(by_ms, Ordering::SeqCst);
        }
    }

    /// Moves a held clock back, as if the next answer came from a server of S3 whose clock is behind.
    pub fn retreat(&self, by: Duration) {
        if let Some(held_ms) = &self.held_ms {
            let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
            let shown_ms = held_ms.load(Ordering::SeqCst);
            held_ms.fetch_sub(by_ms.min(shown_ms), Ordering::SeqCst);
        }
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.at().unwrap_or_else(SystemTime::now)
    }

    /// What it shows, if it is held.
    #[must_use]
    pub fn at(&self) -> Option<SystemTime> {
        let held_ms = self.held_ms.as_ref()?;
        Some(UNIX_EPOCH + Duration::from_millis(held_ms.load(Ordering::SeqCst)))
    }

    /// What it shows, as the header `Date` has it.
    pub(super) fn date(&self) -> Option<HeaderValue> {
        let mut text = Vec::new();
        let now = Timestamp::from(self.now());
        now.format(TimestampFormat::HttpDate, &mut text).ok()?;
        HeaderValue::from_bytes(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_stands_until_it_is_advanced() {
        let clock = Clock::held(1_795_341_600_000);
        let same = clock.clone();
        assert_eq!(clock.date().unwrap(), "Sun, 22 Nov 2026 10:00:00 GMT");
        same.advance(Duration::from_secs(3_600));
        assert_eq!(clock.date().unwrap(), "Sun, 22 Nov 2026 11:00:00 GMT");
        same.retreat(Duration::from_secs(60));
        assert_eq!(clock.date().unwrap(), "Sun, 22 Nov 2026 10:59:00 GMT");
        assert_eq!(Clock::system().at(), None);
    }
}
