//! Which documents are taken up, in which order, and what the log says of them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::{Coordinator, Network, START, new_key};
use coordinator::limits::{OPEN_QUERIES_MAX, OPEN_QUERIES_PER_RESEARCHER_MAX};
use jiff::{SignedDuration, Timestamp};
use protocol::documents::{Charter, Currency, Decline, Query, Revocation, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::limits::{CLOCK_SKEW_S, DEADLINE_S_MAX, LOG_PAGE_MAX};
use protocol::log::LogPosition;

#[tokio::test]
async fn the_log_carries_every_document_in_order_and_its_chain_verifies() {
    let coordinator = Coordinator::ready(3).await;
    let page = coordinator.log().await;
    let sent: Vec<_> = coordinator
        .network
        .governance()
        .iter()
        .map(Envelope::id)
        .collect();
    let logged: Vec<_> = page
        .entries
        .iter()
        .map(|entry| entry.envelope.id())
        .collect();
    assert_eq!(logged, sent);
    assert_eq!(
        LogPosition::EMPTY.extended(&page.entries).unwrap(),
        page.log
    );
}

#[tokio::test]
async fn the_same_document_again_changes_nothing() {
    let coordinator = Coordinator::ready(2).await;
    let query = coordinator.network.query(1, coordinator.now());
    coordinator.submit(&query).await.unwrap();
    let before = coordinator.log().await;
    for document in coordinator.network.governance().iter().chain([&query]) {
        let again = coordinator.submit(document).await.unwrap();
        assert!(again.known && again.in_force, "{}", document.payload_type);
    }
    assert_eq!(coordinator.log().await, before);
}

#[tokio::test]
async fn nothing_is_taken_up_before_the_charter_and_only_one_charter_ever() {
    let coordinator = Coordinator::empty(2);
    let refused = coordinator
        .submit(&coordinator.network.roster())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "no_charter");
    coordinator
        .submit(&coordinator.network.charter())
        .await
        .unwrap();
    let other = Network::new(2).charter();
    assert_eq!(
        coordinator.submit(&other).await.unwrap_err().code(),
        "other_charter"
    );
    let coordinator = coordinator.restarted_after(std::time::Duration::ZERO).await;
    assert_eq!(
        coordinator.submit(&other).await.unwrap_err().code(),
        "other_charter"
    );
    assert!(
        coordinator
            .submit(&coordinator.network.roster())
            .await
            .unwrap()
            .in_force
    );
}

#[tokio::test]
async fn a_charter_of_another_network_or_without_a_members_signature_is_refused() {
    let coordinator = Coordinator::empty(1);
    let mut charter: Charter = coordinator.network.charter().parse_unverified().unwrap();
    let unsigned = Envelope::sign(&charter, &new_key());
    assert_eq!(
        coordinator.submit(&unsigned).await.unwrap_err().code(),
        "not_every_member"
    );
    charter.network = "another".parse().unwrap();
    let foreign = Envelope::sign(&charter, &coordinator.network.member);
    assert_eq!(
        coordinator.submit(&foreign).await.unwrap_err().code(),
        "other_network"
    );
    assert_eq!(coordinator.log().await.log, LogPosition::EMPTY);
    // Neither has pinned anything.
    assert!(
        coordinator
            .submit(&coordinator.network.charter())
            .await
            .unwrap()
            .in_force
    );
}

#[tokio::test]
async fn signatures_are_collected_in_the_log_until_the_committee_has_decided() {
    let coordinator = Coordinator::empty(2);
    coordinator
        .submit(&coordinator.network.charter())
        .await
        .unwrap();
    let proposed = Envelope::sign_seeing(
        &coordinator.network.roster_document(),
        &coordinator.network.office,
        LogPosition::EMPTY,
    );
    let first = coordinator.submit(&proposed).await.unwrap();
    assert!(!first.in_force && !first.known);
    let mut junk = proposed.clone();
    junk.add_signature_seeing(&new_key(), LogPosition::EMPTY);
    assert!(
        coordinator.submit(&junk).await.unwrap().known,
        "a stranger's signature is not kept"
    );
    let mut signed = proposed.clone();
    signed.signatures.clear();
    signed.add_signature_seeing(&coordinator.network.member, LogPosition::EMPTY);
    let second = coordinator.submit(&signed).await.unwrap();
    assert!(second.in_force && !second.known && second.id == first.id);
    let coordinator = coordinator.restarted_after(std::time::Duration::ZERO).await;
    assert!(coordinator.submit(&signed).await.unwrap().in_force);
}

#[tokio::test]
async fn a_document_that_its_proposer_did_not_sign_leaves_no_trace() {
    let coordinator = Coordinator::empty(2);
    coordinator
        .submit(&coordinator.network.charter())
        .await
        .unwrap();
    let without = Envelope::sign_seeing(
        &coordinator.network.template_document(),
        &coordinator.network.member,
        LogPosition::EMPTY,
    );
    assert_eq!(
        coordinator.submit(&without).await.unwrap_err().code(),
        "proposer_missing"
    );
    // Its member's signature was not kept: the proposer's alone does not put it in force.
    let proposed = Envelope::sign_seeing(
        &coordinator.network.template_document(),
        &coordinator.network.office,
        LogPosition::EMPTY,
    );
    assert!(!coordinator.submit(&proposed).await.unwrap().in_force);
    assert_eq!(coordinator.log().await.entries.len(), 2);
}

#[tokio::test]
async fn a_roster_that_names_another_coordinator_is_refused() {
    let coordinator = Coordinator::empty(2);
    coordinator
        .submit(&coordinator.network.charter())
        .await
        .unwrap();
    let mut roster = coordinator.network.roster_document();
    roster.coordinator = new_key().public();
    let refused = coordinator
        .submit(&coordinator.network.decided(&roster))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "other_coordinator");
}

#[tokio::test]
async fn an_older_roster_is_refused() {
    let coordinator = Coordinator::ready(2).await;
    let mut roster = coordinator.network.roster_document();
    roster.answer_delay_s = 1.0;
    let refused = coordinator
        .submit(&coordinator.network.decided(&roster))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "older");
    roster.version = 2;
    assert!(
        coordinator
            .submit(&coordinator.network.decided(&roster))
            .await
            .unwrap()
            .in_force
    );
}

#[tokio::test]
async fn a_currency_that_speaks_of_another_log_is_refused() {
    let coordinator = Coordinator::ready(1).await;
    let mut currency: Currency = coordinator.network.currency().parse_unverified().unwrap();
    currency.time += SignedDuration::from_secs(1);
    currency.log.entries = 2;
    let signed = Envelope::sign(&currency, &coordinator.network.office);
    let refused = coordinator.submit(&signed).await.unwrap_err();
    assert_eq!(refused.code(), "other_log");
    currency.log = coordinator.log().await.log;
    let signed = Envelope::sign(&currency, &coordinator.network.office);
    assert!(coordinator.submit(&signed).await.unwrap().in_force);
}

#[tokio::test]
async fn a_timekeepers_word_from_the_future_is_refused_and_a_true_one_can_follow() {
    let coordinator = Coordinator::ready(1).await;
    let office = &coordinator.network.office;
    let mut currency: Currency = coordinator.network.currency().parse_unverified().unwrap();
    currency.time += SignedDuration::from_secs(CLOCK_SKEW_S + 1);
    let early = Envelope::sign(&currency, office);
    let refused = coordinator.submit(&early).await.unwrap_err();
    assert_eq!(refused.code(), "from_the_future");
    currency.time -= SignedDuration::from_secs(CLOCK_SKEW_S);
    let true_word = Envelope::sign(&currency, office);
    assert!(coordinator.submit(&true_word).await.unwrap().in_force);
}

#[tokio::test]
async fn a_proposer_cannot_make_the_log_look_forked_by_a_second_signature_over_another() {
    let coordinator = Coordinator::ready(1).await;
    let (office, mut other) = (&coordinator.network.office, LogPosition::EMPTY);
    other.entries = 1;
    let mut template = coordinator.network.template_document();
    template.template = "name = \"other\"".into();
    let mut proposed = Envelope::sign_seeing(&template, office, LogPosition::EMPTY);
    let elsewhere = Envelope::sign_seeing(&template, office, other);
    proposed.signatures.extend(elsewhere.signatures);
    let before = coordinator.log().await.log;
    let refused = coordinator.submit(&proposed).await.unwrap_err();
    assert_eq!(refused.code(), "other_log");
    assert_eq!(coordinator.log().await.log, before);
}

#[tokio::test]
async fn what_nodes_send_is_not_handed_in_as_a_document() {
    let coordinator = Coordinator::ready(2).await;
    let refused = coordinator
        .submit(&coordinator.network.answer(0, 1))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "wrong_document_type");
}

type Change = fn(&mut Query);

#[rstest::rstest]
#[case::deadline_passed("deadline-not-allowed", |q: &mut Query| q.deadline = START.parse().unwrap())]
#[case::deadline_far("deadline-not-allowed", |q: &mut Query| q.deadline += SignedDuration::from_secs(DEADLINE_S_MAX + 301))]
#[case::other_study("study-not-in-force", |q: &mut Query| q.study = q.question.template)]
#[case::other_template("template-not-in-study", |q: &mut Query| q.question.template = q.study)]
#[case::too_dear("rho-not-allowed", |q: &mut Query| q.question.rho = protocol::amount::NanoRho::from_nano(500_000_001))]
#[case::long_parameter("parameters-not-allowed", |q: &mut Query| drop(q.question.parameters.insert("x".into(), "x".repeat(1025))))]
#[case::other_log("other_log", |q: &mut Query| q.log.entries = 1)]
#[tokio::test]
async fn a_query_that_every_node_would_refuse_does_not_travel(
    #[case] code: &str,
    #[case] change: Change,
) {
    let coordinator = Coordinator::ready(1).await;
    let mut query = coordinator.network.query_document(1, coordinator.now());
    change(&mut query);
    let refused = coordinator
        .submit(&Envelope::sign(&query, &coordinator.network.researcher))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), code);
    assert!(coordinator.queries().await.queries.is_empty());
}

#[tokio::test]
async fn a_query_signed_by_nobody_of_the_study_is_refused() {
    let coordinator = Coordinator::ready(1).await;
    let query = coordinator.network.query_document(1, coordinator.now());
    let refused = coordinator
        .submit(&Envelope::sign(&query, &coordinator.network.member))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "not-a-researcher");
}

#[tokio::test]
async fn the_last_query_that_fits_is_taken_and_the_next_is_told_to_wait() {
    let coordinator = Coordinator::ready(1).await;
    for number in 0..OPEN_QUERIES_MAX {
        let colleague = number % coordinator.network.colleagues.len();
        let now = coordinator.now();
        let query = coordinator
            .network
            .query_of_colleague(colleague, number as u64, now);
        coordinator.submit(&query).await.unwrap();
    }
    let one_more = coordinator.network.query(9999, coordinator.now());
    assert_eq!(
        coordinator.submit(&one_more).await.unwrap_err().code(),
        "too_many_queries"
    );
    let first = coordinator.queries().await.queries.last().unwrap().query;
    coordinator.offers(0).await.unwrap();
    coordinator
        .answer(0, first, &coordinator.network.answer(0, 0))
        .await
        .unwrap();
    assert!(!coordinator.submit(&one_more).await.unwrap().known);
}

#[tokio::test]
async fn one_researcher_cannot_take_every_place() {
    let coordinator = Coordinator::ready(1).await;
    let ask = async |number: usize| {
        let query = coordinator.network.query(number as u64, coordinator.now());
        coordinator.submit(&query).await
    };
    for number in 0..OPEN_QUERIES_PER_RESEARCHER_MAX {
        ask(number).await.unwrap();
    }
    let refused = ask(OPEN_QUERIES_PER_RESEARCHER_MAX).await.unwrap_err();
    assert_eq!(refused.code(), "too_many_of_yours");
    let colleague = coordinator
        .network
        .query_of_colleague(0, 7777, coordinator.now());
    assert!(!coordinator.submit(&colleague).await.unwrap().known);
}

#[tokio::test]
async fn a_page_of_the_log_ends_at_its_limit() {
    let coordinator = Coordinator::ready(1).await;
    let page = |from, limit| {
        let service = coordinator.service.clone();
        async move {
            service
                .run(&common::person(), move |relay, now| {
                    relay.log_page(from, limit, now)
                })
                .await
                .unwrap()
        }
    };
    assert_eq!(page(0, 2).await.entries.len(), 2);
    assert_eq!(page(3, 2).await.entries[0].index, 3);
    assert_eq!(page(0, LOG_PAGE_MAX + 1).await.entries.len(), 5);
    assert!(page(u64::MAX, 5).await.entries.is_empty());
}

#[tokio::test]
async fn a_log_that_was_altered_on_disk_is_noticed_at_start() {
    let coordinator = Coordinator::ready(1).await;
    coordinator.shutdown.finish().await;
    let database = coordinator.database();
    database.execute_batch("DROP TRIGGER log_is_never_changed; UPDATE log SET time_us = time_us + 1 WHERE entry = 2;").unwrap();
    let path = database.path().unwrap().to_owned();
    drop(database);
    let store = coordinator::store::Store::open(path.as_ref()).unwrap();
    let refused =
        coordinator::relay::Relay::open(store, coordinator.network.coordinator_key()).unwrap_err();
    assert_eq!(refused.code(), "store_broken");
}

#[tokio::test]
async fn a_time_finer_than_the_store_is_hashed_as_it_is_stored() {
    let coordinator = Coordinator::empty(1);
    coordinator
        .clock
        .set(START.parse::<Timestamp>().unwrap() + SignedDuration::from_nanos(1_234_567));
    coordinator
        .submit(&coordinator.network.charter())
        .await
        .unwrap();
    let page = coordinator.log().await;
    assert_eq!(
        LogPosition::EMPTY.extended(&page.entries).unwrap(),
        page.log
    );
    coordinator.restarted_after(std::time::Duration::ZERO).await;
}

#[tokio::test]
async fn a_proposal_by_a_key_that_nobody_enrolled_is_not_logged() {
    let coordinator = Coordinator::ready(1).await;
    let stranger = new_key();
    let template = TemplateDocument {
        proposer: stranger.public(),
        ..coordinator.network.template_document()
    };
    let before = coordinator.log().await.log;
    let proposed = Envelope::sign_seeing(&template, &stranger, LogPosition::EMPTY);
    let refused = coordinator.submit(&proposed).await.unwrap_err();
    assert_eq!(refused.code(), "not_enrolled");
    assert_eq!(coordinator.log().await.log, before);
}

#[tokio::test]
async fn a_member_declines_a_document_once_and_suspends_it_once() {
    let coordinator = Coordinator::ready(1).await;
    let (member, document) = (
        &coordinator.network.member,
        coordinator.network.study().id(),
    );
    let decline = |reason: &str| {
        let decline = Decline {
            network: "demo".parse().unwrap(),
            document,
            reason: reason.into(),
            log: LogPosition::EMPTY,
        };
        Envelope::sign(&decline, member)
    };
    coordinator.submit(&decline("too dear")).await.unwrap();
    let again = coordinator.submit(&decline("still too dear")).await;
    assert_eq!(again.unwrap_err().code(), "said_before");
    let now = coordinator.now();
    let revocation = |reason: &str| {
        let revocation = Revocation {
            network: "demo".parse().unwrap(),
            document,
            reason: reason.into(),
            time: now,
        };
        Envelope::sign_seeing(&revocation, member, LogPosition::EMPTY)
    };
    coordinator.submit(&revocation("a fault")).await.unwrap();
    assert!(
        coordinator
            .submit(&revocation("a fault"))
            .await
            .unwrap()
            .known
    );
    let again = coordinator.submit(&revocation("another fault")).await;
    assert_eq!(again.unwrap_err().code(), "said_before");
}

#[tokio::test]
async fn a_coordinator_whose_operator_named_the_charter_is_founded_with_no_other() {
    let coordinator = Coordinator::empty(1);
    let wanted = coordinator.network.charter();
    coordinator
        .database()
        .execute("UPDATE network SET charter = ?1", [wanted.id().to_string()])
        .unwrap();
    let coordinator = coordinator.restarted_after(std::time::Duration::ZERO).await;
    let impostor = new_key();
    let charter: Charter = wanted.parse_unverified().unwrap();
    let mut members = charter.members.clone();
    members[0].key = impostor.public();
    let other = Envelope::sign(&Charter { members, ..charter }, &impostor);
    let refused = coordinator.submit(&other).await.unwrap_err();
    assert_eq!(refused.code(), "other_charter");
    assert!(coordinator.submit(&wanted).await.unwrap().in_force);
}
