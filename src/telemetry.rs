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

pub use metrics::{Metrics, NAMESPACE, PartMetrics, SERVICE};
pub use stopwatch::Stopwatch;

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

/// Makes the process log to standard output. Once; a second call changes nothing.
pub fn init(level: Level) {
    let _ = tracing::subscriber::set_global_default(subscriber(level, std::io::stdout));
}
