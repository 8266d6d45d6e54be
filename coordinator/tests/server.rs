//! The whole server over real TLS: initialised, certified, served, asked by typed calls, stopped and started again.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::path::Path;
use std::time::Duration;

use common::world::World;
use coordinator::commands::{CertifiedRole, Handout, certify, init, renew};
use coordinator::data_dir::DataDir;
use jiff::{SignedDuration, Timestamp};
use protocol::documents::{LogHead, QueryResult};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::log::LogPosition;
use protocol::task::TaskState;
use transport::ca::{CERTIFICATE_VALID, Validity, create_request};
use transport::clock::Clock;

/// The position that a signed head of the log speaks of.
fn position(head: &Envelope) -> LogPosition {
    head.parse_unverified::<LogHead>().unwrap().log
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_travels_to_every_center_and_its_sum_comes_back_over_tls() {
    let world = World::new(3);
    let running = world.serve().await;
    let query = world.ask(&running, 1).await;
    for index in 0..3 {
        let center = world.center(index, &running);
        let offers = center.offers(10, &[]).await.unwrap();
        assert_eq!(offers.offers[0].query.id(), query);
        center.report(query, TaskState::Accepted).await.unwrap();
        assert!(
            !center
                .answer(query, &world.network.answer(index, 1))
                .await
                .unwrap()
                .late
        );
    }
    let person = world.person(&running);
    let bundle = person.result(query).await.unwrap();
    let key = world.network.coordinator_key().public();
    let result: QueryResult = bundle.result.open(&[key].into()).unwrap();
    assert_eq!(result.totals, world.network.total(&[0, 1, 2]));
    let (entries, head) = person.log_since(LogPosition::EMPTY).await.unwrap();
    assert_eq!(entries.len(), 5 + 1 + 3 + 1);
    let (more, _) = person.log_since(position(&head)).await.unwrap();
    assert!(more.is_empty());
    running.shutdown.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let world = World::new(2);
    let running = world.serve().await;
    let query = world.ask(&running, 1).await;
    let center = world.center(0, &running);
    center.offers(0, &[]).await.unwrap();
    center
        .answer(query, &world.network.answer(0, 1))
        .await
        .unwrap();
    let (_, before) = world
        .person(&running)
        .log_since(LogPosition::EMPTY)
        .await
        .unwrap();
    running.shutdown.finish().await;

    let running = world.serve().await;
    let status = world.person(&running).query(query, 0, None).await.unwrap();
    assert_eq!(status.tasks[0].state, TaskState::Answered);
    assert!(
        !world
            .center(0, &running)
            .answer(query, &world.network.answer(0, 1))
            .await
            .unwrap()
            .late,
        "again"
    );
    let (more, _) = world
        .person(&running)
        .log_since(position(&before))
        .await
        .unwrap();
    assert!(more.is_empty());
    let second = world.center(1, &running);
    second.offers(0, &[]).await.unwrap();
    second
        .answer(query, &world.network.answer(1, 1))
        .await
        .unwrap();
    assert!(world.person(&running).result(query).await.is_ok());
    running.shutdown.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_cannot_fetch_or_answer_and_a_center_only_for_itself() {
    let world = World::new(2);
    let running = world.serve().await;
    let query = world.ask(&running, 1).await;
    let person = world.person(&running);
    assert_eq!(
        person.offers(0, &[]).await.unwrap_err().code(),
        "wrong_role"
    );
    let answer = world.network.answer(0, 1);
    assert_eq!(
        person.answer(query, &answer).await.unwrap_err().code(),
        "wrong_role"
    );
    let second = world.center(1, &running);
    second.offers(0, &[]).await.unwrap();
    assert_eq!(
        second.answer(query, &answer).await.unwrap_err().code(),
        "signature"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_answered_with_problems_that_have_codes() {
    let world = World::new(1);
    let running = world.serve().await;
    let person = world.person(&running);
    let unknown = DocumentId::from_bytes([7; 32]);
    assert_eq!(
        person.query(unknown, 0, None).await.unwrap_err().code(),
        "no_such_query"
    );
    assert_eq!(
        person.result(unknown).await.unwrap_err().code(),
        "no_such_query"
    );
    assert_eq!(
        person.query(unknown, 61, None).await.unwrap_err().code(),
        "wait_too_long"
    );
    let junk = Envelope {
        payload_type: "x".into(),
        payload: "not base64!".into(),
        signatures: vec![],
    };
    assert_eq!(
        person.submit(&junk).await.unwrap_err().code(),
        "not_a_document"
    );
    let mut large = world.network.charter();
    large.payload = "A".repeat(600 * 1024);
    assert_eq!(
        person.submit(&large).await.unwrap_err().code(),
        "body_too_large"
    );
}

#[rstest::rstest]
#[case("/v1/queries/%ff", "not_an_id")]
#[case("/v1/queries/abc/result", "not_an_id")]
#[case("/v1/log?from=-1", "invalid_request")]
#[case("/v1/log?from=0&to=1", "invalid_request")]
#[case("/v1/nothing", "no_such_path")]
#[case("/v1/documents", "wrong_method")]
#[tokio::test(flavor = "multi_thread")]
async fn every_malformed_address_is_answered_with_a_problem(
    #[case] path: &str,
    #[case] code: &str,
) {
    let world = World::new(1);
    let running = world.serve().await;
    let http = world.http(CertifiedRole::Person, "kim", &running);
    let answered = http.get::<serde_json::Value>(path, &[], Duration::ZERO);
    assert_eq!(answered.await.unwrap_err().code(), code);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_does_not_wait_for_long_polls() {
    let world = World::new(1);
    let running = world.serve().await;
    world.ask(&running, 1).await;
    let center = world.center(0, &running);
    let known = [center.offers(0, &[]).await.unwrap().offers[0].query.id()];
    let poll = async { center.offers(60, &known).await };
    let end = async {
        tokio::task::yield_now().await;
        running.shutdown.finish().await;
    };
    let (polled, ()) = tokio::join!(poll, end);
    // Whether the poll had arrived or not, it is over: empty, or never let in.
    assert!(polled.map_or_else(
        |error| error.is_transient(),
        |offers| offers.offers.is_empty()
    ));
}

#[test]
fn init_is_complete_or_nothing_and_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let now: Timestamp = common::START.parse().unwrap();
    let hosts = ["localhost".to_owned()];
    let bad = init(
        &data,
        "demo".parse().unwrap(),
        &["not a host".to_owned()],
        now,
    );
    assert_eq!(bad.unwrap_err().code(), "certificate");
    assert!(!data.exists());
    let handout = init(&data, "demo".parse().unwrap(), &hosts, now).unwrap();
    let written: Handout =
        serde_json::from_slice(&std::fs::read(data.join("handout.json")).unwrap()).unwrap();
    assert_eq!(written.signing_key, handout.signing_key);
    assert_eq!(
        init(&data, "demo".parse().unwrap(), &hosts, now)
            .unwrap_err()
            .code(),
        "not_empty"
    );
    assert_eq!(
        DataDir::at(Path::new("/nowhere"))
            .open_store()
            .unwrap_err()
            .code(),
        "not_initialised"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_server_is_said_to_be_expired_and_serves_again_when_renewed() {
    let world = World::new(1);
    let running = world.serve().await;
    world
        .clock
        .advance(CERTIFICATE_VALID + std::time::Duration::from_hours(1));
    let refused = world.person(&running).queries().await.unwrap_err();
    assert_eq!(refused.code(), "certificate_expired");
    assert!(
        refused
            .to_string()
            .contains("the coordinator's certificate"),
        "{refused}"
    );
    running.shutdown.finish().await;
    renew(
        world.data().root(),
        &["127.0.0.1".into()],
        world.clock.now(),
    )
    .unwrap();
    let running = world.serve().await;
    world.person(&running).queries().await.unwrap();
    running.shutdown.finish().await;
}

#[test]
fn one_folder_serves_one_process() {
    let world = World::new(1);
    let held = world.data().lock().unwrap();
    assert_eq!(world.data().lock().unwrap_err().code(), "argument");
    drop(held);
    world.data().lock().unwrap();
}

#[test]
fn a_certificate_is_not_issued_for_what_is_not_a_request() {
    let world = World::new(1);
    let (csr, out) = (
        world.dir.path().join("a.csr"),
        world.dir.path().join("a.pem"),
    );
    let validity = Validity::from(world.clock.now() + SignedDuration::ZERO, CERTIFICATE_VALID);
    let issue = |id: &str| {
        certify(
            world.data().root(),
            CertifiedRole::Center,
            id,
            &csr,
            &out,
            validity,
        )
    };
    assert_eq!(issue("K01").unwrap_err().code(), "file");
    std::fs::write(&csr, "hello").unwrap();
    assert_eq!(issue("K01").unwrap_err().code(), "certificate");
    std::fs::write(&csr, create_request().unwrap().public_pem).unwrap();
    assert_eq!(issue("../K01").unwrap_err().code(), "identity");
    assert!(!out.exists());
    issue("K01").unwrap();
    assert!(out.exists());
}
