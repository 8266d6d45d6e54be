//! Later versions take the place of earlier ones, and no earlier one comes back.

use protocol::documents::{RefusalReason, Roster};
use protocol::ids::DocumentId;
use protocol::limits::VERSION_STEP_MAX;
use protocol::verify::{GovernanceError, Standing, Taken};

use super::network::{Network, center, now};

#[test]
fn an_older_roster_replayed_does_not_replace_a_newer_one() {
    let mut network = Network::founded();
    let first = network.decided(&network.documents.roster);
    let mut second = network.documents.roster.clone();
    second.version = 2;
    network.log(network.decided(&second));
    for _ in 0..2 {
        assert!(matches!(
            network.log(first.clone()),
            Taken::Ineffective(GovernanceError::Older)
        ));
    }
    assert_eq!(network.governance.roster().unwrap().document.version, 2);
    assert_eq!(
        network.governance.standing(&first.id(), now()),
        Standing::Superseded
    );
}

#[test]
fn another_roster_of_the_same_version_does_not_replace_the_first() {
    let mut network = Network::ready();
    let mut other = network.documents.roster.clone();
    other.centers[0].id = "K02".parse().unwrap();
    assert!(matches!(
        network.post(&other, &["office", "kim", "choi"]),
        Taken::Ineffective(GovernanceError::Older)
    ));
    assert!(network.ask().is_ok());
}

#[test]
fn a_center_that_a_later_roster_leaves_out_answers_nothing_even_if_the_old_one_is_replayed() {
    let mut network = Network::ready();
    let first = network.decided(&network.documents.roster);
    let mut second: Roster = network.documents.roster.clone();
    second.version = 2;
    second.centers[0].id = "K02".parse().unwrap();
    network.log(network.decided(&second));
    network.log(first.clone());
    assert!(
        network
            .governance
            .roster()
            .unwrap()
            .document
            .center(&center())
            .is_none()
    );
    assert_eq!(network.refusal(), RefusalReason::NotInRoster);
    assert_eq!(
        network.governance.standing(&first.id(), now()),
        Standing::Superseded
    );
    assert!(network.governance.past_roster(&first.id()).is_some());
}

#[test]
fn a_superseded_study_is_asked_no_more_and_does_not_come_back() {
    let mut network = Network::ready();
    let (first, mut second) = (
        network.documents.query.study,
        network.documents.study.clone(),
    );
    let replay = network.decided(&second);
    second.version = 2;
    second.purpose = "response".into();
    assert!(matches!(
        network.log(network.decided(&second)),
        Taken::InForce
    ));
    assert!(matches!(
        network.log(replay),
        Taken::Ineffective(GovernanceError::Older)
    ));
    assert_eq!(
        network.governance.standing(&first, now()),
        Standing::Superseded
    );
    assert_eq!(network.refusal(), RefusalReason::StudyNotInForce);
    assert_eq!(network.governance.versions_of(&second.name).len(), 2);
    assert!(network.governance.past_study(&first).is_some());
}

#[test]
fn a_study_that_is_not_decided_yet_supersedes_nothing() {
    let mut network = Network::ready();
    let mut second = network.documents.study.clone();
    second.version = 2;
    network.post(&second, &["office", "kim", "park"]);
    assert!(network.ask().is_ok());
}

#[test]
fn a_study_of_another_name_supersedes_nothing() {
    let mut network = Network::ready();
    let mut other = network.documents.study.clone();
    other.version = 9;
    other.name = "first-2".parse().unwrap();
    network.log(network.decided(&other));
    assert!(network.ask().is_ok());
}

#[test]
fn a_version_that_would_use_up_all_numbers_has_no_effect_and_blocks_none_after_it() {
    let mut network = Network::ready();
    let (mut roster, mut study) = (
        network.documents.roster.clone(),
        network.documents.study.clone(),
    );
    for version in [VERSION_STEP_MAX + 2, u32::MAX] {
        (roster.version, study.version) = (version, version);
        for envelope in [network.decided(&roster), network.decided(&study)] {
            assert!(matches!(
                network.log(envelope),
                Taken::Ineffective(GovernanceError::Document(_))
            ));
        }
    }
    for version in [2, VERSION_STEP_MAX + 2] {
        (roster.version, study.version) = (version, version);
        for envelope in [network.decided(&roster), network.decided(&study)] {
            assert!(matches!(network.log(envelope), Taken::InForce));
        }
    }
}

#[test]
fn another_study_of_the_same_version_does_not_replace_the_first() {
    let mut network = Network::ready();
    let mut other = network.documents.study.clone();
    other.purpose = "everything".into();
    assert!(matches!(
        network.post(&other, &["office", "kim", "choi"]),
        Taken::Ineffective(GovernanceError::Older)
    ));
    assert!(network.ask().is_ok());
}

#[test]
fn what_the_committee_decided_on_is_said_to_be_in_force() {
    let network = Network::ready();
    let roster = network.governance.roster().unwrap().id;
    let charter = network.governance.newest_ruling().unwrap().id;
    let query = &network.documents.query;
    for id in [roster, charter, query.study, query.question.template] {
        assert_eq!(network.governance.standing(&id, now()), Standing::InForce);
    }
    let unknown = DocumentId::from_bytes([1; 32]);
    assert_eq!(
        network.governance.standing(&unknown, now()),
        Standing::Unknown
    );
}
