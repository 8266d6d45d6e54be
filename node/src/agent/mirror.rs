//! What was decided, as far as this node has seen? A copy of the coordinator's log that only ever grows, in `log.db`.

mod store;

use std::path::Path;
use std::sync::Arc;

use protocol::documents::Answer;
use protocol::ids::{CenterId, DocumentId};
use protocol::keys::PublicKey;
use protocol::log::{LogEntry, LogPosition};
use protocol::verify::{Governance, GovernanceError, Taken};

use self::store::Entries;
use crate::error::NodeError;
use crate::ledger::LoggedAnswer;

/// The mirrored log, and what follows from it under the pinned charter.
#[derive(Debug)]
pub struct Mirror {
    stored: Entries,
    own: Own,
    /// Shared with the questions in work, which are judged by what was in force when they were fetched.
    governance: Arc<Governance>,
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
            governance: Arc::new(Governance::pinned_to(charter)),
            own_answers: Vec::new(),
        };
        mirror.must_extend(&entries)?;
        mirror.follow(&entries)?;
        Ok(mirror)
    }

    /// How far the copy reaches.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        self.governance.chain().position()
    }

    /// What is in force.
    #[must_use]
    pub const fn governance(&self) -> &Arc<Governance> {
        &self.governance
    }

    /// The center's own answers in the log, oldest first.
    #[must_use]
    pub fn own_answers(&self) -> &[LoggedAnswer] {
        &self.own_answers
    }

    /// Appends entries that extend the copy, all or none.
    pub fn extend(&mut self, entries: &[LogEntry]) -> Result<(), NodeError> {
        self.must_extend(entries)?;
        self.stored.append(entries)?;
        self.follow(entries)
    }

    fn must_extend(&self, entries: &[LogEntry]) -> Result<(), NodeError> {
        let extended = self.governance.chain().extended(entries);
        extended.map(drop).map_err(|error| broken(&error))
    }

    /// Takes entries that are stored.
    fn follow(&mut self, entries: &[LogEntry]) -> Result<(), NodeError> {
        let governance = Arc::make_mut(&mut self.governance);
        for entry in entries {
            let strangers = governance.strangers().len();
            let taken = governance.take(entry).map_err(|error| broken(&error))?;
            tell(entry, &taken);
            if governance.strangers().len() > strangers {
                tracing::error!(
                    log.index = entry.index,
                    "a signature was made over another log than the coordinator shows here. compare `cartally log` with others"
                );
            }
            if entry.envelope.is::<Answer>() {
                self.own_answers.extend(own_answer(entry, &self.own));
            }
        }
        Ok(())
    }
}

/// The operator hears of what speaks of another log, or splits the committee; proposals that wait are nothing special.
fn tell(entry: &LogEntry, taken: &Taken) {
    match taken {
        Taken::InForce | Taken::Pending(_) | Taken::Noted | Taken::Other => {}
        Taken::Ineffective(
            reason @ (GovernanceError::Fork { .. }
            | GovernanceError::OtherLog
            | GovernanceError::OtherRevocations),
        ) => {
            tracing::error!(log.index = entry.index, "nothing is answered: {reason}");
        }
        Taken::Ineffective(reason) => {
            tracing::debug!(log.index = entry.index, %reason, "a document of the log has no effect");
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
    fn a_currency_document_that_speaks_of_another_log_leaves_nothing_current() {
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
        let fits = |mirror: &Mirror| {
            let governance = mirror.governance();
            let currency = governance.currency().unwrap();
            governance.fits(&currency.document).is_ok()
        };
        for (minute, log, right) in [(1, seen, true), (2, other, false), (3, seen, true)] {
            let index = mirror.position().entries;
            let document = currency(minute, log);
            mirror.extend(&[entry(index, document)]).unwrap();
            assert_eq!(fits(&mirror), right, "{minute}");
        }
        let index = mirror.position().entries;
        let document = currency(4, ahead);
        mirror.extend(&[entry(index, document)]).unwrap();
        drop(mirror);
        let mut mirror = Mirror::open(&path, charter.id(), own(&member)).unwrap();
        // When the log has grown as far, it turns out that the timekeeper saw another one.
        while mirror.position().entries < ahead.entries {
            let index = mirror.position().entries;
            mirror.extend(&[entry(index, query(&member))]).unwrap();
        }
        assert!(!fits(&mirror));
    }
}
