//! What could a reader know who had seen so many entries? What came into force and what was taken back, by place in the log.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use protocol::documents::{Currency, Revocation, Roster, Study, hash_of_revocations};
use protocol::envelope::Envelope;
use protocol::ids::{ChainHead, DocumentId, StudyName};
use protocol::limits::{CLOCK_SKEW_S, CURRENCY_VALID_S};
use protocol::log::LogEntry;
use protocol::verify::{Governance, InForce, Taken, Withdrawal};

/// The course of a log so far. `from` counts entries: who has seen that many knows it.
#[derive(Default)]
pub(super) struct History {
    times: Vec<Timestamp>,
    rosters: Vec<(u64, InForce<Roster>)>,
    versions: BTreeMap<StudyName, Vec<(u64, DocumentId)>>,
    revoked: BTreeMap<DocumentId, u64>,
    suspended: BTreeMap<DocumentId, Vec<(u64, Timestamp)>>,
    fork: Option<u64>,
    /// Every revocation that counts, suspending or final, once: what currency documents count.
    counted: BTreeMap<DocumentId, u64>,
    /// The valid currency documents, by when they were signed.
    currencies: BTreeMap<Timestamp, Vec<Vouched>>,
}

/// What a timekeeper vouched for.
struct Vouched {
    /// How many entries the log had.
    entries: u64,
    /// The hash of all revocations in them.
    revocations: ChainHead,
}

/// Why no node could have relied on a timekeeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotCurrent {
    /// No word was valid at that time.
    NoWord,
    /// Every word of that time counts revocations that its node had not seen.
    OtherRevocations,
}

impl History {
    /// Every entry has its time.
    pub(super) fn came(&mut self, entry: &LogEntry) {
        self.times.push(entry.time);
    }

    /// A governance document had this effect.
    pub(super) fn note(&mut self, governance: &Governance, entry: &LogEntry, taken: &Taken) {
        let from = entry.index + 1;
        if governance.fork().is_some() {
            self.fork.get_or_insert(from);
        }
        self.note_roster(governance, from);
        let in_force = matches!(taken, Taken::InForce);
        if let Ok(study) = entry.envelope.parse_unverified::<Study>()
            && in_force
        {
            let id = entry.envelope.id();
            self.versions
                .entry(study.name)
                .or_default()
                .push((from, id));
        }
        let counts = matches!(taken, Taken::InForce | Taken::Pending(_));
        if counts && entry.envelope.is::<Revocation>() {
            self.counted.entry(entry.envelope.id()).or_insert(from);
        }
        self.note_revocation(governance, &entry.envelope, entry.time, from);
    }

    fn note_roster(&mut self, governance: &Governance, from: u64) {
        let Some(roster) = governance.roster() else {
            return;
        };
        if self
            .rosters
            .last()
            .is_none_or(|(_, last)| last.id != roster.id)
        {
            self.rosters.push((from, roster.clone()));
        }
    }

    fn note_revocation(
        &mut self,
        governance: &Governance,
        envelope: &Envelope,
        now: Timestamp,
        from: u64,
    ) {
        let Ok(revocation) = envelope.parse_unverified::<Revocation>() else {
            return;
        };
        let document = revocation.document;
        match governance.withdrawal(&document, now) {
            Some(Withdrawal::Revoked) => {
                self.revoked.entry(document).or_insert(from);
            }
            Some(Withdrawal::Suspended { until }) => {
                self.suspended
                    .entry(document)
                    .or_default()
                    .push((from, until));
            }
            None => {}
        }
    }

    pub(super) fn note_currency(&mut self, currency: &Currency) {
        let vouched = Vouched {
            entries: currency.log.entries,
            revocations: currency.revocations,
        };
        self.currencies
            .entry(currency.time)
            .or_default()
            .push(vouched);
    }

    /// The roster in force, as a place in [`History::roster_at`].
    pub(super) fn newest_roster(&self) -> Option<usize> {
        self.rosters.len().checked_sub(1)
    }

    pub(super) fn roster_at(&self, place: usize) -> Option<&InForce<Roster>> {
        self.rosters.get(place).map(|(_, roster)| roster)
    }

    /// The roster that who had seen `seen` entries took for the one in force.
    pub(super) fn roster_seen(&self, seen: u64) -> Option<&InForce<Roster>> {
        let known = self.rosters.iter().rev().find(|(from, _)| *from <= seen);
        known.map(|(_, roster)| roster)
    }

    /// The version of a study that who had seen `seen` entries took for the one in force.
    pub(super) fn version_seen(&self, name: &StudyName, seen: u64) -> Option<DocumentId> {
        let versions = self.versions.get(name)?.iter().rev();
        let mut known = versions.filter(|(from, _)| *from <= seen);
        known.next().map(|(_, id)| *id)
    }

    /// Whether who had seen `seen` entries knew, whenever before `now` it was, that a document was suspended or revoked.
    pub(super) fn withdrawn(&self, id: &DocumentId, seen: u64, now: Timestamp) -> bool {
        let revoked = self.revoked.get(id).is_some_and(|from| *from <= seen);
        let latest = later(now, CLOCK_SKEW_S);
        let suspensions = self.suspended.get(id).into_iter().flatten();
        let mut suspensions = suspensions.filter(|(from, _)| *from <= seen);
        revoked || suspensions.any(|(_, until)| *until > latest)
    }

    pub(super) fn forked(&self, seen: u64) -> bool {
        self.fork.is_some_and(|from| from <= seen)
    }

    /// When the last of the first `seen` entries came: who had seen them cannot have looked earlier.
    pub(super) fn time_seen(&self, seen: u64) -> Timestamp {
        let last = usize::try_from(seen).unwrap_or(usize::MAX).checked_sub(1);
        let time = last.and_then(|last| self.times.get(last));
        time.copied().unwrap_or(Timestamp::MIN)
    }

    /// Whether who had seen `seen` entries could rely on a timekeeper's word at some moment from `earliest` to `latest`,
    /// wherever it was read. A word about more entries must count the revocations of those seen, and no other.
    pub(super) fn current(
        &self,
        seen: u64,
        earliest: Timestamp,
        latest: Timestamp,
    ) -> Result<(), NotCurrent> {
        let from = later(earliest, -CURRENCY_VALID_S - CLOCK_SKEW_S);
        let words = self.currencies.range(from..=later(latest, CLOCK_SKEW_S));
        let mut words = words.flat_map(|(_, words)| words).peekable();
        words.peek().ok_or(NotCurrent::NoWord)?;
        let mut ahead = Vec::new();
        for word in words {
            if word.entries <= seen {
                return Ok(());
            }
            ahead.push(word.revocations);
        }
        if ahead.contains(&self.revocations_seen(seen)) {
            Ok(())
        } else {
            Err(NotCurrent::OtherRevocations)
        }
    }

    /// The hash of all revocations among the first `seen` entries.
    fn revocations_seen(&self, seen: u64) -> ChainHead {
        let known = self.counted.iter().filter(|(_, from)| **from <= seen);
        hash_of_revocations(&known.map(|(id, _)| *id).collect())
    }
}

/// The moment `seconds` after `time`.
pub(super) fn later(time: Timestamp, seconds: i64) -> Timestamp {
    let bound = if seconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    time.saturating_add(SignedDuration::from_secs(seconds))
        .unwrap_or(bound)
}
