//! The program `cartally-node`.

fn main() -> std::process::ExitCode {
    node::run(std::env::args_os())
}
