//! Successors, forks, and charters that only look like one.

use protocol::documents::{Charter, RefusalReason};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::verify::{Governance, GovernanceError, Standing, Taken};
use rstest::rstest;

use super::network::{Documents, Network, key, member, now, pending};

/// The charter without park, with yoon of the hospital.
fn renewed(network: &Network) -> Charter {
    let mut charter = network.successor();
    charter.members[1] = member("yoon", "hospital");
    charter
}

#[test]
fn only_the_pinned_charter_is_believed() {
    let mut network = Network::of(Documents::new());
    network.governance = Governance::pinned_to(DocumentId::from_bytes([3; 32]));
    network.found();
    network.decide_all();
    assert!(network.governance.charter().is_none());
    assert_eq!(network.refusal(), RefusalReason::NoCharter);
}

#[test]
fn a_genesis_charter_needs_every_member() {
    let mut network = Network::of(Documents::new());
    let mut charter = Envelope::sign(&network.documents.charter, &key("kim"));
    charter.add_signature(&key("choi"));
    assert!(matches!(
        network.log(charter),
        Taken::Ineffective(GovernanceError::NotEveryMember)
    ));
    assert!(network.governance.charter().is_none());
}

#[test]
fn a_genesis_charter_before_the_pinned_one_decides_nothing() {
    let mut network = Network::of(Documents::new());
    let mut fake = network.documents.charter.clone();
    fake.members = vec![member("mallory", "coordinator")];
    (fake.threshold, fake.minimum_organisations) = (1, 1);
    network.log(Envelope::sign(&fake, &key("mallory")));
    let roster = network.documents.roster.clone();
    let decided_by_fake = network.signed(&roster, &["office", "mallory"]);
    network.log(decided_by_fake.clone());
    let standing = network.governance.standing(&decided_by_fake.id(), now());
    assert_eq!(standing, Standing::Pending);
    assert!(network.governance.charter().is_none() && network.governance.roster().is_none());
    assert!(matches!(network.found(), Taken::InForce));
    assert_eq!(
        network.governance.charter(),
        Some(&network.documents.charter)
    );
    assert!(network.governance.roster().is_none());
    // What strangers decided before is void; what the founders decide now counts.
    network.decide_all();
    assert!(network.ask().is_ok());
}

#[test]
fn a_genesis_charter_after_the_pinned_one_decides_nothing() {
    let mut network = Network::ready();
    let mut fake = network.documents.charter.clone();
    fake.members = vec![member("mallory", "coordinator")];
    (fake.threshold, fake.minimum_organisations) = (1, 1);
    assert!(matches!(
        network.log(Envelope::sign(&fake, &key("mallory"))),
        Taken::Ineffective(GovernanceError::OtherCharter)
    ));
    assert!(network.ask().is_ok());
}

#[test]
fn a_successor_that_k_members_signed_rules() {
    let mut network = Network::ready();
    let next = renewed(&network);
    assert_eq!(pending(network.post(&next, &["kim"])).signed.len(), 1);
    assert!(matches!(network.post(&next, &["choi"]), Taken::InForce));
    assert_eq!(network.governance.charter(), Some(&next));
    let genesis = network.governance.charters()[0].id;
    assert_eq!(
        network.governance.standing(&genesis, now()),
        Standing::Superseded
    );
}

#[rstest]
#[case::nobody_known(&["mallory", "coordinator"])]
#[case::only_its_own_new_member(&["yoon"])]
#[case::the_office(&["office"])]
fn a_successor_that_no_member_signed_is_none(#[case] names: &[&str]) {
    let mut network = Network::ready();
    let next = renewed(&network);
    assert!(matches!(
        network.post(&next, names),
        Taken::Ineffective(GovernanceError::NoMember)
    ));
    assert_eq!(network.governance.charters().len(), 1);
}

#[test]
fn a_successor_signed_by_all_of_one_organisation_does_not_rule() {
    let mut network = Network::ready();
    let votes = pending(network.post(&renewed(&network.clone()), &["kim", "park"]));
    assert_eq!((votes.signed.len(), votes.organisations), (2, 1));
    assert_eq!(network.governance.charters().len(), 1);
}

#[rstest]
#[case::another_place_in_the_log(|c: &mut Charter| c.predecessor.as_mut().unwrap().log_index += 1)]
#[case::another_predecessor(|c: &mut Charter| c.predecessor.as_mut().unwrap().charter = DocumentId::from_bytes([9; 32]))]
#[case::a_version_left_out(|c: &mut Charter| c.version += 1)]
#[case::the_same_version_again(|c: &mut Charter| c.version -= 1)]
#[case::the_last_version_there_is(|c: &mut Charter| c.version = u32::MAX)]
#[case::another_network(|c: &mut Charter| c.network = "japan".parse().unwrap())]
#[case::a_threshold_of_half(|c: &mut Charter| c.threshold = 1)]
#[case::no_timekeeper(|c: &mut Charter| c.timekeepers.clear())]
#[case::the_coordinator_as_timekeeper(|c: &mut Charter| c.timekeepers = vec![key("coordinator").public()])]
fn a_successor_that_does_not_follow_is_none(#[case] break_it: fn(&mut Charter)) {
    let mut network = Network::ready();
    let mut next = network.successor();
    break_it(&mut next);
    assert!(matches!(
        network.post(&next, &["kim", "park", "choi"]),
        Taken::Ineffective(_)
    ));
    assert_eq!(
        (
            network.governance.charters().len(),
            network.governance.fork()
        ),
        (1, None)
    );
    assert!(network.ask().is_ok());
}

#[test]
fn a_second_successor_of_one_charter_is_a_fork_and_stops_everything() {
    let mut network = Network::ready();
    let (one, mut other) = (network.successor(), renewed(&network));
    other.threshold = 3;
    network.post(&one, &["kim", "choi"]);
    assert!(network.ask().is_ok());
    let other = network.signed(&other, &["kim", "choi"]);
    let id = other.id();
    assert!(matches!(
        network.log(other),
        Taken::Ineffective(GovernanceError::Fork { other, .. }) if other == id
    ));
    assert_eq!(network.refusal(), RefusalReason::CharterFork);
}

#[test]
fn a_fork_of_an_old_charter_stops_everything_too() {
    let mut network = Network::ready();
    let mut other = network.successor();
    other.threshold = 3;
    for _ in 0..2 {
        network.post(&network.successor(), &["kim", "choi"]);
    }
    assert_eq!(network.governance.charters().len(), 3);
    network.post(&other, &["kim", "choi"]);
    assert_eq!(network.refusal(), RefusalReason::CharterFork);
}

#[test]
fn a_fork_by_too_few_signatures_is_none() {
    let mut network = Network::ready();
    let mut other = network.successor();
    other.threshold = 3;
    network.post(&network.successor(), &["kim", "choi"]);
    pending(network.post(&other, &["kim"]));
    pending(network.post(&other, &["park"]));
    assert_eq!(network.governance.fork(), None);
    assert!(network.ask().is_ok());
}

#[test]
fn the_same_successor_again_is_no_fork() {
    let mut network = Network::ready();
    let next = network.successor();
    network.post(&next, &["kim", "choi"]);
    assert!(matches!(network.post(&next, &["park"]), Taken::InForce));
    assert!(network.ask().is_ok());
}

#[test]
fn a_node_may_pin_a_successor_and_believes_nothing_before_it() {
    let mut network = Network::founded();
    let next = network.signed(&network.successor(), &["kim", "choi"]);
    let mut late = Governance::pinned_to(next.id());
    for entry in &network.entries {
        late.take(entry).unwrap();
    }
    assert!(late.charter().is_none());
    network.governance = late;
    assert!(matches!(network.log(next), Taken::InForce));
    network.decide_all();
    assert!(network.ask().is_ok());
}

#[test]
fn an_older_charter_shown_again_does_not_rule_again() {
    let mut network = Network::ready();
    let genesis = network.entries[0].envelope.clone();
    let next = renewed(&network);
    network.post(&next, &["kim", "choi"]);
    network.log(genesis);
    assert_eq!(network.governance.charter(), Some(&next));
}

#[test]
fn what_the_old_committee_decided_stays_in_force_under_the_new_one() {
    let mut network = Network::ready();
    network.post(&renewed(&network.clone()), &["kim", "choi"]);
    assert!(network.ask().is_ok());
}

#[test]
fn members_who_left_decide_nothing_more() {
    let mut network = Network::ready();
    let mut roster = network.documents.roster.clone();
    roster.version = 2;
    // park signed while a member, and leaves before the document was decided.
    pending(network.post(&roster, &["office", "park"]));
    network.post(&renewed(&network.clone()), &["kim", "choi"]);
    let votes = pending(network.post(&roster, &["choi"]));
    assert_eq!(votes.signed, [key("choi").public()].into());
    let revocation = network.revocation(network.documents.query.study, now());
    assert!(matches!(
        network.post(&revocation, &["park"]),
        Taken::Ineffective(GovernanceError::NoMember)
    ));
}

#[test]
fn new_members_decide_from_their_charter_on_and_not_before() {
    let mut network = Network::ready();
    let mut roster = network.documents.roster.clone();
    roster.version = 2;
    assert!(
        pending(network.post(&roster, &["office", "yoon"]))
            .signed
            .is_empty()
    );
    network.post(&renewed(&network.clone()), &["kim", "choi"]);
    // What was signed before counted for nothing, and does not count by itself later.
    assert!(
        pending(network.post(&roster, &["office"]))
            .signed
            .is_empty()
    );
    assert!(matches!(
        network.post(&roster, &["yoon", "choi"]),
        Taken::InForce
    ));
}

#[test]
fn a_member_who_moves_to_another_organisation_counts_for_the_one_in_force() {
    let mut network = Network::ready();
    let mut roster = network.documents.roster.clone();
    roster.version = 2;
    pending(network.post(&roster, &["office", "kim", "park"]));
    let mut next = network.successor();
    next.members[1].organisation = "hospital".into();
    network.post(&next, &["kim", "choi"]);
    assert!(matches!(network.post(&roster, &["park"]), Taken::InForce));
}
