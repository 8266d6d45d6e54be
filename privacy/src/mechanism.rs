//! Which noise, and what does it cost? OpenDP's discrete Gaussian mechanism and its privacy map.

use opendp::core::Measurement;
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::measurements::make_gaussian;
use opendp::measures::ZeroConcentratedDivergence;
use opendp::metrics::L2Distance;
use protocol::amount::NanoRho;
use zeroize::Zeroizing;

use crate::error::PrivacyError;

/// The smallest standard deviation accepted. OpenDP also takes 0 and 1e-320, and then releases the truth.
pub(crate) const SIGMA_MIN: f64 = 0.3;

/// The largest standard deviation accepted.
pub(crate) const SIGMA_MAX: f64 = 1e6;

/// The largest squared distance of neighbouring vectors: person-time of 200 units, with room for 40,000 tallies.
const SENSITIVITY_SQUARED_MAX: u64 = 40_000;

type Gaussian = Measurement<
    VectorDomain<AtomDomain<i64>>,
    L2Distance<f64>,
    ZeroConcentratedDivergence,
    Vec<i64>,
>;

/// The discrete Gaussian mechanism on one part of a plan: its scale, and how far one patient moves the part.
///
/// Only this crate makes one, from a plan.
#[derive(Debug, Clone, Copy)]
pub struct Mechanism {
    sigma: f64,
    sensitivity: f64,
}

impl Mechanism {
    /// The mechanism with standard deviation `sigma` on vectors that one patient moves by at most the square root
    /// of `sensitivity_squared` (Euclidean distance).
    pub(crate) fn new(sigma: f64, sensitivity_squared: u64) -> Result<Self, PrivacyError> {
        if !(SIGMA_MIN..=SIGMA_MAX).contains(&sigma) {
            return Err(PrivacyError::ScaleOutOfRange(sigma));
        }
        if !(1..=SENSITIVITY_SQUARED_MAX).contains(&sensitivity_squared) {
            return Err(PrivacyError::SensitivityOutOfRange(sensitivity_squared));
        }
        Ok(Self {
            sigma,
            sensitivity: root_at_least(sensitivity_squared),
        })
    }

    /// What one release costs: OpenDP's privacy map, rounded up.
    pub(crate) fn loss(&self) -> Result<NanoRho, PrivacyError> {
        Ok(NanoRho::at_least(
            self.measurement()?.map(&self.sensitivity)?,
        )?)
    }

    /// The exact numbers with noise on each.
    ///
    /// The measurement is built here and lives only within this call: it is not `Send`, so it cannot be kept.
    pub(crate) fn invoke(&self, exact: &[i64]) -> Result<Vec<i64>, PrivacyError> {
        let copy = Zeroizing::new(exact.to_vec());
        Ok(self.measurement()?.invoke(&copy)?)
    }

    fn measurement(&self) -> Result<Gaussian, PrivacyError> {
        let domain = VectorDomain::new(AtomDomain::<i64>::default());
        Ok(make_gaussian(
            domain,
            L2Distance::<f64>::default(),
            self.sigma,
            None,
        )?)
    }
}

/// The smallest representable number whose square is not below `square`.
fn root_at_least(square: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "squares up to 40,000 are exact")]
    let square = square as f64;
    let root = square.sqrt();
    // Fused multiply-add rounds once, so the sign of the difference is exact.
    if root.mul_add(root, -square) < 0.0 {
        root.next_up()
    } else {
        root
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.0)]
    #[case(-1.0)]
    #[case(1e-320)]
    #[case(f64::MIN_POSITIVE)]
    #[case(0.3_f64.next_down())]
    #[case(1e6_f64.next_up())]
    #[case(f64::NAN)]
    #[case(f64::INFINITY)]
    #[case(f64::NEG_INFINITY)]
    fn a_scale_that_hides_nobody_is_refused(#[case] sigma: f64) {
        assert_eq!(
            Mechanism::new(sigma, 1).unwrap_err().code(),
            "scale_out_of_range"
        );
    }

    #[test]
    fn the_bounds_of_the_scale_themselves_are_accepted() {
        assert!(Mechanism::new(SIGMA_MIN, 1).unwrap().loss().is_ok());
        assert!(Mechanism::new(SIGMA_MAX, 1).unwrap().loss().is_ok());
        assert!(Mechanism::new(1.0, 0).is_err());
        assert!(Mechanism::new(1.0, SENSITIVITY_SQUARED_MAX + 1).is_err());
    }

    #[test]
    fn a_scale_too_small_for_its_sensitivity_is_refused_by_the_map() {
        let mechanism = Mechanism::new(0.3, 40_000).unwrap();
        assert_eq!(mechanism.loss().unwrap_err().code(), "loss_out_of_range");
    }

    #[rstest]
    #[case(1.0, 1, 500_000_000)]
    #[case(5.0, 1, 20_000_001)] // 1/50 is no binary fraction: the map rounds up, and so does the charge
    #[case(2.0, 4, 500_000_000)]
    #[case(3.0, 1, 55_555_556)]
    #[case(1.0, 2, 1_000_000_001)] // the root of two rounds up
    fn the_charge_is_the_privacy_map_rounded_up(
        #[case] sigma: f64,
        #[case] square: u64,
        #[case] nano: u64,
    ) {
        assert_eq!(
            Mechanism::new(sigma, square)
                .unwrap()
                .loss()
                .unwrap()
                .nano(),
            nano
        );
    }

    #[test]
    fn roots_are_never_below_the_true_root() {
        for square in 1..=SENSITIVITY_SQUARED_MAX {
            let root = root_at_least(square);
            assert!(
                root.mul_add(root, -f64::from(u32::try_from(square).unwrap())) >= 0.0,
                "{square}"
            );
        }
        assert_eq!(root_at_least(200 * 200).to_bits(), 200.0_f64.to_bits());
    }
}
