//! How does a survival curve come out of noisy cells?
//!
//! The steps, each in its file: cells -> curve (`actuarial`) -> its bias removed (`corrected`) -> its variance with the
//! noise in it (`variance`) -> intervals (`interval`). [`curve`] takes them in that order.

mod actuarial;
mod cells;
mod corrected;
mod interval;
mod median;
mod followed;
mod variance;

pub use actuarial::{Interval as ActuarialInterval, actuarial};
pub use cells::SurvivalCells;
pub use corrected::{CORRECTION_RUNS, corrected};
pub use followed::{Followed, followed};
pub use interval::log_log_limits;
pub use median::{Median, median};
pub use variance::{LogVariance, log_variance};

use crate::estimate::Interval;
use crate::projection::onto_total;
use crate::simulation::Simulation;

/// Survival at each edge of the grid with its interval; `None` where nothing can be estimated.
///
/// * `raw`: summed noisy cells; `noise_variance`: total noise variance per cell (0 for exact cells).
///
/// Values never rise. From the first edge at which nobody is left, or fewer than one patient would survive the interval,
/// nothing is estimated.
#[must_use]
pub fn curve(
    raw: &SurvivalCells,
    noise_variance: f64,
    simulation: &mut Simulation,
) -> Vec<Option<Interval>> {
    let values = corrected(raw, noise_variance, simulation);
    let projected = actuarial(&SurvivalCells::from_flat(&onto_total(&raw.flat())));
    let variances = log_variance(&projected, noise_variance);
    with_limits(&projected, values, &variances, noise_variance)
}

/// The curve and limits to expect of networks whose exact cells are about `expected`: the same formulas without a bias to remove.
#[must_use]
pub fn expected_curve(expected: &SurvivalCells, noise_variance: f64) -> Vec<Option<Interval>> {
    let rows = actuarial(expected);
    let variances = log_variance(&rows, noise_variance);
    with_limits(
        &rows,
        rows.iter().map(|row| row.survival),
        &variances,
        noise_variance,
    )
}

/// Each value between its limits, until the first edge at which there is nothing to estimate.
fn with_limits(
    rows: &[ActuarialInterval],
    values: impl IntoIterator<Item = f64>,
    variances: &[LogVariance],
    noise_variance: f64,
) -> Vec<Option<Interval>> {
    let mut estimable = true;
    let edges = rows.iter().zip(values).zip(variances).zip(1_u32..);
    edges
        .map(|(((row, value), variance), passed)| {
            estimable &= value > 0.0 && row.surviving() >= 1.0;
            let cumulative_noise = noise_variance * f64::from(passed);
            estimable.then(|| interval::limits(value, *variance, row.exposed, cumulative_noise))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact() -> SurvivalCells {
        SurvivalCells {
            events: vec![12.0, 9.0, 7.0, 20.0],
            censored: vec![1.0, 0.0, 2.0, 5.0],
            at_end: 70.0,
        }
    }

    #[test]
    fn exact_cells_give_the_actuarial_curve_with_greenwood_limits() {
        let cells = exact();
        let curve = curve(&cells, 0.0, &mut Simulation::seeded([0; 32]));
        for (point, plain) in curve.iter().zip(actuarial(&cells)) {
            let point = point.expect("estimable");
            assert!((point.value - plain.survival).abs() < 1e-12);
            let (lower, upper) = log_log_limits(plain.survival, plain.greenwood_sum).unwrap();
            assert!((point.lower.unwrap() - lower).abs() < 1e-12);
            assert!((point.upper.unwrap() - upper).abs() < 1e-12);
        }
    }

    #[test]
    fn without_events_survival_is_one_and_its_lower_limit_below() {
        let cells = SurvivalCells {
            events: vec![0.0; 3],
            censored: vec![2.0; 3],
            at_end: 90.0,
        };
        let point = curve(&cells, 0.0, &mut Simulation::seeded([0; 32]))[0].unwrap();
        assert_eq!((point.value, point.upper), (1.0, Some(1.0)));
        assert!((0.9..1.0).contains(&point.lower.unwrap()));
    }

    #[test]
    fn nobody_means_nothing_to_estimate() {
        for level in [0.0, -50.0] {
            let cells = SurvivalCells {
                events: vec![level; 3],
                censored: vec![level; 3],
                at_end: level,
            };
            let curve = curve(&cells, 100.0, &mut Simulation::seeded([0; 32]));
            assert_eq!(curve, [None, None, None]);
        }
    }
}
