//! A process that is stopped in the middle leaves nothing behind.
#![cfg(unix)]

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, Stdio};

use super::{Desk, Ran};

/// More than a pipe holds, whatever its size: once all of it is written, the reader has taken some.
const MORE_THAN_A_PIPE: usize = 4 << 20;

#[test]
fn files_aside_go_with_the_process() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let desk = Desk::new();
        let made = Command::new("mkfifo").arg(desk.path("in.csv")).status().unwrap();
        assert!(made.success());
        let child = desk
            .command(&["convert", "in.csv", "out.parquet"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // This waits for the process to open its end.
        let mut pipe = OpenOptions::new().write(true).open(desk.path("in.csv")).unwrap();
        pipe.write_all(&b"a,b\n1,2\n".repeat(MORE_THAN_A_PIPE / 8))
            .unwrap();
        let aside = |desk: &Desk| desk.listing().iter().any(|name| name.ends_with(".tmp"));
        assert!(
            aside(&desk),
            "it copies what can be read only once: {:?}",
            desk.listing()
        );
        let killed = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        Ran::of(child.wait_with_output().unwrap())
            .expect(status)
            .says("stopped by SIG");
        drop(pipe);
        assert_eq!(desk.listing(), ["in.csv"], "{signal}");
    }
}
