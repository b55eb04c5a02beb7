//! Exact numbers.

use daymark::cells::{Misfit, decimal, double};
use proptest::prelude::*;

use super::{mutated, number_like};

#[test]
fn exact_numbers() {
    for (text, precision, scale, value) in [
        ("12.5", 10, 2, 1_250),
        ("-12.50", 10, 2, -1_250),
        (
            "12.500000000000000000000000000000000000000000000000",
            10,
            2,
            1_250,
        ),
        ("1.2E+3", 10, 2, 120_000),
        ("1200e-2", 4, 0, 12),
        ("0012", 2, 0, 12),
        ("0e99999999999999999999999", 2, 0, 0),
        ("-0.00", 2, 2, 0),
        (".5", 1, 1, 5),
        ("5.", 1, 0, 5),
        (
            "99999999999999999999999999999999999999",
            38,
            0,
            10i128.pow(38) - 1,
        ),
        (
            "0.99999999999999999999999999999999999999",
            38,
            38,
            10i128.pow(38) - 1,
        ),
        ("0.000000000000000000000000000000000000001e39", 1, 0, 1),
    ] {
        assert_eq!(decimal(text.as_bytes(), precision, scale), Ok(value), "{text}");
    }
    for (text, precision, scale) in [
        ("100000000000000000000000000000000000000", 38, 0),
        ("100", 4, 2),
        ("1", 2, 2),
        ("1e9", 9, 0),
        ("1e99999999999999999999999", 38, 0),
        ("1234567890123456789012345678901234567890123456789", 38, 0),
    ] {
        assert_eq!(
            decimal(text.as_bytes(), precision, scale),
            Err(Misfit::OutOfRange),
            "{text}"
        );
    }
    for (text, precision, scale) in [
        ("1.234", 10, 2),
        ("1e-3", 10, 2),
        ("0.1234567890123456789012345678901234567890123456789", 38, 10),
        ("1e-99999999999999999999999", 38, 0),
    ] {
        assert_eq!(
            decimal(text.as_bytes(), precision, scale),
            Err(Misfit::TooManyDecimals),
            "{text}"
        );
    }
    for text in [
        "", ".", "+", "1e", "1e+", "e1", "1.2.3", " 1", "1 ", "1,5", "NaN", "inf", "1e1.5",
    ] {
        assert_eq!(decimal(text.as_bytes(), 10, 2), Err(Misfit::NotANumber), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_decimal_is_read_back(
        units in (1u32..=38).prop_flat_map(|digits| -(10i128.pow(digits) - 1)..10i128.pow(digits)),
        scale in 0i8..=38,
        shift in -60i32..60,
        zeros in 0usize..5,
    ) {
        let sign = if units < 0 { "-" } else { "" };
        let width = usize::try_from(scale).unwrap() + 1;
        let digits = format!("{:0width$}", units.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - usize::try_from(scale).unwrap());
        let zeros = "0".repeat(zeros);
        let point = if fraction.is_empty() && zeros.is_empty() { "" } else { "." };
        let text = format!("{sign}{zeros}{whole}{point}{fraction}{zeros}");
        prop_assert_eq!(decimal(text.as_bytes(), 38, scale), Ok(units), "{}", text);
        // The same value with the point elsewhere.
        let text = format!("{units}e{}", -i32::from(scale));
        prop_assert_eq!(decimal(text.as_bytes(), 38, scale), Ok(units), "{}", text);
        // One digit too few to hold it, and one decimal too few.
        let digit_count = u8::try_from(units.unsigned_abs().to_string().len()).unwrap();
        if i16::from(digit_count) > i16::from(scale) && digit_count > 1 {
            prop_assert_eq!(decimal(text.as_bytes(), digit_count - 1, scale), Err(Misfit::OutOfRange), "{}", text);
        }
        if scale > 0 && units % 10 != 0 {
            prop_assert_eq!(decimal(text.as_bytes(), 38, scale - 1), Err(Misfit::TooManyDecimals), "{}", text);
        }
        // Units of a power of ten: exact, or a misfit, by arithmetic.
        let text = format!("{units}e{shift}");
        let expected = u32::try_from(shift + i32::from(scale)).ok()
            .and_then(|shift| 10i128.checked_pow(shift))
            .and_then(|factor| units.checked_mul(factor))
            .filter(|value| value.unsigned_abs() < 10u128.pow(38));
        if shift + i32::from(scale) >= 0 && units != 0 {
            prop_assert_eq!(decimal(text.as_bytes(), 38, scale).ok(), expected, "{}", text);
        }
    }

    #[test]
    fn an_exponent_of_zero_changes_no_decimal(
        text in mutated(number_like()),
        (precision, scale) in (1u8..=38).prop_flat_map(|precision| (Just(precision), 0..=precision)),
    ) {
        let scale = i8::try_from(scale).unwrap();
        let text = text.split(|byte| byte.eq_ignore_ascii_case(&b'e')).next().unwrap();
        let with_exponent = [text, b"e0"].concat();
        prop_assert_eq!(decimal(text, precision, scale), decimal(&with_exponent, precision, scale));
    }

    #[test]
    fn decimals_and_doubles_agree_on_what_a_number_is(text in mutated(number_like())) {
        let named = double(&text).is_ok_and(|value| !value.is_finite());
        prop_assert_eq!(
            decimal(&text, 38, 10) == Err(Misfit::NotANumber),
            double(&text) == Err(Misfit::NotANumber) || named
        );
    }
}
