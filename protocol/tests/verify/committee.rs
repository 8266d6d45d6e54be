//! The committee rule: k members from enough organisations, each once, each over this log, and none with an interest.

use protocol::documents::{RefusalReason, Roster, Study, TemplateDocument};
use protocol::envelope::Payload;
use protocol::limits::SIGNATURES_MAX;
use protocol::verify::{GovernanceError, Standing, Taken};
use rstest::rstest;

use super::network::{Documents, Network, key, now, pending, researcher};

/// Who signs a roster that the office proposes, and how many of them count.
#[rstest]
#[case::nobody(&["office"], 0, 0)]
#[case::one_member(&["office", "kim"], 1, 1)]
#[case::one_member_twice(&["office", "kim", "kim"], 1, 1)]
#[case::two_of_one_organisation(&["office", "kim", "park"], 2, 1)]
#[case::a_member_and_an_unknown_key(&["office", "kim", "stranger"], 1, 1)]
#[case::a_member_and_the_coordinator(&["office", "choi", "coordinator"], 1, 1)]
#[case::a_member_and_a_center(&["office", "choi", "K01"], 1, 1)]
fn too_few_signatures_put_nothing_in_force(
    #[case] names: &[&str],
    #[case] signed: usize,
    #[case] organisations: usize,
) {
    let mut network = Network::founded();
    let roster = network.documents.roster.clone();
    let votes = pending(network.post(&roster, names));
    assert_eq!(
        (votes.signed.len(), votes.organisations),
        (signed, organisations)
    );
    assert!(votes.reachable && network.governance.roster().is_none());
}

#[test]
fn two_members_of_two_organisations_decide() {
    let mut network = Network::founded();
    let roster = network.documents.roster.clone();
    assert!(matches!(
        network.post(&roster, &["office", "kim", "choi"]),
        Taken::InForce
    ));
    assert!(network.governance.roster().is_some());
}

#[test]
fn a_signature_copied_beside_itself_counts_once() {
    let mut network = Network::founded();
    let mut signed = network.signed(&network.documents.roster, &["office", "kim"]);
    let copy = signed.signatures[1].clone();
    signed.signatures.push(copy.clone());
    assert_eq!(pending(network.log(signed.clone())).signed.len(), 1);
    signed.signatures = vec![copy; SIGNATURES_MAX];
    assert_eq!(pending(network.log(signed)).signed.len(), 1);
}

#[test]
fn a_signature_under_another_members_name_counts_for_its_own_key() {
    let mut network = Network::founded();
    let mut signed = network.signed(&network.documents.roster, &["office", "kim"]);
    let mut dressed = signed.signatures[1].clone();
    dressed.keyid = key("choi").public().to_string();
    signed.signatures.push(dressed);
    let votes = pending(network.log(signed));
    assert_eq!(votes.signed, [key("kim").public()].into());
}

#[test]
fn the_proposers_own_signature_is_not_counted() {
    let mut network = Network::founded();
    let mut roster = network.documents.roster.clone();
    roster.proposer = key("kim").public();
    let votes = pending(network.post(&roster, &["kim", "choi"]));
    assert_eq!(votes.signed, [key("choi").public()].into());
    assert!(votes.barred.contains(&key("kim").public()) && votes.reachable);
    assert!(matches!(network.post(&roster, &["park"]), Taken::InForce));
}

#[test]
fn a_document_that_its_proposer_did_not_sign_is_none() {
    let mut network = Network::founded();
    let roster = network.documents.roster.clone();
    assert!(matches!(
        network.post(&roster, &["kim", "choi"]),
        Taken::Ineffective(GovernanceError::ProposerMissing)
    ));
    assert!(matches!(network.post(&roster, &["office"]), Taken::InForce));
}

#[rstest]
#[case::by_key("seo", "kim")]
#[case::by_person_under_another_key("kim", "kim-at-work")]
fn a_study_researchers_own_signature_is_not_counted(#[case] id: &str, #[case] key_of: &str) {
    let mut network = Network::ready();
    let mut study = network.documents.study.clone();
    study.version = 2;
    study.researchers.push(researcher(id, key_of));
    let votes = pending(network.post(&study, &["office", "kim", "choi"]));
    assert_eq!(votes.signed, [key("choi").public()].into());
    assert!(matches!(network.post(&study, &["park"]), Taken::InForce));
}

#[test]
fn a_rule_that_nobody_could_meet_any_more_is_said_to_be_out_of_reach() {
    let mut network = Network::founded();
    let mut study = network.documents.study.clone();
    study.proposer = key("choi").public();
    // The university's only member proposes: two organisations cannot be reached.
    assert!(!pending(network.post(&study, &["choi", "kim", "park"])).reachable);
    let mut roster = network.documents.roster.clone();
    roster.proposer = key("kim").public();
    assert!(
        network
            .governance
            .votes(&network.signed(&roster, &[]))
            .unwrap()
            .reachable
    );
    roster.proposer = key("choi").public();
    let votes = network
        .governance
        .votes(&network.signed(&roster, &["choi"]))
        .unwrap();
    assert!(!votes.reachable && !votes.decided());
}

#[test]
fn one_altered_byte_takes_every_signature_away() {
    let mut network = Network::founded();
    let mut roster = network.documents.roster.clone();
    let signed = network.decided(&roster);
    roster.centers[0].signing_key = key("stranger").public();
    let mut altered = network.signed(&roster, &[]);
    altered.signatures = signed.signatures;
    assert!(matches!(
        network.log(altered),
        Taken::Ineffective(GovernanceError::ProposerMissing)
    ));
    assert!(network.governance.roster().is_none());
}

#[rstest]
#[case::as_a_template(TemplateDocument::TYPE)]
#[case::as_a_study(Study::TYPE)]
#[case::as_nothing_known("application/vnd.cartally.roster2+json")]
#[case::in_other_letters("application/vnd.cartally.Roster+json")]
fn a_document_under_another_type_has_no_effect(#[case] payload_type: &str) {
    let mut network = Network::founded();
    let mut dressed = network.decided(&network.documents.roster);
    dressed.payload_type = payload_type.into();
    assert!(matches!(
        network.log(dressed),
        Taken::Other | Taken::Ineffective(GovernanceError::Envelope(_))
    ));
    assert!(network.governance.roster().is_none());
}

#[test]
fn a_payload_with_a_field_that_nobody_knows_has_no_effect() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct More {
        #[serde(flatten)]
        roster: Roster,
        also: String,
    }
    impl Payload for More {
        const TYPE: &'static str = Roster::TYPE;
    }
    let mut network = Network::founded();
    let (roster, also) = (network.documents.roster.clone(), "everybody".into());
    assert!(matches!(
        network.post(&More { roster, also }, &["office", "kim", "choi"]),
        Taken::Ineffective(GovernanceError::Envelope(_))
    ));
}

#[test]
fn a_decline_is_no_signature_and_decides_nothing() {
    let mut network = Network::founded();
    let proposed = network.signed(&network.documents.roster, &["office", "kim"]);
    let id = proposed.id();
    network.log(proposed);
    let decline = network.decline(id);
    assert!(matches!(network.post(&decline, &["choi"]), Taken::Noted));
    assert_eq!(network.governance.standing(&id, now()), Standing::Pending);
    assert_eq!(network.governance.declines(&id).count(), 1);
    // The member thinks again.
    let roster = network.documents.roster.clone();
    assert!(matches!(network.post(&roster, &["choi"]), Taken::InForce));
}

#[test]
fn a_decline_put_on_a_proposal_as_its_signature_counts_for_nothing() {
    let mut network = Network::founded();
    let mut proposed = network.signed(&network.documents.roster, &["office", "kim"]);
    let decline = network.decline(proposed.id());
    proposed
        .signatures
        .extend(network.signed(&decline, &["choi"]).signatures);
    assert_eq!(pending(network.log(proposed)).signed.len(), 1);
}

#[test]
fn a_stranger_can_decline_nothing() {
    let mut network = Network::ready();
    let decline = network.decline(network.documents.query.study);
    assert!(matches!(
        network.post(&decline, &["stranger"]),
        Taken::Ineffective(GovernanceError::NoMember)
    ));
}

#[test]
fn signatures_that_arrive_one_after_the_other_count_together_and_once_each() {
    let mut network = Network::founded();
    let roster = network.documents.roster.clone();
    let votes = pending(network.post(&roster, &["office"]));
    assert!(votes.signed.is_empty() && votes.reachable);
    for _ in 0..2 {
        assert_eq!(pending(network.post(&roster, &["kim"])).signed.len(), 1);
    }
    assert!(matches!(network.post(&roster, &["choi"]), Taken::InForce));
}

#[test]
fn signatures_that_count_for_nothing_crowd_out_none_that_does() {
    let mut network = Network::founded();
    let roster = network.documents.roster.clone();
    for round in 0..2 {
        let mut junk = network.signed(&roster, &["office"]);
        while junk.signatures.len() < SIGNATURES_MAX {
            let name = format!("junk {round} {}", junk.signatures.len());
            let mut strange = network.signed(&roster, &[&name]).signatures[0].clone();
            strange.keyid = key("kim").public().to_string();
            junk.signatures.push(strange);
        }
        assert!(pending(network.log(junk)).signed.is_empty());
    }
    assert!(matches!(
        network.post(&roster, &["kim", "choi"]),
        Taken::InForce
    ));
}

#[test]
fn a_doubled_member_key_makes_no_second_vote() {
    let mut charter = Documents::new().charter;
    charter.members[1].key = charter.members[0].key;
    assert!(charter.check().is_err());
}

#[test]
fn a_template_that_one_member_signed_is_not_asked() {
    let mut network = Network::founded();
    let documents = network.documents.clone();
    network.log(network.decided(&documents.roster));
    pending(network.post(&documents.template, &["office", "kim"]));
    let study = network.decided(&documents.study);
    network.documents.query.study = study.id();
    network.log(study);
    network.post(&documents.currency, &["office"]);
    assert_eq!(network.refusal(), RefusalReason::TemplateNotInForce);
}
