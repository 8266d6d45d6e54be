//! Prints the schema of estimates: `cargo run -p analysis --example estimates-schema > docs/estimates.schema.json`.
#![allow(clippy::print_stdout, reason = "printing is all it does")]

fn main() {
    println!("{:#}", analysis::schema::document());
}
