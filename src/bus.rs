//! The event bus that days are told on.
//!
//! The only place that names types of aws-sdk-eventbridge.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use crate::{refusal, timeouts};

/// The events' source, for rules to match.
pub const SOURCE: &str = "daymark";

/// An event that could not be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("PutEvents {bus}: {detail}")]
pub struct BusError {
    /// The bus.
    pub bus: String,
    /// EventBridge's words, or the connection's error.
    pub detail: String,
}

/// An event bus. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    name: String,
}

impl Bus {
    /// The bus with this name or ARN.
    pub fn new(sdk: &aws_config::SdkConfig, name: &str) -> Self {
        Bus {
            client: Client::new(&timeouts::bounded(sdk)),
            name: name.to_owned(),
        }
    }

    /// Sends one event. `detail` is a JSON object.
    ///
    /// # Errors
    /// EventBridge's refusals, of the request or of its entry. After a lost answer the event may have been sent.
    pub async fn send(&self, detail_type: &str, detail: &str) -> Result<(), BusError> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(detail_type)
            .detail(detail)
            .build();
        let answer = self.client.put_events().entries(entry).send().await;
        let answer = answer.map_err(|error| {
            let words = refusal::words(error.code(), error.message(), &error);
            self.error(words)
        })?;
        let [entry] = answer.entries() else {
            return Err(self.error("expected an answer for the one entry".to_owned()));
        };
        match (entry.event_id(), entry.error_code()) {
            (Some(_), None) => Ok(()),
            (_, code) => Err(self.error(format!(
                "{}: {}",
                code.unwrap_or("no event id"),
                entry.error_message().unwrap_or_default()
            ))),
        }
    }

    fn error(&self, detail: String) -> BusError {
        BusError {
            bus: self.name.clone(),
            detail,
        }
    }
}
