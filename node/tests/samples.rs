//! Are the sample files that ship in `deploy/config` what the programs read?

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::date;
use node::config::NodeConfig;
use node::policy::{Decision, Policy};
use protocol::amount::NanoRho;
use protocol::keys::PublicKey;

#[test]
fn the_sample_configuration_is_read() {
    let text = include_str!("../../deploy/config/node.toml");
    let config = NodeConfig::parse(text, Path::new("node.toml")).unwrap();
    assert_eq!(config.center.as_str(), "K01");
    assert_eq!(config.tls, None);
    let own = ["[tls]", "certificate =", "key ="];
    let with_own = own.iter().fold(text.to_owned(), |text, name| {
        text.replace(&format!("\n# {name}"), &format!("\n{name}"))
    });
    let config = NodeConfig::parse(&with_own, Path::new("node.toml")).unwrap();
    let own = config.tls.unwrap();
    assert!(own.certificate.is_absolute() && own.key.is_absolute());
}

#[test]
fn the_sample_policy_refuses_all_but_its_rules_and_studies_without_a_number() {
    let text = include_str!("../../deploy/config/policy.toml");
    let policy = Policy::parse(text, Path::new("policy.toml")).unwrap();
    let decision = |study, template| policy.decision(study, template, "kim");
    assert_eq!(
        decision("national-outcomes", "survival"),
        Decision::Automatic
    );
    assert_eq!(
        decision("national-outcomes", "incidence-rate"),
        Decision::Person
    );
    assert_eq!(decision("another", "survival"), Decision::Refuse);
    let count = policy.ruling("national-outcomes", "feasibility-count", "kim");
    assert_eq!(count.caps.query, NanoRho::at_most(0.01).unwrap());
    let reviewed = |study, today| policy.review_board(study, today).is_ok();
    assert!(reviewed("national-outcomes", date(2027, 12, 31)));
    assert!(!reviewed("national-outcomes", date(2028, 1, 1)));
    assert!(!reviewed("another", date(2027, 12, 31)));
}

/// The names in a table, which must be all that its reader knows: it refuses unknown ones and misses absent ones.
fn names(table: &toml::Table) -> Vec<&str> {
    let mut names: Vec<&str> = table.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Every table of the list `list`; none is no list.
fn each<'a>(table: &'a toml::Table, list: &str) -> Vec<&'a toml::Table> {
    let items = table[list].as_array().unwrap();
    assert!(!items.is_empty(), "{list} is empty");
    items.iter().map(|item| item.as_table().unwrap()).collect()
}

#[test]
fn the_sample_charter_has_the_names_that_the_client_reads() {
    let text = include_str!("../../deploy/config/charter.toml");
    let charter: toml::Table = toml::from_str(text).unwrap();
    assert_eq!(
        names(&charter),
        [
            "members",
            "minimum_organisations",
            "network",
            "threshold",
            "timekeepers"
        ]
    );
    for member in each(&charter, "members") {
        assert_eq!(names(member), ["id", "key", "name", "organisation"]);
        member["key"]
            .as_str()
            .unwrap()
            .parse::<PublicKey>()
            .unwrap();
    }
    for key in charter["timekeepers"].as_array().unwrap() {
        key.as_str().unwrap().parse::<PublicKey>().unwrap();
    }
}

#[test]
fn the_sample_study_has_the_names_that_the_client_reads() {
    let text = include_str!("../../deploy/config/study.toml");
    let study: toml::Table = toml::from_str(text).unwrap();
    assert_eq!(
        names(&study),
        [
            "ethics_reference",
            "expires",
            "name",
            "protocol_reference",
            "purpose",
            "researchers",
            "rho_cap",
            "templates"
        ]
    );
    for researcher in each(&study, "researchers") {
        assert_eq!(names(researcher), ["id", "key", "name"]);
    }
    study["rho_cap"]
        .as_str()
        .unwrap()
        .parse::<NanoRho>()
        .unwrap();
    study["expires"]
        .as_str()
        .unwrap()
        .parse::<Timestamp>()
        .unwrap();
}
