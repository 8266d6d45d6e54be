//! What does a person at a center decide while the node runs, or stands still? And what must the center's own review board have said?

use protocol::documents::{CenterEnding, RefusalReason};
use protocol::ids::DocumentId;
use tests::{Logged, TestNetwork, asks, charges, ends, reasons};

use crate::{EXECUTABLE, everybodys_audit_passes};

const ANSWERED: [CenterEnding; 2] = [CenterEnding::Answered; 2];

/// What waits at the first center.
fn pending(test: &TestNetwork) -> String {
    test.operator(0, &["pending"]).done()
}

fn decide(test: &TestNetwork, words: &[&str], query: DocumentId) {
    let query = query.to_string();
    let said = [words, &[query.as_str(), "--by", "Dr. Yoon"]].concat();
    test.operator(0, &said).done();
}

#[tokio::test]
async fn a_question_waits_for_a_persons_word_and_for_no_other() {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    test.change_policy(0, "default = \"automatic\"", "default = \"person\"");
    let mut node = test.logged_node(0, "info");

    let waits = |node: &mut Logged, query: DocumentId| {
        node.wait_for_line(&["waits for a person", &query.to_string()]);
    };
    let asked = asks(&test, 0.5).await;
    waits(&mut node, asked);
    let shown = pending(&test);
    for words in [asked.to_string().as_str(), "0.5", "demo", "Researcher"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(charges(&test.node_data(0)).0, 0);
    decide(&test, &["approve", "--yes"], asked);
    assert_eq!(ends(&test, asked).await, ANSWERED);
    assert!(pending(&test).contains("no query waits"));

    let asked = asks(&test, 0.6).await;
    waits(&mut node, asked);
    decide(&test, &["refuse", "--note", "not our patients"], asked);
    let refused = [Some(RefusalReason::PersonRefuses), None];
    assert_eq!(reasons(&test, asked).await, refused);
    // A word that was given stays given.
    let again = test.operator(0, &["approve", "--yes", &asked.to_string()]);
    assert_eq!(again.code, 1, "{again:?}");

    // Killed while it waits, decided on while it is down.
    let asked = asks(&test, 0.7).await;
    waits(&mut node, asked);
    node.end();
    assert!(pending(&test).contains(&asked.to_string()));
    decide(&test, &["approve", "--yes"], asked);
    // And once more with nobody's word: it waits on after a restart.
    let waiting = asks(&test, 0.8).await;
    let mut node = test.logged_node(0, "info");
    assert_eq!(ends(&test, asked).await, ANSWERED);
    waits(&mut node, waiting);
    node.end();
    let mut node = test.logged_node(0, "info");
    waits(&mut node, waiting);
    decide(&test, &["approve", "--yes"], waiting);
    assert_eq!(ends(&test, waiting).await, ANSWERED);

    assert_eq!(charges(&test.node_data(0)).0, 3);
    let said = test.operator(0, &["audit"]).done();
    assert!(said.contains("4 decisions by a person"), "{said}");
    everybodys_audit_passes(&test);
}

#[tokio::test]
async fn a_center_whose_review_board_has_given_no_number_refuses_until_it_has() {
    let test = TestNetwork::start(EXECUTABLE, 2, 20);
    let required = "\n[review_board]\nrequired = true\n";
    let default = "default = \"automatic\"\n";
    test.change_policy(0, default, &format!("{default}{required}"));
    let missing = [Some(RefusalReason::ReviewBoard), None];
    assert_eq!(reasons(&test, asks(&test, 0.5).await).await, missing);

    let approval = |expires: &str| {
        format!(
            "{required}[[review_board.approvals]]\nstudy = \"demo\"\nnumber = \"2026-17\"\nexpires = {expires}\n"
        )
    };
    let (over, valid) = (approval("2026-01-01"), approval("2039-12-31"));
    test.change_policy(0, required, &over);
    assert_eq!(reasons(&test, asks(&test, 0.5).await).await, missing);
    test.change_policy(0, &over, &valid);
    assert_eq!(ends(&test, asks(&test, 0.5).await).await, ANSWERED);
    assert_eq!(charges(&test.node_data(0)).0, 1);
    everybodys_audit_passes(&test);
}
