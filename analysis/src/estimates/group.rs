//! Which strata are read together?

use std::ops::Range;

use question::plan::CellLayout;

use crate::estimate::Stratum;

/// Strata whose cells are summed and read as one: all of them, or one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What the group is called; empty when pooled.
    pub stratum: Stratum,
    members: Range<usize>,
}

impl Group {
    /// The pooled group, then each stratum if there are variables.
    #[must_use]
    pub fn all(layout: &CellLayout) -> Vec<Self> {
        let strata = layout.strata();
        let pooled = Self {
            stratum: Stratum::new(),
            members: 0..strata.len(),
        };
        let single = strata
            .iter()
            .enumerate()
            .filter(|(_, stratum)| !stratum.levels.is_empty())
            .map(|(at, stratum)| Self {
                stratum: stratum.levels.clone(),
                members: at..at + 1,
            });
        std::iter::once(pooled).chain(single).collect()
    }

    /// How many strata are summed: as many noises are in each sum.
    #[must_use]
    pub fn size(&self) -> f64 {
        u32::try_from(self.members.len()).map_or(f64::INFINITY, f64::from)
    }

    /// The members' cells, added cell by cell; `range` says where a stratum's cells stand in `vector`.
    #[must_use]
    pub fn sum(
        &self,
        vector: Option<&Vec<f64>>,
        range: impl Fn(usize) -> Option<Range<usize>>,
    ) -> Vec<f64> {
        let mut sums: Vec<f64> = Vec::new();
        for member in self.members.clone() {
            let cells = range(member)
                .and_then(|range| vector?.get(range))
                .unwrap_or_default();
            sums.resize(sums.len().max(cells.len()), 0.0);
            for (sum, cell) in sums.iter_mut().zip(cells) {
                *sum += cell;
            }
        }
        sums
    }
}
