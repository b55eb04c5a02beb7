//! What is decided of a day.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::compare::{self, CURE};
use super::seen::TableSeen;
use crate::part::PartId;

/// Where a day stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Parts are not there yet, or something changed a moment ago.
    Open,
    /// Every current source part has its output, and nothing has changed for a while.
    Complete,
    /// Parts came or were replaced after completion. The last complete revision stays published.
    Reopened,
    /// Somebody has to do something. The last complete revision stays published.
    Blocked,
    /// The sources are gone, and with them the manifests: published as the footers have it.
    Archived,
    /// Unpublished, because somebody asked for it or because it is too old.
    Forgotten,
}

impl State {
    /// Whether a revision of this state puts its files into the publication.
    pub fn publishes(self) -> bool {
        matches!(self, State::Complete | State::Archived)
    }

    /// Whether more is to come, of parts or of somebody's help.
    pub fn is_under_way(self) -> bool {
        matches!(self, State::Open | State::Reopened | State::Blocked)
    }

    /// As the manifest has it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Complete => "complete",
            State::Reopened => "reopened",
            State::Blocked => "blocked",
            State::Archived => "archived",
            State::Forgotten => "forgotten",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is told when a day changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A complete revision was published.
    Complete,
    /// Parts came or were replaced after completion.
    Reopened,
    /// Somebody has to do something.
    Blocked,
    /// The day passed its deadline and was never complete.
    Late,
}

impl Event {
    /// EventBridge's detail-type.
    pub fn detail_type(self) -> &'static str {
        match self {
            Event::Complete => "Day Complete",
            Event::Reopened => "Day Reopened",
            Event::Blocked => "Day Blocked",
            Event::Late => "Day Late",
        }
    }
}

/// Why a day is not complete, or what is odd about one that is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// A word for programs; SEMANTICS.md lists them.
    pub code: String,
    /// What it is about, where, what was expected and found; without cell values.
    pub message: String,
    /// The table, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

impl Remark {
    /// About one table.
    pub fn of_table(code: &str, table: &str, message: String) -> Self {
        Remark {
            code: code.to_owned(),
            message,
            table: Some(table.to_owned()),
        }
    }

    /// About the day.
    pub fn of_day(code: &str, message: String) -> Self {
        Remark {
            code: code.to_owned(),
            message,
            table: None,
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(table) = &self.table {
            write!(f, "{table}: ")?;
        }
        f.write_str(&self.message)?;
        // Not in the message: advice that is put better would be another reason, and a revision of each day that is held.
        match compare::is_of_catalog(self) {
            true => f.write_str(CURE),
            false => Ok(()),
        }
    }
}

/// A part of a day, by its places in [`TableSeen`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Which of the outputs stands for it.
    pub output: usize,
    /// Which of the sources it is. None: the source is gone, the output is its archive.
    pub source: Option<usize>,
}

/// One table's share in a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The folders that count.
    pub folders: Vec<Arc<str>>,
    /// What is there, by stem.
    pub parts: Vec<Chosen>,
    /// Sources without an output, by stem.
    pub missing: Vec<usize>,
    /// Outputs that stand for nothing.
    pub others: Vec<usize>,
    /// Those of them whose sources are gone from a folder that has newer parts, and of which no revision tells whether they
    /// were published: nobody may delete them.
    pub unproven: Vec<usize>,
    /// Outputs that another one of the same id counts for.
    pub copies: Vec<usize>,
    /// Outputs whose footers cannot be believed, or that are not where their source belongs, and why.
    pub damaged: Vec<(usize, String)>,
    /// What is odd about it.
    pub warnings: Vec<Remark>,
}

impl Choice {
    /// The ids of what is there.
    pub fn ids<'s>(&self, seen: &'s TableSeen) -> impl Iterator<Item = &'s PartId> {
        self.parts
            .iter()
            .filter_map(|part| seen.outputs.get(part.output))
            .map(|output| &output.id)
    }
}

/// A part that is sent to the queue again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resend {
    /// Table.
    pub table: String,
    /// Which of the table's sources.
    pub source: usize,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}

/// An output, or a failure record, that nobody needs any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retire {
    /// Table.
    pub table: String,
    /// What its source is called.
    pub stem: String,
    /// Its id.
    pub id: PartId,
}

/// An output that contradicts another one, or what is published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Table.
    pub table: String,
    /// Which of the table's outputs.
    pub output: usize,
}

/// What is decided of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Where it stands.
    pub state: State,
    /// Whether it passed its deadline and was never complete.
    pub late: bool,
    /// Why it is not complete.
    pub reasons: Vec<Remark>,
    /// What is odd about it, from its own parts alone.
    pub warnings: Vec<Remark>,
    /// What is odd about it beside the days before it.
    pub comparisons: Vec<Remark>,
    /// By table.
    pub tables: BTreeMap<String, Choice>,
    /// Whether a new revision is due.
    pub revise: bool,
    /// What is told with it, in this order.
    pub events: Vec<Event>,
    /// What to send again.
    pub send: Vec<Resend>,
    /// What to delete.
    pub retire: Vec<Retire>,
    /// Outputs that hold the day: they contradict each other, or what is published.
    pub held: Vec<Held>,
    /// Outputs that left the publication, and since when; milliseconds since 1970 UTC. What the last complete revision
    /// names has not left while that one stays published.
    pub left: BTreeMap<PartId, i64>,
    /// The day's first part, milliseconds since 1970 UTC.
    pub first_ms: Option<i64>,
    /// The day's last change, milliseconds since 1970 UTC.
    pub changed_ms: Option<i64>,
}
