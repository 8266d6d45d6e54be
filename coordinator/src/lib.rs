//! The relay: takes signed documents in, offers queries to hospitals, sums what they answer, publishes once.
//!
//! It carries bytes. It verifies signatures and rules so that nonsense does not travel, but nobody has to trust it: nodes
//! and clients verify everything again for themselves.

pub mod limits;
pub mod error;
pub mod store;
pub mod issuer;
pub mod anchors;
pub mod relay;
pub mod service;
pub mod http;
pub mod data_dir;
mod upkeep;
pub mod commands;

pub use commands::run;
pub use error::CoordinatorError;
