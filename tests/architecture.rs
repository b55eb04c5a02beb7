//! The invariants of ARCHITECTURE.md that can be read off the source.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;
use std::path::{Path, PathBuf};

const CORE: [&str; 21] = [
    "catalog", "cells", "columns", "convert", "detect", "dialect", "encode", "encoding", "evidence",
    "footer", "inflate", "limits", "names", "plan", "records", "rejects", "schema", "split", "types", "lib",
    "part",
];
const DOMAIN: [&str; 8] = [
    "athena", "day", "doctor", "failure", "keys", "manifest", "notice", "sweep",
];

/// Every source file, with the name of its module at the top level.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut sources) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let first = path
                .strip_prefix(&root)
                .unwrap()
                .iter()
                .next()
                .unwrap()
                .to_str()
                .unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            sources.push((module, path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(sources.len() > 50, "{}", sources.len());
    sources
}

/// The lines of a source without comments, and without its tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn nowhere(modules: &[&str], words: &[&str]) {
    for (module, path, text) in sources() {
        if !modules.contains(&module.as_str()) || path.ends_with("tests.rs") {
            continue;
        }
        for line in code(&text) {
            let found = words.iter().find(|word| line.contains(**word));
            assert!(found.is_none(), "{}: {}", path.display(), line.trim());
        }
    }
}

#[test]
fn every_module_has_its_layer() {
    let shells = [
        "app",
        "bin",
        "bus",
        "cli",
        "config",
        "glue",
        "queue",
        "refusal",
        "sample",
        "server",
        "store",
        "telemetry",
        "timeouts",
    ];
    for (module, path, _) in sources() {
        let layers = [&CORE[..], &DOMAIN[..], &shells[..]];
        assert!(
            layers.iter().any(|layer| layer.contains(&module.as_str())),
            "{}",
            path.display()
        );
    }
}

#[test]
fn core_and_domain_know_no_aws_no_async_no_clock_no_environment_and_no_files() {
    let words = [
        "aws_sdk",
        "aws_config",
        "aws_smithy",
        "lambda_runtime",
        "tokio",
        "async fn",
        ".await",
        "std::env",
        "SystemTime",
        "Instant",
        "std::fs",
        "tracing",
        "println!",
    ];
    nowhere(&[&CORE[..], &DOMAIN[..]].concat(), &words);
    nowhere(&CORE, &["aws_lambda_events"]);
}

#[test]
fn core_and_domain_use_no_shell() {
    let shells = [
        "app",
        "bus",
        "cli",
        "config",
        "glue",
        "queue",
        "refusal",
        "sample",
        "server",
        "store",
        "telemetry",
    ];
    let words: Vec<String> = shells.iter().map(|shell| format!("crate::{shell}")).collect();
    nowhere(
        &[&CORE[..], &DOMAIN[..]].concat(),
        &words.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

/// Files beside the store's that name S3's SDK, and what for. None of them is the functions'.
const NAMES_S3: [(&str, &str); 7] = [
    (
        "server.rs",
        "a client of the local server, for tests and the demo",
    ),
    (
        "cli/answers.rs",
        "what AWS refuses the doctor, of whatever service",
    ),
    ("cli/demo.rs", "the sample's parts are put where HubSpot would"),
    ("cli/doctor/ask.rs", "the doctor's clients"),
    (
        "cli/doctor/bucket.rs",
        "a bucket's settings, which no function reads",
    ),
    ("cli/days/duckdb/secret.rs", "credentials that DuckDB reads with"),
    ("cli/remote.rs", "objects that a person names by their URL"),
];

#[test]
fn only_the_store_names_the_sdk() {
    nowhere(
        &["app", "config", "refusal", "sample", "telemetry"],
        &["aws_sdk_"],
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found: Vec<String> = Vec::new();
    for (module, path, text) in sources() {
        if module == "store" || path.ends_with("tests.rs") {
            continue;
        }
        if code(&text).any(|line| line.contains("aws_sdk_s3")) {
            let path = path.strip_prefix(&root).unwrap();
            found.push(path.to_str().unwrap().replace('\\', "/"));
        }
    }
    found.sort();
    let mut named = NAMES_S3.map(|(path, _)| path);
    named.sort_unstable();
    assert_eq!(found, named);
}

/// A service that never answers would hold a sweep until the function is killed.
#[test]
fn every_service_is_waited_for_so_long_and_no_longer() {
    nowhere(
        &["bus", "glue", "queue"],
        &["Client::new(sdk)", "Client::from_conf"],
    );
}

/// The functions are built without the command line, which no test does.
#[test]
fn the_functions_name_nothing_that_only_the_command_line_depends_on() {
    let functions = [
        "app",
        "bus",
        "config",
        "glue",
        "queue",
        "refusal",
        "store",
        "telemetry",
        "timeouts",
    ];
    let words = [
        "anyhow",
        "async_trait",
        "aws_sdk_cloudformation",
        "aws_sdk_lambda",
        "aws_sdk_scheduler",
        "clap::",
        "csv::",
        "hyper::",
        "hyper_util",
        "indicatif",
        "s3s::",
        "terminal_size",
        "tokio::net",
        "tokio::signal",
        "unicode_width",
    ];
    let domain: Vec<&str> = DOMAIN.into_iter().filter(|module| *module != "doctor").collect();
    nowhere(&[&CORE[..], &domain, &functions].concat(), &words);
}

#[test]
fn unsafe_code_is_in_one_module() {
    for (_, path, text) in sources() {
        let is_unsafe = code(&text).any(|line| line.contains("unsafe ") && !line.contains("deny(unsafe"));
        assert_eq!(is_unsafe, path.ends_with("split/simd.rs"), "{}", path.display());
    }
}

#[test]
fn no_file_outgrows_its_room() {
    for (_, path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines", path.display());
    }
}

/// A message tells its cause, or the cause is the message; nothing is printed twice by who prints a whole chain.
#[test]
fn no_error_tells_its_cause_and_offers_it_besides() {
    for (_, path, text) in sources() {
        let lines: Vec<&str> = code(&text).map(str::trim).collect();
        for (nth, line) in lines.iter().enumerate() {
            assert!(!line.contains("#[source]"), "{}: {line}", path.display());
            // thiserror takes a field of this name for one.
            let is_hidden = *line == "source: io::Error," || *line == "source: std::io::Error,";
            assert!(!is_hidden, "{}: {line}", path.display());
            let is_whole = nth > 0 && lines[nth - 1] == "#[error(transparent)]";
            assert!(
                !line.contains("#[from]") || is_whole,
                "{}: {line}",
                path.display()
            );
        }
    }
}
