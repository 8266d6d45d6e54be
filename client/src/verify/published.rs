//! Does a published result say what the centers signed? Its signature, each center's end, and the sum; for one result and for
//! the audit of a whole log.

use protocol::documents::{
    Answer, CenterEnd, CenterEnding, Query, QueryResult, Refusal, Roster, RosterCenter, kind_of,
    kind_that_counts, sum_of_parts,
};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::log::LogPosition;
use protocol::verify::InForce;

use super::{VerifyError, answer_of, demand, refusal_of};

/// Where the documents that a result names are looked up.
pub(crate) trait Papers {
    /// The signed answer or refusal with this id.
    fn paper(&self, id: &DocumentId) -> Option<&Envelope>;
    /// Where the document with this id stands first in the log.
    fn place_of(&self, id: &DocumentId) -> Option<usize>;
    /// Whether a position that an author saw lies on this log.
    fn contains(&self, position: LogPosition) -> bool;
}

/// What a result is held against.
#[derive(Clone, Copy)]
pub(crate) struct Published<'a> {
    /// The query's id.
    pub(crate) query_id: DocumentId,
    /// The query.
    pub(crate) query: &'a Query,
    /// The roster under which it was asked.
    pub(crate) roster: &'a InForce<Roster>,
    /// The result's place in the log: what it rests on came before.
    pub(crate) place: usize,
}

/// Checks a result from the coordinator's signature to the last sum; the answers that are in the total.
///
/// # Errors
/// The first thing that does not hold.
pub(crate) fn published<P: Papers>(
    asked: Published<'_>,
    envelope: &Envelope,
    papers: &P,
) -> Result<(QueryResult, Vec<Answer>), VerifyError> {
    let key = [asked.roster.document.coordinator].into();
    let result: QueryResult = envelope
        .open(&key)
        .map_err(|source| VerifyError::Document {
            what: "coordinator's signature".to_owned(),
            source,
        })?;
    demand(
        result.query == asked.query_id,
        "the result is of another query",
    )?;
    demand(
        result.question == asked.query.question.id(),
        "the result is of another question",
    )?;
    demand(
        result.roster == asked.roster.id,
        "the result was counted against another roster",
    )?;
    same_log(papers, result.log, "the coordinator")?;
    let ends = Ends {
        asked,
        result: &result,
        papers,
    };
    let answers = ends.verified()?;
    let total = sum_of_parts(answers.iter().map(|answer| &answer.parts));
    demand(
        total.as_ref() == Some(&result.totals),
        "the totals are not the sum of the signed answers",
    )?;
    Ok((result, answers))
}

/// What every center's end is held against.
struct Ends<'a, P> {
    asked: Published<'a>,
    result: &'a QueryResult,
    papers: &'a P,
}

/// What a center signed.
enum Word {
    Answer(Box<Answer>),
    Refusal(Refusal),
    Nothing,
}

impl<P: Papers> Ends<'_, P> {
    /// Every center of the roster ends once, as its signed document says; the answers that are in the total.
    fn verified(&self) -> Result<Vec<Answer>, VerifyError> {
        let centers = &self.asked.roster.document.centers;
        let ends = &self.result.centers;
        let listed = ends.iter().map(|end| &end.center);
        demand(
            listed.eq(centers.iter().map(|c| &c.id)),
            "the result does not list each center of the roster once, in its order",
        )?;
        let words = ends
            .iter()
            .zip(centers)
            .map(|(end, center)| self.word(end, center))
            .collect::<Result<Vec<_>, _>>()?;
        let answers = words.iter().filter_map(|word| match word {
            Word::Answer(answer) => Some(answer.as_ref()),
            Word::Refusal(_) | Word::Nothing => None,
        });
        let counts = kind_that_counts(answers);
        let mut in_total = Vec::new();
        for (end, word) in ends.iter().zip(words) {
            let (ending, reason) = match &word {
                Word::Answer(answer) if Some(kind_of(answer)) == counts => {
                    (CenterEnding::Answered, None)
                }
                Word::Answer(_) => (CenterEnding::Failed, None),
                Word::Refusal(refusal) => (refusal.reason.class().into(), Some(refusal.reason)),
                Word::Nothing => (CenterEnding::Late, None),
            };
            demand(
                (end.ending, end.reason) == (ending, reason),
                &format!("{} is counted as something else than it signed", end.center),
            )?;
            if let (CenterEnding::Answered, Word::Answer(answer)) = (ending, word) {
                in_total.push(*answer);
            }
        }
        Ok(in_total)
    }

    fn word(&self, end: &CenterEnd, center: &RosterCenter) -> Result<Word, VerifyError> {
        let Some(id) = end.document else {
            return Ok(Word::Nothing);
        };
        let logged = self.papers.place_of(&id);
        if logged.is_none_or(|place| place >= self.asked.place) {
            return Err(VerifyError::NotInLog(format!("answer of {}", center.id)));
        }
        let envelope = self.papers.paper(&id).ok_or_else(|| {
            VerifyError::Mismatch(format!("the signed answer of {} is missing", center.id))
        })?;
        let (word, seen) = if envelope.is::<Refusal>() {
            let refusal = refusal_of(envelope, center, self.asked.query_id)
                .map_err(|fault| fault.in_result("refusal", &center.id))?;
            let seen = refusal.log;
            (Word::Refusal(refusal), seen)
        } else {
            let lock_date = self.asked.query.question.lock_date;
            let answer = answer_of(envelope, center, self.result.question, lock_date)
                .map_err(|fault| fault.in_result("answer", &center.id))?;
            let seen = answer.log;
            (Word::Answer(Box::new(answer)), seen)
        };
        same_log(self.papers, seen, &format!("the node of {}", center.id))?;
        Ok(word)
    }
}

fn same_log(papers: &impl Papers, position: LogPosition, who: &str) -> Result<(), VerifyError> {
    if papers.contains(position) {
        Ok(())
    } else {
        Err(VerifyError::OtherLog(who.to_owned()))
    }
}
