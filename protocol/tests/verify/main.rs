//! Is what the committee decided in force, and nothing else? Every way to cheat, against `Governance` and `authorise`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot build its network should stop"
)]

mod network;
mod authorise;
mod committee;
mod charters;
mod versions;
mod withdrawal;
mod currency;
mod log;
mod laws;
