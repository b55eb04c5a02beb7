//! A view as the Glue catalog holds it: Athena's own encoding, which is Trino's.
//!
//! `ViewOriginalText` is a comment around base64 around JSON, in which columns have Trino's types; the storage descriptor
//! beside it has the same columns with Hive's types. Trino compares the JSON's types with those that the statement gives
//! and calls a view stale where they differ.

use serde::Serialize;

use super::View;

/// The catalog that Glue's tables are in, by Athena's name.
pub const CATALOG: &str = "awsdatacatalog";
/// `TableType` of a view.
pub const TABLE_TYPE: &str = "VIRTUAL_VIEW";
/// `ViewExpandedText` of every view.
pub const EXPANDED_TEXT: &str = "/* Presto View */";
/// The parameter that marks a view, with the value `true`.
pub const PARAMETER: &str = "presto_view";
/// What a view's parameter `comment` has to be, and its `Description` in Glue (which Trino puts in the parameter's place):
/// with any other, Trino says that there is no such view. What a view is for, for people, stands inside its JSON.
pub const COMMENT: &str = "Presto View";
/// Bytes of `ViewOriginalText` at most, as Glue's API has it.
pub const ORIGINAL_TEXT_BYTES_MAX: usize = 409_600;
/// Bytes of a statement at most, as Athena has it; creating a view by hand is one.
pub const STATEMENT_BYTES_MAX: usize = 262_144;

const OPENING: &str = "/* Presto View: ";
const CLOSING: &str = " */";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Encoded<'v> {
    original_sql: &'v str,
    catalog: &'v str,
    schema: &'v str,
    columns: Vec<EncodedColumn<'v>>,
    comment: &'v str,
    /// Trino refuses a view that has neither this nor an owner.
    run_as_invoker: bool,
}

#[derive(Serialize)]
struct EncodedColumn<'v> {
    name: &'v str,
    r#type: String,
}

/// `ViewOriginalText` of a view in a schema (Glue's database).
pub fn original_text(view: &View, schema: &str) -> String {
    let columns = view.columns.iter().map(|column| EncodedColumn {
        name: &column.name,
        r#type: trino_type(&column.hive_type),
    });
    let encoded = Encoded {
        original_sql: &view.sql,
        catalog: CATALOG,
        schema,
        columns: columns.collect(),
        comment: &view.comment,
        run_as_invoker: true,
    };
    // Texts and a flag: JSON takes them all.
    let json = serde_json::to_vec(&encoded).unwrap_or_default();
    format!(
        "{OPENING}{}{CLOSING}",
        base64_simd::STANDARD.encode_to_string(json)
    )
}

/// What a `ViewOriginalText` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The statement.
    pub sql: String,
    /// Each column with its name and Trino's type.
    pub columns: Vec<(String, String)>,
    /// What the view is, for people; empty if it says nothing.
    pub comment: String,
}

/// Reads a `ViewOriginalText`; None if it is not one.
pub fn decode(original_text: &str) -> Option<Decoded> {
    let inner = original_text.strip_prefix(OPENING)?.strip_suffix(CLOSING)?;
    let json = base64_simd::STANDARD.decode_to_vec(inner.trim()).ok()?;
    let json: serde_json::Value = serde_json::from_slice(&json).ok()?;
    let columns = json.get("columns")?.as_array()?.iter().map(|column| {
        let text = |member: &str| column.get(member)?.as_str().map(str::to_owned);
        Some((text("name")?, text("type")?))
    });
    let comment = json.get("comment").and_then(|comment| comment.as_str());
    Some(Decoded {
        sql: json.get("originalSql")?.as_str()?.to_owned(),
        columns: columns.collect::<Option<_>>()?,
        comment: comment.unwrap_or_default().to_owned(),
    })
}

/// Trino's name of a Hive type.
pub fn trino_type(hive: &str) -> String {
    match hive {
        "string" => "varchar",
        "int" => "integer",
        "float" => "real",
        "binary" => "varbinary",
        // Athena reads Hive's timestamp in milliseconds.
        "timestamp" => "timestamp(3)",
        same => same,
    }
    .to_owned()
}

/// What a column with its expression takes of [`ORIGINAL_TEXT_BYTES_MAX`], before base64.
pub(super) fn json_bytes(expression: &str, name: &str, hive_type: &str) -> usize {
    let escaped = expression
        .bytes()
        .filter(|byte| matches!(byte, b'"' | b'\\'))
        .count();
    let entry = r#"{"name":"","type":""},"#.len() + name.len() + trino_type(hive_type).len();
    expression.len() + escaped + entry
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::athena::Column;

    fn column(name: &str, hive_type: &str) -> Column {
        Column {
            name: name.to_owned(),
            hive_type: hive_type.to_owned(),
            comment: String::new(),
        }
    }

    #[test]
    fn a_view_is_read_back() {
        let view = View {
            name: "v".to_owned(),
            sql: "SELECT 'ü\"\\' AS a, x FROM t".to_owned(),
            columns: vec![column("a", "string"), column("x", "timestamp")],
            comment: "For people".to_owned(),
        };
        let text = original_text(&view, "hubspot");
        let json = text.strip_prefix("/* Presto View: ").unwrap();
        let json = json.strip_suffix(" */").unwrap();
        let json = base64_simd::STANDARD.decode_to_vec(json).unwrap();
        assert_eq!(
            String::from_utf8(json).unwrap(),
            concat!(
                r#"{"originalSql":"SELECT 'ü\"\\' AS a, x FROM t","catalog":"awsdatacatalog","schema":"hubspot","#,
                r#""columns":[{"name":"a","type":"varchar"},{"name":"x","type":"timestamp(3)"}],"comment":"For people","runAsInvoker":true}"#
            )
        );
        let columns = [("a", "varchar"), ("x", "timestamp(3)")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let decoded = Decoded {
            sql: view.sql,
            columns: columns.to_vec(),
            comment: view.comment,
        };
        assert_eq!(decode(&text), Some(decoded));
        assert_eq!(decode("/* Presto View */"), None);
        assert_eq!(decode("SELECT 1"), None);
    }

    #[test]
    fn types_by_their_name_in_trino() {
        for (hive, trino) in [
            ("string", "varchar"),
            ("bigint", "bigint"),
            ("double", "double"),
            ("boolean", "boolean"),
            ("date", "date"),
            ("timestamp", "timestamp(3)"),
            ("decimal(38,9)", "decimal(38,9)"),
            ("int", "integer"),
        ] {
            assert_eq!(trino_type(hive), trino);
        }
    }
}
