//! The Lambda function that says when a day is whole: settings and connections once, then one sweep an event.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use daymark::app::sweep::Sweeper;
use daymark::app::sweep_handler::SweepHandler;
use daymark::bus::Bus;
use daymark::config::Config;
use daymark::glue::Glue;
use daymark::queue::Queue;
use daymark::store::{Store, Tuning};
use daymark::sweep::Event;
use daymark::telemetry::{self, Level, Metrics};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = match Config::from_env() {
        Ok(config) => Arc::new(config),
        Err(error) => {
            telemetry::init(Level::Error);
            tracing::error!(target: "daymark", %error, "cannot start");
            return ExitCode::FAILURE;
        }
    };
    telemetry::init(config.log_level);
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "local".to_owned());
    let sdk = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let store = Store::from_env(&Tuning::default()).await;
    let queue = config.days.queue_url.as_deref().map(|url| Queue::sqs(&sdk, url));
    let bus = config.days.event_bus.as_deref().map(|name| Bus::new(&sdk, name));
    let database = config.days.glue_database.as_deref();
    let glue = database.map(|name| Glue::new(&sdk, name));
    let sweeper = Sweeper::new(config, store, queue, bus).with_glue(glue);
    let handler = SweepHandler::new(sweeper, Metrics::stdout(&function));
    match lambda_runtime::run(service_fn(|event| handle(&handler, event))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(target: "daymark", error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}

async fn handle(handler: &SweepHandler, event: LambdaEvent<Event>) -> Result<Value, Diagnostic> {
    let (payload, context) = event.into_parts();
    let left = context
        .deadline()
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    let deadline = Instant::now().checked_add(left);
    let handled = handler.handle(payload, &context.request_id, deadline).await;
    handled.map_err(|error| Diagnostic {
        error_type: error.name().to_owned(),
        error_message: error.to_string(),
    })
}
