//! A process that is stopped in the middle leaves nothing behind.
#![cfg(unix)]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use super::{Desk, Ran};

/// More than a pipe holds, whatever its size: once all of it is written, the reader has taken some.
const MORE_THAN_A_PIPE: usize = 4 << 20;

/// A conversion that waits for the rest of its input, behind some commands of the shell.
fn converting(desk: &Desk, before: &str) -> (Child, File) {
    let made = Command::new("mkfifo").arg(desk.path("in.csv")).status().unwrap();
    assert!(made.success());
    let daymark = desk.command(&["convert", "in.csv", "out.parquet"]);
    let child = Command::new("sh")
        .args(["-c", &format!("{before} exec \"$0\" \"$@\"")])
        .arg(daymark.get_program())
        .args(daymark.get_args())
        .current_dir(desk.path(""))
        .env("TMPDIR", desk.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // This waits for the process to open its end.
    let mut pipe = OpenOptions::new().write(true).open(desk.path("in.csv")).unwrap();
    pipe.write_all(&b"a,b\n1,2\n".repeat(MORE_THAN_A_PIPE / 8))
        .unwrap();
    let aside = desk.listing().iter().any(|name| name.ends_with(".tmp"));
    assert!(
        aside,
        "it copies what can be read only once: {:?}",
        desk.listing()
    );
    (child, pipe)
}

fn kill(child: &Child, signal: &str) {
    let killed = Command::new("kill")
        .args(["-s", signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
}

/// Whether children listen to a signal: not to SIGHUP if the tests run under `nohup`, nor to SIGQUIT in a script's background,
/// nor to either where nothing says whether they do.
fn counts(signal: &str) -> bool {
    let bit = match signal {
        "HUP" => 1,
        "QUIT" => 1 << 2,
        _ => return true,
    };
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & bit == 0)
}

#[test]
fn files_aside_go_with_the_process() {
    for (signal, status) in [("INT", 130), ("QUIT", 131), ("TERM", 143), ("HUP", 129)] {
        if !counts(signal) {
            continue;
        }
        let desk = Desk::new();
        let (child, pipe) = converting(&desk, "");
        kill(&child, signal);
        Ran::of(child.wait_with_output().unwrap())
            .expect(status)
            .says(&format!("stopped by SIG{signal}"));
        drop(pipe);
        assert_eq!(desk.listing(), ["in.csv"], "{signal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_the_process_was_started_to_ignore_stays_ignored() {
    for signal in ["HUP", "QUIT"] {
        let desk = Desk::new();
        let (child, pipe) = converting(&desk, &format!("trap '' {signal};"));
        kill(&child, signal);
        drop(pipe);
        Ran::of(child.wait_with_output().unwrap()).expect(0);
        assert_eq!(desk.listing(), ["in.csv", "out.parquet"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_may_not_grow_is_an_error_like_any_other() {
    let records: String = (0..9_000).map(|id| format!("{id},{}\n", id * 7)).collect();
    let desk = Desk::with(&[("in.csv", &format!("a,b\n{records}"))]);
    let daymark = desk.command(&["convert", "in.csv", "out.parquet", "--codec", "none"]);
    let output = Command::new("sh")
        .args(["-c", "ulimit -f 1; exec \"$0\" \"$@\""])
        .arg(daymark.get_program())
        .args(daymark.get_args())
        .current_dir(desk.path(""))
        .output()
        .unwrap();
    Ran::of(output).expect(1).says("File too large");
    assert_eq!(desk.listing(), ["in.csv"]);
}

/// Bytes that take a while.
const LONG_BYTES: usize = 96 << 20;

/// On a terminal, which `script` is here.
#[cfg(target_os = "linux")]
#[test]
fn a_bar_goes_before_it_is_told_that_the_process_was_stopped() {
    let desk = Desk::new();
    desk.write("in.csv", &b"a,b\n1,2\n".repeat(LONG_BYTES / 8));
    let daymark = desk.command(&["convert", "in.csv", "out.parquet"]);
    let mut terminal = Command::new("script")
        .args([
            "-qec",
            "echo $$ > pid; exec \"$DAYMARK\" convert in.csv out.parquet",
            "/dev/null",
        ])
        .env("DAYMARK", daymark.get_program())
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .current_dir(desk.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut shown = Vec::new();
    let mut output = terminal.stdout.take().unwrap();
    while !String::from_utf8_lossy(&shown).contains(" left") {
        let mut bytes = [0; 4096];
        let read = output.read(&mut bytes).unwrap();
        assert_ne!(read, 0, "no bar: {:?}", String::from_utf8_lossy(&shown));
        shown.extend_from_slice(&bytes[..read]);
    }
    let killed = Command::new("kill")
        .args(["-s", "INT", desk.read("pid").trim()])
        .status()
        .unwrap();
    assert!(killed.success());
    output.read_to_end(&mut shown).unwrap();
    assert_eq!(terminal.wait().unwrap().code(), Some(130));
    let shown = String::from_utf8_lossy(&shown);
    let line = shown.rsplit(['\r', '\n']).find(|line| line.contains("error: "));
    assert_eq!(line, Some("\u{1b}[2Kerror: stopped by SIGINT"), "{shown:?}");
    assert_eq!(desk.listing(), ["in.csv", "pid"]);
}
