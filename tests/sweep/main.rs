//! Sweeps over a real S3 protocol: from parts that landed to days that are whole.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod crashes;
mod damage;
mod lake;
mod rebuild;
mod scenes;
#[path = "../support/mod.rs"]
mod support;
