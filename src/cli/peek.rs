//! A look at the start of a file, before it is decided what it is read as.

use std::io::Read;

use crate::convert::Decision;
use crate::detect::{self, Splitter};
use crate::dialect::{Declared, Newline};
use crate::encoding::{Encoding, Transcode};
use crate::evidence::Basis;
use crate::inflate::{Format, Inflate};
use crate::limits::Limits;
use crate::records::{WINDOW_BYTES, Window};
use crate::split::general::physical_line;
use crate::split::standard::Reading;
use crate::split::{Field, Step};

/// Bytes that tell whether a first line is a hint: more than the longest one has, with its line end.
const HINT_BYTES: u64 = 32;

/// What the start of a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peek {
    /// Gzip or plain.
    pub format: Option<Format>,
    /// The encoding's name.
    pub encoding: &'static str,
    /// The delimiter.
    pub delimiter: String,
    /// The fields of the first record; empty if there is none, it cannot be read, or does not end within the first 256 KiB.
    pub first: Vec<String>,
    /// Whether there is no record at all.
    pub has_no_record: bool,
}

/// Looks. None: the source cannot be read, or is no text.
pub(super) fn peek(source: &mut dyn Read, declared: &Declared) -> Option<Peek> {
    let text = Transcode::new(Inflate::new(source, &Limits::default()), declared.encoding);
    let mut window = Window::new(text, WINDOW_BYTES);
    window.fill().ok()?;
    let (mut text, at_end) = (window.text(), window.at_end());
    let newline = declared.newline.clone().unwrap_or(Newline::Any);
    for _ in 0..declared.skip_rows.unwrap_or(0) {
        let skipped = physical_line(&newline, text, at_end)?;
        text = text.get(skipped..)?;
    }
    // What cannot be quoted may be escaped.
    let escaped = Decision {
        reading: Reading::Escaped,
        basis: Basis::Open,
    };
    let [quoted, escaped] = [None, Some(escaped)].map(|decision| {
        let layout = detect::detect(
            text,
            at_end,
            declared,
            decision,
            Limits::default().columns_max,
            &|_| false,
        );
        let first = first(&layout.splitter, text, at_end);
        (layout.delimiter, first)
    });
    let (delimiter, first) = if quoted.1.is_some() { quoted } else { escaped };
    Some(Peek {
        format: window.source().source().format(),
        encoding: window
            .source()
            .encoding()
            .map_or("UTF-8", |encoding| encoding.name()),
        delimiter,
        has_no_record: first.as_ref().is_some_and(Vec::is_empty),
        first: first.unwrap_or_default(),
    })
}

/// The delimiter that a first line `sep=;` names, as Excel reads and writes it: alone in its line, in quotes or not.
pub(super) fn separator_hint(source: &mut dyn Read, encoding: Option<Encoding>) -> Option<char> {
    let text = Transcode::new(Inflate::new(source, &Limits::default()), encoding);
    let mut head = Vec::new();
    text.take(HINT_BYTES).read_to_end(&mut head).ok()?;
    let line = head.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    if line.len() == head.len() {
        return None;
    }
    let line = std::str::from_utf8(line).ok()?;
    let line = line
        .strip_prefix('"')
        .and_then(|line| line.strip_suffix('"'))
        .unwrap_or(line);
    let (name, named) = line.split_at_checked(4)?;
    let mut named = named.chars();
    match (name.eq_ignore_ascii_case("sep="), named.next(), named.next()) {
        (true, Some(char), None) if !char.is_alphanumeric() && !matches!(char, '"' | '\\') => Some(char),
        _ => None,
    }
}

fn first(splitter: &Splitter, mut text: &[u8], at_end: bool) -> Option<Vec<String>> {
    let mut fields: Vec<Field> = Vec::new();
    loop {
        fields.clear();
        if text.is_empty() {
            return at_end.then(Vec::new);
        }
        match splitter.record(text, at_end, &mut fields).ok()? {
            Step::EmptyLine { consumed } | Step::Comment { consumed } => {
                text = text.get(consumed..)?;
            }
            Step::Record { .. } => break,
            Step::Incomplete => return None,
        }
    }
    Some(fields.iter().map(|field| splitter.text(text, *field)).collect())
}
