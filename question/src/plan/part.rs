//! Which vectors does an answer hold, and how far can one patient move each?

use protocol::amount::NanoRho;

use super::noise::{NoiseLaw, Sigma};
use crate::error::QuestionError;
use crate::limits::PERSON_TIME_UNITS_MAX;

/// One vector of integers in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Tallies released together: each patient adds one to at most one cell of each.
    Tally {
        /// Number of tallies; `cells` counts the cells of all.
        tallies: u32,
        /// Numbers in the vector.
        cells: usize,
        /// Share of the question's budget.
        rho: NanoRho,
        /// Noise of every number.
        noise: NoiseLaw,
    },
    /// Person-time: each patient adds whole units to one stratum's number, clipped.
    PersonTime {
        /// Days after which a patient adds no more; a whole number of units.
        clip_days: u32,
        /// Days of one unit.
        unit_days: u32,
        /// Units that a patient adds at most: `clip_days / unit_days`, at most [`PERSON_TIME_UNITS_MAX`].
        units_max: u32,
        /// Numbers in the vector: one a stratum.
        cells: usize,
        /// Share of the question's budget.
        rho: NanoRho,
        /// Noise of every number.
        noise: NoiseLaw,
    },
}

impl Part {
    /// `tallies` tallies of `cells` cells in all: L2 sensitivity sqrt(tallies).
    pub fn tally(tallies: u32, cells: usize, rho: NanoRho) -> Result<Self, QuestionError> {
        let noise = NoiseLaw::DiscreteGaussian {
            sigma: Sigma::of(u64::from(tallies), rho)?,
        };
        Ok(Self::Tally {
            tallies,
            cells,
            rho,
            noise,
        })
    }

    /// Person-time of `cells` strata, clipped: L2 sensitivity `clip_days / unit_days`.
    pub fn person_time(
        clip_days: u32,
        unit_days: u32,
        cells: usize,
        rho: NanoRho,
    ) -> Result<Self, QuestionError> {
        let units_max = units_max(clip_days, unit_days)?;
        let noise = NoiseLaw::DiscreteGaussian {
            sigma: Sigma::of(u64::from(units_max).pow(2), rho)?,
        };
        Ok(Self::PersonTime {
            clip_days,
            unit_days,
            units_max,
            cells,
            rho,
            noise,
        })
    }

    /// Numbers in the vector.
    #[must_use]
    pub const fn cells(&self) -> usize {
        match self {
            Self::Tally { cells, .. } | Self::PersonTime { cells, .. } => *cells,
        }
    }

    /// Share of the question's budget.
    #[must_use]
    pub const fn rho(&self) -> NanoRho {
        match self {
            Self::Tally { rho, .. } | Self::PersonTime { rho, .. } => *rho,
        }
    }

    /// Noise of every number, at each center.
    #[must_use]
    pub const fn noise(&self) -> NoiseLaw {
        match self {
            Self::Tally { noise, .. } | Self::PersonTime { noise, .. } => *noise,
        }
    }

    /// The square of the L2 distance that adding or removing one patient can move the vector.
    #[must_use]
    pub const fn sensitivity_squared(&self) -> u64 {
        match self {
            Self::Tally { tallies, .. } => *tallies as u64,
            Self::PersonTime { units_max, .. } => (*units_max as u64).pow(2),
        }
    }
}

/// Units that one patient adds at most.
pub(crate) fn units_max(clip_days: u32, unit_days: u32) -> Result<u32, QuestionError> {
    if unit_days == 0 || clip_days == 0 || !clip_days.is_multiple_of(unit_days) {
        return Err(QuestionError::Template(
            "clip_days must be a whole number of unit_days, both above 0".into(),
        ));
    }
    let units = clip_days / unit_days;
    if units > PERSON_TIME_UNITS_MAX {
        return Err(QuestionError::Template(format!(
            "clip_days / unit_days is {units}, at most {PERSON_TIME_UNITS_MAX} is allowed; choose a longer unit"
        )));
    }
    Ok(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RHO: NanoRho = NanoRho::from_nano(50_000_000);

    #[test]
    fn a_patient_adds_at_most_two_hundred_units() {
        let part = Part::person_time(6_000, 30, 4, RHO).unwrap();
        assert_eq!(part.sensitivity_squared(), 40_000);
        assert!(part.noise().sigma().value() > 632.4 && part.noise().sigma().value() < 632.5);
        assert!(Part::person_time(6_030, 30, 4, RHO).is_err());
        assert!(Part::person_time(6_001, 30, 4, RHO).is_err());
        assert!(Part::person_time(0, 30, 4, RHO).is_err());
        assert!(Part::person_time(30, 0, 4, RHO).is_err());
    }

    #[test]
    fn tallies_released_together_share_the_noise() {
        let one = Part::tally(1, 10, RHO).unwrap();
        let four = Part::tally(4, 40, RHO).unwrap();
        assert!((four.noise().sigma().value() / one.noise().sigma().value() - 2.0).abs() < 1e-6);
        assert_eq!(
            (four.cells(), four.rho(), four.sensitivity_squared()),
            (40, RHO, 4)
        );
    }
}
