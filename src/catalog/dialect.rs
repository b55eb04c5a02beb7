//! What can be declared of a file's dialect: in a catalog's table, or as a whole in a file of its own.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// What is declared of a dialect; what is None is detected. The same names in TOML (a catalog's `dialect`) and in JSON (the
/// command line's `--dialect`). Unknown keys are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DialectSettings {
    /// One of the two dialects that a Snowflake unload can have. Not together with `quote` and `escape`, which it decides.
    pub kind: Option<DialectKind>,
    /// What stands between fields: one or more characters.
    pub delimiter: Option<String>,
    /// The quote, or empty for none.
    pub quote: Option<String>,
    /// The escape: equal to the quote for doubled quotes, empty for none, another one acts inside quotes, or everywhere where
    /// there is no quote.
    pub escape: Option<String>,
    /// Whether the first record is a header.
    pub header: Option<bool>,
    /// Lines to skip at the start, as the file has them.
    pub skip_rows: Option<u32>,
    /// Encoding, by a label of the WHATWG encoding standard. Whether there is such a label is seen when it is used.
    pub encoding: Option<String>,
    /// What ends a line, or empty for LF, CRLF and CR alike.
    pub newline: Option<String>,
    /// Texts that are NULL when they are a whole bare field; an empty list for none.
    pub null_values: Option<Vec<String>>,
    /// Names of the columns, in the order of the file.
    pub columns: Option<Vec<String>>,
    /// What a comment line begins with, or empty for no comments.
    pub comment: Option<String>,
    /// Whether a NULL token inside quotes is NULL too.
    pub quoted_null: Option<bool>,
}

/// The two dialects that are first class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DialectKind {
    /// RFC 4180: quotes, doubled inside; a backslash is data.
    Quoted,
    /// No quotes; a backslash escapes delimiter, line break and backslash.
    Escaped,
}

impl DialectSettings {
    /// What cannot be meant, if anything: one sentence each.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, message: &str| {
            if wrong {
                faults.push(message.to_owned());
            }
        };
        let line_break =
            |text: &Option<String>| text.as_deref().is_some_and(|text| text.contains(['\r', '\n']));
        let long = |text: &Option<String>| text.as_deref().is_some_and(|text| text.chars().nth(1).is_some());

        fault(
            self.delimiter.as_deref() == Some(""),
            "delimiter: expected at least one character, found none",
        );
        fault(
            line_break(&self.delimiter),
            "delimiter: a line break ends a record and cannot separate fields",
        );
        fault(
            long(&self.quote),
            "quote: expected one character or none, found more",
        );
        fault(
            line_break(&self.quote),
            "quote: a line break ends a record and cannot be a quote",
        );
        fault(
            long(&self.escape),
            "escape: expected one character or none, found more",
        );
        fault(
            line_break(&self.escape),
            "escape: a line break ends a record and cannot be an escape",
        );
        let quote = self.quote.as_deref().filter(|quote| !quote.is_empty());
        let escape = self.escape.as_deref().filter(|escape| !escape.is_empty());
        fault(
            quote.is_some() && self.delimiter.as_deref() == quote,
            "quote: the same as the delimiter",
        );
        fault(
            escape.is_some() && self.delimiter.as_deref() == escape,
            "escape: the same as the delimiter",
        );
        fault(
            self.kind.is_some() && (self.quote.is_some() || self.escape.is_some()),
            "kind: decides quote and escape, so it cannot stand beside them",
        );
        fault(
            self.newline
                .as_deref()
                .is_some_and(|newline| !["", "\n", "\r\n", "\r"].contains(&newline)),
            r#"newline: expected "\n", "\r\n", "\r" or "" for all three, found something else"#,
        );
        fault(
            self.encoding.as_deref() == Some(""),
            "encoding: expected a label such as utf-8, found none",
        );
        fault(
            line_break(&self.comment),
            "comment: a comment is one line and cannot begin with a line break",
        );
        if let Some(columns) = &self.columns {
            fault(
                columns.is_empty(),
                "columns: expected at least one name, found none",
            );
            fault(columns.iter().any(String::is_empty), "columns: a name is empty");
            let distinct: HashSet<_> = columns.iter().collect();
            fault(distinct.len() < columns.len(), "columns: a name is there twice");
        }
        faults
    }

    /// These settings where they say something, else the others.
    pub fn or(self, other: DialectSettings) -> DialectSettings {
        // A kind replaces quote and escape, and they replace a kind.
        let other = match (self.kind, &self.quote, &self.escape) {
            (Some(_), _, _) => DialectSettings {
                quote: None,
                escape: None,
                ..other
            },
            (None, None, None) => other,
            _ => DialectSettings { kind: None, ..other },
        };
        DialectSettings {
            kind: self.kind.or(other.kind),
            delimiter: self.delimiter.or(other.delimiter),
            quote: self.quote.or(other.quote),
            escape: self.escape.or(other.escape),
            header: self.header.or(other.header),
            skip_rows: self.skip_rows.or(other.skip_rows),
            encoding: self.encoding.or(other.encoding),
            newline: self.newline.or(other.newline),
            null_values: self.null_values.or(other.null_values),
            columns: self.columns.or(other.columns),
            comment: self.comment.or(other.comment),
            quoted_null: self.quoted_null.or(other.quoted_null),
        }
    }

    /// The settings as one text, for a profile.
    pub(super) fn canonical(&self) -> String {
        // Strings, numbers and booleans in a plain struct always have a JSON text.
        serde_json::to_string(self).unwrap_or_default()
    }
}
