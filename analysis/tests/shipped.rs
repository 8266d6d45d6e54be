//! Do the shipped questions go all the way: template, plan, preview, estimates, figure?
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeMap;

use analysis::figure::{Caption, draw};
use analysis::preview::preview;
use analysis::report::{CenterCounts, Report};
use analysis::simulation::Simulation;
use analysis::{Quantity, estimates};
use protocol::amount::NanoRho;
use protocol::question::Mode;
use question::plan::plan;
use question::template::shipped_template;
use question::{Dictionary, Plan};
use rstest::rstest;
use serde_json::Value;

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn planned(template: &str, parameters: &[(&str, &str)]) -> Plan {
    let template = shipped_template(template).unwrap();
    let parameters = template.bind(&texts(parameters)).unwrap();
    let rho = NanoRho::at_least(0.05).unwrap();
    plan(&template, &parameters, rho, &Dictionary::shipped().unwrap()).unwrap()
}

#[rstest]
#[case("feasibility-count", Quantity::Count, "Patients by ")]
#[case("survival", Quantity::Survival, "Overall survival by ")]
#[case(
    "incidence-rate",
    Quantity::RatePer100PersonYears,
    "First events per 100 person-years by "
)]
fn a_shipped_question_becomes_estimates_and_a_figure(
    #[case] template: &str,
    #[case] quantity: Quantity,
    #[case] title: &str,
) {
    let plan = planned(template, &[("by", "age_band,sex")]);
    let totals: Vec<Vec<i64>> = plan
        .parts
        .iter()
        .map(|part| vec![200; part.cells()])
        .collect();
    let estimates = estimates(&plan, &totals, 7, [0; 32]);
    let pooled = estimates
        .iter()
        .find(|row| row.is_pooled() && row.quantity == quantity);
    assert!(pooled.unwrap().value.is_some());
    assert!(
        estimates
            .iter()
            .any(|row| row.stratum.len() == 2 && row.quantity == quantity)
    );
    let centers = CenterCounts {
        answered: 7,
        ..CenterCounts::default()
    };
    let report = Report::new(
        plan.template.clone(),
        plan.parameters.clone(),
        Mode::Local,
        plan.rho(),
        centers,
        estimates,
    );
    let caption = Caption::of(&plan, &report);
    assert!(caption.title.starts_with(title), "{}", caption.title);
    assert!(
        draw(&caption, &report.estimates)
            .unwrap()
            .contains("Differential privacy: local mode, rho 0.05")
    );
    let array = serde_json::to_value([report]).unwrap();
    assert!(
        jsonschema::validator_for(&analysis::schema::document())
            .unwrap()
            .is_valid(&array)
    );
    // Split into so many strata, a rate may well be open above; asked plainly, everything is foreseen.
    let split = preview(&plan, 7, &plan.planning);
    assert!(
        split
            .rows
            .iter()
            .any(|row| row.quantity == quantity && row.expected.is_some())
    );
    let plain = planned(template, &[]);
    let plain = preview(&plain, 10, &plain.planning);
    assert!(
        plain
            .rows
            .iter()
            .any(|row| row.quantity == quantity && row.width().is_some())
    );
}

#[test]
fn widths_on_the_transplant_registry_are_as_previewed() {
    let plan = planned("survival", &[("clock", "os")]);
    let expected = texts(&[("patients", "2279"), ("s12", "0.74")]);
    let planning = plan.planning.with_expected(&expected).unwrap();
    let preview = preview(&plan, 7, &planning);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/vectors.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let pooled = &all["ebmt4_cells"]["pooled"];
    let mut total = vec![0; plan.layout.exclusions().len()];
    for cells in [
        &pooled["events"],
        &pooled["censored"],
        &Value::from(vec![pooled["at_end"].clone()]),
    ] {
        total.extend(
            cells
                .as_array()
                .unwrap()
                .iter()
                .map(|cell| cell.as_i64().unwrap()),
        );
    }
    let mut simulation = Simulation::seeded([4; 32]);
    for run in 0..40 {
        #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
        let noisy: Vec<i64> = total
            .iter()
            .map(|cell| cell + simulation.noise(70.0) as i64)
            .collect();
        let rows = estimates(&plan, &[noisy], 7, [run; 32]);
        for months in [12.0, 24.0, 60.0] {
            let at = |row: &&analysis::Estimate| {
                row.quantity == Quantity::Survival && row.months == Some(months)
            };
            let row = rows.iter().find(at).unwrap();
            let seen = row.upper.unwrap() - row.lower.unwrap();
            let foreseen = preview
                .rows
                .iter()
                .find(|row| row.months == Some(months))
                .unwrap();
            let ratio = seen / foreseen.width().unwrap();
            assert!((0.75..1.25).contains(&ratio), "{months} months: {ratio}");
        }
    }
}
