//! What Athena sees of an account: tables over the published days, and views made from the account's own definitions.
//!
//! Pure: what to write into the Glue catalog follows from Daymark's catalog, the footers' schemas and the definition
//! tables of the newest complete day. The manifest function writes it; `daymark ddl` and `daymark duckdb` print it.

pub mod comment;
pub mod definitions;
#[cfg(feature = "cli")]
pub mod duckdb;
pub mod presto;
pub mod tables;
pub mod views;

/// A column as the Glue catalog names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Lower case, unique in its table.
    pub name: String,
    /// Hive's name of the type (`string`, `bigint`, `timestamp`, `decimal(38,9)`, …), in Glue's storage descriptor.
    pub hive_type: String,
    /// Meaning, source name and mark; at most 255 characters, as Glue allows.
    pub comment: String,
}

/// A view, ready to be created: its statement names its schema's tables without the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Lower case: `objects_contacts`, `associations_contacts_to_deals`, `events_page_view`, …
    pub name: String,
    /// What Athena runs (`SELECT …`), in Trino's SQL.
    pub sql: String,
    /// The result's columns, in order.
    pub columns: Vec<Column>,
    /// What the view is and what it leaves out.
    pub comment: String,
}
