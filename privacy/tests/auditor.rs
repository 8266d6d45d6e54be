//! Does a release keep its promise? An auditor who sees answers alone estimates the privacy loss from neighbouring data.
//!
//! For each number of the answer and each threshold it compares how often the two data sets exceed it. A mechanism
//! with loss (epsilon, delta) keeps P(D in S) <= exp(epsilon) P(D' in S) + delta for every S, so a pair of confidence
//! bounds that breaks this proves a larger loss.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use privacy::{DiscreteGaussian, Exact, ExactPart, Receipt, cost, release};
use protocol::amount::{NanoRho, epsilon_at};
use protocol::ids::QuestionId;
use question::plan::{NoiseLaw, Part, Sigma};

/// Answers for each of the two data sets.
const ANSWERS: usize = 50_000;
/// The delta at which the loss is estimated; the audit needs events that 50,000 answers show.
const DELTA: f64 = 1e-3;
/// Standard errors of each bound: with 2 numbers, 81 thresholds, 2 tails and 2 directions at most one false alarm in
/// 2,000 runs by the union bound; the promise's slack over the exact Gaussian loss makes it far rarer.
const Z: f64 = 5.0;
/// What the audited releases promise.
const RHO: NanoRho = NanoRho::from_nano(500_000_000);

/// Exact tallies that differ by one patient, in the first cell.
const WITH: [u64; 2] = [20, 7];
const WITHOUT: [u64; 2] = [19, 7];

/// The largest epsilon at [`DELTA`] that the answers prove; 0 if they prove none.
fn epsilon_proved(mut answer: impl FnMut([u64; 2]) -> Vec<i64>) -> f64 {
    let with = sorted_by_number((0..ANSWERS).map(|_| answer(WITH)));
    let without = sorted_by_number((0..ANSWERS).map(|_| answer(WITHOUT)));
    let mut proved = 0.0_f64;
    for (with, without) in with.iter().zip(&without) {
        for threshold in -20..=60 {
            let (p, q) = (
                share_below(with, threshold),
                share_below(without, threshold),
            );
            for (p, q) in [(p, q), (1.0 - p, 1.0 - q)] {
                proved = proved.max(ratio(p, q)).max(ratio(q, p));
            }
        }
    }
    proved
}

/// Each number's values over all answers, sorted.
fn sorted_by_number(answers: impl Iterator<Item = Vec<i64>>) -> Vec<Vec<i64>> {
    let mut numbers: Vec<Vec<i64>> = Vec::new();
    for answer in answers {
        numbers.resize(answer.len(), Vec::new());
        numbers
            .iter_mut()
            .zip(answer)
            .for_each(|(values, value)| values.push(value));
    }
    for values in &mut numbers {
        values.sort_unstable();
    }
    numbers
}

/// The share of sorted values at or below a threshold.
fn share_below(values: &[i64], threshold: i64) -> f64 {
    let below = values.partition_point(|value| *value <= threshold);
    f64::from(u32::try_from(below).unwrap()) / f64::from(u32::try_from(values.len()).unwrap())
}

/// ln((p - delta) / q) with p at the lower and q at the upper end of its Wilson interval.
fn ratio(p: f64, q: f64) -> f64 {
    let low = wilson(p, -Z) - DELTA;
    if low <= 0.0 {
        0.0
    } else {
        (low / wilson(q, Z)).ln()
    }
}

/// An end of the Wilson score interval of a share among [`ANSWERS`].
fn wilson(share: f64, z: f64) -> f64 {
    let n = f64::from(u32::try_from(ANSWERS).unwrap());
    let centre = share + z * z / (2.0 * n);
    let reach = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    (centre + reach) / (1.0 + z * z / n)
}

fn released(part: &Part, cells: [u64; 2], noise: &mut DiscreteGaussian) -> Vec<i64> {
    let parts = [part.clone()];
    let receipt = Receipt::of_committed(QuestionId::from_bytes([1; 32]), cost(&parts).unwrap());
    let exact = Exact::new(vec![ExactPart::Tally(cells.to_vec())]);
    release(&parts, exact, receipt, noise)
        .unwrap()
        .into_parts()
        .remove(0)
}

#[test]
fn what_is_released_keeps_the_loss_that_was_charged() {
    let mut noise = DiscreteGaussian::checked().unwrap();
    let part = Part::tally(1, 2, RHO).unwrap();
    let proved = epsilon_proved(|cells| released(&part, cells, &mut noise));
    let promised = epsilon_at(RHO.rho(), DELTA);
    assert!(proved <= promised, "{proved} above {promised}");
    // The audit is not blind: it proves a good share of the loss that there is.
    assert!(proved > promised / 4.0, "{proved} of {promised}");
}

#[test]
fn the_auditor_catches_a_halved_scale() {
    let mut noise = DiscreteGaussian::checked().unwrap();
    let honest = Part::tally(1, 2, RHO).unwrap();
    let sigma = Sigma::of(1, NanoRho::from_nano(4 * RHO.nano())).unwrap();
    assert!((sigma.value() - honest.noise().sigma().value() / 2.0).abs() < 1e-5);
    let halved = Part::Tally {
        tallies: 1,
        cells: 2,
        rho: RHO,
        noise: NoiseLaw::DiscreteGaussian { sigma },
    };
    let proved = epsilon_proved(|cells| released(&halved, cells, &mut noise));
    assert!(proved > epsilon_at(RHO.rho(), DELTA), "{proved}");
}

#[test]
fn the_auditor_catches_a_leaked_exact_number_of_patients() {
    let mut noise = DiscreteGaussian::checked().unwrap();
    let part = Part::tally(1, 2, RHO).unwrap();
    let proved = epsilon_proved(|cells| {
        let mut answer = released(&part, cells, &mut noise);
        answer.push(i64::try_from(cells.iter().sum::<u64>()).unwrap());
        answer
    });
    assert!(proved > epsilon_at(RHO.rho(), DELTA), "{proved}");
}

#[test]
fn a_cheaper_receipt_cannot_buy_a_halved_scale() {
    let mut noise = DiscreteGaussian::checked().unwrap();
    let sigma = Sigma::of(1, NanoRho::from_nano(4 * RHO.nano())).unwrap();
    let halved = [Part::Tally {
        tallies: 1,
        cells: 2,
        rho: RHO,
        noise: NoiseLaw::DiscreteGaussian { sigma },
    }];
    let receipt = Receipt::of_committed(QuestionId::from_bytes([1; 32]), RHO);
    let exact = Exact::new(vec![ExactPart::Tally(WITH.to_vec())]);
    assert_eq!(
        release(&halved, exact, receipt, &mut noise)
            .unwrap_err()
            .code(),
        "receipt_too_small"
    );
}
