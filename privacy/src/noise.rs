//! Where does noise come from? From OpenDP's exact sampler, and from nowhere else.

pub use crate::mechanism::Mechanism;

use crate::error::PrivacyError;
use crate::self_check;

mod sealed {
    pub trait Sealed {}
}

/// A source of protecting noise. Sealed: [`DiscreteGaussian`] is the only one, in programs and in tests alike.
///
/// ```compile_fail
/// struct Silence;
/// impl privacy::NoiseSource for Silence {
///     fn add(&mut self, _: &privacy::noise::Mechanism, exact: &[i64]) -> Result<Vec<i64>, privacy::PrivacyError> {
///         Ok(exact.to_vec())
///     }
/// }
/// ```
pub trait NoiseSource: sealed::Sealed {
    /// The exact numbers with fresh noise of the mechanism's law on each. Only this crate can make a mechanism.
    #[doc(hidden)]
    fn add(&mut self, mechanism: &Mechanism, exact: &[i64]) -> Result<Vec<i64>, PrivacyError>;
}

/// OpenDP's discrete Gaussian sampler, which exists only where it has passed its self-check.
#[derive(Debug, Clone)]
pub struct DiscreteGaussian(());

impl DiscreteGaussian {
    /// Checks division and sampler of this machine (under 100 ms) and hands out the source.
    ///
    /// # Errors
    /// [`PrivacyError::DivisionFaulty`] or [`PrivacyError::SamplerBiased`]; a sound machine meets the latter once in
    /// a million starts.
    pub fn checked() -> Result<Self, PrivacyError> {
        self_check::check()?;
        Ok(Self(()))
    }
}

impl sealed::Sealed for DiscreteGaussian {}

impl NoiseSource for DiscreteGaussian {
    fn add(&mut self, mechanism: &Mechanism, exact: &[i64]) -> Result<Vec<i64>, PrivacyError> {
        mechanism.invoke(exact)
    }
}
