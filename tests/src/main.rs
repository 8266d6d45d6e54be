//! One executable that plays node, coordinator, client or the whole demo for the end-to-end tests, with the fault points
//! compiled in.

use std::process::ExitCode;

fn main() -> ExitCode {
    demo::run(std::env::args_os())
}
