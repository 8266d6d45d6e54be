//! What does releasing a plan's parts cost? OpenDP's privacy map over each part, rounded up and summed.

use protocol::amount::NanoRho;
use question::plan::{NoiseLaw, Part};

use crate::error::PrivacyError;
use crate::mechanism::Mechanism;

/// What releasing all `parts` of a plan costs: what is charged, never what was asked.
///
/// Losses of parts add up (composition of zero-concentrated DP, Bun and Steinke 2016, Lemma 1.7), and each part is
/// rounded up to a billionth first.
///
/// # Errors
/// A noise scale outside 0.3 to 1e6, or a part whose noise bounds no loss.
pub fn cost(parts: &[Part]) -> Result<NanoRho, PrivacyError> {
    parts.iter().map(|part| mechanism(part)?.loss()).sum()
}

/// The mechanism that a part's noise law names.
pub(crate) fn mechanism(part: &Part) -> Result<Mechanism, PrivacyError> {
    match part.noise() {
        NoiseLaw::DiscreteGaussian { sigma } => {
            Mechanism::new(sigma.value(), part.sensitivity_squared())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_part_never_costs_more_than_the_rho_it_was_made_for(
            nano in 1_000..5_000_000_000_u64,
            tallies in 1..40_u32,
            units in 1..=200_u32,
        ) {
            let rho = NanoRho::from_nano(nano);
            for part in [Part::tally(tallies, 10, rho), Part::person_time(30 * units, 30, 2, rho)] {
                let Ok(part) = part else { continue };
                let cost = cost(&[part]).unwrap();
                prop_assert!(cost <= rho, "{cost} for {rho}");
                // Nor much less: two millionths of sigma 0.3 are 2e-5 of its cost.
                prop_assert!(cost.rho() >= rho.rho() * (1.0 - 2e-5) - 1e-9);
            }
        }

        #[test]
        fn round_amounts_are_covered_too(thousandths in 1..5_000_u64) {
            let rho = NanoRho::from_nano(thousandths * 1_000_000);
            for tallies in 1..=16 {
                prop_assert!(cost(&[Part::tally(tallies, 1, rho).unwrap()]).unwrap() <= rho);
            }
        }
    }

    #[test]
    fn the_costs_of_parts_add_up() {
        let rho = NanoRho::from_nano(20_000_000);
        let parts = [
            Part::tally(1, 3, rho).unwrap(),
            Part::person_time(6_000, 30, 2, rho).unwrap(),
        ];
        let [tally, time] = parts.clone().map(|part| cost(&[part]).unwrap());
        assert_eq!(cost(&parts).unwrap(), tally.plus(time));
        assert_eq!(cost(&[]).unwrap(), NanoRho::ZERO);
    }
}
