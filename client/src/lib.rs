//! What people do with Cartally from their own machine: propose and sign, ask, watch, read results, verify.
//!
//! Keys never leave this machine, and every number shown was verified here first: the coordinator is not trusted.

pub mod cli;
pub mod error;
pub mod home;
pub mod mirror;
pub mod join;
pub mod session;
pub mod govern;
pub mod words;
pub mod template;
pub mod ask;
pub mod outbox;
pub mod catalogue;
pub mod watch;
pub mod verify;
pub mod audit;
pub mod result;
pub mod table;
mod terminal;

pub use cli::run;
pub use error::ClientError;
