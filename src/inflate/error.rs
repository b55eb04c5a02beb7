//! Why a source could not be inflated.

use std::fmt;
use std::io;

/// Why a source could not be inflated. All but [`InflateError::Source`] are faults of its content: they stay, however
/// often it is read. Places are bytes of the source as stored, members count from 1.
#[derive(Debug, thiserror::Error)]
pub enum InflateError {
    /// The source's bytes could not be had; maybe they can another time.
    #[error("reading the source failed at byte {at_byte}: {cause}")]
    Source {
        /// Bytes of the source read before.
        at_byte: u64,
        /// The reader's error.
        cause: io::Error,
    },
    /// The source ends inside a member.
    #[error(
        "the source ends at byte {at_byte}, inside the {section} of gzip member {member}: it is truncated"
    )]
    Truncated {
        /// The member.
        member: u64,
        /// Which part of the member.
        section: Section,
        /// Bytes of the source.
        at_byte: u64,
    },
    /// A member's header that RFC 1952 does not allow.
    #[error("gzip member {member} has a bad header before byte {at_byte}: {why}")]
    Header {
        /// The member.
        member: u64,
        /// Bytes of the source read up to the fault.
        at_byte: u64,
        /// Expected and found.
        why: String,
    },
    /// Compressed data that RFC 1951 does not allow.
    #[error("gzip member {member} has bad compressed data near byte {at_byte}: {why}")]
    Body {
        /// The member.
        member: u64,
        /// Bytes of the source read up to the fault.
        at_byte: u64,
        /// What the decoder says.
        why: String,
    },
    /// A member inflated to other bytes than went into it.
    #[error(
        "gzip member {member} is damaged: its trailer at byte {at_byte} says CRC-32 {expected:08x}, its data has {found:08x}"
    )]
    Checksum {
        /// The member.
        member: u64,
        /// Where its trailer begins.
        at_byte: u64,
        /// CRC-32 in the trailer.
        expected: u32,
        /// CRC-32 of the data.
        found: u32,
    },
    /// A member inflated to another length than went into it.
    #[error(
        "gzip member {member} is damaged: its trailer at byte {at_byte} says {expected} bytes (modulo 2^32), its data has {found}"
    )]
    Length {
        /// The member.
        member: u64,
        /// Where the length is.
        at_byte: u64,
        /// Length in the trailer, modulo 2^32.
        expected: u32,
        /// Length of the data.
        found: u64,
    },
    /// Something behind the last member that is neither a member nor zero padding.
    #[error("bytes that are no gzip member follow member {member}, at byte {at_byte}")]
    TrailingBytes {
        /// The last member.
        member: u64,
        /// Where they begin.
        at_byte: u64,
    },
    /// The start is gzip's but for one byte.
    #[error("the source begins almost like gzip (1f 8b 08), at byte 0: it is damaged")]
    DamagedMagic,
    /// Another format, recognised by its magic number.
    #[error("the source is {found} by its first bytes, expected gzip or plain text")]
    OtherFormat {
        /// Which one.
        found: &'static str,
    },
    /// More plain bytes than allowed.
    #[error(
        "the source has more than {limit} bytes once inflated (limit inflated_bytes_max), at byte {at_byte} of it"
    )]
    TooLong {
        /// The limit, in bytes.
        limit: u64,
        /// Bytes of the source used.
        at_byte: u64,
    },
    /// More plain bytes for each compressed one than allowed.
    #[error(
        "the first {at_byte} bytes of the source inflate to {inflated}, more than {limit} times as many (limit expansion_ratio_max)"
    )]
    TooDense {
        /// The limit, plain bytes per compressed byte.
        limit: u64,
        /// Plain bytes.
        inflated: u64,
        /// Bytes of the source used.
        at_byte: u64,
    },
    /// More members than allowed.
    #[error("the source has more than {limit} gzip members (limit gzip_members_max), at byte {at_byte}")]
    TooManyMembers {
        /// The limit.
        limit: u64,
        /// Where the first one too many begins.
        at_byte: u64,
    },
    /// It was read on after an error.
    #[error("the source was read on after an error")]
    AfterFailure,
}

impl InflateError {
    /// Whether the same bytes would fail again.
    pub fn is_permanent(&self) -> bool {
        !matches!(self, InflateError::Source { .. } | InflateError::AfterFailure)
    }

    /// The fault of content that an [`io::Error`] from [`super::Inflate`] carries, if it is one.
    pub fn within(error: &io::Error) -> Option<&InflateError> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<InflateError> for io::Error {
    /// The source's own error comes out as it was, so that its kind still tells what to do about it.
    fn from(error: InflateError) -> io::Error {
        match error {
            InflateError::Source { cause, .. } => cause,
            InflateError::AfterFailure => io::Error::other(error),
            fault => io::Error::new(io::ErrorKind::InvalidData, fault),
        }
    }
}

/// A part of a gzip member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// From its magic number to its compressed data.
    Header,
    /// Its compressed data.
    Body,
    /// Checksum and length behind it.
    Trailer,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Section::Header => "header",
            Section::Body => "compressed data",
            Section::Trailer => "trailer",
        })
    }
}
