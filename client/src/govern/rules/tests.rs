//! Which signatures, declines and revocations would not count, and is each refused before it is signed?

use protocol::documents::{Charter, Predecessor};
use protocol::ids::DocumentId;
use rstest::rstest;

use super::*;
use crate::govern::sample::{
    CHOI, KIM, LEE, OFFICE, PARK, Sample, charter, days, key, roster, study, template,
};

fn signing(sample: &Sample, id: &DocumentId, me: u8) -> Result<(), VoteError> {
    let view = sample.view(me);
    may_sign(&view, view.must_know(id).unwrap())
}

fn refused(sample: &Sample, id: &DocumentId, me: u8) -> &'static str {
    signing(sample, id, me).unwrap_err().code()
}

fn declining(sample: &Sample, id: &DocumentId, me: u8) -> Result<(), VoteError> {
    let view = sample.view(me);
    may_decline(&view, view.must_know(id).unwrap())
}

fn revoking(sample: &Sample, id: &DocumentId, me: u8) -> Result<(), VoteError> {
    let view = sample.view(me);
    may_revoke(&view, view.must_know(id).unwrap())
}

fn template_in_force(sample: &Sample) -> DocumentId {
    *sample.governance().templates().next().unwrap().0
}

fn study_in_force(sample: &Sample) -> DocumentId {
    *sample.governance().studies().next().unwrap().0
}

#[rstest]
#[case::researcher(CHOI)]
#[case::office(OFFICE)]
fn whoever_is_no_member_neither_signs_nor_declines_nor_revokes(#[case] me: u8) {
    let mut sample = Sample::running();
    let id = sample.propose(&roster(2, 3), OFFICE);
    assert_eq!(refused(&sample, &id, me), "not-a-member");
    assert_eq!(declining(&sample, &id, me), Err(VoteError::NotAMember));
    assert_eq!(revoking(&sample, &id, me), Err(VoteError::NotAMember));
    assert_eq!(signing(&sample, &id, KIM), Ok(()));
}

#[test]
fn a_member_who_proposes_or_is_a_researcher_is_told_that_it_would_not_count() {
    let mut sample = Sample::running();
    let mut own = roster(2, 3);
    own.proposer = key(LEE).public();
    let own = sample.propose(&own, LEE);
    assert_eq!(
        signing(&sample, &own, LEE),
        Err(VoteError::Barred("proposed it"))
    );
    let mut mine = study("mine", 1, &[template_in_force(&sample)]);
    mine.researchers[0].id = "kim".parse().unwrap();
    let mine = sample.propose(&mine, OFFICE);
    assert_eq!(refused(&sample, &mine, KIM), "does-not-count");
    assert_eq!(
        declining(&sample, &mine, KIM).unwrap_err().code(),
        "does-not-count"
    );
}

#[test]
fn nobody_signs_twice_and_nobody_signs_what_is_decided() {
    let mut sample = Sample::running();
    let id = sample.propose(&roster(2, 3), OFFICE);
    sample.sign(&id, KIM);
    assert_eq!(
        signing(&sample, &id, KIM),
        Err(VoteError::SignedAlready(id))
    );
    assert_eq!(
        declining(&sample, &id, KIM),
        Err(VoteError::SignedAlready(id))
    );
    sample.sign(&id, PARK);
    assert_eq!(
        signing(&sample, &id, LEE),
        Err(VoteError::DecidedAlready(id))
    );
    assert_eq!(
        declining(&sample, &id, LEE),
        Err(VoteError::DecidedAlready(id))
    );
}

#[test]
fn what_a_later_version_has_replaced_is_not_signed() {
    let mut sample = Sample::running();
    let late = sample.propose(&roster(2, 1), OFFICE);
    let old_study = sample.propose(&study("first", 2, &[template_in_force(&sample)]), OFFICE);
    sample.decide(&roster(2, 3));
    sample.decide(&study("first", 3, &[template_in_force(&sample)]));
    for id in [late, old_study] {
        assert_eq!(refused(&sample, &id, KIM), "superseded");
    }
}

#[test]
fn what_the_committee_revoked_is_neither_signed_nor_revoked_again() {
    let mut sample = Sample::running();
    let id = sample.propose(&study("second", 1, &[template_in_force(&sample)]), OFFICE);
    let revocation = sample.revoke(id, KIM);
    assert_eq!(signing(&sample, &revocation, PARK), Ok(()));
    sample.sign(&revocation, PARK);
    assert_eq!(refused(&sample, &id, LEE), "revoked");
    assert_eq!(refused(&sample, &revocation, LEE), "revoked");
    assert_eq!(revoking(&sample, &id, LEE), Err(VoteError::Revoked));
}

#[test]
fn a_second_revocation_is_refused_in_favour_of_the_one_that_is_open() {
    let mut sample = Sample::running();
    let study = study_in_force(&sample);
    let open = sample.revoke(study, KIM);
    assert_eq!(
        revoking(&sample, &study, LEE),
        Err(VoteError::RevocationOpen(open))
    );
    sample.now += days(15);
    assert_eq!(
        revoking(&sample, &study, KIM),
        Err(VoteError::RevokedByYou(open))
    );
}

#[test]
fn rosters_templates_and_studies_are_revoked_and_nothing_else() {
    let sample = Sample::running();
    let roster = sample.governance().roster().unwrap().id;
    for id in [roster, template_in_force(&sample), study_in_force(&sample)] {
        assert_eq!(revoking(&sample, &id, KIM), Ok(()));
    }
    let refused = revoking(&sample, &sample.charter.id(), KIM).unwrap_err();
    assert_eq!(refused.code(), "not-revocable");
}

#[test]
fn a_template_that_no_node_could_read_is_not_signed() {
    let mut sample = Sample::running();
    let mut broken = template("survival");
    broken.template = "name = 1".into();
    let id = sample.propose(&broken, OFFICE);
    assert_eq!(refused(&sample, &id, KIM), "template-unreadable");
}

fn successor(sample: &Sample, threshold: u32) -> Charter {
    let before = sample.governance().newest_ruling().unwrap().clone();
    let predecessor = Some(Predecessor {
        charter: before.id,
        log_index: before.index,
    });
    Charter {
        version: 2,
        threshold,
        predecessor,
        ..charter()
    }
}

#[test]
fn a_member_signs_one_successor_of_a_charter_because_two_would_split_the_committee() {
    let mut sample = Sample::running();
    let one = sample.propose(&successor(&sample, 3), KIM);
    let other = sample.propose(&successor(&sample, 2), LEE);
    assert_eq!(
        signing(&sample, &other, KIM),
        Err(VoteError::SecondSuccessor(one))
    );
    assert_eq!(signing(&sample, &other, PARK), Ok(()));
    sample.sign(&other, PARK);
    assert_eq!(refused(&sample, &one, LEE), "superseded");
    assert_eq!(refused(&sample, &one, PARK), "superseded");
}

#[test]
fn answers_and_documents_without_effect_are_nothing_to_sign() {
    let mut sample = Sample::running();
    let forged = sample.propose(&roster(2, 3), CHOI);
    assert_eq!(refused(&sample, &forged, KIM), "nothing-to-sign");
    let study = study_in_force(&sample);
    sample.answered(study, 1, 1, 5);
    let view = sample.view(KIM);
    let answer = view.mirror.documents().last().unwrap();
    let refused = may_sign(&view, answer).unwrap_err();
    assert_eq!(refused, VoteError::NotDecided("answer".into()));
}

#[test]
fn what_was_decided_under_an_earlier_charter_stays_decided_under_a_stricter_one() {
    let mut sample = Sample::running();
    let study = study_in_force(&sample);
    let successor = sample.propose(&successor(&sample, 3), KIM);
    sample.sign(&successor, PARK);
    assert_eq!(sample.governance().charter().unwrap().threshold, 3);
    assert_eq!(
        signing(&sample, &study, LEE),
        Err(VoteError::DecidedAlready(study))
    );
}

#[test]
fn whoever_signs_a_charter_in_force_is_told_how_to_change_it() {
    let mut sample = Sample::running();
    let genesis = sample.charter.id();
    assert_eq!(
        signing(&sample, &genesis, KIM),
        Err(VoteError::CharterDecided)
    );
    assert_eq!(
        declining(&sample, &genesis, KIM),
        Err(VoteError::CharterDecided)
    );
    let successor = sample.propose(&successor(&sample, 2), KIM);
    sample.sign(&successor, PARK);
    let refused = signing(&sample, &successor, LEE).unwrap_err();
    assert_eq!(refused, VoteError::CharterDecided);
    assert!(refused.to_string().contains("propose charter"));
}
