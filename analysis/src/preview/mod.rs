//! How wide will the intervals be, and what will it cost, before anything is asked?

pub(crate) mod course;

use protocol::amount::NanoRho;
use question::plan::{Part, Plan, StratumCells};
use question::template::Planning;

use crate::count::count;
use crate::estimate::{Interval, Quantity};
use crate::estimates::YEAR_DAYS;
use crate::noise::total_variance;
use crate::rate::{RateCounts, rate};
use crate::survival::expected_curve;

/// What a row of a preview is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All strata together.
    Pooled,
    /// One of so many strata, as if all were of one size.
    OneStratumOf(usize),
}

/// An expected estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviewRow {
    /// Pooled or one stratum.
    pub scope: Scope,
    /// What will be estimated.
    pub quantity: Quantity,
    /// For which time, if for one.
    pub months: Option<f64>,
    /// The estimate and limits to expect; nothing where it will hardly be estimable, or nothing was planned.
    pub expected: Option<Interval>,
}

impl PreviewRow {
    /// Upper minus lower limit; nothing if one of them is open.
    #[must_use]
    pub fn width(&self) -> Option<f64> {
        let expected = self.expected?;
        Some(expected.upper? - expected.lower?)
    }
}

/// What an answer will cost and show.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Charged at every center.
    pub rho: NanoRho,
    /// What rho means at `protocol::amount::DELTA_SHOWN`.
    pub epsilon: f64,
    /// Standard deviation of the noise in one summed count.
    pub noise_sd: f64,
    /// Centers taken to answer.
    pub centers: u32,
    /// Expected estimates.
    pub rows: Vec<PreviewRow>,
}

/// The preview of `plan` if `centers` answer and the registry is as `planning` says.
///
/// `planning` may differ from the plan's own where a person expects something else (see `another_registry`).
/// Widths come from the formulas that will make the intervals, at the expected cells with the noise to come.
#[must_use]
pub fn preview(plan: &Plan, centers: u32, planning: &Planning) -> Preview {
    let cells = plan.layout.stratum_cells();
    let strata = plan.layout.strata().len();
    let rho = plan.rho();
    Preview {
        rho,
        epsilon: rho.epsilon(),
        noise_sd: plan
            .parts
            .first()
            .map_or(0.0, |part| total_variance(part, centers).sqrt()),
        centers,
        rows: rows(
            cells,
            &plan.parts,
            strata,
            centers,
            &another_registry(&plan.planning, planning),
        ),
    }
}

/// What a person expects, completed where other patients make the template's values useless.
///
/// Who expects other patients means another registry: events and person-years that were left alone follow the patients, and
/// an accrual that was left alone is dropped, so that follow-up is taken to reach the end of the grid, which is the longest
/// that is publicly possible. Expect `accrual_months` too where that is too hopeful.
pub(crate) fn another_registry(template: &Planning, expected: &Planning) -> Planning {
    let growth = expected.patients / template.patients;
    let same_patients = (growth - 1.0).abs() < 1e-9;
    if same_patients || !growth.is_finite() {
        return expected.clone();
    }
    let follow = |template: Option<f64>, expected: Option<f64>| {
        if template == expected {
            template.map(|amount| amount * growth)
        } else {
            expected
        }
    };
    Planning {
        events: follow(template.events, expected.events),
        person_years: follow(template.person_years, expected.person_years),
        accrual_months: expected
            .accrual_months
            .filter(|months| template.accrual_months != Some(*months)),
        ..expected.clone()
    }
}

fn rows(
    cells: &StratumCells,
    parts: &[Part],
    strata: usize,
    centers: u32,
    planning: &Planning,
) -> Vec<PreviewRow> {
    let count = u32::try_from(strata).map_or(f64::INFINITY, f64::from);
    let pooled = Expected {
        cells,
        parts,
        centers,
        planning,
        share: 1.0,
        noises: count,
    };
    let mut rows = pooled.rows(Scope::Pooled);
    if strata > 1 {
        let stratum = Expected {
            share: 1.0 / count,
            noises: 1.0,
            ..pooled
        };
        rows.extend(stratum.rows(Scope::OneStratumOf(strata)));
    }
    rows
}

/// A part of the registry as it is expected.
struct Expected<'a> {
    cells: &'a StratumCells,
    parts: &'a [Part],
    centers: u32,
    planning: &'a Planning,
    /// Share of the patients.
    share: f64,
    /// How many strata's noise is in each sum.
    noises: f64,
}

impl Expected<'_> {
    fn rows(&self, scope: Scope) -> Vec<PreviewRow> {
        let row = |quantity, months, expected| PreviewRow {
            scope,
            quantity,
            months,
            expected,
        };
        let variance = self.variance(0);
        let patients = self.planning.patients * self.share;
        match self.cells {
            StratumCells::Count => {
                vec![row(Quantity::Count, None, Some(count(patients, variance)))]
            }
            StratumCells::Survival { edges_months } => {
                let edges: Vec<f64> = edges_months.iter().copied().map(f64::from).collect();
                let planning = Planning {
                    patients,
                    ..self.planning.clone()
                };
                let cells = course::expected_cells(&planning, &edges);
                let curve = expected_curve(&cells, variance);
                let point = |(months, point)| row(Quantity::Survival, Some(months), point);
                edges.into_iter().zip(curve).map(point).collect()
            }
            StratumCells::FirstEvent => {
                let counts = self.counts();
                let events = counts.map(|counts| count(counts.events, variance));
                let rate = counts
                    .and_then(|counts| rate(&counts))
                    .map(|rate| rate.times(100.0));
                vec![
                    row(Quantity::Events, None, events),
                    row(Quantity::RatePer100PersonYears, None, rate),
                ]
            }
        }
    }

    fn variance(&self, part: usize) -> f64 {
        self.parts
            .get(part)
            .map_or(0.0, |part| total_variance(part, self.centers))
            * self.noises
    }

    fn counts(&self) -> Option<RateCounts> {
        let unit_years = match self.parts.get(1)? {
            Part::PersonTime { unit_days, .. } => f64::from(*unit_days) / YEAR_DAYS,
            Part::Tally { .. } => return None,
        };
        Some(RateCounts {
            events: self.planning.events? * self.share,
            person_years: self.planning.person_years? * self.share,
            events_variance: self.variance(0),
            person_years_variance: self.variance(1) * unit_years * unit_years,
        })
    }
}

#[cfg(test)]
mod tests;
