//! Does a center's own audit pass on what its node did, and find what was done to its books afterwards?

use std::path::Path;

use demo::actor::Actor;
use node::data_dir::DataDir;
use rusqlite::Connection;
use tests::{Ended, run};

use crate::EXECUTABLE;
use crate::told::Told;

/// What is done to a copy of a center's books, and what its audit then says.
const ALTERED_BOOKS: [(Book, &str, &str, &str); 7] = [
    (
        Book::Record,
        "UPDATE entry SET at_s = at_s - 1 WHERE seq = 3",
        "record-broken",
        "row 3 of the record was altered",
    ),
    (
        Book::Record,
        "DELETE FROM entry WHERE kind = 'refusal'",
        "record-broken",
        "or a row before it is missing",
    ),
    (
        Book::Record,
        "DELETE FROM entry WHERE seq = (SELECT MAX(seq) FROM entry)",
        "answer-not-recorded",
        "the record was replaced or cut back",
    ),
    (
        Book::Record,
        "UPDATE document SET bytes = (SELECT MAX(bytes) FROM document)",
        "record-broken",
        "restore the record from your backup",
    ),
    (
        Book::Ledger,
        "UPDATE entry SET cost_nano = cost_nano - 1 WHERE seq = 1",
        "ledger-broken",
        "row 1 of the ledger was altered",
    ),
    (
        Book::Ledger,
        "DELETE FROM answer WHERE question = (SELECT question FROM entry ORDER BY seq DESC LIMIT 1);
         DELETE FROM entry WHERE seq = (SELECT MAX(seq) FROM entry)",
        "answer-not-charged",
        "which the ledger never charged",
    ),
    (
        Book::Ledger,
        "UPDATE answer SET bytes = (SELECT MAX(bytes) FROM answer)",
        "answer-altered",
        "with other bytes than the ledger keeps",
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Book {
    Record,
    Ledger,
}

#[test]
fn every_centers_books_bear_each_other_out_and_an_altered_copy_of_any_of_them_does_not() {
    let mut told = Told::new(EXECUTABLE);
    for index in 0..3 {
        // The node serves on while its books are audited.
        let said = told.test.operator(index, &["audit"]).done();
        assert!(said.contains("\nclean: "), "{said}");
    }
    // A node that has looked at the log knows what others saw of it.
    let mut node = told.test.logged_node(2, "info");
    node.wait_for("questions can be answered");
    node.end();
    let data = told.test.node_data(2);
    for (book, statement, code, words) in ALTERED_BOOKS {
        let copy = told.path("altered-node");
        copied(&data, &copy);
        alter(&copy, book, statement);
        let ended = audit(&copy, &[]);
        let fault = format!("fault[{code}]: ");
        let named = |line: &str| line.starts_with(&fault) && line.contains(words);
        assert!(
            ended.code == 1 && ended.output.lines().any(named),
            "{statement}: {ended:?}"
        );
        std::fs::remove_dir_all(copy).unwrap();
    }
    assert!(audit(&data, &[]).done().contains("\nclean: "));
}

#[test]
fn an_exported_record_is_checked_without_its_node_and_an_altered_one_fails() {
    let told = Told::new(EXECUTABLE);
    let export = told.path("record.jsonl");
    let export = export.to_str().unwrap();
    let said = told.test.operator(2, &["audit", "--export", export]).done();
    let head = |said: &str| {
        let line = said.lines().find(|line| line.starts_with("record head"));
        line.unwrap().to_owned()
    };
    let nowhere = told.path("nowhere");
    let check = || audit(&nowhere, &["--check", export]);
    assert_eq!(head(&said), head(&check().done()));
    // An export is never written over another one.
    let again = told.test.operator(2, &["audit", "--export", export]);
    assert_eq!(again.code, 1, "{again:?}");

    let whole = std::fs::read_to_string(export).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let without = |left_out: usize| {
        let mut kept = lines.clone();
        kept.remove(left_out);
        kept.join("\n") + "\n"
    };
    for altered in [
        whole.replacen("out-of-budget", "rate-limited", 1),
        whole.replacen("\"kind\":\"answer\"", "\"kind\":\"refusal\"", 1),
        without(1),
        without(lines.len() - 2),
        without(lines.len() - 1),
    ] {
        assert_ne!(altered, whole);
        std::fs::write(export, altered).unwrap();
        let ended = check();
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(
            ended.complaint.contains("exported record"),
            "{}",
            ended.complaint
        );
    }
}

fn audit(data: &Path, more: &[&str]) -> Ended {
    let data = data.to_str().unwrap();
    run(
        EXECUTABLE,
        Actor::Node,
        &[&["--data", data, "audit"], more].concat(),
    )
}

/// The folder as it is, with its modes.
fn copied(from: &Path, to: &Path) {
    let mut copy = std::process::Command::new("cp");
    assert!(copy.arg("-a").args([from, to]).status().unwrap().success());
}

/// As somebody with the file in hand does it, whom no trigger stops.
fn alter(copy: &Path, book: Book, statement: &str) {
    let data = DataDir::new(copy);
    let path = match book {
        Book::Record => data.record(),
        Book::Ledger => data.ledger(),
    };
    let book = Connection::open(path).unwrap();
    let triggers: Vec<String> = {
        let all = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
        let mut statement = book.prepare(all).unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    };
    for trigger in triggers {
        book.execute_batch(&format!("DROP TRIGGER {trigger}"))
            .unwrap();
    }
    book.execute_batch(statement).unwrap();
}
