//! What does an operator read and decide at the command line? Over a node of a network, with what waits in its books.

use std::ffi::OsString;

use protocol::documents::Answer;
use protocol::envelope::Envelope;
use protocol::log::{LogEntry, LogPosition};

use super::*;
use crate::answer::fixture::{Network, now};
use crate::record::Record;

/// What a command said, and how it ended.
struct Said {
    end: End,
    out: String,
    err: String,
}

fn types(network: &Network, words: &[&str]) -> Said {
    let data = network.data.root().as_os_str().to_owned();
    let begin = ["cartally-node".into(), "--data".into(), data];
    let args = begin.into_iter().chain(words.iter().map(OsString::from));
    let clock = Arc::clone(&network.clock) as Arc<dyn Clock>;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let end = run_with(args, &mut out, &mut err, &clock);
    Said {
        end,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

/// Lets the node's copy of the log hold the network's documents and these.
fn mirrored(network: &Network, more: &[&Envelope]) {
    let mut mirror = crate::agent::open_mirror(&network.data).unwrap();
    let all = network.log_documents().into_iter();
    let all = all.chain(more.iter().map(|envelope| (*envelope).clone()));
    let entries: Vec<LogEntry> = (0..)
        .zip(all)
        .map(|(index, envelope)| LogEntry {
            index,
            time: now(),
            envelope,
        })
        .collect();
    let head = network.head(LogPosition::EMPTY.extended(&entries).unwrap());
    mirror.extend(&entries, &head).unwrap();
}

/// A node at which one query waits.
fn waiting() -> (Network, Envelope) {
    let network = Network::with_rows();
    network.set_policy("\"automatic\"", "\"person\"");
    let query = network.query(network.question(0, 0.05), &network.kim);
    mirrored(&network, &[&query]);
    assert!(network.waits(&query));
    (network, query)
}

#[test]
fn pending_lists_what_waits_with_its_whole_id_and_nothing_where_nothing_does() {
    let (network, query) = waiting();
    let said = types(&network, &["pending"]);
    assert_eq!(said.end, End::Done, "{}", said.err);
    assert!(
        said.out.starts_with("1 query waits for a decision\n"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains(&format!("({})", query.id())),
        "{}",
        said.out
    );
    assert!(said.out.contains("asked by     kim (kim)"), "{}", said.out);
    network.clock.advance(std::time::Duration::from_hours(1));
    assert_eq!(
        types(&network, &["pending"]).out,
        "no query waits for a decision\n"
    );
}

#[test]
fn an_approval_is_shown_recorded_with_its_author_and_followed_by_the_answer() {
    let (network, query) = waiting();
    let id = query.id().to_string();
    let said = types(
        &network,
        &[
            "approve",
            &id,
            "--yes",
            "--by",
            "Jo",
            "--note",
            "seen by the board",
        ],
    );
    assert_eq!(said.end, End::Done, "{}", said.err);
    assert!(said.out.contains("asked by     kim (kim)"), "{}", said.out);
    assert!(
        said.out.contains(&format!("approved by Jo: query {id}")),
        "{}",
        said.out
    );
    let decided = Record::open(&network.data.record()).unwrap();
    let decided = decided.decision(query.id()).unwrap().unwrap();
    assert_eq!(
        (decided.by.as_str(), decided.note.as_str()),
        ("Jo", "seen by the board")
    );
    let _: Answer = network.opened(&network.respond(&query));
    // Said again it changes nothing, not who said it first; the opposite is too late.
    let again = types(&network, &["approve", &id, "--yes", "--by", "Al"]);
    assert!(
        again.out.contains("was decided before: approved by Jo on "),
        "{}",
        again.out
    );
    assert!(again.out.contains("this note is not kept"), "{}", again.out);
    let said = types(&network, &["refuse", &id]);
    assert!(
        said.err.starts_with("error[decided_before]: "),
        "{}",
        said.err
    );
}

#[test]
fn a_refusal_needs_no_second_word() {
    let (network, query) = waiting();
    let id = query.id().to_string();
    let said = types(&network, &["refuse", &id, "--by", "Jo"]);
    assert!(
        said.out.contains("refused by Jo"),
        "{}{}",
        said.out,
        said.err
    );
    let reason = network.reason(&query);
    assert_eq!(reason, protocol::documents::RefusalReason::PersonRefuses);
}

#[test]
fn only_a_whole_id_of_a_query_that_waits_can_be_decided_on() {
    let (network, query) = waiting();
    let id = query.id().to_string();
    for wrong in [&id[..12], &id[..63], ""] {
        let said = types(&network, &["approve", wrong, "--yes"]);
        assert_eq!(said.end, End::Usage, "{wrong}");
    }
    let other = "ab".repeat(32);
    for command in [&["approve", &other, "--yes"][..], &["refuse", &other]] {
        let said = types(&network, command);
        assert!(
            said.err.starts_with("error[not_awaiting]: "),
            "{}",
            said.err
        );
    }
    network.clock.advance(std::time::Duration::from_hours(1));
    let said = types(&network, &["approve", &id, "--yes"]);
    assert!(
        said.err.starts_with("error[pending.late]: "),
        "{}",
        said.err
    );
}

#[test]
fn an_audit_of_a_node_that_kept_its_word_is_clean_and_its_export_is_checked_elsewhere() {
    let network = Network::with_rows();
    let query = network.query(network.question(0, 0.05), &network.kim);
    mirrored(&network, &[&query]);
    network.respond(&query);
    let export = network.data.root().join("record.jsonl");
    let export = export.to_str().unwrap();
    let said = types(&network, &["audit", "--export", export]);
    assert_eq!(
        (said.end, said.end.code()),
        (End::Done, 0),
        "{}{}",
        said.out,
        said.err
    );
    for word in [
        "3 rows",
        ": 1 answer, 0 refusals",
        "record head",
        "ledger head",
        "log head",
        "spent ever",
        "clean: ",
    ] {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
    assert_eq!(
        types(&network, &["audit", "--export", export]).end,
        End::Nothing
    );
    // On a machine without a node.
    let elsewhere = Network::new();
    std::fs::remove_dir_all(elsewhere.data.root()).unwrap();
    let checked = types(&elsewhere, &["audit", "--check", export]);
    assert_eq!(checked.end, End::Done, "{}", checked.err);
    let head = Record::open(&network.data.record())
        .unwrap()
        .head()
        .unwrap();
    assert!(checked.out.contains(&head.to_string()), "{}", checked.out);
    let text = std::fs::read_to_string(export).unwrap();
    std::fs::write(
        export,
        text.replace("questions_per_day = 10", "questions_per_day = 99"),
    )
    .unwrap();
    let checked = types(&elsewhere, &["audit", "--check", export]);
    assert_eq!(checked.end.code(), 1);
    assert!(
        checked.err.starts_with("error[export_altered]: row 2"),
        "{}",
        checked.err
    );
}

#[test]
fn an_audit_names_what_the_books_do_not_bear_out() {
    let network = Network::with_rows();
    let query = network.query(network.question(0, 0.05), &network.kim);
    mirrored(&network, &[&query]);
    network.respond(&query);
    let record = rusqlite::Connection::open(network.data.record()).unwrap();
    record
        .execute_batch(
            "DROP TRIGGER entry_is_final; UPDATE entry SET at_s = at_s + 1 WHERE kind = 'answer'",
        )
        .unwrap();
    let said = types(&network, &["audit"]);
    assert_eq!((said.end, said.end.code()), (End::Faults, 1));
    assert!(
        said.out.contains("fault[record-broken]: row 3"),
        "{}",
        said.out
    );
    assert!(
        said.out
            .contains("not clean: 1 of the findings above is a fault"),
        "{}",
        said.out
    );
}

#[test]
fn an_audit_notes_a_record_that_was_deleted_and_begun_anew_and_counts_one_charge_as_one() {
    let network = Network::with_rows();
    let query = network.query(network.question(0, 0.05), &network.kim);
    mirrored(&network, &[&query]);
    network.respond(&query);
    std::fs::remove_file(network.data.record()).unwrap();
    network.clock.advance(std::time::Duration::from_mins(1));
    network.answerer();
    let said = types(&network, &["audit"]);
    for words in [
        "note[record-younger]: ",
        "after 1 charge of the ledger;",
        "ledger       1 charge\n",
    ] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
}

#[test]
fn a_decision_with_another_note_says_who_decided_before_and_that_the_note_is_not_kept() {
    let (network, query) = waiting();
    let id = query.id().to_string();
    let refuse = |note| types(&network, &["refuse", &id, "--by", "Jo", "--note", note]);
    assert!(refuse("no number").out.contains("refused by Jo: query"));
    // The same once more is no other decision.
    assert!(refuse("no number").out.contains("refused by Jo: query"));
    let said = refuse("too dear").out;
    assert!(
        said.contains("was decided before: refused by Jo on 2026-"),
        "{said}"
    );
    assert!(said.contains("this note is not kept"), "{said}");
    let record = Record::open(&network.data.record()).unwrap();
    let first = record.decision(query.id()).unwrap().unwrap();
    assert_eq!(first.note, "no number");
}

#[test]
fn an_audit_reads_a_query_that_stands_in_the_log_twice_as_it_stood_first() {
    let network = Network::with_rows();
    let query = network.query(network.question(0, 0.05), &network.kim);
    let again = Envelope {
        signatures: Vec::new(),
        ..query.clone()
    };
    mirrored(&network, &[&query, &again]);
    let mirror = crate::agent::open_mirror(&network.data).unwrap();
    let entries = mirror.entries().unwrap();
    let book = crate::audit::log_book(&entries, mirror.governance(), &[]);
    let researcher = book.queries[&query.id()].researcher.as_ref();
    assert_eq!(researcher.map(ToString::to_string), Some("kim".to_owned()));
}

#[test]
fn a_restored_ledger_stays_accounted_for() {
    let network = Network::with_rows();
    let query = network.query(network.question(0, 0.05), &network.kim);
    let backup = network.data.root().join("backup.db");
    std::fs::copy(network.data.ledger(), &backup).unwrap();
    let answer = network.respond(&query);
    mirrored(&network, &[&query, &answer]);
    std::fs::copy(&backup, network.data.ledger()).unwrap();
    let serving = network.data.lock().unwrap();
    let refused = types(&network, &["ledger-restored"]);
    assert!(
        refused.err.starts_with("error[node.serving]"),
        "{}",
        refused.err
    );
    drop(serving);
    let said = types(&network, &["ledger-restored"]);
    assert_eq!(said.end, End::Done, "{}", said.err);
    let said = types(&network, &["audit"]);
    assert_eq!(said.end, End::Done, "{}{}", said.out, said.err);
}

#[test]
fn a_currency_document_is_loaded_from_a_file_or_refused_with_a_sentence() {
    let network = Network::with_rows();
    mirrored(&network, &[]);
    let file = network.data.root().join("office.json");
    let path = file.to_str().unwrap();
    let said = types(&network, &["currency", path]);
    assert!(said.err.starts_with("error[node.file]: "), "{}", said.err);
    std::fs::write(&file, network.documents.charter.to_json()).unwrap();
    let said = types(&network, &["currency", path]);
    assert_eq!(said.end.code(), 1);
    assert!(
        said.err.starts_with("error[currency.signature]: "),
        "{}",
        said.err
    );
    std::fs::write(
        &file,
        network.documents.currency.as_ref().unwrap().to_json(),
    )
    .unwrap();
    let said = types(&network, &["currency", path]);
    assert!(
        said.out
            .starts_with("loaded the currency document of 2026-11-21T09:00:00Z"),
        "{}{}",
        said.out,
        said.err
    );
    assert!(network.data.currency().exists());
}

#[test]
fn what_others_wrote_moves_no_cursor_in_an_error() {
    let network = Network::new();
    let file = network.data.root().join("\u{1b}[2J");
    let said = types(&network, &["currency", file.to_str().unwrap()]);
    assert!(said.err.contains("\\u{1b}[2J"), "{}", said.err);
    assert!(!said.err.contains('\u{1b}'), "{:?}", said.err);
}
