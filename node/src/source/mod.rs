//! Where are rows counted? Behind one trait, so that a center with a warehouse can count where its rows are.

pub mod sqlite;
#[cfg(test)]
mod tests;

use privacy::{Exact, ExactPart};
use question::plan::Plan;
use thiserror::Error;

/// A place that holds a center's locked rows and can count them.
///
/// What it returns is sealed at once. Its errors are faults of the infrastructure: they name no statement, no row and no value.
pub trait Source: Send {
    /// Whether the rows' tables can answer `plan`. Reads no row, so that it can be asked before anything is charged.
    fn understands(&self, plan: &Plan) -> Result<(), SourceError>;

    /// The exact numbers of every part of `plan`, in its order; each vector as long as the part says.
    fn count(&self, plan: &Plan) -> Result<Exact<Vec<ExactPart>>, SourceError>;
}

/// Why rows could not be counted. The same sentences whatever the rows are.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum SourceError {
    /// The database reported a fault; only its number is told.
    #[error(
        "the locked rows could not be counted (database fault {0}). check the disk, and that the lock was made with this version's dictionary"
    )]
    Database(i32),
    /// More work than any question of a sound plan needs.
    #[error(
        "counting took more than {steps_max} steps and was stopped. tell the developers which question it was"
    )]
    TooLong {
        /// The limit, in steps of the database's machine.
        steps_max: u64,
    },
    /// A cell outside the layout, or a plan that this source does not know.
    #[error(
        "the plan and its statement do not fit together. install the same version at every party"
    )]
    Layout,
}

impl SourceError {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Database(_) => "source.database",
            Self::TooLong { .. } => "source.too_long",
            Self::Layout => "source.layout",
        }
    }
}
