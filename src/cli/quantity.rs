//! Numbers as people read them.

use std::time::Duration;

/// A count with a comma every three digits: `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count of things: `1 row`, `2 rows`.
pub(super) fn counted(number: u64, singular: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {singular}{ending}", count(number))
}

/// Bytes in decimal units with three digits at least: `999 B`, `15.0 MB`.
pub(super) fn bytes(number: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
    ];
    for (unit, size) in UNITS {
        if number >= size {
            let tenths = number / (size / 10);
            return format!("{}.{} {unit}", count(tenths / 10), tenths % 10);
        }
    }
    format!("{number} B")
}

/// A time: `0.12 s`, `83 s`.
pub(super) fn seconds(time: Duration) -> String {
    if time.as_secs() < 10 {
        format!("{:.2} s", time.as_secs_f64())
    } else {
        format!("{} s", time.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        let counts = [0, 12, 999, 1_000, 1_234_567].map(count);
        assert_eq!(counts, ["0", "12", "999", "1,000", "1,234,567"]);
        let sizes = [0, 999, 1_000, 1_049_999, 15_000_000, 2_500_000_000].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "1.0 MB", "15.0 MB", "2.5 GB"]);
        assert_eq!(
            [counted(1, "row"), counted(2, "row"), counted(0, "row")],
            ["1 row", "2 rows", "0 rows"]
        );
    }
}
