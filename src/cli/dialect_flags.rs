//! What the command line declares of a dialect: flags, over a file.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::local::read_small;
use super::remote::local_path;
use super::usage;
use crate::dialect::{Declared, Kind, Mark};
use crate::encoding::Encoding;

/// How the text is laid out. What is not declared is detected.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Dialect (what is not declared is detected)")]
pub(super) struct DialectFlags {
    /// What stands between two fields: one or more characters; `\t` or `tab` for a tab
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    delimiter: Option<String>,
    /// What stands around quoted fields: one character, or `none`
    #[arg(long, value_name = "CHAR", allow_hyphen_values = true)]
    quote: Option<String>,
    /// What makes the next character data, whichever it is, and goes itself: the quote for doubled quotes, another
    /// character (which acts inside quotes, or everywhere if there is no quote; before a delimiter of several characters
    /// it protects all of it), or `none`
    #[arg(long, value_name = "CHAR", allow_hyphen_values = true)]
    escape: Option<String>,
    /// Whether record 1 is the header. By `auto`, a HubSpot table's records tell; any other file has one
    #[arg(long, value_name = "WHETHER")]
    header: Option<Header>,
    /// What bytes mean, such as utf-8, utf-16, latin-1, cp949; by default UTF-8, or what a byte order mark says
    #[arg(long, value_name = "LABEL")]
    encoding: Option<String>,
    /// Bare fields that are NULL; several may follow, and the flag may be repeated. By default `\N`. Where there are quotes,
    /// an empty one is NULL besides
    #[arg(long, value_name = "TOKEN", num_args = 1.., allow_negative_numbers = true)]
    null: Vec<String>,
    /// Physical lines before the first record
    #[arg(long, value_name = "N")]
    skip_rows: Option<u64>,
    /// What a line that is no record begins with
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    comment: Option<String>,
    /// The columns' names, in the file's order, instead of those in its header
    #[arg(long, value_name = "A,B,…", allow_hyphen_values = true)]
    columns: Option<String>,
    /// All of these as a JSON object: delimiter, quote, escape, header, skip_rows, encoding, newline, null_values,
    /// quoted_null, columns, comment, kind. Or one of the two that HubSpot's parts can be in: `quoted`, or `escaped` (no quotes, and a
    /// backslash before delimiter, line break or backslash alone). Flags go before it
    #[arg(long, value_name = "quoted|escaped|FILE.json", value_parser = local_path())]
    dialect: Option<PathBuf>,
}

/// Whether record 1 is the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Header {
    Yes,
    No,
    Auto,
}

impl DialectFlags {
    /// The declaration, flags over the file; and the label by which it declares an encoding.
    pub(super) fn declared(&self) -> anyhow::Result<(Declared, Option<String>)> {
        let mut encoding = self.encoding.clone();
        let kind = |kind| Declared {
            kind: Some(kind),
            ..Declared::default()
        };
        let file = match &self.dialect {
            None => Declared::default(),
            Some(name) if name == Path::new("quoted") => kind(Kind::Quoted),
            Some(name) if name == Path::new("escaped") => kind(Kind::Escaped),
            Some(path) => {
                let text = read_small(path)?;
                let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
                encoding = encoding.or_else(|| label(text));
                Declared::from_json(text).map_err(|error| usage(format!("{}: {error}", path.display())))?
            }
        };
        let flags = self.flags()?;
        let declared = flags
            .check()
            .and_then(|()| flags.over(file))
            .map_err(|error| usage(error.to_string()))?;
        let declared = Declared {
            header: declared.header.filter(|_| !self.header_auto()),
            ..declared
        };
        Ok((declared, encoding))
    }

    /// The names of files that a command was given. Behind `--null TOKEN…` they look like tokens to the parser: the last
    /// of them are the names that are missing, and one token stays.
    pub(super) fn names_behind_null<const N: usize>(
        &mut self,
        names: [Option<PathBuf>; N],
    ) -> [Option<PathBuf>; N] {
        let mut names = names;
        for name in names.iter_mut().rev() {
            if name.is_none() && self.null.len() > 1 {
                *name = self.null.pop().map(PathBuf::from);
            }
        }
        names
    }

    /// Whether record 1's role is to be found, whatever a file or a table declares.
    pub(super) fn header_auto(&self) -> bool {
        self.header == Some(Header::Auto)
    }

    fn flags(&self) -> anyhow::Result<Declared> {
        let encoding = self.encoding.as_deref().map(Encoding::for_label);
        Ok(Declared {
            delimiter: self.delimiter.as_deref().map(delimiter),
            kind: None,
            quote: mark("--quote", self.quote.as_deref())?,
            escape: mark("--escape", self.escape.as_deref())?,
            header: match self.header {
                Some(Header::Yes) => Some(true),
                Some(Header::No) => Some(false),
                Some(Header::Auto) | None => None,
            },
            skip_rows: self.skip_rows,
            encoding: encoding
                .transpose()
                .map_err(|unknown| usage(unknown.to_string()))?,
            newline: None,
            null_values: (!self.null.is_empty()).then(|| self.null.clone()),
            columns: self.columns.as_deref().map(columns).transpose()?,
            comment: self.comment.clone(),
            quoted_null: None,
        })
    }
}

/// The label of the encoding that a file of a dialect declares.
fn label(json: &str) -> Option<String> {
    let file: serde_json::Value = serde_json::from_str(json).ok()?;
    Some(file.get("encoding")?.as_str()?.to_owned())
}

/// A delimiter as a shell lets it be typed: a tab can be spelled.
fn delimiter(text: &str) -> String {
    match text {
        "tab" | "TAB" => "\t".to_owned(),
        _ => text.replace("\\\\t", "\t").replace("\\t", "\t"),
    }
}

fn mark(flag: &str, text: Option<&str>) -> anyhow::Result<Option<Mark>> {
    let Some(text) = text else { return Ok(None) };
    let mut chars = text.chars();
    match (text, chars.next(), chars.next()) {
        ("" | "none", ..) => Ok(Some(Mark::None)),
        // As it has to be typed where a shell or a file undoes backslashes, and sometimes does not.
        ("\\\\", ..) => Ok(Some(Mark::Char('\\'))),
        (_, Some(char), None) => Ok(Some(Mark::Char(char))),
        _ => Err(usage(format!(
            "{flag}: expected one character or none, found {text:?}"
        ))),
    }
}

/// Names between commas; a name with a comma or a quote in it stands in double quotes.
fn columns(text: &str) -> anyhow::Result<Vec<String>> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(line.as_bytes());
    let record = reader.records().next().transpose().context("--columns")?;
    let found = match record {
        _ if line.contains(['\n', '\r']) => "more than one line",
        _ if !quotes_close(line) => "a double quote that opens or closes no name",
        Some(names) if !names.iter().all(str::is_empty) => {
            return Ok(names.iter().map(str::to_owned).collect());
        }
        _ => "none",
    };
    Err(usage(format!(
        "--columns: expected names between commas, a name with a comma or quote in it in double quotes, found {found}"
    )))
}

/// Whether each quote opens a name, closes it, or is doubled within one. The `csv` crate takes others for text.
fn quotes_close(line: &str) -> bool {
    let (mut starts, mut open, mut closed) = (true, false, false);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if open && rest.next_if_eq(&'"').is_some() => {}
            '"' if open => (open, closed) = (false, true),
            '"' if starts => (starts, open) = (false, true),
            ',' if !open => (starts, closed) = (true, false),
            '"' => return false,
            _ if closed => return false,
            _ => starts = false,
        }
    }
    !open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_can_be_spelled() {
        for text in ["\t", "\\t", "\\\\t", "tab", "TAB"] {
            assert_eq!(delimiter(text), "\t", "{text:?}");
        }
        for text in [",", ";;", "|", "ab"] {
            assert_eq!(delimiter(text), text);
        }
    }

    #[test]
    fn names_behind_tokens() {
        let path = |name: &str| Some(PathBuf::from(name));
        for (null, given, tokens, names) in [
            (
                vec!["NA", "in", "out"],
                [None, None],
                vec!["NA"],
                [path("in"), path("out")],
            ),
            (
                vec!["NA", "out"],
                [path("in"), None],
                vec!["NA"],
                [path("in"), path("out")],
            ),
            (
                vec!["NA", "N"],
                [path("in"), path("out")],
                vec!["NA", "N"],
                [path("in"), path("out")],
            ),
            (vec!["NA"], [path("in"), None], vec!["NA"], [path("in"), None]),
        ] {
            let mut flags = DialectFlags {
                null: null.into_iter().map(str::to_owned).collect(),
                ..DialectFlags::default()
            };
            // The parser fills names from the first on.
            assert_eq!(flags.names_behind_null(given), names);
            assert_eq!(flags.null, tokens);
        }
    }

    #[test]
    fn columns_between_commas() {
        assert_eq!(columns("a,b").unwrap(), ["a", "b"]);
        assert_eq!(columns("a,\"b,c\", d").unwrap(), ["a", "b,c", " d"]);
        assert_eq!(columns("a,\"5\"\" x\"\n").unwrap(), ["a", "5\" x"]);
        for wrong in ["", ",", "\n", "a,b\nc", "\"a,b", "5\" x"] {
            assert!(columns(wrong).is_err(), "{wrong:?}");
        }
    }
}
