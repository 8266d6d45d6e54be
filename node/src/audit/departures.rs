//! Was every answer that left charged, the one that was paid for, asked for, and approved where a person was asked?

use std::collections::{BTreeMap, BTreeSet};

use protocol::documents::Answer;
use protocol::envelope::Envelope;
use protocol::ids::{DocumentId, QuestionId};

use super::{Finding, LedgerBook, LogBook, RecordBook, Recorded};
use crate::ledger::Kind;
use crate::record::{self, Verdict};

/// An answer that left, as the record has it.
struct Left<'a> {
    seq: i64,
    query: DocumentId,
    question: QuestionId,
    /// Its bytes, and what they say, if they can be read.
    bytes: Option<&'a [u8]>,
    says: Option<Answer>,
}

/// What a person has to do with a query so far.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    waits: bool,
    verdict: Option<Verdict>,
}

/// Every answer of the record that should not have left, or not so.
pub(super) fn check(ledger: &LedgerBook, record: &RecordBook, log: &LogBook<'_>) -> Vec<Finding> {
    let charged = charged(ledger);
    let mut asked = BTreeMap::<DocumentId, Asked>::new();
    let mut findings = Vec::new();
    for entry in &record.entries {
        if let Some(left) = left(entry, record) {
            findings.extend(unpaid(&left, &charged, ledger));
            findings.extend(misdirected(&left, log));
            findings.extend(unapproved(&left, asked.get(&left.query)));
        } else {
            note(entry, &mut asked);
        }
    }
    findings
}

/// Questions and ledger heads of all answers that the record holds.
pub(super) fn recorded(record: &RecordBook) -> Recorded {
    let answers = record
        .entries
        .iter()
        .filter_map(|entry| left(entry, record));
    answers
        .filter_map(|left| left.says)
        .map(|answer| (answer.question, answer.ledger_head))
        .collect()
}

/// The questions that the ledger charged.
fn charged(ledger: &LedgerBook) -> BTreeSet<QuestionId> {
    let question = |kind: &Kind| match kind {
        Kind::Charge { question, .. } => Some(*question),
        Kind::Restored { .. } => None,
    };
    let entries = ledger.entries.iter();
    entries
        .filter_map(|(entry, _)| question(&entry.kind))
        .collect()
}

/// The row as an answer that left, if it is one.
fn left<'a>(entry: &record::Entry, record: &'a RecordBook) -> Option<Left<'a>> {
    let record::Kind::Answer {
        query,
        question,
        document,
    } = &entry.kind
    else {
        return None;
    };
    let bytes = record.documents.get(document).map(Vec::as_slice);
    let envelope = bytes.and_then(|bytes| Envelope::from_json(bytes).ok());
    Some(Left {
        seq: entry.seq,
        query: *query,
        question: *question,
        bytes,
        says: envelope.and_then(|envelope| envelope.parse_unverified().ok()),
    })
}

/// Whether the ledger charged the question and keeps these very bytes for it.
fn unpaid(left: &Left<'_>, charged: &BTreeSet<QuestionId>, ledger: &LedgerBook) -> Option<Finding> {
    let (seq, question) = (left.seq, left.question);
    let kept = ledger.answers.get(&question).map(Vec::as_slice);
    if !charged.contains(&question) {
        Some(Finding::AnswerNotCharged { seq, question })
    } else if kept.is_none() || kept != left.bytes {
        Some(Finding::AnswerAltered { seq, question })
    } else {
        None
    }
}

/// Whether the row, the answer's own words and the query name one question.
fn misdirected(left: &Left<'_>, log: &LogBook<'_>) -> Option<Finding> {
    let said = left.says.as_ref().map(|answer| answer.question);
    let of_query = log.queries.get(&left.query).copied();
    let one = said == Some(left.question) && of_query == Some(left.question);
    (!one).then_some(Finding::AnswerToAnother {
        seq: left.seq,
        query: left.query,
    })
}

/// Whether a person was asked before the answer left, and did not approve.
fn unapproved(left: &Left<'_>, asked: Option<&Asked>) -> Option<Finding> {
    let (seq, query) = (left.seq, left.query);
    let asked = asked.copied().unwrap_or_default();
    match asked.verdict {
        Some(Verdict::Approve) => None,
        Some(Verdict::Refuse) => Some(Finding::AnswerRefused { seq, query }),
        None => asked
            .waits
            .then_some(Finding::AnswerUnapproved { seq, query }),
    }
}

/// Takes what a row says about a person's part.
fn note(entry: &record::Entry, asked: &mut BTreeMap<DocumentId, Asked>) {
    match &entry.kind {
        record::Kind::Awaiting { query } => asked.entry(*query).or_default().waits = true,
        record::Kind::Approved { query, .. } => {
            asked.entry(*query).or_default().verdict = Some(Verdict::Approve);
        }
        record::Kind::RefusedByPerson { query, .. } => {
            asked.entry(*query).or_default().verdict = Some(Verdict::Refuse);
        }
        record::Kind::Begun
        | record::Kind::Policy { .. }
        | record::Kind::Charter { .. }
        | record::Kind::Answer { .. }
        | record::Kind::Refusal { .. }
        | record::Kind::Request { .. }
        | record::Kind::Currency { .. } => {}
    }
}
