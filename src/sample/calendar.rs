//! Days and instants as text. An instant is milliseconds since 1970 UTC.

/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// How a table spells its timestamps. HubSpot documents none; these are what a Snowflake unload can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `2024-12-10 13:45:07.123`, Snowflake's TIMESTAMP_NTZ_OUTPUT_FORMAT.
    Plain,
    /// `2024-12-10 13:45:07.123 Z`.
    SpaceZ,
    /// `2024-12-10 05:45:07.123 -0800`, Snowflake's TIMESTAMP_OUTPUT_FORMAT in its default zone in winter.
    Pacific,
    /// `2024-12-10T13:45:07.123Z`; it is how `truth/` spells them too.
    Iso,
}

/// Writes an instant.
pub fn push_instant(out: &mut Vec<u8>, instant_ms: i64, spelling: Spelling) {
    let shift = if spelling == Spelling::Pacific {
        -8 * HOUR_MS
    } else {
        0
    };
    let local = instant_ms + shift;
    let (year, month, day) = civil(local.div_euclid(DAY_MS));
    let ms = local.rem_euclid(DAY_MS);
    push_number(out, year, 4);
    out.push(b'-');
    push_number(out, month, 2);
    out.push(b'-');
    push_number(out, day, 2);
    out.push(if spelling == Spelling::Iso { b'T' } else { b' ' });
    push_number(out, ms / HOUR_MS, 2);
    out.push(b':');
    push_number(out, ms / MINUTE_MS % 60, 2);
    out.push(b':');
    push_number(out, ms / 1_000 % 60, 2);
    out.push(b'.');
    push_number(out, ms % 1_000, 3);
    match spelling {
        Spelling::Plain => {}
        Spelling::SpaceZ => out.extend_from_slice(b" Z"),
        Spelling::Pacific => out.extend_from_slice(b" -0800"),
        Spelling::Iso => out.push(b'Z'),
    }
}

/// An instant as `2024-12-10T13:45:07.123Z`.
pub fn instant_text(instant_ms: i64) -> String {
    let mut out = Vec::with_capacity(24);
    push_instant(&mut out, instant_ms, Spelling::Iso);
    String::from_utf8_lossy(&out).into_owned()
}

/// The days since 1970 of a `yyyy-MM-dd` in the Gregorian calendar from 1970 to 9999, or None.
pub fn parse_day(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        digits
            .bytes()
            .all(|c| c.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if year < 1970 || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    (civil(days) == (year, month, day)).then_some(days)
}

/// Days since 1970 as `yyyy-MM-dd`.
pub fn day_text(days: i64) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

fn push_number(out: &mut Vec<u8>, number: i64, digits: u32) {
    for place in (0..digits).rev() {
        out.push(b'0' + (number / 10_i64.pow(place) % 10) as u8);
    }
}

/// Days since 1970 of a date whose year begins in March, which puts the leap day last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_spelled() {
        let instant = 1_733_838_307_123;
        let text = |spelling| {
            let mut out = Vec::new();
            push_instant(&mut out, instant, spelling);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(Spelling::Plain), "2024-12-10 13:45:07.123");
        assert_eq!(text(Spelling::SpaceZ), "2024-12-10 13:45:07.123 Z");
        assert_eq!(text(Spelling::Pacific), "2024-12-10 05:45:07.123 -0800");
        assert_eq!(text(Spelling::Iso), "2024-12-10T13:45:07.123Z");
    }

    #[test]
    fn days_go_there_and_back() {
        for days in 0..80_000 {
            assert_eq!(parse_day(&day_text(days)), Some(days));
        }
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-01",
            "20261120",
            "1969-12-31",
            "2026-11-2x",
            "２０26-1-1",
        ] {
            assert_eq!(parse_day(bad), None, "{bad}");
        }
    }
}
