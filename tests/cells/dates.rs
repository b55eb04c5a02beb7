//! Days.

use chrono::{Datelike, NaiveDate};
use daymark::cells::{Misfit, date};

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
