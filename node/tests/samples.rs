//! Are the sample files that ship in `deploy/config` what the node reads?

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::path::Path;

use node::config::NodeConfig;
use node::policy::{Decision, Policy};

#[test]
fn the_sample_configuration_is_read() {
    let text = include_str!("../../deploy/config/node.toml");
    let config = NodeConfig::parse(text, Path::new("node.toml")).unwrap();
    assert_eq!(config.center.as_str(), "K01");
}

#[test]
fn the_sample_policy_refuses_all_but_its_rules() {
    let text = include_str!("../../deploy/config/policy.toml");
    let policy = Policy::parse(text, Path::new("policy.toml")).unwrap();
    let decision = |study, template| policy.decision(study, template, "kim");
    assert_eq!(
        decision("national-outcomes", "survival"),
        Decision::Automatic
    );
    assert_eq!(
        decision("national-outcomes", "incidence-rate"),
        Decision::Refuse
    );
    assert_eq!(decision("another", "survival"), Decision::Refuse);
}
