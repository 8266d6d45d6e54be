//! What an operator hears is lacking, and when.

use protocol::documents::{Charter, Predecessor, Revocation, Roster};
use protocol::envelope::{Envelope, Payload};
use rstest::rstest;

use super::*;
use crate::answer::fixture::{Network, key, log, now};
use crate::init::DEFAULT_POLICY;
use crate::keys::signing_key;

const READY: Rows = Rows {
    imported: true,
    lock_for_today: true,
};

fn document<P: Payload>(envelope: Option<&Envelope>) -> P {
    envelope.unwrap().parse_unverified().unwrap()
}

fn lacking_in(network: &Network, rows: Rows, now: Timestamp) -> Vec<Lack> {
    lacking_under(
        network,
        &network.governance(),
        CharterNote::Highest,
        rows,
        now,
    )
}

fn lacking_under(
    network: &Network,
    governance: &Governance,
    charter: CharterNote,
    rows: Rows,
    now: Timestamp,
) -> Vec<Lack> {
    let documents = network.log_documents();
    let log = LogPosition {
        entries: documents.len() as u64,
        ..LogPosition::EMPTY
    };
    lacks(Known {
        log,
        governance,
        contradicted: None,
        charter,
        policy: Policy::load(&network.data.policy()).as_ref(),
        center: &"K01".parse().unwrap(),
        key: signing_key(&network.data).unwrap().public(),
        rows,
        now,
    })
}

fn lacking(network: &Network) -> Vec<Lack> {
    lacking_in(network, READY, now())
}

/// With a roster that differs from the fixture's.
fn with_roster(change: impl FnOnce(&mut Roster)) -> Network {
    let mut network = Network::new();
    let mut roster: Roster = document(network.documents.roster.as_ref());
    change(&mut roster);
    network.documents.roster = Some(network.decide(&roster));
    network
}

#[test]
fn a_node_with_everything_lacks_nothing() {
    assert_eq!(lacking(&Network::new()), []);
}

#[test]
fn an_empty_log_lacks_everything_public_at_once() {
    let network = Network::new();
    let found = lacks(Known {
        log: LogPosition::EMPTY,
        contradicted: None,
        governance: &Governance::pinned_to(network.documents.charter.id()),
        charter: CharterNote::Highest,
        policy: Policy::load(&network.data.policy()).as_ref(),
        center: &"K01".parse().unwrap(),
        key: key().public(),
        rows: READY,
        now: now(),
    });
    assert_eq!(found, [Lack::LogEmpty]);
}

#[test]
fn a_charter_that_is_not_the_pinned_one_is_told_by_the_pinned_fingerprint() {
    let mut network = Network::new();
    let pinned = network.documents.charter.id();
    network.documents.charter = crate::answer::fixture::charter(&key(), &key());
    let found = lacking(&network);
    assert_eq!(found, [Lack::Charter { pinned }]);
    let sentence = found[0].sentence();
    assert!(sentence.contains(&pinned.to_string()), "{sentence}");
}

#[test]
fn a_network_without_a_roster_or_currency_lacks_both() {
    let mut network = Network::new();
    network.documents.roster = None;
    network.documents.currency = None;
    assert_eq!(lacking(&network), [Lack::Roster, Lack::Currency]);
}

#[test]
fn a_roster_without_the_center_is_told_with_its_version() {
    let network = with_roster(|roster| roster.centers[0].id = "K02".parse().unwrap());
    let center = "K01".parse().unwrap();
    assert_eq!(
        lacking(&network),
        [Lack::NotInRoster { center, version: 1 }]
    );
}

#[test]
fn a_roster_with_another_key_is_told_with_the_nodes_own() {
    let network = with_roster(|roster| roster.centers[0].signing_key = key().public());
    let center = "K01".parse().unwrap();
    let own = signing_key(&network.data).unwrap().public();
    assert_eq!(lacking(&network), [Lack::OtherKey { center, own }]);
}

#[test]
fn an_entry_ends_at_its_moment() {
    let network = with_roster(|roster| roster.centers[0].valid_until = now());
    let (center, until) = ("K01".parse().unwrap(), now());
    assert_eq!(lacking(&network), [Lack::Expired { center, until }]);
}

#[rstest]
#[case::a_second_before_its_end(CURRENCY_VALID_S - 1, None)]
#[case::at_its_end(CURRENCY_VALID_S, Some(Lack::CurrencyExpired { of: now() }))]
#[case::within_the_skew(-CLOCK_SKEW_S, None)]
#[case::beyond_the_skew(-CLOCK_SKEW_S - 1, Some(Lack::CurrencyAhead { of: now() }))]
fn currency_is_judged_as_for_an_answer(#[case] age_s: i64, #[case] expected: Option<Lack>) {
    let at = now() + SignedDuration::from_secs(age_s);
    let found = lacking_in(&Network::new(), READY, at);
    assert_eq!(found, Vec::from_iter(expected));
}

#[rstest]
#[case(false, false, Some(Lack::Import))]
#[case(true, false, Some(Lack::Lock))]
#[case(true, true, None)]
fn without_import_and_lock_there_is_nothing_to_answer_from(
    #[case] imported: bool,
    #[case] lock_for_today: bool,
    #[case] expected: Option<Lack>,
) {
    let rows = Rows {
        imported,
        lock_for_today,
    };
    let found = lacking_in(&Network::new(), rows, now());
    assert_eq!(found, Vec::from_iter(expected));
}

#[test]
fn every_sentence_says_what_to_do_and_holds_on_one_line() {
    let (center, own): (CenterId, _) = ("K01".parse().unwrap(), key().public());
    let moment: Timestamp = "2026-11-21T01:02:03.123456789Z".parse().unwrap();
    let all = [
        Lack::LogEmpty,
        Lack::Charter {
            pinned: DocumentId::from_bytes([1; 32]),
        },
        Lack::Roster,
        Lack::NotInRoster {
            center: center.clone(),
            version: 3,
        },
        Lack::OtherKey {
            center: center.clone(),
            own,
        },
        Lack::Expired {
            center,
            until: moment,
        },
        Lack::OtherCharter { seen: seen() },
        Lack::CharterWithheld { seen: seen() },
        Lack::CharterFork { fork: fork() },
        Lack::RosterWithdrawn {
            version: 2,
            how: Withdrawal::Revoked,
        },
        Lack::RosterWithdrawn {
            version: 2,
            how: Withdrawal::Suspended { until: moment },
        },
        Lack::CurrencyOther { of: moment },
        Lack::ReviewBoard {
            study: "outcomes".parse().unwrap(),
            why: Unapproved::NoNumber,
        },
        Lack::Policy {
            sentence: "policy.toml is not valid. correct it".to_owned(),
        },
        Lack::Currency,
        Lack::CurrencyExpired { of: moment },
        Lack::CurrencyAhead { of: moment },
        Lack::Import,
        Lack::Lock,
    ];
    for sentence in all.iter().map(Lack::sentence) {
        assert!(sentence.contains(". "), "{sentence}");
        assert!(
            !sentence.contains("  ") && !sentence.contains('\n'),
            "{sentence}"
        );
        assert!(!sentence.contains(".123"), "{sentence}");
    }
}

fn seen() -> SeenCharter {
    SeenCharter {
        version: 3,
        id: DocumentId::from_bytes([3; 32]),
    }
}

fn fork() -> Fork {
    Fork {
        one: DocumentId::from_bytes([1; 32]),
        other: DocumentId::from_bytes([2; 32]),
    }
}

#[rstest]
#[case(CharterNote::Fork(seen()), Lack::OtherCharter { seen: seen() })]
#[case(CharterNote::Behind(seen()), Lack::CharterWithheld { seen: seen() })]
fn a_charter_that_is_not_the_highest_ever_seen_is_told_before_anything_else(
    #[case] note: CharterNote,
    #[case] lack: Lack,
) {
    let network = Network::new();
    let found = lacking_under(&network, &network.governance(), note, READY, now());
    assert_eq!(found, [lack]);
}

/// A successor of the fixture's charter, told apart by its number of timekeepers.
fn successor(network: &Network, timekeepers: usize) -> Envelope {
    let charter: Charter = document(Some(&network.documents.charter));
    let next = Charter {
        version: 2,
        predecessor: Some(Predecessor {
            charter: network.documents.charter.id(),
            log_index: 0,
        }),
        timekeepers: (0..timekeepers).map(|_| key().public()).collect(),
        ..charter
    };
    Envelope::sign_seeing(&next, &network.member, LogPosition::EMPTY)
}

#[test]
fn a_fork_of_the_charter_is_told_with_both_sides() {
    let network = Network::new();
    let mut governance = network.governance();
    let (one, other) = (successor(&network, 1), successor(&network, 2));
    log(&mut governance, &one);
    log(&mut governance, &other);
    let fork = Fork {
        one: one.id(),
        other: other.id(),
    };
    let found = lacking_under(&network, &governance, CharterNote::Highest, READY, now());
    assert_eq!(found, [Lack::CharterFork { fork }]);
}

#[test]
fn a_roster_that_was_taken_back_is_told() {
    let network = Network::new();
    let mut governance = network.governance();
    let revocation = Revocation {
        network: "kr".parse().unwrap(),
        document: network.documents.roster.as_ref().unwrap().id(),
        reason: "a wrong key".to_owned(),
        time: now(),
    };
    let signed = Envelope::sign_seeing(&revocation, &network.member, LogPosition::EMPTY);
    log(&mut governance, &signed);
    let found = lacking_under(&network, &governance, CharterNote::Highest, READY, now());
    let how = Withdrawal::Revoked;
    assert_eq!(found, [Lack::RosterWithdrawn { version: 1, how }]);
}

#[test]
fn a_currency_document_of_another_log_is_told() {
    let mut network = Network::new();
    let mut currency: Currency = document(network.documents.currency.as_ref());
    currency.log = LogPosition {
        entries: 1,
        head: protocol::ids::ChainHead::from_bytes([9; 32]),
    };
    network.documents.currency = Some(Envelope::sign(&currency, &network.office));
    assert_eq!(lacking(&network), [Lack::CurrencyOther { of: now() }]);
}

#[test]
fn a_study_in_force_without_the_review_boards_number_is_told_by_name() {
    let network = Network::new();
    let required = "\n[review_board]\nrequired = true\n";
    let with = |more: &str| {
        std::fs::write(
            network.data.policy(),
            format!("{DEFAULT_POLICY}{required}{more}"),
        )
        .unwrap();
        lacking(&network)
    };
    let lack = |why| Lack::ReviewBoard {
        study: "outcomes".parse().unwrap(),
        why,
    };
    assert_eq!(with(""), [lack(Unapproved::NoNumber)]);
    let until = |day: &str| {
        format!(
            "[[review_board.approvals]]\nstudy = \"outcomes\"\nnumber = \"7\"\nexpires = {day}\n"
        )
    };
    let on = jiff::civil::date(2026, 11, 1);
    assert_eq!(
        with(&until("2026-11-01")),
        [lack(Unapproved::Expired { on })]
    );
    assert_eq!(with(&until("2027-11-01")), []);
}

#[test]
fn a_policy_that_cannot_be_read_is_told_with_its_fault() {
    let network = Network::new();
    network.set_policy("[caps]", "[lids]");
    let found = lacking(&network);
    assert!(
        matches!(&found[..], [Lack::Policy { sentence }] if sentence.contains("lids")),
        "{found:?}"
    );
}
