//! The words all sides use: ids, amounts, documents, envelopes, verification, the log chain. Pure.

pub mod amount;
pub mod ids;
pub mod keys;
pub mod fingerprint;
pub mod envelope;
pub mod documents;
pub mod question;
pub mod verify;
pub mod log;
pub mod task;
pub mod api;
pub mod limits;
