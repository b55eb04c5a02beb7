//! What a part is: the identity of a source object, the profile of a configuration, and the id made of both.

use std::fmt;

use sha2::{Digest, Sha256};

/// The identity of a source object: the object that is current under a key, by its ETag.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Bucket name.
    pub bucket: String,
    /// Key, decoded.
    pub key: String,
    /// ETag without quotes.
    pub etag: String,
}

/// A fingerprint of everything in configuration that can change a table's output:
/// format version, dialect, types, names, NULL rules. 16 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Profile(String);

impl Profile {
    /// The profile of a canonical text, which must name every setting that counts, in a fixed order.
    pub fn of(canonical: &str) -> Self {
        Profile(hex16(&Sha256::digest(canonical.as_bytes())))
    }

    /// Reads a profile back: 16 lower-case hex digits, nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        is_hex16(text).then(|| Profile(text.to_owned()))
    }

    /// The 16 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A part's id: 16 hex digits of a SHA-256 over identity and profile.
///
/// A sweep holds several for each part of a day, so the digits stand in the value itself.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartId([u8; 16]);

impl PartId {
    /// The id of one source object converted under one profile.
    pub fn of(identity: &Identity, profile: &Profile) -> Self {
        let mut hash = Sha256::new();
        for field in [&identity.bucket, &identity.key, &identity.etag, &profile.0] {
            // Each field's length goes before it, so that no two lists of fields share a text.
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
        let mut digits = [0; 16];
        for (digit, hex) in digits.iter_mut().zip(hex16(&hash.finalize()).bytes()) {
            *digit = hex;
        }
        PartId(digits)
    }

    /// Reads an id back: 16 lower-case hex digits, nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes().try_into().ok()?;
        is_hex16(text).then_some(PartId(digits))
    }

    /// The 16 hex digits.
    pub fn as_str(&self) -> &str {
        // Digits are ASCII, so this is never empty.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartId({})", self.as_str())
    }
}

fn hex16(digest: &[u8]) -> String {
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn is_hex16(text: &str) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.len() == 16 && text.bytes().all(hex)
}
