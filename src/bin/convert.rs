//! The Lambda function that converts parts: settings and connections once, then one event after the other.

use std::process::ExitCode;
use std::time::SystemTime;

use daymark::app::handler::{Handler, Invocation};
use daymark::config::Config;
use daymark::store::{Store, Tuning};
use daymark::telemetry::{self, Level, Metrics};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => {
            telemetry::init(Level::Error);
            tracing::error!(target: "daymark", %error, "cannot start");
            return ExitCode::FAILURE;
        }
    };
    telemetry::init(config.log_level);
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "local".to_owned());
    let store = Store::from_env(&Tuning::default()).await;
    let handler = Handler::new(config, store, Metrics::stdout(&function));
    match lambda_runtime::run(service_fn(|event| handle(&handler, event))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(target: "daymark", error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}

async fn handle(handler: &Handler, event: LambdaEvent<Box<RawValue>>) -> Result<Value, Diagnostic> {
    let (payload, context) = event.into_parts();
    let left = context
        .deadline()
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    let invocation = Invocation {
        request_id: context.request_id,
        deadline: Instant::now().checked_add(left),
    };
    let handled = handler.handle(payload.get().as_bytes(), invocation).await;
    handled.map_err(|error| Diagnostic {
        error_type: error.name().to_owned(),
        error_message: error.to_string(),
    })
}
