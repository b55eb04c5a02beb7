//! Where a part's time goes.

use std::time::{Duration, Instant};

use crate::convert::{Observer, Stage};

/// Measures the stages of one pass.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    running: Option<(Stage, Instant)>,
    read: Duration,
    split: Duration,
    columns: Duration,
    encode: Duration,
}

impl Stopwatch {
    /// One that has not started.
    pub fn new() -> Self {
        Stopwatch {
            running: None,
            read: Duration::ZERO,
            split: Duration::ZERO,
            columns: Duration::ZERO,
            encode: Duration::ZERO,
        }
    }

    /// Ends the stage that runs.
    pub fn stop(&mut self) {
        if let Some((stage, since)) = self.running.take() {
            let spent = since.elapsed();
            match stage {
                Stage::Read => self.read += spent,
                Stage::Split => self.split += spent,
                Stage::Columns => self.columns += spent,
                Stage::Encode => self.encode += spent,
            }
        }
    }

    /// Milliseconds spent in a stage.
    pub fn ms(&self, stage: Stage) -> u64 {
        milliseconds(match stage {
            Stage::Read => self.read,
            Stage::Split => self.split,
            Stage::Columns => self.columns,
            Stage::Encode => self.encode,
        })
    }
}

impl Default for Stopwatch {
    fn default() -> Self {
        Stopwatch::new()
    }
}

impl Observer for Stopwatch {
    fn enter(&mut self, stage: Stage) {
        self.stop();
        self.running = Some((stage, Instant::now()));
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
