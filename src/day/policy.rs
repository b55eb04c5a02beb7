//! What a user decides about days.

/// Minutes to milliseconds.
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How days are judged. Times are milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// How long nothing may have changed before a day is complete. Default 60 minutes.
    pub quiet_ms: i64,
    /// How long after its first part a day waits for tables that the day before had, and when it is late. Default 6 hours.
    pub deadline_ms: i64,
    /// Tables that every day must have. None: those of the complete day before.
    pub expected: Option<Vec<String>>,
    /// Whether all folders of a date count, not only the newest. Default false.
    pub union: bool,
    /// How long a part may be without output before it is sent again. Default 10 minutes.
    pub send_after_ms: i64,
    /// How often a part is sent again. Default 5.
    pub sends_max: u32,
    /// How long outputs stay after they left the publication. Default 7 days.
    pub grace_ms: i64,
    /// How long a day is kept. None: for ever.
    pub keep_ms: Option<i64>,
    /// By how many per cent a table's rows may differ from the usual before it is told. None: never told. Default 50.
    pub swing_percent: Option<u32>,
    /// Whether whoever sends parts converts them too, at once: then there is no queue that they could be waiting in, and no attempt
    /// is counted. Default false.
    pub converts_itself: bool,
    /// Whether parts are sent too that were converted under another profile than today's. Default false.
    pub reconvert: bool,
    /// Whether a day beyond tomorrow is shown to nobody, because Athena's tables end there: then it is told, and is not the newest
    /// complete one. Default true.
    pub ends_tomorrow: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            quiet_ms: 60 * MINUTE_MS,
            deadline_ms: 6 * HOUR_MS,
            expected: None,
            union: false,
            send_after_ms: 10 * MINUTE_MS,
            sends_max: 5,
            grace_ms: 7 * DAY_MS,
            keep_ms: None,
            swing_percent: Some(50),
            converts_itself: false,
            reconvert: false,
            ends_tomorrow: true,
        }
    }
}
