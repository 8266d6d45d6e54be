//! Between which limits does survival lie?

use super::LogVariance;
use crate::estimate::{Interval, Z};

/// The limits of survival on the log(-log) scale; `None` where survival is 0 or 1.
///
/// * `survival`: in 0..=1; `log_variance`: Var(ln S).
///
/// ```
/// let (lower, upper) = analysis::survival::log_log_limits(0.7, 0.01).expect("inside");
/// assert!(lower < 0.7 && 0.7 < upper && upper < 1.0);
/// ```
#[must_use]
pub fn log_log_limits(survival: f64, log_variance: f64) -> Option<(f64, f64)> {
    if !(survival > 0.0 && survival < 1.0) {
        return None;
    }
    let width = Z * log_variance.sqrt() / survival.ln().abs();
    Some((survival.powf(width.exp()), survival.powf((-width).exp())))
}

/// The reported interval of one edge.
///
/// The log(-log) limits, with the upper one at least S (1 + z sd of the noise): near 1 the log(-log) scale knows only
/// events that are too few, while noise also takes patients away; without this, coverage there is .80 (`docs/estimates.md`).
/// At S = 1 the lower limit is that of a count of zero events seen through the noise, over the patients exposed.
pub(super) fn limits(
    value: f64,
    variance: LogVariance,
    exposed: f64,
    cumulative_noise: f64,
) -> Interval {
    match log_log_limits(value, variance.total()) {
        Some((lower, upper)) => {
            let by_noise = (value * (1.0 + Z * variance.noise.sqrt())).min(1.0);
            Interval::around(value, lower, upper.max(by_noise))
        }
        None => Interval::around(1.0, no_events_lower(exposed, cumulative_noise), 1.0),
    }
}

/// The lower limit of survival when no event is seen: the root U of U^2 = z^2 (U + v) as a share of those exposed.
fn no_events_lower(exposed: f64, noise_variance: f64) -> f64 {
    let z2 = Z * Z;
    let events_max = f64::midpoint(z2, (z2 * z2 + 4.0 * z2 * noise_variance).sqrt());
    (1.0 - events_max / exposed.max(1.0)).max(0.0)
}
