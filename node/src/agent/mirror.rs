//! What was decided, as far as this node has seen? A copy of the coordinator's log that only ever grows, in `log.db`.

mod store;

use std::path::Path;

use protocol::documents::{Answer, Currency};
use protocol::ids::{CenterId, ChainHead, DocumentId};
use protocol::keys::PublicKey;
use protocol::log::{LogEntry, LogPosition};
use protocol::verify::Governance;

use self::store::Entries;
use crate::error::NodeError;
use crate::ledger::LoggedAnswer;

/// The mirrored log, and what follows from it under the pinned charter.
#[derive(Debug)]
pub struct Mirror {
    stored: Entries,
    own: Own,
    position: LogPosition,
    /// The log's head after each entry.
    heads: Vec<ChainHead>,
    governance: Governance,
    own_answers: Vec<LoggedAnswer>,
}

/// Whose answers are the node's own.
#[derive(Debug, Clone)]
pub struct Own {
    /// The center.
    pub center: CenterId,
    /// The key that it signs with.
    pub key: PublicKey,
}

impl Mirror {
    /// Opens the mirror, makes it if it is not there, and works out what is in force. A mirror that is lost is fetched again.
    pub fn open(path: &Path, charter: DocumentId, own: Own) -> Result<Self, NodeError> {
        let stored = Entries::open(path)?;
        let entries = stored.all()?;
        let mut mirror = Self {
            stored,
            own,
            position: LogPosition::EMPTY,
            heads: Vec::new(),
            governance: Governance::pinned_to(charter),
            own_answers: Vec::new(),
        };
        let after = mirror.positions_after(&entries)?;
        mirror.follow(&entries, after);
        Ok(mirror)
    }

    /// How far the copy reaches.
    #[must_use]
    pub const fn position(&self) -> LogPosition {
        self.position
    }

    /// What is in force.
    #[must_use]
    pub const fn governance(&self) -> &Governance {
        &self.governance
    }

    /// The center's own answers in the log, oldest first.
    #[must_use]
    pub fn own_answers(&self) -> &[LoggedAnswer] {
        &self.own_answers
    }

    /// Appends entries that extend the copy, all or none.
    pub fn extend(&mut self, entries: &[LogEntry]) -> Result<(), NodeError> {
        let after = self.positions_after(entries)?;
        self.stored.append(entries)?;
        self.follow(entries, after);
        Ok(())
    }

    /// The position after each of `entries`, if they extend the copy.
    fn positions_after(&self, entries: &[LogEntry]) -> Result<Vec<LogPosition>, NodeError> {
        let mut position = self.position;
        let mut after = Vec::with_capacity(entries.len());
        for entry in entries {
            position = position.after(entry).map_err(|error| broken(&error))?;
            after.push(position);
        }
        Ok(after)
    }

    /// Takes entries that are stored, with the position after each.
    fn follow(&mut self, entries: &[LogEntry], after: Vec<LogPosition>) {
        for (entry, position) in entries.iter().zip(after) {
            self.take(entry);
            self.position = position;
            self.heads.push(position.head);
        }
    }

    /// Whether the log ended in `position.head` when it had `position.entries` entries.
    fn passed(&self, position: LogPosition) -> bool {
        let entries = usize::try_from(position.entries).unwrap_or(usize::MAX);
        match entries.checked_sub(1) {
            None => position == LogPosition::EMPTY,
            Some(last) => self.heads.get(last) == Some(&position.head),
        }
    }

    /// Draws the consequences of one entry.
    fn take(&mut self, entry: &LogEntry) {
        if entry.envelope.is::<Answer>() {
            self.own_answers.extend(own_answer(entry, &self.own));
        } else if let Ok(currency) = entry.envelope.parse_unverified::<Currency>()
            && !self.passed(currency.log)
        {
            // As good as withheld: the last one that speaks of this log stands until it is too old.
            tracing::error!(
                log.index = entry.index,
                "a currency document speaks of another log than the coordinator shows here. compare `cartally log` with others"
            );
        } else if let Err(reason) = self.governance.apply(&entry.envelope) {
            // Not (yet) in force: the log holds proposals too.
            tracing::debug!(log.index = entry.index, %reason, "a document of the log is not in force");
        }
    }
}

/// The entry as an answer of this center, if it is one that the center's key signed.
fn own_answer(entry: &LogEntry, own: &Own) -> Option<LoggedAnswer> {
    let answer: Answer = entry.envelope.open(&[own.key].into()).ok()?;
    (answer.center == own.center).then_some(LoggedAnswer {
        log_index: entry.index,
        question: answer.question,
        head: answer.ledger_head,
        cost: answer.cost,
    })
}

fn broken(error: &protocol::log::LogError) -> NodeError {
    NodeError::network("log.broken", error)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use protocol::amount::NanoRho;
    use protocol::documents::Query;
    use protocol::envelope::Envelope;
    use protocol::ids::QuestionId;
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
        mirror
            .extend(&[entry(0, query(&key)), entry(1, query(&key))])
            .unwrap();
        let position = mirror.position();
        drop(mirror);
        let mut mirror = open(&path, &key);
        assert_eq!((mirror.position(), position.entries), (position, 2));
        for wrong in [0, 1, 3] {
            assert_eq!(
                mirror
                    .extend(&[entry(wrong, query(&key))])
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
        mirror.extend(&entries).unwrap();
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
    fn a_currency_document_that_speaks_of_another_log_is_as_good_as_none() {
        let dir = tempfile::tempdir().unwrap();
        let (path, member, office) = (dir.path().join("log.db"), key(), key());
        let charter = crate::answer::fixture::charter(&member, &office);
        let mut mirror = Mirror::open(&path, charter.id(), own(&member)).unwrap();
        mirror.extend(&[entry(0, charter.clone())]).unwrap();
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
        let documents = [currency(1, seen), currency(2, other), currency(3, ahead)];
        let entries: Vec<_> = (1..)
            .zip(documents)
            .map(|(index, envelope)| entry(index, envelope))
            .collect();
        mirror.extend(&entries).unwrap();
        let in_force = |mirror: &Mirror| mirror.governance().currency().unwrap().document.log;
        assert_eq!(in_force(&mirror), seen);
        drop(mirror);
        let mirror = Mirror::open(&path, charter.id(), own(&member)).unwrap();
        assert_eq!(in_force(&mirror), seen);
    }
}
