//! Sizes as people write them.

/// Text that is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no size: expected a number and a unit, such as 500KB, 50MB, 1.5GB or 1GiB (units: B, KB, MB, GB, TB, KiB, MiB, GiB, TiB)"
)]
pub struct InvalidSize(pub String);

/// Units in lower case; the first that the text ends with is meant.
const UNITS: &[(&str, u64)] = &[
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("b", 1),
];

/// Bytes of `50MB`, `1.5 GiB` or `123456`: a decimal number, blanks, a unit of 1,000 or (with an `i`) of 1,024, in any case.
/// Without a unit it is bytes. At most three decimals.
pub fn parse_size(text: &str) -> Result<u64, InvalidSize> {
    parse(text).ok_or_else(|| InvalidSize(text.to_owned()))
}

fn parse(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let unit = UNITS
        .iter()
        .find_map(|(name, bytes)| Some((lower.strip_suffix(name)?, *bytes)));
    let (number, unit_bytes) = unit.unwrap_or((&lower, 1));
    let number = number.trim_end();
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 3 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let thousandths: u64 = format!("{decimals:0<3}").parse().ok()?;
    let part = unit_bytes.checked_mul(thousandths)?;
    // 1.5B is no number of bytes.
    if unit_bytes == 1 && part % 1_000 != 0 {
        return None;
    }
    whole.checked_mul(unit_bytes)?.checked_add(part / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("50MB", 50_000_000),
            ("1GiB", 1 << 30),
            ("500KB", 500_000),
            (" 500 kb ", 500_000),
            ("1.5GB", 1_500_000_000),
            ("0.125KiB", 128),
            ("123456", 123_456),
            ("7B", 7),
            ("0", 0),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "",
            "MB",
            "-1MB",
            "1,5MB",
            "1.5",
            "1.5B",
            "50 M B",
            "50MBit",
            "1e6",
            "1.2345MB",
            ".5MB",
            "5.MB",
            "99999999999TB",
            "+5MB",
        ] {
            assert_eq!(parse_size(text), Err(InvalidSize(text.to_owned())));
        }
    }
}
