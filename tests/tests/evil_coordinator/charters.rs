//! Committees of the coordinator's own making.

use protocol::documents::{Charter, RefusalReason, Roster, Study, TemplateDocument};
use protocol::envelope::{Envelope, Payload};
use tests::evil::{Scene, charter_of_its_own, key, member, researcher, start};

use super::{answered, logged_and_refused};

/// Logs everything that a query needs, as mallory and trudy decide it, and mallory's query.
fn decided_by_friends(scene: &Scene) -> Envelope {
    fn log<P: Payload>(scene: &Scene, document: &P) {
        scene.log(scene.signed(document, &["coordinator", "mallory", "trudy"]));
    }
    let proposer = key("coordinator").public();
    let template = TemplateDocument {
        proposer,
        ..scene.template.clone()
    };
    let study = Study {
        proposer,
        version: 9,
        templates: vec![scene.id_of(&template)],
        researchers: vec![researcher("eve")],
        ..scene.study.clone()
    };
    let roster = Roster {
        proposer,
        version: 9,
        ..scene.roster.clone()
    };
    log(scene, &roster);
    log(scene, &template);
    log(scene, &study);
    let current = scene.word(start(), &[].into());
    scene.log(Envelope::sign(&current, &key("trudy")));
    let mut query = scene.query(0.05);
    query.study = scene.id_of(&study);
    query.question.template = scene.id_of(&template);
    Envelope::sign(&query, &key("eve"))
}

fn signed_by_friends(charter: &Charter) -> Envelope {
    let mut charter = Envelope::sign(charter, &key("mallory"));
    charter.add_signature(&key("trudy"));
    charter
}

#[test]
fn a_whole_network_under_a_charter_of_its_own_gets_no_answer() {
    let scene = Scene::unfounded();
    scene.log(signed_by_friends(&charter_of_its_own()));
    let query = decided_by_friends(&scene);
    logged_and_refused(&scene, &query, RefusalReason::NoCharter);
}

#[test]
fn what_a_fake_committee_decided_before_the_true_charter_is_void() {
    let scene = Scene::unfounded();
    scene.log(signed_by_friends(&charter_of_its_own()));
    let query = decided_by_friends(&scene);
    scene.log(scene.genesis());
    logged_and_refused(&scene, &query, RefusalReason::NoRoster);
}

#[test]
fn a_charter_of_its_own_after_the_true_one_decides_nothing() {
    let scene = Scene::new();
    scene.log(signed_by_friends(&charter_of_its_own()));
    let query = decided_by_friends(&scene);
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
}

#[test]
fn a_successor_charter_that_it_signed_itself_decides_nothing() {
    let scene = Scene::new();
    let successor = Charter {
        members: charter_of_its_own().members,
        ..scene.successor()
    };
    scene.log(scene.signed(&successor, &["mallory", "trudy", "coordinator"]));
    let query = decided_by_friends(&scene);
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
    assert_eq!(scene.mirrored().governance().charters().len(), 1);
}

#[test]
fn a_successor_charter_by_all_of_one_organisation_decides_nothing() {
    let scene = Scene::new();
    let successor = Charter {
        members: charter_of_its_own().members,
        ..scene.successor()
    };
    scene.log(scene.signed(&successor, &["kim", "park"]));
    let query = decided_by_friends(&scene);
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
}

#[test]
fn a_successor_charter_whose_signers_saw_another_log_decides_nothing() {
    let scene = Scene::new();
    let successor = Charter {
        members: charter_of_its_own().members,
        ..scene.successor()
    };
    let mut elsewhere = scene.seen();
    elsewhere.entries -= 1;
    let mut signed = scene.signed(&successor, &["kim"]);
    signed.add_signature_seeing(&key("choi"), elsewhere);
    scene.log(signed);
    let query = decided_by_friends(&scene);
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
}

#[test]
fn a_fork_of_the_charter_stops_every_answer() {
    let scene = Scene::new();
    let one = scene.successor();
    let mut other = one.clone();
    other.members[1] = member("yoon", "hospital");
    scene.log(scene.signed(&one, &["kim", "choi"]));
    scene.log(scene.signed(&other, &["park", "choi"]));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::CharterFork);
}

#[test]
fn a_fork_shown_after_an_answer_stops_the_next_one_for_good() {
    let scene = Scene::new();
    let (one, first) = (scene.successor(), scene.by_lee(&scene.query(0.05)));
    scene.log(scene.signed(&one, &["kim", "choi"]));
    scene.log(first.clone());
    answered(&scene, &first);
    let mut other = one;
    other.threshold = 3;
    scene.log(scene.signed(&other, &["kim", "choi"]));
    for rho in [0.04, 0.03] {
        let query = scene.by_lee(&scene.query(rho));
        logged_and_refused(&scene, &query, RefusalReason::CharterFork);
    }
}

/// A node that has seen a successor charter and lost its copy of the log, which the coordinator cut back to before that.
fn with_lost_copy() -> (Scene, Charter) {
    let scene = Scene::new();
    let (one, first) = (scene.successor(), scene.by_lee(&scene.query(0.05)));
    let before = scene.relay.log();
    scene.log(scene.signed(&one, &["kim", "choi"]));
    scene.log(first.clone());
    answered(&scene, &first);
    std::fs::remove_file(scene.data.log()).unwrap();
    scene.relay.tamper(|log| *log = before);
    (scene, one)
}

#[test]
fn a_charter_withheld_from_a_node_that_lost_its_copy_of_the_log_is_missed() {
    let (scene, _) = with_lost_copy();
    let query = scene.by_lee(&scene.query(0.04));
    logged_and_refused(&scene, &query, RefusalReason::NoCharter);
}

#[test]
fn another_charter_shown_to_a_node_that_lost_its_copy_of_the_log_is_a_fork() {
    let (scene, mut other) = with_lost_copy();
    other.members[1] = member("yoon", "hospital");
    scene.log(scene.signed(&other, &["kim", "choi"]));
    let query = scene.by_lee(&scene.query(0.04));
    logged_and_refused(&scene, &query, RefusalReason::CharterFork);
}
