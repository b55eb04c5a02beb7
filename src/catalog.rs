//! The catalog: the declared columns and types of each known table, compiled in and extended by a user's file.

/// One declared table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {}
