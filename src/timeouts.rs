//! How long an answer is waited for by queue, bus and catalog.
//!
//! The SDK's own defaults bound the connection alone: a service that takes a request and never answers would hold a sweep until the
//! function is killed, with all that is left to do.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(3);

/// One try of a request. These services answer within a second; the SDK tries three times.
const ATTEMPT: Duration = Duration::from_secs(20);

/// The same configuration, with an end to waiting where it has none.
pub(crate) fn bounded(sdk: &SdkConfig) -> SdkConfig {
    let bounds = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .build();
    let own = sdk.timeout_config().map(TimeoutConfig::to_builder);
    let mut timeouts = own.unwrap_or_default().build();
    timeouts.take_defaults_from(&bounds);
    sdk.clone().into_builder().timeout_config(timeouts).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_gets_one_and_what_has_one_keeps_it() {
        let none = SdkConfig::builder().build();
        let timeouts = bounded(&none);
        let of = |sdk: &SdkConfig| {
            sdk.timeout_config()
                .and_then(TimeoutConfig::operation_attempt_timeout)
        };
        assert_eq!(of(&timeouts), Some(ATTEMPT));
        let short = Duration::from_millis(5);
        let own = TimeoutConfig::builder().operation_attempt_timeout(short).build();
        let own = bounded(&SdkConfig::builder().timeout_config(own).build());
        assert_eq!(of(&own), Some(short));
        let connect = own.timeout_config().and_then(TimeoutConfig::connect_timeout);
        assert_eq!(connect, Some(CONNECT));
    }
}
