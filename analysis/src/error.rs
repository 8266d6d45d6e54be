//! What can be wrong with what a person asks of this crate?

use thiserror::Error;

/// Why an expectation or a figure was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnalysisError {
    /// Not of the form `key=value`.
    #[error("\"{0}\" is no expectation; write --expect KEY=VALUE, such as patients=300 or s12=0.6")]
    ExpectationForm(String),
    /// A key that no preview reads.
    #[error(
        "nothing can be expected of \"{0}\"; known are patients, s followed by months (such as s12), events, person_years, follow_up_months"
    )]
    ExpectationKey(String),
    /// A value outside its range.
    #[error("the expectation {key} must be {range}, not \"{value}\"")]
    ExpectationValue {
        /// Which expectation.
        key: String,
        /// What was given.
        value: String,
        /// What would do.
        range: &'static str,
    },
}

impl AnalysisError {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ExpectationForm(_) => "expectation-form",
            Self::ExpectationKey(_) => "expectation-key",
            Self::ExpectationValue { .. } => "expectation-value",
        }
    }
}
