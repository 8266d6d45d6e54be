//! Was every answer that left charged, the one that was paid for, asked for, and approved where a person was asked?

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use protocol::documents::Answer;
use protocol::envelope::Envelope;
use protocol::ids::{DocumentId, QuestionId};

use super::policies::Policies;
use super::{Finding, LedgerBook, LogBook, RecordBook, Recorded};
use crate::day;
use crate::ledger::{Entry, Kind, LoggedAnswer};
use crate::policy::{Decision, Policy};
use crate::record::{self, Verdict};

/// An answer that left, as the record has it.
struct Left<'a> {
    seq: i64,
    at_s: i64,
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
    let policies = Policies::of(record);
    let mut answered = BTreeSet::new();
    let mut asked = BTreeMap::<DocumentId, Asked>::new();
    let mut findings = Vec::new();
    for entry in &record.entries {
        if let Some(left) = left(entry, record) {
            findings.extend(unpaid(&left, &charged, ledger, log));
            findings.extend(misdirected(&left, log));
            findings.extend(unapproved(&left, asked.get(&left.query)));
            // The first answer was consented to before its charge, a later one just before it left.
            let is_first = answered.insert(left.question);
            let charged_s = charged.get(&left.question).filter(|_| is_first);
            let span = Span {
                from_s: charged_s.map_or(left.at_s, |charged_s| left.at_s.min(*charged_s)),
                to_s: left.at_s,
            };
            let was_approved = approved(asked.get(&left.query));
            findings.extend(disallowed(&left, was_approved, span, &policies, log));
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

/// The questions that the ledger charged, each with its second.
fn charged(ledger: &LedgerBook) -> BTreeMap<QuestionId, i64> {
    let charge = |entry: &Entry| match &entry.kind {
        Kind::Charge { question, .. } => Some((*question, entry.at_s)),
        Kind::Restored { .. } => None,
    };
    let entries = ledger.entries.iter();
    entries.filter_map(|(entry, _)| charge(entry)).collect()
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
        at_s: entry.at_s,
        query: *query,
        question: *question,
        bytes,
        says: envelope.and_then(|envelope| envelope.parse_unverified().ok()),
    })
}

/// Whether the ledger charged the question and keeps these very bytes for it.
fn unpaid(
    left: &Left<'_>,
    charged: &BTreeMap<QuestionId, i64>,
    ledger: &LedgerBook,
    log: &LogBook<'_>,
) -> Option<Finding> {
    let (seq, question) = (left.seq, left.question);
    let kept = ledger.answers.get(&question).map(Vec::as_slice);
    // What a restored ledger lost was counted by the common log, which knows the answer.
    let mut logged = log.own_answers.iter();
    let accounted_for = ledger.accounted_for();
    let is_lost =
        |answer: &LoggedAnswer| answer.question == question && answer.log_index < accounted_for;
    if kept.is_none() && logged.any(is_lost) {
        return None;
    }
    if !charged.contains_key(&question) {
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
    let of_query = log.queries.get(&left.query).map(|asked| asked.question);
    let one = said == Some(left.question) && of_query == Some(left.question);
    (!one).then_some(Finding::AnswerToAnother {
        seq: left.seq,
        query: left.query,
    })
}

/// From one second to another.
#[derive(Debug, Clone, Copy)]
struct Span {
    from_s: i64,
    to_s: i64,
}

fn approved(asked: Option<&Asked>) -> bool {
    asked.and_then(|asked| asked.verdict) == Some(Verdict::Approve)
}

/// Whether some policy in force while the answer was made let it leave, and the review board had approved the study.
fn disallowed(
    left: &Left<'_>,
    was_approved: bool,
    span: Span,
    policies: &Policies,
    log: &LogBook<'_>,
) -> Option<Finding> {
    let (seq, query) = (left.seq, left.query);
    // What the log does not hold is another finding.
    let asked = log.queries.get(&query)?;
    let study = log.studies.get(&asked.study)?;
    let template = log.templates.get(&asked.question)?;
    let mut finding = Finding::AnswerAgainstPolicy { seq, query };
    let Some(researcher) = &asked.researcher else {
        return Some(finding);
    };
    for policy in policies.in_force(span.from_s, span.to_s) {
        let ruling = policy.ruling(&study.name, template, researcher.as_str());
        let lets = match ruling.decision {
            Decision::Automatic => true,
            Decision::Person => was_approved,
            Decision::Refuse => false,
        };
        if lets && reviewed(policy, &study.name, span) {
            return None;
        }
        if lets {
            finding = Finding::AnswerWithoutReviewBoard { seq, query };
        }
    }
    Some(finding)
}

/// Whether the review board's word held on the day of the charge or of the answer.
fn reviewed(policy: &Policy, study: &str, span: Span) -> bool {
    let holds = |second: i64| {
        Timestamp::from_second(second)
            .is_ok_and(|moment| policy.review_board(study, day::today(moment)).is_ok())
    };
    holds(span.from_s) || holds(span.to_s)
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
