//! Answers asked for again, shown again, or put into a mouth.

use protocol::documents::{Answer, RefusalReason};
use protocol::envelope::Envelope;
use tests::evil::{Scene, in_days, key};

use super::{answered, logged_and_refused};

#[test]
fn a_question_offered_a_thousand_times_is_answered_by_the_same_bytes_and_charged_once() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    scene.offers_often(&query, 1_000);
    let responses = scene.relay.responses();
    assert_eq!(responses.len(), 1_000);
    assert!(responses.iter().all(|response| response == &responses[0]));
    assert_eq!(scene.charged().0, 1);
}

#[test]
fn the_same_question_under_new_queries_gets_the_same_noise() {
    let scene = Scene::new();
    let mut parts = Vec::new();
    for day in 0..5 {
        scene.clock.set(in_days(day));
        let query = scene.by_lee(&scene.query(0.05));
        scene.log(query.clone());
        parts.push(answered(&scene, &query));
    }
    assert!(parts.iter().all(|answer| answer == &parts[0]));
    assert_eq!(scene.charged().0, 1);
}

#[test]
fn an_answer_of_another_center_shown_as_this_ones_changes_nothing() {
    let scene = Scene::new();
    let first = scene.by_lee(&scene.query(0.05));
    scene.log(first.clone());
    let answer = answered(&scene, &first);
    let other = Answer {
        parts: vec![vec![1_000_000]],
        ..answer
    };
    for name in ["coordinator", "K02"] {
        scene.log(Envelope::sign(&other, &key(name)));
    }
    let next = scene.by_lee(&scene.query(0.04));
    scene.log(next.clone());
    answered(&scene, &next);
    assert_eq!(scene.mirrored().own_answers().len(), 0);
}

#[test]
fn its_own_answer_shown_twice_costs_nothing_and_hides_nothing() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    answered(&scene, &query);
    let sent = scene.relay.responses()[0].clone();
    scene.log(sent.clone());
    scene.log(sent);
    let charged = scene.charged();
    let again = scene.by_lee(&scene.query(0.05));
    scene.log(again.clone());
    answered(&scene, &again);
    assert_eq!(scene.charged(), charged);
}

#[test]
fn asking_piece_by_piece_ends_at_the_cap_of_the_study() {
    let scene = Scene::new();
    for rho in [0.05, 0.06] {
        let query = scene.by_lee(&scene.query(rho));
        scene.log(query.clone());
        answered(&scene, &query);
    }
    let query = scene.by_lee(&scene.query(0.07));
    logged_and_refused(&scene, &query, RefusalReason::OutOfBudget);
}

#[test]
fn a_response_of_the_node_is_no_query_and_no_decision() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    answered(&scene, &query);
    let sent = scene.relay.responses()[0].clone();
    logged_and_refused(&scene, &sent, RefusalReason::MalformedQuery);
}
