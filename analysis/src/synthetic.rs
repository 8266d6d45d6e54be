//! What might an answer look like, if the registry were as it is planned? Made-up sums to read before anybody signs or asks.
//!
//! This is simulation: made from public planning values by a public seed. No data go in, and it protects nothing.

use question::plan::{Part, Plan, StratumCells};
use question::template::Planning;

use crate::estimates::YEAR_DAYS;
use crate::noise::total_variance;
use crate::preview::{another_registry, course};
use crate::simulation::Simulation;

/// Up to so many patients each is placed in a cell alone; beyond, each cell's number is drawn from a normal curve.
const PLACED_ONE_BY_ONE_MAX: f64 = 10_000.0;

/// Summed noisy vectors, one a part of the plan, as `centers` nodes might answer if the registry is as `planning` says.
///
/// Patients fall at random into the cells that are expected (all strata of one size, nobody left out); person-time follows the
/// patients of its stratum; simulated noise of all centers is added to every number. The same `seed` gives the same sums.
#[must_use]
pub fn synthetic_totals(
    plan: &Plan,
    centers: u32,
    planning: &Planning,
    seed: [u8; 32],
) -> Vec<Vec<i64>> {
    let planning = another_registry(&plan.planning, planning);
    let mut simulation = Simulation::seeded(seed);
    let left_out = plan.layout.exclusions().len();
    let strata = plan.layout.strata().len();
    let patients = drawn(
        planning.patients,
        &one_stratum(plan.layout.stratum_cells(), &planning),
        strata,
        &mut simulation,
    );
    let exact = |part: &Part| match part {
        Part::Tally { .. } => std::iter::repeat_n(0.0, left_out)
            .chain(patients.iter().flatten().copied())
            .collect(),
        Part::PersonTime { unit_days, .. } => person_time(&patients, &planning, *unit_days),
    };
    let totals: Vec<Vec<f64>> = plan.parts.iter().map(exact).collect();
    let parts = plan.parts.iter().zip(totals);
    parts
        .map(|(part, total)| {
            let variance = total_variance(part, centers);
            let mut noisy = |cell: f64| whole(cell + simulation.noise(variance));
            total.into_iter().map(&mut noisy).collect()
        })
        .collect()
}

/// The expected cells of one stratum that holds all patients, in the plan's order.
fn one_stratum(cells: &StratumCells, planning: &Planning) -> Vec<f64> {
    match cells {
        StratumCells::Count => vec![planning.patients],
        StratumCells::Survival { edges_months } => {
            let edges: Vec<f64> = edges_months.iter().copied().map(f64::from).collect();
            course::expected_cells(planning, &edges).flat()
        }
        StratumCells::FirstEvent => {
            let events = planning.events.unwrap_or(0.0).min(planning.patients);
            vec![planning.patients - events, events]
        }
    }
}

/// So many patients, each in a stratum and a cell of it with the chance that `expected` gives; one list a stratum.
fn drawn(
    patients: f64,
    expected: &[f64],
    strata: usize,
    simulation: &mut Simulation,
) -> Vec<Vec<f64>> {
    let all: f64 = expected.iter().sum();
    let width = expected.len();
    let mut cells = vec![0.0; strata * width];
    if patients <= PLACED_ONE_BY_ONE_MAX {
        let mut left = patients.round();
        while left >= 1.0 {
            let stratum = position(strata, simulation.uniform());
            let cell = chosen(expected, all * simulation.uniform());
            if let Some(count) = cells.get_mut(stratum * width + cell) {
                *count += 1.0;
            }
            left -= 1.0;
        }
    } else {
        let strata = f64::from(u32::try_from(strata).unwrap_or(u32::MAX));
        for (count, expected) in cells.iter_mut().zip(expected.iter().cycle()) {
            let mean = patients * expected / all / strata;
            *count = (mean + mean.sqrt() * simulation.normal()).round().max(0.0);
        }
    }
    cells.chunks(width.max(1)).map(<[f64]>::to_vec).collect()
}

/// One of `many` equally likely positions.
fn position(many: usize, uniform: f64) -> usize {
    let share = 1.0 / f64::from(u32::try_from(many).unwrap_or(u32::MAX)).max(1.0);
    let edges = (1..many).zip(1_u32..);
    edges
        .take_while(|(_, edge)| uniform >= share * f64::from(*edge))
        .count()
}

/// The cell in which `point` lies when `expected` are laid end to end.
fn chosen(expected: &[f64], point: f64) -> usize {
    let mut passed = 0.0;
    let before = expected.iter().take_while(|cell| {
        passed += **cell;
        passed <= point
    });
    before.count().min(expected.len().saturating_sub(1))
}

/// Units of person-time by stratum: the planned years, shared by patients.
fn person_time(patients: &[Vec<f64>], planning: &Planning, unit_days: u32) -> Vec<f64> {
    let all: f64 = patients.iter().flatten().sum();
    let units = planning.person_years.unwrap_or(0.0) * YEAR_DAYS / f64::from(unit_days);
    let share = |stratum: &Vec<f64>| stratum.iter().sum::<f64>() / all.max(1.0);
    patients
        .iter()
        .map(|stratum| (units * share(stratum)).round())
        .collect()
}

/// A whole number within what sums can be.
fn whole(number: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a made-up sum of at most 1e9 patients and their noise; `as` saturates"
    )]
    let whole = number.round() as i64;
    whole
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use question::Dictionary;
    use question::plan::plan;
    use question::template::shipped_template;

    use super::*;
    use crate::{Quantity, estimates};

    fn planned(template: &str, by: &str) -> Plan {
        let template = shipped_template(template).unwrap();
        let given = BTreeMap::from([("by".to_owned(), by.to_owned())]);
        let rho = template.privacy.rho_max;
        let parameters = template.bind(&given).unwrap();
        plan(&template, &parameters, rho, &Dictionary::shipped().unwrap()).unwrap()
    }

    #[rstest::rstest]
    #[case("feasibility-count", "none", Quantity::Count, 2.0 * 300.0)]
    #[case("survival", "none", Quantity::Survival, 2.0 * 0.635)]
    #[case("incidence-rate", "sex", Quantity::Events, 2.0 * 130.0)]
    fn a_synthetic_answer_has_the_plans_shape_and_estimates_what_is_planned(
        #[case] template: &str,
        #[case] by: &str,
        #[case] quantity: Quantity,
        #[case] twice_planned: f64,
    ) {
        let plan = planned(template, by);
        let totals = synthetic_totals(&plan, 10, &plan.planning, [5; 32]);
        let rows = estimates(&plan, &totals, 10, [5; 32]);
        let wanted = |row: &&crate::Estimate| {
            row.is_pooled()
                && row.quantity == quantity
                && row.months.is_none_or(|months| months == 12.0)
        };
        let found = rows.iter().find(wanted).unwrap();
        let (lower, upper) = (found.lower.unwrap(), found.upper.unwrap());
        let planned = twice_planned / 2.0;
        // Twice the interval to either side: a false alarm in ten thousand, and the seed is fixed.
        let slack = upper - lower;
        assert!(
            lower - slack < planned && planned < upper + slack,
            "{found:?}"
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_answer_and_another_seed_another() {
        let plan = planned("survival", "sex");
        let totals = |seed| synthetic_totals(&plan, 10, &plan.planning, [seed; 32]);
        assert_eq!(totals(1), totals(1));
        assert_ne!(totals(1), totals(2));
    }

    #[test]
    fn every_patient_is_drawn_once_whether_few_or_many() {
        let mut simulation = Simulation::seeded([3; 32]);
        let few = drawn(300.0, &[1.0, 2.0, 3.0], 4, &mut simulation);
        assert_eq!((few.len(), few.iter().flatten().sum::<f64>()), (4, 300.0));
        let many = drawn(1e9, &[1.0, 3.0], 2, &mut simulation);
        let share = many[0][0] / 1e9;
        assert!((share - 0.125).abs() < 1e-3, "{share}");
    }

    #[test]
    fn positions_and_cells_cover_their_ends() {
        assert_eq!(
            [0.0, 0.49, 0.5, 0.999].map(|at| position(2, at)),
            [0, 0, 1, 1]
        );
        assert_eq!(
            [0.0, 0.9, 1.0, 3.0].map(|at| chosen(&[1.0, 2.0], at)),
            [0, 0, 1, 1]
        );
    }
}
