//! Views from definitions.
