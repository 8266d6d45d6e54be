//! The words all sides use: ids, amounts, documents, envelopes, verification, the log chain. Pure.

pub mod amount;
