//! What every check gets, and how it writes down what it saw.

use std::fmt::Debug;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;

/// The server under test.
#[derive(Clone, Debug)]
pub struct Context {
    /// A client that tries again after 5xx and broken connections only.
    pub client: Client,
    /// Where it connects to: `127.0.0.1:PORT`.
    pub authority: String,
    pub access_key: String,
    pub secret_key: String,
    /// A bucket for this run alone.
    pub bucket: String,
    /// A folder in it for this check alone, ending in `/`.
    pub folder: String,
}

impl Context {
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.folder)
    }

    /// Puts an object; the ETag as S3 gives it.
    pub async fn put(&self, name: &str, body: impl Into<Vec<u8>>) -> String {
        let body = ByteStream::from(body.into());
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.key(name))
            .body(body)
            .send()
            .await;
        put.unwrap().e_tag.unwrap()
    }

    /// The object's body, or how reading it failed.
    pub async fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let got = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(self.key(name))
            .send()
            .await;
        match got {
            Ok(got) => Ok(body(got).await),
            Err(error) => Err(seen::<(), _>(&Err(error))),
        }
    }

    /// All keys of the check's folder, without it.
    pub async fn names(&self) -> Vec<String> {
        let pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&self.folder);
        let mut pages = pages.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            for object in page.unwrap().contents() {
                names.push(
                    object
                        .key()
                        .unwrap()
                        .strip_prefix(&self.folder)
                        .unwrap()
                        .to_owned(),
                );
            }
        }
        names
    }

    /// The ids of the uploads that are open in the check's folder.
    pub async fn open_uploads(&self) -> Vec<String> {
        let listing = self
            .client
            .list_multipart_uploads()
            .bucket(&self.bucket)
            .prefix(&self.folder);
        let listing = listing.send().await.unwrap();
        listing
            .uploads()
            .iter()
            .map(|upload| upload.upload_id().unwrap().to_owned())
            .collect()
    }
}

pub async fn body(got: GetObjectOutput) -> Vec<u8> {
    got.body.collect().await.unwrap().to_vec()
}

/// `ok`, or status and code: `412:PreconditionFailed`; the status alone where S3 sends no body.
pub fn seen<T, E>(result: &Result<T, SdkError<E, HttpResponse>>) -> String
where
    E: ProvideErrorMetadata + Debug,
{
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => {
            let status = error.raw_response().map(|response| response.status().as_u16());
            let status = status.map_or_else(|| format!("no answer: {error:?}"), |status| status.to_string());
            match error.code() {
                // What the SDK makes up where there is no body.
                None | Some("NotFound" | "Unknown") => status,
                Some(code) => format!("{status}:{code}"),
            }
        }
    }
}

/// What a check saw, word by word.
#[derive(Debug, Default)]
pub struct Notes(Vec<String>);

impl Notes {
    pub fn add(&mut self, word: impl Into<String>) {
        self.0.push(word.into());
    }

    pub fn see<T, E>(&mut self, result: &Result<T, SdkError<E, HttpResponse>>)
    where
        E: ProvideErrorMetadata + Debug,
    {
        self.add(seen(result));
    }

    /// The word if it is so, else the word with a `!`.
    pub fn is(&mut self, word: &str, so: bool) {
        self.add(if so { word.to_owned() } else { format!("!{word}") });
    }

    pub fn end(self) -> String {
        self.0.join(" ")
    }
}
