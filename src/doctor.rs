//! What is right and wrong with an installation: findings, judged from plain data.
//!
//! Whoever asks AWS (`cli::doctor`) hands in what the answers said: attributes, configurations, the heads of listings.
//! Nothing here asks anything itself, so that every finding is a test without an account. `docs/doctor.md` has a section
//! for each [`Check`].

use std::fmt;

use serde::{Serialize, Serializer};

pub mod days;
pub mod functions;
pub mod landing;
pub mod merge;
pub mod notification;
pub mod policy;
pub mod probe;
pub mod queue;
pub mod rule;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, but not as well as it could, or it could not be looked at.
    Warning,
    /// Parts are lost, late or piling up, or will be.
    Fault,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Fault => "fault",
        })
    }
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The stack's own state.
    Stack,
    /// The settings: of both functions, and here.
    Settings,
    /// The bucket that parts land in.
    LandingBucket,
    /// The bucket that everything is written to.
    CuratedBucket,
    /// Whether uploads that were never completed go.
    Uploads,
    /// What the landing bucket tells the queue.
    Notification,
    /// Whether the queue lets it.
    QueuePolicy,
    /// The queue itself.
    Queue,
    /// How long the queue hides what is being worked on.
    Visibility,
    /// How often the queue tries, and where what failed goes.
    Redrive,
    /// What failed.
    DeadLetters,
    /// How long the first in the queue has waited.
    OldestMessage,
    /// The function that converts, and what wakes it.
    Converter,
    /// Whether the functions start, and may do what they have to.
    Probe,
    /// What wakes the function that looks after days.
    Schedule,
    /// What lies under the landing prefix.
    DayFolders,
    /// How old the last complete day is.
    LastCompleteDay,
    /// The days that are not complete.
    Days,
}

impl Check {
    /// All of them, in the order in which they are told.
    pub const ALL: [Check; 18] = [
        Check::Stack,
        Check::Settings,
        Check::LandingBucket,
        Check::CuratedBucket,
        Check::Uploads,
        Check::Notification,
        Check::QueuePolicy,
        Check::Queue,
        Check::Visibility,
        Check::Redrive,
        Check::DeadLetters,
        Check::OldestMessage,
        Check::Converter,
        Check::Probe,
        Check::Schedule,
        Check::DayFolders,
        Check::LastCompleteDay,
        Check::Days,
    ];

    /// Its name, for people, machines and `docs/doctor.md`.
    pub fn name(self) -> &'static str {
        match self {
            Check::Stack => "stack",
            Check::Settings => "settings",
            Check::LandingBucket => "landing-bucket",
            Check::CuratedBucket => "curated-bucket",
            Check::Uploads => "uploads",
            Check::Notification => "notification",
            Check::QueuePolicy => "queue-policy",
            Check::Queue => "queue",
            Check::Visibility => "visibility",
            Check::Redrive => "redrive",
            Check::DeadLetters => "dead-letters",
            Check::OldestMessage => "oldest-message",
            Check::Converter => "converter",
            Check::Probe => "probe",
            Check::Schedule => "schedule",
            Check::DayFolders => "day-folders",
            Check::LastCompleteDay => "last-complete-day",
            Check::Days => "days",
        }
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where.
    pub check: Check,
    /// How bad it is.
    pub level: Level,
    /// What was found and, where it is not as it should be, what was expected.
    pub found: String,
    /// The command that mends it, or says more.
    pub mend: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(check: Check, found: impl Into<String>) -> Self {
        Finding::new(check, Level::Ok, found)
    }

    /// Not as good as it could be, or unknown.
    pub fn warning(check: Check, found: impl Into<String>) -> Self {
        Finding::new(check, Level::Warning, found)
    }

    /// Wrong.
    pub fn fault(check: Check, found: impl Into<String>) -> Self {
        Finding::new(check, Level::Fault, found)
    }

    fn new(check: Check, level: Level, found: impl Into<String>) -> Self {
        Finding {
            check,
            level,
            found: found.into(),
            mend: None,
        }
    }

    /// With the command that mends it.
    #[must_use]
    pub fn mend(mut self, command: impl Into<String>) -> Self {
        self.mend = Some(command.into());
        self
    }
}

/// What a request about a thing came to, where it did not answer with the thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// 403. Never "not there": who may not look does not know.
    Denied(String),
    /// 404, or the service's word for it.
    Absent(String),
    /// Anything else: no answer, or a refusal.
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Denied(detail) => write!(f, "not allowed: {detail}"),
            Failure::Absent(detail) => write!(f, "not there: {detail}"),
            Failure::Other(detail) => f.write_str(detail),
        }
    }
}

impl Failure {
    /// The finding that it is.
    pub fn finding(&self, check: Check, what: &str) -> Finding {
        match self {
            Failure::Denied(detail) => Finding::fault(
                check,
                format!(
                    "{what}: not allowed, which is a fault of configuration and says nothing of whether it is there: {detail}"
                ),
            ),
            Failure::Absent(detail) => Finding::fault(
                check,
                format!("{what}: expected it to be there, found none: {detail}"),
            ),
            Failure::Other(detail) => Finding::fault(check, format!("{what}: no usable answer: {detail}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_never_told_as_absence() {
        let denied = Failure::Denied("AccessDenied".to_owned()).finding(Check::Queue, "queue q");
        assert_eq!(denied.level, Level::Fault);
        assert!(
            denied.found.contains("not allowed") && !denied.found.contains("found none"),
            "{denied:?}"
        );
        let absent = Failure::Absent("404".to_owned()).finding(Check::Queue, "queue q");
        assert!(absent.found.contains("found none"), "{absent:?}");
    }

    #[test]
    fn every_check_has_its_section_in_the_docs() {
        let docs = include_str!("../docs/doctor.md");
        let sections: Vec<&str> = docs
            .lines()
            .filter_map(|line| line.strip_prefix("### "))
            .collect();
        let names: Vec<&str> = Check::ALL.iter().map(|check| check.name()).collect();
        assert_eq!(sections, names);
    }

    #[test]
    fn every_check_has_a_name_of_its_own_and_is_told_in_order() {
        let mut names: Vec<&str> = Check::ALL.iter().map(|check| check.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Check::ALL.len());
        assert!(Check::ALL.is_sorted());
        assert!(Level::Fault > Level::Warning && Level::Warning > Level::Ok);
    }
}
