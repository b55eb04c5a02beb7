//! Whole numbers.

use daymark::cells::{Misfit, bigint};
use proptest::prelude::*;

use super::{mutated, number_like};

#[test]
fn whole_numbers() {
    for (text, value) in [
        ("0", 0),
        ("-0", 0),
        ("+7", 7),
        ("007", 7),
        ("58637753513", 58_637_753_513),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
        ("00000000000000000000000000000012345678901", 12_345_678_901),
        ("-000000000000000000009223372036854775808", i64::MIN),
        ("000000000000000000000000000000", 0),
    ] {
        assert_eq!(bigint(text.as_bytes()), Ok(value), "{text}");
    }
    for text in [
        "9223372036854775808",
        "-9223372036854775809",
        "9999999999999999999",
        "100000000000000000000",
    ] {
        assert_eq!(bigint(text.as_bytes()), Err(Misfit::OutOfRange), "{text}");
    }
    for text in [
        "",
        "-",
        "+",
        "--1",
        "+-1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x10",
        "1_000",
        "1,000",
        "٣",
        "1234567x",
        "x12345678",
        "1234567890123456x",
        "99999999999999999999x",
    ] {
        assert_eq!(bigint(text.as_bytes()), Err(Misfit::NotAnInteger), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_whole_number_is_read_back(value: i64, zeros in 0usize..30) {
        prop_assert_eq!(bigint(value.to_string().as_bytes()), Ok(value));
        let padded = format!("{}{}{}", if value < 0 { "-" } else { "" }, "0".repeat(zeros), value.unsigned_abs());
        prop_assert_eq!(bigint(padded.as_bytes()), Ok(value));
    }

    #[test]
    fn whole_numbers_read_as_std_reads_them(text in mutated(number_like())) {
        let theirs = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<i64>().ok());
        prop_assert_eq!(bigint(&text).ok(), theirs);
    }
}
