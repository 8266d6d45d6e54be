//! A hospital's node: it loads the center's export, locks it, and answers approved questions about it with noise.
//!
//! Rows never leave. The modules stand in the order in which data flows.

pub mod data_dir;
pub mod config;
pub mod init;
pub mod keys;
pub mod dictionary;
pub mod day;
pub mod pseudonym;
pub mod import;
pub mod store;
pub mod lock;
pub mod forget;
pub mod source;
mod book;
pub mod ledger;
pub mod record;
pub mod join;
pub mod policy;
pub mod audit;
pub mod answer;
pub mod agent;
pub mod serve;
pub mod status;
mod telephone;
mod counted;
pub mod cli;
pub mod error;
mod panics;
#[cfg(test)]
mod testing;

pub use cli::{run, run_with};
pub use error::NodeError;
