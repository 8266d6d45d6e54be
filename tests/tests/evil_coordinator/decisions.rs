//! Rosters, templates and studies that the committee did not decide on, or took back.

use protocol::amount::NanoRho;
use protocol::documents::{RefusalReason, Roster, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::ids::ChainHead;
use rstest::rstest;
use tests::evil::{Scene, center, in_days, key, researcher, start};

use super::{answered, logged_and_refused, refused};

/// Everything but the study in force, which is logged as `sign` has it; and a query of mallory's, who stands in it.
fn with_study(sign: impl FnOnce(&Scene, &Study) -> Envelope) -> (Scene, Envelope) {
    let scene = Scene::new();
    let study = Study {
        version: 2,
        researchers: vec![researcher("mallory")],
        rho_cap: NanoRho::at_most(60.0).unwrap(),
        ..scene.study.clone()
    };
    let signed = sign(&scene, &study);
    let mut query = scene.query(0.05);
    query.study = signed.id();
    scene.log(signed);
    let query = Envelope::sign(&query, &key("mallory"));
    (scene, query)
}

#[rstest]
#[case::strangers(&["office", "mallory", "trudy", "coordinator"])]
#[case::one_member(&["office", "kim"])]
#[case::one_member_twice(&["office", "kim", "kim"])]
#[case::all_of_one_organisation(&["office", "kim", "park"])]
#[case::members_whose_proposer_did_not_sign(&["kim", "choi"])]
#[case::the_researcher(&["office", "kim", "mallory"])]
fn a_study_that_the_committee_did_not_decide_on_is_not_answered(#[case] names: &[&str]) {
    let (scene, query) = with_study(|scene, study| scene.signed(study, names));
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
}

#[test]
fn signatures_taken_from_the_true_study_put_no_other_in_force() {
    let (scene, query) = with_study(|scene, study| {
        let mut forged = scene.signed(study, &[]);
        forged.signatures = scene.decided(&scene.study).signatures;
        forged
    });
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
}

#[test]
fn one_members_signature_under_two_names_counts_once() {
    let (scene, query) = with_study(|scene, study| {
        let mut forged = scene.signed(study, &["office", "kim"]);
        let mut twin = forged.signatures[1].clone();
        twin.keyid = key("choi").public().to_string();
        forged.signatures.push(twin);
        forged
    });
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
}

#[test]
fn members_who_were_shown_another_log_put_nothing_in_force() {
    let (scene, query) = with_study(|scene, study| {
        let mut shown = scene.seen();
        shown.head = ChainHead::from_bytes([5; 32]);
        let mut signed = scene.signed(study, &["office", "kim"]);
        signed.add_signature_seeing(&key("choi"), shown);
        signed
    });
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
    // It is noticed: somebody was shown another log.
    let mirror = scene.mirrored();
    let strangers = mirror.governance().strangers();
    assert_eq!(strangers.len(), 1);
    assert_eq!(strangers[0].key, key("choi").public());
}

#[test]
fn a_decline_dressed_as_a_signature_does_not_count() {
    let (scene, query) = with_study(|scene, study| {
        let mut proposed = scene.signed(study, &["office", "kim"]);
        let decline = protocol::documents::Decline {
            network: tests::evil::network(),
            document: proposed.id(),
            reason: "no".to_owned(),
            log: scene.seen(),
        };
        proposed
            .signatures
            .extend(scene.signed(&decline, &["choi"]).signatures);
        proposed
    });
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
}

#[test]
fn a_study_in_force_altered_to_name_another_researcher_is_not_answered() {
    let (scene, query) = with_study(|scene, study| {
        let mut altered = scene.signed(study, &[]);
        altered.signatures = scene.relay.log()[3].envelope.signatures.clone();
        scene.relay.tamper(|log| drop(log.pop()));
        altered
    });
    logged_and_refused(&scene, &query, RefusalReason::NoCurrency);
    scene.log(scene.currency(start()));
    refused(&scene, &query, RefusalReason::StudyNotInForce);
}

#[test]
fn an_old_version_of_a_study_replayed_is_not_answered() {
    let scene = Scene::new();
    let (old, query) = (
        scene.decided(&scene.study),
        scene.by_lee(&scene.query(0.05)),
    );
    let second = Study {
        version: 2,
        purpose: "less".to_owned(),
        ..scene.study.clone()
    };
    scene.log(scene.decided(&second));
    scene.log(old);
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
}

#[test]
fn an_expired_study_is_not_answered() {
    let scene = Scene::new();
    scene.clock.set(in_days(300));
    scene.log(scene.currency(in_days(300)));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::StudyExpired);
}

/// A template of the coordinator's making in a study that the committee signed without looking.
fn with_template(names: &[&str]) -> (Scene, Envelope) {
    let scene = Scene::new();
    let template = TemplateDocument {
        template: scene.template.template.clone() + "\n# and all names\n",
        ..scene.template.clone()
    };
    scene.log(scene.signed(&template, names));
    let study = Study {
        version: 2,
        templates: vec![scene.id_of(&template)],
        ..scene.study.clone()
    };
    scene.log(scene.decided(&study));
    let mut query = scene.query(0.05);
    query.study = scene.id_of(&study);
    query.question.template = scene.id_of(&template);
    let query = scene.by_lee(&query);
    (scene, query)
}

#[rstest]
#[case::one_member(&["office", "kim"])]
#[case::all_of_one_organisation(&["office", "kim", "park"])]
#[case::strangers(&["office", "coordinator", "mallory"])]
fn a_template_that_the_committee_did_not_decide_on_is_not_answered(#[case] names: &[&str]) {
    let (scene, query) = with_template(names);
    logged_and_refused(&scene, &query, RefusalReason::TemplateNotInForce);
}

#[test]
fn a_roster_that_adds_a_fake_center_is_not_believed() {
    let scene = Scene::new();
    let mut forged = Roster {
        version: 2,
        ..scene.roster.clone()
    };
    forged.centers.push(center("K99", key("K99").public()));
    scene.log(scene.signed(&forged, &["office", "coordinator", "kim"]));
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    // lee's query is lee's; the fake center stands in no roster that the node knows.
    answered(&scene, &query);
    let mirror = scene.mirrored();
    assert_eq!(mirror.governance().roster().unwrap().document, scene.roster);
    assert_eq!(mirror.governance().past_roster(&scene.id_of(&forged)), None);
}

#[rstest]
#[case::strangers(&["office", "coordinator", "mallory"])]
#[case::one_member(&["office", "choi"])]
#[case::all_of_one_organisation(&["office", "kim", "park"])]
fn a_network_whose_only_roster_is_forged_gets_no_answer(#[case] names: &[&str]) {
    let scene = Scene::founded();
    scene.log(scene.signed(&scene.roster, names));
    scene.log(scene.decided(&scene.template));
    scene.log(scene.decided(&scene.study));
    scene.log(scene.currency(start()));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::NoRoster);
}

#[rstest]
#[case::another_key(|r: &mut Roster| r.centers[0].signing_key = key("K99").public())]
#[case::another_center(|r: &mut Roster| r.centers[0].id = "K99".parse().unwrap())]
#[case::an_entry_that_has_ended(|r: &mut Roster| r.centers[0].valid_until = start())]
fn a_node_that_the_roster_does_not_name_with_its_key_answers_nothing(
    #[case] change: fn(&mut Roster),
) {
    let scene = Scene::new();
    let mut roster = Roster {
        version: 2,
        ..scene.roster.clone()
    };
    change(&mut roster);
    scene.log(scene.decided(&roster));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::NotInRoster);
}

#[test]
fn a_roster_without_this_node_is_not_undone_by_replaying_the_old_one() {
    let scene = Scene::new();
    let old = scene.decided(&scene.roster);
    let mut roster = Roster {
        version: 2,
        ..scene.roster.clone()
    };
    roster.centers[0].id = "K02".parse().unwrap();
    scene.log(scene.decided(&roster));
    scene.log(old);
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::NotInRoster);
}

#[test]
fn a_suspended_study_is_not_answered() {
    let scene = Scene::new();
    let revocation = scene.revocation(scene.id_of(&scene.study));
    scene.log(scene.signed(&revocation, &["park"]));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::Suspended);
}

#[test]
fn a_revoked_template_is_not_answered_even_if_the_committees_signatures_are_shown_again() {
    let scene = Scene::new();
    let revocation = scene.revocation(scene.id_of(&scene.template));
    scene.log(scene.signed(&revocation, &["kim", "choi"]));
    scene.log(scene.decided(&scene.template));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::Revoked);
}

#[test]
fn a_suspension_is_not_shortened_by_dating_its_entry_back() {
    let scene = Scene::new();
    scene.clock.set(in_days(13));
    let revocation = scene.revocation(scene.id_of(&scene.study));
    // Dated as early as the log allows.
    scene
        .relay
        .append(scene.signed(&revocation, &["park"]), start());
    scene.log(scene.currency(in_days(13)));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::Suspended);
    scene.clock.set(in_days(26));
    scene.log(scene.currency(in_days(26)));
    let query = scene.by_lee(&scene.query(0.04));
    logged_and_refused(&scene, &query, RefusalReason::Suspended);
}
