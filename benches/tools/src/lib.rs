//! Tables for the benchmark, shaped like HubSpot's export: sizes, cardinalities, quoting and line breaks as they come there.

pub mod csv;
pub mod random;
pub mod tables;
pub mod values;
