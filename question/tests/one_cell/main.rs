//! Does every patient land in exactly one cell, and in the right one? The plan's SQL over hand-made and random centers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod center;
mod hand_made;
mod laws;
mod plans;

use std::collections::BTreeMap;

use protocol::amount::NanoRho;
use question::dictionary::Dictionary;
use question::plan::{Plan, plan};
use question::template::{Template, shipped_template};

/// The plan of a template's text with these parameters, at rho 0.05.
fn planned(template: &Template, pairs: &[(&str, &str)]) -> Plan {
    let given: BTreeMap<String, String> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let parameters = template.bind(&given).unwrap();
    plan(
        template,
        &parameters,
        NanoRho::from_nano(50_000_000),
        &Dictionary::shipped().unwrap(),
    )
    .unwrap()
}

/// The plan of a shipped template.
fn shipped(template: &str, pairs: &[(&str, &str)]) -> Plan {
    planned(&shipped_template(template).unwrap(), pairs)
}
