//! How do raw noisy cells become counts that could have been?
//!
//! Only sums are projected, and once. Two projections serve two purposes, chosen by simulation (`docs/estimates.md`):
//!
//! * [`clip`], cells below zero become zero: smallest error for a curve, but its total is too large. The bias of a curve
//!   made from it is removed afterwards (`survival::corrected`).
//! * [`onto_total`], the nearest cells above zero with the same total: the total is unbiased, so people at risk and the
//!   interval's variance are taken from it.

/// Cells below zero become zero.
#[must_use]
pub fn clip(raw: &[f64]) -> Vec<f64> {
    raw.iter().map(|cell| cell.max(0.0)).collect()
}

/// The nearest (Euclidean) cells that are not negative and have the raw cells' total; all zero when the total is not positive.
///
/// Source: projection onto the simplex, Duchi, Shalev-Shwartz, Singer and Chandra (2008), figure 1.
#[must_use]
pub fn onto_total(raw: &[f64]) -> Vec<f64> {
    let total: f64 = raw.iter().sum();
    if total <= 0.0 {
        return vec![0.0; raw.len()];
    }
    let mut falling = raw.to_vec();
    falling.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut shift) = (0.0, 0.0);
    for (kept, cell) in (1_u32..).zip(&falling) {
        sum += cell;
        let candidate = (sum - total) / f64::from(kept);
        if cell - candidate <= 0.0 {
            break;
        }
        shift = candidate;
    }
    raw.iter().map(|cell| (cell - shift).max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_that_could_have_been_stay_as_they_are() {
        let cells = [3.0, 0.0, 7.0];
        assert_eq!(clip(&cells), cells);
        assert_eq!(onto_total(&cells), cells);
    }

    #[test]
    fn a_negative_cell_is_paid_for_by_the_others() {
        assert_eq!(clip(&[-4.0, 6.0, 10.0]), [0.0, 6.0, 10.0]);
        assert_eq!(onto_total(&[-4.0, 6.0, 10.0]), [0.0, 4.0, 8.0]);
        assert_eq!(onto_total(&[-4.0, 1.0]), [0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn the_total_is_kept_and_nothing_is_negative(raw in prop::collection::vec(-1000_i32..1000, 1..60)) {
            let raw: Vec<f64> = raw.into_iter().map(f64::from).collect();
            let cells = onto_total(&raw);
            prop_assert!(cells.iter().all(|cell| *cell >= 0.0));
            let total = raw.iter().sum::<f64>().max(0.0);
            prop_assert!((cells.iter().sum::<f64>() - total).abs() < 1e-6);
        }
    }
}
