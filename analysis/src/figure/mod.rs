//! How do estimates look on paper?
//!
//! Figures are SVG files written by a small writer of our own: the same estimates give the same bytes. Survival figures follow
//! `KMunicate` (Morris et al. 2019): curve with its band, and below it, aligned with the time axis, the patients at risk,
//! censored and with the event.

mod svg;
mod style;
mod scale;
mod caption;
mod curves;
mod labels;
mod followed;
mod rows;

pub use caption::Caption;

use crate::estimate::{Estimate, Quantity};

/// Width of every figure in pixels.
const WIDTH: f64 = 860.0;
/// Margin at both sides.
const MARGIN: f64 = 24.0;

/// The figure that fits the estimates: curves for survival, dots for rates, bars for counts. Nothing if there are no estimates.
#[must_use]
pub fn draw(caption: &Caption, estimates: &[Estimate]) -> Option<String> {
    let has = |quantity| {
        estimates
            .iter()
            .any(|estimate| estimate.quantity == quantity)
    };
    if has(Quantity::Survival) {
        Some(curves::draw(caption, estimates))
    } else if has(Quantity::RatePer100PersonYears) {
        Some(rows::rates(caption, estimates))
    } else if has(Quantity::Count) {
        Some(rows::counts(caption, estimates))
    } else {
        None
    }
}
