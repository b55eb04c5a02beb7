//! How a part's text is laid out: what is declared, and what is decided.
//!
//! A declaration is checked once, when it is read; whoever holds a [`Declared`] need not doubt it.

mod check;
mod settings;

use std::fmt::{self, Write as _};

use crate::encoding::Encoding;

/// What is declared of a dialect; what is not is detected, or takes the default that its field names.
///
/// It reads from JSON ([`Declared::from_json`]) or, by serde, from any other format that names its fields, such as the
/// catalog's TOML. Unknown and repeated keys are refused, and all faults are said at once. A value of `null` declares
/// nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// What stands between two fields: one or more characters. Key `delimiter`.
    pub delimiter: Option<String>,
    /// A first-class dialect, instead of `quote` and `escape`. Key `kind`: `quoted` or `escaped`. (`quote` of `""` and
    /// `escape` of a backslash are not quite `escaped`: see [`Quoting`].)
    pub kind: Option<Kind>,
    /// What stands around quoted fields. Key `quote`: one character, or `""` for none.
    pub quote: Option<Mark>,
    /// What makes the next character data. Key `escape`: one character, or `""` for none. See [`Quoting`].
    pub escape: Option<Mark>,
    /// Whether record 1 is the header. Key `header`: true, false, or `"auto"` (None).
    pub header: Option<bool>,
    /// Physical lines before the first record. Key `skip_rows`. Default 0.
    pub skip_rows: Option<u64>,
    /// What bytes mean. Key `encoding`: a label. Default UTF-8, or what a byte order mark says.
    pub encoding: Option<Encoding>,
    /// What ends a record. Key `newline`: the characters, or `""` for LF, CRLF and CR alike.
    pub newline: Option<Newline>,
    /// Bare fields that are NULL, before they are undone. Key `null_values`: a list of texts, `[]` for none.
    pub null_values: Option<Vec<String>>,
    /// The columns' names, in the file's order, instead of those in its header. Key `columns`.
    pub columns: Option<Vec<String>>,
    /// What a line that is no record begins with. Key `comment`: one or more characters, or `""` for none (the
    /// default), which is Some of an empty text.
    pub comment: Option<String>,
    /// Whether `"\N"`, in quotes, is NULL too. Key `quoted_null`. Default false.
    pub quoted_null: Option<bool>,
}

/// The first-class dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// RFC 4180: `"` around fields, doubled inside; backslash is data.
    Quoted,
    /// No quotes; a backslash makes delimiter, line break and backslash data; `"` is data.
    Escaped,
}

/// A character with a meaning, or the declaration that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// There is none.
    None,
    /// This one.
    Char(char),
}

/// What ends a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Newline {
    /// LF, CRLF and CR alike.
    Any,
    /// LF and CRLF; CR elsewhere is data. (It can be found, but not declared.)
    LfOrCrlf,
    /// Exactly this text; other CR and LF are data.
    Exactly(String),
}

/// How fields are quoted and escaped.
///
/// - `escape` equal to `quote`: a quote inside quotes is doubled.
/// - Another `escape` acts inside quotes only, or everywhere where there is no quote.
/// - No `escape`: nothing inside quotes can be a quote.
///
/// Other software that knows an escape (Python's `csv`, pandas, Spark, Snowflake) drops it whatever it stands before, and
/// so it is where one is declared. HubSpot's escaped dialect has it before what needs it only: there a backslash before
/// anything else is data ([`Quoting::keeps_escape`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoting {
    /// What stands around quoted fields.
    pub quote: Option<char>,
    /// What makes the next character data.
    pub escape: Option<char>,
    /// Whether an escape before a character that needs none is data, and stays. So in [`Kind::Escaped`] alone.
    pub keeps_escape: bool,
}

/// A declaration that the fast splitter can read. What is None is to be detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstClass {
    /// The delimiter, one ASCII character.
    pub delimiter: Option<u8>,
    /// The dialect.
    pub kind: Option<Kind>,
}

/// All that is wrong with a declaration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad dialect: {}", .0.join("; "))]
pub struct DialectError(pub Vec<String>);

impl Declared {
    /// Reads and checks a JSON object.
    pub fn from_json(text: &str) -> Result<Declared, DialectError> {
        settings::from_json(text)
    }

    /// Checks a declaration that was put together by hand. Those that were read are checked already.
    pub fn check(&self) -> Result<(), DialectError> {
        check::check(self)
    }

    /// This declaration, and `base` where it says nothing: for flags over a file, or a user's settings over the
    /// catalog's. Quote, escape and kind go together: an escape of `base` that is its quote doubled is not one of another quote.
    pub fn over(self, base: Declared) -> Result<Declared, DialectError> {
        let own_quoting = self.kind.is_some() || self.quote.is_some() || self.escape.is_some();
        let base_kind = if own_quoting { None } else { base.kind };
        let kept =
            |own: Option<Mark>, base: Option<Mark>| if self.kind.is_some() { own } else { own.or(base) };
        let doubled =
            self.quote.is_some() && matches!(base.escape, Some(Mark::Char(_))) && base.escape == base.quote;
        let merged = Declared {
            quote: kept(self.quote, base.quote),
            escape: kept(self.escape, base.escape.filter(|_| !doubled)),
            kind: self.kind.or(base_kind),
            delimiter: self.delimiter.or(base.delimiter),
            header: self.header.or(base.header),
            skip_rows: self.skip_rows.or(base.skip_rows),
            encoding: self.encoding.or(base.encoding),
            newline: self.newline.or(base.newline),
            null_values: self.null_values.or(base.null_values),
            columns: self.columns.or(base.columns),
            comment: self.comment.or(base.comment),
            quoted_null: self.quoted_null.or(base.quoted_null),
        };
        merged.check()?;
        Ok(merged)
    }

    /// What is declared of quotes and escapes; None where that is to be detected.
    ///
    /// With only one of them declared: a quote is doubled inside quotes, no quote means no escape either (backslashes
    /// stay what they are), and an escape goes with the quote `"`.
    pub fn quoting(&self) -> Option<Quoting> {
        const DEFAULT: char = '"';
        match (self.kind, self.quote, self.escape) {
            (Some(kind), _, _) => Some(kind.quoting()),
            (None, None, None) => None,
            (None, quote, escape) => {
                let quote = quote.unwrap_or(Mark::Char(DEFAULT)).char();
                let escape = escape.map_or(quote, Mark::char);
                Some(Quoting {
                    quote,
                    escape,
                    keeps_escape: false,
                })
            }
        }
    }

    /// The comment's start, if lines can be comments.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref().filter(|comment| !comment.is_empty())
    }

    /// Whether the fast splitter can read what is declared: an ASCII delimiter, one of the first-class dialects, any
    /// line end or LF alone, no comments; None if only [`crate::split::general`] can. (The encoding does not matter: splitters read
    /// UTF-8.)
    pub fn first_class(&self) -> Option<FirstClass> {
        let delimiter = match self.delimiter.as_deref().map(str::as_bytes) {
            None => None,
            // To the other dialect these are data, which the fast splitter does not provide for.
            Some([b'"' | b'\\']) => return None,
            Some([byte]) => Some(*byte),
            Some(_) => return None,
        };
        let kind = match self.quoting() {
            None => None,
            Some(quoting) => Some(quoting.kind()?),
        };
        let newline = match &self.newline {
            None | Some(Newline::Any | Newline::LfOrCrlf) => true,
            Some(Newline::Exactly(text)) => text == "\n",
        };
        (newline && self.comment().is_none()).then_some(FirstClass { delimiter, kind })
    }

    /// All that is declared, in a fixed order and spelling: what a profile hashes. Declarations that mean the same give
    /// the same text; none gives an empty one.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        let mut say = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                // Writing to a String cannot fail.
                let _ = write!(out, "{name}={value};");
            }
        };
        let list = |texts: &[String]| serde_json::Value::from(texts).to_string();
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let character = |of: Option<char>| text(&of.map(String::from).unwrap_or_default());
        say("delimiter", self.delimiter.as_deref().map(text));
        say("quote", self.quoting().map(|quoting| character(quoting.quote)));
        say("escape", self.quoting().map(|quoting| character(quoting.escape)));
        let goes = self
            .quoting()
            .is_some_and(|quoting| quoting.escape_of_its_own().is_some() && !quoting.keeps_escape);
        say("escape_goes", goes.then(|| goes.to_string()));
        say("header", self.header.map(|header| header.to_string()));
        say(
            "skip_rows",
            self.skip_rows
                .filter(|rows| *rows > 0)
                .map(|rows| rows.to_string()),
        );
        say(
            "encoding",
            self.encoding.map(|encoding| encoding.name().to_owned()),
        );
        say(
            "newline",
            self.newline.as_ref().map(|newline| text(&newline.to_string())),
        );
        let tokens = self.null_values.clone().map(|mut tokens| {
            tokens.sort();
            tokens.dedup();
            list(&tokens)
        });
        say("null_values", tokens);
        say("columns", self.columns.as_deref().map(list));
        say("comment", self.comment().map(text));
        say(
            "quoted_null",
            self.quoted_null.filter(|is| *is).map(|is| is.to_string()),
        );
        out
    }
}

impl Kind {
    /// The quote and escape of this dialect.
    pub fn quoting(self) -> Quoting {
        match self {
            Kind::Quoted => Quoting {
                quote: Some('"'),
                escape: Some('"'),
                keeps_escape: false,
            },
            Kind::Escaped => Quoting {
                quote: None,
                escape: Some('\\'),
                keeps_escape: true,
            },
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Quoted => "quoted",
            Kind::Escaped => "escaped",
        })
    }
}

impl Mark {
    fn char(self) -> Option<char> {
        match self {
            Mark::None => None,
            Mark::Char(char) => Some(char),
        }
    }
}

impl Quoting {
    /// The escape, if it is not the quote itself that is doubled.
    pub fn escape_of_its_own(self) -> Option<char> {
        self.escape.filter(|_| self.escape != self.quote)
    }

    /// The first-class dialect with this quoting, if it is one's.
    pub fn kind(self) -> Option<Kind> {
        [Kind::Quoted, Kind::Escaped]
            .into_iter()
            .find(|kind| kind.quoting() == self)
    }
}

/// The text that ends a record, or an empty one for any.
impl fmt::Display for Newline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Newline::Any => Ok(()),
            Newline::LfOrCrlf => f.write_str("\n|\r\n"),
            Newline::Exactly(text) => f.write_str(text),
        }
    }
}
