//! How do numbers look in a terminal?

use analysis::{Estimate, Status};
use comfy_table::{Table, presets};

use super::Report;

/// A number with the digits that carry information: four significant ones, none behind the point from 1000 on.
pub(crate) fn number(value: f64) -> String {
    let magnitude = value.abs();
    let digits = match magnitude {
        m if m >= 1000.0 => 0,
        m if m >= 100.0 => 1,
        m if m >= 10.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole.to_owned(),
        _ => text,
    }
}

/// An interval; an open end is an ellipsis.
pub(crate) fn interval(lower: Option<f64>, upper: Option<f64>) -> String {
    let end = |limit: Option<f64>| limit.map_or_else(|| "…".to_owned(), number);
    format!("{} to {}", end(lower), end(upper))
}

/// The whole result for a reader: the question in words, how the centers ended, the estimates.
pub(super) fn table(report: &Report) -> String {
    let centers = report.centers;
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["estimate", "of", "months", "value", "95 % interval", "unit"]);
    for estimate in &report.estimates {
        table.add_row(cells(estimate));
    }
    format!(
        "{}\n{}, {} mode, rho {} (epsilon {:.2} at delta 1e-6)\n\
         centers: {} answered, {} late, {} refused, {} out of budget, {} failed\n{table}\n",
        report.words,
        report.template,
        report.mode,
        report.rho,
        report.epsilon,
        centers.answered,
        centers.late,
        centers.refused,
        centers.out_of_budget,
        centers.failed,
    )
}

fn cells(estimate: &Estimate) -> [String; 6] {
    let value = match (estimate.value, estimate.status) {
        (Some(value), _) => number(value),
        (None, Some(Status::NotReached)) => "not reached".to_owned(),
        (None, _) => "not estimable".to_owned(),
    };
    let limits = match (estimate.lower, estimate.upper) {
        (None, None) => String::new(),
        (lower, upper) => interval(lower, upper),
    };
    let months = estimate.months.map(number).unwrap_or_default();
    [estimate.quantity.to_string(), stratum(estimate), months, value, limits, estimate.unit.to_string()]
}

fn stratum(estimate: &Estimate) -> String {
    if estimate.is_pooled() {
        return "all".to_owned();
    }
    let levels = estimate.stratum.iter().map(|(variable, level)| format!("{variable} {level}"));
    levels.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_carries_information() {
        let shown: Vec<String> = [0.740_81, 12.0, 123.456, 2279.4, -0.25, 0.0].into_iter().map(number).collect();
        assert_eq!(shown, ["0.741", "12", "123.5", "2279", "-0.250", "0"]);
    }

    #[test]
    fn an_open_end_of_an_interval_is_shown_as_open() {
        assert_eq!(interval(Some(0.5), None), "0.500 to …");
    }
}
