//! What do the verified totals say? Estimates with everything a reader needs beside them.

use std::collections::BTreeMap;

use analysis::Estimate;
use protocol::documents::{CenterEnding, QueryResult};
use protocol::question::Mode;
use question::plan::Plan;
use question::template::Template;
use serde::Serialize;

use crate::error::ClientError;
use crate::verify::Verified;

/// How the centers ended; the numbers sum to the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CenterCounts {
    /// In the totals.
    pub answered: usize,
    /// Not in time.
    pub late: usize,
    /// A rule or a person said no.
    pub refused: usize,
    /// A privacy cap said no.
    pub out_of_budget: usize,
    /// Infrastructure failed.
    pub failed: usize,
}

impl CenterCounts {
    fn of(result: &QueryResult) -> Self {
        Self {
            answered: result.count(CenterEnding::Answered),
            late: result.count(CenterEnding::Late),
            refused: result.count(CenterEnding::Refused),
            out_of_budget: result.count(CenterEnding::OutOfBudget),
            failed: result.count(CenterEnding::Failed),
        }
    }
}

/// A result in the form that `docs/estimates.schema.json` publishes.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `name@version`.
    pub template: String,
    /// Canonical parameters.
    pub params: BTreeMap<String, String>,
    /// Local or secure.
    pub mode: Mode,
    /// What it cost at each center.
    pub rho: f64,
    /// The same at delta 1e-6.
    pub epsilon: f64,
    /// How the centers ended.
    pub centers: CenterCounts,
    /// One row an estimate.
    pub estimates: Vec<Estimate>,
    #[serde(skip)]
    pub(super) plan: Plan,
    #[serde(skip)]
    pub(super) words: String,
    #[serde(skip)]
    pub(super) title: String,
}

impl Report {
    /// Estimates from a verified result. The same answers give the same numbers to everyone.
    pub fn of(verified: &Verified) -> Result<Self, ClientError> {
        let question = &verified.query.question;
        let template = Template::parse(&verified.template.template)?;
        let parameters = template.bind(&question.parameters)?;
        let plan = question::plan(&template, &parameters, question.rho)?;
        let centers = CenterCounts::of(&verified.result);
        let answered = u32::try_from(centers.answered).unwrap_or(u32::MAX);
        Ok(Self {
            template: template.label(),
            params: question.parameters.clone(),
            mode: question.mode,
            rho: question.rho.rho(),
            epsilon: question.rho.epsilon(),
            centers,
            estimates: analysis::estimates(&plan, &verified.result.totals, answered, seed(verified)),
            plan,
            words: template.describe(&question.parameters),
            title: template.title.clone(),
        })
    }
}

/// The seed of everything that is simulated for a result: a hash of its question and answers, so that the same answers
/// give the same numbers, whichever query brought them.
fn seed(verified: &Verified) -> [u8; 32] {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    hash.update(b"cartally simulation v1\n");
    hash.update(verified.result.question.as_bytes());
    for end in verified.result.centers.iter().filter(|end| end.ending == CenterEnding::Answered) {
        if let Some(document) = end.document {
            hash.update(document.as_bytes());
        }
    }
    let mut seed = [0; 32];
    seed.copy_from_slice(hash.finish().as_ref());
    seed
}
