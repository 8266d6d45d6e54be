//! How documents travel: mutual TLS on both ends, HTTP, problem documents, the clock, logs, an orderly end.
//!
//! The TLS identity of a peer ([`identity::Identity`]) routes; who may decide is the business of the signing keys in the
//! roster and the study, which `protocol` verifies.

pub mod error;
pub mod identity;
pub mod certificate;
pub mod keys;
pub mod clock;
pub mod ca;
pub mod tls;
pub mod problem;
pub mod body;
pub mod server;
pub mod client;
pub mod join;
pub mod coordinator_api;
pub mod shutdown;
pub mod telemetry;
pub mod printable;
pub mod fault;

pub use error::TransportError;
