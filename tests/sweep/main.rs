//! Sweeps over a real S3 protocol, with the server's clock held: from parts that landed to days that are whole, through
//! whatever goes wrong on the way.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod ahead;
mod batch;
mod copies;
mod crashes;
mod damage;
mod days;
mod held;
mod histories;
mod kept;
mod lake;
mod layouts;
mod newer;
mod overtaken;
mod replaced;
mod retention;
mod revisions;
mod sent;
mod stopped;
#[path = "../support/mod.rs"]
mod support;
mod told;
