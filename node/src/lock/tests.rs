//! What locks and `forget` promise, claim by claim.

use std::os::unix::fs::PermissionsExt as _;

use jiff::civil::{Date, date};
use rstest::rstest;

use super::{file, lock};
use crate::error::NodeError;
use crate::forget;
use crate::store::locks::{self, Lock};
use crate::testing::{COURSE_HEADER, INFUSION_HEADER, TestNode, patients};

fn lock_on(node: &mut TestNode, date: &str) -> Result<Lock, NodeError> {
    lock(&mut node.store, &node.data, Some(date), node.now)
}

fn forget_patient(node: &mut TestNode, id: &str) -> Result<(), NodeError> {
    forget::forget(
        &mut node.store,
        &node.data,
        &node.dictionary,
        &node.pseudonyms,
        id,
        node.now,
    )
}

fn count(node: &TestNode, lock: &Lock, table: &str) -> i64 {
    let db = file::open(&node.data, lock).unwrap();
    db.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| {
        row.get(0)
    })
    .unwrap()
}

/// Two patients with a course and an infusion each.
fn imported() -> TestNode {
    let mut node = TestNode::new();
    let courses = format!(
        "{COURSE_HEADER}C1,P1,1,mm,2024-01-01,ide_cel,commercial,infused\nC2,P2,1,mm,2024-01-01,ide_cel,commercial,infused\n"
    );
    let infusions = format!("{INFUSION_HEADER}I1,C1,P1,1,2024-02-01\nI2,C2,P2,1,2024-02-01\n");
    node.import_files(&[
        ("patient.csv", &patients(&["P1", "P2"])),
        ("course.csv", &courses),
        ("infusion.csv", &infusions),
    ])
    .unwrap();
    node
}

#[test]
fn a_lock_stays_as_it_was_whatever_is_imported_later() {
    let mut node = imported();
    let lock = lock_on(&mut node, "2026-02-01").unwrap();
    node.import_files(&[("patient.csv", &patients(&["P1", "P2", "P3"]))])
        .unwrap();
    assert_eq!(
        (
            count(&node, &lock, "patient"),
            count(&node, &lock, "infusion")
        ),
        (2, 2)
    );
    let path = file::path(&node.data, &lock.lock_id);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o400);
    let db = file::open(&node.data, &lock).unwrap();
    assert!(db.execute("DELETE FROM patient", []).is_err());
    let own: i64 = db
        .query_row(
            "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'cartally%'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(own, 0, "a lock holds the tables and nothing about the node");
}

#[test]
fn a_lock_says_its_date_and_nothing_of_what_it_holds() {
    let mut node = imported();
    let one = lock_on(&mut node, "2026-02-01").unwrap();
    let two = lock_on(&mut node, "2026-02-01").unwrap();
    assert_ne!(one.lock_id, two.lock_id);
    let (date, random) = one.lock_id.as_str().split_at(11);
    assert_eq!((date, random.len()), ("2026-02-01-", 16));
    assert!(!serde_json::to_string(&one).unwrap().contains(&one.sha256));
}

#[test]
fn a_question_gets_the_newest_lock_on_or_before_its_date() {
    let mut node = imported();
    let first = lock_on(&mut node, "2026-01-01").unwrap();
    let second = lock_on(&mut node, "2026-02-01").unwrap();
    let again = lock_on(&mut node, "2026-02-01").unwrap();
    let newest = |day: Date| {
        node.store
            .newest_lock_on_or_before(day)
            .unwrap()
            .map(|lock| lock.lock_id)
    };
    assert_eq!(newest(date(2025, 12, 31)), None);
    assert_eq!(newest(date(2026, 1, 1)), Some(first.lock_id.clone()));
    assert_eq!(newest(date(2026, 1, 31)), Some(first.lock_id));
    assert_eq!(newest(date(2026, 2, 1)), Some(again.lock_id.clone()));
    assert_eq!(newest(date(2030, 1, 1)), Some(again.lock_id));
    assert_eq!(
        node.store
            .locks()
            .unwrap()
            .get(1)
            .map(|lock| lock.lock_id.clone()),
        Some(second.lock_id)
    );
}

#[rstest]
#[case("2026-03-03", "lock.date_future")]
#[case("2025-12-31", "lock.date_before_last")]
#[case("01.02.2026", "lock.date_form")]
#[case("2026-02-30", "lock.date_form")]
fn a_lock_date_that_cannot_be_is_refused(#[case] date: &str, #[case] code: &str) {
    let mut node = imported();
    lock_on(&mut node, "2026-01-01").unwrap();
    let error = lock_on(&mut node, date).unwrap_err();
    assert_eq!(error.code(), code);
    assert!(
        error.to_string().contains(". ") || error.to_string().contains("correct"),
        "{error}"
    );
    assert_eq!(node.store.locks().unwrap().len(), 1);
}

#[test]
fn nothing_imported_is_nothing_to_lock() {
    let mut node = TestNode::new();
    assert_eq!(
        lock_on(&mut node, "2026-01-01").unwrap_err().code(),
        "lock.nothing_imported"
    );
}

#[test]
fn a_lock_whose_file_was_touched_or_lost_is_not_opened() {
    let mut node = imported();
    let lock = lock_on(&mut node, "2026-01-01").unwrap();
    let path = file::path(&node.data, &lock.lock_id);
    let whole = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(
        file::open(&node.data, &lock).unwrap_err().code(),
        "lock.damaged"
    );
    let mut touched = whole;
    *touched.last_mut().unwrap() ^= 1;
    std::fs::write(&path, touched).unwrap();
    assert_eq!(
        file::open(&node.data, &lock).unwrap_err().code(),
        "lock.damaged"
    );
}

#[test]
fn a_copy_that_was_never_registered_is_cleared_away() {
    let mut node = imported();
    lock_on(&mut node, "2026-01-01").unwrap();
    let stray = node.data.locks().join("2026-01-02-0123456789abcdef.db");
    std::fs::write(&stray, "cut off").unwrap();
    lock_on(&mut node, "2026-01-03").unwrap();
    assert!(!stray.exists());
    assert_eq!(node.data.locks().read_dir().unwrap().count(), 2);
}

#[test]
fn a_forgotten_patient_is_in_no_table_and_no_lock_and_stays_out() {
    let mut node = imported();
    let old = lock_on(&mut node, "2026-01-01").unwrap();
    forget_patient(&mut node, "P1").unwrap();
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 1);
    assert_eq!(node.number("SELECT COUNT(*) FROM course"), 1);
    assert_eq!(node.number("SELECT COUNT(*) FROM infusion"), 1);
    let retired = node.store.locks().unwrap().remove(0);
    assert!(retired.retired && retired.sha256 != old.sha256);
    assert_eq!(
        (
            count(&node, &retired, "patient"),
            count(&node, &retired, "infusion")
        ),
        (1, 1)
    );
    assert_eq!(
        node.store
            .newest_lock_on_or_before(date(2026, 1, 1))
            .unwrap(),
        None
    );
    let pseudonym = node.pseudonyms.pseudonym("patient", "P1");
    let holds = |path: &std::path::Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes
            .windows(pseudonym.len())
            .any(|window| window == pseudonym.as_bytes())
    };
    assert!(!holds(&file::path(&node.data, &retired.lock_id)));
    let landed = node
        .import_files(&[("patient.csv", &patients(&["P1", "P2"]))])
        .unwrap();
    let expected = (
        "patient".to_owned(),
        "patient_id".to_owned(),
        "forgotten".to_owned(),
        1,
    );
    assert_eq!(landed.summary, [expected]);
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 1);
}

#[test]
fn forgetting_retires_locks_that_never_held_the_patient_too() {
    let mut node = imported();
    lock_on(&mut node, "2026-01-01").unwrap();
    node.import_files(&[("patient.csv", &patients(&["P1", "P2", "P3"]))])
        .unwrap();
    lock_on(&mut node, "2026-01-02").unwrap();
    forget_patient(&mut node, "P3").unwrap();
    assert!(node.store.locks().unwrap().iter().all(|lock| lock.retired));
    let after = lock_on(&mut node, "2026-01-02").unwrap();
    let newest = node
        .store
        .newest_lock_on_or_before(date(2026, 1, 2))
        .unwrap()
        .unwrap();
    assert_eq!(newest.lock_id, after.lock_id);
}

#[test]
fn no_file_of_the_node_holds_a_key_of_a_forgotten_patients_rows() {
    let mut node = imported();
    lock_on(&mut node, "2026-01-01").unwrap();
    let keys = [("course", "C1"), ("infusion", "I1")];
    let keys = keys.map(|(table, id)| node.pseudonyms.pseudonym(table, id));
    let holders = |node: &TestNode| -> Vec<std::path::PathBuf> {
        let files = [node.data.root().to_owned(), node.data.locks()];
        let files = files.iter().flat_map(|folder| folder.read_dir().unwrap());
        let paths = files.map(|file| file.unwrap().path());
        let holds = |path: &std::path::PathBuf| {
            let bytes = std::fs::read(path).unwrap();
            let holds = |key: &String| bytes.windows(32).any(|part| part == key.as_bytes());
            keys.iter().any(holds)
        };
        paths.filter(|path| path.is_file()).filter(holds).collect()
    };
    assert!(
        holders(&node).len() >= 2,
        "tables and lock hold the patient"
    );
    forget_patient(&mut node, "P1").unwrap();
    assert_eq!(holders(&node), Vec::<std::path::PathBuf>::new());
}

#[test]
fn forgetting_that_a_reader_keeps_from_the_write_ahead_log_is_not_done_yet() {
    let mut node = imported();
    let reader = rusqlite::Connection::open(node.data.data()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT * FROM patient")
        .unwrap();
    node.store
        .connection()
        .busy_timeout(std::time::Duration::ZERO)
        .unwrap();
    assert_eq!(
        forget_patient(&mut node, "P1").unwrap_err().code(),
        "node.busy"
    );
    assert!(!node.store.forgotten().unwrap().remove(0).done);
    drop(reader);
    forget::finish(&node.store, &node.data, &node.dictionary).unwrap();
    assert!(node.store.forgotten().unwrap().remove(0).done);
}

#[test]
fn rows_that_the_dictionary_does_not_know_keep_nobody_from_being_forgotten_unnoticed() {
    let diary = "diary,diary_id,TEXT,,Y,primary,,,,,,,,,,,\ndiary,patient_id,TEXT,,Y,,patient.patient_id,,,,,,,,,,\n";
    let csv = format!("{}\n{diary}", question::dictionary::SHIPPED_CSV.trim_end());
    let mut node = TestNode::with_dictionary(&csv);
    let people = patients(&["P1", "P2"]);
    let files = [
        ("patient.csv", people.as_str()),
        ("diary.csv", "diary_id,patient_id\nD1,P1\n"),
    ];
    node.import_files(&files).unwrap();
    let old = lock_on(&mut node, "2026-01-01").unwrap();
    // A program, or a dictionary, that knows no diary.
    node.dictionary = question::dictionary::Dictionary::shipped().unwrap();
    let error = forget_patient(&mut node, "P1").unwrap_err();
    assert_eq!(error.code(), "dictionary.invalid");
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 2);
    node.import_files(&files[..1]).unwrap();
    forget_patient(&mut node, "P1").unwrap();
    assert!(!file::path(&node.data, &old.lock_id).exists());
}

#[test]
fn an_unknown_patient_is_not_forgotten_and_nothing_is_retired() {
    let mut node = imported();
    lock_on(&mut node, "2026-01-01").unwrap();
    assert_eq!(
        forget_patient(&mut node, "P9").unwrap_err().code(),
        "forget.unknown_patient"
    );
    assert!(
        node.store
            .newest_lock_on_or_before(date(2026, 1, 1))
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_patient_who_is_only_in_an_old_lock_can_be_forgotten() {
    let mut node = imported();
    lock_on(&mut node, "2026-01-01").unwrap();
    let folder = node.export(&[("patient.csv", &patients(&["P2"]))]);
    node.import_with(&folder, true).unwrap();
    forget_patient(&mut node, "P1").unwrap();
    let lock = node.store.locks().unwrap().remove(0);
    assert_eq!(count(&node, &lock, "patient"), 1);
}

#[test]
fn forgetting_that_was_cut_off_is_finished_later() {
    let mut node = imported();
    lock_on(&mut node, "2026-01-01").unwrap();
    let patient = node.pseudonyms.pseudonym("patient", "P1");
    node.store
        .forget(&node.dictionary, &patient, "2026-03-01T12:00:00Z")
        .unwrap();
    let before = node.store.locks().unwrap().remove(0);
    assert_eq!(
        count(&node, &before, "patient"),
        2,
        "cut off before the lock file was rewritten"
    );
    forget::finish(&node.store, &node.data, &node.dictionary).unwrap();
    let after = node.store.locks().unwrap().remove(0);
    assert_eq!(count(&node, &after, "patient"), 1);
    forget::finish(&node.store, &node.data, &node.dictionary).unwrap();
    assert_eq!(
        locks::locks(node.store.connection()).unwrap().remove(0),
        after,
        "done once"
    );
}

#[test]
fn a_copy_that_cannot_be_written_is_no_lock_and_leaves_no_file() {
    let mut node = imported();
    std::fs::write(node.data.locks(), "in the way").unwrap();
    assert!(lock_on(&mut node, "2026-01-01").is_err());
    std::fs::remove_file(node.data.locks()).unwrap();
    assert_eq!(node.store.locks().unwrap(), []);
    lock_on(&mut node, "2026-01-01").unwrap();
}
