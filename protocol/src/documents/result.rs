//! How did a query end? The coordinator's signed result: each center's end, and the totals.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RefusalClass, RefusalReason};
use crate::envelope::Payload;
use crate::ids::{CenterId, DocumentId, QuestionId};
use crate::log::LogPosition;

/// The published result of one query. Published once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryResult {
    /// The query.
    pub query: DocumentId,
    /// Its question.
    pub question: QuestionId,
    /// The roster under which it was asked.
    pub roster: DocumentId,
    /// When it was published.
    pub published: Timestamp,
    /// How each center of the roster ended, in the roster's order.
    pub centers: Vec<CenterEnd>,
    /// Cell by cell, the sum over the centers that answered; empty if none did.
    pub totals: Vec<Vec<i64>>,
    /// The log as the coordinator saw it.
    pub log: LogPosition,
}

/// How one center ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CenterEnd {
    /// The center.
    pub center: CenterId,
    /// How it ended.
    pub ending: CenterEnding,
    /// The reason, if it refused or failed with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
    /// The signed answer or refusal, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentId>,
}

/// The five ways a center can end; their numbers sum to the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CenterEnding {
    /// In the total.
    Answered,
    /// Still open, or expired, when the result was published.
    Late,
    /// A rule or a person said no.
    Refused,
    /// A privacy cap said no.
    OutOfBudget,
    /// Infrastructure failed.
    Failed,
}

impl From<RefusalClass> for CenterEnding {
    fn from(class: RefusalClass) -> Self {
        match class {
            RefusalClass::Refused => Self::Refused,
            RefusalClass::OutOfBudget => Self::OutOfBudget,
            RefusalClass::Failed => Self::Failed,
        }
    }
}

impl Payload for QueryResult {
    const TYPE: &'static str = "application/vnd.cartally.result+json";
}

impl QueryResult {
    /// How many centers ended in `ending`.
    #[must_use]
    pub fn count(&self, ending: CenterEnding) -> usize {
        self.centers.iter().filter(|c| c.ending == ending).count()
    }
}

/// Cell by cell, the sum of `answers`' parts; `None` if their shapes differ or a sum leaves the 64 bits.
///
/// ```
/// use protocol::documents::sum_of_parts;
/// assert_eq!(sum_of_parts([&vec![vec![1, -2]], &vec![vec![3, 4]]]), Some(vec![vec![4, 2]]));
/// assert_eq!(sum_of_parts([&vec![vec![1]], &vec![vec![1, 2]]]), None);
/// ```
pub fn sum_of_parts<'a>(
    answers: impl IntoIterator<Item = &'a Vec<Vec<i64>>>,
) -> Option<Vec<Vec<i64>>> {
    let mut answers = answers.into_iter();
    let Some(first) = answers.next() else {
        return Some(Vec::new());
    };
    answers.try_fold(first.clone(), |total, parts| added(&total, parts))
}

fn added(left: &[Vec<i64>], right: &[Vec<i64>]) -> Option<Vec<Vec<i64>>> {
    let same_shape =
        left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.len() == r.len());
    let cells =
        |l: &Vec<i64>, r: &Vec<i64>| l.iter().zip(r).map(|(a, b)| a.checked_add(*b)).collect();
    same_shape
        .then(|| left.iter().zip(right).map(|(l, r)| cells(l, r)).collect())
        .flatten()
}
