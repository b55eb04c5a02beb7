//! The record that gives a part its columns, a header as a rule: as escaped, it may give it another number of them.
//!
//! Then the records behind it have one number of fields to have as quoted, and another one as escaped.

use super::backslashes::Backslashes;
use super::{Chain, Readings, Watch};
use crate::records::Place;
use crate::split::Step;

/// What a record with an escaped separator, that gives a part its columns, says as escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherColumns {
    /// Where that separator stands.
    pub separator: Place,
    /// The number of columns as escaped. None if the record does not end in the text, or has as many as quoted.
    pub columns: Option<usize>,
    /// Whether it goes on in the records behind.
    pub goes_on: bool,
    /// Whether it does not end in the text.
    pub is_cut: bool,
}

impl OtherColumns {
    /// Reads the record at the start of a text, of so many bytes as quoted and without quotes. None if nothing in it is escaped.
    pub fn read(
        readings: &Readings,
        text: &[u8],
        at_end: bool,
        record_bytes: usize,
        place: impl Fn(usize) -> Place,
    ) -> Option<OtherColumns> {
        let record = text.get(..record_bytes)?;
        let mut fields = Vec::new();
        let _ = readings.quoted.record(record, true, &mut fields);
        let separator = Backslashes::of_record(&readings.quoted, record, &fields).separator?;
        let (read, columns) = readings.escaped.record_of(text, at_end, 0, &mut Vec::new());
        let consumed = match read {
            Ok(Step::Record { consumed }) => Some(consumed),
            _ => None,
        };
        Some(OtherColumns {
            separator: place(separator),
            columns: consumed
                .map(|_| columns)
                .filter(|&columns| columns != fields.len()),
            goes_on: consumed.is_none_or(|consumed| consumed > record_bytes),
            is_cut: read == Ok(Step::Incomplete),
        })
    }
}

impl Watch {
    /// Notes that the record that gives the number of columns says another thing as escaped: a header, or the first of the records
    /// that will be looked at. That would fit itself in either, so it proves nothing.
    pub fn with_other_columns(mut self, other: OtherColumns, is_header: bool) -> Self {
        self.fits_both = Some(other.separator);
        if is_header {
            self.escaped_columns = other.columns;
            self.chain = other.goes_on.then(|| Chain::of_header(other.separator));
        } else {
            self.first_says = other.columns.is_some();
        }
        self
    }

    /// Notes how many columns the record that gives their number gives as quoted, of a part that is read as escaped.
    pub fn with_quoted_columns(mut self, columns: usize) -> Self {
        self.quoted_columns = Some(columns);
        self
    }

    /// Fields of a record as escaped, where a record has so many as quoted.
    pub(super) fn columns_as_escaped(&self, as_quoted: usize) -> usize {
        self.escaped_columns.unwrap_or(as_quoted)
    }

    /// Notes which number a record of so many fields has that is the same in both dialects.
    pub(super) fn note_columns(&mut self, fields: usize, as_quoted: usize, place: impl Fn() -> Place) {
        match self.escaped_columns {
            Some(columns) if fields == columns => {
                self.fits_escaped_only.get_or_insert_with(place);
            }
            Some(_) if fields == as_quoted => self.fits_quoted_only = true,
            _ => {}
        }
    }
}
