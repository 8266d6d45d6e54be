//! How are counts and rates drawn, one row a stratum?

use super::scale::{Scale, ticks};
use super::style::{AXIS, COLOURS, FAINT, GRID, INK, SMALL_SIZE, TEXT_SIZE, fitted, width};
use super::svg::{Anchor, Face, Svg};
use super::{Caption, MARGIN, WIDTH};
use crate::estimate::{EXCLUDED, Estimate, Quantity};
use crate::table::figure;

/// Rows in one figure; what does not fit is in the table.
const ROWS_MAX: usize = 48;
const ROW_HEIGHT: f64 = 24.0;
/// Widest name and widest text of numbers.
const NAME_ROOM: f64 = 250.0;
const NUMBERS_ROOM: f64 = 190.0;
/// An axis ends at this many times the largest value, however wide an interval is.
const BEYOND_VALUE: f64 = 4.0;
const COUNTS: &str = "Bars: sums of noisy counts; whiskers: 95 % limits of the noise, the patients being counted whole. \
                      Numbers of strata need not add up to all.";
const RATES: &str = "Dots: first events over person-time, both summed with noise; lines: 95 % limits, events and noise together.";

/// How a row's value is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bar,
    Dot,
}

/// Bars of counts, with the patients left out below in grey.
pub(super) fn counts(caption: &Caption, estimates: &[Estimate]) -> String {
    let wanted =
        |row: &&Estimate| matches!(row.quantity, Quantity::Count | Quantity::ExcludedCount);
    draw(
        caption,
        estimates.iter().filter(wanted).collect(),
        Mark::Bar,
        "Patients",
        COUNTS,
    )
}

/// Dots of rates.
pub(super) fn rates(caption: &Caption, estimates: &[Estimate]) -> String {
    let wanted = |row: &&Estimate| row.quantity == Quantity::RatePer100PersonYears;
    let axis = "First events per 100 person-years";
    draw(
        caption,
        estimates.iter().filter(wanted).collect(),
        Mark::Dot,
        axis,
        RATES,
    )
}

fn draw(
    caption: &Caption,
    mut rows: Vec<&Estimate>,
    mark: Mark,
    axis: &str,
    method: &str,
) -> String {
    let hidden = rows.len().saturating_sub(ROWS_MAX);
    rows.truncate(ROWS_MAX);
    let mut svg = Svg::default();
    let top = caption.head(&mut svg, MARGIN, WIDTH - 2.0 * MARGIN) + 14.0;
    let names: Vec<String> = rows
        .iter()
        .map(|row| fitted(&name(caption, row), TEXT_SIZE, NAME_ROOM))
        .collect();
    let widest = names
        .iter()
        .map(|name| width(name, TEXT_SIZE))
        .fold(0.0, f64::max);
    let ticks = ticks(high(&rows));
    let scale = Scale {
        low: 0.0,
        high: ticks.last().copied().unwrap_or(1.0),
        from: MARGIN + widest + 12.0,
        to: WIDTH - MARGIN - NUMBERS_ROOM,
    };
    let bottom = top + ROW_HEIGHT * f64::from(u32::try_from(rows.len()).unwrap_or(0));
    grid(&mut svg, &scale, &ticks, top, bottom, axis);
    for (place, (row, name)) in (0_u32..).zip(rows.iter().zip(&names)) {
        let y = top + ROW_HEIGHT * (f64::from(place) + 0.5);
        let face = Face::new(TEXT_SIZE, INK).anchored(Anchor::End);
        let face = if row.is_pooled() { face.bold() } else { face };
        svg.text((scale.from - 10.0, y + 4.0), name, face);
        draw_row(&mut svg, row, mark, &scale, y, caption.mask_below);
    }
    let unadjusted = if mark == Mark::Dot && rows.len() > 1 {
        " Comparisons between strata are unadjusted."
    } else {
        ""
    };
    let more = if hidden > 0 {
        format!(" {hidden} more rows are in the table.")
    } else {
        String::new()
    };
    let foot = caption.foot(
        &mut svg,
        bottom + 62.0,
        MARGIN,
        WIDTH - 2.0 * MARGIN,
        &format!("{method}{unadjusted}{more}"),
    );
    svg.finish(WIDTH, foot + 8.0, &caption.title)
}

fn name(caption: &Caption, row: &Estimate) -> String {
    match row
        .stratum
        .get(EXCLUDED)
        .filter(|_| row.quantity == Quantity::ExcludedCount)
    {
        Some(reason) => format!("excluded: {reason}"),
        None => caption.level(row),
    }
}

/// What the axis must reach: the upper limits, but not far beyond the values.
fn high(rows: &[&Estimate]) -> f64 {
    let value = rows.iter().filter_map(|row| row.value).fold(0.0, f64::max);
    let limit = rows
        .iter()
        .filter_map(|row| row.upper)
        .fold(value, f64::max);
    if value > 0.0 {
        limit.min(BEYOND_VALUE * value)
    } else {
        limit
    }
}

fn grid(svg: &mut Svg, scale: &Scale, ticks: &[f64], top: f64, bottom: f64, axis: &str) {
    for tick in ticks {
        let x = scale.at(*tick);
        svg.line((x, top), (x, bottom), GRID, 1.0);
        let number = (tick * 1e6).round() / 1e6;
        let face = Face::new(TEXT_SIZE, INK).anchored(Anchor::Middle);
        svg.text((x, bottom + 18.0), &number.to_string(), face);
    }
    svg.line((scale.from, top), (scale.from, bottom), AXIS, 1.0);
    let face = Face::new(TEXT_SIZE, INK).anchored(Anchor::Middle);
    svg.text(
        (f64::midpoint(scale.from, scale.to), bottom + 37.0),
        axis,
        face,
    );
}

fn draw_row(svg: &mut Svg, row: &Estimate, mark: Mark, scale: &Scale, y: f64, mask_below: u32) {
    let excluded = row.quantity == Quantity::ExcludedCount;
    let colour = if excluded { "#b8c0c8" } else { COLOURS[0] };
    if let Some(value) = row.value {
        let (from, to) = (row.lower.unwrap_or(0.0), row.upper.unwrap_or(f64::INFINITY));
        let whisker = match mark {
            Mark::Bar => {
                let length = scale.at(value) - scale.from;
                svg.bar((scale.from, y - 7.0), length, 14.0, colour);
                INK
            }
            Mark::Dot => COLOURS[0],
        };
        svg.line((scale.at(from), y), (scale.at(to), y), whisker, 1.4);
        end_mark(svg, scale, from, y, whisker);
        end_mark(svg, scale, to, y, whisker);
        if mark == Mark::Dot {
            svg.dot((scale.at(value), y), 4.5, COLOURS[0]);
        }
    }
    let face = Face::new(SMALL_SIZE, if row.value.is_some() { INK } else { FAINT });
    svg.text((scale.to + 14.0, y + 4.0), &numbers(row, mask_below), face);
}

/// A short cross line at a limit, or an arrow where it lies beyond the axis.
fn end_mark(svg: &mut Svg, scale: &Scale, limit: f64, y: f64, colour: &str) {
    let x = scale.at(limit);
    if limit > scale.high {
        svg.area(&[(x, y - 4.0), (x + 7.0, y), (x, y + 4.0)], colour, 1.0);
    } else {
        svg.line((x, y - 4.0), (x, y + 4.0), colour, 1.4);
    }
}

/// `123 (100 to 146)`.
fn numbers(row: &Estimate, mask_below: u32) -> String {
    let shown = |number: f64| figure(number, row.quantity, mask_below);
    let Some(value) = row.value.map(shown) else {
        return row
            .status
            .map(|status| status.name().replace('_', " "))
            .unwrap_or_default();
    };
    match (row.lower.map(shown), row.upper.map(shown)) {
        (Some(lower), Some(upper)) => format!("{value} ({lower} to {upper})"),
        (Some(lower), None) => format!("{value} (from {lower})"),
        (None, Some(upper)) => format!("{value} (up to {upper})"),
        (None, None) => value,
    }
}
