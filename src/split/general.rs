//! The splitter for any declared dialect.
