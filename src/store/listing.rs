//! Listings, page by page, each with S3's own clock.
//!
//! Amazon S3 API reference: ListObjectsV2.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types::EncodingType;
use percent_encoding::percent_decode_str;

use super::{Store, StoreError};

const OPERATION: &str = "ListObjectsV2";

/// What is listed, and from where on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Only keys that start with it.
    pub prefix: String,
    /// Keys with this behind the prefix are not listed themselves, but as the one prefix that they have in common up to it.
    pub delimiter: Option<String>,
    /// Where it begins.
    pub start: Start,
    /// Keys and common prefixes of one page, at most. S3 gives no more than 1,000, and so many if none is named.
    pub entries_max: Option<i32>,
}

/// Where a page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With the first key.
    #[default]
    First,
    /// Behind this key, which need not be there.
    After(String),
    /// Where the page before ended: its [`Page::next`].
    At(String),
}

impl Listing {
    /// All keys that start with this.
    pub fn of(prefix: impl Into<String>) -> Self {
        Listing {
            prefix: prefix.into(),
            ..Listing::default()
        }
    }
}

/// One page of a listing, in the order of the keys' UTF-8 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Listed>,
    /// The common prefixes, delimiter included. None without a delimiter.
    pub prefixes: Vec<String>,
    /// Where the next page begins. None: this is the last.
    pub next: Option<Start>,
    /// When S3 made this page, by its own clock: its `Date`, in milliseconds since 1970 UTC, to the second.
    pub date_ms: i64,
}

/// An object as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// ETag without quotes.
    pub etag: String,
    /// Bytes of the whole object.
    pub size_bytes: u64,
    /// Last-modified, milliseconds since 1970 UTC.
    pub last_modified_ms: i64,
}

impl Store {
    /// One page of a listing.
    ///
    /// # Errors
    /// S3's refusals; [`Kind::Other`](super::Kind::Other) for an answer that lacks a key, an ETag, a size, a time or a date.
    pub async fn list(&self, bucket: &str, listing: &Listing) -> Result<Page, StoreError> {
        // Keys may hold characters that XML cannot, so they are asked for in another form.
        let request = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(&listing.prefix);
        let request = request
            .encoding_type(EncodingType::Url)
            .set_delimiter(listing.delimiter.clone())
            .set_max_keys(listing.entries_max);
        let request = match &listing.start {
            Start::First => request,
            Start::After(key) => request.start_after(key),
            Start::At(token) => request.continuation_token(token),
        };
        let date = AnswerDate::default();
        let unusable = |what: &str| StoreError::unusable(OPERATION, bucket, &listing.prefix, what);
        match request.customize().interceptor(date.clone()).send().await {
            Ok(found) => page(found, date.ms()).map_err(|what| unusable(&what)),
            Err(error) => Err(StoreError::of(OPERATION, bucket, &listing.prefix, &error)),
        }
    }
}

fn page(found: ListObjectsV2Output, date_ms: Option<i64>) -> Result<Page, String> {
    let encoded = found.encoding_type() == Some(&EncodingType::Url);
    let text = |given: Option<&str>| -> Result<String, String> {
        let given = given.ok_or("expected a key or prefix in every entry")?;
        if !encoded {
            return Ok(given.to_owned());
        }
        // A plus is a space; one in a key comes as %2B.
        let spaced = given.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8();
        Ok(decoded
            .map_err(|_| "expected keys in UTF-8 once they are decoded")?
            .into_owned())
    };
    let objects = found.contents().iter().map(|object| {
        let key = text(object.key())?;
        let etag = object.e_tag().map(|etag| etag.trim_matches('"'));
        let etag = etag.filter(|etag| !etag.is_empty());
        let size = object.size().and_then(|size| u64::try_from(size).ok());
        let changed = object.last_modified().and_then(|time| time.to_millis().ok());
        match (etag, size, changed) {
            (Some(etag), Some(size_bytes), Some(last_modified_ms)) => Ok(Listed {
                key,
                etag: etag.to_owned(),
                size_bytes,
                last_modified_ms,
            }),
            _ => Err("expected ETag, size and last-modified in every entry".to_owned()),
        }
    });
    let objects = objects.collect::<Result<_, String>>()?;
    let prefixes = found.common_prefixes().iter().map(|common| text(common.prefix()));
    let prefixes = prefixes.collect::<Result<_, String>>()?;
    let next = match (found.is_truncated(), found.next_continuation_token()) {
        (Some(true), Some(token)) => Some(Start::At(token.to_owned())),
        // To stop here would be to lose what follows.
        (Some(true), None) => {
            return Err("expected a continuation token, since there is more".to_owned());
        }
        _ => None,
    };
    Ok(Page {
        objects,
        prefixes,
        next,
        date_ms: date_ms.ok_or("expected an answer with a Date")?,
    })
}

/// The `Date` of the last answer to one request.
#[derive(Clone, Debug, Default)]
struct AnswerDate(Arc<Mutex<Option<String>>>);

impl AnswerDate {
    fn ms(&self) -> Option<i64> {
        let date = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let date = DateTime::from_str(date.as_deref()?, DateTimeFormat::HttpDate).ok()?;
        date.to_millis().ok()
    }
}

impl Intercept for AnswerDate {
    fn name(&self) -> &'static str {
        "AnswerDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}
