//! Where do labels stand so that none covers another?

/// Places for labels that want to stand at `wanted`, at least `apart` from each other and within `low..=high` as far as they fit.
///
/// Returns one place for each label, in the order given.
pub(super) fn spread(wanted: &[f64], apart: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = wanted.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut floor = low;
    for (_, place) in &mut order {
        *place = place.max(floor);
        floor = *place + apart;
    }
    let mut ceiling = high;
    for (_, place) in order.iter_mut().rev() {
        *place = place.min(ceiling);
        ceiling = *place - apart;
    }
    order.sort_by_key(|(label, _)| *label);
    order.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_their_distance_and_their_order() {
        assert_eq!(
            spread(&[50.0, 52.0, 10.0], 14.0, 0.0, 100.0),
            [50.0, 64.0, 10.0]
        );
        assert_eq!(spread(&[99.0, 98.0], 14.0, 0.0, 100.0), [100.0, 86.0]);
        assert!(spread(&[], 14.0, 0.0, 100.0).is_empty());
    }
}
