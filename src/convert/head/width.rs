//! How many columns a part has: what is declared, what its first record says, and what that says as escaped.

use std::io::Read;

use super::{First, place_in};
use crate::convert::Plan;
use crate::detect::Layout;
use crate::evidence::{self, AsEscaped, Basis, OtherColumns, Readings};
use crate::records::Window;
use crate::schema;
use crate::split::standard::Reading;
use crate::split::{Fault, Step};

/// Records of which one has to have the declared number of fields.
const WIDTH_RECORDS: usize = 1_000;

/// A first record that has not as many fields as the part's columns are known to be, while the dialect is open: what it is
/// as escaped. None if nothing is expected of it, or it is as expected.
pub(super) fn first_as_escaped<R: Read>(
    layout: &Layout,
    window: &Window<R>,
    plan: &Plan,
    first: &First,
) -> Option<AsEscaped> {
    let readings = layout.readings.filter(|_| layout.decision.basis == Basis::Open)?;
    let expected = match (&plan.dialect.columns, plan.dialect.header, &plan.table) {
        (Some(columns), ..) => columns.len(),
        (None, None, Some(table)) if schema::is_header(&first.names, table) => return None,
        (None, None | Some(false), Some(table)) => table.columns.len(),
        _ => return None,
    };
    if first.fields == expected {
        return None;
    }
    let text = window.text().get(first.blank_bytes..).unwrap_or_default();
    Some(
        match AsEscaped::read(&readings.escaped, text, window.at_end(), expected) {
            AsEscaped::Fits(at) => AsEscaped::Fits(first.blank_bytes + at),
            other => other,
        },
    )
}

/// How many columns there are. It is what is declared, if the first record has another number of fields but one of those
/// behind it has that, in either dialect while it is open: then the first is a bad one among good ones, and rejected like any other.
pub(super) fn columns<R: Read>(layout: &Layout, window: &Window<R>, plan: &Plan, first: &First) -> usize {
    let found = first.fields;
    let declared = match (&plan.dialect.columns, plan.dialect.header, &plan.table) {
        (_, Some(true), _) => return found,
        (Some(columns), ..) => columns.len(),
        (None, Some(false), Some(table)) => table.columns.len(),
        _ => return found,
    };
    if found == 0 || found == declared {
        return found;
    }
    let text = window.text().get(first.blank_bytes..).unwrap_or_default();
    let at_end = window.at_end();
    let splitter = &layout.splitter;
    let looked = Looked::over(
        text,
        |rest| splitter.record_of(rest, at_end, 0, &mut Vec::new()),
        |_, found| found == declared,
    );
    let is_open = layout.decision.basis == Basis::Open;
    let is_declared = match layout.readings.filter(|_| is_open) {
        Some(readings) => looked.is_found_as_escaped(&readings, text, at_end, declared),
        None => looked == Looked::Found,
    };
    if is_declared { declared } else { found }
}

/// What came of the look for a certain record among the first ones of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    Found,
    /// It is not among the records in so many bytes.
    NotIn(usize),
    /// Nor in these, behind which one stands that does not end in the text.
    NotBeforeCut(usize),
    /// Nor in these, behind which stands what is no record.
    NotBefore(usize),
}

impl Looked {
    fn over(
        text: &[u8],
        read: impl Fn(&[u8]) -> (Result<Step, Fault>, usize),
        is_it: impl Fn(&[u8], usize) -> bool,
    ) -> Looked {
        let mut at = 0;
        for _ in 0..WIDTH_RECORDS {
            let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) else {
                break;
            };
            let (step, found) = read(rest);
            at += match step {
                Ok(Step::Record { .. }) if is_it(rest, found) => return Looked::Found,
                Ok(Step::Record { consumed } | Step::EmptyLine { consumed } | Step::Comment { consumed }) => {
                    consumed
                }
                Ok(Step::Incomplete) => return Looked::NotBeforeCut(at),
                Err(_) => return Looked::NotBefore(at),
            };
        }
        Looked::NotIn(at)
    }

    /// The same, of a look at a part as quoted, which nothing has shown to be: as escaped, there may be such a record. If it needs a
    /// backslash, it decides; and if the part cannot be quoted, that does.
    fn is_found_as_escaped(self, readings: &Readings, text: &[u8], at_end: bool, columns: usize) -> bool {
        let escaped = &readings.escaped;
        let (bytes, is_cut, cannot_be_quoted) = match self {
            Looked::Found => return true,
            Looked::NotIn(bytes) => (bytes, false, false),
            Looked::NotBeforeCut(bytes) => (bytes, true, false),
            Looked::NotBefore(bytes) => (bytes, false, true),
        };
        let as_quoted = text.get(..bytes).unwrap_or_default();
        if evidence::opens_in_quotes(readings, as_quoted) {
            // Such a field closes.
            return false;
        }
        // What keeps a record from its end may be a lone quote.
        let text = if is_cut || cannot_be_quoted {
            text
        } else {
            as_quoted
        };
        let at_end = at_end && (cannot_be_quoted || bytes == text.len());
        let looked = Looked::over(
            text,
            |rest| escaped.record_of(rest, at_end, 0, &mut Vec::new()),
            |rest, found| {
                let fits = || AsEscaped::read(escaped, rest, at_end, columns);
                found == columns && (cannot_be_quoted || matches!(fits(), AsEscaped::Fits(_)))
            },
        );
        looked == Looked::Found
    }
}

/// Whether a part that has no header has one column, as it is declared.
pub(super) fn is_one_column(plan: &Plan) -> bool {
    match (&plan.dialect.columns, &plan.table) {
        (Some(columns), _) => columns.len() == 1,
        (None, Some(table)) => table.columns.len() == 1,
        (None, None) => false,
    }
}

/// What a first record that gives the number of columns says as escaped, while the dialect is open.
pub(super) fn other_columns<R: Read>(
    layout: &Layout,
    window: &Window<R>,
    plan: &Plan,
    first: &First,
) -> Option<OtherColumns> {
    let readings = layout.readings.filter(|_| layout.decision.basis == Basis::Open)?;
    // A declared number is the same in both; and quotes tell the dialect.
    if plan.dialect.columns.is_some() || first.quoted_at.is_some() {
        return None;
    }
    let text = window.text().get(first.blank_bytes..)?;
    let place = |at: usize| place_in(window, layout, first.blank_bytes + at);
    OtherColumns::read(&readings, text, window.at_end(), first.consumed, place)
}

/// How many columns a first record gives as quoted, where the part is read as escaped, and not because that is declared.
pub(super) fn quoted_columns<R: Read>(layout: &Layout, window: &Window<R>, first: &First) -> Option<usize> {
    let decision = layout.decision;
    let is_escaped = decision.reading == Reading::Escaped && decision.basis != Basis::Declared;
    let quoted = layout.readings.filter(|_| is_escaped)?.quoted;
    let text = window.text().get(first.blank_bytes..)?;
    match quoted.record_of(text, window.at_end(), 0, &mut Vec::new()) {
        (Ok(Step::Record { .. }), columns) => Some(columns),
        _ => None,
    }
}
