//! What does this node still lack before it can answer anything? Told to the operator, who hears nothing else of it.
//!
//! It rests on public documents, and on whether there is an import and a lock at all: never on what they hold.

use jiff::{SignedDuration, Timestamp};
use protocol::documents::Currency;
use protocol::ids::{CenterId, DocumentId};
use protocol::keys::PublicKey;
use protocol::limits::{CLOCK_SKEW_S, CURRENCY_VALID_S};
use protocol::log::LogPosition;
use protocol::verify::Governance;

use crate::store::Rows;

/// Something without which every question is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// The coordinator's log holds nothing yet.
    LogEmpty,
    /// The log holds no charter of this fingerprint that every member signed.
    Charter { pinned: DocumentId },
    /// The committee has put no roster in force.
    Roster,
    /// The roster in force does not name this center.
    NotInRoster { center: CenterId, version: u32 },
    /// The roster in force names this center with another signing key.
    OtherKey { center: CenterId, own: PublicKey },
    /// The roster's entry for this center has ended.
    Expired { center: CenterId, until: Timestamp },
    /// No timekeeper has vouched for the log yet.
    Currency,
    /// The last currency document is too old.
    CurrencyExpired { of: Timestamp },
    /// The last currency document is of a time that this machine's clock has not reached.
    CurrencyAhead { of: Timestamp },
    /// No export has landed.
    Import,
    /// There is no lock that today's questions could be asked of.
    Lock,
}

/// What a node knows of itself and of the network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// How far the log was read.
    pub(super) log: LogPosition,
    /// What is in force.
    pub(super) governance: &'a Governance,
    /// This center.
    pub(super) center: &'a CenterId,
    /// The key that it signs with.
    pub(super) key: PublicKey,
    /// Which of import and lock there are.
    pub(super) rows: Rows,
    /// This machine's clock.
    pub(super) now: Timestamp,
}

/// Everything that is lacking, but for what follows from an earlier lack: without a charter no roster can be in force,
/// without an import there can be no lock.
pub(super) fn lacks(known: Known<'_>) -> Vec<Lack> {
    let public = if known.log.entries == 0 {
        vec![Lack::LogEmpty]
    } else if known.governance.charter().is_none() {
        let pinned = known.governance.fingerprint().into_iter();
        pinned.map(|pinned| Lack::Charter { pinned }).collect()
    } else {
        of_roster(known)
            .into_iter()
            .chain(of_currency(known))
            .collect()
    };
    public.into_iter().chain(of_rows(known.rows)).collect()
}

fn of_roster(known: Known<'_>) -> Option<Lack> {
    let Some(roster) = known.governance.roster() else {
        return Some(Lack::Roster);
    };
    let center = known.center.clone();
    let Some(entry) = roster.document.center(known.center) else {
        let version = roster.document.version;
        return Some(Lack::NotInRoster { center, version });
    };
    if entry.signing_key != known.key {
        let own = known.key;
        return Some(Lack::OtherKey { center, own });
    }
    let until = entry.valid_until;
    (until <= known.now).then_some(Lack::Expired { center, until })
}

fn of_currency(known: Known<'_>) -> Option<Lack> {
    let Some(currency) = known.governance.currency() else {
        return Some(Lack::Currency);
    };
    let Currency { time: of, .. } = currency.document;
    let age = known.now.duration_since(of);
    if age >= SignedDuration::from_secs(CURRENCY_VALID_S) {
        return Some(Lack::CurrencyExpired { of });
    }
    (age < SignedDuration::from_secs(-CLOCK_SKEW_S)).then_some(Lack::CurrencyAhead { of })
}

const fn of_rows(rows: Rows) -> Option<Lack> {
    match (rows.imported, rows.lock_for_today) {
        (_, true) => None,
        (true, false) => Some(Lack::Lock),
        (false, false) => Some(Lack::Import),
    }
}

impl Lack {
    /// What is lacking, and what the operator can do about it.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::LogEmpty => "the coordinator's log is empty: nobody has handed in a charter yet. \
                ask the registry office when the network begins, and check `coordinator` in node.toml".to_owned(),
            Self::Charter { pinned } => format!(
                "the charter {pinned} that node.toml names is not in the coordinator's log, or not yet signed by every member. \
                 compare the fingerprint with the registry office's, by another way than the coordinator; if it is wrong, \
                 correct `charter` in node.toml and start the node again"
            ),
            Self::Roster => "no roster is in force yet. send enrolment.json to the registry office if you have not, \
                and ask when the committee will have signed the roster".to_owned(),
            Self::NotInRoster { center, version } => format!(
                "the roster in force (version {version}) does not name center {center}. send enrolment.json to the registry \
                 office, and check that `center` in node.toml is the center's id there"
            ),
            Self::OtherKey { center, own } => format!(
                "the roster in force names center {center} with another signing key than this node's, {own}. send this node's \
                 enrolment.json to the registry office, or serve from the data directory that was enrolled"
            ),
            Self::Expired { center, until } => format!(
                "the roster's entry for center {center} ended at {until:.0}. ask the registry office for a roster that \
                 renews it"
            ),
            Self::Currency => "no currency document is in the log: nobody vouches that the log is current. \
                ask the registry office for one".to_owned(),
            Self::CurrencyExpired { of } => format!(
                "the last currency document is of {of:.0} and too old. ask the registry office for a new one"
            ),
            Self::CurrencyAhead { of } => format!(
                "the last currency document is of {of:.0}, later than this machine's clock. set the clock"
            ),
            Self::Import => "nothing is imported. run `cartally-node import DIR`, then `cartally-node lock`".to_owned(),
            Self::Lock => "there is no lock that questions could be asked of, or every lock is retired. \
                run `cartally-node lock`".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
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
}
