//! Help, and arguments that are none.

use super::{Desk, Ran};

#[test]
fn help_has_examples() {
    let desk = Desk::new();
    for command in [
        "convert", "event", "inspect", "sample", "demo", "status", "backfill", "verify", "rejects", "replay",
        "forget",
    ] {
        let help = desk.run(&[command, "--help"]).expect(0).stdout;
        assert!(
            help.contains("Examples:") && help.contains(&format!("  daymark {command} ")),
            "{help}"
        );
        assert!(help.contains("Status: 0 "), "{help}");
        let long = help.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "a line that a terminal breaks");
    }
    let help = desk.run(&["--help"]).expect(0).stdout;
    assert!(
        help.contains("Examples:") && help.contains("  daymark convert "),
        "{help}"
    );
    desk.run(&["--version"])
        .expect(0)
        .shows(env!("CARGO_PKG_VERSION"));
}

#[test]
fn wrong_usage() {
    let desk = Desk::with(&[("a.csv", "a\n")]);
    for arguments in [
        &[][..],
        &["nope"],
        &["convert"],
        &["convert", "a.csv"],
        &["convert", "a.csv", ""],
        &["convert", "a.csv", "b", "c"],
        &["convert", "a.csv", "b", "--nope"],
        &["event"],
        &["inspect", "a.csv", "--rows", "x"],
    ] {
        let ran = desk.run(arguments).expect(2);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{ran:?}");
    }
    desk.run(&["convert", "none-such", "out.parquet"])
        .expect(1)
        .says("none-such");
    assert_eq!(desk.listing(), ["a.csv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_no_success() {
    let desk = Desk::new();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["convert", "--help"],
        &["help", "event"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = desk.command(arguments).stdout(full).output().unwrap();
        Ran::of(output).expect(1).says("error: writing to stdout: ");
        // Whoever has read enough, like `head`, is no error.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = desk.command(arguments).stdout(writer).output().unwrap();
        let ran = Ran::of(output).expect(0);
        assert_eq!(ran.stderr, "");
    }
}

/// An address that this program does not know is no folder with a colon in its name.
#[test]
fn a_place_that_looks_like_an_address_is_no_path() {
    let desk = Desk::with(&[("a.csv", "a\n1\n"), ("event.json", "{}")]);
    let before = desk.listing();
    for address in [
        "S3://bkt/y/",
        "S3://bkt/y.parquet",
        "s3:/bkt/x.parquet",
        "S3:/bkt/x.parquet",
        "s3:///x",
        "s3a://bkt/x",
        "gs://bkt/x",
        "git+ssh://bkt/x",
        " s3://bkt/x",
        "file:/tmp/x",
        "https://example.com/x.parquet",
        "file:///tmp/x.parquet",
    ] {
        for arguments in [
            &["convert", "a.csv", address][..],
            &["convert", address, "out.parquet"],
            &["convert", "a.csv", "out.parquet", "--rejects", address],
            &["convert", "a.csv", "--null", "x", address],
            &["inspect", address],
            &["event", address],
            &["event", "event.json", "--landing", address],
            &["event", "event.json", "--curated", address],
            &["sample", address, "--size", "500kB", "--days", "1"],
            &["demo", "--dir", address, "--size", "500kB", "--days", "1"],
            &["status", "--dir", address],
            &["status", "--dir", "d", "--html", address],
            &["duckdb", address, "--dir", "d"],
            &["status", "--landing", address, "--curated", "s3://lake/lake"],
            &["status", "--landing", "s3://bkt/hubspot", "--curated", address],
            &["convert", "a.csv", "out.parquet", "--types", address],
            &["convert", "a.csv", "out.parquet", "--dialect", address],
        ] {
            let ran = desk.run(arguments).expect(2);
            assert!(
                ["s3://BUCKET", "a path on this machine", "a bucket's name"]
                    .iter()
                    .any(|expected| ran.stderr.contains(&format!("expected {expected}"))),
                "{arguments:?}: {ran:?}"
            );
            assert_eq!(desk.listing(), before, "{arguments:?}");
        }
    }
    desk.run(&["convert", "a.csv", "S3://bkt/y/"])
        .expect(2)
        .says(r#"OUT: expected s3://BUCKET/KEY or a path on this machine, found "S3://bkt/y/" (./S3://bkt/y/ is a path of that name)"#);
    desk.run(&["sample", "s3://bkt/x"])
        .expect(2)
        .says("expected a path on this machine");
    for path in ["./S3:/y/", "a:b/", "1s3://y/", "s3:x/"] {
        desk.run(&["convert", "a.csv", path]).expect(0);
        assert!(desk.path(path).join("a.parquet").exists(), "{path}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_address_in_s3_is_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let desk = Desk::with(&[("a.csv", "a\n1\n")]);
    let address = OsStr::from_bytes(b"s3://bkt/x\xff.parquet");
    for arguments in [
        &["convert".as_ref(), "a.csv".as_ref(), address][..],
        &["convert".as_ref(), address, "x.parquet".as_ref()],
        &["inspect".as_ref(), address],
    ] {
        desk.run(arguments)
            .expect(2)
            .says(r#"expected s3://BUCKET/KEY in UTF-8, found "s3://bkt/x\xFF.parquet""#);
    }
    assert_eq!(desk.listing(), ["a.csv"]);
}
