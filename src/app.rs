//! What the functions do: an event in, a part converted, an answer out.
//!
//! The core converts plain readers into plain writers on a thread that may block; everything that waits for the network is
//! a task. This module joins them, and decides what every failure means.

pub mod source;
pub mod upload;
