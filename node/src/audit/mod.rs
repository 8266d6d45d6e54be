//! Did this node keep to its own word? Its ledger, its record and its answers in the common log, held against each other.
//!
//! A pure function of what the books say: [`audit`]. Whoever can rewrite both files and their heads can deceive it, but not
//! the common log, which the network keeps.

mod caps;
mod departures;
mod finding;
mod log_book;
mod policies;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use protocol::amount::NanoRho;
use protocol::ids::{ChainHead, DocumentId, PersonId, QuestionId};

use crate::ledger::{self, LoggedAnswer};
use crate::record;

pub use finding::{Finding, Weight};
pub use log_book::log_book;

/// Everything that an audit looks at.
#[derive(Debug)]
pub struct Books<'a> {
    /// What was spent, and the answers that it paid for.
    pub ledger: Book<LedgerBook>,
    /// What left, and what was decided.
    pub record: Book<RecordBook>,
    /// What the common log knows.
    pub log: LogBook<'a>,
}

/// A book that can be read, or one whose chain is broken: then nothing that it says is used.
#[derive(Debug)]
pub enum Book<T> {
    /// Its chain holds.
    Sound(T),
    /// Its chain does not hold.
    BrokenAt {
        /// The first row that does not follow from the one before it.
        seq: i64,
    },
}

/// What `ledger.db` says: `Ledger::entries` and `Ledger::answers`.
#[derive(Debug, Default)]
pub struct LedgerBook {
    /// Every row with the head after it, oldest first.
    pub entries: Vec<(ledger::Entry, ChainHead)>,
    /// The bytes that answered each question.
    pub answers: BTreeMap<QuestionId, Vec<u8>>,
}

/// What `record.db` says: `Record::entries` and `Record::document`.
#[derive(Debug, Default)]
pub struct RecordBook {
    /// Every row, oldest first.
    pub entries: Vec<record::Entry>,
    /// The exact bytes of the documents that the rows name.
    pub documents: BTreeMap<DocumentId, Vec<u8>>,
}

/// What the mirror of the common log says.
#[derive(Debug, Default)]
pub struct LogBook<'a> {
    /// The center's own answers.
    pub own_answers: &'a [LoggedAnswer],
    /// Every query.
    pub queries: BTreeMap<DocumentId, AskedQuery>,
    /// The name of the template of every question that was asked.
    pub templates: BTreeMap<QuestionId, String>,
    /// What every study was called and might spend, by its document id: expired and revoked ones too.
    pub studies: BTreeMap<DocumentId, StudyTerms>,
}

/// What a query asks, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedQuery {
    /// The question.
    pub question: QuestionId,
    /// The study that it is asked in.
    pub study: DocumentId,
    /// The researcher of that study who signed it, if one did.
    pub researcher: Option<PersonId>,
}

/// What the caps need to know of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyTerms {
    /// Its name, as the policy's rules name it.
    pub name: String,
    /// Its own cap at each center.
    pub rho_cap: NanoRho,
}

/// Everything that the books do not bear out, and what could not be looked at; in the order of the books.
#[must_use]
pub fn audit(books: &Books<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Book::BrokenAt { seq } = books.ledger {
        findings.push(Finding::LedgerBroken { seq });
    }
    if let Book::BrokenAt { seq } = books.record {
        findings.push(Finding::RecordBroken { seq });
    }
    if let (Book::Sound(ledger), Book::Sound(record)) = (&books.ledger, &books.record) {
        findings.extend(caps::check(ledger, record, &books.log));
        findings.extend(departures::check(ledger, record, &books.log));
        findings.extend(in_the_log(ledger, record, &books.log));
    }
    findings
}

/// The center's own answers in the common log, held against both books.
fn in_the_log(ledger: &LedgerBook, record: &RecordBook, log: &LogBook<'_>) -> Vec<Finding> {
    let recorded = departures::recorded(record);
    let accounted_for = ledger.accounted_for();
    let begun_s = record.begun_s();
    let one = |answer: &LoggedAnswer| {
        let is_recorded = recorded.contains(&(answer.question, answer.head));
        let charge = ledger.entries.iter().find(|(_, head)| *head == answer.head);
        let (question, log_index) = (answer.question, answer.log_index);
        match charge {
            _ if is_recorded => None,
            Some((charge, _)) if ledger.answers.contains_key(&question) => {
                // What was charged before there was a record may have left before it too.
                let since = begun_s.is_some_and(|begun_s| charge.at_s > begun_s);
                since.then_some(Finding::AnswerNotRecorded {
                    question,
                    log_index,
                })
            }
            Some(_) | None if log_index < accounted_for => None,
            Some(_) | None => Some(Finding::AnswerUnknown {
                question,
                log_index,
            }),
        }
    };
    log.own_answers.iter().filter_map(one).collect()
}

impl LogBook<'_> {
    /// Every version of a study: all that bear its name.
    fn versions_of(&self, study: DocumentId) -> BTreeSet<DocumentId> {
        let name = self.studies.get(&study).map(|terms| &terms.name);
        let all = self.studies.iter();
        all.filter(|(_, terms)| Some(&terms.name) == name)
            .map(|(id, _)| *id)
            .collect()
    }
}

impl LedgerBook {
    /// Entries of the common log that a restore has counted, whatever the rows say.
    fn accounted_for(&self) -> u64 {
        let restored = self.entries.iter().map(|(entry, _)| entry.looked_at());
        restored.max().unwrap_or(0)
    }
}

impl RecordBook {
    /// The second in which the record began.
    fn begun_s(&self) -> Option<i64> {
        self.entries.first().map(|entry| entry.at_s)
    }
}

/// Questions with the ledger's head that their answers carry.
type Recorded = BTreeSet<(QuestionId, ChainHead)>;
