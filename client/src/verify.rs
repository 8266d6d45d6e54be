//! Can this result be believed? Everything is checked again from the signed documents, the pinned charter and the log.
//!
//! What a lying coordinator could still do: withhold (a center's answer in time, the newest end of the log), which its
//! result shows as `late`. What it cannot: pass off another query's result, another roster, study or template, a second
//! result, a sum that is not the answers', a reason that no node gave.

use protocol::api::ResultBundle;
use protocol::documents::{Answer, Query, QueryResult, RefusalReason, Study, TemplateDocument};
use protocol::envelope::{Envelope, EnvelopeError};
use protocol::ids::{DocumentId, PlanDigest};
use protocol::log::LogPosition;
use thiserror::Error;

pub(crate) use self::basis::{Basis, basis};
pub(crate) use self::published::{Papers, Published, published};
pub(crate) use self::word::{WordFault, answer_of, refusal_of};
use crate::mirror::Mirror;

mod basis;
mod word;
mod published;
#[cfg(test)]
pub(crate) mod story;
#[cfg(test)]
mod tests;

/// Why a result is not believed.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// A document that the result rests on was not in force when the query came.
    #[error(
        "the {0} that this result rests on was not in force under the pinned charter when the query came; do not use the result"
    )]
    NotInForce(&'static str),
    /// The query was not allowed when it came.
    #[error("the query was not allowed when it came ({}); do not use the result", .0.sentence())]
    NotAllowed(RefusalReason),
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
    /// What is wrong, for whoever audits a log and wants no advice about one result.
    pub(crate) fn fault(&self) -> String {
        match self {
            Self::Mismatch(what) => what.clone(),
            Self::Document { what, source } => format!("the {what} does not verify: {source}"),
            Self::NotInLog(what) => format!("the {what} does not stand before it in the log"),
            Self::NotInForce(_)
            | Self::NotAllowed(_)
            | Self::PublishedTwice
            | Self::OtherLog(_)
            | Self::OtherPlan => self.to_string(),
        }
    }

    /// The stable code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotInForce(_) => "result-not-in-force",
            Self::NotAllowed(_) => "result-not-allowed",
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
    let came = mirror.time_at(places.query);
    let came = came.ok_or_else(|| VerifyError::NotInLog("query".into()))?;
    let basis = basis(&then, &bundle.query, came).map_err(not_allowed)?;
    is_bundled(&basis, bundle)?;
    if !mirror.contains(basis.query.log) {
        return Err(VerifyError::OtherLog("the researcher".into()));
    }
    let papers = Bundled { mirror, bundle };
    let (result, answers) = published(
        Published {
            query_id: asked,
            query: &basis.query,
            roster: basis.roster,
            place: places.result,
        },
        &bundle.result,
        &papers,
    )?;
    Ok(Verified {
        result_id: bundle.result.id(),
        result,
        study: basis.study,
        template: basis.template,
        query: basis.query,
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

/// What a node's reason for a refusal means for a result that exists all the same.
fn not_allowed(reason: RefusalReason) -> VerifyError {
    match reason {
        RefusalReason::NoCharter | RefusalReason::NoRoster => VerifyError::NotInForce("roster"),
        RefusalReason::StudyNotInForce => VerifyError::NotInForce("study"),
        RefusalReason::TemplateNotInForce => VerifyError::NotInForce("template"),
        other => VerifyError::NotAllowed(other),
    }
}

/// Whether the documents that came with the result are those that the query rests on.
fn is_bundled(basis: &Basis<'_>, bundle: &ResultBundle) -> Result<(), VerifyError> {
    let in_force = |what, holds: bool| holds.then_some(()).ok_or(VerifyError::NotInForce(what));
    in_force("roster", basis.roster.id == bundle.roster.id())?;
    in_force("study", basis.query.study == bundle.study.id())?;
    in_force(
        "template",
        basis.query.question.template == bundle.template.id(),
    )
}

/// The centers' words as a bundle brings them, placed by the own copy of the log.
struct Bundled<'a> {
    mirror: &'a Mirror,
    bundle: &'a ResultBundle,
}

impl Papers for Bundled<'_> {
    fn paper(&self, id: &DocumentId) -> Option<&Envelope> {
        let mut sent = self.bundle.answers.iter();
        sent.find(|envelope| &envelope.id() == id)
    }

    fn place_of(&self, id: &DocumentId) -> Option<usize> {
        self.mirror.place_of(id)
    }

    fn contains(&self, position: LogPosition) -> bool {
        self.mirror.contains(position)
    }
}

fn demand(holds: bool, why: &str) -> Result<(), VerifyError> {
    if holds {
        Ok(())
    } else {
        Err(VerifyError::Mismatch(why.to_owned()))
    }
}
