//! Dialects: what may be declared, and what the general splitter reads under it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use daymark::dialect::{Declared, FirstClass, Kind, Mark, Newline, Quoting};
use daymark::encoding::Encoding;
use daymark::split::general::{General, GeneralSpec, physical_line};
use daymark::split::standard::{LineEnd, Reading, Standard};
use daymark::split::{Fault, Field, Step};
use proptest::prelude::*;

// What may be declared.

#[test]
fn nothing_declared_is_nothing() {
    let declared = Declared::from_json("{}").unwrap();
    assert_eq!(declared, Declared::default());
    assert_eq!(declared.canonical(), "");
    assert_eq!(declared.quoting(), None);
    let open = FirstClass {
        delimiter: None,
        kind: None,
    };
    assert_eq!(declared.first_class(), Some(open));
    let nulls = r#"{"delimiter":null,"quote":null,"header":"auto","columns":null,"kind":null}"#;
    assert_eq!(Declared::from_json(nulls).unwrap(), declared);
}

#[test]
fn everything_declared_is_read_from_json_and_toml() {
    let json = r#"{"delimiter":"||","quote":"“","escape":"\\","header":true,"skip_rows":3,"encoding":"cp949",
        "newline":"\r\n","null_values":["NA","","NA"],"columns":["a","b;"],"comment":"//","quoted_null":true}"#;
    let toml = "delimiter = '||'\nquote = '“'\nescape = '\\'\nheader = true\nskip_rows = 3\nencoding = 'cp949'\n\
        newline = \"\\r\\n\"\nnull_values = ['NA', '', 'NA']\ncolumns = ['a', 'b;']\ncomment = '//'\nquoted_null = true\n";
    let declared = Declared::from_json(json).unwrap();
    assert_eq!(
        declared,
        Declared {
            delimiter: Some("||".to_owned()),
            kind: None,
            quote: Some(Mark::Char('“')),
            escape: Some(Mark::Char('\\')),
            header: Some(true),
            skip_rows: Some(3),
            encoding: Some(Encoding::for_label("euc-kr").unwrap()),
            newline: Some(Newline::Exactly("\r\n".to_owned())),
            null_values: Some(vec!["NA".to_owned(), String::new(), "NA".to_owned()]),
            columns: Some(vec!["a".to_owned(), "b;".to_owned()]),
            comment: Some("//".to_owned()),
            quoted_null: Some(true),
        }
    );
    assert_eq!(toml::from_str::<Declared>(toml).unwrap(), declared);
    assert_eq!(
        declared.canonical(),
        r#"delimiter="||";quote="“";escape="\\";header=true;skip_rows=3;encoding=EUC-KR;newline="\r\n";null_values=["","NA"];columns=["a","b;"];comment="//";quoted_null=true;"#
    );
    assert_eq!(declared.first_class(), None);
}

#[test]
fn all_faults_are_in_one_message() {
    let json = r#"{"delimter":",","delimiter":"","quote":"''","escape":7,"header":"yes","skip_rows":-1,
        "encoding":"utf-9","newline":[],"null_values":"NA","columns":[1],"comment":3,"quoted_null":"no","kind":"csv",
        "kind":"quoted","sniff":null}"#;
    let error = Declared::from_json(json).unwrap_err();
    let text = error.to_string();
    for word in [
        "\"delimter\"",
        "\"delimiter\" is empty",
        "\"quote\"",
        "\"escape\" is a number",
        "\"header\"",
        "\"skip_rows\" is -1",
        "\"utf-9\"",
        "\"newline\" is a list",
        "\"null_values\"",
        "item 1 of \"columns\"",
        "\"comment\"",
        "\"quoted_null\"",
        "\"csv\"",
        "\"kind\" is there twice",
        "\"sniff\"",
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
    assert_eq!(error.0.len(), 15, "{text}");
    for text in ["", "[]", "3", "{", "{} {}", "null"] {
        assert!(Declared::from_json(text).is_err(), "{text}");
    }
}

#[test]
fn ambiguous_settings_are_refused() {
    for json in [
        r#"{"delimiter":"\n"}"#,
        r#"{"delimiter":";\r"}"#,
        r#"{"delimiter":"\""}"#,
        r#"{"delimiter":"\\"}"#,
        r#"{"delimiter":"'","quote":"'"}"#,
        r#"{"delimiter":"a\\b","quote":"'","escape":"\\"}"#,
        r#"{"quote":"\n"}"#,
        r#"{"escape":"\r"}"#,
        r#"{"quote":"|","newline":"|\n"}"#,
        r#"{"newline":"\"\n"}"#,
        r#"{"delimiter":"|","newline":"|\n"}"#,
        r#"{"delimiter":"|\n|","newline":"|\n"}"#,
        r#"{"kind":"quoted","quote":"\""}"#,
        r#"{"kind":"escaped","escape":"\\"}"#,
        r#"{"comment":"\n"}"#,
        r#"{"comment":"\"x"}"#,
        r#"{"comment":"--","delimiter":"-"}"#,
        r#"{"comment":"-","delimiter":"--"}"#,
        r#"{"columns":[]}"#,
    ] {
        let error = Declared::from_json(json).unwrap_err();
        assert_eq!(error.0.len(), 1, "{json}: {error}");
    }
    for json in [
        r#"{"delimiter":"\n","newline":"\u001e"}"#,
        r#"{"delimiter":"\u001f","newline":"\u001e"}"#,
        r#"{"delimiter":"\\","quote":"\""}"#,
        r#"{"delimiter":"\"","kind":"escaped"}"#,
        r#"{"delimiter":"\"","quote":""}"#,
        r##"{"comment":"#","delimiter":", "}"##,
        r#"{"newline":"","null_values":[],"comment":"","quote":"","escape":""}"#,
    ] {
        Declared::from_json(json).unwrap();
    }
}

#[test]
fn quoting_has_its_defaults_and_the_first_class_is_told() {
    let of = |quote: Option<char>, escape: Option<char>| Some(Quoting { quote, escape });
    for (json, quoting, kind) in [
        ("{}", None, Some(None)),
        (
            r#"{"kind":"quoted"}"#,
            of(Some('"'), Some('"')),
            Some(Some(Kind::Quoted)),
        ),
        (
            r#"{"quote":"\""}"#,
            of(Some('"'), Some('"')),
            Some(Some(Kind::Quoted)),
        ),
        (
            r#"{"escape":"\""}"#,
            of(Some('"'), Some('"')),
            Some(Some(Kind::Quoted)),
        ),
        (
            r#"{"quote":"\"","escape":"\""}"#,
            of(Some('"'), Some('"')),
            Some(Some(Kind::Quoted)),
        ),
        (
            r#"{"kind":"escaped"}"#,
            of(None, Some('\\')),
            Some(Some(Kind::Escaped)),
        ),
        (
            r#"{"quote":"","escape":"\\"}"#,
            of(None, Some('\\')),
            Some(Some(Kind::Escaped)),
        ),
        (r#"{"quote":""}"#, of(None, None), None),
        (r#"{"escape":"\\"}"#, of(Some('"'), Some('\\')), None),
        (r#"{"escape":""}"#, of(Some('"'), None), None),
        (r#"{"quote":"'"}"#, of(Some('\''), Some('\'')), None),
    ] {
        let declared = Declared::from_json(json).unwrap();
        assert_eq!(declared.quoting(), quoting, "{json}");
        assert_eq!(
            declared.first_class().map(|first_class| first_class.kind),
            kind,
            "{json}"
        );
    }
    for (json, first_class) in [
        (r#"{"delimiter":"\t","newline":""}"#, true),
        (r#"{"delimiter":"é"}"#, false),
        (r#"{"delimiter":"\"","kind":"escaped"}"#, false),
        (r#"{"delimiter":"||"}"#, false),
        (r#"{"newline":"\n"}"#, false),
        (r##"{"comment":"#"}"##, false),
        (r#"{"comment":"","encoding":"utf-16","header":true}"#, true),
    ] {
        assert_eq!(
            Declared::from_json(json).unwrap().first_class().is_some(),
            first_class,
            "{json}"
        );
    }
    let kinds = [
        r#"{"kind":"quoted"}"#,
        r#"{"quote":"\"","escape":"\"","skip_rows":0}"#,
    ];
    let canonical = kinds.map(|json| Declared::from_json(json).unwrap().canonical());
    assert_eq!(canonical[0], canonical[1]);
}

#[test]
fn flags_go_over_a_file() {
    let read = |json| Declared::from_json(json).unwrap();
    let file = read(r#"{"kind":"escaped","delimiter":";","skip_rows":2}"#);
    let flags = read(r#"{"quote":"'","delimiter":"|"}"#);
    let both = flags.clone().over(file.clone()).unwrap();
    assert_eq!(both, read(r#"{"quote":"'","delimiter":"|","skip_rows":2}"#));
    assert_eq!(file.clone().over(flags).unwrap(), file);
    assert_eq!(Declared::default().over(file.clone()).unwrap(), file);
    assert!(
        read(r#"{"quote":";"}"#)
            .over(read(r#"{"delimiter":";"}"#))
            .is_err()
    );
}

// What is read.

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
        (inside, r#""a\"b","\\","\n","\,",\,"#, r#"<a"b>¦<\>¦<\n>¦<,>¦\¦"#),
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
            "a||b|||¦écé / //x//CRLFCR",
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
    (delimiter, mark.clone(), mark, newline, comment).prop_filter_map(
        "can be declared",
        |(delimiter, quote, escape, newline, comment)| {
            let json = serde_json::json!({
                "delimiter": delimiter, "quote": quote, "escape": escape, "newline": newline, "comment": comment,
            });
            let declared = Declared::from_json(&json.to_string()).ok()?;
            Some(GeneralSpec::of(&declared, ",", Kind::Quoted))
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
    let Quoting { quote, escape } = spec.quoting;
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
    ) {
        // With a backslash, csv's reader takes whatever stands behind it, and its writer doubles none: both agree on
        // what the writer writes without backslashes of its own.
        let text = if backslash {
            let mut writer = csv::WriterBuilder::new()
                .delimiter(delimiter).quote(quote).double_quote(false).escape(b'\\').flexible(true)
                .from_writer(Vec::new());
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
            },
            newline: Newline::Any,
            comment: None,
        });
        let (records, fault) = read(&general, &text);
        if fault.is_some() {
            prop_assert!(!backslash, "{:?} {:?}", String::from_utf8_lossy(&text), fault);
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
