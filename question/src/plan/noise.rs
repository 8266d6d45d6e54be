//! How much noise does an amount of privacy loss ask for? Exact integers, rounded against oneself.

use protocol::amount::NanoRho;

use crate::error::QuestionError;

/// Least noise that the samplers are used for, in millionths.
pub const SIGMA_MICRO_MIN: u64 = 300_000;
/// Most noise that the samplers are used for, in millionths.
pub const SIGMA_MICRO_MAX: u64 = 1_000_000_000_000;

/// The scale of a discrete Gaussian in whole millionths, between 0.3 and 1e6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sigma(u64);

/// What the noise of every cell of a part follows, at each center.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoiseLaw {
    /// P(x) proportional to exp(-x^2 / (2 sigma^2)) over the integers.
    DiscreteGaussian {
        /// Its scale.
        sigma: Sigma,
    },
}

impl Sigma {
    /// The smallest multiple of 1e-6 that surely costs no more than `rho`.
    ///
    /// * `sensitivity_squared`: the square of the L2 distance that one patient can move the part.
    ///
    /// sigma = sensitivity / sqrt(2 rho) (Bun and Steinke 2016, Proposition 1.6), computed in integers. A sigma or a rho that is no
    /// binary fraction has no exact `f64`; one more millionth then makes up for any rounding when the cost is computed from it.
    ///
    /// ```
    /// use protocol::amount::NanoRho;
    /// use question::plan::Sigma;
    /// assert_eq!(Sigma::of(1, NanoRho::at_least(0.5)?)?.value(), 1.0);
    /// assert_eq!(Sigma::of(1, NanoRho::at_least(0.05)?)?.value(), 3.162_279);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(sensitivity_squared: u64, rho: NanoRho) -> Result<Self, QuestionError> {
        let out_of_range = |advice| QuestionError::NoiseOutOfRange {
            rho: rho.to_string(),
            advice,
        };
        if rho == NanoRho::ZERO {
            return Err(out_of_range("larger"));
        }
        // In millionths: micro^2 >= sensitivity^2 * 1e12 / (2 rho) = sensitivity^2 * 1e21 / (2 nano).
        let twice_nano = 2 * u128::from(rho.nano());
        let Some(scaled) =
            u128::from(sensitivity_squared).checked_mul(1_000_000_000_000_000_000_000)
        else {
            return Err(out_of_range("larger"));
        };
        let root = scaled.div_ceil(twice_nano).isqrt();
        let exact = root * root * twice_nano == scaled;
        let whole =
            root % 1_000_000 == 0 && sensitivity_squared.isqrt().pow(2) == sensitivity_squared;
        // rho is a whole number of 2^-9 only if 5^9 divides its billionths.
        let binary = rho.nano().is_multiple_of(5_u64.pow(9));
        let micro = if exact && whole && binary {
            root
        } else {
            root + 2
        };
        match u64::try_from(micro) {
            Ok(micro) if micro < SIGMA_MICRO_MIN => Err(out_of_range("smaller")),
            Ok(micro) if micro <= SIGMA_MICRO_MAX => Ok(Self(micro)),
            Ok(_) | Err(_) => Err(out_of_range("larger")),
        }
    }

    /// Millionths, exact.
    #[must_use]
    pub const fn micro(self) -> u64 {
        self.0
    }

    /// The nearest `f64`.
    #[must_use]
    pub fn value(self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "at most 1e12 millionths, far below 2^53"
        )]
        let micro = self.0 as f64;
        micro / 1e6
    }
}

impl NoiseLaw {
    /// The scale of the law.
    #[must_use]
    pub const fn sigma(self) -> Sigma {
        match self {
            Self::DiscreteGaussian { sigma } => sigma,
        }
    }

    /// Variance of one cell's noise at one center; for a discrete Gaussian at most sigma^2, and equal to it to 1e-3 from sigma 0.6 on.
    #[must_use]
    pub fn variance(self) -> f64 {
        self.sigma().value().powi(2)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nano(nano: u64) -> NanoRho {
        NanoRho::from_nano(nano)
    }

    #[test]
    fn whole_sigmas_stay_whole_where_rho_is_a_binary_fraction() {
        assert_eq!(Sigma::of(1, nano(125_000_000)).unwrap().micro(), 2_000_000);
        // 1/50 rounds up to the next f64, which is more than 20,000,000 billionths.
        assert_eq!(Sigma::of(1, nano(20_000_000)).unwrap().micro(), 5_000_002);
        assert_eq!(
            Sigma::of(200 * 200, nano(500_000_000)).unwrap().micro(),
            200_000_000
        );
    }

    #[test]
    fn noise_outside_the_samplers_range_is_refused_with_the_way_out() {
        // sigma 0.3 is rho 5.555...: a little more is too much, a little less is enough.
        assert!(Sigma::of(1, nano(5_555_500_000)).is_ok());
        let tiny = Sigma::of(1, nano(5_555_700_000)).unwrap_err();
        assert!(tiny.to_string().contains("choose a smaller rho"), "{tiny}");
        assert_eq!(tiny.code(), "noise-out-of-range");
        // sigma 1e6 at sensitivity 200 is rho 2e-8, and rounding up steps over it.
        assert!(Sigma::of(200 * 200, nano(21)).unwrap().micro() < SIGMA_MICRO_MAX);
        assert!(
            Sigma::of(200 * 200, nano(20))
                .unwrap_err()
                .to_string()
                .contains("choose a larger rho")
        );
        assert!(Sigma::of(1, NanoRho::ZERO).is_err());
        assert!(Sigma::of(u64::MAX, nano(1)).is_err());
    }

    proptest! {
        #[test]
        fn the_cost_of_sigma_is_never_above_the_rho_asked(rho in 1_000_u64..5_000_000_000, sensitivity in 1_u64..40_000) {
            let Ok(sigma) = Sigma::of(sensitivity, nano(rho)) else { return Ok(()) };
            // A pessimist's floating-point cost: every step rounded up.
            let distance = (f64::from(u32::try_from(sensitivity).unwrap())).sqrt();
            let distance = if distance.fract() == 0.0 { distance } else { distance.next_up() };
            let ratio = distance / sigma.value();
            let ratio = if sigma.micro() % 1_000_000 == 0 && distance.fract() == 0.0 { ratio } else { ratio.next_up() };
            let cost = (ratio * ratio).next_up() / 2.0;
            let slack = if sigma.micro() % 1_000_000 == 0 { 1e-15 } else { 0.0 };
            prop_assert!(NanoRho::at_least(cost * (1.0 - slack)).unwrap() <= nano(rho));
        }

        #[test]
        fn sigma_is_at_most_two_millionths_above_the_least(rho in 1_000_u64..5_000_000_000, sensitivity in 1_u64..40_000) {
            let Ok(sigma) = Sigma::of(sensitivity, nano(rho)) else { return Ok(()) };
            let below = u128::from(sigma.micro() - 3);
            prop_assert!(below * below * 2 * u128::from(rho) < u128::from(sensitivity) * 10_u128.pow(21));
        }
    }
}
