//! One question's way, end to end: real processes, real mTLS, made-up centers whose sums show a lost or doubled answer.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use serde_json::Value;
use tests::{TestNetwork, answers, charges};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");

/// Rho at which a count over three centers has a standard deviation of 0.6: more than 6 away once in 1e23 runs.
const NEARLY_EXACT: &str = "5";

fn report(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn value(report: &Value, quantity: &str, months: Option<f64>) -> f64 {
    let rows = report["estimates"].as_array().unwrap();
    let row = rows.iter().find(|row| {
        row["quantity"] == quantity
            && row["stratum"].as_object().unwrap().is_empty()
            && months.is_none_or(|m| row["months"].as_f64() == Some(m))
    });
    row.unwrap()["value"].as_f64().unwrap()
}

#[test]
fn every_center_counts_once_in_every_kind_of_answer() {
    // 40, 80 and 160 patients: any lost, doubled or swapped answer is off by 40 at least.
    let test = TestNetwork::start(EXECUTABLE, 3, 40);

    let counted = report(&test.result(
        &test.ask(&["feasibility-count", "--rho", NEARLY_EXACT]),
        "json",
    ));
    assert_eq!(counted["centers"]["answered"], 3);
    assert!((value(&counted, "count", None) - 280.0).abs() < 6.0);

    let curve = report(&test.result(
        &test.ask(&["survival", "--param", "clock=os", "--rho", NEARLY_EXACT]),
        "json",
    ));
    assert!((value(&curve, "survival", Some(12.0)) - 0.75).abs() < 0.05);

    let rate = report(&test.result(
        &test.ask(&[
            "incidence-rate",
            "--param",
            "clock=os",
            "--rho",
            NEARLY_EXACT,
        ]),
        "json",
    ));
    // A quarter died after 200 days, the others were followed for 800: 70 deaths in 498.3 person-years.
    assert!((value(&rate, "rate_per_100_person_years", None) - 14.05).abs() < 3.0);
}

#[test]
fn the_same_question_is_answered_with_the_same_bytes_for_nothing_also_after_every_process_restarted()
 {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    let first = test.ask(&["survival", "--rho", "0.5"]);
    let (bytes, figures) = (answers(&test, &first), test.result(&first, "json"));
    let spent = spent(&test);

    let again = test.ask(&["survival", "--rho", "0.5", "--param", "clock=os"]);
    assert_ne!(first, again, "a new query asks the same question");
    test.network.kill_coordinator();
    for index in 0..2 {
        test.network.kill_node(index);
    }
    test.network.start_coordinator(&[]).unwrap();
    for index in 0..2 {
        test.network.start_node(index, &[]).unwrap();
    }
    let after_restart = test.ask(&["survival", "--rho", "0.5"]);

    for query in [&again, &after_restart] {
        assert_eq!(answers(&test, query), bytes);
        assert_eq!(test.result(query, "json"), figures);
    }
    assert_eq!(self::spent(&test), spent);
}

/// Charged rows and their sum in every center's ledger.
fn spent(test: &TestNetwork) -> Vec<(i64, i64)> {
    test.network
        .centers
        .iter()
        .map(|center| charges(&center.data))
        .collect()
}
