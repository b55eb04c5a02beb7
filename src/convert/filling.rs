//! Text on its way into the window: inflated, decoded, and without the lines that are to be skipped.

use std::io::{self, Read};

use crate::convert::error::Refusal;
use crate::convert::{ConvertError, Observer, Plan, Stage};
use crate::dialect::Newline;
use crate::encoding::{EncodingError, Transcode};
use crate::inflate::{Inflate, InflateError};
use crate::records::Window;
use crate::split::general::physical_line;

/// What a window is filled from.
pub(super) type Source<'a> = Transcode<Inflate<&'a mut dyn Read>>;

/// Passes over the lines that are to be skipped.
pub(super) fn skip_lines(
    window: &mut Window<Source<'_>>,
    plan: &Plan,
    observer: &mut dyn Observer,
) -> Result<(), ConvertError> {
    let newline = plan.dialect.newline.clone().unwrap_or(Newline::Any);
    let mut left = plan.dialect.skip_rows.unwrap_or(0);
    while left > 0 {
        match physical_line(&newline, window.text(), window.at_end()) {
            Some(bytes) => {
                window.pass(bytes, 0, 1);
                left -= 1;
            }
            None if window.at_end() => return Ok(()),
            None => {
                let before = window.text().len();
                fill(window, observer)?;
                let full = window.text().len() == before && !window.at_end();
                let allowed = plan.limits.record_bytes_max;
                // With its line end, which may be CRLF.
                if full && !window.grow(allowed.saturating_add(2)) {
                    return Err(Refusal::Limit {
                        what: "a skipped line, in bytes,",
                        allowed: allowed as u64,
                        found: window.text().len() as u64,
                        place: window.place(),
                    }
                    .into());
                }
            }
        }
    }
    fill(window, observer)
}

/// Fills the window up.
pub(super) fn fill(window: &mut Window<Source<'_>>, observer: &mut dyn Observer) -> Result<(), ConvertError> {
    observer.enter(Stage::Read);
    let filled = window.fill();
    let inflate = window.source().source();
    let at_byte = inflate.source_bytes();
    observer.consumed(at_byte);
    filled.map_err(|error| read_error(error, at_byte))
}

/// Fills the window for the first time, and looks at whether there is text in it at all.
pub(super) fn begin(
    window: &mut Window<Source<'_>>,
    observer: &mut dyn Observer,
) -> Result<(), ConvertError> {
    let filled = fill(window, observer);
    let is_whole = match &filled {
        Ok(()) => true,
        // Neither is that in any encoding.
        Err(ConvertError::Refused(refusal)) => matches!(**refusal, Refusal::Encoding(_)),
        Err(_) => false,
    };
    if let Some(found) = window.source().source().format_within().filter(|_| is_whole) {
        return Err(Refusal::OtherFormatWithin { found }.into());
    }
    filled
}

fn read_error(error: io::Error, at_byte: u64) -> ConvertError {
    if InflateError::within(&error).is_some_and(InflateError::is_permanent) {
        if let Ok(fault) = error.downcast::<InflateError>() {
            return Refusal::Inflate(fault).into();
        }
        return ConvertError::Defect("an inflate error without its kind".to_owned());
    }
    if EncodingError::within(&error).is_some_and(EncodingError::is_permanent) {
        if let Ok(fault) = error.downcast::<EncodingError>() {
            return Refusal::Encoding(fault).into();
        }
        return ConvertError::Defect("an encoding error without its kind".to_owned());
    }
    ConvertError::Read {
        at_byte,
        cause: error,
    }
}
