//! The ledger's claims, over real files.

use std::path::PathBuf;
use std::sync::Barrier;

use protocol::ids::DocumentId;
use tempfile::TempDir;

use super::*;

struct Fixture {
    _dir: TempDir,
    path: PathBuf,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    Ledger::create(&path).unwrap();
    Fixture { _dir: dir, path }
}

fn request(question: u8, nano: u64) -> ChargeRequest {
    ChargeRequest {
        question: QuestionId::from_bytes([question; 32]),
        study: DocumentId::from_bytes([1; 32]),
        study_versions: BTreeSet::new(),
        researcher: "kim".parse().unwrap(),
        cost: NanoRho::from_nano(nano),
    }
}

fn caps(nano: u64) -> Caps {
    let cap = NanoRho::from_nano(nano);
    Caps {
        year: cap,
        lifetime: cap,
        study: cap,
        researcher: cap,
        query: cap,
        charges_per_day: 1000,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn spent(ledger: &Ledger) -> u64 {
    ledger.spent(at(1_000)).unwrap().lifetime.nano()
}

#[test]
fn a_question_is_charged_once_and_for_good() {
    let fixture = fixture();
    let head = {
        let ledger = Ledger::open(&fixture.path).unwrap();
        let Charge::Fresh(paid) = ledger
            .charge(&request(1, 10), &caps(100), || at(0))
            .unwrap()
        else {
            panic!("fresh")
        };
        assert_eq!(
            (paid.receipt.cost().nano(), paid.head),
            (10, ledger.head().unwrap())
        );
        paid.head
    };
    // Opened again, as after a crash between the charge and the answer.
    let ledger = Ledger::open(&fixture.path).unwrap();
    let Charge::ResumedWithoutAnswer(paid) = ledger
        .charge(&request(1, 10), &caps(100), || at(5))
        .unwrap()
    else {
        panic!("resumed")
    };
    assert_eq!((paid.receipt.cost().nano(), paid.head), (10, head));
    assert_eq!(
        ledger
            .store_answer(request(1, 10).question, b"first", at(6))
            .unwrap(),
        b"first"
    );
    assert_eq!(
        ledger
            .store_answer(request(1, 10).question, b"second", at(7))
            .unwrap(),
        b"first"
    );
    drop(ledger);
    let ledger = Ledger::open(&fixture.path).unwrap();
    let mut other = request(1, 10);
    other.researcher = "lee".parse().unwrap();
    // Even with caps of one billionth: an answer that was given is given again at no cost.
    let Charge::Answered(bytes) = ledger.charge(&other, &caps(1), || at(9)).unwrap() else {
        panic!("answered")
    };
    assert_eq!(bytes, b"first");
    assert_eq!(
        ledger.stored_answer(other.question).unwrap().unwrap(),
        b"first"
    );
    assert_eq!(spent(&ledger), 10);
}

#[test]
fn an_answer_in_the_log_is_accounted_for_once_its_bytes_are_kept() {
    let fixture = fixture();
    let ledger = Ledger::open(&fixture.path).unwrap();
    let _ = ledger
        .charge(&request(1, 10), &caps(100), || at(0))
        .unwrap();
    let answer = logged(3, ledger.head().unwrap(), 10);
    assert_eq!(ledger.unexplained(&[answer]).unwrap(), [answer]);
    ledger.store_answer(answer.question, b"x", at(1)).unwrap();
    assert_eq!(ledger.unexplained(&[answer]).unwrap(), []);
}

#[test]
fn a_refusal_costs_nothing_and_locks_nothing() {
    let fixture = fixture();
    let ledger = Ledger::open(&fixture.path).unwrap();
    for _ in 0..3 {
        let refused = ledger.charge(&request(1, 11), &caps(10), || at(0)).unwrap();
        assert!(matches!(refused, Charge::Refused(Refused::QueryCap)));
    }
    assert_eq!(
        (spent(&ledger), ledger.head().unwrap()),
        (0, ChainHead::EMPTY)
    );
    assert!(matches!(
        ledger.charge(&request(1, 10), &caps(10), || at(0)).unwrap(),
        Charge::Fresh(_)
    ));
}

#[test]
fn a_clock_behind_the_last_row_refuses() {
    let fixture = fixture();
    let ledger = Ledger::open(&fixture.path).unwrap();
    assert!(matches!(
        ledger
            .charge(&request(1, 1), &caps(10), || at(100))
            .unwrap(),
        Charge::Fresh(_)
    ));
    let behind = ledger.charge(&request(2, 1), &caps(10), || at(99)).unwrap();
    assert!(matches!(behind, Charge::Refused(Refused::ClockBehind)));
    assert!(matches!(
        ledger
            .charge(&request(2, 1), &caps(10), || at(100))
            .unwrap(),
        Charge::Fresh(_)
    ));
}

#[test]
fn after_a_restore_a_charge_without_an_answer_stays_spent_and_what_was_lost_counts() {
    let fixture = fixture();
    let ledger = Ledger::open(&fixture.path).unwrap();
    assert!(matches!(
        ledger
            .charge(&request(1, 10), &caps(100), || at(0))
            .unwrap(),
        Charge::Fresh(_)
    ));
    // Rolled back to between its charge and its answer: charged, but a second answer would be drawn.
    let unanswered = logged(3, ledger.head().unwrap(), 10);
    let strange = logged(4, ChainHead::from_bytes([9; 32]), 80);
    let twice = logged(5, ChainHead::from_bytes([9; 32]), 80);
    assert_eq!(
        ledger.unexplained(&[unanswered, strange]).unwrap(),
        [unanswered, strange]
    );
    let lost = ledger
        .record_restore(&[unanswered, strange, twice], 6, at(1))
        .unwrap();
    assert_eq!(lost.nano(), 80);
    assert_eq!(
        ledger.unexplained(&[unanswered, strange, twice]).unwrap(),
        []
    );
    let later = logged(6, ChainHead::from_bytes([8; 32]), 1);
    assert_eq!(ledger.unexplained(&[strange, later]).unwrap(), [later]);
    let again = ledger
        .charge(&request(1, 10), &caps(100), || at(2))
        .unwrap();
    assert!(matches!(
        again,
        Charge::Refused(Refused::SpentBeforeRestore)
    ));
    assert!(matches!(
        ledger
            .charge(&request(2, 11), &caps(100), || at(2))
            .unwrap(),
        Charge::Refused(Refused::YearCap)
    ));
    drop(ledger);
    Ledger::open(&fixture.path).unwrap();
}

fn logged(log_index: u64, head: ChainHead, nano: u64) -> LoggedAnswer {
    LoggedAnswer {
        log_index,
        question: request(1, 0).question,
        head,
        cost: NanoRho::from_nano(nano),
    }
}

#[test]
fn threads_racing_for_the_last_of_the_budget_never_overspend() {
    let fixture = fixture();
    let racers = 12;
    let start = Barrier::new(racers);
    let shared = Ledger::open(&fixture.path).unwrap();
    let fresh: usize = std::thread::scope(|scope| {
        let race = |racer: usize| {
            let (start, shared, path) = (&start, &shared, &fixture.path);
            scope.spawn(move || {
                // Half of them through one handle, half through handles of their own, as other processes would.
                let own = (racer % 2 == 1).then(|| Ledger::open(path).unwrap());
                start.wait();
                let ledger = own.as_ref().unwrap_or(shared);
                let question = u8::try_from(racer).unwrap();
                usize::from(matches!(
                    ledger
                        .charge(&request(question, 10), &caps(35), || at(0))
                        .unwrap(),
                    Charge::Fresh(_)
                ))
            })
        };
        let threads: Vec<_> = (0..racers).map(race).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!((fresh, spent(&shared)), (3, 30));
    shared.verify_chain().unwrap();
}

#[test]
fn rows_can_neither_be_changed_nor_removed_and_an_answer_needs_its_charge() {
    let fixture = fixture();
    let ledger = Ledger::open(&fixture.path).unwrap();
    let unpaid = ledger.store_answer(request(1, 1).question, b"x", at(0));
    assert_eq!(unpaid.unwrap_err().code(), "not_charged");
    let _ = ledger.charge(&request(1, 1), &caps(10), || at(0)).unwrap();
    ledger
        .store_answer(request(1, 1).question, b"x", at(0))
        .unwrap();
    for sql in [
        "UPDATE entry SET cost_nano = 0",
        "DELETE FROM entry",
        "UPDATE answer SET bytes = x'00'",
        "DELETE FROM answer",
        "INSERT INTO answer (question, at_s, bytes) VALUES (printf('%064d', 0), 0, x'00')",
    ] {
        assert!(ledger.lock().execute_batch(sql).is_err(), "{sql}");
    }
}

#[test]
fn an_altered_row_is_found_when_the_ledger_is_opened() {
    let fixture = fixture();
    let ledger = Ledger::open(&fixture.path).unwrap();
    let _ = ledger
        .charge(&request(1, 10), &caps(100), || at(0))
        .unwrap();
    let _ = ledger
        .charge(&request(2, 10), &caps(100), || at(1))
        .unwrap();
    ledger.verify_chain().unwrap();
    ledger
        .lock()
        .execute_batch("DROP TRIGGER entry_is_final; UPDATE entry SET cost_nano = 1 WHERE seq = 2")
        .unwrap();
    drop(ledger);
    assert!(matches!(
        Ledger::open(&fixture.path),
        Err(LedgerError::ChainBroken { seq: 2 })
    ));
}

#[test]
fn a_removed_row_is_found_when_the_ledger_is_opened() {
    let fixture = fixture();
    let ledger = Ledger::open(&fixture.path).unwrap();
    let _ = ledger
        .charge(&request(1, 10), &caps(100), || at(0))
        .unwrap();
    let _ = ledger
        .charge(&request(2, 10), &caps(100), || at(1))
        .unwrap();
    ledger
        .lock()
        .execute_batch("DROP TRIGGER entry_is_kept; DELETE FROM entry WHERE seq = 1")
        .unwrap();
    drop(ledger);
    assert!(matches!(
        Ledger::open(&fixture.path),
        Err(LedgerError::ChainBroken { seq: 1 })
    ));
}

#[test]
fn a_missing_a_foreign_and_a_newer_file_are_refused_and_an_old_one_is_never_replaced() {
    let fixture = fixture();
    assert_eq!(
        Ledger::create(&fixture.path).unwrap_err().code(),
        "ledger_exists"
    );
    let missing = fixture.path.with_file_name("none.db");
    assert_eq!(Ledger::open(&missing).unwrap_err().code(), "ledger_missing");
    assert!(!missing.exists());
    let text = fixture.path.with_file_name("text.db");
    std::fs::write(
        &text,
        "center_id,data_cutoff_date\nK01,2025-12-31\n".repeat(100),
    )
    .unwrap();
    assert_eq!(Ledger::open(&text).unwrap_err().code(), "not_a_ledger");
    let foreign = fixture.path.with_file_name("foreign.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE t (x) ")
        .unwrap();
    assert_eq!(Ledger::open(&foreign).unwrap_err().code(), "not_a_ledger");
    Connection::open(&fixture.path)
        .unwrap()
        .pragma_update(None, "user_version", 2)
        .unwrap();
    assert_eq!(
        Ledger::open(&fixture.path).unwrap_err().code(),
        "ledger_newer"
    );
}

#[test]
fn a_full_disk_charges_nothing_and_says_so() {
    let fixture = fixture();
    let ledger = Ledger::open(&fixture.path).unwrap();
    let pages: i64 = ledger
        .lock()
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    ledger
        .lock()
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let mut charged = 0;
    let full = (0..=u8::MAX).find_map(|question| {
        match ledger.charge(&request(question, 1), &caps(1_000), || at(0)) {
            Ok(_) => {
                charged += 1;
                None
            }
            Err(error) => Some(error),
        }
    });
    assert_eq!(full.unwrap().code(), "disk_full");
    assert_eq!(spent(&ledger), charged);
    ledger.verify_chain().unwrap();
    ledger
        .lock()
        .pragma_update(None, "max_page_count", pages + 100)
        .unwrap();
    let next = u8::try_from(charged).unwrap();
    assert!(matches!(
        ledger
            .charge(&request(next, 1), &caps(1_000), || at(0))
            .unwrap(),
        Charge::Fresh(_)
    ));
}

#[test]
fn the_year_rolls_and_the_lifetime_does_not() {
    let fixture = fixture();
    let ledger = Ledger::open(&fixture.path).unwrap();
    let caps = Caps {
        lifetime: NanoRho::from_nano(25),
        ..caps(10)
    };
    let caps = Caps {
        study: NanoRho::from_nano(1_000),
        ..caps
    };
    let charge = |question, second| {
        ledger
            .charge(&request(question, 10), &caps, || at(second))
            .unwrap()
    };
    assert!(matches!(charge(1, 0), Charge::Fresh(_)));
    assert!(matches!(
        charge(2, YEAR_S - 1),
        Charge::Refused(Refused::ResearcherCap)
    ));
    assert!(matches!(charge(2, YEAR_S), Charge::Fresh(_)));
    assert!(matches!(
        charge(3, 2 * YEAR_S),
        Charge::Refused(Refused::LifetimeCap)
    ));
    let spent = ledger.spent(at(2 * YEAR_S - 1)).unwrap();
    assert_eq!(
        (spent.year.nano(), spent.lifetime.nano(), spent.charges),
        (10, 20, 2)
    );
}

#[cfg(unix)]
#[test]
fn the_ledger_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = fixture();
    assert_eq!(
        std::fs::metadata(&fixture.path)
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
}
