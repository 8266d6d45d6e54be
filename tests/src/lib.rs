//! What every end-to-end test needs: a small network of real processes over made-up centers in which a lost, doubled or
//! swapped answer shows in the sum.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a test network that cannot start should stop the test"
)]

mod cohort;
mod network;
mod committee;
mod inspect;
mod process;
mod researcher;
mod disk;
mod xml;
pub mod evil;

pub use cohort::{Cohort, write_center};
pub use disk::SmallDisk;
pub use inspect::{answers, charges, documents_in_log, last_query};
pub use network::{TestNetwork, run_to_fault};
pub use process::{Ended, Logged, run, says_what_to_do};
pub use researcher::{PATIENCE, Researcher, asks, asks_for, ends, in_seconds, reasons};
pub use xml::is_well_formed;
