//! How far a conversion is, on a terminal.

use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, WeakProgressBar};

use crate::convert::Observer;

/// The bar that was begun last, for whoever ends the process. There is one at a time.
static SHOWN: Mutex<Option<WeakProgressBar>> = Mutex::new(None);

/// Takes away the bar that is shown, if there is one.
pub(super) fn clear_shown() {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(bar) = shown.and_then(|shown| shown.upgrade()) {
        bar.finish_and_clear();
    }
}

/// A bar on stderr if that is a terminal; otherwise nothing. Clones draw the same bar, each for a source of its own.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    /// Bytes of the current source that the bar shows.
    shown: u64,
}

impl Progress {
    /// A bar over so many bytes of sources.
    pub(super) fn new(source_bytes: u64, quiet: bool) -> Self {
        let bar = if quiet || !stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::with_draw_target(Some(source_bytes), ProgressDrawTarget::stderr_with_hz(10))
        };
        let template =
            "{wide_bar} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.downgrade());
        Progress { bar, shown: 0 }
    }

    /// The current source is through, or given up; the next begins.
    pub(super) fn source_done(&mut self, source_bytes: u64) {
        self.show(source_bytes);
        self.shown = 0;
    }

    /// Writes a line to stderr, above the bar.
    pub(super) fn tell(&self, line: &str) {
        self.bar.suspend(|| super::tell(line));
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// So many bytes of the current source are through.
    pub(super) fn show(&mut self, bytes: u64) {
        if self.bar.is_hidden() {
            return;
        }
        if bytes >= self.shown {
            self.bar.inc(bytes - self.shown);
        } else {
            // The source is read again.
            self.bar.dec(self.shown - bytes);
        }
        self.shown = bytes;
    }
}

impl Observer for Progress {
    fn consumed(&mut self, source_bytes: u64) {
        self.show(source_bytes);
    }
}
