//! Claims about previews.

use std::collections::BTreeMap;

use super::*;
use crate::simulation::Simulation;
use crate::survival::{SurvivalCells, curve};

const EDGES: [u32; 14] = [1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60, 84, 120, 180];

fn planning(patients: f64, survival: &[(u32, f64)]) -> Planning {
    Planning {
        patients,
        survival: survival.iter().copied().collect::<BTreeMap<_, _>>(),
        events: Some(patients / 5.0),
        person_years: Some(patients * 2.0),
        ..Planning::default()
    }
}

fn widths(rho: f64, strata: usize, centers: u32, planning: &Planning) -> Vec<PreviewRow> {
    let cells = StratumCells::Survival {
        edges_months: EDGES.to_vec(),
    };
    let tally = Part::tally(1, strata * 29, NanoRho::at_least(rho).unwrap()).unwrap();
    rows(&cells, &[tally], strata, centers, planning)
}

fn width_at(rows: &[PreviewRow], months: f64) -> f64 {
    rows.iter()
        .find(|row| row.months == Some(months))
        .unwrap()
        .width()
        .unwrap()
}

#[test]
fn widths_on_the_transplant_registry_are_within_a_third_of_the_preview() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/vectors.json");
    let all: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let pooled = &all["ebmt4_cells"]["pooled"];
    let read = |name: &str| -> Vec<f64> {
        let cells = pooled[name].as_array().unwrap();
        cells.iter().map(|cell| cell.as_f64().unwrap()).collect()
    };
    let exact = [
        read("events"),
        read("censored"),
        vec![pooled["at_end"].as_f64().unwrap()],
    ];
    let exact: Vec<f64> = exact.concat();
    // The template plans a young registry; someone who expects another one has not said how long it has followed.
    let template = Planning {
        accrual_months: Some(60.0),
        ..planning(300.0, &[(12, 0.6)])
    };
    let expected = Planning {
        accrual_months: Some(60.0),
        ..planning(2279.0, &[(12, 0.74)])
    };
    let planned = widths(0.05, 1, 7, &another_registry(&template, &expected));
    for run in 0..50 {
        let mut simulation = Simulation::seeded([run; 32]);
        let noisy: Vec<f64> = exact
            .iter()
            .map(|cell| cell + simulation.noise(70.0))
            .collect();
        let curve = curve(&SurvivalCells::from_flat(&noisy), 70.0, &mut simulation);
        for (edge, months) in [(5, 12.0), (7, 24.0), (10, 60.0)] {
            let seen = curve[edge].unwrap();
            let seen = seen.upper.unwrap() - seen.lower.unwrap();
            let ratio = seen / width_at(&planned, months);
            assert!((0.75..1.25).contains(&ratio), "{months} months: {ratio}");
        }
    }
}

#[test]
fn more_patients_more_budget_and_fewer_strata_make_narrower_intervals() {
    let usual = planning(300.0, &[(12, 0.6)]);
    let width =
        |rho, strata, planning: &Planning| width_at(&widths(rho, strata, 10, planning), 12.0);
    assert!(width(0.5, 1, &usual) < width(0.05, 1, &usual));
    assert!(width(0.05, 1, &planning(600.0, &[(12, 0.6)])) < width(0.05, 1, &usual));
    assert!(width(0.5, 1, &usual) < width(0.5, 4, &usual));
}

#[test]
fn a_stratum_is_previewed_as_one_of_equals() {
    let rows = widths(0.5, 4, 10, &planning(2000.0, &[(12, 0.6)]));
    assert_eq!(rows.len(), 28);
    assert_eq!(rows[14].scope, Scope::OneStratumOf(4));
    assert!(rows[14 + 5].width() > rows[5].width());
}

#[test]
fn a_rate_is_previewed_from_events_and_person_years() {
    let rho = NanoRho::at_least(0.5).unwrap();
    let parts = [
        Part::tally(1, 2, rho).unwrap(),
        Part::person_time(6000, 30, 1, rho).unwrap(),
    ];
    let planned = planning(1000.0, &[]);
    let found = rows(&StratumCells::FirstEvent, &parts, 1, 10, &planned);
    let rate = found[1].expected.unwrap();
    assert!((rate.value - 10.0).abs() < 1e-9);
    assert!(rate.lower.unwrap() < 10.0 && rate.upper.unwrap() > 10.0);
    let nothing = Planning {
        events: None,
        ..planned
    };
    assert_eq!(
        rows(&StratumCells::FirstEvent, &parts, 1, 10, &nothing)[1].expected,
        None
    );
}

#[test]
fn events_that_nobody_changed_follow_the_patients() {
    let planned = planning(100.0, &[]);
    let more = another_registry(
        &planned,
        &Planning {
            patients: 1000.0,
            ..planned.clone()
        },
    );
    assert_eq!(
        (more.events, more.person_years),
        (Some(200.0), Some(2000.0))
    );
    let own = Planning {
        patients: 1000.0,
        events: Some(7.0),
        ..planned.clone()
    };
    assert_eq!(another_registry(&planned, &own).events, Some(7.0));
}
