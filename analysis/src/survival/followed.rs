//! How many were at risk, had the event, were censored by each edge?

use super::SurvivalCells;
use crate::estimate::{Interval, Z};
use crate::projection::onto_total;

/// Patients at one time; the three values add up to the cohort.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Followed {
    /// Still followed without an event.
    pub at_risk: Interval,
    /// Had the event, from the start to this time.
    pub events: Interval,
    /// Censored, from the start to this time.
    pub censored: Interval,
}

/// Patients followed at time 0 and at each edge: one entry more than there are intervals.
///
/// Values are sums of projected cells ([`onto_total`]), so at risk never rises and the three add up; limits are the raw sums,
/// z standard deviations of their noise either way, from 0, widened to hold the value. The patients themselves are the
/// registry's: these limits speak of the noise alone.
#[must_use]
pub fn followed(raw: &SurvivalCells, noise_variance: f64) -> Vec<Followed> {
    let cells = SurvivalCells::from_flat(&onto_total(&raw.flat()));
    let intervals = raw.intervals();
    (0..=intervals)
        .map(|passed| {
            let to_here = |counts: &[f64]| counts.iter().take(passed).sum::<f64>();
            let events = (to_here(&cells.events), to_here(&raw.events));
            let censored = (to_here(&cells.censored), to_here(&raw.censored));
            let left = |cells: &SurvivalCells, gone: f64| cells.total() - gone;
            let at_risk = (
                left(&cells, events.0 + censored.0),
                left(raw, events.1 + censored.1),
            );
            let within = |(value, sum), summed| noise_limits(value, sum, noise_variance, summed);
            Followed {
                at_risk: within(at_risk, 2 * (intervals - passed) + 1),
                events: within(events, passed),
                censored: within(censored, passed),
            }
        })
        .collect()
}

/// `value` between the limits that `cells_summed` noisy cells adding up to `sum` allow.
fn noise_limits(value: f64, sum: f64, noise_variance: f64, cells_summed: usize) -> Interval {
    #[expect(clippy::cast_precision_loss, reason = "at most a few thousand cells")]
    let half = Z * (noise_variance * cells_summed as f64).sqrt();
    let value = value.max(0.0);
    Interval::around(value, (sum - half).max(0.0), (sum + half).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_cells_are_counted_without_width() {
        let cells = SurvivalCells {
            events: vec![3.0, 2.0],
            censored: vec![1.0, 4.0],
            at_end: 10.0,
        };
        let followed = followed(&cells, 0.0);
        assert_eq!(followed.len(), 3);
        assert_eq!(followed[0].at_risk, Interval::around(20.0, 20.0, 20.0));
        assert_eq!(followed[1].at_risk.value, 16.0);
        assert_eq!(followed[2].at_risk.value, 10.0);
        assert_eq!(
            (followed[2].events.value, followed[2].censored.value),
            (5.0, 5.0)
        );
    }

    #[test]
    fn the_three_add_up_under_any_noise() {
        let cells = SurvivalCells {
            events: vec![-9.0, 30.0],
            censored: vec![8.0, -2.0],
            at_end: 33.0,
        };
        for at in followed(&cells, 25.0) {
            let sum = at.at_risk.value + at.events.value + at.censored.value;
            assert!((sum - 60.0).abs() < 1e-9);
        }
    }
}
