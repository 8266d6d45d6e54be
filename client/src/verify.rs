//! Can this result be believed? Everything is checked again from the signed documents and the pinned charter.

use std::collections::BTreeMap;

use protocol::documents::{
    Answer, CenterEnding, Query, QueryResult, Refusal, Roster, RosterCenter, Study,
    TemplateDocument, sum_of_parts,
};
use protocol::envelope::{Envelope, EnvelopeError, Payload};
use protocol::ids::{CenterId, DocumentId};
use protocol::log::LogPosition;
use protocol::verify::Governance;
use thiserror::Error;

use crate::mirror::Mirror;
use protocol::api::ResultBundle;

/// Why a result is not believed.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// A document that the result rests on was never in force.
    #[error(
        "the {0} that this result rests on is not in force under the pinned charter; do not use the result"
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
    /// An author saw another log than we do.
    #[error(
        "{0} saw another log than this machine; the coordinator shows different logs: tell the committee, do not use the result"
    )]
    OtherLog(String),
}

impl VerifyError {
    /// The stable code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotInForce(_) => "result-not-in-force",
            Self::Document { .. } => "result-signature",
            Self::Mismatch(_) => "result-mismatch",
            Self::OtherLog(_) => "result-other-log",
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
    /// Each center's own noisy answer.
    pub answers: Vec<Answer>,
}

/// Checks a result from the query's signature to the last sum.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify(
    governance: &Governance,
    mirror: &Mirror,
    bundle: &ResultBundle,
) -> Result<Verified, VerifyError> {
    let roster = governance
        .past_roster(&bundle.roster.id())
        .ok_or(VerifyError::NotInForce("roster"))?;
    let study = governance
        .study(&bundle.study.id())
        .ok_or(VerifyError::NotInForce("study"))?;
    let template = governance
        .template(&bundle.template.id())
        .ok_or(VerifyError::NotInForce("template"))?;
    let query: Query = open(&bundle.query, &study.researcher_keys(), "query")?;
    let result: QueryResult = open(
        &bundle.result,
        &[roster.coordinator].into(),
        "coordinator's signature",
    )?;
    demand(
        query.study == bundle.study.id(),
        "the query names another study",
    )?;
    demand(
        query.question.template == bundle.template.id(),
        "the query names another template",
    )?;
    demand(
        study.templates.contains(&query.question.template),
        "the study does not name the template",
    )?;
    demand(
        result.query == bundle.query.id(),
        "the result is of another query",
    )?;
    demand(
        result.question == query.question.id(),
        "the result is of another question",
    )?;
    demand(
        result.roster == bundle.roster.id(),
        "the result was counted against another roster",
    )?;
    same_log(mirror, query.log, "the researcher")?;
    let answers = verified_answers(roster, mirror, &result, bundle)?;
    let total = sum_of_parts(answers.iter().map(|a| &a.parts));
    demand(
        total.as_ref() == Some(&result.totals),
        "the totals are not the sum of the signed answers",
    )?;
    Ok(Verified {
        result_id: bundle.result.id(),
        result,
        query,
        study: study.clone(),
        template: template.clone(),
        answers,
    })
}

/// Every center of the roster ends once, and every end but lateness has its signed document.
fn verified_answers(
    roster: &Roster,
    mirror: &Mirror,
    result: &QueryResult,
    bundle: &ResultBundle,
) -> Result<Vec<Answer>, VerifyError> {
    let documents: BTreeMap<DocumentId, &Envelope> =
        bundle.answers.iter().map(|e| (e.id(), e)).collect();
    let listed = result
        .centers
        .iter()
        .map(|c| &c.center)
        .eq(roster.centers.iter().map(|c| &c.id));
    demand(
        listed,
        "the result does not list each center of the roster once, in its order",
    )?;
    let mut answers = Vec::new();
    for (end, center) in result.centers.iter().zip(&roster.centers) {
        let document = end.document.and_then(|id| documents.get(&id).copied());
        match (end.ending, document) {
            (CenterEnding::Answered, Some(envelope)) => {
                answers.push(answer_of(center, mirror, result, envelope)?);
            }
            (
                CenterEnding::Refused | CenterEnding::OutOfBudget | CenterEnding::Failed,
                Some(envelope),
            ) => {
                refusal_of(center, result, end.ending, envelope)?;
            }
            (CenterEnding::Late, _) => {}
            (_, None) => {
                return Err(VerifyError::Mismatch(format!(
                    "the signed answer of {} is missing",
                    end.center
                )));
            }
        }
    }
    Ok(answers)
}

fn answer_of(
    center: &RosterCenter,
    mirror: &Mirror,
    result: &QueryResult,
    envelope: &Envelope,
) -> Result<Answer, VerifyError> {
    let answer: Answer = open(
        envelope,
        &[center.signing_key].into(),
        &of("answer", &center.id),
    )?;
    demand(
        answer.center == center.id,
        "an answer speaks for another center",
    )?;
    demand(
        answer.question == result.question,
        "an answer is to another question",
    )?;
    same_log(mirror, answer.log, &of("the node", &center.id))?;
    Ok(answer)
}

fn refusal_of(
    center: &RosterCenter,
    result: &QueryResult,
    ending: CenterEnding,
    envelope: &Envelope,
) -> Result<(), VerifyError> {
    let refusal: Refusal = open(
        envelope,
        &[center.signing_key].into(),
        &of("refusal", &center.id),
    )?;
    demand(
        refusal.center == center.id && refusal.query == result.query,
        "a refusal is of another query",
    )?;
    demand(
        CenterEnding::from(refusal.reason.class()) == ending,
        "a refusal is counted as something else",
    )
}

fn open<P: Payload>(
    envelope: &Envelope,
    keys: &std::collections::BTreeSet<protocol::keys::PublicKey>,
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
