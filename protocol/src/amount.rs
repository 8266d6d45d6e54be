//! How much privacy was spent? Amounts of zero-concentrated differential privacy, and their translation for people.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Billionths of one rho.
const NANO: f64 = 1e9;

/// The largest rho that any question, study or cap may name. Far above any sensible release (epsilon > 400 at delta 1e-6).
pub const RHO_MAX: f64 = 100.0;

/// The delta at which epsilon is shown to people.
pub const DELTA_SHOWN: f64 = 1e-6;

/// Why an amount of privacy loss was not accepted.
#[derive(Debug, Error, Clone, Copy, PartialEq)]
pub enum AmountError {
    /// Not finite, not positive, or too large.
    #[error("rho must be a number above 0 and at most {RHO_MAX}, not {0}")]
    OutOfRange(f64),
    /// Not digits with at most one point.
    #[error("rho must be a decimal number such as 0.05")]
    NotADecimal,
}

/// Privacy loss in billionths of rho (zero-concentrated DP). Sums are exact; they saturate far above any cap.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NanoRho(u64);

impl NanoRho {
    /// No loss.
    pub const ZERO: Self = Self(0);

    /// The smallest amount not below `rho`: rounding never undercharges.
    ///
    /// # Errors
    /// `rho` is not finite, not positive, or above [`RHO_MAX`].
    pub fn at_least(rho: f64) -> Result<Self, AmountError> {
        if !(rho > 0.0 && rho <= RHO_MAX) {
            return Err(AmountError::OutOfRange(rho));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 < rho * 1e9 <= 1e11 was checked above and fits u64"
        )]
        let floor = (rho * NANO).floor() as u64;
        // The product is rounded to nearest, so `floor` may lie on either side of the true amount:
        // step up until the exact comparison holds.
        let mut nano = floor.saturating_sub(1).max(1);
        while !covers(nano, rho) {
            nano += 1;
        }
        Ok(Self(nano))
    }

    /// The largest amount not above the decimal that `rho` reads as: a cap written `0.1` is 100,000,000 billionths, although
    /// the nearest binary fraction is a little more, and digits beyond the ninth are cut off.
    ///
    /// ```
    /// use protocol::amount::NanoRho;
    /// assert_eq!(NanoRho::at_most(0.1)?.nano(), 100_000_000);
    /// assert_eq!(NanoRho::at_most(0.123_456_789_9)?.nano(), 123_456_789);
    /// # Ok::<(), protocol::amount::AmountError>(())
    /// ```
    ///
    /// # Errors
    /// `rho` is not finite, below a billionth, or above [`RHO_MAX`].
    pub fn at_most(rho: f64) -> Result<Self, AmountError> {
        if !(1.0 / NANO..=RHO_MAX).contains(&rho) {
            return Err(AmountError::OutOfRange(rho));
        }
        // The shortest decimal that reads back as `rho`: what a person wrote in a file.
        in_range(decimal(&rho.to_string())?.0)
    }

    /// The amount of `nano` billionths of rho.
    #[must_use]
    pub const fn from_nano(nano: u64) -> Self {
        Self(nano)
    }

    /// Billionths of rho.
    #[must_use]
    pub const fn nano(self) -> u64 {
        self.0
    }

    /// The amount as a plain number, for formulas and display; nearest `f64`.
    #[must_use]
    pub fn rho(self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "amounts stay far below 2^53 billionths"
        )]
        let nano = self.0 as f64;
        nano / NANO
    }

    /// The sum, at most `u64::MAX` (which is above every cap, so saturation refuses rather than admits).
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of `self` after `spent`; nothing if more was spent.
    #[must_use]
    pub const fn minus(self, spent: Self) -> Self {
        Self(self.0.saturating_sub(spent.0))
    }

    /// The epsilon that this amount means at [`DELTA_SHOWN`].
    ///
    /// ```
    /// use protocol::amount::NanoRho;
    /// let year = NanoRho::at_least(0.5)?;
    /// assert!((year.epsilon() - 5.2215).abs() < 5e-4);
    /// # Ok::<(), protocol::amount::AmountError>(())
    /// ```
    #[must_use]
    pub fn epsilon(self) -> f64 {
        epsilon_at(self.rho(), DELTA_SHOWN)
    }
}

/// What all questions of any 365 days may cost a center, unless its own policy says otherwise.
pub const YEAR_CAP_DEFAULT: NanoRho = NanoRho::from_nano(500_000_000);

/// What all questions ever may cost a center, unless its own policy says otherwise.
pub const LIFETIME_CAP_DEFAULT: NanoRho = NanoRho::from_nano(2_500_000_000);

impl FromStr for NanoRho {
    type Err = AmountError;

    /// Reads a decimal such as `0.05` exactly; digits beyond the ninth round up.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (floor, beyond) = decimal(text)?;
        in_range(floor + u64::from(beyond))
    }
}

impl fmt::Display for NanoRho {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rho())
    }
}

impl std::iter::Sum for NanoRho {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

/// The billionths of a decimal such as `0.05`, and whether digits beyond the ninth were left out.
fn decimal(text: &str) -> Result<(u64, bool), AmountError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 3
        || fraction.len() > 64
        || !digits(whole)
        || !digits(fraction)
    {
        return Err(AmountError::NotADecimal);
    }
    let nine: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let beyond = fraction.chars().skip(9).any(|digit| digit != '0');
    let nano = format!("{whole}{nine}").parse::<u64>();
    Ok((nano.map_err(|_| AmountError::NotADecimal)?, beyond))
}

/// The amount, if it is above 0 and at most [`RHO_MAX`].
fn in_range(nano: u64) -> Result<NanoRho, AmountError> {
    let amount = NanoRho(nano);
    if nano == 0 || amount.rho() > RHO_MAX {
        return Err(AmountError::OutOfRange(amount.rho()));
    }
    Ok(amount)
}

/// Whether `nano` billionths are not below the exact binary value of `rho`.
fn covers(nano: u64, rho: f64) -> bool {
    // rho = mantissa * 2^exponent exactly; compare nano * 2^-exponent with mantissa * 1e9 in integers.
    let bits = rho.to_bits();
    let exponent = i64::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let fraction = u128::from(bits & ((1 << 52) - 1));
    let (mantissa, shift) = if exponent == 0 {
        (fraction, 1074)
    } else {
        (fraction | (1 << 52), 1075 - exponent)
    };
    let scaled = mantissa * 1_000_000_000;
    // RHO_MAX is 100 < 2^7, so the exponent is negative and `shift` positive.
    let Ok(shift) = u32::try_from(shift) else {
        return false;
    };
    if shift >= 128 {
        // Below 2^-75: any one billionth covers it.
        return nano >= 1;
    }
    let ceiling = (scaled >> shift) + u128::from(scaled & ((1_u128 << shift) - 1) != 0);
    u128::from(nano) >= ceiling
}

/// The smallest epsilon such that rho-zCDP implies (epsilon, delta)-DP.
///
/// * `rho`: above 0; * `delta`: in (0, 1).
///
/// Solves delta = inf over alpha > 1 of exp((alpha-1)(alpha rho - eps)) / alpha * (1 - 1/alpha)^(alpha-1),
/// Canonne, Kamath and Steinke (2020), Corollary 13, by minimising over alpha the epsilon that the formula gives.
#[must_use]
pub fn epsilon_at(rho: f64, delta: f64) -> f64 {
    if rho <= 0.0 {
        return 0.0;
    }
    // For each alpha the formula solved for epsilon; the best alpha is found on a log scale of alpha - 1,
    // where the function has one minimum (golden-section search).
    let epsilon = |log_alpha_less_one: f64| {
        let less_one = log_alpha_less_one.exp();
        let alpha = 1.0 + less_one;
        alpha * rho + ((less_one / alpha).ln()) - (delta.ln() + alpha.ln()) / less_one
    };
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (-12.0_f64, 25.0_f64);
    for _ in 0..200 {
        let left = high - ratio * (high - low);
        let right = low + ratio * (high - low);
        if epsilon(left) < epsilon(right) {
            high = right;
        } else {
            low = left;
        }
    }
    epsilon(f64::midpoint(low, high)).max(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_that_are_no_privacy_loss_are_refused() {
        for rho in [
            0.0,
            -0.0,
            -1.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            100.000_001,
        ] {
            assert!(NanoRho::at_least(rho).is_err(), "{rho}");
        }
    }

    #[test]
    fn a_cap_is_the_decimal_that_was_written_and_never_a_billionth_more() {
        for thousandths in 1..=100_000_u32 {
            let cap = NanoRho::at_most(f64::from(thousandths) / 1000.0).unwrap();
            assert_eq!(cap.nano(), u64::from(thousandths) * 1_000_000);
        }
        // 0.1 is no binary fraction: what it costs to ask for it rounds up, what a cap allows does not.
        assert_eq!(NanoRho::at_least(0.1).unwrap().nano(), 100_000_001);
        assert_eq!(
            NanoRho::at_most(1.999_999_999_9).unwrap().nano(),
            1_999_999_999
        );
        assert_eq!(NanoRho::at_most(1e-9).unwrap().nano(), 1);
        for rho in [
            0.0,
            -0.1,
            1e-10,
            1e-300,
            100.000_000_1,
            1e9,
            f64::NAN,
            f64::INFINITY,
        ] {
            assert!(NanoRho::at_most(rho).is_err(), "{rho}");
        }
    }

    #[test]
    fn the_smallest_subnormal_costs_one_billionth() {
        assert_eq!(
            NanoRho::at_least(f64::from_bits(1)).unwrap(),
            NanoRho::from_nano(1)
        );
        assert_eq!(
            NanoRho::at_least(f64::MIN_POSITIVE).unwrap(),
            NanoRho::from_nano(1)
        );
    }

    #[test]
    fn round_amounts_stay_round() {
        assert_eq!(NanoRho::at_least(0.5).unwrap().nano(), 500_000_000);
        assert_eq!(NanoRho::at_least(1.0).unwrap().nano(), 1_000_000_000);
        assert_eq!(NanoRho::at_least(RHO_MAX).unwrap().nano(), 100_000_000_000);
    }

    #[test]
    fn decimals_are_read_exactly_and_round_up() {
        let read = |text: &str| text.parse::<NanoRho>().map(NanoRho::nano);
        assert_eq!(read("0.05"), Ok(50_000_000));
        assert_eq!(read("5"), Ok(5_000_000_000));
        assert_eq!(read("0.0000000001"), Ok(1));
        assert_eq!(read("100"), Ok(100_000_000_000));
        for wrong in [
            "",
            ".",
            "-1",
            "1e3",
            "NaN",
            "inf",
            "0",
            "0.0",
            "100.000000001",
            "1.2.3",
            " 1",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn epsilon_is_that_of_dp_accounting() {
        let vectors = include_str!("../../tests/data/vectors.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        for row in vectors["zcdp_to_approx"]["rows"].as_array().unwrap() {
            let (rho, epsilon) = (
                row["rho"].as_f64().unwrap(),
                row["epsilon"].as_f64().unwrap(),
            );
            assert!(
                (epsilon_at(rho, DELTA_SHOWN) - epsilon).abs() < 6e-5,
                "{rho}"
            );
        }
    }

    proptest! {
        #[test]
        fn rounding_never_undercharges_and_never_adds_two_billionths(rho in 1e-9_f64..RHO_MAX) {
            let nano = NanoRho::at_least(rho).unwrap().nano();
            prop_assert!(covers(nano, rho));
            prop_assert!(nano == 1 || !covers(nano - 1, rho));
        }
    }
}
