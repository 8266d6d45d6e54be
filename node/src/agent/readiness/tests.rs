//! What an operator hears is lacking, and when.

use protocol::documents::Roster;
use protocol::envelope::{Envelope, Payload};
use rstest::rstest;

use super::*;
use crate::answer::fixture::{Network, key, now};
use crate::keys::signing_key;

const READY: Rows = Rows {
    imported: true,
    lock_for_today: true,
};

fn document<P: Payload>(envelope: Option<&Envelope>) -> P {
    envelope.unwrap().parse_unverified().unwrap()
}

fn lacking_in(network: &Network, rows: Rows, now: Timestamp) -> Vec<Lack> {
    let documents = network.log_documents();
    let log = LogPosition {
        entries: documents.len() as u64,
        ..LogPosition::EMPTY
    };
    lacks(Known {
        log,
        governance: &network.governance(),
        charter: CharterNote::Highest,
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
    roster.version += 1;
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
        [Lack::NotInRoster { center, version: 2 }]
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
