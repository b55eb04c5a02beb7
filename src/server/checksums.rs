//! The checksums S3 knows, as claimed by clients, computed here and given back.
//!
//! S3 user guide: "Checking object integrity for data uploads in Amazon S3".

use std::collections::BTreeSet;

use s3s::checksum::ChecksumHasher;
use s3s::crypto::Checksum as _;
use s3s::{S3Result, TrailingHeaders, dto, s3_error};
use serde::{Deserialize, Serialize};

use super::refusal::bad_request;

/// An algorithm that S3 checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// CRC-32 (ISO-HDLC): what the SDKs send unasked.
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME: what S3 computes when the client sends none.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// As S3 spells it in `x-amz-checksum-algorithm`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header that carries it.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// Reads the name in any case.
    ///
    /// # Errors
    /// 400 `InvalidRequest` for an algorithm S3 does not know.
    pub fn parse(name: &str) -> S3Result<Self> {
        let found = Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            s3_error!(
                InvalidRequest,
                "Checksum algorithm provided is unsupported: {name}"
            )
        })
    }
}

/// Checksums in base64, as in the headers `x-amz-checksum-…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// CRC-32 (ISO-HDLC).
    pub crc32: Option<String>,
    /// CRC-32C (Castagnoli).
    pub crc32c: Option<String>,
    /// CRC-64/NVME.
    pub crc64nvme: Option<String>,
    /// SHA-1.
    pub sha1: Option<String>,
    /// SHA-256.
    pub sha256: Option<String>,
}

impl From<dto::Checksum> for Sums {
    fn from(sum: dto::Checksum) -> Self {
        Self {
            crc32: sum.checksum_crc32,
            crc32c: sum.checksum_crc32c,
            crc64nvme: sum.checksum_crc64nvme,
            sha1: sum.checksum_sha1,
            sha256: sum.checksum_sha256,
        }
    }
}

impl Sums {
    /// One of them.
    #[must_use]
    pub fn get(&self, algorithm: Algorithm) -> Option<&str> {
        match algorithm {
            Algorithm::Crc32 => self.crc32.as_deref(),
            Algorithm::Crc32c => self.crc32c.as_deref(),
            Algorithm::Crc64Nvme => self.crc64nvme.as_deref(),
            Algorithm::Sha1 => self.sha1.as_deref(),
            Algorithm::Sha256 => self.sha256.as_deref(),
        }
    }

    /// Sets one of them.
    pub fn set(&mut self, algorithm: Algorithm, sum: String) {
        let place = match algorithm {
            Algorithm::Crc32 => &mut self.crc32,
            Algorithm::Crc32c => &mut self.crc32c,
            Algorithm::Crc64Nvme => &mut self.crc64nvme,
            Algorithm::Sha1 => &mut self.sha1,
            Algorithm::Sha256 => &mut self.sha256,
        };
        *place = Some(sum);
    }

    /// Those that are set.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        Algorithm::ALL
            .into_iter()
            .filter(|algorithm| self.get(*algorithm).is_some())
    }

    /// Holds what a client claimed against what was computed.
    ///
    /// # Errors
    /// 400 `BadDigest`, naming the algorithm.
    pub fn verify(&self, computed: &Sums) -> S3Result {
        for algorithm in self.algorithms() {
            if self.get(algorithm) != computed.get(algorithm) {
                let name = algorithm.name();
                return Err(s3_error!(
                    BadDigest,
                    "The {name} you specified did not match the calculated checksum."
                ));
            }
        }
        Ok(())
    }
}

/// A hasher for these algorithms, all in one pass.
#[must_use]
pub fn hasher(algorithms: &BTreeSet<Algorithm>) -> ChecksumHasher {
    let mut hasher = ChecksumHasher::default();
    for algorithm in algorithms {
        match algorithm {
            Algorithm::Crc32 => hasher.crc32 = Some(s3s::crypto::Crc32::new()),
            Algorithm::Crc32c => hasher.crc32c = Some(s3s::crypto::Crc32c::new()),
            Algorithm::Crc64Nvme => hasher.crc64nvme = Some(s3s::crypto::Crc64Nvme::new()),
            Algorithm::Sha1 => hasher.sha1 = Some(s3s::crypto::Sha1::new()),
            Algorithm::Sha256 => hasher.sha256 = Some(s3s::crypto::Sha256::new()),
        }
    }
    hasher
}

/// The checksum of checksums that S3 gives a multipart object of type `COMPOSITE`: `base64-N`.
///
/// # Errors
/// 400 `InvalidPart` if a part's sum is no base64.
pub fn composite(algorithm: Algorithm, parts: &[&str]) -> S3Result<String> {
    let mut hasher = hasher(&BTreeSet::from([algorithm]));
    for part in parts {
        let bytes = base64_simd::STANDARD.decode_to_vec(part);
        hasher.update(&bytes.map_err(|_| s3_error!(InvalidPart, "a part's checksum is not base64"))?);
    }
    let sums = Sums::from(hasher.finalize());
    Ok(format!(
        "{}-{}",
        sums.get(algorithm).unwrap_or_default(),
        parts.len()
    ))
}

/// What a client says of a body it sends. Some of it comes only after the body, in trailers.
#[derive(Debug, Default)]
pub struct Claims {
    /// Length in bytes without the framing of `aws-chunked`.
    pub length: Option<u64>,
    /// `Content-MD5`, base64.
    pub md5: Option<String>,
    /// `x-amz-checksum-…` from the headers.
    pub sums: Sums,
    /// Announced in `x-amz-trailer`.
    pub announced: BTreeSet<Algorithm>,
    /// Asked for by `x-amz-sdk-checksum-algorithm` or by the multipart upload.
    pub asked: BTreeSet<Algorithm>,
    /// Where the trailers will be once the body was read.
    pub trailers: Option<TrailingHeaders>,
}

impl Claims {
    /// Adds what the header `x-amz-trailer` announces.
    pub fn announce(&mut self, headers: &hyper::HeaderMap) {
        for value in headers.get_all("x-amz-trailer") {
            let names = value.to_str().unwrap_or_default().split(',').map(str::trim);
            let found = names.filter_map(|name| {
                Algorithm::ALL
                    .into_iter()
                    .find(|algorithm| algorithm.header().eq_ignore_ascii_case(name))
            });
            self.announced.extend(found);
        }
    }

    /// The algorithms to compute: all that are claimed or asked for, else S3's own choice.
    #[must_use]
    pub fn algorithms(&self) -> BTreeSet<Algorithm> {
        let mut all: BTreeSet<_> = self.sums.algorithms().collect();
        all.extend(&self.announced);
        all.extend(&self.asked);
        if all.is_empty() {
            all.insert(Algorithm::Crc64Nvme);
        }
        all
    }

    /// The client claims a value for this one, in a header or a trailer.
    #[must_use]
    pub fn has(&self, algorithm: Algorithm) -> bool {
        self.sums.get(algorithm).is_some() || self.announced.contains(&algorithm)
    }

    /// Holds the claims against a body that was read to its end.
    ///
    /// # Errors
    /// 400 `IncompleteBody`, `BadDigest`, `InvalidDigest`, or `MalformedTrailerError` for a trailer that never came.
    pub fn verify(&self, length: u64, md5: [u8; 16], computed: &Sums) -> S3Result {
        if let Some(claimed) = self.length
            && claimed != length
        {
            return Err(s3_error!(
                IncompleteBody,
                "expected {claimed} bytes, received {length}"
            ));
        }
        if let Some(claimed) = &self.md5 {
            let bytes = base64_simd::STANDARD.decode_to_vec(claimed).unwrap_or_default();
            if bytes.len() != md5.len() {
                return Err(s3_error!(
                    InvalidDigest,
                    "The Content-MD5 you specified is not valid."
                ));
            }
            if bytes != md5 {
                return Err(s3_error!(
                    BadDigest,
                    "The Content-MD5 you specified did not match what we received."
                ));
            }
        }
        self.sums.verify(computed)?;
        let mut late = Sums::default();
        for algorithm in &self.announced {
            let read = |headers: &hyper::HeaderMap| {
                let value = headers.get(algorithm.header())?;
                value.to_str().ok().map(str::to_owned)
            };
            let Some(sum) = self
                .trailers
                .as_ref()
                .and_then(|trailers| trailers.read(read))
                .flatten()
            else {
                return Err(bad_request(
                    "MalformedTrailerError",
                    "An announced trailer did not come.",
                ));
            };
            late.set(*algorithm, sum);
        }
        late.verify(computed)
    }
}
