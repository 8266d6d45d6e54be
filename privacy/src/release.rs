//! What leaves? The noisy numbers of a question that has been paid for, and nothing else.

use protocol::amount::NanoRho;
use protocol::ids::QuestionId;
use question::plan::Part;
use zeroize::Zeroizing;

use crate::cost::{cost, mechanism};
use crate::error::PrivacyError;
use crate::exact::{Exact, ExactPart};
use crate::noise::NoiseSource;
use crate::receipt::Receipt;

/// Numbers with noise on every one of them: safe to sign and send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoisyRelease {
    question: QuestionId,
    cost: NanoRho,
    parts: Vec<Vec<i64>>,
}

impl NoisyRelease {
    /// The question that was paid for.
    #[must_use]
    pub const fn question(&self) -> QuestionId {
        self.question
    }

    /// What was charged for it.
    #[must_use]
    pub const fn cost(&self) -> NanoRho {
        self.cost
    }

    /// One vector for each part of the plan. Signed: noise may take a count below zero, and cutting it off would bias sums.
    #[must_use]
    pub fn into_parts(self) -> Vec<Vec<i64>> {
        self.parts
    }
}

/// The one door out: adds the noise of the plan's parts to the exact numbers, for a receipt that covers its cost.
///
/// Takes the exact numbers and the receipt for good: neither serves a second release. Blocking; takes time that
/// depends on the noise, so what it returns waits for a tick before it is sent.
///
/// # Errors
/// The numbers do not have the plan's shape, the receipt covers less than the privacy map says, or the library fails.
/// None depends on the values.
pub fn release(
    parts: &[Part],
    exact: Exact<Vec<ExactPart>>,
    receipt: Receipt,
    noise: &mut impl NoiseSource,
) -> Result<NoisyRelease, PrivacyError> {
    let needed = cost(parts)?;
    let (question, paid) = receipt.spend();
    if paid < needed {
        return Err(PrivacyError::ReceiptTooSmall { paid, needed });
    }
    if exact.reveal().len() != parts.len() {
        return Err(PrivacyError::Shape);
    }
    let pairs = parts.iter().zip(exact.reveal());
    let parts = pairs
        .map(|(part, exact)| noisy(part, exact, noise))
        .collect::<Result<_, _>>()?;
    drop(exact);
    Ok(NoisyRelease {
        question,
        cost: paid,
        parts,
    })
}

/// One part with noise on each of its numbers.
fn noisy(
    part: &Part,
    exact: &ExactPart,
    noise: &mut impl NoiseSource,
) -> Result<Vec<i64>, PrivacyError> {
    let numbers = match (part, exact) {
        (Part::Tally { .. }, ExactPart::Tally(cells)) => cells,
        (Part::PersonTime { .. }, ExactPart::PersonTime(units)) => units,
        (Part::Tally { .. }, ExactPart::PersonTime(_))
        | (Part::PersonTime { .. }, ExactPart::Tally(_)) => {
            return Err(PrivacyError::Shape);
        }
    };
    if numbers.len() != part.cells() {
        return Err(PrivacyError::Shape);
    }
    // OpenDP copies the numbers into big integers of its own, which are freed without being wiped.
    let signed = numbers
        .iter()
        .map(|number| i64::try_from(*number))
        .collect::<Result<Vec<_>, _>>();
    let signed = Zeroizing::new(signed.map_err(|_| PrivacyError::TooLarge)?);
    noise.add(&mechanism(part)?, &signed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::DiscreteGaussian;

    const RHO: NanoRho = NanoRho::from_nano(500_000_000);

    fn parts() -> Vec<Part> {
        vec![
            Part::tally(1, 2, RHO).unwrap(),
            Part::person_time(300, 30, 1, RHO).unwrap(),
        ]
    }

    fn exact() -> Vec<ExactPart> {
        vec![
            ExactPart::Tally(vec![1_000_000, 0]),
            ExactPart::PersonTime(vec![2_000_000]),
        ]
    }

    fn attempt(
        parts: &[Part],
        exact: Vec<ExactPart>,
        paid: NanoRho,
    ) -> Result<NoisyRelease, PrivacyError> {
        let receipt = Receipt::of_committed(QuestionId::from_bytes([1; 32]), paid);
        release(
            parts,
            Exact::new(exact),
            receipt,
            &mut DiscreteGaussian::checked().unwrap(),
        )
    }

    #[test]
    fn every_number_gets_its_parts_noise_and_none_is_clipped() {
        let paid = cost(&parts()).unwrap();
        let released = attempt(&parts(), exact(), paid).unwrap();
        assert_eq!(
            (released.cost(), released.question()),
            (paid, QuestionId::from_bytes([1; 32]))
        );
        let parts = released.into_parts();
        assert_eq!((parts.len(), parts[0].len(), parts[1].len()), (2, 2, 1));
        // sigma 1 and 10: beyond 12 sigma with probability below 1e-32.
        assert!((parts[0][0] - 1_000_000).abs() <= 12 && parts[0][1].abs() <= 12);
        assert!((parts[1][0] - 2_000_000).abs() <= 120);
        let zeros = [Part::tally(1, 200, RHO).unwrap()];
        let noisy = attempt(&zeros, vec![ExactPart::Tally(vec![0; 200])], RHO)
            .unwrap()
            .into_parts();
        // All of 200 draws non-negative: probability 0.7^200 < 1e-30.
        assert!(noisy[0].iter().any(|number| *number < 0));
    }

    #[test]
    fn a_receipt_one_billionth_short_releases_nothing() {
        let needed = cost(&parts()).unwrap();
        let short = NanoRho::from_nano(needed.nano() - 1);
        assert_eq!(
            attempt(&parts(), exact(), short).unwrap_err().code(),
            "receipt_too_small"
        );
    }

    #[test]
    fn numbers_of_another_shape_release_nothing() {
        let swapped = vec![ExactPart::PersonTime(vec![1, 1]), ExactPart::Tally(vec![1])];
        let short = vec![ExactPart::Tally(vec![1]), ExactPart::PersonTime(vec![1])];
        let missing = vec![ExactPart::Tally(vec![1, 1])];
        for exact in [swapped, short, missing, vec![]] {
            assert_eq!(
                attempt(&parts(), exact, NanoRho::from_nano(u64::MAX))
                    .unwrap_err()
                    .code(),
                "tally_shape"
            );
        }
        let huge = vec![
            ExactPart::Tally(vec![u64::MAX, 0]),
            ExactPart::PersonTime(vec![0]),
        ];
        assert_eq!(
            attempt(&parts(), huge, NanoRho::from_nano(u64::MAX))
                .unwrap_err()
                .code(),
            "cell_too_large"
        );
    }
}
