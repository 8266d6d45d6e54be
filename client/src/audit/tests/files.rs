//! What can be done to the file? Lines taken out, doubled, moved, altered, with and without mending what follows.

use jiff::SignedDuration;
use protocol::documents::Query;
use protocol::log::LogEntry;
use rstest::rstest;

use super::super::{Code, LogFile};
use super::{codes, entries, judged, must_say, told};

fn renumbered(entries: &mut [LogEntry]) {
    for (index, entry) in (0..).zip(entries) {
        entry.index = index;
    }
}

/// One character of the payload, which stays base64.
fn flip(entry: &mut LogEntry) {
    let mut payload = entry.envelope.payload.clone().into_bytes();
    let last = payload.len() - 8;
    payload[last] = if payload[last] == b'A' { b'B' } else { b'A' };
    entry.envelope.payload = String::from_utf8(payload).unwrap();
}

fn cut_signature(entry: &mut LogEntry) {
    let sig = &mut entry.envelope.signatures[0].sig;
    *sig = format!("AAAA{}", &sig[4..]);
}

#[rstest]
#[case::an_entry_taken_out(|e: &mut Vec<LogEntry>| drop(e.remove(6)), Code::EntryMissing, &["entry 6 is missing", "4 entries behind"])]
#[case::an_entry_doubled(|e: &mut Vec<LogEntry>| { let one = e[6].clone(); e.insert(7, one); }, Code::EntryDoubled, &["entry 6 stands twice"])]
#[case::an_entry_with_another_of_its_index(
    |e: &mut Vec<LogEntry>| { let mut one = e[7].clone(); one.index = 6; e.insert(7, one); },
    Code::EntryDoubled, &["entry 6", "different content"]
)]
#[case::two_lines_changed_places(|e: &mut Vec<LogEntry>| e.swap(6, 7), Code::EntryReordered, &["entry 6 stands behind entry 7"])]
#[case::a_time_set_back(|e: &mut Vec<LogEntry>| e[7].time -= SignedDuration::from_hours(1), Code::TimeBack, &["entry 7", "answer of K02", "before the entry that it follows"])]
#[case::a_time_set_ahead(|e: &mut Vec<LogEntry>| e[7].time += SignedDuration::from_hours(1), Code::TimeBack, &["entry 8", "answer of K03"])]
#[case::a_time_moved_a_little(
    |e: &mut Vec<LogEntry>| e[4].time += SignedDuration::from_millis(1),
    Code::Rewritten, &["the first at entry 5", "entry 4 was altered"]
)]
#[case::an_entry_taken_out_and_the_rest_renumbered(
    |e: &mut Vec<LogEntry>| { e.remove(4); renumbered(e); },
    Code::OtherLog, &["entry 4, query", "in study first", "reordered or removed"]
)]
#[case::the_query_taken_out(|e: &mut Vec<LogEntry>| { e.remove(5); renumbered(e); }, Code::AnswerUnasked, &["answer of K01", "nobody had asked"])]
#[case::two_entries_changed_places_and_renumbered(
    |e: &mut Vec<LogEntry>| { e.swap(5, 6); let t = e[5].time; e[5].time = e[6].time; e[6].time = t; renumbered(e); },
    Code::OtherLog, &["entry 5", "answer of K01", "more than came before it"]
)]
#[case::a_byte_of_an_answer(|e: &mut Vec<LogEntry>| flip(&mut e[6]), Code::ResultNotInLog, &["result of query", "in study first", "answer of K01"])]
#[case::a_signature_of_an_answer(|e: &mut Vec<LogEntry>| cut_signature(&mut e[6]), Code::NoSignature, &["entry 6, answer of K01", "study first", "no signature"])]
#[case::a_signature_of_a_query(|e: &mut Vec<LogEntry>| cut_signature(&mut e[5]), Code::QueryNotAResearcher, &["entry 5, query", "no researcher"])]
#[case::a_signature_of_a_result(|e: &mut Vec<LogEntry>| cut_signature(&mut e[10]), Code::ResultSignature, &["entry 10, result", "coordinator's signature"])]
#[case::a_signature_of_a_roster(|e: &mut Vec<LogEntry>| cut_signature(&mut e[1]), Code::ProposerMissing, &["entry 1, roster", "proposer"])]
#[case::a_signature_of_the_charter(|e: &mut Vec<LogEntry>| cut_signature(&mut e[0]), Code::NotEveryMember, &["entry 0, charter", "every member"])]
#[case::a_signature_of_currency(|e: &mut Vec<LogEntry>| cut_signature(&mut e[4]), Code::NoSignature, &["entry 4, currency"])]
#[case::a_byte_of_the_charter(|e: &mut Vec<LogEntry>| flip(&mut e[0]), Code::CharterNotInLog, &["was never in force"])]
#[case::a_payload_type(
    |e: &mut Vec<LogEntry>| e[6].envelope.payload_type = "application/vnd.cartally.note+json".into(),
    Code::UnknownKind, &["entry 6", "cartally.note"]
)]
#[case::an_answer_passed_off_as_a_refusal(
    |e: &mut Vec<LogEntry>| e[6].envelope.payload_type = e[9].envelope.payload_type.clone(),
    Code::Malformed, &["entry 6", "not a valid"]
)]
#[case::a_payload_that_is_no_base64(|e: &mut Vec<LogEntry>| e[5].envelope.payload = "?".into(), Code::Malformed, &["entry 5", "base64"])]
#[case::a_query_logged_again_at_the_end(
    |e: &mut Vec<LogEntry>| { let mut one = e[5].clone(); one.time = e[10].time; e.push(one); renumbered(e); },
    Code::Repeated, &["entry 11, query", "already"]
)]
#[case::a_roster_replayed(
    |e: &mut Vec<LogEntry>| { let mut one = e[1].clone(); one.time = e[10].time; e.push(one); renumbered(e); },
    Code::Repeated, &["entry 11, roster"]
)]
fn an_altered_file_does_not_pass_and_is_told_what_is_wrong(
    #[case] alter: fn(&mut Vec<LogEntry>),
    #[case] code: Code,
    #[case] words: &[&str],
) {
    let (story, mut entries) = entries();
    alter(&mut entries);
    let report = judged(&story, &LogFile::from(entries), None);
    must_say(&report, code, words);
}

#[test]
fn lines_that_are_no_entries_are_named_and_the_entries_before_them_are_checked() {
    let (story, entries) = entries();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.jsonl");
    let lines = entries.iter().map(|e| serde_json::to_string(e).unwrap());
    let mut lines: Vec<String> = lines.collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    let whole = judged(&story, &LogFile::read(&path).unwrap(), None);
    assert!(whole.passes(), "{whole}");
    lines[8].truncate(40);
    std::fs::write(&path, lines.join("\n")).unwrap();
    let report = judged(&story, &LogFile::read(&path).unwrap(), None);
    must_say(&report, Code::UnreadableLine, &["line 9", "after entry 7"]);
    must_say(&report, Code::EntryMissing, &["entry 8 is missing"]);
    assert_eq!(report.summary.log.unwrap().entries, 8);
}

#[test]
fn a_doubled_line_and_a_moved_one_do_not_keep_the_rest_from_being_checked() {
    let (story, mut entries) = entries();
    let one = entries[3].clone();
    entries.push(one);
    let report = judged(&story, &LogFile::from(entries), None);
    assert_eq!(codes(&report), [Code::EntryReordered, Code::EntryDoubled]);
    assert_eq!(report.summary.results, 1);
}

#[test]
fn a_node_that_was_shown_another_log_is_told_apart_from_a_log_that_was_rewritten() {
    let mut story = told();
    let mut query: Query = story
        .query(2, &story.study(300))
        .parse_unverified()
        .unwrap();
    query.log.head = protocol::ids::ChainHead::from_bytes([7; 32]);
    story.log(&protocol::envelope::Envelope::sign(
        &query,
        &story.researcher,
    ));
    let other = story.query(3, &story.study(300));
    story.log(&other);
    let report = super::audited(&story);
    assert_eq!(codes(&report), [Code::OtherLog]);
    must_say(
        &report,
        Code::OtherLog,
        &["entry 11, query", "in study first"],
    );
}
