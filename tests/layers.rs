//! ARCHITECTURE.md says what never happens in which layer; this reads the code and holds it to that.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};

/// Every source file, by its path below `src`, without its comments.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.push((name, code.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    found
}

/// The module at the top that a file belongs to: `split/simd.rs` is of `split`.
fn module(file: &str) -> &str {
    let top = file.split('/').next().unwrap();
    top.strip_suffix(".rs").unwrap_or(top)
}

#[test]
fn core_and_domain_are_pure() {
    const SHELLS: [&str; 9] = [
        "app",
        "bin",
        "cli",
        "config",
        "lib",
        "sample",
        "server",
        "store",
        "telemetry",
    ];
    const FOREIGN: [&str; 12] = [
        "aws_sdk",
        "aws_config",
        "lambda_runtime",
        "tokio",
        "async ",
        ".await",
        "std::env::",
        "env::var",
        "std::fs",
        "SystemTime",
        "Instant::now",
        "tracing::",
    ];
    let mut pure = 0;
    for (file, code) in files().iter().filter(|(file, _)| !SHELLS.contains(&module(file))) {
        pure += 1;
        for word in FOREIGN {
            assert!(!code.contains(word), "{file} has {word}");
        }
        if module(file) != "notice" {
            assert!(!code.contains("aws_lambda_events"), "{file}");
        }
    }
    assert!(pure > 40, "only {pure} files");
}

#[test]
fn one_module_of_the_functions_knows_the_s3_client() {
    for (file, code) in files() {
        let of_the_command_line = matches!(module(&file), "cli" | "server");
        if module(&file) != "store" && !of_the_command_line && file != "app/tests.rs" {
            assert!(!code.contains("aws_sdk_s3"), "{file}");
        }
    }
}

#[test]
fn one_file_is_unsafe() {
    for (file, code) in files().iter().filter(|(file, _)| file != "split/simd.rs") {
        assert!(!code.contains("unsafe"), "{file}");
    }
}
