//! Which numbers stand in for the noise when its effect is studied?
//!
//! This is simulation: it is seeded by a public id, so that everyone gets the same numbers, and it protects nothing.
//! The noise that protects data is made in `privacy` alone.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// A seeded source of simulated noise.
#[derive(Debug, Clone)]
pub struct Simulation {
    source: ChaCha20Rng,
    spare: Option<f64>,
}

impl Simulation {
    /// A source that gives the same numbers for the same 32-byte `seed`.
    #[must_use]
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self {
            source: ChaCha20Rng::from_seed(seed),
            spare: None,
        }
    }

    /// A uniform number in 0..1.
    pub fn uniform(&mut self) -> f64 {
        self.source.random::<f64>()
    }

    /// A standard normal number (Box and Muller 1958; both numbers of a pair are used).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // 1 - u lies in (0, 1], so the logarithm is finite.
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.uniform();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// Total noise of one cell: a whole number with variance about `variance`.
    ///
    /// The sum of discrete Gaussians is the rounded normal to within what one can see from sigma 0.3 upwards
    /// (rounding adds 1/12, which the discrete Gaussian's own variance lacks; it is taken off first).
    pub fn noise(&mut self, variance: f64) -> f64 {
        (self.normal() * (variance - 1.0 / 12.0).max(0.0).sqrt()).round()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            let mut simulation = Simulation::seeded([seed; 32]);
            (0..8).map(|_| simulation.noise(50.0)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn noise_is_whole_centred_and_as_wide_as_asked() {
        let mut simulation = Simulation::seeded([7; 32]);
        let draws = 100_000;
        for variance in [0.5, 10.0, 400.0] {
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..draws {
                let x = simulation.noise(variance);
                assert!(x.fract() == 0.0);
                sum += x;
                squares += x * x;
            }
            let (mean, spread) = (sum / f64::from(draws), squares / f64::from(draws));
            // Five standard errors: a false alarm in a million or so, and the seed is fixed.
            assert!(
                mean.abs() < 5.0 * (variance / f64::from(draws)).sqrt(),
                "{mean}"
            );
            assert!(
                (spread / variance - 1.0).abs() < 0.03,
                "{spread} for {variance}"
            );
        }
    }
}
