//! How each envelope writes a key.

use percent_encoding::percent_decode_str;

use super::{KEY_BYTES_MAX, NoticeError};

/// The encoding of a key in an envelope.
#[derive(Clone, Copy, Debug)]
pub(super) enum Encoding {
    /// S3 notifications: `+` is a space, `%` starts an escape
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>).
    Form,
    /// S3 Batch Operations: `%` starts an escape, `+` is itself
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>).
    Percent,
    /// EventBridge: as it is.
    Plain,
}

/// Decodes a key.
///
/// A `%` without two hex digits behind it is an error, not a literal: S3 writes a percent sign as `%25`, so this
/// sender does not encode as S3 does, and its other keys (`a+b`, `50%20`) would be misread in silence.
pub(super) fn key(encoded: &str, encoding: Encoding, at: &str) -> Result<String, NoticeError> {
    let key = match encoding {
        Encoding::Form => percent(&encoded.replace('+', " "), at)?,
        Encoding::Percent => percent(encoded, at)?,
        Encoding::Plain => encoded.to_owned(),
    };
    if key.len() > KEY_BYTES_MAX {
        let found = key.len();
        return Err(NoticeError(format!(
            "{at}: expected a key of at most {KEY_BYTES_MAX} bytes, found {found}"
        )));
    }
    Ok(key)
}

fn percent(encoded: &str, at: &str) -> Result<String, NoticeError> {
    for (i, _) in encoded.match_indices('%') {
        let escape = encoded.as_bytes().get(i + 1..i + 3).unwrap_or_default();
        if escape.len() != 2 || !escape.iter().all(u8::is_ascii_hexdigit) {
            return Err(NoticeError(format!(
                "{at}: expected two hex digits behind the percent sign at byte {i} of the key, found none"
            )));
        }
    }
    let decoded = percent_decode_str(encoded).decode_utf8().map_err(|error| {
        let byte = error.valid_up_to();
        NoticeError(format!(
            "{at}: expected a key in UTF-8 once decoded, found other bytes at byte {byte}"
        ))
    })?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    /// What S3 leaves as it is in a notification.
    const S3_SAFE: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'*');

    #[test]
    fn plus_and_percent_by_envelope() {
        for (encoded, form, percent) in [
            ("a+b", "a b", "a+b"),
            ("a%2Bb", "a+b", "a+b"),
            ("a%20b", "a b", "a b"),
            ("dt%3D2026/x%25y", "dt=2026/x%y", "dt=2026/x%y"),
            ("caf%c3%a9", "café", "café"),
            ("café", "café", "café"),
        ] {
            assert_eq!(key(encoded, Encoding::Form, "key").unwrap(), form);
            assert_eq!(key(encoded, Encoding::Percent, "key").unwrap(), percent);
            assert_eq!(key(encoded, Encoding::Plain, "key").unwrap(), encoded);
        }
    }

    #[test]
    fn what_no_encoder_writes_is_refused() {
        for encoded in ["%", "a%2", "a%zz", "a%2é", "%FF", "caf%C3", "%ED%A0%80"] {
            assert!(key(encoded, Encoding::Form, "key").is_err(), "{encoded}");
            assert!(key(encoded, Encoding::Percent, "key").is_err(), "{encoded}");
            assert!(key(encoded, Encoding::Plain, "key").is_ok(), "{encoded}");
        }
        assert!(key(&"é".repeat(512), Encoding::Plain, "key").is_ok());
        assert!(key(&"é".repeat(513), Encoding::Plain, "key").is_err());
    }

    proptest! {
        #[test]
        fn every_key_comes_back(original in "\\PC{0,60}|[ +%=/._~é-]{0,40}") {
            let percent = utf8_percent_encode(&original, S3_SAFE).to_string();
            let form = percent.replace("%20", "+");
            prop_assert_eq!(key(&percent, Encoding::Percent, "key").unwrap(), original.clone());
            prop_assert_eq!(key(&form, Encoding::Form, "key").unwrap(), original);
        }
    }
}
