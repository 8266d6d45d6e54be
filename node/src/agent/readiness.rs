//! What does this node still lack before it can answer anything? Told to the operator, who hears nothing else of it.
//!
//! It rests on public documents, and on whether there is an import and a lock at all: never on what they hold.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use protocol::documents::Currency;
use protocol::ids::{CenterId, DocumentId, StudyName};
use protocol::keys::PublicKey;
use protocol::limits::{CLOCK_SKEW_S, CURRENCY_VALID_S};
use protocol::log::LogPosition;
use protocol::verify::{Fork, Governance, Withdrawal};

use crate::day;
use crate::error::NodeError;
use crate::policy::{Policy, Unapproved};
use crate::record::{CharterNote, SeenCharter};
use crate::store::Rows;

/// Something without which every question is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// The coordinator's log holds nothing yet.
    LogEmpty,
    /// The log holds no charter of this fingerprint that every member signed.
    Charter { pinned: DocumentId },
    /// The log shows another charter of a version than this node saw before.
    OtherCharter { seen: SeenCharter },
    /// The log shows no charter as high as one that this node saw before.
    CharterWithheld { seen: SeenCharter },
    /// Two charters succeed the same one.
    CharterFork { fork: Fork },
    /// The committee has put no roster in force.
    Roster,
    /// The roster was taken back.
    RosterWithdrawn { version: u32, how: Withdrawal },
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
    /// The last currency document speaks of another log, or of other revocations.
    CurrencyOther { of: Timestamp },
    /// The policy cannot be read.
    Policy { sentence: String },
    /// The policy wants the center's own review board's number for a study, and has none that holds.
    ReviewBoard { study: StudyName, why: Unapproved },
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
    /// The time of the currency document that the operator loaded, if it says that this is not the log.
    pub(super) contradicted: Option<Timestamp>,
    /// How the charter stands to the highest ever seen.
    pub(super) charter: CharterNote,
    /// The center's own policy.
    pub(super) policy: Result<&'a Policy, &'a NodeError>,
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
    } else if let Some(lack) = of_charter(known) {
        vec![lack]
    } else {
        let documents = of_roster(known).into_iter().chain(of_currency(known));
        documents.chain(of_studies(known)).collect()
    };
    let policy = known.policy.err().map(|error| Lack::Policy {
        sentence: error.to_string(),
    });
    let public = public.into_iter().chain(policy);
    public.chain(of_rows(known.rows)).collect()
}

fn of_charter(known: Known<'_>) -> Option<Lack> {
    match known.charter {
        CharterNote::Fork(seen) => return Some(Lack::OtherCharter { seen }),
        CharterNote::Behind(seen) => return Some(Lack::CharterWithheld { seen }),
        CharterNote::Highest => {}
    }
    if known.governance.charter().is_none() {
        let pinned = known.governance.fingerprint()?;
        return Some(Lack::Charter { pinned });
    }
    let fork = known.governance.fork()?;
    Some(Lack::CharterFork { fork })
}

fn of_roster(known: Known<'_>) -> Option<Lack> {
    let Some(roster) = known.governance.roster() else {
        return Some(Lack::Roster);
    };
    if let Some(how) = known.governance.withdrawal(&roster.id, known.now) {
        let version = roster.document.version;
        return Some(Lack::RosterWithdrawn { version, how });
    }
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
    if let Some(of) = known.contradicted {
        return Some(Lack::CurrencyOther { of });
    }
    let age = known.now.duration_since(of);
    if age >= SignedDuration::from_secs(CURRENCY_VALID_S) {
        return Some(Lack::CurrencyExpired { of });
    }
    if age < SignedDuration::from_secs(-CLOCK_SKEW_S) {
        return Some(Lack::CurrencyAhead { of });
    }
    let fits = known.governance.fits(&currency.document);
    fits.is_err().then_some(Lack::CurrencyOther { of })
}

/// Studies in which questions can be asked, but for a number of the center's own review board.
fn of_studies(known: Known<'_>) -> impl Iterator<Item = Lack> {
    let today = day::today(known.now);
    let in_force = known.governance.studies().filter(move |(id, study)| {
        study.expires > known.now && known.governance.withdrawal(id, known.now).is_none()
    });
    in_force.filter_map(move |(_, study)| {
        let why = known
            .policy
            .ok()?
            .review_board(study.name.as_str(), today)
            .err()?;
        let study = study.name.clone();
        Some(Lack::ReviewBoard { study, why })
    })
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
            Self::OtherCharter { seen } => format!(
                "the log shows another charter of version {} than the one that this node saw before, {}. somebody shows this node \
                 another history: ask the registry office and other centers which one is right",
                seen.version, seen.id
            ),
            Self::CharterWithheld { seen } => format!(
                "the log does not show charter {} (version {}), which this node saw before. somebody withholds it: \
                 ask the registry office and other centers, and compare `cartally log` with them",
                seen.id, seen.version
            ),
            Self::CharterFork { fork } => format!(
                "two charters succeed the same one: {} and {}. nothing is in force until the committee has settled it. \
                 ask the registry office",
                fork.one, fork.other
            ),
            Self::RosterWithdrawn { version, how } => match how {
                Withdrawal::Suspended { until } => format!(
                    "a member of the committee suspended the roster (version {version}) until {until:.0}. ask the registry office why"
                ),
                Withdrawal::Revoked => format!(
                    "the committee revoked the roster (version {version}). ask the registry office for a new one"
                ),
            },
            Self::CurrencyOther { of } => format!(
                "the currency document of {of:.0} speaks of another log or of revocations that this node has not seen. \
                 compare `cartally log` with the registry office, and ask for a new currency document"
            ),
            Self::Policy { sentence } => format!("the policy cannot be used: {sentence}. until then nothing is answered"),
            Self::ReviewBoard { study, why } => why.sentence(study.as_str()),
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
