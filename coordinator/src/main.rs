//! `cartally-coordinator`: see `coordinator::commands`.

use std::process::ExitCode;

fn main() -> ExitCode {
    coordinator::run(std::env::args_os())
}
