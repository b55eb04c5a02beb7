//! Exact decimal numbers.

use super::Misfit;

/// Reads an exact number as so many units of `10^-scale`: `12.5` under `decimal(10,2)` is 1250.
///
/// Accepts `12`, `-0.5`, `+.5`, `5.`, `1.2E+3`. Nothing is rounded: more digits behind the point than `scale` are a misfit
/// unless they are zeros, and a value with more than `precision - scale` digits before it is out of range. Leading zeros
/// count for nothing.
///
/// `precision` is 1 to 38 and `scale` 0 to `precision`, as [`crate::types::Type`] has checked; outside of that every number
/// but zero is out of range.
pub fn decimal(text: &[u8], precision: u8, scale: i8) -> Result<i128, Misfit> {
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if let Some(units) = usual(rest, precision, scale) {
        return Ok(if negative { -units } else { units });
    }
    let mut digits = Digits::default();
    rest = digits.take(rest);
    let mut decimals = 0;
    if let [b'.', behind @ ..] = rest {
        rest = digits.take(behind);
        decimals = behind.len() - rest.len();
    }
    if digits.seen == 0 {
        return Err(Misfit::NotANumber);
    }
    let exponent = exponent(rest)?;
    if digits.significant == 0 {
        return Ok(0);
    }

    // Cells are shorter than 2^30 bytes and exponents are held below 2^40, so none of these sums can overflow.
    let power = exponent - count(decimals);
    let digits_before_the_point = count(digits.significant) + power;
    if digits_before_the_point > i64::from(precision) - i64::from(scale) {
        return Err(Misfit::OutOfRange);
    }
    let shift = power + count(digits.trailing_zeros) + i64::from(scale);
    if shift < 0 {
        return Err(Misfit::TooManyDecimals);
    }
    // What is left has at most `precision` digits, zeros behind included.
    let units = usize::try_from(shift)
        .ok()
        .and_then(|shift| POWERS_OF_TEN.get(shift))
        .zip(digits.value)
        .and_then(|(factor, value)| value.checked_mul(*factor))
        .filter(|_| precision <= 38)
        .ok_or(Misfit::OutOfRange)?;
    Ok(if negative { -units } else { units })
}

/// The usual case, without a sign: at most 19 digits, no exponent, no more of them behind the point than `scale`. None is no
/// verdict.
#[inline]
fn usual(text: &[u8], precision: u8, scale: i8) -> Option<i128> {
    let (mut value, mut seen, mut point) = (0u64, 0, None);
    if text.len() > 19 {
        return None;
    }
    for byte in text {
        match byte.wrapping_sub(b'0') {
            digit @ 0..=9 => {
                value = value * 10 + u64::from(digit);
                seen += 1;
            }
            _ if *byte == b'.' && point.is_none() => point = Some(seen),
            _ => return None,
        }
    }
    if seen == 0 {
        return None;
    }
    let decimals = point.map_or(0, |point| seen - point);
    let shift = usize::try_from(scale).ok()?.checked_sub(decimals)?;
    let units = i128::from(value).checked_mul(*POWERS_OF_TEN.get(shift)?)?;
    (units < *POWERS_OF_TEN.get(usize::from(precision))?).then_some(units)
}

/// The powers of ten that 128 bits hold.
#[allow(clippy::indexing_slicing)] // The compiler runs it: out of bounds is an error there.
const POWERS_OF_TEN: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// A run of digits, as a whole number and zeros behind it.
struct Digits {
    /// Digits in all.
    seen: usize,
    /// Digits from the first that is not zero on.
    significant: usize,
    /// Zeros at the end of them.
    trailing_zeros: usize,
    /// The number without these zeros; None once it is beyond 128 bits.
    value: Option<i128>,
}

impl Default for Digits {
    fn default() -> Self {
        Digits {
            seen: 0,
            significant: 0,
            trailing_zeros: 0,
            value: Some(0),
        }
    }
}

impl Digits {
    /// Takes the digits that `text` begins with, and returns the rest.
    fn take<'a>(&mut self, mut text: &'a [u8]) -> &'a [u8] {
        while let [byte @ b'0'..=b'9', rest @ ..] = text {
            self.push(byte - b'0');
            text = rest;
        }
        text
    }

    fn push(&mut self, digit: u8) {
        self.seen += 1;
        if digit == 0 && self.significant == 0 {
            return;
        }
        self.significant += 1;
        if digit == 0 {
            self.trailing_zeros += 1;
            return;
        }
        let factor = POWERS_OF_TEN.get(self.trailing_zeros + 1);
        self.value = match self.value {
            Some(0) => Some(i128::from(digit)),
            Some(value) => factor
                .and_then(|factor| value.checked_mul(*factor))
                .and_then(|value| value.checked_add(i128::from(digit))),
            None => None,
        };
        self.trailing_zeros = 0;
    }
}

/// The exponent behind a number's digits: nothing, or `e`, an optional sign, and digits. One beyond any use is held at a
/// bound that is beyond any use too.
fn exponent(text: &[u8]) -> Result<i64, Misfit> {
    const BOUND: i64 = 1 << 40;
    let (negative, digits) = match text {
        [] => return Ok(0),
        [b'e' | b'E', b'-', digits @ ..] => (true, digits),
        [b'e' | b'E', b'+', digits @ ..] | [b'e' | b'E', digits @ ..] => (false, digits),
        _ => return Err(Misfit::NotANumber),
    };
    if digits.is_empty() {
        return Err(Misfit::NotANumber);
    }
    let mut value = 0i64;
    for byte in digits {
        match byte.wrapping_sub(b'0') {
            digit @ 0..=9 => value = (value * 10 + i64::from(digit)).min(BOUND),
            _ => return Err(Misfit::NotANumber),
        }
    }
    Ok(if negative { -value } else { value })
}

fn count(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX >> 2)
}
