//! What may be declared, and what it means.

use daymark::dialect::{Declared, FirstClass, Kind, Mark, Newline, Quoting};
use daymark::encoding::Encoding;

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
        r#"delimiter="||";quote="“";escape="\\";escape_goes=true;header=true;skip_rows=3;encoding=EUC-KR;newline="\r\n";null_values=["","NA"];columns=["a","b;"];comment="//";quoted_null=true;"#
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
        r#"{"columns":["a","b\u0000c"]}"#,
        &format!(r#"{{"columns":["a","{}"]}}"#, "n".repeat(1_025)),
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
        &format!(r#"{{"columns":["a","{}"]}}"#, "n".repeat(1_024)),
    ] {
        Declared::from_json(json).unwrap();
    }
}

#[test]
fn quoting_has_its_defaults_and_the_first_class_is_told() {
    let of = |quote: Option<char>, escape: Option<char>| {
        Some(Quoting {
            quote,
            escape,
            keeps_escape: false,
        })
    };
    let escaped = Quoting {
        quote: None,
        escape: Some('\\'),
        keeps_escape: true,
    };
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
        (r#"{"kind":"escaped"}"#, Some(escaped), Some(Some(Kind::Escaped))),
        (r#"{"quote":"","escape":"\\"}"#, of(None, Some('\\')), None),
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
        (r#"{"newline":"\n"}"#, true),
        (r#"{"newline":"\r\n"}"#, false),
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
    let kinds = [r#"{"kind":"escaped"}"#, r#"{"quote":"","escape":"\\"}"#];
    let canonical = kinds.map(|json| Declared::from_json(json).unwrap().canonical());
    assert_ne!(canonical[0], canonical[1], "one keeps what the other drops");
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
    // A quote that is doubled is not what doubles another one.
    let doubled = read(r#"{"quote":"\"","escape":"\""}"#);
    let other = read(r#"{"quote":"'"}"#).over(doubled.clone()).unwrap();
    assert_eq!(other.quoting().unwrap().escape, Some('\''));
    let none = read(r#"{"quote":""}"#).over(doubled).unwrap();
    assert_eq!(none.quoting().unwrap().escape, None);
    let backslash = read(r#"{"quote":"\"","escape":"\\"}"#);
    let other = read(r#"{"quote":"'"}"#).over(backslash).unwrap();
    assert_eq!(other.quoting().unwrap().escape, Some('\\'));
    assert!(
        read(r#"{"quote":";"}"#)
            .over(read(r#"{"delimiter":";"}"#))
            .is_err()
    );
}
