//! Which number of a tally's vector means what? First the patients left out, by reason; then each stratum's cells.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// Why a patient is not counted. A patient with several reasons lands in the first, in this order.
///
/// Consent and ownership come first, so that nothing else about such patients is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exclusion {
    /// Research consent is neither given nor waived, or was withdrawn since the lock.
    Consent,
    /// Another center answers for the patient.
    Owner,
    /// The patient was never infused.
    NotInfused,
    /// The patient does not match the question's filters.
    Filter,
    /// A needed date is missing, or the event lies before the start.
    Dates,
}

/// One combination of levels, such as age band 18-64 and product `axi_cel`; no variable at all for a question without strata.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stratum {
    /// Variable to level.
    pub levels: BTreeMap<String, String>,
}

/// What is counted within each stratum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StratumCells {
    /// One cell: the patients.
    Count,
    /// `events[0..K]`, `censored[0..K]`, `at_end`, for the K intervals that end at `edges_months`.
    Survival {
        /// Rising ends of the intervals, in months of 30.4375 days.
        edges_months: Vec<u32>,
    },
    /// `without`, `with` a first event.
    FirstEvent,
}

/// One cell within a stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StratumCell {
    /// A counted patient.
    Counted,
    /// The event came in this interval, counted from 0.
    Event(usize),
    /// Follow-up ended in this interval without the event.
    Censored(usize),
    /// Still followed after the last interval.
    AtEnd,
    /// No event.
    WithoutEvent,
    /// A first event.
    WithEvent,
}

/// What one number of a tally's vector means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Patients left out, by reason.
    Excluded(Exclusion),
    /// Patients of a stratum, counted from 0 in the layout's order.
    Of {
        /// Position in [`CellLayout::strata`].
        stratum: usize,
        /// What of the stratum.
        cell: StratumCell,
    },
}

/// Where the survival cells of one stratum stand in the tally's vector; `events` and `censored` are equally long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurvivalCells {
    /// Events by interval.
    pub events: Range<usize>,
    /// Censored by interval.
    pub censored: Range<usize>,
    /// Still followed after the last interval.
    pub at_end: usize,
}

/// The order of a tally's cells. Public and fixed before any data is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellLayout {
    exclusions: Vec<Exclusion>,
    strata: Vec<Stratum>,
    cells: StratumCells,
}

impl CellLayout {
    /// A layout of these exclusions (in the order of [`Exclusion`]), strata and cells. Without strata there is one stratum for all.
    #[must_use]
    pub fn new(mut exclusions: Vec<Exclusion>, strata: Vec<Stratum>, cells: StratumCells) -> Self {
        exclusions.sort_unstable();
        exclusions.dedup();
        let strata = if strata.is_empty() {
            vec![Stratum::default()]
        } else {
            strata
        };
        Self {
            exclusions,
            strata,
            cells,
        }
    }

    /// Reasons that have a cell, in their cells' order.
    #[must_use]
    pub fn exclusions(&self) -> &[Exclusion] {
        &self.exclusions
    }

    /// Strata in their cells' order; at least one.
    #[must_use]
    pub fn strata(&self) -> &[Stratum] {
        &self.strata
    }

    /// What is counted within each stratum.
    #[must_use]
    pub const fn stratum_cells(&self) -> &StratumCells {
        &self.cells
    }

    /// Numbers in the tally's vector.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a layout has at least one cell"
    )]
    pub fn len(&self) -> usize {
        self.exclusions.len() + self.strata.len() * self.cells.len()
    }

    /// Where the cells of a stratum stand.
    #[must_use]
    pub fn range(&self, stratum: usize) -> Option<Range<usize>> {
        (stratum < self.strata.len()).then(|| {
            let start = self.exclusions.len() + stratum * self.cells.len();
            start..start + self.cells.len()
        })
    }

    /// Where the survival cells of a stratum stand; nothing for other cells.
    #[must_use]
    pub fn survival(&self, stratum: usize) -> Option<SurvivalCells> {
        let intervals = match &self.cells {
            StratumCells::Survival { edges_months } => edges_months.len(),
            StratumCells::Count | StratumCells::FirstEvent => return None,
        };
        let start = self.range(stratum)?.start;
        Some(SurvivalCells {
            events: start..start + intervals,
            censored: start + intervals..start + 2 * intervals,
            at_end: start + 2 * intervals,
        })
    }

    /// Where a cell stands.
    #[must_use]
    pub fn index(&self, cell: Cell) -> Option<usize> {
        match cell {
            Cell::Excluded(reason) => self.exclusions.iter().position(|known| *known == reason),
            Cell::Of { stratum, cell } => {
                Some(self.range(stratum)?.start + self.cells.position(cell)?)
            }
        }
    }

    /// What the number at `index` means.
    #[must_use]
    pub fn cell(&self, index: usize) -> Option<Cell> {
        let Some(within) = index.checked_sub(self.exclusions.len()) else {
            return self.exclusions.get(index).copied().map(Cell::Excluded);
        };
        let stratum = within / self.cells.len();
        let cell = self.cells.at(within % self.cells.len())?;
        (stratum < self.strata.len()).then_some(Cell::Of { stratum, cell })
    }

    /// The meaning of the number at `index`, in words.
    #[must_use]
    pub fn label(&self, index: usize) -> Option<String> {
        match self.cell(index)? {
            Cell::Excluded(reason) => Some(format!("excluded: {reason}")),
            Cell::Of { stratum, cell } => {
                let words = self.cells.words(cell);
                let stratum = self.strata.get(stratum)?;
                Some(if stratum.levels.is_empty() {
                    words
                } else {
                    format!("{stratum}: {words}")
                })
            }
        }
    }
}

impl StratumCells {
    /// Numbers in one stratum; at least 1.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a stratum has at least one cell"
    )]
    pub fn len(&self) -> usize {
        match self {
            Self::Count => 1,
            Self::Survival { edges_months } => 2 * edges_months.len() + 1,
            Self::FirstEvent => 2,
        }
    }

    /// Where a cell stands within its stratum.
    #[must_use]
    pub fn position(&self, cell: StratumCell) -> Option<usize> {
        (0..self.len()).find(|position| self.at(*position) == Some(cell))
    }

    /// The cell at a position within its stratum.
    #[must_use]
    pub fn at(&self, position: usize) -> Option<StratumCell> {
        match self {
            Self::Count => (position == 0).then_some(StratumCell::Counted),
            Self::Survival { edges_months } => {
                let intervals = edges_months.len();
                match position {
                    _ if position < intervals => Some(StratumCell::Event(position)),
                    _ if position < 2 * intervals => {
                        Some(StratumCell::Censored(position - intervals))
                    }
                    _ if position == 2 * intervals => Some(StratumCell::AtEnd),
                    _ => None,
                }
            }
            Self::FirstEvent => match position {
                0 => Some(StratumCell::WithoutEvent),
                1 => Some(StratumCell::WithEvent),
                _ => None,
            },
        }
    }

    fn words(&self, cell: StratumCell) -> String {
        let interval = |interval: usize| match self {
            Self::Survival { edges_months } => {
                let end = edges_months.get(interval).copied().unwrap_or(0);
                let start = interval
                    .checked_sub(1)
                    .and_then(|before| edges_months.get(before))
                    .copied()
                    .unwrap_or(0);
                format!("months {start} to {end}")
            }
            Self::Count | Self::FirstEvent => String::new(),
        };
        match cell {
            StratumCell::Counted => "patients".to_owned(),
            StratumCell::Event(number) => format!("event, {}", interval(number)),
            StratumCell::Censored(number) => format!("censored, {}", interval(number)),
            StratumCell::AtEnd => "still followed at the end".to_owned(),
            StratumCell::WithoutEvent => "without event".to_owned(),
            StratumCell::WithEvent => "with event".to_owned(),
        }
    }
}

impl Exclusion {
    /// The public label, as in `excluded: not infused`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Owner => "owner",
            Self::NotInfused => "not infused",
            Self::Filter => "filter",
            Self::Dates => "dates",
        }
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl fmt::Display for Stratum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self
            .levels
            .iter()
            .map(|(variable, level)| format!("{variable} {level}"))
            .collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(cells: StratumCells, strata: usize) -> CellLayout {
        let stratum = |number: usize| Stratum {
            levels: [("sex".to_owned(), number.to_string())].into(),
        };
        CellLayout::new(
            vec![Exclusion::Dates, Exclusion::Consent],
            (0..strata).map(stratum).collect(),
            cells,
        )
    }

    #[rstest::rstest]
    #[case(StratumCells::Count, 1)]
    #[case(StratumCells::Survival { edges_months: vec![1, 2, 3] }, 7)]
    #[case(StratumCells::FirstEvent, 2)]
    fn every_index_has_one_cell_and_back(#[case] cells: StratumCells, #[case] per_stratum: usize) {
        for strata in [0, 1, 5] {
            let layout = layout(cells.clone(), strata);
            assert_eq!(layout.len(), 2 + strata.max(1) * per_stratum);
            for index in 0..layout.len() {
                assert_eq!(layout.index(layout.cell(index).unwrap()), Some(index));
                assert!(layout.label(index).is_some());
            }
            assert_eq!(layout.cell(layout.len()), None);
            assert_eq!(layout.range(strata.max(1)), None);
        }
    }

    #[test]
    fn survival_cells_stand_as_events_censored_at_end() {
        let layout = layout(
            StratumCells::Survival {
                edges_months: vec![1, 2, 3],
            },
            2,
        );
        let second = layout.survival(1).unwrap();
        assert_eq!(
            (second.events, second.censored, second.at_end),
            (9..12, 12..15, 15)
        );
        assert_eq!(layout.label(0).unwrap(), "excluded: consent");
        assert_eq!(layout.label(10).unwrap(), "sex 1: event, months 1 to 2");
        assert_eq!(
            layout.label(15).unwrap(),
            "sex 1: still followed at the end"
        );
        assert_eq!(layout.survival(2), None);
    }
}
