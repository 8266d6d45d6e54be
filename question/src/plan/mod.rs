//! What does a question become? Cells, parts with their noise, and SQL that gives every patient exactly one cell.

mod digest;
mod layout;
mod noise;
mod part;
mod sql;
mod build;

use std::collections::BTreeMap;

use protocol::amount::NanoRho;

use crate::template::Planning;

pub use build::plan;
pub use layout::{Cell, CellLayout, Exclusion, Stratum, StratumCell, StratumCells, SurvivalCells};
pub use noise::{NoiseLaw, SIGMA_MICRO_MAX, SIGMA_MICRO_MIN, Sigma};
pub use part::Part;
pub(crate) use part::units_max;

/// Days of one month, everywhere.
pub const MONTH_DAYS: f64 = 30.4375;

/// What follows from the cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Analysis {
    /// How many patients there are.
    Count,
    /// Survival by interval.
    Survival {
        /// Name of the clock.
        clock: String,
    },
    /// First events over person-time.
    Rate {
        /// Name of the clock.
        clock: String,
    },
}

/// A question ready to be computed: everything public that node and client need, and nothing that depends on data.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// `name@version` of the template.
    pub template: String,
    /// Canonical parameters.
    pub parameters: BTreeMap<String, String>,
    /// The question in one or two sentences.
    pub words: String,
    /// What follows from the cells.
    pub analysis: Analysis,
    /// Meaning of part 0's numbers.
    pub layout: CellLayout,
    /// The answer's vectors: part 0 is the tally; a rate's part 1 is person-time, one number a stratum.
    pub parts: Vec<Part>,
    /// Names for people of the variables that stratify, by name.
    pub labels: BTreeMap<String, String>,
    /// Public expectations over all centers together.
    pub planning: Planning,
    /// Sums over patients below this are shown as `<mask_below`; 0 shows all. A courtesy, not privacy.
    pub mask_below: u32,
    pub(crate) cell_sql: String,
    pub(crate) person_time_sql: Option<String>,
}

impl Plan {
    /// The select of `patient_id, cell` (an index of part 0): exactly one row for every patient.
    #[must_use]
    pub fn cell_sql(&self) -> &str {
        &self.cell_sql
    }

    /// The select of `patient_id, stratum, units` for part 1: at most one row a patient, clipped; nothing unless a rate.
    #[must_use]
    pub fn person_time_sql(&self) -> Option<&str> {
        self.person_time_sql.as_deref()
    }

    /// Numbers in all parts.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.parts.iter().map(Part::cells).sum()
    }

    /// The budget of all parts.
    #[must_use]
    pub fn rho(&self) -> NanoRho {
        self.parts.iter().map(Part::rho).sum()
    }

    /// Rising interval ends in months; empty unless survival.
    #[must_use]
    pub fn edges_months(&self) -> &[u32] {
        match self.layout.stratum_cells() {
            StratumCells::Survival { edges_months } => edges_months,
            StratumCells::Count | StratumCells::FirstEvent => &[],
        }
    }
}
