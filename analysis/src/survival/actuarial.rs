//! What is survival at the end of each interval, given counts?

use super::SurvivalCells;

/// One interval of an actuarial life table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// r: patients who leave in this interval or later.
    pub at_risk: f64,
    /// d: events.
    pub events: f64,
    /// n = r - c/2: patients exposed, those censored counted half.
    pub exposed: f64,
    /// h = d/n, in 0..=1; 0 where nobody is exposed.
    pub hazard: f64,
    /// S: survival at the end of the interval, in 0..=1.
    pub survival: f64,
    /// g = d/(n(n-d)); 0 where fewer than one patient would survive the interval.
    pub greenwood: f64,
    /// G: running sum of g.
    pub greenwood_sum: f64,
}

impl Interval {
    /// n - d: patients exposed who get through the interval.
    #[must_use]
    pub fn surviving(&self) -> f64 {
        self.exposed - self.events
    }
}

/// The life table of `cells`.
///
/// Returns one row for each interval; survival never rises. Negative cells are tolerated: hazards are held in 0..=1.
/// Source: actuarial estimator, Kalbfleisch and Prentice (2002), section 1.4; Greenwood's sum.
///
/// ```
/// use analysis::survival::{SurvivalCells, actuarial};
/// let rows = actuarial(&SurvivalCells { events: vec![10.0], censored: vec![20.0], at_end: 70.0 });
/// assert!((rows[0].survival - (1.0 - 10.0 / 90.0)).abs() < 1e-12);
/// ```
#[must_use]
pub fn actuarial(cells: &SurvivalCells) -> Vec<Interval> {
    let mut at_risk = cells.total();
    let (mut survival, mut greenwood_sum) = (1.0, 0.0);
    let mut rows = Vec::with_capacity(cells.intervals());
    for (&events, &censored) in cells.events.iter().zip(&cells.censored) {
        let exposed = at_risk - censored / 2.0;
        let hazard = if exposed > 0.0 {
            (events / exposed).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let greenwood = if exposed - events >= 1.0 && events > 0.0 {
            events / (exposed * (exposed - events))
        } else {
            0.0
        };
        survival *= 1.0 - hazard;
        greenwood_sum += greenwood;
        rows.push(Interval {
            at_risk,
            events,
            exposed,
            hazard,
            survival,
            greenwood,
            greenwood_sum,
        });
        at_risk -= events + censored;
    }
    rows
}
