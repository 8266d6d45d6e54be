//! Writes a figure of every kind: `cargo run -p analysis --example figures -- DIR`, to look at them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for those who change figures"
)]

#[path = "../tests/gallery/mod.rs"]
mod gallery;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder to write to");
    for (name, svg) in gallery::figures() {
        let path = format!("{folder}/{name}.svg");
        std::fs::write(&path, svg).unwrap();
        println!("{path}");
    }
}
