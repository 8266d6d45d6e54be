//! A whole network on one machine: a coordinator and a node for each center folder as processes of their own, with real
//! keys, certificates, documents and questions, and the exact values beside the noisy ones.
//!
//! `tests` builds its networks with the same [`network`].

pub mod actor;
pub mod error;
pub mod network;
mod broom;
mod ask;
mod cli;
mod export;
mod exact;
mod show;

pub use cli::run;
pub use error::DemoError;
