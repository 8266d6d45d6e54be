//! How do the numbers of patients stand below a curve?

use super::curves::Curve;
use super::scale::Scale;
use super::style::{FAINT, INK, SMALL_SIZE, fitted, grouped};
use super::svg::{Anchor, Face, Svg};
use super::{MARGIN, WIDTH};
use crate::estimate::{Quantity, Status};

const ROW_HEIGHT: f64 = 16.0;
const ROWS: [(Quantity, &str); 3] = [
    (Quantity::AtRisk, "At risk"),
    (Quantity::Censored, "Censored"),
    (Quantity::Events, "Events"),
];

/// The numbers of one curve.
pub(super) struct Block<'a> {
    pub(super) curve: &'a Curve<'a>,
    pub(super) colour: &'a str,
    /// Whether the block says which curve it is.
    pub(super) named: bool,
}

/// All blocks from `top` on, their columns at the `shown` times; where they end.
pub(super) fn draw(
    svg: &mut Svg,
    blocks: &[Block<'_>],
    top: f64,
    time: &Scale,
    shown: &[f64],
    mask_below: u32,
) -> f64 {
    let mut y = top + 6.0;
    for block in blocks {
        let mut left = MARGIN;
        if block.named {
            svg.line((left, y - 4.0), (left + 16.0, y - 4.0), block.colour, 3.0);
            left += 22.0;
        }
        let head = fitted(&head(block), SMALL_SIZE, WIDTH - MARGIN - left);
        svg.text((left, y), &head, Face::new(SMALL_SIZE, INK).bold());
        for (quantity, name) in ROWS {
            y += ROW_HEIGHT;
            svg.text((MARGIN, y), name, Face::new(SMALL_SIZE, FAINT));
            if quantity != Quantity::AtRisk {
                let face = Face::new(SMALL_SIZE, INK).anchored(Anchor::Middle);
                svg.text((time.at(0.0), y), "0", face);
            }
            for row in block.curve.of(quantity) {
                let Some(months) = row.months.filter(|months| shown.contains(months)) else {
                    continue;
                };
                let number = row
                    .value
                    .map_or_else(|| "–".to_owned(), |value| masked(value, mask_below));
                let face = Face::new(SMALL_SIZE, INK).anchored(Anchor::Middle);
                svg.text((time.at(months), y), &number, face);
            }
        }
        y += ROW_HEIGHT + 8.0;
    }
    y - 8.0
}

fn masked(value: f64, mask_below: u32) -> String {
    if value.round() < f64::from(mask_below) {
        format!("<{mask_below}")
    } else {
        grouped(value)
    }
}

/// The curve's name and median.
fn head(block: &Block<'_>) -> String {
    let median = block.curve.of(Quantity::MedianMonths).next();
    let median = match median.map(|row| (row.value, row.status)) {
        Some((Some(value), _)) => {
            let limit = |limit: Option<f64>| {
                limit.map_or_else(|| "not reached".to_owned(), |limit| format!("{limit:.1}"))
            };
            let (lower, upper) = median.map_or((None, None), |row| (row.lower, row.upper));
            format!(
                "median {value:.1} months ({} to {})",
                limit(lower),
                limit(upper)
            )
        }
        Some((None, Some(Status::NotReached))) => "median not reached".to_owned(),
        Some((None, Some(Status::NotEstimable) | None)) => "median not estimable".to_owned(),
        None => String::new(),
    };
    match (block.named, median.is_empty()) {
        (true, true) => block.curve.name.clone(),
        (true, false) => format!("{}: {median}", block.curve.name),
        (false, _) => format!("All patients: {median}"),
    }
}
