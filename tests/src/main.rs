//! One executable that plays node, coordinator or client for the end-to-end tests, with the fault points compiled in.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    demo::actor::play(&args).unwrap_or(ExitCode::from(2))
}
