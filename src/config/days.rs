//! The settings of the manifest function: when a day is whole, what is sent again, what is kept.

use crate::athena::views::ViewSettings;
use crate::day::Policy;
use crate::names::table_name;

use super::{PREFIX, Vars};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How days are looked after.
#[derive(Clone, Debug, PartialEq)]
pub struct Days {
    /// How they are judged.
    pub policy: Policy,
    /// When a day has to be complete: milliseconds after its own first instant.
    pub complete_by_ms: i64,
    /// How many days back a sweep looks that is not the daily one over all.
    pub look_back_days: i64,
    /// Messages that may be visible and in flight before a sweep tops the queue up no further.
    pub queue_messages_max: u64,
    /// URL of the queue that parts are sent to again. None: none are.
    pub queue_url: Option<String>,
    /// Name or ARN of the event bus. None: no events are sent.
    pub event_bus: Option<String>,
    /// The Glue database whose tables are written. None: no catalog is.
    pub glue_database: Option<String>,
    /// How views are made.
    pub views: ViewSettings,
    /// Requests to S3 under way at once.
    pub requests_max: usize,
}

impl Vars {
    pub(super) fn days(&mut self) -> Option<Days> {
        let quiet_ms = self.span("QUIET_MINUTES", MINUTE_MS, 0);
        let deadline_ms = self.span("DEADLINE_HOURS", HOUR_MS, 0);
        let expected = self.text("EXPECTED_TABLES");
        let union = self.parsed_by("FOLDERS", |text| match text {
            "newest" => Ok(false),
            "union" => Ok(true),
            _ => Err("expected newest or union".to_owned()),
        });
        let send_after_ms = self.span("SEND_AFTER_MINUTES", MINUTE_MS, 1);
        let sends_max = self.number("SENDS_MAX", 0);
        let grace_ms = self.span("GRACE_DAYS", DAY_MS, 0);
        let keep_ms = match self.text("KEEP_DAYS") {
            None => Some(None),
            Some(_) => self.span("KEEP_DAYS", DAY_MS, 1).map(Some),
        };
        let swing_percent = self.parsed_by("SWING_PERCENT", |text| match text {
            "off" => Ok(None),
            _ => text
                .parse()
                .map(Some)
                .map_err(|_| "expected a number of per cent, or off".to_owned()),
        });
        let complete_by_ms = self.parsed_by("COMPLETE_BY", complete_by);
        if let (Some(Some(keep_ms)), Some(complete_by_ms)) = (keep_ms, complete_by_ms)
            && keep_ms <= complete_by_ms
        {
            let (keep, by) = (self.text("KEEP_DAYS"), self.text("COMPLETE_BY"));
            self.faults.push(format!(
                "{PREFIX}KEEP_DAYS: expected more days than {PREFIX}COMPLETE_BY, which is {}, or a day is given up before it has \
                 to be there, found {:?} (the template's KeepDays and CompleteBy)",
                by.unwrap_or_default(),
                keep.unwrap_or_default()
            ));
        }
        let look_back_days = self.number::<u32>("LOOK_BACK_DAYS", 1);
        let queue_messages_max = self.number("QUEUE_MESSAGES_MAX", 1);
        let requests_max = self.number("REQUESTS_MAX", 1);
        let glue_database = match self.text("GLUE_DATABASE") {
            None => Some(None),
            Some(_) => self.parsed_by("GLUE_DATABASE", glue_database).map(Some),
        };
        let views = match self.text("VIEWS") {
            None => Some(ViewSettings::default()),
            Some(_) => self.parsed_by("VIEWS", ViewSettings::parse),
        };
        Some(Days {
            policy: Policy {
                quiet_ms: quiet_ms?,
                deadline_ms: deadline_ms?,
                expected: expected.map(|list| {
                    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
                    // The lake's own names stay as they are by it.
                    names.map(table_name).collect()
                }),
                union: union?,
                send_after_ms: send_after_ms?,
                sends_max: sends_max?,
                grace_ms: grace_ms?,
                keep_ms: keep_ms?,
                swing_percent: swing_percent?,
                // Asked for, never set.
                reconvert: false,
                converts_itself: false,
                ends_tomorrow: true,
            },
            complete_by_ms: complete_by_ms?,
            look_back_days: look_back_days?.into(),
            queue_messages_max: queue_messages_max?,
            queue_url: self.text("QUEUE_URL"),
            event_bus: self.text("EVENT_BUS"),
            glue_database: glue_database?,
            views: views?,
            requests_max: requests_max?,
        })
    }

    /// A number of minutes, hours or days, as milliseconds.
    fn span(&mut self, name: &str, unit_ms: i64, least: u64) -> Option<i64> {
        self.number::<u32>(name, least)
            .map(|number| i64::from(number).saturating_mul(unit_ms))
    }
}

/// Checks the name of a Glue database: what Athena takes without quotes.
fn glue_database(text: &str) -> Result<String, String> {
    let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    match (1..=255).contains(&text.len()) && text.bytes().all(named) {
        true => Ok(text.to_owned()),
        false => Err("expected lower-case letters, digits and underscores".to_owned()),
    }
}

/// Reads `HH:MM` as the time after a day's first instant; more than 23 hours are the next day, and the one after that.
fn complete_by(text: &str) -> Result<i64, String> {
    let number = |digits: &str| match digits.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        }
        _ => None,
    };
    let parts = text.split_once(':');
    let parts = parts.and_then(|(hours, minutes)| Some((number(hours)?, number(minutes)?)));
    match parts {
        Some((hours, minutes)) if minutes < 60 => Ok(hours * HOUR_MS + minutes * MINUTE_MS),
        _ => Err("expected HH:MM, such as 36:00 for noon of the day after".to_owned()),
    }
}
