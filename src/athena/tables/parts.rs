//! The columns of `daymark_parts`, as [`manifest::ledger`](crate::manifest::ledger) writes them.

use super::Column;

const COLUMNS: [(&str, &str, &str); 17] = [
    ("table_name", "string", "The table that the part belongs to."),
    ("revision", "bigint", "The day's revision that published it."),
    (
        "source_key",
        "string",
        "Key of the CSV part in the landing bucket.",
    ),
    ("source_etag", "string", "Its ETag, without quotes."),
    ("source_bytes", "bigint", "Its bytes as stored."),
    ("source_last_modified", "timestamp", "When it landed, UTC."),
    ("source_sha256", "string", "SHA-256 of its bytes as stored, hex."),
    (
        "output_key",
        "string",
        "Key of its Parquet in the curated bucket.",
    ),
    ("output_etag", "string", "ETag of its Parquet, without quotes."),
    ("output_bytes", "bigint", "Bytes of its Parquet."),
    (
        "records_read",
        "bigint",
        "Records read: rows written and records rejected.",
    ),
    ("rows_written", "bigint", "Rows in its Parquet."),
    ("records_rejected", "bigint", "Records that were left out whole."),
    (
        "cells_rejected",
        "bigint",
        "Cells that are NULL because they do not fit their column's type.",
    ),
    ("dialect", "string", "quoted, escaped, undecided or declared."),
    (
        "profile",
        "string",
        "Fingerprint of the settings it was converted under.",
    ),
    ("schema_fingerprint", "string", "Fingerprint of its columns."),
];

/// The columns, in their order.
pub(super) fn columns() -> Vec<Column> {
    let column = |(name, hive_type, comment): (&str, &str, &str)| Column {
        name: name.to_owned(),
        hive_type: hive_type.to_owned(),
        comment: comment.to_owned(),
    };
    COLUMNS.map(column).into()
}
