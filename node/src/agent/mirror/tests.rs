//! The mirror's claims, over real files.

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::documents::{Currency, Query, Roster};
use protocol::envelope::Envelope;
use protocol::ids::{ChainHead, QuestionId};
use protocol::keys::SigningKey;
use protocol::question::{Mode, Question};

use super::*;
use crate::answer::fixture::Network;

fn key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
}

fn own(key: &SigningKey) -> Own {
    Own {
        center: "K01".parse().unwrap(),
        key: key.public(),
    }
}

fn open(path: &Path, key: &SigningKey) -> Mirror {
    Mirror::open(path, DocumentId::from_bytes([1; 32]), own(key)).unwrap()
}

/// The coordinator's word that its log ends after these entries.
fn head(mirror: &Mirror, entries: &[LogEntry], coordinator: &SigningKey) -> Envelope {
    let log = mirror
        .position()
        .extended(entries)
        .unwrap_or(LogPosition::EMPTY);
    let network = "kr".parse().unwrap();
    let time = Timestamp::UNIX_EPOCH;
    Envelope::sign(&LogHead { network, log, time }, coordinator)
}

/// Extends the mirror by what a coordinator whose key no roster names yet vouches for.
fn extend(mirror: &mut Mirror, entries: &[LogEntry]) -> Result<(), NodeError> {
    let head = head(mirror, entries, &key());
    mirror.extend(entries, &head)
}

fn entry(index: u64, envelope: Envelope) -> LogEntry {
    LogEntry {
        index,
        time: "2026-11-21T01:02:03.123456789Z".parse().unwrap(),
        envelope,
    }
}

fn query(key: &SigningKey) -> Envelope {
    let question = Question {
        template: DocumentId::from_bytes([2; 32]),
        parameters: std::collections::BTreeMap::new(),
        mode: Mode::Local,
        rho: NanoRho::from_nano(1),
        lock_date: "2026-11-21".parse().unwrap(),
    };
    let study = DocumentId::from_bytes([3; 32]);
    let moment = Timestamp::UNIX_EPOCH;
    Envelope::sign(
        &Query {
            question,
            study,
            created: moment,
            deadline: moment,
            log: LogPosition::EMPTY,
        },
        key,
    )
}

fn answer(key: &SigningKey, center: &str) -> Envelope {
    let answer = Answer {
        question: QuestionId::from_bytes([4; 32]),
        center: center.parse().unwrap(),
        lock: "l".parse().unwrap(),
        lock_date: "2026-11-21".parse().unwrap(),
        plan: protocol::ids::PlanDigest::from_bytes([7; 32]),
        parts: vec![],
        cost: NanoRho::from_nano(5),
        ledger_head: ChainHead::from_bytes([6; 32]),
        log: LogPosition::EMPTY,
    };
    Envelope::sign(&answer, key)
}

#[test]
fn a_mirror_grows_and_is_the_same_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (path, key) = (dir.path().join("log.db"), key());
    let mut mirror = open(&path, &key);
    extend(&mut mirror, &[entry(0, query(&key)), entry(1, query(&key))]).unwrap();
    let position = mirror.position();
    drop(mirror);
    let mut mirror = open(&path, &key);
    assert_eq!((mirror.position(), position.entries), (position, 2));
    for wrong in [0, 1, 3] {
        assert_eq!(
            extend(&mut mirror, &[entry(wrong, query(&key))])
                .unwrap_err()
                .code(),
            "log.broken"
        );
    }
    assert_eq!(mirror.position(), position);
    assert!(
        mirror
            .stored
            .connection
            .execute("DELETE FROM entry", [])
            .is_err()
    );
    assert!(
        mirror
            .stored
            .connection
            .execute("UPDATE entry SET time = ''", [])
            .is_err()
    );
}

#[test]
fn only_answers_that_the_centers_own_key_signed_are_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (path, key, other) = (dir.path().join("log.db"), key(), key());
    let mut mirror = open(&path, &key);
    let entries = [
        answer(&other, "K01"),
        answer(&key, "K02"),
        answer(&key, "K01"),
    ];
    let entries: Vec<_> = (0..)
        .zip(entries)
        .map(|(index, envelope)| entry(index, envelope))
        .collect();
    extend(&mut mirror, &entries).unwrap();
    let expected = LoggedAnswer {
        log_index: 2,
        question: QuestionId::from_bytes([4; 32]),
        head: ChainHead::from_bytes([6; 32]),
        cost: NanoRho::from_nano(5),
    };
    assert_eq!(mirror.own_answers(), [expected]);
    drop(mirror);
    assert_eq!(open(&path, &key).own_answers(), [expected]);
}

#[test]
fn a_currency_document_that_speaks_of_another_log_leaves_nothing_current() {
    let dir = tempfile::tempdir().unwrap();
    let (path, member, office) = (dir.path().join("log.db"), key(), key());
    let charter = crate::answer::fixture::charter(&member, &office);
    let mut mirror = Mirror::open(&path, charter.id(), own(&member)).unwrap();
    extend(&mut mirror, &[entry(0, charter.clone())]).unwrap();
    let seen = mirror.position();
    let currency = |minute: i64, log: LogPosition| {
        let currency = Currency {
            network: "kr".parse().unwrap(),
            time: Timestamp::from_second(60 * minute).unwrap(),
            log,
            revocations: protocol::documents::hash_of_revocations(&[].into()),
        };
        Envelope::sign(&currency, &office)
    };
    let other = LogPosition {
        head: ChainHead::from_bytes([9; 32]),
        ..seen
    };
    let ahead = LogPosition { entries: 9, ..seen };
    let fits = |mirror: &Mirror| {
        let governance = mirror.governance();
        let currency = governance.currency().unwrap();
        governance.fits(&currency.document).is_ok()
    };
    for (minute, log, right) in [(1, seen, true), (2, other, false), (3, seen, true)] {
        let index = mirror.position().entries;
        let document = currency(minute, log);
        extend(&mut mirror, &[entry(index, document)]).unwrap();
        assert_eq!(fits(&mirror), right, "{minute}");
    }
    let index = mirror.position().entries;
    let document = currency(4, ahead);
    extend(&mut mirror, &[entry(index, document)]).unwrap();
    drop(mirror);
    let mut mirror = Mirror::open(&path, charter.id(), own(&member)).unwrap();
    // When the log has grown as far, it turns out that the timekeeper saw another one.
    while mirror.position().entries < ahead.entries {
        let index = mirror.position().entries;
        extend(&mut mirror, &[entry(index, query(&member))]).unwrap();
    }
    assert!(!fits(&mirror));
}

/// A network's documents as entries of its log.
fn entries(network: &Network) -> Vec<LogEntry> {
    let documents = network.log_documents().into_iter();
    (0..)
        .zip(documents)
        .map(|(index, envelope)| entry(index, envelope))
        .collect()
}

fn of_network(network: &Network) -> Mirror {
    crate::agent::open_mirror(&network.data).unwrap()
}

#[test]
fn a_log_whose_head_the_rosters_coordinator_did_not_sign_is_not_taken() {
    let network = Network::new();
    let entries = entries(&network);
    let mut mirror = of_network(&network);
    for forger in [&key(), &network.office, &network.member] {
        let forged = head(&mirror, &entries, forger);
        let refused = mirror.extend(&entries, &forged).unwrap_err();
        assert_eq!(refused.code(), "log.head");
        assert!(refused.to_string().contains("nothing was taken"));
    }
    assert_eq!(mirror.position(), LogPosition::EMPTY);
    assert_eq!(of_network(&network).entries().unwrap(), []);
    let signed = head(&mirror, &entries, &network.coordinator);
    mirror.extend(&entries, &signed).unwrap();
    assert_eq!(of_network(&network).head().unwrap(), Some(signed));
}

#[test]
fn a_signed_head_of_another_log_or_network_vouches_for_nothing() {
    let network = Network::new();
    let entries = entries(&network);
    let mut mirror = of_network(&network);
    let right = mirror.position().extended(&entries).unwrap();
    let shorter = mirror.position().extended(&entries[..3]).unwrap();
    let sign = |name: &str, log| {
        let (network_name, time) = (name.parse().unwrap(), Timestamp::UNIX_EPOCH);
        let says = LogHead {
            network: network_name,
            log,
            time,
        };
        Envelope::sign(&says, &network.coordinator)
    };
    let other = LogPosition {
        head: ChainHead::from_bytes([9; 32]),
        ..right
    };
    for head in [
        sign("kr", shorter),
        sign("kr", other),
        sign("jp", right),
        query(&key()),
    ] {
        let refused = mirror.extend(&entries, &head).unwrap_err();
        assert_eq!(refused.code(), "log.head");
    }
    mirror.extend(&entries, &sign("kr", right)).unwrap();
}

#[test]
fn a_coordinators_new_key_counts_from_the_roster_that_names_it() {
    let network = Network::new();
    let mut mirror = of_network(&network);
    let before = entries(&network);
    let signed = head(&mirror, &before, &network.coordinator);
    mirror.extend(&before, &signed).unwrap();
    let (next, envelope) = (key(), network.documents.roster.as_ref().unwrap());
    let mut roster: Roster = envelope.parse_unverified().unwrap();
    roster.version += 1;
    roster.coordinator = next.public();
    let after = [entry(mirror.position().entries, network.decide(&roster))];
    let old = head(&mirror, &after, &network.coordinator);
    assert_eq!(mirror.extend(&after, &old).unwrap_err().code(), "log.head");
    let new = head(&mirror, &after, &next);
    mirror.extend(&after, &new).unwrap();
    let again = head(&mirror, &[], &network.coordinator);
    assert_eq!(mirror.extend(&[], &again).unwrap_err().code(), "log.head");
}
