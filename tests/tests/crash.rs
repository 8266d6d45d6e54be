//! kill -9 of every party at each named point: nothing is lost, nothing is charged twice.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::process::{Child, Stdio};

use demo::actor::Actor;
use demo::network::RESEARCHER;
use rstest::rstest;
use tests::{TestNetwork, charges, documents_in_log, last_query, run_to_fault};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");
const FAULT: &str = "CARTALLY_FAULT_POINT";
const ASK: &[&str] = &["survival", "--rho", "0.5"];

/// The query ends with both centers answered, and each has charged it once.
fn is_answered_and_charged_once(test: &TestNetwork, query: &str) {
    test.watch(query);
    let report: serde_json::Value = serde_json::from_str(&test.result(query, "json")).unwrap();
    assert_eq!(report["centers"]["answered"], 2, "{report}");
    for center in &test.network.centers {
        let (rows, nano) = charges(&center.data);
        assert_eq!(rows, 1, "{}", center.id);
        assert!((499_000_000..=500_000_000).contains(&nano), "{nano}");
    }
}

#[rstest]
#[case("node.before_charge")]
#[case("node.charged")]
#[case("node.answer_stored")]
#[case("node.recorded")]
#[case("node.before_send")]
#[case("node.sent")]
fn a_node_killed_at_any_point_answers_after_its_restart_and_charges_once(#[case] point: &str) {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    test.network.kill_node(0);
    test.network.start_node(0, &[(FAULT, point)]).unwrap();
    let query = test.send(ASK);
    let node = test
        .network
        .nodes
        .first_mut()
        .and_then(Option::as_mut)
        .unwrap();
    assert_eq!(
        node.wait_for(&["fault-point"]).unwrap().as_deref(),
        Some(point)
    );
    test.network.kill_node(0);
    test.network.start_node(0, &[]).unwrap();
    is_answered_and_charged_once(&test, &query);
}

#[rstest]
#[case("coordinator.query_stored")]
#[case("coordinator.answer_stored")]
#[case("coordinator.before_result")]
#[case("coordinator.result_stored")]
fn a_coordinator_killed_at_any_point_publishes_once_after_its_restart(#[case] point: &str) {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    test.network.kill_coordinator();
    test.network.start_coordinator(&[(FAULT, point)]).unwrap();
    let mut asking = ask_without_waiting(&test);
    let coordinator = test.network.coordinator.as_mut().unwrap();
    assert_eq!(
        coordinator.wait_for(&["fault-point"]).unwrap().as_deref(),
        Some(point)
    );
    test.network.kill_coordinator();
    test.network.start_coordinator(&[]).unwrap();
    // The client may hang on the coordinator that was stopped under it; its query is on disk.
    asking.kill().unwrap();
    asking.wait().unwrap();
    is_answered_and_charged_once(&test, &last_query(&test));
    assert_eq!(
        (
            documents_in_log(&test, "query"),
            documents_in_log(&test, "result")
        ),
        (1, 1)
    );
}

fn ask_without_waiting(test: &TestNetwork) -> Child {
    let home = test.network.home(&RESEARCHER);
    let home = home.to_string_lossy();
    let arguments = [
        &["--data", &home, "ask"],
        ASK,
        &["--yes", "--deadline-s", "60"],
    ]
    .concat();
    let mut command = test.network.program().command(Actor::Client, &arguments);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[rstest]
#[case("client.signed")]
#[case("client.submitted")]
fn a_client_killed_at_any_point_finds_its_query_again_and_asks_it_once(#[case] point: &str) {
    let test = TestNetwork::start(EXECUTABLE, 2, 20);
    run_to_fault(&test, point, &[&["ask"], ASK, &["--yes"]].concat());
    is_answered_and_charged_once(&test, &last_query(&test));
    assert_eq!(documents_in_log(&test, "query"), 1);
}
