//! Daymark turns the gzipped CSV parts that HubSpot syncs into S3 into Parquet that Athena can query.
//!
//! Data flows one way: notice → key → bytes → records → columns → Parquet → object.
//! `ARCHITECTURE.md` is the map, with the invariants; `SEMANTICS.md` says what is promised to users.
#![deny(missing_docs)]

// Core: bytes in, Parquet out. No AWS, no async, no clock, no environment.
pub mod catalog;
pub mod cells;
pub mod columns;
pub mod convert;
pub mod detect;
pub mod dialect;
pub mod encode;
pub mod encoding;
pub mod evidence;
pub mod footer;
pub mod inflate;
pub mod limits;
pub mod names;
pub mod plan;
pub mod records;
pub mod rejects;
pub mod schema;
pub mod split;
pub mod types;

// Domain: what keys, notices and parts mean. Pure too.
pub mod athena;
pub mod day;
#[cfg(feature = "cli")]
pub mod doctor;
pub mod failure;
pub mod keys;
pub mod manifest;
pub mod notice;
pub mod part;
pub mod sweep;

// Shells: S3, the environment, the clock, the log.
pub mod app;
pub mod bus;
pub mod config;
pub mod glue;
pub mod queue;
pub mod refusal;
pub mod store;
pub mod telemetry;
mod timeouts;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod sample;
#[cfg(feature = "cli")]
pub mod server;
