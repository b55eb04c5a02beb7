//! What a server was asked: the latest requests one by one, and how many of each operation there were.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::operation::{Call, Operation};

/// The log keeps this many requests, the latest.
pub const LOG_MAX: usize = 65_536;

/// A request that was answered, or was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What was asked.
    pub call: Call,
    /// The status that went out; none if the connection was closed instead.
    pub status: Option<u16>,
}

/// Requests since it was emptied last.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    latest: VecDeque<Exchange>,
    /// Of all of them, those that are not among the latest any more too.
    counts: BTreeMap<Operation, usize>,
}

impl Log {
    pub(super) fn push(&self, call: Call, status: Option<u16>) {
        let mut entries = self.entries();
        *entries.counts.entry(call.operation).or_default() += 1;
        if entries.latest.len() == LOG_MAX {
            entries.latest.pop_front();
        }
        entries.latest.push_back(Exchange { call, status });
    }

    pub(super) fn latest(&self) -> Vec<Exchange> {
        self.entries().latest.iter().cloned().collect()
    }

    pub(super) fn count(&self, operation: Operation) -> usize {
        self.entries().counts.get(&operation).copied().unwrap_or_default()
    }

    pub(super) fn counts(&self) -> BTreeMap<Operation, usize> {
        self.entries().counts.clone()
    }

    pub(super) fn clear(&self) {
        *self.entries() = Entries::default();
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_on_where_the_log_is_full() {
        let log = Log::default();
        let call = |operation| Call {
            operation,
            bucket: "b".to_owned(),
            key: String::new(),
        };
        log.push(call(Operation::PutObject), Some(200));
        for _ in 0..LOG_MAX {
            log.push(call(Operation::GetObject), Some(200));
        }
        assert_eq!(log.latest().len(), LOG_MAX);
        assert_eq!(log.latest()[0].call.operation, Operation::GetObject);
        let all = BTreeMap::from([(Operation::GetObject, LOG_MAX), (Operation::PutObject, 1)]);
        assert_eq!(log.counts(), all);
        assert_eq!(log.count(Operation::PutObject), 1);
        log.clear();
        assert_eq!(log.count(Operation::GetObject), 0);
        assert!(log.counts().is_empty());
    }
}
