//! Which cells would a registry with these planning values have?

use question::template::Planning;

use crate::survival::SurvivalCells;

/// The month until which the hazard is taken as constant when nothing is planned for later.
const FALLS_AFTER_MONTHS: f64 = 12.0;
/// Beyond the last planned value the cumulative hazard grows as time to this power: after CAR T and after transplant alike
/// most events come in the first year (ebmt4: S(12), S(24), S(60) of .741, .674, .632; this power gives .741, .691, .615).
const POWER: f64 = 0.3;
/// Survival at 12 months when nothing at all is planned.
const SURVIVAL_12: f64 = 0.65;
/// Steps in which an interval of the grid is integrated.
const STEPS: u32 = 32;

/// The expected cells on the grid that ends at `edges_months`: events and censored by interval, and at the end.
///
/// Survival goes through the planned values; patients entered evenly over the accrual, so that a share 1 - t/accrual is
/// still observed at t.
#[must_use]
pub(crate) fn expected_cells(planning: &Planning, edges_months: &[f64]) -> SurvivalCells {
    let last = edges_months.last().copied().unwrap_or(0.0);
    let follow_up = planning
        .accrual_months
        .unwrap_or(last)
        .max(f64::MIN_POSITIVE);
    let survival = |months: f64| (-cumulative_hazard(planning, months)).exp();
    let observed = |months: f64| (1.0 - months / follow_up).max(0.0);
    let mut cells = SurvivalCells {
        events: Vec::new(),
        censored: Vec::new(),
        at_end: 0.0,
    };
    let mut start = 0.0;
    for &end in edges_months {
        let step = (end - start) / f64::from(STEPS);
        let (mut events, mut censored) = (0.0, 0.0);
        for number in 0..STEPS {
            let from = start + step * f64::from(number);
            let (middle, to) = (from + step / 2.0, from + step);
            events += (survival(from) - survival(to)) * observed(middle);
            censored += (observed(from) - observed(to)) * survival(middle);
        }
        cells.events.push(planning.patients * events);
        cells.censored.push(planning.patients * censored);
        start = end;
    }
    cells.at_end = planning.patients * survival(last) * observed(last);
    cells
}

/// -ln S: straight between planned values, flattening after the last of them and after [`FALLS_AFTER_MONTHS`].
fn cumulative_hazard(planning: &Planning, months: f64) -> f64 {
    let mut anchors: Vec<(f64, f64)> = planning
        .survival
        .iter()
        .map(|(at, survival)| (f64::from(*at), -survival.ln()))
        .collect();
    if anchors.is_empty() {
        anchors.push((FALLS_AFTER_MONTHS, -SURVIVAL_12.ln()));
    }
    if let Some(&(at, hazard)) = anchors.first().filter(|(at, _)| *at > FALLS_AFTER_MONTHS) {
        anchors.insert(
            0,
            (
                FALLS_AFTER_MONTHS,
                hazard * (FALLS_AFTER_MONTHS / at).powf(POWER),
            ),
        );
    }
    if let Some(&(at, hazard)) = anchors.last().filter(|(at, _)| *at < FALLS_AFTER_MONTHS) {
        anchors.push((FALLS_AFTER_MONTHS, hazard * FALLS_AFTER_MONTHS / at));
    }
    let (mut from, mut risen) = (0.0, 0.0_f64);
    for (at, hazard) in anchors {
        // Planned survival that rises is taken as level.
        let hazard = hazard.max(risen);
        if months <= at {
            return risen + (hazard - risen) * (months - from) / (at - from);
        }
        (from, risen) = (at, hazard);
    }
    risen * (months / from).powf(POWER)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn planning(survival: &[(u32, f64)]) -> Planning {
        Planning {
            patients: 1000.0,
            survival: survival.iter().copied().collect::<BTreeMap<_, _>>(),
            ..Planning::default()
        }
    }

    #[test]
    fn the_curve_goes_through_what_is_planned() {
        for anchors in [
            &[(12, 0.6)][..],
            &[(24, 0.5)],
            &[(6, 0.8), (24, 0.5)],
            &[(3, 0.9)],
        ] {
            for (at, survival) in anchors {
                let found = (-cumulative_hazard(&planning(anchors), f64::from(*at))).exp();
                assert!((found - survival).abs() < 1e-12, "{anchors:?}");
            }
        }
    }

    #[test]
    fn every_expected_patient_has_a_cell_and_none_is_negative() {
        for anchors in [&[][..], &[(12, 0.6)], &[(12, 0.5), (24, 0.7)]] {
            let cells = expected_cells(&planning(anchors), &[1.0, 6.0, 12.0, 60.0, 180.0]);
            assert!((cells.total() - 1000.0).abs() < 1.0, "{}", cells.total());
            assert!(cells.flat().iter().all(|cell| *cell >= 0.0));
        }
    }
}
