//! A reader that hashes and counts what passes through it.

use std::fmt::Write as _;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Reads from `R`, and knows SHA-256 and number of the bytes that were read.
pub struct Hashed<R> {
    source: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Hashed<R> {
    /// A hashing reader of `source`.
    pub fn new(source: R) -> Self {
        Hashed {
            source,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of the bytes read so far, 64 lower-case hex digits.
    pub fn sha256(&self) -> String {
        let mut hex = String::with_capacity(64);
        for byte in self.hash.clone().finalize() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(out)?;
        let bytes = out
            .get(..read)
            .ok_or_else(|| io::Error::other("the source claims to have read more than there was room for"))?;
        self.hash.update(bytes);
        self.bytes += read as u64;
        Ok(read)
    }
}
