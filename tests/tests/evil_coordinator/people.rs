//! Questions that a person at the hospital must decide on.

use protocol::documents::RefusalReason;
use protocol::envelope::Envelope;
use tests::evil::{End, Scene, in_days};

use super::{answered, logged_and_refused, refused};

/// A hospital where a person decides on everything, and lee's query that waits there.
fn waiting() -> (Scene, Envelope) {
    let scene = Scene::new();
    let policy = std::fs::read_to_string(scene.data.policy()).unwrap();
    let asks_first = policy.replace("default = \"automatic\"", "default = \"person\"");
    assert_ne!(policy, asks_first);
    std::fs::write(scene.data.policy(), asks_first).unwrap();
    let query = scene.by_lee(&scene.query(0.05));
    assert_eq!(scene.asks(&query), End::Awaiting);
    (scene, query)
}

fn approve(scene: &Scene, query: &Envelope) {
    scene.operator(&[
        "approve",
        &query.id().to_string(),
        "--by",
        "Dr Han",
        "--yes",
    ]);
}

#[test]
fn what_waits_for_a_person_is_not_answered_by_offering_it_again() {
    let (scene, query) = waiting();
    for _ in 0..3 {
        assert_eq!(scene.offers(&query), End::Awaiting);
    }
    assert_eq!(scene.charged(), (0, 0));
    approve(&scene, &query);
    answered(&scene, &query);
}

#[test]
fn what_a_person_approved_is_refused_if_the_committee_has_revoked_it_since() {
    let (scene, query) = waiting();
    approve(&scene, &query);
    let revocation = scene.revocation(scene.id_of(&scene.study));
    scene.log(scene.signed(&revocation, &["kim", "choi"]));
    refused(&scene, &query, RefusalReason::Revoked);
}

#[test]
fn what_a_person_approved_is_refused_after_its_deadline() {
    let (scene, query) = waiting();
    approve(&scene, &query);
    scene.clock.set(in_days(1));
    refused(&scene, &query, RefusalReason::DeadlineNotAllowed);
}

#[test]
fn what_a_person_approved_opens_no_other_question() {
    let (scene, query) = waiting();
    approve(&scene, &query);
    let other = scene.by_lee(&scene.query(0.06));
    assert_eq!(scene.asks(&other), End::Awaiting);
    assert_eq!(scene.charged(), (0, 0));
}

#[test]
fn what_a_person_refused_stays_refused_however_often_it_is_offered() {
    let (scene, query) = waiting();
    scene.operator(&["refuse", &query.id().to_string(), "--by", "Dr Han"]);
    for _ in 0..3 {
        refused(&scene, &query, RefusalReason::PersonRefuses);
    }
}

#[test]
fn what_nobody_may_ask_does_not_even_wait_for_a_person() {
    let (scene, _) = waiting();
    let forged = Envelope::sign(&scene.query(0.06), &tests::evil::key("coordinator"));
    logged_and_refused(&scene, &forged, RefusalReason::NotAResearcher);
}
