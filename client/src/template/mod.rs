//! What does a template say, cost and change? For people who read no TOML: in words, checked, and held against an older version.

mod parameters;
mod cells;
mod privacy;
mod accuracy;
mod example;
mod sections;
mod check;
mod differences;

pub(crate) use check::{Check, check};
pub use differences::differences;
pub use sections::in_words;
