//! What is not declared of a part's layout, found in its first records: delimiter and line end.
//!
//! The dialect itself is [`crate::evidence`]'s matter, and stays open as long as it has to; what is found here is the same
//! whatever that decides.

use memchr::memchr2;

use crate::dialect::{Declared, Kind, Newline, Quoting};
use crate::evidence::{Basis, Decision, Readings};
use crate::records::Lines;
use crate::split::general::{General, GeneralSpec};
use crate::split::standard::{LineEnd, Reading, Standard};
use crate::split::{Fault, Field, Step};

/// The delimiters that are looked for. Where two do equally well, the first: a comma in every field of a `;` file is a
/// decimal one, while a `;` in every record of a comma file stands for nothing.
pub const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// Records that are looked at.
const TRIAL_RECORDS: usize = 200;

/// How a pass splits its text.
#[derive(Clone, Debug)]
pub enum Splitter {
    /// One of the first-class dialects.
    Standard(Standard),
    /// A declared one.
    General(Box<General>),
}

impl Splitter {
    /// Reads one record from the start of `text`, which must not be empty, and pushes its fields.
    pub fn record(&self, text: &[u8], at_end: bool, fields: &mut Vec<Field>) -> Result<Step, Fault> {
        match self {
            Splitter::Standard(standard) => standard.record(text, at_end, fields),
            Splitter::General(general) => general.record(text, at_end, fields),
        }
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
        match self {
            Splitter::Standard(standard) => standard.record_of(text, at_end, fields_max, fields),
            Splitter::General(general) => general.record_of(text, at_end, fields_max, fields),
        }
    }

    /// A field of `text` with what it has doubled or escaped undone.
    pub fn text(&self, text: &[u8], field: Field) -> String {
        let raw = text.get(field.start()..field.end()).unwrap_or_default();
        let mut undone = Vec::new();
        match (self, field.is_dirty()) {
            (_, false) => undone.extend_from_slice(raw),
            (Splitter::Standard(standard), true) => standard.undo(raw, &mut undone),
            (Splitter::General(general), true) => general.undo(raw, field.is_quoted(), &mut undone),
        }
        String::from_utf8_lossy(&undone).into_owned()
    }

    /// Bytes of a quote.
    pub fn quote_bytes(&self) -> usize {
        match self {
            Splitter::Standard(_) => 1,
            Splitter::General(general) => general.quote_bytes(),
        }
    }
}

/// What is declared or was found.
#[derive(Clone, Debug)]
pub struct Layout {
    /// How the text is split.
    pub splitter: Splitter,
    /// How it would be split in each of the first-class dialects, if it is in one of them.
    pub readings: Option<Readings>,
    /// Which dialect the pass reads, and why.
    pub decision: Decision,
    /// The delimiter.
    pub delimiter: String,
    /// Another one that does as well on the first records: which of them it is was guessed.
    pub tied: Option<char>,
    /// Whether another delimiter may do better once more of the text is there: its first records do not end in it.
    pub is_cut: bool,
}

impl Layout {
    /// What ends a physical line.
    pub fn lines(&self) -> Lines<'_> {
        match &self.splitter {
            Splitter::Standard(standard) => Lines::Standard(standard.line_end),
            Splitter::General(general) => Lines::General(general),
        }
    }
}

/// Says whether the fields of a first record are those of the table, if it is known. They are made into text as they are asked
/// for.
pub type Fits<'a> = dyn Fn(&mut dyn ExactSizeIterator<Item = String>) -> bool + 'a;

/// Finds what is not declared. Of a first record with more than `columns_max` fields, so many are kept.
pub fn detect(
    text: &[u8],
    at_end: bool,
    declared: &Declared,
    decision: Option<Decision>,
    columns_max: usize,
    fits: &Fits<'_>,
) -> Layout {
    let Some(first_class) = declared.first_class() else {
        return general(text, at_end, declared, columns_max, fits);
    };
    let decision = match first_class.kind {
        Some(kind) => Decision {
            reading: reading(kind),
            basis: Basis::Declared,
        },
        None => decision.unwrap_or_else(Decision::open),
    };
    let found = match first_class.delimiter {
        Some(delimiter) => Found::declared(delimiter),
        None => delimiter(text, at_end, declared, columns_max, fits),
    };
    let delimiter = found.delimiter;
    let readings = Readings {
        quoted: standard(text, at_end, declared, delimiter, Reading::Quoted),
        escaped: standard(text, at_end, declared, delimiter, Reading::Escaped),
    };
    Layout {
        splitter: Splitter::Standard(readings.of(decision.reading)),
        readings: Some(readings),
        decision,
        delimiter: char::from(delimiter).to_string(),
        tied: found.tied.map(char::from),
        is_cut: found.is_cut,
    }
}

fn standard(text: &[u8], at_end: bool, declared: &Declared, delimiter: u8, reading: Reading) -> Standard {
    Standard {
        delimiter,
        reading,
        line_end: match &declared.newline {
            Some(Newline::Any) => LineEnd::Any,
            Some(Newline::Exactly(_)) => LineEnd::Lf,
            Some(Newline::LfOrCrlf) => LineEnd::LfOrCrlf,
            None => line_end(text, at_end, reading),
        },
    }
}

/// The layout of a declared dialect; what it leaves open of delimiter and line end is found.
fn general(text: &[u8], at_end: bool, declared: &Declared, columns_max: usize, fits: &Fits<'_>) -> Layout {
    let (delimiter, tied, is_cut) = match &declared.delimiter {
        Some(delimiter) => (delimiter.clone(), None, false),
        None => {
            let found = delimiter(text, at_end, declared, columns_max, fits);
            let delimiter = char::from(found.delimiter).to_string();
            (delimiter, found.tied.map(char::from), found.is_cut)
        }
    };
    Layout {
        splitter: Splitter::General(Box::new(general_splitter(text, at_end, declared, &delimiter))),
        readings: None,
        decision: Decision {
            reading: Reading::Quoted,
            basis: match declared.quoting() {
                Some(_) => Basis::Declared,
                None => Basis::Assumed,
            },
        },
        delimiter,
        tied,
        is_cut,
    }
}

fn general_splitter(text: &[u8], at_end: bool, declared: &Declared, delimiter: &str) -> General {
    let mut spec = GeneralSpec::of(declared, delimiter, Kind::Quoted);
    if declared.newline.is_none() {
        let is_comment = declared
            .comment()
            .is_some_and(|comment| text.starts_with(comment.as_bytes()));
        // Quotes in a comment are none.
        let first = first_line_end(text, at_end, spec.quoting, !is_comment);
        let bare_escape = spec.quoting.quote.is_none() && spec.quoting.escape_of_its_own().is_some();
        spec.newline = match first {
            Some(FirstEnd::Cr) => Newline::Any,
            // An escape before CRLF stands before the CR alone.
            Some(FirstEnd::Lf) if bare_escape => Newline::Exactly("\n".to_owned()),
            _ => Newline::LfOrCrlf,
        };
    }
    General::new(&spec)
}

/// What ends records, by the first line end outside quotes or behind no backslash.
///
/// A lone CR in a text whose first line ends in LF is data: HubSpot's free text has such. Where quotes are, CRLF and LF may
/// alternate; where they are not, a CR before an LF is data unless the first line end is CRLF.
fn line_end(text: &[u8], at_end: bool, reading: Reading) -> LineEnd {
    let kind = match reading {
        Reading::Quoted => Kind::Quoted,
        Reading::Escaped => Kind::Escaped,
    };
    match (first_line_end(text, at_end, kind.quoting(), true), reading) {
        (Some(FirstEnd::Lf), Reading::Escaped) => LineEnd::Lf,
        (Some(FirstEnd::Cr), _) => LineEnd::Any,
        (Some(FirstEnd::Lf | FirstEnd::Crlf) | None, _) => LineEnd::LfOrCrlf,
    }
}

/// How the first line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FirstEnd {
    Lf,
    Crlf,
    Cr,
}

/// The first line end; if it is to end a record, the first that is neither in quotes nor behind an escape.
///
/// An escape before CRLF may stand before the CR alone, or before both, which the next line end tells; it is LF if there is
/// none in all of the text.
fn first_line_end(text: &[u8], at_end: bool, quoting: Quoting, of_record: bool) -> Option<FirstEnd> {
    let bytes = |mark: Option<char>| {
        let mark = mark.filter(|_| of_record).map(String::from);
        mark.unwrap_or_default().into_bytes()
    };
    let (quote, escape) = (bytes(quoting.quote), bytes(quoting.escape_of_its_own()));
    let mut inside = false;
    let mut escaped_crlf = false;
    let mut at = 0;
    while let Some((&byte, behind)) = text.get(at..).and_then(<[u8]>::split_first) {
        let stands = |mark: &[u8]| {
            mark.split_first()
                .is_some_and(|(first, rest)| byte == *first && behind.starts_with(rest))
        };
        if stands(&escape) && (inside || quote.is_empty()) {
            // What it stands before is data. Of a character of several bytes, none can be taken for another.
            let data = behind.get(escape.len() - 1..).unwrap_or_default();
            let is_crlf = !inside && data.starts_with(b"\r\n");
            escaped_crlf |= is_crlf;
            at += escape.len() + 1 + usize::from(is_crlf);
            continue;
        }
        if stands(&quote) {
            inside = !inside;
            at += quote.len();
            continue;
        }
        match (byte, behind.first()) {
            (b'\n', _) if !inside => return Some(FirstEnd::Lf),
            (b'\r', Some(b'\n')) if !inside => return Some(FirstEnd::Crlf),
            (b'\r', _) if !inside => return Some(FirstEnd::Cr),
            _ => at += 1,
        }
    }
    (escaped_crlf && at_end).then_some(FirstEnd::Lf)
}

fn reading(kind: Kind) -> Reading {
    match kind {
        Kind::Quoted => Reading::Quoted,
        Kind::Escaped => Reading::Escaped,
    }
}

/// How a delimiter does on the first records: the greater, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    fits: bool,
    splits: bool,
    /// Records with as many fields as the first, in percent.
    regular_percent: usize,
    /// Whether fields in quotes end where fields do.
    quoted: bool,
    fields: usize,
}

/// What was found of the delimiter.
struct Found {
    delimiter: u8,
    /// Another one that does as well.
    tied: Option<u8>,
    /// Whether another one's first records do not end in the text, so that what it does is not known.
    is_cut: bool,
}

impl Found {
    fn declared(delimiter: u8) -> Found {
        Found {
            delimiter,
            tied: None,
            is_cut: false,
        }
    }
}

/// The delimiter that does best, of those that what is declared leaves possible.
fn delimiter(text: &[u8], at_end: bool, declared: &Declared, columns_max: usize, fits: &Fits<'_>) -> Found {
    let is_possible = |delimiter: &u8| {
        let with_it = Declared {
            delimiter: Some(char::from(*delimiter).to_string()),
            ..declared.clone()
        };
        with_it.check().is_ok()
    };
    let first_class = declared.first_class();
    let readings: &[Reading] = match first_class.and_then(|declared| declared.kind) {
        Some(Kind::Quoted) => &[Reading::Quoted],
        Some(Kind::Escaped) => &[Reading::Escaped],
        None => &[Reading::Quoted, Reading::Escaped],
    };
    let mut best: Option<(Score, u8)> = None;
    let mut tied = None;
    let mut last = b',';
    let mut cut = Vec::new();
    for delimiter in DELIMITERS.into_iter().filter(is_possible) {
        last = delimiter;
        let splitters: Vec<Splitter> = match first_class {
            Some(_) => {
                let standards = readings
                    .iter()
                    .map(|&reading| standard(text, at_end, declared, delimiter, reading));
                standards.map(Splitter::Standard).collect()
            }
            None => {
                let general = general_splitter(text, at_end, declared, &char::from(delimiter).to_string());
                vec![Splitter::General(Box::new(general))]
            }
        };
        for splitter in &splitters {
            let (score, is_cut) = score(splitter, text, at_end, columns_max, fits);
            if is_cut {
                cut.push(delimiter);
            }
            let Some(score) = score else {
                continue;
            };
            // Only a better one replaces one that stands before it in the list; if there is nothing to split, any will do.
            let replaces = |so_far: Score| score > so_far || (score == so_far && !score.splits);
            if best.is_none_or(|(so_far, _)| replaces(so_far)) {
                (best, tied) = (Some((score, delimiter)), None);
            } else if best.is_some_and(|(so_far, other)| score == so_far && other != delimiter) {
                tied = Some(delimiter);
            }
        }
    }
    let (delimiter, tied) = match best {
        Some((score, delimiter)) if score.splits || score.fits => (delimiter, tied.filter(|_| score.splits)),
        _ => (last, None),
    };
    Found {
        delimiter,
        tied,
        is_cut: cut.iter().any(|&other| other != delimiter),
    }
}

/// How a delimiter does; and whether one of its first two records does not end in the text. None: not one does.
fn score(
    splitter: &Splitter,
    text: &[u8],
    at_end: bool,
    columns_max: usize,
    fits: &Fits<'_>,
) -> (Option<Score>, bool) {
    let mut fields = Vec::new();
    let mut first: Option<(usize, bool)> = None;
    let (mut records, mut regular) = (0usize, 0usize);
    let mut quoted = false;
    let mut is_cut = false;
    let mut at = 0;
    while records < TRIAL_RECORDS {
        let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) else {
            break;
        };
        fields.clear();
        let (step, found) = splitter.record_of(rest, at_end, columns_max, &mut fields);
        match step {
            Ok(Step::Record { consumed }) => {
                let (expected, _) = *first.get_or_insert_with(|| {
                    let mut names = fields.iter().map(|field| splitter.text(rest, *field));
                    (found, fits(&mut names))
                });
                records += 1;
                regular += usize::from(found == expected);
                quoted |= fields.iter().any(|field| field.is_quoted());
                at += consumed;
            }
            Ok(Step::EmptyLine { consumed } | Step::Comment { consumed }) => at += consumed,
            Ok(Step::Incomplete) => {
                // Of lines that go on behind a backslash, there is no end to wait for: it is the same under any delimiter.
                let is_escaped =
                    matches!(splitter, Splitter::Standard(standard) if standard.reading == Reading::Escaped);
                is_cut = records < 2 && !(is_escaped && memchr2(b'\n', b'\r', rest).is_some());
                break;
            }
            // A record that cannot be read under this delimiter is no regular one.
            Err(_) => {
                records += 1;
                break;
            }
        }
    }
    let score = first.map(|(fields, fits)| Score {
        fits,
        splits: fields > 1,
        regular_percent: regular * 100 / records.max(1),
        quoted,
        fields,
    });
    (score, is_cut)
}
