//! Questions that nobody asked, or not so, or not here, or not now.

use jiff::SignedDuration;
use protocol::amount::NanoRho;
use protocol::documents::{Decline, Query, RefusalReason, Study};
use protocol::envelope::{Envelope, Payload};
use protocol::ids::{ChainHead, DocumentId};
use protocol::log::LogPosition;
use protocol::question::Mode;
use rstest::rstest;
use tests::evil::{End, Scene, in_days, key, network, researcher};

use super::{answered, logged_and_refused, refused};

#[test]
fn what_lee_asks_is_answered_so_that_the_refusals_below_mean_something() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    let answer = answered(&scene, &query);
    assert_eq!(
        scene.charged(),
        (1, i64::try_from(answer.cost.nano()).unwrap())
    );
}

#[rstest]
#[case::its_own("coordinator")]
#[case::a_members("kim")]
#[case::the_offices("office")]
#[case::a_made_up_one("mallory")]
fn a_query_forged_with_another_key_is_refused(#[case] name: &str) {
    let scene = Scene::new();
    let forged = Envelope::sign(&scene.query(0.05), &key(name));
    logged_and_refused(&scene, &forged, RefusalReason::NotAResearcher);
}

#[rstest]
#[case::price(|q: &mut Query| q.question.rho = NanoRho::at_most(0.1).unwrap())]
#[case::parameter(|q: &mut Query| q.question.parameters.values_mut().next().unwrap().push('x'))]
#[case::lock_date(|q: &mut Query| q.question.lock_date = q.question.lock_date.yesterday().unwrap())]
#[case::mode(|q: &mut Query| q.question.mode = Mode::Secure)]
#[case::deadline(|q: &mut Query| q.deadline += SignedDuration::from_hours(1))]
#[case::log(|q: &mut Query| q.log = LogPosition::EMPTY)]
fn a_signed_query_altered_in_any_part_is_refused(#[case] alter: fn(&mut Query)) {
    let scene = Scene::new();
    let mut query = scene.query(0.05);
    let signed = scene.by_lee(&query);
    alter(&mut query);
    let mut altered = scene.by_lee(&query);
    altered.signatures = signed.signatures;
    logged_and_refused(&scene, &altered, RefusalReason::NotAResearcher);
}

#[test]
fn a_query_replayed_under_another_study_is_refused() {
    let scene = Scene::new();
    let second = Study {
        name: "second".parse().unwrap(),
        ..scene.study.clone()
    };
    scene.log(scene.decided(&second));
    let mut query = scene.query(0.05);
    let signed = scene.by_lee(&query);
    query.study = scene.id_of(&second);
    let mut moved = scene.by_lee(&query);
    moved.signatures = signed.signatures;
    logged_and_refused(&scene, &moved, RefusalReason::NotAResearcher);
}

#[test]
fn a_query_that_was_never_logged_is_refused() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    refused(&scene, &query, RefusalReason::NotInLog);
}

#[test]
fn a_query_that_is_logged_only_after_it_was_offered_is_refused_until_then() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    refused(&scene, &query, RefusalReason::NotInLog);
    scene.log(query.clone());
    answered(&scene, &query);
}

#[test]
fn a_query_over_another_log_is_refused() {
    let scene = Scene::new();
    let mut query = scene.query(0.05);
    query.log.head = ChainHead::from_bytes([7; 32]);
    logged_and_refused(&scene, &scene.by_lee(&query), RefusalReason::OtherLog);
}

#[test]
fn a_query_over_a_log_that_is_ahead_of_the_one_shown_is_refused() {
    let scene = Scene::new();
    let mut query = scene.query(0.05);
    query.log.entries += 50;
    logged_and_refused(&scene, &scene.by_lee(&query), RefusalReason::OtherLog);
}

#[test]
fn a_query_replayed_after_its_deadline_is_refused() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    scene.clock.set(in_days(1));
    logged_and_refused(&scene, &query, RefusalReason::DeadlineNotAllowed);
}

#[test]
fn a_query_of_somebody_whom_the_study_no_longer_names_is_refused() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    let second = Study {
        version: 2,
        researchers: vec![researcher("yoon")],
        ..scene.study.clone()
    };
    scene.log(scene.decided(&second));
    logged_and_refused(&scene, &query, RefusalReason::StudyNotInForce);
}

#[test]
fn what_lee_signed_as_something_else_is_not_answered_as_a_query() {
    let scene = Scene::new();
    let decline = Decline {
        network: network(),
        document: scene.id_of(&scene.study),
        reason: "no".to_owned(),
        log: scene.seen(),
    };
    let mut dressed = scene.by_lee(&scene.query(0.05));
    dressed.signatures = Envelope::sign(&decline, &key("lee")).signatures;
    logged_and_refused(&scene, &dressed, RefusalReason::NotAResearcher);
    let mut retyped = Envelope::sign(&decline, &key("lee"));
    retyped.payload_type = Query::TYPE.to_owned();
    logged_and_refused(&scene, &retyped, RefusalReason::MalformedQuery);
}

#[test]
fn a_query_under_another_payload_type_is_refused() {
    let scene = Scene::new();
    let mut query = scene.by_lee(&scene.query(0.05));
    query.payload_type = Study::TYPE.to_owned();
    logged_and_refused(&scene, &query, RefusalReason::MalformedQuery);
}

#[test]
fn a_query_larger_than_any_may_be_is_refused() {
    let scene = Scene::new();
    let mut query = scene.query(0.05);
    let filler = "x".repeat(300 * 1024);
    query
        .question
        .parameters
        .insert("filler".to_owned(), filler);
    logged_and_refused(&scene, &scene.by_lee(&query), RefusalReason::MalformedQuery);
}

#[test]
fn a_colluding_researcher_who_asks_more_than_the_study_allows_is_refused() {
    let scene = Scene::new();
    let mut query = scene.query(0.05);
    query.question.rho = NanoRho::at_most(0.16).unwrap();
    logged_and_refused(&scene, &scene.by_lee(&query), RefusalReason::RhoNotAllowed);
}

#[test]
fn a_colluding_researcher_who_asks_another_template_is_refused() {
    let scene = Scene::new();
    let mut query = scene.query(0.05);
    query.question.template = DocumentId::from_bytes([3; 32]);
    logged_and_refused(
        &scene,
        &scene.by_lee(&query),
        RefusalReason::TemplateNotInStudy,
    );
}

#[test]
fn signatures_of_strangers_before_the_researchers_open_no_door_and_close_none() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    let mut crowded = query.clone();
    let stranger = Envelope::sign(&scene.query(0.05), &key("mallory")).signatures;
    crowded.signatures = [vec![stranger[0].clone(); 63], query.signatures.clone()].concat();
    let mut strange = query;
    strange.signatures = stranger;
    logged_and_refused(&scene, &strange, RefusalReason::NotAResearcher);
    assert!(matches!(scene.offers(&crowded), End::Answered(_)));
}
