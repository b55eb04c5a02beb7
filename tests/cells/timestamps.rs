//! Instants.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta};
use daymark::cells::{Misfit, TimestampReader, timestamp};
use proptest::prelude::*;

use super::mutated;

const FIRST_MS: i64 = -62_135_596_800_000;
const LAST_MS: i64 = 253_402_300_799_999;

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
        ("2024-12-10 14:03:22", noon - 123),
        ("2024-12-10 14:03", noon - 22_123),
        ("2024-12-10 14:03Z", noon - 22_123),
        ("2024-12-10 14:03+00", noon - 22_123),
        ("2024-12-10", 1_733_788_800_000),
        ("1733839402123", noon),
        ("-100000000000", -100_000_000_000),
        ("100000000000", 100_000_000_000),
        ("99999999999999", 99_999_999_999_999),
        ("-62135596800000", FIRST_MS),
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
                "2024-12-10 14:03:22.",
                "2024-12-10T14:03:22.Z",
                "2024-12-10 14:03:22. +0000",
                "2024-12-10 14:03:22.+01:00",
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
                "-62135596800001",
                "-99999999999999",
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
    if !(1..=9).contains(&fraction.len())
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
            Err(Misfit::OutOfRange) => prop_assert!(ms < FIRST_MS),
            Err(misfit) => {
                prop_assert_eq!(misfit, Misfit::AmbiguousTimestamp);
                prop_assert!(digits < 12 || ms.to_string().starts_with(['1', '2']));
            }
        }
    }
}
