//! The mirror's claims, over real files.

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::documents::{Currency, Query};
use protocol::envelope::Envelope;
use protocol::ids::{ChainHead, QuestionId};
use protocol::keys::SigningKey;
use protocol::question::{Mode, Question};

use super::*;

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
