//! What the functions do: an event in, parts converted, an answer out.
//!
//! The core converts plain readers into plain writers on a thread that may block; everything that waits for the network is
//! a task. This module joins them, and decides what every failure means.

mod attempt;
pub mod convert_part;
mod error;
pub mod handler;
mod line;
pub mod outcome;
pub mod source;
pub mod sweep;
pub mod sweep_handler;
pub mod upload;

pub use error::{PartError, RecordError};

#[cfg(all(test, feature = "cli"))]
mod tests;
