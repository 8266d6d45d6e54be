//! Can this result be believed? Everything is checked again from the signed documents, the pinned charter and the log.
//!
//! What a lying coordinator could still do: withhold (a center's answer in time, the newest end of the log), which its
//! result shows as `late`. What it cannot: pass off another query's result, another roster, study or template, a second
//! result, a sum that is not the answers', a reason that no node gave.

use std::collections::BTreeSet;

use protocol::api::ResultBundle;
use protocol::documents::{
    Answer, CenterEnd, CenterEnding, Query, QueryResult, Refusal, Roster, RosterCenter, Study,
    TemplateDocument, kind_of, kind_that_counts, sum_of_parts,
};
use protocol::envelope::{Envelope, EnvelopeError, Payload};
use protocol::ids::{CenterId, DocumentId, PlanDigest};
use protocol::keys::PublicKey;
use protocol::log::LogPosition;
use protocol::verify::Governance;
use thiserror::Error;

use crate::mirror::Mirror;

/// Why a result is not believed.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// A document that the result rests on was not in force when the query came.
    #[error(
        "the {0} that this result rests on was not in force under the pinned charter when the query came; do not use the result"
    )]
    NotInForce(&'static str),
    /// A signature or payload does not hold.
    #[error("the {what} of this result does not verify: {source}; do not use the result")]
    Document {
        /// Which document.
        what: String,
        /// Why.
        source: EnvelopeError,
    },
    /// Two documents do not speak of the same thing.
    #[error("{0}; do not use the result")]
    Mismatch(String),
    /// A document is not in the log, or not where it belongs.
    #[error(
        "the {0} is not in the log where it belongs; what is not in the log may be shown to one reader alone: tell the committee, do not use the result"
    )]
    NotInLog(String),
    /// The log holds another result of the query.
    #[error(
        "the log holds two results of this query; the coordinator published twice: tell the committee, do not use either"
    )]
    PublishedTwice,
    /// An author saw another log than we do.
    #[error(
        "{0} saw another log than this machine; the coordinator shows different logs: tell the committee, do not use the result"
    )]
    OtherLog(String),
    /// The numbers mean something else than this program would read in them.
    #[error(
        "the centers read this template in another way than this program does; use the version of cartally that they use"
    )]
    OtherPlan,
}

impl VerifyError {
    /// The stable code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotInForce(_) => "result-not-in-force",
            Self::Document { .. } => "result-signature",
            Self::Mismatch(_) => "result-mismatch",
            Self::NotInLog(_) => "result-not-in-log",
            Self::PublishedTwice => "result-published-twice",
            Self::OtherLog(_) => "result-other-log",
            Self::OtherPlan => "result-other-plan",
        }
    }
}

/// A result whose every document was verified.
#[derive(Debug)]
pub struct Verified {
    /// The result.
    pub result: QueryResult,
    /// Its document id.
    pub result_id: DocumentId,
    /// The query.
    pub query: Query,
    /// The study it was asked in.
    pub study: Study,
    /// The template's document.
    pub template: TemplateDocument,
    /// Each center's own noisy answer, of those in the totals.
    pub answers: Vec<Answer>,
}

impl Verified {
    /// Whether the numbers mean what a plan with this digest says; nothing to object to where nobody answered.
    ///
    /// # Errors
    /// They mean something else.
    pub fn must_be_of(&self, plan: PlanDigest) -> Result<(), VerifyError> {
        if self.answers.iter().all(|answer| answer.plan == plan) {
            Ok(())
        } else {
            Err(VerifyError::OtherPlan)
        }
    }
}

/// Checks the result of the query `asked`, from the query's signature to the last sum, under the pinned `charter`.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify(
    charter: DocumentId,
    mirror: &Mirror,
    asked: DocumentId,
    bundle: &ResultBundle,
) -> Result<Verified, VerifyError> {
    demand(
        bundle.query.id() == asked,
        "the coordinator sent the result of another query",
    )?;
    let places = Places::of(mirror, asked, bundle)?;
    let then = mirror.governance_before(charter, places.query);
    let base = Base::of(&then, bundle)?;
    let query = verified_query(&base, mirror, places.query, bundle)?;
    let result: QueryResult = open(
        &bundle.result,
        &[base.roster.coordinator].into(),
        "coordinator's signature",
    )?;
    demand(result.query == asked, "the result is of another query")?;
    demand(
        result.question == query.question.id(),
        "the result is of another question",
    )?;
    demand(
        result.roster == bundle.roster.id(),
        "the result was counted against another roster",
    )?;
    same_log(mirror, result.log, "the coordinator")?;
    let answers = Ends {
        query: &query,
        result: &result,
        bundle,
        mirror,
        before: places.result,
    }
    .verified(base.roster)?;
    let total = sum_of_parts(answers.iter().map(|a| &a.parts));
    demand(
        total.as_ref() == Some(&result.totals),
        "the totals are not the sum of the signed answers",
    )?;
    Ok(Verified {
        result_id: bundle.result.id(),
        result,
        study: base.study.clone(),
        template: base.template.clone(),
        query,
        answers,
    })
}

/// Where query and result stand in the log.
struct Places {
    query: usize,
    result: usize,
}

impl Places {
    /// Finds both, and that the log holds no other result of the query.
    fn of(mirror: &Mirror, asked: DocumentId, bundle: &ResultBundle) -> Result<Self, VerifyError> {
        let missing = |what: &str| VerifyError::NotInLog(what.to_owned());
        let id = bundle.result.id();
        let query = mirror.place_of(&asked).ok_or_else(|| missing("query"))?;
        let result = mirror.place_of(&id).ok_or_else(|| missing("result"))?;
        if result < query {
            return Err(missing("result"));
        }
        let mut others = mirror
            .documents()
            .filter(|document| document.is::<QueryResult>() && document.id() != id)
            .filter_map(|document| document.parse_unverified::<QueryResult>().ok());
        if others.any(|other| other.query == asked) {
            return Err(VerifyError::PublishedTwice);
        }
        Ok(Self { query, result })
    }
}

/// What was in force when the query came, and the result says it rests on.
struct Base<'a> {
    roster: &'a Roster,
    study: &'a Study,
    template: &'a TemplateDocument,
}

impl<'a> Base<'a> {
    fn of(then: &'a Governance, bundle: &ResultBundle) -> Result<Self, VerifyError> {
        let roster = then
            .roster()
            .filter(|roster| roster.id == bundle.roster.id());
        Ok(Self {
            roster: &roster.ok_or(VerifyError::NotInForce("roster"))?.document,
            study: then
                .study(&bundle.study.id())
                .ok_or(VerifyError::NotInForce("study"))?,
            template: then
                .template(&bundle.template.id())
                .ok_or(VerifyError::NotInForce("template"))?,
        })
    }
}

/// The query, if a researcher of the study signed it within what the study allows.
fn verified_query(
    base: &Base<'_>,
    mirror: &Mirror,
    place: usize,
    bundle: &ResultBundle,
) -> Result<Query, VerifyError> {
    let query: Query = open(&bundle.query, &base.study.researcher_keys(), "query")?;
    demand(
        query.study == bundle.study.id(),
        "the query names another study",
    )?;
    demand(
        query.question.template == bundle.template.id(),
        "the query names another template",
    )?;
    demand(
        base.study.templates.contains(&query.question.template),
        "the study does not name the template",
    )?;
    demand(
        query.question.rho <= base.study.rho_cap,
        "the query asks for more rho than the study allows",
    )?;
    let came = mirror.time_at(place);
    demand(
        came.is_some_and(|came| base.study.expires > came),
        "the study had expired when the query came",
    )?;
    same_log(mirror, query.log, "the researcher")?;
    Ok(query)
}

/// What every center's end is held against.
struct Ends<'a> {
    query: &'a Query,
    result: &'a QueryResult,
    bundle: &'a ResultBundle,
    mirror: &'a Mirror,
    /// The result's place in the log: what it rests on came before.
    before: usize,
}

/// What a center signed.
enum Word {
    Answer(Box<Answer>),
    Refusal(Refusal),
    Nothing,
}

impl Ends<'_> {
    /// Every center of the roster ends once, as its signed document says; the answers that are in the total.
    fn verified(&self, roster: &Roster) -> Result<Vec<Answer>, VerifyError> {
        let ends = &self.result.centers;
        let listed = ends.iter().map(|end| &end.center);
        demand(
            listed.eq(roster.centers.iter().map(|c| &c.id)),
            "the result does not list each center of the roster once, in its order",
        )?;
        let words = ends
            .iter()
            .zip(&roster.centers)
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
        let mut sent = self.bundle.answers.iter();
        let envelope = sent.find(|envelope| envelope.id() == id).ok_or_else(|| {
            VerifyError::Mismatch(format!("the signed answer of {} is missing", center.id))
        })?;
        let logged = self.mirror.place_of(&id);
        if logged.is_none_or(|place| place >= self.before) {
            return Err(VerifyError::NotInLog(of("answer", &center.id)));
        }
        if envelope.is::<Refusal>() {
            self.refusal(center, envelope).map(Word::Refusal)
        } else {
            let answer = self.answer(center, envelope)?;
            Ok(Word::Answer(Box::new(answer)))
        }
    }

    fn answer(&self, center: &RosterCenter, envelope: &Envelope) -> Result<Answer, VerifyError> {
        let key = [center.signing_key].into();
        let answer: Answer = open(envelope, &key, &of("answer", &center.id))?;
        demand(
            answer.center == center.id,
            "an answer speaks for another center",
        )?;
        demand(
            answer.question == self.result.question,
            "an answer is to another question",
        )?;
        demand(
            answer.lock_date <= self.query.question.lock_date,
            "an answer was made on a later lock than was asked",
        )?;
        same_log(self.mirror, answer.log, &of("the node", &center.id))?;
        Ok(answer)
    }

    fn refusal(&self, center: &RosterCenter, envelope: &Envelope) -> Result<Refusal, VerifyError> {
        let key = [center.signing_key].into();
        let refusal: Refusal = open(envelope, &key, &of("refusal", &center.id))?;
        demand(
            refusal.center == center.id && refusal.query == self.result.query,
            "a refusal is of another query",
        )?;
        same_log(self.mirror, refusal.log, &of("the node", &center.id))?;
        Ok(refusal)
    }
}

fn open<P: Payload>(
    envelope: &Envelope,
    keys: &BTreeSet<PublicKey>,
    what: &str,
) -> Result<P, VerifyError> {
    envelope.open(keys).map_err(|source| VerifyError::Document {
        what: what.to_owned(),
        source,
    })
}

fn demand(holds: bool, why: &str) -> Result<(), VerifyError> {
    if holds {
        Ok(())
    } else {
        Err(VerifyError::Mismatch(why.to_owned()))
    }
}

fn same_log(mirror: &Mirror, position: LogPosition, who: &str) -> Result<(), VerifyError> {
    if mirror.contains(position) {
        Ok(())
    } else {
        Err(VerifyError::OtherLog(who.to_owned()))
    }
}

fn of(what: &str, center: &CenterId) -> String {
    format!("{what} of {center}")
}

#[cfg(test)]
mod tests;
