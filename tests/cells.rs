//! The readers of cells against other people's parsers, and against tables of what must and must not be read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta};
use daymark::cells::{Misfit, TimestampReader, bigint, date, decimal, double, timestamp};
use proptest::prelude::*;

const FIRST_MS: i64 = -62_135_596_800_000;
const LAST_MS: i64 = 253_402_300_799_999;

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

#[test]
fn floating_point_numbers() {
    for (text, value) in [
        ("0", 0.0),
        ("12", 12.0),
        ("-0.5", -0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("+1.2E+3", 1200.0),
        ("1e-3", 0.001),
        ("0e999", 0.0),
        ("0.1", 0.1),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("123456.789000000", 123_456.789),
        ("inf", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
        ("5e-324", 5e-324),
    ] {
        assert_eq!(double(text.as_bytes()), Ok(value), "{text}");
    }
    assert!(double(b"-0").unwrap().is_sign_negative());
    assert!(double(b"NaN").unwrap().is_nan());
    for text in ["1e999", "-1e309", "1e-400"] {
        assert_eq!(double(text.as_bytes()), Err(Misfit::OutOfRange), "{text}");
    }
    for text in [
        "", ".", "-", "e5", "1e", "1e+", "1.2.3", " 1", "1 ", "0x1p3", "1,5", "-nan", "infinit", "1_0",
    ] {
        assert_eq!(double(text.as_bytes()), Err(Misfit::NotANumber), "{text}");
    }
}

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

#[test]
fn days() {
    for (text, value) in [
        ("1970-01-01", 0),
        ("1969-12-31", -1),
        ("2024-12-10", 20_067),
        ("2000-02-29", 11_016),
    ] {
        assert_eq!(date(text.as_bytes()), Ok(value), "{text}");
    }
    for text in [
        "2023-02-29",
        "1900-02-29",
        "2024-00-10",
        "2024-13-10",
        "2024-12-00",
        "2024-04-31",
    ] {
        assert_eq!(date(text.as_bytes()), Err(Misfit::NoSuchDay), "{text}");
    }
    assert_eq!(date(b"0000-01-01"), Err(Misfit::OutOfRange));
    for text in [
        "",
        "2024-12-1",
        "2024/12/10",
        "2024-12-10 00:00:00",
        "20241210",
        " 2024-12-10",
        "+024-12-10",
        "10-12-2024",
    ] {
        assert_eq!(date(text.as_bytes()), Err(Misfit::NotADate), "{text}");
    }
}

#[test]
fn every_day_of_the_calendar_reads_as_chrono_counts() {
    let mut day = NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
    while day.year() < 10_000 {
        let text = day.format("%Y-%m-%d").to_string();
        assert_eq!(
            date(text.as_bytes()).map(i64::from),
            Ok((day - epoch).num_days()),
            "{text}"
        );
        day = day.succ_opt().unwrap();
    }
}

#[test]
fn instants() {
    let noon = 1_733_839_402_123; // 2024-12-10T14:03:22.123Z
    for (text, value) in [
        ("2024-12-10 14:03:22.123", noon),
        ("2024-12-10T14:03:22.123", noon),
        ("2024-12-10 14:03:22.123 Z", noon),
        ("2024-12-10T14:03:22.123Z", noon),
        ("2024-12-10T14:03:22.123z", noon),
        ("2024-12-10 14:03:22.123 +0000", noon),
        ("2024-12-10 14:03:22.123+00:00", noon),
        ("2024-12-10 14:03:22.123+00", noon),
        ("2024-12-10 06:03:22.123 -0800", noon),
        ("2024-12-10 06:03:22.123-08:00", noon),
        ("2024-12-11 08:03:22.123+18", noon),
        ("2024-12-10 19:33:22.123000000 +0530", noon),
        ("2024-12-10 14:03:22.1", noon - 23),
        ("2024-12-10 14:03:22.", noon - 123),
        ("2024-12-10 14:03:22", noon - 123),
        ("2024-12-10 14:03", noon - 22_123),
        ("2024-12-10 14:03Z", noon - 22_123),
        ("2024-12-10 14:03+00", noon - 22_123),
        ("2024-12-10", 1_733_788_800_000),
        ("1733839402123", noon),
        ("-100000000000", -100_000_000_000),
        ("100000000000", 100_000_000_000),
        ("99999999999999", 99_999_999_999_999),
        ("0001-01-01 00:00:00", FIRST_MS),
        ("9999-12-31 23:59:59.999", LAST_MS),
    ] {
        assert_eq!(timestamp(text.as_bytes()), Ok(value), "{text}");
    }
    for (misfit, texts) in [
        (
            Misfit::NotATimestamp,
            &[
                "",
                " ",
                " 2024-12-10",
                "2024-12-10 ",
                "2024-12-10 14",
                "2024-12-10 14:3:22",
                "2024-12-10 14:03:22,123",
                "2024-12-10 14:03:22.1234567890",
                "2024-12-10 14:03:22  Z",
                "2024-12-10 14:03:22Z ",
                "2024-12-10 14:03:22 UTC",
                "2024-12-10 14:03:22 +",
                "2024-12-10 14:03:22 +1",
                "2024-12-10 14:03:22 +1:00",
                "2024-12-10 14:03:22 +01:",
                "2024-12-10 14:03:22 +01:000",
                "2024-12-10 14:03.5",
                "2024-12-10  14:03:22",
                "2024-12-10t14:03:22",
                "2024-12-10 14:03:22 PM",
                "2024/12/10 14:03:22",
                "10/12/2024",
                "12024-12-10 14:03:22",
                "1733839402.123",
                "+1733839402123",
                "1.733839402123E12",
                "closedwon",
            ][..],
        ),
        (
            Misfit::NoSuchDay,
            &["2024-02-30 00:00:00", "2023-02-29", "2024-13-01 00:00"],
        ),
        (
            Misfit::NoSuchTime,
            &[
                "2024-12-31 23:59:60",
                "2024-12-10 24:00:00",
                "2024-12-10 14:60:00.000 Z",
                "2024-12-10 14:03:22 +1801",
                "2024-12-10 14:03:22 +01:60",
            ],
        ),
        (
            Misfit::FinerThanAMillisecond,
            &["2024-12-10 14:03:22.1239", "2024-12-10 14:03:22.000000001 Z"],
        ),
        (
            Misfit::AmbiguousTimestamp,
            &[
                "0",
                "1733839402",
                "10000000000",
                "20241210140322",
                "202412101403",
                "173383940212345",
                "20241210",
            ],
        ),
        (
            Misfit::OutOfRange,
            &[
                "0000-01-01 00:00:00",
                "0001-01-01 00:00:00+01",
                "9999-12-31 23:59:59-01",
            ],
        ),
    ] {
        for text in texts {
            assert_eq!(timestamp(text.as_bytes()), Err(misfit), "{text}");
        }
    }
}

#[test]
fn a_reader_keeps_no_day_that_it_refused() {
    let mut reader = TimestampReader::default();
    assert_eq!(reader.read(b"2024-12-10 00:00:00"), Ok(1_733_788_800_000));
    assert_eq!(reader.read(b"2024-02-30 00:00:00"), Err(Misfit::NoSuchDay));
    assert_eq!(reader.read(b"2024-02-30 00:00:00"), Err(Misfit::NoSuchDay));
    assert_eq!(reader.read(b"2024-12-10 00:00:01"), Ok(1_733_788_801_000));
    assert_eq!(reader.read(b"1970-01-01"), Ok(0));
    assert_eq!(
        TimestampReader::default().read(&[0; 19]),
        Err(Misfit::NotATimestamp)
    );
}

/// Text that is nearly a number: any mixture of what numbers are made of.
fn number_like() -> impl Strategy<Value = String> {
    prop_oneof![
        "[-+]?[0-9]{1,22}",
        "[-+]?[0-9]{0,20}[.]?[0-9]{0,20}([eE][-+]?[0-9]{1,4})?",
        "[-+.eE0-9x ]{0,24}"
    ]
}

/// Text with up to two bytes changed.
fn mutated(text: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<u8>> {
    let places = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    let usual = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            prop::sample::select(b"0129 :.-+TZz".to_vec()),
        ),
        0..3,
    );
    (text, prop_oneof![places, usual]).prop_map(|(text, places)| {
        let mut bytes = text.into_bytes();
        for (index, byte) in places {
            if !bytes.is_empty() {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    })
}

/// An instant as text, in one of the usual and unusual forms.
fn instant_like() -> impl Strategy<Value = String> {
    let formats = prop::sample::select(vec![
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M:%S%.3f",
        "%Y-%m-%d %H:%M:%S%.3f Z",
        "%Y-%m-%dT%H:%M:%S%.3fZ",
        "%Y-%m-%d %H:%M:%S%.9f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M:%S%.3f +0000",
        "%Y-%m-%dT%H:%M:%S%.6f-08:00",
    ]);
    (FIRST_MS..=LAST_MS, formats).prop_map(|(ms, format)| {
        DateTime::from_timestamp_millis(ms)
            .unwrap()
            .format(format)
            .to_string()
    })
}

/// The grammar of [`timestamp`]'s first and third form written down a second time, over chrono.
fn read_by_chrono(text: &str) -> Option<i64> {
    let (day, time) = text.split_at_checked(10)?;
    let bytes = day.as_bytes();
    if !bytes.iter().enumerate().all(|(at, byte)| {
        if at == 4 || at == 7 {
            *byte == b'-'
        } else {
            byte.is_ascii_digit()
        }
    }) {
        return None;
    }
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d")
        .ok()
        .filter(|day| day.year() > 0)?;
    let midnight = day.and_hms_opt(0, 0, 0).unwrap();
    if time.is_empty() {
        return Some(midnight.and_utc().timestamp_millis());
    }
    let time = time.strip_prefix([' ', 'T'])?;
    // `HH:MM`, then whatever is no sign, blank or Z, then the offset.
    let offset_at = time.find(['+', '-', ' ', 'Z', 'z']).unwrap_or(time.len());
    let (clock, offset) = time.split_at(offset_at);
    let digits_are_two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let parts: Vec<_> = whole.split(':').collect();
    if !parts.iter().all(|part| digits_are_two(part)) || (parts.len() == 2 && clock.contains('.')) {
        return None;
    }
    if fraction.len() > 9
        || !fraction.bytes().all(|b| b.is_ascii_digit())
        || fraction.bytes().skip(3).any(|b| b != b'0')
    {
        return None;
    }
    let shape = match parts.len() {
        2 => "%Y-%m-%d %H:%M",
        3 => "%Y-%m-%d %H:%M:%S",
        _ => return None,
    };
    if parts.get(2).is_some_and(|seconds| *seconds > "59") {
        return None;
    }
    let instant =
        NaiveDateTime::parse_from_str(&format!("{} {whole}", day.format("%Y-%m-%d")), shape).ok()?;
    let ms: i64 = format!("{fraction:0<3}")[..3].parse().unwrap();
    let offset = offset.strip_prefix(' ').unwrap_or(offset);
    if clock.len() != time.len() && offset.is_empty() {
        return None;
    }
    let minutes: i64 = match offset {
        "" | "Z" | "z" => 0,
        _ => {
            let (sign, digits) = match offset.split_at_checked(1)? {
                ("+", digits) => (1, digits),
                ("-", digits) => (-1, digits),
                _ => return None,
            };
            let (hours, minutes) = match digits.len() {
                2 => (digits, "00"),
                4 => digits.split_at_checked(2)?,
                5 => digits.split_once(':')?,
                _ => return None,
            };
            if !digits_are_two(hours) || !digits_are_two(minutes) || minutes > "59" {
                return None;
            }
            let sum = hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap();
            if sum > 18 * 60 {
                return None;
            }
            sign * sum
        }
    };
    let instant = instant + TimeDelta::milliseconds(ms) - TimeDelta::minutes(minutes);
    Some(instant.and_utc().timestamp_millis()).filter(|ms| (FIRST_MS..=LAST_MS).contains(ms))
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

    #[test]
    fn doubles_read_as_std_reads_them(text in mutated(number_like())) {
        let theirs = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<f64>().ok());
        match (double(&text), theirs) {
            (Ok(ours), Some(theirs)) => prop_assert_eq!(ours.to_bits(), theirs.to_bits()),
            (Err(Misfit::OutOfRange), Some(theirs)) => prop_assert!(theirs.is_infinite() || theirs == 0.0),
            (Err(Misfit::NotANumber), None) => {}
            (ours, theirs) => prop_assert!(false, "{:?} against {:?}", ours, theirs),
        }
    }

    #[test]
    fn every_double_is_read_back(value: f64) {
        prop_assume!(value.is_finite());
        prop_assert_eq!(double(value.to_string().as_bytes()).map(f64::to_bits), Ok(value.to_bits()));
        prop_assert_eq!(double(format!("{value:e}").as_bytes()).map(f64::to_bits), Ok(value.to_bits()));
    }

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

    #[test]
    fn instants_read_as_chrono_reads_them(text in mutated(instant_like())) {
        prop_assume!(!text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') || text.contains(&b'-'));
        let theirs = std::str::from_utf8(&text).ok().and_then(read_by_chrono);
        prop_assert_eq!(timestamp(&text).ok(), theirs, "{}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn what_was_read_before_changes_nothing(texts in prop::collection::vec(mutated(instant_like()), 1..8)) {
        let mut reader = TimestampReader::default();
        for text in texts.iter().chain(&texts) {
            prop_assert_eq!(reader.read(text), timestamp(text));
        }
    }

    #[test]
    fn milliseconds_are_read_back(ms in -99_999_999_999_999i64..=99_999_999_999_999) {
        let digits = ms.unsigned_abs().to_string().len();
        match timestamp(ms.to_string().as_bytes()) {
            Ok(read) => prop_assert!(read == ms && digits >= 12),
            Err(misfit) => {
                prop_assert_eq!(misfit, Misfit::AmbiguousTimestamp);
                prop_assert!(digits < 12 || ms.to_string().starts_with(['1', '2']));
            }
        }
    }
}
