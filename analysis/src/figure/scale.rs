//! Where does a number stand on an axis, and which numbers are written there?

/// A straight axis from `low` at pixel `from` to `high` at pixel `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Scale {
    /// The pixel of `value`, held within the axis.
    pub(super) fn at(&self, value: f64) -> f64 {
        let span = (self.high - self.low).max(f64::MIN_POSITIVE);
        let share = ((value - self.low) / span).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }
}

/// Round numbers from 0 that reach `high` in about five steps; the last is the axis' end.
pub(super) fn ticks(high: f64) -> Vec<f64> {
    let high = if high.is_finite() && high > 0.0 {
        high
    } else {
        1.0
    };
    let rough = high / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(rough);
    (0..=20_u32)
        .map(|number| f64::from(number) * step)
        .take_while(|tick| *tick < high + step * 0.999)
        .collect()
}

/// Times to write below a curve: 0 and those of `edges` that are at least `apart` pixels from the one before, whole years first.
pub(super) fn times(edges: &[f64], axis: &Scale, apart: f64) -> Vec<f64> {
    let years: Vec<f64> = edges
        .iter()
        .copied()
        .filter(|months| months % 12.0 == 0.0)
        .collect();
    let candidates = if years.len() >= 3 { &years } else { edges };
    let mut shown = vec![0.0];
    for &months in candidates {
        let room = shown
            .last()
            .is_none_or(|before| axis.at(months) - axis.at(*before) >= apart);
        if room {
            shown.push(months);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_end() {
        assert_eq!(
            ticks(1.0),
            [0.0, 0.2, 0.4, 0.600_000_000_000_000_1, 0.8, 1.0]
        );
        assert_eq!(ticks(2279.0), [0.0, 500.0, 1000.0, 1500.0, 2000.0, 2500.0]);
        assert_eq!(ticks(0.0).len(), ticks(1.0).len());
        assert!(ticks(f64::INFINITY).len() > 2 && ticks(1e300).len() > 2);
    }

    #[test]
    fn times_below_a_curve_keep_their_distance() {
        let axis = Scale {
            low: 0.0,
            high: 180.0,
            from: 0.0,
            to: 560.0,
        };
        let edges = [
            1.0, 2.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, 60.0, 84.0, 120.0, 180.0,
        ];
        assert_eq!(
            times(&edges, &axis, 36.0),
            [0.0, 12.0, 24.0, 36.0, 48.0, 60.0, 84.0, 120.0, 180.0]
        );
    }
}
