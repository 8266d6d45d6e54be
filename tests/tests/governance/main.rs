//! What do decisions of the committee, and of people at a center, do to running nodes? Real processes, decided on while questions
//! are asked.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod committee;
mod desk;

use protocol::amount::NanoRho;
use tests::{Researcher, TestNetwork};
use transport::TransportError;

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");

/// What the coordinator says of a question that it does not take up.
async fn refused_at_the_door(asking: &Researcher, rho: f64) -> String {
    let query = asking.query("survival", &[], NanoRho::at_least(rho).unwrap());
    match asking.api.submit(&query).await {
        Err(TransportError::Problem(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

/// Nothing that happened is held against anybody.
fn everybodys_audit_passes(test: &TestNetwork) {
    test.says(&demo::network::RESEARCHER, &["audit"]);
    for index in 0..test.network.centers.len() {
        let said = test.operator(index, &["audit"]).done();
        assert!(said.contains("\nclean: "), "{said}");
    }
}
