//! Does this machine draw the noise that the proofs speak of? Tests of the sampler and of the division below it.
//!
//! OpenDP's samplers were biased until 0.14.2 by a division fault in `dashu`; a wrong sampler voids every promise,
//! so a node that finds one does not answer.

use dashu::integer::UBig;

use crate::error::PrivacyError;
use crate::mechanism::Mechanism;

/// Draws at start: enough to see a scale that is a quarter off, and well under 100 ms.
const DRAWS: usize = 3_000;

/// A standard deviation that is no small fraction, so that the sampler's long divisions are used.
const SIGMA: f64 = 3.7;

/// Bins at start: every integer from -`REACH` to `REACH`, and the two tails.
const REACH: i64 = 9;

/// The value that chi-square with 20 degrees of freedom exceeds once in a million (1 - 1e-6 quantile).
const LIMIT_AT_START: f64 = 65.420_681_035;

/// Lengths, in 64-bit words, of the integers that the division check divides.
const WORDS_MAX: usize = 48;

/// Checks division and sampler; a sound machine fails once in a million starts.
pub(crate) fn check() -> Result<(), PrivacyError> {
    check_division()?;
    if chi_square(SIGMA, REACH, DRAWS)? > LIMIT_AT_START {
        Err(PrivacyError::SamplerBiased)
    } else {
        Ok(())
    }
}

/// Quotient and remainder of products built from known ones, across the lengths where the algorithms change.
fn check_division() -> Result<(), PrivacyError> {
    let mut word = 0x9e37_79b9_7f4a_7c15_u64;
    for quotient_words in 1..=WORDS_MAX {
        for divisor_words in [1, 2, 3, 5, 16, 31, 32, 33, WORDS_MAX] {
            let quotient = integer(quotient_words, &mut word);
            let divisor = integer(divisor_words, &mut word);
            let remainder = &divisor - UBig::ONE;
            let dividend = &quotient * &divisor + &remainder;
            if &dividend / &divisor != quotient || &dividend % &divisor != remainder {
                return Err(PrivacyError::DivisionFaulty);
            }
        }
    }
    Ok(())
}

/// An integer of exactly `words` words with many ones and zeros in runs, where division algorithms stumble.
fn integer(words: usize, word: &mut u64) -> UBig {
    let mut sum = UBig::ONE;
    for _ in 0..words {
        // Steps of a linear congruential generator (Knuth's MMIX constants): a fixed, arbitrary sequence.
        *word = word
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let bits = match *word >> 62 {
            0 => 0,
            1 => u64::MAX,
            _ => *word,
        };
        sum = (sum << 64) + UBig::from(bits);
    }
    sum
}

/// Pearson's statistic of `draws` samples against the exact discrete Gaussian, over the integers from -`reach`
/// to `reach` and two tails: chi-square with `2 reach + 2` degrees of freedom if the sampler is right.
fn chi_square(sigma: f64, reach: i64, draws: usize) -> Result<f64, PrivacyError> {
    let sample = Mechanism::new(sigma, 1)?.invoke(&vec![0; draws])?;
    let expected = binned_law(sigma, reach);
    let mut observed = vec![0.0; expected.len()];
    for draw in sample {
        let bin =
            usize::try_from(draw.clamp(-reach - 1, reach + 1) + reach + 1).unwrap_or_default();
        if let Some(count) = observed.get_mut(bin) {
            *count += 1.0;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "draws stay far below 2^53")]
    let draws = draws as f64;
    Ok(observed
        .iter()
        .zip(&expected)
        .map(|(seen, share)| (seen - draws * share).powi(2) / (draws * share))
        .sum())
}

/// The discrete Gaussian's probabilities of the lower tail, each integer from -`reach` to `reach`, the upper tail.
fn binned_law(sigma: f64, reach: i64) -> Vec<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "the integers of the sum stay far below 2^53"
    )]
    let weight = |x: i64| (-(x as f64).powi(2) / (2.0 * sigma * sigma)).exp();
    #[expect(clippy::cast_possible_truncation, reason = "at most 4e7")]
    let end = reach + (40.0 * sigma).ceil() as i64;
    let tail: f64 = (reach + 1..=end).map(weight).sum();
    let centre: f64 = (-reach..=reach).map(weight).sum();
    let all = centre + 2.0 * tail;
    std::iter::once(tail)
        .chain((-reach..=reach).map(weight))
        .chain([tail])
        .map(|mass| mass / all)
        .collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_check_at_start_passes() {
        check().unwrap();
    }

    /// One false alarm in a billion runs of each case (1 - 1e-9 quantiles of chi-square).
    #[rstest]
    #[case(0.3, 0, 12_000, 41.446_532)] // two degrees of freedom: 2 ln(1e9)
    #[case(1.0, 3, 60_000, 58.307_613)]
    #[case(3.162_278, 7, 60_000, 75.654_185)]
    #[case(5.0, 10, 60_000, 87.255_951)]
    #[case(60.25, 10, 20_000, 87.255_951)]
    fn the_sampler_follows_the_discrete_gaussian(
        #[case] sigma: f64,
        #[case] reach: i64,
        #[case] draws: usize,
        #[case] limit: f64,
    ) {
        let statistic = chi_square(sigma, reach, draws).unwrap();
        assert!(statistic < limit, "chi-square {statistic} at sigma {sigma}");
    }

    #[test]
    fn a_scale_one_quarter_off_fails_the_check_at_start() {
        // The same bins and draws held against the law of another scale.
        let sample = Mechanism::new(SIGMA * 0.75, 1)
            .unwrap()
            .invoke(&vec![0; DRAWS])
            .unwrap();
        let expected = binned_law(SIGMA, REACH);
        let statistic: f64 = expected
            .iter()
            .enumerate()
            .map(|(bin, share)| {
                let value = i64::try_from(bin).unwrap() - REACH - 1;
                let seen = sample
                    .iter()
                    .filter(|draw| (**draw).clamp(-REACH - 1, REACH + 1) == value)
                    .count();
                let (seen, mean) = (
                    f64::from(u32::try_from(seen).unwrap()),
                    share * f64::from(3_000),
                );
                (seen - mean).powi(2) / mean
            })
            .sum();
        assert!(statistic > LIMIT_AT_START, "{statistic}");
    }

    #[test]
    fn probabilities_of_the_bins_sum_to_one() {
        for (sigma, reach) in [(0.3, 0), (3.7, 9), (60.25, 10)] {
            assert!((binned_law(sigma, reach).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
