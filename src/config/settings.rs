//! The list of settings.

use std::fmt::Write as _;

/// What every setting's variable begins with.
pub const PREFIX: &str = "DAYMARK_";

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Name of the variable, without [`PREFIX`].
    pub name: &'static str,
    /// What holds if it is not set, or how that is said in words.
    pub default: Default,
    /// What its value is.
    pub unit: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// Whether it is part of the profile: another value gives parts another id, hence new outputs.
    pub in_profile: bool,
}

/// What holds if a setting is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// It has to be set.
    Required,
    /// This value.
    Value(&'static str),
    /// Nothing.
    Unset,
}

const fn setting(
    name: &'static str,
    default: Default,
    unit: &'static str,
    in_profile: bool,
    meaning: &'static str,
) -> Setting {
    Setting {
        name,
        default,
        unit,
        meaning,
        in_profile,
    }
}

/// Every setting, in the README's order.
pub const SETTINGS: &[Setting] = &[
    setting(
        "LANDING_BUCKET",
        Default::Required,
        "name",
        false,
        "bucket that parts land in",
    ),
    setting(
        "LANDING_PREFIX",
        Default::Value(""),
        "prefix",
        false,
        "folder that parts land in; empty: the whole bucket",
    ),
    setting(
        "CURATED_BUCKET",
        Default::Required,
        "name",
        false,
        "bucket that everything is written to",
    ),
    setting(
        "CURATED_PREFIX",
        Default::Value(""),
        "prefix",
        false,
        "folder that everything is written to; empty: the whole bucket",
    ),
    setting(
        "DAY_FOLDER_PATTERN",
        Default::Unset,
        "regex",
        false,
        "finds the day in a key, with a group `date`, or `year`, `month` and `day`; without it all common spellings are known",
    ),
    setting(
        "CATALOG",
        Default::Unset,
        "TOML",
        true,
        "tables and columns that are added to the built-in catalog or override it",
    ),
    setting(
        "CATALOG_FILE",
        Default::Unset,
        "path",
        true,
        "the same from a file that is packaged beside the function",
    ),
    setting(
        "DIALECT",
        Default::Unset,
        "JSON",
        true,
        "what is declared of the dialect of all tables; a table's own declaration in the catalog goes before it",
    ),
    setting(
        "QUOTED_NULL",
        Default::Value("false"),
        "true, false",
        true,
        "whether a NULL token in quotes is NULL too",
    ),
    setting(
        "CODEC",
        Default::Value("zstd:1"),
        "zstd:1…22, snappy, none",
        true,
        "compression of the Parquet pages",
    ),
    setting(
        "MAX_REJECTS",
        Default::Value("1000"),
        "count, or % of records",
        true,
        "rejects (records and cells) of one part, beyond which it is refused",
    ),
    setting(
        "REJECTS_BYTES_MAX",
        Default::Value("16MiB"),
        "bytes",
        true,
        "size of one part's rejects file, beyond which it is refused",
    ),
    setting(
        "RECORD_BYTES_MAX",
        Default::Value("16MiB"),
        "bytes",
        true,
        "longest record",
    ),
    setting(
        "FIELD_BYTES_MAX",
        Default::Value("16MiB"),
        "bytes",
        true,
        "longest field",
    ),
    setting(
        "COLUMNS_MAX",
        Default::Value("5000"),
        "count",
        true,
        "most columns",
    ),
    setting(
        "INFLATED_BYTES_MAX",
        Default::Value("64GiB"),
        "bytes",
        true,
        "what a part may expand to",
    ),
    setting(
        "EXPANSION_RATIO_MAX",
        Default::Value("1200"),
        "ratio",
        true,
        "how many times its size a part may expand to, once it is past 64 MiB",
    ),
    setting(
        "READ_AHEAD_BYTES",
        Default::Value("4MiB"),
        "bytes",
        false,
        "source bytes that wait in memory",
    ),
    setting(
        "PUT_BYTES_MAX",
        Default::Value("8MiB"),
        "bytes",
        false,
        "largest output that is written in one request",
    ),
    setting(
        "PART_BYTES",
        Default::Value("8MiB"),
        "bytes, 5MiB at least",
        false,
        "part of a multipart upload",
    ),
    setting(
        "PARTS_IN_FLIGHT",
        Default::Value("2"),
        "count",
        false,
        "parts of one upload under way at once",
    ),
    setting(
        "DEADLINE_MARGIN_MS",
        Default::Value("10000"),
        "milliseconds",
        false,
        "how long before the function's end it gives up, to clean up and to say so",
    ),
    setting(
        "MAX_RECEIVES",
        Default::Value("5"),
        "count",
        false,
        "the queue's `maxReceiveCount`: running out of time on the last receive is permanent",
    ),
    setting(
        "QUIET_MINUTES",
        Default::Value("60"),
        "minutes",
        false,
        "how long nothing may change before a day is complete",
    ),
    setting(
        "DEADLINE_HOURS",
        Default::Value("6"),
        "hours",
        false,
        "how long after its first part a day waits for tables that the day before had, and when it is late",
    ),
    setting(
        "EXPECTED_TABLES",
        Default::Unset,
        "names, with commas",
        false,
        "tables that every day must have, called as HubSpot writes their folders, or as in the lake; without it those of the complete day before, events aside",
    ),
    setting(
        "FOLDERS",
        Default::Value("newest"),
        "newest, union",
        false,
        "which of several day folders for one date count",
    ),
    setting(
        "SEND_AFTER_MINUTES",
        Default::Value("10"),
        "minutes, 1 at least",
        false,
        "how long a part may be without Parquet before it is sent to the queue again; the pauses double from there",
    ),
    setting(
        "SENDS_MAX",
        Default::Value("5"),
        "count",
        false,
        "how often a part is sent again before it blocks its day",
    ),
    setting(
        "QUEUE_URL",
        Default::Unset,
        "URL",
        false,
        "queue that parts are sent to again; without it none are",
    ),
    setting(
        "QUEUE_MESSAGES_MAX",
        Default::Value("5000"),
        "count",
        false,
        "messages, waiting and in flight, up to which a sweep tops the queue up",
    ),
    setting(
        "EVENT_BUS",
        Default::Unset,
        "name or ARN",
        false,
        "EventBridge bus that days' events go to; without it none are sent",
    ),
    setting(
        "GLUE_DATABASE",
        Default::Unset,
        "name",
        false,
        "Glue database in which tables and views over the lake are created and kept up to date; without it none are",
    ),
    setting(
        "VIEWS",
        Default::Unset,
        "JSON",
        false,
        "how views are made: `decimals` (`[precision, scale]` of number properties, which are doubles without it), `properties` (by object type: those that its view has), `names` (by object type id: what its view is called after), `statement_bytes_max` (a view's statement takes at most so many bytes, if less than Athena's 262,144: of a wide type fewer properties)",
    ),
    setting(
        "GRACE_DAYS",
        Default::Value("7"),
        "days",
        false,
        "how long Parquet stays after it left the publication",
    ),
    setting(
        "KEEP_DAYS",
        Default::Unset,
        "days, 1 at least",
        false,
        "how long days are kept, from their own midnight; more than `DAYMARK_COMPLETE_BY`; without it for ever",
    ),
    setting(
        "SWING_PERCENT",
        Default::Value("50"),
        "%, or off",
        false,
        "by how much a table's rows may differ from the median of the last complete days before a warning says so",
    ),
    setting(
        "COMPLETE_BY",
        Default::Value("36:00"),
        "HH:MM",
        false,
        "when a day has to be complete, counted from its own midnight UTC: 36:00 is noon of the day after. Later, the metric `DayOverdue` is 1",
    ),
    setting(
        "LOOK_BACK_DAYS",
        Default::Value("30"),
        "days, 1 at least",
        false,
        "how far back a sweep looks; once a day it looks at all days",
    ),
    setting(
        "REQUESTS_MAX",
        Default::Value("64"),
        "count",
        false,
        "requests to S3 that a sweep has under way at once",
    ),
    setting(
        "LOG_LEVEL",
        Default::Value("info"),
        "error, warn, info, debug",
        false,
        "how much is logged",
    ),
];

/// The settings as a Markdown table, as it stands in the README between `<!-- settings -->` and `<!-- /settings -->`.
pub fn table() -> String {
    let mut text = String::from("| Variable | Value | Default | Meaning |\n|---|---|---|---|\n");
    for setting in SETTINGS {
        let default = match setting.default {
            Default::Required => "(required)".to_owned(),
            Default::Unset | Default::Value("") => "(none)".to_owned(),
            Default::Value(value) => format!("`{value}`"),
        };
        let again = if setting.in_profile { " ↻" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{PREFIX}{}` | {} | {default} | {}{again} |",
            setting.name, setting.unit, setting.meaning
        );
    }
    text
}

pub(super) fn default_of(name: &str) -> Option<&'static str> {
    let setting = SETTINGS.iter().find(|setting| setting.name == name)?;
    match setting.default {
        Default::Value(value) if !value.is_empty() => Some(value),
        _ => None,
    }
}

/// The setting whose name takes the fewest changes to get to, if it is near enough to be meant.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let upper = name.to_ascii_uppercase();
    let (changes, known) = SETTINGS
        .iter()
        .map(|setting| (changes(&upper, setting.name), setting.name))
        .min()?;
    (changes <= 1 + known.len() / 4).then_some(known)
}

/// The Levenshtein distance.
fn changes(from: &str, to: &str) -> usize {
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, from) in from.bytes().enumerate() {
        let mut left = row + 1;
        let mut corner = row;
        for (cell, to) in above.iter_mut().skip(1).zip(to.bytes()) {
            let replaced = corner + usize::from(from != to);
            corner = *cell;
            *cell = replaced.min(left + 1).min(corner + 1);
            left = *cell;
        }
        if let Some(first) = above.first_mut() {
            *first = row + 1;
        }
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted() {
        for (from, to, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("CODEK", "CODEC", 1),
            ("AB", "BA", 2),
        ] {
            assert_eq!(changes(from, to), expected, "{from} {to}");
        }
        assert_eq!(nearest("CURATED_BUKET"), Some("CURATED_BUCKET"));
        assert_eq!(nearest("codec"), Some("CODEC"));
        assert_eq!(nearest("SOMETHING_ELSE"), None);
    }
}
