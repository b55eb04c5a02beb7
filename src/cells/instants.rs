//! Days and instants.

use super::{Misfit, all_below_ten};

const MS_PER_SECOND: i64 = 1_000;
const MS_PER_MINUTE: i64 = 60 * MS_PER_SECOND;
const MS_PER_DAY: i64 = 24 * 60 * MS_PER_MINUTE;

/// 0001-01-01T00:00:00.000Z.
const FIRST_MS: i64 = -62_135_596_800_000;
/// 9999-12-31T23:59:59.999Z.
const LAST_MS: i64 = 253_402_300_799_999;

/// Reads a day, `YYYY-MM-DD` in the Gregorian calendar from year 1 to 9999, as days since 1970-01-01.
///
/// A timestamp is a misfit, even at midnight: in which zone it would be midnight is not ours to say.
pub fn date(text: &[u8]) -> Result<i32, Misfit> {
    let text: &[u8; 10] = text.try_into().map_err(|_| Misfit::NotADate)?;
    days(text).map_err(|misfit| match misfit {
        Misfit::NotATimestamp => Misfit::NotADate,
        other => other,
    })
}

/// Reads an instant as milliseconds since 1970-01-01 UTC, from year 1 to 9999. The forms:
///
/// - `YYYY-MM-DD`, then a blank or `T`, `HH:MM`, `:SS` or not, and `.` with one to nine decimals or not (Snowflake's
///   `TIMESTAMP_OUTPUT_FORMAT` and ISO 8601). Decimals beyond the third must be zeros: Athena's timestamp has three, and
///   what is cut off would be lost without a word.
/// - Behind it an offset or none, with one blank before it or none: `Z` or `z`, `+HH`, `+HHMM` or `+HH:MM`, or the same with
///   `-`, up to 18 hours. Without an offset the time is UTC.
/// - `YYYY-MM-DD` alone: midnight UTC.
/// - Milliseconds since 1970: 12 to 14 digits, with `-` before them or not, as HubSpot writes them in property values.
///   Fewer digits could as well be seconds, and what reads as `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS` of the years 1900 to 2199
///   could as well be that: both are ambiguous.
///
/// A leap second (`:60`) and `24:00` are misfits.
#[inline]
pub fn timestamp(text: &[u8]) -> Result<i64, Misfit> {
    TimestampReader::default().read(text)
}

/// Reads the timestamps of one column, which mostly share their day with the one before.
#[derive(Clone, Debug)]
pub struct TimestampReader {
    /// The day read last, as text.
    day: [u8; 10],
    /// Its midnight.
    midnight_ms: i64,
}

impl Default for TimestampReader {
    fn default() -> Self {
        TimestampReader {
            day: *b"1970-01-01",
            midnight_ms: 0,
        }
    }
}

impl TimestampReader {
    /// Reads one timestamp: the same answer as [`timestamp`] gives, whatever was read before.
    #[inline]
    pub fn read(&mut self, text: &[u8]) -> Result<i64, Misfit> {
        let Some((day, time)) = text.split_first_chunk::<10>() else {
            return epoch(text);
        };
        if *day != self.day {
            match days(day) {
                Ok(days) => self.midnight_ms = i64::from(days) * MS_PER_DAY,
                Err(misfit) => return epoch(text).map_err(|other| worse(misfit, other)),
            }
            self.day = *day;
        }
        if let Some(time_ms) = usual_time(time) {
            return Ok(self.midnight_ms + time_ms);
        }
        let ms = self.midnight_ms + any_time(time)?;
        if (FIRST_MS..=LAST_MS).contains(&ms) {
            Ok(ms)
        } else {
            Err(Misfit::OutOfRange)
        }
    }
}

/// Of the reasons why a text is neither day and time nor milliseconds, the one that says more.
#[cold]
fn worse(day: Misfit, epoch: Misfit) -> Misfit {
    if epoch == Misfit::NotATimestamp {
        day
    } else {
        epoch
    }
}

/// Milliseconds since midnight of ` HH:MM:SS`, the same with `.fff`, and with ` Z` behind that: what Snowflake writes, and
/// nearly all there is. None is no verdict.
#[inline]
fn usual_time(text: &[u8]) -> Option<i64> {
    let (clock, fraction) = text.split_first_chunk::<9>()?;
    let [b' ' | b'T', clock @ ..] = clock else {
        return None;
    };
    let ms = match fraction {
        [] => 0,
        [b'.', a, b, c] | [b'.', a, b, c, b' ', b'Z'] => {
            let (a, b, c) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'), c.wrapping_sub(b'0'));
            if a > 9 || b > 9 || c > 9 {
                return None;
            }
            i64::from(a) * 100 + i64::from(b) * 10 + i64::from(c)
        }
        _ => return None,
    };

    const SHAPE: u64 = u64::from_le_bytes(*b"00:00:00");
    const COLONS: u64 = u64::from_le_bytes([0, 0, 0xFF, 0, 0, 0xFF, 0, 0]);
    let nibbles = u64::from_le_bytes(*clock) ^ SHAPE;
    if !all_below_ten(nibbles) || nibbles & COLONS != 0 {
        return None;
    }
    // As in `days`: at most 99.
    let pairs = nibbles * 10 + (nibbles >> 8);
    let [hours, _, _, minutes, _, _, seconds, _] = pairs.to_le_bytes();
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let seconds = (i64::from(hours) * 60 + i64::from(minutes)) * 60 + i64::from(seconds);
    Some(seconds * MS_PER_SECOND + ms)
}

/// Milliseconds since the day's midnight UTC of all that may stand behind a day; less than 0 or more than a day where an
/// offset makes it so.
fn any_time(text: &[u8]) -> Result<i64, Misfit> {
    let rest = match text {
        [] => return Ok(0),
        [b' ' | b'T', rest @ ..] => rest,
        _ => return Err(Misfit::NotATimestamp),
    };
    let (hours, rest) = two_digits(rest)?;
    let [b':', rest @ ..] = rest else {
        return Err(Misfit::NotATimestamp);
    };
    let (minutes, mut rest) = two_digits(rest)?;
    let (mut seconds, mut fraction_ms) = (0, Ok(0));
    if let [b':', behind @ ..] = rest {
        (seconds, rest) = two_digits(behind)?;
        if let [b'.', behind @ ..] = rest {
            if !behind.first().is_some_and(u8::is_ascii_digit) {
                return Err(Misfit::NotATimestamp);
            }
            (fraction_ms, rest) = fraction(behind);
        }
    }
    let offset_ms = offset(rest)?;
    // Only now is the form known to be a timestamp's.
    if hours > 23 || minutes > 59 || seconds > 59 {
        return Err(Misfit::NoSuchTime);
    }
    Ok((hours * 60 + minutes) * MS_PER_MINUTE + seconds * MS_PER_SECOND + fraction_ms? - offset_ms)
}

/// One to nine decimals of a second, and the rest. A tenth is left in the rest, where no offset begins with it.
fn fraction(text: &[u8]) -> (Result<i64, Misfit>, &[u8]) {
    let (mut ms, mut weight, mut finer) = (0, 100, false);
    let mut rest = text;
    for _ in 0..9 {
        let [byte @ b'0'..=b'9', behind @ ..] = rest else {
            break;
        };
        let digit = i64::from(byte - b'0');
        ms += digit * weight;
        finer |= weight == 0 && digit != 0;
        weight /= 10;
        rest = behind;
    }
    (
        if finer {
            Err(Misfit::FinerThanAMillisecond)
        } else {
            Ok(ms)
        },
        rest,
    )
}

/// The offset at a timestamp's end, in milliseconds east of UTC.
fn offset(text: &[u8]) -> Result<i64, Misfit> {
    let text = match text {
        [] => return Ok(0),
        [b' ', rest @ ..] => rest,
        _ => text,
    };
    let (sign, rest) = match text {
        [b'Z' | b'z'] => return Ok(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return Err(Misfit::NotATimestamp),
    };
    let (hours, rest) = two_digits(rest)?;
    let minutes = match rest {
        [] => 0,
        [b':', rest @ ..] | rest => match two_digits(rest)? {
            (minutes, []) => minutes,
            _ => return Err(Misfit::NotATimestamp),
        },
    };
    let offset_minutes = hours * 60 + minutes;
    if minutes > 59 || offset_minutes > 18 * 60 {
        return Err(Misfit::NoSuchTime);
    }
    Ok(sign * offset_minutes * MS_PER_MINUTE)
}

fn two_digits(text: &[u8]) -> Result<(i64, &[u8]), Misfit> {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] => {
            Ok((i64::from(tens - b'0') * 10 + i64::from(ones - b'0'), rest))
        }
        _ => Err(Misfit::NotATimestamp),
    }
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
fn days(text: &[u8; 10]) -> Result<i32, Misfit> {
    const SHAPE: u64 = u64::from_le_bytes(*b"0000-00-");
    const DASHES: u64 = u64::from_le_bytes([0, 0, 0, 0, 0xFF, 0, 0, 0xFF]);
    let [year_and_month @ .., tens, ones] = *text;
    let nibbles = u64::from_le_bytes(year_and_month) ^ SHAPE;
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    if !all_below_ten(nibbles) || nibbles & DASHES != 0 || tens > 9 || ones > 9 {
        return Err(Misfit::NotATimestamp);
    }
    // Each byte becomes ten times itself and its right neighbour: at most 99, so none runs over.
    let pairs = nibbles * 10 + (nibbles >> 8);
    let [century, _, year, _, _, month, _, _] = pairs.to_le_bytes();
    let day = tens * 10 + ones;
    let year = i32::from(century) * 100 + i32::from(year);
    if year == 0 {
        return Err(Misfit::OutOfRange);
    }
    // Divisible by 4, and by 16 if by 25.
    let leap = (year & 3 == 0) & ((year & 15 == 0) | (year % 25 != 0));
    let Some((before, most)) = MONTHS.get(usize::from(month)) else {
        return Err(Misfit::NoSuchDay);
    };
    // Sums instead of branches, which would be taken at random.
    let most = most + u8::from(leap & (month == 2));
    let before = i32::from(*before) + i32::from(leap & (month > 2));
    if day == 0 || day > most {
        return Err(Misfit::NoSuchDay);
    }
    let years = year - 1;
    let leap_days = years / 4 - years / 100 + years / 400;
    // 719,162 days lie between 0001-01-01 and 1970-01-01.
    Ok(365 * years + leap_days + before + i32::from(day) - 1 - 719_162)
}

/// For each month, from 1, of a year that is no leap year: the days before it, and its own.
const MONTHS: [(u16, u8); 13] = [
    (0, 0),
    (0, 31),
    (31, 28),
    (59, 31),
    (90, 30),
    (120, 31),
    (151, 30),
    (181, 31),
    (212, 31),
    (243, 30),
    (273, 31),
    (304, 30),
    (334, 31),
];

/// Milliseconds since 1970 in plain digits.
#[cold]
fn epoch(text: &[u8]) -> Result<i64, Misfit> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Misfit::NotATimestamp);
    }
    if !(12..=14).contains(&digits.len()) || (!negative && reads_as_calendar(digits)) {
        return Err(Misfit::AmbiguousTimestamp);
    }
    let ms = digits.iter().fold(0, |ms, byte| ms * 10 + i64::from(byte - b'0'));
    let ms = if negative { -ms } else { ms };
    // Fourteen digits do not reach the other end.
    if ms < FIRST_MS {
        return Err(Misfit::OutOfRange);
    }
    Ok(ms)
}

/// Whether 12 or 14 digits are `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS` of the years 1900 to 2199.
fn reads_as_calendar(digits: &[u8]) -> bool {
    let Some((date, time)) = digits.split_first_chunk::<8>() else {
        return false;
    };
    let ([b'1', b'9', ..] | [b'2', b'0' | b'1', ..]) = date else {
        return false;
    };
    let [y1, y2, y3, y4, m1, m2, d1, d2] = *date;
    let is_day = days(&[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]).is_ok();
    let most: &[u8; 6] = b"235959";
    let is_time = time.len() % 2 == 0
        && time
            .chunks(2)
            .zip(most.chunks(2))
            .all(|(digits, most)| digits <= most);
    is_day && is_time
}
