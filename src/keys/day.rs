//! Days, and the folders that are named after them.

use std::fmt;
use std::ops::Range;

use regex_lite::{Captures, Regex};

use super::LayoutError;

/// A day, `yyyy-MM-dd`, valid in the Gregorian calendar, from 2000 to 2199: digits beyond are no day that HubSpot
/// synced, but a number that looks like one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(String);

impl Day {
    /// A day of the calendar; months and days count from 1.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let valid = (2000..2200).contains(&year) && (1..=days).contains(&day);
        valid.then(|| Day(format!("{year:04}-{month:02}-{day:02}")))
    }

    /// Reads `yyyy-MM-dd`, nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, rest) = dashed(text)?;
        rest.is_empty().then_some(day)
    }

    /// `yyyy-MM-dd`
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day that an instant falls on, in UTC; None before 2000 and after 2199. `ms` is milliseconds since 1970 UTC.
    pub fn of_ms(ms: i64) -> Option<Self> {
        // "Days from civil", backwards: years begin in March, so that leap days come last.
        let days = ms.div_euclid(DAY_MS).checked_add(719_468)?;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Day::new(
            year.try_into().ok()?,
            month.try_into().ok()?,
            day.try_into().ok()?,
        )
    }

    /// The day's first instant, milliseconds since 1970 UTC.
    pub fn start_ms(&self) -> i64 {
        let number = |range| self.0.get(range).and_then(|text: &str| text.parse::<i64>().ok());
        let (year, month, day) = (
            number(0..4).unwrap_or_default(),
            number(5..7).unwrap_or_default(),
            number(8..10).unwrap_or_default(),
        );
        let year = if month <= 2 { year - 1 } else { year };
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let from_march = (month + 9) % 12;
        let day_of_year = (153 * from_march + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        (era * 146_097 + day_of_era - 719_468) * DAY_MS
    }

    /// The day so many days later, or earlier if negative; None before 2000 and after 2199.
    pub fn plus(&self, days: i64) -> Option<Self> {
        Day::of_ms(self.start_ms().checked_add(days.checked_mul(DAY_MS)?)?)
    }
}

const DAY_MS: i64 = 86_400_000;

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first day folder, and which folders it takes.
pub(super) fn find(folders: &[&str]) -> Option<(Day, Range<usize>)> {
    (0..folders.len()).find_map(|i| {
        let one = folders
            .get(i)
            .and_then(|folder| in_one(folder))
            .map(|day| (day, i..i + 1));
        one.or_else(|| match folders.get(i..i + 3)? {
            [year, month, day] => in_three(year, month, day).map(|day| (day, i..i + 3)),
            _ => None,
        })
    })
}

/// Compiles a day pattern and looks at its groups.
pub(super) fn pattern(pattern: &str) -> Result<Regex, LayoutError> {
    let regex = Regex::new(pattern).map_err(|error| LayoutError::Pattern {
        pattern: pattern.to_owned(),
        fault: error.to_string(),
    })?;
    let has = |name: &str| regex.capture_names().flatten().any(|group| group == name);
    if has("date") || (has("year") && has("month") && has("day")) {
        Ok(regex)
    } else {
        Err(LayoutError::Groups(pattern.to_owned()))
    }
}

/// The first match that is a day, and which folders of the path it touches.
pub(super) fn find_by_pattern(pattern: &Regex, path: &str) -> Option<(Day, Range<usize>)> {
    pattern.captures_iter(path).find_map(|captures| {
        let day = captured(&captures)?;
        let all = captures.get(0)?;
        let slashes = |end: usize| path.get(..end).unwrap_or_default().matches('/').count();
        // A slash at either end of the match belongs to no folder of its own.
        let inner = all.as_str().trim_matches('/');
        let start = all.start() + all.as_str().len() - all.as_str().trim_start_matches('/').len();
        let first = slashes(start);
        Some((day, first..first + inner.matches('/').count() + 1))
    })
}

fn captured(captures: &Captures<'_>) -> Option<Day> {
    let group = |name: &str| captures.name(name).map(|found| found.as_str());
    let number = |name: &str| group(name)?.parse::<u16>().ok();
    let Some(date) = group("date") else {
        return Day::new(
            number("year")?,
            number("month")?.try_into().ok()?,
            number("day")?.try_into().ok()?,
        );
    };
    let digits: String = date.chars().filter(char::is_ascii_digit).collect();
    let (day, rest) = compact(&digits)?;
    rest.is_empty().then_some(day)
}

/// Whether a folder reads as a time alone: `04`, `04-05-06`, `T040506Z`, `hour=04`.
pub(super) fn is_time(folder: &str) -> bool {
    let folder = without_label(folder, &["hour", "hr", "hh", "time"]);
    is_clock(folder.strip_prefix(['T', 't']).unwrap_or(folder))
}

/// What may stand in front of a date, before a `=`.
const DATE_LABELS: [&str; 3] = ["date", "dt", "day"];

/// What stands between a date and a time.
const SEPARATORS: [char; 5] = ['T', 't', '_', '-', ' '];

fn in_one(folder: &str) -> Option<Day> {
    let text = without_label(folder, &DATE_LABELS);
    if let Some((day, rest)) = dashed(text) {
        return is_rest(rest).then_some(day);
    }
    let (day, rest) = compact(text)?;
    (is_rest(rest) || is_clock(rest)).then_some(day)
}

fn in_three(year: &str, month: &str, day: &str) -> Option<Day> {
    let (year, after_year) = first_number(without_label(year, &DATE_LABELS), "year", 4)?;
    let (month, after_month) = first_number(month, "month", 2)?;
    let (day, after_day) = first_number(day, "day", 2)?;
    if !after_year.is_empty() || !after_month.is_empty() || !is_rest(after_day) {
        return None;
    }
    Day::new(year, month.try_into().ok()?, day.try_into().ok()?)
}

/// The number that a folder begins with, and what is behind it. Hive writes `month=1`; without a label only the full width
/// is sure to be of a date.
fn first_number<'a>(folder: &'a str, label: &str, digits: usize) -> Option<(u16, &'a str)> {
    let mut rest = without_label(folder, &[label]);
    let is_labelled = rest.len() < folder.len();
    let found = rest.bytes().take(digits).take_while(u8::is_ascii_digit).count();
    if found < digits && !is_labelled {
        return None;
    }
    Some((number(&mut rest, found)?, rest))
}

/// Whether this can stand behind a date: nothing, or a time.
fn is_rest(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(SEPARATORS).is_some_and(is_clock)
}

fn without_label<'a>(text: &'a str, labels: &[&str]) -> &'a str {
    match text.split_once('=') {
        Some((label, value)) if labels.iter().any(|it| label.eq_ignore_ascii_case(it)) => value,
        _ => text,
    }
}

fn dashed(text: &str) -> Option<(Day, &str)> {
    let mut rest = text;
    let year = number(&mut rest, 4)?;
    rest = rest.strip_prefix('-')?;
    let month = number(&mut rest, 2)?;
    rest = rest.strip_prefix('-')?;
    let day = number(&mut rest, 2)?;
    Some((
        Day::new(year, month.try_into().ok()?, day.try_into().ok()?)?,
        rest,
    ))
}

fn compact(text: &str) -> Option<(Day, &str)> {
    let mut rest = text;
    let (year, month, day) = (
        number(&mut rest, 4)?,
        number(&mut rest, 2)?,
        number(&mut rest, 2)?,
    );
    Some((
        Day::new(year, month.try_into().ok()?, day.try_into().ok()?)?,
        rest,
    ))
}

/// Takes so many digits off the front.
fn number(rest: &mut &str, digits: usize) -> Option<u16> {
    let (taken, left) = rest.split_at_checked(digits)?;
    if !taken.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *rest = left;
    taken.parse().ok()
}

/// `HH`, `HHmm`, `HHmmss`, with `:`, `-`, `_` or `.` between or not, with a fraction and a zone behind or not.
fn is_clock(text: &str) -> bool {
    let mut rest = text;
    if number(&mut rest, 2).is_none_or(|hour| hour > 23) {
        return false;
    }
    let mut sixtieth = |max: u16| {
        let mut ahead = rest.strip_prefix([':', '-', '_', '.']).unwrap_or(rest);
        let found = number(&mut ahead, 2).is_some_and(|it| it <= max);
        if found {
            rest = ahead;
        }
        found
    };
    let seconds = sixtieth(59) && sixtieth(60);
    if let Some(fraction) = rest.strip_prefix(['.', ',']).filter(|_| seconds) {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() == fraction.len() {
            return false;
        }
    }
    is_zone(rest)
}

fn is_zone(text: &str) -> bool {
    if matches!(text, "" | "Z" | "z") {
        return true;
    }
    let Some(mut rest) = text.strip_prefix(['+', '-']) else {
        return false;
    };
    let hour = number(&mut rest, 2);
    rest = rest.strip_prefix(':').unwrap_or(rest);
    let minute = if rest.is_empty() {
        Some(0)
    } else {
        number(&mut rest, 2)
    };
    rest.is_empty() && hour.is_some_and(|it| it <= 14) && minute.is_some_and(|it| it <= 59)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_days_agree() {
        assert_eq!(Day::of_ms(1_795_392_000_000).unwrap().as_str(), "2026-11-23");
        assert_eq!(Day::of_ms(1_795_391_999_999).unwrap().as_str(), "2026-11-22");
        let mut day = Day::new(2000, 1, 1).unwrap();
        let mut count = 1;
        while let Some(next) = day.plus(1) {
            assert!(next > day);
            assert_eq!(next.start_ms(), day.start_ms() + DAY_MS);
            assert_eq!(Day::parse(next.as_str()), Some(next.clone()));
            (day, count) = (next, count + 1);
        }
        assert_eq!((day.as_str(), count), ("2199-12-31", 73_049));
    }

    #[test]
    fn spellings_of_one_day() {
        for folder in [
            "2026-11-23",
            "20261123",
            "date=2026-11-23",
            "dt=2026-11-23",
            "DT=20261123",
            "day=2026-11-23",
            "2026-11-23T04:05:06Z",
            "2026-11-23T04:05:06.123+00:00",
            "2026-11-23_04-05",
            "2026-11-23 04:05",
            "2026-11-23 04:05:06-0800",
            "dt=2026-11-23-04",
            "20261123040506",
            "2026112304",
            "20261123T040506Z",
            "20261123_0405",
        ] {
            let found = in_one(folder);
            assert_eq!(found.as_ref().map(Day::as_str), Some("2026-11-23"), "{folder}");
        }
        for path in [
            "2026/11/23",
            "year=2026/month=11/day=23",
            "Year=2026/11/day=23",
            "date=2026/11/23",
            "DT=2026/11/23",
            "day=2026/11/23",
            "2026/11/23T04:05:06Z",
            "2026/11/23_04",
            "2026/11/23 04:05",
            "2026/11/23-04-05",
            "dt=2026/11/23T040506.123+00:00",
            "year=2026/month=11/day=23T04",
        ] {
            let folders: Vec<&str> = path.split('/').collect();
            assert_eq!(
                find(&folders),
                Some((Day("2026-11-23".to_owned()), 0..3)),
                "{path}"
            );
        }
        assert_eq!(
            find(&["year=2026", "month=1", "day=2"]).unwrap().0.as_str(),
            "2026-01-02"
        );
        assert_eq!(
            find(&["year=2026", "month=1", "day=2_04"]).unwrap().0.as_str(),
            "2026-01-02"
        );
    }

    #[test]
    fn what_is_no_day() {
        for folder in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-29",
            "2100-02-29",
            "1999-12-31",
            "2200-01-01",
            "2026-1-2",
            "2026-11-2304",
            "2026-11-23-full",
            "2026-11-23T25",
            "2026-11-23x",
            "202611230",
            "12423846",
            "month=2026-11-23",
            "２０２６-11-23",
            "2026-11-23T04:05:06.",
        ] {
            assert_eq!(in_one(folder), None, "{folder}");
        }
        assert!(in_one("2028-02-29").is_some() && in_one("2000-02-29").is_some());
        for path in [
            "2026/1/2",
            "2026/11",
            "2026/11/31",
            "26/11/23",
            "2026//11/23",
            "2026/11/23x",
            "2026/11/2304",
            "2026/11/23T25",
            "2026/11/23T04:05:06.",
            "2026/11/23_full",
            "2026/11/day=",
            "2026/11/day=T04",
            "month=2026/11/23",
            "2026/11T04/23",
        ] {
            let folders: Vec<&str> = path.split('/').collect();
            assert_eq!(find(&folders), None, "{path}");
        }
    }

    #[test]
    fn the_first_day_folder_counts() {
        let at = |path: &str| find(&path.split('/').collect::<Vec<_>>()).map(|(day, at)| (day.0, at));
        assert_eq!(
            at("x/2026-11-23/2026-11-24"),
            Some(("2026-11-23".to_owned(), 1..2))
        );
        assert_eq!(at("2026/11/2026-11-24"), Some(("2026-11-24".to_owned(), 2..3)));
        assert_eq!(at("2026/11/23/2026-11-24"), Some(("2026-11-23".to_owned(), 0..3)));
    }

    #[test]
    fn the_day_folder_of_a_key() {
        use crate::keys::{Layout, Place};
        let place = |bucket, prefix| Place::new(bucket, prefix).unwrap();
        let layout = Layout::new(place("in", "hubspot"), place("out", "lake")).unwrap();
        let folder = |layout: &Layout, key: &str| layout.source_and_folder(key).unwrap().1.to_owned();
        for (key, expected) in [
            ("hubspot/2026-11-23/OBJECTS/a.csv.gz", "hubspot/2026-11-23/"),
            (
                "hubspot/x/2026/11/23/04/OBJECTS/a.csv.gz",
                "hubspot/x/2026/11/23/",
            ),
            (
                "hubspot/OBJECTS/dt=20261123/a.csv.gz",
                "hubspot/OBJECTS/dt=20261123/",
            ),
        ] {
            assert_eq!(folder(&layout, key), expected);
        }
        // Parts whose names hold the day are of one folder, not each of its own.
        let layout = layout.with_day_pattern(r"(?<date>\d{8})").unwrap();
        for key in [
            "hubspot/OBJECTS/20261123_1.csv.gz",
            "hubspot/OBJECTS/20261123_2.csv.gz",
        ] {
            assert_eq!(folder(&layout, key), "hubspot/OBJECTS/");
        }
    }

    #[test]
    fn times_alone() {
        for folder in ["04", "04-05-06", "T040506Z", "hour=04", "HH=23"] {
            assert!(is_time(folder), "{folder}");
        }
        for folder in ["", "24", "4", "OBJECTS", "hour=x", "0-1", "042"] {
            assert!(!is_time(folder), "{folder}");
        }
    }

    #[test]
    fn every_day_of_the_calendar_comes_back() {
        let mut count = 0;
        for (year, month, day) in
            (2000..2200).flat_map(|y| (0..=13).flat_map(move |m| (0..=32).map(move |d| (y, m, d))))
        {
            if let Some(valid) = Day::new(year, month, day) {
                assert_eq!(Day::parse(valid.as_str()), Some(valid));
                count += 1;
            }
        }
        // 200 years, every fourth a leap year but 2100.
        assert_eq!(count, 200 * 365 + 49);
    }
}
