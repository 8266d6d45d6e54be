//! How is a survival curve drawn?

use super::followed::{self, Block};
use super::labels::spread;
use super::scale::{Scale, times};
use super::style::{AXIS, FAINT, GRID, INK, SMALL_SIZE, TEXT_SIZE, colour, fitted, width};
use super::svg::{Anchor, Face, Point, Svg};
use super::{Caption, MARGIN, WIDTH};
use crate::estimate::{Estimate, Quantity};

/// Curves in one figure; more cannot be told apart.
const CURVES_MAX: usize = 8;
const PLOT_HEIGHT: f64 = 300.0;
const PLOT_LEFT: f64 = 104.0;
/// An interval of survival as wide as this says nothing.
const SILENT_WIDTH: f64 = 0.8;
/// Widest label beside a curve.
const LABEL_ROOM: f64 = 170.0;
/// Room right of the last time, for half of a number below it.
const LAST_TIME_ROOM: f64 = 44.0;
/// Least distance between times below the axis: room for `12,345`.
const TIMES_APART: f64 = 38.0;
const METHOD: &str = "Lines join the public times at which survival was estimated from summed noisy counts: actuarial estimator, \
                      lift by the noise removed. Bands: 95 % limits, patients and noise together. Numbers below carry noise; \
                      censored and events count from the start.";

/// One curve with all that is said of it.
pub(super) struct Curve<'a> {
    pub(super) name: String,
    pub(super) rows: Vec<&'a Estimate>,
}

impl<'a> Curve<'a> {
    pub(super) fn of(&self, quantity: Quantity) -> impl Iterator<Item = &'a Estimate> {
        self.rows
            .iter()
            .copied()
            .filter(move |row| row.quantity == quantity)
    }

    /// Months, value, lower, upper at the start and each edge that could be estimated.
    fn points(&self) -> Vec<(f64, f64, f64, f64)> {
        let estimated = self.of(Quantity::Survival).filter_map(|row| {
            let value = row.value?;
            Some((
                row.months?,
                value,
                row.lower.unwrap_or(0.0),
                row.upper.unwrap_or(1.0),
            ))
        });
        std::iter::once((0.0, 1.0, 1.0, 1.0))
            .chain(estimated)
            .collect()
    }

    /// Whether it would say nothing: no estimate at all, or intervals that allow nearly everything at most times. Its band
    /// would only hide the others.
    fn is_silent(&self) -> bool {
        let points = self.points();
        let estimated = points.len() - 1;
        let told = points
            .iter()
            .skip(1)
            .filter(|(_, _, lower, upper)| upper - lower < SILENT_WIDTH);
        2 * told.count() < estimated.max(1)
    }

    fn patients(&self) -> f64 {
        self.of(Quantity::AtRisk)
            .next()
            .and_then(|row| row.value)
            .unwrap_or(0.0)
    }
}

pub(super) fn draw(caption: &Caption, estimates: &[Estimate]) -> String {
    let Chosen {
        curves,
        hidden,
        silent,
    } = chosen(caption, estimates);
    let mut svg = Svg::default();
    let top = caption.head(&mut svg, MARGIN, WIDTH - 2.0 * MARGIN) + 14.0;
    let (time, share) = axes(&curves, top);
    let shown = times(&edges(&curves, time.high), &time, TIMES_APART);
    frame(&mut svg, &time, &share, &shown);
    for (place, curve) in curves.iter().enumerate() {
        curve_and_band(&mut svg, curve, place, curves.len(), &time, &share);
    }
    if curves.len() > 1 {
        end_labels(&mut svg, &curves, &time, &share);
    }
    if curves.iter().all(|curve| curve.points().len() < 2) {
        let middle = (
            f64::midpoint(time.from, time.to),
            f64::midpoint(share.from, share.to),
        );
        let face = Face::new(TEXT_SIZE, FAINT).anchored(Anchor::Middle);
        let reason = if caption.centers.answered == 0 {
            "No center has answered"
        } else {
            "Not estimable: too few patients for this amount of noise"
        };
        svg.text(middle, reason, face);
    }
    let blocks: Vec<Block<'_>> = curves
        .iter()
        .enumerate()
        .map(|(place, curve)| Block {
            curve,
            colour: colour(place),
            named: curves.len() > 1 || !silent.is_empty(),
        })
        .collect();
    let below = followed::draw(
        &mut svg,
        &blocks,
        share.from + 58.0,
        &time,
        &shown,
        caption.mask_below,
    );
    let method = note(curves.len(), hidden, &silent);
    let end = caption.foot(
        &mut svg,
        below + 16.0,
        MARGIN,
        WIDTH - 2.0 * MARGIN,
        &method,
    );
    svg.finish(WIDTH, end + 8.0, &caption.title)
}

/// What is drawn, and what is only said.
struct Chosen<'a> {
    curves: Vec<Curve<'a>>,
    /// How many strata were too many.
    hidden: usize,
    /// Names of strata of which nothing can be said, beside others of which something can.
    silent: Vec<String>,
}

/// The strata's curves, or the pooled one.
fn chosen<'a>(caption: &Caption, estimates: &'a [Estimate]) -> Chosen<'a> {
    let mut curves: Vec<Curve<'a>> = Vec::new();
    let followed = |row: &&Estimate| row.quantity != Quantity::ExcludedCount;
    for row in estimates.iter().filter(followed) {
        match curves.last_mut() {
            Some(curve)
                if curve
                    .rows
                    .first()
                    .is_some_and(|first| first.stratum == row.stratum) =>
            {
                curve.rows.push(row);
            }
            _ => curves.push(Curve {
                name: caption.level(row),
                rows: vec![row],
            }),
        }
    }
    if curves.len() > 1 {
        curves.retain(|curve| curve.rows.first().is_some_and(|row| !row.is_pooled()));
    }
    let mut silent = Vec::new();
    if curves.iter().any(|curve| !curve.is_silent()) {
        let names = curves.iter().filter(|curve| curve.is_silent());
        silent = names.map(|curve| curve.name.clone()).collect();
        curves.retain(|curve| !curve.is_silent());
    }
    let hidden = curves.len().saturating_sub(CURVES_MAX);
    if hidden > 0 {
        let mut sizes: Vec<f64> = curves.iter().map(Curve::patients).collect();
        sizes.sort_by(|a, b| b.total_cmp(a));
        let least = sizes.get(CURVES_MAX - 1).copied().unwrap_or(0.0);
        curves.retain(|curve| curve.patients() >= least);
        curves.truncate(CURVES_MAX);
    }
    Chosen {
        curves,
        hidden,
        silent,
    }
}

fn edges(curves: &[Curve<'_>], until: f64) -> Vec<f64> {
    let months = curves
        .first()
        .into_iter()
        .flat_map(|curve| curve.of(Quantity::Survival));
    months
        .filter_map(|row| row.months)
        .filter(|months| *months <= until)
        .collect()
}

/// The time axis, as long as any curve could be estimated, and the axis of survival.
fn axes(curves: &[Curve<'_>], top: f64) -> (Scale, Scale) {
    let last = |points: Vec<(f64, f64, f64, f64)>| points.last().map_or(0.0, |point| point.0);
    let estimated = curves
        .iter()
        .map(|curve| last(curve.points()))
        .fold(0.0, f64::max);
    let all = edges(curves, f64::INFINITY).last().copied().unwrap_or(12.0);
    let names = curves
        .iter()
        .map(|curve| width(&curve.name, SMALL_SIZE))
        .fold(0.0, f64::max);
    let beside = if curves.len() > 1 {
        names.min(LABEL_ROOM) + 34.0
    } else {
        LAST_TIME_ROOM
    };
    let high = if estimated > 0.0 { estimated } else { all };
    (
        Scale {
            low: 0.0,
            high,
            from: PLOT_LEFT,
            to: WIDTH - beside,
        },
        Scale {
            low: 0.0,
            high: 1.0,
            from: top + PLOT_HEIGHT,
            to: top,
        },
    )
}

fn frame(svg: &mut Svg, time: &Scale, share: &Scale, shown: &[f64]) {
    let number = Face::new(TEXT_SIZE, INK);
    for fifths in 0..=5_u32 {
        let value = f64::from(fifths) / 5.0;
        let y = share.at(value);
        svg.line((time.from, y), (time.to, y), GRID, 1.0);
        let text = format!("{value:.1}");
        svg.text(
            (time.from - 10.0, y + 4.0),
            &text,
            number.anchored(Anchor::End),
        );
    }
    svg.line((time.from, share.from), (time.to, share.from), AXIS, 1.0);
    for months in shown {
        let x = time.at(*months);
        svg.line((x, share.from), (x, share.from + 5.0), AXIS, 1.0);
        svg.text(
            (x, share.from + 19.0),
            &months.to_string(),
            number.anchored(Anchor::Middle),
        );
    }
    let title = Face::new(TEXT_SIZE, INK).anchored(Anchor::Middle);
    let middle = f64::midpoint(share.from, share.to);
    svg.turned_text(
        (PLOT_LEFT - 48.0, middle),
        "Share free of the event",
        title,
        -90.0,
    );
    svg.text(
        (f64::midpoint(time.from, time.to), share.from + 38.0),
        "Months",
        title,
    );
}

fn curve_and_band(
    svg: &mut Svg,
    curve: &Curve<'_>,
    place: usize,
    curves: usize,
    time: &Scale,
    share: &Scale,
) {
    let points = curve.points();
    let at = |months: f64, height: f64| (time.at(months), share.at(height));
    let lower = points.iter().map(|point| at(point.0, point.2));
    let upper = points.iter().rev().map(|point| at(point.0, point.3));
    let band: Vec<Point> = lower.chain(upper).collect();
    let line: Vec<Point> = points.iter().map(|point| at(point.0, point.1)).collect();
    let opacity = match curves {
        0..=3 => 0.16,
        4..=5 => 0.09,
        _ => 0.05,
    };
    svg.area(&band, colour(place), opacity);
    svg.polyline(&line, colour(place), 2.0);
    for point in line.iter().skip(1) {
        svg.dot(*point, 2.4, colour(place));
    }
}

/// Each curve's name beside its end, with a thin line to it.
fn end_labels(svg: &mut Svg, curves: &[Curve<'_>], time: &Scale, share: &Scale) {
    let ends: Vec<Point> = curves
        .iter()
        .map(|curve| {
            let (months, value, ..) = curve
                .points()
                .last()
                .copied()
                .unwrap_or((0.0, 1.0, 1.0, 1.0));
            (time.at(months), share.at(value))
        })
        .collect();
    let wanted: Vec<f64> = ends.iter().map(|end| end.1).collect();
    let places = spread(&wanted, 15.0, share.to + 6.0, share.from - 6.0);
    for (place, ((curve, end), y)) in curves.iter().zip(ends).zip(places).enumerate() {
        // A line from a curve that ends early would look like data.
        let from = if time.to - end.0 < 20.0 {
            (end.0 + 3.0, end.1)
        } else {
            (time.to + 6.0, y)
        };
        svg.line(from, (time.to + 14.0, y), colour(place), 2.0);
        let name = fitted(&curve.name, SMALL_SIZE, LABEL_ROOM);
        let face = Face::new(SMALL_SIZE, INK);
        svg.text((time.to + 18.0, y + 4.0), &name, face);
    }
}

fn note(curves: usize, hidden: usize, silent: &[String]) -> String {
    let mut text = METHOD.to_owned();
    if curves > 1 {
        text += " Comparisons between strata are unadjusted.";
    }
    if !silent.is_empty() {
        text += " Too few patients for this noise, so not drawn: ";
        text += &silent.join(", ");
        text += ".";
    }
    if hidden > 0 {
        return format!("{text} The {hidden} smallest strata are not drawn; the table has them.");
    }
    text
}
