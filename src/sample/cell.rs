//! Cells, and the two ways they are written: as CSV in a table's form, and as typed JSON for `truth/`.
//!
//! The `csv` crate cannot write NULL bare beside text in quotes, nor backslash escapes with `\N`; hence a writer of its own.

use super::calendar::{self, Spelling};
use super::table::{ColumnType, Dialect, Form, Null};

/// One cell.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// Text, or JSON as text.
    Text(&'a str),
    /// A whole number.
    Number(i64),
    /// True or false.
    Bool(bool),
    /// Milliseconds since 1970 UTC.
    Instant(i64),
    /// What does not fit the column's type: NULL in the lake, and a reject.
    Unfit(&'a str, Unfit),
}

impl<'a> Cell<'a> {
    /// Text, or NULL where there is none.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Cell::Null, Cell::Text)
    }
}

/// Why a cell does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// A whole number beyond 64 bits.
    Overflow,
    /// No whole number.
    NotAnInteger,
    /// A day that no calendar has.
    NoSuchDay,
    /// A time that no day has.
    NoSuchTime,
    /// No instant at all.
    NotAnInstant,
    /// Neither true nor false.
    NotABoolean,
}

impl Unfit {
    /// Its code in `truth/expected.json`, the same as in the rejects file.
    pub fn name(self) -> &'static str {
        match self {
            Unfit::Overflow => "out_of_range",
            Unfit::NotAnInteger => "not_an_integer",
            Unfit::NoSuchDay => "no_such_day",
            Unfit::NoSuchTime => "no_such_time",
            Unfit::NotAnInstant => "not_a_timestamp",
            Unfit::NotABoolean => "not_a_boolean",
        }
    }
}

/// What a part's text shows of its dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// A field in quotes.
    pub quotes: bool,
    /// A backslash before a delimiter or line break.
    pub escapes: bool,
    /// A doubled backslash.
    pub doubled: bool,
}

/// Writes a cell as CSV.
pub fn push_csv(out: &mut Vec<u8>, cell: &Cell<'_>, form: &Form, evidence: &mut Evidence) {
    match *cell {
        Cell::Null => {
            if form.null == Null::Token {
                out.extend_from_slice(b"\\N");
            }
        }
        Cell::Text(text) | Cell::Unfit(text, _) => push_text(out, text, form, evidence),
        Cell::Number(number) => push_number(out, number, form, evidence),
        Cell::Bool(yes) => {
            let quoted = form.dialect == Dialect::QuotedAll;
            push_plain(out, if yes { b"true" } else { b"false" }, quoted, evidence);
        }
        Cell::Instant(instant_ms) => {
            let quoted = matches!(form.dialect, Dialect::QuotedAll | Dialect::QuotedText);
            if quoted {
                out.push(b'"');
            }
            calendar::push_instant(out, instant_ms, form.spelling);
            if quoted {
                out.push(b'"');
                evidence.quotes = true;
            }
        }
    }
}

/// Writes a cell as JSON, as the lake must hold it.
pub fn push_json(out: &mut Vec<u8>, cell: &Cell<'_>) {
    match *cell {
        Cell::Null | Cell::Unfit(..) => out.extend_from_slice(b"null"),
        Cell::Text(text) => push_json_text(out, text),
        Cell::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Cell::Bool(yes) => out.extend_from_slice(if yes { b"true" } else { b"false" }),
        Cell::Instant(instant_ms) => {
            out.push(b'"');
            calendar::push_instant(out, instant_ms, Spelling::Iso);
            out.push(b'"');
        }
    }
}

/// Writes a JSON string.
pub fn push_json_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Whether a cell belongs in a column.
pub fn fits(cell: &Cell<'_>, column: ColumnType) -> bool {
    match cell {
        Cell::Null => true,
        Cell::Text(_) => matches!(column, ColumnType::Text | ColumnType::Json),
        Cell::Number(_) => column == ColumnType::Bigint,
        Cell::Bool(_) => column == ColumnType::Boolean,
        Cell::Instant(_) => column == ColumnType::Timestamp,
        Cell::Unfit(..) => !matches!(column, ColumnType::Text | ColumnType::Json),
    }
}

fn push_number(out: &mut Vec<u8>, number: i64, form: &Form, evidence: &mut Evidence) {
    push_plain(
        out,
        number.to_string().as_bytes(),
        form.dialect == Dialect::QuotedAll,
        evidence,
    );
}

fn push_plain(out: &mut Vec<u8>, text: &[u8], quoted: bool, evidence: &mut Evidence) {
    if quoted {
        evidence.quotes = true;
        out.push(b'"');
    }
    out.extend_from_slice(text);
    if quoted {
        out.push(b'"');
    }
}

fn push_text(out: &mut Vec<u8>, text: &str, form: &Form, evidence: &mut Evidence) {
    if form.dialect == Dialect::Escaped {
        return push_escaped(out, text, evidence);
    }
    let special = |byte| matches!(byte, b',' | b'"' | b'\r' | b'\n' | b'\\');
    let needs =
        || text.is_empty() || text.starts_with(' ') || text.ends_with(' ') || text.bytes().any(special);
    if form.dialect == Dialect::QuotedNeeded && !needs() {
        return out.extend_from_slice(text.as_bytes());
    }
    evidence.quotes = true;
    out.push(b'"');
    for &byte in text.as_bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, text: &str, evidence: &mut Evidence) {
    for &byte in text.as_bytes() {
        match byte {
            // A CR of its own would end the record for readers that take any line end.
            b',' | b'\n' | b'\r' => {
                evidence.escapes = true;
                out.push(b'\\');
            }
            b'\\' => {
                evidence.doubled = true;
                out.push(b'\\');
            }
            _ => {}
        }
        out.push(byte);
    }
}
