//! The record's claims, over real files.

mod altered;
mod exported;

use std::path::PathBuf;
use std::sync::Barrier;

use jiff::Timestamp;
use proptest::prelude::*;
use protocol::documents::{Refusal, RefusalReason};
use protocol::envelope::Envelope;
use protocol::ids::{DocumentId, QuestionId};
use protocol::keys::SigningKey;
use protocol::log::LogPosition;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;

struct Fixture {
    _dir: TempDir,
    path: PathBuf,
    record: Record,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("record.db");
    let record = Record::create(&path, at(0)).unwrap();
    Fixture {
        _dir: dir,
        path,
        record,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn query(number: u8) -> DocumentId {
    DocumentId::from_bytes([number; 32])
}

/// A signed document, another one for each number. What it says does not matter to the record.
fn document(number: u8) -> Envelope {
    // One key for all, so that a number always makes the same bytes.
    static KEY: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let pkcs8 = KEY.get_or_init(|| SigningKey::generate_pkcs8().unwrap().to_vec());
    let refusal = Refusal {
        query: query(number),
        center: "K01".parse().unwrap(),
        reason: RefusalReason::NoLock,
        log: LogPosition::EMPTY,
    };
    Envelope::sign(&refusal, &SigningKey::from_pkcs8(pkcs8).unwrap())
}

fn answer(number: u8, document: &Envelope) -> Departure<'_> {
    Departure::Answer {
        query: query(number),
        question: QuestionId::from_bytes([number; 32]),
        document,
    }
}

fn refusal(number: u8, document: &Envelope) -> Departure<'_> {
    Departure::Refusal {
        query: query(number),
        reason: RefusalReason::NoLock,
        document,
    }
}

fn awaits(record: &Record, number: u8) {
    let query = query(number);
    record.left(Departure::Awaiting { query }, at(1)).unwrap();
}

/// A record with a row of every kind; query 1 is approved and answered, 2 refused by a person, 3 waits.
fn full() -> Fixture {
    let fixture = fixture();
    let record = &fixture.record;
    record.note_policy("default = 1", at(1)).unwrap();
    let charter = SeenCharter {
        version: 1,
        id: DocumentId::from_bytes([7; 32]),
    };
    record.note_charter(charter, at(2)).unwrap();
    (1..=3).for_each(|number| awaits(record, number));
    let decide = |number, verdict| record.decide(query(number), verdict, "kim", "as ever", at(3));
    decide(1, Verdict::Approve).unwrap();
    decide(2, Verdict::Refuse).unwrap();
    record.left(answer(1, &document(1)), at(4)).unwrap();
    record.left(refusal(2, &document(2)), at(5)).unwrap();
    let request = document(4);
    record
        .left(Departure::Request { document: &request }, at(6))
        .unwrap();
    record.note_currency(&document(5), at(7)).unwrap();
    fixture
}

fn kinds(record: &Record) -> Vec<&'static str> {
    let entries = record.entries().unwrap();
    entries.iter().map(|(entry, _)| entry.kind.code()).collect()
}

#[test]
fn what_left_is_on_disk_before_it_leaves_and_found_there_after_a_crash() {
    let fixture = fixture();
    let document = document(1);
    fixture.record.left(answer(1, &document), at(1)).unwrap();
    // Killed here, before the answer is sent: nothing was closed or flushed by hand, another handle reads the file.
    let record = Record::open(&fixture.path).unwrap();
    assert_eq!(kinds(&record), ["begun", "answer"]);
    let kept = record.document(document.id()).unwrap().unwrap();
    assert_eq!(kept, document.to_json());
    // Sent after the restart: the row that is there serves.
    record.left(answer(1, &document), at(9)).unwrap();
    assert_eq!(kinds(&record), ["begun", "answer"]);
}

#[test]
fn a_resend_adds_nothing_and_the_same_answer_to_another_query_does() {
    let fixture = full();
    let (record, head) = (&fixture.record, fixture.record.head().unwrap());
    record.left(answer(1, &document(1)), at(20)).unwrap();
    record.left(refusal(2, &document(2)), at(20)).unwrap();
    let request = document(4);
    record
        .left(Departure::Request { document: &request }, at(20))
        .unwrap();
    record.note_currency(&document(5), at(20)).unwrap();
    awaits(record, 3);
    assert_eq!(record.head().unwrap(), head);
    record.left(answer(6, &document(1)), at(20)).unwrap();
    assert_ne!(record.head().unwrap(), head);
    record.verify_chain().unwrap();
}

#[test]
fn a_policy_is_written_down_when_it_differs_from_the_last() {
    let fixture = fixture();
    for text in ["a", "a", "b", "a"] {
        fixture.record.note_policy(text, at(1)).unwrap();
    }
    assert_eq!(
        kinds(&fixture.record),
        ["begun", "policy", "policy", "policy"]
    );
}

#[test]
fn the_highest_charter_stays_and_a_lower_or_second_one_is_told() {
    let fixture = fixture();
    let record = &fixture.record;
    let charter = |version, id| SeenCharter {
        version,
        id: DocumentId::from_bytes([id; 32]),
    };
    let note = |charter| record.note_charter(charter, at(1)).unwrap();
    assert_eq!(record.highest_charter().unwrap(), None);
    assert_eq!(note(charter(1, 1)), CharterNote::Highest);
    assert_eq!(note(charter(1, 1)), CharterNote::Highest);
    assert_eq!(note(charter(3, 3)), CharterNote::Highest);
    assert_eq!(note(charter(1, 1)), CharterNote::Behind(charter(3, 3)));
    assert_eq!(note(charter(3, 4)), CharterNote::Fork(charter(3, 3)));
    assert_eq!(record.highest_charter().unwrap(), Some(charter(3, 3)));
    assert_eq!(kinds(record), ["begun", "charter", "charter"]);
}

#[test]
fn a_decision_is_taken_once_on_a_query_that_waits() {
    let fixture = fixture();
    let record = &fixture.record;
    let decide = |number, verdict| record.decide(query(number), verdict, "kim", "", at(5));
    assert_eq!(
        decide(1, Verdict::Approve).unwrap_err().code(),
        "not_awaiting"
    );
    awaits(record, 1);
    awaits(record, 2);
    assert_eq!(
        record.awaiting().unwrap(),
        [(query(1), at(1)), (query(2), at(1))]
    );
    assert_eq!(record.decision(query(1)).unwrap(), None);
    decide(1, Verdict::Approve).unwrap();
    decide(1, Verdict::Approve).unwrap();
    let other = decide(1, Verdict::Refuse).unwrap_err();
    assert_eq!(other.code(), "decided_before");
    assert!(other.to_string().contains("was approved before"), "{other}");
    let decided = record.decision(query(1)).unwrap().unwrap();
    assert_eq!((decided.verdict, decided.at), (Verdict::Approve, at(5)));
    assert_eq!(record.awaiting().unwrap(), [(query(2), at(1))]);
    // Refused by itself meanwhile, for example because the study was revoked.
    record.left(refusal(2, &document(2)), at(6)).unwrap();
    assert_eq!(record.awaiting().unwrap(), []);
    assert_eq!(
        decide(2, Verdict::Approve).unwrap_err().code(),
        "not_awaiting"
    );
    assert_eq!(kinds(record).len(), 5);
}

#[test]
fn no_answer_leaves_to_a_query_that_waits_or_that_a_person_refused() {
    let fixture = full();
    let record = &fixture.record;
    for number in [2, 3] {
        let refused = record.left(answer(number, &document(number)), at(9));
        assert_eq!(refused.unwrap_err().code(), "not_approved");
    }
    assert!(record.was_awaiting(query(3)).unwrap());
    assert!(!record.was_awaiting(query(4)).unwrap());
    record
        .decide(query(3), Verdict::Approve, "kim", "", at(9))
        .unwrap();
    record.left(answer(3, &document(3)), at(10)).unwrap();
}

#[test]
fn the_texts_of_a_decision_are_taken_up_to_their_limits() {
    let fixture = fixture();
    awaits(&fixture.record, 1);
    let decide = |by: usize, note: usize| {
        let (by, note) = ("é".repeat(by), "é".repeat(note));
        fixture
            .record
            .decide(query(1), Verdict::Refuse, &by, &note, at(1))
    };
    assert_eq!(
        decide(BY_CHARS_MAX + 1, 0).unwrap_err().code(),
        "text_too_long"
    );
    assert_eq!(
        decide(0, NOTE_CHARS_MAX + 1).unwrap_err().code(),
        "text_too_long"
    );
    decide(BY_CHARS_MAX, NOTE_CHARS_MAX).unwrap();
}

#[test]
fn handles_that_append_at_once_keep_one_chain() {
    let fixture = fixture();
    let writers = 6_u8;
    let start = Barrier::new(usize::from(writers));
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let (start, shared, path) = (&start, &fixture.record, &fixture.path);
            scope.spawn(move || {
                // Half of them through one handle, half through handles of their own, as other processes would.
                let own = (writer % 2 == 1).then(|| Record::open(path).unwrap());
                let record = own.as_ref().unwrap_or(shared);
                start.wait();
                for number in 0..5 {
                    // Each document twice over all writers: one row each.
                    record
                        .left(answer(number, &document(number)), at(1))
                        .unwrap();
                    record
                        .note_policy(&format!("{writer} {number}"), at(2))
                        .unwrap();
                }
            });
        }
    });
    let kinds = kinds(&fixture.record);
    assert_eq!(kinds.iter().filter(|kind| **kind == "answer").count(), 5);
    assert_eq!(kinds.len(), 1 + 5 + 30);
    fixture.record.verify_chain().unwrap();
}

#[test]
fn processes_that_begin_the_record_at_once_begin_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("record.db");
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for second in 0..4 {
            let (start, path) = (&start, &path);
            scope.spawn(move || {
                start.wait();
                Record::open_or_begin(path, at(second)).unwrap();
            });
        }
    });
    assert_eq!(kinds(&Record::open(&path).unwrap()), ["begun"]);
    assert_eq!(
        Record::create(&path, at(0)).unwrap_err().code(),
        "record_exists"
    );
}

#[test]
fn a_full_disk_lets_nothing_leave_and_says_so() {
    let fixture = fixture();
    let limit = |pages: i64| {
        let connection = fixture.record.lock();
        connection
            .pragma_update(None, "max_page_count", pages)
            .unwrap();
    };
    let pages: i64 = {
        let connection = fixture.record.lock();
        connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap()
    };
    limit(pages);
    let full = (0..=u8::MAX).find_map(|number| {
        let text = number.to_string().repeat(2_000);
        fixture.record.note_policy(&text, at(1)).err()
    });
    assert_eq!(full.unwrap().code(), "disk_full");
    fixture.record.verify_chain().unwrap();
    limit(pages + 100);
    fixture.record.left(answer(1, &document(1)), at(1)).unwrap();
}

#[cfg(unix)]
#[test]
fn the_record_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let file = std::fs::metadata(&fixture().path).unwrap().permissions();
    assert_eq!(file.mode() & 0o777, 0o600);
}

/// One of the things that happen at a node.
fn happens(record: &Record, what: u8, number: u8, second: i64) {
    let (document, now) = (document(number), at(second));
    // What the record does not take leaves it as it was.
    let _ = match what {
        0 => record.note_policy(&number.to_string(), now),
        1 => record
            .note_charter(
                SeenCharter {
                    version: number.into(),
                    id: query(number),
                },
                now,
            )
            .map(|_| ()),
        2 => record.left(
            Departure::Awaiting {
                query: query(number),
            },
            now,
        ),
        3 => record.decide(query(number), Verdict::Approve, "kim", "", now),
        4 => record.decide(query(number), Verdict::Refuse, "lee", "no", now),
        5 => record.left(answer(number, &document), now),
        6 => record.left(refusal(number, &document), now),
        7 => record.left(
            Departure::Request {
                document: &document,
            },
            now,
        ),
        _ => record.note_currency(&document, now),
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_happens_keeps_one_chain_and_never_an_answer_without_approval(
        events in proptest::collection::vec((0..9_u8, 1..4_u8, 0..100_i64), 1..40),
    ) {
        let fixture = fixture();
        for (what, number, second) in events {
            happens(&fixture.record, what, number, second);
        }
        let record = Record::open(&fixture.path).unwrap();
        let entries = record.entries().unwrap();
        prop_assert!((1..).zip(&entries).all(|(seq, (entry, _))| entry.seq == seq));
        prop_assert_eq!(entries.last().unwrap().1, record.head().unwrap());
        let place = |kind: &dyn Fn(&Kind) -> bool| entries.iter().position(|(entry, _)| kind(&entry.kind));
        for number in 1..4 {
            let of = query(number);
            let waits = place(&|kind| *kind == Kind::Awaiting { query: of });
            let approved = place(&|kind| matches!(kind, Kind::Approved { query, .. } if *query == of));
            let answered = entries.iter().rposition(|(entry, _)| matches!(&entry.kind, Kind::Answer { query, .. } if *query == of));
            let (Some(waits), Some(answered)) = (waits, answered) else { continue };
            prop_assert!(answered < waits || approved.is_some_and(|approved| approved < answered));
        }
    }
}
