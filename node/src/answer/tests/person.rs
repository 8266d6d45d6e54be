//! What the center's own word does to a question: a person's, its review board's, its rules', and what the record keeps of it.

use protocol::documents::{Revocation, Study};
use rusqlite::Connection;

use super::*;
use crate::answer::fixture::{log, with_query};
use crate::record::Verdict;

/// A network whose policy leaves everything to a person, with a query.
fn asking() -> (Network, Envelope) {
    let network = Network::with_rows();
    network.set_policy("\"automatic\"", "\"person\"");
    let query = network.query(network.question(0, 0.05), &network.kim);
    (network, query)
}

/// The same question, asked by another query a minute later.
fn another(network: &Network, query: &Envelope) -> Envelope {
    let query: Query = query.parse_unverified().unwrap();
    let created = query.created + jiff::SignedDuration::from_mins(1);
    Envelope::sign(&Query { created, ..query }, &network.lee)
}

fn pending(network: &Network, query: &Envelope) -> String {
    let governance = with_query(&network.governance(), query);
    let pending = network.answerer().pending(query, network.on(&governance));
    let mut out = Vec::new();
    pending.unwrap().write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_question_left_to_a_person_waits_at_no_cost_and_is_answered_once_approved() {
    let (network, query) = asking();
    assert!(network.waits(&query) && network.waits(&query));
    assert_eq!(network.spent(), 0);
    network.decide_by_hand(&query, Verdict::Approve);
    let first = network.respond(&query);
    let answer: Answer = network.opened(&first);
    assert_eq!(answer.cost.nano(), network.spent());
    assert_eq!(network.respond(&query).to_json(), first.to_json());
    assert_eq!(
        network.recorded(),
        ["begun", "policy", "awaiting", "approved", "answer"]
    );
}

#[test]
fn what_a_person_refused_is_refused_for_good() {
    let (network, query) = asking();
    assert!(network.waits(&query));
    network.decide_by_hand(&query, Verdict::Refuse);
    assert_eq!(network.reason(&query), RefusalReason::PersonRefuses);
    network.set_policy("\"automatic\"", "\"automatic\"");
    assert_eq!(network.reason(&query), RefusalReason::PersonRefuses);
    assert_eq!(network.spent(), 0);
}

#[test]
fn once_a_person_was_asked_no_later_policy_answers_in_the_persons_place() {
    let (network, query) = asking();
    assert!(network.waits(&query));
    network.set_policy("\"automatic\"", "\"automatic\"");
    assert!(network.waits(&query));
    // Another query of the same question was not left to anybody.
    let other = another(&network, &query);
    let _: Answer = network.opened(&network.respond(&other));
}

#[test]
fn an_approval_is_of_one_query_and_not_of_its_question() {
    let (network, query) = asking();
    assert!(network.waits(&query));
    network.decide_by_hand(&query, Verdict::Approve);
    let _: Answer = network.opened(&network.respond(&query));
    let other = another(&network, &query);
    assert!(network.waits(&other));
}

#[test]
fn what_was_revoked_while_it_waited_is_refused_although_a_person_approves() {
    let (network, query) = asking();
    assert!(network.waits(&query));
    network.decide_by_hand(&query, Verdict::Approve);
    let revocation = Revocation {
        network: "kr".parse().unwrap(),
        document: network.documents.study.as_ref().unwrap().id(),
        reason: "a patient asked".to_owned(),
        time: now(),
    };
    let mut governance = network.governance();
    let signed = Envelope::sign_seeing(&revocation, &network.member, LogPosition::EMPTY);
    log(&mut governance, &signed);
    let refused = network.respond_under(&network.answerer(), &governance, &query);
    let refusal: Refusal = network.opened(&refused);
    assert_eq!(
        (refusal.reason, network.spent()),
        (RefusalReason::Revoked, 0)
    );
}

#[test]
fn a_policy_that_refuses_by_now_refuses_what_was_approved() {
    let (network, query) = asking();
    assert!(network.waits(&query));
    network.decide_by_hand(&query, Verdict::Approve);
    network.set_policy("\"automatic\"", "\"refuse\"");
    assert_eq!(network.reason(&query), RefusalReason::PolicyRefuses);
}

#[rstest]
#[case::none("", Some(RefusalReason::ReviewBoard))]
#[case::of_another_study("another|2027-01-01", Some(RefusalReason::ReviewBoard))]
#[case::over("outcomes|2026-11-19", Some(RefusalReason::ReviewBoard))]
#[case::holds("outcomes|2027-01-01", None)]
fn a_study_without_the_review_boards_number_is_refused_before_a_person_is_asked(
    #[case] approval: &str,
    #[case] reason: Option<RefusalReason>,
) {
    let (network, query) = asking();
    let approval = approval.split_once('|').map_or_else(String::new, |(study, expires)| {
        format!(
            "[[review_board.approvals]]\nstudy = \"{study}\"\nnumber = \"7\"\nexpires = {expires}\n"
        )
    });
    let policy = DEFAULT_POLICY.replace("\"automatic\"", "\"person\"")
        + "\n[review_board]\nrequired = true\n"
        + &approval;
    std::fs::write(network.data.policy(), policy).unwrap();
    match reason {
        Some(reason) => assert_eq!(network.reason(&query), reason),
        None => assert!(network.waits(&query)),
    }
    assert_eq!(network.spent(), 0);
}

#[test]
fn a_rule_makes_one_questions_cap_smaller() {
    let network = Network::with_rows();
    let rule = "\n[[approval.rules]]\nresearcher = \"kim\"\nquery_cap = 0.02\n";
    std::fs::write(network.data.policy(), format!("{DEFAULT_POLICY}{rule}")).unwrap();
    let query = |rho, key| network.query(network.question(0, rho), key);
    assert_eq!(
        network.reason(&query(0.05, &network.kim)),
        RefusalReason::OutOfBudget
    );
    let _: Answer = network.opened(&network.respond(&query(0.02, &network.kim)));
    let _: Answer = network.opened(&network.respond(&query(0.05, &network.lee)));
}

#[test]
fn what_a_study_spent_before_it_was_signed_again_counts_for_its_new_version() {
    let network = Network::with_rows();
    let first: Answer =
        network.opened(&network.respond(&network.query(network.question(0, 0.1), &network.kim)));
    let own = network.documents.study.as_ref().unwrap();
    let study = network.decide(&Study {
        version: 2,
        ..own.parse_unverified().unwrap()
    });
    let mut governance = network.governance();
    log(&mut governance, &study);
    let asked = |rho| {
        let query = Query {
            study: study.id(),
            ..network
                .query(network.question(1, rho), &network.lee)
                .parse_unverified()
                .unwrap()
        };
        let query = Envelope::sign(&query, &network.lee);
        network.respond_under(&network.answerer(), &governance, &query)
    };
    // The study's cap is 0.15.
    let refusal: Refusal = network.opened(&asked(0.06));
    assert_eq!(refusal.reason, RefusalReason::OutOfBudget);
    let second: Answer = network.opened(&asked(0.04));
    assert_eq!(network.spent(), first.cost.plus(second.cost).nano());
}

#[test]
fn every_answer_and_refusal_has_its_row_and_a_resend_has_none() {
    let network = Network::with_rows();
    let answered = network.query(network.question(0, 0.05), &network.kim);
    let mut question = network.question(0, 0.05);
    question.lock_date = "2025-01-01".parse().unwrap();
    let refused = network.query(question, &network.kim);
    for query in [&answered, &answered, &refused, &refused] {
        network.respond(query);
    }
    assert_eq!(network.recorded(), ["begun", "policy", "answer", "refusal"]);
    // The same answer for another query of the question is another departure.
    network.respond(&another(&network, &answered));
    assert_eq!(network.recorded().last(), Some(&"answer"));
    assert_eq!(network.recorded().len(), 5);
}

#[test]
fn where_the_record_cannot_be_written_nothing_leaves_and_the_answer_is_not_lost() {
    let network = Network::with_rows();
    let answerer = network.answerer();
    let query = network.query(network.question(0, 0.05), &network.kim);
    let governance = with_query(&network.governance(), &query);
    let record = Connection::open(network.data.record()).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'no'); END";
    record.execute_batch(full).unwrap();
    let failed = answerer.respond(&query, network.on(&governance));
    assert_eq!(failed.unwrap_err().code(), "record_database");
    record.execute_batch("DROP TRIGGER full").unwrap();
    let stored = network
        .answerer()
        .ledger()
        .stored_answer(network.question(0, 0.05).id());
    let left = network.respond(&query).to_json();
    assert_eq!(Some(left), stored.unwrap());
    assert_eq!(network.recorded(), ["begun", "policy", "answer"]);
}

#[test]
fn a_person_reads_who_asks_what_in_which_study_at_which_price() {
    let (network, query) = asking();
    let said = pending(&network, &query);
    for word in [
        &query.id().to_string(),
        "kim (kim)",
        "outcomes, version 1",
        "to learn",
        "Number of patients",
        "by=none",
        "2026-11-20",
        "rho 0.05 (epsilon",
        "rho 0.45 of the 0.5 that are left of 365 days",
        "rho 2.45 of the 2.5 that are left of all time",
        "2026-11-21T10:00:00Z",
        "requires none",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("would be refused"), "{said}");
}

#[test]
fn a_person_reads_that_a_question_was_answered_before_or_would_be_refused() {
    let (network, query) = asking();
    assert!(network.waits(&query));
    network.set_policy("\"automatic\"", "\"refuse\"");
    assert!(pending(&network, &query).contains("would be refused: the center's own policy"));
    network.set_policy("\"automatic\"", "\"automatic\"");
    let other = another(&network, &query);
    let _: Answer = network.opened(&network.respond(&other));
    assert!(pending(&network, &query).contains("nothing: the question was answered before"));
}

#[test]
fn a_researchers_words_can_neither_move_the_cursor_nor_begin_a_line() {
    let mut network = Network::with_rows();
    let own = network.documents.study.as_ref().unwrap();
    let mut study: Study = own.parse_unverified().unwrap();
    study.purpose = "to learn\nquery        approved\u{1b}[2J".to_owned();
    network.documents.study = Some(network.decide(&study));
    let query = network.query(network.question(0, 0.05), &network.kim);
    let said = pending(&network, &query);
    assert!(
        said.contains("to learn\\nquery        approved\\u{1b}[2J"),
        "{said}"
    );
}
