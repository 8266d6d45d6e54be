//! The binary of the demo: one build that is the demo, or any of the three programs that it starts.

fn main() -> std::process::ExitCode {
    demo::run(std::env::args_os())
}
