//! What can be signed? One module a document: its payload, as it travels, and the checks that need nothing else.
//!
//! Every payload refuses unknown fields: a signature covers what its reader understands, or nothing.

mod charter;
mod roster;
mod template;
mod study;
mod revocation;
mod decline;
mod currency;
mod query;
mod answer;
mod result;
mod enrolment;
mod log_head;

pub use answer::{Answer, Refusal, RefusalClass, RefusalReason};
pub use charter::{Charter, Member, Predecessor};
pub use currency::{Currency, hash_of_revocations};
pub use decline::Decline;
pub use enrolment::{EnrolledRole, Enrolment};
pub use log_head::LogHead;
pub use query::Query;
pub use result::{
    AnswerKind, CenterEnd, CenterEnding, QueryResult, kind_of, kind_that_counts, sum_of_parts,
};
pub use revocation::Revocation;
pub(crate) use revocation::end_of_suspension;
pub use roster::{Roster, RosterCenter};
pub use study::{CalendarEntry, Researcher, Study};
pub use template::TemplateDocument;

use thiserror::Error;

/// Why a signed payload is not a valid document of its kind.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("this {document} is not valid: {why}")]
pub struct DocumentError {
    /// The kind of document.
    pub document: &'static str,
    /// A sentence for people.
    pub why: String,
}

impl DocumentError {
    pub(crate) fn new(document: &'static str, why: impl Into<String>) -> Self {
        Self {
            document,
            why: why.into(),
        }
    }
}

/// Fails with `why` unless `holds`.
pub(crate) fn demand(holds: bool, document: &'static str, why: &str) -> Result<(), DocumentError> {
    if holds {
        Ok(())
    } else {
        Err(DocumentError::new(document, why))
    }
}

/// Whether no two of `items` are equal.
pub(crate) fn distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    items.into_iter().all(|item| seen.insert(item))
}
