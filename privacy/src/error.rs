//! Why was nothing released?

use protocol::amount::{AmountError, NanoRho};
use thiserror::Error;

use crate::mechanism::{SIGMA_MAX, SIGMA_MIN};

/// Why nothing was released. No variant carries a number derived from data.
#[derive(Debug, Error)]
pub enum PrivacyError {
    /// Noise so small that it hides nobody, so large that it drowns everything, or not a number.
    #[error("a noise scale of {0} is outside {SIGMA_MIN} to {SIGMA_MAX}; ask with another rho")]
    ScaleOutOfRange(f64),
    /// The part bounds no patient, or bounds them so loosely that no scale is private.
    #[error("a sensitivity of {0} is not a bound on one patient; correct the template's limits")]
    SensitivityOutOfRange(u64),
    /// The plan's loss is not an amount.
    #[error("the noise does not bound the privacy loss; ask with a smaller rho")]
    Amount(#[from] AmountError),
    /// The privacy library refused; only the kind of its error is kept, since its message could quote an argument.
    #[error("the privacy library refused ({0}); keep the log and report it")]
    Library(String),
    /// The receipt covers less than the release costs.
    #[error(
        "the charge of rho {paid} is below the release's cost of rho {needed}; charge the cost of the plan"
    )]
    ReceiptTooSmall {
        /// What was charged.
        paid: NanoRho,
        /// What the release costs.
        needed: NanoRho,
    },
    /// The exact numbers do not have the shape of the plan.
    #[error(
        "the tally does not have the plan's shape; check that source and plan come from one version"
    )]
    Shape,
    /// A cell is beyond what a signed 64-bit integer holds.
    #[error("a cell is too large to be released; check the source")]
    TooLarge,
    /// The noise sampler does not follow its law.
    #[error(
        "the noise sampler failed its self-check; do not answer from this machine, reinstall the program"
    )]
    SamplerBiased,
    /// Division of large integers, on which exact sampling rests, is wrong.
    #[error(
        "integer division failed its self-check; do not answer from this machine, reinstall the program"
    )]
    DivisionFaulty,
}

impl PrivacyError {
    /// The stable code that programs match.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ScaleOutOfRange(_) => "scale_out_of_range",
            Self::SensitivityOutOfRange(_) => "sensitivity_out_of_range",
            Self::Amount(_) => "loss_out_of_range",
            Self::Library(_) => "privacy_library",
            Self::ReceiptTooSmall { .. } => "receipt_too_small",
            Self::Shape => "tally_shape",
            Self::TooLarge => "cell_too_large",
            Self::SamplerBiased => "sampler_biased",
            Self::DivisionFaulty => "division_faulty",
        }
    }
}

impl From<opendp::error::Error> for PrivacyError {
    fn from(error: opendp::error::Error) -> Self {
        Self::Library(format!("{:?}", error.variant))
    }
}
