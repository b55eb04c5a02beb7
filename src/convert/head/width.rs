//! How many columns a part has: what is declared, what its first record says, and what that says as escaped.

use std::io::Read;

use super::{First, place_in};
use crate::convert::Plan;
use crate::detect::Layout;
use crate::evidence::{AsEscaped, Basis, OtherColumns};
use crate::records::Window;
use crate::schema;
use crate::split::Step;

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
/// behind it has that: then the first is a bad one among good ones, and rejected like any other.
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
    let mut at = first.blank_bytes;
    for _ in 0..WIDTH_RECORDS {
        let text = window.text().get(at..).unwrap_or_default();
        let (step, found) = layout
            .splitter
            .record_of(text, window.at_end(), 0, &mut Vec::new());
        at += match step {
            Ok(Step::Record { .. }) if found == declared => return declared,
            Ok(Step::Record { consumed } | Step::EmptyLine { consumed } | Step::Comment { consumed })
                if consumed > 0 =>
            {
                consumed
            }
            _ => break,
        };
    }
    found
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
