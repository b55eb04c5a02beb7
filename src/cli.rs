//! The command line `daymark`: the same core on local files, tools to look at parts and events, and the days in S3.
//!
//! The status is a contract with scripts: 0, written and complete; 3, written, with rejects; 1, refused; 2, wrong usage.
//! After 1 or 2 there is no new output, but for what `duckdb` leaves out of a database. Results go to stdout where they are asked
//! for (`event`, `inspect`), notes and progress to stderr.

mod answers;
mod arrow_text;
mod convert;
mod days;
mod demo;
mod dialect_flags;
mod doctor;
mod event;
mod folder;
mod grid;
mod inspect;
mod leftovers;
mod local;
mod peek;
mod plan_flags;
mod progress;
mod quantity;
mod redrive;
mod remote;
mod sample;

use std::cell::Cell;
use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::convert::{ConvertError, Refusal};
use crate::schema::SchemaError;

/// Turns the gzipped CSV parts that HubSpot syncs into S3 into Parquet, and shows what it makes of them.
#[derive(Debug, Parser)]
#[command(name = "daymark", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  daymark convert data_0_0_0.csv.gz data.parquet     one file
  daymark convert landing/ curated/                  a folder of parts
  daymark inspect data_0_0_0.csv.gz                  what a part is, and why
  daymark event events/sqs-s3.json                   what an event asks for
  daymark sample account                             a made-up account to try things on
  daymark demo                                       the whole way of such an account, locally
  daymark status --dir daymark-demo                  where its days stand
  daymark doctor --stack daymark                     what is wrong with an installation

Status: 0 done; 3 written, with rejects; 1 refused; 2 wrong usage. After 1 or 2 there is no new output (`duckdb` leaves out what cannot be read).";

#[derive(Debug, Subcommand)]
enum Command {
    Convert(Box<convert::ConvertArguments>),
    Event(event::EventArguments),
    Inspect(Box<inspect::InspectArguments>),
    Sample(sample::SampleArguments),
    Demo(demo::DemoArguments),
    Status(days::status::StatusArguments),
    Backfill(days::backfill::BackfillArguments),
    Verify(days::verify::VerifyArguments),
    Rejects(days::rejects::RejectsArguments),
    Replay(days::replay::ReplayArguments),
    Forget(days::forget::ForgetArguments),
    Ddl(days::catalog::DdlArguments),
    Catalog(days::catalog::CatalogArguments),
    Duckdb(days::duckdb::Arguments),
    Redrive(redrive::RedriveArguments),
    Doctor(doctor::DoctorArguments),
}

/// How a command ended, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    /// Done, complete.
    Done,
    /// Written, with rejects.
    Rejects,
    /// Refused: there is no new output, or what is left out of it is named.
    Refused,
}

impl Status {
    fn code(self) -> u8 {
        match self {
            Status::Done => 0,
            Status::Rejects => 3,
            Status::Refused => 1,
        }
    }
}

/// The status of wrong usage, as clap has it.
const USAGE: u8 = 2;

/// Arguments that contradict each other or the files they name.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

fn usage(message: impl Into<String>) -> anyhow::Error {
    UsageError(message.into()).into()
}

/// Runs the command that the process' arguments name.
pub fn main() -> ExitCode {
    panic::set_hook(Box::new(|panic| {
        PANICKED_AT.set(panic.location().map(ToString::to_string));
    }));
    let ended = panic::catch_unwind(AssertUnwindSafe(|| run(std::env::args_os())));
    ExitCode::from(ended.unwrap_or_else(|_| {
        tell(&format!("error: {}", defect()));
        Status::Refused.code()
    }))
}

thread_local! {
    static PANICKED_AT: Cell<Option<String>> = const { Cell::new(None) };
}

/// What is said of this thread's panic: where it was, and not its message, which can hold a cell's text.
fn defect() -> String {
    let place = PANICKED_AT.take().unwrap_or("a place unknown".to_owned());
    format!("a defect in daymark, at {place}. Please report it, with the command and, if you may, the file")
}

fn run(arguments: impl Iterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let printed = unless_unread(error.print().and_then(|()| io::stdout().flush()));
            return match printed {
                // If nobody reads what is wrong, the status still says that something is.
                _ if error.use_stderr() => USAGE,
                Ok(()) => Status::Done.code(),
                Err(fault) => {
                    tell(&format!("error: writing to stdout: {fault}"));
                    Status::Refused.code()
                }
            };
        }
    };
    let ended = match arguments.command {
        Command::Convert(arguments) => convert::run(*arguments),
        Command::Event(arguments) => event::run(&arguments),
        Command::Inspect(arguments) => inspect::run(*arguments),
        Command::Sample(arguments) => sample::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Status(arguments) => days::status::run(&arguments),
        Command::Backfill(arguments) => days::backfill::run(&arguments),
        Command::Verify(arguments) => days::verify::run(&arguments),
        Command::Rejects(arguments) => days::rejects::run(&arguments),
        Command::Replay(arguments) => days::replay::run(&arguments),
        Command::Forget(arguments) => days::forget::run(&arguments),
        Command::Ddl(arguments) => days::catalog::ddl(&arguments),
        Command::Catalog(arguments) => days::catalog::run(&arguments),
        Command::Duckdb(arguments) => days::duckdb::run(&arguments),
        Command::Redrive(arguments) => redrive::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
    };
    match ended {
        Ok(status) => status.code(),
        Err(error) => {
            tell(&format!("error: {}{}", in_words(&error), hint_line(&error)));
            if error.is::<UsageError>() {
                USAGE
            } else {
                Status::Refused.code()
            }
        }
    }
}

/// An error with what caused it. Causes that the text before them holds already are left out.
fn in_words(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// What the command line has against a refusal, in a line of its own; or nothing.
fn hint_line(error: &anyhow::Error) -> String {
    let refusal = error.chain().find_map(|cause| match cause.downcast_ref()? {
        ConvertError::Refused(refusal) => Some(refusal.as_ref()),
        _ => None,
    });
    let hint = match refusal {
        Some(Refusal::Undecided { .. }) => "--dialect escaped declares that it is escaped",
        Some(Refusal::Conflict(_)) => {
            "--dialect quoted declares that it is quoted, --dialect escaped that it is escaped"
        }
        Some(Refusal::Schema(SchemaError::ColumnCount { .. }, _)) => {
            "--columns takes one name for each field, in the file's order; --delimiter says what stands between fields"
        }
        Some(
            Refusal::NotTheTable { .. }
            | Refusal::Schema(SchemaError::FieldCount { .. } | SchemaError::HeaderRequired { .. }, _),
        ) => "--table none reads it as a file that is no HubSpot table, with a header",
        Some(Refusal::Schema(SchemaError::SpoiledHeader { .. }, _)) => {
            "--header yes takes it as the header, whose names have to be distinct all the same; --header no as a record"
        }
        Some(Refusal::LineEnds { .. }) => "without a declared newline, line ends are detected",
        Some(Refusal::HeaderNotUtf8 { .. }) => "--encoding latin-1 declares a common one",
        Some(Refusal::HeaderNotText { .. }) => {
            "--encoding utf-16le declares what Windows calls Unicode, --encoding utf-16be its opposite"
        }
        _ => return String::new(),
    };
    format!("\nhint: {hint}")
}

/// Writes a line to stderr. There is nowhere to say that this failed.
fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes to stdout.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    unless_unread(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// How writing went. A reader that has seen enough, like `head`, is no error.
fn unless_unread(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_worst_status_wins() {
        assert!(Status::Refused > Status::Rejects && Status::Rejects > Status::Done);
    }
}
