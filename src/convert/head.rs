//! The start of a part: its layout, its header if it has one, and with them its columns.

mod width;

use std::io::Read;

use memchr::memchr2;

use self::width::{columns, first_as_escaped, is_one_column, other_columns, quoted_columns};
use crate::catalog::Table;
use crate::convert::bounds;
use crate::convert::error::Refusal;
use crate::convert::{ConvertError, Naming, Plan, Typing};
use crate::detect::{self, Layout};
use crate::dialect::Newline;
use crate::evidence::{self, AsEscaped, Basis, Decision, FirstSpans, OtherColumns};
use crate::records::{Block, Place, Window};
use crate::schema::{self, Schema, SchemaError};
use crate::split::index::Rows;
use crate::split::standard::Reading;
use crate::split::{Fault, FaultKind, Field, Step};

/// What the start of a part says.
pub(super) struct Head {
    pub layout: Layout,
    pub schema: Schema,
    /// Whether record 1 was the header; it is consumed.
    pub header: bool,
    /// Whether columns were taken by their positions in the catalog, so that the first records have to fit them.
    pub unproven: bool,
    /// What the record that gives the columns says as escaped, if that is something else.
    pub other_columns: Option<OtherColumns>,
    /// The number of columns that record gives as quoted, if the part is read as escaped.
    pub quoted_columns: Option<usize>,
    /// What the lines of that record are, if it has quotes that close in later ones.
    pub spans: Option<FirstSpans>,
    /// The first field of record 1 that has a line break in it, while another line end is declared: its position, from 1, and where the
    /// record stands.
    pub line_break_in: Option<(usize, Place)>,
    /// Whether that line end does not stand behind the record.
    pub is_unended: bool,
    /// Empty lines and comments before the first record, which are consumed.
    pub empty_lines: u64,
}

/// The first record, as text.
struct First {
    /// How many fields it has.
    fields: usize,
    /// The fields' text; not that of more fields than a part may have columns, which would be many times the record's bytes.
    names: Vec<String>,
    /// Position, from 1, of the first field that is not UTF-8.
    not_utf8: Option<usize>,
    /// Position, from 1, of the first field without quotes or escapes that has a line break in it.
    line_break_in: Option<usize>,
    /// Where the first quote of a quoted field stands that is none as escaped, from the record's start.
    quoted_at: Option<usize>,
    /// Bytes up to its end.
    consumed: usize,
    /// Bytes of empty lines before it that are not consumed, and how many they are: in a table of one column they are
    /// records.
    blank_bytes: usize,
    blank_lines: u64,
}

pub(super) fn read<R: Read>(
    window: &mut Window<R>,
    plan: &Plan,
    mut decision: Option<Decision>,
    fill: &mut dyn FnMut(&mut Window<R>) -> Result<(), ConvertError>,
) -> Result<Head, ConvertError> {
    let declared = &plan.dialect;
    let fits = |first: &mut dyn ExactSizeIterator<Item = String>| fits(plan, first);
    let detect = |window: &Window<R>, decision: Option<Decision>| {
        let (text, at_end) = (window.text(), window.at_end());
        detect::detect(text, at_end, declared, decision, plan.limits.columns_max, &fits)
    };
    let mut layout = detect(window, decision);
    let mut empty_lines = 0;
    let first = loop {
        if layout.is_cut && !window.at_end() && (!window.is_full() || window.grow(record_window_bytes(plan)))
        {
            fill(window)?;
            layout = detect(window, decision);
            continue;
        }
        let step = first(&layout, window, plan, &mut empty_lines);
        let as_escaped = match &step {
            Ok(Some(first)) => first_as_escaped(&layout, window, plan, first),
            _ => None,
        };
        match (step, as_escaped) {
            (Ok(_), Some(AsEscaped::Fits(at))) => {
                decision = Some(Decision {
                    reading: Reading::Escaped,
                    basis: Basis::Strong(place_in(window, &layout, at)),
                });
                layout = detect(window, decision);
            }
            (Ok(Some(first)), Some(AsEscaped::Cut))
                if window.is_full() && !window.can_grow(record_window_bytes(plan)) =>
            {
                break first;
            }
            (Ok(Some(first)), None | Some(AsEscaped::Not { .. })) => break first,
            (Ok(_), _) => {
                // It has room again where empty lines or comments were passed over.
                if window.is_full() && !window.grow(record_window_bytes(plan)) {
                    let (place, found) = (window.place(), window.text().len());
                    if layout.decision.basis == Basis::Open {
                        let again = Decision {
                            reading: Reading::Escaped,
                            basis: Basis::Overlong(place, found),
                        };
                        layout = detect(window, Some(again));
                        continue;
                    }
                    return Err(first_too_long(&layout, window, plan).into());
                }
                fill(window)?;
                layout = detect(window, decision);
            }
            (Err(fault), _) => {
                let place = place_in(window, &layout, fault.at);
                match unquotable(&layout, place, fault.kind) {
                    // A first record that cannot be quoted is read as an escaped one.
                    Some(again) => {
                        layout = detect(window, Some(again));
                    }
                    None => {
                        return Err(Refusal::Boundaries {
                            kind: fault.kind,
                            place,
                        }
                        .into());
                    }
                }
            }
        }
    };
    let columns = columns(&layout, window, plan, &first);
    if columns == 0 {
        return Err(Refusal::NoRecord.into());
    }
    let spans = first_spans(&layout, window, &first);
    let mut other = other_columns(&layout, window, plan, &first);
    while other.is_some_and(|other| other.is_cut) && !window.at_end() {
        if window.is_full() && !window.grow(record_window_bytes(plan)) {
            break;
        }
        fill(window)?;
        other = other_columns(&layout, window, plan, &first);
    }
    let mut blank_bytes = first.blank_bytes;
    let mut pass_over_blanks = |window: &mut Window<R>, layout: &Layout| {
        window.consume(blank_bytes, 0, layout.lines());
        empty_lines += if blank_bytes > 0 { first.blank_lines } else { 0 };
        blank_bytes = 0;
    };
    if columns != 1 {
        pass_over_blanks(window, &layout);
    }
    if columns > plan.limits.columns_max {
        let allowed = plan.limits.columns_max as u64;
        let place = window.place();
        return Err(Refusal::Limit {
            what: "the number of columns",
            allowed,
            found: columns as u64,
            place,
        }
        .into());
    }
    let place = match columns {
        1 => place_in(window, &layout, first.blank_bytes),
        _ => window.place(),
    };
    let (schema, header, unproven) = schema(plan, &first, columns, place)?;
    let (line_break_in, is_unended) = match &plan.dialect.newline {
        Some(Newline::Exactly(newline)) => {
            let text = window.text().get(first.blank_bytes..).unwrap_or_default();
            let (record, behind) = text.split_at_checked(first.consumed).unwrap_or((text, &[]));
            // CR alone, and what ends lines is CRLF.
            let is_cut = newline == "\r" && behind.first() == Some(&b'\n');
            let column = first.line_break_in.or(is_cut.then_some(first.fields));
            let line_break_in = column.map(|column| (column, place));
            (line_break_in, !record.ends_with(newline.as_bytes()))
        }
        _ => (None, false),
    };
    // Else the table, or a declaration, says how many there are, in either dialect.
    let other_columns = other.filter(|_| header || plan.table.is_none());
    let gives_columns = header || (plan.table.is_none() && plan.dialect.columns.is_none());
    let spans = spans.filter(|_| gives_columns);
    let quoted_columns = quoted_columns(&layout, window, &first).filter(|_| gives_columns);
    if header {
        if let Basis::Overlong(overlong, found) = layout.decision.basis
            && overlong.record == place.record
        {
            // Whether its quote closes later is not looked for, as it is for a record's.
            return Err(bounds::too_long(plan, overlong, found).into());
        }
        pass_over_blanks(window, &layout);
        if let Some(at) = first.quoted_at
            && layout.decision.basis == Basis::Open
        {
            // The header is a record: what stands in quotes in it decides as it does in any other.
            layout.decision.basis = Basis::Strong(place_in(window, &layout, at));
        }
        window.consume(first.consumed, 1, layout.lines());
    }
    Ok(Head {
        layout,
        schema,
        header,
        unproven,
        other_columns,
        quoted_columns,
        spans,
        line_break_in,
        is_unended,
        empty_lines,
    })
}

/// Bytes of a record with what tells that it ends, at most.
fn record_window_bytes(plan: &Plan) -> usize {
    plan.limits.record_bytes_max.saturating_add(1)
}

/// The refusal of a first record that does not end in the longest window; or of what is kept before it.
fn first_too_long<R: Read>(layout: &Layout, window: &Window<R>, plan: &Plan) -> Refusal {
    let (text, mut none) = (window.text(), Vec::new());
    match layout.splitter.record_of(text, false, 0, &mut none).0 {
        Ok(Step::EmptyLine { .. } | Step::Comment { .. }) => {
            bounds::too_long_before(plan, window.place(), text.len())
        }
        _ => bounds::too_long(plan, window.place(), text.len()),
    }
}

/// What the lines of the first record are, where it has quotes that close in later ones, while the dialect is open.
fn first_spans<R: Read>(layout: &Layout, window: &Window<R>, first: &First) -> Option<FirstSpans> {
    let readings = layout.readings.filter(|_| layout.decision.basis == Basis::Open)?;
    first.quoted_at?;
    let record = window.text().get(first.blank_bytes..)?.get(..first.consumed)?;
    FirstSpans::read(&readings, record, |at| {
        place_in(window, layout, first.blank_bytes + at)
    })
}

/// Reads the first record, if the window holds it, and consumes empty lines and comments before it; but not empty lines that
/// could be records.
fn first<R: Read>(
    layout: &Layout,
    window: &mut Window<R>,
    plan: &Plan,
    empty_lines: &mut u64,
) -> Result<Option<First>, Fault> {
    let keeps_blanks = match plan.dialect.header {
        Some(header) => !header,
        // Whether there is a header is told by the first record.
        None => is_one_column(plan),
    };
    let (mut blank_bytes, mut blank_lines) = (0, 0);
    let mut fields: Vec<Field> = Vec::new();
    loop {
        let text = window.text().get(blank_bytes..).unwrap_or_default();
        if text.is_empty() {
            // Empty lines alone are records of a table that has one column.
            let blank = (blank_lines > 0 && is_one_column(plan)).then(String::new);
            return Ok(window.at_end().then(|| First {
                fields: blank.iter().len(),
                names: blank.into_iter().collect(),
                not_utf8: None,
                line_break_in: None,
                quoted_at: None,
                consumed: 0,
                blank_bytes,
                blank_lines,
            }));
        }
        let columns_max = plan.limits.columns_max;
        let (step, found) = layout
            .splitter
            .record_of(text, window.at_end(), columns_max, &mut fields);
        match step.map_err(|fault| Fault {
            at: blank_bytes + fault.at,
            ..fault
        })? {
            Step::Incomplete => return Ok(None),
            Step::EmptyLine { consumed } if keeps_blanks => {
                blank_bytes += consumed;
                blank_lines += 1;
            }
            Step::EmptyLine { consumed } => {
                *empty_lines += 1;
                window.consume(consumed, 0, layout.lines());
            }
            Step::Comment { consumed } if keeps_blanks => blank_bytes += consumed,
            Step::Comment { consumed } => window.consume(consumed, 0, layout.lines()),
            Step::Record { consumed } => {
                // A header that is not UTF-8 matches no declared name, and an identifier has no replacement character.
                let name = |field: &Field| layout.splitter.text(text, *field);
                let names = fields.iter().map(name).collect();
                let not_utf8 = fields.iter().position(|field| {
                    let raw = text.get(field.start()..field.end()).unwrap_or_default();
                    std::str::from_utf8(raw).is_err()
                });
                let has_break = |field: &Field| {
                    let raw = text.get(field.start()..field.end()).unwrap_or_default();
                    !field.is_quoted() && !field.is_dirty() && memchr2(b'\n', b'\r', raw).is_some()
                };
                let line_break_in = fields.iter().position(has_break);
                let is_sure = |field: &Field| !evidence::is_behind_escape(text, field.start() - 1, false);
                let quoted = fields.iter().find(|field| field.is_quoted() && is_sure(field));
                return Ok(Some(First {
                    fields: found,
                    names,
                    quoted_at: quoted.map(|field| field.start() - 1),
                    not_utf8: not_utf8.map(|index| index + 1),
                    line_break_in: line_break_in.map(|index| index + 1),
                    consumed,
                    blank_bytes,
                    blank_lines,
                }));
            }
        }
    }
}

/// Whether a first record's fields are those of the known table, by name or by number.
fn fits(plan: &Plan, first: &mut dyn ExactSizeIterator<Item = String>) -> bool {
    let fields = first.len();
    let first: Vec<String> = first.collect();
    let listed = match &plan.typing {
        Typing::List(list) => {
            let known = |name: &String| list.iter().any(|(listed, _)| listed.eq_ignore_ascii_case(name));
            !first.is_empty() && first.iter().all(known)
        }
        Typing::Catalog | Typing::Text => false,
    };
    let declared = plan
        .dialect
        .columns
        .as_ref()
        // One column is what any text has under a delimiter that is not its own.
        .is_some_and(|columns| columns.len() == fields && fields > 1);
    let table = plan.table.as_ref().is_some_and(|table| {
        schema::is_header(&first, table) || (!table.header_required && table.columns.len() == fields)
    });
    listed || declared || table
}

/// The columns; whether record 1 is the header; whether records have yet to prove that they are the table's.
fn schema(
    plan: &Plan,
    first: &First,
    found: usize,
    place: Place,
) -> Result<(Schema, bool, bool), ConvertError> {
    let refuse = |error: SchemaError| ConvertError::from(Refusal::Schema(error, place));
    let build = |names: &[String], table: Option<&Table>| {
        Schema::from_header(names, table, &plan.typing, plan.naming).map_err(refuse)
    };
    let names = &first.names;
    let longest = names.iter().map(String::len).max().unwrap_or(0);
    let table = plan.table.as_ref();
    let is_text = |declared: bool| -> Result<(), ConvertError> {
        match names.iter().position(|name| name.contains('\0')) {
            Some(index) if declared => Err(Refusal::HeaderNotText {
                column: index + 1,
                place,
            }
            .into()),
            _ => Ok(()),
        }
    };
    let is_header = |declared: bool| -> Result<bool, ConvertError> {
        is_text(declared)?;
        if let Some(column) = first.not_utf8.filter(|_| declared) {
            return Err(Refusal::HeaderNotUtf8 { column, place }.into());
        }
        if declared && longest > plan.limits.name_bytes_max {
            let allowed = plan.limits.name_bytes_max as u64;
            return Err(Refusal::Limit {
                what: "a column name, in bytes,",
                allowed,
                found: longest as u64,
                place,
            }
            .into());
        }
        Ok(declared)
    };
    if let Some(columns) = &plan.dialect.columns {
        // Names are declared: they stand for the header's, if there is one.
        let header = match plan.dialect.header {
            Some(header) => header,
            None => columns == names || table.is_some_and(|table| schema::is_header(names, table)),
        };
        is_text(header)?;
        let found = if header { first.fields } else { found };
        if columns.len() != found {
            let error = SchemaError::ColumnCount {
                names: columns.len(),
                found,
            };
            return Err(refuse(error));
        }
        return Ok((build(columns, table)?, header, false));
    }
    match (plan.dialect.header, table) {
        (Some(true), table) => {
            is_header(true)?;
            Ok((build(names, table)?, true, false))
        }
        (Some(false), Some(table)) => {
            let schema = Schema::positional(table, found, &plan.typing, plan.naming).map_err(refuse)?;
            Ok((schema, false, false))
        }
        (Some(false), None) => {
            let schema = Schema::numbered(found, &plan.typing).map_err(refuse)?;
            Ok((schema, false, false))
        }
        (None, Some(table)) => {
            if is_header(schema::is_header(names, table))? {
                return Ok((build(names, Some(table))?, true, false));
            }
            if let Some((column, why)) = schema::spoils_header(names, table) {
                return Err(refuse(SchemaError::SpoiledHeader { column, why }));
            }
            let schema = Schema::positional(table, found, &plan.typing, plan.naming).map_err(refuse)?;
            Ok((schema, false, true))
        }
        (None, None) => {
            if plan.naming == Naming::Lake && !schema::are_identifiers(names) {
                return Err(refuse(SchemaError::NoHeader));
            }
            is_header(true)?;
            Ok((build(names, None)?, true, false))
        }
    }
}

/// The decision that follows from a fault, if the dialect is still open.
pub(super) fn unquotable(layout: &Layout, place: Place, kind: FaultKind) -> Option<Decision> {
    (layout.decision.basis == Basis::Open).then_some(Decision {
        reading: Reading::Escaped,
        basis: Basis::Unquotable(kind, place, None),
    })
}

fn place_in<R: Read>(window: &Window<R>, layout: &Layout, at: usize) -> Place {
    let block = Block {
        text: window.text(),
        rows: &Rows::default(),
        columns: 1,
        place: window.place(),
        lines: layout.lines(),
        quote_bytes: layout.splitter.quote_bytes(),
    };
    block.place_at(at, 0)
}

#[cfg(test)]
mod tests;
