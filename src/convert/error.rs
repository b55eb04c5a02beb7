//! Why a part was not converted. Each error says what, where, expected and found; never a cell's text.
//!
//! Logs and answers show an error by its message alone, so a message tells the cause with it, here and in all of the
//! crate. It is not offered as `source()` besides: who prints a whole chain would print it twice.

use std::io;

use crate::encode::EncodeError;
use crate::encoding::EncodingError;
use crate::evidence::{Basis, Conflict};
use crate::inflate::InflateError;
use crate::records::Place;
use crate::schema::SchemaError;
use crate::split::FaultKind;

/// Why a part was not converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The source's bytes could not be had: the reader's own error. The shell knows whether trying again helps.
    #[error("reading the source failed at byte {at_byte}: {cause}")]
    Read {
        /// Bytes of the source read before.
        at_byte: u64,
        /// The reader's error.
        cause: io::Error,
    },
    /// The output or the rejects could not be written: the writer's own error.
    #[error("writing the {what} failed: {cause}")]
    Write {
        /// `Parquet` or `rejects`.
        what: &'static str,
        /// The writer's error.
        cause: io::Error,
    },
    /// The part can never be converted under this plan.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// Daymark contradicts itself; nothing was written that counts.
    #[error("defect: {0}")]
    Defect(String),
}

impl ConvertError {
    /// Whether the part can never be converted under this plan.
    pub fn is_permanent(&self) -> bool {
        matches!(self, ConvertError::Refused(_))
    }
}

impl From<Refusal> for ConvertError {
    fn from(refusal: Refusal) -> Self {
        ConvertError::Refused(Box::new(refusal))
    }
}

impl From<EncodeError> for ConvertError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Output(cause) => ConvertError::Write {
                what: "Parquet",
                cause,
            },
            EncodeError::Encoder(message) => ConvertError::Defect(message),
        }
    }
}

/// Why a part can never be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There are no bytes.
    #[error("the source is empty: expected a header or records, found no bytes")]
    Empty,
    /// There is text, but no record in it.
    #[error(
        "the source has no record: expected a header or records, found nothing but empty lines, comments or lines that are \
         skipped"
    )]
    NoRecord,
    /// The header is in another encoding than the one that is declared, or UTF-8.
    #[error(
        "column {column} of the header at {place} is not UTF-8: declare the encoding if it is another one"
    )]
    HeaderNotUtf8 {
        /// Position of the first such name, from 1.
        column: usize,
        /// Where the header is.
        place: Place,
    },
    /// Another line end is declared than the header has, and it stands nowhere: all that there is is the header.
    #[error(
        "column {column} of the header at {place} has a line break in its name, and the declared line end (newline) stands nowhere: \
         expected lines that end so"
    )]
    LineEnds {
        /// Position of the first such name, from 1.
        column: usize,
        /// Where the header is.
        place: Place,
    },
    /// The header is binary, or UTF-16 that nothing says to be.
    #[error(
        "column {column} of the header at {place} holds U+0000: expected text, found something binary, or UTF-16 without a byte \
         order mark, which is read where its encoding is declared; declare the encoding if it is text"
    )]
    HeaderNotText {
        /// Position of the first such name, from 1.
        column: usize,
        /// Where the header is.
        place: Place,
    },
    /// What was compressed is no text.
    #[error("the source inflates to {found}: expected text; compress the CSV itself, and once")]
    OtherFormatWithin {
        /// What it is.
        found: &'static str,
    },
    /// It is no gzip as it should be, or no text at all.
    #[error("{0}")]
    Inflate(InflateError),
    /// It is not in the declared encoding.
    #[error("{0}")]
    Encoding(EncodingError),
    /// Record boundaries are no longer known.
    #[error("{} at {place}: {}", fault_name(*.kind), fault_expected(*.kind))]
    Boundaries {
        /// What stands there.
        kind: FaultKind,
        /// Where.
        place: Place,
    },
    /// What cannot be quoted, in a part that nothing shows to be escaped.
    #[error(
        "{} at {place}: {}; nothing in the part shows that it has no quotes. If it has none, declare the table's dialect as `escaped`",
        fault_name(*.kind), fault_expected(*.kind)
    )]
    Undecided {
        /// What stands there.
        kind: FaultKind,
        /// Where.
        place: Place,
    },
    /// Evidence for both dialects.
    #[error("the part is {}, but {} speaks against it: declare the table's dialect as `quoted` or `escaped`",
        decided(.0), .0.against)]
    Conflict(Conflict),
    /// Something is larger than its limit.
    #[error("{what} is too large at {place}: expected at most {allowed}, found {found}")]
    Limit {
        /// What, and its unit.
        what: &'static str,
        /// The limit.
        allowed: u64,
        /// What was found, or the least it can be.
        found: u64,
        /// Where.
        place: Place,
    },
    /// No header, and columns cannot be told.
    #[error("{1}: {0}")]
    Schema(SchemaError, Place),
    /// Record 1 is not the catalog's header, and the records do not fit the catalog's columns.
    #[error(
        "no header, and a record that does not fit the catalog: {why}. \
         Declare `header` and `columns` for the table if its columns are others"
    )]
    NotTheTable {
        /// Where it does not fit.
        place: Place,
        /// The same in words, and what does not fit.
        why: String,
    },
    /// More was rejected than the budget allows.
    #[error(
        "too many rejects: expected at most {allowed}, found {} and {} in {}; the first is {first}",
        counted(*records, "record"),
        counted(*cells, "cell"),
        counted(*read, "record")
    )]
    TooManyRejects {
        /// The budget.
        allowed: String,
        /// Rejected records.
        records: u64,
        /// Rejected cells.
        cells: u64,
        /// Records read.
        read: u64,
        /// Where and why the first was rejected.
        first: String,
    },
}

/// So many of them, in words.
pub(super) fn counted(number: u64, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}

fn decided(conflict: &Conflict) -> String {
    let name = conflict.decided.name();
    match conflict.decided.basis {
        Basis::Strong(place) => format!("{name} by {place}"),
        Basis::Weak(cells, place) => {
            format!("{name} by {cells} cells with doubled backslashes, the first at {place}")
        }
        Basis::Unquotable(kind, place, _) => format!("not quoted, by {} at {place}", fault_name(kind)),
        Basis::Overlong(place, _) => format!("not quoted, by a record that is too long at {place}"),
        Basis::Open | Basis::Declared | Basis::Assumed => name.to_owned(),
    }
}

fn fault_name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::QuoteInBareField => "a quote inside a field that does not start with one",
        FaultKind::TextAfterClosingQuote => "text behind a closing quote",
        FaultKind::UnclosedQuote => "a quote that is never closed",
    }
}

fn fault_expected(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::QuoteInBareField => {
            "expected a delimiter or line end first (blanks before a quote are of the field)"
        }
        FaultKind::TextAfterClosingQuote => "expected a delimiter or line end (blanks are text, too)",
        FaultKind::UnclosedQuote => "expected its closing quote, found the end",
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    /// As anyhow and others print it.
    fn printed(error: &dyn Error) -> String {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }

    #[test]
    fn a_chain_tells_every_cause_once() {
        let broken = || io::Error::other("the pipe broke");
        let errors: [Box<dyn Error>; 6] = [
            Box::new(ConvertError::Read {
                at_byte: 5,
                cause: broken(),
            }),
            Box::new(ConvertError::Write {
                what: "rejects",
                cause: broken(),
            }),
            Box::new(ConvertError::from(EncodeError::Output(broken()))),
            Box::new(EncodeError::Output(broken())),
            Box::new(InflateError::Source {
                at_byte: 5,
                cause: broken(),
            }),
            Box::new(EncodingError::Source {
                at_byte: 5,
                cause: broken(),
            }),
        ];
        for error in errors {
            let (alone, chain) = (error.to_string(), printed(error.as_ref()));
            assert_eq!(chain.matches("the pipe broke").count(), 1, "{chain}");
            assert_eq!(chain, alone);
        }
    }
}
