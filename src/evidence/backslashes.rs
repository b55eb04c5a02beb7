//! What backslashes in a record say about its dialect.

use memchr::{memchr, memchr_iter, memrchr, memrchr2};

#[cfg(test)]
use crate::records::work;
use crate::split::standard::{LineEnd, Standard};
use crate::split::{Field, Step};

/// What backslashes stand before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backslashes {
    /// Pairs of backslashes (or, for a record, cells with such).
    pub doubled: u64,
    /// The first one before a delimiter or line break.
    pub separator: Option<usize>,
    /// The first one before anything else.
    pub other: Option<usize>,
}

impl Backslashes {
    /// Those of a record as quoted reads it, outside its quotes.
    pub fn of_record(quoted: &Standard, raw: &[u8], fields: &[Field]) -> Backslashes {
        let mut all = Backslashes::default();
        if memchr(b'\\', raw).is_none() {
            return all;
        }
        for field in fields {
            let text = raw.get(field.start()..field.end()).unwrap_or_default();
            if field.is_quoted() || text == b"\\N" || memchr(b'\\', text).is_none() {
                continue;
            }
            // The separator behind the field belongs to the look: a backslash may stand before it.
            let upto = (field.end() + 1).min(raw.len());
            let seen = Backslashes::of(quoted, raw.get(field.start()..upto).unwrap_or_default());
            all.doubled += u64::from(seen.doubled > 0);
            all.separator = all.separator.or(seen.separator.map(|at| field.start() + at));
            all.other = all.other.or(seen.other.map(|at| field.start() + at));
        }
        all
    }

    /// Those of a text. Which dialect is read does not matter, as long as the delimiter is right.
    pub fn of(standard: &Standard, text: &[u8]) -> Backslashes {
        let mut seen = Backslashes::default();
        let mut paired = None;
        for at in memchr_iter(b'\\', text) {
            if paired == Some(at) {
                continue;
            }
            match text.get(at + 1) {
                Some(b'\\') => {
                    seen.doubled += 1;
                    paired = Some(at + 1);
                }
                Some(&next) if standard.escapes(next) => {
                    seen.separator.get_or_insert(at);
                }
                Some(_) => {
                    seen.other.get_or_insert(at);
                }
                // The text's own end: nothing stands behind it.
                None => {}
            }
        }
        seen
    }
}

/// What the record at the start of a text is when it is read as escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsEscaped {
    /// It has the number of fields that is asked for, and this is where an escaped separator in it stands.
    Fits(usize),
    /// It has that number without an escaped separator, or another one.
    Not {
        /// Whether it has another number.
        ragged: bool,
    },
    /// It does not end in this text, and the input goes on.
    Cut,
}

impl AsEscaped {
    /// Reads the record at the start of `text`, of which `columns` fields are expected.
    pub fn read(escaped: &Standard, text: &[u8], at_end: bool, columns: usize) -> AsEscaped {
        AsEscaped::read_bytes(escaped, text, at_end, columns).0
    }

    /// The same, and how many bytes of the text belong to it: within them no other record starts.
    pub(super) fn read_bytes(
        escaped: &Standard,
        text: &[u8],
        at_end: bool,
        columns: usize,
    ) -> (AsEscaped, usize) {
        let mut fields = Vec::new();
        let (read, found) = escaped.record_of(text, at_end, columns, &mut fields);
        let bytes = match read {
            Ok(Step::Record { consumed }) => consumed,
            _ => text.len(),
        };
        #[cfg(test)]
        work::add(bytes);
        let read = match read {
            Ok(Step::Incomplete) => AsEscaped::Cut,
            Ok(Step::Record { .. }) if found == columns => {
                let separator = AsEscaped::separator(escaped, text, &fields);
                separator.map_or(AsEscaped::Not { ragged: false }, AsEscaped::Fits)
            }
            _ => AsEscaped::Not { ragged: true },
        };
        (read, bytes)
    }

    /// Where the first escaped separator in the fields of a record stands.
    pub(super) fn separator(escaped: &Standard, text: &[u8], fields: &[Field]) -> Option<usize> {
        fields.iter().filter(|field| field.is_dirty()).find_map(|field| {
            let raw = text.get(field.start()..field.end()).unwrap_or_default();
            let seen = Backslashes::of(escaped, raw);
            seen.separator.map(|at| field.start() + at)
        })
    }
}

/// Whether a record that ends in a line end goes on behind it as escaped: a backslash, not itself escaped, makes that data.
pub(super) fn ends_in_backslash(escaped: &Standard, raw: &[u8]) -> bool {
    let line = without_line_end(escaped, raw);
    line.len() < raw.len() && escapes_next(line)
}

/// A text without the line end that it ends in. Where LF alone ends lines as escaped, a CR before it is data; without an LF, a CR
/// ends a line as quoted.
pub(super) fn without_line_end<'t>(escaped: &Standard, text: &'t [u8]) -> &'t [u8] {
    match text.strip_suffix(b"\n") {
        Some(line) if escaped.line_end == LineEnd::Lf => line,
        line => {
            let line = line.unwrap_or(text);
            line.strip_suffix(b"\r").unwrap_or(line)
        }
    }
}

/// Whether what stands behind a text is escaped: the text ends in a backslash that is not itself escaped.
pub(super) fn escapes_next(text: &[u8]) -> bool {
    text.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// The start of the first of the lines before `start` that each end in a backslash; or what `known` says: a line's start,
/// and the answer for it. `cr_ends_lines`: a lone CR ends a line, too.
pub(super) fn chain_start(
    escaped: &Standard,
    text: &[u8],
    start: usize,
    cr_ends_lines: bool,
    known: Option<(usize, usize)>,
) -> usize {
    let mut from = start;
    while from > 0 {
        if let Some((_, answer)) = known.filter(|(line, _)| *line == from) {
            return answer;
        }
        let before = text.get(..from).unwrap_or_default();
        let line = without_line_end(escaped, before);
        let found = if cr_ends_lines {
            memrchr2(b'\n', b'\r', line)
        } else {
            memrchr(b'\n', line)
        };
        let line = found.map_or(0, |at| at + 1);
        if !ends_in_backslash(escaped, before.get(line..).unwrap_or_default()) {
            break;
        }
        from = line;
    }
    from
}
