//! What does one row of the record say, and how is it chained to the one before?

use protocol::documents::RefusalReason;
use protocol::ids::{ChainHead, DocumentId, QuestionId};
use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};

/// Tells a record's hashes from all others.
const DOMAIN: &[u8] = b"cartally node record, version 1";

/// One row, as it is hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// 1, 2, 3, …
    pub seq: i64,
    /// When, in seconds since 1970-01-01 UTC.
    pub at_s: i64,
    /// What.
    pub kind: Kind,
}

/// What left the node, or was decided at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// The record begins: always the first row, and only that.
    Begun,
    /// A policy came into use that differs from the last.
    Policy {
        /// The policy as it stood in its file.
        text: String,
    },
    /// A higher charter was seen than ever before.
    Charter {
        /// Its version.
        version: u32,
        /// Its document id.
        charter: DocumentId,
    },
    /// The coordinator was told that a query waits for a person.
    Awaiting {
        /// The query.
        query: DocumentId,
    },
    /// A person approved a query.
    Approved {
        /// The query.
        query: DocumentId,
        /// Who.
        by: String,
        /// Why, in the person's words; may be empty.
        note: String,
    },
    /// A person refused a query.
    RefusedByPerson {
        /// The query.
        query: DocumentId,
        /// Who.
        by: String,
        /// Why, in the person's words; may be empty. It stays here: the network only learns `person-refuses`.
        note: String,
    },
    /// A signed answer left.
    Answer {
        /// The query that it was sent for.
        query: DocumentId,
        /// The question that it was sent as an answer to.
        question: QuestionId,
        /// The answer.
        document: DocumentId,
    },
    /// A signed refusal left.
    Refusal {
        /// The query that was refused.
        query: DocumentId,
        /// Why.
        reason: RefusalReason,
        /// The refusal.
        document: DocumentId,
    },
    /// A request for a certificate left: enrolment or renewal.
    Request {
        /// The enrolment document.
        document: DocumentId,
    },
    /// The operator loaded a currency document from a file.
    Currency {
        /// The currency document.
        document: DocumentId,
    },
}

impl Kind {
    /// The stable code of the kind, as it stands in the file and in exports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Policy { .. } => "policy",
            Self::Charter { .. } => "charter",
            Self::Awaiting { .. } => "awaiting",
            Self::Approved { .. } => "approved",
            Self::RefusedByPerson { .. } => "refused_by_person",
            Self::Answer { .. } => "answer",
            Self::Refusal { .. } => "refusal",
            Self::Request { .. } => "request",
            Self::Currency { .. } => "currency",
        }
    }

    /// The signed document that the row speaks of, if it speaks of one.
    #[must_use]
    pub const fn document(&self) -> Option<DocumentId> {
        match self {
            Self::Answer { document, .. }
            | Self::Refusal { document, .. }
            | Self::Request { document }
            | Self::Currency { document } => Some(*document),
            Self::Begun
            | Self::Policy { .. }
            | Self::Charter { .. }
            | Self::Awaiting { .. }
            | Self::Approved { .. }
            | Self::RefusedByPerson { .. } => None,
        }
    }
}

impl Entry {
    /// The head of the chain after this row: SHA-256 over the head before it and every field, each with its length, and
    /// over the hash of the document's bytes, if the row has one.
    pub(super) fn head_after(&self, before: ChainHead, document: Option<&[u8]>) -> ChainHead {
        let mut hash = Context::new(&SHA256);
        let mut field = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        field(DOMAIN);
        field(before.as_bytes());
        field(&self.seq.to_be_bytes());
        field(&self.at_s.to_be_bytes());
        field(self.kind.code().as_bytes());
        match &self.kind {
            Kind::Begun => {}
            Kind::Policy { text } => field(text.as_bytes()),
            Kind::Charter { version, charter } => {
                field(&version.to_be_bytes());
                field(charter.as_bytes());
            }
            Kind::Awaiting { query } => field(query.as_bytes()),
            Kind::Approved { query, by, note } | Kind::RefusedByPerson { query, by, note } => {
                field(query.as_bytes());
                field(by.as_bytes());
                field(note.as_bytes());
            }
            Kind::Answer {
                query,
                question,
                document,
            } => {
                field(query.as_bytes());
                field(question.as_bytes());
                field(document.as_bytes());
            }
            Kind::Refusal {
                query,
                reason,
                document,
            } => {
                field(query.as_bytes());
                field(reason.code().as_bytes());
                field(document.as_bytes());
            }
            Kind::Request { document } | Kind::Currency { document } => field(document.as_bytes()),
        }
        if let Some(bytes) = document {
            field(digest(&SHA256, bytes).as_ref());
        }
        let mut head = [0; 32];
        head.copy_from_slice(hash.finish().as_ref());
        ChainHead::from_bytes(head)
    }
}
