//! What a declaration must not say: settings that would make a text ambiguous.

use super::{Declared, DialectError, Newline};
use crate::limits::Limits;

/// Every fault of `declared`.
pub(super) fn check(declared: &Declared) -> Result<(), DialectError> {
    let mut faults = Vec::new();
    let mut fault = |holds: bool, what: &str| {
        if holds {
            faults.push(what.to_owned());
        }
    };

    let is_line_break = |char: char| matches!(char, '\n' | '\r');
    let newline = match &declared.newline {
        Some(Newline::Exactly(text)) => Some(text.as_str()),
        _ => None,
    };
    let breaks_line = |text: &str| match newline {
        None => text.contains(is_line_break),
        Some("") => false,
        Some(newline) => text.contains(newline) || newline.contains(text),
    };
    fault(newline == Some(""), "\"newline\" of nothing ends no record");

    let marks = marks(declared);
    for (name, char) in marks.iter().copied() {
        fault(is_line_break(char), &format!("{name:?} is part of a line end"));
        let fault_text =
            format!("\"newline\" contains the {name} ({char}): declare another line end, or another {name}");
        let holds = !is_line_break(char) && newline.is_some_and(|newline| newline.contains(char));
        fault(holds, &fault_text);
    }
    fault(
        declared.kind.is_some() && (declared.quote.is_some() || declared.escape.is_some()),
        "\"kind\" stands for \"quote\" and \"escape\": declare it or them",
    );

    if let Some(delimiter) = declared.delimiter.as_deref() {
        fault(
            delimiter.is_empty(),
            "\"delimiter\" is empty, expected one or more characters",
        );
        fault(
            !delimiter.is_empty() && breaks_line(delimiter),
            "\"delimiter\" and line end contain each other",
        );
        for (name, char) in marks.iter().copied() {
            let fault_text = format!(
                "\"delimiter\" contains the {name} ({char}): declare another delimiter, or another {name}"
            );
            fault(delimiter.contains(char), &fault_text);
        }
    }

    if let Some(comment) = declared.comment() {
        fault(
            breaks_line(comment),
            "\"comment\" and line end contain each other",
        );
        for (name, char) in marks.iter().copied() {
            fault(
                comment.starts_with(char),
                &format!("\"comment\" starts with the {name}"),
            );
        }
        let delimiter = declared
            .delimiter
            .as_deref()
            .filter(|delimiter| !delimiter.is_empty());
        let holds = delimiter
            .is_some_and(|delimiter| comment.starts_with(delimiter) || delimiter.starts_with(comment));
        fault(holds, "\"comment\" and \"delimiter\" start with each other");
    }

    let no_columns = declared.columns.as_ref().is_some_and(Vec::is_empty);
    fault(
        no_columns,
        "\"columns\" is an empty list, expected one or more names",
    );

    let name_bytes_max = Limits::default().name_bytes_max;
    for (number, name) in (1..).zip(declared.columns.iter().flatten()) {
        if name.len() > name_bytes_max {
            let found = name.len();
            faults.push(format!(
                "name {number} of \"columns\" has {found} bytes, expected at most {name_bytes_max}"
            ));
        }
        if name.contains('\0') {
            faults.push(format!(
                "name {number} of \"columns\" holds U+0000, which no name does"
            ));
        }
    }

    if faults.is_empty() {
        Ok(())
    } else {
        Err(DialectError(faults))
    }
}

/// Quote and escape as they will be, once if they are the same. While they are to be detected, those of both
/// first-class dialects count.
fn marks(declared: &Declared) -> Vec<(&'static str, char)> {
    let (quote, escape) = match declared.quoting() {
        Some(quoting) => (quoting.quote, quoting.escape),
        None => (Some('"'), Some('\\')),
    };
    let escape = if escape == quote { None } else { escape };
    let quote = quote.map(|char| ("quote", char));
    let escape = escape.map(|char| ("escape", char));
    [quote, escape].into_iter().flatten().collect()
}
