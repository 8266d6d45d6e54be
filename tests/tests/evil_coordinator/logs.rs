//! A log that is cut back, rewritten, reordered, promised and not sent, or another for everybody.

use jiff::SignedDuration;
use protocol::api::{LogPage, Offers};
use protocol::documents::{LogHead, RefusalReason, Study};
use protocol::envelope::Envelope;
use protocol::ids::ChainHead;
use protocol::log::LogEntry;
use rstest::rstest;
use tests::evil::{Scene, head_by, json, key, start};

use super::{answered, logged_and_refused, refused, stopped};

/// A node that has answered one question, and lee's next query, which is not logged yet.
fn after_one_answer() -> (Scene, Envelope) {
    let scene = Scene::new();
    let first = scene.by_lee(&scene.query(0.05));
    scene.log(first.clone());
    answered(&scene, &first);
    let next = scene.by_lee(&scene.query(0.04));
    (scene, next)
}

#[rstest]
#[case::cut_back(|log: &mut Vec<LogEntry>| log.truncate(4))]
#[case::cut_back_by_one(|log: &mut Vec<LogEntry>| drop(log.pop()))]
#[case::emptied(|log: &mut Vec<LogEntry>| log.clear())]
#[case::rewritten_at_its_end(|log: &mut Vec<LogEntry>| log.last_mut().unwrap().time += SignedDuration::from_secs(1))]
#[case::rewritten_in_the_middle(|log: &mut Vec<LogEntry>| drop(log[2].envelope.signatures.pop()))]
#[case::reordered(|log: &mut Vec<LogEntry>| { log.swap(2, 3); renumber(log); })]
#[case::an_entry_left_out(|log: &mut Vec<LogEntry>| { log.remove(2); renumber(log); })]
#[case::an_entry_put_between(|log: &mut Vec<LogEntry>| { log.insert(2, log[1].clone()); renumber(log); })]
fn a_log_that_is_not_the_one_seen_before_stops_the_node(#[case] alter: fn(&mut Vec<LogEntry>)) {
    let (scene, next) = after_one_answer();
    scene.relay.tamper(alter);
    stopped(&scene, &next);
    scene.log(next.clone());
    stopped(&scene, &next);
}

fn renumber(log: &mut [LogEntry]) {
    for (index, entry) in (0..).zip(log) {
        entry.index = index;
    }
}

#[rstest]
#[case::an_entry_missing(|log: &mut Vec<LogEntry>| drop(log.remove(2)))]
#[case::an_entry_doubled(|log: &mut Vec<LogEntry>| log.insert(2, log[2].clone()))]
#[case::entries_in_another_order(|log: &mut Vec<LogEntry>| log.swap(2, 3))]
#[case::time_that_goes_back(|log: &mut Vec<LogEntry>| log[3].time -= SignedDuration::from_secs(1))]
fn a_log_whose_entries_do_not_follow_is_not_taken_from_its_beginning(
    #[case] alter: fn(&mut Vec<LogEntry>),
) {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    scene.relay.tamper(alter);
    stopped(&scene, &query);
}

#[rstest]
#[case::another_head(|mut page: LogPage| { page.log.head = ChainHead::from_bytes([7; 32]); json(&page) })]
#[case::more_than_it_sends(|mut page: LogPage| { page.log.entries += 3; json(&page) })]
#[case::less_than_it_sends(|mut page: LogPage| { page.log.entries = 1; json(&page) })]
#[case::a_signed_head_of_another_log(|mut page: LogPage| { page.head = head_by("coordinator", elsewhere(&page), start()); json(&page) })]
#[case::a_head_that_somebody_else_signed(|mut page: LogPage| { page.head = head_by("mallory", page.log, start()); json(&page) })]
#[case::a_head_that_nobody_signed(|mut page: LogPage| { page.head.signatures.clear(); json(&page) })]
#[case::a_head_of_another_network(|mut page: LogPage| { page.head = head_of_japan(&page); json(&page) })]
#[case::a_head_that_is_no_head(|mut page: LogPage| { page.head = page.entries[0].envelope.clone(); json(&page) })]
#[case::broken_json(|page: LogPage| json(&page)[1..].to_vec())]
#[case::nothing(|_: LogPage| vec![])]
#[case::words_that_nobody_knows(|page: LogPage| [b"{\"trust\":\"me\",", &json(&page)[1..]].concat())]
#[case::pages_without_end(|_: LogPage| vec![b' '; 64 * 1024 * 1024])]
fn a_page_of_the_log_that_does_not_hold_is_not_taken(#[case] lie: fn(LogPage) -> Vec<u8>) {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    scene.relay.lie_in_pages(lie);
    stopped(&scene, &query);
    // The same node believes the same log, told truly.
    scene.relay.stop_lying();
    answered(&scene, &query);
}

fn head_of_japan(page: &LogPage) -> Envelope {
    let head = LogHead {
        network: "japan".parse().unwrap(),
        log: page.log,
        time: start(),
    };
    Envelope::sign(&head, &key("coordinator"))
}

fn elsewhere(page: &LogPage) -> protocol::log::LogPosition {
    let head = ChainHead::from_bytes([7; 32]);
    protocol::log::LogPosition { head, ..page.log }
}

#[rstest]
#[case::another_head(|mut offers: Offers| { offers.log.head = ChainHead::from_bytes([7; 32]); json(&offers) })]
#[case::a_shorter_log(|mut offers: Offers| { offers.log.entries = 1; json(&offers) })]
#[case::broken_json(|offers: Offers| json(&offers)[1..].to_vec())]
#[case::no_log_at_all(|offers: Offers| format!("{{\"offers\":{}}}", serde_json::to_string(&offers.offers).unwrap()).into_bytes())]
#[case::offers_without_end(|_: Offers| vec![b' '; 64 * 1024 * 1024])]
fn offers_that_do_not_go_with_the_log_are_not_taken(#[case] lie: fn(Offers) -> Vec<u8>) {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    scene.relay.lie_in_offers(lie);
    assert_eq!(scene.offers(&query), tests::evil::End::Stopped);
    assert_eq!(scene.charged(), (0, 0));
    scene.relay.stop_lying();
    answered(&scene, &query);
}

#[test]
fn a_log_shown_to_the_researcher_and_not_to_the_node_gets_no_answer() {
    let (scene, _) = after_one_answer();
    let others = Scene::new();
    others.log(others.decided(&others.study));
    // lee signs over the log that the coordinator shows to lee.
    let mut query = scene.query(0.04);
    query.log = others.seen();
    logged_and_refused(&scene, &scene.by_lee(&query), RefusalReason::OtherLog);
}

#[test]
fn two_nodes_that_are_shown_two_logs_say_so_in_what_they_sign() {
    let (one, other) = (Scene::new(), Scene::new());
    other.log(other.decided(&Study {
        name: "hidden".parse().unwrap(),
        ..other.study.clone()
    }));
    let heads = [&one, &other].map(|scene| {
        let query = scene.by_lee(&scene.query(0.05));
        scene.log(query.clone());
        answered(scene, &query).log
    });
    assert!(one.governance().chain().contains(heads[0]));
    assert!(!one.governance().chain().contains(heads[1]));
    assert!(!other.governance().chain().contains(heads[0]));
}

#[test]
fn a_coordinator_that_changes_between_two_logs_is_caught_by_the_first_it_showed() {
    let (scene, next) = after_one_answer();
    let other = Scene::new();
    let shown = other.relay.log();
    let truth = scene.relay.log();
    scene.relay.tamper(|log| *log = shown);
    scene.log(next.clone());
    stopped(&scene, &next);
    scene.relay.tamper(|log| *log = truth);
    refused(&scene, &next, RefusalReason::NotInLog);
}

#[test]
fn a_coordinator_behind_another_authority_is_not_listened_to() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    assert!(!scene.offers_behind_another_authority(&query));
    assert!(scene.relay.responses().is_empty());
    assert_eq!(
        scene.mirrored().position(),
        protocol::log::LogPosition::EMPTY
    );
}
