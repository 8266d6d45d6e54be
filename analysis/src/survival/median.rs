//! By when has half of the cohort had the event?

use crate::estimate::Interval;

/// Survival below this is treated as this when interpolating on the log scale.
const FLOOR: f64 = 1e-6;

/// A median, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Median {
    /// The median in months; a limit is absent where the band does not cross one half.
    Reached(Interval),
    /// The curve stays above one half as far as it can be estimated.
    NotReached,
    /// There is no curve.
    NotEstimable,
}

/// The median of a curve, log-linear between the edges, with the times at which the limits of the curve cross one half.
///
/// * `edges_months`: rising; `curve`: one point an edge, as [`super::curve`] gives them, from the front until the first `None`.
///
/// Source: Brookmeyer and Crowley (1982): the interval is the set of times at which one half lies within the curve's limits.
/// As these limits hold the noise, so does the median's interval; it covered .95 to .99 (`docs/estimates.md`) and cannot
/// disagree with the band in the figure, as a bootstrap of its own could.
#[must_use]
pub fn median(edges_months: &[f64], curve: &[Option<Interval>]) -> Median {
    let points: Vec<(f64, Interval)> = edges_months
        .iter()
        .zip(curve)
        .map_while(|(edge, point)| point.map(|point| (*edge, point)))
        .collect();
    if points.is_empty() {
        return Median::NotEstimable;
    }
    let crossing = |height: fn(&Interval) -> f64| {
        half_crossed(points.iter().map(|(edge, point)| (*edge, height(point))))
    };
    match crossing(|point| point.value) {
        None => Median::NotReached,
        Some(value) => Median::Reached(Interval {
            value,
            lower: crossing(|point| point.lower.unwrap_or(0.0)).map(|months| months.min(value)),
            upper: crossing(|point| point.upper.unwrap_or(1.0)).map(|months| months.max(value)),
        }),
    }
}

/// The first time at which a curve that starts at (0, 1) comes down to one half.
fn half_crossed(points: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let mut before = (0.0, 1.0_f64);
    for (edge, height) in points {
        // Limits may rise again between edges; the first crossing counts.
        let height = height.clamp(FLOOR, before.1);
        if height <= 0.5 {
            let share = (before.1.ln() - 0.5_f64.ln()) / (before.1.ln() - height.ln());
            return Some(before.0 + share * (edge - before.0));
        }
        before = (edge, height);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(f64, f64, f64)]) -> Vec<Option<Interval>> {
        values
            .iter()
            .map(|(low, value, high)| Some(Interval::around(*value, *low, *high)))
            .collect()
    }

    #[test]
    fn an_exponential_curve_gives_its_own_median() {
        let survival = |t: f64| (-t * 2.0_f64.ln() / 10.0).exp();
        let edges = [3.0, 6.0, 12.0, 24.0];
        let curve: Vec<_> = edges
            .iter()
            .map(|t| (survival(t * 1.5), survival(*t), survival(t / 1.5)))
            .collect();
        let Median::Reached(median) = median(&edges, &points(&curve)) else {
            panic!("reached")
        };
        assert!((median.value - 10.0).abs() < 1e-9);
        assert!((median.lower.unwrap() - 10.0 / 1.5).abs() < 1e-9);
        assert!((median.upper.unwrap() - 15.0).abs() < 1e-9);
    }

    #[test]
    fn a_curve_above_one_half_has_no_median() {
        assert_eq!(
            median(&[6.0], &points(&[(0.4, 0.6, 0.8)])),
            Median::NotReached
        );
        assert_eq!(median(&[6.0], &[None]), Median::NotEstimable);
    }

    #[test]
    fn an_upper_limit_that_stays_above_one_half_is_no_limit() {
        let curve = points(&[(0.6, 0.8, 0.9), (0.2, 0.4, 0.6)]);
        let Median::Reached(median) = median(&[6.0, 12.0], &curve) else {
            panic!("reached")
        };
        assert_eq!(median.upper, None);
        assert!(median.lower.unwrap() < median.value);
    }
}
