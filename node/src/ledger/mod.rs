//! What has been spent? The append-only, hash-chained ledger of privacy loss, and the answers that it paid for.
//!
//! A charge is committed before any data is read; the answer's bytes follow in a second transaction and are never
//! purged. A crash between the two leaves a charge without an answer: nothing had left, so the same charge pays for
//! a new draw, unless the ledger was ever restored from a backup.

mod decision;
mod entry;
mod error;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use privacy::Receipt;
use protocol::amount::NanoRho;
use protocol::ids::{ChainHead, QuestionId};
use rusqlite::{Connection, TransactionBehavior};

pub use decision::{Caps, ChargeRequest, DAY_S, PastCharge, Refused, YEAR_S, decide};
pub use entry::{Entry, Kind};
pub use error::LedgerError;

/// The node's ledger, in a file of its own.
#[derive(Debug)]
pub struct Ledger {
    connection: Mutex<Connection>,
}

/// What became of a request to charge.
#[derive(Debug)]
pub enum Charge {
    /// Charged now, and on disk.
    Fresh(Paid),
    /// Charged before a crash; nothing had left, so the charge stands for a new draw.
    ResumedWithoutAnswer(Paid),
    /// Answered before: the same bytes again, at no cost.
    Answered(Vec<u8>),
    /// Not charged.
    Refused(Refused),
}

/// A committed charge.
#[derive(Debug)]
pub struct Paid {
    /// Pays for one release.
    pub receipt: Receipt,
    /// The ledger's head after the charge, for the answer.
    pub head: ChainHead,
}

/// One of the center's own answers, as it stands in the common log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedAnswer {
    /// Its place in the log.
    pub log_index: u64,
    /// The question that it answers.
    pub question: QuestionId,
    /// The ledger's head that it carries.
    pub head: ChainHead,
    /// What it says was charged.
    pub cost: NanoRho,
}

/// How much has been spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// In the last 365 days.
    pub year: NanoRho,
    /// Ever.
    pub lifetime: NanoRho,
    /// Charges ever.
    pub charges: usize,
}

impl Ledger {
    /// Makes an empty ledger for a new node. Never over an existing one.
    ///
    /// # Errors
    /// There is one already, or the file cannot be made.
    pub fn create(path: &Path) -> Result<Self, LedgerError> {
        Ok(Self {
            connection: Mutex::new(store::create(path)?),
        })
    }

    /// Opens the node's ledger and verifies its chain. It is not made where it is missing: that would forget what
    /// was spent.
    ///
    /// # Errors
    /// Missing, altered, newer than this program, or unreadable.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let ledger = Self {
            connection: Mutex::new(store::open(path)?),
        };
        ledger.verify_chain()?;
        Ok(ledger)
    }

    /// Charges `request` if the caps admit it, once and for good. Returns only after the disk has it. The time is asked
    /// for once the ledger is this call's alone, so that of two charges the later one never has the earlier time.
    ///
    /// # Errors
    /// The file could not be read or written; then nothing was charged.
    pub fn charge(
        &self,
        request: &ChargeRequest,
        caps: &Caps,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<Charge, LedgerError> {
        let mut connection = self.lock();
        // Immediate: of two writers, in this process or another, the second decides after the first has committed.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(bytes) = store::answer(&transaction, request.question)? {
            return Ok(Charge::Answered(bytes));
        }
        let past = store::entries(&transaction)?;
        if let Some((paid, head)) = past
            .iter()
            .find(|(entry, _)| entry.is_for(request.question))
        {
            return Ok(resume(&past, paid, *head, request.question));
        }
        let now = now();
        let spent: Vec<PastCharge> = past.iter().map(|(entry, _)| entry.spent()).collect();
        if let Err(refused) = decide(&spent, request, caps, now.as_second()) {
            return Ok(Charge::Refused(refused));
        }
        let kind = Kind::Charge {
            question: request.question,
            attempt: 0,
            study: request.study,
            researcher: request.researcher.clone(),
        };
        let head = append(&transaction, &past, request.cost, kind, now)?;
        transaction.commit()?;
        Ok(Charge::Fresh(Paid {
            receipt: Receipt::of_committed(request.question, request.cost),
            head,
        }))
    }

    /// Keeps the signed answer's bytes for ever and returns the bytes that may leave: those kept first, should two
    /// draws have raced.
    ///
    /// # Errors
    /// The question was never charged, or the file could not be written.
    pub fn store_answer(
        &self,
        question: QuestionId,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, LedgerError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !store::entries(&transaction)?
            .iter()
            .any(|(entry, _)| entry.is_for(question))
        {
            return Err(LedgerError::NotCharged(question));
        }
        store::keep_answer(&transaction, question, bytes, now.as_second())?;
        let kept =
            store::answer(&transaction, question)?.ok_or(LedgerError::NotCharged(question))?;
        transaction.commit()?;
        Ok(kept)
    }

    /// The bytes that answered `question`, if it was answered.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn stored_answer(&self, question: QuestionId) -> Result<Option<Vec<u8>>, LedgerError> {
        store::answer(&self.lock(), question)
    }

    /// The head of the chain: what answers carry, so that a rolled-back ledger is noticed.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn head(&self) -> Result<ChainHead, LedgerError> {
        Ok(head_of(&store::entries(&self.lock())?))
    }

    /// Those of the center's own answers in the common log that this ledger does not account for: their heads were
    /// never its own, or it keeps no answer to their questions and would draw a second one, and no restore was recorded
    /// since. Any at all means that the file was rolled back.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn unexplained(&self, answers: &[LoggedAnswer]) -> Result<Vec<LoggedAnswer>, LedgerError> {
        let connection = self.lock();
        let (entries, answered) = (store::entries(&connection)?, store::answered(&connection)?);
        let heads = heads_of(&entries);
        let looked_at = entries
            .iter()
            .map(|(entry, _)| entry.looked_at())
            .max()
            .unwrap_or(0);
        let strange = |answer: &&LoggedAnswer| {
            let known = heads.contains(&answer.head) && answered.contains(&answer.question);
            answer.log_index >= looked_at && !known
        };
        Ok(answers.iter().filter(strange).copied().collect())
    }

    /// Every row with the head after it, oldest first: for an audit.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn entries(&self) -> Result<Vec<(Entry, ChainHead)>, LedgerError> {
        store::entries(&self.lock())
    }

    /// The bytes of every answer that is kept: for an audit.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn answers(&self) -> Result<BTreeMap<QuestionId, Vec<u8>>, LedgerError> {
        store::answers(&self.lock())
    }

    /// How much has been spent, as of `now`.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn spent(&self, now: Timestamp) -> Result<Spent, LedgerError> {
        let entries = store::entries(&self.lock())?;
        let in_year = |entry: &Entry| entry.at_s.saturating_add(YEAR_S) > now.as_second();
        Ok(Spent {
            year: entries
                .iter()
                .filter(|(entry, _)| in_year(entry))
                .map(|(entry, _)| entry.cost)
                .sum(),
            lifetime: entries.iter().map(|(entry, _)| entry.cost).sum(),
            charges: entries
                .iter()
                .filter(|(entry, _)| matches!(entry.kind, Kind::Charge { .. }))
                .count(),
        })
    }

    /// Records, by the operator's word, that this file came back from a backup. What `answers` of the first
    /// `log_entries` of the common log cost without this ledger's knowledge counts as spent, and from now on a charge
    /// without an answer stays spent. Returns what was lost.
    ///
    /// # Errors
    /// The file could not be read or written.
    pub fn record_restore(
        &self,
        answers: &[LoggedAnswer],
        log_entries: u64,
        now: Timestamp,
    ) -> Result<NanoRho, LedgerError> {
        let unexplained = self.unexplained(answers)?;
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let past = store::entries(&transaction)?;
        let charged = heads_of(&past);
        // One answer may stand in the log for several queries; it was charged once.
        let lost: BTreeMap<ChainHead, NanoRho> = unexplained
            .into_iter()
            .filter(|answer| !charged.contains(&answer.head))
            .map(|answer| (answer.head, answer.cost))
            .collect();
        let lost: NanoRho = lost.into_values().sum();
        append(
            &transaction,
            &past,
            lost,
            Kind::Restored { log_entries },
            now,
        )?;
        transaction.commit()?;
        Ok(lost)
    }

    /// Recomputes every head from the first row on.
    ///
    /// # Errors
    /// [`LedgerError::ChainBroken`] at the first row that does not follow from the one before it.
    pub fn verify_chain(&self) -> Result<(), LedgerError> {
        let mut head = ChainHead::EMPTY;
        for (expected_seq, (entry, stored)) in (1..).zip(store::entries(&self.lock())?) {
            head = entry.head_after(head);
            if entry.seq != expected_seq || head != stored {
                return Err(LedgerError::ChainBroken { seq: expected_seq });
            }
        }
        Ok(())
    }

    /// A thread that panicked left at most an open transaction, which SQLite has rolled back: the data is sound.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a charge without an answer is worth.
fn resume(
    past: &[(Entry, ChainHead)],
    paid: &Entry,
    head: ChainHead,
    question: QuestionId,
) -> Charge {
    if past
        .iter()
        .any(|(entry, _)| matches!(entry.kind, Kind::Restored { .. }))
    {
        Charge::Refused(Refused::SpentBeforeRestore)
    } else {
        Charge::ResumedWithoutAnswer(Paid {
            receipt: Receipt::of_committed(question, paid.cost),
            head,
        })
    }
}

fn append(
    connection: &Connection,
    past: &[(Entry, ChainHead)],
    cost: NanoRho,
    kind: Kind,
    now: Timestamp,
) -> Result<ChainHead, LedgerError> {
    let seq = past.last().map_or(1, |(entry, _)| entry.seq + 1);
    let entry = Entry {
        seq,
        at_s: now.as_second(),
        cost,
        kind,
    };
    let head = entry.head_after(head_of(past));
    store::append(connection, &entry, head)?;
    Ok(head)
}

fn heads_of(entries: &[(Entry, ChainHead)]) -> BTreeSet<ChainHead> {
    entries.iter().map(|(_, head)| *head).collect()
}

fn head_of(entries: &[(Entry, ChainHead)]) -> ChainHead {
    entries.last().map_or(ChainHead::EMPTY, |(_, head)| *head)
}
