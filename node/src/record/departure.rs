//! What leaves a node, and as which row is that written down?

use protocol::documents::RefusalReason;
use protocol::envelope::Envelope;
use protocol::ids::{DocumentId, QuestionId};

use super::entry::Kind;

/// What is about to leave the node.
#[derive(Debug, Clone, Copy)]
pub enum Departure<'a> {
    /// The report that a query waits for a person.
    Awaiting {
        /// The query.
        query: DocumentId,
    },
    /// A signed answer.
    Answer {
        /// The query that it is sent for.
        query: DocumentId,
        /// The question of that query.
        question: QuestionId,
        /// The answer.
        document: &'a Envelope,
    },
    /// A signed refusal.
    Refusal {
        /// The query that is refused.
        query: DocumentId,
        /// Why.
        reason: RefusalReason,
        /// The refusal.
        document: &'a Envelope,
    },
    /// A request for a certificate: enrolment or renewal.
    Request {
        /// The enrolment document.
        document: &'a Envelope,
    },
}

/// The row of a departure, and the document that it keeps.
pub(super) fn row_of(departure: Departure<'_>) -> (Kind, Option<&Envelope>) {
    match departure {
        Departure::Awaiting { query } => (Kind::Awaiting { query }, None),
        Departure::Answer {
            query,
            question,
            document,
        } => {
            let id = document.id();
            let kind = Kind::Answer {
                query,
                question,
                document: id,
            };
            (kind, Some(document))
        }
        Departure::Refusal {
            query,
            reason,
            document,
        } => {
            let id = document.id();
            let kind = Kind::Refusal {
                query,
                reason,
                document: id,
            };
            (kind, Some(document))
        }
        Departure::Request { document } => {
            let id = document.id();
            (Kind::Request { document: id }, Some(document))
        }
    }
}
