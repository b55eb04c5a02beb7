//! Which days a command is about.

use clap::Args;

use crate::cli::usage;
use crate::keys::Day;

/// A span of days. Without an end it has none.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct SpanArguments {
    /// The first day
    #[arg(long, value_name = "yyyy-MM-dd", value_parser = day)]
    pub(super) from: Option<Day>,
    /// The last day
    #[arg(long, value_name = "yyyy-MM-dd", value_parser = day)]
    pub(super) to: Option<Day>,
}

impl SpanArguments {
    /// First and last day.
    pub(super) fn days(&self) -> anyhow::Result<(Day, Day)> {
        let (Some(first), Some(last)) = (Day::new(2000, 1, 1), Day::new(2199, 12, 31)) else {
            anyhow::bail!("a defect: the first and the last day are days");
        };
        let from = self.from.clone().unwrap_or(first);
        let to = self.to.clone().unwrap_or(last);
        if from > to {
            return Err(usage(format!(
                "expected --from to be no later than --to, found {from} and {to}"
            )));
        }
        Ok((from, to))
    }
}

/// Reads a day.
pub(super) fn day(text: &str) -> Result<Day, String> {
    Day::parse(text)
        .ok_or_else(|| "expected a day from 2000-01-01 to 2199-12-31, such as 2026-11-23".to_owned())
}
