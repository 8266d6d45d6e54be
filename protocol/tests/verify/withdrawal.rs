//! One member suspends for 14 days, k revoke; nobody suspends for ever.

use jiff::{SignedDuration, Timestamp};
use protocol::documents::RefusalReason;
use protocol::ids::DocumentId;
use protocol::limits::{CLOCK_SKEW_S, CURRENCY_VALID_S, SUSPENSION_S};
use protocol::verify::{GovernanceError, Standing, Taken, Withdrawal};
use rstest::rstest;

use super::network::{Network, in_days, key, now, pending};

fn study(network: &Network) -> DocumentId {
    network.documents.query.study
}

fn template(network: &Network) -> DocumentId {
    network.documents.query.question.template
}

fn roster(network: &Network) -> DocumentId {
    network.governance.roster().unwrap().id
}

fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

#[rstest]
#[case::study(study)]
#[case::template(template)]
#[case::roster(roster)]
fn what_one_member_suspends_is_not_answered(#[case] of: fn(&Network) -> DocumentId) {
    let mut network = Network::ready();
    let revocation = network.revocation(of(&network), now());
    let votes = pending(network.post(&revocation, &["park"]));
    assert_eq!(votes.signed, [key("park").public()].into());
    assert_eq!(network.refusal(), RefusalReason::Suspended);
}

#[rstest]
#[case::study(study)]
#[case::template(template)]
#[case::roster(roster)]
fn what_k_members_revoke_is_never_answered_again(#[case] of: fn(&Network) -> DocumentId) {
    let mut network = Network::ready();
    let id = of(&network);
    let revocation = network.revocation(id, now());
    assert!(matches!(
        network.post(&revocation, &["kim", "choi"]),
        Taken::InForce
    ));
    assert_eq!(network.refusal(), RefusalReason::Revoked);
    for later in [now(), in_days(15), in_days(3_650)] {
        assert_eq!(network.governance.standing(&id, later), Standing::Revoked);
    }
}

#[test]
fn k_members_of_one_organisation_revoke_too() {
    let mut network = Network::ready();
    let revocation = network.revocation(study(&network), now());
    pending(network.post(&revocation, &["kim"]));
    assert!(matches!(
        network.post(&revocation, &["park"]),
        Taken::InForce
    ));
    assert_eq!(network.refusal(), RefusalReason::Revoked);
}

#[test]
fn a_suspension_ends_after_14_days() {
    let mut network = Network::ready();
    let id = study(&network);
    network.post(&network.revocation(id, now()), &["choi"]);
    network.documents.query.deadline = in_days(30);
    let fresh = network.current(in_days(13));
    network.post(&fresh, &["office"]);
    let refused = network.ask_at(after(SUSPENSION_S - 1)).unwrap_err();
    assert_eq!(refused, RefusalReason::Suspended);
    assert!(network.ask_at(after(SUSPENSION_S)).is_ok());
    assert_eq!(
        network.governance.standing(&id, after(SUSPENSION_S)),
        Standing::InForce
    );
}

#[test]
fn a_second_suspension_by_the_same_member_does_not_lengthen_the_first() {
    let mut network = Network::ready();
    let id = study(&network);
    network.post(&network.revocation(id, now()), &["choi"]);
    network.post(&network.revocation(id, in_days(10)), &["choi"]);
    let until = after(SUSPENSION_S);
    let withdrawn = network.governance.withdrawal(&id, in_days(11));
    assert_eq!(withdrawn, Some(Withdrawal::Suspended { until }));
    assert_eq!(network.governance.withdrawal(&id, until), None);
}

#[test]
fn a_suspension_by_another_member_counts_from_its_own_day() {
    let mut network = Network::ready();
    let id = study(&network);
    network.post(&network.revocation(id, now()), &["choi"]);
    network.post(&network.revocation(id, in_days(10)), &["park"]);
    let withdrawn = network.governance.withdrawal(&id, in_days(20));
    assert_eq!(
        withdrawn,
        Some(Withdrawal::Suspended { until: in_days(24) })
    );
}

#[test]
fn two_members_with_two_revocations_suspend_and_do_not_revoke() {
    let mut network = Network::ready();
    let id = study(&network);
    let mut other = network.revocation(id, now());
    network.post(&other, &["choi"]);
    other.reason = "another reason".into();
    network.post(&other, &["park"]);
    assert_eq!(network.refusal(), RefusalReason::Suspended);
}

#[test]
fn a_revocation_signed_again_by_its_member_becomes_no_final_one() {
    let mut network = Network::ready();
    let revocation = network.revocation(study(&network), now());
    for _ in 0..3 {
        pending(network.post(&revocation, &["kim", "kim"]));
    }
}

#[test]
fn a_revocation_by_strangers_changes_nothing_and_is_not_counted() {
    let mut network = Network::ready();
    let revocation = network.revocation(study(&network), now());
    assert!(matches!(
        network.post(&revocation, &["office", "lee", "coordinator"]),
        Taken::Ineffective(GovernanceError::NoMember)
    ));
    assert!(network.governance.revocations().is_empty());
    assert!(network.ask().is_ok());
}

#[test]
fn a_revocation_of_what_nobody_proposed_has_no_effect() {
    let mut network = Network::ready();
    let revocation = network.revocation(DocumentId::from_bytes([4; 32]), now());
    assert!(matches!(
        network.post(&revocation, &["kim", "choi"]),
        Taken::Ineffective(GovernanceError::UnknownDocument)
    ));
}

#[test]
fn a_revocation_for_another_network_has_no_effect() {
    let mut network = Network::ready();
    let mut revocation = network.revocation(study(&network), now());
    revocation.network = "japan".parse().unwrap();
    assert!(matches!(
        network.post(&revocation, &["kim", "choi"]),
        Taken::Ineffective(GovernanceError::OtherNetwork)
    ));
}

#[test]
fn a_revoked_roster_is_followed_by_a_later_one_and_not_by_the_one_before() {
    let mut network = Network::ready();
    let mut second = network.documents.roster.clone();
    second.version = 2;
    network.log(network.decided(&second));
    network.post(
        &network.revocation(roster(&network), now()),
        &["kim", "choi"],
    );
    assert_eq!(network.refusal(), RefusalReason::Revoked);
    let mut third = second;
    third.version = 3;
    network.log(network.decided(&third));
    assert!(network.ask().is_ok());
}

#[test]
fn a_revoked_study_signed_once_more_stays_revoked() {
    let mut network = Network::ready();
    network.post(
        &network.revocation(study(&network), now()),
        &["kim", "choi"],
    );
    let study = network.documents.study.clone();
    network.post(&study, &["office", "kim", "park", "choi"]);
    assert_eq!(network.refusal(), RefusalReason::Revoked);
}

#[test]
fn one_member_cannot_suspend_for_longer_by_dating_it_ahead() {
    let mut network = Network::ready();
    let id = study(&network);
    network.post(&network.revocation(id, in_days(30)), &["choi"]);
    assert_eq!(network.governance.withdrawal(&id, now()), None);
    let until = in_days(44);
    let suspended = Some(Withdrawal::Suspended { until });
    assert_eq!(network.governance.withdrawal(&id, in_days(30)), suspended);
    assert_eq!(network.governance.withdrawal(&id, until), None);
}

#[test]
fn a_suspension_by_a_clock_that_runs_a_little_ahead_begins_at_once() {
    let mut network = Network::ready();
    network.post(
        &network.revocation(study(&network), after(CLOCK_SKEW_S)),
        &["choi"],
    );
    assert_eq!(network.refusal(), RefusalReason::Suspended);
}

#[test]
fn a_withheld_revocation_bites_when_the_last_currency_ends() {
    let mut network = Network::ready();
    network.documents.query.deadline = in_days(30);
    // The node of this log never sees the revocation; the office signs no currency for such a log any more.
    assert!(network.ask_at(after(CURRENCY_VALID_S - 1)).is_ok());
    let refused = network.ask_at(after(CURRENCY_VALID_S)).unwrap_err();
    assert_eq!(refused, RefusalReason::CurrencyExpired);
}
