//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    daymark::cli::main()
}
