//! The splitter for any declared dialect: delimiters of many characters, any quote and escape, any line end, comments.
//!
//! It is as strict as the fast one: a quote inside a bare field, text behind a closing quote, and a quote that is never
//! closed are faults. On the first-class dialects both give the same records.
//!
//! An escape acts inside quotes, or everywhere where there is no quote. It makes data of what stands behind it, and
//! goes: a whole delimiter or line end, or else one character, whichever it is. (Writers differ in whether they escape a
//! delimiter of several characters once or character by character; both are read. CRLF is a line end unless LF alone is
//! one.) At the input's end the escape itself is data.
//!
//! In HubSpot's escaped dialect ([`Quoting::keeps_escape`]) that one character has to be one that needs an escape: the
//! quote, the escape, CR, LF, part of the delimiter or of a declared line end, or what a comment begins with. Before
//! anything else the escape itself is data.

use memchr::memmem;

use super::{BLOCK_BYTES_MAX, Fault, FaultKind, Field, Sink, Step};
use crate::dialect::{Declared, Kind, Newline, Quoting};

/// Everything that splitting depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneralSpec {
    /// What stands between fields. (An empty one stands nowhere.)
    pub delimiter: String,
    /// Quote and escape.
    pub quoting: Quoting,
    /// What ends a record.
    pub newline: Newline,
    /// What a line begins with that is no record.
    pub comment: Option<String>,
}

impl GeneralSpec {
    /// What is declared, and where nothing is, `delimiter` and `kind`, and any line end.
    pub fn of(declared: &Declared, delimiter: &str, kind: Kind) -> GeneralSpec {
        GeneralSpec {
            delimiter: declared.delimiter.as_deref().unwrap_or(delimiter).to_owned(),
            quoting: declared.quoting().unwrap_or(kind.quoting()),
            newline: declared.newline.clone().unwrap_or(Newline::Any),
            comment: declared.comment().map(str::to_owned),
        }
    }
}

/// A splitter for one dialect.
#[derive(Clone, Debug)]
pub struct General {
    delimiter: Vec<u8>,
    quote: Vec<u8>,
    /// Empty, too, where quotes are doubled.
    escape: Vec<u8>,
    doubled: bool,
    newline: Newline,
    comment: Vec<u8>,
    /// Single characters that an escape makes data; None: all.
    escapable: Option<Vec<Vec<u8>>>,
    in_bare: FirstBytes,
    in_quotes: FirstBytes,
    in_comment: FirstBytes,
}

/// What stands at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// It, in so many bytes.
    Is(usize),
    /// Something else.
    Not,
    /// Only more text will tell.
    Unknown,
}

/// Where a field stops.
enum Stop {
    /// At a delimiter.
    Delimiter,
    /// At a line end of so many bytes.
    LineEnd(usize),
    /// At the input's end.
    End,
}

impl General {
    /// A splitter for `spec`, which should come from a checked declaration.
    pub fn new(spec: &GeneralSpec) -> General {
        let bytes = |char: Option<char>| char.map(String::from).unwrap_or_default().into_bytes();
        let Quoting {
            quote, keeps_escape, ..
        } = spec.quoting;
        let escape = spec.quoting.escape_of_its_own();
        let doubled = quote.is_some() && quote == spec.quoting.escape;
        let comment = spec.comment.clone().unwrap_or_default();
        let line_end = match &spec.newline {
            Newline::Any | Newline::LfOrCrlf => "",
            Newline::Exactly(text) => text,
        };
        let needing = [quote, escape]
            .into_iter()
            .flatten()
            .chain(spec.delimiter.chars())
            .chain(line_end.chars())
            .chain(['\r', '\n'])
            .chain(comment.chars().take(1))
            .map(|char| bytes(Some(char)));
        let escapable = keeps_escape.then(|| needing.collect());

        let (quote, escape) = (bytes(quote), bytes(escape));
        let line_ends: &[&[u8]] = match &spec.newline {
            Newline::Any | Newline::LfOrCrlf => &[b"\n", b"\r"],
            Newline::Exactly(text) => &[text.as_bytes()],
        };
        let bare_escape: &[u8] = if quote.is_empty() { &escape } else { b"" };
        let delimiter = spec.delimiter.as_bytes();
        General {
            in_bare: FirstBytes::of(line_ends.iter().copied().chain([delimiter, &quote, bare_escape])),
            in_quotes: FirstBytes::of([&quote[..], &escape].into_iter()),
            in_comment: FirstBytes::of(line_ends.iter().copied()),
            delimiter: delimiter.to_vec(),
            newline: spec.newline.clone(),
            comment: comment.into_bytes(),
            quote,
            escape,
            doubled,
            escapable,
        }
    }

    /// Reads one record, empty line or comment from the start of `text`, and pushes a record's fields. On anything but
    /// [`Step::Record`] nothing is pushed.
    ///
    /// `at_end` says that the input ends with `text`; where it does not, what more text could change is
    /// [`Step::Incomplete`], and so is a text without bytes.
    pub fn record(&self, text: &[u8], at_end: bool, fields: &mut Vec<Field>) -> Result<Step, Fault> {
        self.record_of(text, at_end, usize::MAX, fields).0
    }

    /// The same, but pushes `fields_max` fields at most. Returns how many the record has, too: there can be as many as it has
    /// bytes.
    pub fn record_of(
        &self,
        text: &[u8],
        at_end: bool,
        fields_max: usize,
        fields: &mut Vec<Field>,
    ) -> (Result<Step, Fault>, usize) {
        // Positions have room for so much. A record that does not end before is longer than any limit.
        let (text, at_end) = match text.get(..BLOCK_BYTES_MAX - 1) {
            Some(head) => (head, false),
            None => (text, at_end),
        };
        let mut sink = Sink::new(fields, fields_max);
        let step = self.step(text, at_end, &mut sink);
        sink.close(step)
    }

    /// Bytes of a quote.
    pub fn quote_bytes(&self) -> usize {
        self.quote.len()
    }

    /// Undoes what a dirty field has doubled or escaped, and appends it to `out`. (A clean field comes out as it is.)
    pub fn undo(&self, raw: &[u8], quoted: bool, out: &mut Vec<u8>) {
        let escapes = !self.escape.is_empty() && (quoted || self.quote.is_empty());
        let mark = match (quoted && self.doubled, escapes) {
            (true, _) => &self.quote,
            (_, true) => &self.escape,
            _ => return out.extend_from_slice(raw),
        };
        let mut rest = raw;
        while let Some(at) = memmem::find(rest, mark) {
            let (before, from) = rest.split_at(at);
            let behind = from.get(mark.len()..).unwrap_or_default();
            let data = if self.doubled {
                look(behind, 0, &self.quote, true)
            } else {
                self.look_escaped(behind, 0, true)
            };
            out.extend_from_slice(before);
            let kept = match data {
                Look::Is(bytes) => bytes,
                Look::Not | Look::Unknown => {
                    out.extend_from_slice(mark);
                    0
                }
            };
            let (data, after) = behind.split_at(kept.min(behind.len()));
            out.extend_from_slice(data);
            rest = after;
        }
        out.extend_from_slice(rest);
    }

    fn step(&self, text: &[u8], at_end: bool, fields: &mut Sink<'_>) -> Result<Step, Fault> {
        if text.is_empty() {
            return Ok(Step::Incomplete);
        }
        match look(text, 0, &self.comment, at_end) {
            Look::Is(_) => {
                return Ok(match self.line(text, at_end) {
                    Some(consumed) => Step::Comment { consumed },
                    None => Step::Incomplete,
                });
            }
            Look::Unknown => return Ok(Step::Incomplete),
            Look::Not => {}
        }
        match self.stop(text, 0, at_end) {
            Ok(Some(Stop::LineEnd(consumed))) => return Ok(Step::EmptyLine { consumed }),
            Err(Undecided) => return Ok(Step::Incomplete),
            Ok(_) => {}
        }
        let mut at = 0;
        loop {
            let found = match look(text, at, &self.quote, at_end) {
                Look::Is(_) => self.quoted_field(text, at, at_end)?,
                Look::Not => self.bare_field(text, at, at_end)?,
                Look::Unknown => None,
            };
            let Some((field, end, stop)) = found else {
                return Ok(Step::Incomplete);
            };
            fields.push(field);
            match stop {
                Stop::Delimiter => at = end + self.delimiter.len(),
                Stop::LineEnd(bytes) => {
                    return Ok(Step::Record {
                        consumed: end + bytes,
                    });
                }
                Stop::End => return Ok(Step::Record { consumed: end }),
            }
        }
    }

    fn quoted_field(
        &self,
        text: &[u8],
        open: usize,
        at_end: bool,
    ) -> Result<Option<(Field, usize, Stop)>, Fault> {
        let start = open + self.quote.len();
        let mut dirty = false;
        let mut at = start;
        loop {
            let Some(found) = self.in_quotes.find(text, at) else {
                let fault = Fault {
                    kind: FaultKind::UnclosedQuote,
                    at: open,
                };
                return if at_end { Err(fault) } else { Ok(None) };
            };
            at = found;
            match look(text, at, &self.escape, at_end) {
                Look::Is(bytes) => {
                    match self.look_escaped(text, at + bytes, at_end) {
                        Look::Is(data) => {
                            dirty = true;
                            at += bytes + data;
                        }
                        Look::Not => at += bytes,
                        Look::Unknown => return Ok(None),
                    }
                    continue;
                }
                Look::Unknown => return Ok(None),
                Look::Not => {}
            }
            let end = match look(text, at, &self.quote, at_end) {
                Look::Is(bytes) => at + bytes,
                Look::Not => {
                    at += 1;
                    continue;
                }
                Look::Unknown => return Ok(None),
            };
            if self.doubled {
                match look(text, end, &self.quote, at_end) {
                    Look::Is(bytes) => {
                        dirty = true;
                        at = end + bytes;
                        continue;
                    }
                    Look::Unknown => return Ok(None),
                    Look::Not => {}
                }
            }
            return match self.stop(text, end, at_end) {
                Ok(Some(stop)) => Ok(Some((Field::new(start, at, true, dirty), end, stop))),
                Ok(None) => Err(Fault {
                    kind: FaultKind::TextAfterClosingQuote,
                    at: end,
                }),
                Err(Undecided) => Ok(None),
            };
        }
    }

    fn bare_field(
        &self,
        text: &[u8],
        start: usize,
        at_end: bool,
    ) -> Result<Option<(Field, usize, Stop)>, Fault> {
        let bare_escape: &[u8] = if self.quote.is_empty() { &self.escape } else { b"" };
        let mut dirty = false;
        let mut at = start;
        loop {
            let Some(found) = self.in_bare.find(text, at) else {
                let field = Field::new(start, text.len(), false, dirty);
                return Ok(at_end.then_some((field, text.len(), Stop::End)));
            };
            at = found;
            match look(text, at, bare_escape, at_end) {
                Look::Is(bytes) => {
                    match self.look_escaped(text, at + bytes, at_end) {
                        Look::Is(data) => {
                            dirty = true;
                            at += bytes + data;
                        }
                        Look::Not => at += bytes,
                        Look::Unknown => return Ok(None),
                    }
                    continue;
                }
                Look::Unknown => return Ok(None),
                Look::Not => {}
            }
            match look(text, at, &self.quote, at_end) {
                Look::Is(_) => {
                    return Err(Fault {
                        kind: FaultKind::QuoteInBareField,
                        at,
                    });
                }
                Look::Unknown => return Ok(None),
                Look::Not => {}
            }
            match self.stop(text, at, at_end) {
                Ok(Some(stop)) => return Ok(Some((Field::new(start, at, false, dirty), at, stop))),
                Ok(None) => at += 1,
                Err(Undecided) => return Ok(None),
            }
        }
    }

    /// Whether a field stops at `at`, and on what.
    fn stop(&self, text: &[u8], at: usize, at_end: bool) -> Result<Option<Stop>, Undecided> {
        if at >= text.len() {
            return if at_end {
                Ok(Some(Stop::End))
            } else {
                Err(Undecided)
            };
        }
        match look(text, at, &self.delimiter, at_end) {
            Look::Is(_) => return Ok(Some(Stop::Delimiter)),
            Look::Unknown => return Err(Undecided),
            Look::Not => {}
        }
        match look_line_end(&self.newline, text, at, at_end) {
            Look::Is(bytes) => Ok(Some(Stop::LineEnd(bytes))),
            Look::Unknown => Err(Undecided),
            Look::Not => Ok(None),
        }
    }

    /// How many bytes behind an escape it makes data of.
    fn look_escaped(&self, text: &[u8], at: usize, at_end: bool) -> Look {
        let line_end: &[u8] = match &self.newline {
            Newline::Any | Newline::LfOrCrlf => b"\r\n",
            Newline::Exactly(text) => text.as_bytes(),
        };
        let wholes = [&self.delimiter[..], line_end];
        let found = wholes
            .into_iter()
            .chain(self.escapable.iter().flatten().map(Vec::as_slice))
            .map(|needle| look(text, at, needle, at_end))
            .find(|found| *found != Look::Not);
        match found {
            Some(found) => found,
            None if self.escapable.is_some() => Look::Not,
            // The rest of a character of several bytes means nothing, and follows.
            None if at < text.len() => Look::Is(1),
            None if at_end => Look::Not,
            None => Look::Unknown,
        }
    }

    /// Bytes of the first physical line, its end included. None if it does not end in `text`.
    fn line(&self, text: &[u8], at_end: bool) -> Option<usize> {
        physical_line_from(&self.newline, &self.in_comment, text, at_end)
    }

    /// Counts the line ends in a text, inside quotes or not.
    pub fn line_breaks(&self, text: &[u8]) -> u64 {
        let mut count = 0;
        let mut rest = text;
        while let Some(bytes) = self.line(rest, false) {
            count += 1;
            rest = rest.get(bytes..).unwrap_or_default();
        }
        // A CR at the text's end is one, too, where CR is; what follows it is another text.
        count + u64::from(self.newline == Newline::Any && rest.ends_with(b"\r"))
    }
}

/// Bytes of the first physical line of `text`, its end included, whatever quotes it holds: for `skip_rows`. None if it
/// does not end in `text`; with `at_end` a line without a line end is one, but no bytes are none.
pub fn physical_line(newline: &Newline, text: &[u8], at_end: bool) -> Option<usize> {
    let first_bytes = match newline {
        Newline::Any | Newline::LfOrCrlf => FirstBytes::of([&b"\n"[..], b"\r"].into_iter()),
        Newline::Exactly(text) => FirstBytes::of([text.as_bytes()].into_iter()),
    };
    physical_line_from(newline, &first_bytes, text, at_end)
}

fn physical_line_from(
    newline: &Newline,
    first_bytes: &FirstBytes,
    text: &[u8],
    at_end: bool,
) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = first_bytes.find(text, at) {
        match look_line_end(newline, text, found, at_end) {
            Look::Is(bytes) => return Some(found + bytes),
            Look::Not => at = found + 1,
            Look::Unknown => return None,
        }
    }
    (at_end && !text.is_empty()).then_some(text.len())
}

/// More text could make a delimiter or line end of it.
struct Undecided;

/// Whether `needle` stands at `at`. An empty one stands nowhere.
fn look(text: &[u8], at: usize, needle: &[u8], at_end: bool) -> Look {
    let rest = text.get(at..).unwrap_or_default();
    if needle.is_empty() {
        Look::Not
    } else if rest.starts_with(needle) {
        Look::Is(needle.len())
    } else if !at_end && needle.starts_with(rest) {
        Look::Unknown
    } else {
        Look::Not
    }
}

fn look_line_end(newline: &Newline, text: &[u8], at: usize, at_end: bool) -> Look {
    let cr_alone = match newline {
        Newline::Exactly(exactly) => return look(text, at, exactly.as_bytes(), at_end),
        Newline::Any => true,
        Newline::LfOrCrlf => false,
    };
    match (text.get(at), text.get(at + 1)) {
        (Some(b'\n'), _) => Look::Is(1),
        (Some(b'\r'), Some(b'\n')) => Look::Is(2),
        (Some(b'\r'), None) if !at_end => Look::Unknown,
        (Some(b'\r'), _) if cr_alone => Look::Is(1),
        _ => Look::Not,
    }
}

/// The bytes that some texts begin with: what a search stops at.
#[derive(Clone, Debug)]
struct FirstBytes {
    bytes: Vec<u8>,
}

impl FirstBytes {
    fn of<'a>(texts: impl Iterator<Item = &'a [u8]>) -> FirstBytes {
        let mut bytes: Vec<u8> = texts.filter_map(|text| text.first().copied()).collect();
        bytes.sort_unstable();
        bytes.dedup();
        FirstBytes { bytes }
    }

    /// The first of them at or behind `at`.
    fn find(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        let found = match *self.bytes {
            [] => None,
            [a] => memchr::memchr(a, rest),
            [a, b] => memchr::memchr2(a, b, rest),
            [a, b, c] => memchr::memchr3(a, b, c, rest),
            _ => rest.iter().position(|byte| self.bytes.contains(byte)),
        };
        found.map(|found| at + found)
    }
}
