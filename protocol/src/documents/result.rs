//! How did a query end? The coordinator's signed result: each center's end, and the totals.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Answer, RefusalClass, RefusalReason};
use crate::envelope::Payload;
use crate::ids::{CenterId, DocumentId, PlanDigest, QuestionId};
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

/// What an answer's numbers mean, and how many each part has: answers of one kind can be added.
pub type AnswerKind = (PlanDigest, Vec<usize>);

/// The kind of an answer.
#[must_use]
pub fn kind_of(answer: &Answer) -> AnswerKind {
    (answer.plan, answer.parts.iter().map(Vec::len).collect())
}

/// The kind that counts; answers of another one cannot be added and end as failed.
///
/// Nodes of one version and dictionary make one kind. If one departs, the kind of most counts, the first of equals: a rule
/// that the coordinator follows and that whoever checks its result follows after it.
pub fn kind_that_counts<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> Option<AnswerKind> {
    let mut votes: BTreeMap<AnswerKind, (usize, usize)> = BTreeMap::new();
    for (place, answer) in answers.into_iter().enumerate() {
        votes
            .entry(kind_of(answer))
            .or_insert((0, usize::MAX - place))
            .0 += 1;
    }
    votes
        .into_iter()
        .max_by_key(|(_, votes)| *votes)
        .map(|(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use crate::amount::NanoRho;
    use crate::ids::ChainHead;

    use super::*;

    fn answer(plan: u8, parts: Vec<Vec<i64>>) -> Answer {
        Answer {
            question: QuestionId::from_bytes([1; 32]),
            center: "K01".parse().unwrap(),
            lock: "2026-11-20.a1b2".parse().unwrap(),
            lock_date: "2026-11-20".parse().unwrap(),
            plan: PlanDigest::from_bytes([plan; 32]),
            parts,
            cost: NanoRho::from_nano(1),
            ledger_head: ChainHead::EMPTY,
            log: LogPosition::EMPTY,
        }
    }

    #[test]
    fn the_kind_of_most_counts_and_the_first_of_equals() {
        let (one, two) = (
            answer(8, vec![vec![1, 2]]),
            answer(8, vec![vec![1], vec![2]]),
        );
        let same_shape_other_meaning = answer(9, vec![vec![1, 2]]);
        assert_eq!(kind_that_counts([&one, &two, &two]), Some(kind_of(&two)));
        assert_eq!(kind_that_counts([&one, &two]), Some(kind_of(&one)));
        assert_eq!(kind_that_counts([&two, &one]), Some(kind_of(&two)));
        let three = [&same_shape_other_meaning, &one, &one];
        assert_eq!(kind_that_counts(three), Some(kind_of(&one)));
        assert_eq!(kind_that_counts([]), None);
    }
}
