//! Where a part's time goes.

use std::time::{Duration, Instant};

use crate::convert::{Observer, Stage};

/// Measures the stages of a part, of all the passes that it takes.
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

    /// Adds what another one measured, of stages that have ended.
    pub fn add(&mut self, other: &Stopwatch) {
        self.read += other.read;
        self.split += other.split;
        self.columns += other.columns;
        self.encode += other.encode;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_add_up_stage_by_stage() {
        let ms = Duration::from_millis;
        let pass = Stopwatch {
            running: None,
            read: ms(1),
            split: ms(20),
            columns: ms(300),
            encode: ms(4000),
        };
        let mut spent = pass.clone();
        spent.add(&pass);
        let stages = [Stage::Read, Stage::Split, Stage::Columns, Stage::Encode];
        assert_eq!(stages.map(|stage| spent.ms(stage)), [2, 40, 600, 8000]);
    }
}
