//! A currency document that the operator loads from a file counts like one of the log, and no other does.

use std::os::unix::fs::PermissionsExt as _;

use protocol::documents::{Currency, hash_of_revocations};
use protocol::ids::ChainHead;

use super::*;
use crate::answer::currency::load;
use crate::answer::fixture::log;
use crate::record::Record;

/// What a timekeeper says: of this minute, over this log.
fn currency(minute: i64, log: LogPosition) -> Currency {
    Currency {
        network: "kr".parse().unwrap(),
        time: now() + jiff::SignedDuration::from_mins(minute),
        log,
        revocations: hash_of_revocations(&[].into()),
    }
}

/// The log of the network, and as far as a registry office saw it that is ahead of the node.
fn ahead(network: &Network) -> LogPosition {
    let seen = network.governance().chain().position();
    LogPosition {
        entries: seen.entries + 5,
        head: ChainHead::from_bytes([9; 32]),
    }
}

/// Loads a document as the operator does; the code if it is of no use.
fn loads(network: &Network, document: &Envelope) -> Result<(), String> {
    let file = network.data.root().join("from-the-office.json");
    std::fs::write(&file, document.to_json()).unwrap();
    let record = Record::open(&network.data.record()).unwrap();
    let (governance, to) = (network.governance(), network.data.currency());
    let loaded = load(&file, &to, &governance, &record, network.clock.now());
    loaded.map(drop).map_err(|error| {
        assert!(error.to_string().contains(". "), "{error}");
        error.code().to_owned()
    })
}

#[test]
fn a_loaded_document_makes_current_what_the_log_left_stale() {
    let mut network = Network::with_rows();
    network.documents.currency = None;
    let query = network.query(network.question(0, 0.05), &network.kim);
    let answerer = network.answerer();
    let refusal: Refusal = network.opened(&network.respond_with(&answerer, &query));
    assert_eq!(refusal.reason, RefusalReason::NoCurrency);
    let document = Envelope::sign(&currency(0, ahead(&network)), &network.office);
    loads(&network, &document).unwrap();
    // The node that is running reads it anew.
    let _: Answer = network.opened(&network.respond_with(&answerer, &query));
    assert_eq!(
        network.recorded(),
        ["begun", "policy", "refusal", "currency", "answer"]
    );
    let mode = network.data.currency().metadata().unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[test]
fn a_document_that_does_not_count_is_refused_with_its_reason_and_kept_nowhere() {
    let network = Network::with_rows();
    let (seen, later) = (LogPosition::EMPTY, ahead(&network));
    let other = |change: fn(&mut Currency)| {
        let mut other = currency(1, later);
        change(&mut other);
        Envelope::sign(&other, &network.office)
    };
    let of_another_log = LogPosition {
        entries: 1,
        ..later
    };
    for (document, code) in [
        (
            Envelope::sign(&currency(1, seen), &network.member),
            "currency.signature",
        ),
        (network.documents.charter.clone(), "currency.signature"),
        (
            Envelope::sign(&currency(-1, seen), &network.office),
            "currency.older",
        ),
        (
            Envelope::sign(&currency(1, of_another_log), &network.office),
            "currency.other_log",
        ),
        (
            other(|it| {
                it.revocations = hash_of_revocations(&[DocumentId::from_bytes([1; 32])].into());
            }),
            "currency.revocations",
        ),
        (
            other(|it| it.network = "elsewhere".parse().unwrap()),
            "currency.network",
        ),
        (
            Envelope::sign(&currency(6, later), &network.office),
            "currency.ahead",
        ),
    ] {
        assert_eq!(loads(&network, &document).unwrap_err(), code);
    }
    network
        .clock
        .advance(std::time::Duration::from_hours(24 * 14));
    let old = Envelope::sign(&currency(0, later), &network.office);
    assert_eq!(loads(&network, &old).unwrap_err(), "currency.older");
    let old = Envelope::sign(&currency(1, later), &network.office);
    network.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(loads(&network, &old).unwrap_err(), "currency.expired");
    assert!(!network.data.currency().exists());
    assert_eq!(network.recorded(), ["begun"]);
}

#[test]
fn a_document_older_than_the_one_loaded_before_is_refused() {
    let network = Network::with_rows();
    let sign = |minute| Envelope::sign(&currency(minute, ahead(&network)), &network.office);
    loads(&network, &sign(3)).unwrap();
    assert_eq!(loads(&network, &sign(2)).unwrap_err(), "currency.older");
    loads(&network, &sign(4)).unwrap();
}

#[test]
fn a_file_of_no_use_is_told_once_and_left_aside() {
    let network = Network::with_rows();
    let forged = Envelope::sign(&currency(1, LogPosition::EMPTY), &network.member);
    let answerer = network.answerer();
    for bytes in [b"{".to_vec(), forged.to_json()] {
        std::fs::write(network.data.currency(), bytes).unwrap();
        let asked = || network.query(network.question(0, 0.05), &network.kim);
        let ((), said) = said_during(|| {
            for _ in 0..3 {
                let _: Answer = network.opened(&network.respond_with(&answerer, &asked()));
            }
        });
        assert_eq!(
            said.matches("currency.json is not used").count(),
            1,
            "{said}"
        );
    }
}

#[test]
fn the_logs_own_newer_word_counts_before_a_loaded_one() {
    let mut network = Network::with_rows();
    loads(
        &network,
        &Envelope::sign(&currency(1, ahead(&network)), &network.office),
    )
    .unwrap();
    // The log's newer word is of a log that this is not: then nothing is current, whatever was loaded before.
    let other = LogPosition {
        entries: 1,
        head: ChainHead::from_bytes([3; 32]),
    };
    network.documents.currency = Some(Envelope::sign(&currency(2, other), &network.office));
    let query = network.query(network.question(0, 0.05), &network.kim);
    assert_eq!(network.reason(&query), RefusalReason::CurrencyMismatch);
}

#[test]
fn a_loaded_word_that_the_log_turns_against_later_stops_the_answers() {
    let network = Network::with_rows();
    let later = ahead(&network);
    loads(
        &network,
        &Envelope::sign(&currency(1, later), &network.office),
    )
    .unwrap();
    let query = network.query(network.question(0, 0.05), &network.kim);
    let answerer = network.answerer();
    let mut governance = network.governance();
    let turned = |governance: &Governance| {
        let refusal = network.respond_under(&answerer, governance, &query);
        network.opened::<Refusal>(&refusal).reason
    };
    // The log grows to where the timekeeper saw it, and has another head there.
    while governance.chain().position().entries < later.entries {
        log(&mut governance, &network.documents.charter);
    }
    assert!(answerer.contradicted(&governance).is_some());
    assert_eq!(turned(&governance), RefusalReason::CurrencyMismatch);
    assert_eq!(network.spent(), 0);
    // A newer word of a timekeeper, over this log, settles it.
    let settled = currency(2, governance.chain().position());
    log(&mut governance, &Envelope::sign(&settled, &network.office));
    assert_eq!(answerer.contradicted(&governance), None);
    let _: Answer = network.opened(&network.respond_under(&answerer, &governance, &query));
}
