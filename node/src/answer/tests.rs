//! What a hospital answers, and what it does not: over a real center's rows and really signed documents.

mod currency;
mod person;

use std::path::Path;

use privacy::Receipt;
use protocol::amount::NanoRho;
use protocol::documents::Query;
use protocol::ids::DocumentId;
use protocol::question::{Mode, Question};
use rstest::rstest;

use super::fixture::{Network, charter, key, lock_rows, now};
use super::said::said_during;
use super::*;
use crate::init::DEFAULT_POLICY;
use crate::lock;
use crate::testing::ebmt4;

#[test]
fn a_question_is_answered_with_noise_and_then_with_the_same_bytes_for_ever() {
    let network = Network::with_rows();
    let first = network.respond(&network.query(network.question(0, 0.1), &network.kim));
    let answer: Answer = network.opened(&first);
    // 325 patients, all counted, and one cell each; sigma is 2.2 in every cell.
    let total: i64 = answer.parts[0].iter().sum();
    assert!(
        answer.parts.len() == 1 && (total - 325).abs() < 100,
        "{total}"
    );
    assert!(answer.cost.nano() <= 100_000_001 && answer.cost.nano() == network.spent());
    assert_eq!(answer.lock_date.to_string(), "2026-01-01");
    // Asked again by another researcher, later, on a node that was started anew.
    network.clock.advance(std::time::Duration::from_mins(10));
    let again = network.respond(&network.query(network.question(0, 0.1), &network.lee));
    assert_eq!(again.to_json(), first.to_json());
    assert_eq!(answer.cost.nano(), network.spent());
    // Another question is another answer and another charge.
    let other: Answer =
        network.opened(&network.respond(&network.query(network.question(1, 0.02), &network.kim)));
    assert_ne!(other.question, answer.question);
    assert_eq!(other.cost.plus(answer.cost).nano(), network.spent());
}

#[test]
fn a_record_that_is_missing_beside_a_ledger_with_charges_begins_anew_aloud() {
    let network = Network::with_rows();
    network.respond(&network.query(network.question(0, 0.1), &network.kim));
    let (_, said) = said_during(|| network.answerer());
    assert!(!said.contains("begins anew"), "{said}");
    std::fs::remove_file(network.data.record()).unwrap();
    let (_, said) = said_during(|| network.answerer());
    assert!(
        said.contains("ERROR") && said.contains("the record was missing and begins anew"),
        "{said}"
    );
    let (_, said) = said_during(|| network.answerer());
    assert!(!said.contains("begins anew"), "{said}");
}

#[test]
fn a_record_that_begins_before_any_charge_begins_quietly() {
    let network = Network::with_rows();
    std::fs::remove_file(network.data.record()).unwrap();
    let (_, said) = said_during(|| network.answerer());
    assert!(!said.contains("begins anew"), "{said}");
}

#[test]
fn a_charge_without_an_answer_pays_for_the_answer_after_a_crash() {
    let network = Network::with_rows();
    let question = network.question(0, 0.1);
    let request = ChargeRequest {
        question: question.id(),
        study: network.documents.study.as_ref().unwrap().id(),
        study_versions: [].into(),
        researcher: "kim".parse().unwrap(),
        cost: question.rho,
    };
    let policy = Policy::load(&network.data.policy()).unwrap();
    let charged = Ledger::open(&network.data.ledger())
        .unwrap()
        .charge(&request, policy.caps(), now)
        .unwrap();
    let Charge::Fresh(paid) = charged else {
        panic!("fresh")
    };
    let lost: Receipt = paid.receipt;
    drop(lost);
    let answer: Answer = network.opened(&network.respond(&network.query(question, &network.kim)));
    assert_eq!(
        (answer.cost.nano(), answer.ledger_head),
        (network.spent(), paid.head)
    );
}

#[test]
fn one_question_asked_by_many_at_once_is_drawn_once_and_charged_once() {
    let network = Network::with_rows();
    let answerer = network.answerer();
    let answers: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let ask = |key| {
            let (network, answerer) = (&network, &answerer);
            let query = network.query(network.question(0, 0.05), key);
            scope.spawn(move || network.respond_with(answerer, &query).to_json())
        };
        let threads: Vec<_> = [&network.kim, &network.lee, &network.kim, &network.lee]
            .map(ask)
            .into();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let answer: Answer = network.opened(&Envelope::from_json(&answers[0]).unwrap());
    assert_eq!(answer.cost.nano(), network.spent());
}

/// What is wrong with a network or a question, so that it is refused.
type Fault = fn(&mut Network, &mut Question);

#[rstest]
#[case::charter(|n: &mut Network, _: &mut Question| n.documents.charter = charter(&key(), &key()), RefusalReason::NoCharter)]
#[case::roster(|n: &mut Network, _: &mut Question| n.documents.roster = None, RefusalReason::NoRoster)]
#[case::left_roster(|n: &mut Network, _: &mut Question| n.clock.advance(std::time::Duration::from_hours(24 * 30)), RefusalReason::NotInRoster)]
#[case::currency(|n: &mut Network, _: &mut Question| n.documents.currency = None, RefusalReason::NoCurrency)]
#[case::old_currency(|n: &mut Network, _: &mut Question| n.clock.advance(std::time::Duration::from_hours(24 * 14)), RefusalReason::CurrencyExpired)]
#[case::study(|n: &mut Network, _: &mut Question| n.documents.study = None, RefusalReason::StudyNotInForce)]
#[case::stranger(|n: &mut Network, _: &mut Question| n.kim = key(), RefusalReason::NotAResearcher)]
#[case::late(|n: &mut Network, _: &mut Question| n.clock.advance(std::time::Duration::from_hours(1)), RefusalReason::DeadlineNotAllowed)]
#[case::template(|n: &mut Network, _: &mut Question| n.documents.templates.clear(), RefusalReason::TemplateNotInForce)]
#[case::foreign_template(|_: &mut Network, q: &mut Question| q.template = DocumentId::from_bytes([9; 32]), RefusalReason::TemplateNotInStudy)]
#[case::unknown_parameter(|_: &mut Network, q: &mut Question| drop(q.parameters.insert("x".into(), "1".into())), RefusalReason::ParametersNotAllowed)]
#[case::missing_parameter(|_: &mut Network, q: &mut Question| drop(q.parameters.remove("by")), RefusalReason::ParametersNotAllowed)]
#[case::other_spelling(|_: &mut Network, q: &mut Question| drop(q.parameters.insert("age".into(), "18..".into())), RefusalReason::ParametersNotAllowed)]
#[case::rho_above_the_study(|_: &mut Network, q: &mut Question| q.rho = NanoRho::at_least(0.16).unwrap(), RefusalReason::RhoNotAllowed)]
#[case::rho_below_the_template(|_: &mut Network, q: &mut Question| q.rho = NanoRho::from_nano(1), RefusalReason::RhoNotAllowed)]
#[case::secure(|_: &mut Network, q: &mut Question| q.mode = Mode::Secure, RefusalReason::ModeNotAllowed)]
#[case::policy(|n: &mut Network, _: &mut Question| n.set_policy("\"automatic\"", "\"refuse\""), RefusalReason::PolicyRefuses)]
#[case::no_lock(|_: &mut Network, q: &mut Question| q.lock_date = "2025-12-31".parse().unwrap(), RefusalReason::NoLock)]
#[case::query_cap(|n: &mut Network, _: &mut Question| n.set_policy("query = 0.1", "query = 0.01"), RefusalReason::OutOfBudget)]
#[case::day(|n: &mut Network, _: &mut Question| n.set_policy("questions_per_day = 10", "questions_per_day = 0"), RefusalReason::RateLimited)]
#[case::damaged_policy(|n: &mut Network, _: &mut Question| n.set_policy("[caps]", "[lids]"), RefusalReason::Infrastructure)]
#[case::damaged_lock(|n: &mut Network, _: &mut Question| damage_lock(n), RefusalReason::Infrastructure)]
fn what_is_not_allowed_is_refused_with_its_reason_and_costs_nothing(
    #[case] fault: Fault,
    #[case] reason: RefusalReason,
) {
    let mut network = Network::with_rows();
    let mut question = network.question(0, 0.05);
    let answerer = network.answerer();
    let study = network.documents.study.clone();
    fault(&mut network, &mut question);
    let mut query = network.query(question, &network.kim);
    if network.documents.study.is_none() {
        // The query names the study that the node has not seen.
        let mut named: Query = query.parse_unverified().unwrap();
        named.study = study.unwrap().id();
        query = Envelope::sign(&named, &network.kim);
    }
    let refusal: Refusal = network.opened(&network.respond_with(&answerer, &query));
    assert_eq!((refusal.reason, refusal.query), (reason, query.id()));
    assert_eq!(network.spent(), 0);
}

fn damage_lock(network: &Network) {
    let store = Store::open(&network.data).unwrap();
    let lock = store
        .newest_lock_on_or_before("2026-11-20".parse().unwrap())
        .unwrap()
        .unwrap();
    std::fs::remove_file(lock::file::path(&network.data, &lock.lock_id)).unwrap();
}

#[test]
fn a_query_that_is_none_is_refused() {
    let network = Network::with_rows();
    let mut query = network.query(network.question(0, 0.05), &network.kim);
    query.payload = "bm90aGluZw==".to_owned();
    assert_eq!(network.reason(&query), RefusalReason::MalformedQuery);
}

#[test]
fn the_last_of_the_study_is_not_overspent() {
    let network = Network::with_rows();
    let first = network.respond(&network.query(network.question(0, 0.1), &network.kim));
    let _: Answer = network.opened(&first);
    assert_eq!(
        network.reason(&network.query(network.question(1, 0.1), &network.lee)),
        RefusalReason::OutOfBudget
    );
    let _: Answer =
        network.opened(&network.respond(&network.query(network.question(1, 0.04), &network.lee)));
}

#[test]
fn a_stored_answer_outlives_its_lock() {
    let network = Network::with_rows();
    let query = network.query(network.question(0, 0.1), &network.kim);
    let first = network.respond(&query);
    damage_lock(&network);
    assert_eq!(network.respond(&query).to_json(), first.to_json());
}

#[test]
fn a_lock_that_lacks_a_column_of_the_question_costs_nothing() {
    let network = Network::new();
    let shipped = question::dictionary::SHIPPED_CSV.lines();
    let older: Vec<&str> = shipped
        .filter(|line| !line.starts_with("course,ldh_elevated,"))
        .collect();
    std::fs::write(network.data.dictionary(), older.join("\n")).unwrap();
    lock_rows(&network.data, &ebmt4("center_1"), "2026-01-01");
    std::fs::remove_file(network.data.dictionary()).unwrap();
    let mut question = network.question(1, 0.05);
    question
        .parameters
        .insert("by".into(), "ldh_elevated".into());
    let query = network.query(question, &network.kim);
    assert_eq!(network.reason(&query), RefusalReason::Infrastructure);
    assert_eq!(network.spent(), 0);
    // What the older lock knows is answered.
    let _: Answer =
        network.opened(&network.respond(&network.query(network.question(1, 0.05), &network.kim)));
}

#[test]
fn a_node_without_its_ledger_or_with_a_broken_policy_does_not_start() {
    let network = Network::with_rows();
    network.set_policy("[caps]", "[lids]");
    assert_eq!(
        Answerer::open(network.data.clone(), now())
            .err()
            .unwrap()
            .code(),
        "node.config"
    );
    std::fs::write(network.data.policy(), DEFAULT_POLICY).unwrap();
    std::fs::remove_file(network.data.ledger()).unwrap();
    assert_eq!(
        Answerer::open(network.data.clone(), now())
            .err()
            .unwrap()
            .code(),
        "ledger_missing"
    );
    assert!(!Path::new(&network.data.ledger()).exists());
}
