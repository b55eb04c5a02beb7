//! Sources and outputs in S3, for `convert`: objects come to and go from files aside, and the rest is the same.

use std::ffi::OsStr;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use clap::builder::{OsStringValueParser, TypedValueParser};
use tokio::runtime::Runtime;

use super::leftovers::Aside;
use super::local::Source;
use super::usage;
use crate::convert::Provenance;
use crate::refusal;

/// `s3://bucket/key`, or a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    /// Bucket name.
    pub bucket: String,
    /// Key or prefix, as it stands; maybe empty.
    pub key: String,
}

/// What stands behind `s3://` in a place that a user names; None: it is a path. Whatever else looks like an address would be
/// a folder with a colon in its name, which nobody means.
fn in_s3<'p>(place: &'p OsStr, expected: &str) -> Result<Option<&'p str>, String> {
    let bytes = place.as_encoded_bytes();
    if bytes.starts_with(b"s3://") {
        let text = place.to_str().and_then(|text| text.strip_prefix("s3://"));
        let text = text.ok_or_else(|| format!("expected s3://BUCKET/KEY in UTF-8, found {place:?}"));
        return text.map(Some);
    }
    let text = bytes.trim_ascii_start();
    let begins = |start: &[u8]| {
        text.get(..start.len())
            .is_some_and(|it| it.eq_ignore_ascii_case(start))
    };
    let is_address = begins(b"s3:/") || begins(b"file:/");
    // RFC 3986, 3.1.
    let word = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
        .count();
    // One letter alone is a drive.
    let has_scheme = word > 1
        && text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.get(word..).is_some_and(|rest| rest.starts_with(b"://"));
    if is_address || has_scheme {
        return Err(format!(
            "expected {expected}, found {place:?} (./{} is a path of that name)",
            place.display()
        ));
    }
    Ok(None)
}

/// Reads an argument that can only be a path on this machine.
pub(super) fn local_path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(|place| {
        local(&place)?;
        Ok::<_, String>(PathBuf::from(place))
    })
}

/// Reads an argument that is a word or a path on this machine.
pub(super) fn local_name(name: &str) -> Result<String, String> {
    local(OsStr::new(name))?;
    Ok(name.to_owned())
}

/// Reads an argument that is a place or a prefix in S3.
pub(super) fn place_or_prefix(place: &str) -> Result<String, String> {
    in_s3(OsStr::new(place), "s3://BUCKET/PREFIX")?;
    Ok(place.to_owned())
}

fn local(place: &OsStr) -> Result<(), String> {
    let expected = "a path on this machine";
    match in_s3(place, expected)? {
        None => Ok(()),
        Some(_) => Err(format!("expected {expected}, found {place:?}")),
    }
}

impl Url {
    /// Reads what an argument called `what` names: a place that begins with `s3://`, or, None, a path.
    ///
    /// # Errors
    /// It is neither, which is wrong usage.
    pub(super) fn parse(what: &str, place: &Path) -> anyhow::Result<Option<Url>> {
        let found = in_s3(place.as_os_str(), "s3://BUCKET/KEY or a path on this machine");
        let Some(rest) = found.map_err(|error| usage(format!("{what}: {error}")))? else {
            return Ok(None);
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(usage(format!(
                "{what}: expected s3://BUCKET/KEY, found {place:?}"
            )));
        }
        Ok(Some(Url {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        }))
    }

    /// Whether it can only be a prefix.
    pub(super) fn is_prefix(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }

    /// The URL as text.
    pub(super) fn text(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// Another key in the same bucket.
    pub(super) fn with_key(&self, key: String) -> Url {
        Url {
            bucket: self.bucket.clone(),
            key,
        }
    }
}

/// An object in a listing.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// A client with the environment's settings. A server that is not AWS' has buckets in the path.
pub(super) fn client(sdk: &SdkConfig) -> Client {
    let elsewhere = sdk.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    let config = aws_sdk_s3::config::Builder::from(sdk);
    Client::from_conf(config.force_path_style(elsewhere).build())
}

/// That there is a region to ask in: every AWS service wants one.
///
/// # Errors
/// There is none, which is told as wrong usage.
pub(super) fn has_region(sdk: &SdkConfig) -> anyhow::Result<()> {
    match sdk.region() {
        Some(_) => Ok(()),
        None => Err(usage(
            "expected a region, found none: set AWS_REGION to that of the stack and its buckets, or name one in the AWS profile",
        )),
    }
}

/// A connection that blocks.
#[derive(Debug)]
pub(super) struct Remote {
    runtime: Runtime,
    client: Client,
}

impl Remote {
    /// A connection with the environment's credentials, region and endpoint, as every AWS tool has them.
    pub(super) fn connect() -> anyhow::Result<Remote> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let sdk = runtime.block_on(aws_config::load_defaults(BehaviorVersion::latest()));
        has_region(&sdk)?;
        Ok(Remote {
            runtime,
            client: client(&sdk),
        })
    }

    /// The objects that a URL means: itself, or all below it as a folder.
    pub(super) fn objects(&self, url: &Url) -> anyhow::Result<(bool, Vec<Object>)> {
        if !url.is_prefix() {
            let listed = self.list(url, &url.key)?;
            if let Some(object) = listed.into_iter().find(|object| object.key == url.key) {
                return Ok((false, vec![object]));
            }
        }
        let mut prefix = url.key.clone();
        if !url.is_prefix() {
            prefix.push('/');
        }
        let mut objects = self.list(url, &prefix)?;
        objects.retain(|object| !object.key.ends_with('/'));
        if objects.is_empty() {
            bail!(
                "{}: expected an object or objects below it, found none",
                url.text()
            );
        }
        Ok((true, objects))
    }

    fn list(&self, url: &Url, prefix: &str) -> anyhow::Result<Vec<Object>> {
        self.runtime.block_on(async {
            let mut objects = Vec::new();
            let request = self.client.list_objects_v2().bucket(&url.bucket).prefix(prefix);
            let mut pages = request.into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| told(url, "listing", &error))?;
                for object in page.contents() {
                    let bytes = object
                        .size()
                        .and_then(|size| u64::try_from(size).ok())
                        .unwrap_or(0);
                    let key = object.key().unwrap_or_default().to_owned();
                    objects.push(Object { key, bytes });
                }
            }
            Ok(objects)
        })
    }

    /// Brings an object here; what the footer says of it.
    pub(super) fn download(&self, url: &Url) -> anyhow::Result<(Source, Provenance)> {
        let (aside, file) = Aside::create(&std::env::temp_dir())?;
        let provenance = self.runtime.block_on(async {
            let request = self.client.get_object().bucket(&url.bucket).key(&url.key);
            let mut object = request
                .send()
                .await
                .map_err(|error| told(url, "reading", &error))?;
            let mut file = BufWriter::new(file);
            let mut size_bytes = 0;
            while let Some(bytes) = object.body.next().await {
                let bytes = bytes.map_err(|error| said(url, "reading", &refusal::chain(&error)))?;
                size_bytes += bytes.len() as u64;
                // Nothing else waits on this thread.
                file.write_all(&bytes)?;
            }
            file.flush()?;
            anyhow::Ok(Provenance {
                bucket: url.bucket.clone(),
                key: url.key.clone(),
                etag: object.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
                size_bytes,
                last_modified_ms: object.last_modified().and_then(|time| time.to_millis().ok()),
                ..Provenance::default()
            })
        })?;
        let source = Source::aside(aside, url.key.clone(), provenance.size_bytes);
        Ok((source, provenance))
    }

    /// Brings the outputs there, the rejects first; an earlier run's rejects go.
    pub(super) fn upload(
        &self,
        parquet: &Path,
        to: &Url,
        rejects: &Path,
        rejects_to: &Url,
    ) -> anyhow::Result<()> {
        let has_rejects = rejects.exists();
        if has_rejects {
            self.put(rejects, rejects_to)?;
        }
        let put = self.put(parquet, to);
        // New ones without their Parquet, or old ones beside a Parquet that has none.
        if has_rejects == put.is_err() {
            self.remove(rejects_to);
        }
        put
    }

    /// Brings a file there. What is there is replaced.
    pub(super) fn put(&self, from: &Path, to: &Url) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let body = ByteStream::from_path(from).await.with_context(|| to.text())?;
            let request = self
                .client
                .put_object()
                .bucket(&to.bucket)
                .key(&to.key)
                .body(body);
            request
                .send()
                .await
                .map_err(|error| told(to, "writing", &error))?;
            Ok(())
        })
    }

    /// Removes an object if it is there. That it stays is worth a warning.
    fn remove(&self, url: &Url) {
        self.runtime.block_on(async {
            let found = self
                .client
                .head_object()
                .bucket(&url.bucket)
                .key(&url.key)
                .send()
                .await;
            if found.is_err() {
                return;
            }
            let request = self.client.delete_object().bucket(&url.bucket).key(&url.key);
            if let Err(error) = request.send().await {
                super::tell(&format!(
                    "warning: {:#}",
                    told(url, "removing an earlier run's rejects", &error)
                ));
            }
        });
    }
}

fn told<E>(url: &Url, what: &str, error: &E) -> anyhow::Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let words = refusal::words(error.code(), error.message(), error);
    said(url, what, &words)
}

fn said(url: &Url, what: &str, why: &str) -> anyhow::Error {
    anyhow!("{}: {what} failed: {why}", url.text())
}
