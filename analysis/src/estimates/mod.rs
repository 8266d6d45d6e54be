//! What does the noisy total of an answer say?

mod group;

pub use question::plan::MONTH_DAYS;
use question::plan::{CellLayout, Part, Plan, StratumCells};

pub use group::Group;

use crate::count::count;
use crate::estimate::{EXCLUDED, Estimate, Interval, Quantity, Status, Stratum};
use crate::noise::total_variance;
use crate::rate::{RateCounts, rate};
use crate::simulation::Simulation;
use crate::survival::{Median, SurvivalCells, curve, followed, median};

/// Days of one year: twelve months.
pub const YEAR_DAYS: f64 = 12.0 * MONTH_DAYS;

/// All estimates of a question: pooled first, then each stratum, then the patients left out by reason.
///
/// * `totals`: summed noisy vectors, one a part of the plan; `centers_answered`: how many centers are in them;
/// * `seed`: the result's id, from which everyone simulates the same bias correction.
///
/// Every row has a value within its limits, or a status. Without an answering center, or with vectors that are not the
/// plan's, every row is `not_estimable`. Pooled counts are sums of noisy strata before anything is projected, so they may
/// differ from the sum of the rows below them.
#[must_use]
pub fn estimates(
    plan: &Plan,
    totals: &[Vec<i64>],
    centers_answered: u32,
    seed: [u8; 32],
) -> Vec<Estimate> {
    estimates_of(&plan.layout, &plan.parts, totals, centers_answered, seed)
}

/// [`estimates`] from the parts of a plan that it needs.
#[must_use]
pub fn estimates_of(
    layout: &CellLayout,
    parts: &[Part],
    totals: &[Vec<i64>],
    centers_answered: u32,
    seed: [u8; 32],
) -> Vec<Estimate> {
    let fits = totals.len() == parts.len()
        && parts
            .iter()
            .zip(totals)
            .all(|(part, total)| part.cells() == total.len());
    let vectors: Vec<Vec<f64>> = if fits && centers_answered > 0 {
        totals
            .iter()
            .map(|total| total.iter().copied().map(real).collect())
            .collect()
    } else {
        parts.iter().map(|part| vec![0.0; part.cells()]).collect()
    };
    let simulation = Simulation::seeded(seed);
    let mut rows = Released {
        layout,
        parts,
        vectors,
        centers: centers_answered,
        simulation,
    }
    .rows();
    if !fits || centers_answered == 0 {
        rows = rows.iter().map(without_value).collect();
    }
    rows
}

/// Summed vectors with what is needed to read them.
struct Released<'a> {
    layout: &'a CellLayout,
    parts: &'a [Part],
    vectors: Vec<Vec<f64>>,
    centers: u32,
    simulation: Simulation,
}

impl Released<'_> {
    fn rows(&mut self) -> Vec<Estimate> {
        let mut rows = Vec::new();
        for group in Group::all(self.layout) {
            let cells = group.sum(self.vectors.first(), |stratum| self.layout.range(stratum));
            let variance = self.variance(0) * group.size();
            match self.layout.stratum_cells() {
                StratumCells::Count => {
                    let interval = count(cells.iter().sum(), variance);
                    rows.push(Estimate::known(
                        &group.stratum,
                        Quantity::Count,
                        None,
                        interval,
                    ));
                }
                StratumCells::Survival { edges_months } => {
                    let cells = SurvivalCells::from_flat(&cells);
                    let edges: Vec<f64> = edges_months.iter().copied().map(f64::from).collect();
                    let stratum = &group.stratum;
                    rows.extend(survival_rows(
                        stratum,
                        &edges,
                        &cells,
                        variance,
                        &mut self.simulation,
                    ));
                }
                StratumCells::FirstEvent => rows.extend(self.rate_rows(&group, &cells, variance)),
            }
        }
        rows.extend(self.excluded_rows());
        rows
    }

    fn variance(&self, part: usize) -> f64 {
        self.parts
            .get(part)
            .map_or(0.0, |part| total_variance(part, self.centers))
    }

    fn rate_rows(&self, group: &Group, cells: &[f64], variance: f64) -> Vec<Estimate> {
        let unit_years = match self.parts.get(1) {
            Some(Part::PersonTime { unit_days, .. }) => f64::from(*unit_days) / YEAR_DAYS,
            Some(Part::Tally { .. }) | None => 0.0,
        };
        let units = group.sum(self.vectors.get(1), |stratum| Some(stratum..stratum + 1));
        let events = cells.get(1).copied().unwrap_or(0.0);
        let counts = RateCounts {
            events,
            person_years: units.first().copied().unwrap_or(0.0) * unit_years,
            events_variance: variance,
            person_years_variance: self.variance(1) * group.size() * unit_years * unit_years,
        };
        let row = |quantity, interval| Estimate::known(&group.stratum, quantity, None, interval);
        let quantity = Quantity::RatePer100PersonYears;
        vec![
            row(Quantity::Count, count(cells.iter().sum(), 2.0 * variance)),
            row(Quantity::Events, count(events, variance)),
            row(
                Quantity::PersonYears,
                count(counts.person_years, counts.person_years_variance),
            ),
            match rate(&counts) {
                Some(interval) => row(quantity, interval.times(100.0)),
                None => Estimate::absent(&group.stratum, quantity, None, Status::NotEstimable),
            },
        ]
    }

    fn excluded_rows(&self) -> Vec<Estimate> {
        let variance = self.variance(0);
        let tally = self.vectors.first().into_iter().flatten();
        self.layout
            .exclusions()
            .iter()
            .zip(tally)
            .map(|(reason, sum)| {
                let stratum = Stratum::from([(EXCLUDED.to_owned(), reason.to_string())]);
                let interval = count(*sum, variance);
                Estimate::known(&stratum, Quantity::ExcludedCount, None, interval)
            })
            .collect()
    }
}

fn survival_rows(
    stratum: &Stratum,
    edges: &[f64],
    cells: &SurvivalCells,
    variance: f64,
    simulation: &mut Simulation,
) -> Vec<Estimate> {
    let curve = curve(cells, variance, simulation);
    let row = |quantity, months, interval: Interval| {
        Estimate::known(stratum, quantity, Some(months), interval)
    };
    let mut rows: Vec<Estimate> = edges
        .iter()
        .zip(&curve)
        .map(|(&months, point)| match point {
            Some(interval) => row(Quantity::Survival, months, *interval),
            None => Estimate::absent(
                stratum,
                Quantity::Survival,
                Some(months),
                Status::NotEstimable,
            ),
        })
        .collect();
    let followed = followed(cells, variance);
    let times = || {
        std::iter::once(0.0)
            .chain(edges.iter().copied())
            .zip(&followed)
    };
    rows.extend(times().map(|(months, at)| row(Quantity::AtRisk, months, at.at_risk)));
    // At time 0 nothing has happened yet: that is no estimate.
    let later = || times().skip(1);
    rows.extend(later().map(|(months, at)| row(Quantity::Events, months, at.events)));
    rows.extend(later().map(|(months, at)| row(Quantity::Censored, months, at.censored)));
    let quantity = Quantity::MedianMonths;
    rows.push(match median(edges, &curve) {
        Median::Reached(interval) => Estimate::known(stratum, quantity, None, interval),
        Median::NotReached => Estimate::absent(stratum, quantity, None, Status::NotReached),
        Median::NotEstimable => Estimate::absent(stratum, quantity, None, Status::NotEstimable),
    });
    rows
}

fn without_value(row: &Estimate) -> Estimate {
    Estimate::absent(&row.stratum, row.quantity, row.months, Status::NotEstimable)
}

/// The nearest `f64`: sums beyond 2^53 patients do not exist, and rounding them does no harm.
#[expect(clippy::cast_precision_loss, reason = "said above")]
fn real(sum: i64) -> f64 {
    sum as f64
}

#[cfg(test)]
mod tests;
