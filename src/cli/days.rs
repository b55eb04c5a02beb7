//! Commands about days: where they stand, what they lack, and what can be done about it.
//!
//! All of them work on buckets in the cloud and on a local folder alike: a folder is served by the embedded S3 server,
//! and the rest is the code of the functions. `place` says where, for every command; `stack` asks CloudFormation.

pub(super) mod backfill;
pub(super) mod calendar;
pub(super) mod catalog;
pub(super) mod duckdb;
pub(super) mod forget;
mod page;
pub(super) mod place;
pub(super) mod rejects;
pub(super) mod replay;
mod span;
pub(super) mod stack;
pub(super) mod status;
pub(super) mod verify;
pub(super) mod view;

use std::future::Future;

/// Runs a command that waits for S3.
pub(super) fn block<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(command)
}
