//! Do the formulas give the numbers that were computed apart from this project?
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use analysis::rate::{RateCounts, rate};
use analysis::survival::{SurvivalCells, actuarial, log_log_limits, log_variance};
use serde_json::Value;

fn vectors(name: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/vectors.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    all[name]["cases"].as_array().unwrap().clone()
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
