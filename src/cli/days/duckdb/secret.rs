//! What DuckDB reads S3 with while it makes a database: the credentials that this program has, wherever they come from.

use anyhow::Context;
use aws_config::BehaviorVersion;
use aws_sdk_s3::config::{Credentials, ProvideCredentials};

use crate::athena::views::literal;

/// Credentials, region and endpoint, for one bucket: so it goes before a secret of the user's that is for all of them.
pub(super) struct Secret {
    bucket: String,
    credentials: Credentials,
    region: Option<String>,
    endpoint: Option<String>,
}

/// Reads them as every AWS tool does.
pub(super) async fn read(bucket: String) -> anyhow::Result<Secret> {
    let sdk = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let provider = sdk
        .credentials_provider()
        .context("expected AWS credentials, found none")?;
    let of_s3 = std::env::var("AWS_ENDPOINT_URL_S3").ok();
    Ok(Secret {
        bucket,
        credentials: provider.provide_credentials().await.context("AWS credentials")?,
        region: sdk.region().map(ToString::to_string),
        endpoint: of_s3.or_else(|| sdk.endpoint_url().map(str::to_owned)),
    })
}

impl Secret {
    /// The statement that makes it known for as long as the connection lasts.
    pub(super) fn statement(&self) -> String {
        let credentials = &self.credentials;
        let mut options = vec![
            format!("SCOPE {}", literal(&format!("s3://{}/", self.bucket))),
            format!("KEY_ID {}", literal(credentials.access_key_id())),
            format!("SECRET {}", literal(credentials.secret_access_key())),
        ];
        options.extend(
            credentials
                .session_token()
                .map(|token| format!("SESSION_TOKEN {}", literal(token))),
        );
        options.extend(
            self.region
                .as_ref()
                .map(|region| format!("REGION {}", literal(region))),
        );
        if let Some(endpoint) = &self.endpoint {
            let (scheme, host) = endpoint.split_once("://").unwrap_or(("https", endpoint));
            options.push(format!("ENDPOINT {}", literal(host.trim_end_matches('/'))));
            options.push(format!("USE_SSL {}", scheme != "http"));
            // A server that is not AWS' has buckets in the path.
            options.push("URL_STYLE 'path'".to_owned());
        }
        let options = options.join(", ");
        format!("CREATE OR REPLACE TEMPORARY SECRET daymark (TYPE s3, {options});\n")
    }

    /// A message without what nobody is to read.
    pub(super) fn hidden_in(&self, message: &str) -> String {
        let token = self.credentials.session_token();
        let mut shown = message.replace(self.credentials.secret_access_key(), "…");
        if let Some(token) = token {
            shown = shown.replace(token, "…");
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(token: Option<&str>, endpoint: Option<&str>) -> Secret {
        Secret {
            bucket: "lake".to_owned(),
            credentials: Credentials::new("KEY", "it's", token.map(str::to_owned), None, "test"),
            region: Some("eu-central-1".to_owned()),
            endpoint: endpoint.map(str::to_owned),
        }
    }

    #[test]
    fn everything_that_reads_needs_is_told_and_quoted() {
        assert_eq!(
            secret(Some("token"), None).statement(),
            "CREATE OR REPLACE TEMPORARY SECRET daymark (TYPE s3, SCOPE 's3://lake/', KEY_ID 'KEY', \
             SECRET 'it''s', SESSION_TOKEN 'token', REGION 'eu-central-1');\n"
        );
        let elsewhere = secret(None, Some("http://127.0.0.1:4566/")).statement();
        assert!(
            elsewhere.ends_with("ENDPOINT '127.0.0.1:4566', USE_SSL false, URL_STYLE 'path');\n"),
            "{elsewhere}"
        );
    }

    #[test]
    fn messages_do_not_have_it() {
        let secret = secret(Some("token"), None);
        let message = secret.hidden_in("LINE 1: SECRET it's, token");
        assert_eq!(message, "LINE 1: SECRET …, …");
    }
}
