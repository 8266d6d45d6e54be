//! What can an audit of a node find? Each finding with a code for programs and a sentence for people.

use std::fmt;

use jiff::Timestamp;
use protocol::ids::{DocumentId, QuestionId};

use crate::counted::counted;
use crate::ledger::Refused;

/// What the books do not bear out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The ledger's chain is broken.
    LedgerBroken {
        /// The first row that does not fit.
        seq: i64,
    },
    /// The record's chain is broken.
    RecordBroken {
        /// The first row that does not fit.
        seq: i64,
    },
    /// The record began after the first charge: said, for no policy of that time is known.
    RecordYounger {
        /// When the record began, in seconds since 1970-01-01 UTC.
        begun_s: i64,
        /// Charges before that.
        charges: usize,
    },
    /// A charge of a question or study that the common log does not hold.
    ChargeUnasked {
        /// The ledger's row.
        seq: i64,
    },
    /// A charge at a time for which the record holds no policy, or one that cannot be read.
    ChargeWithoutPolicy {
        /// The ledger's row.
        seq: i64,
    },
    /// A charge that the policy in force did not allow.
    ChargeAboveCaps {
        /// The ledger's row.
        seq: i64,
        /// The cap.
        refused: Refused,
    },
    /// An answer left that was never charged.
    AnswerNotCharged {
        /// The record's row.
        seq: i64,
        /// The question.
        question: QuestionId,
    },
    /// An answer left with other bytes than the ledger keeps for its question.
    AnswerAltered {
        /// The record's row.
        seq: i64,
        /// The question.
        question: QuestionId,
    },
    /// An answer left for a query that asks another question.
    AnswerToAnother {
        /// The record's row.
        seq: i64,
        /// The query.
        query: DocumentId,
    },
    /// An answer left although a person had been asked and had not approved.
    AnswerUnapproved {
        /// The record's row.
        seq: i64,
        /// The query.
        query: DocumentId,
    },
    /// An answer left although a person had refused.
    AnswerRefused {
        /// The record's row.
        seq: i64,
        /// The query.
        query: DocumentId,
    },
    /// An answer left that no policy of its time let leave.
    AnswerAgainstPolicy {
        /// The record's row.
        seq: i64,
        /// The query.
        query: DocumentId,
    },
    /// An answer left although the policy wanted the review board's number for its study and had none that held.
    AnswerWithoutReviewBoard {
        /// The record's row.
        seq: i64,
        /// The query.
        query: DocumentId,
    },
    /// An answer of this center stands in the common log and neither book knows it.
    AnswerUnknown {
        /// Its question.
        question: QuestionId,
        /// Its place in the log.
        log_index: u64,
    },
    /// An answer of this center stands in the common log, the ledger knows it, and the record should.
    AnswerNotRecorded {
        /// Its question.
        question: QuestionId,
        /// Its place in the log.
        log_index: u64,
    },
}

/// How much a finding says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Good to know; nothing is wrong.
    Note,
    /// The books contradict each other or the policy.
    Fault,
}

impl Finding {
    /// The stable code that programs match.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LedgerBroken { .. } => "ledger-broken",
            Self::RecordBroken { .. } => "record-broken",
            Self::RecordYounger { .. } => "record-younger",
            Self::ChargeUnasked { .. } => "charge-unasked",
            Self::ChargeWithoutPolicy { .. } => "charge-without-policy",
            Self::ChargeAboveCaps { .. } => "charge-above-caps",
            Self::AnswerNotCharged { .. } => "answer-not-charged",
            Self::AnswerAltered { .. } => "answer-altered",
            Self::AnswerToAnother { .. } => "answer-to-another",
            Self::AnswerUnapproved { .. } => "answer-unapproved",
            Self::AnswerRefused { .. } => "answer-refused",
            Self::AnswerAgainstPolicy { .. } => "answer-against-policy",
            Self::AnswerWithoutReviewBoard { .. } => "answer-without-review-board",
            Self::AnswerUnknown { .. } => "answer-unknown",
            Self::AnswerNotRecorded { .. } => "answer-not-recorded",
        }
    }

    /// Whether it fails the audit.
    #[must_use]
    pub const fn weight(&self) -> Weight {
        match self {
            Self::RecordYounger { .. } => Weight::Note,
            Self::LedgerBroken { .. }
            | Self::RecordBroken { .. }
            | Self::ChargeUnasked { .. }
            | Self::ChargeWithoutPolicy { .. }
            | Self::ChargeAboveCaps { .. }
            | Self::AnswerNotCharged { .. }
            | Self::AnswerAltered { .. }
            | Self::AnswerToAnother { .. }
            | Self::AnswerUnapproved { .. }
            | Self::AnswerRefused { .. }
            | Self::AnswerAgainstPolicy { .. }
            | Self::AnswerWithoutReviewBoard { .. }
            | Self::AnswerUnknown { .. }
            | Self::AnswerNotRecorded { .. } => Weight::Fault,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LedgerBroken { seq } => write!(
                f,
                "row {seq} of the ledger was altered, or a row before it is missing; nothing in it was used. keep the file, and restore the ledger from your backup"
            ),
            Self::RecordBroken { seq } => write!(
                f,
                "row {seq} of the record was altered, or a row before it is missing; nothing in it was used. keep the file, and restore the record from your backup"
            ),
            Self::RecordYounger { begun_s, charges } => f.write_str(&younger(*begun_s, *charges)),
            Self::ChargeUnasked { seq } => write!(
                f,
                "row {seq} of the ledger charges a question or a study that this node's copy of the common log does not hold. let the node fetch the whole log and audit again"
            ),
            Self::ChargeWithoutPolicy { seq } => write!(
                f,
                "row {seq} of the ledger was charged when the record held no policy that can be read"
            ),
            Self::ChargeAboveCaps { seq, refused } => write!(
                f,
                "row {seq} of the ledger was charged against the policy in force at that time, which refuses it ({})",
                refused.code()
            ),
            Self::AnswerNotCharged { seq, question } => write!(
                f,
                "row {seq} of the record: an answer to question {question} left, which the ledger never charged"
            ),
            Self::AnswerAltered { seq, question } => write!(
                f,
                "row {seq} of the record: an answer to question {question} left with other bytes than the ledger keeps"
            ),
            Self::AnswerToAnother { seq, query } => write!(
                f,
                "row {seq} of the record: the answer that left for query {query} answers another question"
            ),
            Self::AnswerUnapproved { seq, query } => write!(
                f,
                "row {seq} of the record: an answer to query {query} left while it waited for a person, who had not approved it"
            ),
            Self::AnswerRefused { seq, query } => write!(
                f,
                "row {seq} of the record: an answer to query {query} left although a person had refused it"
            ),
            Self::AnswerAgainstPolicy { seq, query } => write!(
                f,
                "row {seq} of the record: an answer to query {query} left that no policy of that time let leave"
            ),
            Self::AnswerWithoutReviewBoard { seq, query } => write!(
                f,
                "row {seq} of the record: an answer to query {query} left although the policy required the review board's number for its study and had none that held"
            ),
            Self::AnswerUnknown {
                question,
                log_index,
            } => write!(
                f,
                "entry {log_index} of the common log is an answer of this center to question {question} that neither ledger nor record knows: they were replaced or cut back, or the signing key was used elsewhere"
            ),
            Self::AnswerNotRecorded {
                question,
                log_index,
            } => write!(
                f,
                "entry {log_index} of the common log is an answer of this center to question {question} that the ledger knows and the record does not: the record was replaced or cut back"
            ),
        }
    }
}

fn younger(begun_s: i64, charges: usize) -> String {
    format!(
        "the record began on {}, after {} of the ledger; which policy allowed those is not known",
        moment(begun_s),
        counted(charges, "charge", "charges")
    )
}

/// A second for people; one that no clock shows as its number.
fn moment(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(|_| second.to_string(), |moment| moment.to_string())
}
