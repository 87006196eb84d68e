//! Arguments → run → exit code; the error chain goes to standard error.

use std::process::ExitCode;

fn main() -> ExitCode {
    loa::cli::main()
}
