//! Requests that no SDK would send, signed by hand (AWS Signature Version 4, header form).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::context::Context;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Head and body as text.
    pub text: String,
}

impl Answer {
    /// `ok`, or status and code.
    pub fn seen(&self) -> String {
        if self.status < 300 {
            return "ok".to_owned();
        }
        let code = self
            .text
            .split("<Code>")
            .nth(1)
            .and_then(|rest| rest.split("</Code>").next());
        code.map_or_else(
            || self.status.to_string(),
            |code| format!("{}:{code}", self.status),
        )
    }
}

/// Sends one request; `payload` is the value of `x-amz-content-sha256`. The secret may be wrong, or none: unsigned.
pub async fn send(
    cx: &Context,
    method: &str,
    key: &str,
    extra: &[(&str, &str)],
    payload: &str,
    body: &[u8],
    keys: Option<(&str, &str)>,
) -> Answer {
    let path = format!("/{}/{}", cx.bucket, cx.key(key));
    let date = amz_date();
    let mut headers = vec![("host", cx.authority.clone())];
    headers.extend(extra.iter().map(|(name, value)| (*name, (*value).to_owned())));
    headers.push(("x-amz-content-sha256", payload.to_owned()));
    headers.push(("x-amz-date", date.clone()));
    headers.sort();
    if let Some((access, secret)) = keys {
        let signed = headers
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(";");
        let canonical: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let request = format!("{method}\n{path}\n\n{canonical}\n{signed}\n{payload}");
        let day = date.get(..8).unwrap();
        let scope = format!("{day}/us-east-1/s3/aws4_request");
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            hex(&Sha256::digest(request))
        );
        let mut signing = hmac(format!("AWS4{secret}").as_bytes(), day.as_bytes());
        for step in ["us-east-1", "s3", "aws4_request"] {
            signing = hmac(&signing, step.as_bytes());
        }
        let signature = hex(&hmac(&signing, to_sign.as_bytes()));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={signed}, Signature={signature}"
        );
        headers.push(("authorization", authorization));
    }
    let mut request = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!(
        "content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    ));
    let mut request = request.into_bytes();
    request.extend_from_slice(body);
    let authority = cx.authority.clone();
    tokio::task::spawn_blocking(move || exchange(&authority, &request))
        .await
        .unwrap()
}

fn exchange(authority: &str, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    Answer { status, text }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len().min(64)].copy_from_slice(&key[..key.len().min(64)]);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(text)
        .finalize();
    Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize()
        .to_vec()
}

/// The time now as `20261123T201500Z`.
fn amz_date() -> String {
    let seconds = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let date = aws_sdk_s3::primitives::DateTime::from_secs(seconds);
    let text = date
        .fmt(aws_sdk_s3::primitives::DateTimeFormat::DateTime)
        .unwrap();
    text.chars().filter(|c| !matches!(c, '-' | ':')).collect()
}
