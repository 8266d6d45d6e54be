//! Who asks what, in which study, until when? A researcher's signed query.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::envelope::Payload;
use crate::ids::DocumentId;
use crate::log::LogPosition;
use crate::question::Question;

/// A question, asked. Two queries may ask the same question; its answers are the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// What is asked.
    pub question: Question,
    /// The study in which it is asked.
    pub study: DocumentId,
    /// When it was signed.
    pub created: Timestamp,
    /// The result is published at this moment at the latest.
    pub deadline: Timestamp,
    /// The log as the researcher last saw it.
    pub log: LogPosition,
}

impl Payload for Query {
    const TYPE: &'static str = "application/vnd.cartally.query+json";
}
