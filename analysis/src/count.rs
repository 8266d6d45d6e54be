//! How many patients, seen through the noise?

use crate::estimate::{Interval, Z};

/// A count with its noise interval.
///
/// * `sum`: sum of noisy cells; `noise_variance`: total noise variance of that sum.
///
/// The registry is finite and counted whole, so apart from the noise the count is exact: the limits, value +- z standard
/// deviations and never below 0, say where the exact count lies, not how it would vary in another registry.
///
/// ```
/// let count = analysis::count::count(100.0, 25.0);
/// assert!((count.lower.unwrap() - 90.2).abs() < 0.01);
/// ```
#[must_use]
pub fn count(sum: f64, noise_variance: f64) -> Interval {
    let value = sum.max(0.0);
    let half = Z * noise_variance.sqrt();
    Interval::around(value, (value - half).max(0.0), value + half)
}
