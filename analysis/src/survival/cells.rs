//! Which cells does a survival tally have?

/// The cells of one survival tally: counts, exact or noisy, one `events` and one `censored` an interval.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalCells {
    /// Patients whose event fell into each interval.
    pub events: Vec<f64>,
    /// Patients censored in each interval; as many as `events`.
    pub censored: Vec<f64>,
    /// Patients still followed after the last interval.
    pub at_end: f64,
}

impl SurvivalCells {
    /// The cells from the order in which plans lay them out: events, censored, at the end. Missing cells are zero.
    #[must_use]
    pub fn from_flat(flat: &[f64]) -> Self {
        let intervals = flat.len() / 2;
        let (events, rest) = flat.split_at(intervals);
        let censored = rest.iter().copied().take(intervals).collect();
        Self {
            events: events.to_vec(),
            censored,
            at_end: rest.get(intervals).copied().unwrap_or(0.0),
        }
    }

    /// The cells in the order of [`from_flat`](Self::from_flat).
    #[must_use]
    pub fn flat(&self) -> Vec<f64> {
        let ends = std::iter::once(&self.at_end);
        self.events
            .iter()
            .chain(&self.censored)
            .chain(ends)
            .copied()
            .collect()
    }

    /// Number of intervals.
    #[must_use]
    pub fn intervals(&self) -> usize {
        self.events.len()
    }

    /// All patients: the sum of all cells.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.events.iter().sum::<f64>() + self.censored.iter().sum::<f64>() + self.at_end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flat_order_is_events_censored_at_end() {
        let flat = [1.0, 2.0, 3.0, 4.0, 5.0];
        let cells = SurvivalCells::from_flat(&flat);
        assert_eq!(
            (cells.events[1], cells.censored[0], cells.at_end),
            (2.0, 3.0, 5.0)
        );
        assert_eq!(cells.flat(), flat);
        assert_eq!(cells.total(), 15.0);
        assert_eq!(SurvivalCells::from_flat(&[]).total(), 0.0);
    }
}
