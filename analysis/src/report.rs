//! What does one asked question look like in a file that others read?

use std::collections::BTreeMap;

use protocol::amount::NanoRho;
use protocol::documents::CenterEnding;
use protocol::question::Mode;
use serde::{Deserialize, Serialize};

use crate::estimate::Estimate;

/// How many centers ended in which way; together the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CenterCounts {
    /// In the total.
    pub answered: u32,
    /// Still open, or expired.
    pub late: u32,
    /// A rule or a person said no.
    pub refused: u32,
    /// A privacy cap said no.
    pub out_of_budget: u32,
    /// Infrastructure failed.
    pub failed: u32,
}

impl CenterCounts {
    /// The counts of these endings.
    #[must_use]
    pub fn of(endings: impl IntoIterator<Item = CenterEnding>) -> Self {
        let mut counts = Self::default();
        for ending in endings {
            *match ending {
                CenterEnding::Answered => &mut counts.answered,
                CenterEnding::Late => &mut counts.late,
                CenterEnding::Refused => &mut counts.refused,
                CenterEnding::OutOfBudget => &mut counts.out_of_budget,
                CenterEnding::Failed => &mut counts.failed,
            } += 1;
        }
        counts
    }

    /// Centers of the roster.
    #[must_use]
    pub const fn roster(&self) -> u32 {
        self.answered + self.late + self.refused + self.out_of_budget + self.failed
    }
}

/// One asked question with its estimates: an element of the array that `--json` writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// `name@version`.
    pub template: String,
    /// Canonical parameters.
    pub params: BTreeMap<String, String>,
    /// Local or secure.
    pub mode: Mode,
    /// Charged at every center.
    pub rho: f64,
    /// What rho means at delta 1e-6.
    pub epsilon: f64,
    /// How the centers ended.
    pub centers: CenterCounts,
    /// The estimates.
    pub estimates: Vec<Estimate>,
}

impl Report {
    /// The report of a question asked at `rho`.
    #[must_use]
    pub fn new(
        template: String,
        params: BTreeMap<String, String>,
        mode: Mode,
        rho: NanoRho,
        centers: CenterCounts,
        estimates: Vec<Estimate>,
    ) -> Self {
        Self {
            template,
            params,
            mode,
            rho: rho.rho(),
            epsilon: rho.epsilon(),
            centers,
            estimates,
        }
    }
}
