//! What do the noisy sums say? Cells to estimates, intervals, tables and figures.
//!
//! Pure: no files, no clock, no network, and no randomness but what a public seed gives.

#![cfg_attr(
    test,
    allow(clippy::float_cmp, reason = "tests compare numbers that must be exact")
)]

pub mod estimate;
pub mod noise;
pub mod simulation;
pub mod projection;
pub mod survival;
pub mod count;
pub mod rate;
pub mod estimates;
pub mod preview;
pub mod synthetic;
pub mod report;
pub mod schema;
pub mod table;
pub mod figure;

pub use estimate::{Estimate, Interval, Quantity, Status, Unit};
pub use estimates::estimates;
