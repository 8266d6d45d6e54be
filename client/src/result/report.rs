//! What do the verified totals say? The published report, with what a table or figure needs beside it.

use analysis::report::{CenterCounts, Report};
use protocol::documents::CenterEnding;
use question::Dictionary;
use question::plan::{Plan, plan};
use question::template::Template;

use crate::error::ClientError;
use crate::verify::Verified;

/// A report and what it was made from.
#[derive(Debug, Clone)]
pub struct Estimated {
    /// The report, as `docs/estimates.schema.json` publishes it.
    pub report: Report,
    /// The question's plan.
    pub plan: Plan,
}

impl Estimated {
    /// Estimates from a verified result. The same answers give the same numbers to everyone.
    pub fn of(verified: &Verified) -> Result<Self, ClientError> {
        let question = &verified.query.question;
        let template = Template::parse(&verified.template.template)?;
        let parameters = template.bind(&question.parameters)?;
        let plan = plan(
            &template,
            &parameters,
            question.rho,
            &Dictionary::shipped()?,
        )?;
        verified.must_be_of(plan.digest())?;
        let centers = CenterCounts::of(verified.result.centers.iter().map(|end| end.ending));
        let estimates = analysis::estimates(
            &plan,
            &verified.result.totals,
            centers.answered,
            seed(verified),
        );
        let report = Report::new(
            template.title_id(),
            question.parameters.clone(),
            question.mode,
            question.rho,
            centers,
            estimates,
        );
        Ok(Self { report, plan })
    }
}

/// The seed of everything that is simulated for a result: a hash of its question and answers, so that the same answers
/// give the same numbers, whichever query brought them.
fn seed(verified: &Verified) -> [u8; 32] {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    hash.update(b"cartally simulation v1\n");
    hash.update(verified.result.question.as_bytes());
    for end in verified
        .result
        .centers
        .iter()
        .filter(|end| end.ending == CenterEnding::Answered)
    {
        if let Some(document) = end.document {
            hash.update(document.as_bytes());
        }
    }
    let mut seed = [0; 32];
    seed.copy_from_slice(hash.finish().as_ref());
    seed
}
