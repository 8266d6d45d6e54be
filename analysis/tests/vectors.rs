//! Do the formulas give the numbers that were computed apart from this project?
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use analysis::rate::{RateCounts, rate};
use analysis::simulation::Simulation;
use analysis::survival::{SurvivalCells, actuarial, curve, log_log_limits, log_variance};
use serde_json::Value;

fn vectors(name: &str) -> Vec<Value> {
    all()[name]["cases"].as_array().unwrap().clone()
}

fn all() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/vectors.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn assert_close(found: f64, wanted: &Value, what: &str) {
    let wanted = number(wanted);
    assert!(
        (found - wanted).abs() <= 2e-8 * wanted.abs().max(1.0),
        "{what}: {found}, wanted {wanted}"
    );
}

#[test]
fn survival_and_its_noise_aware_interval_match_the_published_vectors() {
    for case in vectors("survival_interval") {
        let rows = actuarial(&SurvivalCells {
            events: numbers(&case["events"]),
            censored: numbers(&case["censored"]),
            at_end: number(&case["at_end"]),
        });
        let variances = log_variance(&rows, number(&case["s2"]));
        let wanted = case["rows"].as_array().unwrap();
        assert_eq!(rows.len(), wanted.len());
        for ((row, variance), wanted) in rows.iter().zip(variances).zip(wanted) {
            assert_close(row.at_risk, &wanted["at_risk"], "at risk");
            assert_close(row.hazard, &wanted["hazard"], "hazard");
            assert_close(row.survival, &wanted["survival"], "survival");
            assert_close(
                row.greenwood_sum,
                &wanted["greenwood_sum"],
                "Greenwood's sum",
            );
            assert_close(variance.total(), &wanted["var_log_survival"], "variance");
            let (lower, upper) = log_log_limits(row.survival, variance.total()).unwrap();
            assert_close(lower, &wanted["lower"], "lower");
            assert_close(upper, &wanted["upper"], "upper");
        }
    }
}

#[test]
fn rates_and_their_noise_aware_interval_match_the_published_vectors() {
    for case in vectors("rate_interval") {
        let found = rate(&RateCounts {
            events: number(&case["events"]),
            person_years: number(&case["person_years"]),
            events_variance: number(&case["v_events"]),
            person_years_variance: number(&case["v_person_years"]),
        })
        .unwrap();
        assert_close(found.value, &case["rate"], "rate");
        assert_close(found.lower.unwrap(), &case["lower"], "lower");
        assert_close(found.upper.unwrap(), &case["upper"], "upper");
    }
}

/// What R's survival 3.5-3 gives on the undivided transplant data at 1, 2 and 5 years.
const TRANSPLANT: [(usize, f64); 3] = [(5, 0.740_813), (7, 0.674_407), (10, 0.632_475)];

#[test]
fn with_little_noise_the_transplant_registry_gives_the_survival_that_r_gives() {
    let pooled = &all()["ebmt4_cells"]["pooled"];
    let at_end = number(&pooled["at_end"]);
    let exact = [
        numbers(&pooled["events"]),
        numbers(&pooled["censored"]),
        vec![at_end],
    ]
    .concat();
    // Seven centers at rho 5.
    let noise_variance = 7.0 / 10.0;
    for seed in 0..100 {
        let mut simulation = Simulation::seeded([seed; 32]);
        let noisy: Vec<f64> = exact
            .iter()
            .map(|cell| cell + simulation.noise(noise_variance))
            .collect();
        let curve = curve(
            &SurvivalCells::from_flat(&noisy),
            noise_variance,
            &mut simulation,
        );
        for (edge, wanted) in TRANSPLANT {
            let found = curve[edge].unwrap().value;
            assert!(
                (found - wanted).abs() < 0.006,
                "seed {seed}: {found}, R {wanted}"
            );
        }
    }
}
