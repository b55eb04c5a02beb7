//! Pages of a listing: prefix, delimiter, start, continuation.
//!
//! S3 API reference: ListObjectsV2.

use std::ops::ControlFlow;

use s3s::{S3Result, s3_error};

use super::folder::Folder;

/// A page has at most this many keys and common prefixes.
pub const PAGE_MAX: usize = 1_000;

/// One page.
#[derive(Debug, Default)]
pub struct Page {
    /// The keys, in the order of their bytes.
    pub keys: Vec<String>,
    /// What keys that contain the delimiter behind the prefix have in common, in order.
    pub prefixes: Vec<String>,
    /// Where the next page starts, if there is one.
    pub next: Option<Start>,
}

/// Where a page starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Behind this key; empty: at the beginning.
    Key(String),
    /// Behind all keys that start with this common prefix.
    Prefix(String),
}

impl Start {
    /// As a continuation token. It means nothing to clients.
    #[must_use]
    pub fn token(&self) -> String {
        let (kind, text) = match self {
            Self::Key(key) => ('k', key),
            Self::Prefix(prefix) => ('p', prefix),
        };
        base64_simd::URL_SAFE.encode_to_string(format!("{kind}{text}"))
    }

    /// Reads a continuation token.
    ///
    /// # Errors
    /// 400 `InvalidArgument` for one that `token` did not make.
    pub fn parse(token: &str) -> S3Result<Self> {
        let bytes = base64_simd::URL_SAFE.decode_to_vec(token).ok();
        let text = bytes
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_default();
        match (text.strip_prefix('k'), text.strip_prefix('p')) {
            (Some(key), _) => Ok(Self::Key(key.to_owned())),
            (_, Some(prefix)) => Ok(Self::Prefix(prefix.to_owned())),
            _ => Err(s3_error!(
                InvalidArgument,
                "The continuation token provided is incorrect"
            )),
        }
    }
}

/// Makes a page of the bucket's keys. `max` 0 is an empty page without a next one.
///
/// # Errors
/// 404 `NoSuchBucket`; 500 if the folder cannot be read.
pub fn page(
    folder: &Folder,
    bucket: &str,
    prefix: &str,
    delimiter: Option<&str>,
    start: &Start,
    max: usize,
) -> S3Result<Page> {
    let mut page = Page::default();
    let mut last = None;
    let (Start::Key(after) | Start::Prefix(after)) = start;
    let mut visit = |key: &str| {
        if let Start::Prefix(passed) = start
            && key.starts_with(passed)
        {
            return ControlFlow::Continue(passed.len());
        }
        let common = common_prefix(key, prefix, delimiter);
        let enough = common.map_or(0, str::len);
        if common.is_some() && common == page.prefixes.last().map(String::as_str) {
            return ControlFlow::Continue(enough);
        }
        if page.keys.len() + page.prefixes.len() >= max {
            page.next = last.take();
            return ControlFlow::Break(());
        }
        match common {
            Some(common) => {
                page.prefixes.push(common.to_owned());
                last = Some(Start::Prefix(common.to_owned()));
            }
            None => {
                page.keys.push(key.to_owned());
                last = Some(Start::Key(key.to_owned()));
            }
        }
        ControlFlow::Continue(enough)
    };
    folder.keys(bucket, prefix, after, &mut visit)?;
    Ok(page)
}

/// The key up to the first delimiter behind the prefix, that included.
#[must_use]
pub fn common_prefix<'k>(key: &'k str, prefix: &str, delimiter: Option<&str>) -> Option<&'k str> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let at = key.get(prefix.len()..)?.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}

/// `encoding-type=url` as S3 does it: a space is `+`, slashes stay.
#[must_use]
pub fn url_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::checksums::Sums;
    use super::super::clock::Clock;
    use super::super::conditions::WriteCondition;
    use super::super::folder::Draft;
    use super::super::record::Headers;
    use super::*;

    fn put(folder: &Arc<Folder>, key: &str) {
        let (_, incoming) = folder.incoming().unwrap();
        let draft = Draft {
            etag: String::new(),
            headers: Headers::default(),
            sums: Sums::default(),
            composite: false,
        };
        let ticket = folder.ticket("bucket", key);
        folder
            .publish(&ticket, &WriteCondition::default(), incoming, draft, None)
            .unwrap();
    }

    /// What S3's documentation says a listing is, all pages at once.
    fn model(keys: &BTreeSet<String>, prefix: &str, delimiter: Option<&str>, after: &str) -> Vec<String> {
        let mut entries: Vec<String> = Vec::new();
        for key in keys
            .iter()
            .filter(|key| key.starts_with(prefix) && key.as_str() > after)
        {
            let rest = &key[prefix.len()..];
            let common =
                delimiter.and_then(|delimiter| rest.split_once(delimiter).map(|(name, _)| (name, delimiter)));
            let entry = common.map_or_else(
                || key.clone(),
                |(name, delimiter)| format!("{prefix}{name}{delimiter}|"),
            );
            if entries.last() != Some(&entry) {
                entries.push(entry);
            }
        }
        entries
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Any keys, put and deleted in any order, are listed as the model says, whatever the size of pages.
        #[test]
        fn pages_are_as_documented(
            written in prop::collection::vec("[ab/.é-]{1,6}", 0..14),
            deleted in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
            prefix in "[ab/.-]{0,3}",
            delimiter in prop::option::of(prop::sample::select(vec!["/", "-", "a", "//"])),
            after in "[ab/.-]{0,3}",
            max in 1_usize..5,
        ) {
            let root = tempfile::tempdir().unwrap();
            let folder = Arc::new(Folder::open(root.path(), Clock::system()).unwrap());
            folder.create_bucket("bucket").unwrap();
            let mut keys = BTreeSet::new();
            for key in &written {
                put(&folder, key);
                keys.insert(key.clone());
            }
            for index in deleted.iter().filter(|_| !written.is_empty()) {
                let key = index.get(&written);
                folder.delete("bucket", key, &WriteCondition::default()).unwrap();
                keys.remove(key);
            }
            let mut listed = Vec::new();
            let mut start = Some(Start::Key(after.clone()));
            while let Some(from) = start {
                let page = page(&folder, "bucket", &prefix, delimiter, &from, max).unwrap();
                let mut entries = page.keys.clone();
                entries.extend(page.prefixes.iter().map(|prefix| format!("{prefix}|")));
                entries.sort();
                prop_assert!(entries.len() == max || page.next.is_none(), "a short page is the last");
                listed.extend(entries);
                start = page.next.map(|next| Start::parse(&next.token()).unwrap());
            }
            prop_assert_eq!(listed, model(&keys, &prefix, delimiter, &after));
            for key in &keys {
                prop_assert_eq!(&folder.object("bucket", key).unwrap().1.key, key);
            }
        }
    }

    #[test]
    fn tokens_are_read_back() {
        for start in [
            Start::Key(String::new()),
            Start::Key("a/é".into()),
            Start::Prefix("p/".into()),
        ] {
            assert_eq!(Start::parse(&start.token()).unwrap(), start);
        }
        for token in ["", "nonsense", "%%%", "eA=="] {
            assert!(Start::parse(token).is_err(), "{token}");
        }
    }
}
