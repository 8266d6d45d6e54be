//! What may leave a hospital? Exact tally in, noise added, release out; and what that costs.
//!
//! The only crate that names `opendp`. Five steps, five files:
//!
//! * [`exact`]: numbers that cannot be shown, copied, compared or written anywhere;
//! * [`cost`](mod@cost): what a plan's noise costs, as OpenDP's privacy map says, rounded up;
//! * [`receipt`]: the proof that this cost has been charged for good;
//! * [`noise`]: the one source of noise, which exists only after it has checked itself;
//! * [`release`](mod@release): the one door out.

pub mod error;
pub mod exact;
mod mechanism;
pub mod cost;
pub mod receipt;
mod self_check;
pub mod noise;
pub mod release;

pub use cost::cost;
pub use error::PrivacyError;
pub use exact::{Exact, ExactPart};
pub use noise::{DiscreteGaussian, NoiseSource};
pub use receipt::Receipt;
pub use release::{NoisyRelease, release};
