//! What the general splitter reads.

use daymark::dialect::{Declared, Kind, Newline, Quoting};
use daymark::split::general::{General, GeneralSpec, physical_line};
use daymark::split::standard::{LineEnd, Reading, Standard};
use daymark::split::{Fault, Field, Step};
use proptest::prelude::*;

fn spec(json: &str) -> GeneralSpec {
    GeneralSpec::of(&Declared::from_json(json).unwrap(), ",", Kind::Quoted)
}

type Record = Vec<(Vec<u8>, bool)>;

/// Records, `None` for an empty line, and where it broke off. Comments are left out.
fn read(general: &General, text: &[u8]) -> (Vec<Option<Record>>, Option<Fault>) {
    let (mut records, mut fields, mut at) = (Vec::new(), Vec::new(), 0);
    while at < text.len() {
        fields.clear();
        let rest = &text[at..];
        at += match general.record(rest, true, &mut fields) {
            Ok(Step::Record { consumed }) => {
                records.push(Some(cells(general, rest, &fields)));
                consumed
            }
            Ok(Step::EmptyLine { consumed }) => {
                records.push(None);
                consumed
            }
            Ok(Step::Comment { consumed }) => consumed,
            Ok(Step::Incomplete) => panic!("incomplete at the end"),
            Err(fault) => {
                assert!(fields.is_empty());
                return (
                    records,
                    Some(Fault {
                        at: at + fault.at,
                        ..fault
                    }),
                );
            }
        };
    }
    (records, None)
}

fn cells(general: &General, text: &[u8], fields: &[Field]) -> Record {
    let cell = |field: &Field| {
        let raw = &text[field.start()..field.end()];
        let mut out = Vec::new();
        general.undo(raw, field.is_quoted(), &mut out);
        assert!(
            field.is_dirty() || out == raw,
            "only dirty fields have something to undo"
        );
        (out, field.is_quoted())
    };
    fields.iter().map(cell).collect()
}

/// What is found at each record's start must not depend on how much of the text is there.
fn same_on_every_prefix(general: &General, text: &[u8]) {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (mut whole, mut part) = (Vec::new(), Vec::new());
        let found = general.record(rest, true, &mut whole);
        for cut in 0..=rest.len() {
            part.clear();
            match general.record(&rest[..cut], false, &mut part) {
                Ok(Step::Incomplete) => assert!(part.is_empty()),
                known => {
                    assert_eq!((known, &part), (found, &whole), "{:?}", &rest[..cut]);
                }
            }
        }
        at += match found {
            Ok(Step::Record { consumed } | Step::EmptyLine { consumed } | Step::Comment { consumed }) => {
                consumed
            }
            _ => return,
        };
    }
}

fn show(json: &str, text: &str) -> String {
    let general = General::new(&spec(json));
    same_on_every_prefix(&general, text.as_bytes());
    let (records, fault) = read(&general, text.as_bytes());
    let mut lines: Vec<String> = records
        .iter()
        .map(|record| match record {
            None => "empty".to_owned(),
            Some(record) => record
                .iter()
                .map(|(cell, quoted)| {
                    let cell = String::from_utf8_lossy(cell);
                    if *quoted {
                        format!("<{cell}>")
                    } else {
                        cell.into_owned()
                    }
                })
                .collect::<Vec<_>>()
                .join("¦"),
        })
        .collect();
    lines.extend(fault.map(|fault| format!("{:?} at {}", fault.kind, fault.at)));
    lines.join(" / ").replace('\n', "LF").replace('\r', "CR")
}

#[test]
fn records_by_example() {
    let doubled = r#"{"kind":"quoted"}"#;
    let inside = r#"{"escape":"\\"}"#;
    let everywhere = r#"{"kind":"escaped"}"#;
    let wide = r##"{"delimiter":"||","quote":"“","escape":"“","newline":"<>","comment":"//"}"##;
    let wide_escaped = r##"{"delimiter":"||","quote":"","escape":"é","newline":"\r\n","comment":"//"}"##;
    let bare = r#"{"quote":"","escape":""}"#;
    for (json, text, want) in [
        (
            doubled,
            "a,\"b,\"\"\n\",\n\n\"\"\r\nc\rd",
            "a¦<b,\"LF>¦ / empty / <> / c / d",
        ),
        (doubled, "\\,\\N,\"\\\"\n", "\\¦\\N¦<\\>"),
        (doubled, "a,b\"c\n", "QuoteInBareField at 3"),
        (doubled, "x\na,\"b\"c\n", "x / TextAfterClosingQuote at 7"),
        (doubled, "a,\"b\"\"\n", "UnclosedQuote at 2"),
        (doubled, "a,", "a¦"),
        (doubled, "\r\n\r", "empty / empty"),
        (
            inside,
            r#""a\"b","\\","\n\é","\,",\,"#,
            r#"<a"b>¦<\>¦<né>¦<,>¦\¦"#,
        ),
        (
            r#"{"quote":"","escape":"\\"}"#,
            "a\\,b,\\\\,\\N,\\\"q\\\",\\é\\x\\",
            "a,b¦\\¦N¦\"q\"¦éx\\",
        ),
        (inside, r#""a""b""#, "TextAfterClosingQuote at 3"),
        (inside, "\"a\\\"", "UnclosedQuote at 0"),
        (r#"{"escape":""}"#, r#""a","b""c""#, "TextAfterClosingQuote at 7"),
        (
            everywhere,
            "a\\,b,\\\\,\\N,\"q\",\\x\nx\\\ny\\",
            "a,b¦\\¦\\N¦\"q\"¦\\x / xLFy\\",
        ),
        (everywhere, "a\\\r\nb\nc\\\r\\\nd", "aCRLFb / cCRLFd"),
        (bare, "a\\,\"b,#\n", "a\\¦\"b¦#"),
        (
            wide,
            "a|b||“c||<>““”“||<>// no record <>“//”“<><>x\n//y<",
            "a|b¦<c||<>“”>¦ / <//”> / empty / xLF//y<",
        ),
        (wide, "“a“b", "TextAfterClosingQuote at 7"),
        (wide, "/<>//", "/"),
        (
            wide_escaped,
            "aé||bé|é||||écéé\r\né//x//é\r\né\r\r\n",
            "a||b|||¦cé / //x//CRLFCR",
        ),
        (r#"{"newline":"\n"}"#, "a\r\n\"b\r\"\n\rc\n", "aCR / <bCR> / CRc"),
        (r#"{"newline":"\r\n"}"#, "a\nb\r\n\r\r\n", "aLFb / CR"),
    ] {
        assert_eq!(show(json, text), want, "{json} {text:?}");
    }
}

#[test]
fn physical_lines_are_lines_whatever_they_hold() {
    let lines = |newline: Newline, text: &str| {
        let (mut rest, mut lengths) = (text.as_bytes(), Vec::new());
        while let Some(bytes) = physical_line(&newline, rest, true) {
            lengths.push(bytes);
            rest = &rest[bytes..];
        }
        lengths
    };
    let text = "a\"\n\r\n\rb,\"";
    assert_eq!(lines(Newline::Any, text), [3, 2, 1, 3]);
    assert_eq!(lines(Newline::LfOrCrlf, text), [3, 2, 4]);
    assert_eq!(lines(Newline::Exactly("\r".to_owned()), text), [4, 2, 3]);
    assert_eq!(lines(Newline::Exactly("--".to_owned()), text), [9]);
    assert_eq!(lines(Newline::Any, ""), [0; 0]);
    assert_eq!(physical_line(&Newline::Any, b"a\r", false), None);
    assert_eq!(physical_line(&Newline::Any, b"a\n", false), Some(2));
    for (newline, count) in [("", 3), ("\\n", 2), ("\\r", 2), ("--", 0)] {
        let general = General::new(&spec(&format!("{{\"newline\":\"{newline}\"}}")));
        assert_eq!(general.line_breaks(text.as_bytes()), count);
    }
    assert_eq!(General::new(&spec("{}")).line_breaks(b"a\r"), 1);
}

// Properties.

/// A dialect that can be declared, from settings that often clash.
fn dialects() -> impl Strategy<Value = GeneralSpec> {
    let delimiter = prop::sample::select(vec![",", ";", "\t", "||", "¦", "~|~", "ab", "\u{1f}"]);
    let mark = prop::sample::select(vec!["", "\"", "'", "\\", "“", "|", "^"]);
    let newline = prop::sample::select(vec!["", "", "\n", "\r\n", "\r", "\u{1e}", "¶\n"]);
    let comment = prop::sample::select(vec!["", "", "#", "//", "é"]);
    (delimiter, mark.clone(), mark, newline, comment, any::<bool>()).prop_filter_map(
        "can be declared",
        |(delimiter, quote, escape, newline, comment, keeps_escape)| {
            let json = serde_json::json!({
                "delimiter": delimiter, "quote": quote, "escape": escape, "newline": newline, "comment": comment,
            });
            let declared = Declared::from_json(&json.to_string()).ok()?;
            let mut spec = GeneralSpec::of(&declared, ",", Kind::Quoted);
            // What writers escape is read alike.
            spec.quoting.keeps_escape = keeps_escape;
            Some(spec)
        },
    )
}

/// Text dense in everything that means something in some dialect.
fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            ",", ";", "\t", "|", "||", "¦", "~|~", "~", "a", "b", "ab", "\u{1f}", "\"", "\"\"", "'", "\\",
            "“", "^", "\n", "\r", "\r\n", "\u{1e}", "¶\n", "¶", "#", "/", "//", "é", "x", "N", "",
        ]),
        0..12,
    )
    .prop_map(|parts| parts.concat())
}

/// Writes a table in a dialect, or not at all where the dialect has no way to say it.
fn write(
    spec: &GeneralSpec,
    table: &[Vec<String>],
    line_end: &str,
    always_quote: bool,
    per_character: bool,
) -> Option<String> {
    let Quoting { quote, escape, .. } = spec.quoting;
    let comment = spec.comment.as_deref().unwrap_or_default();
    let meaning: Vec<char> = spec
        .delimiter
        .chars()
        .chain(line_end.chars())
        .chain(['\n', '\r'])
        .chain(comment.chars().take(1))
        .chain(quote)
        .chain(escape)
        .collect();
    let mut out = String::new();
    for record in table {
        for (index, cell) in record.iter().enumerate() {
            if index > 0 {
                out.push_str(&spec.delimiter);
            }
            let plain = !cell.contains(meaning.as_slice());
            match (quote, escape) {
                (Some(_), _) if plain && !always_quote && !(cell.is_empty() && record.len() == 1) => {
                    out.push_str(cell)
                }
                (Some(quote), escape) => {
                    out.push(quote);
                    for char in cell.chars() {
                        if char == quote || Some(char) == escape {
                            out.push(escape?);
                        }
                        out.push(char);
                    }
                    out.push(quote);
                }
                (None, Some(escape)) => {
                    // A line of one empty cell is no record; what ends in half a mark cannot be told from what follows.
                    let whole_line_end = if matches!(spec.newline, Newline::Exactly(_)) {
                        line_end
                    } else {
                        "\r\n"
                    };
                    let marks = [spec.delimiter.as_str(), whole_line_end];
                    let half =
                        |mark: &&str| mark.chars().count() > 1 && cell.ends_with(|last| mark.contains(last));
                    if (record.len() == 1 && cell.is_empty()) || marks.iter().any(half) {
                        return None;
                    }
                    if per_character {
                        for char in cell.chars() {
                            if meaning.contains(&char) {
                                out.push(escape);
                            }
                            out.push(char);
                        }
                    } else {
                        let mut rest = cell.as_str();
                        while let Some(first) = rest.chars().next() {
                            let whole = marks.into_iter().find(|mark| rest.starts_with(mark));
                            if whole.is_some() || meaning.contains(&first) {
                                out.push(escape);
                            }
                            let (head, tail) = rest.split_at(whole.map_or(first.len_utf8(), str::len));
                            out.push_str(head);
                            rest = tail;
                        }
                    }
                }
                (None, None) if plain && !(cell.is_empty() && record.len() == 1) => out.push_str(cell),
                (None, None) => return None,
            }
        }
        out.push_str(line_end);
    }
    Some(out)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_written_is_read_back(
        spec in dialects(),
        columns in 1usize..4,
        cells in prop::collection::vec(texts(), 12),
        any_line_end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        style in any::<(bool, bool, bool)>(),
    ) {
        let (always_quote, per_character, last_line_end) = style;
        let table: Vec<Vec<String>> = cells.chunks_exact(columns).map(<[String]>::to_vec).collect();
        let line_end = match &spec.newline {
            Newline::Exactly(text) => text.clone(),
            _ => any_line_end.to_owned(),
        };
        let Some(mut text) = write(&spec, &table, &line_end, always_quote, per_character) else {
            return Ok(());
        };
        if !last_line_end && !table.last().unwrap().concat().is_empty() {
            text.truncate(text.len() - line_end.len());
        }
        if let Some(comment) = &spec.comment {
            text.insert_str(0, &format!("{comment} \"',{line_end}"));
        }
        let general = General::new(&spec);
        let (records, fault) = read(&general, text.as_bytes());
        prop_assert_eq!(fault, None, "{:?} {:?}", spec, text);
        let got: Vec<Vec<String>> = records
            .into_iter()
            .map(|record| record.unwrap().into_iter().map(|(cell, _)| String::from_utf8(cell).unwrap()).collect())
            .collect();
        prop_assert_eq!(got, table, "{:?} {:?}", spec, text);
        same_on_every_prefix(&general, text.as_bytes());
    }

    #[test]
    fn any_chunking_gives_the_same_records(spec in dialects(), parts in prop::collection::vec(texts(), 0..6)) {
        same_on_every_prefix(&General::new(&spec), parts.concat().as_bytes());
    }

    #[test]
    fn the_first_class_dialects_are_read_as_the_fast_splitter_reads_them(
        parts in prop::collection::vec(texts(), 0..6),
        escaped in any::<bool>(),
        line_end in prop::sample::select(vec![LineEnd::Lf, LineEnd::LfOrCrlf, LineEnd::Any]),
    ) {
        let text = parts.concat();
        let text = text.as_bytes();
        let (kind, reading) = if escaped { (Kind::Escaped, Reading::Escaped) } else { (Kind::Quoted, Reading::Quoted) };
        let standard = Standard { delimiter: b',', reading, line_end };
        let newline = match line_end {
            LineEnd::Lf => Newline::Exactly("\n".to_owned()),
            LineEnd::LfOrCrlf => Newline::LfOrCrlf,
            LineEnd::Any => Newline::Any,
        };
        let general = General::new(&GeneralSpec {
            delimiter: ",".to_owned(),
            quoting: kind.quoting(),
            newline,
            comment: None,
        });
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            let found = general.record(rest, true, &mut ours);
            prop_assert_eq!(found, standard.record(rest, true, &mut theirs));
            let theirs: Record = theirs
                .iter()
                .map(|field| {
                    let raw = &rest[field.start()..field.end()];
                    let mut out = Vec::new();
                    if field.is_dirty() { standard.undo(raw, &mut out) } else { out.extend_from_slice(raw) }
                    (out, field.is_quoted())
                })
                .collect();
            prop_assert_eq!(cells(&general, rest, &ours), theirs);
            at += match found {
                Ok(Step::Record { consumed } | Step::EmptyLine { consumed }) => consumed,
                _ => break,
            };
        }
    }

    #[test]
    fn the_csv_crate_reads_the_same_where_it_can(
        parts in prop::collection::vec(texts(), 0..6),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        quote in prop::sample::select(vec![b'"', b'\'']),
        backslash in any::<bool>(),
        written in any::<bool>(),
    ) {
        // Csv's writer doubles no backslash.
        let text = if written {
            let mut writer = csv::WriterBuilder::new();
            writer.delimiter(delimiter).quote(quote).flexible(true);
            if backslash {
                writer.double_quote(false).escape(b'\\');
            }
            let mut writer = writer.from_writer(Vec::new());
            writer.write_record(parts.iter().map(|part| part.replace('\\', ""))).unwrap();
            writer.write_record(["x", "y"]).unwrap();
            writer.into_inner().unwrap()
        } else {
            parts.concat().into_bytes()
        };
        let general = General::new(&GeneralSpec {
            delimiter: char::from(delimiter).to_string(),
            quoting: Quoting {
                quote: Some(char::from(quote)),
                escape: Some(if backslash { '\\' } else { char::from(quote) }),
                keeps_escape: false,
            },
            newline: Newline::Any,
            comment: None,
        });
        let (records, fault) = read(&general, &text);
        if fault.is_some() {
            prop_assert!(!written, "{:?} {:?}", String::from_utf8_lossy(&text), fault);
            return Ok(());
        }
        let ours: Vec<Vec<Vec<u8>>> = records
            .into_iter()
            .flatten()
            .map(|record| record.into_iter().map(|(cell, _)| cell).collect())
            .collect();
        let mut reader = csv::ReaderBuilder::new();
        reader.delimiter(delimiter).quote(quote).has_headers(false).flexible(true);
        if backslash {
            reader.double_quote(false).escape(Some(b'\\'));
        }
        let theirs: Vec<Vec<Vec<u8>>> = reader
            .from_reader(&text[..])
            .byte_records()
            .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect();
        prop_assert_eq!(ours, theirs, "{:?}", String::from_utf8_lossy(&text));
    }
}
