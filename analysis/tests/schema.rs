//! Is the published schema the one that estimates follow?
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeMap;

use analysis::estimate::{Estimate, Interval, Quantity, Status, Stratum};
use analysis::report::{CenterCounts, Report};
use analysis::schema;
use protocol::amount::NanoRho;
use protocol::documents::CenterEnding;
use protocol::question::Mode;
use serde_json::{Value, json};

fn valid(value: &Value) -> bool {
    jsonschema::validator_for(&schema::document())
        .unwrap()
        .is_valid(value)
}

/// One row of every quantity, with and without a value.
fn report() -> Value {
    let stratum = Stratum::from([("age_band".to_owned(), "18-64".to_owned())]);
    let interval = Interval {
        value: 0.5,
        lower: Some(0.25),
        upper: None,
    };
    let mut estimates = Vec::new();
    for quantity in Quantity::ALL {
        estimates.push(Estimate::known(&stratum, *quantity, Some(12.0), interval));
        for status in Status::ALL {
            estimates.push(Estimate::absent(&Stratum::new(), *quantity, None, *status));
        }
    }
    let report = Report::new(
        "survival@1".into(),
        BTreeMap::from([("clock".into(), "os".into())]),
        Mode::Local,
        NanoRho::at_least(0.05).unwrap(),
        CenterCounts::of([CenterEnding::Answered, CenterEnding::OutOfBudget]),
        estimates,
    );
    serde_json::to_value([report]).unwrap()
}

#[test]
fn the_published_schema_is_the_programs_own() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/estimates.schema.json");
    let published: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let advice =
        "run: cargo run -p analysis --example estimates-schema > docs/estimates.schema.json";
    assert_eq!(published, schema::document(), "{advice}");
}

#[test]
fn every_quantity_and_status_fits_the_schema_and_reads_back() {
    let report = report();
    assert!(valid(&report));
    let read: Vec<Report> = serde_json::from_value(report.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), report);
}

#[test]
fn what_is_not_in_the_closed_lists_is_refused() {
    let spoil = |pointer: &str, value: Value| {
        let mut report = report();
        *report.pointer_mut(pointer).unwrap() = value;
        valid(&report)
    };
    assert!(!spoil("/0/estimates/0/quantity", json!("mean")));
    assert!(!spoil("/0/estimates/0/unit", json!("days")));
    assert!(
        !spoil("/0/estimates/0/value", Value::Null),
        "null needs a status"
    );
    assert!(
        !spoil("/0/estimates/1/value", json!(0.5)),
        "a value has no status"
    );
    assert!(!spoil("/0/estimates/0/level", json!(0.9)));
    assert!(!spoil("/0/centers/late", json!(-1)));
    assert!(!spoil("/0/mode", json!("open")));
}
