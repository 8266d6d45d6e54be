//! A timekeeper's word: how old, over which log, counting which revocations.

use jiff::SignedDuration;
use protocol::documents::{RefusalReason, hash_of_revocations};
use protocol::ids::ChainHead;
use protocol::verify::{GovernanceError, Taken};

use super::network::{Network, in_days, key, now};

#[test]
fn an_older_currency_replayed_does_not_replace_a_newer_one() {
    let mut network = Network::ready();
    let older = network.current(in_days(-1));
    assert!(matches!(
        network.post(&older, &["office"]),
        Taken::Ineffective(GovernanceError::Older)
    ));
    assert_eq!(network.governance.currency().unwrap().document.time, now());
}

#[test]
fn a_later_currency_over_a_shorter_log_is_an_older_one() {
    let mut network = Network::ready();
    let (before, newer) = (
        network.current(in_days(2)),
        network.documents.roster.clone(),
    );
    network.post(&newer, &["park"]);
    network.post(&network.current(in_days(1)), &["office"]);
    assert!(matches!(
        network.post(&before, &["office"]),
        Taken::Ineffective(GovernanceError::Older)
    ));
}

#[test]
fn the_same_currency_twice_is_the_same_currency() {
    let mut network = Network::ready();
    let currency = network.documents.currency.clone();
    assert!(matches!(
        network.post(&currency, &["office"]),
        Taken::InForce
    ));
    assert!(network.ask().is_ok());
}

#[test]
fn a_currency_that_the_coordinator_signed_is_none() {
    let mut network = Network::ready();
    let forged = network.current(in_days(10));
    for name in ["coordinator", "kim", "lee", "K01"] {
        assert!(matches!(
            network.post(&forged, &[name]),
            Taken::Ineffective(GovernanceError::Envelope(_))
        ));
    }
    assert_eq!(network.governance.currency().unwrap().document.time, now());
}

#[test]
fn a_currency_over_another_log_stops_the_reader() {
    let mut network = Network::ready();
    let mut currency = network.current(now() + SignedDuration::from_secs(1));
    currency.log.head = ChainHead::from_bytes([6; 32]);
    assert!(matches!(
        network.post(&currency, &["office"]),
        Taken::Ineffective(GovernanceError::OtherLog)
    ));
    assert_eq!(network.refusal(), RefusalReason::CurrencyMismatch);
}

#[test]
fn a_currency_ahead_of_the_log_in_the_log_stops_the_reader() {
    let mut network = Network::ready();
    let mut currency = network.current(now() + SignedDuration::from_secs(1));
    currency.log.entries += 100;
    assert!(matches!(
        network.post(&currency, &["office"]),
        Taken::Ineffective(GovernanceError::OtherLog)
    ));
}

#[test]
fn a_currency_from_a_file_may_be_ahead_of_the_log_if_it_counts_the_same_revocations() {
    let mut network = Network::ready();
    network.documents.query.deadline = in_days(30);
    network.ask().unwrap();
    let mut ahead = network.clone();
    ahead.post(&network.documents.roster, &["park"]);
    let word = ahead.signed(&ahead.current(in_days(10)), &["office"]);
    network.governance.hear_currency(&word).unwrap();
    assert!(network.ask_at(in_days(20)).is_ok());
}

#[test]
fn a_currency_from_a_file_that_counts_other_revocations_is_not_taken() {
    let mut network = Network::ready();
    let mut ahead = network.clone();
    let revocation = network.revocation(network.documents.query.study, now());
    ahead.post(&revocation, &["kim"]);
    let word = ahead.signed(
        &ahead.current(now() + SignedDuration::from_secs(1)),
        &["office"],
    );
    assert!(matches!(
        network.governance.hear_currency(&word),
        Err(GovernanceError::OtherRevocations)
    ));
    // Once the log shows the revocation, the same word fits.
    network.log(ahead.entries.last().unwrap().envelope.clone());
    network.governance.hear_currency(&word).unwrap();
    assert_eq!(network.refusal(), RefusalReason::Suspended);
}

#[test]
fn a_log_that_departs_from_a_currency_heard_before_stops_the_reader() {
    let mut network = Network::ready();
    let mut ahead = network.clone();
    ahead.post(&network.documents.roster, &["park"]);
    let word = ahead.signed(
        &ahead.current(now() + SignedDuration::from_secs(1)),
        &["office"],
    );
    network.governance.hear_currency(&word).unwrap();
    // The coordinator shows this reader something else in that place.
    network.post(&network.documents.template.clone(), &["park"]);
    assert_eq!(network.refusal(), RefusalReason::CurrencyMismatch);
}

#[test]
fn a_currency_from_a_file_is_taken_from_a_timekeeper_alone_and_never_back() {
    let mut network = Network::ready();
    let word = network.current(in_days(1));
    let forged = network.signed(&word, &["coordinator", "kim"]);
    assert!(network.governance.hear_currency(&forged).is_err());
    let older = network.signed(&network.current(in_days(-1)), &["office"]);
    assert!(matches!(
        network.governance.hear_currency(&older),
        Err(GovernanceError::Older)
    ));
}

#[test]
fn a_currency_that_counts_a_revocation_of_later_does_not_fit() {
    let mut network = Network::ready();
    let before = network.current(now() + SignedDuration::from_secs(1));
    network.post(
        &network.revocation(network.documents.query.study, now()),
        &["kim"],
    );
    let mut wrong = before;
    wrong.revocations = hash_of_revocations(&network.governance.revocations());
    network.post(&wrong, &["office"]);
    assert_eq!(network.refusal(), RefusalReason::CurrencyMismatch);
}

#[test]
fn many_revocations_of_one_document_are_all_counted() {
    let mut network = Network::ready();
    for day in 0..20 {
        network.post(
            &network.revocation(network.documents.query.study, in_days(day)),
            &["kim"],
        );
    }
    assert_eq!(network.governance.revocations().len(), 20);
    let current = network.current(in_days(1));
    assert!(matches!(
        network.post(&current, &["office"]),
        Taken::InForce
    ));
}

#[test]
fn a_timekeeper_that_a_successor_dismissed_keeps_no_time() {
    let mut network = Network::ready();
    let mut next = network.successor();
    next.timekeepers = vec![key("clock").public()];
    network.post(&next, &["kim", "choi"]);
    assert_eq!(network.refusal(), RefusalReason::NoCurrency);
    let word = network.current(now());
    assert!(matches!(
        network.post(&word, &["office"]),
        Taken::Ineffective(GovernanceError::Envelope(_))
    ));
    assert!(matches!(network.post(&word, &["clock"]), Taken::InForce));
    assert!(network.ask().is_ok());
}
