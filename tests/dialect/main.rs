//! Dialects: what may be declared, and what the general splitter reads under it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod declared;
mod general;
