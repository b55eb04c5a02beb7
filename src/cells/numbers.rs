//! Whole numbers and binary floating-point numbers.

use super::{Misfit, ZEROS, all_below_ten};

/// Reads a whole number: an optional `+` or `-` and decimal digits, nothing else.
///
/// Leading zeros are accepted (`007` is 7), because the column is declared a number; where they mean something, as in zip
/// codes, the column has to be declared text. `12.0` and `1e3` are misfits: exact or not, they say that the column is not
/// what it was declared to be. (Snowflake writes NUMBER(38,0) in plain digits.)
#[inline]
pub fn bigint(text: &[u8]) -> Result<i64, Misfit> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let magnitude = whole(digits)?;
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        0i64.checked_add_unsigned(magnitude)
    }
    .ok_or(Misfit::OutOfRange)
}

/// The value of 1 to 19 digits, or of more if those in front are zeros.
#[inline]
fn whole(digits: &[u8]) -> Result<u64, Misfit> {
    match digits.len() {
        0 => Err(Misfit::NotAnInteger),
        1..=16 => up_to_sixteen(digits),
        17..=19 => {
            let Some((head, tail)) = digits.split_last_chunk() else {
                return Err(Misfit::NotAnInteger);
            };
            // Below 10^19, which a u64 holds.
            Ok(up_to_sixteen(head)? * 100_000_000 + eight(tail)?)
        }
        _ => many(digits),
    }
}

/// The value of 1 to 16 digits.
#[inline]
fn up_to_sixteen(digits: &[u8]) -> Result<u64, Misfit> {
    let (Some(head), Some(tail)) = (digits.first_chunk(), digits.last_chunk()) else {
        return up_to_seven(digits);
    };
    // The first eight and the last eight overlap: the head is moved until what the tail has too is pushed out, and zeros
    // stand before the rest.
    let head = u64::from_le_bytes(*head) ^ ZEROS;
    if !all_below_ten(head) {
        return Err(Misfit::NotAnInteger);
    }
    let overlap = u32::try_from(16 - digits.len()).unwrap_or(8);
    let head = sum_of_eight(head.checked_shl(8 * overlap).unwrap_or(0));
    Ok(head * 100_000_000 + eight(tail)?)
}

/// The value of 1 to 7 digits: as above, by halves.
#[inline]
fn up_to_seven(digits: &[u8]) -> Result<u64, Misfit> {
    let (Some(head), Some(tail)) = (digits.first_chunk(), digits.last_chunk()) else {
        return digits
            .iter()
            .try_fold(0, |value, byte| match byte.wrapping_sub(b'0') {
                digit @ 0..=9 => Ok(value * 10 + u64::from(digit)),
                _ => Err(Misfit::NotAnInteger),
            });
    };
    const HALF: u32 = u32::from_le_bytes(*b"0000");
    let overlap = u32::try_from(8 - digits.len()).unwrap_or(4);
    let tail = u32::from_le_bytes(*tail) ^ HALF;
    let head = (u32::from_le_bytes(*head) ^ HALF)
        .checked_shl(8 * overlap)
        .unwrap_or(0);
    let nibbles = u64::from(head) | (u64::from(tail) << 32);
    if all_below_ten(nibbles) {
        Ok(sum_of_eight(nibbles))
    } else {
        Err(Misfit::NotAnInteger)
    }
}

/// The value of 20 digits and more, which is one only if there are zeros in front.
#[cold]
fn many(digits: &[u8]) -> Result<u64, Misfit> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(Misfit::NotAnInteger);
    }
    digits.iter().try_fold(0u64, |value, byte| {
        value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u64::from(byte - b'0')))
            .ok_or(Misfit::OutOfRange)
    })
}

/// The value of exactly eight digits.
#[inline]
fn eight(digits: &[u8; 8]) -> Result<u64, Misfit> {
    let nibbles = u64::from_le_bytes(*digits) ^ ZEROS;
    if all_below_ten(nibbles) {
        Ok(sum_of_eight(nibbles))
    } else {
        Err(Misfit::NotAnInteger)
    }
}

/// The value of eight bytes from 0 to 9, the first of which (the lowest) weighs most: neighbours are added to pairs, pairs
/// to fours, fours to the sum, each in one multiplication.
#[inline]
fn sum_of_eight(nibbles: u64) -> u64 {
    let pairs = (nibbles.wrapping_mul(10 * (1 << 8) + 1) >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100 * (1 << 16) + 1) >> 16) & 0x0000_FFFF_0000_FFFF;
    fours.wrapping_mul(10_000 * (1 << 32) + 1) >> 32
}

/// Reads a floating-point number and rounds it to the nearest double: `12`, `-0.5`, `.5`, `5.`, `1.2E+3`, and `NaN`, `inf`
/// or `Infinity` in any case (Snowflake writes the first two).
///
/// A number that only infinity could stand for is out of range, and so is one so small that nothing but zero would be left
/// of it.
#[inline]
pub fn double(text: &[u8]) -> Result<f64, Misfit> {
    let Some(number) = Number::scan(text) else {
        return named(text);
    };
    if let Some(value) = number.exact() {
        return Ok(value);
    }
    // What was scanned is ASCII and a subset of what `parse` takes.
    let value: f64 = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(Misfit::NotANumber)?;
    if value.is_infinite() || (value == 0.0 && !number.is_zero) {
        return Err(Misfit::OutOfRange);
    }
    Ok(value)
}

/// The values of a double that are no numbers.
#[cold]
fn named(text: &[u8]) -> Result<f64, Misfit> {
    let (sign, name) = match text {
        [b'-', rest @ ..] => (-1.0, rest),
        [b'+', rest @ ..] => (1.0, rest),
        _ => (1.0, text),
    };
    if text.eq_ignore_ascii_case(b"nan") {
        Ok(f64::NAN)
    } else if name.eq_ignore_ascii_case(b"inf") || name.eq_ignore_ascii_case(b"infinity") {
        Ok(sign * f64::INFINITY)
    } else {
        Err(Misfit::NotANumber)
    }
}

/// The parts of a number in decimal notation, as far as the short way to a double needs them.
struct Number {
    negative: bool,
    /// The first digits as a whole number; good for 19 of them.
    digits: u64,
    digit_count: usize,
    decimals: usize,
    has_exponent: bool,
    is_zero: bool,
}

impl Number {
    /// `[+-] digits [. digits] [e [+-] digits]`, with a digit before or behind the point.
    #[inline]
    fn scan(text: &[u8]) -> Option<Number> {
        let (negative, mut rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let mut number = Number {
            negative,
            digits: 0,
            digit_count: 0,
            decimals: 0,
            has_exponent: false,
            is_zero: true,
        };
        rest = number.take_digits(rest);
        if let [b'.', behind @ ..] = rest {
            let before = number.digit_count;
            rest = number.take_digits(behind);
            number.decimals = number.digit_count - before;
        }
        if number.digit_count == 0 {
            return None;
        }
        match rest {
            [] => Some(number),
            [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
                number.has_exponent = true;
                (!exponent.is_empty() && exponent.iter().all(u8::is_ascii_digit)).then_some(number)
            }
            _ => None,
        }
    }

    #[inline]
    fn take_digits<'a>(&mut self, mut text: &'a [u8]) -> &'a [u8] {
        while let [byte @ b'0'..=b'9', rest @ ..] = text {
            let digit = u64::from(byte - b'0');
            self.digits = self.digits.wrapping_mul(10).wrapping_add(digit);
            self.is_zero &= digit == 0;
            self.digit_count += 1;
            text = rest;
        }
        text
    }

    /// The double, if digits and power of ten are both small enough to be doubles themselves: then one division rounds
    /// once, to the nearest (Clinger, "How to read floating point numbers accurately", 1990).
    #[inline]
    fn exact(&self) -> Option<f64> {
        if self.has_exponent || self.digit_count > 19 || self.digits > 1 << 53 {
            return None;
        }
        let value = self.digits as f64 / POWERS_OF_TEN.get(self.decimals)?;
        Some(if self.negative { -value } else { value })
    }
}

/// The powers of ten that a double holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];
