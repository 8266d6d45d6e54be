//! What shows that a log was rewritten, or that somebody was shown another.

use jiff::SignedDuration;
use protocol::documents::{Roster, Study, TemplateDocument};
use protocol::envelope::Payload;
use protocol::ids::ChainHead;
use protocol::log::{LogEntry, LogError, LogPosition};
use protocol::verify::{Governance, GovernanceError, Taken};
use rstest::rstest;

use super::network::{Network, key, now, pending};

fn read(entries: &[LogEntry]) -> Result<Governance, LogError> {
    let mut governance = Governance::pinned_to(entries[0].envelope.id());
    for entry in entries {
        governance.take(entry)?;
    }
    Ok(governance)
}

#[rstest]
#[case::missing(|log: &mut Vec<LogEntry>| drop(log.remove(2)), 2, 3)]
#[case::doubled(|log: &mut Vec<LogEntry>| log.insert(2, log[2].clone()), 3, 2)]
#[case::reordered(|log: &mut Vec<LogEntry>| log.swap(2, 3), 2, 3)]
#[case::beginning_cut_off(|log: &mut Vec<LogEntry>| drop(log.remove(0)), 0, 1)]
fn a_log_whose_entries_do_not_follow_is_not_read(
    #[case] alter: fn(&mut Vec<LogEntry>),
    #[case] expected: u64,
    #[case] found: u64,
) {
    let mut log = Network::ready().entries;
    alter(&mut log);
    assert_eq!(
        read(&log).unwrap_err(),
        LogError::OutOfOrder { expected, found }
    );
}

#[test]
fn a_log_whose_time_goes_back_is_not_read() {
    let mut log = Network::ready().entries;
    log[3].time -= SignedDuration::from_nanos(1);
    assert_eq!(read(&log).unwrap_err(), LogError::TimeBack { index: 3 });
}

#[test]
fn an_entry_that_does_not_extend_the_log_leaves_everything_as_it_was() {
    let mut network = Network::ready();
    let (before, again) = (
        format!("{:?}", network.governance),
        network.entries[1].clone(),
    );
    assert!(network.governance.take(&again).is_err());
    assert_eq!(format!("{:?}", network.governance), before);
    assert!(network.ask().is_ok());
}

#[rstest]
#[case::time(|entry: &mut LogEntry| entry.time += SignedDuration::from_nanos(1))]
#[case::signature_left_out(|entry: &mut LogEntry| drop(entry.envelope.signatures.pop()))]
#[case::payload(|entry: &mut LogEntry| entry.envelope.payload.push_str("AAAA"))]
#[case::hint_of_a_signature(|entry: &mut LogEntry| entry.envelope.signatures[0].keyid.clear())]
fn an_entry_altered_in_any_part_ends_in_another_head(#[case] alter: fn(&mut LogEntry)) {
    let log = Network::ready().entries;
    let mut altered = log.clone();
    alter(altered.last_mut().unwrap());
    let head = |log: &[LogEntry]| LogPosition::EMPTY.extended(log).unwrap();
    assert_ne!(head(&log), head(&altered));
}

#[test]
fn a_signature_over_another_log_counts_nowhere_and_is_noted() {
    let mut network = Network::founded();
    let mut elsewhere = network.clone();
    elsewhere.post(&network.documents.template, &["office"]);
    let shown = elsewhere.seen();
    let mut signed = network.signed(&network.documents.roster, &["office", "kim"]);
    signed.add_signature_seeing(&key("choi"), shown);
    let votes = pending(network.log(signed.clone()));
    assert_eq!(votes.signed, [key("kim").public()].into());
    let strangers = network.governance.strangers();
    assert_eq!((strangers.len(), strangers[0].log), (1, shown));
    assert_eq!(strangers[0].key, key("choi").public());
    // Neither later, when this log is as long.
    network.post(&network.documents.study.clone(), &["office"]);
    assert_eq!(pending(network.log(signed)).signed.len(), 1);
}

#[test]
fn a_signature_that_does_not_say_which_log_it_saw_counts_for_nothing() {
    let mut network = Network::founded();
    let mut signed = network.signed(&network.documents.roster, &["office", "kim"]);
    signed.add_signature(&key("choi"));
    assert_eq!(pending(network.log(signed)).signed.len(), 1);
}

#[test]
fn a_signature_that_claims_to_have_seen_what_came_after_it_counts_for_nothing() {
    let mut network = Network::founded();
    let mut later = network.clone();
    later.log(network.signed(&network.documents.roster, &["office"]));
    // The position after the entry that carries the signature: its author cannot have seen it.
    let mut signed = network.signed(&network.documents.roster, &["office"]);
    signed.add_signature_seeing(&key("kim"), later.seen());
    assert!(pending(network.log(signed)).signed.is_empty());
}

#[test]
fn a_position_altered_on_a_signature_takes_it_away() {
    let mut network = Network::founded();
    let mut signed = network.signed(&network.documents.roster, &["office", "kim"]);
    let seen = signed.signatures[1].seen.as_mut().unwrap();
    seen.log = LogPosition::EMPTY;
    assert!(pending(network.log(signed)).signed.is_empty());
}

#[test]
fn a_sight_moved_from_one_document_to_another_takes_the_signature_away() {
    let mut network = Network::founded();
    let template = network.signed(&network.documents.template, &["kim"]);
    let mut signed = network.signed(&network.documents.roster, &["office", "kim"]);
    signed.signatures[1].seen = template.signatures[0].seen.clone();
    assert!(pending(network.log(signed)).signed.is_empty());
}

#[rstest]
#[case::roster(Roster::TYPE)]
#[case::template(TemplateDocument::TYPE)]
#[case::study(Study::TYPE)]
fn an_entry_whose_payload_cannot_be_read_is_ineffective(#[case] payload_type: &str) {
    let mut network = Network::founded();
    for payload in ["%%%", "", "e30=", "bnVsbA=="] {
        let mut envelope = network.decided(&network.documents.roster);
        (envelope.payload_type, envelope.payload) = (payload_type.into(), payload.into());
        assert!(matches!(
            network.log(envelope),
            Taken::Ineffective(GovernanceError::Envelope(_))
        ));
    }
}

#[test]
fn a_decline_over_another_log_is_not_taken() {
    let mut network = Network::ready();
    let mut decline = network.decline(network.documents.query.study);
    decline.log.head = ChainHead::from_bytes([8; 32]);
    assert!(matches!(
        network.post(&decline, &["kim"]),
        Taken::Ineffective(GovernanceError::OtherLog)
    ));
}

#[test]
fn a_query_is_known_by_the_place_where_it_came_first() {
    let mut network = Network::ready();
    network.ask().unwrap();
    let (query, first) = (network.query(), network.seen().entries - 1);
    network.log_at(query.clone(), now());
    assert_eq!(network.governance.query_index(&query.id()), Some(first));
}
