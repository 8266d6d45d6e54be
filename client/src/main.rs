//! The binary `cartally`: hands its arguments to the library.

fn main() -> std::process::ExitCode {
    client::run(std::env::args_os())
}
