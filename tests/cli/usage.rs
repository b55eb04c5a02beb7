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
