//! The published description of the API is the one that the program prints, and names every path that clients use.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use protocol::api::paths;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

#[test]
fn the_checked_in_description_is_current() {
    let printed = coordinator::http::openapi().unwrap() + "\n";
    let checked_in = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        printed == checked_in,
        "the API has changed; look at the difference, then: cargo run -p coordinator -- openapi > coordinator/openapi.json"
    );
}

#[test]
fn every_path_that_clients_use_is_described() {
    let description: serde_json::Value =
        serde_json::from_str(&coordinator::http::openapi().unwrap()).unwrap();
    let described = description["paths"].as_object().unwrap();
    let used = [
        paths::DOCUMENTS,
        paths::ENROLMENTS,
        paths::CERTIFICATE,
        paths::LOG,
        paths::TASKS,
        paths::TASK_STATE,
        paths::TASK_ANSWER,
        paths::QUERIES,
        paths::QUERY,
        paths::RESULT,
    ];
    assert_eq!(described.len(), used.len());
    assert!(used.iter().all(|path| described.contains_key(*path)));
}
