//! How is the bias of clipping removed from a curve?

use super::{SurvivalCells, actuarial};
use crate::projection::clip;
use crate::simulation::Simulation;

/// Simulated networks from which the bias is measured. More would change the second decimal of the bias, not of the curve.
pub const CORRECTION_RUNS: u32 = 400;

/// Survival at each edge from `raw` noisy cells, nearly unbiased, never rising, in 0..=1.
///
/// Clipping noisy cells at zero gives the smallest error of the simple projections, but counts patients who are not there
/// and so lifts the curve. The lift is measured on [`CORRECTION_RUNS`] simulated networks with the clipped cells as their
/// truth and the known noise law, and taken off: S = 2 S(clipped) - mean S*. Source: bootstrap bias correction, Efron and
/// Tibshirani (1993), section 10.6. Bias and error by setting: `docs/estimates.md`.
#[must_use]
pub fn corrected(
    raw: &SurvivalCells,
    noise_variance: f64,
    simulation: &mut Simulation,
) -> Vec<f64> {
    let clipped = clip(&raw.flat());
    let plain = survival_of(&clipped);
    let lifted = mean_of_simulated(&clipped, noise_variance, simulation);
    let mut ceiling = 1.0_f64;
    plain
        .iter()
        .zip(lifted)
        .map(|(value, lifted)| {
            ceiling = ceiling.min((2.0 * value - lifted).clamp(0.0, 1.0));
            ceiling
        })
        .collect()
}

/// The mean curve of simulated networks whose exact cells are `truth`; the curve of `truth` itself when there is no noise.
fn mean_of_simulated(truth: &[f64], noise_variance: f64, simulation: &mut Simulation) -> Vec<f64> {
    if noise_variance <= 0.0 {
        return survival_of(truth);
    }
    let mut sums = vec![0.0; truth.len() / 2];
    for _ in 0..CORRECTION_RUNS {
        let noisy: Vec<f64> = truth
            .iter()
            .map(|cell| (cell + simulation.noise(noise_variance)).max(0.0))
            .collect();
        for (sum, value) in sums.iter_mut().zip(survival_of(&noisy)) {
            *sum += value;
        }
    }
    sums.into_iter()
        .map(|sum| sum / f64::from(CORRECTION_RUNS))
        .collect()
}

fn survival_of(flat: &[f64]) -> Vec<f64> {
    actuarial(&SurvivalCells::from_flat(flat))
        .iter()
        .map(|row| row.survival)
        .collect()
}
