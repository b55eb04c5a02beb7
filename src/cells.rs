//! One cell's text, read as its column's type: a value, or the reason why it does not fit.
//!
//! A reader here never guesses, rounds or trims in silence. What it cannot hold exactly is a [`Misfit`], which becomes
//! NULL in a row that stays and a line in the rejects file, where the text can be read back. (`double` alone rounds to the
//! nearest value it can hold, which is what declaring it says.)
//!
//! What is handed in: the bytes of one cell without its quotes and escapes, in UTF-8, that are no NULL token and are not
//! empty (an empty cell of these types is NULL before it comes here; handed in all the same, it is a misfit).
//!
//! Blanks before or behind a value are misfits in every type: neither HubSpot nor a Snowflake unload writes them, so they
//! mean that something else is wrong.

mod decimals;
mod instants;
mod numbers;

use std::fmt;

pub use decimals::decimal;
pub use instants::{TimestampReader, date, timestamp};
pub use numbers::{bigint, double};

/// Why a cell does not fit its column's type. It never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Misfit {
    /// Not a number in decimal notation.
    NotANumber,
    /// Not a whole number: digits with an optional sign, nothing else.
    NotAnInteger,
    /// A value of the right form that the type cannot hold.
    OutOfRange,
    /// More digits behind the point than the decimal's scale, and they are not zeros.
    TooManyDecimals,
    /// Neither true nor false.
    NotABoolean,
    /// Not `YYYY-MM-DD`.
    NotADate,
    /// Not a timestamp in one of the forms that [`timestamp`] lists.
    NotATimestamp,
    /// The form of a date, but no day of the calendar.
    NoSuchDay,
    /// The form of a time, but no time of a day: hours up to 23, minutes and seconds up to 59, offsets up to 18 hours.
    NoSuchTime,
    /// A fraction of a second that milliseconds cannot hold.
    FinerThanAMillisecond,
    /// A run of digits that could be milliseconds since 1970 and could as well be something else.
    AmbiguousTimestamp,
}

impl Misfit {
    /// Every reason, in the order of their declaration.
    pub const ALL: [Misfit; 11] = [
        Misfit::NotANumber,
        Misfit::NotAnInteger,
        Misfit::OutOfRange,
        Misfit::TooManyDecimals,
        Misfit::NotABoolean,
        Misfit::NotADate,
        Misfit::NotATimestamp,
        Misfit::NoSuchDay,
        Misfit::NoSuchTime,
        Misfit::FinerThanAMillisecond,
        Misfit::AmbiguousTimestamp,
    ];

    /// The reason as the rejects file names it: snake case, and never changed once released.
    pub fn code(self) -> &'static str {
        match self {
            Misfit::NotANumber => "not_a_number",
            Misfit::NotAnInteger => "not_an_integer",
            Misfit::OutOfRange => "out_of_range",
            Misfit::TooManyDecimals => "too_many_decimals",
            Misfit::NotABoolean => "not_a_boolean",
            Misfit::NotADate => "not_a_date",
            Misfit::NotATimestamp => "not_a_timestamp",
            Misfit::NoSuchDay => "no_such_day",
            Misfit::NoSuchTime => "no_such_time",
            Misfit::FinerThanAMillisecond => "finer_than_a_millisecond",
            Misfit::AmbiguousTimestamp => "ambiguous_timestamp",
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misfit::NotANumber => "not a number",
            Misfit::NotAnInteger => "not a whole number in plain digits",
            Misfit::OutOfRange => "beyond what the type can hold",
            Misfit::TooManyDecimals => "more decimals than the type holds",
            Misfit::NotABoolean => "neither true nor false",
            Misfit::NotADate => "not a date as YYYY-MM-DD",
            Misfit::NotATimestamp => "not a timestamp",
            Misfit::NoSuchDay => "no day of the calendar",
            Misfit::NoSuchTime => "no time of a day",
            Misfit::FinerThanAMillisecond => "finer than a millisecond",
            Misfit::AmbiguousTimestamp => "digits that need not be milliseconds since 1970",
        })
    }
}

impl std::error::Error for Misfit {}

/// Reads `true` or `false` in any case, or `1` or `0`. Snowflake writes the words; `t`, `yes`, `on` and the like are
/// misfits, because a column that holds them may hold a third value too.
#[inline]
pub fn boolean(text: &[u8]) -> Result<bool, Misfit> {
    match text {
        b"true" | b"1" => Ok(true),
        b"false" | b"0" => Ok(false),
        _ if text.eq_ignore_ascii_case(b"true") => Ok(true),
        _ if text.eq_ignore_ascii_case(b"false") => Ok(false),
        _ => Err(Misfit::NotABoolean),
    }
}

/// Eight bytes at once, each of which should be a digit.
const ZEROS: u64 = u64::from_le_bytes(*b"00000000");

/// Whether every byte is at most 9, which is what a digit is once `'0'` is taken off with XOR. (A carry out of a byte in
/// the addition needs a high nibble that the OR has caught already.)
#[inline]
fn all_below_ten(nibbles: u64) -> bool {
    (nibbles | nibbles.wrapping_add(0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0 == 0
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_in_snake_case() {
        let codes: HashSet<_> = Misfit::ALL.iter().map(|misfit| misfit.code()).collect();
        assert_eq!(codes.len(), Misfit::ALL.len());
        assert!(
            codes
                .iter()
                .all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        );
    }

    #[test]
    fn every_byte_is_told_from_a_digit() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut bytes = *b"90909090";
                bytes[place] = byte;
                assert_eq!(
                    all_below_ten(u64::from_le_bytes(bytes) ^ ZEROS),
                    byte.is_ascii_digit()
                );
            }
        }
    }

    #[test]
    fn booleans() {
        for text in ["true", "TRUE", "True", "1"] {
            assert_eq!(boolean(text.as_bytes()), Ok(true));
        }
        for text in ["false", "FALSE", "fAlse", "0"] {
            assert_eq!(boolean(text.as_bytes()), Ok(false));
        }
        for text in [
            "", "t", "f", "yes", "no", "2", " true", "true ", "00", "01", "trueish",
        ] {
            assert_eq!(boolean(text.as_bytes()), Err(Misfit::NotABoolean));
        }
    }
}
