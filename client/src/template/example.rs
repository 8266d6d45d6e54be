//! What would an answer look like? One simulated run at the planning values, shown as results are shown.

use analysis::report::{CenterCounts, Report};
use analysis::synthetic::synthetic_totals;
use protocol::question::Mode;
use question::QuestionError;
use question::plan::Plan;
use ring::digest::{SHA256, digest};

use super::accuracy::{Asked, centers};
use crate::result::{Estimated, result_table};

/// Separates this seed from every other hash in the system.
const DOMAIN: &[u8] = b"cartally synthetic v1\n";

/// The table of a synthetic answer; the same question gives the same one to everyone.
pub(super) fn example(asked: &Asked<'_>) -> Result<String, QuestionError> {
    let (plan, planning) = asked.plan()?;
    let centers = centers(&planning);
    let seed = seed(&plan);
    let totals = synthetic_totals(&plan, centers, &planning, seed);
    let estimates = analysis::estimates(&plan, &totals, centers, seed);
    let answered = CenterCounts {
        answered: centers,
        ..CenterCounts::default()
    };
    let report = Report::new(
        plan.template.clone(),
        plan.parameters.clone(),
        Mode::Local,
        plan.rho(),
        answered,
        estimates,
    );
    Ok(result_table(&Estimated { report, plan }))
}

fn seed(plan: &Plan) -> [u8; 32] {
    let mut text = DOMAIN.to_vec();
    text.extend(plan.digest().as_bytes());
    let mut seed = [0; 32];
    seed.copy_from_slice(digest(&SHA256, &text).as_ref());
    seed
}
