//! What the functions say of themselves: JSON lines for people, embedded metrics for CloudWatch.
//!
//! Both go to standard output, which Lambda keeps as the function's log. Fields are chosen one by one where they are
//! written, and none of them is a cell value; libraries are heard from `warn` on, because their finer levels show requests.

mod metrics;
mod stopwatch;

use std::fmt;
use std::str::FromStr;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

pub use metrics::{AccountMetrics, CONVERT, MANIFEST, Metrics, NAMESPACE, PartMetrics, SweepMetrics};
pub(crate) use stopwatch::milliseconds;
pub use stopwatch::{Apart, Clock, Shared, Spent, Stopwatch};

/// How much is logged of what Daymark itself does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Failures only.
    Error,
    /// And what is odd.
    Warn,
    /// And one line per part. The default.
    Info,
    /// And every step.
    Debug,
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "error" => Ok(Level::Error),
            "warn" => Ok(Level::Warn),
            "info" => Ok(Level::Info),
            "debug" => Ok(Level::Debug),
            _ => Err("expected error, warn, info or debug".to_owned()),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
        })
    }
}

/// A subscriber that writes one JSON object a line: the event's fields, and under `span` those of the innermost span, which
/// are the request id and, once it is known, the part id.
pub fn subscriber<W>(level: Level, writer: W) -> impl Subscriber + Send + Sync + for<'s> LookupSpan<'s>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let own = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let targets = Targets::new()
        .with_default(LevelFilter::WARN.min(own))
        .with_target("daymark", own);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(writer)
        .with_filter(targets);
    tracing_subscriber::registry().with(lines)
}

/// Makes the process log to standard output, its panics included. Once; a second call changes nothing.
pub fn init(level: Level) {
    let _ = tracing::subscriber::set_global_default(subscriber(level, std::io::stdout));
    panics_without_words();
}

/// Logs where a panic happened and nothing else. The message that is printed otherwise can hold a cell value: slicing
/// text at a wrong place shows the text.
pub fn panics_without_words() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: Level, work: impl FnOnce()) -> String {
        let log = Log::default();
        let writer = log.clone();
        tracing::subscriber::with_default(subscriber(level, move || writer.clone()), work);
        String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_panic_is_logged_without_its_message() {
        let before = std::panic::take_hook();
        panics_without_words();
        let text = logged(Level::Error, || {
            let cell = String::from("é canary");
            let cut = std::panic::catch_unwind(|| cell[1..].to_owned());
            assert!(cut.is_err());
        });
        std::panic::set_hook(before);
        assert!(
            text.contains("panicked") && text.contains("telemetry.rs"),
            "{text}"
        );
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn libraries_are_heard_from_warnings_on() {
        let text = logged(Level::Debug, || {
            tracing::debug!(target: "aws_smithy_runtime", "library");
            tracing::warn!(target: "aws_smithy_runtime", "odd");
            tracing::debug!(target: "daymark::app", "own");
        });
        assert!(
            !text.contains("library") && text.contains("odd") && text.contains("own"),
            "{text}"
        );
        let text = logged(Level::Error, || {
            tracing::warn!(target: "aws_smithy_runtime", "odd");
            tracing::warn!(target: "daymark::app", "own");
        });
        assert_eq!(text, "");
    }
}
