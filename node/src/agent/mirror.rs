//! What was decided, as far as this node has seen? A copy of the coordinator's log that only ever grows, in `log.db`.

mod store;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use protocol::documents::{Answer, LogHead};
use protocol::envelope::Envelope;
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
        let followed = mirror.followed(&entries)?;
        mirror.keep(followed);
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

    /// Every entry of the copy, oldest first.
    pub fn entries(&self) -> Result<Vec<LogEntry>, NodeError> {
        self.stored.all()
    }

    /// The entry at this place.
    pub fn entry(&self, index: u64) -> Result<Option<LogEntry>, NodeError> {
        self.stored.one(index)
    }

    /// The coordinator's last signed word on where its log ends.
    pub fn head(&self) -> Result<Option<Envelope>, NodeError> {
        self.stored.head()
    }

    /// Appends entries that extend the copy to what the signed head says, all or none.
    pub fn extend(&mut self, entries: &[LogEntry], head: &Envelope) -> Result<(), NodeError> {
        let followed = self.followed(entries)?;
        vouches(head, &followed.governance)?;
        self.stored.append(entries, head)?;
        self.keep(followed);
        Ok(())
    }

    /// What follows from further entries; the mirror stays as it is.
    fn followed<'a>(&self, entries: &'a [LogEntry]) -> Result<Followed<'a>, NodeError> {
        let mut followed = Followed {
            governance: Governance::clone(&self.governance),
            own_answers: Vec::new(),
            taken: Vec::new(),
        };
        for entry in entries {
            let strangers = followed.governance.strangers().len();
            let taken = followed.governance.take(entry);
            let taken = taken.map_err(|error| NodeError::network("log.broken", &error))?;
            let is_strange = followed.governance.strangers().len() > strangers;
            followed.taken.push((entry, taken, is_strange));
            if entry.envelope.is::<Answer>() {
                followed.own_answers.extend(own_answer(entry, &self.own));
            }
        }
        Ok(followed)
    }

    fn keep(&mut self, followed: Followed<'_>) {
        for (entry, taken, is_strange) in &followed.taken {
            tell(entry, taken);
            if *is_strange {
                tracing::error!(
                    log.index = entry.index,
                    "a signature was made over another log than the coordinator shows here. compare `cartally log` with others"
                );
            }
        }
        self.governance = Arc::new(followed.governance);
        self.own_answers.extend(followed.own_answers);
    }
}

/// What follows from entries that are not kept yet.
struct Followed<'a> {
    governance: Governance,
    own_answers: Vec<LoggedAnswer>,
    /// Each entry, what became of it, and whether it carries a signature over another log.
    taken: Vec<(&'a LogEntry, Taken, bool)>,
}

/// Whether the coordinator's signed word says that its log ends where `governance` was read from. Whose key that is, only
/// a roster says; before there is one, the word is kept and believed of nobody.
fn vouches(head: &Envelope, governance: &Governance) -> Result<(), NodeError> {
    let says: LogHead = head
        .parse_unverified()
        .map_err(|error| NodeError::network("log.head", &error))?;
    let network = governance.charter().map(|charter| &charter.network);
    let is_of_this_log = says.log == governance.chain().position()
        && network.is_none_or(|network| *network == says.network);
    let coordinator = governance.roster().map(|it| it.document.coordinator);
    let is_signed = coordinator.is_none_or(|key| head.signature_by(key).is_some());
    if is_of_this_log && is_signed {
        return Ok(());
    }
    Err(NodeError::Network {
        code: "log.head",
        sentence: "the coordinator sent a log that it does not vouch for with the key that the roster names: nothing was taken \
                   from it. ask the registry office whether the coordinator has a new key, and compare `cartally log` with others"
            .to_owned(),
    })
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
