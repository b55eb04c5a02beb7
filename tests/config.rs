//! Settings: what is taken, what is refused, and what they change.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;
use std::time::Duration;

use daymark::config::{Config, ConfigError, SETTINGS, table};
use daymark::convert::{Budget, Codec, Naming, Provenance, Typing};
use daymark::limits::Limits;
use daymark::telemetry::Level;

fn read(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let vars = settings
        .iter()
        .map(|(name, value)| (format!("DAYMARK_{name}"), (*value).to_owned()));
    let foreign = [
        ("AWS_REGION".to_owned(), "eu-west-1".to_owned()),
        ("PATH".to_owned(), "/bin".to_owned()),
    ];
    Config::from_vars(vars.chain(foreign), |path| match path {
        "catalog.toml" => Ok(
            "[[table]]\nname = \"OWNERS\"\n[[table.columns]]\nname = \"EXTRA\"\ntype = \"double\"\n"
                .to_owned(),
        ),
        _ => Err("no such file".to_owned()),
    })
}

const LEAST: &[(&str, &str)] = &[("LANDING_BUCKET", "in"), ("CURATED_BUCKET", "out")];

fn with(settings: &[(&str, &str)]) -> Config {
    read(&[LEAST, settings].concat()).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(settings: &[(&str, &str)]) -> Vec<String> {
    read(settings).expect_err("faults").faults
}

/// What is no text has that fault alone: it is there, and what it says is in no other's way.
#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_has_one_fault() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    for name in [
        "LANDING_BUCKET",
        "CURATED_BUCKET",
        "LANDING_PREFIX",
        "CODEC",
        "DIALECT",
        "CATALOG",
    ] {
        let text = |text: &str| OsString::from(text);
        let vars = [
            ("LANDING_BUCKET", text("one")),
            ("LANDING_PREFIX", text("in")),
            ("CURATED_BUCKET", text("one")),
            ("CURATED_PREFIX", text("out")),
        ];
        let vars = vars.into_iter().filter(|(given, _)| *given != name);
        let illegible = OsString::from_vec(b"a\xff".to_vec());
        let vars = vars.chain([(name, illegible.clone())]);
        let vars = vars.map(|(name, value)| (text(&format!("DAYMARK_{name}")), value));
        let foreign = [(text("OTHER"), illegible)];
        let error = Config::from_os_vars(vars.chain(foreign), |_| panic!("no file is asked for"));
        let faults = error.expect_err("a fault").faults;
        assert_eq!(faults, [format!("DAYMARK_{name}: expected UTF-8")]);
    }
}

#[test]
fn two_buckets_are_enough() {
    let config = with(&[]);
    assert_eq!(config.layout.landing().to_string(), "s3://in/");
    assert_eq!(config.layout.curated().to_string(), "s3://out/");
    assert_eq!(config.codec, Codec::Zstd(1));
    assert_eq!(config.budget, Budget::Count(1000));
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.rejects_bytes_max, 16 << 20);
    assert_eq!(config.read, Default::default());
    assert_eq!(config.write, Default::default());
    assert_eq!(config.deadline_margin, Duration::from_secs(10));
    assert_eq!((config.receives_max, config.log_level), (5, Level::Info));
    let plan = config.plan("owners", Provenance::default()).unwrap();
    assert!(plan.table.is_some());
    assert_eq!((plan.typing, plan.naming), (Typing::Catalog, Naming::Lake));
    assert!(
        config
            .plan("custom", Provenance::default())
            .unwrap()
            .table
            .is_none()
    );
}

#[test]
fn every_setting_is_taken() {
    let config = with(&[
        ("LANDING_PREFIX", "hubspot"),
        ("CURATED_PREFIX", "lake/"),
        ("DAY_FOLDER_PATTERN", "^(?<date>[0-9]{8})_run/"),
        ("CATALOG_FILE", "catalog.toml"),
        ("DIALECT", r#"{"kind": "escaped"}"#),
        ("QUOTED_NULL", "true"),
        ("CODEC", "zstd:3"),
        ("MAX_REJECTS", "2.5%"),
        ("REJECTS_BYTES_MAX", "1MiB"),
        ("RECORD_BYTES_MAX", "2MiB"),
        ("FIELD_BYTES_MAX", "1 MiB"),
        ("COLUMNS_MAX", "100"),
        ("INFLATED_BYTES_MAX", "1GiB"),
        ("EXPANSION_RATIO_MAX", "500"),
        ("READ_AHEAD_BYTES", "128KiB"),
        ("PUT_BYTES_MAX", "0"),
        ("PART_BYTES", "5242880"),
        ("PARTS_IN_FLIGHT", "4"),
        ("DEADLINE_MARGIN_MS", "500"),
        ("MAX_RECEIVES", "7"),
        ("LOG_LEVEL", "debug"),
    ]);
    assert_eq!(config.layout.landing().to_string(), "s3://in/hubspot/");
    assert_eq!(
        config
            .layout
            .source("hubspot/20261122_run/OWNERS/a")
            .unwrap()
            .date
            .to_string(),
        "2026-11-22"
    );
    assert_eq!(config.codec, Codec::Zstd(3));
    assert_eq!(config.budget, Budget::Percent(2.5));
    let expected = Limits {
        record_bytes_max: 2 << 20,
        field_bytes_max: 1 << 20,
        columns_max: 100,
        inflated_bytes_max: 1 << 30,
        expansion_ratio_max: 500,
        ..Limits::default()
    };
    assert_eq!((config.limits, config.rejects_bytes_max), (expected, 1 << 20));
    assert_eq!(config.read.read_ahead_bytes, 128 << 10);
    let write = config.write;
    assert_eq!(
        (write.put_bytes_max, write.part_bytes, write.parts_in_flight),
        (0, 5 << 20, 4)
    );
    assert_eq!(
        (config.deadline_margin, config.receives_max),
        (Duration::from_millis(500), 7)
    );
    assert_eq!(config.log_level, Level::Debug);
    let plan = config.plan("owners", Provenance::default()).unwrap();
    assert_eq!(plan.dialect.quoted_null, Some(true));
    assert!(plan.dialect.kind.is_some());
    assert!(plan.table.unwrap().column("extra").is_some());
    assert_eq!((plan.limits, plan.rejects_bytes_max), (expected, 1 << 20));
}

#[test]
fn all_faults_come_in_one_message() {
    let faults = refused(&[
        ("CODEK", "snappy"),
        ("CODEC", "gzip"),
        ("MAX_REJECTS", "-1"),
        ("PART_BYTES", "4MiB"),
        ("LOG_LEVEL", "loud"),
        ("LANDING_BUCKET", "in"),
    ]);
    let text = faults.join("\n");
    assert_eq!(faults.len(), 6, "{text}");
    for words in [
        "DAYMARK_CODEK: no such setting; did you mean DAYMARK_CODEC?",
        "DAYMARK_CURATED_BUCKET: expected a value, found none",
        "DAYMARK_CODEC: expected zstd:LEVEL",
        "found \"gzip\"",
        "DAYMARK_MAX_REJECTS: ",
        "DAYMARK_PART_BYTES: expected 5242880 at least, found \"4MiB\"",
        "DAYMARK_LOG_LEVEL: expected error, warn, info or debug, found \"loud\"",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
}

/// One that is found is no reason not to look for the next.
#[test]
fn no_fault_hides_another() {
    let own = "[[table]]\nname = \"OWNERS\"\ndialect = { quote = \",\" }\n";
    for hiding in [
        &[("CURATED_BUCKET", "out")][..],
        &[("LANDING_BUCKET", "in"), ("CURATED_BUCKET", "b!d")],
        &[("LANDING_BUCKET", "in"), ("CURATED_BUCKET", "in")],
        &[
            ("LANDING_BUCKET", "in"),
            ("CURATED_BUCKET", "out"),
            ("QUOTED_NULL", "perhaps"),
        ],
    ] {
        let others = [
            ("LANDING_PREFIX", "a//b"),
            ("DAY_FOLDER_PATTERN", "no groups"),
            ("DIALECT", r#"{"delimiter": ","}"#),
            ("CATALOG", own),
            ("LOG_LEVEL", "loud"),
        ];
        let text = refused(&[hiding, &others].concat()).join("\n");
        for words in [
            "DAYMARK_LANDING_PREFIX: ",
            "DAYMARK_DAY_FOLDER_PATTERN: ",
            "the dialect of table owners: ",
            "DAYMARK_LOG_LEVEL: ",
        ] {
            assert!(
                text.to_lowercase().contains(&words.to_lowercase()),
                "{words} is not in\n{text}"
            );
        }
    }
    let nested = [
        ("LANDING_BUCKET", "one"),
        ("CURATED_BUCKET", "one"),
        ("DAY_FOLDER_PATTERN", "no groups"),
    ];
    let text = refused(&nested).join("\n");
    assert!(
        text.contains("apart") && text.contains("DAYMARK_DAY_FOLDER_PATTERN: "),
        "{text}"
    );
    let bucket = refused(&[
        ("LANDING_BUCKET", "b!d"),
        ("LANDING_PREFIX", "a//b"),
        ("CURATED_BUCKET", "out"),
    ])
    .join("\n");
    assert!(
        bucket.contains("DAYMARK_LANDING_BUCKET: ") && bucket.contains("DAYMARK_LANDING_PREFIX: "),
        "{bucket}"
    );
}

#[test]
fn no_value_out_of_range_is_taken() {
    for (name, values) in [
        ("CODEC", &["zstd:0", "zstd:23", "zstd:", "ZSTD", "lz4"][..]),
        ("MAX_REJECTS", &["1.5", "%", "101%", "-1%", "NaN%", "many"]),
        ("QUOTED_NULL", &["yes", "1", "TRUE"]),
        // A block could not hold such a record.
        (
            "RECORD_BYTES_MAX",
            &["0", "1GiB", "1073741822", "99999999999999999999"],
        ),
        (
            "READ_AHEAD_BYTES",
            &[
                "0",
                "65535",
                "1TiB",
                "8MB",
                "-1",
                "18446744073709551616",
                "99999999999GiB",
            ],
        ),
        ("COLUMNS_MAX", &["0", "1e3"]),
        ("MAX_RECEIVES", &["0", "4294967296"]),
        ("DIALECT", &["{", r#"{"quotes": 1}"#]),
        ("CATALOG", &["[[table]]", "not toml"]),
        ("CATALOG_FILE", &["missing.toml"]),
        ("DAY_FOLDER_PATTERN", &["(", "no groups"]),
        ("LANDING_PREFIX", &["/a", "a//b"]),
        ("GLUE_DATABASE", &["Daymark", "day-mark", "day mark"]),
        (
            "VIEWS",
            &[
                "contacts",
                r#"{"property": {}}"#,
                r#"{"decimals": [39, 2]}"#,
                r#"{"decimals": [4, 5]}"#,
            ],
        ),
    ] {
        for value in values {
            let faults = refused(&[LEAST, &[(name, *value)]].concat());
            assert!(
                faults
                    .iter()
                    .any(|fault| fault.contains(&format!("DAYMARK_{name}: "))),
                "{name}={value}: {faults:?}"
            );
        }
    }
}

#[test]
fn contradictions_are_refused() {
    let nested = refused(&[
        ("LANDING_BUCKET", "one"),
        ("CURATED_BUCKET", "one"),
        ("CURATED_PREFIX", "lake"),
    ]);
    assert!(nested[0].contains("apart"), "{nested:?}");
    let both = refused(&[LEAST, &[("CATALOG", "a = 1"), ("CATALOG_FILE", "catalog.toml")]].concat());
    assert!(both[0].contains("one of"), "{both:?}");
    let dialects = refused(
        &[
            LEAST,
            &[
                ("DIALECT", r#"{"delimiter": ","}"#),
                (
                    "CATALOG",
                    "[[table]]\nname = \"OWNERS\"\ndialect = { quote = \",\" }\n",
                ),
            ],
        ]
        .concat(),
    );
    assert!(dialects[0].contains("OWNERS"), "{dialects:?}");
}

#[test]
fn tables_that_are_expected_are_called_as_in_the_lake() {
    let expected = with(&[("EXPECTED_TABLES", " OBJECTS, My-Table,,my_table_126aaf,")]).days;
    assert_eq!(
        expected.policy.expected.unwrap(),
        ["objects", "my_table_126aaf", "my_table_126aaf"]
    );
}

#[test]
fn an_empty_value_is_as_good_as_none_but_for_prefixes() {
    assert_eq!(with(&[("CODEC", ""), ("CATALOG", "")]).codec, Codec::Zstd(1));
    assert_eq!(with(&[("CURATED_PREFIX", "")]).layout.curated().prefix(), "");
}

#[test]
fn a_dialect_that_declares_quoted_nulls_is_heard() {
    let declared = r#"{"kind": "quoted", "quoted_null": true}"#;
    for settings in [
        &[("DIALECT", declared)][..],
        &[("DIALECT", declared), ("QUOTED_NULL", "false")],
        &[("QUOTED_NULL", "true")],
    ] {
        let plan = with(settings).plan("owners", Provenance::default()).unwrap();
        assert_eq!(plan.dialect.quoted_null, Some(true), "{settings:?}");
    }
    let plan = with(&[]).plan("owners", Provenance::default()).unwrap();
    assert_eq!(plan.dialect.quoted_null, None);
}

/// A variable that the template sets and nobody knows would keep the function from starting.
#[test]
fn the_template_sets_what_is_known_and_all_that_is_required() {
    let template = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml")).unwrap();
    let pairs: BTreeMap<&str, &str> = template
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .collect();
    let default = |parameter: &str| {
        let (_, rest) = template.split_once(&format!("\n  {parameter}:\n"))?;
        let mut members = rest.lines().take_while(|line| line.starts_with("    "));
        members.find_map(|line| line.trim().strip_prefix("Default: "))
    };
    let set = pairs.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix("DAYMARK_")?;
        // A parameter's default; what else CloudFormation fills in is any text here, but for every setting another one.
        let value = match value.strip_prefix("!Ref ").and_then(default) {
            Some(value) => value.trim_matches('"'),
            None if value.starts_with('!') => name,
            None => value.trim_matches('"'),
        };
        Some((name, value))
    });
    let config = read(&set.collect::<Vec<_>>()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.receives_max.to_string(), pairs["maxReceiveCount"]);
}

/// What is said to be in the profile changes it, for the table that it concerns; what is not does not.
#[test]
fn the_profile_follows_what_can_change_an_output() {
    let values = |name: &str| match name {
        "LANDING_BUCKET" | "CURATED_BUCKET" => "other",
        "LANDING_PREFIX" | "CURATED_PREFIX" => "other/",
        "DAY_FOLDER_PATTERN" => "(?<date>[0-9]{8})",
        "CATALOG" => "[[table]]\nname = \"OWNERS\"\n[[table.columns]]\nname = \"EXTRA\"\ntype = \"double\"\n",
        "CATALOG_FILE" => "catalog.toml",
        "DIALECT" => r#"{"delimiter": ";"}"#,
        "QUOTED_NULL" => "true",
        "CODEC" => "snappy",
        "MAX_REJECTS" => "1%",
        "LOG_LEVEL" => "warn",
        "REJECTS_BYTES_MAX" | "RECORD_BYTES_MAX" | "FIELD_BYTES_MAX" | "INFLATED_BYTES_MAX" => "3MiB",
        "READ_AHEAD_BYTES" | "PUT_BYTES_MAX" | "PART_BYTES" => "6MiB",
        "FOLDERS" => "union",
        "SWING_PERCENT" => "off",
        "COMPLETE_BY" => "09:00",
        "GLUE_DATABASE" => "hubspot",
        "VIEWS" => r#"{"decimals": [38, 9]}"#,
        _ => "9",
    };
    let base = with(&[]);
    for setting in SETTINGS {
        let settings: Vec<(&str, &str)> = LEAST
            .iter()
            .copied()
            .filter(|(name, _)| *name != setting.name)
            .chain([(setting.name, values(setting.name))])
            .collect();
        let changed = read(&settings).unwrap_or_else(|error| panic!("{}: {error}", setting.name));
        let differs = changed.profile("owners").unwrap() != base.profile("owners").unwrap();
        assert_eq!(differs, setting.in_profile, "{}", setting.name);
        if setting.name.starts_with("CATALOG") {
            assert_eq!(
                changed.profile("teams").unwrap(),
                base.profile("teams").unwrap(),
                "{}",
                setting.name
            );
        }
    }
    assert_ne!(base.profile("owners").unwrap(), base.profile("teams").unwrap());
    assert_eq!(base.profile("owners").unwrap(), base.profile("OWNERS").unwrap());
}

#[test]
fn the_readme_has_the_table_of_settings() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, rest) = readme
        .split_once("<!-- settings -->\n")
        .expect("the README has no settings marker");
    let (found, _) = rest
        .split_once("<!-- /settings -->")
        .expect("the README has no closing settings marker");
    assert!(
        found.trim() == table().trim(),
        "the README's table of settings should be:\n\n{}",
        table()
    );
}

#[test]
fn the_time_by_which_a_day_is_due_is_counted_from_its_midnight() {
    let due = |text: &str| {
        read(&[LEAST, &[("COMPLETE_BY", text)]].concat()).map(|config| config.days.complete_by_ms)
    };
    assert_eq!(with(&[]).days.complete_by_ms, 36 * 3_600_000);
    assert_eq!(due("00:00").unwrap(), 0);
    assert_eq!(due("05:07").unwrap(), (5 * 60 + 7) * 60_000);
    assert_eq!(due("99:59").unwrap(), (99 * 60 + 59) * 60_000);
    for text in ["5:07", "12:60", "12", "12:0a", "+1:00", "12:00:00", "١٢:00"] {
        let error = due(text).unwrap_err().to_string();
        assert!(
            error.contains("DAYMARK_COMPLETE_BY: expected HH:MM"),
            "{text}: {error}"
        );
    }
}

/// Whoever deployed the template knows its parameters, and not the variables that it makes of them.
#[test]
fn faults_between_settings_name_the_templates_parameters() {
    let nested = [
        ("LANDING_BUCKET", "b"),
        ("CURATED_BUCKET", "b"),
        ("LANDING_PREFIX", "a/"),
        ("CURATED_PREFIX", "a/b/"),
    ];
    let error = read(&nested).unwrap_err().to_string();
    assert!(
        error.contains("(the template's LandingPrefix and CuratedPrefix)"),
        "{error}"
    );
    let error = read(&[LEAST, &[("KEEP_DAYS", "1")]].concat())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("(the template's KeepDays and CompleteBy)"),
        "{error}"
    );
}

#[test]
fn no_day_is_given_up_before_it_has_to_be_there() {
    let kept = |keep: &str, by: &str| {
        read(&[LEAST, &[("KEEP_DAYS", keep), ("COMPLETE_BY", by)]].concat())
            .map(|config| config.days.policy.keep_ms)
    };
    assert_eq!(kept("2", "36:00").unwrap(), Some(2 * 86_400_000));
    assert_eq!(kept("1", "23:59").unwrap(), Some(86_400_000));
    assert_eq!(kept("", "99:59").unwrap(), None);
    for (keep, by) in [("1", "36:00"), ("1", "24:00"), ("4", "99:59")] {
        let error = kept(keep, by).unwrap_err().to_string();
        let expected =
            format!("DAYMARK_KEEP_DAYS: expected more days than DAYMARK_COMPLETE_BY, which is {by}");
        assert!(error.contains(&expected), "{error}");
    }
    // Beside whatever else is wrong, and never instead of it.
    let error = read(&[LEAST, &[("KEEP_DAYS", "1"), ("QUIET_MINUTES", "x")]].concat()).unwrap_err();
    assert_eq!(error.faults.len(), 2, "{error}");
}

/// As `daymark convert --types` reads the same path.
#[test]
fn folders_of_ones_own_tables_are_known_wherever_they_stand() {
    let toml = "[[table]]\nname = \"MY_TABLE\"\n";
    let config = with(&[("CATALOG", toml)]);
    for key in [
        "hubspot/2026-11-23/eu/MY_TABLE/a.csv.gz",
        "hubspot/MY_TABLE/2026-11-23/a.csv.gz",
    ] {
        let part = config.layout.source(key).unwrap();
        assert_eq!(
            (part.table.as_str(), part.date.as_str()),
            ("my_table", "2026-11-23"),
            "{key}"
        );
    }
}
